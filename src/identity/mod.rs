//! `Handshaken` becomes [`Peer`]: exactly one agency of the registry, or nobody.
//!
//! A verified chain says "this CA", not "this agency". One name of ours in the certificate, in its one spelling, or refused.

pub mod certificate;
pub mod development;
pub mod judgement;
pub mod registry;
pub mod revocation;
pub mod signed;
mod unrecognized;
mod visitor;

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::listener::Handshaken;
use crate::listener::certification::PathText;

pub use certificate::Certificate;
pub use unrecognized::Unrecognized;
pub use visitor::AtTheDesk;
pub use visitor::Visitor;
pub use visitor::welcome;

use certificate::AGENCY_PREFIX;
use certificate::Unreadable;
use registry::Agency;
use registry::Registry;
use registry::Role;
use revocation::Revocations;
use revocation::Standing;

/// An agency at the other end, recognized from its certificate, as whoever stands at one of our doors. Only this module makes one.
#[derive(Debug)]
pub struct Known<Door> {
    agency: Arc<Agency>,
    certificate: Arc<Certificate>,
    source: SocketAddr,
    path: Option<Arc<PathText>>,
    // Who was let in at one door was not at the other.
    door: PhantomData<Door>,
}

/// The door of exchanges.
#[derive(Debug)]
pub enum AtTheExchange {}

/// The agency that asks for an exchange.
///
/// ```
/// fn name(peer: &phohien::identity::Peer) -> &phohien::id::AgencyId { &peer.agency().id }
/// ```
/// ```compile_fail,E0451
/// fn forge() -> phohien::identity::Peer { phohien::identity::Peer { agency: loop {}, certificate: loop {}, source: loop {}, path: loop {}, door: loop {} } }
/// ```
pub type Peer = Known<AtTheExchange>;

impl<Door> Known<Door> {
    fn of(agency: Arc<Agency>, certificate: Arc<Certificate>, handshake: &Handshaken) -> Self {
        let (source, path) = (handshake.source(), handshake.path());
        Self { agency, certificate, source, path, door: PhantomData }
    }

    /// Who it is, and in which roles.
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

    /// By what the certificate was taken.
    #[must_use]
    pub fn path(&self) -> Option<&Arc<PathText>> {
        self.path.as_ref()
    }
}

/// Recognizes the agency, anew for every request: expiry, revocation and registration are asked again as long as the connection
/// lives. The leaf is read once a connection.
///
/// # Errors
/// See [`Unrecognized`].
pub fn recognize(
    handshake: &Handshaken,
    registry: &Registry,
    revoked: &Revocations,
    now: Timestamp,
) -> Result<Peer, Unrecognized> {
    let certificate = handshake.noted(read_leaf)?;
    let agency = who(&certificate, handshake.issuer(), registry, revoked, now)?;
    still_trusted(handshake, now)?;
    Ok(Peer::of(agency, certificate, handshake))
}

/// A reload may have taken an authority out since the handshake.
fn still_trusted(handshake: &Handshaken, now: Timestamp) -> Result<(), Unrecognized> {
    if handshake.is_still_trusted(now) { Ok(()) } else { Err(Unrecognized::Untrusted) }
}

fn read_leaf(handshake: &Handshaken) -> Result<Arc<Certificate>, Unreadable> {
    let leaf = handshake.chain().first().ok_or(Unreadable::Malformed)?;
    certificate::read(leaf).map(Arc::new)
}

/// Whom a certificate speaks for: pure, so that `certs check` asks the same. `issuer` is the key that signed it (SHA-256 of the
/// SPKI), as verified, never as presented.
///
/// # Errors
/// See [`Unrecognized`].
pub fn who(
    certificate: &Certificate,
    issuer: Option<&Hash>,
    registry: &Registry,
    revoked: &Revocations,
    now: Timestamp,
) -> Result<Arc<Agency>, Unrecognized> {
    let agency = holder(certificate, issuer, registry, revoked, now)?;
    if agency.roles.contains(&Role::Exchange) {
        Ok(agency)
    } else {
        Err(Unrecognized::NoRole(agency.id.clone()))
    }
}

/// Whose certificate it is, whatever that agency may do here.
///
/// # Errors
/// See [`Unrecognized`].
fn holder(
    certificate: &Certificate,
    issuer: Option<&Hash>,
    registry: &Registry,
    revoked: &Revocations,
    now: Timestamp,
) -> Result<Arc<Agency>, Unrecognized> {
    let Certificate { not_before, not_after, .. } = *certificate;
    if now < not_before || now > not_after {
        return Err(Unrecognized::OutOfTime { not_before, not_after, now });
    }
    match revoked.standing(certificate, now) {
        Standing::Good => {}
        Standing::Revoked => return Err(Unrecognized::Revoked),
        Standing::Unknown => return Err(Unrecognized::RevocationUnknown),
    }
    let id = named(certificate)?;
    let agency = registered(&id, registry)?;
    matches(agency, certificate, issuer)?;
    Ok(Arc::clone(agency))
}

fn named(certificate: &Certificate) -> Result<AgencyId, Unrecognized> {
    let [name] = certificate.agency_names.as_slice() else {
        return Err(Unrecognized::NotOneAgency(certificate.agency_names.len()));
    };
    let spelling = || Unrecognized::Spelling(name.chars().take(80).flat_map(char::escape_default).collect());
    name.strip_prefix(AGENCY_PREFIX).and_then(|id| id.parse().ok()).ok_or_else(spelling)
}

fn registered<'r>(id: &AgencyId, registry: &'r Registry) -> Result<&'r Arc<Agency>, Unrecognized> {
    registry.get(id).ok_or_else(|| match registry.by_former(id) {
        Some(now) => Unrecognized::FormerCode { old: id.clone(), now: now.id.clone() },
        None => Unrecognized::Unknown(id.clone()),
    })
}

/// Every selector that is given must match.
fn matches(agency: &Agency, certificate: &Certificate, issuer: Option<&Hash>) -> Result<(), Unrecognized> {
    let differs = |selector| Unrecognized::Selector { agency: agency.id.clone(), selector };
    if agency.organization_identifier.is_some()
        && agency.organization_identifier != certificate.organization_identifier
    {
        return Err(differs("organizationIdentifier"));
    }
    if !agency.spki_pins.is_empty() && !agency.spki_pins.contains(&certificate.spki) {
        return Err(differs("public key"));
    }
    match &agency.issuing_ca {
        Some(expected) if issuer != Some(expected) => Err(differs("issuing authority")),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
