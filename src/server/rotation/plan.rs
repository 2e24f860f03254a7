//! What was begun: the verification keys of both logs, one a line.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::keyfile;
use crate::tlog::note::VerifierKey;

use super::RotateError;
use super::error::at;
use super::sync;

/// The plan, under the keys folder.
const PLAN: &str = "rotation";

/// What was begun and cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// The verification key of the log that is closed.
    pub(super) retired: VerifierKey,
    /// That of the log that follows.
    pub(super) key: VerifierKey,
}

impl Plan {
    /// Where it is.
    pub(super) fn file(keys: &Path) -> PathBuf {
        keys.join(PLAN)
    }

    /// The plan that an earlier run wrote, if it did not come to its end.
    pub(super) fn read(keys: &Path) -> Result<Option<Self>, RotateError> {
        let file = Self::file(keys);
        let text = match std::fs::read_to_string(&file) {
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(at(&file))?,
        };
        let mut keys = text.lines().map(str::parse);
        match (keys.next(), keys.next(), keys.next()) {
            (Some(Ok(retired)), Some(Ok(key)), None) => Ok(Some(Self { retired, key })),
            _ => Err(RotateError::Plan(file)),
        }
    }

    /// Durable when this returns.
    pub(super) fn write(&self, keys: &Path) -> Result<(), RotateError> {
        let file = Self::file(keys);
        keyfile::write_new(&file, format!("{}\n{}\n", self.retired, self.key).as_bytes()).map_err(at(&file))
    }

    /// It is carried out.
    pub(super) fn remove(keys: &Path) -> Result<(), RotateError> {
        let file = Self::file(keys);
        std::fs::remove_file(&file).and_then(|()| sync(keys)).map_err(at(&file))
    }
}
