//! What the writer and its readers share: the tree, where each entry stands, the newest durable head, the log's health.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use arc_swap::ArcSwap;

use crate::crypto::digest::Hash;

use super::Entry;
use super::Unavailable;
use super::checkpoint::SignedHead;
use super::disk::Disk;
use super::frame::ENTRY_HEADER_BYTES;
use super::frame::Stored;
use super::merkle::Tree;
use super::reader::ReadError;
use super::segment;

/// The tree and the places of its entries.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) tree: Tree,
    // Invariant: one offset a leaf of the tree; an entry stands in the last segment whose first index is not above its own.
    offsets: Vec<u64>,
    segments: Vec<u64>,
}

impl Book {
    /// Notes that a segment begins with this index.
    pub(super) fn begin_segment(&mut self, first: u64) {
        if self.segments.last() != Some(&first) {
            self.segments.push(first);
        }
    }

    /// Adds an entry that begins at this offset of the newest segment.
    pub(super) fn push(&mut self, leaf_hash: Hash, offset: u64) {
        self.tree.push(leaf_hash);
        self.offsets.push(offset);
    }

    fn place(&self, index: u64) -> Option<(u64, u64, Hash)> {
        let segment =
            self.segments.get(self.segments.partition_point(|first| *first <= index).checked_sub(1)?)?;
        let offset = self.offsets.get(usize::try_from(index).ok()?)?;
        Some((*segment, *offset, self.tree.leaf(index)?))
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
    poisoned: AtomicBool,
    crowded: AtomicBool,
}

impl Shared {
    pub(super) fn new(disk: Arc<dyn Disk>, folder: &Path, head: SignedHead, book: Book) -> Self {
        Self {
            disk,
            folder: folder.to_owned(),
            wal: super::wal(folder),
            head: ArcSwap::from_pointee(head),
            book: RwLock::new(book),
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
        let place = if index < size { self.book().place(index) } else { None };
        let (first, offset, leaf_hash) = place.ok_or(ReadError::Beyond { index, size })?;
        let file = segment::path(&self.wal, first);
        let read = |length| self.disk.read_at(&file, offset, length);
        let failed = |source| ReadError::Disk { file: file.clone(), source };
        let damaged = |what| ReadError::Damaged { index, file: file.clone(), what };
        let header = read(ENTRY_HEADER_BYTES).map_err(failed)?;
        let length = Stored::length(&header).ok_or_else(|| damaged("its lengths were changed".to_owned()))?;
        let bytes = read(length).map_err(failed)?;
        let stored = Stored::read(&bytes).filter(|stored| stored.is_whole() && stored.leaf_hash == leaf_hash);
        stored.map(Stored::to_entry).ok_or_else(|| damaged("its bytes were changed".to_owned()))
    }
}
