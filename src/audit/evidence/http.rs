//! An HTTP message as a party kept it (RFC 9112 2.1, with or without carriage returns; `curl --include` writes an answer so), and
//! whether a gateway signed it.

use std::str;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

use crate::crypto::verify::PublicKey;
use crate::message::facts::AnswerFacts;
use crate::message::facts::RequestFacts;
use crate::message::request::Head;
use crate::message::request::Sent;
use crate::message::sign::SignatureHeaders;
use crate::message::verify::Unverified;
use crate::message::verify::Verified;
use crate::message::verify::verify_answer;

/// The most fields of one head.
const FIELDS_MAX: usize = 200;

/// Why a kept message proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It cannot be read.
    #[error("the HTTP message cannot be read: {0}")]
    Unreadable(&'static str),
    /// It is not signed.
    #[error("the answer is not signed")]
    Unsigned,
    /// The gateway's keys are not known.
    #[error("no key that signs answers is known")]
    NoKey,
    /// Its signature is refused.
    #[error("the answer's signature is refused")]
    Signature(#[from] Unverified),
}

/// A message taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    first: &'a str,
    fields: Vec<(String, &'a str)>,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Takes a message apart.
    ///
    /// # Errors
    /// Its head is not one.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HttpError> {
        const WRONG: fn(&'static str) -> HttpError = HttpError::Unreadable;
        let (mut rest, mut lines) = (bytes, Vec::new());
        loop {
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or(WRONG("its head does not end"))?;
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            let line = str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line));
            match line.map_err(|_| WRONG("a field is not text"))? {
                "" => break,
                line => lines.push(line),
            }
            if lines.len() > FIELDS_MAX {
                return Err(WRONG("it has too many fields"));
            }
        }
        let mut lines = lines.into_iter();
        let first = lines.next().ok_or(WRONG("it is empty"))?;
        let field = |line: &'a str| {
            let (name, value) = line.split_once(':').filter(|(name, _)| !name.is_empty())?;
            Some((name.to_ascii_lowercase(), value.trim_matches([' ', '\t'])))
        };
        let fields =
            lines.map(|line| field(line).ok_or(WRONG("a line is no field"))).collect::<Result<_, _>>()?;
        Ok(Self { first, fields, body: rest })
    }

    /// A field that is there once; twice, it is none that could be relied on.
    ///
    /// # Errors
    /// It is there twice.
    pub fn field(&self, name: &str) -> Result<Option<&'a str>, HttpError> {
        let mut found = self.fields.iter().filter(|(own, _)| own == name).map(|(_, value)| *value);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(HttpError::Unreadable("a field that must be single is there twice")),
            (one, None) => Ok(one),
        }
    }

    /// The fields as a map; what cannot stand in one is none.
    fn headers(&self) -> HeaderMap {
        let field = |(name, value): &(String, &str)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(*value).ok()?))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in self.fields.iter().filter_map(field) {
            headers.append(name, value);
        }
        headers
    }

    fn status(&self) -> Result<u16, HttpError> {
        let status = self.first.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1));
        status
            .and_then(|status| status.parse().ok())
            .ok_or(HttpError::Unreadable("its first line is no status line"))
    }

    fn request_line(&self) -> Result<(&'a str, &'a str), HttpError> {
        let mut words = self.first.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(method), Some(target), Some(version), None) if version.starts_with("HTTP/") => {
                Ok((method, target))
            }
            _ => Err(HttpError::Unreadable("its first line is no request line")),
        }
    }
}

/// Whether one of these keys signed the answer to the request.
///
/// # Errors
/// See [`HttpError`].
pub fn verify(
    request: &Message<'_>,
    answer: &Message<'_>,
    keys: &[PublicKey],
) -> Result<Verified, HttpError> {
    let (method, target) = request.request_line()?;
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let authority = request.field("host")?.unwrap_or_default().to_ascii_lowercase();
    let authority = authority.strip_suffix(":443").unwrap_or(&authority);
    let content_digest = request.field("content-digest")?;
    let headers = request.headers();
    let sent = Sent::of(&Head { method, authority, path, query, headers: &headers });
    let signature = sent.as_ref().map(Sent::fact);
    let request = RequestFacts { method, authority, path, query, content_digest, signature };
    let facts = AnswerFacts {
        status: answer.status()?,
        content_digest: answer.field("content-digest")?,
        content_type: answer.field("content-type")?,
        exchange_id: answer.field("exchange-id")?.unwrap_or_default(),
        exchange_receipt: answer.field("exchange-receipt")?,
    };
    let (input, signature) = (answer.field("signature-input")?, answer.field("signature")?);
    let (input, signature) = input.zip(signature).ok_or(HttpError::Unsigned)?;
    let headers = SignatureHeaders { input: input.to_owned(), signature: signature.to_owned() };
    let mut first = None;
    for key in keys {
        match verify_answer(&request, &facts, answer.body, &headers, key) {
            Ok(verified) => return Ok(verified),
            Err(Unverified::Key) => first = Some(Unverified::Key),
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(first.map_or(HttpError::NoKey, HttpError::Signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::P256Key;
    use crate::message::digest::content_digest;
    use crate::message::key::AnswerKey;
    use crate::message::sign::sign_answer;

    const REQUEST: &str = "GET /dan-cu/x?a=1 HTTP/1.1\r\nHost: GW1.example:443\r\n\r\n";

    fn key() -> AnswerKey {
        AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap()
    }

    fn answer(key: &AnswerKey, body: &str) -> String {
        let digest = content_digest(body.as_bytes());
        let request = RequestFacts {
            method: "GET",
            authority: "gw1.example",
            path: "/dan-cu/x",
            query: Some("a=1"),
            content_digest: None,
            signature: None,
        };
        let facts = AnswerFacts {
            status: 200,
            content_digest: Some(&digest),
            content_type: Some("application/json"),
            exchange_id: "e",
            exchange_receipt: None,
        };
        let signed = sign_answer(&request, &facts, key, "2026-11-26T02:00:00Z".parse().unwrap()).unwrap();
        format!(
            "HTTP/2 200 \r\ncontent-type: application/json\r\nContent-Digest: {digest}\r\nexchange-id: e\r\n\
             signature-input: {}\r\nsignature: {}\r\n\r\n{body}",
            signed.input, signed.signature
        )
    }

    fn verified(request: &str, answer: &str, keys: &[&AnswerKey]) -> Result<Verified, HttpError> {
        let keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
        verify(&Message::parse(request.as_bytes())?, &Message::parse(answer.as_bytes())?, &keys)
    }

    #[test]
    fn a_kept_answer_is_verified_with_the_request_it_answers() {
        let (ours, other) = (key(), key());
        let kept = answer(&ours, "{}");
        assert_eq!(verified(REQUEST, &kept, &[&other, &ours]).err(), None);
        assert!(verified(&REQUEST.replace('\r', ""), &kept.replace('\r', ""), &[&ours]).is_ok());
        for (from, to) in [("{}", "{ }"), ("HTTP/2 200", "HTTP/2 201"), ("exchange-id: e", "exchange-id: f")]
        {
            assert!(verified(REQUEST, &kept.replace(from, to), &[&ours]).is_err(), "{from}");
        }
        for (from, to) in [("GET", "POST"), ("/x", "/y"), ("a=1", "a=2"), ("GW1", "GW2")] {
            assert!(verified(&REQUEST.replace(from, to), &kept, &[&ours]).is_err(), "{from}");
        }
        assert_eq!(verified(REQUEST, &kept, &[&other]), Err(HttpError::Signature(Unverified::Key)));
        assert_eq!(verified(REQUEST, &kept, &[]), Err(HttpError::NoKey));
    }

    #[test]
    fn a_message_that_can_be_read_in_two_ways_is_not_read() {
        let ours = key();
        let kept = answer(&ours, "{}");
        let twice = kept.replacen("exchange-id: e", "exchange-id: e\r\nExchange-Id: e", 1);
        assert!(matches!(verified(REQUEST, &twice, &[&ours]), Err(HttpError::Unreadable(_))));
        for bad in ["", "\n", "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\nnothing\n\n", "HTTP/1.1 200 OK\n: x\n\n"]
        {
            assert!(Message::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let unsigned = kept.replace("signature:", "x-signature:");
        assert_eq!(verified(REQUEST, &unsigned, &[&ours]), Err(HttpError::Unsigned));
    }
}
