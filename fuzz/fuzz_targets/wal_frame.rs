//! A log's segment as somebody may have rewritten it, checksums and all: both readers come to an end, and what the verifier
//! finds sound the other reads whole.

#![no_main]

use std::fs;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phohien::tlog::fsck;
use phohien::tlog::reader;

/// Bytes of a frame's header, its checksum included.
const HEADER: usize = 64;

/// Bytes of a checksum.
const SUM: usize = 4;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("phohien-wal-frame-{}", std::process::id()));
    fs::create_dir_all(folder.join("wal")).unwrap();
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let (sealed, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut segment = rest.to_vec();
    if sealed % 2 == 1 {
        seal(&mut segment);
    }
    let file = FOLDER.join("wal/00000000000000000000.seg");
    // Not emptied first: a file system may then take each for a replacement, and wait for its disk.
    let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(file).unwrap();
    file.write_all(&segment).unwrap();
    file.set_len(segment.len() as u64).unwrap();
    agree(&FOLDER);
});

/// Reads a folder both ways.
fn agree(folder: &Path) {
    let mut seen = Vec::new();
    let look = |index: u64, leaf: &[u8], annex: &[u8], hash: &_| {
        seen.push((index, leaf.to_vec(), annex.to_vec(), *hash));
        Vec::new()
    };
    let mut watched = fsck::Watched { judge: fsck::Nobody, look };
    let report = fsck::verify(folder, None, &[], &mut watched, &mut |_, _| {});
    let scanned: Vec<_> = reader::scan(folder).collect();
    if report.is_sound() {
        assert_eq!(report.entries, scanned.len() as u64);
        for ((index, leaf, annex, hash), scanned) in seen.into_iter().zip(scanned) {
            let (at, entry, leaf_hash) = scanned.unwrap();
            assert_eq!((index, leaf, annex, hash), (at, entry.leaf, entry.annex, leaf_hash));
        }
    }
}

/// Sets the checksums of frame after frame, which chance would not meet.
fn seal(mut bytes: &mut [u8]) {
    while let Some((header, rest)) = bytes.split_at_mut_checked(HEADER) {
        set_sum(header);
        let length =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let reach = HEADER + length(20) as usize + length(24) as usize + SUM;
        let whole = rest.len() + HEADER >= reach;
        if !whole {
            return;
        }
        let (frame, next) = bytes.split_at_mut(reach);
        set_sum(frame);
        bytes = next;
    }
}

/// Writes the checksum of what stands before it into the last bytes.
fn set_sum(bytes: &mut [u8]) {
    if let Some((summed, sum)) = bytes.split_last_chunk_mut::<SUM>() {
        *sum = crc32c::crc32c(summed).to_be_bytes();
    }
}
