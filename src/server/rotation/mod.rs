//! A log closed for good, and the next one begun under another key: `keys rotate`, while no gateway runs.
//!
//! **In which order, and what a crash leaves.** Until the plan is written nothing has happened: the log is opened as at every start, which
//! is recovery, the witnesses are asked, the next keys are made (a crash leaves keys that nobody uses, and that the next run takes), and whom the
//! day's exchanges were charged with is written for the new log (a crash leaves the old one to open the day's annexes once more).
//! From the plan on there is no way back, only on: no gateway starts while it is there, and `keys rotate` carries on from wherever it stands.
//!
//! | step | a crash after it leaves | the next run |
//! |---|---|---|
//! | 1. the plan, `keys/rotation`: both verification keys, both answer keys, what was counted towards quotas | the log as it was, open to nobody | closes it |
//! | 2. the entry `log.closed`, durable, and its head published | a closed log in its old place | finds it closed; a head that is not published yet it publishes |
//! | 3. the verification keys under the closed log's new name | the same, and two small files | writes them again |
//! | 4. the folder gets that name | no log in the old place | finds the folder moved |
//! | 5. the old private keys are overwritten and removed | no key, or bytes of nothing under its name | destroys what is left |
//! | 6. the next keys get their names | new keys in place, no log yet | finds no next key: it is in place |
//! | 7. the new log: `log.opened`, `keys.rotated`, `quotas.carried` | some of them, or all | writes what is missing |
//! | 8. the index in a folder is removed, it is the old log's | a plan that is carried out | removes it again: nobody has fed it |
//! | 9. the plan is removed | what was asked for | is a new rotation, refused unless `origin` was changed again |

mod error;
pub(super) mod past;
mod plan;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use crate::audit::begin::Before;
use crate::audit::begin::BeginError;
use crate::audit::index::place::Place;
use crate::audit::index::scanned::published;
use crate::audit::record::Predecessor;
use crate::audit::record::Successor;
use crate::audit::recorder::Recorder;
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::crypto::digest::hex;
use crate::crypto::verify::PublicKey;
use crate::id::Origin;
use crate::policy::Policies;
use crate::tlog::OpenError;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::VerifierKey;
use crate::tlog::reader::scan_from;

use super::attend::AttendError;
use super::attend::attend_and_close;
use super::keys;
use super::keys::Keys;
use super::quotas;
use super::run::Overrides;
use super::run::StartError;
use super::run::open_log;
use super::signers;

use error::at;
use plan::Plan;

pub use error::RotateError;

/// Characters of an origin in a folder's name: a name with its endings has at most 255 bytes.
const SLUG_MAX: usize = 200;

/// What was done.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// Where the closed log is.
    pub closed: PathBuf,
    /// What `log.opened` says of it.
    pub predecessor: Predecessor,
    /// The new log's verification key.
    pub key: VerifierKey,
}

/// Refuses to open a log while a rotation is begun and not ended: the log is closed or about to be, and its key is on the way out.
///
/// # Errors
/// One was begun.
pub(super) fn refuse_begun(keys: &Path) -> Result<(), StartError> {
    if Plan::file(keys).exists() { Err(StartError::Rotating) } else { Ok(()) }
}

/// A log that was closed for good, met with another key than its own, is no damaged one.
pub(super) fn explained(why: BeginError, folder: &Path) -> BeginError {
    match (why, closed(folder)) {
        (BeginError::Open(OpenError::Damaged { .. }), Some((_, successor))) => {
            BeginError::Open(OpenError::Ended { folder: folder.to_owned(), successor })
        }
        (why, _) => why,
    }
}

/// The last head of a log that was closed for good, and the origin of its successor.
fn closed(folder: &Path) -> Option<(Checkpoint, String)> {
    let head = published(folder)?;
    let (_, entry, _) = scan_from(folder, head.size.checked_sub(1)?).next()?.ok()?;
    let leaf: Value = serde_json::from_slice(&entry.leaf).ok()?;
    let successor = leaf.pointer("/successor/origin")?.as_str()?.to_owned();
    (leaf.get("kind")?.as_str()? == "log.closed").then_some((head, successor))
}

/// Whether a rotation can begin, or one was begun: asked before a gateway is stopped for it.
///
/// # Errors
/// See [`RotateError`]: nothing was done.
pub fn ready(settings: &Settings) -> Result<(), RotateError> {
    match Plan::read(&settings.keys)? {
        Some(plan) => retired(&plan, settings).map(drop),
        None => present(settings).map(drop),
    }
}

/// Makes the keys of the log that is to follow, if nobody has yet, and gives what verifies by them: to be made known ahead.
///
/// # Errors
/// See [`RotateError`].
pub fn prepare(settings: &Settings) -> Result<(VerifierKey, PublicKey), RotateError> {
    ready(settings)?;
    let next = Keys::next(&settings.keys, settings.answers.algorithm)?;
    Ok((VerifierKey::new(&settings.log.origin, next.log.public_raw()), next.answer.public()))
}

/// Closes the log for good and begins the next one, whose origin is the configured one; or carries on with what an earlier run began.
///
/// # Errors
/// See [`RotateError`]. What was begun is ended by the next run.
pub async fn rotate(settings: &Settings, clock: Clock) -> Result<Rotated, RotateError> {
    let origin = match Plan::read(&settings.keys)? {
        Some(plan) => retired(&plan, settings)?,
        None => present(settings)?,
    };
    if !aside(settings, &origin).exists() {
        close(settings, origin, clock.clone()).await?;
    }
    let rotation = Rotation::begun(settings, clock)?;
    for step in STEPS {
        rotation.take(step).await?;
    }
    Ok(rotation.done)
}

/// The origin of the log that an earlier run was closing.
fn retired(plan: &Plan, settings: &Settings) -> Result<Origin, RotateError> {
    if plan.key.name() != settings.log.origin.as_str() {
        return Err(RotateError::Begun(plan.key.name().to_owned()));
    }
    plan.retired.name().parse().map_err(|_| RotateError::Plan(Plan::file(&settings.keys)))
}

/// The origin of the present log, which can be closed.
fn present(settings: &Settings) -> Result<Origin, RotateError> {
    let log = &settings.log;
    let head = published(&log.folder).ok_or_else(|| RotateError::NoLog(log.folder.clone()))?;
    if head.origin == log.origin {
        return Err(RotateError::SameOrigin(head.origin));
    }
    for taken in [aside(settings, &head.origin), aside(settings, &log.origin)] {
        if taken.exists() {
            return Err(RotateError::Taken(taken));
        }
    }
    let device = |folder: &Path| std::fs::metadata(folder).map(|of| of.dev()).map_err(at(folder));
    if device(&log.folder)? != device(parent(&log.folder))? {
        return Err(RotateError::Mounted(log.folder.clone()));
    }
    Ok(head.origin)
}

/// Steps 1 and 2.
async fn close(settings: &Settings, origin: Origin, clock: Clock) -> Result<(), RotateError> {
    let (mut old, settings) = (settings.clone(), settings.clone());
    old.log.origin = origin;
    let is_begun = Plan::file(&settings.keys).exists();
    let policies = signers::policies(&settings, clock.now(), clock.now()).map_err(RotateError::Begin)?;
    let now = clock.clone();
    let work = move |recorder: &Recorder| match plan(&settings, recorder, &policies, &now) {
        Ok(plan) => {
            let successor = Successor { origin: plan.key.name().to_owned(), vkey: plan.key.to_string() };
            (Ok(()), recorder.close_for_good(successor).map(drop))
        }
        Err(why) => (Err(why), recorder.close().map(drop)),
    };
    match attend_and_close(&old, clock, work).await {
        Err(AttendError::Start(StartError::Log(BeginError::Open(OpenError::Ended { .. })))) if is_begun => {
            Ok(())
        }
        Err(why) => Err(why.into()),
        Ok(planned) => planned,
    }
}

/// The plan of an earlier run, or a new one, durable.
fn plan(
    settings: &Settings,
    recorder: &Recorder,
    policies: &Policies,
    clock: &Clock,
) -> Result<Plan, RotateError> {
    let (folder, algorithm) = (&settings.keys, settings.answers.algorithm);
    if let Some(plan) = Plan::read(folder)? {
        return Ok(plan);
    }
    quotas::carry(settings, recorder, policies, clock)?;
    let (present, next) = (Keys::read_or_make(folder, algorithm)?, Keys::next(folder, algorithm)?);
    let plan = Plan {
        retired: VerifierKey::new(&recorder.log().head().origin, present.log.public_raw()),
        key: VerifierKey::new(&settings.log.origin, next.log.public_raw()),
        answers: Some((present.answer_spki(), next.answer_spki())),
        accounts: recorder.charged().carried(),
    };
    plan.write(folder)?;
    Ok(plan)
}

/// What is done once the log is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// 3 and 4.
    MoveAside,
    /// 5 and 6.
    ReplaceKey,
    /// 7.
    BeginNext,
    /// 8.
    RemoveIndex,
    /// 9.
    RemovePlan,
}

/// In their order.
const STEPS: [Step; 5] =
    [Step::MoveAside, Step::ReplaceKey, Step::BeginNext, Step::RemoveIndex, Step::RemovePlan];

/// A rotation of which the log is closed.
struct Rotation {
    settings: Settings,
    clock: Clock,
    plan: Plan,
    done: Rotated,
}

impl Rotation {
    /// Finds the closed log, in its old place or its new one.
    fn begun(settings: &Settings, clock: Clock) -> Result<Self, RotateError> {
        let misfit = || RotateError::Plan(Plan::file(&settings.keys));
        let plan = Plan::read(&settings.keys)?.ok_or_else(misfit)?;
        let aside = aside(settings, &retired(&plan, settings)?);
        let folder = if aside.exists() { &aside } else { &settings.log.folder };
        let (head, successor) = closed(folder).ok_or_else(|| RotateError::NotClosed(folder.clone()))?;
        if head.origin.as_str() != plan.retired.name() || successor != plan.key.name() {
            return Err(misfit());
        }
        let predecessor = Predecessor {
            origin: head.origin.to_string(),
            size: head.size,
            root: hex(&head.root),
            vkey: plan.retired.to_string(),
        };
        let done = Rotated { closed: aside, predecessor, key: plan.key.clone() };
        Ok(Self { settings: settings.clone(), clock, plan, done })
    }

    /// Takes a step, or finds it taken.
    async fn take(&self, step: Step) -> Result<(), RotateError> {
        match step {
            Step::MoveAside => self.move_aside(),
            Step::ReplaceKey => Ok(keys::replace(&self.settings.keys)?),
            Step::BeginNext => self.begin_next().await,
            Step::RemoveIndex => self.remove_index(),
            Step::RemovePlan => Plan::remove(&self.settings.keys),
        }
    }

    fn move_aside(&self) -> Result<(), RotateError> {
        let (folder, aside) = (&self.settings.log.folder, &self.done.closed);
        if aside.exists() {
            // The rename of an earlier run, which may not have been durable yet.
            return sync(parent(folder)).map_err(at(aside));
        }
        let keys = Keys::read_or_make(&self.settings.keys, self.settings.answers.algorithm)?;
        if keys.log.public_raw() != *self.plan.retired.raw() {
            return Err(RotateError::Plan(Plan::file(&self.settings.keys)));
        }
        let origin = retired(&self.plan, &self.settings)?;
        keys.papers(&origin).publish(aside)?;
        // Stopping here leaves two files beside the log that nobody misses.
        std::fs::rename(folder, aside).and_then(|()| sync(parent(folder))).map_err(at(folder))
    }

    async fn begin_next(&self) -> Result<(), RotateError> {
        let keys = Keys::read_or_make(&self.settings.keys, self.settings.answers.algorithm)?;
        let answers = self.plan.answers.as_ref();
        if keys.log.public_raw() != *self.plan.key.raw()
            || answers.is_some_and(|(_, then)| keys.answer_spki() != *then)
        {
            return Err(RotateError::Plan(Plan::file(&self.settings.keys)));
        }
        self.open_next().await.map_err(RotateError::Begin)
    }

    async fn open_next(&self) -> Result<(), StartError> {
        let (settings, clock) = (&self.settings, self.clock.clone());
        let policies = signers::policies(settings, clock.now(), clock.now())?;
        let (opened, _signer, key) = open_log(settings, &policies, &Overrides::default(), clock).await?;
        let before = Before {
            predecessor: self.done.predecessor.clone(),
            answer_key: self.plan.answers.clone().map(|(before, _)| before),
            accounts: self.plan.accounts.clone(),
        };
        // It waits for the disk: not on a thread that others share.
        tokio::task::spawn_blocking(move || opened.succeed(before, &key)).await??;
        Ok(())
    }

    /// It is derived, and refuses the entries of another log. In a database each log has its own.
    fn remove_index(&self) -> Result<(), RotateError> {
        let place = &self.settings.index;
        if !matches!(place, Place::Folder(folder) if folder.is_dir()) {
            return Ok(());
        }
        let turn = place.turn()?.ok_or(RotateError::IndexInUse)?;
        Ok(place.remove(&turn)?)
    }
}

/// Where a closed log is kept: beside the log, under a name without dots from its origin, so that its keys can stand beside it.
fn aside(settings: &Settings, origin: &Origin) -> PathBuf {
    let plain = |char: char| if char.is_ascii_alphanumeric() { char } else { '-' };
    let slug: String = origin.as_str().chars().take(SLUG_MAX).map(plain).collect();
    settings.log.folder.with_file_name(format!("log-{slug}"))
}

fn parent(folder: &Path) -> &Path {
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
