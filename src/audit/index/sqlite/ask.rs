//! A question as SQL. Only names of our own columns are written into it; every value is bound.

use rusqlite::Connection;
use rusqlite::types::Value as Cell;

use crate::audit::index::IndexError;
use crate::audit::index::column::Column;
use crate::audit::index::column::Value;
use crate::audit::index::wanted::Wanted;

use super::words::Words;
use super::write::POSTED;

/// What follows `FROM`, but for the span of indices: `?1` and `?2`, which each block sets.
#[derive(Debug)]
pub(super) struct Ask {
    /// Whether only the entries of some keys are looked at: then `?3` is the block.
    pub(super) by_posting: bool,
    /// `FROM … WHERE …`.
    pub(super) from: String,
    /// Values from `?4` on.
    pub(super) values: Vec<Cell>,
}

impl Ask {
    /// Nothing if no row can be wanted: a text that no entry has.
    pub(super) fn of(
        wanted: &Wanted,
        connection: &Connection,
        words: &mut Words,
    ) -> Result<Option<Self>, IndexError> {
        let mut ask = Self { by_posting: false, from: String::new(), values: Vec::new() };
        let mut conditions = vec!["e.idx >= ?1 AND e.idx < ?2".to_owned()];
        let mut known = Vec::new();
        for (column, values) in &wanted.is {
            let cells = stored(values, connection, words)?;
            if cells.is_empty() {
                return Ok(None);
            }
            conditions.push(ask.is_in(&format!("e.{}", column.name()), &cells));
            known.push((*column, cells));
        }
        let posted = POSTED.into_iter().find_map(|posted| known.iter().find(|(column, _)| *column == posted));
        ask.from = match posted {
            Some((column, cells)) => ask.over_postings(*column, cells),
            None => "FROM entries e".to_owned(),
        };
        ask.from.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        Ok(Some(ask))
    }

    /// Postings first, then the entries they name: SQLite's CROSS JOIN keeps that order.
    fn over_postings(&mut self, column: Column, cells: &[Cell]) -> String {
        self.by_posting = true;
        let keys: Vec<Cell> = cells.iter().filter_map(|cell| key(column, cell)).map(Cell::Integer).collect();
        let keys = self.is_in("p.key", &keys);
        format!(
            "FROM postings p CROSS JOIN entries e ON p.block = ?3 AND {keys} AND p.idx >= ?1 AND p.idx < ?2 AND e.idx = p.idx"
        )
    }

    fn is_in(&mut self, name: &str, cells: &[Cell]) -> String {
        let first = self.values.len() + 4;
        self.values.extend_from_slice(cells);
        let places: Vec<String> = (first..first + cells.len()).map(|number| format!("?{number}")).collect();
        match &places[..] {
            [only] => format!("{name} = {only}"),
            several => format!("{name} IN ({})", several.join(",")),
        }
    }
}

fn stored(values: &[Value], connection: &Connection, words: &mut Words) -> Result<Vec<Cell>, IndexError> {
    let mut cells = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::Word(text) => cells.extend(words.number(connection, text)?.map(Cell::Integer)),
            Value::Number(number) => cells.push(Cell::Integer(*number)),
            Value::Bytes(bytes) => cells.push(Cell::Blob(bytes.to_vec())),
        }
    }
    Ok(cells)
}

/// The key under which a stored value of a column is posted: a text's number; of sixteen bytes the second half, which is random in marks
/// and in the ids of exchanges alike, with the column mixed in, so that one entry is never found twice by one question.
pub(super) fn key(column: Column, cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(number) => Some(*number),
        Cell::Blob(bytes) => {
            let [.., a, b, c, d, e, f, g, h] = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
            Some(i64::from_be_bytes([a ^ column as u8, b, c, d, e, f, g, h]))
        }
        Cell::Null | Cell::Real(_) | Cell::Text(_) => None,
    }
}

/// SQLite's integers have a sign. What is too large for them is larger than any index.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Names of all columns, as pages read them.
pub(super) fn all_columns() -> String {
    let names: Vec<String> = Column::ALL.iter().map(|column| format!("e.{}", column.name())).collect();
    format!("e.idx, e.at, e.seq, e.annex, {}", names.join(", "))
}
