//! The order to forget a month: a small JSON document that two operators sign, each with a certificate of their own.

use serde::Deserialize;
use serde::Serialize;

use crate::audit::index::Month;
use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::id::Origin;

/// The version of the document: its `v`.
pub const FORMAT: &str = "phohien-forget/1";

/// The longest reason, in bytes: a paragraph.
const REASON_BYTES_MAX: usize = 2_000;

/// An order. There is one way to write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    v: String,
    /// In which log.
    origin: String,
    /// Which month (UTC): `2026-10`.
    month: String,
    /// Why, for people: on which ground. It is kept with the log, so it names nobody.
    reason: String,
    /// When it was drawn up.
    at: String,
}

/// Why a text is no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOrder {
    /// It is not the document.
    #[error("it is not an order of the form `phohien-forget/1`, as it is written")]
    Unreadable,
    /// It does not say why.
    #[error("it says no reason, or one that is too long")]
    Reason,
    /// Its month is none.
    #[error("it names no month such as 2026-10")]
    Month,
}

impl Order {
    /// Draws up an order.
    ///
    /// # Errors
    /// No reason, or one that is too long.
    pub fn new(origin: &Origin, month: Month, reason: &str, at: Timestamp) -> Result<Self, NotAnOrder> {
        let order = Self {
            v: FORMAT.to_owned(),
            origin: origin.to_string(),
            month: month.to_string(),
            reason: reason.trim().to_owned(),
            at: rfc3339_millis(at),
        };
        order.checked()
    }

    /// Reads an order, in its only spelling: what two people signed must not be readable in two ways.
    ///
    /// # Errors
    /// See [`NotAnOrder`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAnOrder> {
        let order: Self = serde_json::from_slice(bytes).map_err(|_| NotAnOrder::Unreadable)?;
        if order.v != FORMAT || order.text().as_bytes() != bytes {
            return Err(NotAnOrder::Unreadable);
        }
        order.checked()
    }

    fn checked(self) -> Result<Self, NotAnOrder> {
        if self.reason.is_empty() || self.reason.len() > REASON_BYTES_MAX {
            return Err(NotAnOrder::Reason);
        }
        self.month.parse::<Month>().map_err(|_| NotAnOrder::Month)?;
        Ok(self)
    }

    /// The document, byte for byte as it is signed.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// In which log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Which month.
    ///
    /// # Errors
    /// Never for an order that was read or drawn up.
    pub fn month(&self) -> Result<Month, NotAnOrder> {
        self.month.parse().map_err(|_| NotAnOrder::Month)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(reason: &str) -> Result<Order, NotAnOrder> {
        let at = "2026-11-26T02:00:00Z".parse().unwrap();
        Order::new(&"gw1.example/2026".parse().unwrap(), "2026-10".parse().unwrap(), reason, at)
    }

    #[test]
    fn an_order_has_one_spelling() {
        let text = order("Hết thời hạn lưu trữ").unwrap().text();
        assert_eq!(Order::parse(text.as_bytes()).unwrap().month().unwrap().to_string(), "2026-10");
        for (from, to) in [
            ("phohien-forget/1", "phohien-forget/2"),
            ("2026-10", "2026-13"),
            ("2026-10", "2026-1"),
            ("\n", " "),
            ("\"month\"", "\"month\": \"2026-09\",\n  \"month\""),
            ("Hết", ""),
            ("\"v\"", "\"w\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text);
            let read = Order::parse(other.as_bytes());
            assert!(read.is_err() || from == "Hết", "{from} -> {to}: {read:?}");
        }
    }

    #[test]
    fn an_order_without_a_reason_is_none() {
        assert_eq!(order("  "), Err(NotAnOrder::Reason));
        assert_eq!(order(&"x".repeat(REASON_BYTES_MAX + 1)), Err(NotAnOrder::Reason));
    }
}
