//! A request's head, as sent, becomes a [`Request`]: one canonical meaning, or a refusal that says what was ambiguous.
//!
//! Nothing is repaired: what could be read in two ways, by us or by a platform, is refused ([`refused::Ambiguous`]). What is not read here
//! and not on the allow-list of [`headers`] does not go on.

pub mod authority;
mod encoding;
mod framing;
pub mod headers;
pub mod refused;
#[cfg(test)]
pub(crate) mod sample;
mod stated;
pub mod target;
#[cfg(test)]
mod tests;
mod words;

use http::Method;
use http::header::{ACCEPT_LANGUAGE, HeaderMap};
use http::request::Parts;

use crate::id::ExchangeId;
use crate::identity::signed::Attested;
use crate::language::Language;
use crate::listener::{Handshaken, Protocol};
use crate::message::unsigned::Unsigned;

use authority::Authorities;
use refused::{Ambiguous, TargetRule};
use target::Target;

/// Reads a request's head.
///
/// # Errors
/// The first rule it breaks; see [`Ambiguous`].
pub fn read(
    id: ExchangeId,
    handshake: &Handshaken,
    parts: &Parts,
    names: &Authorities,
) -> Result<Request, Ambiguous> {
    read_over(id, (handshake.protocol(), handshake.server_name()), parts, names)
}

/// The language in which a refused caller is answered.
#[must_use]
pub fn language_of(headers: &HeaderMap) -> Language {
    Language::accepted(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

/// The same on the two facts of a connection that matter here: its protocol and its TLS server name.
fn read_over(
    id: ExchangeId,
    (protocol, server_name): (Protocol, Option<&str>),
    parts: &Parts,
    names: &Authorities,
) -> Result<Request, Ambiguous> {
    // First, so that every reader below meets at most one value of what must be single.
    headers::all_single(&parts.headers)?;
    let framing = framing::read(parts, protocol)?;
    let authority = authority::read(parts, server_name, names)?;
    let target = target_of(parts, protocol)?;
    let stated = stated::read(&parts.headers, &parts.method)?;
    let mut segments = target.segments().iter().cloned();
    Ok(Request {
        id,
        method: parts.method.clone(),
        authority,
        service: segments.next().unwrap_or_default(),
        segments: segments.collect(),
        path: target.path_text(),
        query: target.query().to_vec(),
        raw_query: target.query_text(),
        purpose: stated.purpose,
        case: stated.case,
        user: stated.user,
        fields: stated.fields,
        idempotency_key: stated.idempotency_key,
        traceparent: stated.traceparent,
        content_type: stated.content_type,
        content_length: framing.content_length,
        content_digest: stated.content_digest,
        has_body: framing.has_body,
        language: language_of(&parts.headers),
        wants_signature: stated.wants_signature,
        takes_trailers: stated.takes_trailers,
        forwarded: headers::forwarded(&parts.headers, &framing.nominated),
        signature: Ok(None),
    })
}

/// Over HTTP/1.1 the target must be in origin-form; over HTTP/2 the parser joins scheme, authority and path, and the scheme is `https`.
fn target_of(parts: &Parts, protocol: Protocol) -> Result<Target, Ambiguous> {
    let form = Ambiguous::Target(TargetRule::Form);
    let origin = match protocol {
        Protocol::Http1 => parts.uri.scheme().is_none() && parts.uri.authority().is_none(),
        Protocol::Http2 => parts.uri.scheme_str().is_none_or(|scheme| scheme == "https"),
    };
    match parts.uri.path_and_query() {
        Some(text) if origin => target::canonical(text.as_str()),
        Some(_) | None => Err(form),
    }
}

/// One request with one meaning. What is judged here is, byte for byte, what is forwarded. Only this module makes one.
///
/// ```
/// use phohien::request::Request;
///
/// fn honest(request: Request) -> Request {
///     let _path: String = request.path().to_owned();
///     request
/// }
/// ```
/// ```compile_fail,E0451
/// use phohien::request::Request;
///
/// fn forged(request: Request) -> Request {
///     let path: String = request.path().to_owned();
///     Request { path, ..request }
/// }
/// ```
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
    has_body: bool,
    language: Language,
    wants_signature: bool,
    takes_trailers: bool,
    forwarded: Vec<(http::HeaderName, http::HeaderValue)>,
    signature: Result<Option<Attested>, Unsigned>,
}

impl Request {
    /// The same with what became of its signature, once that was looked at.
    #[must_use]
    pub fn with_signature(self, signature: Result<Option<Attested>, Unsigned>) -> Self {
        Self { signature, ..self }
    }

    /// The verified signature of its agency; none where there is none that counts.
    #[must_use]
    pub fn attested(&self) -> Option<&Attested> {
        self.signature.as_ref().ok()?.as_ref()
    }

    /// Why its signature does not count, where it has one.
    #[must_use]
    pub fn unsigned(&self) -> Option<&Unsigned> {
        self.signature.as_ref().err()
    }

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

    /// The path after the service, as it was sent: `/like/this`, or empty. What a platform is asked for, after its base.
    #[must_use]
    pub fn rest(&self) -> &str {
        let service_and_rest = self.path.strip_prefix('/').unwrap_or_default();
        service_and_rest.find('/').and_then(|at| service_and_rest.get(at..)).unwrap_or_default()
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

    /// Whether a body may follow: it was announced, or (HTTP/2) the method takes one. If not, whatever comes is not a body and is
    /// neither read nor passed on.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.has_body
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
