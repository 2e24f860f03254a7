//! How long a log takes to open after a crash: `cargo bench --bench recover [-- ENTRIES [FOLDER]]`. A process of its own appends so many
//! entries and is killed while it goes on; then the log is opened, and one entry appended. It prints; it never asserts a figure.

#[path = "append/clock.rs"]
mod clock;
#[path = "append/log.rs"]
mod log;

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use phohien::crypto::sign::Ed25519Key;

use clock::now;
use clock::per_second;
use log::Drafts;

/// Entries of the log, unless told otherwise.
const ENTRIES: u64 = 1_000_000;

/// Entries on their way at once while the log is filled.
const AT_ONCE: usize = 2048;

/// A failure of any thread.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let named = |at: usize| arguments.get(at).map(String::as_str);
    if named(0) == Some("fill") {
        return fill(Path::new(named(1).unwrap_or_default()));
    }
    let entries = named(0).map_or(Ok(ENTRIES), str::parse)?;
    let folder = Path::new(named(1).unwrap_or(env!("CARGO_TARGET_TMPDIR"))).join("recover");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let key = folder.join("key");
    put(&key, &Ed25519Key::generate_pkcs8()?)?;
    crash(&folder, entries)?;
    let pkcs8 = fs::read(&key)?;
    for time in ["first", "second"] {
        let start = now();
        let (log, _) = log::open(&folder.join("log"), AT_ONCE, &pkcs8)?;
        let opened = start.elapsed();
        let placed = log.reserve()?.append(Drafts::new(0).next(0)).wait()?;
        println!(
            "{time} opening:        {opened:?}, with an entry {:?}; {} entries before",
            start.elapsed(),
            placed.index
        );
        log.close();
    }
    println!("peak memory:           {} kB", clock::peak_kilobytes().unwrap_or_default());
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Has another process fill the log, and kills it once it has so many entries.
fn crash(folder: &Path, entries: u64) -> Result<(), Failure> {
    let start = now();
    let mut child = Command::new(std::env::current_exe()?).arg("fill").arg(folder).spawn()?;
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let note = fs::read_to_string(folder.join("log/checkpoint")).unwrap_or_default();
        let size: u64 = note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
        if size >= entries {
            break;
        }
        if let Some(status) = child.try_wait()? {
            return Err(format!("the filling process ended by itself: {status}").into());
        }
    }
    child.kill()?;
    child.wait()?;
    println!("filled:                {:>10.0} entries/s, then killed", per_second(entries, start));
    Ok(())
}

/// Appends until it is killed.
fn fill(folder: &Path) -> Result<(), Failure> {
    let (log, _) = log::open(&folder.join("log"), AT_ONCE, &fs::read(folder.join("key"))?)?;
    let (drafts, mut waiting) = (Drafts::new(0), VecDeque::new());
    for number in 0.. {
        waiting.push_back(log.reserve()?.append(drafts.next(number)));
        if waiting.len() == AT_ONCE
            && let Some(oldest) = waiting.pop_front()
        {
            oldest.wait()?;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the key of a log that is thrown away need not be durable")]
fn put(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Ok(fs::write(file, bytes)?)
}
