//! `GET /receipts/<id>[?since=<size>,…]` and `GET /receipts?after=<seq>`: what the gateway itself serves to agencies, each its own entries and no others.
//!
//! Not an exchange: no platform has a part in it and nothing of another agency is told, so it is answered without a record.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Response;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;

use crate::audit::outcome::Answer;
use crate::audit::receipt::ProvenEntry;
use crate::audit::receipt::Receipt;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity;
use crate::signing;
use crate::signing::RequestLine;
use crate::signing::Sealed;

use super::door::Arrival;
use super::door::Door;
use super::ending;

/// The reserved path.
pub const PATH: &str = "/receipts";
/// Entries in one answer of the bulk list: about a megabyte with their proofs. The caller asks on from the last `seq`.
const MOST: usize = 512;
/// Heads from which one receipt shows the way: the one a caller kept, the one of its answer, and as many again.
const HEADS: usize = 4;

/// Answers a request for receipts.
pub fn answer(door: &Door, arrival: Arrival) -> Response<Sealed> {
    let line = RequestLine::of(&arrival.parts);
    let found = ask(door, &arrival, &line).unwrap_or_else(|| ending::not_found(door, &line, arrival.id));
    signing::seal_service(&door.signer, &line, arrival.id, &found)
}

/// None for whoever may not have it, and for what is not there: the two look the same.
fn ask(door: &Door, arrival: &Arrival, line: &RequestLine) -> Option<Answer> {
    let policies = door.policies.load();
    let peer =
        identity::recognize(&arrival.handshake, policies.registry(), &door.revoked, door.clock.now()).ok()?;
    if line.method != Method::GET && line.method != Method::HEAD {
        return None;
    }
    let agency = &peer.agency().id;
    match line.path.strip_prefix(PATH)?.strip_prefix('/') {
        Some(id) => one(door, id.parse().ok()?, line.query.as_deref(), agency),
        None => many(door, line.query.as_deref(), agency),
    }
}

/// `?since=<size>[,<size>]` asks for the way from heads the caller knows to that of the proofs.
fn one(door: &Door, id: ExchangeId, query: Option<&str>, agency: &AgencyId) -> Option<Answer> {
    let since = match query {
        None => Vec::new(),
        Some(query) => sizes(query.strip_prefix("since=")?)?,
    };
    let receipt = Receipt::of(&door.recorder, id, agency, &since)?;
    Some(found("application/json", serde_json::to_vec(&receipt).ok()?))
}

fn sizes(list: &str) -> Option<Vec<u64>> {
    let sizes: Vec<u64> = list.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    (sizes.len() <= HEADS).then_some(sizes)
}

/// One JSON line an entry, each with its proof in the newest signed head.
fn many(door: &Door, query: Option<&str>, agency: &AgencyId) -> Option<Answer> {
    let after = match query {
        None => 0,
        Some(query) => query.strip_prefix("after=")?.parse().ok()?,
    };
    let mut lines = Vec::new();
    for index in door.recorder.directory().of_agency(agency, after, MOST) {
        serde_json::to_writer(&mut lines, &ProvenEntry::of(&door.recorder, index)?).ok()?;
        lines.push(b'\n');
    }
    Some(found("application/jsonl", lines))
}

fn found(media_type: &'static str, body: Vec<u8>) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Answer { status: StatusCode::OK, headers, body: Bytes::from(body) }
}
