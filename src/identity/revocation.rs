//! Revoked certificates, asked again on every request: an HTTP/2 connection lives for hours after its handshake.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::listener::editions::Editions;
use crate::listener::lists;
use crate::listener::lists::RevocationList;

pub use crate::listener::lists::RevocationError;

use super::certificate::Certificate;

/// A snapshot of all lists, one per issuer.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Option<HashMap<Hash, RevocationList>>);

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

    /// Reads lists (PEM): the same ones, chosen the same way, that the handshake's verifier has, which checks their signatures.
    ///
    /// # Errors
    /// See [`RevocationError`].
    pub fn load(files: &[PathBuf]) -> Result<Self, RevocationError> {
        let lists = lists::newest(files)?.into_iter().map(|list| (list.issuer, list));
        Ok(Self(Some(lists.collect())))
    }

    /// How a certificate stands at a time.
    #[must_use]
    pub fn standing(&self, certificate: &Certificate, now: Timestamp) -> Standing {
        let Some(lists) = &self.0 else { return Standing::Good };
        match lists.get(&certificate.issuer_name) {
            Some(list) if list.serials.contains(&certificate.serial_bytes) => Standing::Revoked,
            Some(list) if now <= list.next_update => Standing::Good,
            Some(_) | None => Standing::Unknown,
        }
    }

    /// Which editions these lists are.
    #[must_use]
    pub fn editions(&self) -> Editions {
        Editions::of(self.0.iter().flatten().map(|(issuer, list)| (issuer, &list.edition)))
    }

    /// When the first of the lists lapses, and with it everybody it speaks for; none where revocation is off.
    #[must_use]
    pub fn next_update(&self) -> Option<Timestamp> {
        self.0.as_ref()?.values().map(|list| list.next_update).min()
    }
}
