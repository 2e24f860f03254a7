//! How the message is framed, and what it asks of the connection. Framing is understood here and rebuilt later, never copied.

use std::collections::BTreeSet;

use http::header::HeaderMap;
use http::request::Parts;
use http::{Method, Version};

use crate::listener::Protocol;

use super::headers;
use super::refused::{Ambiguous, FramingRule, HeaderRule};

/// Methods that we let through at all. CONNECT and TRACE are not among them, nor is anything unregistered.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// The digits of the longest number that `Content-Length` may be: of `u64::MAX`.
const LENGTH_DIGITS: usize = 20;

/// The longest value of `Expect` and `Transfer-Encoding` that we look at, in bytes; the ones we know are shorter.
const WORD_MAX: usize = 64;

/// Headers that belong to one connection and have no place in HTTP/2 (RFC 9113 8.2.2). `TE: trailers` may be there.
const CONNECTION_HEADERS: [&str; 5] =
    ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// What the framing says.
pub(super) struct Framing {
    /// `Content-Length`, in bytes.
    pub(super) content_length: Option<u64>,
    /// Whether a body may follow.
    pub(super) has_body: bool,
    /// Every name in every `Connection` line.
    pub(super) nominated: BTreeSet<String>,
}

/// Reads version, method and framing.
pub(super) fn read(parts: &Parts, protocol: Protocol) -> Result<Framing, Ambiguous> {
    version(parts, protocol)?;
    if !METHODS.contains(&parts.method) {
        return Err(Ambiguous::Method);
    }
    let nominated = headers::nominated(&parts.headers)?;
    no_upgrade(&parts.headers, &nominated)?;
    expectation(&parts.headers)?;
    let content_length = content_length(&parts.headers)?;
    let chunked = chunked(&parts.headers, content_length)?;
    let has_body = has_body(parts, chunked, content_length)?;
    Ok(Framing { content_length, has_body, nominated })
}

fn version(parts: &Parts, protocol: Protocol) -> Result<(), Ambiguous> {
    match (protocol, parts.version) {
        (Protocol::Http1, Version::HTTP_11) => Ok(()),
        (Protocol::Http2, Version::HTTP_2) => {
            let foreign = CONNECTION_HEADERS.iter().any(|name| parts.headers.contains_key(*name));
            if foreign { Err(Ambiguous::Framing(FramingRule::Http2)) } else { Ok(()) }
        }
        (Protocol::Http1 | Protocol::Http2, _) => Err(Ambiguous::Version),
    }
}

/// A body after a refused upgrade would be smuggling, so the wish alone is refused.
fn no_upgrade(headers: &HeaderMap, nominated: &BTreeSet<String>) -> Result<(), Ambiguous> {
    let wished = headers.contains_key("upgrade") || headers.contains_key("http2-settings");
    let named = nominated.contains("upgrade") || nominated.contains("http2-settings");
    if wished || named { Err(Ambiguous::Upgrade) } else { Ok(()) }
}

/// `100-continue` is granted by reading the body, and never passed on.
fn expectation(headers: &HeaderMap) -> Result<(), Ambiguous> {
    match headers::text(headers, "expect", WORD_MAX)? {
        None => Ok(()),
        Some(word) if word.eq_ignore_ascii_case("100-continue") => Ok(()),
        Some(_) => Err(Ambiguous::Header("expect", HeaderRule::Form)),
    }
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Ambiguous> {
    let not_a_number = || Ambiguous::Header("content-length", HeaderRule::Number);
    let number = |text: &str| text.parse().ok().filter(|length: &u64| length.to_string() == text);
    headers::text(headers, "content-length", LENGTH_DIGITS)?
        .map(|text| number(text).ok_or_else(not_a_number))
        .transpose()
}

fn chunked(headers: &HeaderMap, content_length: Option<u64>) -> Result<bool, Ambiguous> {
    let Some(coding) = headers::text(headers, "transfer-encoding", WORD_MAX)? else { return Ok(false) };
    if !coding.eq_ignore_ascii_case("chunked") {
        return Err(Ambiguous::Framing(FramingRule::Chunked));
    }
    if content_length.is_some() { Err(Ambiguous::Framing(FramingRule::Both)) } else { Ok(true) }
}

/// Over HTTP/2 a body need not be announced: methods that take one may bring one.
fn has_body(parts: &Parts, chunked: bool, content_length: Option<u64>) -> Result<bool, Ambiguous> {
    let takes_none = [Method::GET, Method::HEAD].contains(&parts.method);
    let announced = chunked || content_length.is_some_and(|length| length > 0);
    let silent = parts.version == Version::HTTP_2 && content_length.is_none();
    if takes_none && announced {
        return Err(Ambiguous::Framing(FramingRule::NoBody));
    }
    Ok(announced || (silent && !takes_none))
}
