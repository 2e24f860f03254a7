//! Time and memory, as a benchmark reads them.

use std::fs;
use std::time::Instant;

pub(crate) fn per_second(count: u64, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's own time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The most memory that this process has had, as the system counts it.
pub(crate) fn peak_kilobytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
