//! What only the order can tell: the time of an entry, its number among its agency's, and that agency's entry before it.
//!
//! One agency's entries form a chain of their own, so that they can be handed over and checked without the others'.
//! The committer calls [`Chains::observe`] for every entry, on the normal road and on recovery alike.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::unhex;
use crate::id::ExchangeId;
use crate::id::NotAName;
use crate::tlog::Entry;
use crate::tlog::Sequencer;

use super::charged;
use super::charged::Charged;
use super::directory::Directory;
use super::directory::Noted;
use super::months::month_of;
use super::record::Draft;

/// Gives drafts their place in the chains.
#[derive(Debug)]
pub struct Chains {
    last: Option<Timestamp>,
    heads: HashMap<String, Head>,
    directory: Arc<Directory>,
    charged: Arc<Charged>,
    /// The log that follows, once this one is closed for good. In no snapshot: nothing stands behind that entry, so that it is read at
    /// every start.
    successor: Option<String>,
}

/// The last entry of one agency's chain.
#[derive(Debug, Clone, Copy)]
struct Head {
    seq: u64,
    leaf: Hash,
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
    #[serde(borrow)]
    agreement: Option<Agreement<'a>>,
    charged: Option<&'a str>,
}

#[derive(Deserialize)]
struct Agreement<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
}

impl Chains {
    /// Chains without entries, which note in `directory` where entries are, and in `charged` what was charged by them.
    #[must_use]
    pub fn new(directory: Arc<Directory>, charged: Arc<Charged>) -> Self {
        Self { last: None, heads: HashMap::new(), directory, charged, successor: None }
    }

    /// Never goes back, whatever the clock does.
    fn time(&self, now: Timestamp) -> Timestamp {
        self.last.map_or(now, |last| last.max(now))
    }
}

impl Sequencer for Chains {
    type Draft = Draft;

    fn finish(&mut self, _index: u64, now: Timestamp, draft: Draft) -> Entry {
        let head = self.heads.get(draft.chain.as_str());
        let seq = head.map_or(0, |head| head.seq) + 1;
        let leaf = draft.leaf(self.time(now), seq, head.map(|head| &head.leaf));
        Entry { leaf, annex: draft.annex }
    }

    fn observe(&mut self, index: u64, entry: &Entry, leaf_hash: &Hash) -> Result<(), String> {
        if let Some(successor) = &self.successor {
            return Err(format!("the log was closed for good, and {successor} follows it"));
        }
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
        let charge = members.charge()?;
        if members.kind == "quotas.carried" {
            self.charged.carry(&entry.leaf)?;
        }
        // Nothing is refused below this line: a refused entry must leave no trace.
        self.last = Some(at);
        self.heads.insert(members.agency.clone().into_owned(), Head { seq: members.seq, leaf: *leaf_hash });
        self.directory.note(index, &Noted::of(&members, exchange));
        if let Some((agreement, day)) = charge {
            self.charged.count(agreement, &members.agency, day);
        }
        self.successor = (members.kind == "log.closed").then(|| successor(&entry.leaf));
        Ok(())
    }

    fn successor(&self) -> Option<&str> {
        self.successor.as_deref()
    }

    fn shelf(entry: &Entry) -> String {
        shelf(entry).unwrap_or_default()
    }

    fn snapshot(&self) -> Value {
        serde_json::to_value(self.state()).unwrap_or_default()
    }

    fn restore(&mut self, state: &Value) -> Result<(), String> {
        let state = State::deserialize(state).map_err(|fault| fault.to_string())?;
        self.resume(state).ok_or_else(|| "its state names what is none".to_owned())
    }
}

impl Members<'_> {
    /// Towards which agreement's quotas the entry counts, and on which day.
    fn charge(&self) -> Result<Option<(&str, Date)>, String> {
        let Some(day) = self.charged else { return Ok(None) };
        let day = day.parse().map_err(|_| format!("`{}` is not a day", day.escape_default()))?;
        let agreement = self.agreement.as_ref().ok_or("what is charged has no agreement")?;
        Ok(Some((&agreement.id, day)))
    }
}

impl<'a> Noted<'a> {
    fn of(members: &'a Members<'_>, exchange: Option<ExchangeId>) -> Self {
        let policy = if members.kind == "policy.changed" { members.new } else { None };
        let opens = members.kind == "exchange.opened";
        Self { agency: &members.agency, seq: members.seq, exchange, opens, policy }
    }
}

/// What a snapshot says of the chains.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    agencies: BTreeMap<String, Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Absent in snapshots of programs that did not count.
    #[serde(default)]
    charged: charged::State,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    undecided: BTreeMap<String, String>,
}

/// The end of one agency's chain.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    prev: String,
    seq: u64,
}

impl Chains {
    fn state(&self) -> State {
        let link = |head: &Head| Link { prev: hex(&head.leaf), seq: head.seq };
        State {
            agencies: self.heads.iter().map(|(agency, head)| (agency.clone(), link(head))).collect(),
            at: self.last.map(rfc3339_millis),
            charged: self.charged.state(),
            policy: self.directory.policy(),
            undecided: self.directory.undecided_by_id(),
        }
    }

    fn resume(&mut self, state: State) -> Option<()> {
        let mut heads = HashMap::new();
        for (agency, Link { prev, seq }) in state.agencies {
            heads.insert(agency, Head { seq, leaf: unhex(&prev)? });
        }
        let at = state.at.map(|at| at.parse()).transpose().ok()?;
        self.charged.resume(state.charged)?;
        self.directory.resume(state.policy, state.undecided)?;
        (self.heads, self.last) = (heads, at);
        Some(())
    }
}

/// The origin of the log that follows the one which this leaf closes.
fn successor(leaf: &[u8]) -> String {
    let leaf: Value = serde_json::from_slice(leaf).unwrap_or_default();
    leaf.pointer("/successor/origin").and_then(Value::as_str).unwrap_or("?").to_owned()
}

/// The month (UTC) in which the exchange began; for what is no exchange, in which it was written.
fn shelf(entry: &Entry) -> Option<String> {
    let members: Members<'_> = serde_json::from_slice(&entry.leaf).ok()?;
    let began = match members.exchange {
        Some(id) => month_of(id.parse().ok()?),
        None => members.at.get(..7)?.to_owned(),
    };
    Some(began)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::record::Exchange;
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
        let mut chains = Chains::new(Arc::default(), Arc::default());
        let first = put(&mut chains, 0, 0, draft("H31.01.01", None));
        put(&mut chains, 1, 0, draft("H31.05", None));
        let second = put(&mut chains, 2, 0, draft("H31.01.01", None));
        assert_eq!((first["seq"].as_u64(), first.get("prev")), (Some(1), None));
        assert_eq!((second["seq"].as_u64(), second["prev"].as_str()), (Some(2), Some(&*"00".repeat(32))));
    }

    #[test]
    fn time_stands_still_rather_than_going_back() {
        let mut chains = Chains::new(Arc::default(), Arc::default());
        put(&mut chains, 0, 5_000, draft("H31", None));
        assert_eq!(put(&mut chains, 1, 4_000, draft("H31", None))["at"], "1970-01-01T00:00:05.000Z");
    }

    #[test]
    fn chains_that_were_snapshotted_and_restored_go_on_as_if_nothing_had_been() {
        let id = ExchangeId::new(1_790_000_000_000, &[1; 10]);
        let opened =
            Draft::new("H31.05".parse().unwrap(), Some(id), &Record::Opened(Exchange::default()), Vec::new());
        let mut chains = Chains::new(Arc::default(), Arc::default());
        put(&mut chains, 0, 5_000, draft("H31", None));
        put(&mut chains, 1, 6_000, opened.unwrap());
        let state = chains.snapshot();
        let directory = Arc::new(Directory::default());
        let mut restored = Chains::new(Arc::clone(&directory), Arc::default());
        restored.restore(&state).unwrap();
        assert_eq!(restored.snapshot(), state);
        assert_eq!(directory.undecided(), [(id, "H31.05".parse().unwrap())]);
        let next = || draft("H31.05", Some(id));
        assert_eq!(put(&mut restored, 2, 4_000, next()), put(&mut chains, 2, 4_000, next()));
        assert!(directory.undecided().is_empty());
        assert!(restored.restore(&serde_json::json!({"agencies": {}})).is_err());
    }

    #[test]
    fn an_annex_is_kept_on_the_shelf_of_the_month_in_which_its_exchange_began() {
        let mut chains = Chains::new(Arc::default(), Arc::default());
        // The last millisecond of November 2026, and a minute later.
        let id = ExchangeId::new(1_796_083_199_999, &[1; 10]);
        let later = Timestamp::from_second(1_796_083_260).unwrap();
        let entry = chains.finish(0, later, draft("H31", Some(id)));
        assert_eq!(Chains::shelf(&entry), "2026-11");
        assert_eq!(Chains::shelf(&chains.finish(0, later, draft("H31", None))), "2026-12");
        assert_eq!(Chains::shelf(&Entry::default()), "");
    }
}
