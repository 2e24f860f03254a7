//! Bytes become durable, proven bytes: a Merkle log that knows no agency.
//!
//! **What it promises.** Who gets a [`Placed`] has an entry that is on the disk, in the tree, and under a signed head. There
//! is no such value for less. The log never says less afterwards: a write or a sync that fails *poisons* it for the life of
//! the process, and a folder that does not add up is not opened.
//!
//! **The way of an entry.** [`Log::reserve`] takes a place in the queue, or says at once why there is none.
//! [`Place::append`] sends a draft; it cannot fail and does not wait, so that it can be called from a `Drop`. The committer
//! drains the queue in the order of arrival, lets the [`Sequencer`] finish each draft, hashes the leaves into the tree, signs
//! one checkpoint, writes one frame, syncs once; then everybody in the batch is answered.
//!
//! **The folder.** `wal/<first index>.seg` are the frames, in segments of a fixed length, and the truth of what is not sealed yet.
//! Once 256 entries are full they are *sealed*: `tile/` has their hashes, `tile/entries/` their leaves, `annex/` what is kept beside
//! them; then those are the truth. `heads/` has the sequencer's state after some entries, `checkpoint` the newest head for the world
//! to fetch: both derived. `lock` holds off a second writer.
//!
//! | room | what it does |
//! |---|---|
//! | [`merkle`], [`note`], [`checkpoint`], [`proof`], [`tile`], [`trust`], `bundle` | the formats: pure |
//! | `frame`, `segment`, `window` | the bytes of a batch, the file it stands in, a piece of it |
//! | `heads` | the sequencer's state after some entries |
//! | [`disk`] | all that is asked of a disk |
//! | `log` | the handle: a place, an entry on its way |
//! | `spare`, `committer`, `publisher` | the three threads |
//! | `aides` | starts and ends the threads beside the committer |
//! | [`pack`] | bundles as they lie on the disk: gzip |
//! | `sealer` | moves what became full from segments to tiles, bundles and annexes |
//! | `sealed`, `reach`, `tiles` | what is sealed, read back; how far it reaches; the nodes that memory has let go of |
//! | `book`, `served` | what the writer and its readers share; tiles as the world asks for them |
//! | `recover`, `ahead`, `replay`, `edge` | the only way to open |
//! | [`reader`] | the entries of a folder, also of one in use |
//! | [`export`] | a folder written out as plain tlog-tiles |
//! | [`cosignature`], [`witness`] | what other parties sign of a log, and how they are asked |
//! | [`fsck`] | the verifier, which shares nothing with the writer but the hash |
//!
//! What is absent on purpose: agencies, exchanges, HTTP. `audit` knows what an entry says; here it is bytes.

mod ahead;
mod aides;
mod book;
mod bundle;
pub mod checkpoint;
mod committer;
pub mod cosignature;
pub mod disk;
mod edge;
pub mod export;
mod frame;
pub mod fsck;
mod heads;
mod log;
pub mod merkle;
pub mod note;
pub mod pack;
pub mod proof;
mod publisher;
mod reach;
pub mod reader;
mod recover;
mod replay;
mod sealed;
mod sealer;
mod segment;
mod served;
mod spare;
#[cfg(test)]
mod tests;
pub mod tile;
mod tiles;
pub mod trust;
mod window;
pub mod witness;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::sign::Ed25519Key;
use crate::id::Origin;

use aides::Aides;
use book::Shared;
use checkpoint::Checkpoint;
use checkpoint::SignedHead;
use committer::Committer;
use committer::Start;
use disk::Disk;
use merkle::Nodes as _;
use merkle::Paths;
use note::Signer;
use publisher::Published;

pub use frame::ANNEX_BYTES_MAX;
pub use frame::LEAF_BYTES_MAX;
pub use log::Log;
pub use log::Pending;
pub use log::Place;
pub use recover::OpenError;
pub use recover::Recovered;
pub use recover::Torn;
pub use segment::SEGMENT_BYTES_MIN;

/// The longest queue: more would only make those at its end wait longer than any caller does.
pub const QUEUE_MAX: usize = 1 << 20;

/// Where a log is and how it is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its folder; made if there is none.
    pub folder: PathBuf,
    /// Its origin, which is also its key's name.
    pub origin: Origin,
    /// The length of a new segment, in bytes; at least [`SEGMENT_BYTES_MIN`].
    pub segment_bytes: u64,
    /// How many places there are to reserve; from 1 to [`QUEUE_MAX`].
    pub queue: usize,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// What is hashed into the tree; at most [`LEAF_BYTES_MAX`].
    pub leaf: Vec<u8>,
    /// What is kept beside it and never hashed; may be empty; at most [`ANNEX_BYTES_MAX`].
    pub annex: Vec<u8>,
}

/// What only the order can tell, filled in by the one who knows what an entry means.
///
/// State advances in [`Sequencer::observe`], not in [`Sequencer::finish`]: a finished entry that is over a cap is refused and
/// never observed.
pub trait Sequencer: Send + 'static {
    /// What is handed to [`Place::append`].
    type Draft: Send + 'static;

    /// Makes the entry that will stand at `index`.
    fn finish(&mut self, index: u64, now: Timestamp, draft: Self::Draft) -> Entry;

    /// Told every entry in order with its leaf hash: right after [`Sequencer::finish`], and when the log is opened.
    ///
    /// # Errors
    /// The entry cannot belong here. The state must then be what it was. When the log is opened, it is damaged; on the normal
    /// road the entry is refused to whoever appended it.
    fn observe(&mut self, index: u64, entry: &Entry, leaf_hash: &Hash) -> Result<(), String>;

    /// The shelf on which an entry's annex is kept, so that a whole shelf can be cleared: a short plain word, the same for the
    /// same entry at all times.
    fn shelf(entry: &Entry) -> String;

    /// All that was learned from the entries so far, as [`Sequencer::restore`] takes it.
    fn snapshot(&self) -> Value;

    /// Becomes what it was when the snapshot was taken. Called at most once, before anything else.
    ///
    /// # Errors
    /// This is no state of this sequencer: the log is not opened.
    fn restore(&mut self, state: &Value) -> Result<(), String>;

    /// The origin of the log that follows this one, once an entry has said that this one is closed for good.
    fn successor(&self) -> Option<&str> {
        None
    }
}

/// Why the log takes nothing, now or ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Every place in the queue is taken.
    #[error("the log's queue is full")]
    Busy,
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// There is no room for the next segment, until there is.
    #[error("the log's disk has no room")]
    NoRoom,
    /// A write failed: nothing more is written in the life of this process.
    #[error("the log cannot be written any more")]
    Poisoned,
    /// This one entry was refused: over its cap, or out of its order. Others are not concerned.
    #[error("the log refused the entry: {0}")]
    Refused(String),
}

/// An entry that is durable, in the tree, and under a signed head.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Its index.
    pub index: u64,
    /// The leaf as it stands in the log.
    pub leaf: Bytes,
    /// The leaf's hash.
    pub leaf_hash: Hash,
    /// The head that covers it, shared by its whole batch.
    pub head: Arc<SignedHead>,
    paths: Arc<Paths>,
}

impl Placed {
    /// The path that proves it under that head, leaf side first: told without asking the log again.
    #[must_use]
    pub fn path(&self) -> Vec<Hash> {
        // Invariant: the nodes were taken out of the tree for this batch and this head.
        self.paths.inclusion(self.index, self.head.size).unwrap_or_default()
    }
}

/// The segments' folder.
fn wal(folder: &Path) -> PathBuf {
    folder.join("wal")
}

/// Opens the log in a folder, or begins one there. Brings the sequencer to where it was, by a snapshot and the entries after it, before
/// it returns. A log that was closed for good is not opened; if its last head is not published yet, it is then.
///
/// # Errors
/// The log is damaged, closed for good, in use elsewhere, or the disk refuses.
pub fn open<S: Sequencer>(
    settings: Settings,
    disk: Arc<dyn Disk>,
    key: Ed25519Key,
    clock: Clock,
    mut sequencer: S,
) -> Result<(Log<S::Draft>, Recovered), OpenError> {
    check(&settings)?;
    let Settings { folder, origin, segment_bytes, queue } = &settings;
    let lock = hold(disk.as_ref(), folder)?;
    let signer = Signer::new(origin, key);
    let mut replayed = recover::replay(&disk, &settings, signer.public(), &mut sequencer)?;
    let segment = replayed.fresh_segment(disk.as_ref(), &wal(folder), *segment_bytes)?;
    if let Some(successor) = sequencer.successor() {
        return Err(ended(disk.as_ref(), folder, &replayed, successor));
    }
    let (previous, found) = (replayed.previous, replayed.found);
    let head = replayed.head.unwrap_or_else(|| {
        SignedHead::sign(Checkpoint { origin: origin.clone(), size: 0, root: merkle::empty_root() }, &signer)
    });
    let shared = Arc::new(Shared::new(disk, folder, head, replayed.book));
    *shared.published() = Published { checkpoint: found.published, snapshot: replayed.snapshot };
    let aides = Aides::start(&shared, *segment_bytes, S::shelf, lock).map_err(OpenError::Threads)?;
    let start = Start { sequencer, signer, clock, segment, segment_bytes: *segment_bytes, previous };
    let committer = Committer::new(Arc::clone(&shared), Arc::clone(&aides.spare), start);
    let (sender, jobs) = mpsc::channel(*queue);
    let last = log::Last::default();
    let behind_all = Arc::clone(&last);
    let run = move || {
        committer.run(jobs, &behind_all);
        drop(aides);
    };
    let thread = aides::named("log-committer").spawn(run).map_err(OpenError::Threads)?;
    Ok((Log::new(shared, sender, thread, last), found))
}

/// Publishes the last head of a log that was closed for good, where its writer was stopped before it could; no signature is made.
fn ended(disk: &dyn Disk, folder: &Path, replayed: &recover::Replayed, successor: &str) -> OpenError {
    let last = replayed.head.as_ref().filter(|head| replayed.found.published != Some(head.size));
    if let Some(Err(error)) = last.map(|head| publisher::publish(disk, folder, head)) {
        return recover::disk_error(&publisher::path(folder))(error);
    }
    OpenError::Ended { folder: folder.to_owned(), successor: successor.to_owned() }
}

fn check(settings: &Settings) -> Result<(), OpenError> {
    if settings.segment_bytes < SEGMENT_BYTES_MIN {
        return Err(OpenError::Settings("a segment of the log has at least 65536 bytes"));
    }
    if !(1..=QUEUE_MAX).contains(&settings.queue) {
        return Err(OpenError::Settings("the log's queue has from 1 to 1048576 places"));
    }
    Ok(())
}

/// Makes the folders and holds them against a second writer.
fn hold(disk: &dyn Disk, folder: &Path) -> Result<Box<dyn Send + Sync>, OpenError> {
    let (wal, lock) = (wal(folder), folder.join("lock"));
    disk.make_folder(&wal).map_err(recover::disk_error(&wal))?;
    let held = disk.lock(&lock).map_err(recover::disk_error(&lock))?;
    held.ok_or_else(|| OpenError::InUse { folder: folder.to_owned() })
}
