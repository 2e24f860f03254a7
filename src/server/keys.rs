//! The gateway's own keys: made on this node at the first start, never copied to another, never under the log.

use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::settings::Algorithm;
use crate::crypto::CryptoError;
use crate::crypto::keyfile;
use crate::crypto::sign::Ed25519Key;
use crate::crypto::sign::P256Key;
use crate::crypto::verify::PublicKey;
use crate::id::Origin;
use crate::message::key::AnswerKey;
use crate::tlog::note::VerifierKey;

/// The log's signing key, under the keys folder.
const LOG_KEY: &str = "log.key";
/// The answer key, under the keys folder.
const ANSWER_KEY: &str = "answer.key";
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
    /// Reads the keys, making those that are not there yet.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn read_or_make(folder: &Path, algorithm: Algorithm) -> Result<Self, KeysError> {
        let log = folder.join(LOG_KEY);
        let answer = folder.join(ANSWER_KEY);
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

    /// Writes what verifiers need beside the log: `log.vkey`, and `log.answer.pem` with the answer key's public half.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn publish(&self, log: &Path, origin: &Origin) -> Result<(), KeysError> {
        let vkey = VerifierKey::new(origin, self.log.public_raw());
        write(&log.with_extension("vkey"), format!("{vkey}\n").as_bytes())?;
        write(&log.with_extension("answer.pem"), pem(&self.answer.public()).as_bytes())
    }
}

/// A public key as PEM (RFC 7468 13).
#[must_use]
pub fn pem(key: &PublicKey) -> String {
    let text = STANDARD.encode(key.spki());
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
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
