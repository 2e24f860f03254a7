//! A gateway's desk, asked over the wire: an auditor's right, and recorded there before anything is told here.

use std::cell::Cell;
use std::cell::RefCell;

use http::header::ACCEPT_LANGUAGE;
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use crate::audit::index::Order;
use crate::audit::index::Sum;
use crate::audit::index::row::Row;
use crate::audit::index::told;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::cli::Session;
use crate::cli::client::AtDesk;
use crate::cli::client::connection::Answer;
use crate::cli::client::connection::Ask;
use crate::cli::client::connection::Connection;
use crate::cli::client::desk;
use crate::cli::client::desk::not_understood;
use crate::cli::exit::Failure;
use crate::console::questions::EXPORT;
use crate::console::questions::INDEXED;
use crate::console::questions::LIST_MAX;
use crate::console::questions::NEXT;
use crate::console::questions::UNSEARCHED;
use crate::console::questions::WAIT_MAX;
use crate::language::Language;
use crate::request::target::query_value;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;

/// A desk that was reached.
#[derive(Debug)]
pub struct Remote {
    runtime: Runtime,
    connection: RefCell<Connection>,
    language: Language,
    unsearched: Cell<u64>,
    indexed: Cell<Option<u64>>,
}

/// Rows that are new, and the last entry that was looked at.
#[derive(Debug)]
pub struct News {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where to go on.
    pub next: Option<u64>,
}

impl Remote {
    /// Reaches a desk, if one is named.
    ///
    /// # Errors
    /// A file cannot be used, or the gateway is not reached or refuses the handshake.
    pub fn reach(at: &AtDesk, session: &Session) -> Result<Option<Self>, Failure> {
        let Some(desk) = at.named() else { return Ok(None) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = RefCell::new(runtime.block_on(desk.connect(None))?);
        let (language, unsearched, indexed) = (session.terminal.language(), Cell::new(0), Cell::new(None));
        Ok(Some(Self { runtime, connection, language, unsearched, indexed }))
    }

    /// A page of rows.
    ///
    /// # Errors
    /// The desk does not answer, or refuses.
    pub fn rows(&self, query: &Query, page: Page) -> Result<Vec<Row>, Failure> {
        let mut asked = asked(query);
        let order = match page.order {
            Order::Oldest => "oldest",
            Order::Newest => "newest",
        };
        asked.push(("order", order.to_owned()));
        asked.push(("limit", page.most.min(EXPORT).to_string()));
        asked.extend(page.after.map(|after| ("after", after.to_string())));
        let kind = if page.most > LIST_MAX { "export" } else { "list" };
        let answer = self.get(&target(&format!("/audit/{kind}"), &asked))?;
        objects(&answer)?.iter().map(|object| told::read(object).ok_or_else(not_understood)).collect()
    }

    /// Rows summed up by these groups.
    ///
    /// # Errors
    /// The desk does not answer, or refuses.
    pub fn sums(&self, query: &Query, by: &[&str]) -> Result<Vec<Sum>, Failure> {
        let mut asked = asked(query);
        asked.extend((!by.is_empty()).then(|| ("by", by.join(","))));
        let answer = self.get(&target("/audit/count", &asked))?;
        objects(&answer)?.iter().map(|object| told::read_sum(object, by).ok_or_else(not_understood)).collect()
    }

    /// Waits, a little, for rows behind an entry.
    ///
    /// # Errors
    /// The desk does not answer, or refuses.
    pub fn news(&self, query: &Query, after: Option<u64>) -> Result<News, Failure> {
        let mut asked = asked(query);
        asked.push(("wait", WAIT_MAX.to_string()));
        asked.extend(after.map(|after| ("after", after.to_string())));
        let answer = self.get(&target("/audit/tail", &asked))?;
        let objects = objects(&answer)?;
        let rows: Result<_, _> =
            objects.iter().map(|object| told::read(object).ok_or_else(not_understood)).collect();
        Ok(News { rows: rows?, next: number(&answer, NEXT.as_str()).or(after) })
    }

    /// The last entry under the head that the desk shows. Unverified: only where to begin to look.
    ///
    /// # Errors
    /// The desk does not answer, or refuses.
    pub fn last(&self) -> Result<Option<u64>, Failure> {
        let answer = self.get("/checkpoint")?;
        let note = Note::parse(&answer.body).ok();
        let head = note.and_then(|note| Checkpoint::parse(note.unverified_text()).ok());
        Ok(head.and_then(|head| head.size.checked_sub(1)))
    }

    /// The entries of an exchange, or one entry by its index, with their proofs, as they came.
    ///
    /// # Errors
    /// The desk does not answer, or refuses.
    pub fn shown(&self, id: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.get(&format!("/audit/show/{}", query_value(id)))?.body.to_vec())
    }

    /// How many annexes the answers so far could not search.
    #[must_use]
    pub fn unsearched(&self) -> u64 {
        self.unsearched.get()
    }

    /// How far the desk's index had come, where an answer so far did not cover all that was there.
    #[must_use]
    pub fn indexed(&self) -> Option<u64> {
        self.indexed.get()
    }

    fn get(&self, target: &str) -> Result<Answer, Failure> {
        let mut ask = Ask::get(target);
        ask.headers.insert(ACCEPT_LANGUAGE, http::HeaderValue::from_static(self.language.tag()));
        let answer = self.runtime.block_on(self.connection.borrow_mut().send(&ask))?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        self.unsearched.set(number(&answer, UNSEARCHED.as_str()).unwrap_or(self.unsearched.get()));
        self.indexed.set(number(&answer, INDEXED.as_str()).or(self.indexed.get()));
        Ok(answer)
    }
}

/// The question's parameters, named as the options are.
fn asked(query: &Query) -> Vec<(&'static str, String)> {
    let text = |name, value: &Option<String>| value.clone().map(|value| (name, value));
    let all = [
        query.since.map(|time| ("since", time.to_string())),
        query.until.map(|time| ("until", time.to_string())),
        text("agency", &query.agency),
        text("service", &query.service),
        text("operation", &query.operation),
        text("agreement", &query.agreement),
        text("purpose", &query.purpose),
        text("outcome", &query.outcome),
        text("reason", &query.reason),
        text("stage", &query.stage),
        text("hop", &query.hop),
        query.status.map(|status| ("status", status.to_string())),
        query.exchange.map(|id| ("exchange", id.to_string())),
        text("certificate", &query.certificate),
        text("case", &query.case),
        text("user", &query.user),
        text("subject", &query.subject),
        text("code", &query.code),
        query.all.then(|| ("all", "true".to_owned())),
    ];
    all.into_iter().flatten().collect()
}

fn target(path: &str, asked: &[(&str, String)]) -> String {
    let pairs: Vec<String> =
        asked.iter().map(|(name, value)| format!("{name}={}", query_value(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

fn objects(answer: &Answer) -> Result<Vec<Json>, Failure> {
    let text = std::str::from_utf8(&answer.body).map_err(|_| not_understood())?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|cause| not_understood().because(cause)))
        .collect()
}

fn number(answer: &Answer, name: &str) -> Option<u64> {
    answer.field(name)?.parse().ok()
}

fn refused(answer: &Answer) -> Failure {
    desk::refused(answer, ("Cổng không cho đọc", "The gateway shows nothing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_spelt_as_the_gateway_reads_it() {
        let query = Query {
            since: Some("2026-11-23T02:30:00Z".parse().unwrap()),
            operation: Some("GET /cong-dan/{so}".into()),
            user: Some("Nguyễn An".into()),
            all: true,
            ..Query::default()
        };
        assert_eq!(
            target("/audit/list", &asked(&query)),
            "/audit/list?since=2026-11-23T02%3A30%3A00Z&operation=GET%20%2Fcong-dan%2F%7Bso%7D&user=Nguy%E1%BB%85n%20An&all=true"
        );
        assert_eq!(target("/audit/count", &[]), "/audit/count");
    }
}
