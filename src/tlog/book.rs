//! What the writer and its readers share: the tree, where each entry stands, the newest durable head, the log's health.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::crypto::digest::Hash;

use super::Entry;
use super::Unavailable;
use super::checkpoint::SignedHead;
use super::disk::Disk;
use super::frame::ENTRY_HEADER_BYTES;
use super::frame::Stored;
use super::heads::Snapshot;
use super::merkle::Nodes;
use super::merkle::Tree;
use super::merkle::give_back;
use super::publisher::Published;
use super::reader::Item;
use super::reader::ReadError;
use super::sealed;
use super::sealed::Sealed;
use super::segment;
use super::tile::WIDTH_LEAVES;
use super::tiles::Tiles;

/// How often to look whether what is unsealed has become less, before whoever waits for it is refused: a sealing takes a tenth of a
/// second, and callers wait no longer than this in all.
const SEALING_LOOKS: usize = 100;

/// How long to wait between two looks.
const SEALING_LOOK_EVERY: Duration = Duration::from_millis(10);

/// The tree and the places of its entries, as far as they are not sealed.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) tree: Tree,
    /// How many entries are sealed: their tiles, bundles and annexes are durable.
    pub(super) sealed: u64,
    // Invariant: one offset a leaf of the tree from this index on; an entry stands in the last segment whose first index is not
    // above its own.
    from: u64,
    offsets: VecDeque<u64>,
    segments: VecDeque<u64>,
}

/// Entries that follow each other in one segment.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) segment: u64,
    pub(super) first: u64,
    pub(super) places: Vec<(u64, Hash)>,
}

impl Book {
    /// A book whose entries before the tree's size stand in bundles.
    pub(super) fn behind(tree: Tree) -> Self {
        Self { from: tree.size(), tree, ..Self::default() }
    }

    /// Notes that a segment begins with this index.
    pub(super) fn begin_segment(&mut self, first: u64) {
        if self.segments.back() != Some(&first) {
            self.segments.push_back(first);
        }
    }

    /// Adds an entry that begins at this offset of the newest segment.
    pub(super) fn push(&mut self, leaf_hash: Hash, offset: u64) {
        self.tree.push(leaf_hash);
        self.offsets.push_back(offset);
    }

    /// Notes that so many entries are sealed, and lets go of what their files tell.
    pub(super) fn seal(&mut self, sealed: u64) {
        self.sealed = sealed;
        self.tree.prune(sealed);
        let gone = usize::try_from(sealed.saturating_sub(self.from)).unwrap_or(usize::MAX);
        let gone = gone.min(self.offsets.len());
        self.offsets.drain(..gone);
        give_back(&mut self.offsets);
        self.from += gone as u64;
    }

    /// The first segment, if another follows it and begins at or before `index`.
    pub(super) fn segment_before(&self, index: u64) -> Option<u64> {
        self.segments.get(1).filter(|next| **next <= index).and_then(|_| self.segments.front().copied())
    }

    /// The first index of the first segment.
    pub(super) fn first_segment(&self) -> Option<u64> {
        self.segments.front().copied()
    }

    /// Forgets the first segment.
    pub(super) fn drop_segment(&mut self) {
        self.segments.pop_front();
    }

    /// The entries from `from` to before `end` in the segments where they stand; nothing if one stands in none.
    pub(super) fn runs(&self, from: u64, end: u64) -> Option<Vec<Run>> {
        let mut runs: Vec<Run> = Vec::new();
        for index in from..end {
            let (segment, offset, leaf_hash) = self.place(index)?;
            match runs.last_mut().filter(|run| run.segment == segment) {
                Some(run) => run.places.push((offset, leaf_hash)),
                None => runs.push(Run { segment, first: index, places: vec![(offset, leaf_hash)] }),
            }
        }
        Some(runs)
    }

    fn place(&self, index: u64) -> Option<(u64, u64, Hash)> {
        let before = self.segments.partition_point(|first| *first <= index).checked_sub(1)?;
        let offset = self.offsets.get(usize::try_from(index.checked_sub(self.from)?).ok()?)?;
        Some((*self.segments.get(before)?, *offset, self.tree.leaf(index)?))
    }
}

/// One log, seen by its committer, its publisher and everybody who asks it something.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    folder: PathBuf,
    wal: PathBuf,
    // Invariant: what the head covers is durable. The book may already hold a batch more; nobody is shown it.
    head: ArcSwap<SignedHead>,
    book: RwLock<Book>,
    pub(super) tiles: Tiles,
    /// The bundle that was read last: whoever asks for one of its entries asks for the next.
    bundle: Mutex<Option<(u64, Arc<[Entry]>)>>,
    /// The newest state of the sequencer that is yet to be written.
    snapshot: Mutex<Option<Snapshot>>,
    /// Held while it is brought up to date: by one at a time.
    published: Mutex<Published>,
    poisoned: AtomicBool,
    crowded: AtomicBool,
}

impl Shared {
    pub(super) fn new(disk: Arc<dyn Disk>, folder: &Path, head: SignedHead, book: Book) -> Self {
        let sealed = Sealed::new(Arc::clone(&disk), folder);
        Self {
            disk,
            folder: folder.to_owned(),
            wal: super::wal(folder),
            head: ArcSwap::from_pointee(head),
            book: RwLock::new(book),
            tiles: Tiles::new(sealed),
            bundle: Mutex::default(),
            snapshot: Mutex::default(),
            published: Mutex::default(),
            poisoned: AtomicBool::new(false),
            crowded: AtomicBool::new(false),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn wal(&self) -> &Path {
        &self.wal
    }

    pub(super) fn head(&self) -> Arc<SignedHead> {
        self.head.load_full()
    }

    pub(super) fn advance(&self, head: Arc<SignedHead>) {
        self.head.store(head);
    }

    pub(super) fn book(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn book_mut(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no more than `most` entries are unsealed, now or soon; waits a while if there are more.
    pub(super) fn waited_for_sealing(&self, most: u64) -> bool {
        let few = || self.head.load().size.saturating_sub(self.book().sealed) <= most;
        few()
            || (0..SEALING_LOOKS).any(|_| {
                thread::sleep(SEALING_LOOK_EVERY);
                few()
            })
    }

    /// Hands on a state of the sequencer to be written; an older one that was not yet is not needed any more.
    pub(super) fn put_snapshot(&self, snapshot: Snapshot) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    /// The state that is to be written.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is durable beside the segments.
    pub(super) fn published(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all writing for the life of the process.
    pub(super) fn poison(&self) {
        self.poisoned.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::SeqCst)
    }

    /// Whether the next segment could not be made.
    pub(super) fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::SeqCst);
    }

    pub(super) fn availability(&self) -> Result<(), Unavailable> {
        if self.is_poisoned() {
            Err(Unavailable::Poisoned)
        } else if self.crowded.load(Ordering::SeqCst) {
            Err(Unavailable::NoRoom)
        } else {
            Ok(())
        }
    }

    /// Reads one durable entry back from the disk, and checks it against the tree.
    pub(super) fn read(&self, index: u64) -> Result<Entry, ReadError> {
        let size = self.head.load().size;
        if index >= size {
            return Err(ReadError::Beyond { index, size });
        }
        let runs = self.book().runs(index, index + 1);
        match runs.map(|runs| self.read_runs(&runs)) {
            Some(Ok(entries)) => entries.into_iter().next().ok_or(ReadError::Beyond { index, size }),
            // It was sealed meanwhile, and its segment removed.
            Some(Err(error)) if error.is_missing() && index < self.book().sealed => self.read_sealed(index),
            Some(Err(error)) => Err(error),
            None => self.read_sealed(index),
        }
    }

    /// Reads entries that stand in segments back from the disk, with their leaf hashes; nothing where one of them is sealed.
    pub(super) fn read_newest(&self, from: u64, end: u64) -> Result<Option<Vec<Item>>, ReadError> {
        let size = self.head.load().size;
        if end > size {
            return Err(ReadError::Beyond { index: end, size });
        }
        let Some(runs) = self.book().runs(from, end) else { return Ok(None) };
        let entries = match self.read_runs(&runs) {
            // They were sealed meanwhile, and their segment removed.
            Err(error) if error.is_missing() && from < self.book().sealed => return Ok(None),
            entries => entries?,
        };
        let hashes = runs.iter().flat_map(|run| run.places.iter().map(|(_, hash)| *hash));
        let items = (from..end).zip(entries).zip(hashes);
        Ok(Some(items.map(|((index, entry), hash)| (index, entry, hash)).collect()))
    }

    fn read_sealed(&self, index: u64) -> Result<Entry, ReadError> {
        let (number, at) = (index / WIDTH_LEAVES, index % WIDTH_LEAVES);
        let entries = match self.bundle_read_last(number) {
            Some(entries) => entries,
            None => self.read_bundle(number)?,
        };
        let entry = usize::try_from(at).ok().and_then(|at| entries.get(at).cloned());
        entry.ok_or(ReadError::Beyond { index, size: number * WIDTH_LEAVES })
    }

    fn read_bundle(&self, number: u64) -> Result<Arc<[Entry]>, ReadError> {
        let entries: Arc<[Entry]> = self.tiles.sealed.entries(number, &self.leaves(number)?)?.into();
        *self.bundle.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, Arc::clone(&entries)));
        Ok(entries)
    }

    fn bundle_read_last(&self, number: u64) -> Option<Arc<[Entry]>> {
        let last = self.bundle.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(own, _)| *own == number).map(|(_, entries)| Arc::clone(entries))
    }

    /// Reads entries from their segments, and checks them against the tree.
    pub(super) fn read_runs(&self, runs: &[Run]) -> Result<Vec<Entry>, ReadError> {
        let mut entries = Vec::new();
        for run in runs {
            self.read_run(run, &mut entries)?;
        }
        Ok(entries)
    }

    fn read_run(&self, run: &Run, entries: &mut Vec<Entry>) -> Result<(), ReadError> {
        let file = segment::path(&self.wal, run.segment);
        let (Some((begin, _)), Some((last, _))) = (run.places.first(), run.places.last()) else {
            return Ok(());
        };
        let damaged = |index: u64, what: &str| sealed::damaged(index, &file, what);
        let read = |offset, length| {
            let bytes = self.disk.read_at(&file, offset, length);
            bytes.map_err(|source| ReadError::Disk { file: file.clone(), source })
        };
        let length = Stored::length(&read(*last, ENTRY_HEADER_BYTES)?);
        let length = length.ok_or_else(|| damaged(run.first, "its lengths were changed"))?;
        // Between two entries there is at most the end of one frame and the beginning of the next.
        let bytes = read(*begin, usize::try_from(last - begin).unwrap_or(usize::MAX) + length)?;
        for (index, (offset, leaf_hash)) in (run.first..).zip(&run.places) {
            let from = usize::try_from(offset - begin).unwrap_or(usize::MAX);
            let stored = bytes.get(from..).and_then(Stored::read);
            let stored = stored.filter(|stored| stored.leaf_hash == *leaf_hash && stored.is_whole());
            entries.push(stored.ok_or_else(|| damaged(index, "its bytes were changed"))?.to_entry());
        }
        Ok(())
    }

    /// The leaf hashes of a sealed bundle, as its tile has them.
    pub(super) fn leaves(&self, number: u64) -> Result<Vec<Hash>, ReadError> {
        self.tiles.leaves(number, &|level, position| self.book().tree.node(level, position))
    }

    /// What the nodes of the tree prove, wherever they are: first told which it asks for, then given them. Nothing is read from
    /// the disk while the book is held: the committer waits for nobody's disk.
    pub(super) fn prove<T>(&self, proof: impl Fn(&dyn Nodes) -> Option<T>) -> Result<Option<T>, ReadError> {
        let wishes = Wishes { size: self.head.load().size, asked: RefCell::default() };
        if proof(&wishes).is_none() {
            return Ok(None);
        }
        let mut known = Known { size: wishes.size, nodes: HashMap::new() };
        let mut elsewhere = Vec::new();
        let book = self.book();
        for (level, position) in wishes.asked.into_inner() {
            match book.tree.node(level, position) {
                Some(hash) => _ = known.nodes.insert((level, position), hash),
                None => elsewhere.push((level, position)),
            }
        }
        drop(book);
        let memory = |level, position| self.book().tree.node(level, position);
        for (level, position) in elsewhere {
            known.nodes.insert((level, position), self.tiles.node(level, position, &memory)?);
        }
        Ok(proof(&known))
    }
}

/// Nodes that are only asked for.
struct Wishes {
    size: u64,
    asked: RefCell<Vec<(u32, u64)>>,
}

impl Nodes for Wishes {
    fn size(&self) -> u64 {
        self.size
    }

    fn node(&self, level: u32, position: u64) -> Option<Hash> {
        self.asked.borrow_mut().push((level, position));
        Some(Hash::default())
    }
}

/// Nodes that were gathered.
struct Known {
    size: u64,
    nodes: HashMap<(u32, u64), Hash>,
}

impl Nodes for Known {
    fn size(&self) -> u64 {
        self.size
    }

    fn node(&self, level: u32, position: u64) -> Option<Hash> {
        self.nodes.get(&(level, position)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::Ed25519Key;
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::disk::OsDisk;
    use crate::tlog::merkle::leaf_hash;
    use crate::tlog::note::Signer;

    #[test]
    fn who_appends_waits_for_sealing_only_while_too_much_is_unsealed() {
        let mut book = Book::default();
        (0..300_u64).for_each(|n| book.push(leaf_hash(&n.to_be_bytes()), n));
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        let origin: crate::id::Origin = "gw.example/2026".parse().unwrap();
        let checkpoint = Checkpoint { origin: origin.clone(), size: 300, root: book.tree.root(300).unwrap() };
        let head = SignedHead::sign(checkpoint, &Signer::new(&origin, key));
        let shared = Shared::new(Arc::new(OsDisk), Path::new("log"), head, book);
        assert!(shared.waited_for_sealing(300));
        assert!(!shared.waited_for_sealing(299), "nobody seals: it gives up");
        shared.book_mut().seal(256);
        assert!(shared.waited_for_sealing(44));
    }
}
