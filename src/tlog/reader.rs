//! Reads a log's folder without opening it: entry after entry, also while another process writes.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::digest::Hash;

use super::Entry;
use super::disk::Disk as _;
use super::disk::OsDisk;
use super::frame::Frame;
use super::segment;
use super::segment::Name;
use super::segment::Rest;

/// Why an entry cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such entry, or not yet.
    #[error("there is no entry {index}; the log has {size}")]
    Beyond {
        /// The index asked for.
        index: u64,
        /// Durable entries.
        size: u64,
    },
    /// The entry is not what was written.
    #[error("entry {index} is damaged, in `{}`: {what}", file.display())]
    Damaged {
        /// Which entry.
        index: u64,
        /// Where.
        file: PathBuf,
        /// How.
        what: String,
    },
    /// The disk refused.
    #[error("cannot read `{}`", file.display())]
    Disk {
        /// Which file or folder.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// One entry with its index and its leaf hash.
pub type Item = (u64, Entry, Hash);

/// Reads the entries of the log in `folder`, in order, up to the last whole batch. Ends after the first error. Checks every
/// checksum, leaf hash and the order; neither the tree nor signatures: that is `fsck`'s.
#[must_use]
pub fn scan(folder: &Path) -> Scan {
    Scan {
        wal: super::wal(folder),
        segments: None,
        open: None,
        ready: VecDeque::new(),
        next: 0,
        previous: [0; 32],
    }
}

/// The entries of a log's folder.
#[derive(Debug)]
pub struct Scan {
    wal: PathBuf,
    /// First indices of the segments still to read; `None` before the folder was listed.
    segments: Option<VecDeque<u64>>,
    open: Option<Open>,
    ready: VecDeque<Item>,
    next: u64,
    previous: Hash,
}

/// The segment that is being read.
#[derive(Debug)]
struct Open {
    file: PathBuf,
    bytes: Vec<u8>,
    at: usize,
    /// Where the file was read again, since what stood there was not whole.
    read_again_at: Option<usize>,
}

impl Iterator for Scan {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Err(error) = self.refill()
        {
            (self.segments, self.open) = (Some(VecDeque::new()), None);
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Scan {
    /// Reads on until there are entries; none are left if it returns without.
    fn refill(&mut self) -> Result<(), ReadError> {
        while self.ready.is_empty() {
            let Some(mut open) = self.open.take() else {
                match self.next_segment()? {
                    Some(open) => self.open = Some(open),
                    None => return Ok(()),
                }
                continue;
            };
            if self.frame(&mut open)? {
                self.open = Some(open);
            }
        }
        Ok(())
    }

    fn next_segment(&mut self) -> Result<Option<Open>, ReadError> {
        let segments = match &mut self.segments {
            Some(segments) => segments,
            unlisted => unlisted.insert(listed(&self.wal)?),
        };
        let Some(first) = segments.pop_front() else { return Ok(None) };
        let file = segment::path(&self.wal, first);
        if first != self.next {
            return Err(damaged(self.next, file, "its segment is missing"));
        }
        let bytes = read(&file)?;
        Ok(Some(Open { file, bytes, at: 0, read_again_at: None }))
    }

    /// Takes the entries of one frame; says whether more may follow in this segment.
    fn frame(&mut self, open: &mut Open) -> Result<bool, ReadError> {
        let rest = open.bytes.get(open.at..).unwrap_or_default();
        let Some(frame) = Frame::read(rest) else { return self.end(open) };
        if frame.header.first != self.next || frame.header.previous != self.previous {
            return Err(damaged(self.next, open.file.clone(), "another batch stands where it belongs"));
        }
        for stored in frame.entries() {
            let Some(stored) = stored.filter(super::frame::Stored::is_whole) else {
                return Err(damaged(self.next, open.file.clone(), "its bytes were changed"));
            };
            self.ready.push_back((self.next, stored.to_entry(), stored.leaf_hash));
            self.next += 1;
        }
        self.previous = frame.header_hash;
        open.at += frame.header.frame_bytes();
        Ok(true)
    }

    /// What to make of the end of a segment's whole frames. A writer may have written while we read, so that the bytes of a
    /// batch are missing although a later one is seen: whatever was begun before the first reading is whole in a second.
    fn end(&self, open: &mut Open) -> Result<bool, ReadError> {
        let is_last = self.segments.as_ref().is_none_or(VecDeque::is_empty);
        match segment::rest(open.bytes.get(open.at..).unwrap_or_default()) {
            Rest::Clean => Ok(false),
            Rest::Torn(_) if is_last => Ok(false),
            Rest::Torn(_) | Rest::Damaged if open.read_again_at != Some(open.at) => {
                open.bytes = read(&open.file)?;
                open.read_again_at = Some(open.at);
                Ok(true)
            }
            Rest::Torn(_) | Rest::Damaged => {
                Err(damaged(self.next, open.file.clone(), "its batch cannot be read"))
            }
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, ReadError> {
    OsDisk.read(file).map_err(|source| ReadError::Disk { file: file.to_owned(), source })
}

fn listed(wal: &Path) -> Result<VecDeque<u64>, ReadError> {
    let names = OsDisk.list(wal).map_err(|source| ReadError::Disk { file: wal.to_owned(), source })?;
    let mut firsts = Vec::new();
    for name in names {
        match segment::name(&name) {
            Name::Segment(first) => firsts.push(first),
            Name::Odd => return Err(damaged(0, wal.join(name), "a segment's name has twenty digits")),
            Name::Other => {}
        }
    }
    firsts.sort_unstable();
    Ok(firsts.into())
}

fn damaged(index: u64, file: PathBuf, what: &str) -> ReadError {
    ReadError::Damaged { index, file, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::tests::World;

    #[test]
    fn a_batch_that_was_being_written_while_we_read_is_read_again() {
        let world = World::unpublished(&["one", "two", "three"]);
        let (start, end) = world.frames()[1];
        let file = world.segment(0);
        // As a reading sees it that passed the second batch before it was written, and the third after.
        let mut bytes = read(&file).unwrap();
        bytes[start + 10..end].fill(0);
        let mut scan = scan(&world.path());
        scan.segments = Some(VecDeque::new());
        scan.open = Some(Open { file, bytes, at: 0, read_again_at: None });
        assert_eq!(scan.map(|item| item.unwrap().0).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
