//! Headers: what must be single, how a value is read, and which of the caller's go on to a platform.

use std::collections::BTreeSet;

use http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderMap,
    HeaderName, HeaderValue, TRANSFER_ENCODING,
};

use super::refused::{Ambiguous, HeaderLabel, HeaderRule};

/// What begins the name of every header of ours. All of them must be single.
const OURS: &str = "exchange-";

/// Headers that must be single: whoever reads the first value and whoever reads the last would read two requests.
const SINGLE: [HeaderName; 13] = [
    HOST,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    TRANSFER_ENCODING,
    EXPECT,
    AUTHORIZATION,
    ACCEPT_LANGUAGE,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("accept-signature"),
    HeaderName::from_static("signature"),
    HeaderName::from_static("signature-input"),
];

/// The caller's headers that go on to a platform. Few: what a platform needs to read a body and to speak the caller's language. `Accept`,
/// the digest, tracing and everything of ours is set by us; the rest, known or not, stays here.
const FORWARDED: [HeaderName; 3] =
    [ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName::from_static("idempotency-key")];

/// Names that we state towards platforms, or that platforms take from whoever stands before them. A caller's own never goes on,
/// nor does another spelling that a platform could read as the same (see [`folded`]). Besides these: all that begin with `exchange-`,
/// `x-forwarded-` or `client-cert`.
const VOUCHED: [&str; 18] = [
    "authorization",
    "connection",
    "content-digest",
    "content-length",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "signature",
    "signature-input",
    "traceparent",
    "transfer-encoding",
    "via",
    "x-http-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

const VOUCHED_PREFIXES: [&str; 3] = [OURS, "x-forwarded-", "client-cert"];

/// Refuses a request in which any header that must be single is not.
pub(super) fn all_single(headers: &HeaderMap) -> Result<(), Ambiguous> {
    let must_be = |name: &&HeaderName| name.as_str().starts_with(OURS) || SINGLE.contains(name);
    let repeated = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
    match headers.keys().filter(must_be).find(repeated) {
        None => Ok(()),
        Some(name) => Err(Ambiguous::HeaderRepeated(HeaderLabel::of(name))),
    }
}

/// The text of a header that must be single: visible ASCII, with single spaces at most inside, no longer than `limit` bytes.
pub(super) fn text<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    limit: usize,
) -> Result<Option<&'a str>, Ambiguous> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = visible(value).ok_or(Ambiguous::Header(name, HeaderRule::Visible))?;
    if text.len() > limit {
        return Err(Ambiguous::Header(name, HeaderRule::Length(limit)));
    }
    Ok(Some(text))
}

/// The value as text, if it is not empty and has nothing that one reader would trim, cut at or not see.
fn visible(value: &HeaderValue) -> Option<&str> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?;
    let seen = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let spaced = text.split(' ').all(|word| !word.is_empty());
    (seen && spaced).then_some(text)
}

/// The tokens of a list header over all its lines, in lower case (RFC 9110 5.6.1).
pub(super) fn tokens(headers: &HeaderMap, name: &'static str) -> Result<BTreeSet<String>, Ambiguous> {
    let unreadable = Ambiguous::Header(name, HeaderRule::Form);
    let mut out = BTreeSet::new();
    for value in headers.get_all(name) {
        let line = value.to_str().map_err(|_| unreadable.clone())?;
        for token in
            line.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|token| !token.is_empty())
        {
            // A header's name and a token have the same grammar (RFC 9110 5.6.2).
            HeaderName::from_bytes(token.as_bytes()).map_err(|_| unreadable.clone())?;
            out.insert(token.to_ascii_lowercase());
        }
    }
    Ok(out)
}

/// The caller's headers that go on: those of the allow-list that no `Connection` line names. What we set is set after this, so no
/// `Connection` line can take it away.
pub(super) fn forwarded(headers: &HeaderMap, nominated: &BTreeSet<String>) -> Vec<(HeaderName, HeaderValue)> {
    let passes = |name: &&HeaderName| may_pass(name) && !nominated.contains(name.as_str());
    let values = |name: &HeaderName| Some((name.clone(), headers.get(name)?.clone()));
    // Few are there: only of those it is asked how they could be read.
    let there = |name: &&HeaderName| headers.contains_key(*name);
    FORWARDED.iter().filter(there).filter(passes).filter_map(values).collect()
}

/// Whether a caller's header or trailer may reach a platform at all: it is on the allow-list, and no platform could read it as one
/// that we vouch for.
#[must_use]
pub fn may_pass(name: &HeaderName) -> bool {
    FORWARDED.contains(name) && !is_vouched(name.as_str())
}

/// Whether a name is, or folds to, one that only we may state towards a platform.
#[must_use]
pub fn is_vouched(name: &str) -> bool {
    let folded = folded(name);
    VOUCHED.contains(&folded.as_str()) || VOUCHED_PREFIXES.iter().any(|prefix| folded.starts_with(prefix))
}

/// A name as the loosest platform could read it: lower case, and everything but letters and digits the same (CGI makes `_` of `-`,
/// others of `.`).
fn folded(name: &str) -> String {
    let fold = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' };
    name.chars().map(fold).collect()
}

/// The tokens of all `Connection` lines.
pub(super) fn nominated(headers: &HeaderMap) -> Result<BTreeSet<String>, Ambiguous> {
    tokens(headers, "connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_spelling_of_a_header_we_vouch_for_is_known_ghsa_x677() {
        for name in [
            "Exchange-Consumer",
            "exchange_consumer",
            "Exchange.Consumer",
            "X_Forwarded_For",
            "x-forwarded.host",
            "X_Real_IP",
            "Client_Cert",
            "client-cert-chain",
            "content_length",
            "transfer.encoding",
            "X-HTTP-Method_Override",
            "x_original_url",
        ] {
            assert!(is_vouched(name), "{name}");
            assert!(!may_pass(&name.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn every_forwarded_header_may_pass_and_must_be_single() {
        for name in FORWARDED {
            assert!(may_pass(&name) && SINGLE.contains(&name), "{name}");
        }
        assert!(!may_pass(&http::header::CONNECTION));
    }
}
