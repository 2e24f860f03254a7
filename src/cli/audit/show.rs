//! `audit show`: everything the log's leaves say of one exchange.

use super::Log;
use super::entry::Seen;
use super::unread;
use super::words;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place::Folder;
use crate::cli::place::folder;
use crate::cli::terminal::shown;
use crate::tlog::reader::scan;

/// `audit show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    log: Log,
}

/// Shows the entries of an exchange by its id, or one entry by its index.
///
/// # Errors
/// The log cannot be read.
pub fn run(show: &Show, session: &mut Session) -> Result<Exit, Failure> {
    let log = folder(session, show.log.log.as_deref(), Folder::Log)?;
    let index: Option<u64> = show.id.parse().ok();
    let mut found = 0;
    for item in scan(&log) {
        let (at, entry, _) = item.map_err(unread)?;
        let seen = Seen::new(at, &entry.leaf, entry.annex);
        if Some(at) == index || seen.text("exchange") == Some(&show.id) {
            found += 1;
            tell(&seen, session)?;
        }
    }
    if found > 0 { Ok(Exit::Yes) } else { Err(absent(&show.id)) }
}

fn tell(seen: &Seen, session: &mut Session) -> Result<(), Failure> {
    if session.terminal.json() {
        return session.terminal.object(&seen.json());
    }
    for line in words::lines(seen, session.terminal.language()) {
        session.terminal.line(&line)?;
    }
    Ok(())
}

fn absent(id: &str) -> Failure {
    let id = shown(id);
    let vi = format!("Nhật ký không có giao dịch `{id}`. Hãy kiểm tra mã giao dịch và thư mục nhật ký.");
    let en = format!("The log has no exchange `{id}`. Check the exchange id and the log's folder.");
    Failure::new(Exit::No, "not-found", vi, en)
}
