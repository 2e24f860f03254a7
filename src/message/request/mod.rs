//! Signed requests (RFC 9421), both ways: the one by which a gateway states to a platform what it vouches for, and the one by which a
//! caller shows that it asked. What a caller's must cover is decided here, and nowhere else.

mod claim;
mod head;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;

use super::base::BaseFault;
use super::base::signature_base;
use super::key::AnswerKey;
use super::params::Component;
use super::params::SignatureInput;
use super::profile::LABEL;
use super::sign::SignFault;
use super::sign::SignatureHeaders;
use super::sign::sign;

pub use claim::Claim;
pub use claim::Sent;
pub use claim::Stated;
pub use claim::WINDOW_SECONDS;
pub use head::Head;
pub use head::authority_of;

/// What every signature covers.
const ALWAYS: [&str; 4] = ["@method", "@authority", "@path", "@query"];

/// What it covers besides where there is a body.
const WITH_BODY: [&str; 2] = ["content-digest", "content-type"];

/// Signs a request toward a platform: everything that is stated, and the body by its digest, under our label and tag.
///
/// # Errors
/// A header cannot stand in a signature base, or the key failed: the request must not be sent.
pub fn sign_request(
    head: &Head<'_>,
    key: &AnswerKey,
    created: Timestamp,
) -> Result<SignatureHeaders, SignFault> {
    let there = |name: &&str| head.headers.contains_key(*name);
    let fields = WITH_BODY.into_iter().chain(["traceparent"]).filter(there).chain(head.stated());
    let components: Vec<_> = ALWAYS.into_iter().chain(fields).map(Component::own).collect();
    let lines = head.lines(&components).ok_or(SignFault::Base(BaseFault::Value))?;
    sign(lines, key, created)
}

/// Signs a caller's request, as an agreement may require it.
///
/// # Errors
/// A header cannot stand in a signature base, or the key failed.
pub fn sign_claim(
    head: &Head<'_>,
    key: &AnswerKey,
    keyid: &str,
    nonce: &str,
    created: Timestamp,
) -> Result<SignatureHeaders, SignFault> {
    let there = |name: &&str| head.headers.contains_key(*name);
    let fields = WITH_BODY.into_iter().filter(there).chain(head.stated());
    let components: Vec<_> = ALWAYS.into_iter().chain(fields).map(Component::own).collect();
    let lines = head.lines(&components).ok_or(SignFault::Base(BaseFault::Value))?;
    let input = SignatureInput::with_nonce(components, created.as_second(), nonce, keyid)?;
    let signature = key.sign(signature_base(&lines, &input)?.as_bytes())?;
    Ok(SignatureHeaders {
        input: format!("{LABEL}={}", input.serialized()),
        signature: format!("{LABEL}=:{}:", STANDARD.encode(signature)),
    })
}
