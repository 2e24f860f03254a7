//! A log that was begun is not begun anew under the same name and key: where its folder is empty then, a disk is not mounted, or somebody
//! has taken it away, and whoever went on would sign a second history.
//!
//! `keys/log.begun` names the log whose first entries are durable. It lies with the keys because it must not vanish with the log.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::config::settings::LogSettings;
use crate::config::settings::Settings;
use crate::crypto::keyfile;

use super::keys::KeysError;
use super::run::StartError;

fn file(keys: &Path) -> PathBuf {
    keys.join("log.begun")
}

fn kept(keys: &Path) -> Result<Option<Vec<u8>>, KeysError> {
    match std::fs::read(file(keys)) {
        Ok(origin) => Ok(Some(origin)),
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeysError::File { path: file(keys), source }),
    }
}

/// Refuses an empty folder for a log that was begun. Where segments or bundles are left, opening it names what is missing.
///
/// # Errors
/// It was begun, or nobody can say.
pub(super) fn refuse_anew(keys: &Path, log: &LogSettings) -> Result<(), StartError> {
    let origin = &log.origin;
    let is_begun = kept(keys)?.is_some_and(|begun| begun == origin.as_str().as_bytes());
    let is_empty = ["wal", "tile"].iter().all(|part| holds_nothing(&log.folder.join(part)));
    if is_begun && is_empty { Err(StartError::Gone(origin.clone())) } else { Ok(()) }
}

/// It is not there, or there is nothing in it. What cannot be read is for opening to name.
fn holds_nothing(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Keeps that the log was begun, if it was. Stopping before this leaves a log that has entries, and the next start keeps it.
///
/// # Errors
/// It cannot be kept.
pub(super) fn keep_if(is_begun: bool, settings: &Settings) -> Result<(), KeysError> {
    let (keys, begun) = (&settings.keys, settings.log.origin.as_str().as_bytes());
    if !is_begun || kept(keys)?.is_some_and(|kept| kept == begun) {
        return Ok(());
    }
    keyfile::replace(&file(keys), begun).map_err(|source| KeysError::File { path: file(keys), source })
}
