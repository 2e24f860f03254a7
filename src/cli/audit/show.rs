//! `audit show`: every entry of one exchange; with `--annex`, what is sealed beside it.

use std::path::PathBuf;

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
use crate::cli::terminal::shown;

/// `audit show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    log: Log,
    #[arg(long)]
    annex: bool,
    #[arg(long, value_name = "DIR", requires = "annex")]
    keys: Option<PathBuf>,
}

/// Shows the entries of an exchange by its id, or one entry by its index.
///
/// # Errors
/// The log cannot be read.
pub fn run(show: &Show, session: &mut Session) -> Result<Exit, Failure> {
    let log = folder(session, show.log.log.as_deref(), Folder::Log)?;
    let keys = match show.annex {
        true => Some(folder(session, show.keys.as_deref(), Folder::Keys)?),
        false => None,
    };
    let index: Option<u64> = show.id.parse().ok();
    let mut found = 0;
    each(&log, |seen| {
        if Some(seen.index) != index && seen.text("exchange") != Some(&show.id) {
            return Ok(());
        }
        found += 1;
        let opened = keys.as_deref().map(|keys| annex::open(&seen, keys)).transpose()?;
        tell(&seen, opened, session)
    })?;
    if found > 0 { Ok(Exit::Yes) } else { Err(absent(&show.id)) }
}

fn tell(seen: &Seen, opened: Option<Opened>, session: &mut Session) -> Result<(), Failure> {
    let terminal = &mut session.terminal;
    if terminal.json() {
        let mut object = seen.json();
        if let (Some(Opened::Told(annex)), Some(members)) = (opened, object.as_object_mut()) {
            members.insert("annex".to_owned(), annex);
        }
        return terminal.object(&object);
    }
    for line in words::lines(seen, terminal.language()) {
        terminal.line(&line)?;
    }
    match opened {
        Some(Opened::Told(annex)) => {
            for line in words::annex_lines(&annex, terminal.language()) {
                terminal.line(&line)?;
            }
            Ok(())
        }
        Some(Opened::Forgotten) => terminal.say(
            "  Phụ lục: không còn khóa của tháng này, không đọc được nữa",
            "  Annex: this month's key is gone; it cannot be read any more",
        ),
        Some(Opened::None) | None => Ok(()),
    }
}

fn absent(id: &str) -> Failure {
    let id = shown(id);
    let vi = format!("Nhật ký không có giao dịch `{id}`. Hãy kiểm tra mã giao dịch và thư mục nhật ký.");
    let en = format!("The log has no exchange `{id}`. Check the exchange id and the log's folder.");
    Failure::new(Exit::No, "not-found", vi, en)
}
