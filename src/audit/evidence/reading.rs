//! One reading of a log's folder: the entries of some exchanges, and what explains them. All of the log is read for them; or an index says
//! where they are, if it has come as far as the log. What it says is where to look and nothing else: the entries are those of the log.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use crate::audit::index::Catalogue;
use crate::clock::Timestamp;
use crate::id::ExchangeId;
use crate::tlog::Entry;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan_from;

use super::indexed;

/// How long an answer may be going out. One of the usual largest size (1 MiB), of which the caller takes each piece (16 KiB) just before it
/// would be cut off (after twice the usual idle time of a minute), is out after two hours and eight minutes.
pub const GOING_OUT: SignedDuration = SignedDuration::from_hours(3);

/// What was found.
#[derive(Debug, Default)]
pub struct Reading {
    /// The entries of the exchanges, in order.
    pub entries: Vec<Found>,
    /// Every `policy.changed`; by an index, those by which the entries were decided.
    pub policies: Vec<Found>,
    /// Every `time.anchored`; by an index, those behind the entries, up to the first that covers them.
    pub anchors: Vec<Found>,
    /// Every entry that names keys which sign answers.
    pub keys: Vec<Found>,
    /// Exchanges with an entry at or beyond that size.
    pub beyond: BTreeSet<ExchangeId>,
    /// Exchanges whose answer may still have been going out [`GOING_OUT`] after their outcome: what follows was found by the index alone.
    pub by_index: BTreeSet<ExchangeId>,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its index.
    pub index: u64,
    /// Itself.
    pub entry: Entry,
}

impl Found {
    /// The leaf as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.entry.leaf).unwrap_or_default()
    }

    /// The exchange it is of.
    #[must_use]
    pub fn exchange(&self) -> Option<ExchangeId> {
        self.json().get("exchange")?.as_str()?.parse().ok()
    }
}

/// The members by which an entry is sorted.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    exchange: Option<&'a str>,
    at: Option<&'a str>,
}

/// What an entry is to a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sorted {
    /// Which of the exchanges that are looked for it is of.
    pub(super) exchange: Option<ExchangeId>,
    pub(super) kind: Kind,
    pub(super) at: Option<Timestamp>,
}

/// The kinds of entry that a case tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `exchange.opened`.
    Opened,
    /// `exchange.aborted` and `exchange.orphaned`: nothing of the exchange follows.
    Last,
    /// `node.started` and `log.closed`: whatever was under way before is no longer.
    Settled,
    /// `policy.changed`.
    Policy,
    /// `time.anchored`.
    Anchor,
    /// `log.opened`.
    Keys,
    Other,
}

impl Sorted {
    /// Reads a leaf; none if it is none.
    pub(super) fn of(leaf: &[u8], wanted: &BTreeSet<ExchangeId>) -> Option<Self> {
        let members: Members<'_> = serde_json::from_slice(leaf).ok()?;
        let kind = match &*members.kind {
            "exchange.opened" => Kind::Opened,
            "exchange.aborted" | "exchange.orphaned" => Kind::Last,
            "node.started" | "log.closed" => Kind::Settled,
            "policy.changed" => Kind::Policy,
            "time.anchored" => Kind::Anchor,
            "log.opened" => Kind::Keys,
            _ => Kind::Other,
        };
        let exchange = members.exchange.and_then(|id| id.parse().ok()).filter(|id| wanted.contains(id));
        Some(Self { exchange, kind, at: members.at.and_then(|at| at.parse().ok()) })
    }
}

/// Where entries are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The log's folder.
    pub log: &'a Path,
    /// An index of it, if there is one.
    pub index: Option<&'a dyn Catalogue>,
}

impl<'a> Lookup<'a> {
    /// All of the log is read.
    #[must_use]
    pub fn through(log: &'a Path) -> Self {
        Self { log, index: None }
    }
}

impl Reading {
    /// Reads the log up to `size` entries, looking for exchanges: by the index, if it has come so far and is one of this log; else all of it.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn of(lookup: Lookup<'_>, exchanges: &BTreeSet<ExchangeId>, size: u64) -> Result<Self, ReadError> {
        if let Some(index) = lookup.index
            && let Some(found) = indexed::read(lookup.log, index, exchanges, size)?
        {
            return Ok(found);
        }
        Self::scanned(lookup.log, 0, exchanges, size)
    }

    /// Reads every entry from the first on.
    pub(super) fn scanned(
        log: &Path,
        first: u64,
        exchanges: &BTreeSet<ExchangeId>,
        size: u64,
    ) -> Result<Self, ReadError> {
        let mut reading = Self::default();
        for item in scan_from(log, first) {
            let (index, entry, _) = item?;
            if let Some(sorted) = Sorted::of(&entry.leaf, exchanges) {
                reading.take(Found { index, entry }, sorted, size);
            }
        }
        Ok(reading)
    }

    /// Keeps an entry, if it is of a case.
    pub(super) fn take(&mut self, found: Found, sorted: Sorted, size: u64) {
        if found.index >= size {
            self.beyond.extend(sorted.exchange);
            return;
        }
        let kept = match sorted.kind {
            _ if sorted.exchange.is_some() => &mut self.entries,
            Kind::Policy => &mut self.policies,
            Kind::Anchor => &mut self.anchors,
            Kind::Keys => &mut self.keys,
            Kind::Opened | Kind::Last | Kind::Settled | Kind::Other => return,
        };
        kept.push(found);
    }

    /// Takes in what was read elsewhere; what both have is kept once.
    pub(super) fn add(&mut self, other: Self) {
        let pairs = [
            (&mut self.entries, other.entries),
            (&mut self.policies, other.policies),
            (&mut self.anchors, other.anchors),
            (&mut self.keys, other.keys),
        ];
        for (kept, more) in pairs {
            kept.extend(more);
            kept.sort_by_key(|found| found.index);
            kept.dedup_by_key(|found| found.index);
        }
        self.beyond.extend(other.beyond);
        self.by_index.extend(other.by_index);
    }

    /// The entry that put the policies into force under which a leaf was decided.
    #[must_use]
    pub fn policy_of(&self, index: u64, leaf: &Value) -> Option<&Found> {
        let hash = leaf.get("policy")?.as_str()?;
        let before = self.policies.iter().rev().filter(|policy| policy.index < index);
        before.into_iter().find(|policy| policy.json().get("new").and_then(Value::as_str) == Some(hash))
    }

    /// The file of those policies whose `id` is this one, in the folder of its kind: its name, and its bytes as kept.
    #[must_use]
    pub fn policy_file(&self, log: &Path, policy: &Found, kind: &str, id: &str) -> Option<(String, Vec<u8>)> {
        let json = policy.json();
        // Those of a large set stand in a list of their own.
        let listed = json.get("listing").and_then(Value::as_str).and_then(|name| object(log, name));
        let listed: Option<Value> = listed.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let files = listed.as_ref().or_else(|| json.get("files"))?.as_object()?;
        let of_kind = files.iter().filter(|(name, _)| name.starts_with(kind));
        of_kind.filter_map(|(name, hash)| Some((name, object(log, hash.as_str()?)?))).find_map(
            |(name, bytes)| {
                let table: toml::Table = std::str::from_utf8(&bytes).ok()?.parse().ok()?;
                (table.get("id")?.as_str()? == id).then(|| (name.clone(), bytes))
            },
        )
    }

    /// The agency that provides the service a leaf names, by the policies that decided.
    #[must_use]
    pub fn provider(&self, log: &Path, leaf: &Value) -> Option<String> {
        let service = leaf.get("service")?.as_str()?;
        let policy = self.policy_of(u64::MAX, leaf)?;
        let (_, bytes) = self.policy_file(log, policy, "services/", service)?;
        let table: toml::Table = std::str::from_utf8(&bytes).ok()?.parse().ok()?;
        Some(table.get("provider")?.as_str()?.to_owned())
    }
}

/// An object of the log by its name, if it is there and whole.
#[must_use]
pub fn object(log: &Path, name: &str) -> Option<Vec<u8>> {
    let is_name = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = std::fs::read(log.join("objects").join(name)).ok().filter(|_| is_name)?;
    (crate::crypto::digest::hex(&crate::crypto::digest::sha256(&bytes)) == name).then_some(bytes)
}
