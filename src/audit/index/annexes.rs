//! What sealed annexes tell the index, while their months are not forgotten. Months' keys are only read here, never made.

use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::audit::months::MonthKeyError;
use crate::audit::months::MonthKeys;
use crate::id::ExchangeId;

use super::marks::Mark;
use super::marks::Marked;
use super::marks::YearKeys;
use super::row::Annexed;

/// The folder of the months' keys, under the keys folder.
const MONTHS: &str = "months";

/// The folder of the keys of marks, under the keys folder.
const SUBJECTS: &str = "subjects";

/// Opens annexes.
#[derive(Debug)]
pub struct Annexes {
    months: Option<MonthKeys>,
    years: YearKeys,
}

/// Why annexes cannot be read, though nothing was forgotten.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A month's key is there and cannot be read.
    #[error(transparent)]
    Month(#[from] MonthKeyError),
    /// A year's key of marks can neither be read nor made.
    #[error("a key of marks can neither be read nor made")]
    Year(#[from] io::Error),
}

/// What an annex told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// This.
    Read(Box<Marks>),
    /// Nothing: the key of its month is not here.
    Gone,
    /// Nothing: it does not open.
    Damaged,
}

/// What the index takes from an annex.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// The case.
    pub case: Option<Mark>,
    /// The end user.
    pub user: Option<Mark>,
    /// The data subject.
    pub subject: Option<Mark>,
    /// The provider's own result code.
    pub code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plain {
    case: Option<String>,
    user: Option<String>,
    subject: Option<String>,
    code: Option<String>,
}

impl Annexes {
    /// With the keys in a gateway's folder of keys.
    #[must_use]
    pub fn with_keys(keys: &Path) -> Self {
        let months = Some(MonthKeys::new(keys.join(MONTHS)));
        Self { months, years: YearKeys::new(keys.join(SUBJECTS)) }
    }

    /// The same where the months' keys are in use already: what is forgotten there is forgotten here.
    #[must_use]
    pub fn sharing(months: &MonthKeys, keys: &Path) -> Self {
        Self { months: Some(months.clone()), years: YearKeys::new(keys.join(SUBJECTS)) }
    }

    /// With the months' keys in such a folder, or none, and marks that mean nothing to anybody else.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn for_once(keys: Option<&Path>) -> io::Result<Self> {
        let months = keys.map(|keys| MonthKeys::new(keys.join(MONTHS)));
        Ok(Self { months, years: YearKeys::for_once()? })
    }

    /// The marks a value may have: one for each year's key.
    ///
    /// # Errors
    /// A key cannot be read.
    pub fn marks(&self, of: Marked, value: &str) -> io::Result<Vec<Mark>> {
        Ok(self.years.all()?.iter().map(|key| key.mark(of, value)).collect())
    }

    /// Opens the annex of an exchange.
    ///
    /// # Errors
    /// A key is there and cannot be read, or a key of marks cannot be made.
    pub fn open(&self, exchange: ExchangeId, sealed: &[u8]) -> Result<Told, Unreadable> {
        let Some(months) = &self.months else { return Ok(Told::Gone) };
        let Some(key) = months.kept(exchange)? else { return Ok(Told::Gone) };
        let opened = key.sealing.open(exchange.as_bytes(), sealed).ok();
        let Some(plain) = opened.and_then(|plain| serde_json::from_slice::<Plain>(&plain).ok()) else {
            return Ok(Told::Damaged);
        };
        let key = self.years.of(exchange)?;
        let mark = |of, value: Option<String>| value.map(|value| key.mark(of, &value));
        Ok(Told::Read(Box::new(Marks {
            case: mark(Marked::Case, plain.case),
            user: mark(Marked::User, plain.user),
            subject: mark(Marked::Subject, plain.subject),
            code: plain.code,
        })))
    }
}

impl Told {
    /// What became of the annex.
    #[must_use]
    pub fn became(&self) -> Annexed {
        match self {
            Self::Read(_) => Annexed::Told,
            Self::Gone => Annexed::Gone,
            Self::Damaged => Annexed::Damaged,
        }
    }
}
