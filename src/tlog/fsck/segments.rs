//! Segment after segment in the order of their names, and batch after batch in each.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::Progress;
use super::examination::Examination;
use super::format;
use super::format::Batch;
use super::format::Header;

/// Bytes of a batch, at most, with its header and checkpoint: a longer torn tail is more than one stop leaves.
const BATCH_BYTES_MAX: usize = (1 << 20) + (1 << 11);

impl Examination<'_, '_> {
    /// Examines every segment.
    pub(super) fn segments(&mut self, wal: &Path, progress: &mut Progress<'_>) {
        let segments = match listed(wal) {
            Ok(segments) => segments,
            Err(error) => return self.fault(None, wal, format!("cannot be read: {error}")),
        };
        if segments.is_empty() {
            self.fault(None, wal, "there are no segments");
        }
        let total = segments.iter().map(|segment| segment.length).sum();
        for (position, segment) in segments.iter().enumerate() {
            let next = segments.get(position + 1).map(|next| next.first);
            if self.segment(segment, next).is_none() {
                self.fault(self.expected, &segment.file, "cannot be read");
            }
            self.report.bytes += segment.length;
            progress(self.report.bytes, total);
        }
    }

    /// Examines one segment; nothing if the file cannot be read.
    fn segment(&mut self, segment: &Segment, next: Option<u64>) -> Option<()> {
        let (file, mut at, mut read_again_at) = (&segment.file, 0, None);
        let mut bytes = fs::read(file).ok()?;
        let mut used = used_bytes(&bytes);
        self.name(segment, &bytes);
        while at < used {
            let rest = bytes.get(at..)?;
            let header = Header::read(rest);
            let batch = header.map(|header| Batch::behind(header, rest));
            let reach = header.map_or_else(|| reach_of_headless(rest), |header| header.reach());
            if let Some(batch) = batch.filter(|batch| batch.sum_holds) {
                self.batch(file, &batch);
            } else if next.is_none() && read_again_at != Some(at) {
                // A writer may have written while we read. What was begun before the first reading is whole in a second.
                (read_again_at, bytes) = (Some(at), fs::read(file).ok()?);
                used = used_bytes(&bytes);
                continue;
            } else if next.is_none()
                && at + reach >= used
                && used - at <= BATCH_BYTES_MAX
                && !self.is_promised()
            {
                self.report.notes.push(format!(
                    "a torn last batch of {} bytes, as a stop leaves it; nobody was given an answer for it",
                    used - at
                ));
                return Some(());
            } else {
                let follows = rest.get(reach..).and_then(Header::read).map(|header| header.first);
                self.broken(file, header, rest.get(..reach).unwrap_or(rest), follows.or(next));
            }
            at += reach;
        }
        Some(())
    }

    /// Whether a segment begins where its name says, and with the entry that comes next.
    fn name(&mut self, segment: &Segment, bytes: &[u8]) {
        let begins = Header::read(bytes).map(|header| header.first);
        if begins == Some(segment.first) || segment.first == self.expected {
            return;
        }
        if begins.is_none() && segment.first > self.expected {
            return self.missing(segment.first, &segment.file);
        }
        self.fault(self.expected, &segment.file, "the segment does not begin with the entry its name says");
    }
}

/// How far a batch without a header reaches: to the next header, or to the end of what is not zero.
fn reach_of_headless(bytes: &[u8]) -> usize {
    format::next_header(bytes, 1).unwrap_or_else(|| used_bytes(bytes))
}

/// The length without the zeros at the end.
fn used_bytes(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

struct Segment {
    first: u64,
    file: PathBuf,
    length: u64,
}

/// The segments of a folder, in order. A name that is not twenty digits counts as the first index 0, so that it is noticed.
fn listed(wal: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(wal)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".seg") else { continue };
        let first = if stem.len() == 20 { stem.parse().unwrap_or(0) } else { 0 };
        segments.push(Segment { first, file: entry.path(), length: entry.metadata()?.len() });
    }
    segments.sort_by(|a, b| (a.first, &a.file).cmp(&(b.first, &b.file)));
    Ok(segments)
}
