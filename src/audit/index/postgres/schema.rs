//! The tables, which several logs share, and how a log finds its part.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::audit::index::IndexError;
use crate::audit::index::column::Column;
use crate::audit::index::column::Holds;

/// The form of the tables. Another one is not read.
const FORM: i32 = 1;

/// The columns of `entries` behind the first five.
pub(super) fn names() -> Vec<&'static str> {
    Column::ALL.iter().map(|column| column.name()).collect()
}

/// The PostgreSQL type of a column.
pub(super) fn kind(column: Column) -> &'static str {
    match column.holds() {
        Holds::Word => "text",
        Holds::Number => "bigint",
        Holds::Bytes => "bytea",
    }
}

fn tables() -> String {
    let cells: Vec<String> =
        Column::ALL.iter().map(|column| format!("{} {}", column.name(), kind(*column))).collect();
    let posted = [Column::Exchange, Column::Case, Column::User, Column::Subject].map(|column| {
        let name = column.name();
        format!("CREATE INDEX IF NOT EXISTS entries_{name} ON entries (log, {name}, idx) WHERE {name} IS NOT NULL;")
    });
    format!(
        "CREATE TABLE IF NOT EXISTS logs (log int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, origin text NOT NULL UNIQUE,
             form int NOT NULL, next bigint NOT NULL, last bytea NOT NULL);
         CREATE TABLE IF NOT EXISTS forgotten (log int NOT NULL, month text NOT NULL, PRIMARY KEY (log, month));
         CREATE TABLE IF NOT EXISTS entries (log int NOT NULL, idx bigint NOT NULL, at bigint NOT NULL, seq bigint NOT NULL,
             annex smallint NOT NULL, {}, PRIMARY KEY (log, idx));
         CREATE INDEX IF NOT EXISTS entries_at ON entries (log, at, idx);
         CREATE INDEX IF NOT EXISTS entries_agency ON entries (log, agency, idx);
         CREATE INDEX IF NOT EXISTS entries_seq ON entries (log, agency, seq);
         CREATE INDEX IF NOT EXISTS entries_unread ON entries (log, idx) WHERE annex >= 2;
         {}",
        cells.join(", "),
        posted.concat()
    )
}

/// Makes what is not there yet, and gives the log its number.
pub(super) async fn make(client: &mut Client, origin: &str) -> Result<i32, IndexError> {
    // What is made only where it is not there says so each time.
    client.batch_execute("SET client_min_messages = warning").await?;
    let transaction = client.transaction().await?;
    // Two nodes may begin at once; `make` in ASCII.
    transaction.execute("SELECT pg_advisory_xact_lock(x'6d616b65'::int, 0)", &[]).await?;
    transaction.batch_execute(&tables()).await?;
    let sql =
        "INSERT INTO logs (origin, form, next, last) VALUES ($1, $2, 0, ''::bytea) ON CONFLICT DO NOTHING";
    transaction.execute(sql, &[&origin, &FORM]).await?;
    let found = transaction.query_one("SELECT log, form FROM logs WHERE origin = $1", &[&origin]).await?;
    let log = of_form(found.try_get(1)?).and_then(|()| Ok(found.try_get(0)?))?;
    transaction.commit().await?;
    Ok(log)
}

/// Finds the log's number, to ask only, and for so many milliseconds a question.
pub(super) async fn find(client: &Client, origin: &str, millis: u64) -> Result<Option<i32>, IndexError> {
    let settings = format!("SET default_transaction_read_only = on; SET statement_timeout = {millis}");
    client.batch_execute(&settings).await?;
    match client.query_opt("SELECT log, form FROM logs WHERE origin = $1", &[&origin]).await {
        Ok(Some(found)) => of_form(found.try_get(1)?).and_then(|()| Ok(Some(found.try_get(0)?))),
        Ok(None) => Ok(None),
        Err(none) if none.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

fn of_form(form: i32) -> Result<(), IndexError> {
    if form == FORM { Ok(()) } else { Err(IndexError::Form(form.into())) }
}
