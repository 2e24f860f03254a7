//! `Handshaken` becomes [`Peer`]: exactly one agency of the registry, or nobody.
//!
//! A verified chain says "this CA", not "this agency". One name of ours in the certificate, in its one spelling, or refused.

pub mod certificate;
pub mod development;
pub mod registry;
pub mod revocation;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::language::Text;
use crate::listener::Handshaken;

pub use certificate::Certificate;

use certificate::AGENCY_PREFIX;
use certificate::Unreadable;
use registry::Agency;
use registry::Registry;
use registry::Role;
use revocation::Revocations;
use revocation::Standing;

/// The agency at the other end, recognized from its certificate. Only this module makes one.
///
/// ```
/// fn name(peer: &phohien::identity::Peer) -> &phohien::id::AgencyId { &peer.agency().id }
/// ```
/// ```compile_fail,E0451
/// fn forge() -> phohien::identity::Peer { phohien::identity::Peer { agency: loop {}, certificate: loop {}, source: loop {} } }
/// ```
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

/// Why a certificate that verified speaks for no agency of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognized {
    /// It cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable(#[from] Unreadable),
    /// It names no agency, or several.
    #[error("the certificate names {0} agencies where exactly one must stand")]
    NotOneAgency(usize),
    /// The name is not spelled as agency names are.
    #[error("`{0}` is not the one spelling of an agency's name")]
    Spelling(String),
    /// The agency's code was replaced in a merger.
    #[error("the code {old} was replaced: its holder is {now} today")]
    FormerCode {
        /// The code in the certificate.
        old: AgencyId,
        /// Whose it is now.
        now: AgencyId,
    },
    /// No such agency is registered.
    #[error("agency {0} is not registered")]
    Unknown(AgencyId),
    /// The agency does not exchange data.
    #[error("agency {0} is not registered for exchange")]
    NoRole(AgencyId),
    /// A selector of the agency does not match.
    #[error("the certificate of {agency} does not match the registered {selector}")]
    Selector {
        /// The agency.
        agency: AgencyId,
        /// Which selector.
        selector: &'static str,
    },
    /// The certificate is not valid at this moment.
    #[error("the certificate is valid from {not_before} to {not_after}, and it is {now}")]
    OutOfTime {
        /// First moment.
        not_before: Timestamp,
        /// Last moment.
        not_after: Timestamp,
        /// The time of the request.
        now: Timestamp,
    },
    /// It was revoked since the handshake.
    #[error("the certificate is revoked")]
    Revoked,
    /// Nobody can say whether it is revoked.
    #[error("the issuer's revocation list is missing or past its next update")]
    RevocationUnknown,
}

impl Unrecognized {
    /// What a person who asks why is told; a stranger is told less.
    #[must_use]
    pub fn text(&self) -> Text {
        let vi = match self {
            Self::Unreadable(_) => "Chứng thư số không đọc được.".to_owned(),
            Self::NotOneAgency(_) => "Chứng thư số phải nêu đúng một cơ quan, đơn vị.".to_owned(),
            Self::Spelling(_) => "Mã định danh trong chứng thư số viết sai quy cách.".to_owned(),
            Self::FormerCode { old, now } => {
                format!("Mã {old} đã được thay bằng {now}; dùng chứng thư số của {now}.")
            }
            Self::Unknown(id) => format!("Cơ quan {id} chưa đăng ký."),
            Self::NoRole(id) => format!("Cơ quan {id} chưa đăng ký trao đổi dữ liệu."),
            Self::Selector { agency, .. } => format!("Chứng thư số không khớp đăng ký của {agency}."),
            Self::OutOfTime { .. } => "Chứng thư số hết hạn hoặc chưa đến hạn.".to_owned(),
            Self::Revoked => "Chứng thư số bị thu hồi.".to_owned(),
            Self::RevocationUnknown => "Không kiểm tra được danh sách thu hồi.".to_owned(),
        };
        Text::new(vi, format!("{self}."))
    }
}

/// Recognizes the agency, anew for every request: expiry and revocation are asked again as long as the connection lives.
///
/// # Errors
/// See [`Unrecognized`].
pub fn recognize(
    handshake: &Handshaken,
    registry: &Registry,
    revoked: &Revocations,
    now: Timestamp,
) -> Result<Peer, Unrecognized> {
    let Some(leaf) = handshake.chain().first() else { return Err(Unreadable::Malformed.into()) };
    let certificate = certificate::read(leaf)?;
    let issuer = handshake.chain().get(1).map(|issuer| issuer.as_ref());
    let agency = who(&certificate, issuer, registry, revoked, now)?;
    Ok(Peer { agency, certificate: Arc::new(certificate), source: handshake.source() })
}

/// Whom a certificate speaks for: pure, so that `certs check` asks the same.
///
/// # Errors
/// See [`Unrecognized`].
pub fn who(
    certificate: &Certificate,
    issuer: Option<&[u8]>,
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
    let Some(agency) = registry.get(id) else {
        return Err(match registry.by_former(id) {
            Some(now) => Unrecognized::FormerCode { old: id.clone(), now: now.id.clone() },
            None => Unrecognized::Unknown(id.clone()),
        });
    };
    if agency.roles.contains(&Role::Exchange) { Ok(agency) } else { Err(Unrecognized::NoRole(id.clone())) }
}

/// Every selector that is given must match.
fn matches(agency: &Agency, certificate: &Certificate, issuer: Option<&[u8]>) -> Result<(), Unrecognized> {
    let differs = |selector| Unrecognized::Selector { agency: agency.id.clone(), selector };
    if agency.organization_identifier.is_some()
        && agency.organization_identifier != certificate.organization_identifier
    {
        return Err(differs("organizationIdentifier"));
    }
    if !agency.spki_pins.is_empty() && !agency.spki_pins.contains(&certificate.spki) {
        return Err(differs("public key"));
    }
    let Some(expected) = agency.issuing_ca else { return Ok(()) };
    let issuer = issuer.and_then(certificate::spki_of).ok_or_else(|| differs("issuing authority"))?;
    if issuer == expected { Ok(()) } else { Err(differs("issuing authority")) }
}

#[cfg(test)]
mod tests;
