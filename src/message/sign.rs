//! Signing an answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;
use crate::crypto::CryptoError;

use super::base::{BaseFault, Line, base_of};
use super::facts::{AnswerFacts, RequestFacts};
use super::key::AnswerKey;
use super::params::{InputFault, SignatureInput};
use super::profile::{LABEL, Stand, TAG, covered};

/// The two headers of a signature (RFC 9421 4), as values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SignatureHeaders {
    /// `Signature-Input`.
    pub input: String,
    /// `Signature`.
    pub signature: String,
}

/// Why an answer could not be signed. It then must not be released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    /// A fact cannot stand in a signature base.
    #[error("the answer has a fact that cannot be signed")]
    Base(#[from] BaseFault),
    /// The input cannot be spelled.
    #[error("the signature's input cannot be spelled")]
    Input(#[from] InputFault),
    /// The key failed.
    #[error("the answer key failed")]
    Key(#[from] CryptoError),
}

/// Signs an answer under the profile `phohien/1`.
///
/// # Errors
/// A fact is not one line of text, or the key failed.
pub fn sign_answer(
    request: &RequestFacts<'_>,
    answer: &AnswerFacts<'_>,
    key: &AnswerKey,
    created: Timestamp,
) -> Result<SignatureHeaders, SignFault> {
    sign(covered(request, answer, Stand::Head), key, created)
}

/// The same for an answer that was streamed: digest, receipt and signature stand in its trailers.
///
/// # Errors
/// As [`sign_answer`].
pub fn sign_streamed(
    request: &RequestFacts<'_>,
    answer: &AnswerFacts<'_>,
    key: &AnswerKey,
    created: Timestamp,
) -> Result<SignatureHeaders, SignFault> {
    sign(covered(request, answer, Stand::Trailers), key, created)
}

/// Signs lines under our label and tag.
pub(super) fn sign(
    lines: Vec<Line>,
    key: &AnswerKey,
    created: Timestamp,
) -> Result<SignatureHeaders, SignFault> {
    let (components, values): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
    let input = SignatureInput::new(components, created.as_second(), key.id().as_str(), TAG)?;
    let signature = key.sign(base_of(values.iter().map(String::as_str), &input)?.as_bytes())?;
    Ok(SignatureHeaders {
        input: format!("{LABEL}={}", input.serialized()),
        signature: format!("{LABEL}=:{}:", STANDARD.encode(signature)),
    })
}
