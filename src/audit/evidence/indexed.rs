//! Entries found by the index. It is derived, and could be anybody's: an entry that is not what the index says it is, or an index that is of
//! another past, not at the log's end, or that knows nothing of an exchange or of the policies behind it, and the log is read instead.
//!
//! It says where an exchange began, and where to look far behind it. That none of its entries is left out is for the log to say: see
//! [`lives`].

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use super::anchor::Anchored;
use super::lives;
use super::reading::Found;
use super::reading::Reading;
use crate::audit::index::Catalogue;
use crate::audit::index::IndexError;
use crate::audit::index::Order;
use crate::audit::index::PAGE_MAX;
use crate::audit::index::column::Column;
use crate::audit::index::column::Value;
use crate::audit::index::scanned::published;
use crate::audit::index::wanted::Wanted;
use crate::clock::Timestamp;
use crate::id::ExchangeId;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan_from;

/// Rows of a rare kind that are asked for at once.
const FEW: usize = 16;

/// How much earlier than its id an exchange is looked for, in milliseconds: the clock may have been set back meanwhile.
const SET_BACK: i64 = 60_000;

/// Why the index is not gone by.
enum Not {
    /// The log cannot be read.
    Log(ReadError),
    /// The index does not answer, or not rightly.
    Index,
}

impl From<ReadError> for Not {
    fn from(error: ReadError) -> Self {
        Self::Log(error)
    }
}

impl From<IndexError> for Not {
    fn from(_: IndexError) -> Self {
        Self::Index
    }
}

/// The same as reading all of the log up to `size` entries; none if the index is of no use for it.
///
/// # Errors
/// The log cannot be read.
pub(super) fn read(
    log: &Path,
    index: &dyn Catalogue,
    exchanges: &BTreeSet<ExchangeId>,
    size: u64,
) -> Result<Option<Reading>, ReadError> {
    match (Indexed { log, index }).read(exchanges, size) {
        Ok(reading) => Ok(Some(reading)),
        Err(Not::Log(error)) => Err(error),
        Err(Not::Index) => Ok(None),
    }
}

struct Indexed<'a> {
    log: &'a Path,
    index: &'a dyn Catalogue,
}

impl Indexed<'_> {
    fn read(&self, exchanges: &BTreeSet<ExchangeId>, size: u64) -> Result<Reading, Not> {
        let next = self.come_to()?;
        let (within, beyond) =
            self.of_exchanges(exchanges, next)?.into_iter().partition(|found| found.index < size);
        let beyond: Vec<Found> = beyond;
        let mut reading = Reading { entries: within, ..Reading::default() };
        reading.beyond.extend(beyond.iter().filter_map(Found::exchange));
        let begins = exchanges.iter().map(|id| Ok((self.begin(*id, next)?, *id)));
        reading.add(lives::read(self.log, begins.collect::<Result<_, Not>>()?, next, size)?);
        // What the index has not come to yet: a second's worth, where a gateway feeds it.
        reading.add(Reading::scanned(self.log, next, exchanges, size)?);
        let policies = self.policies(&reading.entries)?;
        let anchors = self.anchors(&reading.entries, size.min(next))?;
        let keys = self.entry(0)?.into_iter().filter(|found| kind(&found.json()) == Some("log.opened"));
        reading.add(Reading { policies, anchors, keys: keys.collect(), ..Reading::default() });
        Ok(reading)
    }

    /// An entry before which nothing of an exchange stands. The index says which, and the log that all before it are older: their time
    /// never goes back.
    fn begin(&self, id: ExchangeId, next: u64) -> Result<u64, Not> {
        let since = i64::try_from(id.unix_millis()).unwrap_or(i64::MAX).saturating_sub(SET_BACK);
        let younger = Wanted { since: Some(since), end: next, ..Wanted::default() };
        let first = *self.rows(&younger, Order::Oldest, 1)?.first().ok_or(Not::Index)?;
        let Some(before) = first.checked_sub(1) else { return Ok(first) };
        let before = self.entry(before)?.ok_or(Not::Index)?.json();
        let at = before.get("at").and_then(Json::as_str).and_then(|at| at.parse::<Timestamp>().ok());
        if at.is_some_and(|at| at.as_millisecond() < since) { Ok(first) } else { Err(Not::Index) }
    }

    /// The entry that follows the last one it has: at least the head that the log has published, and the last one is the log's.
    fn come_to(&self) -> Result<u64, Not> {
        let (cursor, head) =
            (self.index.cursor()?.ok_or(Not::Index)?, published(self.log).ok_or(Not::Index)?);
        let last = cursor.next.checked_sub(1).ok_or(Not::Index)?;
        let hash = scan_from(self.log, last).next().transpose()?.map(|(_, _, hash)| hash);
        let is_ours = cursor.origin == head.origin.as_str() && hash == Some(cursor.last);
        if is_ours && cursor.next >= head.size { Ok(cursor.next) } else { Err(Not::Index) }
    }

    fn of_exchanges(&self, exchanges: &BTreeSet<ExchangeId>, next: u64) -> Result<Vec<Found>, Not> {
        let mut found = Vec::new();
        for id in exchanges {
            let of = Wanted { end: next, ..Wanted::default() }
                .and(Column::Exchange, vec![Value::Bytes(*id.as_bytes())]);
            let rows = self.rows(&of, Order::Oldest, PAGE_MAX)?;
            // That there is none, only the log can say.
            if rows.is_empty() {
                return Err(Not::Index);
            }
            for index in rows {
                let entry = self.entry(index)?.filter(|entry| entry.exchange() == Some(*id));
                found.push(entry.ok_or(Not::Index)?);
            }
        }
        Ok(found)
    }

    /// For each entry the `policy.changed` that it was decided under: the last one before it that names the same policies.
    fn policies(&self, entries: &[Found]) -> Result<Vec<Found>, Not> {
        let mut all: Vec<Found> = Vec::new();
        for entry in entries {
            let leaf = entry.json();
            let Some(hash) = leaf.get("policy").and_then(Json::as_str) else { continue };
            let is_it = |found: &Found| found.json().get("new").and_then(Json::as_str) == Some(hash);
            let before = Wanted { end: entry.index, ..Wanted::default() };
            let found = self.each("policy.changed", before, Order::Newest, &mut |found| is_it(found))?;
            // That there is none, only the log can say.
            all.push(found.into_iter().find(is_it).ok_or(Not::Index)?);
        }
        Ok(all)
    }

    /// Those behind the last entry, up to the first that covers it.
    fn anchors(&self, entries: &[Found], end: u64) -> Result<Vec<Found>, Not> {
        let Some(last) = entries.last().map(|found| found.index) else { return Ok(Vec::new()) };
        let behind = Wanted { first: last, end, ..Wanted::default() };
        let covers =
            |found: &Found| Anchored::read(&found.json()).is_some_and(|anchored| anchored.size > last);
        self.each("time.anchored", behind, Order::Oldest, &mut |found| covers(found))
    }

    /// Entries of a kind, in an order, up to the first that is enough.
    fn each(
        &self,
        wanted_kind: &str,
        mut wanted: Wanted,
        order: Order,
        is_enough: &mut dyn FnMut(&Found) -> bool,
    ) -> Result<Vec<Found>, Not> {
        wanted = wanted.and(Column::Kind, vec![Value::from(wanted_kind)]);
        let mut all = Vec::new();
        loop {
            let indices = self.rows(&wanted, order, FEW)?;
            for index in &indices {
                let found = self.entry(*index)?.filter(|found| kind(&found.json()) == Some(wanted_kind));
                all.push(found.ok_or(Not::Index)?);
                if all.last().is_some_and(&mut *is_enough) {
                    return Ok(all);
                }
            }
            match (order, indices.last()) {
                (_, None) => return Ok(all),
                (Order::Oldest, Some(last)) => wanted.first = last + 1,
                (Order::Newest, Some(last)) => wanted.end = *last,
            }
        }
    }

    fn rows(&self, wanted: &Wanted, order: Order, most: usize) -> Result<Vec<u64>, Not> {
        Ok(self.index.page(wanted, order, most)?.iter().map(|row| row.index).collect())
    }

    fn entry(&self, index: u64) -> Result<Option<Found>, Not> {
        let item = scan_from(self.log, index).next().transpose()?;
        Ok(item.filter(|(at, ..)| *at == index).map(|(index, entry, _)| Found { index, entry }))
    }
}

fn kind(leaf: &Json) -> Option<&str> {
    leaf.get("kind")?.as_str()
}
