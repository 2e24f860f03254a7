//! `Handshaken` at the desk becomes a [`Visitor`]: an agency of the registry, with whatever roles it has. It is no [`super::Peer`], and
//! can never become one: whoever may read may not ask platforms by that.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::listener::Handshaken;
use crate::listener::certification::PathText;

use super::Certificate;
use super::Unrecognized;
use super::holder;
use super::read_leaf;
use super::registry::Agency;
use super::registry::Registry;
use super::revocation::Revocations;
use super::still_trusted;

/// Somebody at the desk. Only [`welcome`] makes one.
///
/// ```
/// fn name(visitor: &phohien::identity::Visitor) -> &phohien::id::AgencyId { &visitor.agency().id }
/// ```
/// ```compile_fail,E0451
/// fn forge() -> phohien::identity::Visitor { phohien::identity::Visitor { agency: loop {}, certificate: loop {}, source: loop {}, path: loop {} } }
/// ```
#[derive(Debug)]
pub struct Visitor {
    agency: Arc<Agency>,
    certificate: Arc<Certificate>,
    source: SocketAddr,
    path: Option<Arc<PathText>>,
}

impl Visitor {
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

/// Recognizes who came to the desk, anew for every request, by the rules of [`super::recognize`]. What it may see there is not judged here.
///
/// # Errors
/// See [`Unrecognized`].
pub fn welcome(
    handshake: &Handshaken,
    registry: &Registry,
    revoked: &Revocations,
    now: Timestamp,
) -> Result<Visitor, Unrecognized> {
    let certificate = handshake.noted(read_leaf)?;
    let agency = holder(&certificate, handshake.issuer(), registry, revoked, now)?;
    still_trusted(handshake, now)?;
    Ok(Visitor { agency, certificate, source: handshake.source(), path: handshake.path() })
}
