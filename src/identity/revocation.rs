//! Revoked certificates, asked again on every request: an HTTP/2 connection lives for hours after its handshake.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::PathBuf;

use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

use super::certificate::Certificate;

/// Why revocation lists cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read as PEM")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// A file holds no list that can be read.
    #[error("`{0}` holds no revocation list with a date of the next one")]
    Malformed(PathBuf),
    /// Two lists of one issuer: the verifier would look at the first alone.
    #[error("`{0}` is a second revocation list of the same issuer: keep the newest alone")]
    Second(PathBuf),
    /// Revocation is on without a list.
    #[error("no revocation list is named")]
    None,
}

/// A snapshot of all lists.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Option<HashMap<Hash, List>>);

#[derive(Debug, Clone)]
struct List {
    serials: HashSet<String>,
    next_update: Timestamp,
}

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not revoked, or revocation is off by name.
    Good,
    /// On its issuer's list.
    Revoked,
    /// Its issuer's list is missing or past its next update: nobody can say.
    Unknown,
}

impl Revocations {
    /// Revocation is off, by name.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Reads lists (PEM). Their signatures were verified by the handshake's verifier, which loads the same files.
    ///
    /// # Errors
    /// See [`RevocationError`].
    pub fn load(files: &[PathBuf]) -> Result<Self, RevocationError> {
        let mut lists = HashMap::new();
        for path in files {
            let unreadable = |source| RevocationError::Unreadable { path: path.clone(), source };
            for der in CertificateRevocationListDer::pem_file_iter(path).map_err(unreadable)? {
                let (issuer, list) = read(&der.map_err(unreadable)?)
                    .ok_or_else(|| RevocationError::Malformed(path.clone()))?;
                if lists.insert(issuer, list).is_some() {
                    return Err(RevocationError::Second(path.clone()));
                }
            }
        }
        if lists.is_empty() { Err(RevocationError::None) } else { Ok(Self(Some(lists))) }
    }

    /// How a certificate stands at a time.
    #[must_use]
    pub fn standing(&self, certificate: &Certificate, now: Timestamp) -> Standing {
        let Some(lists) = &self.0 else { return Standing::Good };
        match lists.get(&certificate.issuer_name) {
            Some(list) if list.serials.contains(&certificate.serial) => Standing::Revoked,
            Some(list) if now <= list.next_update => Standing::Good,
            Some(_) | None => Standing::Unknown,
        }
    }
}

fn read(der: &CertificateRevocationListDer<'_>) -> Option<(Hash, List)> {
    let (_, parsed) = CertificateRevocationList::from_der(der.as_ref()).ok()?;
    let next_update = Timestamp::from_second(parsed.next_update()?.timestamp()).ok()?;
    let serials = parsed.iter_revoked_certificates().map(|revoked| hex(revoked.raw_serial())).collect();
    Some((sha256(parsed.issuer().as_raw()), List { serials, next_update }))
}
