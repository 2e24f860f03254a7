//! What is read: block after block, so that a page ends where it is full, and no answer is sorted that comes in order.

use std::collections::BTreeMap;
use std::ops::Range;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params_from_iter;
use rusqlite::types::Value as Cell;

use crate::audit::index::Cursor;
use crate::audit::index::GROUPS_MAX;
use crate::audit::index::IndexError;
use crate::audit::index::Order;
use crate::audit::index::Sum;
use crate::audit::index::column::By;
use crate::audit::index::column::Column;
use crate::audit::index::column::Holds;
use crate::audit::index::column::Value;
use crate::audit::index::row::Annexed;
use crate::audit::index::row::Row;
use crate::audit::index::wanted::Wanted;

use super::ask::Ask;
use super::ask::all_columns;
use super::ask::signed;
use super::schema::BLOCK;
use super::words::Words;

/// One question under way, in a transaction.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) connection: &'a Connection,
    pub(super) words: &'a mut Words,
}

/// How far the index has come.
pub(super) fn cursor(connection: &Connection) -> Result<Option<Cursor>, IndexError> {
    let mut ask = connection.prepare_cached("SELECT origin, next, last FROM cursor")?;
    let found = ask.query_row([], |row| {
        Ok(Cursor { origin: row.get(0)?, next: unsigned(row.get(1)?), last: row.get(2)? })
    });
    Ok(found.optional()?)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl Reading<'_> {
    /// The first rows that are wanted.
    pub(super) fn page(
        &mut self,
        wanted: &Wanted,
        order: Order,
        most: usize,
    ) -> Result<Vec<Row>, IndexError> {
        let mut rows = Vec::new();
        let Some(ask) = Ask::of(wanted, self.connection, self.words)? else { return Ok(rows) };
        let direction = match order {
            Order::Oldest => "ASC",
            Order::Newest => "DESC",
        };
        let by = if ask.by_posting { "p.idx" } else { "e.idx" };
        let limit = ask.values.len() + 4;
        let sql = format!("SELECT {} {} ORDER BY {by} {direction} LIMIT ?{limit}", all_columns(), ask.from);
        for block in self.blocks(wanted, order)? {
            let left = i64::try_from(most.saturating_sub(rows.len())).unwrap_or(i64::MAX);
            if left == 0 {
                break;
            }
            let mut found = Vec::new();
            self.in_block(&sql, &ask, &block, Some(Cell::Integer(left)), |row| {
                found.push(cells(row)?);
                Ok(())
            })?;
            for (head, cells) in found {
                rows.push(self.row(head, cells)?);
            }
        }
        Ok(rows)
    }

    /// The rows that are wanted, summed up.
    pub(super) fn sums(&mut self, wanted: &Wanted, by: &[By]) -> Result<Vec<Sum>, IndexError> {
        let Some(ask) = Ask::of(wanted, self.connection, self.words)? else { return Ok(Vec::new()) };
        let names: Vec<String> = by.iter().map(|by| grouped(*by)).collect();
        let (keys, grouping) = match names.is_empty() {
            true => (String::new(), String::new()),
            false => (format!("{}, ", names.join(", ")), format!(" GROUP BY {}", names.join(", "))),
        };
        let sql =
            format!("SELECT {keys}count(*), coalesce(sum(coalesce(e.times, 1)), 0) {}{grouping}", ask.from);
        let mut sums: BTreeMap<Vec<Option<Stored>>, (u64, u64)> = BTreeMap::new();
        for block in self.blocks(wanted, Order::Oldest)? {
            self.in_block(&sql, &ask, &block, None, |row| {
                let key = (0..by.len()).map(|at| row.get(at).map(stored)).collect::<Result<Vec<_>, _>>()?;
                let sum = sums.entry(key).or_default();
                sum.0 += unsigned(row.get(by.len())?);
                sum.1 += unsigned(row.get(by.len() + 1)?);
                if sums.len() > GROUPS_MAX { Err(IndexError::TooManyGroups) } else { Ok(()) }
            })?;
        }
        self.told(sums, by)
    }

    fn told(
        &mut self,
        sums: BTreeMap<Vec<Option<Stored>>, (u64, u64)>,
        by: &[By],
    ) -> Result<Vec<Sum>, IndexError> {
        let mut told = Vec::with_capacity(sums.len());
        for (key, (entries, events)) in sums {
            if entries == 0 {
                continue;
            }
            let key = key.into_iter().zip(by).map(|(cell, by)| {
                let holds = match by {
                    By::Column(column) => column.holds(),
                    By::Hour | By::Day => Holds::Number,
                };
                cell.map(|cell| self.value(cell, holds)).transpose()
            });
            told.push(Sum { key: key.collect::<Result<_, _>>()?, entries, events });
        }
        told.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(told)
    }

    /// How many annexes in a span were not read: whole blocks by their counts, the two at the ends row by row.
    pub(super) fn unread(&mut self, wanted: &Wanted) -> Result<u64, IndexError> {
        let mut unread = 0;
        for span in self.blocks(wanted, Order::Oldest)? {
            let block = span.start / BLOCK;
            let mut ask = self.connection.prepare_cached("SELECT unread FROM blocks WHERE block = ?1")?;
            let counted: i64 = ask.query_row([signed(block)], |row| row.get(0)).optional()?.unwrap_or(0);
            let whole = span.start % BLOCK == 0 && span.end % BLOCK == 0;
            if whole || counted == 0 {
                unread += unsigned(counted);
                continue;
            }
            let mut ask = self.connection.prepare_cached(
                "SELECT count(*) FROM entries WHERE idx >= ?1 AND idx < ?2 AND annex IN (?3, ?4)",
            )?;
            let span = [signed(span.start), signed(span.end)];
            let span = span.into_iter().chain([Annexed::Gone, Annexed::Damaged].map(Annexed::number));
            unread += ask.query_row(params_from_iter(span), |row| row.get(0).map(unsigned))?;
        }
        Ok(unread)
    }

    /// The indices of an agency's entries after its `seq`: the chain's numbers grow with the index, so its place is found by halving.
    pub(super) fn after_seq(&mut self, agency: &str, seq: u64, most: usize) -> Result<Vec<u64>, IndexError> {
        let Some(agency) = self.words.number(self.connection, &agency.into())? else { return Ok(Vec::new()) };
        let end = cursor(self.connection)?.map_or(0, |cursor| cursor.next);
        let mut found = Vec::new();
        let mut start = self.begin_after(agency, seq, end)?;
        let mut ask = self.connection.prepare_cached(
            "SELECT p.idx FROM postings p CROSS JOIN entries e ON e.idx = p.idx
             WHERE p.block = ?1 AND p.key = ?2 AND p.idx >= ?3 AND e.agency = ?2 AND e.seq > ?4 ORDER BY p.idx LIMIT ?5",
        )?;
        while start < end && found.len() < most {
            let left = signed((most - found.len()) as u64);
            let of = [signed(start / BLOCK), agency, signed(start), signed(seq), left];
            for index in ask.query_map(of, |row| row.get(0).map(unsigned))? {
                found.push(index?);
            }
            start = (start / BLOCK + 1) * BLOCK;
        }
        Ok(found)
    }

    /// An index at or before the agency's entry that follows `seq`, in that entry's block and near to it.
    fn begin_after(&self, agency: i64, seq: u64, end: u64) -> Result<u64, IndexError> {
        let mut block = end.saturating_sub(1) / BLOCK;
        while block > 0 && self.first_from(agency, block, block * BLOCK)?.is_none_or(|(_, first)| first > seq)
        {
            block -= 1;
        }
        let (mut low, mut high) = (block * BLOCK, (block + 1) * BLOCK);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            match self.first_from(agency, block, middle)? {
                Some((index, at)) if at <= seq => low = index.max(middle),
                Some(_) | None => high = middle,
            }
        }
        Ok(low)
    }

    /// The agency's first entry in a block from an index on, with its `seq`.
    fn first_from(&self, agency: i64, block: u64, index: u64) -> Result<Option<(u64, u64)>, IndexError> {
        let mut ask = self.connection.prepare_cached(
            "SELECT p.idx, e.seq FROM postings p CROSS JOIN entries e ON e.idx = p.idx
             WHERE p.block = ?1 AND p.key = ?2 AND p.idx >= ?3 AND e.agency = ?2 ORDER BY p.idx LIMIT 1",
        )?;
        let of = [signed(block), agency, signed(index)];
        Ok(ask.query_row(of, |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))).optional()?)
    }

    /// The span that is wanted, cut at the blocks' edges.
    fn blocks(&self, wanted: &Wanted, order: Order) -> Result<Vec<Range<u64>>, IndexError> {
        let end = cursor(self.connection)?.map_or(0, |cursor| cursor.next);
        let since = wanted.since.map_or(Ok(0), |since| self.first_at(since, end))?;
        let until = wanted.until.map_or(Ok(end), |until| self.first_at(until, end))?;
        let (first, end) = (wanted.first.max(since), wanted.end.min(until));
        if first >= end {
            return Ok(Vec::new());
        }
        let blocks = first / BLOCK..=(end - 1) / BLOCK;
        let mut spans: Vec<_> =
            blocks.map(|block| first.max(block * BLOCK)..end.min((block + 1) * BLOCK)).collect();
        if order == Order::Newest {
            spans.reverse();
        }
        Ok(spans)
    }

    /// The first index of a time or later: entries are in the order of time.
    fn first_at(&self, at: i64, end: u64) -> Result<u64, IndexError> {
        let mut ask = self.connection.prepare_cached("SELECT at FROM entries WHERE idx = ?1")?;
        let (mut low, mut high) = (0, end);
        while low < high {
            let middle = low + (high - low) / 2;
            let found: i64 = ask.query_row([signed(middle)], |row| row.get(0))?;
            if found < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn in_block(
        &self,
        sql: &str,
        ask: &Ask,
        span: &Range<u64>,
        limit: Option<Cell>,
        mut take: impl FnMut(&rusqlite::Row<'_>) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        let block = if ask.by_posting { Cell::Integer(signed(span.start / BLOCK)) } else { Cell::Null };
        let head = [Cell::Integer(signed(span.start)), Cell::Integer(signed(span.end)), block];
        let values = head.into_iter().chain(ask.values.iter().cloned()).chain(limit);
        let mut statement = self.connection.prepare_cached(sql)?;
        for (number, value) in (1..).zip(values) {
            // A question of entries alone has no place for the block.
            if number != 3 || ask.by_posting {
                statement.raw_bind_parameter(number, value)?;
            }
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            take(row)?;
        }
        Ok(())
    }

    fn row(&mut self, head: [i64; 4], cells: Vec<Option<Stored>>) -> Result<Row, IndexError> {
        let [index, at, seq, annex] = head;
        let mut row = Row::bare(unsigned(index), at);
        (row.seq, row.annex) = (unsigned(seq), Annexed::of_number(annex));
        for (column, cell) in Column::ALL.into_iter().zip(cells) {
            let value = cell.map(|cell| self.value(cell, column.holds())).transpose()?;
            row.set(column, value);
        }
        Ok(row)
    }

    fn value(&mut self, stored: Stored, holds: Holds) -> Result<Value, IndexError> {
        match (stored, holds) {
            (Stored::Number(number), Holds::Word) => {
                Ok(Value::Word(self.words.text(self.connection, number)?))
            }
            (Stored::Number(number), Holds::Number) => Ok(Value::Number(number)),
            (Stored::Bytes(bytes), Holds::Bytes) => Ok(Value::Bytes(bytes)),
            (Stored::Number(_), Holds::Bytes) | (Stored::Bytes(_), Holds::Word | Holds::Number) => {
                Err(IndexError::Damaged("a cell of another kind"))
            }
        }
    }
}

/// A cell as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stored {
    Number(i64),
    Bytes([u8; 16]),
}

fn stored(cell: Cell) -> Option<Stored> {
    match cell {
        Cell::Integer(number) => Some(Stored::Number(number)),
        Cell::Blob(bytes) => bytes.try_into().ok().map(Stored::Bytes),
        Cell::Null | Cell::Real(_) | Cell::Text(_) => None,
    }
}

type Cells = ([i64; 4], Vec<Option<Stored>>);

fn cells(row: &rusqlite::Row<'_>) -> Result<Cells, rusqlite::Error> {
    let head = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
    let cells = (0..Column::ALL.len()).map(|at| row.get(at + 4).map(stored)).collect::<Result<_, _>>()?;
    Ok((head, cells))
}

/// What rows are grouped by. Division cuts towards zero: times before 1970 are no times of entries.
fn grouped(by: By) -> String {
    match by {
        By::Column(column) => format!("e.{}", column.name()),
        By::Hour | By::Day => format!("(e.at + {}) / {}", By::AHEAD, by.span().unwrap_or(1)),
    }
}
