//! The gateway's own keys: made on this node at the first start, never copied to another, never under the log.

use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::audit::index::scanned::published;
use crate::config::settings::Algorithm;
use crate::crypto::CryptoError;
use crate::crypto::keyfile;
use crate::crypto::pem::block;
use crate::crypto::sign::Ed25519Key;
use crate::crypto::sign::P256Key;
use crate::crypto::verify::PublicKey;
use crate::id::Origin;
use crate::message::key::AnswerKey;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::note::VerifierKey;

/// The log's signing key, under the keys folder.
const LOG_KEY: &str = "log.key";
/// The key of the log that is to follow, under the keys folder.
const NEXT_LOG_KEY: &str = "log.next.key";
/// The answer key, under the keys folder.
const ANSWER_KEY: &str = "answer.key";
/// The one that is to follow, under the keys folder.
const NEXT_ANSWER_KEY: &str = "answer.next.key";
/// The folder of the months' keys, under the keys folder.
const MONTHS: &str = "months";

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file cannot be read or made.
    #[error("`{path}` cannot be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file does not hold a key.
    #[error("`{path}` does not hold a key")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CryptoError,
    },
}

/// The keys of one gateway.
#[derive(Debug)]
pub struct Keys {
    /// Signs tree heads.
    pub log: Ed25519Key,
    /// Signs answers.
    pub answer: AnswerKey,
    /// Where the months' keys are.
    pub months: PathBuf,
}

impl Keys {
    /// Whose log lies in the folder, if the log's key signed what it published. A head that this key did not sign says nothing: opening
    /// names it as damage.
    #[must_use]
    pub fn signed_origin(&self, log: &Path) -> Option<Origin> {
        let claimed = published(log)?.origin;
        let note = std::fs::read(log.join("checkpoint")).ok()?;
        let key = VerifierKey::new(&claimed, self.log.public_raw());
        SignedHead::open(&note, &key).ok().map(|head| head.origin)
    }

    /// Reads the keys, making those that are not there yet.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn read_or_make(folder: &Path, algorithm: Algorithm) -> Result<Self, KeysError> {
        Self::named(folder, (LOG_KEY, ANSWER_KEY), algorithm)
    }

    /// The same of those that are to follow.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn next(folder: &Path, algorithm: Algorithm) -> Result<Self, KeysError> {
        Self::named(folder, (NEXT_LOG_KEY, NEXT_ANSWER_KEY), algorithm)
    }

    fn named(folder: &Path, (log, answer): (&str, &str), algorithm: Algorithm) -> Result<Self, KeysError> {
        let (log, answer) = (folder.join(log), folder.join(answer));
        let make_answer = match algorithm {
            Algorithm::P256 => P256Key::generate_pkcs8,
            Algorithm::Ed25519 => Ed25519Key::generate_pkcs8,
        };
        let log_der = read_or_make(&log, Ed25519Key::generate_pkcs8)?;
        let answer_der = read_or_make(&answer, make_answer)?;
        Ok(Self {
            log: Ed25519Key::from_pkcs8(&log_der)
                .map_err(|source| KeysError::Damaged { path: log, source })?,
            answer: AnswerKey::from_pkcs8(&answer_der)
                .map_err(|source| KeysError::Damaged { path: answer, source })?,
            months: folder.join(MONTHS),
        })
    }

    /// What verifiers need of them.
    #[must_use]
    pub fn papers(&self, origin: &Origin) -> Papers {
        let vkey = VerifierKey::new(origin, self.log.public_raw());
        Papers { vkey, answer: pem(&self.answer.public()) }
    }

    /// The answer key's public half: SubjectPublicKeyInfo, base64.
    #[must_use]
    pub fn answer_spki(&self) -> String {
        STANDARD.encode(self.answer.public().spki())
    }
}

/// What verifiers need beside a log.
#[derive(Debug)]
pub struct Papers {
    vkey: VerifierKey,
    answer: String,
}

impl Papers {
    /// Writes `log.vkey`, and `log.answer.pem` with the answer key's public half, beside the folder `log`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn publish(&self, log: &Path) -> Result<(), KeysError> {
        write(&log.with_extension("vkey"), format!("{}\n", self.vkey).as_bytes())?;
        write(&log.with_extension("answer.pem"), self.answer.as_bytes())
    }
}

/// Destroys the log's key and the answers', and puts the next ones in their places. Done before: nothing happens.
///
/// # Errors
/// The disk failed: asked again, it ends the same.
pub(super) fn replace(folder: &Path) -> Result<(), KeysError> {
    for (present, next) in [(LOG_KEY, NEXT_LOG_KEY), (ANSWER_KEY, NEXT_ANSWER_KEY)] {
        let (present, next) = (folder.join(present), folder.join(next));
        replace_one(folder, &present, &next).map_err(|source| KeysError::File { path: present, source })?;
    }
    Ok(())
}

fn replace_one(folder: &Path, present: &Path, next: &Path) -> io::Result<()> {
    if !next.is_file() {
        return Ok(());
    }
    keyfile::destroy(present)?;
    // Stopping here leaves the next key alone: only the one that carries on with the rotation comes here, and finds it.
    std::fs::rename(next, present)?;
    std::fs::File::open(folder)?.sync_all()
}

/// A public key as PEM (RFC 7468 13).
#[must_use]
pub fn pem(key: &PublicKey) -> String {
    block("PUBLIC KEY", &key.spki())
}

fn read_or_make(path: &Path, make: fn() -> Result<Vec<u8>, CryptoError>) -> Result<Vec<u8>, KeysError> {
    keyfile::read_or_make(path, || make().map_err(io::Error::other))
        .map_err(|source| KeysError::File { path: path.to_owned(), source })
}

/// Public and made anew at every start: whole or replaced, so a crash here costs nothing.
fn write(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let written = || {
        let unfinished = path.with_extension("tmp");
        let mut file = std::fs::File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)
    };
    written().map_err(|source| KeysError::File { path: path.to_owned(), source })
}
