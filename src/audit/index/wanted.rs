//! Which rows are asked for: a span, and for some columns the values that will do.

use super::column::Column;
use super::column::Value;
use super::row::Row;

/// Which rows are asked for. The default: all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// From this time on: milliseconds since 1970.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// From this index on.
    pub first: u64,
    /// Before this index.
    pub end: u64,
    /// What must stand in which column: one of the values. No value: no row.
    pub is: Vec<(Column, Vec<Value>)>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { since: None, until: None, first: 0, end: u64::MAX, is: Vec::new() }
    }
}

impl Wanted {
    /// The same, where a column must also have one of these values.
    #[must_use]
    pub fn and(mut self, column: Column, values: Vec<Value>) -> Self {
        self.is.push((column, values));
        self
    }

    /// Whether a row is among them.
    #[must_use]
    pub fn takes(&self, row: &Row) -> bool {
        let in_time =
            self.since.is_none_or(|since| row.at >= since) && self.until.is_none_or(|until| row.at < until);
        let is = |(column, values): &(Column, Vec<Value>)| {
            row.get(*column).is_some_and(|found| values.contains(found))
        };
        in_time && (self.first..self.end).contains(&row.index) && self.is.iter().all(is)
    }
}
