//! Which signed requests the log tells of lately: after a stop, too, none of them counts again.

use std::path::Path;

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::unhex;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::message::request::WINDOW_SECONDS;
use crate::tlog::Entry;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan_from;

use super::index::scanned::published;
use super::months::MonthKeys;
use super::older::first_since;
use super::recorder::Recorder;

/// For how long after its entry a signature may still count, in seconds: it was used before that, and could have been made as long after its
/// use as it counts, by a clock that is ahead.
pub const COUNTS_SECONDS: i64 = 2 * WINDOW_SECONDS;

/// A signature that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// By whom.
    pub agency: AgencyId,
    /// The hash of key and nonce.
    pub once: Hash,
    /// Until when it may count, in seconds since 1970: not before it really ends.
    pub until: i64,
}

#[derive(Deserialize)]
struct Leaf<'a> {
    at: &'a str,
    agency: &'a str,
    exchange: Option<&'a str>,
    signed_by: Option<&'a str>,
}

#[derive(Deserialize)]
struct Annex {
    nonce: Option<String>,
}

/// Those that may still count. Reads the log from its end backwards, and no further than it must.
///
/// # Errors
/// An entry cannot be read: nobody knows which signatures were used.
pub fn lately(recorder: &Recorder, now: Timestamp) -> Result<Vec<Spent>, ReadError> {
    let (log, mut spent) = (recorder.log(), Vec::new());
    for index in (0..log.size()).rev() {
        let entry = log.read(index)?;
        // What is no leaf of ours tells of no signature.
        let Ok(leaf) = serde_json::from_slice::<Leaf<'_>>(&entry.leaf) else { continue };
        let at = leaf.at.parse::<Timestamp>().map_or(i64::MAX, Timestamp::as_second);
        if at.saturating_add(COUNTS_SECONDS) < now.as_second() {
            break;
        }
        spent.extend(of(&leaf, &entry, recorder.months(), at.saturating_add(COUNTS_SECONDS)));
    }
    Ok(spent)
}

/// The same of a log that is closed and lies in a folder, in which nobody writes any more.
///
/// # Errors
/// It cannot be read.
pub fn lately_in(folder: &Path, months: &MonthKeys, now: Timestamp) -> Result<Vec<Spent>, ReadError> {
    let (size, mut spent) = (published(folder).map_or(0, |head| head.size), Vec::new());
    let since = now.as_second().saturating_sub(COUNTS_SECONDS).saturating_mul(1_000);
    for item in scan_from(folder, first_since(folder, since, size)?) {
        let (_, entry, _) = item?;
        let Ok(leaf) = serde_json::from_slice::<Leaf<'_>>(&entry.leaf) else { continue };
        let at = leaf.at.parse::<Timestamp>().map_or(i64::MAX, Timestamp::as_second);
        spent.extend(of(&leaf, &entry, months, at.saturating_add(COUNTS_SECONDS)));
    }
    Ok(spent)
}

fn of(leaf: &Leaf<'_>, entry: &Entry, months: &MonthKeys, until: i64) -> Option<Spent> {
    leaf.signed_by?;
    let exchange: ExchangeId = leaf.exchange?.parse().ok()?;
    let key = months.kept(exchange).ok()??;
    let plain = key.sealing.open(exchange.as_bytes(), &entry.annex).ok()?;
    let once = unhex(&serde_json::from_slice::<Annex>(&plain).ok()?.nonce?)?;
    Some(Spent { agency: leaf.agency.parse().ok()?, once, until })
}
