//! Replays frame after frame, and believes none of it unchecked.

use std::cell::RefCell;
use std::path::Path;

use crate::crypto::digest::Hash;

use super::OpenError;
use super::Sequencer;
use super::Torn;
use super::ahead::Segment;
use super::book::Book;
use super::checkpoint::Checkpoint;
use super::checkpoint::SignedHead;
use super::edge;
use super::edge::Edge;
use super::edge::Everywhere;
use super::frame::Frame;
use super::frame::HEADER_BYTES;
use super::frame::Header;
use super::frame::Stored;
use super::heads;
use super::heads::Snapshot;
use super::merkle::Nodes as _;
use super::note::Note;
use super::note::VerifierKey;
use super::publisher;
use super::segment;
use super::segment::Rest;
use super::tile;
use super::tiles::Tiles;

/// The frames read so far.
pub(super) struct Replay<'a, S> {
    wal: &'a Path,
    key: &'a VerifierKey,
    tiles: &'a Tiles,
    sequencer: &'a mut S,
    book: Book,
    /// How many entries the sequencer knows: it is told those from here on.
    observed: u64,
    /// What the next frame must name as its predecessor; nothing if the one before is gone.
    previous: Option<Hash>,
    /// What must turn out to be so, until it has.
    snapshot: Option<Snapshot>,
    /// Where in the segment under way an entry begins that was changed, if one was.
    changed: Option<u64>,
    last: Option<Last>,
}

/// What the frames come to.
pub(super) struct End {
    pub(super) book: Book,
    pub(super) previous: Hash,
    pub(super) head: Option<SignedHead>,
}

/// The last frame: its segment, its first entry, its checkpoint.
struct Last {
    segment: u64,
    first: u64,
    note: Vec<u8>,
}

impl<'a, S: Sequencer> Replay<'a, S> {
    /// Begins behind what is known without frames.
    pub(super) fn new(
        wal: &'a Path,
        key: &'a VerifierKey,
        tiles: &'a Tiles,
        sequencer: &'a mut S,
        edge: Edge,
    ) -> Self {
        let Edge { tree, observed, snapshot } = edge;
        let previous = (tree.size() == 0).then_some([0; 32]);
        let book = Book::behind(tree);
        Self { wal, key, tiles, sequencer, book, observed, previous, snapshot, changed: None, last: None }
    }

    /// Replays the frames of one segment: where they end, and what follows.
    pub(super) fn segment(&mut self, segment: &Segment) -> Result<(usize, Rest), OpenError> {
        let (Segment { first, bytes, changed }, size) = (segment, self.size());
        let first = *first;
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
        self.changed = *changed;
        self.meet_snapshot()?;
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
        if self.previous.is_some_and(|previous| previous != frame.header.previous) {
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
        self.previous = Some(frame.header_hash);
        self.last = Some(Last { segment, first: size, note: frame.note.to_vec() });
        Ok(())
    }

    fn entry(&mut self, segment: u64, at: u64, index: u64, stored: &Stored<'_>) -> Result<(), OpenError> {
        if self.changed == Some(at + stored.offset as u64) {
            return Err(self.damaged(segment, index, CHANGED.to_owned()));
        }
        if index >= self.observed {
            let observed = self.sequencer.observe(index, &stored.to_entry(), &stored.leaf_hash);
            observed.map_err(|what| self.damaged(segment, index, what))?;
        }
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
        match self.book.tree.leaf(0) {
            _ if same => Ok(()),
            Some(_) => Err("the checkpoint of its batch is of another tree".to_owned()),
            // Which of them, only bundles can tell: that is the verifier's work.
            None => Err(
                "the checkpoint of its batch is of another tree: a tile before it was changed, or the batch"
                    .to_owned(),
            ),
        }
    }

    /// Compares the snapshot with the entries it is of, where those end: it was taken when a segment began.
    fn meet_snapshot(&mut self) -> Result<(), OpenError> {
        let size = self.size();
        let Some(snapshot) = self.snapshot.take_if(|snapshot| snapshot.size == size) else { return Ok(()) };
        let same_root = self.book.tree.root(size) == Some(snapshot.root);
        if !same_root || self.previous.is_some_and(|previous| previous != snapshot.previous) {
            let file = heads::file(self.tiles.sealed.folder(), size);
            return Err(OpenError::Damaged { index: size, file, what: OTHER_SNAPSHOT.to_owned() });
        }
        self.previous = Some(snapshot.previous);
        Ok(())
    }

    /// Decides whether what follows the frames of a segment is what a stop can leave.
    pub(super) fn judge(
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

    /// Compares what was replayed with everything else that is known of the log.
    pub(super) fn finish(mut self, published: Option<&SignedHead>) -> Result<End, OpenError> {
        let size = self.size();
        self.agrees_with_snapshot()?;
        if let Some(head) = published {
            self.agrees_with(head)?;
        }
        if let Some((file, promised)) = self.tiles.sealed.beyond(size).map_err(edge::lost(size))? {
            return Err(OpenError::Damaged { index: size, file, what: left(promised, size) });
        }
        let head = self.last.as_ref().map(|Last { segment, first, note }| {
            SignedHead::open(note, self.key)
                .map_err(|error| self.damaged(*segment, *first, format!("the last checkpoint: {error}")))
        });
        let head = head.transpose()?;
        let first = self.book.first_segment().unwrap_or(0);
        if head.is_none() && first > 0 {
            return Err(self.damaged(first, first, "no batch is left".to_owned()));
        }
        self.seal_before(first)?;
        Ok(End { book: self.book, previous: self.previous.unwrap_or_default(), head })
    }

    /// The bundle that the first segment's first entry stands in is sealed, or the segment before it would be there: it must
    /// have the same entries.
    fn seal_before(&mut self, first: u64) -> Result<(), OpenError> {
        let (size, sealed) = (self.size(), edge::sealed_before(first));
        if sealed > first {
            let number = first / tile::WIDTH_LEAVES;
            let file = tile::hashes_file(self.tiles.sealed.folder(), 0, number);
            let hashes = self.tiles.sealed.hashes(0, number).map_err(edge::lost(first))?;
            let ours = (first..sealed).map(|index| self.book.tree.leaf(index));
            let theirs = hashes.iter().skip((first % tile::WIDTH_LEAVES) as usize);
            let same = ours.zip(theirs).take_while(|(ours, theirs)| ours.as_ref() == Some(theirs)).count();
            let index = first + same as u64;
            if index >= size && index < sealed {
                return Err(OpenError::Damaged { index, file, what: left(sealed, size) });
            }
            if index < sealed {
                return Err(OpenError::Damaged { index, file, what: "another entry was sealed".to_owned() });
            }
        }
        self.book.seal(sealed);
        Ok(())
    }

    /// Whether the snapshot is of this tree, if no segment that is there began with it: then one did that was removed, or is missing.
    fn agrees_with_snapshot(&self) -> Result<(), OpenError> {
        let Some(Snapshot { size: promised, root, .. }) = self.snapshot else { return Ok(()) };
        let size = self.size();
        let is_replaced = self.book.first_segment().is_some_and(|first| promised < first);
        let what = if promised > size {
            left(promised, size)
        } else if !is_replaced {
            "no segment begins where the snapshot says that one did".to_owned()
        } else if self.root(promised)? != Some(root) {
            OTHER_SNAPSHOT.to_owned()
        } else {
            return Ok(());
        };
        let file = heads::file(self.tiles.sealed.folder(), promised);
        Err(OpenError::Damaged { index: size.min(promised), file, what })
    }

    /// Whether the published checkpoint is of a tree that this one continues.
    fn agrees_with(&self, published: &SignedHead) -> Result<(), OpenError> {
        let (size, file) = (self.size(), publisher::path(self.tiles.sealed.folder()));
        let what = match self.root(published.size)? {
            Some(root) if root == published.root => return Ok(()),
            Some(_) => "another tree was published".to_owned(),
            None => format!("{} entries were published, {size} are left", published.size),
        };
        Err(OpenError::Damaged { index: size.min(published.size), file, what })
    }

    /// The root over the first entries, with what of them stands in tiles alone; none if there are not so many.
    fn root(&self, size: u64) -> Result<Option<Hash>, OpenError> {
        let nodes = Everywhere { tree: &self.book.tree, tiles: self.tiles, fault: RefCell::default() };
        let root = nodes.root(size);
        nodes.fault.into_inner().map_or(Ok(root), Err)
    }

    pub(super) fn size(&self) -> u64 {
        self.book.tree.size()
    }

    fn damaged(&self, segment: u64, index: u64, what: String) -> OpenError {
        OpenError::Damaged { index, file: segment::path(self.wal, segment), what }
    }
}

fn left(promised: u64, size: u64) -> String {
    format!("there were {promised} entries, {size} are left")
}

const OTHER_SNAPSHOT: &str = "the snapshot is of another log than the entries before it";

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
