//! What the caller states about its request: purpose, case, user, fields, and what it can take in return.

use http::header::{
    HeaderMap, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderName, Method};
use sfv::{BareItem, Dictionary, List, ListEntry, Parser};

use super::headers;
use super::refused::{Ambiguous, HeaderRule};

/// The longest `Exchange-Purpose`, in bytes: that of a purpose code.
const PURPOSE_MAX: usize = 64;

/// The longest `Exchange-Case` and `Exchange-User`, in bytes: case-file numbers and account names are a fraction of it, and an entry
/// of the log must hold them.
const NAMED_MAX: usize = 128;

/// The longest `Exchange-Fields`, in bytes: 256 pointers of ordinary length.
const FIELDS_BYTES_MAX: usize = 16 * 1024;

/// The most pointers in `Exchange-Fields`: more than the field catalogue of any service we know.
const FIELDS_MAX: usize = 256;

/// The longest `Idempotency-Key`, in bytes: a UUID several times over.
const IDEMPOTENCY_MAX: usize = 128;

/// The longest `Content-Type`, `Accept-Language` and `Content-Digest`, in bytes.
const VALUE_MAX: usize = 512;

/// The longest `Accept-Signature`, in bytes: a few component lists.
const ACCEPT_SIGNATURE_MAX: usize = 4096;

/// Bytes of a `traceparent` of version 00 (W3C Trace Context 3.2).
const TRACEPARENT_BYTES: usize = 55;

/// What was stated, each as it was sent.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) purpose: Option<String>,
    pub(super) case: Option<String>,
    pub(super) user: Option<String>,
    pub(super) fields: Option<Vec<String>>,
    pub(super) idempotency_key: Option<String>,
    pub(super) traceparent: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) content_digest: Option<String>,
    pub(super) wants_signature: bool,
    pub(super) takes_trailers: bool,
}

/// Reads all of it, and refuses what we could only serve by leaving something out.
pub(super) fn read(headers: &HeaderMap, method: &Method) -> Result<Stated, Ambiguous> {
    no_parts(headers)?;
    no_preconditions(headers, method)?;
    no_coding(headers)?;
    let text = |name, limit| headers::text(headers, name, limit).map(|text| text.map(str::to_owned));
    text("accept-language", VALUE_MAX)?;
    Ok(Stated {
        purpose: text("exchange-purpose", PURPOSE_MAX)?,
        case: literal(text("exchange-case", NAMED_MAX)?, "exchange-case")?,
        user: literal(text("exchange-user", NAMED_MAX)?, "exchange-user")?,
        fields: fields(headers)?,
        idempotency_key: text("idempotency-key", IDEMPOTENCY_MAX)?,
        traceparent: traceparent(headers),
        content_type: text("content-type", VALUE_MAX)?,
        content_digest: text("content-digest", VALUE_MAX)?,
        wants_signature: wants_signature(headers)?,
        takes_trailers: headers::tokens(headers, "te")?.contains("trailers"),
    })
}

fn no_parts(headers: &HeaderMap) -> Result<(), Ambiguous> {
    let named = |name: &HeaderName| headers.contains_key(name);
    let any = named(&RANGE) || named(&IF_RANGE) || headers.contains_key("content-range");
    if any { Err(Ambiguous::Range) } else { Ok(()) }
}

/// On a safe method a precondition only spares an answer, and is left out; on others it guards an effect.
fn no_preconditions(headers: &HeaderMap, method: &Method) -> Result<(), Ambiguous> {
    let guards = [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];
    let guarded = guards.iter().any(|name| headers.contains_key(name));
    if guarded && !method.is_safe() { Err(Ambiguous::Precondition) } else { Ok(()) }
}

/// A compressed body cannot be read by whoever must decide on it.
fn no_coding(headers: &HeaderMap) -> Result<(), Ambiguous> {
    match headers::text(headers, "content-encoding", VALUE_MAX)? {
        None => Ok(()),
        Some(coding) if coding.eq_ignore_ascii_case("identity") => Ok(()),
        Some(_) => Err(Ambiguous::Header("content-encoding", HeaderRule::Form)),
    }
}

/// Case and user are plain text. A `%` is refused: some would read it as an encoding, others as itself.
fn literal(text: Option<String>, name: &'static str) -> Result<Option<String>, Ambiguous> {
    match text {
        Some(text) if text.contains('%') => Err(Ambiguous::Header(name, HeaderRule::Visible)),
        other => Ok(other),
    }
}

/// `Exchange-Fields`: a list of strings (RFC 9651 3.1), each a JSON Pointer, none with parameters. An empty list asks for nothing and is
/// refused, like any other value that is not one.
fn fields(headers: &HeaderMap) -> Result<Option<Vec<String>>, Ambiguous> {
    const NAME: &str = "exchange-fields";
    let Some(text) = headers::text(headers, NAME, FIELDS_BYTES_MAX)? else { return Ok(None) };
    let list: List = Parser::new(text).parse().map_err(|_| Ambiguous::Header(NAME, HeaderRule::Form))?;
    if list.len() > FIELDS_MAX {
        return Err(Ambiguous::Header(NAME, HeaderRule::Count(FIELDS_MAX)));
    }
    let pointer = |entry: &ListEntry| pointer(entry).map_err(|rule| Ambiguous::Header(NAME, rule));
    list.iter().map(pointer).collect::<Result<_, _>>().map(Some)
}

fn pointer(entry: &ListEntry) -> Result<String, HeaderRule> {
    match entry {
        ListEntry::Item(item) if item.params.is_empty() => match &item.bare_item {
            BareItem::String(text) if is_pointer(text.as_str()) => Ok(text.as_str().to_owned()),
            BareItem::String(_) => Err(HeaderRule::Pointer),
            _ => Err(HeaderRule::Form),
        },
        ListEntry::Item(_) | ListEntry::InnerList(_) => Err(HeaderRule::Form),
    }
}

/// RFC 6901 3: empty, or tokens each after a `/`, in which `~` is followed by `0` or `1`.
fn is_pointer(text: &str) -> bool {
    let escapes_hold = |token: &str| token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.is_empty() || (text.starts_with('/') && escapes_hold(text))
}

fn wants_signature(headers: &HeaderMap) -> Result<bool, Ambiguous> {
    const NAME: &str = "accept-signature";
    let Some(text) = headers::text(headers, NAME, ACCEPT_SIGNATURE_MAX)? else { return Ok(false) };
    let wishes: Dictionary =
        Parser::new(text).parse().map_err(|_| Ambiguous::Header(NAME, HeaderRule::Form))?;
    let lists = wishes.values().all(|wish| matches!(wish, ListEntry::InnerList(_)));
    if lists { Ok(!wishes.is_empty()) } else { Err(Ambiguous::Header(NAME, HeaderRule::Form)) }
}

/// Strict or dropped: a damaged or repeated `traceparent` starts a new trace (W3C Trace Context 3.2) and refuses nobody.
fn traceparent(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all("traceparent").iter();
    let text = lines.next()?.to_str().ok()?;
    (lines.next().is_none() && is_traceparent(text)).then(|| text.to_owned())
}

fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_set = |part: &str| part.bytes().any(|byte| byte != b'0');
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        ["00", trace, parent, flags] => {
            text.len() == TRACEPARENT_BYTES
                && (trace.len(), parent.len()) == (32, 16)
                && [trace, parent, flags].into_iter().all(|part| is_hex(part))
                && is_set(trace)
                && is_set(parent)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_what_rfc_6901_says() {
        for good in ["", "/", "/CongDan/HoVaTen", "/a~0b/~1", "/a b/*", "//"] {
            assert!(is_pointer(good), "{good}");
        }
        for bad in ["CongDan", "#/CongDan", "/a~", "/a~2", "/~~0", "$.a"] {
            assert!(!is_pointer(bad), "{bad}");
        }
    }

    #[test]
    fn a_traceparent_is_of_version_00_and_not_zero() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_traceparent(good));
        for bad in [
            good.replace("00-4b", "01-4b"),
            good.replace("00-4b", "ff-4b"),
            good.to_uppercase(),
            format!("{good}-x"),
            good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            good.replace("00f067aa0ba902b7", &"0".repeat(16)),
            good.replace("4bf9", "4bf").replace("-01", "-010"),
            String::new(),
        ] {
            assert!(!is_traceparent(&bad), "{bad}");
        }
    }
}
