//! Heads that witnesses have cosigned, kept beside the log: `witnessed/<key id>`. The log must continue each of them, as it must the
//! one it published: it signed them all. Whether a cosignature is a witness's is for whoever has the witness's key.

use std::io;
use std::path::Path;

use super::examination::Examination;
use super::file;
use super::in_folder::InFolder;
use super::judge::Judge;
use super::listing::entries;
use super::notes;
use super::promises::Promise;

/// Digits of a key id, which is a file's name.
const DIGITS: usize = 8;

impl<J: Judge> Examination<'_, '_, J> {
    /// Reads what witnesses gave: each is a promise more.
    pub(super) fn read_witnessed(&mut self, folder: &Path) {
        for (file, name, is_folder) in entries(folder) {
            if is_folder || name.len() != DIGITS || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                self.strays.push(file);
                continue;
            }
            // One that is gone meanwhile was replaced by a newer one.
            let note = match file::read(&file, file::FILE_MAX) {
                Ok(note) => note,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.fault(None, &file, InFolder::Unreadable(file::why(&error)));
                    continue;
                }
            };
            match notes::head(&note, self.key) {
                Ok(head) => self.promises.push(Promise::witnessed(head.size, head.root, file)),
                Err(bad) => self.fault(None, &file, InFolder::Witnessed(bad)),
            }
        }
    }
}
