//! The bytes of a segment, read a second time, from their description alone (`tlog::frame`).

use crate::crypto::digest::Hash;
use crate::crypto::digest::sha256;
use crate::tlog::note::VerifierKey;

use super::in_bundles::InBundles;
use super::judge::Annexed;
use super::judge::Judge;
use super::notes;
use super::notes::BadHead;
use super::notes::Head;
use super::roots::leaf_hash;

const MAGIC: &[u8] = b"\x89PHLOG\n\x01";
const HEADER: usize = 64;
const SUM: usize = 4;
pub(super) const LEAF_MAX: usize = 16 * 1024;
pub(super) const ANNEX_MAX: usize = 8 * 1024;

/// A batch's header whose own checksum holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) first: u64,
    pub(super) count: u32,
    pub(super) previous: Hash,
    pub(super) hash: Hash,
    body: usize,
    note: usize,
}

/// A batch as far as it can be read.
#[derive(Debug)]
pub(super) struct Batch<'a, S> {
    /// None if the header was changed: then the count comes from what follows the batch.
    pub(super) header: Option<Header>,
    pub(super) count: u64,
    pub(super) entries: Vec<Stored<'a, S>>,
    /// The checkpoint that signs it.
    pub(super) head: Result<Head, BadHead>,
    /// Nothing stands between the last entry and the note.
    pub(super) filled: bool,
    /// The checksum over the whole batch holds.
    pub(super) sum_holds: bool,
}

/// An entry as it is stored.
#[derive(Debug)]
pub(super) struct Stored<'a, S> {
    pub(super) leaf: &'a [u8],
    pub(super) annex: &'a [u8],
    /// What the leaf says.
    pub(super) said: S,
    /// What is wrong with the annex, going by the leaf.
    pub(super) annex_wrong: Option<InBundles>,
    /// The leaf hash kept beside the entry.
    pub(super) kept: Hash,
    /// The leaf hash of the bytes.
    pub(super) own: Hash,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        let (summed, sum) = header.split_last_chunk::<SUM>()?;
        if !header.starts_with(MAGIC) || crc32c::crc32c(summed) != u32::from_be_bytes(*sum) {
            return None;
        }
        Some(Self {
            first: u64::from_be_bytes(chunk(header, 8)?),
            count: u32::from_be_bytes(chunk(header, 16)?),
            body: u32::from_be_bytes(chunk(header, 20)?) as usize,
            note: u32::from_be_bytes(chunk(header, 24)?) as usize,
            previous: chunk(header, 28)?,
            hash: sha256(header),
        })
    }

    /// The length of the whole batch, in bytes.
    pub(super) fn reach(&self) -> usize {
        HEADER + self.body + self.note + SUM
    }
}

impl<'a, S> Batch<'a, S> {
    /// Reads a batch behind its header, also when bytes in it were changed or cut off.
    pub(super) fn behind<J: Judge<Said = S>>(
        reader: &mut J::Reader,
        header: Header,
        bytes: &'a [u8],
        key: Option<&VerifierKey>,
    ) -> Self {
        let (from, to) = (HEADER + header.body, HEADER + header.body + header.note);
        let sum_holds = chunk::<SUM>(bytes, to)
            .zip(bytes.get(..to))
            .is_some_and(|(sum, summed)| crc32c::crc32c(summed) == u32::from_be_bytes(sum));
        let body = bytes.get(HEADER..from.min(bytes.len())).unwrap_or_default();
        let (entries, rest) = entries::<J>(reader, body, u64::from(header.count));
        let head = notes::head(bytes.get(from..to).unwrap_or_default(), key);
        let count = u64::from(header.count);
        Self { header: Some(header), count, entries, head, filled: rest.is_empty(), sum_holds }
    }

    /// Reads the `count` entries of a batch whose header was changed; nothing if they cannot all be read.
    pub(super) fn headless<J: Judge<Said = S>>(
        count: u64,
        bytes: &'a [u8],
        key: Option<&VerifierKey>,
    ) -> Option<Self> {
        let (entries, rest) = entries::<J>(&mut J::Reader::default(), bytes.get(HEADER..)?, count);
        let whole = count > 0 && entries.len() as u64 == count;
        let head = notes::head(rest.get(..note_length(rest)).unwrap_or_default(), key);
        whole.then_some(Self { header: None, count, entries, head, filled: true, sum_holds: true })
    }
}

/// How far a note reaches that other bytes follow: over the blank line and the signature lines after it.
fn note_length(bytes: &[u8]) -> usize {
    let dash = "\u{2014} ".as_bytes();
    let mut end = bytes.windows(2).position(|pair| pair == b"\n\n").map_or(0, |at| at + 2);
    while let Some(line) = bytes.get(end..).filter(|rest| rest.starts_with(dash))
        && let Some(length) = line.iter().position(|byte| *byte == b'\n')
    {
        end += length + 1;
    }
    end
}

/// Reads up to `count` entries, and says what is left.
fn entries<'a, J: Judge>(
    reader: &mut J::Reader,
    mut bytes: &'a [u8],
    count: u64,
) -> (Vec<Stored<'a, J::Said>>, &'a [u8]) {
    let mut entries = Vec::new();
    while (entries.len() as u64) < count
        && let Some((entry, rest)) = entry::<J>(reader, bytes)
    {
        entries.push(entry);
        bytes = rest;
    }
    (entries, bytes)
}

fn entry<'a, J: Judge>(reader: &mut J::Reader, bytes: &'a [u8]) -> Option<(Stored<'a, J::Said>, &'a [u8])> {
    let leaf = u32::from_be_bytes(chunk(bytes, 0)?) as usize;
    let annex = u32::from_be_bytes(chunk(bytes, 4)?) as usize;
    let kept = chunk(bytes, 8)?;
    if leaf > LEAF_MAX || annex > ANNEX_MAX {
        return None;
    }
    let (leaf, rest) = bytes.get(40..)?.split_at_checked(leaf)?;
    let (annex, rest) = rest.split_at_checked(annex)?;
    let said = J::read(reader, leaf);
    let annex_wrong = wrong_annex(J::annex(&said), annex);
    Some((Stored { leaf, annex, said, annex_wrong, kept, own: leaf_hash(leaf) }, rest))
}

/// What is wrong with an annex, going by its leaf.
fn wrong_annex(annexed: Annexed, annex: &[u8]) -> Option<InBundles> {
    match (annexed, annex.is_empty()) {
        (Annexed::Untold, _) | (Annexed::No, true) => None,
        (Annexed::No, false) => Some(InBundles::AnnexUnnamed),
        (Annexed::Yes { .. }, true) => Some(InBundles::AnnexMissing),
        (Annexed::Yes { hash, .. }, false) => (sha256(annex) != hash).then_some(InBundles::AnnexChanged),
    }
}

pub(super) fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Where the next whole header begins, from `from` on.
pub(super) fn next_header(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        let found = rest.iter().position(|byte| MAGIC.first() == Some(byte))?;
        if Header::read(rest.get(found..)?).is_some() {
            return Some(at + found);
        }
        at += found + 1;
    }
}
