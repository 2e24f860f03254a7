//! `receipt`: fetch receipts, and verify them offline.

pub mod document;
pub mod fetch;
mod keeper;
pub mod list;
pub mod verify;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

/// `receipt …`.
#[derive(Debug, clap::Subcommand)]
pub enum Receipt {
    /// Fetch receipts from a gateway.
    Fetch(Box<fetch::Fetch>),
    /// Verify a receipt offline.
    Verify(verify::Verify),
}

/// Runs one of them.
///
/// # Errors
/// Files or the network fail, or the evidence is false.
pub fn run(receipt: &Receipt, session: &mut Session) -> Result<Exit, Failure> {
    match receipt {
        Receipt::Fetch(fetch) => fetch::run(fetch, session),
        Receipt::Verify(verify) => verify::run(verify, session),
    }
}
