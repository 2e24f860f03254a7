//! One frame of the write-ahead log: one batch, written and synced as one.
//!
//! Numbers are big-endian; `[n]` counts bytes.
//!
//! | part | content |
//! |---|---|
//! | header | magic `[8]`, first index `[8]`, entries `[4]`, body length `[4]`, note length `[4]`, SHA-256 of the previous frame's header `[32]` (zeros for the first), CRC32C of those sixty bytes `[4]` |
//! | body | for each entry: leaf length `[4]`, annex length `[4]`, leaf hash `[32]`, leaf, annex |
//! | note | the signed checkpoint after these entries |
//! | trailer | CRC32C of all of the above `[4]` |
//!
//! The header has a checksum of its own: whether a frame was begun, and how far it reaches, can then be told although the
//! rest is torn. The leaf hash stands beside the leaf so that damage can be named by its entry.

use crate::crypto::digest::Hash;
use crate::crypto::digest::sha256;

use super::Entry;
use super::merkle::leaf_hash;

/// The longest leaf, in bytes (the log's own cap; an entry bundle could hold 65,535).
pub const LEAF_BYTES_MAX: usize = 16 * 1024;

/// The longest annex, in bytes: what a leaf says about people, sealed, is smaller than the leaf.
pub const ANNEX_BYTES_MAX: usize = 15 * 1024;

/// What a frame begins with; the last byte is the version. Not UTF-8, so that no leaf contains it.
pub(super) const MAGIC: [u8; 8] = [0x89, b'P', b'H', b'L', b'O', b'G', b'\n', 1];

/// Bytes of a frame's header.
pub(super) const HEADER_BYTES: usize = 64;

/// Bytes before the leaf of each entry.
pub(super) const ENTRY_HEADER_BYTES: usize = 40;

/// Bytes after the note.
pub(super) const TRAILER_BYTES: usize = 4;

/// The longest signed checkpoint, in bytes: twice the longest origin and a hundred more for size, root and signature each.
pub(super) const NOTE_BYTES_MAX: usize = 1024;

/// The largest entry in a body, in bytes.
pub(super) const ENTRY_BYTES_MAX: usize = ENTRY_HEADER_BYTES + LEAF_BYTES_MAX + ANNEX_BYTES_MAX;

/// What a frame takes beside its body, at most.
pub(super) const OVERHEAD_BYTES_MAX: usize = HEADER_BYTES + NOTE_BYTES_MAX + TRAILER_BYTES;

/// Entries of a batch, at most: a proof's freshness, not throughput, bounds it.
pub(super) const BATCH_ENTRIES_MAX: usize = 1024;

/// Bytes of a batch, at most: one write that a disk takes in a few milliseconds.
pub(super) const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// The longest frame, in bytes.
pub(super) const FRAME_BYTES_MAX: usize = BATCH_BYTES_MAX + OVERHEAD_BYTES_MAX;

/// Where a frame stands and how long its parts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) body: u32,
    pub(super) note: u32,
    pub(super) previous: Hash,
}

impl Header {
    fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let parts = [
            MAGIC.as_slice(),
            &self.first.to_be_bytes(),
            &self.count.to_be_bytes(),
            &self.body.to_be_bytes(),
            &self.note.to_be_bytes(),
            &self.previous,
        ];
        let sum = crc32c::crc32c(&parts.concat()).to_be_bytes();
        let bytes = parts.into_iter().chain([sum.as_slice()]).flatten();
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        out
    }

    /// Reads the header that the bytes begin with; nothing if they do not begin with a whole one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes.get(..HEADER_BYTES)?);
        let summed = bytes.get(..HEADER_BYTES - TRAILER_BYTES)?;
        let magic: [u8; 8] = fields.take()?;
        let header = Self {
            first: u64::from_be_bytes(fields.take()?),
            count: u32::from_be_bytes(fields.take()?),
            body: u32::from_be_bytes(fields.take()?),
            note: u32::from_be_bytes(fields.take()?),
            previous: fields.take()?,
        };
        let sum = u32::from_be_bytes(fields.take()?);
        (magic == MAGIC && sum == crc32c::crc32c(summed)).then_some(header)
    }

    /// The length of the whole frame, in bytes.
    pub(super) fn frame_bytes(&self) -> usize {
        HEADER_BYTES + self.body as usize + self.note as usize + TRAILER_BYTES
    }
}

/// A frame whose checksums hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) header: Header,
    /// What the next frame's header must name as its predecessor.
    pub(super) header_hash: Hash,
    /// The signed checkpoint.
    pub(super) note: &'a [u8],
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the frame that the bytes begin with; nothing if a checksum does not hold.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = Header::read(bytes)?;
        let (summed, sum) = bytes.get(..header.frame_bytes())?.split_last_chunk::<TRAILER_BYTES>()?;
        let (head, rest) = summed.split_first_chunk::<HEADER_BYTES>()?;
        let (body, note) = rest.split_at_checked(header.body as usize)?;
        let holds = crc32c::crc32c(summed) == u32::from_be_bytes(*sum);
        holds.then(|| Self { header, header_hash: sha256(head), note, body })
    }

    /// The entries, in order; `None` once where the body ends before its entries do.
    pub(super) fn entries(&self) -> Entries<'a> {
        Entries { left: self.header.count, offset: HEADER_BYTES, rest: Fields(self.body) }
    }
}

/// One entry as it stands in a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    /// Where its entry header begins in the frame.
    pub(super) offset: usize,
    pub(super) leaf_hash: Hash,
    pub(super) leaf: &'a [u8],
    pub(super) annex: &'a [u8],
}

impl<'a> Stored<'a> {
    /// Reads the entry that the bytes begin with.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        Self::take(&mut Fields(bytes), 0)
    }

    fn take(fields: &mut Fields<'a>, offset: usize) -> Option<Self> {
        let leaf = u32::from_be_bytes(fields.take()?) as usize;
        let annex = u32::from_be_bytes(fields.take()?) as usize;
        let leaf_hash = fields.take()?;
        let capped = leaf <= LEAF_BYTES_MAX && annex <= ANNEX_BYTES_MAX;
        let (leaf, annex) = (fields.slice(leaf)?, fields.slice(annex)?);
        capped.then_some(Self { offset, leaf_hash, leaf, annex })
    }

    /// The length of the entry that these bytes are the header of; nothing if it is over the caps.
    pub(super) fn length(header: &[u8]) -> Option<usize> {
        let mut fields = Fields(header);
        let leaf = u32::from_be_bytes(fields.take()?) as usize;
        let annex = u32::from_be_bytes(fields.take()?) as usize;
        (leaf <= LEAF_BYTES_MAX && annex <= ANNEX_BYTES_MAX).then_some(ENTRY_HEADER_BYTES + leaf + annex)
    }

    /// Whether the leaf is the one its hash was taken of.
    pub(super) fn is_whole(&self) -> bool {
        leaf_hash(self.leaf) == self.leaf_hash
    }

    /// The bytes, copied out.
    pub(super) fn to_entry(self) -> Entry {
        Entry { leaf: self.leaf.to_vec(), annex: self.annex.to_vec() }
    }
}

/// Walks a body. Yields `None` inside where the bytes are not the entries the header counts.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    left: u32,
    offset: usize,
    rest: Fields<'a>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Option<Stored<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            // Bytes beyond the last entry belong to no entry: said once, as an entry that cannot be read.
            return (!std::mem::take(&mut self.rest.0).is_empty()).then_some(None);
        }
        let stored = Stored::take(&mut self.rest, self.offset);
        match &stored {
            Some(entry) => {
                self.offset += ENTRY_HEADER_BYTES + entry.leaf.len() + entry.annex.len();
                self.left -= 1;
            }
            None => (self.left, self.rest) = (0, Fields(&[])),
        }
        Some(stored)
    }
}

#[derive(Debug)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }
}

/// Builds frames in one buffer that is used again and again.
#[derive(Debug, Default)]
pub(super) struct Builder {
    bytes: Vec<u8>,
    count: u32,
}

impl Builder {
    /// Forgets what was there and leaves room for a header.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.resize(HEADER_BYTES, 0);
        self.count = 0;
    }

    /// The length so far, in bytes, without note and trailer.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds one entry; its parts are within their caps. Says where in the frame it begins.
    pub(super) fn push(&mut self, entry: &Entry, leaf_hash: &Hash) -> usize {
        let offset = self.bytes.len();
        // Invariant: the caps are far below 2^32, so neither length is cut.
        self.bytes.extend_from_slice(&(entry.leaf.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(&(entry.annex.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(leaf_hash);
        self.bytes.extend_from_slice(&entry.leaf);
        self.bytes.extend_from_slice(&entry.annex);
        self.count += 1;
        offset
    }

    /// Closes the frame: its bytes, and the hash of its header.
    pub(super) fn seal(&mut self, first: u64, note: &str, previous: Hash) -> (&[u8], Hash) {
        let body = (self.bytes.len() - HEADER_BYTES) as u32;
        let header = Header { first, count: self.count, body, note: note.len() as u32, previous }.encode();
        self.bytes.iter_mut().zip(header).for_each(|(to, from)| *to = from);
        self.bytes.extend_from_slice(note.as_bytes());
        let sum = crc32c::crc32c(&self.bytes);
        self.bytes.extend_from_slice(&sum.to_be_bytes());
        (&self.bytes, sha256(&header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(leaves: &[&[u8]]) -> (Vec<u8>, Hash) {
        let mut builder = Builder::default();
        builder.begin();
        for leaf in leaves {
            builder.push(&Entry { leaf: leaf.to_vec(), annex: b"annex".to_vec() }, &leaf_hash(leaf));
        }
        let (bytes, hash) = builder.seal(7, "note\n", [3; 32]);
        (bytes.to_vec(), hash)
    }

    #[test]
    fn a_frame_reads_back_as_it_was_built() {
        let (bytes, hash) = frame(&[b"one", b"", b"three"]);
        let read = Frame::read(&bytes).unwrap();
        assert_eq!((read.header.first, read.header.count, read.header.previous), (7, 3, [3; 32]));
        assert_eq!((read.header_hash, read.note), (hash, b"note\n".as_slice()));
        let leaves: Vec<_> = read.entries().map(|entry| entry.unwrap().leaf.to_vec()).collect();
        assert_eq!(leaves, [b"one".to_vec(), b"".to_vec(), b"three".to_vec()]);
        for stored in read.entries().flatten() {
            let again = Stored::read(&bytes[stored.offset..]).unwrap();
            assert_eq!((again.leaf, again.annex), (stored.leaf, stored.annex));
            assert!(again.is_whole());
        }
    }

    #[test]
    fn a_frame_with_any_bit_flipped_or_any_byte_missing_is_none() {
        let (bytes, _) = frame(&[b"one", b"two"]);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(Frame::read(&flipped).is_none(), "{at}");
            }
            assert!(Frame::read(&bytes[..at]).is_none());
        }
    }

    #[test]
    fn the_magic_is_in_no_text() {
        assert!(std::str::from_utf8(&MAGIC[..1]).is_err());
    }
}
