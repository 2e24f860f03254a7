//! What is printed of an entry is proven: the leaf was read from the log, and stands under the root of the signed head that the log published.
//!
//! The root is made again from the log's hash tiles and, behind them, from its newest leaves; each entry's hash is followed up to it. Nothing
//! the index says is believed. Whether the tiles in between are those of the entries is `audit verify`'s to say.

use std::path::Path;

use super::damaged;
use super::unread;
use crate::audit::tree::FolderTree;
use crate::audit::tree::NotUnder;
use crate::cli::exit::Failure;
use crate::cli::trust;
use crate::crypto::digest::Hash;
use crate::tlog::checkpoint::SignedHead;

/// Entries held against the head that the log published.
#[derive(Debug)]
pub struct Proven(Option<(SignedHead, FolderTree)>);

impl Proven {
    /// Makes the root of the published head again. Without a head, or a key beside the log to verify it with, nothing is proven.
    ///
    /// # Errors
    /// The head is not signed by the log's key, or it is not the head of this log.
    pub fn of(log: &Path) -> Result<Self, Failure> {
        let keys = trust::vkey_beside(log).map(|file| trust::log_keys(&file)).transpose()?;
        let (Some(keys), Ok(note)) = (keys, std::fs::read(log.join("checkpoint"))) else {
            return Ok(Self(None));
        };
        let head = keys.iter().find_map(|key| SignedHead::open(&note, key).ok()).ok_or_else(damaged)?;
        let tree = FolderTree::under(log, &head).map_err(unproven)?;
        Ok(Self(Some((head, tree))))
    }

    /// How many entries the head covers; none: there is no head to prove by.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.0.as_ref().map(|(head, _)| head.size)
    }

    /// Whether the head covers an entry with this leaf hash at this index; no if it was published before the entry.
    ///
    /// # Errors
    /// Another entry stands there.
    pub fn covers(&self, index: u64, leaf_hash: &Hash) -> Result<bool, Failure> {
        let Some((head, tree)) = self.0.as_ref().filter(|(head, _)| index < head.size) else {
            return Ok(false);
        };
        tree.path(index, leaf_hash, head).map(|_| true).map_err(unproven)
    }
}

/// The log is damaged, or the disk refuses.
fn unproven(why: NotUnder) -> Failure {
    match why {
        NotUnder::Unread(error) => unread(error),
        NotUnder::OtherTree => damaged().because(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::small::SmallLog;
    use crate::cli::client::heads::replace;
    use crate::tlog::reader::scan;

    #[test]
    fn an_entry_is_under_the_published_head_or_the_log_is_damaged() {
        let log = SmallLog::new("2026-11-26T02:00:00Z");
        log.open().close().unwrap();
        let of = || Proven::of(&log.log());
        assert_eq!(of().unwrap().size(), None);
        replace(&log.log().with_extension("vkey"), format!("{}\n", log.vkey()).as_bytes()).unwrap();
        let proven = of().unwrap();
        let size = proven.size().unwrap();
        for (index, _, hash) in scan(&log.log()).map(Result::unwrap) {
            assert!(proven.covers(index, &hash).unwrap());
            assert!(
                proven.covers(index, &[7; 32]).is_err() && proven.covers((index + 1) % size, &hash).is_err()
            );
        }
        assert!(!proven.covers(size, &[7; 32]).unwrap());
        // A head of another tree, and one by another key.
        let other = SmallLog::new("2026-11-26T02:00:00Z");
        other.open().close().unwrap();
        std::fs::copy(other.log().join("checkpoint"), log.log().join("checkpoint")).unwrap();
        assert!(of().is_err());
    }
}
