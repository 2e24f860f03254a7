//! `certs`: a development PKI, and whom a chain would be taken for.

use std::path::PathBuf;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

/// `certs …`.
#[derive(Debug, clap::Subcommand)]
pub enum Certs {
    /// Make certificates for development.
    Dev(Dev),
    /// Judge a chain.
    Check(Check),
}

/// `certs dev`.
#[derive(Debug, clap::Args)]
pub struct Dev {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// `certs check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE", required = true)]
    anchors: Vec<PathBuf>,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// Runs one of them.
///
/// # Errors
/// Files cannot be read or written, or are not what they should be.
pub fn run(_certs: &Certs, _session: &mut Session) -> Result<Exit, Failure> {
    Err(Failure::could_not("not-built-yet", "Lệnh này chưa được xây dựng.", "This command is not built yet."))
}
