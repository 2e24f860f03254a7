//! A log's snapshot and its published checkpoint, as somebody may have put them there: the verifier comes to an end, and so does a start,
//! which opens what the verifier finds sound, with the same entries.
//!
//! An input is a letter of flags, the snapshot's size (2), its length (2), the snapshot, the checkpoint. The flags say that the size is
//! the one of a snapshot that the log has; that the snapshot is given the sum of its line, and that the checkpoint is signed, which chance
//! would never meet; and that there is no snapshot, or no checkpoint. `ROOT` in either stands for the true root, `PREVIOUS` for the hash
//! that the log's own snapshot says.

#![no_main]

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use phohien::clock::Clock;
use phohien::clock::Timestamp;
use phohien::crypto::digest::Hash;
use phohien::crypto::digest::hex;
use phohien::crypto::digest::sha256;
use phohien::crypto::sign::Ed25519Key;
use phohien::tlog;
use phohien::tlog::Entry;
use phohien::tlog::OpenError;
use phohien::tlog::Sequencer;
use phohien::tlog::Settings;
use phohien::tlog::disk::Disk;
use phohien::tlog::disk::DiskFile;
use phohien::tlog::disk::DiskFolder;
use phohien::tlog::disk::OsDisk;
use phohien::tlog::fsck;
use phohien::tlog::merkle::Tree;
use phohien::tlog::merkle::leaf_hash;
use phohien::tlog::note::Signer;
use serde_json::Value;

/// Entries: so many that the first segment is gone.
const ENTRIES: u64 = 600;

struct Log {
    folder: PathBuf,
    pkcs8: Vec<u8>,
    signer: Signer,
    tree: Tree,
    /// The size of the snapshot that it has, and what that says of the frame before it.
    snapshot: u64,
    previous: String,
}

static LOG: LazyLock<Log> = LazyLock::new(Log::new);

fuzz_target!(|bytes: &[u8]| {
    let Some(([flags, high, low, long, short], rest)) = bytes.split_first_chunk() else { return };
    let flag = |bit: u8| flags >> bit & 1 == 1;
    let length = usize::from(u16::from_be_bytes([*long, *short]));
    let (snapshot, checkpoint) = rest.split_at(length.min(rest.len()));
    let size = if flag(0) { LOG.snapshot } else { u16::from_be_bytes([*high, *low]).into() };
    let mut snapshot = replaced(snapshot, &hex(&LOG.tree.root(size).unwrap_or_default()));
    if flag(1) {
        snapshot.extend(format!("\n{}\n", hex(&sha256(&[snapshot.as_slice(), b"\n"].concat()))).into_bytes());
    }
    let heads = LOG.folder.join("heads");
    fs::read_dir(&heads).unwrap().for_each(|file| fs::remove_file(file.unwrap().path()).unwrap());
    if !flag(3) {
        put(&heads.join(format!("{size:020}")), &snapshot);
    }
    let file = LOG.folder.join("checkpoint");
    let _absent = fs::remove_file(&file);
    if !flag(4) {
        put(&file, &LOG.published(checkpoint, flag(2)));
    }
    agree();
});

/// Verifies the log, and starts from it.
fn agree() {
    let (folder, key) = (&LOG.folder, Some(LOG.signer.public()));
    let report = fsck::verify(folder, key, &[], &mut fsck::Nobody, &mut |_, _| {});
    match LOG.open(Arc::new(Still)) {
        Ok((log, found)) => {
            log.close();
            if report.is_sound() {
                assert_eq!((found.size, found.published), (report.entries, report.published));
            }
        }
        Err(error) => {
            assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
            assert!(!report.is_sound(), "{error}: {report:?}");
        }
    }
}

fn put(file: &Path, bytes: &[u8]) {
    File::create(file).unwrap().write_all(bytes).unwrap();
}

/// The bytes with what stands for something else replaced.
fn replaced(bytes: &[u8], root: &str) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("ROOT", root).replace("PREVIOUS", &LOG.previous).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

impl Log {
    /// A log of which the first segment is gone: what it had stands in bundles.
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("phohien-snapshot-{}", std::process::id()));
        let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
        let signer =
            Signer::new(&"gw.example/2026".parse().unwrap(), Ed25519Key::from_pkcs8(&pkcs8).unwrap());
        let mut this =
            Self { folder, pkcs8, signer, tree: Tree::default(), snapshot: 0, previous: String::new() };
        let (log, _) = this.open(Arc::new(OsDisk)).unwrap();
        for index in 0..ENTRIES {
            let leaf = format!("{index:0>180}").into_bytes();
            this.tree.push(leaf_hash(&leaf));
            log.reserve().unwrap().append(leaf).wait().unwrap();
        }
        log.close();
        let heads = fs::read_dir(this.folder.join("heads")).unwrap();
        let sizes = heads.map(|file| file.unwrap().file_name().to_str().unwrap().parse::<u64>().unwrap());
        this.snapshot = sizes.max().unwrap();
        let own = fs::read_to_string(this.folder.join(format!("heads/{:020}", this.snapshot))).unwrap();
        let own: Value = serde_json::from_str(own.lines().next().unwrap()).unwrap();
        this.previous = own["previous"].as_str().unwrap().to_owned();
        assert!(!this.folder.join("wal/00000000000000000000.seg").exists());
        this
    }

    fn open(&self, disk: Arc<dyn Disk>) -> Result<(tlog::Log<Vec<u8>>, tlog::Recovered), OpenError> {
        let settings = Settings {
            folder: self.folder.clone(),
            origin: "gw.example/2026".parse().unwrap(),
            segment_bytes: tlog::SEGMENT_BYTES_MIN,
            queue: 1,
        };
        let key = Ed25519Key::from_pkcs8(&self.pkcs8).unwrap();
        tlog::open(settings, disk, key, Clock::by_hand(Timestamp::UNIX_EPOCH), Bare)
    }

    /// The checkpoint as it is put there.
    fn published(&self, bytes: &[u8], signed: bool) -> Vec<u8> {
        let root = STANDARD.encode(self.tree.root(ENTRIES).unwrap());
        let bytes = replaced(bytes, &root);
        match std::str::from_utf8(&bytes) {
            Ok(text) if signed => self.signer.sign(text).0.into_bytes(),
            _ => bytes,
        }
    }
}

/// Takes entries as they are, and knows nothing of them.
struct Bare;

impl Sequencer for Bare {
    type Draft = Vec<u8>;

    fn finish(&mut self, _: u64, _: Timestamp, draft: Vec<u8>) -> Entry {
        Entry { leaf: draft, annex: Vec::new() }
    }

    fn observe(&mut self, _: u64, _: &Entry, _: &Hash) -> Result<(), String> {
        Ok(())
    }

    fn shelf(_: &Entry) -> String {
        String::new()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }

    fn restore(&mut self, _: &Value) -> Result<(), String> {
        Ok(())
    }
}

/// The disk as it is: what a start writes to it goes nowhere.
#[derive(Debug)]
struct Still;

impl Disk for Still {
    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(folder)
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        OsDisk.read(file)
    }

    fn read_at(&self, file: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        OsDisk.read_at(file, offset, length)
    }

    fn create(&self, _: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(Still))
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn open_folder(&self, _: &Path) -> io::Result<Box<dyn DiskFolder>> {
        Ok(Box::new(Still))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        Ok(Some(Box::new(())))
    }
}

impl DiskFile for Still {
    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFolder for Still {
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
