//! Roots and proofs as arithmetic over the hashes of complete subtrees, wherever those are kept.

use crate::crypto::digest::Hash;

use super::empty_root;
use super::node_hash;

/// The hashes of the complete subtrees of a tree. Its leaves are the subtrees of level 0.
pub trait Nodes {
    /// How many leaves there are.
    fn size(&self) -> u64;

    /// The hash over the 2^`level` leaves of the subtree that stands at `position` in its level; nothing if it is not complete,
    /// or not kept here.
    fn node(&self, level: u32, position: u64) -> Option<Hash>;

    /// The hash over leaves `start..end`, where the split points of RFC 6962 put `start` on a subtree's boundary.
    fn range(&self, start: u64, end: u64) -> Option<Hash> {
        let count = end - start;
        if count.is_power_of_two() {
            return self.node(count.trailing_zeros(), start >> count.trailing_zeros());
        }
        let split = start + largest_power_below(count);
        Some(node_hash(&self.range(start, split)?, &self.range(split, end)?))
    }

    /// The hash of one leaf, if there is one.
    fn leaf(&self, index: u64) -> Option<Hash> {
        self.node(0, index)
    }

    /// The root over the first `size` leaves; nothing if the tree is smaller.
    fn root(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(empty_root()),
            size if size > self.size() => None,
            size => self.range(0, size),
        }
    }

    /// The path that proves leaf `index` under the root of the first `size` leaves (RFC 6962 2.1.1), leaf side first.
    fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut start, mut end, mut path) = (0, size, Vec::with_capacity(height(size)));
        while end - start > 1 {
            let split = start + largest_power_below(end - start);
            if index < split {
                path.push(self.range(split, end)?);
                end = split;
            } else {
                path.push(self.range(start, split)?);
                start = split;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof that the first `old` of `new` leaves are those of the earlier tree (RFC 6962 2.1.2). Empty when `old` is
    /// zero or equals `new`: then the roots alone decide.
    fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if old > new || new > self.size() {
            return None;
        }
        if old == 0 {
            return Some(Vec::new());
        }
        let (mut start, mut end, mut path) = (0, new, Vec::with_capacity(height(new)));
        while end > old {
            let split = start + largest_power_below(end - start);
            if old <= split {
                path.push(self.range(split, end)?);
                end = split;
            } else {
                path.push(self.range(start, split)?);
                start = split;
            }
        }
        if start > 0 {
            path.push(self.range(start, end)?);
        }
        path.reverse();
        Some(path)
    }
}

/// The largest power of two below `count`, for counts of two and more.
fn largest_power_below(count: u64) -> u64 {
    1 << (count - 1).checked_ilog2().unwrap_or(0)
}

/// How many levels stand above the leaves of a tree of `size`: no path is longer.
fn height(size: u64) -> usize {
    (u64::BITS - size.leading_zeros()) as usize
}
