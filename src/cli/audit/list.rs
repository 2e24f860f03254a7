//! `audit list`: find exchanges.

use std::path::PathBuf;

use serde_json::Value;

use super::Log;
use super::annex;
use super::annex::Opened;
use super::each;
use super::entry::Seen;
use super::words;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place::Folder;
use crate::cli::place::folder;
use crate::cli::table::Table;
use crate::cli::when;
use crate::cli::when::Edge;
use crate::clock::Timestamp;

/// `audit list`.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    log: Log,
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[arg(long, value_name = "ID")]
    agency: Option<String>,
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    #[arg(long, value_name = "ID")]
    agreement: Option<String>,
    #[arg(long, value_name = "CODE")]
    purpose: Option<String>,
    #[arg(long, value_name = "OUTCOME", value_parser = OUTCOMES)]
    outcome: Option<String>,
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    #[arg(long, value_name = "HOP", value_parser = ["caller", "gateway", "platform"])]
    hop: Option<String>,
    #[arg(long, value_name = "ID")]
    exchange: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    #[arg(long)]
    all: bool,
}

/// How an exchange can stand: what follows `exchange.` in an entry's kind.
const OUTCOMES: [&str; 6] = ["opened", "released", "refused", "failed", "aborted", "orphaned"];

/// Lists the entries that were asked for, in their order.
///
/// # Errors
/// The log cannot be read, or a time cannot be understood.
pub fn run(list: &List, session: &mut Session) -> Result<Exit, Failure> {
    let log = folder(session, list.log.log.as_deref(), Folder::Log)?;
    let wanted = Wanted::of(list, session.clock.now())?;
    let keys = match list.annex_filters().is_empty() {
        true => None,
        false => Some(folder(session, list.keys.as_deref(), Folder::Keys)?),
    };
    let (mut found, mut forgotten) = (Vec::new(), 0_u64);
    each(&log, |seen| {
        let takes = match &keys {
            Some(keys) if wanted.takes(&seen) => list.takes_annex(&annex::open(&seen, keys)?, &mut forgotten),
            Some(_) => false,
            None => wanted.takes(&seen),
        };
        if takes {
            found.push(seen);
        }
        Ok(())
    })?;
    if forgotten > 0 {
        let vi = format!("{forgotten} phụ lục không còn khóa của tháng nên không tìm được trong đó.");
        let en = format!("{forgotten} annexes were not searched: the keys of their months are gone.");
        session.terminal.note(&vi, &en);
    }
    let skipped = list.last.map_or(0, |last| found.len().saturating_sub(last));
    show(found.get(skipped..).unwrap_or_default(), session)
}

impl List {
    /// What is asked of annexes: members, and the value each must have.
    fn annex_filters(&self) -> Vec<(&'static str, &str)> {
        let asked =
            [("case", &self.case), ("user", &self.user), ("subject", &self.subject), ("code", &self.code)];
        asked.into_iter().filter_map(|(member, value)| Some((member, value.as_deref()?))).collect()
    }

    fn takes_annex(&self, opened: &Opened, forgotten: &mut u64) -> bool {
        match opened {
            Opened::Told(annex) => self
                .annex_filters()
                .into_iter()
                .all(|(member, value)| annex.get(member).and_then(Value::as_str) == Some(value)),
            Opened::Forgotten => {
                *forgotten += 1;
                false
            }
            Opened::None => false,
        }
    }
}

fn show(found: &[Seen], session: &mut Session) -> Result<Exit, Failure> {
    if session.terminal.json() {
        for seen in found {
            session.terminal.object(&seen.json())?;
        }
        return Ok(Exit::Yes);
    }
    if found.is_empty() {
        session.terminal.note("Không có giao dịch nào khớp.", "No exchange matches.");
        return Ok(Exit::Yes);
    }
    for line in table(found, session).lines() {
        session.terminal.line(&line)?;
    }
    Ok(Exit::Yes)
}

fn table(found: &[Seen], session: &Session) -> Table {
    let terminal = &session.terminal;
    let heading = terminal.pick(
        "số|thời điểm (GMT+7)|cơ quan|dịch vụ|thỏa thuận|kết quả|lý do|mã giao dịch",
        "index|time (GMT+7)|agency|service|agreement|outcome|reason|exchange",
    );
    let mut table = Table::new(&heading.split('|').collect::<Vec<_>>());
    for seen in found {
        table.row([
            seen.index.to_string(),
            words::moment(seen),
            seen.text("agency").unwrap_or("-").to_owned(),
            seen.text("service").unwrap_or("-").to_owned(),
            seen.agreement().unwrap_or("-").to_owned(),
            words::outcome(seen, terminal.language()),
            reason(seen),
            seen.text("exchange").unwrap_or("-").to_owned(),
        ]);
    }
    table
}

/// Why it ended so: the reason's code and, for a summary, how often; else the status.
fn reason(seen: &Seen) -> String {
    let count = seen.number("count").map(|count| format!(" ×{count}")).unwrap_or_default();
    let status = || seen.number("status").map_or_else(|| "-".to_owned(), |status| status.to_string());
    seen.text("reason").map_or_else(status, |reason| format!("{reason}{count}"))
}

/// What was asked for.
#[derive(Debug)]
struct Wanted<'a> {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    list: &'a List,
}

impl<'a> Wanted<'a> {
    fn of(list: &'a List, now: Timestamp) -> Result<Self, Failure> {
        let read = |text: &Option<String>, edge| {
            text.as_deref().map(|text| when::parse(text, now, edge)).transpose()
        };
        Ok(Self { since: read(&list.since, Edge::Start)?, until: read(&list.until, Edge::End)?, list })
    }

    fn takes(&self, seen: &Seen) -> bool {
        let list = self.list;
        let is = |asked: &Option<String>, found: Option<&str>| {
            asked.as_deref().is_none_or(|asked| found == Some(asked))
        };
        let kind = list.all || seen.outcome().is_some() || seen.kind() == "refusals.summary";
        kind && self.in_time(seen)
            && is(&list.agency, seen.text("agency"))
            && is(&list.service, seen.text("service"))
            && is(&list.operation, seen.text("operation"))
            && is(&list.agreement, seen.agreement())
            && is(&list.purpose, seen.text("purpose"))
            && is(&list.outcome, seen.outcome())
            && is(&list.reason, seen.text("reason"))
            && is(&list.hop, seen.leaf.get("hop").and_then(Value::as_str))
            && is(&list.exchange, seen.text("exchange"))
    }

    /// From `since`, and before `until`. An entry without a time is in no span, but in an open one.
    fn in_time(&self, seen: &Seen) -> bool {
        let at = seen.at();
        self.since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| at.is_some_and(|at| at < until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::line;

    const REFUSED: &str = r#"{"agency":"H31","agreement":{"id":"TT-2026-001"},"at":"2026-11-23T02:30:00.000Z",
        "exchange":"0199","hop":"caller","kind":"exchange.refused","reason":"rate","service":"dan-cu"}"#;

    fn takes(options: &str, leaf: &str) -> bool {
        let list: List = line(options);
        let wanted = Wanted::of(&list, "2026-11-24T00:00:00Z".parse().unwrap()).unwrap();
        wanted.takes(&Seen::new(0, leaf.as_bytes(), Vec::new()))
    }

    #[test]
    fn every_filter_must_match() {
        for options in [
            "",
            "--since 2026-11-23 --until 2026-11-23",
            "--since 2d",
            "--agency H31 --service dan-cu --agreement TT-2026-001 --outcome refused --reason rate --hop caller",
            "--exchange 0199",
        ] {
            assert!(takes(options, REFUSED), "{options}");
        }
        for options in [
            "--since 2026-11-24",
            "--until 2026-11-22",
            "--agency H3",
            "--agency H31 --reason daily-quota",
            "--outcome released",
            "--purpose x",
        ] {
            assert!(!takes(options, REFUSED), "{options}");
        }
    }

    #[test]
    fn what_is_no_exchange_is_listed_only_with_all() {
        let started = r#"{"agency":"H31","kind":"node.started"}"#;
        assert!(!takes("", started) && takes("--all", started));
        assert!(!takes("--all --since 2026-11-01", started), "an entry without a time is in no span");
    }
}
