//! Which revocation lists were in force last, over restarts: kept beside the keys, since what a restored copy of the certificates' folder
//! makes good again is not told by that folder.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::config::settings::Settings;
use crate::crypto::keyfile;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::listener::editions::Editions;
use crate::listener::editions::Older;

use super::run::StartError;

/// The editions, under the keys folder.
const FILE: &str = "revocation.seen";

/// Why nobody can say whether a revocation list was put back to an older one, or that it was.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// What is kept cannot be read or written.
    #[error("`{path}` cannot be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is kept is not what we wrote.
    #[error("`{0}` is damaged: it says in lines of JSON which revocation lists were in force")]
    Damaged(PathBuf),
    /// A list is older than the one that was in force.
    #[error("{why}; where the authority has begun anew, take `{path}` away")]
    Older {
        /// What is older than what.
        why: Box<Older>,
        /// Where it is kept.
        path: PathBuf,
    },
}

impl SeenError {
    /// The same for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let vi = match self {
            Self::File { path, .. } => format!("không đọc hoặc ghi được `{}`", path.display()),
            Self::Damaged(path) => format!(
                "`{}` bị hỏng: tệp này ghi bằng các dòng JSON những danh sách thu hồi đã có hiệu lực",
                path.display()
            ),
            Self::Older { why, path } => format!(
                "{}; nếu tổ chức đó đã đánh số lại từ đầu thì bỏ tệp `{}`",
                why.text().vi,
                path.display()
            ),
        };
        Text::new(vi, self.to_string())
    }
}

/// Holds the lists that a start would put into force against those that were, and keeps which they are.
///
/// # Errors
/// One is older than it was, or cannot be used; or nobody can say.
pub fn begin(settings: &Settings) -> Result<Seen, StartError> {
    let seen = Seen::read(&settings.keys)?;
    let signers = settings.signers.as_ref().filter(|_| settings.require_signed_agreements);
    let sockets = [Some(&settings.exchange.socket), settings.desk.as_ref()];
    let files = sockets.into_iter().flatten().filter_map(|socket| socket.crls.as_deref());
    for files in files.chain(signers.and_then(|signers| signers.crls.as_deref())) {
        let lists = Revocations::load(files)?;
        seen.admits(&lists)?;
        seen.take(&lists)?;
    }
    Ok(seen)
}

/// The newest lists that were in force. Clones are one and the same.
#[derive(Debug, Clone)]
pub struct Seen(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    editions: Mutex<Editions>,
}

impl Seen {
    /// Reads what is kept; a gateway that has never run has seen nothing.
    ///
    /// # Errors
    /// It cannot be read, or is not what we wrote.
    pub fn read(keys: &Path) -> Result<Self, SeenError> {
        let path = keys.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(SeenError::File { path, source }),
        };
        match Editions::read(&text) {
            Some(editions) => Ok(Self(Arc::new(Shared { path, editions: Mutex::new(editions) }))),
            None => Err(SeenError::Damaged(path)),
        }
    }

    /// Whether these lists may come into force.
    ///
    /// # Errors
    /// One of them is older than it was.
    pub fn admits(&self, lists: &Revocations) -> Result<(), SeenError> {
        let admitted = lists.editions().follow(&self.editions());
        admitted.map_err(|why| SeenError::Older { why, path: self.0.path.clone() })
    }

    /// Keeps that these lists are in force, durably, before they are: stopping behind this leaves lists of which none older is taken.
    ///
    /// # Errors
    /// The disk failed: they must not come into force.
    pub fn take(&self, lists: &Revocations) -> Result<(), SeenError> {
        let mut editions = self.editions();
        let mut all = editions.clone();
        if all.take(lists.editions()) {
            let failed = |source| SeenError::File { path: self.0.path.clone(), source };
            keyfile::replace(&self.0.path, all.written().as_bytes()).map_err(failed)?;
            *editions = all;
        }
        Ok(())
    }

    fn editions(&self) -> MutexGuard<'_, Editions> {
        self.0.editions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
