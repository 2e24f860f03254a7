//! Heads that a log must continue: the one it published, and those that somebody kept.

use std::cmp::Reverse;
use std::path::PathBuf;

use crate::crypto::digest::Hash;

use super::Known;
use super::examination::Examination;

/// A head that the log must continue; `file` is the published checkpoint, or none for one known from elsewhere.
pub(super) struct Promise {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) file: Option<PathBuf>,
}

impl Promise {
    /// A head that somebody kept.
    pub(super) fn elsewhere(known: &Known) -> Self {
        Self { size: known.size, root: known.root, file: None }
    }
}

impl Examination<'_, '_> {
    /// Puts the promises in the order in which they fall due, the last first.
    pub(super) fn sort_promises(&mut self) {
        self.promises.sort_by_key(|promise| Reverse(promise.size));
    }

    /// Whether entries are promised beyond those seen.
    pub(super) fn is_promised(&self) -> bool {
        self.promises.first().is_some_and(|promise| promise.size > self.expected)
    }

    /// Compares the tree with what was promised of its present size.
    pub(super) fn keep_promises(&mut self) {
        let Some(roots) = &self.roots else { return };
        let (size, mut root) = (roots.size(), None);
        let mut broken = Vec::new();
        while let Some(due) = self.promises.pop_if(|promise| promise.size == size) {
            if due.root != *root.get_or_insert_with(|| roots.root()) {
                broken.push(due.file);
            }
        }
        for file in broken {
            let what = format!("has another root over the first {size} entries: they were rewritten");
            self.unkept(size.checked_sub(1), file, &what);
        }
    }

    /// Names a broken promise.
    pub(super) fn unkept(&mut self, index: Option<u64>, file: Option<PathBuf>, what: &str) {
        let whose =
            if file.is_some() { "the published tree head" } else { "a tree head known from elsewhere" };
        let file = file.unwrap_or_else(|| self.folder.to_owned());
        self.fault(index, &file, format!("{whose} {what}"));
    }
}
