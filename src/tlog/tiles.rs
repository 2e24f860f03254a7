//! The nodes that memory has let go of: they follow from full tiles on the disk, of which the last used are kept.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::crypto::digest::Hash;

use super::merkle::node_hash;
use super::reader::ReadError;
use super::sealed::Sealed;
use super::sealed::damaged;
use super::sealed::first_leaf;
use super::tile;
use super::tile::LEVELS;

/// How many tiles are kept, 16 KiB each: those above many others are soon among them, and a megabyte is little.
const KEPT: usize = 64;

/// A tile with the nodes between its hashes and the one hash above it.
#[derive(Debug)]
pub(super) struct Expanded {
    // Invariant: 256 hashes, then 128, down to one.
    rows: Vec<Vec<Hash>>,
}

impl Expanded {
    pub(super) fn of(hashes: Vec<Hash>) -> Self {
        let mut rows = vec![hashes];
        while let Some(below) = rows.last().filter(|row| row.len() > 1) {
            let (pairs, _) = below.as_chunks::<2>();
            let above = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
            rows.push(above);
        }
        Self { rows }
    }

    /// The hash over the whole tile.
    pub(super) fn top(&self) -> Hash {
        self.rows.last().and_then(|row| row.first()).copied().unwrap_or_default()
    }

    /// Its own hashes.
    pub(super) fn hashes(&self) -> &[Hash] {
        self.rows.first().map_or(&[], Vec::as_slice)
    }

    fn get(&self, row: u32, position: u64) -> Option<Hash> {
        self.rows.get(row as usize)?.get(usize::try_from(position).ok()?).copied()
    }
}

/// Full tiles, of which the last used are kept.
#[derive(Debug)]
pub(super) struct Tiles {
    pub(super) sealed: Sealed,
    // Invariant: the one used last stands last.
    kept: Mutex<VecDeque<Kept>>,
}

/// A tile by its level and number.
type Kept = ((u8, u64), Arc<Expanded>);

/// Answers for the nodes that are in memory.
pub(super) type InMemory<'a> = dyn Fn(u32, u64) -> Option<Hash> + 'a;

impl Tiles {
    pub(super) fn new(sealed: Sealed) -> Self {
        Self { sealed, kept: Mutex::default() }
    }

    /// A node from memory, or from the tile it stands in.
    pub(super) fn node(&self, level: u32, position: u64, memory: &InMemory<'_>) -> Result<Hash, ReadError> {
        if let Some(hash) = memory(level, position) {
            return Ok(hash);
        }
        let (number, within) = (position >> (LEVELS - level % LEVELS), level % LEVELS);
        let tile_level = u8::try_from(level / LEVELS).unwrap_or(u8::MAX);
        let tile = self.tile(tile_level, number, memory)?;
        let node = tile.get(within, position - (number << (LEVELS - within)));
        let beyond = ReadError::Beyond { index: position << level, size: number };
        node.ok_or(beyond)
    }

    /// A full tile, once it agrees with the node above it, and so with the tree that was signed.
    pub(super) fn tile(
        &self,
        level: u8,
        number: u64,
        memory: &InMemory<'_>,
    ) -> Result<Arc<Expanded>, ReadError> {
        if let Some(tile) = self.find((level, number)) {
            return Ok(tile);
        }
        let tile = Arc::new(Expanded::of(self.sealed.hashes(level, number)?));
        if tile.top() != self.node(LEVELS * (u32::from(level) + 1), number, memory)? {
            let file = tile::hashes_file(self.sealed.folder(), level, number);
            return Err(damaged(
                first_leaf(level, number),
                &file,
                "its hashes are not those that were signed",
            ));
        }
        self.keep((level, number), Arc::clone(&tile));
        Ok(tile)
    }

    /// The leaf hashes of a full bundle.
    pub(super) fn leaves(&self, number: u64, memory: &InMemory<'_>) -> Result<Vec<Hash>, ReadError> {
        let tile = self.tile(0, number, memory)?;
        Ok(tile.hashes().to_vec())
    }

    fn find(&self, key: (u8, u64)) -> Option<Arc<Expanded>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(own, _)| *own == key)?;
        let found = kept.remove(at)?;
        let tile = Arc::clone(&found.1);
        kept.push_back(found);
        Some(tile)
    }

    fn keep(&self, key: (u8, u64), tile: Arc<Expanded>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((key, tile));
    }
}
