//! How many entries a second become durable, proven entries, when many write at once: `cargo bench --bench append`. Beside it
//! stand the machine's own rates, without which the number says nothing. It prints; it never asserts.
//!
//! The log lies under `target/`, so that a real disk is measured, not one in memory.

use std::error::Error;
use std::fs;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use phohien::clock::Clock;
use phohien::clock::Timestamp;
use phohien::crypto::digest::Hash;
use phohien::crypto::digest::sha256;
use phohien::crypto::sign::Ed25519Key;
use phohien::id::Origin;
use phohien::tlog;
use phohien::tlog::Entry;
use phohien::tlog::Log;
use phohien::tlog::Sequencer;
use phohien::tlog::Settings;
use phohien::tlog::disk::OsDisk;
use phohien::tlog::fsck;
use phohien::tlog::note::VerifierKey;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Who write at once, each waiting for its entry before it appends the next.
const WRITERS: usize = 256;

/// Bytes of an ordinary record.
const LEAF_BYTES: usize = 2048;

/// Bytes of what is sealed beside it.
const ANNEX_BYTES: usize = 512;

/// Bytes of a segment, as a gateway has them unless told otherwise.
const SEGMENT_BYTES: u64 = 16 << 20;

/// How long entries are counted.
const MEASURED: Duration = Duration::from_secs(10);

/// How often the machine's own rates are tried.
const TRIES: u32 = 500;

/// A failure of any thread.
type Failure = Box<dyn Error + Send + Sync>;

/// Takes drafts as they are.
struct Plain;

impl Sequencer for Plain {
    type Draft = Entry;

    fn finish(&mut self, _index: u64, _now: Timestamp, draft: Entry) -> Entry {
        draft
    }

    fn observe(&mut self, _index: u64, _entry: &Entry, _leaf_hash: &Hash) -> Result<(), String> {
        Ok(())
    }

    fn shelf(_entry: &Entry) -> String {
        "2026-11".to_owned()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }

    fn restore(&mut self, _state: &Value) -> Result<(), String> {
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("append");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    machine(&folder)?;
    let key = append(&folder.join("log"))?;
    verify(&folder.join("log"), &key)?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// The machine without us: hashing on one core, and writing a batch's worth to the disk.
fn machine(folder: &Path) -> Result<(), Failure> {
    let leaf = vec![7; LEAF_BYTES];
    let start = now();
    (0..TRIES * 100).for_each(|_| _ = std::hint::black_box(sha256(&leaf)));
    let rate = per_second(u64::from(TRIES) * 100, start);
    println!(
        "SHA-256, one core:      {rate:>10.0} x {LEAF_BYTES} B/s ({:.0} MB/s)",
        rate * LEAF_BYTES as f64 / 1e6
    );
    let (mut file, batch) = (File::create(folder.join("raw"))?, vec![7; 64 << 10]);
    (0..TRIES).try_for_each(|_| file.write_all(&batch))?;
    file.sync_all()?;
    let file = fs::OpenOptions::new().write(true).open(folder.join("raw"))?;
    let start = now();
    for at in 0..u64::from(TRIES) {
        std::os::unix::fs::FileExt::write_all_at(&file, &batch, at * batch.len() as u64)?;
        file.sync_data()?;
    }
    println!("64 KiB + fdatasync:     {:>10.0} /s", per_second(u64::from(TRIES), start));
    Ok(())
}

/// Appends with all writers for the time that is measured.
fn append(folder: &Path) -> Result<VerifierKey, Failure> {
    let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8()?)?;
    let origin: Origin = "gw.example/2026".parse()?;
    let public = VerifierKey::new(&origin, key.public_raw());
    let settings =
        Settings { folder: folder.to_owned(), origin, segment_bytes: SEGMENT_BYTES, queue: 2 * WRITERS };
    let (log, _) = tlog::open(settings, Arc::new(OsDisk), key, Clock::system(), Plain)?;
    let start = now();
    let mut waits = Runtime::new()?.block_on(writers(&log))?;
    let rate = per_second(waits.len() as u64, start);
    waits.sort_unstable();
    let at = |share: usize| waits.get(waits.len() * share / 1000).copied().unwrap_or_default();
    println!("durable, {WRITERS} writers:   {rate:>10.0} entries/s of {LEAF_BYTES}+{ANNEX_BYTES} B");
    println!("waited for an entry:    p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
    log.close();
    Ok(public)
}

/// What each entry had to wait for.
async fn writers(log: &Log<Entry>) -> Result<Vec<Duration>, Failure> {
    let (mut tasks, end) = (JoinSet::new(), now() + MEASURED);
    for writer in 0..WRITERS {
        tasks.spawn(write(log.clone(), writer, end));
    }
    let mut waits = Vec::new();
    while let Some(of_one) = tasks.join_next().await {
        waits.extend(of_one??);
    }
    Ok(waits)
}

async fn write(log: Log<Entry>, writer: usize, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut waits = Vec::new();
    let draft = Entry { leaf: vec![writer.to_le_bytes()[0]; LEAF_BYTES], annex: vec![1; ANNEX_BYTES] };
    loop {
        let start = now();
        if start >= end {
            return Ok(waits);
        }
        log.reserve()?.append(draft.clone()).await?;
        waits.push(start.elapsed());
    }
}

/// What was written, verified as an auditor does.
fn verify(folder: &Path, key: &VerifierKey) -> Result<(), Failure> {
    let start = now();
    let report = fsck::verify(folder, Some(key), &[], &mut fsck::Nobody, &mut |_, _| {});
    let (rate, batches) = (per_second(report.entries, start), report.frames.max(1));
    println!("entries a batch:        {:>10.1} ({batches} batches)", report.entries as f64 / batches as f64);
    println!("verified again:         {rate:>10.0} entries/s, {} faults", report.faults.len());
    Ok(())
}

fn per_second(count: u64, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]
fn now() -> Instant {
    Instant::now()
}
