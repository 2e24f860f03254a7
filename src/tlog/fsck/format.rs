//! The bytes of a log, read a second time, from their description alone (`tlog::frame`, C2SP checkpoint and signed-note).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::crypto::digest::sha256;
use crate::crypto::verify::PublicKey;
use crate::tlog::note::VerifierKey;

const MAGIC: &[u8] = b"\x89PHLOG\n\x01";
const HEADER: usize = 64;
const SUM: usize = 4;
const LEAF_MAX: usize = 16 * 1024;
const ANNEX_MAX: usize = 8 * 1024;

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
pub(super) struct Batch<'a> {
    /// None if the header was changed: then the count comes from what follows the batch.
    pub(super) header: Option<Header>,
    pub(super) count: u64,
    pub(super) entries: Vec<Stored<'a>>,
    pub(super) note: &'a [u8],
    /// Nothing stands between the last entry and the note.
    pub(super) filled: bool,
    /// The checksum over the whole batch holds.
    pub(super) sum_holds: bool,
}

/// An entry as it is stored.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    pub(super) leaf: &'a [u8],
    pub(super) annex: &'a [u8],
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
        let (first, count) = (u64::from_be_bytes(chunk(header, 8)?), u32::from_be_bytes(chunk(header, 16)?));
        // Entries that no number can count were never written, whatever the checksum says.
        first.checked_add(u64::from(count))?;
        Some(Self {
            first,
            count,
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

impl<'a> Batch<'a> {
    /// Reads a batch behind its header, also when bytes in it were changed or cut off.
    pub(super) fn behind(header: Header, bytes: &'a [u8]) -> Self {
        let (from, to) = (HEADER + header.body, HEADER + header.body + header.note);
        let sum_holds = chunk::<SUM>(bytes, to)
            .zip(bytes.get(..to))
            .is_some_and(|(sum, summed)| crc32c::crc32c(summed) == u32::from_be_bytes(sum));
        let body = bytes.get(HEADER..from.min(bytes.len())).unwrap_or_default();
        let (entries, rest) = entries(body, u64::from(header.count));
        let note = bytes.get(from..to).unwrap_or_default();
        let count = u64::from(header.count);
        Self { header: Some(header), count, entries, note, filled: rest.is_empty(), sum_holds }
    }

    /// Reads the `count` entries of a batch whose header was changed; nothing if they cannot all be read.
    pub(super) fn headless(count: u64, bytes: &'a [u8]) -> Option<Self> {
        let (entries, rest) = entries(bytes.get(HEADER..)?, count);
        let whole = count > 0 && entries.len() as u64 == count;
        let note = rest.get(..note_length(rest)).unwrap_or_default();
        whole.then_some(Self { header: None, count, entries, note, filled: true, sum_holds: true })
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
fn entries(mut bytes: &[u8], count: u64) -> (Vec<Stored<'_>>, &[u8]) {
    let mut entries = Vec::new();
    while (entries.len() as u64) < count
        && let Some((entry, rest)) = entry(bytes)
    {
        entries.push(entry);
        bytes = rest;
    }
    (entries, bytes)
}

fn entry(bytes: &[u8]) -> Option<(Stored<'_>, &[u8])> {
    let leaf = u32::from_be_bytes(chunk(bytes, 0)?) as usize;
    let annex = u32::from_be_bytes(chunk(bytes, 4)?) as usize;
    let kept = chunk(bytes, 8)?;
    if leaf > LEAF_MAX || annex > ANNEX_MAX {
        return None;
    }
    let (leaf, rest) = bytes.get(40..)?.split_at_checked(leaf)?;
    let (annex, rest) = rest.split_at_checked(annex)?;
    let mut own = Sha256::new();
    own.update(&[0]);
    own.update(leaf);
    Some((Stored { leaf, annex, kept, own: own.finish() }, rest))
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
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

/// A signed tree head.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// Reads a signed checkpoint, and verifies it if there is a key.
pub(super) fn head(note: &[u8], key: Option<&VerifierKey>) -> Result<Head, &'static str> {
    let note = std::str::from_utf8(note).map_err(|_| "it is not UTF-8")?;
    let (text, lines) = note.rsplit_once("\n\n").ok_or("it has no signatures")?;
    let head = three_lines(text).ok_or("it is not three lines of origin, size and root")?;
    let lines = lines.strip_suffix('\n').ok_or("it does not end in a line feed")?;
    let (mut verified, signed) = (key.is_none(), format!("{text}\n"));
    for line in lines.split('\n') {
        let (name, blob) = signature(line).ok_or("a signature line is malformed")?;
        let Some(key) = key.filter(|key| key.name() == name && blob.starts_with(&key_id(key))) else {
            continue;
        };
        let bytes = blob.get(4..).unwrap_or_default();
        let holds = PublicKey::ed25519(*key.raw()).verify(signed.as_bytes(), bytes);
        holds.map_err(|_| "its signature does not verify")?;
        verified = true;
    }
    if key.is_some_and(|key| key.name() != head.origin) {
        return Err("it is of another log");
    }
    if verified { Ok(head) } else { Err("the log's key did not sign it") }
}

fn three_lines(text: &str) -> Option<Head> {
    let mut lines = text.split('\n');
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let number: u64 = size.parse().ok()?;
    let root = STANDARD.decode(root).ok()?.try_into().ok()?;
    let canonical = lines.next().is_none() && !origin.is_empty() && number.to_string() == size;
    canonical.then(|| Head { origin: origin.to_owned(), size: number, root })
}

fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    Some((name, STANDARD.decode(blob).ok()?))
}

fn key_id(key: &VerifierKey) -> [u8; 4] {
    let hash = sha256(&[key.name().as_bytes(), b"\n\x01", key.raw()].concat());
    chunk(&hash, 0).unwrap_or_default()
}
