//! Segment after segment in the order of their names, and batch after batch in each.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::tlog::note::VerifierKey;

use super::examination::Examination;
use super::file;
use super::format;
use super::format::Batch;
use super::format::Header;
use super::in_wal::InWal;
use super::judge::Judge;
use super::listing::Listing;
use super::pipeline::Enough;
use super::pipeline::in_order;
use super::pipeline::threads_for;
use super::roots::WIDTH;

/// Bytes of a batch, at most, with its header and checkpoint: a longer torn tail is more than one stop leaves.
const BATCH_BYTES_MAX: usize = (1 << 20) + (1 << 11);

/// Bytes of batches that one thread takes at once: so many that the taking costs nothing beside the hashing.
const SHARE_BYTES: usize = 1 << 17;

/// How a segment was found.
enum Found {
    Read,
    /// It is not there any more.
    Vanished,
}

impl<J: Judge> Examination<'_, '_, J> {
    /// Examines every entry: those that stand in bundles alone, then every segment. A segment that vanishes meanwhile was sealed.
    pub(super) fn entries(&mut self, wal: &Path) {
        let mut before = None;
        loop {
            let segments = match listed(wal) {
                Ok(segments) => segments,
                Err(error) => {
                    self.fault(None, wal, InWal::Unreadable(file::why(&error)));
                    Vec::new()
                }
            };
            // After the segments: what was removed of them by then stands in bundles by now.
            self.listing = Arc::new(Listing::of(self.folder));
            self.wal_bytes = segments.iter().map(|segment| segment.length).sum();
            let begun = segments.first().map(|segment| segment.first);
            self.begin_segments(begun, segments.first().map_or(wal, |segment| &segment.file));
            let vanished = self.segments(&segments, wal);
            let Some(file) = vanished else {
                let firsts: Vec<u64> = segments.iter().map(|segment| segment.first).collect();
                return self.segments_not_begun(&firsts);
            };
            if before == Some(self.expected) {
                return self.fault(self.expected, &file, InWal::Vanished);
            }
            before = Some(self.expected);
        }
    }

    /// Takes from bundles what stands before the first segment; all, if there is none.
    fn begin_segments(&mut self, begun: Option<u64>, next: &Path) {
        let sealed = self.listing.bundles.last().map_or(0, |last| (last + 1) * WIDTH);
        let until = begun.unwrap_or(sealed);
        if self.expected == 0 {
            self.misses_snapshot(until);
        }
        self.begun = until;
        if until > self.expected {
            self.sealed(until, next);
        }
    }

    /// Examines the segments from the expected entry on; one that is not there any more ends it.
    fn segments(&mut self, segments: &[Segment], wal: &Path) -> Option<PathBuf> {
        if segments.is_empty() {
            self.fault(None, wal, InWal::NoSegments);
        }
        for (position, segment) in segments.iter().enumerate() {
            let next = segments.get(position + 1).map(|next| next.first);
            self.report.bytes += segment.length;
            if next.is_some_and(|next| next <= self.expected && self.expected > segment.first) {
                continue;
            }
            match self.segment(segment, next) {
                Ok(Found::Vanished) => return Some(segment.file.clone()),
                Ok(Found::Read) => {}
                Err(error) => self.fault(self.expected, &segment.file, InWal::Unreadable(file::why(&error))),
            }
            self.compare_twice();
            self.is_at();
        }
        None
    }

    /// Examines one segment.
    fn segment(&mut self, segment: &Segment, next: Option<u64>) -> io::Result<Found> {
        let (file, mut at, mut read_again_at) = (&segment.file, 0, None);
        let mut bytes = match file::read(file, file::SEGMENT_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Vanished),
            bytes => bytes?,
        };
        let mut used = used_bytes(&bytes);
        self.name(segment, &bytes);
        loop {
            at = self.whole(file, &bytes, at, used);
            let Some(rest) = bytes.get(at..).filter(|_| at < used) else { return Ok(Found::Read) };
            let header = Header::read(rest);
            let reach = header.map_or_else(|| reach_of_headless(rest), |header| header.reach());
            let is_last = next.is_none();
            if is_last && read_again_at != Some(at) {
                // A writer may have written while we read. What was begun before the first reading is whole in a second.
                (read_again_at, bytes) = (Some(at), file::read(file, file::SEGMENT_MAX)?);
                used = used_bytes(&bytes);
            } else if is_last && at + reach >= used && used - at <= BATCH_BYTES_MAX && !self.is_promised() {
                self.torn(used - at);
                return Ok(Found::Read);
            } else if header.is_none() && next == Some(self.expected) {
                self.fault(None, file, InWal::Behind);
                at += reach;
            } else {
                let follows = rest.get(reach..).and_then(Header::read).map(|header| header.first);
                self.broken(file, header, rest.get(..reach).unwrap_or(rest), follows.or(next));
                at += reach;
            }
        }
    }

    /// Takes the batches that are whole, from `at` on; says where they end.
    fn whole(&mut self, file: &Path, bytes: &[u8], at: usize, used: usize) -> usize {
        let (key, mut end) = (self.key, at);
        let threads = threads_for((used - at.min(used)) / SHARE_BYTES);
        in_order(
            threads,
            Shares { bytes, at, used },
            || {
                let mut reader = J::Reader::default();
                move |share: Share| share.read::<J>(&mut reader, bytes, key)
            },
            |(batches, reach, whole)| {
                batches.iter().for_each(|batch| self.batch(file, batch));
                end = reach;
                if whole { Enough::No } else { Enough::Yes }
            },
        );
        end
    }

    fn torn(&mut self, bytes: usize) {
        self.note(
            format!("lô cuối dở dang {bytes} byte, như khi dừng đột ngột; chưa ai được trả lời cho lô này"),
            format!(
                "a torn last batch of {bytes} bytes, as a stop leaves it; nobody was given an answer for it"
            ),
        );
    }

    /// Whether a segment begins where its name says, and with the entry that comes next.
    fn name(&mut self, segment: &Segment, bytes: &[u8]) {
        let begins = Header::read(bytes).map(|header| header.first);
        if begins.is_none_or(|begins| begins == segment.first) && segment.first > self.expected {
            return self.gap(segment);
        }
        if begins == Some(segment.first) || segment.first == self.expected {
            return;
        }
        self.fault(self.expected, &segment.file, InWal::Name);
    }

    /// Entries before a segment stand in none; perhaps in bundles.
    fn gap(&mut self, segment: &Segment) {
        let (from, next) = (self.expected, segment.first);
        if self.listing.has_entries(from / WIDTH) {
            self.fault(from, &segment.file, InWal::Gap { from, to: next - 1 });
            self.sealed(next, &segment.file);
        } else {
            self.missing(next, &segment.file);
        }
    }
}

/// Batches as far as headers lead, in shares of about as many bytes.
struct Shares<'a> {
    bytes: &'a [u8],
    at: usize,
    used: usize,
}

/// Some batches: where each begins, and its header.
struct Share(Vec<(usize, Header)>);

impl Iterator for Shares<'_> {
    type Item = Share;

    fn next(&mut self) -> Option<Share> {
        let (mut share, begin) = (Vec::new(), self.at);
        while self.at < self.used
            && self.at - begin < SHARE_BYTES
            && let Some(header) = self.bytes.get(self.at..).and_then(Header::read)
        {
            share.push((self.at, header));
            self.at += header.reach();
        }
        (!share.is_empty()).then_some(Share(share))
    }
}

impl Share {
    /// Reads the batches up to the first that is not whole: they, where they end, and whether all are.
    fn read<'a, J: Judge>(
        self,
        reader: &mut J::Reader,
        bytes: &'a [u8],
        key: Option<&VerifierKey>,
    ) -> (Vec<Batch<'a, J::Said>>, usize, bool) {
        let (mut batches, mut end) = (Vec::new(), 0);
        for (at, header) in self.0 {
            let batch = Batch::behind::<J>(reader, header, bytes.get(at..).unwrap_or_default(), key);
            if !batch.sum_holds {
                return (batches, at, false);
            }
            batches.push(batch);
            end = at + header.reach();
        }
        (batches, end, true)
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
        // One that vanished since the folder was read is found out when it is read.
        let length = entry.metadata().map_or(0, |metadata| metadata.len());
        segments.push(Segment { first, file: entry.path(), length });
    }
    segments.sort_by(|a, b| (a.first, &a.file).cmp(&(b.first, &b.file)));
    Ok(segments)
}
