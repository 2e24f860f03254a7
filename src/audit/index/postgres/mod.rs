//! The index in PostgreSQL: for several nodes whose auditors ask one database, each log under its own origin.
//!
//! The database holds what the file of a single node would: marks for people and cases, and no key. What leaves the machine is encrypted, to
//! a database whose name an authority of our choice vouches for; there is no address without ([`address`]).

pub mod address;
mod ask;
pub mod encrypted;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
mod write;

use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use tokio_postgres::Config;
use tokio_postgres::NoTls;
use tokio_postgres::Row as Found;
use tokio_postgres::Socket;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::tls::TlsConnect;

use address::Address;
use ask::Ask;
use encrypted::Encrypted;

use super::Catalogue;
use super::Cursor;
use super::GROUPS_MAX;
use super::Index;
use super::IndexError;
use super::Month;
use super::Order;
use super::PAGE_MAX;
use super::Sum;
use super::column::By;
use super::column::Column;
use super::column::Holds;
use super::column::Value;
use super::row::Annexed;
use super::row::Row;
use super::wanted::Wanted;

/// Steps of SQLite's machine that count as one millisecond of PostgreSQL's time: a question is bounded alike in both.
const STEPS_A_MILLI: u64 = 1 << 20;

/// One log's part of a database.
#[derive(Debug)]
pub struct Postgres {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    runtime: Own,
    client: Client,
    /// The log's number in the database; none where it has none and only questions are asked.
    log: Option<i32>,
}

impl Postgres {
    /// Opens a log's part to feed it; makes it where there is none. Not from async code.
    ///
    /// # Errors
    /// The database cannot be reached, or has tables of another form.
    pub fn open(address: &Address, origin: &str) -> Result<Self, IndexError> {
        let (runtime, mut client) = connect(address)?;
        let log = runtime.block_on(schema::make(&mut client, origin))??;
        Ok(Self { inner: Mutex::new(Inner { runtime, client, log: Some(log) }) })
    }

    /// Opens a log's part to ask it, each question bounded by so many steps. Not from async code.
    ///
    /// # Errors
    /// The database cannot be reached, or has tables of another form.
    pub fn read(address: &Address, origin: &str, steps: u64) -> Result<Self, IndexError> {
        let (runtime, client) = connect(address)?;
        let log = runtime.block_on(schema::find(&client, origin, (steps / STEPS_A_MILLI).max(1)))??;
        Ok(Self { inner: Mutex::new(Inner { runtime, client, log }) })
    }

    /// Takes the turn to feed the log's part for as long as this connection lives; false: another has it.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn take_turn(&self) -> Result<bool, IndexError> {
        self.with(|inner| {
            // `turn` in ASCII: what distinguishes our locks from others' in this database.
            let sql = "SELECT pg_try_advisory_lock(x'7475726e'::int, $1)";
            Ok(inner
                .runtime
                .block_on(inner.client.query_one(sql, &[&inner.log.unwrap_or(0)]))??
                .try_get(0)?)
        })
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Inner) -> Result<T, IndexError>) -> Result<T, IndexError> {
        ask(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner)).map_err(|error| match error {
            IndexError::Postgres(cause) if cause.code() == Some(&SqlState::QUERY_CANCELED) => {
                IndexError::TooLong
            }
            other => other,
        })
    }
}

/// A runtime of our own for the connection, which may be dropped anywhere, among async code too.
#[derive(Debug)]
struct Own(Option<Runtime>);

impl Own {
    fn block_on<F: Future>(&self, future: F) -> Result<F::Output, IndexError> {
        let runtime = self.0.as_ref().ok_or(IndexError::Damaged("a connection that was closed"))?;
        Ok(runtime.block_on(future))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn connect(address: &Address) -> Result<(Own, Client), IndexError> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(IndexError::Folder)?;
    let client = match address.anchors() {
        Some(anchors) => begin(&runtime, address.config(), Encrypted::by(anchors)?)?,
        None => begin(&runtime, address.config(), NoTls)?,
    };
    Ok((Own(Some(runtime)), client))
}

fn begin<T>(runtime: &Runtime, config: &Config, tls: T) -> Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket, Stream: Send + 'static>,
    T::TlsConnect: TlsConnect<Socket>,
{
    let (client, connection) = runtime.block_on(config.connect(tls))?;
    runtime.spawn(async move {
        if let Err(fault) = connection.await {
            tracing::warn!(%fault, "the connection to the index's database has ended");
        }
    });
    Ok(client)
}

impl Inner {
    fn query(&self, sql: &str, ask: &Ask) -> Result<Vec<Found>, IndexError> {
        Ok(self.runtime.block_on(self.client.query(sql, &ask.values()))??)
    }

    fn cursor(&self) -> Result<Option<Cursor>, IndexError> {
        let Some(log) = self.log else { return Ok(None) };
        let sql = "SELECT origin, next, last FROM logs WHERE log = $1 AND next > 0";
        let found = self.runtime.block_on(self.client.query_opt(sql, &[&log]))??;
        found.map(|row| cursor(&row)).transpose()
    }

    /// The question with the span as indices; none if no row can be wanted.
    fn ask(&self, wanted: &Wanted) -> Result<Option<Ask>, IndexError> {
        let Some(log) = self.log else { return Ok(None) };
        let first_at = |at: i64| {
            let sql = "SELECT idx FROM entries WHERE log = $1 AND at >= $2 ORDER BY at, idx LIMIT 1";
            let found = self.runtime.block_on(self.client.query_opt(sql, &[&log, &at]))??;
            Ok::<_, IndexError>(found.map(|row| row.try_get::<_, i64>(0)).transpose()?)
        };
        let since = wanted.since.map(first_at).transpose()?;
        let until = wanted.until.map(first_at).transpose()?;
        // Nothing was recorded since.
        let Some(since) = since.unwrap_or(Some(0)) else { return Ok(None) };
        let first = signed(wanted.first).max(since);
        let end = signed(wanted.end).min(until.flatten().unwrap_or(i64::MAX));
        Ok(Ask::of(wanted, log, first, end))
    }
}

impl Catalogue for Postgres {
    fn cursor(&self) -> Result<Option<Cursor>, IndexError> {
        self.with(|inner| inner.cursor())
    }

    fn page(&self, wanted: &Wanted, order: Order, most: usize) -> Result<Vec<Row>, IndexError> {
        self.with(|inner| {
            let Some(ask) = inner.ask(wanted)? else { return Ok(Vec::new()) };
            let direction = match order {
                Order::Oldest => "ASC",
                Order::Newest => "DESC",
            };
            let (most, names) = (most.min(PAGE_MAX), schema::names().join(", "));
            let sql = format!(
                "SELECT idx, at, seq, annex, {names} FROM entries WHERE {} ORDER BY idx {direction} LIMIT {most}",
                ask.condition
            );
            inner.query(&sql, &ask)?.iter().map(row).collect()
        })
    }

    fn sums(&self, wanted: &Wanted, by: &[By]) -> Result<Vec<Sum>, IndexError> {
        self.with(|inner| {
            let Some(ask) = inner.ask(wanted)? else { return Ok(Vec::new()) };
            let keys: Vec<String> = by.iter().map(|by| format!("{}, ", grouped(*by))).collect();
            let numbers: Vec<String> = (1..=by.len()).map(|number| number.to_string()).collect();
            let group = if by.is_empty() { "" } else { "GROUP BY " };
            let sql = format!(
                "SELECT {}count(*), coalesce(sum(coalesce(times, 1)), 0)::bigint FROM entries WHERE {} {group}{} LIMIT {}",
                keys.concat(),
                ask.condition,
                numbers.join(", "),
                GROUPS_MAX + 1
            );
            let found = inner.query(&sql, &ask)?;
            if found.len() > GROUPS_MAX {
                return Err(IndexError::TooManyGroups);
            }
            let mut sums = found.iter().map(|row| sum(row, by)).collect::<Result<Vec<_>, _>>()?;
            sums.retain(|sum| sum.entries > 0);
            sums.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(sums)
        })
    }

    fn unread(&self, wanted: &Wanted) -> Result<u64, IndexError> {
        let span = Wanted { is: Vec::new(), ..wanted.clone() };
        self.with(|inner| {
            let Some(ask) = inner.ask(&span)? else { return Ok(0) };
            let sql = format!("SELECT count(*) FROM entries WHERE {} AND annex >= 2", ask.condition);
            let found = inner.query(&sql, &ask)?;
            found.first().map_or(Ok(0), |row| Ok(unsigned(row.try_get(0)?)))
        })
    }

    fn after_seq(&self, agency: &str, seq: u64, most: usize) -> Result<Vec<u64>, IndexError> {
        self.with(|inner| {
            let Some(log) = inner.log else { return Ok(Vec::new()) };
            let sql =
                "SELECT idx FROM entries WHERE log = $1 AND agency = $2 AND seq > $3 ORDER BY seq LIMIT $4";
            let most = signed(most.min(PAGE_MAX) as u64);
            let seq = signed(seq);
            let found = inner.runtime.block_on(inner.client.query(sql, &[&log, &agency, &seq, &most]))??;
            found.iter().map(|row| Ok(unsigned(row.try_get(0)?))).collect()
        })
    }
}

impl Index for Postgres {
    fn add(&mut self, from: &Cursor, rows: Vec<Row>, to: &Cursor) -> Result<(), IndexError> {
        self.with(|Inner { runtime, client, log }| {
            let log = log.ok_or(IndexError::Damaged("a log without a number"))?;
            runtime.block_on(write::add(client, log, from, rows, to))?
        })
    }

    fn forget(&mut self, month: Month) -> Result<u64, IndexError> {
        self.with(|Inner { runtime, client, log }| {
            let log = log.ok_or(IndexError::Damaged("a log without a number"))?;
            runtime.block_on(write::forget(client, log, month))?
        })
    }

    fn clear(&mut self) -> Result<(), IndexError> {
        self.with(|Inner { runtime, client, log }| {
            let log = log.ok_or(IndexError::Damaged("a log without a number"))?;
            runtime.block_on(write::clear(client, log))?
        })
    }
}

fn cursor(row: &Found) -> Result<Cursor, IndexError> {
    let last: Vec<u8> = row.try_get(2)?;
    let last = last.try_into().map_err(|_| IndexError::Damaged("a hash has 32 bytes"))?;
    Ok(Cursor { origin: row.try_get(0)?, next: unsigned(row.try_get(1)?), last })
}

fn row(found: &Found) -> Result<Row, IndexError> {
    let mut row = Row::bare(unsigned(found.try_get(0)?), found.try_get(1)?);
    row.seq = unsigned(found.try_get(2)?);
    row.annex = Annexed::of_number(found.try_get::<_, i16>(3)?.into());
    for (at, column) in (4..).zip(Column::ALL) {
        row.set(column, value(found, at, column.holds())?);
    }
    Ok(row)
}

fn sum(found: &Found, by: &[By]) -> Result<Sum, IndexError> {
    let key = by.iter().enumerate().map(|(at, by)| {
        let holds = match by {
            By::Column(column) => column.holds(),
            By::Hour | By::Day => Holds::Number,
        };
        value(found, at, holds)
    });
    let key = key.collect::<Result<_, _>>()?;
    let (entries, events) = (found.try_get(by.len())?, found.try_get(by.len() + 1)?);
    Ok(Sum { key, entries: unsigned(entries), events: unsigned(events) })
}

fn value(found: &Found, at: usize, holds: Holds) -> Result<Option<Value>, IndexError> {
    Ok(match holds {
        Holds::Word => found.try_get::<_, Option<&str>>(at)?.map(Value::from),
        Holds::Number => found.try_get::<_, Option<i64>>(at)?.map(Value::Number),
        Holds::Bytes => {
            let bytes = found.try_get::<_, Option<&[u8]>>(at)?.map(<[u8; 16]>::try_from).transpose();
            bytes.map_err(|_| IndexError::Damaged("an id or a mark has 16 bytes"))?.map(Value::Bytes)
        }
    })
}

/// What rows are grouped by.
fn grouped(by: By) -> String {
    match by {
        By::Column(column) => column.name().to_owned(),
        By::Hour | By::Day => format!("(at + {}) / {}", By::AHEAD, by.span().unwrap_or(1)),
    }
}

/// PostgreSQL's integers have a sign. What is too large for them is larger than any index.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
