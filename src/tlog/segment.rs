//! Segments: files of a fixed length, written full of zeros before use, so that a commit changes bytes and nothing else.
//!
//! A preallocated but unwritten file would be journalled at every sync; blocks that were really written are not.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::disk::Disk;
use super::disk::DiskFile;
use super::frame::FRAME_BYTES_MAX;
use super::frame::Header;
use super::frame::MAGIC;

/// The smallest segment, in bytes: the largest entry with its frame must fit more than twice.
pub const SEGMENT_BYTES_MIN: u64 = 64 * 1024;

/// What a segment's name ends with.
const EXTENSION: &str = ".seg";

/// Digits of the first index in a segment's name: all that a 64-bit number can have, so that names sort as numbers.
const DIGITS: usize = 20;

/// Zeros written at once, in bytes.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// The segment that begins with this index.
pub(super) fn path(wal: &Path, first: u64) -> PathBuf {
    wal.join(format!("{first:0DIGITS$}{EXTENSION}"))
}

/// A name in the segments' folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A segment that begins with this index.
    Segment(u64),
    /// What ends like a segment and is none.
    Odd,
    /// Anything else: a spare, an unfinished copy.
    Other,
}

/// Reads a file name.
pub(super) fn name(name: &str) -> Name {
    let Some(stem) = name.strip_suffix(EXTENSION) else { return Name::Other };
    match stem.parse() {
        Ok(first) if stem.len() == DIGITS && stem.bytes().all(|byte| byte.is_ascii_digit()) => {
            Name::Segment(first)
        }
        _ => Name::Odd,
    }
}

/// Makes a file of `bytes` and then zeros up to `length`, durable but for its name.
pub(super) fn make(disk: &dyn Disk, file: &Path, bytes: &[u8], length: u64) -> io::Result<Box<dyn DiskFile>> {
    let made = disk.create(file)?;
    made.write_at(0, bytes)?;
    let mut at = bytes.len() as u64;
    while at < length {
        let step = ZEROS.len().min(usize::try_from(length - at).unwrap_or(usize::MAX));
        made.write_at(at, ZEROS.get(..step).unwrap_or(&ZEROS))?;
        at += step as u64;
    }
    // Stopping before this leaves a file of any content under a name that nobody reads.
    made.sync()?;
    Ok(made)
}

/// What follows the last frame that can be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Zeros to the end.
    Clean,
    /// Bytes that can be one batch cut off while it was written: so many, up to the last that is not zero.
    Torn(u64),
    /// More than one torn batch leaves: a batch before the last is damaged.
    Damaged,
}

/// Judges the bytes from where no frame can be read. Sectors of one unsynced write persist in any order, so the torn batch
/// may begin with zeros; but whatever begins another batch after it was written after it had been synced.
pub(super) fn rest(bytes: &[u8]) -> Rest {
    let Some(last) = bytes.iter().rposition(|byte| *byte != 0) else { return Rest::Clean };
    let used = bytes.get(..=last).unwrap_or(bytes);
    let damaged = match Header::read(used) {
        // The batch's own header is whole, so its reach is known: nothing may follow.
        Some(header) => used.len() > header.frame_bytes(),
        None => used.len() > FRAME_BYTES_MAX || used.get(1..).and_then(next_header).is_some(),
    };
    if damaged { Rest::Damaged } else { Rest::Torn(used.len() as u64) }
}

/// Where the next whole header begins, if there is one.
fn next_header(bytes: &[u8]) -> Option<usize> {
    let [first, ..] = MAGIC;
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(at, _)| at);
    starts.into_iter().find(|at| bytes.get(*at..).and_then(Header::read).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twenty_digits_name_a_segment() {
        assert_eq!(name("00000000000000000042.seg"), Name::Segment(42));
        assert_eq!(path(Path::new("wal"), 42), Path::new("wal/00000000000000000042.seg"));
        for odd in [
            "42.seg",
            ".seg",
            "+0000000000000000042.seg",
            "99999999999999999999.seg",
            "0000000000000000004x.seg",
        ] {
            assert_eq!(name(odd), Name::Odd, "{odd}");
        }
        for other in ["spare", "tail.tmp", "00000000000000000042.seg.tmp"] {
            assert_eq!(name(other), Name::Other, "{other}");
        }
    }

    #[test]
    fn more_garbage_than_one_batch_is_damage() {
        let mut bytes = vec![7; FRAME_BYTES_MAX];
        assert_eq!(rest(&bytes), Rest::Torn(FRAME_BYTES_MAX as u64));
        bytes.push(7);
        assert_eq!(rest(&bytes), Rest::Damaged);
        assert_eq!(rest(&[0; 100]), Rest::Clean);
    }
}
