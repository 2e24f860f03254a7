//! Reads a log's folder without opening it: entry after entry, also while another process writes.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::crypto::digest::Hash;

use super::Entry;
use super::disk::Disk as _;
use super::disk::OsDisk;
use super::frame::Frame;
use super::sealed::Sealed;
use super::segment;
use super::segment::Name;
use super::segment::Rest;
use super::tile::WIDTH_LEAVES;
use super::window::Window;

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

impl ReadError {
    /// Whether the file is not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Disk { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// One entry with its index and its leaf hash.
pub type Item = (u64, Entry, Hash);

/// Reads the entries of the log in `folder`, in order, up to the last whole batch. Ends after the first error. Checks every
/// checksum, leaf hash and the order; neither the tree nor signatures: that is `fsck`'s.
#[must_use]
pub fn scan(folder: &Path) -> Scan {
    scan_from(folder, 0)
}

/// The same from the entry `index` on.
#[must_use]
pub fn scan_from(folder: &Path, index: u64) -> Scan {
    Scan {
        wal: super::wal(folder),
        sealed: Sealed::new(Arc::new(OsDisk), folder),
        segments: None,
        listed_at: None,
        open: None,
        ready: VecDeque::new(),
        next: index,
        previous: None,
    }
}

/// The entries of a log's folder: from segments where there are any, else from bundles. Another process may write, seal and remove
/// segments meanwhile.
#[derive(Debug)]
pub struct Scan {
    wal: PathBuf,
    sealed: Sealed,
    /// First indices of the segments still to read; `None` before the folder was listed.
    segments: Option<VecDeque<u64>>,
    /// The entry before which the folder was listed last.
    listed_at: Option<u64>,
    open: Option<Open>,
    ready: VecDeque<Item>,
    next: u64,
    /// What the next frame must name as its predecessor; nothing if that was not read.
    previous: Option<Hash>,
}

/// The segment that is being read.
#[derive(Debug)]
struct Open {
    file: PathBuf,
    window: Window,
    /// The index that its next frame begins with.
    first: u64,
    /// Where the file was read again, since what stood there was not whole.
    read_again_at: Option<u64>,
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
                if self.read_on()? {
                    continue;
                }
                return Ok(());
            };
            if self.frame(&mut open)? {
                self.open = Some(open);
            }
        }
        Ok(())
    }

    /// Opens the segment in which the next entry stands, or reads its bundle; says whether there was either.
    fn read_on(&mut self) -> Result<bool, ReadError> {
        let next = self.next;
        let segments = match &mut self.segments {
            Some(segments) => segments,
            unlisted => {
                self.listed_at = Some(next);
                unlisted.insert(listed(&self.wal)?)
            }
        };
        while segments.get(1).is_some_and(|following| *following <= next) {
            segments.pop_front();
        }
        let Some(first) = segments.front().copied() else { return Ok(false) };
        let found = if first > next { self.bundle() } else { self.segment(first) };
        match found {
            // Sealed meanwhile, and removed: another look at the folder tells where it is now.
            Err(error) if error.is_missing() && self.listed_at != Some(next) => self.segments = None,
            Err(error) if error.is_missing() => {
                return Err(damaged(next, segment::path(&self.wal, first), "its segment is missing"));
            }
            found => found?,
        }
        Ok(true)
    }

    fn segment(&mut self, first: u64) -> Result<(), ReadError> {
        let file = segment::path(&self.wal, first);
        let window = Window::open(&file).map_err(|source| unreadable(&file, source))?;
        self.segments.as_mut().and_then(VecDeque::pop_front);
        self.open = Some(Open { file, window, first, read_again_at: None });
        Ok(())
    }

    fn bundle(&mut self) -> Result<(), ReadError> {
        let number = self.next / WIDTH_LEAVES;
        let hashes = self.sealed.hashes(0, number)?;
        let entries = self.sealed.entries(number, &hashes)?;
        let items = (number * WIDTH_LEAVES..).zip(entries).zip(hashes);
        let items = items.map(|((index, entry), hash)| (index, entry, hash));
        self.ready.extend(items.skip_while(|(index, ..)| *index < self.next));
        (self.next, self.previous) = ((number + 1) * WIDTH_LEAVES, None);
        Ok(())
    }

    /// Takes the entries of one frame; says whether more may follow in this segment.
    fn frame(&mut self, open: &mut Open) -> Result<bool, ReadError> {
        let Some(frame) = Frame::read(open.window.rest()) else {
            let more = open.window.widen().map_err(|source| unreadable(&open.file, source))?;
            return if more { Ok(true) } else { self.end(open) };
        };
        let follows = self.previous.is_none_or(|previous| previous == frame.header.previous);
        if frame.header.first != open.first || !follows {
            return Err(damaged(self.next, open.file.clone(), "another batch stands where it belongs"));
        }
        let end = open.first.saturating_add(u64::from(frame.header.count));
        let wanted = if end > self.next { Some(frame.entries()) } else { None };
        for (index, stored) in (open.first..).zip(wanted.into_iter().flatten()) {
            let Some(stored) = stored.filter(super::frame::Stored::is_whole) else {
                return Err(damaged(index, open.file.clone(), "its bytes were changed"));
            };
            if index >= self.next {
                self.ready.push_back((index, stored.to_entry(), stored.leaf_hash));
            }
        }
        (self.next, open.first) = (self.next.max(end), end);
        self.previous = Some(frame.header_hash);
        let passed = frame.header.frame_bytes();
        open.window.pass(passed);
        Ok(true)
    }

    /// What to make of the end of a segment's whole frames. A writer may have written while we read, so that the bytes of a
    /// batch are missing although a later one is seen: whatever was begun before the first reading is whole in a second.
    fn end(&mut self, open: &mut Open) -> Result<bool, ReadError> {
        let is_last = self.segments.as_ref().is_none_or(VecDeque::is_empty);
        match segment::rest(open.window.rest()) {
            Rest::Clean => Ok(false),
            Rest::Torn(_) if is_last => Ok(false),
            Rest::Torn(_) | Rest::Damaged if open.read_again_at != Some(open.window.position()) => {
                match open.window.read_again(&open.file) {
                    // Sealed and removed meanwhile: another look at the folder tells where the next entry is now.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        self.segments = None;
                        return Ok(false);
                    }
                    read => read.map_err(|source| unreadable(&open.file, source))?,
                }
                open.read_again_at = Some(open.window.position());
                Ok(true)
            }
            Rest::Torn(_) | Rest::Damaged => {
                Err(damaged(self.next, open.file.clone(), "its batch cannot be read"))
            }
        }
    }
}

fn unreadable(file: &Path, source: io::Error) -> ReadError {
    ReadError::Disk { file: file.to_owned(), source }
}

fn listed(wal: &Path) -> Result<VecDeque<u64>, ReadError> {
    let names = OsDisk.list(wal).map_err(|source| unreadable(wal, source))?;
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
        let mut bytes = OsDisk.read(&file).unwrap();
        bytes[start + 10..end].fill(0);
        let seen = world.path().join("seen");
        crate::tlog::tests::put(&seen, &bytes);
        let mut scan = scan(&world.path());
        scan.segments = Some(VecDeque::new());
        let window = Window::open(&seen).unwrap();
        scan.open = Some(Open { file, window, first: 0, read_again_at: None });
        assert_eq!(scan.map(|item| item.unwrap().0).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
