//! The index in a file: SQLite with a write-ahead file, which lets one write while others read.
//!
//! The log is the truth, so a commit is not synced: after a power cut the file is what it was some commits ago, its cursor with it.
//! One writes at a time; a second waits for the first, finds the cursor moved, and adds nothing.

mod ask;
mod read;
mod schema;
mod words;
mod write;

use std::cell::RefCell;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::Connection;

use words::Words;

use super::Catalogue;
use super::Cursor;
use super::Index;
use super::IndexError;
use super::Month;
use super::Order;
use super::Sum;
use super::column::By;
use super::row::Row;
use super::wanted::Wanted;

/// The file in the index's folder.
const FILE: &str = "index.sqlite";

/// Steps a question may take where a person waits for it: minutes.
pub const PATIENT: u64 = 1 << 36;

/// An index in a file.
#[derive(Debug)]
pub struct Sqlite {
    file: PathBuf,
    connection: Connection,
    words: RefCell<Words>,
    budget: Option<schema::Budget>,
}

impl Sqlite {
    /// Opens the index in a folder to feed it; makes it where there is none, for its owner's eyes only.
    ///
    /// # Errors
    /// The folder or the file cannot be used, or it has another form.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        make_folder(folder).map_err(IndexError::Folder)?;
        let file = folder.join(FILE);
        let connection = schema::writer(&file)?;
        Ok(Self { file, connection, words: RefCell::default(), budget: None })
    }

    /// Opens the index in a folder to ask it, each question bounded by so many steps of SQLite's machine.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it has another form.
    pub fn read(folder: &Path, steps: u64) -> Result<Self, IndexError> {
        let file = folder.join(FILE);
        let (connection, budget) = schema::reader(&file, steps)?;
        Ok(Self { file, connection, words: RefCell::default(), budget: Some(budget) })
    }

    /// Whether there is an index in a folder.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE).is_file()
    }

    /// Takes the index in a folder away, whatever form it has. Nobody may be using it.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn remove(folder: &Path) -> std::io::Result<()> {
        for name in [FILE.to_owned(), format!("{FILE}-wal"), format!("{FILE}-shm")] {
            match std::fs::remove_file(folder.join(name)) {
                Err(absent) if absent.kind() == std::io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    /// One question: everything it reads is as it was when it began.
    fn asking<T>(
        &self,
        ask: impl FnOnce(&mut read::Reading<'_>) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        if let Some(budget) = &self.budget {
            budget.renew();
        }
        let transaction = self.connection.unchecked_transaction()?;
        let mut words = self.words.borrow_mut();
        words.refresh(&transaction)?;
        let answer = ask(&mut read::Reading { connection: &transaction, words: &mut words });
        answer.map_err(|error| match error {
            IndexError::Sqlite(cause)
                if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
            {
                IndexError::TooLong
            }
            other => other,
        })
    }

    /// One change, all of it or nothing.
    fn changing<T>(
        &mut self,
        change: impl FnOnce(&Connection, &mut Words) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let words = self.words.get_mut();
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        words.refresh(&transaction)?;
        let changed = change(&transaction, words).and_then(|changed| {
            transaction.commit()?;
            Ok(changed)
        });
        if changed.is_err() {
            words.drop_all();
        }
        changed
    }
}

/// Makes the folder for its owner's eyes only.
pub(super) fn make_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

impl Catalogue for Sqlite {
    fn cursor(&self) -> Result<Option<Cursor>, IndexError> {
        self.asking(|reading| read::cursor(reading.connection))
    }

    fn page(&self, wanted: &Wanted, order: Order, most: usize) -> Result<Vec<Row>, IndexError> {
        self.asking(|reading| reading.page(wanted, order, most.min(super::PAGE_MAX)))
    }

    fn sums(&self, wanted: &Wanted, by: &[By]) -> Result<Vec<Sum>, IndexError> {
        self.asking(|reading| reading.sums(wanted, by))
    }

    fn unread(&self, wanted: &Wanted) -> Result<u64, IndexError> {
        self.asking(|reading| reading.unread(wanted))
    }

    fn after_seq(&self, agency: &str, seq: u64, most: usize) -> Result<Vec<u64>, IndexError> {
        self.asking(|reading| reading.after_seq(agency, seq, most.min(super::PAGE_MAX)))
    }
}

impl Index for Sqlite {
    fn add(&mut self, from: &Cursor, rows: Vec<Row>, to: &Cursor) -> Result<(), IndexError> {
        self.changing(|connection, words| write::add(connection, words, from, rows, to))
    }

    fn forget(&mut self, month: Month) -> Result<u64, IndexError> {
        let forgotten = self.changing(|connection, _| write::forget(connection, month))?;
        // What was taken away stands in the write-ahead file too, until that begins anew. A reader may keep it from doing so now.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(forgotten)
    }

    fn clear(&mut self) -> Result<(), IndexError> {
        // Whole tables are not overwritten: what follows in their pages does it.
        self.connection.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        let cleared = self.changing(|connection, _| schema::make_again(connection));
        self.connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        cleared
    }
}

impl Sqlite {
    /// The file it is in.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }
}
