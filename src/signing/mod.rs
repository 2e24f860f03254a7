//! A committed outcome becomes the signed answer. Nothing else makes a response.
//!
//! | function | answers |
//! |---|---|
//! | [`seal`] | what is committed: with a receipt |
//! | [`seal_stream`], [`seal_end`] | what was opened, as it comes, and its end once that is committed: digest, receipt and signature in trailers |
//! | [`seal_tallied`] | a refusal that was counted: signed, without a receipt |
//! | [`seal_unrecorded`] | 503, when the log takes nothing: signed, without a receipt |
//! | [`seal_service`] | what the gateway itself serves to agencies (receipts): signed, not an exchange |

mod body;
mod line;
mod outlet;
mod receipt;

use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::header::LINK;
use http::header::TRAILER;

use crate::audit::Committed;
use crate::audit::commitment::Label;
use crate::audit::committed::Tallied;
use crate::audit::flowing::Flowing;
use crate::audit::outcome::Answer;
use crate::audit::outcome::Outcome;
use crate::audit::recorder::Unrecorded;
use crate::clock::Clock;
use crate::disclosure::Ended;
use crate::disclosure::How;
use crate::disclosure::Stream;
use crate::id::ExchangeId;
use crate::limits::in_flight::Slot;
use crate::message::digest::content_digest;
use crate::message::digest::content_digest_of;
use crate::message::facts::AnswerFacts;
use crate::message::facts::has_no_content;
use crate::message::key::AnswerKey;
use crate::message::profile::Stand;
use crate::message::sign::sign_answer;
use crate::message::sign::sign_streamed;
use crate::upstream::stamp::Stamp;

pub use body::Sealed;
pub use line::RequestLine;
pub use outlet::CutShort;
pub use outlet::End;
pub use outlet::Gone;
pub use outlet::Handed;
pub use outlet::Outlet;

/// Names the exchange.
pub const EXCHANGE_ID: HeaderName = HeaderName::from_static("exchange-id");
/// Carries the receipt.
pub const EXCHANGE_RECEIPT: HeaderName = HeaderName::from_static("exchange-receipt");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
/// What stands in the trailers of a streamed answer, and is announced in its head (RFC 9110 6.6.2).
const BEHIND: [HeaderName; 4] = [CONTENT_DIGEST, EXCHANGE_RECEIPT, SIGNATURE_INPUT, SIGNATURE];

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

    /// By what requests toward platforms are signed: by the same key.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp::new(Arc::clone(&self.key), self.clock.clone())
    }

    /// Signs what the headers say, those that will be trailers among them.
    fn sign(
        &self,
        line: &RequestLine,
        id: ExchangeId,
        status: StatusCode,
        headers: &mut HeaderMap,
        stand: Stand,
    ) {
        if self.when == When::OnRequest && !line.wants_signature {
            return;
        }
        let id = id.to_string();
        let field = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let facts = AnswerFacts {
            status: status.as_u16(),
            content_digest: field(&CONTENT_DIGEST),
            content_type: field(&CONTENT_TYPE),
            exchange_id: &id,
            exchange_receipt: field(&EXCHANGE_RECEIPT),
        };
        let sign = match stand {
            Stand::Head => sign_answer,
            Stand::Trailers => sign_streamed,
        };
        match sign(&line.facts(), &facts, &self.key, self.clock.now()) {
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
    put(&mut headers, LINK, &link(id));
    respond(signer, line, id, answer, headers, |body| Sealed::watched(body, departure, slot))
}

fn link(id: ExchangeId) -> String {
    format!("</receipts/{id}>; rel=\"receipt\"")
}

/// Seals the head of an answer that was opened and goes out as it comes, through the outlet.
///
/// # Errors
/// Nothing can be committed to now: nothing may go out.
pub fn seal_stream(
    signer: &Signer,
    line: &RequestLine,
    flowing: &Flowing,
    stream: &Stream<'_>,
) -> Result<(Response<Sealed>, Outlet), Unrecorded> {
    let (outlet, body) = outlet::outlet(flowing.committing(Label::Answer)?, signer.clock.clone());
    let Answer { status, headers, .. } = stream.head();
    let mut response = Response::new(Sealed::flowing(body));
    *response.status_mut() = *status;
    response.headers_mut().clone_from(headers);
    put(response.headers_mut(), EXCHANGE_ID, &flowing.id().to_string());
    put(response.headers_mut(), LINK, &link(flowing.id()));
    if line.takes_trailers {
        put(response.headers_mut(), TRAILER, &BEHIND.each_ref().map(HeaderName::as_str).join(", "));
    }
    Ok((response, outlet))
}

/// Seals the end of a streamed answer that is committed. None where it is not whole: then it has no end.
#[must_use]
pub fn seal_end(signer: &Signer, line: &RequestLine, committed: Committed<Ended>) -> Option<End> {
    let (id, receipt) = (committed.id(), receipt::header(committed.placed()));
    let (ended, mut departure) = committed.into_parts();
    let (how, streamed) = (ended.how(), ended.streamed().cloned()?);
    let (answer, slot) = ended.conclude();
    if how != How::Whole {
        departure.complete();
        return None;
    }
    departure.has_had(streamed.bytes);
    let trailers = line.takes_trailers.then(|| {
        let mut headers = answer.headers;
        put(&mut headers, CONTENT_DIGEST, &content_digest_of(&streamed.digest));
        receipt.iter().for_each(|receipt| put(&mut headers, EXCHANGE_RECEIPT, receipt));
        signer.sign(line, id, answer.status, &mut headers, Stand::Trailers);
        BEHIND.into_iter().filter_map(|name| Some((name.clone(), headers.remove(name)?))).collect()
    });
    Some(End { trailers, departure, slot })
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
    respond(signer, line, id, answer, HeaderMap::new(), |body| Sealed::plain(body, None))
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
    respond(signer, line, id, answer, HeaderMap::new(), |body| Sealed::plain(body, None))
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
    respond(signer, line, id, answer.clone(), HeaderMap::new(), |body| Sealed::plain(body, slot))
}

fn respond(
    signer: &Signer,
    line: &RequestLine,
    id: ExchangeId,
    answer: Answer,
    ours: HeaderMap,
    body: impl FnOnce(bytes::Bytes) -> Sealed,
) -> Response<Sealed> {
    let Answer { status, mut headers, body: whole } = answer;
    headers.extend(ours);
    put(&mut headers, EXCHANGE_ID, &id.to_string());
    let bodiless = has_no_content(line.method.as_str(), status.as_u16());
    if !bodiless {
        put(&mut headers, CONTENT_DIGEST, &content_digest(&whole));
    }
    signer.sign(line, id, status, &mut headers, Stand::Head);
    let mut response = Response::new(body(if bodiless { bytes::Bytes::new() } else { whole }));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
