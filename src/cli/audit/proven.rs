//! What `audit show` prints is proven: the leaf was read from the log, and stands under the root of the signed head that the log published.
//!
//! The root is made again from the log's hash tiles and, behind them, from its newest leaves; each entry's hash is followed up through the
//! tiles to one of the hashes that the root was made of. Nothing the index says is believed. Whether the tiles in between are those of the
//! entries is `audit verify`'s to say.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::damaged;
use super::unread;
use crate::cli::exit::Failure;
use crate::cli::trust;
use crate::crypto::digest::Hash;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::merkle::empty_root;
use crate::tlog::merkle::node_hash;
use crate::tlog::reader::scan_from;
use crate::tlog::tile::Kind;
use crate::tlog::tile::LEVEL_MAX;
use crate::tlog::tile::TilePath;
use crate::tlog::tile::WIDTH_LEAVES;

/// Entries held against the head that the log published.
#[derive(Debug)]
pub struct Proven {
    size: Option<u64>,
    tree: Tree,
}

impl Proven {
    /// Makes the root of the published head again. Without a head, or a key beside the log to verify it with, nothing is proven.
    ///
    /// # Errors
    /// The head is not signed by the log's key, or it is not the head of this log.
    pub fn of(log: &Path) -> Result<Self, Failure> {
        let tree = Tree { log: log.to_owned() };
        let keys = trust::vkey_beside(log).map(|file| trust::log_keys(&file)).transpose()?;
        let (Some(keys), Ok(note)) = (keys, std::fs::read(log.join("checkpoint"))) else {
            return Ok(Self { size: None, tree });
        };
        let head = keys.iter().find_map(|key| SignedHead::open(&note, key).ok()).ok_or_else(damaged)?;
        if tree.root(head.size)? == head.root {
            Ok(Self { size: Some(head.size), tree })
        } else {
            Err(damaged())
        }
    }

    /// How many entries the head covers; none: there is no head to prove by.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether the head covers an entry with this leaf hash at this index; no if it was published before the entry.
    ///
    /// # Errors
    /// Another entry stands there.
    pub fn covers(&self, index: u64, leaf_hash: &Hash) -> Result<bool, Failure> {
        match self.size {
            Some(size) if index < size => self.tree.holds(index, leaf_hash, size).map(|()| true),
            Some(_) | None => Ok(false),
        }
    }
}

/// The tree of a log's folder.
#[derive(Debug)]
struct Tree {
    log: PathBuf,
}

impl Tree {
    /// The root over the first `size` leaves (RFC 6962 2.1): perfect trees of 256^level leaves, the largest first.
    fn root(&self, size: u64) -> Result<Hash, Failure> {
        let (mut peaks, mut done) = (Peaks::default(), 0);
        for level in (0..=LEVEL_MAX).rev() {
            let end = size >> shift(level);
            for position in done >> shift(level)..end {
                peaks.push(shift(level), self.subtree(level, position)?);
            }
            done = end << shift(level);
        }
        Ok(peaks.root())
    }

    /// Follows a leaf up to the perfect tree that the root was made of.
    fn holds(&self, index: u64, leaf_hash: &Hash, size: u64) -> Result<(), Failure> {
        let top = (0..=LEVEL_MAX).rev().find(|level| (index >> shift(*level)) < (size >> shift(*level)));
        let mut node = *leaf_hash;
        for level in 0..top.unwrap_or(0) {
            let position = index >> shift(level);
            let tile = self.tile(level, position / WIDTH_LEAVES)?;
            let there = usize::try_from(position % WIDTH_LEAVES).ok().and_then(|at| tile.get(at));
            if there != Some(&node) {
                return Err(damaged());
            }
            node = folded(tile);
        }
        let top = top.unwrap_or(0);
        if self.subtree(top, index >> shift(top))? == node { Ok(()) } else { Err(damaged()) }
    }

    /// The hash of a perfect tree over 256^level leaves.
    fn subtree(&self, level: u8, position: u64) -> Result<Hash, Failure> {
        match level.checked_sub(1) {
            Some(below) => Ok(folded(self.tile(below, position)?)),
            None => self.leaf(position),
        }
    }

    /// The hashes of a full tile: from its file, or from what is below it while there is none.
    fn tile(&self, level: u8, number: u64) -> Result<Vec<Hash>, Failure> {
        match self.file(level, number)? {
            Some(hashes) => Ok(hashes),
            None if level == 0 => self.leaves(number * WIDTH_LEAVES),
            None => (0..WIDTH_LEAVES).map(|at| self.subtree(level, number * WIDTH_LEAVES + at)).collect(),
        }
    }

    fn file(&self, level: u8, number: u64) -> Result<Option<Vec<Hash>>, Failure> {
        let file = self.log.join(TilePath::full(Kind::Hashes(level), number).to_string());
        match std::fs::read(&file) {
            Ok(bytes) => {
                let (hashes, rest) = bytes.as_chunks::<32>();
                let whole = rest.is_empty() && hashes.len() as u64 == WIDTH_LEAVES;
                if whole { Ok(Some(hashes.to_vec())) } else { Err(damaged()) }
            }
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Failure::unreadable(&file, cause)),
        }
    }

    fn leaf(&self, index: u64) -> Result<Hash, Failure> {
        let tile = self.file(0, index / WIDTH_LEAVES)?;
        let at = usize::try_from(index % WIDTH_LEAVES).unwrap_or(usize::MAX);
        match tile {
            Some(hashes) => hashes.get(at).copied().ok_or_else(damaged),
            None => {
                scan_from(&self.log, index).next().ok_or_else(damaged)?.map(|item| item.2).map_err(unread)
            }
        }
    }

    fn leaves(&self, first: u64) -> Result<Vec<Hash>, Failure> {
        let items = scan_from(&self.log, first).take(usize::try_from(WIDTH_LEAVES).unwrap_or(usize::MAX));
        let hashes =
            items.map(|item| item.map(|item| item.2)).collect::<Result<Vec<_>, _>>().map_err(unread)?;
        if hashes.len() as u64 == WIDTH_LEAVES { Ok(hashes) } else { Err(damaged()) }
    }
}

/// The height of a tree over 256^level leaves.
fn shift(level: u8) -> u32 {
    8 * u32::from(level)
}

/// The hash over a perfect tree's row.
fn folded(mut row: Vec<Hash>) -> Hash {
    while row.len() > 1 {
        let (pairs, _) = row.as_chunks::<2>();
        row = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_default()
}

/// Perfect trees side by side, each with its height, the largest first.
#[derive(Debug, Default)]
struct Peaks(Vec<(u32, Hash)>);

impl Peaks {
    fn push(&mut self, mut height: u32, mut node: Hash) {
        while let Some((_, left)) = self.0.pop_if(|(last, _)| *last == height) {
            (height, node) = (height + 1, node_hash(&left, &node));
        }
        self.0.push((height, node));
    }

    fn root(&self) -> Hash {
        let nodes = self.0.iter().rev().map(|(_, node)| *node);
        nodes.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::merkle::Tree as Known;
    use crate::tlog::merkle::leaf_hash;

    /// A folder with the tiles of so many leaves, full ones only.
    fn folder(leaves: &[Hash]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (mut row, mut level) = (leaves.to_vec(), 0);
        while row.len() >= 256 {
            let (tiles, _) = row.as_chunks::<256>();
            for (number, tile) in (0..).zip(tiles) {
                let file = folder.path().join(TilePath::full(Kind::Hashes(level), number).to_string());
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                crate::cli::client::heads::replace(&file, &tile.concat()).unwrap();
            }
            (row, level) = (tiles.iter().map(|tile| folded(tile.to_vec())).collect(), level + 1);
        }
        folder
    }

    #[test]
    fn the_root_is_made_from_tiles_and_a_leaf_is_followed_up_to_it() {
        let leaves: Vec<Hash> = (0..66_048_u64).map(|number| leaf_hash(&number.to_be_bytes())).collect();
        let mut known = Known::default();
        leaves.iter().for_each(|leaf| known.push(*leaf));
        let folder = folder(&leaves);
        let tree = Tree { log: folder.path().to_owned() };
        for size in [0, 1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, 66_000, 66_048] {
            assert_eq!(tree.root(size).unwrap(), known.root(size).unwrap(), "{size}");
            for index in [0, 1, 255, 256, 65_535, 65_536, 66_047].into_iter().filter(|index| *index < size) {
                let leaf = leaves[usize::try_from(index).unwrap()];
                assert!(tree.holds(index, &leaf, size).is_ok(), "{index} of {size}");
                assert!(tree.holds(index, &[7; 32], size).is_err(), "{index} of {size}");
            }
        }
    }
}
