//! Snapshots of what the writer knows beyond the entries themselves: written whenever a segment begins, so that the entries before it
//! need not be replayed at the next start.
//!
//! A file has two lines: a JSON object, and the SHA-256 of that line with its line feed. Derived: what it says follows from the entries.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::crypto::digest::unhex;

use super::disk::Disk;

/// What each snapshot says it is.
const FORMAT: &str = "phohien-heads/1";

/// Digits of the size in a name: all that a 64-bit number can have, so that names sort as numbers.
const DIGITS: usize = 20;

/// How many are kept: the newest, and one in case its bytes rot.
const KEPT: usize = 2;

/// The state after some entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// After how many entries.
    pub(super) size: u64,
    /// The hash of the header of the last frame before; zeros if there is none.
    pub(super) previous: Hash,
    /// The root over those entries.
    pub(super) root: Hash,
    /// What the sequencer knew.
    pub(super) state: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    // Sorted by name.
    previous: String,
    root: String,
    size: u64,
    state: Value,
    v: String,
}

impl Snapshot {
    fn encode(&self) -> io::Result<Vec<u8>> {
        let line = Line {
            previous: hex(&self.previous),
            root: hex(&self.root),
            size: self.size,
            state: self.state.clone(),
            v: FORMAT.to_owned(),
        };
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        let sum = hex(&sha256(text.as_bytes()));
        text.push_str(&sum);
        text.push('\n');
        Ok(text.into_bytes())
    }

    /// Reads the snapshot of that size; nothing if the bytes are not one.
    fn decode(bytes: &[u8], size: u64) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (line, sum) = text.strip_suffix('\n')?.split_once('\n')?;
        if hex(&sha256(format!("{line}\n").as_bytes())) != sum {
            return None;
        }
        let line: Line = serde_json::from_str(line).ok()?;
        let snapshot = Self {
            size: line.size,
            previous: unhex(&line.previous)?,
            root: unhex(&line.root)?,
            state: line.state,
        };
        (line.v == FORMAT && line.size == size).then_some(snapshot)
    }
}

/// The folder of the snapshots.
pub(super) fn folder(log: &Path) -> PathBuf {
    log.join("heads")
}

/// The file of one.
pub(super) fn file(log: &Path, size: u64) -> PathBuf {
    folder(log).join(format!("{size:0DIGITS$}"))
}

/// The sizes of which there are snapshots, the newest first. What a stop left unfinished is removed.
fn sizes(disk: &dyn Disk, log: &Path) -> io::Result<Vec<u64>> {
    let names = match disk.list(&folder(log)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names?,
    };
    let mut sizes = Vec::new();
    for name in names {
        if name.ends_with(".tmp") {
            disk.remove(&folder(log).join(&name))?;
        }
        let digits = name.len() == DIGITS && name.bytes().all(|byte| byte.is_ascii_digit());
        sizes.extend(name.parse::<u64>().ok().filter(|_| digits));
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    Ok(sizes)
}

/// The newest snapshot that is whole.
pub(super) fn newest(disk: &dyn Disk, log: &Path) -> io::Result<Option<Snapshot>> {
    for size in sizes(disk, log)? {
        let file = file(log, size);
        match Snapshot::decode(&disk.read(&file)?, size) {
            Some(snapshot) => return Ok(Some(snapshot)),
            None => {
                tracing::error!(file = %file.display(), "a snapshot of the log was changed; an older one serves")
            }
        }
    }
    Ok(None)
}

/// Writes a snapshot, durable when this returns, and removes all but the newest.
pub(super) fn write(disk: &dyn Disk, log: &Path, snapshot: &Snapshot) -> io::Result<()> {
    let (folder, file) = (folder(log), file(log, snapshot.size));
    disk.make_folder(&folder)?;
    let fresh = file.with_extension("tmp");
    let written = disk.create(&fresh)?;
    let bytes = snapshot.encode()?;
    written.write_at(0, &bytes)?;
    // Stopping up to here leaves a file that the next start removes.
    written.sync()?;
    disk.rename(&fresh, &file)?;
    // Stopping here leaves the older snapshots, or these and the new one, whole either way.
    disk.sync_folder(&folder)?;
    if disk.read(&file)? != bytes {
        return Err(io::Error::other("the snapshot reads back as something else"));
    }
    for old in sizes(disk, log)?.into_iter().skip(KEPT) {
        // Stopping between leaves one too many.
        disk.remove(&self::file(log, old))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::disk::OsDisk;
    use serde_json::json;

    fn snapshot(size: u64) -> Snapshot {
        Snapshot { size, previous: [1; 32], root: [2; 32], state: json!({"agencies": {}, "at": "x"}) }
    }

    #[test]
    fn a_snapshot_reads_back_and_none_with_a_changed_byte_does() {
        let bytes = snapshot(7).encode().unwrap();
        assert_eq!(Snapshot::decode(&bytes, 7), Some(snapshot(7)));
        assert_eq!(Snapshot::decode(&bytes, 8), None);
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(Snapshot::decode(&flipped, 7), None, "{at}");
            assert_eq!(Snapshot::decode(&bytes[..at], 7), None);
        }
    }

    #[test]
    fn its_members_are_sorted_as_everything_hashed_is() {
        let text = String::from_utf8(snapshot(7).encode().unwrap()).unwrap();
        let line = format!(
            r#"{{"previous":"{}","root":"{}","size":7,"state":{{"agencies":{{}},"at":"x"}},"v":"phohien-heads/1"}}"#,
            "01".repeat(32),
            "02".repeat(32)
        );
        assert_eq!(text.lines().next(), Some(line.as_str()));
    }

    #[test]
    fn the_newest_two_are_kept_and_a_changed_one_gives_way_to_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        for size in [3, 300, 20] {
            write(&OsDisk, folder.path(), &snapshot(size)).unwrap();
        }
        assert_eq!(sizes(&OsDisk, folder.path()).unwrap(), [300, 20]);
        assert_eq!(newest(&OsDisk, folder.path()).unwrap(), Some(snapshot(300)));
        let written = OsDisk.create(&file(folder.path(), 300)).unwrap();
        written.write_at(0, b"{}").unwrap();
        assert_eq!(newest(&OsDisk, folder.path()).unwrap(), Some(snapshot(20)));
    }
}
