//! `evidence`: what was handed over, verified by whoever received it.

pub mod verify;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

/// `evidence …`.
#[derive(Debug, clap::Subcommand)]
pub enum Evidence {
    /// Verify an evidence file offline.
    Verify(verify::Verify),
}

/// Runs one of them.
///
/// # Errors
/// A file cannot be read.
pub fn run(evidence: &Evidence, session: &mut Session) -> Result<Exit, Failure> {
    match evidence {
        Evidence::Verify(verify) => verify::run(verify, session),
    }
}
