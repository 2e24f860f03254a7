//! `audit verify`: rebuild everything from the bytes.

use std::path::PathBuf;

use super::Log;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;

/// `audit verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    log: Log,
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    known: Vec<PathBuf>,
}

/// Judges the folder.
///
/// # Errors
/// It cannot be read.
pub fn run(_verify: &Verify, _session: &mut Session) -> Result<Exit, Failure> {
    Err(Failure::could_not("not-built-yet", "Lệnh này chưa được xây dựng.", "This command is not built yet."))
}
