//! The questions, and who may ask which: an auditor about everything, an agency about its own entries.
//!
//! [`rows`] and [`sums`] are the one way to the index's answers, for commands and for the desk alike, so that what an agency may not see is
//! left out in one place.

mod codes;
mod group;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::id::ExchangeId;

use super::index::Catalogue;
use super::index::IndexError;
use super::index::Order;
use super::index::annexes::Annexes;
use super::index::column::Column;
use super::index::column::Value;
use super::index::marks::Marked;
use super::index::row::Row;
use super::index::wanted::Wanted;

pub use codes::Codes;
pub use group::GROUPS;
pub use group::Group;
pub use group::sums;

/// What follows `exchange.` in the kinds of entries that are an exchange's.
pub const OUTCOMES: [&str; 6] = ["opened", "released", "refused", "failed", "aborted", "orphaned"];

/// The kind of entry that sums refusals up: an exchange's too, of many.
const SUMMARY: &str = "refusals.summary";

/// The prefix of the kinds that are an exchange's.
const EXCHANGE: &str = "exchange.";

/// What is asked for. What is not set is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Recorded from then on.
    pub since: Option<Timestamp>,
    /// Recorded before.
    pub until: Option<Timestamp>,
    /// The agency in whose chain it stands; under whichever of its codes.
    pub agency: Option<String>,
    /// The service.
    pub service: Option<String>,
    /// Method and path template.
    pub operation: Option<String>,
    /// The agreement's number.
    pub agreement: Option<String>,
    /// The purpose's code.
    pub purpose: Option<String>,
    /// One of [`OUTCOMES`].
    pub outcome: Option<String>,
    /// The reason's code.
    pub reason: Option<String>,
    /// The stage that refused.
    pub stage: Option<String>,
    /// The hop that failed.
    pub hop: Option<String>,
    /// The answer's status.
    pub status: Option<u16>,
    /// The exchange.
    pub exchange: Option<ExchangeId>,
    /// The caller's certificate: its serial number, or the SHA-256 of its public key.
    pub certificate: Option<String>,
    /// The case number.
    pub case: Option<String>,
    /// The end user.
    pub user: Option<String>,
    /// The data subject.
    pub subject: Option<String>,
    /// The provider's own result code.
    pub code: Option<String>,
    /// What is no exchange too.
    pub all: bool,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// Whoever may see everything.
    Everything,
    /// An agency, which sees what stands in its own chain.
    Own(AgencyId),
}

/// Which part of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// In which order.
    pub order: Order,
    /// Behind the row of this index, in that order.
    pub after: Option<u64>,
    /// At most so many.
    pub most: usize,
}

/// What an answer is made with.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// The index, or the log in its place.
    pub catalogue: &'a dyn Catalogue,
    /// The keys of marks.
    pub annexes: &'a Annexes,
    /// Old codes of agencies.
    pub codes: &'a Codes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The index does not give one.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The keys of marks cannot be read.
    #[error("the keys of marks cannot be read")]
    Marks(#[from] io::Error),
}

/// The rows that answer a question.
///
/// # Errors
/// See [`QueryError`].
pub fn rows(desk: Desk<'_>, view: &View, query: &Query, page: Page) -> Result<Vec<Row>, QueryError> {
    let mut wanted = wanted(desk, view, query)?;
    match (page.order, page.after) {
        (_, None) => {}
        (Order::Oldest, Some(after)) => wanted.first = after.saturating_add(1),
        (Order::Newest, Some(before)) => wanted.end = before,
    }
    Ok(desk.catalogue.page(&wanted, page.order, page.most)?)
}

/// How many annexes in the time asked for could not be searched; 0 where the question is about leaves alone.
///
/// # Errors
/// See [`QueryError`].
pub fn unsearched(desk: Desk<'_>, view: &View, query: &Query) -> Result<u64, QueryError> {
    let asks =
        query.case.is_some() || query.user.is_some() || query.subject.is_some() || query.code.is_some();
    if asks { Ok(desk.catalogue.unread(&wanted(desk, view, query)?)?) } else { Ok(0) }
}

/// The question as the index understands it, cut to what may be seen.
fn wanted(desk: Desk<'_>, view: &View, query: &Query) -> Result<Wanted, QueryError> {
    let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
    let mut wanted = Wanted { since: millis(query.since), until: millis(query.until), ..Wanted::default() };
    if let View::Own(agency) = view {
        wanted = wanted.and(Column::Agency, words(desk.codes.all(agency.as_str())));
    }
    if let Some(agency) = &query.agency {
        wanted = wanted.and(Column::Agency, words(desk.codes.all(agency)));
    }
    if let Some(kinds) = query.kinds() {
        wanted = wanted.and(Column::Kind, words(kinds));
    }
    for (column, text) in query.texts() {
        wanted = wanted.and(column, vec![Value::from(text)]);
    }
    if let Some(status) = query.status {
        wanted = wanted.and(Column::Status, vec![Value::Number(status.into())]);
    }
    if let Some(id) = query.exchange {
        wanted = wanted.and(Column::Exchange, vec![Value::Bytes(*id.as_bytes())]);
    }
    for (column, of, value) in [
        (Column::Case, Marked::Case, &query.case),
        (Column::User, Marked::User, &query.user),
        (Column::Subject, Marked::Subject, &query.subject),
    ] {
        if let Some(value) = value {
            let marks: BTreeSet<_> = desk.annexes.marks(of, value)?.into_iter().collect();
            wanted = wanted.and(column, marks.into_iter().map(Value::Bytes).collect());
        }
    }
    Ok(wanted)
}

impl Query {
    /// Whether what is asked stands in annexes.
    #[must_use]
    pub fn is_about_annexes(&self) -> bool {
        self.case.is_some() || self.user.is_some() || self.subject.is_some() || self.code.is_some()
    }

    /// The kinds of entry that are asked for; none: all.
    fn kinds(&self) -> Option<Vec<String>> {
        match &self.outcome {
            Some(outcome) => Some(vec![format!("{EXCHANGE}{outcome}")]),
            None if self.all => None,
            None => {
                let kinds = OUTCOMES.iter().map(|outcome| format!("{EXCHANGE}{outcome}"));
                Some(kinds.chain([SUMMARY.to_owned()]).collect())
            }
        }
    }

    /// What is asked of texts.
    fn texts(&self) -> Vec<(Column, &str)> {
        let certificate = self.certificate.as_deref().map(|given| (of_certificate(given), given));
        let texts = [
            (Column::Service, &self.service),
            (Column::Operation, &self.operation),
            (Column::Agreement, &self.agreement),
            (Column::Purpose, &self.purpose),
            (Column::Reason, &self.reason),
            (Column::Stage, &self.stage),
            (Column::Hop, &self.hop),
            (Column::Code, &self.code),
        ];
        let texts = texts.into_iter().filter_map(|(column, text)| Some((column, text.as_deref()?)));
        texts.chain(certificate).collect()
    }
}

/// A public key's SHA-256 has 64 digits; a serial number has at most 40 (RFC 5280 4.1.2.2).
fn of_certificate(given: &str) -> Column {
    if given.len() == 64 { Column::Spki } else { Column::Serial }
}

fn words(texts: Vec<String>) -> Vec<Value> {
    texts.iter().map(|text| Value::from(text.as_str())).collect()
}
