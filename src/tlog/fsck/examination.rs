//! What is known of a log after each step of its examination, and the report that comes of it.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::crypto::digest::Hash;
use crate::language::Text;
use crate::tlog::note::VerifierKey;

use super::Fault;
use super::Finding;
use super::Known;
use super::Progress;
use super::Report;
use super::disagreement::Unsettled;
use super::file;
use super::in_folder::InFolder;
use super::judge::Entry;
use super::judge::Judge;
use super::listing::Listing;
use super::notes;
use super::notes::Head;
use super::promises::Promise;
use super::roots::Roots;
use super::roots::WIDTH;
use super::snapshots::Snapshot;

/// Faults that are named; more are counted. A log that is wrong in every place does not fill the memory with words.
const FAULTS_MAX: usize = 100_000;

/// A log under examination: what is known of it after each step.
pub(super) struct Examination<'a, 'p, J> {
    pub(super) folder: &'a Path,
    pub(super) key: Option<&'a VerifierKey>,
    pub(super) judge: &'a mut J,
    pub(super) progress: &'a mut Progress<'p>,
    /// The index that comes next.
    pub(super) expected: u64,
    /// The hash of the header before; none if it is not known.
    pub(super) previous: Option<Hash>,
    /// None once an entry is missing, or is not what was signed: no later root can be told then.
    pub(super) roots: Option<Roots>,
    /// The tree up to there.
    pub(super) lost: Option<Roots>,
    /// The leaves of the last 256 that are not complete; fewer, if some are not known.
    pub(super) row: Vec<Hash>,
    /// So many entries are as a head says that agrees.
    pub(super) vouched: u64,
    /// Sealed entries and tiles that disagree, and no signed root has told yet which is right.
    pub(super) unsettled: Vec<Unsettled>,
    /// Leaves of 256 entries that stand in segments, to be compared with what was sealed of them.
    pub(super) twice: Vec<(u64, Vec<Hash>)>,
    /// Largest first.
    pub(super) promises: Vec<Promise>,
    /// Largest first.
    pub(super) snapshots: Vec<Snapshot>,
    /// With which entries segments were begun, as snapshots tell, and which.
    pub(super) segments_told: Vec<(u64, PathBuf)>,
    pub(super) listing: Arc<Listing>,
    /// The first entry that stands in a segment.
    pub(super) begun: u64,
    /// The first 256 entries that no bundle was asked for.
    pub(super) unread: u64,
    /// Bundles of entries that stand in segments, too, and of which not everything was there.
    pub(super) unfinished: u64,
    /// What does not belong in the folders of snapshots and objects.
    pub(super) strays: Vec<PathBuf>,
    /// Bytes of all segments that were listed.
    pub(super) wal_bytes: u64,
    pub(super) report: Report,
}

impl<'a, 'p, J: Judge> Examination<'a, 'p, J> {
    /// Nothing is known yet but the heads from elsewhere.
    pub(super) fn begin(
        folder: &'a Path,
        key: Option<&'a VerifierKey>,
        known: &[Known],
        judge: &'a mut J,
        progress: &'a mut Progress<'p>,
    ) -> Self {
        Self {
            folder,
            key,
            judge,
            progress,
            expected: 0,
            previous: Some([0; 32]),
            roots: Some(Roots::default()),
            lost: None,
            row: Vec::new(),
            vouched: 0,
            unsettled: Vec::new(),
            twice: Vec::new(),
            promises: known.iter().map(Promise::elsewhere).collect(),
            snapshots: Vec::new(),
            segments_told: Vec::new(),
            listing: Arc::default(),
            begun: 0,
            unread: 0,
            unfinished: 0,
            strays: Vec::new(),
            wal_bytes: 0,
            report: Report::default(),
        }
    }

    /// Names a fault.
    pub(super) fn fault(&mut self, index: impl Into<Option<u64>>, file: &Path, what: impl Into<Finding>) {
        let Finding { code, what } = what.into();
        self.put(Fault { index: index.into(), file: file.to_owned(), code, what });
    }

    pub(super) fn put(&mut self, fault: Fault) {
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(fault);
        } else {
            self.report.unnamed += 1;
        }
    }

    pub(super) fn note(&mut self, vi: impl Into<String>, en: impl Into<String>) {
        self.report.notes.push(Text::new(vi, en));
    }

    /// Reads what was published: one promise more.
    pub(super) fn checkpoint(&mut self, file: &Path) {
        let note = match file::read(file, file::FILE_MAX) {
            Ok(note) => note,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.note("chưa có điểm chốt nào được công bố", "no checkpoint was published");
            }
            Err(error) => return self.fault(None, file, InFolder::Unreadable(file::why(&error))),
        };
        match notes::head(&note, self.key) {
            Ok(Head { origin, size, root }) => {
                (self.report.origin, self.report.published) = (Some(origin), Some(size));
                self.promises.push(Promise::published(size, root, file.to_owned()));
            }
            Err(bad) => self.fault(None, file, InFolder::Published(bad)),
        }
    }

    /// Takes the next entry's leaf hash, if it is known, unless the tree has it already.
    pub(super) fn advance(&mut self, leaf: Option<Hash>, is_in_tree: bool) {
        match (leaf, &mut self.roots) {
            (Some(leaf), Some(roots)) if !is_in_tree => roots.push(leaf),
            (None, Some(_)) => self.lose(),
            (Some(_), Some(_)) | (_, None) => {}
        }
        let place = self.expected % WIDTH;
        if place == 0 {
            self.row.clear();
        }
        if self.row.len() as u64 == place {
            self.row.extend(leaf);
        }
        self.expected += 1;
    }

    /// Asks about an entry.
    pub(super) fn ask(&mut self, file: &Path, entry: &Entry<'_, J::Said>) {
        for finding in self.judge.judge(entry) {
            self.fault(entry.index, file, finding);
        }
    }

    /// No later root can be told.
    pub(super) fn lose(&mut self) {
        if let Some(roots) = self.roots.take() {
            self.lost = Some(roots);
        }
    }

    /// Skips the entries before `next`, of which nothing is there; the tree goes on if the roots of every 256 of them are known.
    pub(super) fn skip(&mut self, next: u64, groups: Option<Vec<Hash>>) -> Range<u64> {
        let skipped = self.expected..next;
        self.judge.missed(skipped.clone());
        match (groups, &mut self.roots) {
            (Some(groups), Some(roots)) => groups.into_iter().for_each(|group| roots.push_group(group)),
            (None, _) => self.lose(),
            (Some(_), None) => {}
        }
        self.row.clear();
        (self.expected, self.previous) = (next, None);
        skipped
    }

    /// Tells how far it is.
    pub(super) fn is_at(&mut self) {
        (self.progress)(self.report.bytes, self.wal_bytes + self.listing.bytes);
    }

    /// The report, when everything was examined.
    pub(super) fn finish(mut self) -> Report {
        self.leave_unsettled();
        self.leave_promises();
        self.report.faults.sort_by_key(|fault| (fault.index.is_none(), fault.index));
        self.report.entries = self.expected;
        self.report.root = self.roots.map(|roots| roots.root());
        self.report
    }

    /// Names what does not belong in the folder.
    pub(super) fn strays(&mut self) {
        let strays = self.listing.strays.clone();
        for stray in strays.into_iter().chain(std::mem::take(&mut self.strays)) {
            let name = stray.strip_prefix(self.folder).map_or(stray.clone(), PathBuf::from);
            let name = name.display();
            self.note(
                format!("tệp `{name}` không thuộc nhật ký; không được kiểm tra"),
                format!("the file `{name}` does not belong to the log; it was not examined"),
            );
        }
    }
}
