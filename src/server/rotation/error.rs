//! What can keep a log from being rotated.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::audit::index::IndexError;
use crate::id::Origin;
use crate::server::attend::AttendError;
use crate::server::keys::KeysError;
use crate::server::quotas::QuotasError;
use crate::server::run::StartError;

/// Why a log is not rotated, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// There is no log, or none that has published a head.
    #[error("`{0}` holds no log that has published a head")]
    NoLog(PathBuf),
    /// The new log would have the old one's name.
    #[error("`origin` is still that of the present log, `{0}`")]
    SameOrigin(Origin),
    /// A rotation to another origin was begun.
    #[error("a rotation to `{0}` was begun")]
    Begun(String),
    /// A closed log stands where this one, or the new one later, is to be kept.
    #[error("`{0}` is there already")]
    Taken(PathBuf),
    /// The folder cannot be given another name.
    #[error("`{0}` is a file system of its own and cannot be renamed")]
    Mounted(PathBuf),
    /// The plan is not one, or not of these keys.
    #[error("`{0}` does not fit the keys and the log beside it")]
    Plan(PathBuf),
    /// The log's last published head is not that of a closed log.
    #[error("the log in `{0}` is not closed, or its last head is not published")]
    NotClosed(PathBuf),
    /// The old log could not be opened to be closed.
    #[error("the log could not be closed")]
    Close(#[from] AttendError),
    /// The new log could not begin.
    #[error("the new log could not begin")]
    Begin(#[source] StartError),
    /// A key cannot be had, or not be destroyed.
    #[error("the keys could not be replaced")]
    Keys(#[from] KeysError),
    /// What was counted towards quotas cannot be taken over.
    #[error("what was counted towards quotas cannot be taken over")]
    Quotas(#[from] QuotasError),
    /// The index of the old log could not be removed.
    #[error("the index of the old log could not be removed")]
    Index(#[from] IndexError),
    /// Another feeds the index.
    #[error("another command is using the index")]
    IndexInUse,
    /// A file or folder could not be written or renamed.
    #[error("`{path}` could not be written or renamed")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A fault of the disk, at this file or folder.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> RotateError {
    let path = path.to_owned();
    move |source| RotateError::File { path, source }
}
