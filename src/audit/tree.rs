//! The tree of a log's folder: from its hash tiles and, behind the last full one, from its newest leaves. What it tells is held against a
//! signed head before anybody relies on it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use crate::crypto::digest::Hash;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::merkle::Nodes;
use crate::tlog::merkle::node_hash;
use crate::tlog::merkle::verify_inclusion;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan_from;
use crate::tlog::tile::Kind;
use crate::tlog::tile::TilePath;
use crate::tlog::tile::WIDTH_LEAVES;

/// How many levels of the tree a tile spans.
const LEVELS: u32 = WIDTH_LEAVES.trailing_zeros();

/// Tiles by level and number.
type Tiles = HashMap<(u8, u64), Rc<[Hash]>>;

/// Why a head is not shown to be of a folder, or to cover an entry.
#[derive(Debug, thiserror::Error)]
pub enum NotUnder {
    /// The folder cannot be read.
    #[error("the log cannot be read")]
    Unread(#[from] ReadError),
    /// Its entries make another tree.
    #[error("the log's entries do not make this head")]
    OtherTree,
}

/// The tree over the first so many entries of a folder.
#[derive(Debug)]
pub struct FolderTree {
    log: PathBuf,
    size: u64,
    /// Tiles that were read or made: a few for each proof.
    tiles: RefCell<Tiles>,
    /// Why a part could not be read, the last time.
    unread: RefCell<Option<ReadError>>,
}

impl FolderTree {
    /// The tree over the first `size` entries.
    #[must_use]
    pub fn of(log: &Path, size: u64) -> Self {
        Self { log: log.to_owned(), size, tiles: RefCell::default(), unread: RefCell::default() }
    }

    /// The tree of a head, made again from the folder.
    ///
    /// # Errors
    /// The folder cannot be read, or its tree is another one.
    pub fn under(log: &Path, head: &SignedHead) -> Result<Self, NotUnder> {
        let tree = Self::of(log, head.size);
        if tree.root(head.size) == Some(head.root) { Ok(tree) } else { Err(tree.not_under()) }
    }

    /// The path from an entry of this leaf hash up to a head of this tree, which was followed.
    ///
    /// # Errors
    /// The folder cannot be read, or the path does not lead from one to the other.
    pub fn path(&self, index: u64, leaf: &Hash, head: &SignedHead) -> Result<Vec<Hash>, NotUnder> {
        let path = self.inclusion(index, head.size).ok_or_else(|| self.not_under())?;
        verify_inclusion(leaf, index, head.size, &path, &head.root).map_err(|_| NotUnder::OtherTree)?;
        Ok(path)
    }

    /// Why a part was not told: it could not be read, or is not there.
    fn not_under(&self) -> NotUnder {
        self.unread.borrow_mut().take().map_or(NotUnder::OtherTree, NotUnder::Unread)
    }

    /// The hashes of a tile, as many as the tree's size fills.
    fn tile(&self, level: u8, number: u64) -> Option<Rc<[Hash]>> {
        if let Some(tile) = self.tiles.borrow().get(&(level, number)) {
            return Some(Rc::clone(tile));
        }
        let first = number.checked_mul(WIDTH_LEAVES)?;
        let filled = self.size.checked_shr(LEVELS * u32::from(level)).unwrap_or(0);
        let width = filled.checked_sub(first).filter(|width| *width > 0)?.min(WIDTH_LEAVES);
        let tile: Rc<[Hash]> = match self.file(level, number) {
            Some(tile) => tile.get(..usize::try_from(width).ok()?)?.into(),
            None => match level.checked_sub(1) {
                Some(below) => (first..first + width)
                    .map(|at| Some(folded(&self.tile(below, at)?)))
                    .collect::<Option<_>>()?,
                None => self.leaves(first, width)?.into(),
            },
        };
        self.tiles.borrow_mut().insert((level, number), Rc::clone(&tile));
        Some(tile)
    }

    fn file(&self, level: u8, number: u64) -> Option<Vec<Hash>> {
        let file = self.log.join(TilePath::full(Kind::Hashes(level), number).to_string());
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => return None,
            Err(source) => {
                *self.unread.borrow_mut() = Some(ReadError::Disk { file, source });
                return None;
            }
        };
        let (hashes, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && hashes.len() as u64 == WIDTH_LEAVES).then(|| hashes.to_vec())
    }

    fn leaves(&self, first: u64, width: u64) -> Option<Vec<Hash>> {
        let items = scan_from(&self.log, first).take(usize::try_from(width).ok()?);
        let hashes = items.map(|item| item.map(|item| item.2)).collect::<Result<Vec<_>, _>>();
        let hashes = hashes.map_err(|cause| *self.unread.borrow_mut() = Some(cause)).ok()?;
        (hashes.len() as u64 == width).then_some(hashes)
    }
}

impl Nodes for FolderTree {
    fn size(&self) -> u64 {
        self.size
    }

    fn node(&self, level: u32, position: u64) -> Option<Hash> {
        // Complete subtrees only: the one must end where the tree does, or before.
        let end = position.checked_add(1)?.checked_mul(1_u64.checked_shl(level)?)?;
        if end > self.size {
            return None;
        }
        let (tile_level, within) = (u8::try_from(level / LEVELS).ok()?, level % LEVELS);
        let first = position << within;
        let tile = self.tile(tile_level, first / WIDTH_LEAVES)?;
        let from = usize::try_from(first % WIDTH_LEAVES).ok()?;
        Some(folded(tile.get(from..from + (1 << within))?))
    }
}

/// The hash over a row of a power of two.
fn folded(row: &[Hash]) -> Hash {
    let mut row = row.to_vec();
    while row.len() > 1 {
        let (pairs, _) = row.as_chunks::<2>();
        row = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::merkle::Tree;
    use crate::tlog::merkle::leaf_hash;

    /// A folder with all full tiles of so many leaves.
    fn folder(leaves: &[Hash]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (mut row, mut level) = (leaves.to_vec(), 0);
        while row.len() >= 256 {
            let (tiles, _) = row.as_chunks::<256>();
            for (number, tile) in (0..).zip(tiles) {
                let file = folder.path().join(TilePath::full(Kind::Hashes(level), number).to_string());
                crate::crypto::keyfile::write_new(&file, &tile.concat()).unwrap();
            }
            (row, level) = (tiles.iter().map(|tile| folded(tile)).collect(), level + 1);
        }
        folder
    }

    #[test]
    fn roots_and_proofs_from_tiles_are_those_of_the_tree_in_memory() {
        let leaves: Vec<Hash> = (0..66_048_u64).map(|number| leaf_hash(&number.to_be_bytes())).collect();
        let mut known = Tree::default();
        leaves.iter().for_each(|leaf| known.push(*leaf));
        let folder = folder(&leaves);
        for size in [256, 512, 65_536, 65_792, 66_048] {
            let tree = FolderTree::of(folder.path(), size);
            assert_eq!(tree.root(size), known.root(size), "{size}");
            for index in [0, 1, 255, 256, 300, 65_535, 65_536, 66_047].into_iter().filter(|at| *at < size) {
                assert_eq!(tree.inclusion(index, size), known.inclusion(index, size), "{index} of {size}");
            }
            for old in [1, 2, 255, 256, 257, 511, 65_535].into_iter().filter(|old| *old < size) {
                assert_eq!(tree.consistency(old, size), known.consistency(old, size), "{old} to {size}");
            }
            assert_eq!((tree.root(size + 1), tree.node(0, size), tree.node(63, 1)), (None, None, None));
        }
        // What stands in no full tile cannot be made without the log's entries.
        let short = self::folder(&leaves[..300]);
        assert!(FolderTree::of(short.path(), 256).root(256).is_some());
        assert_eq!(FolderTree::of(short.path(), 300).root(300), None);
    }
}
