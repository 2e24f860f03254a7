//! Quotas over restarts: what was counted before this process began.
//!
//! Requests are counted by the log itself, in its snapshots and behind them. People are not, since nothing of them may stand in a leaf or a
//! snapshot: whom an exchange was charged with stands in its annex, and what they come to is kept beside the keys from time to time, so
//! that a start opens the annexes written since, at most those of the day.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use tokio::task::JoinError;

use crate::audit::charged::Count;
use crate::audit::people;
use crate::audit::people::Asked;
use crate::audit::people::Uncounted;
use crate::audit::recorder::Recorder;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::config::settings::Settings;
use crate::config::settings::SharedSettings;
use crate::crypto::CryptoError;
use crate::crypto::digest::hmac_sha256;
use crate::crypto::digest::unhex;
use crate::crypto::keyfile;
use crate::crypto::random;
use crate::crypto::seal::SealingKey;
use crate::gateway::door::Door;
use crate::id::Origin;
use crate::limits::Key;
use crate::limits::Limits;
use crate::limits::quota::account::Counted;
use crate::limits::quota::account::PERSON_BYTES;
use crate::limits::shared;
use crate::limits::shared::Shared;
use crate::listener::stop::Stop;
use crate::policy::Policies;
use crate::policy::calendar::today;
use crate::policy::model::Agreement;

use super::doorway::caps;
use super::rates;
use super::sharing;

/// The key under which people are told apart, under the keys folder.
const KEY: &str = "people.key";

/// Who was counted, as far as it was written last, under the keys folder.
const COUNTED: &str = "people.counted";

/// What [`COUNTED`] says it is.
const FORMAT: &str = "phohien-people/1";

/// How often to look whether it is time to write again.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Entries of the log after which it is: opening the annexes of so many takes a start a tenth of a second.
const ENTRIES: u64 = 1 << 14;

/// How much earlier than the day's beginning the log is read from: entries' times follow another clock than charges do, by moments.
const SLACK: Duration = Duration::from_secs(60);

/// Why counting cannot go on from where it was: then nothing is served, since nobody knows what is left.
#[derive(Debug, thiserror::Error)]
pub enum QuotasError {
    /// The key of people, or what was counted, cannot be read or made.
    #[error("`{path}` cannot be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key is none.
    #[error("the key of people is damaged: it must hold 32 bytes")]
    Damaged,
    /// The nodes' key is none.
    #[error("`{0}` must hold 64 lower-case hexadecimal digits, as `openssl rand -hex 32` writes them")]
    Shared(PathBuf),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] CryptoError),
    /// The log or its annexes cannot be read.
    #[error("whom today's exchanges were charged with cannot be read from the log")]
    Uncounted(#[from] Uncounted),
    /// The task ended before its time.
    #[error("counting was interrupted")]
    Interrupted(#[from] JoinError),
}

/// What is kept beside the keys.
#[derive(Debug)]
pub struct Quotas {
    keys: PathBuf,
    file: PathBuf,
    secret: [u8; 32],
    sealing: SealingKey,
}

/// Everybody who was counted, sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    v: String,
    /// Whatever the entries before this one of the log charged is in here.
    size: u64,
    accounts: Vec<Account>,
}

#[derive(Serialize, Deserialize)]
struct Account {
    agreement: String,
    agency: String,
    day: String,
    /// Their keyed hashes, one after the other, base64.
    people: String,
}

impl Quotas {
    /// Reads the key of people, or makes it; where limits are shared it is the nodes' own, which nobody makes here.
    ///
    /// # Errors
    /// It can be neither.
    pub fn read_or_make(settings: &Settings) -> Result<Self, QuotasError> {
        let secret = match &settings.shared {
            Some(shared) => shared_secret(&shared.secret)?,
            None => own_secret(settings.keys.join(KEY))?,
        };
        let sealing = SealingKey::new(&hmac_sha256(&secret, &[FORMAT.as_bytes()]))?;
        Ok(Self { keys: settings.keys.clone(), file: settings.keys.join(COUNTED), secret, sealing })
    }

    /// Limits with nothing spent, to oneself or shared with others.
    #[must_use]
    pub fn limits(&self, settings: &Settings, clock: &Clock, policy_clock: &Clock) -> Limits {
        let limits = Limits::new(caps(settings), self.secret);
        let Some(SharedSettings { address, nodes, .. }) = settings.shared.clone() else { return limits };
        let node = settings.log.origin.to_string();
        let shared = shared::Settings { address, nodes, node };
        limits.sharing(Shared::new(shared, policy_clock.now(), clock.now()))
    }

    /// Tells the limits what was counted before. Blocks on the disk.
    ///
    /// # Errors
    /// It cannot be found out.
    pub fn restore(
        &self,
        limits: &Limits,
        recorder: &Recorder,
        policies: &Policies,
        (clock, policy_clock): (&Clock, &Clock),
    ) -> Result<(), QuotasError> {
        let mut counted = HashMap::new();
        for agreement in policies.agreements() {
            restore_requests(limits, recorder, agreement);
            if agreement.limits.subjects_per_day.is_some() {
                counted.insert(agreement.id.as_str(), agreement.as_ref());
            }
        }
        let now = policy_clock.now();
        let Some(begin) = counted.values().filter_map(|agreement| day_begins(agreement, now)).min() else {
            return Ok(());
        };
        let restore = |asked: Asked| restore_people(limits, &counted, now, asked);
        let from = self.read(recorder)?.map_or(0, |written| {
            written.accounts.iter().filter_map(Account::asked).for_each(restore);
            // A log that was put back has other entries behind its end than those that were counted.
            if written.size <= recorder.log().size() { written.size } else { 0 }
        });
        // By the log's clock, which is another one in the demonstration.
        let since = clock.now().checked_sub(now.duration_since(begin)).unwrap_or(Timestamp::MIN);
        let since = since.checked_sub(SLACK).unwrap_or(since);
        people::since(recorder, from, since, |agreement| counted.contains_key(agreement), restore)?;
        Ok(())
    }

    /// What was written last, of this very log; nothing if it cannot be opened: then the annexes of the whole day are.
    fn read(&self, recorder: &Recorder) -> Result<Option<Written>, QuotasError> {
        let sealed = match std::fs::read(&self.file) {
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| QuotasError::File { path: self.file.clone(), source })?,
        };
        let opened = self.sealing.open(recorder.log().head().origin.as_str().as_bytes(), &sealed).ok();
        let written = opened.and_then(|plain| serde_json::from_slice::<Written>(&plain).ok());
        Ok(written.filter(|written| written.v == FORMAT))
    }

    /// Writes who was counted; how many entries of the log that covers.
    ///
    /// # Errors
    /// The disk failed, or there is no randomness.
    fn write(&self, limits: &Limits, recorder: &Recorder) -> io::Result<u64> {
        // The size first: an entry before it was charged before it was written, so that its people are among those read after it.
        let size = recorder.log().size();
        self.write_for(limits, &recorder.log().head().origin, size)?;
        Ok(size)
    }

    /// The same for the log of that origin, of which so many entries are covered.
    fn write_for(&self, limits: &Limits, origin: &Origin, size: u64) -> io::Result<()> {
        let people = limits.people();
        let accounts = people.iter().map(|(key, day, people)| Account {
            agreement: key.agreement.to_string(),
            agency: key.agency.to_string(),
            day: day.to_string(),
            people: STANDARD.encode(people.as_flattened()),
        });
        let written = Written { v: FORMAT.to_owned(), size, accounts: accounts.collect() };
        let plain = serde_json::to_vec(&written)?;
        let sealed = self.sealing.seal(origin.as_str().as_bytes(), &plain).map_err(io::Error::other)?;
        keyfile::replace(&self.file, &sealed)
    }
}

/// Writes whom the exchanges of a log that is about to be closed were charged with for the one that follows, whose origin the settings
/// have: its own entries name none of them. Blocks on the disk.
///
/// # Errors
/// It cannot be found out, or not be written: the log must not be closed then.
pub(super) fn carry(
    settings: &Settings,
    recorder: &Recorder,
    policies: &Policies,
    clock: &Clock,
) -> Result<(), QuotasError> {
    let quotas = Quotas::read_or_make(settings)?;
    let limits = Limits::new(caps(settings), quotas.secret);
    quotas.restore(&limits, recorder, policies, (clock, clock))?;
    let written = quotas.write_for(&limits, &settings.log.origin, 0);
    written.map_err(|source| QuotasError::File { path: quotas.file.clone(), source })
}

fn own_secret(path: PathBuf) -> Result<[u8; 32], QuotasError> {
    let make = || random::bytes::<32>().map(Vec::from).map_err(io::Error::other);
    let secret = keyfile::read_or_make(&path, make).map_err(|source| QuotasError::File { path, source })?;
    secret.try_into().map_err(|_| QuotasError::Damaged)
}

/// The nodes' key, as `openssl rand -hex 32` writes it.
fn shared_secret(path: &Path) -> Result<[u8; 32], QuotasError> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|source| QuotasError::File { path: path.to_owned(), source })?;
    unhex(text.trim_end()).ok_or_else(|| QuotasError::Shared(path.to_owned()))
}

impl Account {
    fn asked(&self) -> Option<Asked> {
        let people = STANDARD.decode(&self.people).ok()?;
        let people = people.as_chunks::<PERSON_BYTES>().0.to_vec();
        let (agreement, agency) = (self.agreement.clone(), self.agency.clone());
        Some(Asked { agency, agreement, day: self.day.parse().ok()?, people })
    }
}

fn restore_requests(limits: &Limits, recorder: &Recorder, agreement: &Agreement) {
    for agency in &agreement.consumers {
        let count = recorder.charged().of(agreement.id.as_str(), agency.as_str());
        if let (Some(Count { day, today, month }), Some(key)) = (count, key(agreement, agency.as_str())) {
            limits.restore(&key, Counted { day, today, this_month: month });
        }
    }
}

fn restore_people(limits: &Limits, counted: &HashMap<&str, &Agreement>, now: Timestamp, asked: Asked) {
    let Some(agreement) = counted.get(asked.agreement.as_str()) else { return };
    let is_today = asked.day == today(&agreement.zone, now);
    if let Some(key) = key(agreement, &asked.agency).filter(|_| is_today) {
        limits.restore_people(&key, asked.day, asked.people);
    }
}

fn key(agreement: &Agreement, agency: &str) -> Option<Key> {
    let (service, agency) = (agreement.service.clone(), agency.parse().ok()?);
    Some(Key { agreement: agreement.id.clone(), agency, service })
}

/// When the day began, in the agreement's zone.
fn day_begins(agreement: &Agreement, now: Timestamp) -> Option<Timestamp> {
    let begin = now.to_zoned_datetime(agreement.zone.clone()).start_of_day().ok()?;
    Some(begin.timestamp())
}

impl Quotas {
    /// Goes on from where counting was.
    ///
    /// # Errors
    /// It cannot be found out what was counted: nothing may be served.
    pub(super) async fn begin(self, at_door: &Arc<Door>) -> Result<Arc<Self>, QuotasError> {
        let (quotas, door) = (Arc::new(self), Arc::clone(at_door));
        let restoring = Arc::clone(&quotas);
        // It reads the disk: not on a thread that others share.
        let restored = tokio::task::spawn_blocking(move || {
            let policies = Arc::clone(&door.in_force().policies);
            rates::restore(&restoring.keys, &door).map_err(Uncounted::from)?;
            restoring.restore(&door.limits, &door.recorder, &policies, (&door.clock, &door.policy_clock))
        });
        restored.await??;
        sharing::begin(at_door).await;
        Ok(quotas)
    }
}

/// Writes who was counted whenever the log has grown enough, and when the gateway stops.
pub(super) async fn keep(quotas: Arc<Quotas>, door: Arc<Door>, stop: Stop) {
    let mut covered = 0;
    loop {
        let stopped = stop.within(LOOK_EVERY).await;
        if stopped || door.recorder.log().size().saturating_sub(covered) >= ENTRIES {
            let (quotas, door) = (Arc::clone(&quotas), Arc::clone(&door));
            // It waits for the disk: not on a thread that exchanges share.
            let writing = tokio::task::spawn_blocking(move || quotas.write(&door.limits, &door.recorder));
            match writing.await.map_err(io::Error::other).and_then(|written| written) {
                Ok(size) => covered = size,
                Err(error) => {
                    tracing::error!(%error, "who was counted towards quotas of people cannot be written: the next start takes longer")
                }
            }
        }
        if stopped {
            return;
        }
    }
}
