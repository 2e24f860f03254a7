//! For whom a chain would be taken, or why it would be refused: by the handshake's own verifier and the code that recognizes
//! every request, so that `certs check` cannot answer otherwise than the gateway.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject as _;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::listener::tls::Trust;

use super::Certificate;
use super::Unrecognized;
use super::certificate;
use super::holder;
use super::registry::Agency;
use super::registry::Registry;
use super::registry::Role;
use super::revocation::Revocations;
use super::revocation::Standing;
use super::who;

/// The most certificates of a chain that are looked at; a longer one is no chain of ours.
const CHAIN_MAX: usize = 16;

/// A chain that would be let in.
#[derive(Debug)]
pub struct Taken {
    /// For whom.
    pub agency: Arc<Agency>,
    /// By which certificate.
    pub certificate: Certificate,
}

/// Why a chain would not be let in, in the order in which the gateway asks.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The file is no PEM.
    #[error("the file cannot be read as PEM")]
    Pem(#[from] pem::Error),
    /// The file holds no certificate, or too many.
    #[error("the file holds {0} certificates where a chain should stand, leaf first")]
    Length(usize),
    /// The handshake would fail.
    #[error("the handshake would fail")]
    Handshake(#[source] rustls::Error),
    /// The handshake would succeed, and every request would be refused.
    #[error("the handshake would succeed, and every request would be refused")]
    Unrecognized(#[from] Unrecognized),
}

/// Why a chain is not an operator's.
#[derive(Debug, thiserror::Error)]
pub enum NotOperator {
    /// It would not be let in at all.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// The agency does not run this gateway.
    #[error("agency {0} is not registered as one that operates")]
    Role(AgencyId),
}

/// Judges a chain (PEM, leaf first) as of a time.
///
/// # Errors
/// See [`NotTaken`].
pub fn judge_chain(
    chain_pem: &[u8],
    trust: &Trust,
    registry: &Registry,
    revoked: &Revocations,
    at: Timestamp,
) -> Result<Taken, NotTaken> {
    let chain = CertificateDer::pem_slice_iter(chain_pem).collect::<Result<Vec<_>, _>>()?;
    let (certificate, issuer) = verified(&chain, trust, at)?;
    let agency = who(&certificate, issuer.as_ref(), registry, revoked, at)?;
    Ok(Taken { agency, certificate })
}

/// Judges the chain (leaf first) of somebody who signed as an operator, as of a time: by the same rules, and the agency must operate.
///
/// # Errors
/// See [`NotOperator`].
pub fn judge_operator(
    chain: &[CertificateDer<'_>],
    trust: &Trust,
    registry: &Registry,
    revoked: &Revocations,
    at: Timestamp,
) -> Result<Taken, NotOperator> {
    let (certificate, issuer) = verified(chain, trust, at)?;
    let agency = holder(&certificate, issuer.as_ref(), registry, revoked, at).map_err(NotTaken::from)?;
    if agency.roles.contains(&Role::Operate) {
        Ok(Taken { agency, certificate })
    } else {
        Err(NotOperator::Role(agency.id.clone()))
    }
}

/// Judges the chain (leaf first) of somebody who signed for an agency: the certificate as of the time the signer names, and, since nobody
/// vouches for that time, whether it was revoked as of now.
///
/// # Errors
/// See [`NotTaken`].
pub fn judge_signer(
    chain: &[CertificateDer<'_>],
    trust: &Trust,
    registry: &Registry,
    revoked: &Revocations,
    (signed, now): (Timestamp, Timestamp),
) -> Result<Taken, NotTaken> {
    let (certificate, issuer) = verified(chain, trust, signed)?;
    let agency = holder(&certificate, issuer.as_ref(), registry, revoked, signed)?;
    match revoked.standing(&certificate, now) {
        Standing::Good => Ok(Taken { agency, certificate }),
        Standing::Revoked => Err(Unrecognized::Revoked.into()),
        Standing::Unknown => Err(Unrecognized::RevocationUnknown.into()),
    }
}

fn verified(
    chain: &[CertificateDer<'_>],
    trust: &Trust,
    at: Timestamp,
) -> Result<(Certificate, Option<Hash>), NotTaken> {
    let leaf = chain.first().filter(|_| chain.len() <= CHAIN_MAX).ok_or(NotTaken::Length(chain.len()))?;
    trust.verify(chain, at).map_err(NotTaken::Handshake)?;
    let certificate = certificate::read(leaf).map_err(Unrecognized::from)?;
    Ok((certificate, trust.issuer(chain, at)))
}
