//! The only way to open a log: replay every frame from the first, and believe none of it unchecked.
//!
//! Only the last batch may be torn, since every earlier one was synced before the next was written. Anything else that does
//! not add up is damage, and a damaged log is not written to.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::digest::Hash;

use super::Sequencer;
use super::Settings;
use super::book::Book;
use super::checkpoint::Checkpoint;
use super::checkpoint::SignedHead;
use super::committer::Segment;
use super::disk::Disk;
use super::frame::Frame;
use super::frame::HEADER_BYTES;
use super::frame::Header;
use super::frame::Stored;
use super::note::Note;
use super::note::VerifierKey;
use super::publisher;
use super::segment;
use super::segment::Name;
use super::segment::Rest;
use super::spare;

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
    tail: Tail,
}

/// The whole frames of the last segment.
#[derive(Default)]
struct Tail {
    first: u64,
    bytes: Vec<u8>,
}

/// Replays the whole log through the sequencer.
pub(super) fn replay<S: Sequencer>(
    disk: &dyn Disk,
    settings: &Settings,
    key: &VerifierKey,
    sequencer: &mut S,
) -> Result<Replayed, OpenError> {
    let published = published(disk, &settings.folder, key)?;
    let wal = super::wal(&settings.folder);
    let mut replay =
        Replay { wal: &wal, key, sequencer, book: Book::default(), previous: [0; 32], last: None };
    let mut firsts = segments(disk, &wal)?.into_iter().peekable();
    let (mut tail, mut torn) = (Tail::default(), None);
    while let Some(first) = firsts.next() {
        let file = segment::path(&wal, first);
        let bytes = disk.read(&file).map_err(disk_error(&file))?;
        let (end, rest) = replay.segment(first, &bytes)?;
        let may_be_torn =
            firsts.peek().is_none() && published.as_ref().is_none_or(|head| head.size <= replay.size());
        torn = replay.judge(first, bytes.get(end..).unwrap_or_default(), rest, may_be_torn)?;
        tail = Tail { first, bytes };
        tail.bytes.truncate(end);
    }
    replay.finish(&settings.folder, published.as_ref(), tail, torn)
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

struct Replay<'a, S> {
    wal: &'a Path,
    key: &'a VerifierKey,
    sequencer: &'a mut S,
    book: Book,
    previous: Hash,
    last: Option<Last>,
}

/// The last frame: its segment, its first entry, its checkpoint.
struct Last {
    segment: u64,
    first: u64,
    note: Vec<u8>,
}

impl<S: Sequencer> Replay<'_, S> {
    /// Replays the frames of one segment: where they end, and what follows.
    fn segment(&mut self, first: u64, bytes: &[u8]) -> Result<(usize, Rest), OpenError> {
        let size = self.size();
        if first > size {
            return Err(self.damaged(first, size, format!("entries {size} to {} are missing", first - 1)));
        }
        if first < size {
            return Err(self.damaged(
                first,
                first,
                "its entries stand in the segment before, too".to_owned(),
            ));
        }
        self.book.begin_segment(first);
        let mut at = 0;
        while let Some(frame) = bytes.get(at..).and_then(Frame::read) {
            self.frame(first, at as u64, &frame)?;
            at += frame.header.frame_bytes();
        }
        Ok((at, segment::rest(bytes.get(at..).unwrap_or_default())))
    }

    fn frame(&mut self, segment: u64, at: u64, frame: &Frame<'_>) -> Result<(), OpenError> {
        let size = self.size();
        let wrong = |this: &Self, index, what: &str| Err(this.damaged(segment, index, what.to_owned()));
        if frame.header.first != size {
            return wrong(self, size, "another batch stands where this entry belongs");
        }
        if frame.header.previous != self.previous {
            return wrong(self, size, "its batch does not follow the batch before it");
        }
        if frame.header.count == 0 {
            return wrong(self, size, "a batch without entries");
        }
        for stored in frame.entries() {
            let index = self.size();
            let Some(stored) = stored else { return wrong(self, index, "its lengths do not fit its batch") };
            self.entry(segment, at, index, &stored)?;
        }
        if let Err(what) = self.checkpoint(frame.note) {
            return wrong(self, size, &what);
        }
        self.previous = frame.header_hash;
        self.last = Some(Last { segment, first: size, note: frame.note.to_vec() });
        Ok(())
    }

    fn entry(&mut self, segment: u64, at: u64, index: u64, stored: &Stored<'_>) -> Result<(), OpenError> {
        if !stored.is_whole() {
            return Err(self.damaged(segment, index, CHANGED.to_owned()));
        }
        let observed = self.sequencer.observe(index, &stored.to_entry(), &stored.leaf_hash);
        observed.map_err(|what| self.damaged(segment, index, what))?;
        self.book.push(stored.leaf_hash, at + stored.offset as u64);
        Ok(())
    }

    /// Whether the checkpoint in a frame is of the tree so far. Its signature is checked for the last frame only.
    fn checkpoint(&self, note: &[u8]) -> Result<(), String> {
        let note = Note::parse(note).map_err(|error| error.to_string())?;
        let checkpoint = Checkpoint::parse(note.unverified_text()).map_err(|error| error.to_string())?;
        if checkpoint.origin.as_str() != self.key.name() {
            return Err(format!("its batch is of the log `{}`", checkpoint.origin));
        }
        let same =
            checkpoint.size == self.size() && self.book.tree.root(checkpoint.size) == Some(checkpoint.root);
        if same { Ok(()) } else { Err("the checkpoint of its batch is of another tree".to_owned()) }
    }

    /// Decides whether what follows the frames of a segment is what a stop can leave.
    fn judge(
        &self,
        segment: u64,
        bytes: &[u8],
        rest: Rest,
        may_be_torn: bool,
    ) -> Result<Option<Torn>, OpenError> {
        let first = self.size();
        match rest {
            Rest::Clean => Ok(None),
            Rest::Torn(bytes) if may_be_torn => Ok(Some(Torn { first, bytes })),
            Rest::Torn(_) | Rest::Damaged => {
                let (index, what) = blame(bytes, first);
                Err(self.damaged(segment, index, what.to_owned()))
            }
        }
    }

    fn finish(
        self,
        folder: &Path,
        published: Option<&SignedHead>,
        tail: Tail,
        torn: Option<Torn>,
    ) -> Result<Replayed, OpenError> {
        let size = self.size();
        if let Some(head) = published {
            self.agrees_with(head, publisher::path(folder))?;
        }
        let head = self.last.as_ref().map(|Last { segment, first, note }| {
            SignedHead::open(note, self.key)
                .map_err(|error| self.damaged(*segment, *first, format!("the last checkpoint: {error}")))
        });
        let head = head.transpose()?;
        let found = Recovered { size, published: published.map(|head| head.size), torn };
        Ok(Replayed { book: self.book, previous: self.previous, head, found, tail })
    }

    /// Whether the published checkpoint is of a tree that this one continues.
    fn agrees_with(&self, published: &SignedHead, file: PathBuf) -> Result<(), OpenError> {
        let size = self.size();
        let what = match self.book.tree.root(published.size) {
            Some(root) if root == published.root => return Ok(()),
            Some(_) => "another tree was published".to_owned(),
            None => format!("{} entries were published, {size} are left", published.size),
        };
        Err(OpenError::Damaged { index: size.min(published.size), file, what })
    }

    fn size(&self) -> u64 {
        self.book.tree.size()
    }

    fn damaged(&self, segment: u64, index: u64, what: String) -> OpenError {
        OpenError::Damaged { index, file: segment::path(self.wal, segment), what }
    }
}

const CHANGED: &str = "its bytes were changed after they were written";

/// Which entry of a batch that cannot be read is to blame.
fn blame(bytes: &[u8], first: u64) -> (u64, &'static str) {
    let Some(header) = Header::read(bytes) else { return (first, "its batch cannot be read") };
    let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
    for index in first..first.saturating_add(u64::from(header.count)) {
        match Stored::read(rest) {
            Some(stored) if stored.is_whole() => {
                rest = Stored::length(rest).and_then(|length| rest.get(length..)).unwrap_or_default();
            }
            _ => return (index, CHANGED),
        }
    }
    (first, "an annex, the checkpoint or the checksum of its batch was changed after it was written")
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
