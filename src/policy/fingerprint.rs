//! One hash for a whole policy set: a Merkle root (RFC 6962 2.1) over its files, sorted by name.
//!
//! A leaf is the file's name, a line feed and its bytes; names have no line feed, so no two sets look alike.

use std::sync::Arc;

use crate::crypto::digest::{Hash, Sha256, sha256};

/// The root over files that are sorted by name.
#[must_use]
pub fn of(files: &[(String, Arc<[u8]>)]) -> Hash {
    let leaves: Vec<Hash> = files.iter().map(|(name, bytes)| leaf(name, bytes)).collect();
    root(&leaves)
}

fn leaf(name: &str, bytes: &[u8]) -> Hash {
    hash_of(&[&[0x00], name.as_bytes(), b"\n", bytes])
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            // The largest power of two below the count (RFC 6962 2.1).
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            hash_of(&[&[0x01], &root(left), &root(right)])
        }
    }
}

fn hash_of(pieces: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    pieces.iter().for_each(|piece| hasher.update(piece));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<(String, Arc<[u8]>)> {
        list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().into())).collect()
    }

    #[test]
    fn a_changed_renamed_or_absent_file_changes_the_hash() {
        let set = of(&files(&[("a", "1"), ("b", "2"), ("c", "3")]));
        for other in [
            [("a", "1"), ("b", "2"), ("c", "4")].as_slice(),
            &[("a", "1"), ("b", "2"), ("d", "3")],
            &[("a", "1"), ("b", "2")],
            &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "")],
            &[],
        ] {
            assert_ne!(of(&files(other)), set, "{other:?}");
        }
    }

    #[test]
    fn the_tree_is_that_of_rfc_6962() {
        let set = files(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let leaves: Vec<Hash> = set.iter().map(|(name, bytes)| leaf(name, bytes)).collect();
        let left = hash_of(&[&[1], &leaves[0], &leaves[1]]);
        assert_eq!(of(&set), hash_of(&[&[1], &left, &leaves[2]]));
    }
}
