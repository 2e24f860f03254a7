//! What of a request an answer's signature covers, as it was seen, even where it could not be read into one meaning.

use http::Method;
use http::header::HOST;
use http::header::TE;
use http::request::Parts;

use crate::language::Language;
use crate::message::facts::RequestFacts;

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
}

impl RequestLine {
    /// Takes note of a request.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let field = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let host = || field(HOST.as_str()).unwrap_or_default();
        let authority = parts.uri.authority().map_or_else(host, |authority| authority.as_str().to_owned());
        Self {
            language: Language::accepted(field("accept-language").as_deref()),
            method: parts.method.clone(),
            // RFC 9421 2.2.3: lower case, and the default port is not named.
            authority: authority.to_lowercase().trim_end_matches(":443").to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            content_digest: field("content-digest"),
            wants_signature: parts.headers.contains_key("accept-signature"),
            takes_trailers: takes_trailers(parts),
        }
    }

    pub(super) fn facts(&self) -> RequestFacts<'_> {
        RequestFacts {
            method: self.method.as_str(),
            authority: &self.authority,
            path: &self.path,
            query: self.query.as_deref(),
            content_digest: self.content_digest.as_deref(),
            signature: None,
        }
    }
}

fn takes_trailers(parts: &Parts) -> bool {
    let lines = parts.headers.get_all(TE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|token| token.trim().eq_ignore_ascii_case("trailers"))
}
