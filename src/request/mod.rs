//! A request's head, as sent, becomes a [`Request`]: one canonical meaning, or a refusal that says what was ambiguous.

use http::Method;

use crate::id::ExchangeId;
use crate::language::Language;

/// One request with one meaning. What is judged here is, byte for byte, what is forwarded. Only this module makes one.
#[derive(Debug)]
pub struct Request {
    id: ExchangeId,
    method: Method,
    authority: String,
    service: String,
    segments: Vec<String>,
    path: String,
    query: Vec<(String, String)>,
    raw_query: Option<String>,
    purpose: Option<String>,
    case: Option<String>,
    user: Option<String>,
    fields: Option<Vec<String>>,
    idempotency_key: Option<String>,
    traceparent: Option<String>,
    content_type: Option<String>,
    content_length: Option<u64>,
    content_digest: Option<String>,
    language: Language,
    wants_signature: bool,
    takes_trailers: bool,
    forwarded: Vec<(http::HeaderName, http::HeaderValue)>,
}

impl Request {
    /// This exchange.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// The method: a registered one that we let through at all.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The one authority, in lower case; its name is on our list.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The first path segment: perhaps a service's name.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The segments after the service, decoded.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The whole canonical path as it was sent, service included; also what `@path` signs.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query's parameters, decoded, in order. No name occurs twice.
    #[must_use]
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The query as it was sent, without `?`; none if there was no `?`.
    #[must_use]
    pub fn raw_query(&self) -> Option<&str> {
        self.raw_query.as_deref()
    }

    /// `Exchange-Purpose`.
    #[must_use]
    pub fn purpose(&self) -> Option<&str> {
        self.purpose.as_deref()
    }

    /// `Exchange-Case`: the case-file number.
    #[must_use]
    pub fn case(&self) -> Option<&str> {
        self.case.as_deref()
    }

    /// `Exchange-User`: the end user at the caller's. Committed, never stored in clear.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// `Exchange-Fields`: the JSON Pointers asked for; none if the header was not sent.
    #[must_use]
    pub fn fields(&self) -> Option<&[String]> {
        self.fields.as_deref()
    }

    /// `Idempotency-Key`.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    /// `traceparent` (W3C Trace Context), if well formed.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// `Content-Length`, in bytes.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// `Content-Digest` (RFC 9530) as sent.
    #[must_use]
    pub fn content_digest(&self) -> Option<&str> {
        self.content_digest.as_deref()
    }

    /// The language the caller reads.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether `Accept-Signature` (RFC 9421 5) was sent.
    #[must_use]
    pub fn wants_signature(&self) -> bool {
        self.wants_signature
    }

    /// Whether `TE: trailers` was sent.
    #[must_use]
    pub fn takes_trailers(&self) -> bool {
        self.takes_trailers
    }

    /// The caller's headers that may go on to a platform.
    #[must_use]
    pub fn forwarded(&self) -> &[(http::HeaderName, http::HeaderValue)] {
        &self.forwarded
    }
}
