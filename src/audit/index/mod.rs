//! The index: what the log's entries say, arranged so that questions are answered without reading the log.
//!
//! **Derived, never evidence.** It is fed from leaves and annexes and holds nothing that they do not say; every row carries the index of
//! its entry in the log, by which the entry can be read and proven. It can be thrown away at any time and built again.
//!
//! **Nothing about a person in the clear.** Case number, end user and data subject stand in it as keyed marks ([`marks`]): who has the
//! value and the key finds the entries, who has the index alone learns nothing. When a month is forgotten, [`Index::forget`] takes away
//! what its annexes told; an index built later is built from that month's leaves alone, and says how many annexes it could not read.
//!
//! **A crash loses nothing and doubles nothing.** How far it has come ([`Cursor`]) is written in the same transaction as the rows; what is
//! added must begin there. Two who feed it at once each see that the other was there, and go on from where it is.
//!
//! **Order.** The time of entries never goes back along a log, so that an entry's index tells its place in time too: pages are cut by it, and
//! a page that was once cut stays as it was while the log grows.
//!
//! | file | duty |
//! |---|---|
//! | [`mod@column`] | what a row can be asked for |
//! | [`row`] | what the index knows of an entry |
//! | [`wanted`] | which rows are asked for |
//! | [`marks`] | people and cases by keyed marks |
//! | [`annexes`] | what sealed annexes tell, while their months are not forgotten |
//! | [`feeder`] | from the log into the index |
//! | [`scanned`] | the same questions asked of the log itself, for whoever has no index |
//! | [`older`] | old entries for receipts |
//! | [`place`] | where an index is kept, and whose turn it is to feed it |
//! | [`told`] | rows and sums as machines are told them |
//! | [`sqlite`] | the index in a file, the default |
//! | [`postgres`] | the index in a database, by configuration |

pub mod annexes;
pub mod column;
pub mod feeder;
pub mod marks;
pub mod older;
pub mod place;
pub mod postgres;
pub mod row;
pub mod scanned;
pub mod sqlite;
pub mod told;
pub mod wanted;
#[cfg(test)]
pub(crate) mod tests;

use crate::crypto::digest::Hash;
use crate::tlog::reader::ReadError;

use column::By;
use column::Value;
use row::Row;
use wanted::Wanted;

/// Groups in one answer: more than anybody reads, and few enough to hold.
pub const GROUPS_MAX: usize = 100_000;

/// Rows in one page at most: some four MiB of them.
pub const PAGE_MAX: usize = 10_000;

/// How far an index has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Of which log.
    pub origin: String,
    /// The index of the entry that follows.
    pub next: u64,
    /// The leaf hash of the entry before it; zeroes where there is none. By it a log that was cut and has grown again is told apart.
    pub last: Hash,
}

impl Cursor {
    /// Before the first entry of a log.
    #[must_use]
    pub fn start(origin: &str) -> Self {
        Self { origin: origin.to_owned(), next: 0, last: [0; 32] }
    }
}

/// In which order rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As they were written.
    #[default]
    Oldest,
    /// The newest first.
    Newest,
}

/// Rows that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// What they have in common, in the order it was asked for.
    pub key: Vec<Option<Value>>,
    /// How many entries.
    pub entries: u64,
    /// How many events: a summary of fifty refusals is one entry and fifty events.
    pub events: u64,
}

/// Why an index does not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// SQLite refused.
    #[error("the index cannot be used")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused.
    #[error("the index's database cannot be used")]
    Postgres(#[from] tokio_postgres::Error),
    /// The connection to the database cannot be encrypted.
    #[error("the connection to the index's database cannot be encrypted")]
    Encryption(#[from] postgres::encrypted::Unusable),
    /// The folder cannot be used.
    #[error("the index's folder cannot be used")]
    Folder(#[source] std::io::Error),
    /// The log, read in the index's place, cannot be.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    /// Annexes, read in the index's place, cannot be.
    #[error("annexes cannot be read")]
    Annexes(#[from] annexes::Unreadable),
    /// The log, read in the index's place, ends before the head it has published.
    #[error("the log ends at entry {size}, and has published a head of {published}")]
    Cut {
        /// Entries that can be read.
        size: u64,
        /// Entries under the published head.
        published: u64,
    },
    /// Another program's version made it.
    #[error("the index has another form than this program's ({0})")]
    Form(i64),
    /// Somebody else has fed it meanwhile.
    #[error("the index has come to entry {0} by another's hand")]
    Moved(u64),
    /// It was fed from another log, and is none of this one.
    #[error("the index is of another log, `{}`", .0.escape_default())]
    OtherLog(String),
    /// The question would take too long.
    #[error("the question would take too long")]
    TooLong,
    /// The answer would have too many groups.
    #[error("the answer would have more than {GROUPS_MAX} groups")]
    TooManyGroups,
    /// What it holds is not what an index holds.
    #[error("the index is damaged: {0}")]
    Damaged(&'static str),
}

/// What can be asked. Answers tell what is derived; whoever needs proof reads the entries by their indices.
pub trait Catalogue: Send + std::fmt::Debug {
    /// How far it has come; none: nothing was ever added.
    ///
    /// # Errors
    /// It cannot be read.
    fn cursor(&self) -> Result<Option<Cursor>, IndexError>;

    /// The first so many of the rows that are wanted, at most [`PAGE_MAX`].
    ///
    /// # Errors
    /// It cannot be read, or it would take too long.
    fn page(&self, wanted: &Wanted, order: Order, most: usize) -> Result<Vec<Row>, IndexError>;

    /// The rows that are wanted, summed up by what they have in common, in the order of that.
    ///
    /// # Errors
    /// It cannot be read, it would take too long, or there are more than [`GROUPS_MAX`] groups.
    fn sums(&self, wanted: &Wanted, by: &[By]) -> Result<Vec<Sum>, IndexError>;

    /// How many entries in the span that is wanted have an annex that was not read: its month's key is gone, or it does not open.
    ///
    /// # Errors
    /// It cannot be read.
    fn unread(&self, wanted: &Wanted) -> Result<u64, IndexError>;

    /// The indices of one agency's entries after its `seq`, at most so many. The agency is one chain: old codes are others.
    ///
    /// # Errors
    /// It cannot be read.
    fn after_seq(&self, agency: &str, seq: u64, most: usize) -> Result<Vec<u64>, IndexError>;
}

/// An index that is kept. Fed by one at a time.
pub trait Index: Catalogue {
    /// Adds rows, all of them with the cursor behind them, or none. The first row is the one that follows `from`.
    ///
    /// What the months that were forgotten told is left out, whoever still had their keys.
    ///
    /// # Errors
    /// It cannot be written, or it stands elsewhere than at `from`.
    fn add(&mut self, from: &Cursor, rows: Vec<Row>, to: &Cursor) -> Result<(), IndexError>;

    /// Takes away what the annexes of a month told, for good; how many entries that were. To ask twice takes away nothing more.
    ///
    /// # Errors
    /// It cannot be written.
    fn forget(&mut self, month: Month) -> Result<u64, IndexError>;

    /// Takes everything away, to be fed again from the first entry; which months were forgotten is kept.
    ///
    /// # Errors
    /// It cannot be written.
    fn clear(&mut self) -> Result<(), IndexError>;
}

/// A calendar month (UTC), the one in which an exchange began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl std::str::FromStr for Month {
    type Err = &'static str;

    /// `2026-11`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a month is written like `2026-11`";
        let day = jiff::civil::Date::strptime("%Y-%m-%d", format!("{text}-01")).map_err(|_| WRONG)?;
        let month = Self { year: day.year(), month: day.month() };
        if month.to_string() == text { Ok(month) } else { Err(WRONG) }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Month {
    /// The month of a time in milliseconds since 1970.
    #[must_use]
    pub fn of_millis(millis: u64) -> Self {
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        let day = time.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        Self { year: day.year(), month: day.month() }
    }

    /// The ids of exchanges that began in it: from the first, and before the second.
    fn exchanges(self) -> ([u8; 16], [u8; 16]) {
        let first = jiff::civil::Date::new(self.year, self.month, 1).unwrap_or(jiff::civil::Date::ZERO);
        let next = first.last_of_month().tomorrow().unwrap_or(jiff::civil::Date::MAX);
        (id_floor(first), id_floor(next))
    }
}

/// The least id of an exchange that began on a day or later.
fn id_floor(day: jiff::civil::Date) -> [u8; 16] {
    let time = day.to_zoned_datetime(jiff::tz::TimeZone::UTC).map(|time| time.timestamp().as_millisecond());
    let millis = time.ok().and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0);
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(millis.to_be_bytes().into_iter().skip(2)) {
        *to = from;
    }
    id
}
