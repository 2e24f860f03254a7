//! One batch: in its place, whole, and as its checkpoint signed it.

use std::ops::Range;
use std::path::Path;

use crate::crypto::digest::Hash;

use super::examination::Examination;
use super::format;
use super::format::Batch;
use super::format::Header;

/// Entries of a batch, at most.
const BATCH_MAX: u64 = 1024;

impl Examination<'_, '_> {
    /// A batch whose checksum, and perhaps whose header, does not hold.
    pub(super) fn broken(&mut self, file: &Path, header: Option<Header>, bytes: &[u8], follows: Option<u64>) {
        let batch = header.map(|header| Batch::behind(header, bytes)).or_else(|| {
            let end = follows.or_else(|| self.promises.first().map(|promise| promise.size))?;
            let count = end.checked_sub(self.expected).filter(|count| *count <= BATCH_MAX)?;
            Batch::headless(count, bytes)
        });
        let first = header.map_or(self.expected, |header| header.first);
        let before = self.report.faults.len();
        match &batch {
            Some(batch) => self.batch(file, batch),
            None => {
                self.previous = None;
                return self.fault(self.expected, file, "what stands where its batch belongs cannot be read");
            }
        }
        if header.is_none() {
            self.fault(first, file, "the header of its batch was changed");
        } else if self.report.faults.len() == before {
            self.fault(first, file, "an annex of its batch, or the checksum, was changed");
        }
    }

    /// Examines a batch as far as it can be read, and takes its entries.
    pub(super) fn batch(&mut self, file: &Path, batch: &Batch<'_>) {
        self.report.frames += 1;
        let first = batch.header.map_or(self.expected, |header| header.first);
        let Some(end) = first.checked_add(batch.count) else {
            return self.fault(self.expected, file, "its batch has indices that no number holds");
        };
        if first > self.expected {
            self.missing(first, file);
        } else if first < self.expected {
            let what = format!("its batch stands out of order, where entry {} belongs", self.expected);
            return self.fault(first, file, what);
        }
        if let (Some(before), Some(header)) = (self.previous, batch.header)
            && before != header.previous
        {
            self.fault(first, file, "its batch does not name the header of the batch before it");
        }
        let signed = self.signed(file, first, end, batch.note);
        let whole = batch.entries.len() as u64 == batch.count;
        if !whole {
            let at = first + batch.entries.len() as u64;
            self.fault(at, file, format!("entries {at} to {} cannot be read: lengths were changed", end - 1));
        } else if !batch.filled || batch.count == 0 {
            self.fault(first, file, "its batch holds bytes that belong to no entry");
        }
        let leaves = self.settle(file, first, &batch.entries, signed.filter(|_| whole));
        self.take(file, first..end, batch, &leaves);
        if !whole {
            self.roots = None;
        }
        (self.expected, self.previous) = (end, batch.header.map(|header| header.hash));
    }

    /// The root that the log signed for a batch, if its checkpoint is whole.
    fn signed(&mut self, file: &Path, first: u64, end: u64, note: &[u8]) -> Option<Hash> {
        let head = match format::head(note, self.key) {
            Ok(head) => head,
            Err(what) => {
                self.fault(first, file, format!("the checkpoint of its batch: {what}"));
                return None;
            }
        };
        if self.report.origin.get_or_insert_with(|| head.origin.clone()) != &head.origin {
            self.fault(first, file, "the checkpoint of its batch is of another log");
            return None;
        }
        if head.size != end {
            self.fault(
                first,
                file,
                format!("the checkpoint of its batch is of {} entries, not {end}", head.size),
            );
            return None;
        }
        Some(head.root)
    }

    /// Takes the leaves of a batch into the tree, and asks about each entry.
    fn take(&mut self, file: &Path, indices: Range<u64>, batch: &Batch<'_>, leaves: &[Hash]) {
        for ((index, entry), leaf) in indices.zip(&batch.entries).zip(leaves) {
            for what in (self.each)(index, entry.leaf, entry.annex, leaf) {
                self.fault(index, file, what);
            }
            if let Some(roots) = &mut self.roots {
                roots.push(*leaf);
                self.keep_promises();
            }
        }
    }
}
