//! `policy unused`: grants nobody used, fields nobody needed, what is about to lapse.

use std::path::PathBuf;

use serde_json::json;

use super::loaded;
use super::past::Beside;
use super::past::Exchange;
use super::past::Span;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::table::Table;
use crate::cli::terminal::Paint;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::count;
use crate::cli::terminal::shown;
use crate::policy::Policies;
use crate::policy::access::Standing;
use crate::policy::calendar::shown as day;
use crate::policy::unused::Spare;
use crate::policy::unused::Uses;

/// `policy unused`.
#[derive(Debug, clap::Args)]
pub struct Unused {
    #[command(flatten)]
    span: Span,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// Tells what is granted and was not made use of.
///
/// # Errors
/// The policies have faults, or the log cannot be read.
pub fn run(asked: &Unused, session: &mut Session) -> Result<Exit, Failure> {
    let now = session.clock.now();
    let policies = loaded(session, asked.policies.as_deref(), now)?;
    let mut uses = Uses::default();
    let beside = asked.span.each(session, &mut |exchange| {
        note(&mut uses, exchange);
        Ok(())
    })?;
    let spare = uses.spare(&policies);
    // What answers nobody is not spare: it is over, or on hold.
    let standing = |spare: &&Spare<'_>| spare.reach.standing(&policies, now) == Standing::InForce;
    let spare: Vec<&Spare<'_>> = spare.iter().filter(standing).collect();
    let terminal = &mut session.terminal;
    if terminal.json() {
        return objects(&spare, &policies, terminal);
    }
    grants(&spare, terminal)?;
    fields(&spare, terminal)?;
    lapsing(&policies, terminal)?;
    begins(&beside, terminal);
    Ok(Exit::Yes)
}

/// An answer that went out under an agreement.
fn note(uses: &mut Uses, exchange: &Exchange) {
    let seen = &exchange.seen;
    if seen.kind() != "exchange.released" {
        return;
    }
    if let (Some(agreement), Some(agency), Some(operation)) =
        (seen.agreement(), seen.text("agency"), seen.text("operation"))
    {
        let released = exchange.is_whole().then(|| exchange.counted("released"));
        uses.note(agreement, agency, operation, released);
    }
}

fn grants(spare: &[&Spare<'_>], terminal: &mut Terminal) -> Result<(), Failure> {
    let unused: Vec<_> = spare.iter().filter(|spare| spare.exchanges == 0).collect();
    let heading = terminal.paint(Paint::Strong, terminal.pick("Quyền không ai dùng", "Grants nobody used"));
    terminal.line(&format!("{heading} ({})", unused.len()))?;
    let columns = terminal.pick(
        "thỏa thuận|khoản|cơ quan|thao tác|số trường|đến hết",
        "agreement|clause|agency|operation|fields|until",
    );
    let mut table = Table::new(&columns.split('|').collect::<Vec<_>>());
    for Spare { reach, fields, .. } in unused {
        table.row([
            reach.agreement.id.as_str(),
            &reach.permit.number.to_string(),
            reach.consumer.as_str(),
            reach.operation,
            &fields.len().to_string(),
            &day(reach.agreement.until),
        ]);
    }
    shown_table(&table, terminal)
}

fn fields(spare: &[&Spare<'_>], terminal: &mut Terminal) -> Result<(), Failure> {
    let used: Vec<_> = spare.iter().filter(|spare| spare.exchanges > 0).collect();
    let heading = terminal.paint(Paint::Strong, terminal.pick("Trường không ai cần", "Fields nobody needed"));
    let number: usize = used.iter().map(|spare| spare.fields.len()).sum();
    terminal.line(&format!("{heading} ({number})"))?;
    let columns = terminal
        .pick("thỏa thuận|khoản|cơ quan|số giao dịch|trường", "agreement|clause|agency|exchanges|fields");
    let mut table = Table::new(&columns.split('|').collect::<Vec<_>>());
    for Spare { reach, exchanges, fields, untold } in used {
        let named = fields.iter().map(|field| field.pointer.as_str()).collect::<Vec<_>>().join(" ");
        let unknown =
            terminal.pick("không biết: phụ lục không đọc được", "not known: annexes cannot be read");
        table.row([
            reach.agreement.id.as_str(),
            &reach.permit.number.to_string(),
            reach.consumer.as_str(),
            &count(*exchanges, terminal.language()),
            if *untold > 0 { unknown } else { &named },
        ]);
    }
    shown_table(&table, terminal)
}

fn shown_table(table: &Table, terminal: &mut Terminal) -> Result<(), Failure> {
    if table.is_empty() {
        return Ok(());
    }
    table.lines().iter().try_for_each(|line| terminal.line(&format!("  {line}")))
}

fn lapsing(policies: &Policies, terminal: &mut Terminal) -> Result<(), Failure> {
    let heading = terminal.pick("Sắp hoặc đã hết hiệu lực", "About to lapse, or lapsed");
    let heading = terminal.paint(Paint::Strong, heading);
    terminal.line(&format!("{heading} ({})", policies.warnings().len()))?;
    for warning in policies.warnings() {
        let title = warning.code().title().to(terminal.language()).to_owned();
        terminal.line(&format!("  {}: {}", title, shown(warning.message())))?;
    }
    Ok(())
}

fn begins(beside: &Beside, terminal: &mut Terminal) {
    if let Some(begins) = beside.begins {
        let begins = crate::cli::terminal::local(begins);
        let vi = format!("Nhật ký này mới có từ {begins} (GMT+7).");
        terminal.note(&vi, &format!("This log begins at {begins} (GMT+7) only."));
    }
}

fn objects(spare: &[&Spare<'_>], policies: &Policies, terminal: &mut Terminal) -> Result<Exit, Failure> {
    for Spare { reach, exchanges, fields, untold } in spare {
        terminal.object(&json!({
            "about": if *exchanges == 0 { "grant" } else { "fields" },
            "agreement": reach.agreement.id,
            "clause": reach.permit.number,
            "agency": reach.consumer,
            "operation": reach.operation,
            "exchanges": exchanges,
            "fields": fields.iter().map(|field| field.pointer.as_str()).collect::<Vec<_>>(),
            "untold": untold,
            "until": reach.agreement.until.to_string(),
        }))?;
    }
    for warning in policies.warnings() {
        terminal.object(
            &json!({ "about": "lapse", "code": warning.code().as_str(), "message": warning.message() }),
        )?;
    }
    Ok(Exit::Yes)
}
