//! What an answer's signature covers: the profile `phohien/1`. The signer covers this list, and the verifier demands it.

use super::base::Line;
use super::facts::{AnswerFacts, RequestFacts};
use super::params::Component;

/// The signature's label in `Signature-Input` and `Signature`.
pub const LABEL: &str = "phohien";

/// The signature's `tag` (RFC 9421 2.3): which profile it follows, so that a signature made for something else is not taken for ours.
pub const TAG: &str = "phohien/1";

/// Where an answer says what is only known once its body has ended: digest and receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Before the body.
    Head,
    /// Behind it, as when the body was streamed.
    Trailers,
}

impl Stand {
    /// Where a signature that covers these components says that they stand.
    #[must_use]
    pub fn of(components: &[Component]) -> Self {
        let behind = components.contains(&Component::in_trailers("content-digest"));
        if behind { Self::Trailers } else { Self::Head }
    }

    fn component(self, name: &str) -> Component {
        match (self, name) {
            (Self::Trailers, "content-digest" | "exchange-receipt") => Component::in_trailers(name),
            (Self::Head | Self::Trailers, _) => Component::own(name),
        }
    }
}

/// The components an answer's signature covers, with their values, in order. Only fields can be absent; they are left out, never empty.
#[must_use]
pub fn covered(request: &RequestFacts<'_>, answer: &AnswerFacts<'_>, stand: Stand) -> Vec<Line> {
    let mut lines = vec![(Component::own("@status"), answer.status.to_string())];
    lines.extend(own_fields(answer, stand));
    lines.extend(of_request(request));
    lines
}

fn own_fields(answer: &AnswerFacts<'_>, stand: Stand) -> impl Iterator<Item = Line> {
    [
        ("content-digest", answer.content_digest),
        ("content-type", answer.content_type),
        ("exchange-id", Some(answer.exchange_id)),
        ("exchange-receipt", answer.exchange_receipt),
    ]
    .into_iter()
    .filter_map(move |(name, value)| Some((stand.component(name), value?.to_owned())))
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
    let fields = signature.fields.iter().filter(|(name, _)| name != "content-digest");
    let mut lines: Vec<Line> =
        fields.map(|(name, value)| (Component::of_request(name), value.clone())).collect();
    let bytes = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature.signature);
    lines.push((Component::of_request_member("signature", signature.label), format!(":{bytes}:")));
    lines
}
