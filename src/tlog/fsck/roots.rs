//! A Merkle tree a second time, as RFC 9162 2.1.2 describes it: only the roots of its complete subtrees are kept, and those of
//! each 256 leaves, which tiles repeat.

use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::crypto::digest::sha256;
use crate::crypto::lanes::sha256_each;

/// Leaves below one hash of the tiles' second level, and entries of a bundle.
pub(super) const WIDTH: u64 = 256;

/// Stands before a leaf that is hashed.
const LEAF: u8 = 0;

/// Stands before two hashes that are hashed together.
const NODE: u8 = 1;

/// The height of a subtree of so many leaves.
const HEIGHT: u32 = WIDTH.trailing_zeros();

/// A growing tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots {
    edge: Edge,
    /// The roots of every 256 leaves, in order.
    pub(super) groups: Vec<Hash>,
}

/// The right edge of a tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Edge {
    size: u64,
    // Invariant: one hash for each bit of `size` that is set, the largest subtree first.
    subtrees: Vec<Hash>,
}

/// A tree's size and edge, to which it can go back.
pub(super) struct Mark(Edge);

impl Roots {
    pub(super) fn size(&self) -> u64 {
        self.edge.size
    }

    pub(super) fn root(&self) -> Hash {
        self.edge.root()
    }

    pub(super) fn edge(&self) -> &Edge {
        &self.edge
    }

    pub(super) fn push(&mut self, leaf: Hash) {
        self.groups.extend(self.edge.push(leaf));
    }

    /// Takes 256 leaves by their root. The size must be a multiple of 256.
    pub(super) fn push_group(&mut self, group: Hash) {
        self.groups.push(group);
        self.edge.push_group(group);
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.edge.clone())
    }

    /// Goes back to where the mark was made.
    pub(super) fn back(&mut self, Mark(edge): Mark) {
        self.groups.truncate(usize::try_from(edge.size / WIDTH).unwrap_or(usize::MAX));
        self.edge = edge;
    }

    /// The tree's edge if other groups stood in it, and behind them these leaves.
    pub(super) fn edge_with<'a>(&'a self, other: impl Fn(u64) -> Option<&'a Hash>, open: &[Hash]) -> Edge {
        let mut edge = Edge::default();
        for (number, group) in (0..).zip(&self.groups) {
            edge.push_group(*other(number).unwrap_or(group));
        }
        for leaf in open {
            edge.push(*leaf);
        }
        edge
    }

    /// Puts other groups in, and another edge.
    pub(super) fn change(&mut self, groups: impl Iterator<Item = (u64, Hash)>, edge: Edge) {
        for (number, group) in groups {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            if let Some(place) = self.groups.get_mut(at) {
                *place = group;
            }
        }
        self.edge = edge;
    }
}

impl Edge {
    /// Takes a leaf; the root of the last 256 if it completes them.
    fn push(&mut self, leaf: Hash) -> Option<Hash> {
        let merges = self.size.trailing_ones();
        let mut hash = leaf;
        let mut group = None;
        for height in 1..=merges {
            if let Some(left) = self.subtrees.pop() {
                hash = node(&left, &hash);
            }
            if height == HEIGHT {
                group = Some(hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
        group
    }

    fn push_group(&mut self, group: Hash) {
        let mut hash = group;
        for _ in 0..(self.size >> HEIGHT).trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += WIDTH;
    }

    pub(super) fn root(&self) -> Hash {
        let mut smallest_first = self.subtrees.iter().rev();
        let Some(last) = smallest_first.next() else { return sha256(&[]) };
        smallest_first.fold(*last, |right, left| node(left, &right))
    }

    /// The root after these leaves, too.
    pub(super) fn root_with(&self, leaves: impl Iterator<Item = Hash>) -> Hash {
        let mut grown = self.clone();
        for leaf in leaves {
            grown.push(leaf);
        }
        grown.root()
    }
}

/// The root over a power of two of hashes, such as a tile's.
pub(super) fn root_of(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = sha256_each(Some(NODE), row.as_flattened().as_chunks::<64>().0);
    }
    row.first().copied().unwrap_or_default()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE; 65];
    bytes.iter_mut().skip(1).zip(left.iter().chain(right)).for_each(|(to, from)| *to = *from);
    sha256(&bytes)
}

/// The hashes of leaves.
pub(super) fn leaf_hashes(leaves: &[&[u8]]) -> Vec<Hash> {
    sha256_each(Some(LEAF), leaves)
}

/// The hash of a leaf.
pub(super) fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(&[LEAF]);
    hasher.update(leaf);
    hasher.finish()
}
