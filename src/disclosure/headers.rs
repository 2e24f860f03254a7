//! Which of a platform's headers go on, and whether its body is JSON that we can read at all. An allow-list, and each value in
//! a form of its own: what a platform could hide in a header would pass the field scope by.
//!
//! Absent on purpose: `ETag` and `Last-Modified` (they tell of the uncut body), `Content-Length` (of the uncut body too),
//! `Set-Cookie`, `Location`, trailers and 1xx answers.

use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};

/// The longest `Content-Language` that goes on, in bytes: a handful of language tags (RFC 5646).
const LANGUAGE_MAX: usize = 64;

/// The longest delay in `Retry-After` that goes on, in digits: up to 31 years in seconds.
const DELAY_DIGITS_MAX: usize = 9;

/// Why a body cannot be read as JSON, whatever its bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotJson {
    /// It is compressed, though `identity` was asked for.
    #[error("the answer has a content coding, which was not asked for")]
    Encoded,
    /// Its type is missing, repeated, or not JSON.
    #[error("the answer is not declared as JSON")]
    Type,
    /// Its declared character set is not UTF-8.
    #[error("the answer is not declared as UTF-8")]
    Charset,
}

/// Whether an answer with these headers is declared as JSON in UTF-8 without a content coding.
///
/// # Errors
/// It is not, so a field scope cannot be applied to it.
pub fn declared_json(headers: &HeaderMap) -> Result<(), NotJson> {
    let identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(identity) {
        return Err(NotJson::Encoded);
    }
    is_json(single(headers, &CONTENT_TYPE).ok_or(NotJson::Type)?)
}

/// Whether a `Content-Type` declares JSON in UTF-8. Nothing else may: a body is judged as what it will be read as.
///
/// # Errors
/// It does not.
pub fn is_json(content_type: &str) -> Result<(), NotJson> {
    let mut parts = content_type.split(';').map(str::trim);
    if !is_json_type(parts.next().unwrap_or_default()) {
        return Err(NotJson::Type);
    }
    if parts.all(utf8_if_charset) { Ok(()) } else { Err(NotJson::Charset) }
}

/// Fields of an answer once ours are added, about: a map that grows is made anew.
const FIELDS: usize = 12;

/// The headers that go on, rebuilt from a platform's. Each is single; one that is repeated or malformed stays behind.
#[must_use]
pub fn disclosed(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(FIELDS);
    let mut pass = |name: HeaderName, value: Option<String>| {
        if let Some(value) = value.and_then(|text| HeaderValue::try_from(text).ok()) {
            out.insert(name, value);
        }
    };
    pass(CONTENT_TYPE, single(headers, &CONTENT_TYPE).and_then(media_type));
    pass(
        CONTENT_LANGUAGE,
        single(headers, &CONTENT_LANGUAGE).filter(|text| is_languages(text)).map(str::to_owned),
    );
    pass(RETRY_AFTER, single(headers, &RETRY_AFTER).filter(|text| is_delay(text)).map(str::to_owned));
    out
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// `application/json` and its structured kin (RFC 6839 3.1).
fn is_json_type(essence: &str) -> bool {
    let essence = essence.to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    subtype == "json" || subtype.strip_suffix("+json").is_some_and(|kind| !kind.is_empty())
}

fn utf8_if_charset(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return true };
    !name.trim().eq_ignore_ascii_case("charset")
        || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

/// Only the two types that JSON answers need, without parameters: a type is free text to whoever writes one.
fn media_type(declared: &str) -> Option<String> {
    let essence = declared.split(';').next().unwrap_or_default().trim();
    let problem = essence.eq_ignore_ascii_case("application/problem+json");
    is_json_type(essence)
        .then(|| if problem { "application/problem+json" } else { "application/json" }.to_owned())
}

fn is_languages(text: &str) -> bool {
    let tag = |tag: &str| {
        let tag = tag.trim();
        !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= LANGUAGE_MAX && text.split(',').all(tag)
}

/// A delay in seconds (RFC 9110 10.2.3). The form with a date stays behind: the gateway's clock, not the platform's, is told.
fn is_delay(text: &str) -> bool {
    !text.is_empty() && text.len() <= DELAY_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn only_listed_headers_go_on() {
        let all = headers(&[
            ("content-type", "Application/JSON; charset=UTF-8; x=099190000001"),
            ("content-language", "vi, en-GB"),
            ("retry-after", "120"),
            ("etag", "\"1\""),
            ("last-modified", "Mon, 23 Nov 2026 02:30:00 GMT"),
            ("content-length", "7"),
            ("set-cookie", "a=b"),
            ("location", "/elsewhere"),
            ("server", "platform"),
            ("x-total-count", "3"),
        ]);
        let expected = headers(&[
            ("content-type", "application/json"),
            ("content-language", "vi, en-GB"),
            ("retry-after", "120"),
        ]);
        assert_eq!(disclosed(&all), expected);
    }

    #[test]
    fn a_repeated_or_malformed_header_stays_behind() {
        for lines in [
            [("retry-after", "1"), ("retry-after", "2")],
            [("retry-after", "tomorrow"), ("content-language", "vi; q=1")],
            [("content-type", "text/html"), ("content-language", "")],
        ] {
            assert!(disclosed(&headers(&lines)).is_empty(), "{lines:?}");
        }
    }

    #[test]
    fn what_is_not_declared_as_plain_json_in_utf8_is_not_read() {
        for (lines, verdict) in [
            (vec![("content-type", "application/json")], Ok(())),
            (vec![("content-type", "application/problem+json;charset=\"utf-8\"")], Ok(())),
            (vec![("content-type", "application/json"), ("content-encoding", "identity")], Ok(())),
            (vec![("content-type", "application/json"), ("content-encoding", "gzip")], Err(NotJson::Encoded)),
            (vec![("content-type", "application/json; charset=utf-16")], Err(NotJson::Charset)),
            (vec![("content-type", "text/html")], Err(NotJson::Type)),
            (vec![("content-type", "application/+json")], Err(NotJson::Type)),
            (
                vec![("content-type", "application/json"), ("content-type", "application/json")],
                Err(NotJson::Type),
            ),
            (vec![], Err(NotJson::Type)),
        ] {
            assert_eq!(declared_json(&headers(&lines)), verdict, "{lines:?}");
        }
    }
}
