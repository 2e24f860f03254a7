//! `call`: an agency's client. It shows the answer, and says of each thing the answer claims whether it holds.
//!
//! Keys that were not named are looked for beside the file of `--cacert`: `log.vkey` and `log.answer.pem`, as a gateway publishes them.

pub mod ask;
pub mod pretty;
pub mod proof;
pub mod show;
pub mod sign;

use std::path::PathBuf;

use super::Session;
use super::client::Reach;
use super::client::checks::Checks;
use super::client::checks::Trust;
use super::client::connection::Answer;
use super::client::gateway::Address;
use super::client::heads::replace;
use super::exit::Exit;
use super::exit::Failure;
use super::place::sibling;
use super::trust;

/// `call`.
#[derive(Debug, clap::Args)]
pub struct Call {
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    reach: Reach,
    #[arg(long, value_name = "CODE")]
    purpose: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    case: Option<String>,
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[arg(long, value_name = "POINTERS", value_delimiter = ',')]
    fields: Vec<String>,
    #[arg(long, value_name = "METHOD")]
    method: Option<http::Method>,
    #[arg(long, value_name = "TEXT|@FILE")]
    data: Option<String>,
    #[arg(long, value_name = "TYPE", requires = "data")]
    content_type: Option<String>,
    #[arg(long)]
    accept_signature: bool,
    #[arg(long, value_name = "FILE", requires = "key_id")]
    sign_key: Option<PathBuf>,
    #[arg(long, value_name = "NAME", requires = "sign_key")]
    key_id: Option<String>,
    #[arg(long, value_name = "FILE")]
    answer_key: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    #[arg(long)]
    proof: bool,
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    save_receipt: Option<PathBuf>,
    #[arg(long)]
    raw: bool,
}

/// Calls, shows and checks.
///
/// # Errors
/// There is no answer, or a file cannot be used. A failed check and a refusal are not errors but exit codes.
pub fn run(call: &Call, session: &mut Session) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(answer(call, session))
}

async fn answer(call: &Call, session: &mut Session) -> Result<Exit, Failure> {
    let address = Address::parse(&call.url)?;
    let trust = trusted(call)?;
    let mut ask = ask::of(call, &address, session.terminal.language())?;
    if let (Some(file), Some(name)) = (&call.sign_key, &call.key_id) {
        sign::sign(&mut ask, &address, file, name, session.clock.now())?;
    }
    let mut connection = call.reach.connect(&address).await?;
    let answer = connection.send(&ask).await?;
    let mut checks = Checks::of(&address, &ask, &answer, &trust);
    let document = proof::follow(call, &mut connection, &answer, &mut checks).await?;
    show::show(&answer, &checks, call.raw, &mut session.terminal)?;
    if let (Some(file), Some(document)) = (&call.save_receipt, &document) {
        replace(file, document)?;
    }
    Ok(verdict(&answer, &checks))
}

/// False evidence weighs more than a refusal: a refusal that cannot be trusted is none.
fn verdict(answer: &Answer, checks: &Checks) -> Exit {
    match (checks.failed(), answer.status.is_success()) {
        (true, _) => Exit::False,
        (false, true) => Exit::Yes,
        (false, false) => Exit::No,
    }
}

fn trusted(call: &Call) -> Result<Trust, Failure> {
    let beside = |name| sibling(&call.reach.cacert, name);
    let answers = call.answer_key.clone().or_else(|| beside("log.answer.pem"));
    let logs = call.vkey.clone().or_else(|| beside("log.vkey"));
    Ok(Trust {
        answers: answers.map(|file| trust::answer_keys(&file)).transpose()?.unwrap_or_default(),
        logs: logs.map(|file| trust::log_keys(&file)).transpose()?.unwrap_or_default(),
    })
}
