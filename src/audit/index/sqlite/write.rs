//! What is written: rows, their postings, and the cursor behind them, in one transaction.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::ToSql;
use rusqlite::params;
use rusqlite::params_from_iter;
use rusqlite::types::Value as Cell;

use crate::audit::index::Cursor;
use crate::audit::index::IndexError;
use crate::audit::index::Month;
use crate::audit::index::column::COLUMNS;
use crate::audit::index::column::Column;
use crate::audit::index::column::Value;
use crate::audit::index::row::Annexed;
use crate::audit::index::row::Row;

use super::ask::key;
use super::ask::signed;
use super::read;
use super::schema::BLOCK;
use super::words::Words;

/// Columns whose values are posted.
pub(super) const POSTED: [Column; 5] =
    [Column::Exchange, Column::Case, Column::Subject, Column::User, Column::Agency];

/// Adds rows and moves the cursor.
pub(super) fn add(
    connection: &Connection,
    words: &mut Words,
    from: &Cursor,
    mut rows: Vec<Row>,
    to: &Cursor,
) -> Result<(), IndexError> {
    stands_at(connection, from)?;
    leave_out_forgotten(connection, &mut rows)?;
    let mut postings = Vec::with_capacity(rows.len() * POSTED.len());
    let mut insert = connection.prepare_cached(&insertion())?;
    for row in &rows {
        let cells = cells(connection, words, row)?;
        postings.extend(POSTED.into_iter().filter_map(|column| posting(row, column, &cells)));
        let head: [&dyn ToSql; 4] = [&signed(row.index), &row.at, &signed(row.seq), &row.annex.number()];
        let cells = cells.iter().map(|cell| cell as &dyn ToSql);
        insert.execute(params_from_iter(head.into_iter().chain(cells)))?;
    }
    post(connection, postings)?;
    count_unread(connection, &rows)?;
    let mut moved = connection.prepare_cached("INSERT OR REPLACE INTO cursor VALUES (1, ?1, ?2, ?3)")?;
    moved.execute(params![to.origin, signed(to.next), to.last])?;
    Ok(())
}

/// Somebody else may have added meanwhile: then nothing is added here.
fn stands_at(connection: &Connection, from: &Cursor) -> Result<(), IndexError> {
    match read::cursor(connection)? {
        None if from.next == 0 => Ok(()),
        None => Err(IndexError::Moved(0)),
        Some(at) if at.origin != from.origin => Err(IndexError::OtherLog(at.origin)),
        Some(at) if at.next != from.next => Err(IndexError::Moved(at.next)),
        Some(_) => Ok(()),
    }
}

/// Whoever feeds may still have had a month's key in memory when it was destroyed.
fn leave_out_forgotten(connection: &Connection, rows: &mut [Row]) -> Result<(), IndexError> {
    let mut ask = connection.prepare_cached("SELECT month FROM forgotten")?;
    let months = ask.query_map([], |row| row.get::<_, String>(0))?;
    let months: BTreeSet<Month> = months
        .filter_map(|month| month.map(|month| month.parse().ok()).transpose())
        .collect::<Result<_, _>>()?;
    if months.is_empty() {
        return Ok(());
    }
    for row in rows.iter_mut().filter(|row| row.annex == Annexed::Told) {
        if row.exchange().is_some_and(|id| months.contains(&Month::of_millis(id.unix_millis()))) {
            row.forget();
        }
    }
    Ok(())
}

fn insertion() -> String {
    let places: Vec<String> = (1..=COLUMNS + 4).map(|number| format!("?{number}")).collect();
    format!("INSERT INTO entries VALUES ({})", places.join(","))
}

/// The cells as they are stored: texts by their numbers.
fn cells(connection: &Connection, words: &mut Words, row: &Row) -> Result<Vec<Cell>, IndexError> {
    let stored = |column| match row.get(column) {
        None => Ok(Cell::Null),
        Some(Value::Word(text)) => Ok(Cell::Integer(words.numbered(connection, text)?)),
        Some(Value::Number(number)) => Ok(Cell::Integer(*number)),
        Some(Value::Bytes(bytes)) => Ok(Cell::Blob(bytes.to_vec())),
    };
    Column::ALL.into_iter().map(stored).collect()
}

type Posting = (i64, i64, i64);

fn posting(row: &Row, column: Column, cells: &[Cell]) -> Option<Posting> {
    let key = key(column, cells.get(column as usize)?)?;
    Some((signed(row.index / BLOCK), key, signed(row.index)))
}

/// In their order, so that pages are met once.
fn post(connection: &Connection, mut postings: Vec<Posting>) -> Result<(), IndexError> {
    postings.sort_unstable();
    // Two keys of one entry may be the same, once in 2^64.
    postings.dedup();
    let mut insert = connection.prepare_cached("INSERT INTO postings VALUES (?1, ?2, ?3)")?;
    for (block, key, index) in postings {
        insert.execute([block, key, index])?;
    }
    Ok(())
}

fn count_unread(connection: &Connection, rows: &[Row]) -> Result<(), IndexError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO blocks VALUES (?1, ?2) ON CONFLICT DO UPDATE SET unread = unread + excluded.unread",
    )?;
    for rows in rows.chunk_by(|a, b| a.index / BLOCK == b.index / BLOCK) {
        let unread = rows.iter().filter(|row| row.annex.is_unread()).count() as u64;
        let block = rows.first().map_or(0, |row| row.index / BLOCK);
        if unread > 0 {
            insert.execute([signed(block), signed(unread)])?;
        }
    }
    Ok(())
}

/// Takes away what the annexes of a month told.
pub(super) fn forget(connection: &Connection, month: Month) -> Result<u64, IndexError> {
    connection.execute("INSERT OR IGNORE INTO forgotten VALUES (?1)", [month.to_string()])?;
    let Some(cursor) = read::cursor(connection)? else { return Ok(0) };
    let mut forgotten = 0;
    for block in 0..=cursor.next / BLOCK {
        forgotten += forget_in(connection, month, block)?;
    }
    Ok(forgotten)
}

fn forget_in(connection: &Connection, month: Month, block: u64) -> Result<u64, IndexError> {
    let (first, end) = month.exchanges();
    let span =
        params![signed(block * BLOCK), signed((block + 1) * BLOCK), first, end, Annexed::Told.number()];
    let is = "idx >= ?1 AND idx < ?2 AND exchange >= ?3 AND exchange < ?4 AND annex = ?5";
    let mut unpost =
        connection.prepare_cached("DELETE FROM postings WHERE block = ?1 AND key = ?2 AND idx = ?3")?;
    let mut ask = connection
        .prepare_cached(&format!("SELECT idx, case_mark, user_mark, subject_mark FROM entries WHERE {is}"))?;
    let mut told = ask.query(span)?;
    while let Some(row) = told.next()? {
        let index: i64 = row.get(0)?;
        for (at, column) in (1..).zip([Column::Case, Column::User, Column::Subject]) {
            if let Some(key) = key(column, &row.get(at)?) {
                unpost.execute([signed(block), key, index])?;
            }
        }
    }
    let cleared: Vec<String> =
        Column::TOLD.iter().map(|column| format!("{} = NULL", column.name())).collect();
    let sql =
        format!("UPDATE entries SET annex = {}, {} WHERE {is}", Annexed::Gone.number(), cleared.join(", "));
    let forgotten = connection.prepare_cached(&sql)?.execute(span)? as u64;
    if forgotten > 0 {
        connection.execute(
            "INSERT INTO blocks VALUES (?1, ?2) ON CONFLICT DO UPDATE SET unread = unread + excluded.unread",
            [signed(block), signed(forgotten)],
        )?;
    }
    Ok(forgotten)
}
