//! `GET /receipts/<id>[?since=<size>%2C…]`, `/audit/show/<id>`, `/audit/show/<index>`: one exchange or one entry with proofs; to an auditor
//! anybody's, to an agency its own.

use std::sync::Arc;

use serde::Serialize;
use tokio::task::JoinHandle;

use crate::audit::closed::ClosedLog;
use crate::audit::outcome::Answer;
use crate::audit::receipt::ProvenEntry;
use crate::audit::receipt::Receipt;
use crate::audit::recorder::Recorder;
use crate::gateway::receipts::sizes;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::tlog::reader::ReadError;

use super::access::Sight;
use super::desk::Asking;
use super::desk::Desk;
use super::desk::Told;
use super::desk::found;
use super::stop::Parameter;
use super::stop::Stop;

/// Shows the receipt of one exchange. Where there is none, that it was looked for is recorded too: who asks after an id knows it from
/// somewhere.
pub(super) async fn one(
    desk: &Desk,
    asking: &Asking,
    kind: &'static str,
    id: ExchangeId,
) -> Result<Told, Stop> {
    let since = since(asking)?;
    let (recorder, agency) = (desk.door.recorder.clone(), asking.visitor.agency().id.clone());
    let (everything, closed) = (asking.sight == Sight::Everything, Arc::clone(&desk.door.closed));
    // Entries are read from the disk, off the threads that exchanges share.
    let reading = tokio::task::spawn_blocking(move || {
        let receipt = match everything {
            true => Receipt::of_anybody(&recorder, id, &since),
            false => Receipt::of(&recorder, id, &agency, &since),
        }?;
        let whose = Some(&agency).filter(|_| !everything);
        let receipt = match receipt {
            Some(receipt) => Some(receipt),
            None => of_closed(&closed, &recorder, (id, whose), &since)?,
        };
        Ok(receipt.and_then(|receipt| Some((receipt.rows(), found_json(&receipt)?))))
    });
    let found = off_the_threads(reading).await?;
    let found = found.map_or((0, None), |(rows, answer)| (rows, Some(answer)));
    desk.show(asking, kind, vec![("exchange", id.to_string())], found).await
}

/// The same of the logs before this one, under the last head of each.
fn of_closed(
    closed: &[ClosedLog],
    recorder: &Recorder,
    (id, whose): (ExchangeId, Option<&AgencyId>),
    since: &[u64],
) -> Result<Option<Receipt>, ReadError> {
    let mut receipts =
        closed.iter().map(|log| Receipt::of_closed((log, log.head()), recorder, id, whose, since));
    receipts.find_map(Result::transpose).transpose()
}

/// Shows one entry by its index: what is no exchange has no other name.
pub(super) async fn entry(desk: &Desk, asking: &Asking, index: u64) -> Result<Told, Stop> {
    asking.without_parameters()?;
    let recorder = desk.door.recorder.clone();
    let reading =
        tokio::task::spawn_blocking(move || ProvenEntry::under(&recorder, index, &recorder.log().head()));
    let found = off_the_threads(reading).await?;
    let found = found.filter(|entry| asking.sight == Sight::Everything || is_of(entry, asking));
    let found = found.map(|entry| found_json(&entry)).map_or((0, None), |answer| (1, answer));
    desk.show(asking, "show", vec![("index", index.to_string())], found).await
}

/// Whether an entry stands in the chain of the agency that asks, under whichever of its codes.
fn is_of(entry: &ProvenEntry, asking: &Asking) -> bool {
    let agency = asking.visitor.agency();
    let leaf: serde_json::Value = serde_json::from_str(entry.leaf()).unwrap_or_default();
    let whose = leaf.get("agency").and_then(serde_json::Value::as_str);
    let mut codes = std::iter::once(&agency.id).chain(agency.formerly.iter().map(|former| &former.id));
    codes.any(|code| whose == Some(code.as_str()))
}

/// What was read. That something cannot be read is not told as if it were not there.
pub(super) async fn off_the_threads<T>(reading: JoinHandle<Result<T, ReadError>>) -> Result<T, Stop> {
    match reading.await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(fault)) => {
            tracing::error!(%fault, "what was asked for at the desk cannot be read");
            Err(Stop::Broken)
        }
        Err(_) => Err(Stop::Broken),
    }
}

fn since(asking: &Asking) -> Result<Vec<u64>, Stop> {
    match asking.request.query() {
        [] => Ok(Vec::new()),
        [(name, list)] if name == "since" => {
            sizes(list).ok_or_else(|| asking.wrong(Parameter::Value("since")))
        }
        all => {
            let name = all.iter().map(|(name, _)| name.as_str()).find(|name| *name != "since");
            Err(asking.wrong(Parameter::unknown(name.unwrap_or_default())))
        }
    }
}

fn found_json(document: &impl Serialize) -> Option<Answer> {
    Some(found("application/json", "no-store", serde_json::to_vec(document).ok()?))
}
