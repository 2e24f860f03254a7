//! Texts by numbers. A number means the same text until the tables are made anew, which the epoch tells.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;

use crate::audit::index::IndexError;

/// Texts remembered: names that are configured, certificates, result codes. More are looked up again.
const WORDS_MAX: usize = 50_000;

/// What was looked up.
#[derive(Debug, Default)]
pub(super) struct Words {
    epoch: i64,
    numbers: HashMap<Arc<str>, i64>,
    texts: HashMap<i64, Arc<str>>,
}

impl Words {
    /// Forgets everything if the tables were made anew since, and some of it if it is too much. To be called in each transaction.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), IndexError> {
        let epoch = connection
            .prepare_cached("SELECT number FROM epoch")?
            .query_row([], |row| row.get::<_, i64>(0))?;
        if epoch != self.epoch || self.numbers.len() > WORDS_MAX || self.texts.len() > WORDS_MAX {
            self.drop_all();
            self.epoch = epoch;
        }
        Ok(())
    }

    /// Forgets everything: the transaction in which numbers were given was not committed.
    pub(super) fn drop_all(&mut self) {
        self.numbers.clear();
        self.texts.clear();
    }

    /// The number of a text, if it has one.
    pub(super) fn number(
        &mut self,
        connection: &Connection,
        text: &Arc<str>,
    ) -> Result<Option<i64>, IndexError> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(Some(*number));
        }
        let mut ask = connection.prepare_cached("SELECT id FROM words WHERE text = ?1")?;
        let number = ask.query_row([&**text], |row| row.get(0)).optional()?;
        if let Some(number) = number {
            self.numbers.insert(Arc::clone(text), number);
        }
        Ok(number)
    }

    /// The number of a text, which is given one if it has none.
    pub(super) fn numbered(&mut self, connection: &Connection, text: &Arc<str>) -> Result<i64, IndexError> {
        if let Some(number) = self.number(connection, text)? {
            return Ok(number);
        }
        connection.prepare_cached("INSERT INTO words (text) VALUES (?1)")?.execute([&**text])?;
        let number = connection.last_insert_rowid();
        self.numbers.insert(Arc::clone(text), number);
        Ok(number)
    }

    /// The text of a number.
    pub(super) fn text(&mut self, connection: &Connection, number: i64) -> Result<Arc<str>, IndexError> {
        if let Some(text) = self.texts.get(&number) {
            return Ok(Arc::clone(text));
        }
        let mut ask = connection.prepare_cached("SELECT text FROM words WHERE id = ?1")?;
        let text: Option<String> = ask.query_row([number], |row| row.get(0)).optional()?;
        let text: Arc<str> = text.ok_or(IndexError::Damaged("a number that is no word"))?.into();
        self.texts.insert(number, Arc::clone(&text));
        Ok(text)
    }
}
