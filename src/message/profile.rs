//! What an answer's signature covers: the profile `phohien/1`. The signer covers this list, and the verifier demands it.

use super::base::Line;
use super::facts::{AnswerFacts, RequestFacts};
use super::params::Component;

/// The signature's label in `Signature-Input` and `Signature`.
pub const LABEL: &str = "phohien";

/// The signature's `tag` (RFC 9421 2.3): which profile it follows, so that a signature made for something else is not taken for ours.
pub const TAG: &str = "phohien/1";

/// The components an answer's signature covers, with their values, in order. Only fields can be absent; they are left out, never empty.
#[must_use]
pub fn covered(request: &RequestFacts<'_>, answer: &AnswerFacts<'_>) -> Vec<Line> {
    let mut lines = vec![(Component::own("@status"), answer.status.to_string())];
    lines.extend(own_fields(answer));
    lines.extend(of_request(request));
    lines
}

fn own_fields(answer: &AnswerFacts<'_>) -> impl Iterator<Item = Line> {
    [
        ("content-digest", answer.content_digest),
        ("content-type", answer.content_type),
        ("exchange-id", Some(answer.exchange_id)),
        ("exchange-receipt", answer.exchange_receipt),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((Component::own(name), value?.to_owned())))
}

fn of_request(request: &RequestFacts<'_>) -> Vec<Line> {
    let path = if request.path.is_empty() { "/" } else { request.path };
    let mut lines: Vec<Line> = [
        ("@method", request.method.to_owned()),
        ("@authority", request.authority.to_owned()),
        ("@path", path.to_owned()),
        ("@query", format!("?{}", request.query.unwrap_or_default())),
    ]
    .map(|(name, value)| (Component::of_request(name), value))
    .into();
    lines.extend(
        request.content_digest.map(|digest| (Component::of_request("content-digest"), digest.to_owned())),
    );
    lines.extend(of_request_signature(request));
    lines
}

/// A signed request's covered fields, but for the digest that stands above already, and its signature.
fn of_request_signature(request: &RequestFacts<'_>) -> Vec<Line> {
    let Some(signature) = request.signature else { return Vec::new() };
    let fields = signature.fields.iter().filter(|(name, _)| *name != "content-digest");
    let mut lines: Vec<Line> =
        fields.map(|(name, value)| (Component::of_request(name), (*value).to_owned())).collect();
    let bytes = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature.signature);
    lines.push((Component::of_request_member("signature", signature.label), format!(":{bytes}:")));
    lines
}
