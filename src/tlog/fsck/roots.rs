//! A Merkle tree a second time, as RFC 9162 2.1.2 describes it: only the roots of its complete subtrees are kept.

use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::crypto::digest::sha256;

/// The right edge of a growing tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots {
    size: u64,
    // Invariant: one hash for each bit of `size` that is set, the largest subtree first.
    edge: Vec<Hash>,
}

impl Roots {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                hash = node(&left, &hash);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    pub(super) fn root(&self) -> Hash {
        let mut smallest_first = self.edge.iter().rev();
        let Some(last) = smallest_first.next() else { return sha256(&[]) };
        smallest_first.fold(*last, |right, left| node(left, &right))
    }

    /// The root after these leaves, too.
    pub(super) fn root_with(&self, leaves: impl Iterator<Item = Hash>) -> Hash {
        let mut grown = self.clone();
        leaves.for_each(|leaf| grown.push(leaf));
        grown.root()
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(&[1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finish()
}
