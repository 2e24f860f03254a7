//! A question as SQL. Only names of our own columns are written into it; every value is bound.

use tokio_postgres::types::ToSql;

use crate::audit::index::column::Column;
use crate::audit::index::column::Holds;
use crate::audit::index::column::Value;
use crate::audit::index::wanted::Wanted;

type Bound = Box<dyn ToSql + Sync + Send>;

/// What follows `WHERE`, and its values.
pub(super) struct Ask {
    pub(super) condition: String,
    values: Vec<Bound>,
}

impl Ask {
    /// Nothing if no row can be wanted.
    pub(super) fn of(wanted: &Wanted, log: i32, first: i64, end: i64) -> Option<Self> {
        let mut ask = Self {
            condition: "log = $1 AND idx >= $2 AND idx < $3".to_owned(),
            values: vec![Box::new(log), Box::new(first), Box::new(end)],
        };
        for (column, values) in &wanted.is {
            if values.is_empty() {
                return None;
            }
            ask.values.push(bound(*column, values));
            let place = ask.values.len();
            ask.condition.push_str(&format!(" AND {} = ANY(${place})", column.name()));
        }
        Some(ask)
    }

    /// The values, as they are handed over.
    pub(super) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}

/// A value of another kind than the column's stands in no row.
fn bound(column: Column, values: &[Value]) -> Bound {
    match column.holds() {
        Holds::Word => Box::new(values.iter().filter_map(word).collect::<Vec<_>>()),
        Holds::Number => Box::new(values.iter().filter_map(number).collect::<Vec<_>>()),
        Holds::Bytes => Box::new(values.iter().filter_map(bytes).collect::<Vec<_>>()),
    }
}

/// A text that PostgreSQL can hold: it knows no U+0000, which is written out in its place.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::Word(text) => Some(text.replace('\0', "\\u0000")),
        Value::Number(_) | Value::Bytes(_) => None,
    }
}

pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Word(_) | Value::Bytes(_) => None,
    }
}

pub(super) fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        Value::Word(_) | Value::Number(_) => None,
    }
}
