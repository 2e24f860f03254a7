//! People and cases by keyed marks: HMAC-SHA-256 under a key of the calendar year over what it is and its value, cut to sixteen bytes.
//!
//! Citizens' numbers are few enough to try them all: without a key any hash of them would be as good as the number. The key never lies
//! where the index does. A year's key lets whoever has it ask for one value; nobody can read values out.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::crypto::digest::hmac_sha256;
use crate::crypto::keyfile;
use crate::crypto::random;
use crate::id::ExchangeId;

/// A person or a case, to whoever has the key.
pub type Mark = [u8; 16];

/// What a mark is of. The same text as a user and as a subject has two marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// A case number.
    Case,
    /// An end user.
    User,
    /// A data subject.
    Subject,
}

impl Marked {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Case => b"case\n",
            Self::User => b"user\n",
            Self::Subject => b"subject\n",
        }
    }
}

/// A year's key. Prints nothing of itself.
#[derive(Clone, Copy)]
pub struct YearKey([u8; 32]);

impl std::fmt::Debug for YearKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("YearKey(..)")
    }
}

impl YearKey {
    /// The mark of a value.
    #[must_use]
    pub fn mark(&self, of: Marked, value: &str) -> Mark {
        let [half, _] = halves(hmac_sha256(&self.0, &[of.label(), value.as_bytes()]));
        half
    }
}

fn halves(hash: [u8; 32]) -> [Mark; 2] {
    let mut halves = [[0; 16]; 2];
    for (to, from) in halves.iter_mut().flatten().zip(hash) {
        *to = from;
    }
    halves
}

/// The keys of all years: `<year>.key` in a folder, or for once only.
#[derive(Debug)]
pub struct YearKeys {
    folder: Option<PathBuf>,
    known: Mutex<HashMap<i16, YearKey>>,
    once: Option<YearKey>,
}

impl YearKeys {
    /// Keys in a folder, which must not lie under the log.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder: Some(folder), known: Mutex::default(), once: None }
    }

    /// A key that is nowhere written: for whoever reads the log itself, without an index that outlives the reading.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn for_once() -> io::Result<Self> {
        let key = random::bytes().map_err(io::Error::other)?;
        Ok(Self { folder: None, known: Mutex::default(), once: Some(YearKey(key)) })
    }

    /// The key of the year in which an exchange began; made if there is none yet.
    ///
    /// # Errors
    /// It can neither be read nor made.
    pub fn of(&self, exchange: ExchangeId) -> io::Result<YearKey> {
        let Some(folder) = &self.folder else { return self.once.ok_or_else(no_key) };
        let year = year_of(exchange);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(&year) {
            return Ok(*key);
        }
        let make = || random::bytes::<32>().map(Vec::from).map_err(io::Error::other);
        // Durable before first use: were it lost, marks made with it could never be asked for.
        let key = whole(keyfile::read_or_make(&folder.join(format!("{year}.key")), make)?)?;
        known.insert(year, key);
        Ok(key)
    }

    /// Every key there is: which years a value is to be looked for in.
    ///
    /// # Errors
    /// The folder, or a key in it, cannot be read.
    pub fn all(&self) -> io::Result<Vec<YearKey>> {
        let Some(folder) = &self.folder else { return Ok(self.once.into_iter().collect()) };
        let files = match std::fs::read_dir(folder) {
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut keys = Vec::new();
        for file in files {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "key") {
                keys.push(whole(std::fs::read(&path)?)?);
            }
        }
        Ok(keys)
    }
}

fn whole(secret: Vec<u8>) -> io::Result<YearKey> {
    let secret = secret.try_into().map_err(|_| io::Error::other("a year's key has 32 bytes"))?;
    Ok(YearKey(secret))
}

fn no_key() -> io::Error {
    io::Error::other("there is no key of marks")
}

/// The year, in UTC, in which an exchange began.
fn year_of(exchange: ExchangeId) -> i16 {
    let millis = i64::try_from(exchange.unix_millis()).unwrap_or(i64::MAX);
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    time.to_zoned_datetime(TimeZone::UTC).year()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(time: &str) -> ExchangeId {
        let time: Timestamp = time.parse().unwrap();
        ExchangeId::new(u64::try_from(time.as_millisecond()).unwrap(), &[0; 10])
    }

    #[test]
    fn a_mark_is_the_same_all_year_and_tells_nothing_to_who_lacks_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys = YearKeys::new(folder.path().join("subjects"));
        let january = keys.of(exchange("2026-01-01T00:00:00Z")).unwrap();
        let december = keys.of(exchange("2026-12-31T23:59:59Z")).unwrap();
        let next = keys.of(exchange("2027-01-01T00:00:00Z")).unwrap();
        let mark = |key: &YearKey, of| key.mark(of, "033190000001");
        assert_eq!(mark(&january, Marked::Subject), mark(&december, Marked::Subject));
        assert_ne!(mark(&january, Marked::Subject), mark(&next, Marked::Subject));
        assert_ne!(mark(&january, Marked::Subject), mark(&january, Marked::User));
        let again = YearKeys::new(folder.path().join("subjects"));
        let mut marks: Vec<_> = again.all().unwrap().iter().map(|key| mark(key, Marked::User)).collect();
        marks.sort_unstable();
        let mut expected = vec![mark(&january, Marked::User), mark(&next, Marked::User)];
        expected.sort_unstable();
        assert_eq!(marks, expected);
    }

    #[test]
    fn asking_makes_no_key() {
        let folder = tempfile::tempdir().unwrap();
        assert!(YearKeys::new(folder.path().join("subjects")).all().unwrap().is_empty());
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
