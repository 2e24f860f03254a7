//! Heads that a log must continue: the one it published, those that witnesses cosigned, those that somebody kept, those of its own
//! snapshots.

use std::cmp::Reverse;
use std::path::PathBuf;

use crate::crypto::digest::Hash;

use super::Known;
use super::examination::Examination;
use super::in_folder::InFolder;
use super::in_folder::Whose;
use super::judge::Judge;

/// A head that the log must continue.
pub(super) struct Promise {
    pub(super) size: u64,
    root: Hash,
    whose: Whose,
    /// Where it stands; none for one known from elsewhere.
    file: Option<PathBuf>,
}

impl Promise {
    /// A head that somebody kept.
    pub(super) fn elsewhere(known: &Known) -> Self {
        Self { size: known.size, root: known.root, whose: Whose::Elsewhere, file: None }
    }

    /// The published one.
    pub(super) fn published(size: u64, root: Hash, file: PathBuf) -> Self {
        Self { size, root, whose: Whose::Published, file: Some(file) }
    }

    /// One that a witness has cosigned.
    pub(super) fn witnessed(size: u64, root: Hash, file: PathBuf) -> Self {
        Self { size, root, whose: Whose::Witnessed, file: Some(file) }
    }

    /// That of a snapshot.
    pub(super) fn of_snapshot(size: u64, root: Hash, file: PathBuf) -> Self {
        Self { size, root, whose: Whose::Snapshot, file: Some(file) }
    }
}

impl<J: Judge> Examination<'_, '_, J> {
    /// Puts the promises in the order in which they fall due, the last first.
    pub(super) fn sort_promises(&mut self) {
        self.promises.sort_by_key(|promise| (Reverse(promise.size), promise.whose != Whose::Snapshot));
    }

    /// Whether the log itself says that there are entries beyond those seen.
    pub(super) fn is_promised(&self) -> bool {
        self.promises.first().is_some_and(|promise| promise.size > self.expected)
    }

    /// The largest size that is promised.
    pub(super) fn promised(&self) -> Option<u64> {
        self.promises.first().map(|promise| promise.size)
    }

    /// Whether something must be compared before the tree has this size.
    pub(super) fn is_due_before(&self, size: u64) -> bool {
        let promise = self.promises.last().is_some_and(|promise| promise.size < size);
        promise && self.roots.is_some() || self.snapshots.last().is_some_and(|snapshot| snapshot.size < size)
    }

    /// Compares the tree and the chains with what was promised of their present size.
    pub(super) fn due(&mut self) {
        let size = self.expected;
        while self.roots.is_some()
            && let Some(due) = self.promises.pop_if(|promise| promise.size == size)
        {
            let fits = self.agree(|edge| (edge.root() == due.root).then_some(()));
            match (fits, due.whose) {
                (Some(()), Whose::Snapshot) => {}
                (Some(()), Whose::Published | Whose::Witnessed | Whose::Elsewhere) => {
                    self.vouched = self.vouched.max(size);
                }
                (None, whose) => {
                    self.unkept(size.checked_sub(1), due.file, InFolder::Rewritten { whose, size })
                }
            }
        }
        self.due_snapshots();
    }

    fn unkept(&mut self, index: Option<u64>, file: Option<PathBuf>, what: InFolder) {
        let file = file.unwrap_or_else(|| self.folder.to_owned());
        self.fault(index, &file, what);
    }

    /// What is left when the log has ended.
    pub(super) fn leave_promises(&mut self) {
        let has = self.expected;
        while let Some(Promise { size, file, whose, .. }) = self.promises.pop() {
            if size > has {
                self.unkept(Some(has), file, InFolder::Shorter { whose, says: size, has });
            } else {
                self.note(
                    format!("không so được điểm chốt của {size} bản ghi, vì có bản ghi phía trước không như đã ký"),
                    format!(
                        "the tree head of {size} entries cannot be compared, since an entry before is not as signed"
                    ),
                );
            }
        }
    }
}
