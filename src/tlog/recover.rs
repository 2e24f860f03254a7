//! The only way to open a log: take the right edge of the tree from what is sealed, the sequencer's state from the newest snapshot,
//! replay every frame there is, and believe none of it unchecked.
//!
//! Only the last batch may be torn, since every earlier one was synced before the next was written. Anything else that does
//! not add up is damage, and a damaged log is not written to.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::crypto::digest::Hash;

use super::Sequencer;
use super::Settings;
use super::ahead;
use super::ahead::AHEAD;
use super::aides;
use super::book::Book;
use super::checkpoint::SignedHead;
use super::committer::Segment;
use super::disk::Disk;
use super::edge::Edge;
use super::note::VerifierKey;
use super::publisher;
use super::replay::End;
use super::replay::Replay;
use super::sealed::Sealed;
use super::segment;
use super::segment::Name;
use super::spare;
use super::tiles::Tiles;

/// What opening a log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Entries.
    pub size: u64,
    /// The size that the published checkpoint had, if one was published.
    pub published: Option<u64>,
    /// The torn last batch that was dropped, if there was one. Nobody had been given an answer for it.
    pub torn: Option<Torn>,
}

/// A batch that was being written when the process or the machine stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The index its first entry would have had.
    pub first: u64,
    /// How many bytes of it there were.
    pub bytes: u64,
}

/// Why a log does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Settings(&'static str),
    /// Another process writes to this log.
    #[error("the log in `{}` is open elsewhere", folder.display())]
    InUse {
        /// The log's folder.
        folder: PathBuf,
    },
    /// The log was closed for good: its last entry says which one follows it.
    #[error("the log in `{}` was closed for good; `{successor}` follows it", folder.display())]
    Ended {
        /// The log's folder.
        folder: PathBuf,
        /// The origin of the log that follows it.
        successor: String,
    },
    /// The log is not what was written: a person must look before anything is added.
    #[error("the log is damaged at entry {index}, in `{}`: {what}", file.display())]
    Damaged {
        /// The first entry that is not, or not surely, as it was written.
        index: u64,
        /// Where.
        file: PathBuf,
        /// How.
        what: String,
    },
    /// The disk refused.
    #[error("cannot open the log: `{}`", file.display())]
    Disk {
        /// Which file or folder.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start the log's threads")]
    Threads(#[source] io::Error),
}

pub(super) fn disk_error(file: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let file = file.to_owned();
    move |source| OpenError::Disk { file, source }
}

/// What a log holds, checked.
pub(super) struct Replayed {
    pub(super) book: Book,
    pub(super) previous: Hash,
    pub(super) head: Option<SignedHead>,
    pub(super) found: Recovered,
    /// After how many entries the newest snapshot is.
    pub(super) snapshot: u64,
    tail: Tail,
}

/// The whole frames of the last segment.
#[derive(Default)]
struct Tail {
    first: u64,
    bytes: Vec<u8>,
}

/// Brings the sequencer to the end of the log.
pub(super) fn replay<S: Sequencer>(
    disk: &Arc<dyn Disk>,
    settings: &Settings,
    key: &VerifierKey,
    sequencer: &mut S,
) -> Result<Replayed, OpenError> {
    let (folder, wal) = (&settings.folder, super::wal(&settings.folder));
    let published = published(disk.as_ref(), folder, key)?;
    let segments = segments(disk.as_ref(), &wal)?;
    let tiles = Tiles::new(Sealed::new(Arc::clone(disk), folder));
    let edge = Edge::load(disk.as_ref(), &tiles, segments.first().copied(), sequencer)?;
    let snapshot = edge.snapshot.as_ref().map_or(0, |snapshot| snapshot.size);
    let mut replay = Replay::new(&wal, key, &tiles, sequencer, edge);
    let (tail, torn) = thread::scope(|scope| {
        let (into, read) = sync_channel(AHEAD);
        let (disk, wal, segments) = (disk.as_ref(), wal.as_path(), segments.as_slice());
        let reading = move || ahead::read(disk, wal, segments, &into);
        aides::named("log-reader").spawn_scoped(scope, reading).map_err(OpenError::Threads)?;
        replay_segments(&mut replay, read.iter(), published.as_ref())
    })?;
    let (size, End { book, previous, head }) = (replay.size(), replay.finish(published.as_ref())?);
    let found = Recovered { size, published: published.map(|head| head.size), torn };
    Ok(Replayed { book, previous, head, found, snapshot, tail })
}

/// Replays segment after segment: the whole frames of the last, and what was torn behind them.
fn replay_segments<S: Sequencer>(
    replay: &mut Replay<'_, S>,
    segments: impl Iterator<Item = Result<ahead::Segment, OpenError>>,
    published: Option<&SignedHead>,
) -> Result<(Tail, Option<Torn>), OpenError> {
    let (mut segments, mut tail, mut torn) = (segments.peekable(), Tail::default(), None);
    while let Some(segment) = segments.next() {
        let segment = segment?;
        let (end, rest) = replay.segment(&segment)?;
        let ahead::Segment { first, bytes, .. } = segment;
        let is_last = segments.peek().is_none();
        let may_be_torn = is_last && published.is_none_or(|head| head.size <= replay.size());
        torn = replay.judge(first, bytes.get(end..).unwrap_or_default(), rest, may_be_torn)?;
        tail = Tail { first, bytes };
        tail.bytes.truncate(end);
    }
    Ok((tail, torn))
}

/// The published checkpoint, verified.
fn published(disk: &dyn Disk, folder: &Path, key: &VerifierKey) -> Result<Option<SignedHead>, OpenError> {
    let file = publisher::path(folder);
    let note = match disk.read(&file) {
        Ok(note) => note,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk_error(&file)(error)),
    };
    let damaged =
        |error| OpenError::Damaged { index: 0, file, what: format!("the published checkpoint: {error}") };
    SignedHead::open(&note, key).map(Some).map_err(damaged)
}

/// What an earlier run may have left beside the segments: its spare, and an unfinished copy of the last segment.
const LEFTOVERS: [&str; 2] = [spare::NAME, TAIL_COPY];

/// The copy of the last segment while it is made.
const TAIL_COPY: &str = "tail.tmp";

/// The first indices of the segments, in order; leftovers are removed.
fn segments(disk: &dyn Disk, wal: &Path) -> Result<Vec<u64>, OpenError> {
    let mut firsts = Vec::new();
    for name in disk.list(wal).map_err(disk_error(wal))? {
        let file = wal.join(&name);
        match segment::name(&name) {
            Name::Segment(first) => firsts.push(first),
            Name::Other if LEFTOVERS.contains(&name.as_str()) => {
                disk.remove(&file).map_err(disk_error(&file))?
            }
            Name::Other => {}
            Name::Odd => {
                let what = "a segment's name has twenty digits".to_owned();
                return Err(OpenError::Damaged { index: 0, file, what });
            }
        }
    }
    firsts.sort_unstable();
    Ok(firsts)
}

impl Replayed {
    /// Copies the whole frames of the last segment into a fresh one, so that nothing of a torn batch stays behind, and
    /// nothing is served that an earlier process wrote but never synced.
    pub(super) fn fresh_segment(
        &mut self,
        disk: &dyn Disk,
        wal: &Path,
        length: u64,
    ) -> Result<Segment, OpenError> {
        let Tail { first, bytes } = std::mem::take(&mut self.tail);
        let (copy, file) = (wal.join(TAIL_COPY), segment::path(wal, first));
        let end = bytes.len() as u64;
        let length = length.max(end);
        // Stopping up to the rename leaves the old segment and a copy that the next start removes.
        let made = segment::make(disk, &copy, &bytes, length).map_err(disk_error(&copy))?;
        // Stopping from the rename on leaves the old segment or the new one; they hold the same frames.
        disk.rename(&copy, &file).and_then(|()| disk.sync_folder(wal)).map_err(disk_error(&file))?;
        self.book.begin_segment(first);
        Ok(Segment { file: made, end, length })
    }
}
