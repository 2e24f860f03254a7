//! How a recorder begins: the log is opened (which is recovered), and says who begins, under which policies, after what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::sign::Ed25519Key;
use crate::id::AgencyId;
use crate::tlog;
use crate::tlog::OpenError;
use crate::tlog::Recovered;
use crate::tlog::disk::Disk;

use super::chain::Chains;
use super::chain::Directory;
use super::months::MonthKeys;
use super::objects::Objects;
use super::record::Record;
use super::record::TornTail;
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
    /// The hash of the policies in force.
    pub policy: Hash,
    /// Their files.
    pub policy_files: Vec<(String, Arc<[u8]>)>,
    /// The time a demonstration's policy clock was set to, RFC 3339.
    pub policy_clock: Option<String>,
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
    /// The first entries could not be written.
    #[error("the log does not take its first entries")]
    Note(#[from] Unrecorded),
}

/// Opens the log and writes the entries that every start begins with.
///
/// # Errors
/// See [`BeginError`]; nothing may be exchanged then.
pub fn begin(beginning: Beginning, disk: Arc<dyn Disk>) -> Result<(Recorder, Recovered), BeginError> {
    let Beginning { log: settings, key, months, operator, clock, .. } = beginning;
    let (folder, origin) = (settings.folder.clone(), settings.origin.clone());
    let directory = Arc::new(Directory::default());
    let sequencer = Chains::new(Arc::clone(&directory));
    let (log, recovered) = tlog::open(settings, disk, key, clock.clone(), sequencer)?;
    let objects = Objects::open(folder.join("objects"))?;
    let recorder = Recorder::new(log, directory, MonthKeys::new(months), objects, operator, clock);
    if recovered.size == 0 {
        recorder
            .note(&Record::LogOpened { origin: origin.to_string(), answer_keys: beginning.answer_keys })?;
    }
    note_policies(&recorder, &beginning.policy, &beginning.policy_files)?;
    recorder.note(&Record::NodeStarted {
        version: env!("CARGO_PKG_VERSION"),
        policy: hex(&beginning.policy),
        torn: recovered.torn.as_ref().map(|torn| TornTail { index: torn.first, bytes: torn.bytes }),
        unwitnessed: true,
        policy_clock: beginning.policy_clock,
    })?;
    let orphans = recorder.settle_orphans()?;
    if orphans > 0 {
        tracing::warn!(
            orphans,
            "exchanges were under way when the gateway last stopped; each has its record now"
        );
    }
    Ok((recorder, recovered))
}

/// Keeps the policy files, then names them: a name in the log never points to bytes that are not there.
fn note_policies(recorder: &Recorder, now: &Hash, files: &[(String, Arc<[u8]>)]) -> Result<(), Unrecorded> {
    let (old, new) = (recorder.directory().policy(), hex(now));
    if old.as_deref() == Some(new.as_str()) {
        return Ok(());
    }
    let mut named = BTreeMap::new();
    for (name, bytes) in files {
        named.insert(name.clone(), hex(&recorder.keep(bytes)?));
    }
    recorder.note(&Record::PolicyChanged { old, new, files: named })?;
    Ok(())
}
