//! How exchanges stand. Those that are decided are many, and each is kept in sixteen bytes.
//!
//! Ids begin with the time, and an exchange's entries are written close together: the newest ids stand in a table, older ones in
//! one sorted row, to which what leaves the table is nearly always only appended. With the row's spare room that is at most
//! 18 bytes an exchange, and the table besides, which has a fixed size.

use std::collections::HashMap;
use std::collections::HashSet;

use super::leaf::Agency;
use super::leaf::Id;
use super::wrong::BadStanding;

/// Exchanges in the table before the older half of them leaves it: about ten megabytes.
const TABLE_MAX: usize = 1 << 18;

/// How an exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Decided,
    Aborted,
}

/// What an entry does to its exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Open,
    Decide,
    Abort,
    Orphan,
}

/// Every exchange that was seen.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// Opened, and not decided: the entry, and the agency in whose chain it stands.
    open: HashMap<Id, (u64, Agency)>,
    decided: Decided,
}

impl Exchanges {
    /// Takes the next step of an exchange; `knows_all` unless entries before could not be read.
    pub(super) fn step(
        &mut self,
        id: Id,
        step: Step,
        index: u64,
        agency: Agency,
        knows_all: bool,
    ) -> Option<BadStanding> {
        let is_open = self.open.contains_key(&id);
        let standing = if is_open { None } else { self.decided.get(id) };
        let wrong = match (step, standing) {
            (Step::Open, None) if !is_open => {
                self.open.insert(id, (index, agency));
                return None;
            }
            (Step::Open, _) => return Some(BadStanding::OpenedTwice),
            (Step::Decide, Some(_)) => return Some(BadStanding::TwoOutcomes),
            (Step::Abort, Some(Standing::Aborted)) => Some(BadStanding::AbortedTooLate),
            (Step::Abort, None) if !is_open && knows_all => Some(BadStanding::AbortedTooLate),
            (Step::Orphan, Some(_)) => return Some(BadStanding::OrphanedNotOpened),
            (Step::Orphan, None) if !is_open && knows_all => Some(BadStanding::OrphanedNotOpened),
            (Step::Decide | Step::Orphan | Step::Abort, _) => None,
        };
        self.open.remove(&id);
        let standing = if step == Step::Decide { Standing::Decided } else { Standing::Aborted };
        self.decided.put(id, standing);
        wrong
    }

    /// Those that were opened and not decided.
    pub(super) fn open(&self) -> impl Iterator<Item = (&Id, &(u64, Agency))> {
        self.open.iter()
    }

    /// Nothing more is known of an exchange.
    pub(super) fn forget(&mut self, id: Id) {
        self.open.remove(&id);
    }
}

/// Exchanges that have an outcome.
#[derive(Debug, Default)]
struct Decided {
    decided: HashSet<Id>,
    aborted: HashSet<Id>,
    /// In order; the version of one that was aborted is 6 in place of 7.
    row: Vec<Id>,
}

impl Decided {
    fn get(&self, id: Id) -> Option<Standing> {
        if self.decided.contains(&id) {
            return Some(Standing::Decided);
        }
        if self.aborted.contains(&id) {
            return Some(Standing::Aborted);
        }
        let found = self.row.get(self.place(id)?)?;
        Some(if found.plain() == *found { Standing::Decided } else { Standing::Aborted })
    }

    /// Where an exchange stands in the row.
    fn place(&self, id: Id) -> Option<usize> {
        if self.row.last().is_none_or(|last| last.plain() < id) {
            return None;
        }
        self.row.binary_search_by_key(&id, |other| other.plain()).ok()
    }

    fn put(&mut self, id: Id, standing: Standing) {
        if let Some(place) = self.place(id) {
            let place = self.row.get_mut(place);
            return place.into_iter().for_each(|place| *place = id.with(standing));
        }
        match standing {
            Standing::Decided => self.decided.insert(id),
            Standing::Aborted => {
                self.decided.remove(&id);
                self.aborted.insert(id)
            }
        };
        if self.decided.len() + self.aborted.len() >= TABLE_MAX {
            self.settle();
        }
    }

    /// Moves the older half of the table into the row.
    fn settle(&mut self) {
        let aborted = self.aborted.drain().map(|id| id.with(Standing::Aborted));
        let mut leaving: Vec<Id> = self.decided.drain().chain(aborted).collect();
        leaving.sort_unstable_by_key(|id| id.plain());
        for id in leaving.split_off(leaving.len() / 2) {
            let table = if id.plain() == id { &mut self.decided } else { &mut self.aborted };
            table.insert(id.plain());
        }
        let Some(first) = leaving.first().map(|id| id.plain()) else { return };
        // Room for an eighth more: the row is moved seldom, and never half empty.
        if self.row.capacity() - self.row.len() < leaving.len() {
            self.row.reserve_exact(leaving.len().max(self.row.len() / 8));
        }
        let begin = self.row.partition_point(|id| id.plain() < first);
        self.row.extend(leaving);
        if let Some(tail) = self.row.get_mut(begin..) {
            tail.sort_by_key(|id| id.plain());
        }
    }
}

impl Id {
    /// The id itself, whatever its version says of how it stands.
    fn plain(self) -> Self {
        self.versioned(7)
    }

    fn with(self, standing: Standing) -> Self {
        self.versioned(if standing == Standing::Aborted { 6 } else { 7 })
    }

    fn versioned(mut self, version: u8) -> Self {
        if let Some(byte) = self.0.get_mut(6) {
            *byte = version << 4 | *byte & 0x0f;
        }
        self
    }
}
