//! `audit list`: find exchanges.

use super::answers::Answers;
use super::answers::Whom;
use super::asked::Asked;
use super::rows;
use super::words;
use crate::audit::index::Order;
use crate::audit::index::column::Column;
use crate::audit::index::row::Row;
use crate::audit::query::Page;
use crate::audit::query::Query;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::table::Table;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::local;

/// `audit list`.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    asked: Asked,
    #[arg(long, value_name = "N", conflicts_with_all = ["limit", "after"])]
    last: Option<usize>,
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[arg(long, value_name = "INDEX")]
    after: Option<u64>,
}

/// Lists the entries that were asked for, in their order.
///
/// # Errors
/// Neither index nor log can be read, or a time cannot be understood.
pub fn run(list: &List, session: &mut Session) -> Result<Exit, Failure> {
    let query = list.asked.query(session.clock.now())?;
    let answers = list.whom.open(query.is_about_annexes(), session)?;
    let mut shown = Shown::default();
    match list.last {
        Some(last) => shown.rows(&newest(&answers, &query, last)?, &mut session.terminal)?,
        None => each_page(&answers, &query, list.after, list.limit, |rows| {
            shown.rows(rows, &mut session.terminal)
        })?,
    }
    answers.note_gaps(&query, session)?;
    shown.end(&answers, &query, list.limit, session)
}

/// The newest so many, the oldest of them first.
pub(super) fn newest(answers: &Answers, query: &Query, most: usize) -> Result<Vec<Row>, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    while rows.len() < most {
        let after = rows.last().map(|row| row.index);
        let page = Page { order: Order::Newest, after, most: most - rows.len() };
        let found = answers.rows(query, page)?;
        if found.is_empty() {
            break;
        }
        rows.extend(found);
    }
    rows.reverse();
    Ok(rows)
}

/// Takes page after page, so that a list of any length takes the memory of one.
pub(in crate::cli) fn each_page(
    answers: &Answers,
    query: &Query,
    mut after: Option<u64>,
    limit: Option<usize>,
    mut take: impl FnMut(&[Row]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    /// Rows in one page: as many as the widths of one table are made for.
    const PAGE: usize = 5_000;
    let mut left = limit.unwrap_or(usize::MAX);
    loop {
        let most = left.min(PAGE);
        let page = Page { order: Order::Oldest, after, most };
        let found = answers.rows(query, page)?;
        take(&found)?;
        left -= found.len().min(left);
        after = found.last().map(|row| row.index).or(after);
        if found.len() < most || left == 0 {
            return Ok(());
        }
    }
}

/// What was shown so far.
#[derive(Debug, Default)]
struct Shown {
    count: usize,
    last: Option<u64>,
}

impl Shown {
    fn rows(&mut self, found: &[Row], terminal: &mut Terminal) -> Result<(), Failure> {
        let heading = usize::from(self.count > 0);
        self.count += found.len();
        self.last = found.last().map(|row| row.index).or(self.last);
        if terminal.json() {
            return found.iter().try_for_each(|row| terminal.object(&rows::json(row)));
        }
        if found.is_empty() {
            return Ok(());
        }
        table(found, terminal).lines().iter().skip(heading).try_for_each(|line| terminal.line(line))
    }

    /// Says that there is nothing, or how to go on.
    fn end(
        &self,
        answers: &Answers,
        query: &Query,
        limit: Option<usize>,
        session: &mut Session,
    ) -> Result<Exit, Failure> {
        let terminal = &mut session.terminal;
        if self.count == 0 && !terminal.json() {
            terminal.note("Không có giao dịch nào khớp.", "No exchange matches.");
        }
        if let (Some(last), true) = (self.last, limit == Some(self.count)) {
            let page = Page { order: Order::Oldest, after: Some(last), most: 1 };
            let more = answers.rows(query, page)?;
            if !more.is_empty() {
                let vi = format!("Còn nữa: xem tiếp bằng `--after {last}`.");
                terminal.note(&vi, &format!("There are more: go on with `--after {last}`."));
            }
        }
        Ok(Exit::Yes)
    }
}

/// The table that people read.
pub(super) fn table(found: &[Row], terminal: &Terminal) -> Table {
    let heading = terminal.pick(
        "số|thời điểm (GMT+7)|cơ quan|dịch vụ|thỏa thuận|kết quả|lý do|mã giao dịch",
        "index|time (GMT+7)|agency|service|agreement|outcome|reason|exchange",
    );
    let mut table = Table::new(&heading.split('|').collect::<Vec<_>>());
    for row in found {
        let text = |column| rows::text(row, column).unwrap_or_else(|| "-".to_owned());
        table.row([
            row.index.to_string(),
            local(row.time()),
            text(Column::Agency),
            text(Column::Service),
            text(Column::Agreement),
            words::outcome(&text(Column::Kind), terminal.language()),
            reason(row),
            text(Column::Exchange),
        ]);
    }
    table
}

/// Why it ended so: the reason's code and, for a summary, how often; else the status.
fn reason(row: &Row) -> String {
    let times = row.number(Column::Times).map(|times| format!(" ×{times}")).unwrap_or_default();
    let status = || rows::text(row, Column::Status).unwrap_or_else(|| "-".to_owned());
    rows::text(row, Column::Reason).map_or_else(status, |reason| format!("{reason}{times}"))
}
