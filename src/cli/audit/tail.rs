//! `audit tail`: the newest entries, and with `-f` those that follow.
//!
//! What follows is read from the log itself, as soon as it is there: the index comes a little later.

use std::sync::Arc;
use std::time::Duration;

use super::answers::Answers;
use super::answers::Whom;
use super::asked::Asked;
use super::list::newest;
use super::list::table;
use super::remote::News;
use super::remote::Remote;
use super::rows;
use super::source::Source;
use super::source::no_chance;
use super::source::unanswered;
use crate::audit::index::Order;
use crate::audit::index::annexes::Annexes;
use crate::audit::index::row::Row;
use crate::audit::index::scanned::Scanned;
use crate::audit::index::scanned::published;
use crate::audit::query;
use crate::audit::query::Desk;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::audit::query::View;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::Terminal;

/// How often the log is looked at: soon enough for whoever watches, seldom enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Rows read at once.
const PAGE: usize = 1_000;

/// `audit tail`.
#[derive(Debug, clap::Args)]
pub struct Tail {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    asked: Asked,
    #[arg(long, value_name = "N", default_value_t = 10)]
    last: usize,
    #[arg(long, short)]
    follow: bool,
}

/// Shows the newest entries, and those that follow until it is stopped or nobody reads any more.
///
/// # Errors
/// Neither index nor log can be read, or a time cannot be understood.
pub fn run(tail: &Tail, session: &mut Session) -> Result<Exit, Failure> {
    let query = tail.asked.query(session.clock.now())?;
    let answers = tail.whom.open(query.is_about_annexes(), session)?;
    let found = newest(&answers, &query, tail.last)?;
    tell(&found, true, &mut session.terminal)?;
    if !tail.follow {
        return Ok(Exit::Yes);
    }
    match &answers {
        Answers::Here(source) => {
            let known = source.catalogue.cursor().map_err(unanswered)?.map_or(0, |cursor| cursor.next);
            let shown = found.last().map_or(0, |row| row.index + 1);
            follow(source, &query, known.max(shown), session)
        }
        Answers::There(remote) => {
            let after = found.last().map(|row| row.index);
            follow_there(
                remote,
                &query,
                after.map_or_else(|| remote.last(), |after| Ok(Some(after)))?,
                session,
            )
        }
    }
}

/// Goes on from an index for good.
fn follow(source: &Source, query: &Query, mut next: u64, session: &mut Session) -> Result<Exit, Failure> {
    let annexes = Arc::new(Annexes::for_once(source.keys.as_deref()).map_err(no_chance)?);
    let log = Scanned::new(source.log.clone(), Arc::clone(&annexes));
    let desk = Desk { catalogue: &log, annexes: &annexes, codes: &source.codes };
    loop {
        let seen = published(&source.log).map_or(0, |head| head.size);
        let page = Page { order: Order::Oldest, after: next.checked_sub(1), most: PAGE };
        let found = query::rows(desk, &View::Everything, query, page).map_err(unanswered)?;
        tell(&found, false, &mut session.terminal)?;
        next = found.last().map_or(next, |row| row.index + 1);
        if found.len() < PAGE {
            // What was published before the reading was read, and need not be read again.
            next = next.max(seen);
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// Goes on behind an entry for good, as the desk tells what is new.
fn follow_there(
    remote: &Remote,
    query: &Query,
    mut after: Option<u64>,
    session: &mut Session,
) -> Result<Exit, Failure> {
    loop {
        let News { rows, next } = remote.news(query, after)?;
        tell(&rows, false, &mut session.terminal)?;
        after = next;
    }
}

fn tell(found: &[Row], with_heading: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    if terminal.json() {
        return found.iter().try_for_each(|row| terminal.object(&rows::json(row)));
    }
    if found.is_empty() && !with_heading {
        return Ok(());
    }
    let skipped = usize::from(!with_heading);
    table(found, terminal).lines().iter().skip(skipped).try_for_each(|line| terminal.line(line))
}
