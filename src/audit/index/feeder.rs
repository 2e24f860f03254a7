//! From the log into the index: from its cursor on, batch by batch.
//!
//! The one who feeds reads the log by itself, as any reader does, so that nothing of an exchange waits for the index and nothing is held in
//! memory but one batch. Two may feed one index (the gateway, and a command of its operator): what one has added the other finds by the
//! cursor, in the transaction in which it would have added it again.

use std::path::Path;
use std::path::PathBuf;

use crate::audit::record::Draft;
use crate::tlog::Log;
use crate::tlog::reader::Item;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan_from;

use super::Cursor;
use super::Index;
use super::IndexError;
use super::annexes::Annexes;
use super::annexes::Unreadable;
use super::row::Row;
use super::scanned::published;

/// Rows in one transaction: half a MiB in memory, a few milliseconds of other readers' patience.
const BATCH: usize = 2_048;

/// Entries that are read at once from the segments of an open log: a mebibyte. A scan would read a segment from its beginning each time.
const NEAR: usize = 512;

/// Why an index cannot be fed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The log cannot be read, or is damaged.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    /// The index refused.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Annexes cannot be read.
    #[error("annexes cannot be read")]
    Annexes(#[from] Unreadable),
    /// The index tells of entries that this log does not have, or has otherwise.
    #[error("the index has come to entry {next}, which this log does not have, or has otherwise")]
    OtherEntries {
        /// Where the index stands.
        next: u64,
    },
}

/// Feeds one index from one log.
#[derive(Debug)]
pub struct Feeder<I: ?Sized> {
    log: PathBuf,
    /// The log itself, where it is open in this process: what is near its end is read entry by entry.
    open: Option<Log<Draft>>,
    annexes: Annexes,
    cursor: Cursor,
    /// The time of the last row.
    at: i64,
    index: Box<I>,
}

impl<I: Index + ?Sized> Feeder<I> {
    /// Goes on where the index stands.
    ///
    /// # Errors
    /// The index is of another log, or of another past of this one.
    pub fn new(index: Box<I>, log: &Path, origin: &str, annexes: Annexes) -> Result<Self, FeedError> {
        let cursor = Cursor::start(origin);
        let mut feeder = Self { log: log.to_owned(), open: None, annexes, cursor, at: i64::MIN, index };
        feeder.stand()?;
        Ok(feeder)
    }

    /// The same for the log that is open in this process, in its folder.
    ///
    /// # Errors
    /// The index is of another log, or of another past of this one.
    pub fn following(
        index: Box<I>,
        log: &Log<Draft>,
        folder: &Path,
        annexes: Annexes,
    ) -> Result<Self, FeedError> {
        let origin = log.head().checkpoint().origin;
        let feeder = Self::new(index, folder, origin.as_str(), annexes)?;
        Ok(Self { open: Some(log.clone()), ..feeder })
    }

    fn stand_again(&mut self) -> Result<(), FeedError> {
        (self.cursor, self.at) = (Cursor::start(&self.cursor.origin), i64::MIN);
        self.stand()
    }

    /// Takes the index's cursor for one's own, after holding it against the log.
    fn stand(&mut self) -> Result<(), FeedError> {
        let Some(cursor) = self.index.cursor()? else { return Ok(()) };
        if cursor.origin != self.cursor.origin {
            return Err(IndexError::OtherLog(cursor.origin).into());
        }
        if let Some(last) = cursor.next.checked_sub(1) {
            let other = FeedError::OtherEntries { next: cursor.next };
            let Some(item) = scan_from(&self.log, last).next() else {
                // What was published and cannot be read is damage of the log, not of the index.
                let head = published(&self.log).filter(|head| head.size >= cursor.next);
                return Err(
                    head.map_or(other, |head| IndexError::Cut { size: last, published: head.size }.into())
                );
            };
            let (_, entry, hash) = item?;
            if hash != cursor.last {
                return Err(other);
            }
            self.at = Row::of(last, &entry.leaf, &[], &self.annexes, self.at)?.at;
        }
        self.cursor = cursor;
        Ok(())
    }

    /// Feeds what the log has before the index `end`, and says after each batch how far it is, until it is told to stop; where the index
    /// then stands.
    ///
    /// # Errors
    /// See [`FeedError`]. What was added stays.
    pub fn feed(&mut self, end: u64, mut go_on: impl FnMut(u64) -> bool) -> Result<u64, FeedError> {
        // Another may have emptied it since.
        if self.index.cursor()?.map_or(0, |cursor| cursor.next) != self.cursor.next {
            self.stand_again()?;
        }
        'log: loop {
            let mut items = self.entries(end);
            loop {
                let most = usize::try_from(end.saturating_sub(self.cursor.next)).unwrap_or(BATCH).min(BATCH);
                let (rows, to) = self.batch(&mut items, most)?;
                if rows.is_empty() {
                    return Ok(self.cursor.next);
                }
                let at = rows.last().map_or(self.at, |row| row.at);
                match self.index.add(&self.cursor, rows, &to) {
                    Ok(()) => (self.cursor, self.at) = (to, at),
                    Err(IndexError::Moved(_)) => {
                        self.stand_again()?;
                        continue 'log;
                    }
                    Err(other) => return Err(other.into()),
                }
                if !go_on(self.cursor.next) {
                    return Ok(self.cursor.next);
                }
            }
        }
    }

    fn entries(&self, end: u64) -> Box<dyn Iterator<Item = Result<Item, ReadError>>> {
        let next = self.cursor.next;
        match &self.open {
            Some(log) if next >= log.sealed() => {
                let log = log.clone();
                // What is sealed meanwhile ends it: the rest is fed by the next call.
                let parts = (next..end).step_by(NEAR).map_while(move |from| {
                    log.newest(from, end.min(from.saturating_add(NEAR as u64))).transpose()
                });
                Box::new(parts.flat_map(|part| match part {
                    Ok(items) => items.into_iter().map(Ok).collect::<Vec<_>>(),
                    Err(fault) => vec![Err(fault)],
                }))
            }
            Some(_) | None => Box::new(scan_from(&self.log, next)),
        }
    }

    fn batch(
        &self,
        items: &mut impl Iterator<Item = Result<Item, ReadError>>,
        most: usize,
    ) -> Result<(Vec<Row>, Cursor), FeedError> {
        let (mut rows, mut to, mut at) = (Vec::new(), self.cursor.clone(), self.at);
        for item in items.take(most) {
            let (index, entry, hash) = item?;
            let row = Row::of(index, &entry.leaf, &entry.annex, &self.annexes, at)?;
            at = row.at;
            (to.next, to.last) = (index + 1, hash);
            rows.push(row);
        }
        Ok((rows, to))
    }

    /// Where the index stands, as far as is known here.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.cursor.next
    }

    /// The index, to be asked.
    #[must_use]
    pub fn into_index(self) -> Box<I> {
        self.index
    }
}
