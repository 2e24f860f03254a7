//! What `audit list`, `count`, `tail` and `export` are asked for: the same options, the same questions.

use crate::audit::query::OUTCOMES;
use crate::audit::query::Query;
use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::cli::when;
use crate::cli::when::Edge;
use crate::clock::Timestamp;
use crate::id::ExchangeId;

/// Which entries.
#[derive(Debug, clap::Args)]
pub struct Asked {
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[arg(long, value_name = "ID")]
    agency: Option<String>,
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    #[arg(long, value_name = "ID")]
    agreement: Option<String>,
    #[arg(long, value_name = "CODE")]
    purpose: Option<String>,
    #[arg(long, value_name = "OUTCOME", value_parser = OUTCOMES)]
    outcome: Option<String>,
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    #[arg(long, value_name = "HOP", value_parser = ["caller", "gateway", "platform"])]
    hop: Option<String>,
    #[arg(long, value_name = "STATUS")]
    status: Option<u16>,
    #[arg(long, value_name = "ID")]
    exchange: Option<String>,
    #[arg(long, value_name = "SERIAL")]
    certificate: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    #[arg(long)]
    all: bool,
}

impl Asked {
    /// The question.
    ///
    /// # Errors
    /// A time or an id cannot be understood.
    pub fn query(&self, now: Timestamp) -> Result<Query, Failure> {
        let time = |text: &Option<String>, edge| {
            text.as_deref().map(|text| when::parse(text, now, edge)).transpose()
        };
        Ok(Query {
            since: time(&self.since, Edge::Start)?,
            until: time(&self.until, Edge::End)?,
            agency: self.agency.clone(),
            service: self.service.clone(),
            operation: self.operation.clone(),
            agreement: self.agreement.clone(),
            purpose: self.purpose.clone(),
            outcome: self.outcome.clone(),
            reason: self.reason.clone(),
            stage: self.stage.clone(),
            hop: self.hop.clone(),
            status: self.status,
            exchange: self.exchange.as_deref().map(exchange).transpose()?,
            certificate: self.certificate.as_deref().map(plain_hex),
            case: self.case.clone(),
            user: self.user.clone(),
            subject: self.subject.clone(),
            code: self.code.clone(),
            all: self.all,
        })
    }
}

fn exchange(text: &str) -> Result<ExchangeId, Failure> {
    text.parse().map_err(|_| {
        let text = shown(text);
        Failure::usage(
            format!("`{text}` không phải là mã giao dịch."),
            format!("`{text}` is not an exchange id."),
        )
    })
}

/// Serial numbers are written in many ways: `0A:1B`, `0a1b`. In the log they are lower-case digits.
fn plain_hex(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, ':' | ' ')).map(|char| char.to_ascii_lowercase()).collect()
}
