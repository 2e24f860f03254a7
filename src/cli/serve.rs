//! `serve`: the gateway.

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

/// `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Start although no witness can be asked; the log says so.
    #[arg(long)]
    pub unwitnessed: bool,
}

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// It cannot start.
pub fn run(_serve: &Serve, _session: &mut Session) -> Result<Exit, Failure> {
    Err(Failure::could_not("not-built-yet", "Lệnh này chưa được xây dựng.", "This command is not built yet."))
}
