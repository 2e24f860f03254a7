//! The policies as a gateway takes them into force: with the signatures of the parties, where they are required.

use std::path::PathBuf;

use crate::clock::Timestamp;
use crate::config::settings::Settings;
use crate::config::settings::SignerSettings;
use crate::identity::revocation::RevocationError;
use crate::identity::revocation::Revocations;
use crate::listener::tls::TlsError;
use crate::listener::tls::Trust;
use crate::policy;
use crate::policy::Policies;
use crate::policy::signed::Signers;

use super::run::StartError;

/// Why signers' authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignersError {
    /// Their certificates.
    #[error(transparent)]
    Anchors(#[from] TlsError),
    /// Their revocation lists.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
}

/// Loads the policies that a configuration names. Where signatures are required, agreements without them answer nothing: as of `real`, which
/// signers live by too, whatever `shown` the agreements' clock is set to.
///
/// # Errors
/// The policies have faults, or the signers' authorities cannot be used.
pub fn policies(settings: &Settings, shown: Timestamp, real: Timestamp) -> Result<Policies, StartError> {
    let policies = policy::load(&settings.policies, shown).map_err(StartError::Policies)?;
    match &settings.signers {
        Some(signers) if settings.require_signed_agreements => Ok(required(policies, signers, real)?),
        Some(_) | None => Ok(policies),
    }
}

/// The same policies, with every agreement out of force that its parties have not signed.
///
/// # Errors
/// The signers' authorities cannot be used.
pub fn required(
    policies: Policies,
    signers: &SignerSettings,
    now: Timestamp,
) -> Result<Policies, SignersError> {
    let (trust, revoked) = authorities(&signers.anchors, signers.crls.as_deref())?;
    Ok(policies.requiring_signatures(Signers { trust: &trust, revoked: &revoked, now }))
}

/// Authorities and their revocation lists; no lists: revocation is off by name.
///
/// # Errors
/// A file cannot be used.
pub fn authorities(
    anchors: &[PathBuf],
    crls: Option<&[PathBuf]>,
) -> Result<(Trust, Revocations), SignersError> {
    let trust = Trust::load(anchors, crls)?;
    let revoked = crls.map_or_else(|| Ok(Revocations::none()), Revocations::load)?;
    Ok((trust, revoked))
}
