//! What somebody with access to the disk might do: change one byte of an entry. Done to a copy.

use std::io;
use std::path::Path;
use std::path::PathBuf;

/// The agreement that the entry names, and what it is made to name.
const BEFORE: &[u8] = b"TT-2026-001";
const AFTER: u8 = b'3';

/// One changed byte.
#[derive(Debug, PartialEq, Eq)]
pub struct Edited {
    /// The file.
    pub file: PathBuf,
    /// Where in it, from 0.
    pub at: u64,
}

/// Copies a folder with all that is in it.
///
/// # Errors
/// A file cannot be read or written, or the copy's folder is there already.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Changes the last digit of the agreement that the entry of this exchange names. None if there is no such entry.
///
/// # Errors
/// A file cannot be read or written.
pub fn change_one_byte(log: &Path, exchange: &str) -> io::Result<Option<Edited>> {
    for entry in std::fs::read_dir(log.join("wal"))? {
        let file = entry?.path();
        let mut bytes = std::fs::read(&file)?;
        let Some(at) = last_digit(&bytes, exchange) else { continue };
        bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = AFTER);
        super::world::lay(&file, &bytes)?;
        return Ok(Some(Edited { file, at: at as u64 }));
    }
    Ok(None)
}

/// A leaf's members are sorted: the agreement stands before the exchange.
fn last_digit(bytes: &[u8], exchange: &str) -> Option<usize> {
    let end = find(bytes, exchange.as_bytes())?;
    let before = bytes.get(..end)?;
    let start = before.windows(BEFORE.len()).rposition(|window| window == BEFORE)?;
    Some(start + BEFORE.len() - 1)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_byte_of_the_copy_is_changed_and_the_log_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (log, copied) = (folder.path().join("log"), folder.path().join("log-edited"));
        std::fs::create_dir_all(log.join("wal")).unwrap();
        let text = r#"{"id":"TT-2026-001"},"exchange":"a"}  {"id":"TT-2026-001"},"exchange":"b"}"#;
        super::super::world::lay(&log.join("wal/0.seg"), text.as_bytes()).unwrap();
        copy(&log, &copied).unwrap();
        let edited = change_one_byte(&copied, "\"b\"").unwrap().unwrap();
        let changed = std::fs::read_to_string(&edited.file).unwrap();
        assert_eq!(changed, r#"{"id":"TT-2026-001"},"exchange":"a"}  {"id":"TT-2026-003"},"exchange":"b"}"#);
        assert_eq!(std::fs::read_to_string(log.join("wal/0.seg")).unwrap(), text);
        assert_eq!(change_one_byte(&copied, "\"c\"").unwrap(), None);
    }
}
