//! `audit count`: how many, grouped by what is asked.

use std::borrow::Cow;

use super::answers::Whom;
use super::asked::Asked;
use super::words;
use crate::audit::index::Sum;
use crate::audit::index::column::Value;
use crate::audit::index::told;
use crate::audit::index::told::plain;
use crate::audit::query::GROUPS;
use crate::audit::query::Group;
use crate::audit::query::OUTCOMES;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::table::Table;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::count;

/// `audit count`.
#[derive(Debug, clap::Args)]
pub struct Count {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    asked: Asked,
    #[arg(
        long,
        value_name = "GROUPS",
        value_delimiter = ',',
        value_parser = clap::builder::PossibleValuesParser::new(GROUPS.map(|(name, _)| name)),
    )]
    by: Vec<String>,
}

/// Counts the entries that were asked for.
///
/// # Errors
/// Neither index nor log can be read, or a time cannot be understood.
pub fn run(asked: &Count, session: &mut Session) -> Result<Exit, Failure> {
    let by: Vec<(&str, Group)> =
        asked.by.iter().filter_map(|name| GROUPS.into_iter().find(|(known, _)| known == name)).collect();
    let query = asked.asked.query(session.clock.now())?;
    let about_annexes = query.is_about_annexes() || by.iter().any(|(name, _)| is_told_by_annexes(name));
    let answers = asked.whom.open(about_annexes, session)?;
    let names: Vec<&str> = by.iter().map(|(name, _)| *name).collect();
    let sums = answers.sums(&query, &by)?;
    answers.note_gaps(&query, session)?;
    let terminal = &mut session.terminal;
    if terminal.json() {
        for sum in &sums {
            terminal.object(&told::sum(sum, &names))?;
        }
        return Ok(Exit::Yes);
    }
    for line in table(&sums, &by, terminal).lines() {
        terminal.line(&line)?;
    }
    Ok(Exit::Yes)
}

fn is_told_by_annexes(name: &str) -> bool {
    matches!(name, "case" | "user" | "subject" | "code")
}

fn table(sums: &[Sum], by: &[(&str, Group)], terminal: &Terminal) -> Table {
    let language = terminal.language();
    let mut heading: Vec<&str> =
        by.iter().map(|(name, _)| terminal.pick(in_vietnamese(name), name)).collect();
    heading.extend([terminal.pick("số bản ghi", "entries"), terminal.pick("số lượt", "events")]);
    let mut table = Table::new(&heading);
    let mut total = (0, 0);
    for sum in sums {
        total = (total.0 + sum.entries, total.1 + sum.events);
        let mut cells: Vec<String> = by
            .iter()
            .zip(&sum.key)
            .map(|((name, _), value)| match value {
                None => "-".to_owned(),
                Some(Value::Word(kind)) if *name == "outcome" => words::outcome(&whole(kind), language),
                Some(value) => plain(name, value),
            })
            .collect();
        cells.extend([count(sum.entries, language), count(sum.events, language)]);
        table.row(cells);
    }
    if by.is_empty() && sums.is_empty() {
        table.row(["0", "0"]);
    }
    if sums.len() > 1 {
        let mut cells = vec![String::new(); by.len().saturating_sub(1)];
        cells.insert(0, terminal.pick("tổng", "total").to_owned());
        cells.extend([count(total.0, language), count(total.1, language)]);
        table.row(cells);
    }
    table
}

/// The kind of entry by an outcome, which a desk tells without what stands before it.
fn whole(kind: &str) -> Cow<'_, str> {
    if OUTCOMES.contains(&kind) { format!("exchange.{kind}").into() } else { kind.into() }
}

fn in_vietnamese(name: &str) -> &'static str {
    match name {
        "agency" => "cơ quan",
        "service" => "dịch vụ",
        "operation" => "thao tác",
        "agreement" => "thỏa thuận",
        "purpose" => "mục đích",
        "outcome" => "kết quả",
        "reason" => "lý do",
        "stage" => "bước",
        "hop" => "chặng lỗi",
        "status" => "mã HTTP",
        "certificate" => "chứng thư số",
        "issuer" => "tổ chức cấp",
        "code" => "mã kết quả nguồn",
        "case" => "hồ sơ (dấu)",
        "user" => "người thực hiện (dấu)",
        "subject" => "chủ thể (dấu)",
        "exchange" => "mã giao dịch",
        "hour" => "giờ (GMT+7)",
        "day" => "ngày (GMT+7)",
        _ => "tháng (GMT+7)",
    }
}
