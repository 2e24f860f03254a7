//! Verifying an answer, as a client or an auditor does.

use crate::clock::Timestamp;
use crate::crypto::CryptoError;
use crate::crypto::digest::sha256;
use crate::crypto::verify::PublicKey;
use crate::id::KeyId;

use super::base::{BaseFault, signature_base};
use super::digest::{self, DigestFault};
use super::facts::{AnswerFacts, RequestFacts, has_no_content};
use super::key::name_of;
use super::params::{InputFault, SignatureInput, signature_bytes};
use super::profile::{LABEL, Stand, TAG, covered};
use super::sign::SignatureHeaders;

/// An answer's signature held. When it was made is for the caller to weigh: this module reads no clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// When the answer was signed (UTC, whole seconds).
    pub created: Timestamp,
    /// By which key.
    pub keyid: KeyId,
}

/// Why an answer does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The `Signature-Input` or `Signature` header is not what we can use.
    #[error("the signature headers cannot be used")]
    Input(#[from] InputFault),
    /// It was made for another use.
    #[error("the signature's tag is not `phohien/1`")]
    Tag,
    /// It names another key than the one that is trusted here, or none.
    #[error("the signature names another key")]
    Key,
    /// It has no time, or one beyond the calendar.
    #[error("the signature has no usable time")]
    Created,
    /// It covers less, or other, than the profile demands.
    #[error("the signature does not cover what the profile demands")]
    Coverage,
    /// An answer with content has no digest, or one without content has one.
    #[error("the answer's content digest is missing, or is there without content")]
    DigestPresence,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    Body(#[from] DigestFault),
    /// The facts cannot stand in a signature base.
    #[error("the answer has a fact that cannot have been signed")]
    Base(BaseFault),
    /// The signature is not this key's over these facts.
    #[error("the signature is not this key's over this answer")]
    Signature(#[from] CryptoError),
}

/// Verifies an answer: the whole profile, the body, and the signature under `key`.
///
/// # Errors
/// Anything short of all three; see [`Unverified`].
pub fn verify_answer(
    request: &RequestFacts<'_>,
    answer: &AnswerFacts<'_>,
    body: &[u8],
    headers: &SignatureHeaders,
    key: &PublicKey,
) -> Result<Verified, Unverified> {
    let input = SignatureInput::parse(&headers.input, LABEL)?;
    let verified = named(&input, key)?;
    check_body(request, answer, body)?;
    let lines = covered(request, answer, Stand::of(input.components()));
    let base = signature_base(&lines, &input).map_err(|fault| match fault {
        BaseFault::NotCovered => Unverified::Coverage,
        other @ (BaseFault::Input(_) | BaseFault::Repeated | BaseFault::Value) => Unverified::Base(other),
    })?;
    key.verify(base.as_bytes(), &signature_bytes(&headers.signature, LABEL)?)?;
    Ok(verified)
}

fn named(input: &SignatureInput, key: &PublicKey) -> Result<Verified, Unverified> {
    let params = input.params()?;
    if params.tag.as_deref() != Some(TAG) {
        return Err(Unverified::Tag);
    }
    let keyid = name_of(key);
    if params.keyid.as_deref() != Some(keyid.as_str()) {
        return Err(Unverified::Key);
    }
    let seconds = params.created.ok_or(Unverified::Created)?;
    let created = Timestamp::from_second(seconds).map_err(|_| Unverified::Created)?;
    Ok(Verified { created, keyid })
}

fn check_body(request: &RequestFacts<'_>, answer: &AnswerFacts<'_>, body: &[u8]) -> Result<(), Unverified> {
    match (has_no_content(request.method, answer.status), answer.content_digest) {
        (true, None) if body.is_empty() => Ok(()),
        (false, Some(stated)) => Ok(digest::check(stated, &sha256(body))?),
        (true, _) | (false, None) => Err(Unverified::DigestPresence),
    }
}
