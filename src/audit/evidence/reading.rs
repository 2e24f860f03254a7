//! One reading of a log's folder: the entries of some exchanges, and what explains them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::id::ExchangeId;
use crate::tlog::Entry;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan;

/// What was found.
#[derive(Debug, Default)]
pub struct Reading {
    /// The entries of the exchanges, in order.
    pub entries: Vec<Found>,
    /// Every `policy.changed`.
    pub policies: Vec<Found>,
    /// Every `time.anchored`.
    pub anchors: Vec<Found>,
    /// Every `month.forgotten`.
    pub forgotten: Vec<Found>,
    /// Every entry that names keys which sign answers.
    pub keys: Vec<Found>,
    /// Exchanges with an entry at or beyond that size.
    pub beyond: BTreeSet<ExchangeId>,
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
}

impl Reading {
    /// Reads the log up to `size` entries, looking for exchanges.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn of(log: &Path, exchanges: &BTreeSet<ExchangeId>, size: u64) -> Result<Self, ReadError> {
        let mut reading = Self::default();
        for item in scan(log) {
            let (index, entry, _) = item?;
            reading.take(index, entry, exchanges, size);
        }
        Ok(reading)
    }

    fn take(&mut self, index: u64, entry: Entry, wanted: &BTreeSet<ExchangeId>, size: u64) {
        let within = index < size;
        let Ok(members) = serde_json::from_slice::<Members<'_>>(&entry.leaf) else { return };
        let exchange = members.exchange.and_then(|id| id.parse().ok()).filter(|id| wanted.contains(id));
        if !within {
            self.beyond.extend(exchange);
            return;
        }
        let kept = match &*members.kind {
            _ if exchange.is_some() => &mut self.entries,
            "policy.changed" => &mut self.policies,
            "time.anchored" => &mut self.anchors,
            "month.forgotten" => &mut self.forgotten,
            "log.opened" => &mut self.keys,
            _ => return,
        };
        kept.push(Found { index, entry });
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
