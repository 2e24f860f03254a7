//! Logs that were closed for good and lie where `keys rotate` put them: what they hold is proven to whom it is of, each under the last head
//! it ever had.
//!
//! Nothing here is believed for lying in a folder. The log that followed says of the one before it how large it was, under which root and by
//! which key; what is told of it leads to that very head, or is not told.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::id::Origin;
use crate::tlog::Entry;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::disk::OsDisk;
use crate::tlog::merkle::Nodes as _;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::merkle::verify_inclusion;
use crate::tlog::note::VerifierKey;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::Scan;
use crate::tlog::reader::scan_from;
use crate::tlog::witness::kept::Kept;

use super::older::Older as _;
use super::older::Scanned;
use super::receipt::LeafAndPath;
use super::receipt::Proving;
use super::record::Predecessor;
use super::tree::FolderTree;

/// Entries that are read over rather than looked for: four bundles.
const CLOSE: u64 = 1024;

/// A log that was closed for good.
#[derive(Debug)]
pub struct ClosedLog {
    folder: PathBuf,
    head: SignedHead,
    /// The last head under which witnesses have put their names, with those.
    cosigned: Option<SignedHead>,
    successor: Origin,
    places: Scanned,
    /// The last `seq` of each agency whose entries were read to the end.
    last: Mutex<HashMap<AgencyId, u64>>,
}

impl ClosedLog {
    /// The log in a folder, if it is the one that its successor says it followed. Blocks on the disk.
    #[must_use]
    pub fn open(
        folder: &Path,
        before: &Predecessor,
        successor: Origin,
        witnesses: &[&CosignerKey],
    ) -> Option<Self> {
        let key: VerifierKey = before.vkey.parse().ok()?;
        let note = std::fs::read(folder.join("checkpoint")).ok()?;
        let head = SignedHead::open(&note, &key).ok()?;
        let is_it = head.origin.as_str() == before.origin
            && (head.size, hex(&head.root)) == (before.size, before.root.clone());
        let kept = Kept::open(Arc::new(OsDisk), folder, &key, witnesses);
        let cosigned = kept.best().map(|best| SignedHead { note: best.note(), ..best.head.clone() });
        is_it.then(|| Self {
            folder: folder.to_owned(),
            cosigned,
            successor,
            places: Scanned::new(folder.to_owned()),
            last: Mutex::default(),
            head,
        })
    }

    /// Its name.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.head.origin
    }

    /// The name of the log that followed.
    #[must_use]
    pub fn successor(&self) -> &Origin {
        &self.successor
    }

    /// Its last head.
    #[must_use]
    pub fn head(&self) -> &SignedHead {
        &self.head
    }

    /// The last head that witnesses have cosigned, if there is one.
    #[must_use]
    pub fn cosigned(&self) -> Option<&SignedHead> {
        self.cosigned.as_ref()
    }

    /// What the log says it followed.
    ///
    /// # Errors
    /// Its first entry cannot be read.
    pub fn first(&self) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.reading().entry(0, self.head.size)?.map(|(leaf, _)| leaf))
    }

    /// The entries of an exchange, in order, as far as they stand in that agency's chain; in whosever, where none is named. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// They could not be looked for.
    pub fn of_exchange(&self, id: ExchangeId, whose: Option<&AgencyId>) -> Result<Vec<u64>, ReadError> {
        self.places.of_exchange(id, whose, self.head.size)
    }

    /// An agency's entries after its `seq`, in order, at most so many. Blocks on the disk.
    ///
    /// # Errors
    /// They could not be looked for.
    pub fn of_agency(&self, agency: &AgencyId, after: u64, most: usize) -> Result<Vec<u64>, ReadError> {
        if self.last().get(agency).is_some_and(|last| *last <= after) {
            return Ok(Vec::new());
        }
        let found = self.places.of_agency(agency, after, most, self.head.size)?;
        // Registered agencies alone come here, and nothing is added to this log any more.
        if found.is_empty() {
            self.last().insert(agency.clone(), after);
        }
        Ok(found)
    }

    /// What is proven of it.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        Reading { log: self, tree: FolderTree::of(&self.folder, self.head.size), scan: RefCell::default() }
    }

    fn last(&self) -> MutexGuard<'_, HashMap<AgencyId, u64>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A closed log that is being read, by one reader.
#[derive(Debug)]
pub struct Reading<'a> {
    log: &'a ClosedLog,
    tree: FolderTree,
    /// Where the last entry was read, and the index of the one that comes next.
    scan: RefCell<Option<(u64, Scan)>>,
}

impl Reading<'_> {
    /// Entries are asked for in their order, and often stand close to each other.
    fn read(&self, index: u64) -> Result<Option<Entry>, ReadError> {
        let mut scan = self.scan.borrow_mut();
        let (next, mut open) = match scan.take() {
            Some((next, open)) if (next..next.saturating_add(CLOSE)).contains(&index) => (next, open),
            _ => (index, scan_from(&self.log.folder, index)),
        };
        for _ in next..index {
            open.next().transpose()?;
        }
        let found = open.next().transpose()?;
        *scan = Some((index + 1, open));
        Ok(found.filter(|(at, ..)| *at == index).map(|(_, entry, _)| entry))
    }
}

impl Proving for Reading<'_> {
    fn entry(&self, index: u64, size: u64) -> Result<Option<LeafAndPath>, ReadError> {
        let ClosedLog { folder, head, .. } = self.log;
        let damaged = || ReadError::Damaged {
            index,
            file: folder.clone(),
            what: "it does not lead to the last head of its log".to_owned(),
        };
        if index >= size || size > head.size {
            return Ok(None);
        }
        let entry = self.read(index)?.ok_or_else(damaged)?;
        let whole = self.tree.inclusion(index, head.size).ok_or_else(damaged)?;
        verify_inclusion(&leaf_hash(&entry.leaf), index, head.size, &whole, &head.root)
            .map_err(|_| damaged())?;
        Ok(self.tree.inclusion(index, size).map(|path| (entry.leaf, path)))
    }

    fn growth(&self, from: u64, to: u64) -> Option<Vec<Hash>> {
        self.tree.consistency(from, to)
    }
}
