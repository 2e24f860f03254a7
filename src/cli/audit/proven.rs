//! What `audit show` prints is proven: the leaf was read from the log, and stands under the root of the signed head that the log published.
//! Every leaf up to that head is hashed again; nothing the index says is believed.

use std::path::Path;

use super::damaged;
use super::unread;
use crate::cli::exit::Failure;
use crate::cli::trust;
use crate::crypto::digest::Hash;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::merkle::node_hash;
use crate::tlog::reader::scan;

/// How entries stand to the head that the log published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proven {
    /// The head's root, made again from the leaves, is the one that was signed, over so many entries.
    Under(u64),
    /// No key to verify a head with is beside the log, or nothing was published.
    NoHead,
}

/// Rebuilds the root of the published head from the leaves.
///
/// # Errors
/// The head is not signed by the log's key, or it is not the head of these leaves.
pub fn head(log: &Path) -> Result<Proven, Failure> {
    let Some(keys) = trust::vkey_beside(log).map(|file| trust::log_keys(&file)).transpose()? else {
        return Ok(Proven::NoHead);
    };
    let Ok(note) = std::fs::read(log.join("checkpoint")) else { return Ok(Proven::NoHead) };
    let head = keys.iter().find_map(|key| SignedHead::open(&note, key).ok()).ok_or_else(damaged)?;
    let mut peaks = Peaks::default();
    for item in scan(log).take(usize::try_from(head.size).unwrap_or(usize::MAX)) {
        peaks.push(item.map_err(unread)?.2);
    }
    if peaks.size == head.size && peaks.root() == head.root {
        Ok(Proven::Under(head.size))
    } else {
        Err(damaged())
    }
}

/// The roots of the perfect trees that leaves make (RFC 6962 2.1), the largest first.
#[derive(Debug, Default)]
struct Peaks {
    size: u64,
    roots: Vec<Hash>,
}

impl Peaks {
    fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.roots.push(node);
        self.size += 1;
    }

    fn root(&self) -> Hash {
        let joined = self.roots.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(crate::tlog::merkle::empty_root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::merkle::Tree;
    use crate::tlog::merkle::leaf_hash;

    #[test]
    fn the_root_is_that_of_the_tree() {
        let (mut peaks, mut tree) = (Peaks::default(), Tree::default());
        for number in 0..70_u64 {
            assert_eq!(Some(peaks.root()), tree.root(number));
            let leaf = leaf_hash(&number.to_be_bytes());
            peaks.push(leaf);
            tree.push(leaf);
        }
    }
}
