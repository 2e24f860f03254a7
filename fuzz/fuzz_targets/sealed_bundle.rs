//! What was sealed, as somebody may have put it there: a bundle, the tile of its leaf hashes, a shelf of annexes. Both readers come to an
//! end in bounded memory, and what the verifier finds sound the other reads whole, entry by entry the same.
//!
//! An input is a letter of flags, which byte of the tile is changed and how (3), how long the bundle is (2), the bundle, the annexes. The
//! bundle is packed here if the first flag is set, and given its header and its sums if the second is: chance would meet no checksum. The
//! tile is of the leaves that it has, and a segment behind it has a head over all, or nothing that was changed would ever be sound.

#![no_main]

use std::fs;
use std::fs::OpenOptions;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use phohien::crypto::digest::Hash;
use phohien::crypto::sign::Ed25519Key;
use phohien::tlog::checkpoint::Checkpoint;
use phohien::tlog::checkpoint::SignedHead;
use phohien::tlog::fsck;
use phohien::tlog::merkle::Tree;
use phohien::tlog::merkle::leaf_hash;
use phohien::tlog::note::Signer;
use phohien::tlog::reader;

/// Entries in a bundle.
const WIDTH: usize = 256;

/// What a run may add to the most memory that the process ever had, in KiB: the longest bundle unpacked by both readers (16 MiB and 4),
/// twice while a buffer grows, and as much again for the entries.
const GROWTH_MAX: u64 = 96 << 10;

/// A key made for this run.
static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    Signer::new(&"gw.example/2026".parse().unwrap(), key)
});

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("phohien-sealed-bundle-{}", std::process::id()));
    for inside in ["wal", "tile/0", "tile/entries", "annex/2026-11"] {
        fs::create_dir_all(folder.join(inside)).unwrap();
    }
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let Some(([flags, high, low, change, long, short], rest)) = bytes.split_first_chunk() else { return };
    let length = usize::from(u16::from_be_bytes([*long, *short]));
    let (bundle, annexes) = rest.split_at(length.min(rest.len()));
    let (packed, plain) = match flags % 4 {
        1 | 3 => (packed(bundle), bundle.to_vec()),
        2 => framed(bundle),
        _ => (bundle.to_vec(), unpacked(bundle)),
    };
    let mut hashes = hashes(&plain);
    put("wal/00000000000000000256.seg", &segment(&hashes));
    let at = usize::from(u16::from_be_bytes([*high, *low])) % (WIDTH * 32);
    hashes[at / 32][at % 32] ^= change;
    put("tile/0/000", &hashes.concat());
    put("tile/entries/000.gz", &packed);
    put("annex/2026-11/000", annexes);
    let before = most_memory();
    agree(&FOLDER);
    // The system counts by each thread and adds up now and then: what it tells may be a little less than before.
    let after = most_memory();
    assert!(after.saturating_sub(before) <= GROWTH_MAX, "{before} KiB grew to {after}");
});

/// Reads the folder both ways.
fn agree(folder: &Path) {
    let mut seen = Vec::new();
    let look = |index: u64, leaf: &[u8], annex: &[u8], hash: &_| {
        seen.push((index, leaf.to_vec(), annex.to_vec(), *hash));
        Vec::new()
    };
    let mut watched = fsck::Watched { judge: fsck::Nobody, look };
    let report = fsck::verify(folder, Some(SIGNER.public()), &[], &mut watched, &mut |_, _| {});
    let scanned: Vec<_> = reader::scan(folder).collect();
    if report.is_sound() {
        assert_eq!((report.entries, scanned.len()), (WIDTH as u64 + 1, WIDTH + 1));
        for ((index, leaf, annex, hash), scanned) in seen.into_iter().zip(scanned) {
            let (at, entry, leaf_hash) = scanned.unwrap();
            assert_eq!((index, leaf, annex, hash), (at, entry.leaf, entry.annex, leaf_hash));
        }
    }
}

/// Not emptied first: a file system may then take each for a replacement, and wait for its disk.
fn put(name: &str, bytes: &[u8]) {
    let file = FOLDER.join(name);
    let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(file).unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(plain).unwrap();
    packer.finish().unwrap()
}

/// What the bytes unpack to, as far as they do; of a bomb no more than a bundle can be.
fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let _torn = GzDecoder::new(packed).take(1 << 24).read_to_end(&mut plain);
    plain
}

/// A stream with the header and the sums that it has to have, and what it unpacks to.
fn framed(stream: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut plain = Vec::new();
    let mut unpacker = DeflateDecoder::new(stream).take(1 << 24);
    let _torn = unpacker.read_to_end(&mut plain);
    let end = usize::try_from(unpacker.get_ref().total_in()).unwrap();
    let mut sum = Crc::new();
    sum.update(&plain);
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    let sums = [sum.sum().to_le_bytes(), sum.amount().to_le_bytes()].concat();
    ([header.as_slice(), &stream[..end], &sums].concat(), plain)
}

/// The leaf hashes of a bundle's entries; those that it does not have are empty ones'.
fn hashes(mut plain: &[u8]) -> Vec<Hash> {
    let mut hashes = Vec::new();
    while hashes.len() < WIDTH
        && let Some((length, behind)) = plain.split_first_chunk::<2>()
        && let Some((leaf, rest)) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))
    {
        hashes.push(leaf_hash(leaf));
        plain = rest;
    }
    hashes.resize(WIDTH, leaf_hash(b""));
    hashes
}

/// A segment with the one entry behind the bundle, and a signed head over all.
fn segment(hashes: &[Hash]) -> Vec<u8> {
    let leaf = b"behind";
    let mut tree = Tree::default();
    hashes.iter().for_each(|hash| tree.push(*hash));
    tree.push(leaf_hash(leaf));
    let (size, origin) = (tree.size(), "gw.example/2026".parse().unwrap());
    let note = SignedHead::sign(Checkpoint { origin, size, root: tree.root(size).unwrap() }, &SIGNER).note;
    let body =
        [&(leaf.len() as u32).to_be_bytes()[..], &0_u32.to_be_bytes(), &leaf_hash(leaf), leaf].concat();
    let lengths = [1, body.len() as u32, note.len() as u32].map(u32::to_be_bytes).concat();
    let mut frame = [b"\x89PHLOG\n\x01".as_slice(), &(size - 1).to_be_bytes(), &lengths, &[0; 32]].concat();
    let sum = crc32c::crc32c(&frame).to_be_bytes();
    frame.extend([&sum[..], &body, note.as_bytes()].concat());
    let sum = crc32c::crc32c(&frame).to_be_bytes();
    frame.extend(sum);
    frame
}

/// The most memory that the process ever had, in KiB.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}
