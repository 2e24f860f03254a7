//! What the kernel counts of a process and its children.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// One tick of `/proc/PID/stat`: `USER_HZ`, 100 a second wherever Linux runs on x86-64 and arm64 (proc(5)).
const TICK: Duration = Duration::from_millis(10);
/// `utime` and `stime` in `/proc/PID/stat`, counted from what follows the command's name: fields 14 and 15 of proc(5).
const TIMES: std::ops::RangeInclusive<usize> = 11..=12;
/// The parent in the same count: field 4.
const PARENT: usize = 1;

/// CPU time of all threads of a process and of its living children.
pub(crate) fn cpu(process: u32) -> anyhow::Result<Duration> {
    let mut ticks = 0;
    for process in family(process)? {
        for field in fields(process)?.get(TIMES).context("a short line in /proc")? {
            ticks += field.parse::<u32>()?;
        }
    }
    Ok(TICK * ticks)
}

/// The most memory a process and its living children ever had resident, in bytes. Pages that they share count for each.
pub(crate) fn peak_memory(process: u32) -> anyhow::Result<u64> {
    let mut kib = 0;
    for process in family(process)? {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no `VmHWM`")?;
        kib += line.trim().trim_end_matches(" kB").parse::<u64>()?;
    }
    Ok(kib * 1024)
}

fn family(process: u32) -> anyhow::Result<Vec<u32>> {
    let mut family = vec![process];
    for entry in fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end while we look.
        let parent = fields(id).ok().and_then(|fields| fields.get(PARENT)?.parse::<u32>().ok());
        if parent == Some(process) {
            family.push(id);
        }
    }
    Ok(family)
}

/// The fields of `/proc/PID/stat` after the command's name, which may hold blanks itself.
fn fields(process: u32) -> anyhow::Result<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = line.rsplit_once(')').context("a line of /proc without a name")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}
