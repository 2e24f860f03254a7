//! A log that was begun is not begun anew under the same name and key: where its folder is empty then, a disk is not mounted, or somebody
//! has taken it away, and whoever went on would sign a second history.
//!
//! `keys/log.begun` names the log whose first entries are durable. It lies with the keys because it must not vanish with the log.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::keyfile;
use crate::id::Origin;

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

/// Refuses an empty folder for a log that was begun.
///
/// # Errors
/// It was begun, or nobody can say.
pub(super) fn refuse_anew(keys: &Path, origin: &Origin) -> Result<(), StartError> {
    match kept(keys)? {
        Some(begun) if begun == origin.as_str().as_bytes() => Err(StartError::Gone(origin.clone())),
        _ => Ok(()),
    }
}

/// Keeps that a log was begun. Stopping before this leaves a log that has entries, and the next start keeps it.
///
/// # Errors
/// It cannot be kept.
pub(super) fn keep(keys: &Path, origin: &Origin) -> Result<(), KeysError> {
    let begun = origin.as_str().as_bytes();
    if kept(keys)?.is_some_and(|kept| kept == begun) {
        return Ok(());
    }
    keyfile::replace(&file(keys), begun).map_err(|source| KeysError::File { path: file(keys), source })
}
