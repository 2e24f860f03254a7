//! `witness status`: who cosigned our log, and how far behind each is. Reads the node's folder; every cosignature is verified.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place;
use crate::cli::place::Folder;
use crate::cli::table::Table;
use crate::cli::terminal::count;
use crate::cli::terminal::local;
use crate::cli::terminal::shown;
use crate::cli::trust;
use crate::clock::Timestamp;
use crate::crypto::digest::hex;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::note::VerifierKey;
use crate::tlog::witness::kept;
use crate::tlog::witness::kept::Cosigned;

/// `witness status`.
#[derive(Debug, clap::Args)]
pub struct Status {
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    witnesses: Option<PathBuf>,
}

/// What one witness has cosigned.
struct Standing {
    name: String,
    seen: Option<(u64, Timestamp)>,
}

/// Shows each witness of the configuration.
///
/// # Errors
/// There is no log, no key of it, or no witness is named.
pub fn run(status: &Status, session: &mut Session) -> Result<Exit, Failure> {
    let log = place::folder(session, status.log.as_deref(), Folder::Log)?;
    let keys = trust::log_keys(&vkey(status, &log)?)?;
    let witnesses = witnesses(status, session)?;
    let size = published(&log, &keys)?;
    let standings: Vec<Standing> =
        witnesses.iter().map(|witness| standing(&log, witness, &keys, &witnesses)).collect();
    tell(&standings, size, session)?;
    let all = standings.iter().all(|standing| standing.seen.is_some());
    Ok(if all { Exit::Yes } else { Exit::No })
}

fn vkey(status: &Status, log: &Path) -> Result<PathBuf, Failure> {
    let named = status.vkey.clone().or_else(|| trust::vkey_beside(log));
    named.ok_or_else(|| trust::no_vkey_beside(log))
}

/// The keys of a file, one a line, or of the configuration: nothing else in that is judged here.
fn witnesses(status: &Status, session: &Session) -> Result<Vec<CosignerKey>, Failure> {
    let (file, text) = match (&status.witnesses, place::configuration(session)) {
        (Some(file), _) => (file.clone(), read(file)?),
        (None, Some(file)) => {
            let text = named_in(&read(&file)?);
            (file, text)
        }
        (None, None) => (PathBuf::new(), String::new()),
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(str::parse).collect::<Result<Vec<CosignerKey>, _>>().map_err(|cause| {
        let name = shown(&file.display().to_string());
        let vi = format!("`{name}` có khóa của bên chứng kiến không hợp lệ.");
        Failure::usage(vi, format!("`{name}` names a witness by what is no key.")).because(cause)
    })?;
    if keys.is_empty() {
        return Err(Failure::new(
            Exit::No,
            "no-witnesses",
            "Nhật ký này chưa có bên chứng kiến nào: thêm `[[witness]]` vào cấu hình.",
            "This log has no witnesses: name some in the configuration, as `[[witness]]`.",
        ));
    }
    Ok(keys)
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|cause| Failure::unreadable(file, cause))
}

fn named_in(configuration: &str) -> String {
    let Ok(table) = configuration.parse::<toml::Table>() else { return String::new() };
    let all = table.get("witness").and_then(toml::Value::as_array).into_iter().flatten();
    let keys = all.filter_map(|one| one.get("vkey").and_then(toml::Value::as_str));
    keys.map(|key| format!("{key}\n")).collect()
}

/// How many entries the published head has; none published is none.
fn published(log: &Path, keys: &[VerifierKey]) -> Result<u64, Failure> {
    let file = log.join("checkpoint");
    let note = std::fs::read(&file).map_err(|cause| Failure::unreadable(&file, cause))?;
    let head = keys.iter().find_map(|key| SignedHead::open(&note, key).ok());
    head.map(|head| head.size).ok_or_else(|| {
        Failure::new(
            Exit::False,
            "checkpoint-false",
            "Điểm chốt của nhật ký không do khóa này ký.",
            "The log's checkpoint was not signed by this key.",
        )
    })
}

fn standing(log: &Path, witness: &CosignerKey, keys: &[VerifierKey], all: &[CosignerKey]) -> Standing {
    let note = std::fs::read(log.join(kept::FOLDER).join(hex(&witness.id()))).unwrap_or_default();
    let all: Vec<&CosignerKey> = all.iter().collect();
    let cosigned = keys.iter().find_map(|key| Cosigned::read(&note, key, &all));
    let seen = cosigned.and_then(|cosigned| {
        let own = cosigned.by.iter().find(|one| one.by().id == witness.id())?;
        let time = Timestamp::from_second(i64::try_from(own.time()).ok()?).ok()?;
        Some((cosigned.head.size, time))
    });
    Standing { name: witness.name().to_owned(), seen }
}

fn tell(standings: &[Standing], size: u64, session: &mut Session) -> Result<(), Failure> {
    let terminal = &mut session.terminal;
    if terminal.json() {
        for Standing { name, seen } in standings {
            let (cosigned, at) = (seen.map(|(size, _)| size), seen.map(|(_, at)| at.to_string()));
            let behind = size.saturating_sub(cosigned.unwrap_or_default());
            terminal.object(
                &json!({ "witness": name, "cosigned": cosigned, "at": at, "size": size, "behind": behind }),
            )?;
        }
        return Ok(());
    }
    let language = terminal.language();
    let mut table = Table::new(
        &terminal
            .pick("Bên chứng kiến|Đã ký đến|Còn thiếu|Lúc", "Witness|Cosigned|Behind|At")
            .split('|')
            .collect::<Vec<_>>(),
    );
    for Standing { name, seen } in standings {
        let none = || "-".to_owned();
        let cosigned = seen.map_or_else(none, |(size, _)| count(size, language));
        let behind = count(size.saturating_sub(seen.map(|(size, _)| size).unwrap_or_default()), language);
        table.row([name.clone(), cosigned, behind, seen.map_or_else(none, |(_, at)| local(at))]);
    }
    for line in table.lines() {
        terminal.line(&line)?;
    }
    Ok(())
}
