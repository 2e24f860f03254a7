//! A small log in a folder of its own, and a sequencer that chains what it is given. [`verify_all`] verifies all there is.

mod agreeing;
mod checking;
mod committing;
mod failing;
mod oracles;
mod power;
mod recovering;
mod sealing;
mod sim;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use tempfile::TempDir;

use super::merkle::verify_consistency;
use super::merkle::verify_inclusion;
use super::note::VerifierKey;
use super::reader::ReadError;
use super::*;
use crate::crypto::digest::hex;
use crate::crypto::digest::unhex;
use failing::FailingDisk;

/// Each leaf says its index, the hash of the leaf before it, and what was appended; the annex says the latter again.
#[derive(Debug, Default)]
struct Chain {
    told: Arc<Mutex<Told>>,
}

/// The leaf hashes told, and how many were before those.
#[derive(Debug, Default)]
struct Told {
    before: u64,
    last: Option<Hash>,
    hashes: Vec<Hash>,
}

impl Told {
    fn size(&self) -> u64 {
        self.before + self.hashes.len() as u64
    }

    fn start_of_next(&self) -> String {
        let last = self.hashes.last().copied().or(self.last);
        format!("{} {} ", self.size(), last.map_or("-".to_owned(), |hash| hex(&hash[..4])))
    }
}

impl Sequencer for Chain {
    type Draft = Vec<u8>;

    fn finish(&mut self, index: u64, _now: Timestamp, draft: Vec<u8>) -> Entry {
        assert_ne!(draft, b"panic", "as asked");
        let told = self.told.lock().unwrap();
        assert_eq!(index, told.size());
        let start = if draft == b"odd" { String::new() } else { told.start_of_next() };
        Entry { leaf: [start.as_bytes(), &draft].concat(), annex: draft }
    }

    fn observe(&mut self, index: u64, entry: &Entry, leaf_hash: &Hash) -> Result<(), String> {
        let mut told = self.told.lock().unwrap();
        assert_eq!(index, told.size());
        if !entry.leaf.starts_with(told.start_of_next().as_bytes()) {
            return Err("it does not follow the entry before".to_owned());
        }
        told.hashes.push(*leaf_hash);
        Ok(())
    }

    fn shelf(entry: &Entry) -> String {
        format!("shelf-{}", entry.annex.len() % 2)
    }

    fn snapshot(&self) -> Value {
        let told = self.told.lock().unwrap();
        let last = told.hashes.last().copied().or(told.last);
        serde_json::json!({ "last": last.map(|hash| hex(&hash)), "size": told.size() })
    }

    fn restore(&mut self, state: &Value) -> Result<(), String> {
        let mut told = self.told.lock().unwrap();
        told.before = state["size"].as_u64().ok_or("no size")?;
        told.last = state["last"].as_str().and_then(unhex);
        Ok(())
    }
}

/// A log's folder, its key and its disk.
pub(super) struct World {
    folder: TempDir,
    pkcs8: Vec<u8>,
    disk: FailingDisk,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, pkcs8: Ed25519Key::generate_pkcs8().unwrap(), disk: FailingDisk::default() }
    }

    fn origin() -> Origin {
        "gw.example/2026".parse().unwrap()
    }

    fn key(&self) -> Ed25519Key {
        Ed25519Key::from_pkcs8(&self.pkcs8).unwrap()
    }

    fn public(&self) -> VerifierKey {
        VerifierKey::new(&Self::origin(), self.key().public_raw())
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(super) fn segment(&self, first: u64) -> PathBuf {
        segment::path(&wal(&self.path()), first)
    }

    fn settings(&self) -> Settings {
        Settings { folder: self.path(), origin: Self::origin(), segment_bytes: SEGMENT_BYTES_MIN, queue: 256 }
    }

    fn try_open(&self) -> Result<(Log<Vec<u8>>, Recovered), OpenError> {
        let clock = Clock::by_hand(Timestamp::from_second(1_790_000_000).unwrap());
        open(self.settings(), Arc::new(self.disk.clone()), self.key(), clock, Chain::default())
    }

    pub(super) fn open(&self) -> Log<Vec<u8>> {
        self.try_open().unwrap().0
    }

    /// A closed log with one batch an entry, and nothing published.
    pub(super) fn unpublished(leaves: &[&str]) -> Self {
        let world = Self::new();
        let log = world.open();
        leaves.iter().for_each(|leaf| drop(append(&log, leaf).unwrap()));
        log.close();
        std::fs::remove_file(world.checkpoint()).unwrap();
        world
    }

    /// Where each frame of the first segment begins and ends.
    pub(super) fn frames(&self) -> Vec<(usize, usize)> {
        let (bytes, mut at, mut frames) = (std::fs::read(self.segment(0)).unwrap(), 0, Vec::new());
        while let Some(frame) = frame::Frame::read(&bytes[at..]) {
            frames.push((at, at + frame.header.frame_bytes()));
            at += frame.header.frame_bytes();
        }
        frames
    }

    /// Changes the first segment's bytes.
    fn damage(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(self.segment(0)).unwrap();
        change(&mut bytes);
        put(&self.segment(0), &bytes);
    }

    fn checkpoint(&self) -> PathBuf {
        self.path().join("checkpoint")
    }
}

#[expect(clippy::disallowed_methods, reason = "the damage a test does need not be durable")]
pub(super) fn put(file: &Path, bytes: &[u8]) {
    std::fs::write(file, bytes).unwrap();
}

/// Appends entries that are committed as one batch, behind one that is a batch of its own.
fn append_together(world: &World, log: &Log<Vec<u8>>, texts: &[&str]) {
    let syncs = world.disk.seen().syncs;
    world.disk.order(|orders| orders.hold_sync = true);
    let first = log.reserve().unwrap().append(b"alone".to_vec());
    world.disk.until(|orders| orders.syncs > syncs);
    let batch: Vec<_> = texts.iter().map(|text| log.reserve().unwrap().append((*text).into())).collect();
    world.disk.order(|orders| orders.hold_sync = false);
    drop(first.wait().unwrap());
    batch.into_iter().for_each(|pending| drop(pending.wait().unwrap()));
}

fn append(log: &Log<Vec<u8>>, text: &str) -> Result<Placed, Unavailable> {
    log.reserve()?.append(text.into()).wait()
}

/// Verifies every entry, proof and head of a log, and says how many entries there are.
fn verify_all(world: &World, log: &Log<Vec<u8>>) -> u64 {
    let head = log.head();
    assert_eq!(*head, SignedHead::open(head.note.as_bytes(), &world.public()).unwrap());
    let mut tree = merkle::Tree::default();
    for index in 0..head.size {
        let leaf = merkle::leaf_hash(&log.read(index).unwrap().leaf);
        let path = log.inclusion(index, head.size).unwrap();
        assert_eq!(verify_inclusion(&leaf, index, head.size, &path, &head.root), Ok(()));
        tree.push(leaf);
        let (old, path) = (tree.root(index).unwrap(), log.consistency(index, head.size).unwrap());
        assert_eq!(verify_consistency(index, head.size, &old, &head.root, &path), Ok(()));
    }
    assert_eq!(tree.root(head.size), Some(head.root));
    assert!(matches!(log.read(head.size), Err(ReadError::Beyond { .. })));
    assert_eq!(log.inclusion(0, head.size + 1), None);
    head.size
}

/// Writes the checksums of the frame at `start` anew, as somebody would who knows the format.
fn reseal(bytes: &mut [u8], start: usize, end: usize) {
    let sum = crc32c::crc32c(&bytes[start..start + 60]);
    bytes[start + 60..start + 64].copy_from_slice(&sum.to_be_bytes());
    let sum = crc32c::crc32c(&bytes[start..end - 4]);
    bytes[end - 4..end].copy_from_slice(&sum.to_be_bytes());
}
