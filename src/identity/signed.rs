//! Whether an agency signed a request: by a key that the registry has of it, never by one that a message brings along.

use http::request::Parts;

use crate::clock::Timestamp;
use crate::crypto::CryptoError;
use crate::crypto::digest::Hash;
use crate::crypto::verify::PublicKey;
use crate::crypto::verify::verify_rsa_pss;
use crate::message::request::Claim;
use crate::message::request::Head;
use crate::message::request::WINDOW_SECONDS;
use crate::message::request::authority_of;
use crate::message::sign::SignatureHeaders;
use crate::message::unsigned::Unsigned;

use super::registry::Agency;
use super::registry::SigningAlgorithm;
use super::registry::SigningKey;

/// A signature that was verified: this agency signed this request. Only [`attest`] makes one.
///
/// ```
/// fn key(attested: &phohien::identity::signed::Attested) -> &str { attested.key() }
/// ```
/// ```compile_fail,E0451
/// fn forge(one: phohien::identity::signed::Attested) -> phohien::identity::signed::Attested {
///     phohien::identity::signed::Attested { key: String::new(), ..one }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    key: String,
    once: Hash,
    until: i64,
    headers: SignatureHeaders,
}

impl Attested {
    /// The key's name in the registry.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// By what the request is known again.
    #[must_use]
    pub fn once(&self) -> &Hash {
        &self.once
    }

    /// Until when it would count if it came again, in seconds since 1970.
    #[must_use]
    pub fn until(&self) -> i64 {
        self.until
    }

    /// The two headers, as they were sent: what a third party verifies it by.
    #[must_use]
    pub fn headers(&self) -> &SignatureHeaders {
        &self.headers
    }
}

/// Verifies the signature of a request by this agency; none if there is no signature. Whether the request came before is not asked here.
///
/// # Errors
/// Why it does not count.
pub fn attest(
    agency: &Agency,
    parts: &Parts,
    has_body: bool,
    now: Timestamp,
) -> Result<Option<Attested>, Unsigned> {
    let Some(claim) = Claim::of(&parts.headers)? else { return Ok(None) };
    let authority = authority_of(parts);
    let head = Head::of(parts, &authority);
    let stated = claim.stated(&head, has_body, now)?;
    let key = agency.signing_key(&stated.keyid, now).ok_or(Unsigned::Key)?;
    if stated.alg.as_deref().is_some_and(|alg| alg != key.algorithm.as_str()) {
        return Err(Unsigned::Algorithm);
    }
    let base = claim.base(&head)?;
    verify(key, base.as_bytes(), &claim.signature).map_err(|_| Unsigned::Forged)?;
    let until = stated.created.saturating_add(WINDOW_SECONDS);
    Ok(Some(Attested { once: stated.once(), key: stated.keyid, until, headers: claim.headers }))
}

fn verify(key: &SigningKey, base: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    match key.algorithm {
        SigningAlgorithm::Ed25519 | SigningAlgorithm::EcdsaP256 => {
            PublicKey::from_spki(&key.spki)?.verify(base, signature)
        }
        SigningAlgorithm::RsaPss => verify_rsa_pss(&key.spki, base, signature),
    }
}
