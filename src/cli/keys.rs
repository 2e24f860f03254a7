//! `keys`: verification keys to publish, and their replacement.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;
use super::place::Folder;
use super::place::folder;
use super::rotate;
use super::terminal::shown;
use super::trust;
use crate::crypto::verify::PublicKey;
use crate::message::key::name_of;
use crate::server::keys::pem;
use crate::server::witness::VKEY;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::note::NoteError;
use crate::tlog::note::VerifierKey;

/// `keys …`.
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Show the verification keys.
    Show(Show),
    /// Make the keys of the log that is to follow, to be made known ahead.
    New,
    /// Close the log for good, and begin the next one under a new key.
    Rotate(rotate::Rotate),
}

/// `keys show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    #[arg(long, value_name = "DIR", conflicts_with = "log")]
    witness: Option<PathBuf>,
}

/// Shows the keys, or replaces the log's.
///
/// # Errors
/// As the command says.
pub fn run(keys: &Keys, session: &mut Session) -> Result<Exit, Failure> {
    match keys {
        Keys::Show(show) => self::show(show, session),
        Keys::New => rotate::prepare(session),
        Keys::Rotate(given) => rotate::run(given, session),
    }
}

/// Shows what a gateway has published beside its log. Private keys are not touched.
fn show(show: &Show, session: &mut Session) -> Result<Exit, Failure> {
    if let Some(folder) = &show.witness {
        return show_witness(folder, session);
    }
    let log = folder(session, show.log.as_deref(), Folder::Log)?;
    let vkey = trust::vkey_beside(&log).ok_or_else(|| not_published(&log))?;
    let logs = trust::log_keys(&vkey)?;
    let answers = match trust::answer_key_beside(&log) {
        Some(file) => trust::answer_keys(&file)?,
        None => Vec::new(),
    };
    tell(&logs, &answers, session)
}

/// Tells keys of logs and of answers.
pub(super) fn tell(
    logs: &[VerifierKey],
    answers: &[PublicKey],
    session: &mut Session,
) -> Result<Exit, Failure> {
    let terminal = &mut session.terminal;
    if terminal.json() {
        let logs: Vec<String> = logs.iter().map(ToString::to_string).collect();
        let answers: Vec<_> = answers.iter().map(described).collect();
        terminal.object(&json!({ "log": logs, "answers": answers }))?;
        return Ok(Exit::Yes);
    }
    terminal.say("# Khóa kiểm tra nhật ký (log.vkey)", "# The key that verifies the log (log.vkey)")?;
    for key in logs {
        terminal.line(&shown(&key.to_string()))?;
    }
    terminal.say(
        "# Khóa kiểm tra câu trả lời (log.answer.pem)",
        "# The key that verifies answers (log.answer.pem)",
    )?;
    for key in answers {
        terminal.line(&format!("# {}, keyid {}", key.algorithm(), name_of(key)))?;
        terminal.line(pem(key).trim_end())?;
    }
    Ok(Exit::Yes)
}

/// The key of a witness that serves from this folder.
fn show_witness(folder: &Path, session: &mut Session) -> Result<Exit, Failure> {
    let file = folder.join(VKEY);
    let text = std::fs::read_to_string(&file).map_err(|cause| Failure::unreadable(&file, cause))?;
    let key: CosignerKey = text.trim().parse().map_err(|cause: NoteError| {
        let name = shown(&file.display().to_string());
        let vi = format!("`{name}` không phải khóa của bên chứng kiến.");
        Failure::usage(vi, format!("`{name}` holds no witness's key.")).because(cause)
    })?;
    let terminal = &mut session.terminal;
    if terminal.json() {
        terminal.object(&json!({ "witness": key.to_string(), "name": key.name() }))?;
        return Ok(Exit::Yes);
    }
    terminal.say(
        "# Khóa của bên chứng kiến, để ghi vào [[witness]] của cổng",
        "# The witness's key, for a gateway's [[witness]]",
    )?;
    terminal.line(&shown(&key.to_string()))?;
    Ok(Exit::Yes)
}

fn described(key: &PublicKey) -> serde_json::Value {
    json!({ "algorithm": key.algorithm(), "keyid": name_of(key).as_str(), "pem": pem(key) })
}

fn not_published(log: &std::path::Path) -> Failure {
    let name = shown(&log.display().to_string());
    Failure::could_not(
        "no-keys",
        format!("Chưa có khóa kiểm tra cạnh `{name}`. Cổng ghi tệp log.vkey khi khởi động."),
        format!("There is no verification key beside `{name}`. The gateway writes log.vkey when it starts."),
    )
}
