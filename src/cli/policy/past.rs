//! What the log tells of past exchanges, for questions about policies: entry by entry from the node's own folders, with annexes as far as
//! their months' keys are here; or row by row from a gateway's desk, which tells less.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::audit::index::Order;
use crate::audit::index::column::Column;
use crate::audit::index::row::Annexed;
use crate::audit::index::row::Row;
use crate::audit::index::scanned::published;
use crate::audit::index::told;
use crate::audit::months::MonthKeys;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::cli::Session;
use crate::cli::audit::answers::Answers;
use crate::cli::audit::answers::Whom;
use crate::cli::audit::entry::Seen;
use crate::cli::audit::list::each_page;
use crate::cli::audit::source::Source;
use crate::cli::audit::unread;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place;
use crate::cli::place::Folder;
use crate::cli::when;
use crate::cli::when::Edge;
use crate::clock::Timestamp;
use crate::crypto::digest::unhex;
use crate::id::ExchangeId;
use crate::policy::replay::Past;
use crate::tlog::reader::scan_from;

use super::then;

/// The folder of the months' keys, under the keys folder.
const MONTHS: &str = "months";

/// Which part of the past.
#[derive(Debug, clap::Args)]
pub struct Span {
    #[arg(long, value_name = "TIME")]
    since: String,
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    whom: Whom,
}

/// An exchange as it was decided, with whatever came of it.
#[derive(Debug)]
pub struct Exchange {
    /// The entry that decided it.
    pub seen: Seen,
    /// What its annex says; none: it cannot be read here.
    pub annex: Option<Value>,
    /// By how many milliseconds the clock that decided was ahead of the log's.
    ahead: i64,
}

/// What was not exchange by exchange.
#[derive(Debug, Default)]
pub struct Beside {
    /// Refusals that were summed up: by a limit, or beyond an agency's budget.
    pub summed_up: u64,
    /// Exchanges whose annex cannot be read.
    pub unread: u64,
    /// The first entry of the log that was seen, if the log begins after `--since`.
    pub begins: Option<Timestamp>,
}

impl Span {
    /// Tells every exchange of the span, in order.
    ///
    /// # Errors
    /// A time cannot be understood, or there is no answer.
    pub fn each(
        &self,
        session: &mut Session,
        take: &mut dyn FnMut(&Exchange) -> Result<(), Failure>,
    ) -> Result<Beside, Failure> {
        let now = session.clock.now();
        let until = self.until.as_deref().map(|text| when::parse(text, now, Edge::End)).transpose()?;
        let since = Some(when::parse(&self.since, now, Edge::Start)?);
        let query = Query { since, until, all: true, ..Query::default() };
        let answers = self.whom.open(false, session)?;
        let mut teller = Teller { take, opened: BTreeMap::new(), beside: Beside::default(), ahead: 0 };
        match &answers {
            Answers::Here(source) => here(source, &query, &answers, session, &mut teller)?,
            Answers::There(_) => each_page(&answers, &query, None, None, |rows| {
                rows.iter().try_for_each(|row| teller.entry(of_row(row), of_marks(row)))
            })?,
        }
        answers.note_gaps(&query, session)?;
        teller.end()
    }
}

/// Reads the log itself, from the first entry of the span on.
fn here(
    source: &Source,
    query: &Query,
    answers: &Answers,
    session: &Session,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let first = answers.rows(query, Page { order: Order::Oldest, after: None, most: 1 })?;
    let Some(first) = first.first().map(|row| row.index) else { return Ok(()) };
    // A demonstration's clock may have been set: the last start before the span says so.
    teller.ahead = then::last(source, STARTED, first)?.as_ref().map_or(0, ahead);
    let months = source.keys.as_deref().map(|keys| MonthKeys::new(keys.join(MONTHS)));
    let total = published(&source.log).map_or(0, |head| head.size).saturating_sub(first);
    let mut progress = session.terminal.progress(&session.clock, total);
    for item in scan_from(&source.log, first) {
        let (index, entry, _) = item.map_err(unread)?;
        let seen = Seen::new(index, &entry.leaf, entry.annex);
        if query.until.zip(seen.at()).is_some_and(|(until, at)| at >= until) {
            break;
        }
        let annex = opened(&seen, months.as_ref())?;
        teller.entry(seen, annex)?;
        progress.at(index - first, total);
    }
    progress.finish();
    Ok(())
}

/// What an annex says: nothing where there is none; none where it cannot be read here.
fn opened(seen: &Seen, months: Option<&MonthKeys>) -> Result<Option<Value>, Failure> {
    if seen.annex.is_empty() {
        return Ok(Some(Value::Null));
    }
    let id: Option<ExchangeId> = seen.text("exchange").and_then(|id| id.parse().ok());
    let Some((months, id)) = months.zip(id) else { return Ok(None) };
    let Some(key) = months.kept(id).map_err(no_key)? else { return Ok(None) };
    let plain = key.sealing.open(id.as_bytes(), &seen.annex).ok();
    Ok(plain.and_then(|plain| serde_json::from_slice(&plain).ok()))
}

fn no_key(cause: crate::audit::months::MonthKeyError) -> Failure {
    let vi = "Không đọc được khóa của tháng. Hãy kiểm tra thư mục khóa và quyền đọc.";
    let en = "A month's key cannot be read. Check the folder of keys and the permission to read it.";
    Failure::could_not("month-key-unreadable", vi, en).because(cause)
}

const STARTED: &str = "node.started";

fn ahead(started: &Seen) -> i64 {
    let set: Option<Timestamp> = started.text("policy_clock").and_then(|text| text.parse().ok());
    let ahead = set.zip(started.at()).map(|(set, at)| set.as_millisecond() - at.as_millisecond());
    ahead.unwrap_or(0)
}

/// Sorts entries into exchanges.
struct Teller<'a> {
    take: &'a mut dyn FnMut(&Exchange) -> Result<(), Failure>,
    /// Those that were opened and have no outcome yet: as many as were under way at once.
    opened: BTreeMap<String, Exchange>,
    beside: Beside,
    ahead: i64,
}

impl Teller<'_> {
    fn entry(&mut self, seen: Seen, annex: Option<Value>) -> Result<(), Failure> {
        let id = seen.text("exchange").unwrap_or_default().to_owned();
        if seen.index == 0 {
            self.beside.begins = seen.at();
        }
        let exchange =
            |teller: &Self| Exchange { seen: seen.clone(), annex: annex.clone(), ahead: teller.ahead };
        match seen.kind() {
            STARTED => self.ahead = ahead(&seen),
            "refusals.summary" => self.beside.summed_up += seen.number("count").unwrap_or(1),
            "exchange.opened" => {
                self.opened.insert(id, exchange(self));
            }
            "exchange.released" | "exchange.refused" | "exchange.failed" => {
                let exchange = exchange(self);
                // An exchange that a fault of ours ended has nothing but its id: what was opened says more.
                let opened = self.opened.remove(&id);
                let bare = exchange.seen.text("service").is_none();
                self.tell(&opened.filter(|_| bare).unwrap_or(exchange))?;
            }
            "exchange.orphaned" => {
                if let Some(opened) = self.opened.remove(&id) {
                    self.tell(&opened)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn tell(&mut self, exchange: &Exchange) -> Result<(), Failure> {
        self.beside.unread += u64::from(exchange.annex.is_none());
        (self.take)(exchange)
    }

    fn end(mut self) -> Result<Beside, Failure> {
        for exchange in std::mem::take(&mut self.opened).into_values() {
            self.tell(&exchange)?;
        }
        Ok(self.beside)
    }
}

/// A row, as far as it tells what its entry says.
fn of_row(row: &Row) -> Seen {
    let mut leaf = told::json(row);
    if let Some(members) = leaf.as_object_mut() {
        if let Some(id) = members.remove("agreement") {
            members.insert("agreement".to_owned(), json!({ "id": id }));
        }
        members.extend(members.get("times").cloned().map(|times| ("count".to_owned(), times)));
    }
    Seen { index: row.index, leaf, annex: Vec::new() }
}

/// What the marks of a row tell of its annex: that a case, a user was named.
fn of_marks(row: &Row) -> Option<Value> {
    let named = |column, name: &str| row.get(column).map(|_| (name.to_owned(), Value::from("")));
    match row.annex {
        Annexed::None => Some(Value::Null),
        Annexed::Told => {
            let partial = [("partial".to_owned(), Value::from(true))].into_iter();
            let marks = [named(Column::Case, "case"), named(Column::User, "user")].into_iter().flatten();
            Some(Value::Object(partial.chain(marks).collect()))
        }
        Annexed::Gone | Annexed::Damaged => None,
    }
}

impl Exchange {
    /// One exchange, by the entry that decided it.
    ///
    /// # Errors
    /// The log, or a month's key, cannot be read.
    pub fn of(seen: Seen, source: &Source, session: &Session) -> Result<Self, Failure> {
        let months = place::folder(session, source.keys.as_deref(), Folder::Keys).ok();
        let months = months.map(|keys| MonthKeys::new(keys.join(MONTHS)));
        let annex = opened(&seen, months.as_ref())?;
        let ahead = then::last(source, STARTED, seen.index)?.as_ref().map_or(0, ahead);
        Ok(Self { seen, annex, ahead })
    }

    /// One exchange of which the leaf alone is known.
    #[must_use]
    pub fn told(seen: Seen) -> Self {
        Self { seen, annex: None, ahead: 0 }
    }

    /// When it was decided, by the clock that decided.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        let id: Option<ExchangeId> = self.seen.text("exchange").and_then(|id| id.parse().ok());
        let begun = id.and_then(|id| i64::try_from(id.unix_millis()).ok());
        let at = begun.or_else(|| self.seen.at().map(Timestamp::as_millisecond))?;
        Timestamp::from_millisecond(at.checked_add(self.ahead)?).ok()
    }

    /// A text of the annex.
    fn annexed(&self, name: &str) -> Option<&str> {
        self.annex.as_ref()?.get(name)?.as_str()
    }

    /// Whether the annex is here with all it says.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.annex.as_ref().is_some_and(|annex| annex.get("partial").is_none())
    }

    /// Pointers of fields in a list of the annex.
    #[must_use]
    pub fn counted(&self, list: &str) -> Vec<String> {
        let fields = self.annex.as_ref().and_then(|annex| annex.get(list)).and_then(Value::as_array);
        let pointer = |field: &Value| Some(field.get("pointer")?.as_str()?.to_owned());
        fields.into_iter().flatten().filter_map(pointer).collect()
    }

    /// The fields that were asked for by name; `None`: not known.
    #[must_use]
    pub fn asked(&self) -> Option<Option<Vec<String>>> {
        let texts = |list: &Value| -> Option<Vec<String>> {
            list.as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        };
        self.is_whole().then(|| self.annex.as_ref().and_then(|annex| texts(annex.get("fields")?)))
    }

    /// What the policies decided then: the reason's code, if they refused.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        let refused = self.seen.kind() == "exchange.refused" && self.seen.text("stage") == Some("policy");
        self.seen.text("reason").filter(|_| refused)
    }

    /// Whether the request was signed. One that was refused may not have been asked.
    fn signed(&self) -> Option<bool> {
        let by = self.seen.text("signed_by").is_some();
        match self.refused() {
            Some("signature-required") => Some(false),
            Some(_) => by.then_some(true),
            None => self.is_whole().then_some(by),
        }
    }

    /// The facts, as far as they are recorded.
    #[must_use]
    pub fn past(&self) -> Option<Past> {
        let text = |name: &str| self.seen.text(name).map(str::to_owned);
        let refused = self.refused().map(str::to_owned);
        let about = text("about");
        let certificate = self.seen.leaf.get("certificate").and_then(|it| it.get("object")?.as_str());
        let named = |name: &str| self.annex.as_ref().map(|annex| annex.get(name).is_some());
        let purpose = match (text("purpose"), about.as_deref()) {
            (Some(purpose), _) => Some(Some(purpose)),
            (None, Some("Exchange-Purpose")) => Some(None),
            (None, _) => None,
        };
        let is_parameter = refused.as_deref() == Some("parameter-not-granted");
        Some(Past {
            agency: self.seen.text("agency")?.parse().ok()?,
            at: self.at()?,
            certificate: certificate.and_then(unhex),
            source: self.annexed("source").and_then(|source| source.parse().ok()),
            operation: text("service").zip(text("operation")),
            purpose: purpose.filter(|_| !is_parameter || about.is_some()),
            case: named("case"),
            user: named("user"),
            signed: self.signed(),
            subject: self.annexed("subject").map(str::to_owned),
            fields: self.asked(),
            parameter: about.filter(|_| is_parameter),
            released: self.counted("released"),
            refused,
        })
    }
}

/// That a folder's log, or a desk, was read and nothing was there.
pub(super) fn nothing(session: &mut Session) -> Exit {
    session
        .terminal
        .note("Không có giao dịch nào trong thời gian này.", "There was no exchange in this time.");
    Exit::Yes
}
