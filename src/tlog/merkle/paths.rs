//! What proves the leaves of one batch, taken out of the tree: whoever waits for a leaf makes its path without asking the tree
//! again.

use crate::crypto::digest::Hash;

use super::node_hash;
use super::nodes::Nodes;

/// The nodes on the paths of the newest leaves of a tree.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    size: u64,
    // Invariant: for each level the hashes from that position on, up to the level's end.
    rows: Vec<(u64, Vec<Hash>)>,
    /// Hashes over all leaves from an index on, where that is no complete subtree: nearly every path ends in the same ones.
    rests: Vec<(u64, Hash)>,
}

impl Paths {
    pub(super) fn new(size: u64, rows: Vec<(u64, Vec<Hash>)>) -> Self {
        let mut paths = Self { size, rows, rests: Vec::new() };
        paths.rests = paths.rests();
        paths
    }

    /// What lies to the right of each subtree on the right edge, as far as that is kept here.
    fn rests(&self) -> Vec<(u64, Hash)> {
        let (mut rests, mut end, mut rest) = (Vec::new(), self.size, None);
        for level in (0..u64::BITS).filter(|level| self.size >> level & 1 == 1) {
            let Some(node) = self.node(level, (end >> level) - 1) else { break };
            end -= 1 << level;
            let hash = rest.map_or(node, |rest| node_hash(&node, &rest));
            rest = Some(hash);
            rests.push((end, hash));
        }
        rests
    }
}

impl Nodes for Paths {
    fn size(&self) -> u64 {
        self.size
    }

    fn node(&self, level: u32, position: u64) -> Option<Hash> {
        let (from, row) = self.rows.get(usize::try_from(level).ok()?)?;
        row.get(usize::try_from(position.checked_sub(*from)?).ok()?).copied()
    }

    fn range(&self, start: u64, end: u64) -> Option<Hash> {
        let count = end - start;
        if count.is_power_of_two() {
            return self.node(count.trailing_zeros(), start >> count.trailing_zeros());
        }
        // Invariant: a path under the tree's own size needs no other incomplete range than one that ends with the tree.
        self.rests.iter().find(|(from, _)| *from == start && end == self.size).map(|(_, hash)| *hash)
    }
}
