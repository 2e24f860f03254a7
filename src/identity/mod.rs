//! `Handshaken` becomes [`Peer`]: exactly one agency of the registry, or nobody.

pub mod registry;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;

use registry::Agency;

/// What we read of a client certificate. All text in it is untrusted: escape it before showing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The issuer's distinguished name (RFC 4514).
    pub issuer: String,
    /// The serial number, lower-case hexadecimal.
    pub serial: String,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub spki: Hash,
    /// SHA-256 of the whole certificate.
    pub fingerprint: Hash,
    /// First moment of validity.
    pub not_before: Timestamp,
    /// Last moment of validity.
    pub not_after: Timestamp,
    /// The subject's organizationIdentifier (OID 2.5.4.97), if any.
    pub organization_identifier: Option<String>,
    /// Every SAN URI that begins `urn:agency:`, compared case-insensitively, exactly as spelled.
    pub agency_names: Vec<String>,
}

/// The agency at the other end, recognized from its certificate. Only this module makes one.
#[derive(Debug)]
pub struct Peer {
    agency: Arc<Agency>,
    certificate: Arc<Certificate>,
    source: SocketAddr,
}

impl Peer {
    /// Who it is.
    #[must_use]
    pub fn agency(&self) -> &Arc<Agency> {
        &self.agency
    }

    /// By which certificate.
    #[must_use]
    pub fn certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }

    /// From where.
    #[must_use]
    pub fn source(&self) -> SocketAddr {
        self.source
    }
}
