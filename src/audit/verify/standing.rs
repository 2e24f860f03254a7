//! How exchanges stand. Those that are decided are many, and each is kept in sixteen bytes.
//!
//! Ids begin with the time, and an exchange's entries are written close together: ids stand in one sorted row, and a new one is nearly
//! always put at its end, or a little before. One that belongs far back waits in a table with others, until they are sorted in together;
//! so whatever the order of ids, none costs more than a few steps. With the row's spare room that is at most 18 bytes an exchange, and
//! the table besides, which has a fixed size.

use std::collections::HashMap;

use super::leaf::Agency;
use super::leaf::Id;
use super::wrong::BadStanding;

/// Exchanges in the table before they are sorted into the row: about ten megabytes.
const LATE_MAX: usize = 1 << 18;

/// Ids at the end of the row before which a new one is put at once: moving as many costs no more than a few steps in the table. At
/// 10,000 exchanges a second they are those of a tenth of a second.
const NEAR: usize = 1 << 10;

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
        if is_open {
            self.open.remove(&id);
        }
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
    // Invariant: in order; the version of one that was aborted is 6 in place of 7.
    row: Vec<Id>,
    // Invariant: none of them stands in the row, and the last of the row is behind all of them.
    late: HashMap<Id, Standing>,
}

impl Decided {
    fn get(&self, id: Id) -> Option<Standing> {
        let found = self.place(id).map(|place| self.row.get(place));
        match found {
            Ok(found) => found.map(|found| found.standing()),
            // Nothing is late that would stand at the end.
            Err(place) if place == self.row.len() => None,
            Err(_) => self.late.get(&id).copied(),
        }
    }

    /// Where an exchange stands in the row; or else, where it would. It is looked for from the end, in strides that double.
    fn place(&self, id: Id) -> Result<usize, usize> {
        let (mut end, mut stride) = (self.row.len(), 1);
        while let Some(begin) = end.checked_sub(stride)
            && self.row.get(begin).is_some_and(|other| other.plain() > id)
        {
            (end, stride) = (begin, stride * 2);
        }
        let begin = end.saturating_sub(stride);
        let near = self.row.get(begin..end).unwrap_or_default();
        let place = near.binary_search_by_key(&id, |other| other.plain());
        place.map(|place| begin + place).map_err(|place| begin + place)
    }

    fn put(&mut self, id: Id, standing: Standing) {
        match self.place(id) {
            Ok(place) => self.row.get_mut(place).into_iter().for_each(|place| *place = id.with(standing)),
            Err(place) if self.row.len() - place < NEAR && !self.late.contains_key(&id) => {
                self.make_room(1);
                self.row.insert(place, id.with(standing));
            }
            Err(_) => {
                self.late.insert(id, standing);
            }
        }
        if self.late.len() >= LATE_MAX {
            self.settle();
        }
    }

    /// Sorts the table into the row.
    fn settle(&mut self) {
        let mut late: Vec<Id> = self.late.drain().map(|(id, standing)| id.with(standing)).collect();
        late.sort_unstable_by_key(|id| id.plain());
        let Some(first) = late.first().map(|id| id.plain()) else { return };
        self.make_room(late.len());
        let begin = self.row.partition_point(|id| id.plain() < first);
        self.row.extend(late);
        if let Some(tail) = self.row.get_mut(begin..) {
            tail.sort_by_key(|id| id.plain());
        }
    }

    /// Room for so many, and for an eighth more: the row is moved seldom, and never half empty.
    fn make_room(&mut self, count: usize) {
        if self.row.capacity() - self.row.len() < count {
            self.row.reserve_exact(count.max(self.row.len() / 8));
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

    fn standing(self) -> Standing {
        if self.plain() == self { Standing::Decided } else { Standing::Aborted }
    }

    fn versioned(mut self, version: u8) -> Self {
        if let Some(byte) = self.0.get_mut(6) {
            *byte = version << 4 | *byte & 0x0f;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn id(number: u64) -> Id {
        let mut id = Id([0; 16]).plain();
        id.0[8..].copy_from_slice(&number.to_be_bytes());
        id
    }

    proptest! {
        #[test]
        fn how_exchanges_stand_is_remembered_wherever_in_the_row_they_belong(
            puts in proptest::collection::vec((0_u64..6_000, any::<bool>()), 1..400),
            settles in proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
        ) {
            // A row that is longer than what is near, so that some come late.
            let (mut decided, mut all) = (Decided::default(), HashMap::new());
            for number in (0..6_000).step_by(2) {
                decided.put(id(number), Standing::Decided);
                all.insert(number, Standing::Decided);
            }
            let settles: Vec<usize> = settles.iter().map(|at| at.index(puts.len())).collect();
            for (at, (number, is_aborted)) in puts.into_iter().enumerate() {
                let standing = if is_aborted { Standing::Aborted } else { Standing::Decided };
                decided.put(id(number), standing);
                all.insert(number, standing);
                if settles.contains(&at) {
                    decided.settle();
                }
            }
            for number in 0..6_001 {
                prop_assert_eq!(decided.get(id(number)), all.get(&number).copied());
            }
            prop_assert!(decided.row.is_sorted_by_key(|id| id.plain()));
        }
    }
}
