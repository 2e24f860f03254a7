//! `demo`: the whole story, nothing needed.

use std::path::PathBuf;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

/// `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Tell the story once and end.
    #[arg(long)]
    pub once: bool,
    /// Where to keep the demonstration's files; else a folder that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The gateway's port on this machine.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
}

/// Runs the demonstration.
///
/// # Errors
/// It cannot start, or a step did not end as the story says.
pub fn run(_demo: &Demo, _session: &mut Session) -> Result<Exit, Failure> {
    Err(Failure::could_not("not-built-yet", "Lệnh này chưa được xây dựng.", "This command is not built yet."))
}
