//! An entry as a reader sees it: JSON of whatever version, in which nothing is taken for granted.

use serde_json::Value;
use serde_json::json;

use crate::clock::Timestamp;

/// One entry, read.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its index.
    pub index: u64,
    /// The leaf.
    pub leaf: Value,
    /// The sealed annex; empty: none.
    pub annex: Vec<u8>,
}

impl Seen {
    /// Reads a leaf; one that is no JSON becomes a `null`, which has no members.
    #[must_use]
    pub fn new(index: u64, leaf: &[u8], annex: Vec<u8>) -> Self {
        Self { index, leaf: serde_json::from_slice(leaf).unwrap_or_default(), annex }
    }

    /// A member that is a text.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        self.leaf.get(member)?.as_str()
    }

    /// A member that is a number.
    #[must_use]
    pub fn number(&self, member: &str) -> Option<u64> {
        self.leaf.get(member)?.as_u64()
    }

    /// The kind of entry.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("kind").unwrap_or_default()
    }

    /// How an exchange stands by this entry: what follows `exchange.` in the kind.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.kind().strip_prefix("exchange.")
    }

    /// When it was recorded.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.text("at")?.parse().ok()
    }

    /// The agreement's number.
    #[must_use]
    pub fn agreement(&self) -> Option<&str> {
        let agreement = self.leaf.get("agreement")?;
        agreement.as_str().or_else(|| agreement.get("id")?.as_str())
    }

    /// The clause of the agreement.
    #[must_use]
    pub fn clause(&self) -> Option<u64> {
        self.leaf.get("agreement")?.get("clause")?.as_u64()
    }

    /// The fields that the grant names.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let fields = self.leaf.get("scope").and_then(|scope| scope.get("fields")).and_then(Value::as_array);
        fields.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// For machines: index and leaf.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "index": self.index, "leaf": self.leaf })
    }
}
