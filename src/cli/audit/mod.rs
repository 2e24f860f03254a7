//! `audit`: reading a log's folder. The operator's right, and not recorded: whoever may read the folder may read it with any tool.

pub mod annex;
pub mod entry;
pub mod known;
pub mod list;
pub mod show;
pub mod verify;
pub mod words;

use std::path::Path;
use std::path::PathBuf;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;
use super::terminal::shown;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan;

use entry::Seen;

/// `audit …`.
#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    /// Find exchanges.
    List(Box<list::List>),
    /// Everything about one.
    Show(show::Show),
    /// Judge the whole folder.
    Verify(verify::Verify),
}

#[derive(Debug, clap::Args)]
struct Log {
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
}

/// Runs one of them.
///
/// # Errors
/// The folder cannot be read, or what was asked cannot be understood.
pub fn run(audit: &Audit, session: &mut Session) -> Result<Exit, Failure> {
    match audit {
        Audit::List(list) => list::run(list, session),
        Audit::Show(show) => show::run(show, session),
        Audit::Verify(verify) => verify::run(verify, session),
    }
}

/// Reads every entry in order.
///
/// A reader takes the last batch that is not whole for one that a stop left unfinished. One that was published is not: so the log must
/// be as long as the head it had published before the reading began.
fn each(log: &Path, mut take: impl FnMut(Seen) -> Result<(), Failure>) -> Result<(), Failure> {
    let published = published(log);
    let mut size = 0;
    for item in scan(log) {
        let (index, entry, _) = item.map_err(unread)?;
        size = index + 1;
        take(Seen::new(index, &entry.leaf, entry.annex))?;
    }
    if size < published { Err(damaged()) } else { Ok(()) }
}

/// The size of the published head, unverified; 0 where there is none to read.
fn published(log: &Path) -> u64 {
    let note = std::fs::read(log.join("checkpoint")).unwrap_or_default();
    let note = Note::parse(&note).ok();
    note.and_then(|note| Checkpoint::parse(note.unverified_text()).ok()).map_or(0, |head| head.size)
}

fn damaged() -> Failure {
    let vi = "Nhật ký bị hư hỏng. Chạy `phohien audit verify` để biết từng chỗ.";
    let en = "The log is damaged. Run `phohien audit verify` to see every place.";
    Failure::new(Exit::False, "log-damaged", vi, en)
}

/// An entry that cannot be read: damage is evidence, a disk that refuses is not.
fn unread(error: ReadError) -> Failure {
    match &error {
        ReadError::Disk { file, .. } => {
            let name = shown(&file.display().to_string());
            let vi = format!("Không đọc được nhật ký ở `{name}`. Hãy kiểm tra đường dẫn và quyền đọc.");
            let en =
                format!("The log at `{name}` cannot be read. Check the path and the permission to read it.");
            Failure::could_not("log-unreadable", vi, en).because(error)
        }
        ReadError::Damaged { .. } | ReadError::Beyond { .. } => damaged().because(error),
    }
}

#[cfg(test)]
mod tests;
