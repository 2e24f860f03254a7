//! `GET /receipts/<id>[?since=<size>%2C…][&witnessed]` and `GET /receipts?after=<seq>[&since=<size>%2C…][&log=<origin>]`: what the gateway
//! itself serves to agencies, each its own entries and no others; also those of the logs before this one, each under its own last head. A
//! bulk list is one log's: behind the last entry of a closed one, `Link` with `rel="next"` leads to the log that followed.
//!
//! Not an exchange: no platform has a part in it and nothing of another agency is told, so it is answered without a record. A request
//! that is refused before that is refused, and recorded, as any other: whoever is no agency is told the same on every path. So is one by a
//! certificate that is suspended: it may be in other hands, and the salts in a receipt tell whom the agency asked about. An agency that is
//! suspended may still prove what was exchanged before, by a certificate that is good, as at the desk.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Response;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use http::header::LINK;

use crate::audit::closed::ClosedLog;
use crate::audit::facts::Facts;
use crate::audit::outcome::Answer;
use crate::audit::receipt::ProvenEntry;
use crate::audit::receipt::Proving;
use crate::audit::receipt::Receipt;
use crate::audit::receipt::Ways;
use crate::audit::recorder::Recorder;
use crate::audit::recorder::Unrecorded;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::id::Origin;
use crate::identity;
use crate::identity::Peer;
use crate::policy::Refusal;
use crate::policy::Refused;
use crate::policy::judge::certificate_stands;
use crate::request;
use crate::request::Request;
use crate::request::target::query_value;
use crate::signing;
use crate::signing::RequestLine;
use crate::signing::Sealed;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::reader::ReadError;
use crate::tlog::witness::kept::Cosigned;

use super::door::Arrival;
use super::door::Door;
use super::ending;
use super::in_force::InForce;
use super::stop::Stop;

/// The reserved path.
pub const PATH: &str = "/receipts";
/// Entries in one answer of the bulk list. The caller asks on from the last `seq`.
const MOST: usize = 512;
/// Bytes after which such an answer ends: it is held in memory until it is read.
const ENOUGH: usize = 1 << 20;
/// Heads from which one receipt shows the way: the one a caller kept, the one of its answer, and as many again.
const HEADS: usize = 4;

/// The flag by which a receipt is asked for under a head that witnesses have cosigned: by itself, or with the value 1. Whoever says
/// anything else must not be given another receipt than was meant, nor be told that there is none.
const WITNESSED: &str = "witnessed";

/// What is asked for.
#[derive(Debug)]
enum Wanted {
    /// One exchange's receipt, and the way to its head from heads the caller knows; under the newest head, or under one that
    /// witnesses have cosigned.
    One { id: ExchangeId, since: Vec<u64>, witnessed: bool },
    /// The entries of a log after this `seq`, and the way to their head from heads the caller knows; of the present log, where none is named.
    After { seq: u64, since: Vec<u64>, log: Option<String> },
}

/// Answers a request for receipts.
pub async fn answer(door: &Door, arrival: Arrival) -> Response<Sealed> {
    let (line, set) = (Arc::clone(&arrival.line), door.in_force());
    let (peer, request) = match read(door, &set, &arrival) {
        Ok(read) => read,
        Err(stop) => return refused(door, &set, &line, arrival.id, stop).await,
    };
    let certificate = &peer.certificate().fingerprint;
    if let Err(reason) = certificate_stands(certificate, &set.policies) {
        return suspended(door, &set, &arrival, (peer, request), reason).await;
    }
    let agency = peer.agency().id.clone();
    let slot = match door.limits.read_receipts(&agency) {
        Ok(slot) => slot,
        Err(busy) => return ending::too_many_at_once(door, &line, arrival.id, &agency, &busy),
    };
    if request.query().iter().any(|(name, value)| name == WITNESSED && !["", "1"].contains(&value.as_str())) {
        return ending::misunderstood(door, &line, arrival.id, WITNESSED);
    }
    let found = match wanted(&request) {
        Some(wanted) => find(door, agency, wanted).await,
        None => Ok(None),
    };
    let found = match found {
        Ok(found) => found,
        Err(unread) => return ending::unrecorded(door, &line, arrival.id, &unread),
    };
    let answer = found.unwrap_or_else(|| ending::not_found(door, &line, arrival.id));
    signing::seal_service(&door.signer, &line, arrival.id, &answer, Some(slot))
}

/// Who asks what of the gateway itself.
///
/// # Errors
/// It is nobody, or its request has no single meaning.
pub(super) fn read(door: &Door, set: &InForce, arrival: &Arrival) -> Result<(Peer, Request), Stop> {
    let now = door.clock.now();
    let peer = identity::recognize(&arrival.handshake, set.policies.registry(), &set.revoked, now)?;
    match request::read(arrival.id, &arrival.handshake, &arrival.parts, &set.authorities) {
        Ok(request) => Ok((peer, request)),
        // Without the certificate: what entries name is kept first, and that is for exchanges.
        Err(why) => {
            let agency = peer.agency().id.clone();
            Err(Stop::Ambiguous { agency, facts: Box::new(Facts::default()), why })
        }
    }
}

/// Refuses it as any other request.
pub(super) async fn refused(
    door: &Door,
    set: &InForce,
    line: &RequestLine,
    id: ExchangeId,
    stop: Stop,
) -> Response<Sealed> {
    match door.recorder.open(id, set.policies.hash()) {
        Ok(open) => ending::stopped(door, line, open, stop).await,
        Err(full) => ending::unrecorded(door, line, id, &full),
    }
}

/// The refusal is recorded, and names the certificate: that is kept first.
pub(super) async fn suspended(
    door: &Door,
    set: &InForce,
    arrival: &Arrival,
    (peer, request): (Peer, Request),
    reason: Refusal,
) -> Response<Sealed> {
    let line = &arrival.line;
    let known = match door.recorder.open(arrival.id, set.policies.hash()) {
        Ok(mut open) => open.know(&peer, &arrival.handshake).await.map(|()| open),
        Err(full) => Err(full),
    };
    match known {
        Ok(open) => {
            ending::stopped(door, line, open, Refused::new(Some(peer), Some(request), reason).into()).await
        }
        Err(full) => ending::unrecorded(door, line, arrival.id, &full),
    }
}

fn wanted(request: &Request) -> Option<Wanted> {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    match (request.segments(), request.query()) {
        _ if !reads => None,
        ([id], asked) => one_of(id.parse().ok()?, asked),
        ([], asked) => many_of(asked),
        _ => None,
    }
}

fn many_of(asked: &[(String, String)]) -> Option<Wanted> {
    let (mut seq, mut heads, mut log) = (None, None, None);
    for (name, value) in asked {
        let told_before = match name.as_str() {
            "after" => seq.replace(value.parse().ok()?).is_some(),
            "since" => heads.replace(sizes(value)?).is_some(),
            "log" => log.replace(value.clone()).is_some(),
            _ => return None,
        };
        if told_before {
            return None;
        }
    }
    Some(Wanted::After { seq: seq.unwrap_or(0), since: heads.unwrap_or_default(), log })
}

/// None for what is not there and for what is another's: the two look the same. Entries are read from the disk, off the threads that
/// exchanges share. That they cannot be read is no answer at all: whoever is told there is none believes it.
async fn find(door: &Door, agency: AgencyId, wanted: Wanted) -> Result<Option<Answer>, Unrecorded> {
    let (recorder, best, closed) = (door.recorder.clone(), door.witnessed.best(), Arc::clone(&door.closed));
    let reading = tokio::task::spawn_blocking(move || match wanted {
        Wanted::One { id, since, witnessed } => {
            let found = match (witnessed, best) {
                (false, _) => Receipt::of(&recorder, id, &agency, &since)?,
                (true, Some(best)) => one_witnessed(&recorder, id, &since, &agency, &best)?,
                (true, None) => None,
            };
            let closed = || one_closed(&closed, &recorder, (id, &agency), &since, witnessed);
            Ok(found.map_or_else(closed, |found| Ok(Some(found)))?.and_then(document))
        }
        Wanted::After { seq, since, log } => many(&recorder, &closed, log.as_deref(), (seq, &since), &agency),
    });
    let read = reading.await.map_err(|fault| Unrecorded::Unmakeable(fault.to_string()))?;
    read.map_err(|error| {
        tracing::error!(error = &error as &dyn Error, "entries that were asked for cannot be read");
        Unrecorded::Unmakeable(error.to_string())
    })
}

fn one_of(id: ExchangeId, asked: &[(String, String)]) -> Option<Wanted> {
    let (mut heads, mut witnessed) = (Vec::new(), false);
    for (name, value) in asked {
        match (name.as_str(), value.as_str()) {
            ("since", list) => heads = sizes(list)?,
            ("witnessed", "1" | "") => witnessed = true,
            _ => return None,
        }
    }
    Some(Wanted::One { id, since: heads, witnessed })
}

/// Reads the sizes of heads that a caller knows: `100,200`.
#[must_use]
pub fn sizes(list: &str) -> Option<Vec<u64>> {
    let sizes: Vec<u64> = list.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    (sizes.len() <= HEADS).then_some(sizes)
}

/// None until a witness has cosigned a head that holds all of the exchange: the caller asks again.
fn one_witnessed(
    recorder: &Recorder,
    id: ExchangeId,
    since: &[u64],
    agency: &AgencyId,
    best: &Cosigned,
) -> Result<Option<Receipt>, ReadError> {
    let head = SignedHead { note: best.note(), ..best.head.clone() };
    Receipt::under(recorder, id, agency, since, &head)
}

/// An exchange of a log before this one. The newest first: it is the likeliest, and no id is in two of them.
fn one_closed(
    closed: &[ClosedLog],
    recorder: &Recorder,
    (id, agency): (ExchangeId, &AgencyId),
    since: &[u64],
    witnessed: bool,
) -> Result<Option<Receipt>, ReadError> {
    for log in closed {
        let under = if witnessed { log.cosigned() } else { Some(log.head()) };
        let Some(under) = under else { continue };
        let receipt = Receipt::of_closed((log, under), recorder, id, Some(agency), since)?;
        if receipt.is_some() {
            return Ok(receipt);
        }
    }
    Ok(None)
}

fn document(receipt: Receipt) -> Option<Answer> {
    Some(found("application/json", serde_json::to_vec(&receipt).ok()?))
}

/// A portion of one log's entries; none of a log that is not here.
fn many(
    recorder: &Recorder,
    closed: &[ClosedLog],
    log: Option<&str>,
    (after, since): (u64, &[u64]),
    agency: &AgencyId,
) -> Result<Option<Answer>, ReadError> {
    let is = |origin: &Origin| log.is_none_or(|log| log == origin.as_str());
    // The entries first: the head that is asked for after them holds them all.
    let indices = recorder.proven_of_agency(agency, after, MOST)?;
    let head = recorder.log().head();
    if is(&head.origin) {
        let lines = lines(recorder, &head, &indices, since, log.is_some())?;
        return Ok(lines.map(|(lines, _)| found("application/jsonl", lines)));
    }
    let Some(log) = closed.iter().find(|log| is(log.origin())) else { return Ok(None) };
    let indices = log.of_agency(agency, after, MOST)?;
    let lines = lines(&log.reading(), log.head(), &indices, since, true)?;
    let answer =
        lines.map(|(lines, is_all)| (found("application/jsonl", lines), is_all && indices.len() < MOST));
    Ok(answer.map(|(answer, is_last)| if is_last { with_next(answer, log.successor()) } else { answer }))
}

/// One JSON line an entry, all with their proofs under one head; then, if they were asked for, the ways that lead to it. Whether all are
/// there.
fn lines(
    log: &impl Proving,
    head: &SignedHead,
    indices: &[u64],
    since: &[u64],
    is_named: bool,
) -> Result<Option<(Vec<u8>, bool)>, ReadError> {
    let (mut lines, mut left) = (Vec::new(), indices.iter());
    for index in left.by_ref() {
        let Some(entry) = ProvenEntry::under(log, *index, head)? else { return Ok(None) };
        if serde_json::to_writer(&mut lines, &entry).is_err() {
            return Ok(None);
        }
        lines.push(b'\n');
        if lines.len() >= ENOUGH {
            break;
        }
    }
    if !since.is_empty() {
        if serde_json::to_writer(&mut lines, &Ways::of(log, since, head, is_named)).is_err() {
            return Ok(None);
        }
        lines.push(b'\n');
    }
    Ok(Some((lines, left.next().is_none())))
}

/// Whoever has read a closed log to its end goes on in the next one, from its beginning: each log counts anew.
fn with_next(mut answer: Answer, next: &Origin) -> Answer {
    let link = format!("<{PATH}?after=0&log={}>; rel=\"next\"", query_value(next.as_str()));
    if let Ok(link) = HeaderValue::from_str(&link) {
        answer.headers.insert(LINK, link);
    }
    answer
}

fn found(media_type: &'static str, body: Vec<u8>) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Answer { status: StatusCode::OK, headers, body: Bytes::from(body) }
}
