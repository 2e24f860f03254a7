//! `GET /.well-known/exchange`: what the gateway tells an agency of itself: its agreements, what is left of their limits, what lapses soon.
//!
//! Decided as receipts are: whoever is no agency is told what it is told everywhere. Whoever is suspended is refused as in an exchange,
//! since the certificate may be in other hands. Not an exchange: it is charged to no quota and leaves no record.

mod document;
mod soon;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Response;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;

use crate::audit::outcome::Answer;
use crate::identity::Peer;
use crate::policy::judge::unsuspended;
use crate::signing;
use crate::signing::Sealed;

use super::door::Arrival;
use super::door::Door;
use super::ending;
use super::receipts;

/// The reserved path.
pub const PATH: &str = "/.well-known/exchange";

/// Answers a request for it.
pub async fn answer(door: &Door, arrival: Arrival) -> Response<Sealed> {
    let (line, set) = (Arc::clone(&arrival.line), door.in_force());
    let (peer, request) = match receipts::read(door, &set, &arrival) {
        Ok(read) => read,
        Err(stop) => return receipts::refused(door, &set, &line, arrival.id, stop).await,
    };
    let certificate = Some(&peer.certificate().fingerprint);
    if let Err(reason) = unsuspended(&peer.agency().id, certificate, &set.policies) {
        return receipts::suspended(door, &set, &arrival, (peer, request), reason).await;
    }
    let slot = match door.limits.read_receipts(&peer.agency().id) {
        Ok(slot) => slot,
        Err(busy) => return ending::too_many_at_once(door, &line, arrival.id, &peer.agency().id, &busy),
    };
    let asked = [Method::GET, Method::HEAD].contains(request.method()) && request.query().is_empty();
    let answer = if asked { found(door, &peer).await } else { None };
    let answer = answer.unwrap_or_else(|| ending::not_found(door, &line, arrival.id));
    signing::seal_service(&door.signer, &line, arrival.id, &answer, Some(slot))
}

async fn found(door: &Door, peer: &Peer) -> Option<Answer> {
    let body = serde_json::to_vec(&document::of(door, peer).await).ok()?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(Answer { status: StatusCode::OK, headers, body: Bytes::from(body) })
}
