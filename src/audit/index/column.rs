//! What a row of the index can be asked for.

use std::fmt;
use std::sync::Arc;

use crate::crypto::digest::hex;

/// A column. What a cell of it holds is told by [`Column::holds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// In whose chain the entry stands: the code as it was written.
    Agency,
    /// The kind of entry, such as `exchange.released`.
    Kind,
    /// The service.
    Service,
    /// Method and path template.
    Operation,
    /// The agreement's number.
    Agreement,
    /// The purpose's code.
    Purpose,
    /// The stage that refused.
    Stage,
    /// The reason's code.
    Reason,
    /// The hop that failed.
    Hop,
    /// The caller's certificate: its issuer.
    Issuer,
    /// Its serial number.
    Serial,
    /// The SHA-256 of its public key, hexadecimal.
    Spki,
    /// The provider's own result code. From the annex.
    Code,
    /// The answer's status.
    Status,
    /// How many events a summary stands for.
    Times,
    /// The exchange's id.
    Exchange,
    /// The mark of the case number. From the annex.
    Case,
    /// The mark of the end user. From the annex.
    User,
    /// The mark of the data subject. From the annex.
    Subject,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// One of few texts.
    Word,
    /// A number.
    Number,
    /// Sixteen bytes.
    Bytes,
}

/// How many columns there are.
pub const COLUMNS: usize = 19;

impl Column {
    /// All of them, in their order.
    pub const ALL: [Self; COLUMNS] = [
        Self::Agency,
        Self::Kind,
        Self::Service,
        Self::Operation,
        Self::Agreement,
        Self::Purpose,
        Self::Stage,
        Self::Reason,
        Self::Hop,
        Self::Issuer,
        Self::Serial,
        Self::Spki,
        Self::Code,
        Self::Status,
        Self::Times,
        Self::Exchange,
        Self::Case,
        Self::User,
        Self::Subject,
    ];

    /// Those that the annex tells, and that are taken away with its month.
    pub const TOLD: [Self; 4] = [Self::Code, Self::Case, Self::User, Self::Subject];

    /// Its name, for machines and in the tables of the index.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Kind => "kind",
            Self::Service => "service",
            Self::Operation => "operation",
            Self::Agreement => "agreement",
            Self::Purpose => "purpose",
            Self::Stage => "stage",
            Self::Reason => "reason",
            Self::Hop => "hop",
            Self::Issuer => "issuer",
            Self::Serial => "serial",
            Self::Spki => "spki",
            Self::Code => "code",
            Self::Status => "status",
            Self::Times => "times",
            Self::Exchange => "exchange",
            Self::Case => "case_mark",
            Self::User => "user_mark",
            Self::Subject => "subject_mark",
        }
    }

    /// What its cells hold.
    #[must_use]
    pub fn holds(self) -> Holds {
        match self {
            Self::Status | Self::Times => Holds::Number,
            Self::Exchange | Self::Case | Self::User | Self::Subject => Holds::Bytes,
            Self::Agency
            | Self::Kind
            | Self::Service
            | Self::Operation
            | Self::Agreement
            | Self::Purpose
            | Self::Stage
            | Self::Reason
            | Self::Hop
            | Self::Issuer
            | Self::Serial
            | Self::Spki
            | Self::Code => Holds::Word,
        }
    }
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// A text.
    Word(Arc<str>),
    /// A number.
    Number(i64),
    /// Sixteen bytes: an id or a mark.
    Bytes([u8; 16]),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Word(text.into())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => f.write_str(&hex(bytes)),
        }
    }
}

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// The value in a column.
    Column(Column),
    /// The hour, as the clocks here show it (GMT+7): hours since 1970.
    Hour,
    /// The day here: days since 1970.
    Day,
}

impl By {
    /// Milliseconds by which the clocks here are ahead of UTC.
    pub const AHEAD: i64 = 7 * 3_600_000;

    /// Milliseconds of the span, where rows are grouped by time.
    #[must_use]
    pub fn span(self) -> Option<i64> {
        match self {
            Self::Column(_) => None,
            Self::Hour => Some(3_600_000),
            Self::Day => Some(86_400_000),
        }
    }
}
