//! `Handshaken` at the desk becomes a [`Visitor`]: an agency of the registry, with whatever roles it has. It is no [`super::Peer`], and
//! can never become one: whoever may read may not ask platforms by that.

use crate::clock::Timestamp;
use crate::listener::Handshaken;

use super::Known;
use super::Unrecognized;
use super::holder;
use super::read_leaf;
use super::registry::Registry;
use super::revocation::Revocations;
use super::still_trusted;

/// The desk.
#[derive(Debug)]
pub enum AtTheDesk {}

/// Somebody at the desk. Only [`welcome`] makes one.
///
/// ```
/// fn name(visitor: &phohien::identity::Visitor) -> &phohien::id::AgencyId { &visitor.agency().id }
/// ```
/// ```compile_fail,E0451
/// fn forge() -> phohien::identity::Visitor { phohien::identity::Visitor { agency: loop {}, certificate: loop {}, source: loop {}, path: loop {}, door: loop {} } }
/// ```
/// ```compile_fail,E0308
/// fn ask(visitor: phohien::identity::Visitor) -> phohien::identity::Peer { visitor }
/// ```
pub type Visitor = Known<AtTheDesk>;

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
    Ok(Visitor::of(agency, certificate, handshake))
}
