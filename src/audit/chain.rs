//! What only the order can tell: the time of an entry, its number among its agency's, and that agency's entry before it.
//!
//! One agency's entries form a chain of their own, so that they can be handed over and checked without the others'.
//! The committer calls [`Chains::observe`] for every entry, on the normal road and on recovery alike.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Deserialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::id::NotAName;
use crate::tlog::Entry;
use crate::tlog::Sequencer;

use super::record::Draft;

/// Gives drafts their place in the chains.
#[derive(Debug)]
pub struct Chains {
    last: Option<Timestamp>,
    heads: HashMap<String, Head>,
    directory: Arc<Directory>,
}

/// The last entry of one agency's chain.
#[derive(Debug, Clone, Copy)]
struct Head {
    seq: u64,
    leaf: Hash,
}

/// Where entries are found again: by exchange, and by agency in the order of `seq`. Lives in memory, rebuilt on every start.
#[derive(Debug, Default)]
pub struct Directory(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    exchanges: HashMap<ExchangeId, (Arc<str>, Vec<u64>)>,
    agencies: HashMap<Arc<str>, Vec<u64>>,
    undecided: HashSet<ExchangeId>,
    policy: Option<String>,
}

/// The members of a leaf that the chains need. Unknown members are left alone.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    agency: std::borrow::Cow<'a, str>,
    exchange: Option<&'a str>,
    seq: u64,
    at: &'a str,
    new: Option<&'a str>,
}

impl Chains {
    /// Chains without entries, which note in `directory` where entries are.
    #[must_use]
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { last: None, heads: HashMap::new(), directory }
    }

    /// Never goes back, whatever the clock does.
    fn time(&self, now: Timestamp) -> Timestamp {
        self.last.map_or(now, |last| last.max(now))
    }
}

impl Sequencer for Chains {
    type Draft = Draft;

    fn finish(&mut self, _index: u64, now: Timestamp, draft: Draft) -> Entry {
        let Draft { chain, mut members, annex } = draft;
        let head = self.heads.get(chain.as_str());
        members.insert("at".to_owned(), Value::from(rfc3339_millis(self.time(now))));
        members.insert("seq".to_owned(), Value::from(head.map_or(0, |head| head.seq) + 1));
        if let Some(head) = head {
            members.insert("prev".to_owned(), Value::from(hex(&head.leaf)));
        }
        Entry { leaf: Value::Object(members).to_string().into_bytes(), annex }
    }

    fn observe(&mut self, index: u64, entry: &Entry, leaf_hash: &Hash) -> Result<(), String> {
        let members: Members<'_> = serde_json::from_slice(&entry.leaf).map_err(|fault| fault.to_string())?;
        let at: Timestamp =
            members.at.parse().map_err(|_| format!("`{}` is not a time", members.at.escape_default()))?;
        if self.last.is_some_and(|last| at < last) {
            return Err("the time goes back".to_owned());
        }
        let expected = self.heads.get(&*members.agency).map_or(0, |head| head.seq) + 1;
        if members.seq != expected {
            return Err(format!("`seq` is {} where {expected} follows", members.seq));
        }
        let exchange =
            members.exchange.map(str::parse).transpose().map_err(|fault: NotAName| fault.to_string())?;
        // Nothing is refused below this line: a refused entry must leave no trace.
        self.last = Some(at);
        self.heads.insert(members.agency.clone().into_owned(), Head { seq: members.seq, leaf: *leaf_hash });
        self.directory.note(index, &members, exchange);
        Ok(())
    }
}

impl Directory {
    fn note(&self, index: u64, members: &Members<'_>, exchange: Option<ExchangeId>) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let agency = match places.agencies.get_key_value(&*members.agency) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(&*members.agency),
        };
        places.agencies.entry(Arc::clone(&agency)).or_default().push(index);
        if members.kind == "policy.changed" {
            places.policy = members.new.map(str::to_owned);
        }
        let Some(id) = exchange else { return };
        if members.kind == "exchange.opened" {
            places.undecided.insert(id);
        } else {
            places.undecided.remove(&id);
        }
        places.exchanges.entry(id).or_insert_with(|| (agency, Vec::with_capacity(1))).1.push(index);
    }

    /// Notes an entry as the committer does before it is written.
    #[cfg(test)]
    pub(super) fn note_unwritten(&self, index: u64, agency: &AgencyId, exchange: ExchangeId) {
        let kind = "exchange.refused".into();
        let members =
            Members { kind, agency: agency.as_str().into(), exchange: None, seq: 1, at: "", new: None };
        self.note(index, &members, Some(exchange));
    }

    /// The indices of an exchange's entries, if it stands in that agency's chain.
    #[must_use]
    pub fn of_exchange(&self, id: ExchangeId, agency: &AgencyId) -> Option<Vec<u64>> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (owner, indices) = places.exchanges.get(&id)?;
        (**owner == *agency.as_str()).then(|| indices.clone())
    }

    /// The indices of an agency's entries after its `seq`, at most so many.
    #[must_use]
    pub fn of_agency(&self, agency: &AgencyId, after: u64, most: usize) -> Vec<u64> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        let all = places.agencies.get(agency.as_str()).map(Vec::as_slice).unwrap_or_default();
        all.iter().skip(skipped).take(most).copied().collect()
    }

    /// Exchanges that were opened and have no outcome yet, with the agency in whose chain they stand.
    #[must_use]
    pub fn undecided(&self) -> Vec<(ExchangeId, AgencyId)> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = |id: &ExchangeId| places.exchanges.get(id).and_then(|(agency, _)| agency.parse().ok());
        let mut all: Vec<_> = places.undecided.iter().filter_map(|id| Some((*id, owner(id)?))).collect();
        all.sort();
        all
    }

    /// The policies' hash that the last `policy.changed` named.
    #[must_use]
    pub fn policy(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).policy.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::record::Record;

    fn draft(agency: &str, id: Option<ExchangeId>) -> Draft {
        Draft::new(agency.parse().unwrap(), id, &Record::Orphaned {}, Vec::new()).unwrap()
    }

    fn put(chains: &mut Chains, index: u64, millis: i64, draft: Draft) -> Value {
        let entry = chains.finish(index, Timestamp::from_millisecond(millis).unwrap(), draft);
        chains.observe(index, &entry, &[u8::try_from(index).unwrap(); 32]).unwrap();
        serde_json::from_slice(&entry.leaf).unwrap()
    }

    #[test]
    fn each_agency_has_a_gapless_chain_of_its_own() {
        let mut chains = Chains::new(Arc::default());
        let first = put(&mut chains, 0, 0, draft("H31.01.01", None));
        put(&mut chains, 1, 0, draft("H31.05", None));
        let second = put(&mut chains, 2, 0, draft("H31.01.01", None));
        assert_eq!((first["seq"].as_u64(), first.get("prev")), (Some(1), None));
        assert_eq!((second["seq"].as_u64(), second["prev"].as_str()), (Some(2), Some(&*"00".repeat(32))));
    }

    #[test]
    fn time_stands_still_rather_than_going_back() {
        let mut chains = Chains::new(Arc::default());
        put(&mut chains, 0, 5_000, draft("H31", None));
        assert_eq!(put(&mut chains, 1, 4_000, draft("H31", None))["at"], "1970-01-01T00:00:05.000Z");
    }

    #[test]
    fn an_exchange_is_found_by_its_own_agency_only() {
        let directory = Arc::new(Directory::default());
        let mut chains = Chains::new(Arc::clone(&directory));
        let id = ExchangeId::new(1, &[1; 10]);
        put(&mut chains, 0, 0, draft("H31.05", Some(id)));
        assert_eq!(directory.of_exchange(id, &"H31.05".parse().unwrap()), Some(vec![0]));
        assert_eq!(directory.of_exchange(id, &"H31.07".parse().unwrap()), None);
    }
}
