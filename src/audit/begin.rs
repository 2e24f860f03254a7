//! How a recorder begins: the log is opened (which is recovered), and says who begins, under which policies, after what.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::sign::Ed25519Key;
use crate::id::AgencyId;
use crate::language::Text;
use crate::policy::signing::Signing;
use crate::tlog;
use crate::tlog::OpenError;
use crate::tlog::Recovered;
use crate::tlog::disk::Disk;
use crate::tlog::note::VerifierKey;

use super::chain::Chains;
use super::change;
use super::change::Change;
use super::charged;
use super::charged::Carried;
use super::charged::Charged;
use super::directory::Directory;
use super::forget;
use super::forget::NotForgotten;
use super::index::older::Indexed;
use super::index::place::Place;
use super::months::MonthKeys;
use super::objects::Objects;
use super::older::Older;
use super::older::Scanned;
use super::record::Predecessor;
use super::record::Record;
use super::record::TornTail;
use super::recorder::Places;
use super::recorder::Recorder;
use super::recorder::Unrecorded;

/// What a recorder begins with.
#[derive(Debug)]
pub struct Beginning {
    /// The log.
    pub log: tlog::Settings,
    /// The log's signing key.
    pub key: Ed25519Key,
    /// The folder of the months' keys.
    pub months: PathBuf,
    /// The agency in whose chain the node's own entries stand.
    pub operator: AgencyId,
    /// The machine's clock.
    pub clock: Clock,
    /// The keys that sign answers: SubjectPublicKeyInfo, base64.
    pub answer_keys: Vec<String>,
    /// Who signed the agreements, where they must be signed.
    pub signing: Option<Arc<Signing>>,
    /// The hash of the policies in force.
    pub policy: Hash,
    /// Their files.
    pub policy_files: Vec<(String, Arc<[u8]>)>,
    /// The time a demonstration's policy clock was set to, RFC 3339.
    pub policy_clock: Option<String>,
    /// The index, which finds old entries for receipts; none: the log is read for them.
    pub index: Option<Place>,
}

/// Why a recorder cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The log cannot be opened.
    #[error("the log cannot be opened")]
    Open(#[from] OpenError),
    /// The log's objects cannot be kept.
    #[error("the log's objects cannot be kept")]
    Objects(#[from] std::io::Error),
    /// A month that was being forgotten could not be.
    #[error("a month that two operators ordered to be forgotten cannot be")]
    Forget(#[from] NotForgotten),
    /// The first entries could not be written.
    #[error("the log does not take its first entries")]
    Note(#[from] Unrecorded),
}

/// What a log takes over from the one before it.
#[derive(Debug)]
pub struct Before {
    /// Which that was.
    pub predecessor: Predecessor,
    /// The key that signed answers then (SubjectPublicKeyInfo, base64), where another does now.
    pub answer_key: Option<String>,
    /// What it had counted towards quotas.
    pub accounts: Vec<Carried>,
}

/// A log that is open and to which this start has added nothing yet: now is the time to ask the witnesses whether it is the one
/// they know.
#[derive(Debug)]
pub struct Opened {
    recorder: Recorder,
    recovered: Recovered,
    first: First,
}

/// What the first entries say.
#[derive(Debug)]
struct First {
    folder: PathBuf,
    origin: String,
    answer_keys: Vec<String>,
    signing: Option<Arc<Signing>>,
    policy: Hash,
    policy_files: Vec<(String, Arc<[u8]>)>,
    policy_clock: Option<String>,
}

/// Opens the log and writes the entries that every start begins with, for those who have no witnesses to ask.
///
/// # Errors
/// See [`BeginError`]; nothing may be exchanged then.
pub fn begin(beginning: Beginning, disk: Arc<dyn Disk>) -> Result<(Recorder, Recovered), BeginError> {
    let opened = open(beginning, disk)?;
    let (recorder, recovered) = (opened.recorder().clone(), opened.recovered().clone());
    opened.begin(true)?;
    Ok((recorder, recovered))
}

/// Opens the log, which is recovery. Nothing is recorded before [`Opened::begin`].
///
/// # Errors
/// See [`BeginError`].
pub fn open(beginning: Beginning, disk: Arc<dyn Disk>) -> Result<Opened, BeginError> {
    let Beginning { log: settings, key, months, operator, clock, .. } = beginning;
    let (folder, origin) = (settings.folder.clone(), settings.origin.clone());
    let (directory, charged) = (Arc::new(Directory::default()), Arc::new(Charged::default()));
    let sequencer = Chains::new(Arc::clone(&directory), Arc::clone(&charged));
    let (log, recovered) = tlog::open(settings, disk, key, clock.clone(), sequencer)?;
    let objects = Objects::open(folder.join("objects"))?;
    let places = Places { directory, older: older(folder.clone(), beginning.index), charged };
    let recorder = Recorder::new(log, places, MonthKeys::new(months), objects, operator, clock);
    recorder.hold();
    let first = First {
        folder,
        origin: origin.to_string(),
        answer_keys: beginning.answer_keys,
        signing: beginning.signing,
        policy: beginning.policy,
        policy_files: beginning.policy_files,
        policy_clock: beginning.policy_clock,
    };
    Ok(Opened { recorder, recovered, first })
}

fn older(folder: PathBuf, index: Option<Place>) -> Arc<dyn Older> {
    let scanned = Scanned::new(folder);
    match index {
        Some(place) => Arc::new(Indexed::new(place, scanned)),
        None => Arc::new(scanned),
    }
}

impl Opened {
    /// The recorder, which takes nothing yet.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// What recovery found.
    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Writes the entries that every start begins with; from then on records are taken. `unwitnessed` says that no witness was
    /// there to tell whether this log is the one it has seen.
    ///
    /// # Errors
    /// See [`BeginError`]; nothing may be exchanged then.
    pub fn begin(self, unwitnessed: bool) -> Result<(), BeginError> {
        let recorder = self.recorder.clone();
        let begun = self.write_first(unwitnessed);
        match begun {
            Ok(()) => recorder.release(),
            // Whoever tries again must find it free.
            Err(_) => recorder.log().close(),
        }
        begun
    }

    fn write_first(self, unwitnessed: bool) -> Result<(), BeginError> {
        let Self { recorder, recovered, first } = self;
        if recovered.size == 0 {
            first.keep_signing(&recorder)?;
            recorder.write(&first.log_opened(None))?;
        }
        first.note_policies(&recorder)?;
        recorder.write(&Record::NodeStarted {
            version: env!("CARGO_PKG_VERSION"),
            policy: hex(&first.policy),
            torn: recovered.torn.as_ref().map(|torn| TornTail { index: torn.first, bytes: torn.bytes }),
            unwitnessed,
            signers: first.signers(),
            policy_clock: first.policy_clock,
        })?;
        let orphans = recorder.settle_orphans()?;
        if orphans > 0 {
            tracing::warn!(
                orphans,
                "exchanges were under way when the gateway last stopped; each has its record now"
            );
        }
        for month in forget::finish(&recorder, &first.folder)? {
            tracing::warn!(%month, "a month was being forgotten when the gateway last stopped; it is forgotten now");
        }
        Ok(())
    }
}

impl Opened {
    /// Begins a log that follows another, and closes it again until a gateway starts: it has no entry yet that anybody was told of, so that
    /// no witness need be asked. What a stop left out is written the next time.
    ///
    /// # Errors
    /// The log takes no record.
    pub fn succeed(self, before: Before, key: &VerifierKey) -> Result<(), BeginError> {
        let Self { recorder, recovered, first } = self;
        let Before { predecessor, answer_key: retired_answer_key, accounts } = before;
        let answer_key = retired_answer_key.as_ref().and_then(|_| first.answer_keys.first().cloned());
        let retired = predecessor.vkey.clone();
        first.keep_signing(&recorder)?;
        let rotated = Record::KeysRotated { retired, key: key.to_string(), retired_answer_key, answer_key };
        let entries = [first.log_opened(Some(predecessor)), rotated];
        let written = usize::try_from(recovered.size).unwrap_or(usize::MAX);
        for record in entries.into_iter().chain(charged::entries(&accounts)).skip(written) {
            recorder.write(&record)?;
        }
        recorder.log().close();
        Ok(())
    }
}

impl First {
    fn log_opened(&self, predecessor: Option<Predecessor>) -> Record {
        let (origin, answer_keys) = (self.origin.clone(), self.answer_keys.clone());
        Record::LogOpened { origin, answer_keys, signers: self.signers(), predecessor }
    }

    /// What the first entry names is kept first: it can be judged by the folder, also where no gateway ever starts on it.
    fn keep_signing(&self, recorder: &Recorder) -> Result<(), Unrecorded> {
        self.signing.iter().try_for_each(|signing| change::keep_signing(recorder, signing))
    }

    /// Whose certificates sign agreements.
    fn signers(&self) -> Vec<String> {
        self.signing.as_ref().map(|signing| signing.named()).unwrap_or_default()
    }

    /// Names the policies, if they are not those that the log named last; and, where agreements must be signed, who signed them: whom that
    /// is believed from, and who was revoked, may be others than at the last start.
    fn note_policies(&self, recorder: &Recorder) -> Result<(), Unrecorded> {
        if self.signing.is_none() && recorder.directory().policy() == Some(hex(&self.policy)) {
            return Ok(());
        }
        let change = Change {
            policy: self.policy,
            files: &self.policy_files,
            words: Text::default(),
            beside: Vec::new(),
            signing: self.signing.as_deref(),
        };
        recorder.write(&change::record(recorder, &change)?).map(drop)
    }
}
