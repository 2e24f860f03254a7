//! Whether an answer's head says in exactly one way where its body ends (RFC 9112 6.3). hyper is milder: beside
//! `Transfer-Encoding` it lets `Content-Length` stand and reads chunks, takes `gzip, chunked` for chunked, reads any other
//! coding up to the connection's end, and joins equal lengths. It does show us the lines, so they are judged here, before a
//! byte of the body is used; and the connection is never used again.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::refusal::BrokenAnswer;

/// How an answer's body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length or its last chunk: what follows is the next answer.
    Marked,
    /// There is no body, by method or status.
    Bodyless,
    /// By the end of a TLS connection.
    Closed,
}

impl Framing {
    /// Whether the connection can be used again. Not after an answer that has no body by definition: platforms send one all
    /// the same, and it would be read as the head of somebody else's answer.
    pub(super) fn reusable(self) -> bool {
        self == Self::Marked
    }
}

/// How this answer's body ends.
pub(super) fn judge(head: &Parts, method: &Method, secure: bool) -> Result<Framing, BrokenAnswer> {
    if head.status.is_informational() {
        return Err(BrokenAnswer::Upgrade);
    }
    let chunked = one(head, &TRANSFER_ENCODING, is_chunked, BrokenAnswer::TransferCoding)?;
    let sized = one(head, &CONTENT_LENGTH, is_length, BrokenAnswer::Length)?;
    match (chunked, sized) {
        (true, true) => Err(BrokenAnswer::TwoLengths),
        _ if is_bodyless(method, head.status) => Ok(Framing::Bodyless),
        (true, false) | (false, true) => Ok(Framing::Marked),
        (false, false) if secure => Ok(Framing::Closed),
        (false, false) => Err(BrokenAnswer::NoEnd),
    }
}

/// Whether the header is there; it must be so once, and well-formed.
fn one(
    head: &Parts,
    name: &HeaderName,
    is_good: impl Fn(&HeaderValue) -> bool,
    flaw: BrokenAnswer,
) -> Result<bool, BrokenAnswer> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if is_good(value) => Ok(true),
        _ => Err(flaw),
    }
}

fn is_chunked(value: &HeaderValue) -> bool {
    value.as_bytes().eq_ignore_ascii_case(b"chunked")
}

fn is_length(value: &HeaderValue) -> bool {
    !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit)
}

fn is_bodyless(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, lines: &[(&str, &str)], secure: bool) -> Result<Framing, String> {
        let mut answer = http::Response::builder().status(status);
        for (name, value) in lines {
            answer = answer.header(*name, *value);
        }
        let (head, ()) = answer.body(()).unwrap().into_parts();
        judge(&head, &Method::GET, secure).map_err(|flaw| flaw.to_string())
    }

    #[test]
    fn an_answer_ends_in_one_way_or_is_broken() {
        let length = ("content-length", "5");
        let chunked = ("transfer-encoding", "chunked");
        for lines in [
            vec![length, chunked],
            vec![("transfer-encoding", "gzip, chunked")],
            vec![("transfer-encoding", "gzip"), chunked],
            vec![("transfer-encoding", "identity")],
            vec![length, length],
            vec![("content-length", "5, 5")],
            vec![("content-length", "+5")],
            vec![],
        ] {
            assert!(judged(200, &lines, false).is_err(), "{lines:?}");
        }
        assert_eq!(judged(200, &[length], false), Ok(Framing::Marked));
        assert_eq!(judged(200, &[("transfer-encoding", "Chunked")], false), Ok(Framing::Marked));
        assert_eq!(judged(200, &[], true), Ok(Framing::Closed));
        assert_eq!(judged(204, &[], false), Ok(Framing::Bodyless));
        assert!(judged(101, &[length], true).is_err());
        assert!(judged(103, &[], true).is_err());
    }
}
