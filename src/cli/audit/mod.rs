//! `audit`: reading a log. Its folder is the operator's right, and not recorded: whoever may read the folder may read it with any tool. A
//! gateway's desk (`--desk`) is an auditor's, and recorded there.

pub mod annex;
pub mod answers;
pub mod asked;
pub mod count;
pub mod entry;
pub mod export;
pub mod disclose;
pub mod evidence;
pub mod forget;
pub mod known;
pub mod list;
pub mod proven;
pub mod refusal;
pub mod reindex;
pub mod remote;
pub mod rows;
pub mod show;
pub mod source;
pub mod tail;
pub mod verify;
pub mod words;

use std::path::PathBuf;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;
use super::terminal::shown;
use crate::tlog::reader::ReadError;

/// `audit …`.
#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    /// Find exchanges.
    List(Box<list::List>),
    /// Everything about one.
    Show(Box<show::Show>),
    /// How many, by what.
    Count(Box<count::Count>),
    /// The newest, and those that follow.
    Tail(Box<tail::Tail>),
    /// Take rows away.
    Export(Box<export::Export>),
    /// Build the index anew.
    Reindex(reindex::Reindex),
    /// Put exchanges into a file that proves them.
    Evidence(Box<evidence::Evidence>),
    /// Tell one salt.
    Disclose(disclose::Disclose),
    /// Write the answer to a request that was refused.
    Refusal(Box<refusal::Refusal>),
    /// Destroy a month's key, by order of two operators.
    Forget(Box<forget::Forget>),
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
        Audit::Count(count) => count::run(count, session),
        Audit::Tail(tail) => tail::run(tail, session),
        Audit::Export(export) => export::run(export, session),
        Audit::Reindex(reindex) => reindex::run(reindex, session),
        Audit::Evidence(evidence) => evidence::run(evidence, session),
        Audit::Disclose(disclose) => disclose::run(disclose, session),
        Audit::Refusal(refusal) => refusal::run(refusal, session),
        Audit::Forget(forget) => forget::run(forget, session),
        Audit::Verify(verify) => verify::run(verify, session),
    }
}

fn damaged() -> Failure {
    let vi = "Nhật ký bị hư hỏng. Chạy `phohien audit verify` để biết từng chỗ.";
    let en = "The log is damaged. Run `phohien audit verify` to see every place.";
    Failure::new(Exit::False, "log-damaged", vi, en)
}

/// The same of whatever stands above it.
fn unread_or_damaged(cause: impl std::error::Error + Send + Sync + 'static) -> Failure {
    let below = cause.source().and_then(|source| source.downcast_ref::<ReadError>());
    if matches!(below, Some(ReadError::Disk { .. })) {
        let vi = "Không đọc được nhật ký. Hãy kiểm tra đường dẫn và quyền đọc.";
        let en = "The log cannot be read. Check the path and the permission to read it.";
        return Failure::could_not("log-unreadable", vi, en).because(cause);
    }
    damaged().because(cause)
}

/// An entry that cannot be read: damage is evidence, a disk that refuses is not.
pub(in crate::cli) fn unread(error: ReadError) -> Failure {
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
