//! One batch: in its place, whole, and as its checkpoint signed it.

use std::ops::Range;
use std::path::Path;

use crate::crypto::digest::Hash;

use super::disagreement::choices;
use super::disagreement::is_set;
use super::examination::Examination;
use super::format::Batch;
use super::format::Header;
use super::format::Stored;
use super::in_wal::InWal;
use super::judge::Entry;
use super::judge::Judge;
use super::roots::WIDTH;

/// Entries of a batch, at most.
const BATCH_MAX: u64 = 1024;

/// Which leaf hash of each entry was signed.
struct Settled {
    leaves: Vec<Hash>,
    /// Which of the disagreeing are taken by their bytes; none if it cannot be told.
    choice: Option<usize>,
    disagreeing: Vec<usize>,
    /// The tree has taken them already.
    is_in_tree: bool,
}

impl<J: Judge> Examination<'_, '_, J> {
    /// A batch whose checksum, and perhaps whose header, does not hold.
    pub(super) fn broken(&mut self, file: &Path, header: Option<Header>, bytes: &[u8], follows: Option<u64>) {
        let reader = &mut J::Reader::default();
        let behind = header.map(|header| Batch::behind::<J>(reader, header, bytes, self.key));
        let batch = behind.or_else(|| {
            let end = follows.or_else(|| self.promised())?;
            let count = end.checked_sub(self.expected).filter(|count| *count <= BATCH_MAX)?;
            Batch::headless::<J>(count, bytes, self.key)
        });
        let first = header.map_or(self.expected, |header| header.first);
        let before = self.report.faults.len();
        match &batch {
            Some(batch) => self.batch(file, batch),
            None => {
                self.previous = None;
                return self.fault(self.expected, file, InWal::Illegible);
            }
        }
        if header.is_none() {
            self.fault(first, file, InWal::Header);
        } else if self.report.faults.len() == before {
            self.fault(first, file, InWal::AnnexOrSum);
        }
    }

    /// Examines a batch as far as it can be read, and takes its entries.
    pub(super) fn batch(&mut self, file: &Path, batch: &Batch<'_, J::Said>) {
        self.report.frames += 1;
        let first = batch.header.map_or(self.expected, |header| header.first);
        let Some(end) = first.checked_add(batch.count) else {
            return self.fault(self.expected, file, InWal::NoNumber);
        };
        if first > self.expected {
            self.missing(first, file);
        } else if first < self.expected {
            return self.fault(first, file, InWal::Order { expected: self.expected });
        }
        if let (Some(before), Some(header)) = (self.previous, batch.header)
            && before != header.previous
        {
            self.fault(first, file, InWal::Predecessor);
        }
        let signed = self.signed(file, first, end, batch);
        let whole = batch.entries.len() as u64 == batch.count;
        if !whole {
            let from = first + batch.entries.len() as u64;
            self.fault(from, file, InWal::Lengths { from, to: end - 1 });
        } else if !batch.filled || batch.count == 0 {
            self.fault(first, file, InWal::Idle);
        }
        let settled = self.settle_batch(file, first..end, &batch.entries, signed.filter(|_| whole));
        // Known before the last entry: a snapshot of what follows it names this batch.
        let hash = batch.header.map(|header| header.hash);
        self.take(file, batch, &settled, hash);
        if !whole {
            self.skip(end, None);
        }
        self.previous = hash;
    }

    /// Names the entries before `next`, of which nothing is there, and skips them.
    pub(super) fn missing(&mut self, next: u64, file: &Path) {
        let (from, to) = (self.expected, next - 1);
        self.fault(from, file, InWal::Missing { from, to });
        self.skip(next, None);
    }

    /// The root that the log signed for a batch, if its checkpoint is whole.
    fn signed(&mut self, file: &Path, first: u64, end: u64, batch: &Batch<'_, J::Said>) -> Option<Hash> {
        let head = match &batch.head {
            Ok(head) => head,
            Err(bad) => {
                self.fault(first, file, InWal::Head(*bad));
                return None;
            }
        };
        if self.report.origin.get_or_insert_with(|| head.origin.clone()) != &head.origin {
            self.fault(first, file, InWal::OtherLog);
            return None;
        }
        if head.size != end {
            self.fault(first, file, InWal::HeadSize { says: head.size, has: end });
            return None;
        }
        Some(head.root)
    }

    /// Decides, for each entry, which leaf hash was signed, and names those that are not as signed.
    fn settle_batch(
        &mut self,
        file: &Path,
        indices: Range<u64>,
        entries: &[Stored<'_, J::Said>],
        signed: Option<Hash>,
    ) -> Settled {
        let disagreeing = entries.iter().enumerate().filter(|(_, entry)| entry.kept != entry.own);
        let disagreeing: Vec<usize> = disagreeing.map(|(at, _)| at).collect();
        let mut leaves: Vec<Hash> = entries.iter().map(|entry| entry.kept).collect();
        if disagreeing.is_empty() && self.grow(&leaves, indices.end, signed) {
            return Settled { leaves, choice: Some(0), disagreeing, is_in_tree: true };
        }
        let known = signed.filter(|_| self.roots.is_some());
        let found = known.map(|signed| {
            self.agree(|edge| {
                let by = |choice| chosen(entries, &disagreeing, choice).into_iter();
                choices(disagreeing.len()).find(|choice| edge.root_with(by(*choice)) == signed)
            })
        });
        for (bit, at) in disagreeing.iter().enumerate() {
            let what = match found {
                Some(Some(choice)) if is_set(choice, bit) => InWal::KeptHash,
                Some(Some(_)) => InWal::Bytes,
                Some(None) | None => InWal::Undecided,
            };
            self.fault(indices.start + *at as u64, file, what);
        }
        match found {
            Some(Some(choice)) => {
                leaves = chosen(entries, &disagreeing, choice);
                self.vouched = self.vouched.max(indices.end);
            }
            Some(None) => {
                let (from, to) = (indices.start, indices.end.saturating_sub(1));
                self.fault(from, file, InWal::Batch { from, to });
                self.lose();
            }
            None => {}
        }
        Settled { leaves, choice: found.flatten(), disagreeing, is_in_tree: false }
    }

    /// Lets the tree grow by leaves with which it has the signed root. If it has not, or something else is due before, it stays.
    fn grow(&mut self, leaves: &[Hash], end: u64, signed: Option<Hash>) -> bool {
        let (Some(signed), false) = (signed, self.is_due_before(end)) else { return false };
        let Some(roots) = &mut self.roots else { return false };
        let mark = roots.mark();
        leaves.iter().for_each(|leaf| roots.push(*leaf));
        if roots.root() == signed {
            self.vouched = self.vouched.max(end);
            self.as_kept();
            return true;
        }
        roots.back(mark);
        false
    }

    /// Takes the leaves of a batch into the tree, and asks about each entry.
    fn take(&mut self, file: &Path, batch: &Batch<'_, J::Said>, settled: &Settled, hash: Option<Hash>) {
        let mut disagreeing = settled.disagreeing.iter().enumerate().peekable();
        for (at, (entry, leaf)) in batch.entries.iter().zip(&settled.leaves).enumerate() {
            let bit = disagreeing.next_if(|(_, other)| **other == at).map(|(bit, _)| bit);
            let by_bytes = settled.choice.zip(bit).map(|(choice, bit)| is_set(choice, bit));
            self.entry(file, entry, *leaf, bit.is_none() || by_bytes == Some(true));
            if at + 1 == batch.entries.len() {
                self.previous = hash;
            }
            self.advance(Some(*leaf), settled.is_in_tree);
            if self.row.len() as u64 == WIDTH && self.expected.is_multiple_of(WIDTH) {
                let number = self.expected / WIDTH - 1;
                let row = std::mem::take(&mut self.row);
                self.twice.extend(self.listing.has(number).then_some((number, row)));
            }
            self.due();
        }
    }

    /// Asks about an entry, unless its bytes are not those that were signed, or may not be.
    fn entry(&mut self, file: &Path, entry: &Stored<'_, J::Said>, hash: Hash, is_as_signed: bool) {
        let index = self.expected;
        if !is_as_signed {
            return self.judge.missed(index..index + 1);
        }
        if let Some(wrong) = &entry.annex_wrong {
            self.fault(index, file, wrong.clone());
        }
        let Stored { leaf, annex, said, .. } = entry;
        self.ask(file, &Entry { index, leaf, annex, said, hash });
    }
}

/// The leaf hashes, those of the chosen entries by their bytes.
fn chosen<S>(entries: &[Stored<'_, S>], disagreeing: &[usize], choice: usize) -> Vec<Hash> {
    let by_bytes =
        |at: usize| disagreeing.iter().position(|other| *other == at).is_some_and(|bit| is_set(choice, bit));
    entries.iter().enumerate().map(|(at, entry)| if by_bytes(at) { entry.own } else { entry.kept }).collect()
}
