//! What of a request an answer's signature covers, as it was seen, even where it could not be read into one meaning.

use http::Method;
use http::header::TE;
use http::request::Parts;

use crate::language::Language;
use crate::message::facts::RequestFacts;
use crate::message::request::Head;
use crate::message::request::Sent;
use crate::message::request::authority_of;

/// The request's line and digest, for the signature of the answer.
#[derive(Debug, Clone)]
pub struct RequestLine {
    /// The method.
    pub method: Method,
    /// The authority, as sent.
    pub authority: String,
    /// The path, as sent.
    pub path: String,
    /// The query, as sent.
    pub query: Option<String>,
    /// `Content-Digest`, as sent.
    pub content_digest: Option<String>,
    /// The language the caller reads.
    pub language: Language,
    /// Whether `Accept-Signature` was sent.
    pub wants_signature: bool,
    /// Whether `TE: trailers` was sent.
    pub takes_trailers: bool,
    /// The request's own signature, if it was sent.
    pub signature: Option<Sent>,
}

impl RequestLine {
    /// Takes note of a request.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let field = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let authority = authority_of(parts);
        let head = Head::of(parts, &authority);
        Self {
            language: Language::accepted(field("accept-language").as_deref()),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            content_digest: head.field("content-digest"),
            wants_signature: parts.headers.contains_key("accept-signature"),
            takes_trailers: takes_trailers(parts),
            signature: Sent::of(&head),
            authority,
        }
    }

    pub(super) fn facts(&self) -> RequestFacts<'_> {
        RequestFacts {
            method: self.method.as_str(),
            authority: &self.authority,
            path: &self.path,
            query: self.query.as_deref(),
            content_digest: self.content_digest.as_deref(),
            signature: self.signature.as_ref().map(Sent::fact),
        }
    }
}

fn takes_trailers(parts: &Parts) -> bool {
    let lines = parts.headers.get_all(TE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|token| token.trim().eq_ignore_ascii_case("trailers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_that_was_sent_in_two_lines_is_covered_as_the_one_value_that_it_is() {
        let twice =
            http::Request::get("/").header("content-digest", "a=:AA==:").header("content-digest", "b=:AA==:");
        let (parts, ()) = twice.body(()).unwrap().into_parts();
        assert_eq!(RequestLine::of(&parts).facts().content_digest, Some("a=:AA==:, b=:AA==:"));
    }
}
