//! Old entries by the index, for receipts; by reading the log where the index has not come that far or does not answer.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::audit::older;
use crate::audit::older::Older;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::tlog::reader::ReadError;

use super::Catalogue;
use super::IndexError;
use super::Order;
use super::PAGE_MAX;
use super::column::Column;
use super::column::Value;
use super::place::Place;
use super::wanted::Wanted;

/// Steps of SQLite's machine for one look-up: a caller waits for it.
const STEPS: u64 = 100_000_000;

/// Finds old entries by the index.
#[derive(Debug)]
pub struct Indexed {
    place: Place,
    /// Opened when first needed, and again after a failure.
    open: Mutex<Option<Box<dyn Catalogue>>>,
    log: older::Scanned,
}

impl Indexed {
    /// Asks the index at a place, and in its stead the log.
    #[must_use]
    pub fn new(place: Place, log: older::Scanned) -> Self {
        Self { place, open: Mutex::default(), log }
    }

    /// Asks the index, if it has come so far; nothing if it has not, or does not answer.
    fn ask<T>(
        &self,
        before: u64,
        question: impl FnOnce(&dyn Catalogue) -> Result<T, IndexError>,
    ) -> Option<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.asked(&mut open, before, question);
        asked.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "the index does not tell of old entries; the log is read instead");
            *open = None;
            None
        })
    }

    fn asked<T>(
        &self,
        open: &mut Option<Box<dyn Catalogue>>,
        before: u64,
        question: impl FnOnce(&dyn Catalogue) -> Result<T, IndexError>,
    ) -> Result<Option<T>, IndexError> {
        let catalogue = match open {
            Some(catalogue) => catalogue,
            none => none.insert(self.place.read(STEPS)?),
        };
        let next = catalogue.cursor()?.map_or(0, |cursor| cursor.next);
        if next < before { Ok(None) } else { question(catalogue.as_ref()).map(Some) }
    }
}

impl Older for Indexed {
    fn of_exchange(
        &self,
        id: ExchangeId,
        whose: Option<&AgencyId>,
        before: u64,
    ) -> Result<Vec<u64>, ReadError> {
        let wanted = Wanted { end: before, ..Wanted::default() }
            .and(Column::Exchange, vec![Value::Bytes(*id.as_bytes())]);
        let wanted = match whose {
            Some(agency) => wanted.and(Column::Agency, vec![Value::from(agency.as_str())]),
            None => wanted,
        };
        let found = self.ask(before, |index| index.page(&wanted, Order::Oldest, PAGE_MAX));
        match found {
            Some(rows) => Ok(rows.iter().map(|row| row.index).collect()),
            None => self.log.of_exchange(id, whose, before),
        }
    }

    fn of_agency(
        &self,
        agency: &AgencyId,
        after: u64,
        most: usize,
        before: u64,
    ) -> Result<Vec<u64>, ReadError> {
        match self.ask(before, |index| index.after_seq(agency.as_str(), after, most)) {
            Some(mut found) => {
                found.retain(|index| *index < before);
                Ok(found)
            }
            None => self.log.of_agency(agency, after, most, before),
        }
    }
}
