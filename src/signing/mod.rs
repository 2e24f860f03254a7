//! A committed outcome becomes the signed answer. Nothing else makes a response.
//!
//! | function | answers |
//! |---|---|
//! | [`seal`] | what is committed: with a receipt |
//! | [`seal_tallied`] | a refusal that was counted: signed, without a receipt |
//! | [`seal_unrecorded`] | 503, when the log takes nothing: signed, without a receipt |
//! | [`seal_service`] | what the gateway itself serves to agencies (receipts): signed, not an exchange |

mod body;
mod line;
mod receipt;

use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::header::LINK;

use crate::audit::Committed;
use crate::audit::committed::Tallied;
use crate::audit::outcome::Answer;
use crate::audit::outcome::Outcome;
use crate::audit::recorder::Unrecorded;
use crate::clock::Clock;
use crate::id::ExchangeId;
use crate::limits::in_flight::Slot;
use crate::message::digest::content_digest;
use crate::message::facts::AnswerFacts;
use crate::message::facts::has_no_content;
use crate::message::key::AnswerKey;
use crate::message::sign::sign_answer;

pub use body::Sealed;
pub use line::RequestLine;

/// Names the exchange.
pub const EXCHANGE_ID: HeaderName = HeaderName::from_static("exchange-id");
/// Carries the receipt.
pub const EXCHANGE_RECEIPT: HeaderName = HeaderName::from_static("exchange-receipt");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");

/// Whether answers are signed unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// Every answer.
    #[default]
    Always,
    /// Those to callers that sent `Accept-Signature` (RFC 9421 5).
    OnRequest,
}

/// Signs answers.
#[derive(Debug, Clone)]
pub struct Signer {
    key: Arc<AnswerKey>,
    when: When,
    clock: Clock,
}

impl Signer {
    /// A signer with the gateway's answer key.
    #[must_use]
    pub fn new(key: Arc<AnswerKey>, when: When, clock: Clock) -> Self {
        Self { key, when, clock }
    }

    fn sign(&self, line: &RequestLine, id: ExchangeId, answer: &Answer, headers: &mut HeaderMap) {
        if self.when == When::OnRequest && !line.wants_signature {
            return;
        }
        let id = id.to_string();
        let field = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let facts = AnswerFacts {
            status: answer.status.as_u16(),
            content_digest: field(&CONTENT_DIGEST),
            content_type: field(&CONTENT_TYPE),
            exchange_id: &id,
            exchange_receipt: field(&EXCHANGE_RECEIPT),
        };
        match sign_answer(&line.facts(), &facts, &self.key, self.clock.now()) {
            Ok(signed) => {
                put(headers, SIGNATURE_INPUT, &signed.input);
                put(headers, SIGNATURE, &signed.signature);
            }
            // The record stands; a caller that demands a signature will see that there is none.
            Err(fault) => tracing::error!(exchange = %id, %fault, "an answer could not be signed"),
        }
    }
}

/// Seals a committed outcome: digest, receipt, signature.
#[must_use]
pub fn seal<O: Outcome>(signer: &Signer, line: &RequestLine, committed: Committed<O>) -> Response<Sealed> {
    let id = committed.id();
    let receipt = receipt::header(committed.placed());
    let (outcome, departure) = committed.into_parts();
    let (answer, slot) = outcome.conclude();
    let mut headers = HeaderMap::new();
    if let Some(receipt) = receipt {
        put(&mut headers, EXCHANGE_RECEIPT, &receipt);
    }
    put(&mut headers, LINK, &format!("</receipts/{id}>; rel=\"receipt\""));
    respond(signer, line, id, &answer, headers, |body| Sealed::watched(body, departure, slot))
}

/// Seals a refusal that was counted.
#[must_use]
pub fn seal_tallied<O: Outcome>(
    signer: &Signer,
    line: &RequestLine,
    tallied: Tallied<O>,
) -> Response<Sealed> {
    let id = tallied.id();
    let (answer, _) = tallied.into_outcome().conclude();
    respond(signer, line, id, &answer, HeaderMap::new(), |body| Sealed::plain(body, None))
}

/// Seals the one answer there is while the log takes nothing. It takes the proof that it does not.
#[must_use]
pub fn seal_unrecorded(
    signer: &Signer,
    line: &RequestLine,
    id: ExchangeId,
    _proof: &Unrecorded,
    mut answer: Answer,
) -> Response<Sealed> {
    answer.status = StatusCode::SERVICE_UNAVAILABLE;
    respond(signer, line, id, &answer, HeaderMap::new(), |body| Sealed::plain(body, None))
}

/// Seals what the gateway itself serves to agencies; no platform had a part in it. A slot lives as long as the answer's body.
#[must_use]
pub fn seal_service(
    signer: &Signer,
    line: &RequestLine,
    id: ExchangeId,
    answer: &Answer,
    slot: Option<Slot>,
) -> Response<Sealed> {
    respond(signer, line, id, answer, HeaderMap::new(), |body| Sealed::plain(body, slot))
}

fn respond(
    signer: &Signer,
    line: &RequestLine,
    id: ExchangeId,
    answer: &Answer,
    ours: HeaderMap,
    body: impl FnOnce(bytes::Bytes) -> Sealed,
) -> Response<Sealed> {
    let mut headers = answer.headers.clone();
    headers.extend(ours);
    put(&mut headers, EXCHANGE_ID, &id.to_string());
    let bodiless = has_no_content(line.method.as_str(), answer.status.as_u16());
    if !bodiless {
        put(&mut headers, CONTENT_DIGEST, &content_digest(&answer.body));
    }
    signer.sign(line, id, answer, &mut headers);
    let mut response = Response::new(body(if bodiless { bytes::Bytes::new() } else { answer.body.clone() }));
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
