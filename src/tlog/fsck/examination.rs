//! What is known of a log after each step of its examination, and the report that comes of it.

use std::fs;
use std::io;
use std::path::Path;

use crate::crypto::digest::Hash;
use crate::tlog::note::VerifierKey;

use super::Each;
use super::Fault;
use super::Known;
use super::Report;
use super::format;
use super::format::Head;
use super::promises::Promise;
use super::roots::Roots;

/// A log under examination: what is known of it after each step.
pub(super) struct Examination<'a, 'e> {
    pub(super) folder: &'a Path,
    pub(super) key: Option<&'a VerifierKey>,
    pub(super) each: &'a mut Each<'e>,
    /// The index that comes next.
    pub(super) expected: u64,
    /// The hash of the header before; none after a batch whose header could not be read.
    pub(super) previous: Option<Hash>,
    /// None once an entry is missing, or is not what was signed: no later root can be told then.
    pub(super) roots: Option<Roots>,
    /// Largest first.
    pub(super) promises: Vec<Promise>,
    pub(super) report: Report,
}

impl<'a, 'e> Examination<'a, 'e> {
    /// Nothing is known yet but the heads from elsewhere.
    pub(super) fn begin(
        folder: &'a Path,
        key: Option<&'a VerifierKey>,
        known: &[Known],
        each: &'a mut Each<'e>,
    ) -> Self {
        Self {
            folder,
            key,
            each,
            expected: 0,
            previous: Some([0; 32]),
            roots: Some(Roots::default()),
            promises: known.iter().map(Promise::elsewhere).collect(),
            report: Report::default(),
        }
    }

    /// Names a fault.
    pub(super) fn fault(&mut self, index: impl Into<Option<u64>>, file: &Path, what: impl Into<String>) {
        self.report.faults.push(Fault { index: index.into(), file: file.to_owned(), what: what.into() });
    }

    /// Reads what was published: one promise more.
    pub(super) fn checkpoint(&mut self, file: &Path) {
        let note = match fs::read(file) {
            Ok(note) => note,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.report.notes.push("no checkpoint was published".to_owned());
            }
            Err(error) => return self.fault(None, file, format!("cannot be read: {error}")),
        };
        match format::head(&note, self.key) {
            Ok(Head { origin, size, root }) => {
                (self.report.origin, self.report.published) = (Some(origin), Some(size));
                self.promises.push(Promise { size, root, file: Some(file.to_owned()) });
            }
            Err(what) => self.fault(None, file, format!("the published checkpoint: {what}")),
        }
    }

    /// Skips the entries before `next`, of which nothing is there.
    pub(super) fn missing(&mut self, next: u64, file: &Path) {
        self.fault(self.expected, file, format!("entries {} to {} are missing", self.expected, next - 1));
        (self.expected, self.roots, self.previous) = (next, None, None);
    }

    /// The report, when every segment was examined.
    pub(super) fn finish(mut self) -> Report {
        let end = self.expected;
        while let Some(Promise { size, file, .. }) = self.promises.pop() {
            if size > end {
                let what =
                    format!("has {size} entries, the log {end}: entries {end} to {} are missing", size - 1);
                self.unkept(Some(end), file, &what);
            } else {
                self.report.notes.push(format!(
                    "the tree head of {size} entries cannot be compared, since an entry before is not as signed"
                ));
            }
        }
        self.report.faults.sort_by_key(|fault| (fault.index.is_none(), fault.index));
        self.report.entries = end;
        self.report.root = self.roots.map(|roots| roots.root());
        self.report
    }
}
