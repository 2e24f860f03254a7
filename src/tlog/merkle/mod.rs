//! RFC 6962 tree hashing: roots, inclusion and consistency proofs, and their verification (RFC 9162 2.1.3.2, 2.1.4.2).
//!
//! Pure: no file, no clock. Roots and proofs are arithmetic over [`Nodes`], the hashes of complete subtrees, wherever those are
//! kept: a [`Tree`] keeps them in memory, and lets go of what stands in tiles on the disk.

mod nodes;
mod paths;
mod tree;

use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::crypto::digest::sha256;

pub use nodes::Nodes;
pub use paths::Paths;
pub use tree::Tree;
pub(super) use tree::give_back;

/// The first byte hashed with a leaf (RFC 6962 2.1), so that no leaf can pass for a node.
const LEAF_PREFIX: [u8; 1] = [0];

/// The first byte hashed with two nodes (RFC 6962 2.1).
const NODE_PREFIX: [u8; 1] = [1];

/// The hash of one leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(&LEAF_PREFIX);
    hasher.update(leaf);
    hasher.finish()
}

/// The hash of a node over its two children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(&NODE_PREFIX);
    hasher.update(left);
    hasher.update(right);
    hasher.finish()
}

/// The root of the tree without leaves: the hash of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// A proof that does not prove what it is offered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Merkle proof does not lead to the tree head")]
pub struct Unproven;

/// Verifies that `leaf` stands at `index` among the first `size` leaves under `root` (RFC 9162 2.1.3.2).
///
/// # Errors
/// It is not proven.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), Unproven> {
    if index >= size {
        return Err(Unproven);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return Err(Unproven);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            skip_lone_levels(&mut node, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(Unproven) }
}

/// Verifies that the tree of `new` leaves under `new_root` begins with the tree of `old` leaves under `old_root`
/// (RFC 9162 2.1.4.2; trees of no leaves and equal trees need no path).
///
/// # Errors
/// It is not proven.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), Unproven> {
    if old == 0 || old == new {
        let same = if old == new { old_root == new_root } else { *old_root == empty_root() };
        return if same && path.is_empty() { Ok(()) } else { Err(Unproven) };
    }
    let (seed, rest) =
        if old.is_power_of_two() { (old_root, path) } else { path.split_first().ok_or(Unproven)? };
    if old > new || rest.is_empty() {
        return Err(Unproven);
    }
    let lone = (old - 1).trailing_ones();
    climb((old - 1) >> lone, (new - 1) >> lone, seed, rest, (old_root, new_root))
}

fn climb(
    mut node: u64,
    mut last: u64,
    seed: &Hash,
    path: &[Hash],
    roots: (&Hash, &Hash),
) -> Result<(), Unproven> {
    let (mut old, mut new) = (*seed, *seed);
    for sibling in path {
        if last == 0 {
            return Err(Unproven);
        }
        if node & 1 == 1 || node == last {
            (old, new) = (node_hash(sibling, &old), node_hash(sibling, &new));
            skip_lone_levels(&mut node, &mut last);
        } else {
            new = node_hash(&new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last == 0 && (&old, &new) == roots { Ok(()) } else { Err(Unproven) }
}

/// Levels at which a node on the right edge has no sibling: it rises unchanged.
fn skip_lone_levels(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        (*node, *last) = (*node >> 1, *last >> 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::digest::hex;

    const RFC_LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    const RFC_ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn tree_of(count: u64) -> Tree {
        let mut tree = Tree::default();
        (0..count).for_each(|index| tree.push(leaf_hash(&index.to_be_bytes())));
        tree
    }

    /// The definition of RFC 6962 2.1, word for word.
    fn defined_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(b""),
            [one] => *one,
            many => {
                let split =
                    (1..).map(|power| 1 << (power - 1)).take_while(|k| *k < many.len()).last().unwrap();
                node_hash(&defined_root(&many[..split]), &defined_root(&many[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_published_vectors() {
        let mut tree = Tree::default();
        assert_eq!(tree.root(0), Some(sha256(b"")));
        for leaf in RFC_LEAVES {
            tree.push(leaf_hash(leaf));
        }
        for (size, root) in (1..).zip(RFC_ROOTS) {
            assert_eq!(hex(&tree.root(size).unwrap()), root, "size {size}");
        }
        assert_eq!(tree.root(9), None);
    }

    #[test]
    fn roots_of_every_earlier_size_are_as_defined() {
        let tree = tree_of(70);
        let leaves: Vec<Hash> = (0..70).map(|index| tree.leaf(index).unwrap()).collect();
        for size in 0..=70 {
            assert_eq!(tree.root(size as u64).unwrap(), defined_root(&leaves[..size]));
        }
    }

    #[test]
    fn every_inclusion_proof_of_small_trees_verifies_for_its_own_index_only() {
        let tree = tree_of(40);
        for size in 1..=40 {
            let root = tree.root(size).unwrap();
            for index in 0..size {
                let (path, leaf) = (tree.inclusion(index, size).unwrap(), tree.leaf(index).unwrap());
                assert_eq!(verify_inclusion(&leaf, index, size, &path, &root), Ok(()));
                for other in (0..=size).filter(|other| *other != index) {
                    assert!(verify_inclusion(&leaf, other, size, &path, &root).is_err());
                }
            }
            assert_eq!(tree.inclusion(size, size), None);
        }
        assert_eq!(tree.inclusion(0, 41), None);
    }

    #[test]
    fn every_consistency_proof_of_small_trees_verifies_for_its_own_sizes_only() {
        let tree = tree_of(40);
        for new in 0..=40 {
            for old in 0..=new {
                let path = tree.consistency(old, new).unwrap();
                let (before, after) = (tree.root(old).unwrap(), tree.root(new).unwrap());
                assert_eq!(verify_consistency(old, new, &before, &after, &path), Ok(()), "{old} {new}");
                if old != new {
                    assert!(verify_consistency(old, new, &after, &after, &path).is_err());
                    assert!(verify_consistency(new, old, &after, &before, &path).is_err());
                }
                if old != new && old > 0 {
                    assert!(verify_consistency(old, new, &before, &before, &path).is_err());
                }
            }
        }
        assert_eq!(tree.consistency(3, 41), None);
        assert_eq!(tree.consistency(4, 3), None);
    }

    #[test]
    fn a_smaller_tree_does_not_follow_from_a_larger_one() {
        let tree = tree_of(4);
        let (large, empty) = (tree.root(4).unwrap(), empty_root());
        assert!(verify_consistency(4, 0, &large, &empty, &[]).is_err());
    }

    proptest! {
        #[test]
        fn a_mutated_inclusion_proof_is_refused(size in 2u64..200, pick in any::<u64>(), place in any::<usize>(), bit in 0usize..256) {
            let (tree, index) = (tree_of(size), pick % size);
            let (root, leaf) = (tree.root(size).unwrap(), tree.leaf(index).unwrap());
            let good = tree.inclusion(index, size).unwrap();
            let mut flipped = good.clone();
            let place = place % good.len();
            flipped[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_inclusion(&leaf, index, size, &flipped, &root).is_err());
            let mut short = good.clone();
            short.remove(place);
            prop_assert!(verify_inclusion(&leaf, index, size, &short, &root).is_err());
            let mut long = good.clone();
            long.insert(place, good[place]);
            prop_assert!(verify_inclusion(&leaf, index, size, &long, &root).is_err());
            let mut other = leaf;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_inclusion(&other, index, size, &good, &root).is_err());
        }

        #[test]
        fn a_mutated_consistency_proof_is_refused(new in 2u64..200, pick in any::<u64>(), place in any::<usize>(), bit in 0usize..256) {
            let (tree, old) = (tree_of(new), 1 + pick % (new - 1));
            let (before, after) = (tree.root(old).unwrap(), tree.root(new).unwrap());
            let good = tree.consistency(old, new).unwrap();
            let place = place % good.len();
            let mut flipped = good.clone();
            flipped[place][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_consistency(old, new, &before, &after, &flipped).is_err());
            let mut short = good.clone();
            short.remove(place);
            prop_assert!(verify_consistency(old, new, &before, &after, &short).is_err());
            let mut long = good.clone();
            long.push(good[place]);
            prop_assert!(verify_consistency(old, new, &before, &after, &long).is_err());
        }
    }
}
