//! How many entries a second become durable, proven entries, and how long one waits: `cargo bench --bench append`. Beside it stand the
//! machine's own rates, without which the numbers say nothing. It prints; it never asserts a figure.
//!
//! The log lies under `target/`, so that a real disk is measured, or in the folder that is named: `cargo bench --bench append -- /dev/shm`
//! shows what all but the disk takes.

#[path = "append/clock.rs"]
mod clock;
#[path = "append/log.rs"]
mod log;
#[path = "append/machine.rs"]
mod machine;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use phohien::crypto::sign::Ed25519Key;
use phohien::tlog::Entry;
use phohien::tlog::Log;
use phohien::tlog::Placed;
use phohien::tlog::fsck;
use phohien::tlog::merkle::verify_inclusion;
use phohien::tlog::note::VerifierKey;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use clock::now;
use clock::per_second;
use log::Drafts;
use machine::Machine;

/// Who write at once, each waiting for its entry before it appends the next.
const WRITERS: usize = 256;

/// How long entries are counted.
const MEASURED: Duration = Duration::from_secs(10);

/// A failure of any thread.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let folder = Path::new(named.as_deref().unwrap_or(env!("CARGO_TARGET_TMPDIR"))).join("append");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let machine = Machine::measure(&folder)?;
    println!("{machine}");
    alone(&folder.join("alone"), &machine)?;
    together(&folder.join("together"), &machine)?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// One writer: what it waits beyond the disk.
fn alone(folder: &Path, machine: &Machine) -> Result<(), Failure> {
    let (log, key) = log::open(folder, 16, &Ed25519Key::generate_pkcs8()?)?;
    let (drafts, end, mut waits) = (Drafts::new(0), now() + MEASURED / 2, Vec::new());
    loop {
        let (draft, start) = (drafts.next(waits.len()), now());
        if start >= end {
            break;
        }
        let placed = log.reserve()?.append(draft).wait()?;
        std::hint::black_box(placed.path());
        waits.push(start.elapsed());
    }
    waits.sort_unstable();
    let median = at(&waits, 500);
    println!("one writer:             p50 {median:?}, p99 {:?} of {} entries", at(&waits, 990), waits.len());
    println!(
        "                        p50 is {:.2} x a pre-zeroed 4 KiB sync, {:.2} x a growing one",
        median.as_secs_f64() / machine.zeroed_sync.as_secs_f64(),
        median.as_secs_f64() / machine.growing_sync.as_secs_f64()
    );
    log.close();
    verify(folder, &key)
}

/// Many writers, each with its index, its path and its signed head.
fn together(folder: &Path, machine: &Machine) -> Result<(), Failure> {
    let (log, key) = log::open(folder, 2 * WRITERS, &Ed25519Key::generate_pkcs8()?)?;
    let start = now();
    let (mut waits, batches) = Runtime::new()?.block_on(writers(&log))?;
    let rate = per_second(waits.len() as u64, start);
    waits.sort_unstable();
    println!(
        "{WRITERS} writers:            {rate:>10.0} entries/s of {} B, each with its path",
        log::LEAF_BYTES
    );
    println!(
        "                        {:.1} % of the rate at which one core hashes them",
        100.0 * rate / machine.hashes
    );
    println!(
        "waited for an entry:    p50 {:?}, p99 {:?}, p99.9 {:?}",
        at(&waits, 500),
        at(&waits, 990),
        at(&waits, 999)
    );
    println!("entries a batch:        {:>10.1}", waits.len() as f64 / batches as f64);
    println!("sealed meanwhile:       {:>10} of {}", log.sealed(), log.size());
    let start = now();
    log.close();
    println!("closed in:              {:?}", start.elapsed());
    println!("peak memory:            {:>10} kB", clock::peak_kilobytes().unwrap_or_default());
    sizes(folder, waits.len() as u64)?;
    verify(folder, &key)
}

/// What each entry had to wait for, and how many heads were signed for them.
async fn writers(log: &Log<Entry>) -> Result<(Vec<Duration>, usize), Failure> {
    let (mut tasks, end) = (JoinSet::new(), now() + MEASURED);
    for writer in 0..WRITERS {
        tasks.spawn(write(log.clone(), writer, end));
    }
    let (mut waits, mut heads) = (Vec::new(), HashSet::new());
    while let Some(of_one) = tasks.join_next().await {
        let of_one: Vec<(Duration, u64)> = of_one??;
        waits.extend(of_one.iter().map(|(wait, _)| *wait));
        heads.extend(of_one.iter().map(|(_, head)| *head));
    }
    Ok((waits, heads.len()))
}

async fn write(log: Log<Entry>, writer: usize, end: Instant) -> Result<Vec<(Duration, u64)>, Failure> {
    let (mut waits, drafts) = (Vec::new(), Drafts::new(writer));
    loop {
        let (draft, start) = (drafts.next(waits.len()), now());
        if start >= end {
            return Ok(waits);
        }
        let placed = log.reserve()?.append(draft).await?;
        let path = std::hint::black_box(placed.path());
        waits.push((start.elapsed(), placed.head.size));
        if waits.len().is_multiple_of(4096) {
            prove(&placed, &path)?;
        }
    }
}

/// That it is not nothing which is handed out.
fn prove(placed: &Placed, path: &[[u8; 32]]) -> Result<(), Failure> {
    let head = &placed.head;
    Ok(verify_inclusion(&placed.leaf_hash, placed.index, head.size, path, &head.root)?)
}

/// What the log takes on the disk once it is closed: fixed segments, and what grows with the entries.
fn sizes(folder: &Path, entries: u64) -> Result<(), Failure> {
    let raw = (entries * log::LEAF_BYTES as u64) as f64;
    let of = |part: &str| bytes_below(&folder.join(part));
    let (bundles, tiles, wal) = (of("tile/entries")?, of("tile")?, of("wal")?);
    let hashes = tiles - bundles;
    println!(
        "on the disk:            bundles {:.3}, tiles {:.3}, segments {:.3} of the entries' {raw:.0} bytes",
        bundles as f64 / raw,
        hashes as f64 / raw,
        wal as f64 / raw
    );
    Ok(())
}

/// Bytes of all files in a folder and those below; none if there is no such folder.
fn bytes_below(folder: &Path) -> io::Result<u64> {
    if !folder.exists() {
        return Ok(0);
    }
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes +=
            if entry.file_type()?.is_dir() { bytes_below(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// What was written, verified as an auditor does.
fn verify(folder: &Path, key: &VerifierKey) -> Result<(), Failure> {
    let start = now();
    let report = fsck::verify(folder, Some(key), &[], &mut fsck::Nobody, &mut |_, _| {});
    let rate = per_second(report.entries, start);
    println!("verified again:         {rate:>10.0} entries/s, {} faults", report.faults.len());
    Ok(())
}

fn at(sorted: &[Duration], per_mille: usize) -> Duration {
    sorted.get(sorted.len() * per_mille / 1000).copied().unwrap_or_default()
}
