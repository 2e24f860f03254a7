//! The questions, and who may ask which: an auditor about everything, an agency about its own entries.
//!
//! [`rows`] and [`sums`] are the one way to the index's answers, for commands and for the desk alike, so that what an agency may not see is
//! left out in one place.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity::registry::Registry;

use super::index::Catalogue;
use super::index::IndexError;
use super::index::Order;
use super::index::Sum;
use super::index::annexes::Annexes;
use super::index::column::By;
use super::index::column::Column;
use super::index::column::Value;
use super::index::marks::Marked;
use super::index::row::Row;
use super::index::wanted::Wanted;

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

/// Codes that name one agency: today's first, then those it had before.
#[derive(Debug, Clone, Default)]
pub struct Codes(BTreeMap<String, Arc<[String]>>);

impl Codes {
    /// As the registry tells them.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let mut codes = BTreeMap::new();
        for agency in registry.iter() {
            let former = agency.formerly.iter().map(|former| &former.id);
            let all: Arc<[String]> =
                [&agency.id].into_iter().chain(former).map(ToString::to_string).collect();
            codes.extend(all.iter().map(|code| (code.clone(), Arc::clone(&all))));
        }
        Self(codes)
    }

    /// Every code of the agency that has or had this one.
    fn all(&self, code: &str) -> Vec<String> {
        self.0.get(code).map_or_else(|| vec![code.to_owned()], |codes| codes.to_vec())
    }

    /// Today's code.
    fn today<'a>(&'a self, code: &'a str) -> &'a str {
        self.0.get(code).and_then(|codes| codes.first()).map_or(code, String::as_str)
    }
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

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// By what the index groups by.
    By(By),
    /// By the month here (GMT+7).
    Month,
}

/// The groups by their names, as `--by` takes them.
pub const GROUPS: [(&str, Group); 20] = [
    ("agency", Group::By(By::Column(Column::Agency))),
    ("service", Group::By(By::Column(Column::Service))),
    ("operation", Group::By(By::Column(Column::Operation))),
    ("agreement", Group::By(By::Column(Column::Agreement))),
    ("purpose", Group::By(By::Column(Column::Purpose))),
    ("outcome", Group::By(By::Column(Column::Kind))),
    ("reason", Group::By(By::Column(Column::Reason))),
    ("stage", Group::By(By::Column(Column::Stage))),
    ("hop", Group::By(By::Column(Column::Hop))),
    ("status", Group::By(By::Column(Column::Status))),
    ("certificate", Group::By(By::Column(Column::Serial))),
    ("issuer", Group::By(By::Column(Column::Issuer))),
    ("code", Group::By(By::Column(Column::Code))),
    ("case", Group::By(By::Column(Column::Case))),
    ("user", Group::By(By::Column(Column::User))),
    ("subject", Group::By(By::Column(Column::Subject))),
    ("exchange", Group::By(By::Column(Column::Exchange))),
    ("hour", Group::By(By::Hour)),
    ("day", Group::By(By::Day)),
    ("month", Group::Month),
];

/// The rows that answer a question, summed up. Old codes of an agency count as today's.
///
/// # Errors
/// See [`QueryError`].
pub fn sums(desk: Desk<'_>, view: &View, query: &Query, by: &[Group]) -> Result<Vec<Sum>, QueryError> {
    let wanted = wanted(desk, view, query)?;
    let asked: Vec<By> = by.iter().map(|group| group.by()).collect();
    let mut folded: BTreeMap<Vec<Option<Value>>, (u64, u64)> = BTreeMap::new();
    for Sum { key, entries, events } in desk.catalogue.sums(&wanted, &asked)? {
        let key =
            key.into_iter().zip(by).map(|(value, group)| value.map(|value| group.fold(value, desk.codes)));
        let sum = folded.entry(key.collect()).or_default();
        *sum = (sum.0 + entries, sum.1 + events);
    }
    Ok(folded.into_iter().map(|(key, (entries, events))| Sum { key, entries, events }).collect())
}

impl Group {
    fn by(self) -> By {
        match self {
            Self::By(by) => by,
            Self::Month => By::Day,
        }
    }

    fn fold(self, value: Value, codes: &Codes) -> Value {
        match (self, value) {
            (Self::By(By::Column(Column::Agency)), Value::Word(code)) => Value::from(codes.today(&code)),
            (Self::By(By::Hour), Value::Number(hours)) => {
                let hour = hours.rem_euclid(24);
                Value::from(&*format!("{} {hour:02}:00", day(hours.div_euclid(24)).strftime("%Y-%m-%d")))
            }
            (Self::By(By::Day), Value::Number(days)) => Value::from(&*day(days).to_string()),
            (Self::Month, Value::Number(days)) => Value::from(&*day(days).strftime("%Y-%m").to_string()),
            (Self::By(_) | Self::Month, value) => value,
        }
    }
}

/// A day by its number since 1970.
fn day(number: i64) -> Date {
    let days = i32::try_from(number).ok().and_then(|days| jiff::Span::new().try_days(days).ok());
    days.and_then(|days| Date::constant(1970, 1, 1).checked_add(days).ok()).unwrap_or(Date::ZERO)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::index::Cursor;
    use crate::audit::index::Index as _;
    use crate::audit::index::sqlite::Sqlite;
    use crate::identity::registry::Agency;
    use crate::identity::registry::FormerId;

    /// A province in which the centre was two agencies until July.
    fn codes() -> Codes {
        let until = Date::constant(2026, 6, 30);
        let formerly = ["H31.01", "H10.04"].map(|id| FormerId { id: id.parse().unwrap(), until }).to_vec();
        let agency = |id: &str, formerly: Vec<FormerId>| {
            Arc::new(Agency {
                id: id.parse().unwrap(),
                name: crate::language::Text::default(),
                formerly,
                roles: BTreeSet::new(),
                organization_identifier: None,
                spki_pins: Vec::new(),
                issuing_ca: None,
                contacts: Default::default(),
                networks: Vec::new(),
                signing_keys: Vec::new(),
            })
        };
        Codes::of(&Registry::new(vec![agency("H31.02", formerly), agency("H31.03", Vec::new())]).unwrap())
    }

    /// One entry of each agency, an hour apart from noon (GMT+7) on the last day of October; then one that is no exchange.
    struct Answers {
        index: Sqlite,
        annexes: Annexes,
        codes: Codes,
        _folder: tempfile::TempDir,
    }

    const AGENCIES: [&str; 5] = ["H10.04", "H31.01", "H31.02", "H31.03", "H31.02"];

    impl Answers {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let mut index = Sqlite::open(folder.path()).unwrap();
            let noon: Timestamp = "2026-10-31T05:00:00Z".parse().unwrap();
            let mut rows = Vec::new();
            for (number, agency) in (0..).zip(AGENCIES) {
                let mut row =
                    Row::bare(number, noon.as_millisecond() + 3_600_000 * i64::try_from(number).unwrap());
                row.set(Column::Agency, Some(Value::from(agency)));
                let kind = if number == 4 { "node.started" } else { "exchange.refused" };
                row.set(Column::Kind, Some(Value::from(kind)));
                rows.push(row);
            }
            let to = Cursor { next: 5, last: [1; 32], origin: "gw1".to_owned() };
            index.add(&Cursor::start("gw1"), rows, &to).unwrap();
            let annexes = Annexes::for_once(None).unwrap();
            Self { index, annexes, codes: codes(), _folder: folder }
        }

        fn desk(&self) -> Desk<'_> {
            Desk { catalogue: &self.index, annexes: &self.annexes, codes: &self.codes }
        }

        fn rows(&self, view: &View, query: &Query) -> Vec<u64> {
            let page = Page { order: Order::Oldest, after: None, most: 10 };
            rows(self.desk(), view, query, page).unwrap().iter().map(|row| row.index).collect()
        }
    }

    fn of(agency: &str) -> Query {
        Query { agency: Some(agency.to_owned()), ..Query::default() }
    }

    #[test]
    fn an_agency_is_found_under_every_code_it_has_or_had() {
        let answers = Answers::new();
        for code in ["H31.02", "H31.01", "H10.04"] {
            assert_eq!(answers.rows(&View::Everything, &of(code)), [0, 1, 2], "{code}");
        }
        assert_eq!(answers.rows(&View::Everything, &of("H31.03")), [3]);
        assert!(answers.rows(&View::Everything, &of("H31")).is_empty());
        let by = [GROUPS[0].1];
        let sums = sums(answers.desk(), &View::Everything, &Query::default(), &by).unwrap();
        let told: Vec<_> =
            sums.iter().map(|sum| (sum.key[0].clone().unwrap().to_string(), sum.entries)).collect();
        assert_eq!(told, [("H31.02".to_owned(), 3), ("H31.03".to_owned(), 1)]);
    }

    #[test]
    fn an_agency_sees_its_own_and_nothing_of_another_whatever_it_asks() {
        let answers = Answers::new();
        let own = |id: &str| View::Own(id.parse().unwrap());
        let all = Query { all: true, ..Query::default() };
        assert_eq!(answers.rows(&own("H31.02"), &all), [0, 1, 2, 4]);
        assert_eq!(answers.rows(&own("H31.03"), &all), [3]);
        assert!(answers.rows(&own("H31.03"), &of("H31.02")).is_empty());
        let told = sums(answers.desk(), &own("H31.03"), &all, &[GROUPS[0].1]).unwrap();
        assert_eq!(told.iter().map(|sum| sum.entries).sum::<u64>(), 1);
    }

    #[test]
    fn what_is_no_exchange_is_told_only_where_all_is_asked_for() {
        let answers = Answers::new();
        assert_eq!(answers.rows(&View::Everything, &Query::default()), [0, 1, 2, 3]);
        let started = Query { all: true, since: "2026-10-31T09:00:00Z".parse().ok(), ..Query::default() };
        assert_eq!(answers.rows(&View::Everything, &started), [4]);
    }

    #[test]
    fn hours_days_and_months_are_those_of_the_clocks_here() {
        let fold = |group: Group, number| group.fold(Value::Number(number), &Codes::default()).to_string();
        let midnight: Timestamp = "2026-10-31T17:00:00Z".parse().unwrap();
        let hours = (midnight.as_millisecond() + By::AHEAD) / 3_600_000;
        assert_eq!(fold(Group::By(By::Hour), hours), "2026-11-01 00:00");
        assert_eq!(fold(Group::By(By::Hour), hours - 1), "2026-10-31 23:00");
        assert_eq!(fold(Group::By(By::Day), hours / 24), "2026-11-01");
        assert_eq!(
            (fold(Group::Month, hours / 24), fold(Group::Month, hours / 24 - 1)),
            ("2026-11".into(), "2026-10".into())
        );
    }

    #[test]
    fn a_certificate_is_asked_for_by_serial_number_or_by_key() {
        assert_eq!(of_certificate("0a1b"), Column::Serial);
        assert_eq!(of_certificate(&"ab".repeat(32)), Column::Spki);
    }
}
