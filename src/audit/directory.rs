//! Where the newest entries are found again: by exchange, and by agency in the order of `seq`. In memory, and only so many: what it no
//! longer knows is another's to find ([`super::older`]).

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::id::AgencyId;
use crate::id::ExchangeId;

/// How many entries are known, at most: those of seconds under full load, of an hour as a rule, in some twelve megabytes. The index, which
/// knows the others, is never so far behind.
const KNOWN_MAX: usize = 1 << 16;

/// Where the newest entries are found again.
#[derive(Debug, Default)]
pub struct Directory(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    // Invariant: every entry from this index on that was noted is known, in this order.
    from: u64,
    known: VecDeque<(Arc<str>, Option<ExchangeId>)>,
    exchanges: HashMap<ExchangeId, Vec<(u64, Arc<str>)>>,
    agencies: HashMap<Arc<str>, Chain>,
    // These two are whole, however old.
    undecided: BTreeMap<ExchangeId, Arc<str>>,
    policy: Option<String>,
}

/// The newest part of an agency's chain.
#[derive(Debug)]
struct Chain {
    /// The `seq` of the first that is known.
    first: u64,
    indices: VecDeque<u64>,
}

/// What an entry says that the directory keeps.
pub(super) struct Noted<'a> {
    pub(super) agency: &'a str,
    pub(super) seq: u64,
    pub(super) exchange: Option<ExchangeId>,
    /// Whether it opens the exchange, which then must get another.
    pub(super) opens: bool,
    /// The policies' hash that is in force from here on.
    pub(super) policy: Option<&'a str>,
}

/// The entries found, and before which index nothing is known: what was asked for may stand there, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Indices, in order.
    pub indices: Vec<u64>,
    /// Entries before this one were not looked at; 0: there are no others.
    pub unknown_before: u64,
}

impl Directory {
    pub(super) fn note(&self, index: u64, noted: &Noted<'_>) {
        self.places().note(index, noted);
    }

    /// Becomes the directory after a snapshot, which knows no entry's place; nothing if a name is none.
    pub(super) fn resume(&self, policy: Option<String>, undecided: BTreeMap<String, String>) -> Option<()> {
        let mut parsed = BTreeMap::new();
        for (id, agency) in undecided {
            let agency: AgencyId = agency.parse().ok()?;
            parsed.insert(id.parse().ok()?, Arc::from(agency.as_str()));
        }
        // The first entry that is noted says from where on entries are known: until then none is.
        *self.places() = Places { from: u64::MAX, undecided: parsed, policy, ..Places::default() };
        Some(())
    }

    /// Notes an entry as the committer does before it is written.
    #[cfg(test)]
    pub(super) fn note_unwritten(&self, index: u64, agency: &AgencyId, exchange: ExchangeId) {
        let exchange = Some(exchange);
        self.note(index, &Noted { agency: agency.as_str(), seq: 1, exchange, opens: false, policy: None });
    }

    /// The indices of an exchange's entries, as far as they stand in that agency's chain; in whosever, where none is named.
    #[must_use]
    pub fn of_exchange(&self, id: ExchangeId, whose: Option<&AgencyId>) -> Found {
        let places = self.places();
        let all = places.exchanges.get(&id).map(Vec::as_slice).unwrap_or_default();
        let own = all.iter().filter(|(_, owner)| whose.is_none_or(|agency| **owner == *agency.as_str()));
        Found { indices: own.map(|(index, _)| *index).collect(), unknown_before: places.from }
    }

    /// The indices of an agency's entries after its `seq`, at most so many. If earlier ones are not known, none are told: they come
    /// first.
    #[must_use]
    pub fn of_agency(&self, agency: &AgencyId, after: u64, most: usize) -> Found {
        let places = self.places();
        match places.agencies.get(agency.as_str()) {
            Some(chain) if chain.first <= after.saturating_add(1) => {
                let skipped = usize::try_from(after.saturating_add(1) - chain.first).unwrap_or(usize::MAX);
                let indices = chain.indices.iter().skip(skipped).take(most).copied().collect();
                Found { indices, unknown_before: 0 }
            }
            _ => Found { indices: Vec::new(), unknown_before: places.from },
        }
    }

    /// Exchanges that were opened and have no outcome yet, with the agency in whose chain they stand.
    #[must_use]
    pub fn undecided(&self) -> Vec<(ExchangeId, AgencyId)> {
        let places = self.places();
        places.undecided.iter().filter_map(|(id, agency)| Some((*id, agency.parse().ok()?))).collect()
    }

    /// The same, as a snapshot writes it.
    pub(super) fn undecided_by_id(&self) -> BTreeMap<String, String> {
        let places = self.places();
        places.undecided.iter().map(|(id, agency)| (id.to_string(), agency.to_string())).collect()
    }

    /// The policies' hash that the last `policy.changed` named.
    #[must_use]
    pub fn policy(&self) -> Option<String> {
        self.places().policy.clone()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn note(&mut self, index: u64, noted: &Noted<'_>) {
        if self.known.is_empty() {
            self.from = if self.from == 0 { 0 } else { index };
        }
        let agency = match self.agencies.get_key_value(noted.agency) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(noted.agency),
        };
        let empty = || Chain { first: noted.seq, indices: VecDeque::new() };
        self.agencies.entry(Arc::clone(&agency)).or_insert_with(empty).indices.push_back(index);
        if let Some(policy) = noted.policy {
            self.policy = Some(policy.to_owned());
        }
        if let Some(id) = noted.exchange {
            if noted.opens {
                self.undecided.insert(id, Arc::clone(&agency));
            } else {
                self.undecided.remove(&id);
            }
            self.exchanges
                .entry(id)
                .or_insert_with(|| Vec::with_capacity(1))
                .push((index, Arc::clone(&agency)));
        }
        self.known.push_back((agency, noted.exchange));
        if self.known.len() > KNOWN_MAX {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((agency, exchange)) = self.known.pop_front() else { return };
        let index = self.from;
        self.from += 1;
        if let Some(chain) = self.agencies.get_mut(&agency) {
            chain.indices.pop_front();
            chain.first += 1;
            if chain.indices.is_empty() {
                self.agencies.remove(&agency);
            }
        }
        let Some(id) = exchange else { return };
        if let Some(places) = self.exchanges.get_mut(&id) {
            places.retain(|(own, _)| *own != index);
            if places.is_empty() {
                self.exchanges.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agency(text: &str) -> AgencyId {
        text.parse().unwrap()
    }

    fn noted(agency: &str, seq: u64, exchange: Option<ExchangeId>) -> Noted<'_> {
        Noted { agency, seq, exchange, opens: exchange.is_some(), policy: None }
    }

    #[test]
    fn an_exchange_is_found_by_its_own_agency_only() {
        let directory = Directory::default();
        let id = ExchangeId::new(1, &[1; 10]);
        directory.note(0, &noted("H31.05", 1, Some(id)));
        assert_eq!(
            directory.of_exchange(id, Some(&agency("H31.05"))),
            Found { indices: vec![0], unknown_before: 0 }
        );
        assert!(directory.of_exchange(id, Some(&agency("H31.07"))).indices.is_empty());
    }

    #[test]
    fn what_stood_before_a_snapshot_is_not_known_and_that_is_said() {
        let directory = Directory::default();
        let open = ExchangeId::new(1, &[1; 10]);
        directory.resume(Some("aa".into()), [(open.to_string(), "H31.05".into())].into()).unwrap();
        assert_eq!(directory.of_exchange(open, Some(&agency("H31.05"))).unknown_before, u64::MAX);
        directory.note(100, &noted("H31.05", 8, None));
        assert_eq!(
            directory.of_exchange(open, Some(&agency("H31.05"))),
            Found { indices: vec![], unknown_before: 100 }
        );
        assert_eq!(
            directory.of_agency(&agency("H31.05"), 7, 9),
            Found { indices: vec![100], unknown_before: 0 }
        );
        assert_eq!(
            directory.of_agency(&agency("H31.05"), 6, 9),
            Found { indices: vec![], unknown_before: 100 }
        );
        assert_eq!(directory.of_agency(&agency("H31.07"), 0, 9).unknown_before, 100);
        assert_eq!(directory.undecided(), [(open, agency("H31.05"))]);
        assert_eq!(directory.policy().as_deref(), Some("aa"));
    }

    #[test]
    fn only_so_many_are_known_and_the_oldest_are_forgotten_first() {
        let directory = Directory::default();
        let id = |n: u64| ExchangeId::new(n, &[1; 10]);
        let count = KNOWN_MAX as u64 + 3;
        (0..count).for_each(|n| directory.note(n, &noted("H31", n + 1, Some(id(n)))));
        let of = |n| directory.of_exchange(id(n), Some(&agency("H31")));
        assert_eq!(of(2), Found { indices: vec![], unknown_before: 3 });
        assert_eq!(of(3), Found { indices: vec![3], unknown_before: 3 });
        assert_eq!(directory.of_agency(&agency("H31"), 2, 1).unknown_before, 3);
        assert_eq!(directory.of_agency(&agency("H31"), 3, 1), Found { indices: vec![3], unknown_before: 0 });
        assert_eq!(directory.undecided().len() as u64, count, "these are known however old");
    }
}
