//! `policy`: questions about the sharing policies, answered by the code that decides requests.

use std::path::PathBuf;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;

/// `policy …`.
#[derive(Debug, clap::Subcommand)]
pub enum Policy {
    /// Would a request be granted?
    Explain(Box<Explain>),
    /// Who can reach what?
    Access(Access),
}

/// `policy explain`.
#[derive(Debug, clap::Args)]
pub struct Explain {
    #[arg(value_name = "METHOD")]
    method: String,
    #[arg(value_name = "URL")]
    url: String,
    #[arg(long, value_name = "ID")]
    agency: String,
    #[arg(long, value_name = "CODE")]
    purpose: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[arg(long, value_name = "POINTERS", value_delimiter = ',')]
    fields: Vec<String>,
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// `policy access`.
#[derive(Debug, clap::Args)]
pub struct Access {
    #[arg(long, value_name = "ID")]
    agency: Option<String>,
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

/// Answers one of them.
///
/// # Errors
/// The policies have faults, or the question cannot be understood.
pub fn run(_policy: &Policy, _session: &mut Session) -> Result<Exit, Failure> {
    Err(Failure::could_not("not-built-yet", "Lệnh này chưa được xây dựng.", "This command is not built yet."))
}
