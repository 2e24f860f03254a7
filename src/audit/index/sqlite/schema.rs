//! The tables, and how a connection to them is made.
//!
//! `entries` has a row for every entry of the log, in its order: written at its end, read by ranges. `postings` tells where a key occurs:
//! an agency, an exchange, a case, a user, a subject. Its rows are ordered by blocks of entries first, so that only the newest block's pages
//! are written, however random its keys are; a question looks once into each block. Texts are numbers, told by `words`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;

use crate::audit::index::IndexError;
use crate::audit::index::column::Column;
use crate::audit::index::column::Holds;

/// The form of the tables. Another one is not read: `audit reindex` makes this one.
pub(super) const FORM: i64 = 1;

/// Entries in a block: its postings fill some 20 MiB, which stay in memory while they are written; ten million entries are 77 blocks.
/// Tests have small ones, to have several.
pub(super) const BLOCK: u64 = if cfg!(test) { 64 } else { 1 << 17 };

/// 24 MiB: the newest block's pages, and the ends of what else is written.
const WRITER_CACHE_KIB: i64 = 24 << 10;

/// 16 MiB, for as long as a question is answered.
const READER_CACHE_KIB: i64 = 16 << 10;

/// How long a writer waits for another: far longer than any batch takes.
const BUSY: Duration = Duration::from_secs(30);

/// Pages after which the write-ahead file goes into the index: 64 MiB, so that a page written many times goes there once.
const CHECKPOINT_PAGES: i64 = 16 << 10;

/// Steps of SQLite's machine between two looks at whether a question has taken too long.
const STEPS: i32 = 10_000;

/// How much a question may cost.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    left: Arc<AtomicU64>,
    most: u64,
}

impl Budget {
    fn new(most: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(most)), most }
    }

    /// A new question begins.
    pub(super) fn renew(&self) {
        self.left.store(self.most, Ordering::Relaxed);
    }

    /// Whether there was more to do than may be.
    fn spend(&self) -> bool {
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        spent.is_err()
    }
}

/// Opens the file to write it, and makes it where there is none.
pub(super) fn writer(file: &Path) -> Result<Connection, IndexError> {
    let mut connection = Connection::open(file)?;
    settle(&connection, WRITER_CACHE_KIB)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", CHECKPOINT_PAGES * 4_096, |_| Ok(()))?;
    // What was forgotten is not left behind in free pages.
    connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    match form(&transaction)? {
        0 => {
            transaction.execute_batch(KEPT)?;
            make(&transaction)?;
            transaction.pragma_update(None, "user_version", FORM)?;
        }
        FORM => {}
        other => return Err(IndexError::Form(other)),
    }
    transaction.commit()?;
    Ok(connection)
}

/// Opens the file to read it only.
pub(super) fn reader(file: &Path, most: u64) -> Result<(Connection, Budget), IndexError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    settle(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    match form(&connection)? {
        FORM => {}
        other => return Err(IndexError::Form(other)),
    }
    let budget = Budget::new(most / u64::from(STEPS.unsigned_abs()) + 1);
    let spent = budget.clone();
    connection.progress_handler(STEPS, Some(move || spent.spend()))?;
    Ok((connection, budget))
}

fn settle(connection: &Connection, cache_kib: i64) -> Result<(), IndexError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn form(connection: &Connection) -> Result<i64, IndexError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// What stays when everything is to be fed again.
const KEPT: &str = "
CREATE TABLE epoch (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), number INTEGER NOT NULL) STRICT;
INSERT INTO epoch VALUES (1, 0);
CREATE TABLE forgotten (month TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
";

/// Makes the tables that are fed.
pub(super) fn make(connection: &Connection) -> Result<(), IndexError> {
    let cells: Vec<String> = Column::ALL.into_iter().map(cell).collect();
    connection.execute_batch(&format!(
        "CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
         CREATE TABLE entries (idx INTEGER PRIMARY KEY, at INTEGER NOT NULL, seq INTEGER NOT NULL, annex INTEGER NOT NULL, {}) STRICT;
         CREATE TABLE postings (block INTEGER NOT NULL, key INTEGER NOT NULL, idx INTEGER NOT NULL,
             PRIMARY KEY (block, key, idx)) STRICT, WITHOUT ROWID;
         CREATE TABLE blocks (block INTEGER PRIMARY KEY, unread INTEGER NOT NULL) STRICT;
         CREATE TABLE cursor (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), origin TEXT NOT NULL,
             next INTEGER NOT NULL, last BLOB NOT NULL) STRICT;",
        cells.join(", ")
    ))?;
    Ok(())
}

fn cell(column: Column) -> String {
    let kind = match column.holds() {
        Holds::Word | Holds::Number => "INTEGER",
        Holds::Bytes => "BLOB",
    };
    format!("{} {kind}", column.name())
}

/// Takes the tables that are fed away and makes them anew.
pub(super) fn make_again(connection: &Connection) -> Result<(), IndexError> {
    connection.execute_batch(
        "DROP TABLE words; DROP TABLE entries; DROP TABLE postings; DROP TABLE blocks; DROP TABLE cursor;
         UPDATE epoch SET number = number + 1;",
    )?;
    make(connection)
}
