//! The last head seen of each log, in a file: a log that was cut back or rewritten cannot show that it extends what was seen.
//!
//! One JSON object, `{"v":"phohien-heads/1","heads":{"<origin>":"<signed checkpoint>"}}`. What is in it was verified before it was kept,
//! and is verified again when it is read.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::note::VerifierKey;

/// The version of the file.
const FORMAT: &str = "phohien-heads/1";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    v: String,
    heads: BTreeMap<String, String>,
}

/// The heads in a file.
#[derive(Debug)]
pub struct Heads {
    file: PathBuf,
    heads: BTreeMap<String, String>,
}

impl Heads {
    /// Reads the file; one that is not there yet holds no head.
    ///
    /// # Errors
    /// It cannot be read, or is not such a file.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { file: file.to_owned(), heads: BTreeMap::new() });
            }
            Err(cause) => return Err(Failure::unreadable(file, cause)),
        };
        let document = serde_json::from_str::<Document>(&text).ok().filter(|document| document.v == FORMAT);
        let document = document.ok_or_else(|| {
            let name = shown(&file.display().to_string());
            let vi =
                format!("Tệp `{name}` không phải là tệp điểm chốt đã thấy. Không xóa nếu chưa rõ vì sao.");
            let en = format!(
                "The file `{name}` does not hold heads that were seen. Do not remove it before you know why."
            );
            Failure::usage(vi, en)
        })?;
        Ok(Self { file: file.to_owned(), heads: document.heads })
    }

    /// The last head seen of the log of a key, verified under it.
    ///
    /// # Errors
    /// What is kept was not signed by that key: the file or the key was exchanged.
    pub fn of(&self, key: &VerifierKey) -> Result<Option<SignedHead>, Failure> {
        let Some(note) = self.heads.get(key.name()) else { return Ok(None) };
        let head = SignedHead::open(note.as_bytes(), key).map_err(|cause| {
            let vi = "Điểm chốt đã lưu không đúng với khóa nhật ký đã tin cậy: tệp hoặc khóa đã bị thay.";
            let en = "The head that was kept is not signed by the log's trusted key: the file or the key was exchanged.";
            Failure::new(Exit::False, "false-head", vi, en).because(cause)
        })?;
        Ok(Some(head))
    }

    /// Keeps a head, and writes the file anew: whole, or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&mut self, head: &SignedHead) -> Result<(), Failure> {
        self.heads.insert(head.origin.as_str().to_owned(), head.note.clone());
        let document = Document { v: FORMAT.to_owned(), heads: self.heads.clone() };
        let text = serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?;
        replace(&self.file, format!("{text}\n").as_bytes())
    }
}

/// Whether something is there that is no file of its own, such as a pipe or `/dev/stdout`: it is written to, and nothing takes its place.
#[must_use]
pub fn is_special(file: &Path) -> bool {
    let of_system = file.starts_with("/dev") || file.starts_with("/proc");
    std::fs::metadata(file).is_ok_and(|there| !there.is_dir() && (of_system || !there.is_file()))
}

/// Writes a file beside and renames it over: a crash here leaves the old one or the new one.
///
/// # Errors
/// The folder cannot be written.
pub fn replace(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if is_special(file) {
        let written = std::fs::File::options().write(true).open(file).and_then(|mut it| it.write_all(bytes));
        return written.map_err(|cause| Failure::unwritable(file, cause));
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = || {
        let mut new = std::fs::File::create(&beside)?;
        new.write_all(bytes)?;
        new.sync_all()?;
        std::fs::rename(&beside, file)
    };
    written().map_err(|cause| Failure::unwritable(file, cause))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::FileTypeExt as _;

    use super::*;
    use crate::cli::receipt::document::tests::SmallLog;

    #[test]
    fn a_head_that_was_kept_is_found_again_and_verified_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heads.json");
        let log = SmallLog::new(&["a", "b"]);
        let mut heads = Heads::read(&file).unwrap();
        assert_eq!(heads.of(&log.key()).unwrap(), None);
        heads.keep(&log.head(2)).unwrap();
        let again = Heads::read(&file).unwrap();
        assert_eq!(again.of(&log.key()).unwrap(), Some(log.head(2)));
        let exchanged = again.of(&SmallLog::new(&["a"]).key()).unwrap_err();
        assert_eq!(exchanged.exit(), Exit::False);
    }

    #[test]
    fn a_pipe_is_written_to_and_stays_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut end = std::fs::File::options().read(true).write(true).open(&pipe).unwrap();
        replace(&pipe, b"written").unwrap();
        assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
        let mut read = [0; 7];
        end.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"written");
        assert!(is_special(Path::new("/dev/null")) && !is_special(folder.path()));
    }

    #[test]
    fn a_file_of_something_else_is_not_taken_for_no_heads() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("heads.json");
        replace(&file, b"{}").unwrap();
        assert_eq!(Heads::read(&file).unwrap_err().exit(), Exit::Usage);
    }
}
