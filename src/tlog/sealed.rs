//! What is sealed, read back: full tiles, full bundles and their annexes, as they lie on the disk.
//!
//! Nothing here is believed by itself: a tile must agree with the tile above it ([`super::tiles`]), a leaf with its tile.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::crypto::digest::Hash;

use super::Entry;
use super::bundle;
use super::disk::Disk;
use super::merkle::leaf_hash;
use super::reach;
use super::reader::ReadError;
use super::tile;
use super::tile::HASH_BYTES;
use super::tile::Kind;
use super::tile::LEVEL_MAX;
use super::tile::TilePath;
use super::tile::WIDTH;
use super::tile::WIDTH_LEAVES;

/// The sealed part of a log's folder.
#[derive(Clone)]
pub(super) struct Sealed {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Sealed {
    pub(super) fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        Self { disk, folder: folder.to_owned() }
    }

    /// The hashes of a full tile.
    pub(super) fn hashes(&self, level: u8, number: u64) -> Result<Vec<Hash>, ReadError> {
        let file = tile::hashes_file(&self.folder, level, number);
        let bytes = self.read(&file)?;
        let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
        if hashes.len() != usize::from(WIDTH) || !rest.is_empty() {
            let index = first_leaf(level, number);
            return Err(damaged(index, &file, "a tile has 256 hashes of 32 bytes"));
        }
        Ok(hashes.to_vec())
    }

    /// A full bundle, unpacked, each leaf checked against the hashes that its tile has.
    pub(super) fn bundle(&self, number: u64, hashes: &[Hash]) -> Result<Vec<u8>, ReadError> {
        let (file, first) = (tile::entries_file(&self.folder, number), number * WIDTH_LEAVES);
        let bytes = bundle::unpack(&self.read(&file)?).unwrap_or_default();
        let leaves = bundle::decode(&bytes);
        let leaves = leaves.ok_or_else(|| damaged(first, &file, "it does not unpack to 256 entries"))?;
        match leaves.iter().zip(hashes).position(|(leaf, hash)| leaf_hash(leaf) != *hash) {
            Some(at) => {
                Err(damaged(first + at as u64, &file, "its bytes are not those that its tile was made of"))
            }
            None => Ok(bytes),
        }
    }

    /// The entries of a full bundle with their annexes, each leaf checked against the hashes that its tile has.
    pub(super) fn entries(&self, number: u64, hashes: &[Hash]) -> Result<Vec<Entry>, ReadError> {
        let bytes = self.bundle(number, hashes)?;
        let leaves = bundle::decode(&bytes).unwrap_or_default();
        let annexes = self.annexes(number)?;
        let entry = |(leaf, annex): (&[u8], Vec<u8>)| Entry { leaf: leaf.to_vec(), annex };
        Ok(leaves.into_iter().zip(annexes).map(entry).collect())
    }

    /// The annexes of a bundle from all shelves; empty where there is none, and where a shelf was cleared.
    fn annexes(&self, number: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut annexes = vec![Vec::new(); usize::from(WIDTH)];
        for shelf in self.shelves()? {
            let file = tile::annex_file(&self.folder, &shelf, number);
            let bytes = match self.read(&file) {
                Err(error) if error.is_missing() => continue,
                bytes => bytes?,
            };
            let first = number * WIDTH_LEAVES;
            let items = bundle::decode(&bytes)
                .ok_or_else(|| damaged(first, &file, "it does not consist of 256 annexes"))?;
            for ((at, annex), item) in (first..).zip(&mut annexes).zip(items) {
                if !annex.is_empty() && !item.is_empty() {
                    return Err(damaged(at, &file, "its annex stands on another shelf, too"));
                }
                annex.extend_from_slice(item);
            }
        }
        Ok(annexes)
    }

    fn shelves(&self) -> Result<Vec<String>, ReadError> {
        let folder = tile::annexes(&self.folder);
        match self.disk.list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names.map_err(|source| ReadError::Disk { file: folder, source }),
        }
    }

    /// A sealed file of entries that a log of this size does not have, and how many entries there were when it was sealed.
    pub(super) fn beyond(&self, size: u64) -> Result<Option<(PathBuf, u64)>, ReadError> {
        let mut tops = vec![(tile::entries_top(&self.folder), ".gz", Kind::Entries)];
        tops.extend(
            (0..=LEVEL_MAX).map(|level| (tile::hashes_top(&self.folder, level), "", Kind::Hashes(level))),
        );
        let shelves = self.shelves()?.into_iter();
        tops.extend(shelves.map(|shelf| (tile::annexes(&self.folder).join(shelf), "", Kind::Entries)));
        for (top, ending, kind) in tops {
            let last = reach::last(self.disk.as_ref(), &top, ending);
            let last = last.map_err(|source| ReadError::Disk { file: top.clone(), source })?;
            let Some(number) = last else { continue };
            let entries = TilePath::full(kind, number.saturating_add(1)).first_leaf();
            if entries > size {
                return Ok(Some((top.join(format!("{}{ending}", tile::numbered(number))), entries)));
            }
        }
        Ok(None)
    }

    fn read(&self, file: &Path) -> Result<Vec<u8>, ReadError> {
        self.disk.read(file).map_err(|source| ReadError::Disk { file: file.to_owned(), source })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The index of the first leaf below a tile.
pub(super) fn first_leaf(level: u8, number: u64) -> u64 {
    tile::TilePath::full(tile::Kind::Hashes(level), number).first_leaf()
}

pub(super) fn damaged(index: u64, file: &Path, what: &str) -> ReadError {
    ReadError::Damaged { index, file: file.to_owned(), what: what.to_owned() }
}
