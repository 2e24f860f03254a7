//! `witness`: cosign others' logs; see who cosigns one's own.

pub mod serve;
pub mod status;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

/// `witness …`.
#[derive(Debug, clap::Subcommand)]
pub enum Witness {
    /// Cosign others' logs.
    Serve(serve::Serve),
    /// Who cosigned ours?
    Status(status::Status),
}

/// Runs one of them.
///
/// # Errors
/// The witness cannot start, or there is nothing to look at.
pub fn run(witness: &Witness, session: &mut Session) -> Result<Exit, Failure> {
    match witness {
        Witness::Serve(serve) => serve::run(serve, session),
        Witness::Status(status) => status::run(status, session),
    }
}
