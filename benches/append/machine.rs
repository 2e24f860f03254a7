//! The machine without us: hashing on one core, and what one sync of a small append takes on this disk.

use std::fmt;
use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use phohien::crypto::digest::sha256;

use crate::Failure;
use crate::clock::now;
use crate::clock::per_second;
use crate::log::LEAF_BYTES;

/// How often a sync is tried.
const SYNCS: u64 = 1000;

/// How many entries are hashed.
const HASHES: u64 = 500_000;

/// Bytes of a small append.
const APPENDED: usize = 4096;

/// What the machine does by itself.
pub(crate) struct Machine {
    /// Entries that one core hashes in a second.
    pub(crate) hashes: f64,
    /// The median of a write of 4 KiB and `fdatasync`, to a file written full of zeros before.
    pub(crate) zeroed_sync: Duration,
    /// The same to a file that grows.
    pub(crate) growing_sync: Duration,
}

impl Machine {
    pub(crate) fn measure(folder: &Path) -> Result<Self, Failure> {
        let (leaf, start) = (vec![7; LEAF_BYTES], now());
        (0..HASHES).for_each(|_| _ = std::hint::black_box(sha256(std::hint::black_box(&leaf))));
        let hashes = per_second(HASHES, start);
        let zeroed = File::create(folder.join("zeroed"))?;
        (0..SYNCS).try_for_each(|at| zeroed.write_all_at(&[0; APPENDED], at * APPENDED as u64))?;
        zeroed.sync_all()?;
        let machine = Self {
            hashes,
            zeroed_sync: median_sync(&zeroed)?,
            growing_sync: median_sync(&File::create(folder.join("growing"))?)?,
        };
        fs::remove_file(folder.join("zeroed"))?;
        fs::remove_file(folder.join("growing"))?;
        Ok(machine)
    }
}

fn median_sync(file: &File) -> Result<Duration, Failure> {
    let mut times = Vec::new();
    for at in 0..SYNCS {
        let start = now();
        file.write_all_at(&[7; APPENDED], at * APPENDED as u64)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "SHA-256, one core:      {:>10.0} x {LEAF_BYTES} B/s", self.hashes)?;
        write!(
            f,
            "4 KiB and fdatasync:    p50 {:?} pre-zeroed, {:?} growing",
            self.zeroed_sync, self.growing_sync
        )
    }
}
