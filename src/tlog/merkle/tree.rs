//! A tree that only grows, and lets go of what is kept elsewhere.

use std::collections::VecDeque;

use crate::crypto::digest::Hash;

use super::node_hash;
use super::nodes::Nodes;
use super::paths::Paths;

/// How many levels of the tree stand in one tile: C2SP tlog-tiles has tiles of 2^8 hashes.
const TILE_LEVELS: usize = 8;

/// A tree that only grows.
#[derive(Debug, Default)]
pub struct Tree {
    // Invariant: row `l` holds the hash of every complete subtree of 2^l leaves from its first kept position on, in order; each
    // row ends at half the length of the row below, rounded down.
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    // Invariant: a multiple of the width that a whole tile has in this row, so that two siblings are kept or gone together.
    from: u64,
    hashes: VecDeque<Hash>,
}

impl Row {
    fn end(&self) -> u64 {
        self.from + self.hashes.len() as u64
    }

    fn get(&self, position: u64) -> Option<&Hash> {
        self.hashes.get(usize::try_from(position.checked_sub(self.from)?).ok()?)
    }

    fn drop_before(&mut self, position: u64) {
        let gone = usize::try_from(position.saturating_sub(self.from)).unwrap_or(usize::MAX);
        let gone = gone.min(self.hashes.len());
        self.hashes.drain(..gone);
        self.from += gone as u64;
        give_back(&mut self.hashes);
    }
}

impl Tree {
    /// The tree of `size` leaves of which whole tiles are kept elsewhere: `node` is asked for what is not in a whole tile, at
    /// the levels where tiles begin; the levels between follow from these.
    ///
    /// # Errors
    /// What `node` says.
    pub fn resume<E>(size: u64, mut node: impl FnMut(u32, u64) -> Result<Hash, E>) -> Result<Self, E> {
        let mut tree = Self::default();
        for level in (0..u64::BITS).take_while(|level| size >> level > 0) {
            let (from, end) = (kept_from(level, size), size >> level);
            let mut row = Row { from, hashes: VecDeque::new() };
            for position in from..end {
                let below = tree.rows.last().filter(|_| !is_tile_level(level));
                let children =
                    below.and_then(|row| Some((row.get(2 * position)?, row.get(2 * position + 1)?)));
                row.hashes.push_back(match children {
                    Some((left, right)) => node_hash(left, right),
                    None => node(level, position)?,
                });
            }
            tree.rows.push(row);
        }
        Ok(tree)
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        Nodes::size(self)
    }

    /// The hash of one complete subtree: see [`Nodes::node`].
    #[must_use]
    pub fn node(&self, level: u32, position: u64) -> Option<Hash> {
        Nodes::node(self, level, position)
    }

    /// The hash of one leaf: see [`Nodes::leaf`].
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        Nodes::leaf(self, index)
    }

    /// The root over the first `size` leaves: see [`Nodes::root`].
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Hash> {
        Nodes::root(self, size)
    }

    /// The path that proves a leaf: see [`Nodes::inclusion`].
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        Nodes::inclusion(self, index, size)
    }

    /// The proof that the tree only grew: see [`Nodes::consistency`].
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        Nodes::consistency(self, old, new)
    }

    /// Adds one leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.rows.len() == level {
                self.rows.push(Row::default());
            }
            let Some(row) = self.rows.get_mut(level) else { return };
            row.hashes.push_back(hash);
            let end = row.end();
            if !end.is_multiple_of(2) {
                return;
            }
            let (Some(left), Some(right)) = (row.get(end - 2), row.get(end - 1)) else { return };
            hash = node_hash(left, right);
        }
    }

    /// Lets go of every node in a tile that the first `sealed` leaves fill. What remains are the rows of unfull tiles: every
    /// root, and every path to a leaf, of `sealed` leaves and more can still be told.
    pub fn prune(&mut self, sealed: u64) {
        for (level, row) in (0..).zip(&mut self.rows) {
            row.drop_before(kept_from(level, sealed));
        }
    }

    /// The nodes on the paths of the leaves from `first` on, taken out of the tree.
    #[must_use]
    pub fn paths(&self, first: u64) -> Paths {
        let nodes = (0..).zip(&self.rows).map(|(level, row)| {
            let from = (first >> level) & !1;
            let skipped = usize::try_from(from.saturating_sub(row.from)).unwrap_or(usize::MAX);
            (from, row.hashes.iter().skip(skipped).copied().collect())
        });
        Paths::new(self.size(), nodes.collect())
    }
}

impl Nodes for Tree {
    fn size(&self) -> u64 {
        self.rows.first().map_or(0, Row::end)
    }

    fn node(&self, level: u32, position: u64) -> Option<Hash> {
        self.rows.get(usize::try_from(level).ok()?)?.get(position).copied()
    }
}

/// Gives back memory that a rush needed and nobody does any more.
pub(in crate::tlog) fn give_back<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > 4 * queue.len().max(1024) {
        queue.shrink_to(2 * queue.len());
    }
}

fn is_tile_level(level: u32) -> bool {
    (level as usize).is_multiple_of(TILE_LEVELS)
}

/// The first position in a row that no tile holds which `size` leaves fill.
fn kept_from(level: u32, size: u64) -> u64 {
    let within = level % TILE_LEVELS as u32;
    let tile = level - within + TILE_LEVELS as u32;
    size.checked_shr(tile).unwrap_or(0) << (TILE_LEVELS as u32 - within)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tlog::merkle::leaf_hash;

    fn tree_of(count: u64) -> Tree {
        let mut tree = Tree::default();
        (0..count).for_each(|index| tree.push(leaf_hash(&index.to_be_bytes())));
        tree
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_tree_that_let_go_of_full_tiles_still_tells_all_that_follows_them(
            size in 1u64..70_000, sealed in any::<u64>(), index in any::<u64>(), more in 0u64..600
        ) {
            let whole = tree_of(size + more);
            let sealed = sealed % (size + 1) / 256 * 256;
            let mut pruned = tree_of(size);
            pruned.prune(sealed);
            let mut resumed = Tree::resume(sealed, |level, position| whole.node(level, position).ok_or(())).unwrap();
            (sealed..size + more).for_each(|at| resumed.push(whole.leaf(at).unwrap()));
            (size..size + more).for_each(|at| pruned.push(whole.leaf(at).unwrap()));
            for (size, index) in [(size, sealed + index % (size - sealed).max(1)), (size + more, size + more - 1)] {
                for tree in [&pruned, &resumed] {
                    prop_assert_eq!(tree.root(size), whole.root(size));
                    prop_assert!(index >= size || tree.inclusion(index, size) == whole.inclusion(index, size));
                }
            }
            for index in size..size + more {
                prop_assert_eq!(pruned.paths(size).inclusion(index, size + more), whole.inclusion(index, size + more));
            }
        }

        #[test]
        fn what_is_sealed_takes_no_memory(size in 1u64..70_000) {
            let sealed = size / 256 * 256;
            let mut tree = tree_of(size);
            tree.prune(sealed);
            let kept: usize = tree.rows.iter().map(|row| row.hashes.len()).sum();
            prop_assert!(kept <= 3 * 512, "{} nodes are kept", kept);
        }
    }
}
