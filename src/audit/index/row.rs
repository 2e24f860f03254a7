//! What the index knows of an entry: read from the leaf, and from the annex where it can still be opened.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::id::ExchangeId;

use super::annexes::Annexes;
use super::annexes::Told;
use super::annexes::Unreadable;
use super::column::COLUMNS;
use super::column::Column;
use super::column::Value;

/// One entry, as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its index in the log.
    pub index: u64,
    /// When it was recorded: milliseconds since 1970.
    pub at: i64,
    /// Its number in its agency's chain.
    pub seq: u64,
    /// What became of its annex.
    pub annex: Annexed,
    cells: [Option<Value>; COLUMNS],
}

/// What became of an annex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annexed {
    /// There is none.
    None,
    /// It was read.
    Told,
    /// The key of its month is gone, or was never here.
    Gone,
    /// It does not open under its month's key.
    Damaged,
}

impl Annexed {
    /// The number that stands for it.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Told => 1,
            Self::Gone => 2,
            Self::Damaged => 3,
        }
    }

    /// What a number stands for.
    #[must_use]
    pub fn of_number(number: i64) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Told,
            2 => Self::Gone,
            _ => Self::Damaged,
        }
    }

    /// Whether there is one that was not read.
    #[must_use]
    pub fn is_unread(self) -> bool {
        matches!(self, Self::Gone | Self::Damaged)
    }
}

/// The members of a leaf that the index knows. Others are left alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Leaf<'a> {
    at: &'a str,
    seq: u64,
    exchange: Option<&'a str>,
    #[serde(borrow)]
    agency: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    service: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    #[serde(borrow)]
    agreement: Option<Agreement<'a>>,
    purpose: Option<Cow<'a, str>>,
    stage: Option<Cow<'a, str>>,
    reason: Option<Cow<'a, str>>,
    hop: Option<Cow<'a, str>>,
    #[serde(borrow)]
    certificate: Option<Certificate<'a>>,
    status: Option<u16>,
    count: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Agreement<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
struct Certificate<'a> {
    #[serde(borrow)]
    issuer: Cow<'a, str>,
    #[serde(borrow)]
    serial: Cow<'a, str>,
    #[serde(borrow)]
    spki: Cow<'a, str>,
}

impl Row {
    /// A row that says nothing but where and when.
    #[must_use]
    pub fn bare(index: u64, at: i64) -> Self {
        Self { index, at, seq: 0, annex: Annexed::None, cells: Default::default() }
    }

    /// Reads an entry. One that is no leaf of ours has a row too, which says nothing: rows are as many as entries. A leaf without a time
    /// stands where the one before it stood.
    ///
    /// # Errors
    /// A key is there and cannot be read, or a key of marks cannot be made.
    pub fn of(
        index: u64,
        leaf: &[u8],
        annex: &[u8],
        annexes: &Annexes,
        before: i64,
    ) -> Result<Self, Unreadable> {
        let leaf: Leaf<'_> = serde_json::from_slice(leaf).unwrap_or_default();
        let at = leaf.at.parse::<Timestamp>().map_or(before, |at| at.as_millisecond().max(before));
        let mut row = Self { seq: leaf.seq, ..Self::bare(index, at) };
        let exchange: Option<ExchangeId> = leaf.exchange.and_then(|id| id.parse().ok());
        row.take_leaf(&leaf);
        row.set(Column::Exchange, exchange.map(|id| Value::Bytes(*id.as_bytes())));
        if let Some(id) = exchange.filter(|_| !annex.is_empty()) {
            row.take_annex(annexes.open(id, annex)?);
        }
        Ok(row)
    }

    fn take_leaf(&mut self, leaf: &Leaf<'_>) {
        let certificate = leaf.certificate.as_ref();
        for (column, text) in [
            (Column::Agency, Some(&leaf.agency)),
            (Column::Kind, Some(&leaf.kind)),
            (Column::Service, leaf.service.as_ref()),
            (Column::Operation, leaf.operation.as_ref()),
            (Column::Agreement, leaf.agreement.as_ref().map(|agreement| &agreement.id)),
            (Column::Purpose, leaf.purpose.as_ref()),
            (Column::Stage, leaf.stage.as_ref()),
            (Column::Reason, leaf.reason.as_ref()),
            (Column::Hop, leaf.hop.as_ref()),
            (Column::Issuer, certificate.map(|certificate| &certificate.issuer)),
            (Column::Serial, certificate.map(|certificate| &certificate.serial)),
            (Column::Spki, certificate.map(|certificate| &certificate.spki)),
        ] {
            self.set(column, text.filter(|text| !text.is_empty()).map(|text| Value::from(&**text)));
        }
        self.set(Column::Status, leaf.status.map(|status| Value::Number(status.into())));
        self.set(
            Column::Times,
            leaf.count.map(|count| Value::Number(i64::try_from(count).unwrap_or(i64::MAX))),
        );
    }

    fn take_annex(&mut self, told: Told) {
        self.annex = told.became();
        let Told::Read(marks) = told else { return };
        self.set(Column::Case, marks.case.map(Value::Bytes));
        self.set(Column::User, marks.user.map(Value::Bytes));
        self.set(Column::Subject, marks.subject.map(Value::Bytes));
        self.set(Column::Code, marks.code.map(|code| Value::Word(code.into())));
    }

    /// What stands in a column.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<&Value> {
        self.cells.get(column as usize)?.as_ref()
    }

    /// Puts something into a column.
    pub fn set(&mut self, column: Column, value: Option<Value>) {
        if let Some(cell) = self.cells.get_mut(column as usize) {
            *cell = value;
        }
    }

    /// The text in a column.
    #[must_use]
    pub fn word(&self, column: Column) -> Option<&Arc<str>> {
        match self.get(column)? {
            Value::Word(text) => Some(text),
            Value::Number(_) | Value::Bytes(_) => None,
        }
    }

    /// The number in a column.
    #[must_use]
    pub fn number(&self, column: Column) -> Option<i64> {
        match self.get(column)? {
            Value::Number(number) => Some(*number),
            Value::Word(_) | Value::Bytes(_) => None,
        }
    }

    /// The id or mark in a column.
    #[must_use]
    pub fn bytes(&self, column: Column) -> Option<[u8; 16]> {
        match self.get(column)? {
            Value::Bytes(bytes) => Some(*bytes),
            Value::Word(_) | Value::Number(_) => None,
        }
    }

    /// The exchange it is of.
    #[must_use]
    pub fn exchange(&self) -> Option<ExchangeId> {
        ExchangeId::from_bytes(self.bytes(Column::Exchange)?)
    }

    /// How many events it stands for.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.number(Column::Times).and_then(|times| u64::try_from(times).ok()).unwrap_or(1)
    }

    /// When it was recorded.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at).unwrap_or(Timestamp::MIN)
    }

    /// Leaves out what the annex told, as if its key had been gone.
    pub fn forget(&mut self) {
        if self.annex == Annexed::Told {
            self.annex = Annexed::Gone;
        }
        Column::TOLD.into_iter().for_each(|column| self.set(column, None));
    }
}
