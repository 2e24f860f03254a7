//! The one thread that writes: it drains what waits, finishes and hashes it, extends the tree, signs one checkpoint, writes
//! one frame, syncs once, and only then answers everybody in the batch.
//!
//! There is no artificial delay: while one batch syncs, the next gathers.

use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::PoisonError;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::crypto::digest::Hash;

use super::Entry;
use super::Placed;
use super::Sequencer;
use super::Unavailable;
use super::book::Shared;
use super::checkpoint::Checkpoint;
use super::checkpoint::SignedHead;
use super::disk::DiskFile;
use super::frame::ANNEX_BYTES_MAX;
use super::frame::BATCH_BYTES_MAX;
use super::frame::BATCH_ENTRIES_MAX;
use super::frame::Builder;
use super::frame::ENTRY_BYTES_MAX;
use super::frame::LEAF_BYTES_MAX;
use super::frame::NOTE_BYTES_MAX;
use super::frame::OVERHEAD_BYTES_MAX;
use super::frame::TRAILER_BYTES;
use super::heads::Snapshot;
use super::log::Last;
use super::merkle::Paths;
use super::merkle::leaf_hash;
use super::note::Signer;
use super::spare::NotTaken;
use super::spare::Spare;

/// How many entries may be unsealed when a segment begins: each takes some hundred bytes of memory, and a microsecond of the next start
/// after a crash, whose bound this is. Whoever appends faster than the disk seals for minutes waits for it from here on.
const UNSEALED_MAX: u64 = 1 << 21;

/// What a waiter gets.
pub(super) type Answer = Result<Placed, Unavailable>;

/// A draft on its way to its place.
#[derive(Debug)]
pub(super) struct Job<D> {
    pub(super) draft: D,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// The segment that is being written.
pub(super) struct Segment {
    pub(super) file: Box<dyn DiskFile>,
    // Invariant: every byte before `end` is durable, every byte from it on is zero.
    pub(super) end: u64,
    pub(super) length: u64,
}

impl Segment {
    fn room(&self) -> usize {
        usize::try_from(self.length.saturating_sub(self.end)).unwrap_or(usize::MAX)
    }
}

struct Waiter {
    reply: oneshot::Sender<Answer>,
    index: u64,
    leaf: Bytes,
    leaf_hash: Hash,
    offset: usize,
}

/// The state that only this thread touches.
pub(super) struct Committer<S: Sequencer> {
    shared: Arc<Shared>,
    spare: Arc<Spare>,
    sequencer: S,
    signer: Signer,
    clock: Clock,
    segment: Segment,
    segment_bytes: u64,
    head: Arc<SignedHead>,
    /// What proves the batch that `head` was signed for.
    paths: Arc<Paths>,
    previous: Hash,
    frame: Builder,
    batch: Vec<Waiter>,
}

/// What recovery hands to the committer.
pub(super) struct Start<S> {
    pub(super) sequencer: S,
    pub(super) signer: Signer,
    pub(super) clock: Clock,
    pub(super) segment: Segment,
    pub(super) segment_bytes: u64,
    pub(super) previous: Hash,
}

impl<S: Sequencer> Committer<S> {
    pub(super) fn new(shared: Arc<Shared>, spare: Arc<Spare>, start: Start<S>) -> Self {
        let Start { sequencer, signer, clock, segment, segment_bytes, previous } = start;
        let (head, paths, frame, batch) = (shared.head(), Arc::default(), Builder::default(), Vec::new());
        Self {
            shared,
            spare,
            sequencer,
            signer,
            clock,
            segment,
            segment_bytes,
            head,
            paths,
            previous,
            frame,
            batch,
        }
    }

    /// Commits until nobody can append any more: the log was closed or forgotten, and no place is held. Then the last entry.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job<S::Draft>>, last: &Last<S::Draft>) {
        while let Some(job) = jobs.blocking_recv() {
            self.guarded_turn(job, &mut jobs);
        }
        let last = last.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(job) = last {
            self.guarded_turn(job, &mut jobs);
        }
    }

    /// What a panic leaves half done is never used again: a poisoned log only answers that it is poisoned, and it must go on to
    /// answer.
    fn guarded_turn(&mut self, job: Job<S::Draft>, jobs: &mut mpsc::Receiver<Job<S::Draft>>) {
        if catch_unwind(AssertUnwindSafe(|| self.turn(job, jobs))).is_err() {
            self.poison(&io::Error::other("the committer panicked"));
            self.batch.clear();
        }
    }

    fn turn(&mut self, first: Job<S::Draft>, jobs: &mut mpsc::Receiver<Job<S::Draft>>) {
        if let Err(why) = self.make_room() {
            answer(first.reply, Err(why));
            return;
        }
        self.fill(first, jobs);
        if self.batch.is_empty() {
            return;
        }
        match self.write() {
            Ok(()) => self.answer_all(),
            Err(error) => {
                self.poison(&error);
                self.batch.drain(..).for_each(|waiter| answer(waiter.reply, Err(Unavailable::Poisoned)));
            }
        }
    }

    /// Sees to it that the largest entry fits, before anything is finished: what finds no room has then changed nothing.
    fn make_room(&mut self) -> Result<(), Unavailable> {
        if self.shared.is_poisoned() {
            return Err(Unavailable::Poisoned);
        }
        if self.segment.room() >= OVERHEAD_BYTES_MAX + ENTRY_BYTES_MAX {
            return Ok(());
        }
        if !self.shared.waited_for_sealing(UNSEALED_MAX) {
            return Err(Unavailable::NoRoom);
        }
        match self.spare.take(&self.shared, self.head.size) {
            Ok(file) => {
                self.segment = Segment { file, end: 0, length: self.segment_bytes };
                self.shared.book_mut().begin_segment(self.head.size);
                self.shared.put_snapshot(self.snapshot());
                Ok(())
            }
            Err(NotTaken::NoRoom) => Err(Unavailable::NoRoom),
            Err(NotTaken::Disk(error)) => {
                self.poison(&error);
                Err(Unavailable::Poisoned)
            }
        }
    }

    /// What the next start need not replay the entries before this segment for.
    fn snapshot(&self) -> Snapshot {
        let (size, root, state) = (self.head.size, self.head.root, self.sequencer.snapshot());
        Snapshot { size, previous: self.previous, root, state }
    }

    /// Fills the frame with what waits, in the order of arrival.
    fn fill(&mut self, first: Job<S::Draft>, jobs: &mut mpsc::Receiver<Job<S::Draft>>) {
        let limit = BATCH_BYTES_MAX.min(self.segment.room() - NOTE_BYTES_MAX - TRAILER_BYTES);
        let now = self.clock.now();
        self.frame.begin();
        let mut next = Some(first);
        while let Some(job) = next {
            self.place(job, now);
            let fits = self.batch.len() < BATCH_ENTRIES_MAX && self.frame.len() + ENTRY_BYTES_MAX <= limit;
            next = if fits { jobs.try_recv().ok() } else { None };
        }
    }

    fn place(&mut self, job: Job<S::Draft>, now: Timestamp) {
        let index = self.head.size + self.batch.len() as u64;
        let entry = self.sequencer.finish(index, now, job.draft);
        let leaf_hash = leaf_hash(&entry.leaf);
        let fits = within_caps(&entry);
        if let Err(why) = fits.and_then(|()| self.sequencer.observe(index, &entry, &leaf_hash)) {
            tracing::error!(index, why, "an entry was refused before it was written");
            answer(job.reply, Err(Unavailable::Refused(why)));
            return;
        }
        let offset = self.frame.push(&entry, &leaf_hash);
        self.batch.push(Waiter { reply: job.reply, index, leaf: entry.leaf.into(), leaf_hash, offset });
    }

    /// Writes the batch. After an error it is not known what of it is durable.
    fn write(&mut self) -> io::Result<()> {
        let (checkpoint, paths) = self.extend_tree()?;
        // Signed before the sync, told to nobody before it: a checkpoint lost with its frame was never seen.
        let head = Arc::new(SignedHead::sign(checkpoint, &self.signer));
        let (bytes, header_hash) = self.frame.seal(self.head.size, &head.note, self.previous);
        self.segment.file.write_at(self.segment.end, bytes)?;
        // Stopping before the sync ends leaves a torn last batch, or a whole one, that nobody was told of.
        self.segment.file.sync()?;
        // Stopping from here on leaves the batch; those it concerns ask for it again.
        self.segment.end += bytes.len() as u64;
        self.previous = header_hash;
        self.shared.advance(Arc::clone(&head));
        (self.head, self.paths) = (head, Arc::new(paths));
        Ok(())
    }

    /// Adds the batch to the tree: the checkpoint over it, and what proves its entries.
    fn extend_tree(&self) -> io::Result<(Checkpoint, Paths)> {
        let mut book = self.shared.book_mut();
        for waiter in &self.batch {
            book.push(waiter.leaf_hash, self.segment.end + waiter.offset as u64);
        }
        let size = book.tree.size();
        // Invariant: a tree has a root at its own size.
        let root = book.tree.root(size).ok_or_else(|| io::Error::other("the tree has no root"))?;
        let paths = book.tree.paths(self.head.size);
        Ok((Checkpoint { origin: self.head.origin.clone(), size, root }, paths))
    }

    fn answer_all(&mut self) {
        for Waiter { reply, index, leaf, leaf_hash, offset: _ } in self.batch.drain(..) {
            let (head, paths) = (Arc::clone(&self.head), Arc::clone(&self.paths));
            answer(reply, Ok(Placed { index, leaf, leaf_hash, head, paths }));
        }
    }

    fn poison(&self, error: &io::Error) {
        tracing::error!(%error, index = self.head.size, "the log cannot be written and takes nothing more");
        self.shared.poison();
    }
}

/// Gives a waiter its answer. One that no longer waits has its entry in the log all the same.
fn answer(reply: oneshot::Sender<Answer>, answer: Answer) {
    let _ = reply.send(answer);
}

fn within_caps(entry: &Entry) -> Result<(), String> {
    let over = |what: &str, length, cap| Err(format!("the {what} has {length} bytes, more than {cap}"));
    if entry.leaf.len() > LEAF_BYTES_MAX {
        return over("leaf", entry.leaf.len(), LEAF_BYTES_MAX);
    }
    if entry.annex.len() > ANNEX_BYTES_MAX {
        return over("annex", entry.annex.len(), ANNEX_BYTES_MAX);
    }
    Ok(())
}
