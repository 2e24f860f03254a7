//! Snapshots of the writer's state, from which a start goes on: `heads/<size>`. They are not signed; all that they say stands in
//! the entries before, and is compared with them.

use std::cmp::Reverse;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

use super::examination::Examination;
use super::file;
use super::in_folder::BadSnapshot;
use super::in_folder::InFolder;
use super::judge::Judge;
use super::listing::entries;
use super::promises::Promise;

/// What a snapshot's `v` says.
const FORMAT: &str = "phohien-heads/1";

/// Digits of a snapshot's name.
const DIGITS: usize = 20;

/// The state of the writer after so many entries.
pub(super) struct Snapshot {
    pub(super) size: u64,
    root: Hash,
    pub(super) previous: Hash,
    state: String,
    pub(super) file: PathBuf,
}

/// The first line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    previous: String,
    root: String,
    size: u64,
    #[serde(borrow)]
    state: &'a RawValue,
    v: String,
}

impl Snapshot {
    fn read(bytes: &[u8], name: &str, file: PathBuf) -> Result<Self, BadSnapshot> {
        let text = std::str::from_utf8(bytes).map_err(|_| BadSnapshot::Lines)?;
        let (line, sum) = text.split_once('\n').ok_or(BadSnapshot::Lines)?;
        let sum = sum.strip_suffix('\n').filter(|sum| sum.len() == 64).ok_or(BadSnapshot::Lines)?;
        if hex(&sha256(format!("{line}\n").as_bytes())) != sum {
            return Err(BadSnapshot::Hash);
        }
        let line: Line<'_> = serde_json::from_str(line).map_err(|_| BadSnapshot::Shape)?;
        let (root, previous) = unhex(&line.root).zip(unhex(&line.previous)).ok_or(BadSnapshot::Shape)?;
        if line.v != FORMAT {
            return Err(BadSnapshot::Shape);
        }
        if format!("{:0DIGITS$}", line.size) != name {
            return Err(BadSnapshot::Name);
        }
        Ok(Self { size: line.size, root, previous, state: line.state.get().to_owned(), file })
    }
}

impl<J: Judge> Examination<'_, '_, J> {
    /// Reads the snapshots: each is a promise more.
    pub(super) fn read_snapshots(&mut self, folder: &Path) {
        for (file, name, is_folder) in entries(folder) {
            if is_folder || name.len() != DIGITS || !name.bytes().all(|byte| byte.is_ascii_digit()) {
                self.strays.push(file);
                continue;
            }
            // One that is gone meanwhile was replaced by newer ones.
            let bytes = match file::read(&file, file::FILE_MAX) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.fault(None, &file, InFolder::Unreadable(file::why(&error)));
                    continue;
                }
            };
            match Snapshot::read(&bytes, &name, file.clone()) {
                Ok(snapshot) => self.snapshots.push(snapshot),
                Err(bad) => self.fault(None, &file, InFolder::Snapshot(bad)),
            }
        }
        self.segments_told =
            self.snapshots.iter().map(|snapshot| (snapshot.size, snapshot.file.clone())).collect();
        self.snapshots.sort_by_key(|snapshot| Reverse(snapshot.size));
        let promises = self.snapshots.iter();
        let promises: Vec<_> = promises
            .map(|snapshot| Promise::of_snapshot(snapshot.size, snapshot.root, snapshot.file.clone()))
            .collect();
        self.promises.extend(promises);
    }

    /// Compares the chains, and the batch before, with the snapshot of this size.
    pub(super) fn due_snapshots(&mut self) {
        while let Some(due) = self.snapshots.pop_if(|snapshot| snapshot.size <= self.expected) {
            if due.size < self.expected {
                let size = due.size;
                self.note(
                    format!("không so được bản chụp trạng thái ở {size} bản ghi, vì thiếu bản ghi phía trước"),
                    format!("the snapshot of {size} entries cannot be compared, since entries before it are missing"),
                );
                continue;
            }
            for finding in self.judge.snapshot(&due.state) {
                self.fault(due.size.checked_sub(1), &due.file, finding);
            }
            match self.previous {
                Some(previous) if previous != due.previous => {
                    let what = InFolder::Snapshot(BadSnapshot::Predecessor);
                    self.fault(due.size.checked_sub(1), &due.file, what);
                }
                Some(_) => {}
                None => self.previous = Some(due.previous),
            }
        }
    }

    /// Names the snapshots at which no segment begins, although none that was replaced by bundles did: one is written when a segment is begun.
    pub(super) fn segments_not_begun(&mut self, firsts: &[u64]) {
        for (size, file) in std::mem::take(&mut self.segments_told) {
            let begins = size < self.begun || firsts.contains(&size);
            let is_named = self.report.faults.iter().any(|fault| fault.index == Some(size));
            if size <= self.expected && !begins && !is_named {
                self.fault(size, &file, InFolder::Snapshot(BadSnapshot::NoSegment));
            }
        }
    }

    /// Says so if no snapshot spares a start the entries whose segments are gone. No fault: what it would say follows from those
    /// entries, which stand in bundles, and a start reads them there.
    pub(super) fn misses_snapshot(&mut self, begun: u64) {
        if begun > 0 && !self.snapshots.iter().any(|snapshot| snapshot.size >= begun) {
            self.note(
                "không còn bản chụp trạng thái nào của các phân đoạn đã được dỡ bỏ; khi khởi động, trạng thái được đọc lại từ các gói",
                "no snapshot is left that covers the segments that were removed; a start reads the state from the bundles",
            );
        }
    }
}

pub(super) fn unhex(text: &str) -> Option<Hash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    let pairs = text.as_bytes().as_chunks::<2>();
    if text.len() != 64 {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs.0) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}
