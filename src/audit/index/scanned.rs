//! The same questions asked of the log itself: for whoever has a copied folder and no index. Every answer reads the log from its start, or
//! from where a page begins; nothing is kept.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;
use crate::tlog::reader::scan_from;

use super::Catalogue;
use super::Cursor;
use super::GROUPS_MAX;
use super::IndexError;
use super::Order;
use super::PAGE_MAX;
use super::Sum;
use super::annexes::Annexes;
use super::column::By;
use super::column::Value;
use super::row::Row;
use super::wanted::Wanted;

/// A log's folder, asked as an index is.
#[derive(Debug)]
pub struct Scanned {
    log: PathBuf,
    annexes: Arc<Annexes>,
}

impl Scanned {
    /// Asks the log in a folder.
    #[must_use]
    pub fn new(log: PathBuf, annexes: Arc<Annexes>) -> Self {
        Self { log, annexes }
    }

    /// Every row from an index on, until `take` has enough.
    ///
    /// A reader takes the last batch that is not whole for one that a stop left unfinished. One that was published is not: so the log must
    /// be as long as the head it had published before the reading began.
    fn each(
        &self,
        first: u64,
        mut take: impl FnMut(Row) -> Result<bool, IndexError>,
    ) -> Result<(), IndexError> {
        let published = published(&self.log).map_or(0, |head| head.size);
        let (mut at, mut size) = (i64::MIN, first);
        for item in scan_from(&self.log, first) {
            let (index, entry, _) = item?;
            let row = Row::of(index, &entry.leaf, &entry.annex, &self.annexes, at)?;
            (at, size) = (row.at, index + 1);
            if !take(row)? {
                return Ok(());
            }
        }
        if size < published { Err(IndexError::Cut { size, published }) } else { Ok(()) }
    }
}

impl Catalogue for Scanned {
    fn cursor(&self) -> Result<Option<Cursor>, IndexError> {
        let head = published(&self.log);
        Ok(head.map(|head| Cursor { origin: head.origin.to_string(), next: head.size, last: [0; 32] }))
    }

    fn page(&self, wanted: &Wanted, order: Order, most: usize) -> Result<Vec<Row>, IndexError> {
        let most = most.min(PAGE_MAX);
        let mut rows = VecDeque::new();
        self.each(wanted.first, |row| {
            let past = row.index >= wanted.end || wanted.until.is_some_and(|until| row.at >= until);
            if !past && wanted.takes(&row) {
                rows.push_back(row);
            }
            if order == Order::Newest && rows.len() > most {
                rows.pop_front();
            }
            Ok(!past && (order == Order::Newest || rows.len() < most))
        })?;
        Ok(match order {
            Order::Oldest => rows.into(),
            Order::Newest => rows.into_iter().rev().collect(),
        })
    }

    fn sums(&self, wanted: &Wanted, by: &[By]) -> Result<Vec<Sum>, IndexError> {
        let mut sums: BTreeMap<Vec<Option<Value>>, (u64, u64)> = BTreeMap::new();
        self.each(wanted.first, |row| {
            if wanted.takes(&row) {
                let sum = sums.entry(by.iter().map(|by| key(&row, *by)).collect()).or_default();
                *sum = (sum.0 + 1, sum.1 + row.events());
            }
            if sums.len() > GROUPS_MAX { Err(IndexError::TooManyGroups) } else { Ok(true) }
        })?;
        Ok(sums.into_iter().map(|(key, (entries, events))| Sum { key, entries, events }).collect())
    }

    fn unread(&self, wanted: &Wanted) -> Result<u64, IndexError> {
        let span = Wanted { is: Vec::new(), ..wanted.clone() };
        let mut unread = 0;
        self.each(wanted.first, |row| {
            unread += u64::from(row.annex.is_unread() && span.takes(&row));
            Ok(true)
        })?;
        Ok(unread)
    }

    fn after_seq(&self, agency: &str, seq: u64, most: usize) -> Result<Vec<u64>, IndexError> {
        let mut found = Vec::new();
        self.each(0, |row| {
            if row.seq > seq && row.word(super::column::Column::Agency).is_some_and(|of| **of == *agency) {
                found.push(row.index);
            }
            Ok(found.len() < most)
        })?;
        Ok(found)
    }
}

/// What a row has in common with others.
fn key(row: &Row, by: By) -> Option<Value> {
    match by {
        By::Column(column) => row.get(column).cloned(),
        By::Hour | By::Day => {
            by.span().map(|span| Value::Number(row.at.saturating_add(By::AHEAD).div_euclid(span)))
        }
    }
}

/// The head a log has published, unverified: it tells of which log a folder is and how long it must be, and proves nothing.
#[must_use]
pub fn published(log: &std::path::Path) -> Option<Checkpoint> {
    let note = std::fs::read(log.join("checkpoint")).ok()?;
    Checkpoint::parse(Note::parse(&note).ok()?.unverified_text()).ok()
}
