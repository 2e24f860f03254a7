//! What is written: rows, and the cursor behind them, in one transaction.

use tokio_postgres::Client;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use crate::audit::index::Cursor;
use crate::audit::index::IndexError;
use crate::audit::index::Month;
use crate::audit::index::column::Column;
use crate::audit::index::column::Holds;
use crate::audit::index::row::Annexed;
use crate::audit::index::row::Row;

use super::ask;
use super::schema;
use super::signed;
use super::unsigned;

/// Adds rows and moves the cursor.
pub(super) async fn add(
    client: &mut Client,
    log: i32,
    from: &Cursor,
    mut rows: Vec<Row>,
    to: &Cursor,
) -> Result<(), IndexError> {
    let transaction = client.transaction().await?;
    stands_at(&transaction, log, from).await?;
    for row in transaction.query("SELECT month FROM forgotten WHERE log = $1", &[&log]).await? {
        if let Ok(month) = row.try_get::<_, &str>(0)?.parse::<Month>() {
            rows.iter_mut()
                .filter(|row| row.annex == Annexed::Told && is_of(row, month))
                .for_each(Row::forget);
        }
    }
    insert(&transaction, log, &rows).await?;
    let sql = "UPDATE logs SET next = $2, last = $3 WHERE log = $1";
    transaction.execute(sql, &[&log, &signed(to.next), &to.last.as_slice()]).await?;
    Ok(transaction.commit().await?)
}

fn is_of(row: &Row, month: Month) -> bool {
    row.exchange().is_some_and(|id| Month::of_millis(id.unix_millis()) == month)
}

/// Somebody else may have added meanwhile: then nothing is added here.
async fn stands_at(transaction: &Transaction<'_>, log: i32, from: &Cursor) -> Result<(), IndexError> {
    let sql = "SELECT origin, next FROM logs WHERE log = $1 FOR UPDATE";
    let found = transaction.query_one(sql, &[&log]).await?;
    let (origin, next): (String, i64) = (found.try_get(0)?, found.try_get(1)?);
    match unsigned(next) {
        _ if origin != from.origin => Err(IndexError::OtherLog(origin)),
        next if next != from.next => Err(IndexError::Moved(next)),
        _ => Ok(()),
    }
}

/// A list for each column, which PostgreSQL takes apart into rows.
async fn insert(transaction: &Transaction<'_>, log: i32, rows: &[Row]) -> Result<(), IndexError> {
    let numbers = |of: fn(&Row) -> i64| rows.iter().map(of).collect::<Vec<_>>();
    let annexes: Vec<i16> =
        rows.iter().map(|row| i16::try_from(row.annex.number()).unwrap_or(i16::MAX)).collect();
    let mut lists: Vec<Box<dyn ToSql + Sync + Send>> = vec![
        Box::new(log),
        Box::new(numbers(|row| signed(row.index))),
        Box::new(numbers(|row| row.at)),
        Box::new(numbers(|row| signed(row.seq))),
        Box::new(annexes),
    ];
    lists.extend(Column::ALL.into_iter().map(|column| list(rows, column)));
    let kinds = Column::ALL.into_iter().map(schema::kind);
    let kinds = ["bigint", "bigint", "bigint", "smallint"].into_iter().chain(kinds);
    let places: Vec<String> = (2..).zip(kinds).map(|(place, kind)| format!("${place}::{kind}[]")).collect();
    let sql = format!("INSERT INTO entries SELECT $1::int, * FROM unnest({})", places.join(", "));
    let values: Vec<&(dyn ToSql + Sync)> = lists.iter().map(|list| &**list as &(dyn ToSql + Sync)).collect();
    transaction.execute(&sql, &values).await?;
    Ok(())
}

fn list(rows: &[Row], column: Column) -> Box<dyn ToSql + Sync + Send> {
    let cells = rows.iter().map(|row| row.get(column));
    match column.holds() {
        Holds::Word => Box::new(cells.map(|cell| cell.and_then(ask::word)).collect::<Vec<_>>()),
        Holds::Number => Box::new(cells.map(|cell| cell.and_then(ask::number)).collect::<Vec<_>>()),
        Holds::Bytes => Box::new(cells.map(|cell| cell.and_then(ask::bytes)).collect::<Vec<_>>()),
    }
}

/// Takes away what the annexes of a month told. What an update leaves behind goes with the next VACUUM, which is asked for.
pub(super) async fn forget(client: &mut Client, log: i32, month: Month) -> Result<u64, IndexError> {
    let cleared: Vec<String> =
        Column::TOLD.iter().map(|column| format!("{} = NULL", column.name())).collect();
    let sql = format!(
        "UPDATE entries SET annex = {}, {} WHERE log = $1 AND annex = {} AND exchange >= $2 AND exchange < $3",
        Annexed::Gone.number(),
        cleared.join(", "),
        Annexed::Told.number()
    );
    let (first, end) = month.exchanges();
    let transaction = client.transaction().await?;
    let note = "INSERT INTO forgotten VALUES ($1, $2) ON CONFLICT DO NOTHING";
    transaction.execute(note, &[&log, &month.to_string()]).await?;
    let forgotten = transaction.execute(&sql, &[&log, &first.as_slice(), &end.as_slice()]).await?;
    transaction.commit().await?;
    client.batch_execute("VACUUM entries").await?;
    Ok(forgotten)
}

/// Takes a log's rows away.
pub(super) async fn clear(client: &mut Client, log: i32) -> Result<(), IndexError> {
    let transaction = client.transaction().await?;
    transaction.execute("UPDATE logs SET next = 0, last = ''::bytea WHERE log = $1", &[&log]).await?;
    transaction.execute("DELETE FROM entries WHERE log = $1", &[&log]).await?;
    Ok(transaction.commit().await?)
}
