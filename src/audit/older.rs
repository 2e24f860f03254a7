//! Finds the entries that the directory no longer knows, by reading the log: slow, and right. An index can stand in its place.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::tlog::Entry;
use crate::tlog::reader;
use crate::tlog::reader::ReadError;

/// Finds entries before a given one, all that there are: who says none must be sure of it. Blocks.
pub trait Older: Send + Sync + fmt::Debug {
    /// The indices of an exchange's entries in that agency's chain, in order; in whosever, where none is named.
    ///
    /// # Errors
    /// They could not be looked for.
    fn of_exchange(
        &self,
        id: ExchangeId,
        whose: Option<&AgencyId>,
        before: u64,
    ) -> Result<Vec<u64>, ReadError>;

    /// The indices of an agency's entries after its `seq`, in order, at most so many.
    ///
    /// # Errors
    /// They could not be looked for.
    fn of_agency(
        &self,
        agency: &AgencyId,
        after: u64,
        most: usize,
        before: u64,
    ) -> Result<Vec<u64>, ReadError>;
}

/// Milliseconds by which an entry's time may lie before that of its exchange's id: a clock that is set back between the two is
/// not set back by more than a day.
const SET_BACK_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Milliseconds after which nothing more of an exchange comes that is not still open: its first entry and the time of its id, or two of its
/// entries, lie no further apart.
const LATER_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Reads the log's folder.
#[derive(Debug)]
pub struct Scanned {
    folder: PathBuf,
    /// Up to which `seq` and index each agency was last read: whoever collects goes on from there.
    read: Mutex<HashMap<AgencyId, (u64, u64)>>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    agency: std::borrow::Cow<'a, str>,
    exchange: Option<&'a str>,
    seq: u64,
    at: &'a str,
    kind: &'a str,
}

impl Members<'_> {
    fn millis(&self) -> Option<i64> {
        self.at.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
    }
}

impl Scanned {
    /// Looks in the log of this folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, read: Mutex::default() }
    }
}

/// The first of the entries before `before` whose time is not before `since`, in milliseconds since 1970: entries' times never go back.
pub(super) fn first_since(folder: &Path, since: i64, before: u64) -> Result<u64, ReadError> {
    let (mut low, mut high) = (0, before);
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(item) = reader::scan_from(folder, middle).next() else { return Ok(low) };
        let (_, entry, _) = item?;
        let at = members(&entry).and_then(|members| members.millis());
        if at.is_some_and(|at| at < since) { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

fn members(entry: &Entry) -> Option<Members<'_>> {
    serde_json::from_slice(&entry.leaf).ok()
}

impl Older for Scanned {
    fn of_exchange(
        &self,
        id: ExchangeId,
        whose: Option<&AgencyId>,
        before: u64,
    ) -> Result<Vec<u64>, ReadError> {
        let begun = i64::try_from(id.unix_millis()).unwrap_or(i64::MAX);
        let first = first_since(&self.folder, begun.saturating_sub(SET_BACK_MILLIS), before)?;
        let (id, mut found) = (id.to_string(), Vec::new());
        let mut until = Some(begun.saturating_add(LATER_MILLIS));
        for item in reader::scan_from(&self.folder, first) {
            let (index, entry, _) = item?;
            let Some(members) = members(&entry) else { continue };
            let is_over = until.is_some_and(|until| members.millis().is_some_and(|at| at > until));
            if index >= before || is_over {
                break;
            }
            if members.exchange == Some(&id) && whose.is_none_or(|agency| members.agency == agency.as_str()) {
                // One that was opened has its outcome whenever the gateway came to write it.
                let is_open = members.kind == "exchange.opened";
                let at = members.millis().filter(|_| !is_open);
                until = at.map(|at| at.saturating_add(LATER_MILLIS));
                found.push(index);
            }
        }
        Ok(found)
    }

    fn of_agency(
        &self,
        agency: &AgencyId,
        after: u64,
        most: usize,
        before: u64,
    ) -> Result<Vec<u64>, ReadError> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(agency).copied();
        let first = read.filter(|(seq, _)| *seq <= after).map_or(0, |(_, index)| index + 1);
        let (mut found, mut last) = (Vec::new(), None);
        for item in reader::scan_from(&self.folder, first) {
            let (index, entry, _) = item?;
            if index >= before || found.len() == most {
                break;
            }
            let Some(own) = members(&entry).filter(|members| members.agency == agency.as_str()) else {
                continue;
            };
            if own.seq > after {
                found.push(index);
            }
            last = Some((own.seq, index));
        }
        if let Some(last) = last {
            self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(agency.clone(), last);
        }
        Ok(found)
    }
}
