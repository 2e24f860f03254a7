//! `audit verify`: rebuild everything from the bytes, and name every fault by index and file.
//!
//! What stands only in the folder can only show that the folder agrees with itself. Whoever can rewrite the folder can rewrite the key
//! beside it; a head that somebody else kept cannot be rewritten with it. The first line and the last say so.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::Log;
use super::known;
use crate::audit::verify::Judge;
use crate::cli::Session;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::place::Folder;
use crate::cli::place::folder;
use crate::cli::terminal::Paint;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::count;
use crate::cli::terminal::shown;
use crate::cli::trust;
use crate::crypto::digest::hex;
use crate::language::Language;
use crate::tlog::fsck;
use crate::tlog::fsck::Finding;
use crate::tlog::fsck::Known;
use crate::tlog::fsck::Report;
use crate::tlog::note::VerifierKey;

/// `audit verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    log: Log,
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    known: Vec<PathBuf>,
}

/// On what ground the folder was judged.
struct Ground {
    key: Option<VerifierKey>,
    /// The key came from elsewhere than the folder's side.
    is_key_from_elsewhere: bool,
    known: Vec<Known>,
}

/// Judges the folder.
///
/// # Errors
/// The folder is not there, or a file that was named cannot be used.
pub fn run(verify: &Verify, session: &mut Session) -> Result<Exit, Failure> {
    let given = verify.folder.as_deref().or(verify.log.log.as_deref());
    let log = folder(session, given, Folder::Log)?;
    std::fs::read_dir(&log).map_err(|cause| Failure::unreadable(&log, cause))?;
    let ground = Ground::of(verify, &log)?;
    if !session.terminal.json() {
        first_line(&ground, &mut session.terminal)?;
    }
    let (report, unfinished) = judged(&log, &ground, session);
    tell(&report, &unfinished, &ground, &mut session.terminal)?;
    Ok(if report.is_sound() { Exit::Yes } else { Exit::False })
}

impl Ground {
    fn of(verify: &Verify, log: &Path) -> Result<Self, Failure> {
        let beside = trust::vkey_beside(log);
        let file = verify.vkey.clone().or_else(|| beside.clone());
        let keys = file.map(|file| trust::log_keys(&file)).transpose()?.unwrap_or_default();
        let known =
            verify.known.iter().map(|file| known::read(file, &keys)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            key: keys.into_iter().next(),
            is_key_from_elsewhere: verify
                .vkey
                .as_deref()
                .is_some_and(|file| !is_same(file, beside.as_deref())),
            known: known.into_iter().flatten().collect(),
        })
    }
}

/// Whether both paths lead to one file: naming the key beside the folder does not bring it from elsewhere.
fn is_same(file: &Path, other: Option<&Path>) -> bool {
    let found = |path: &Path| path.canonicalize().ok();
    other.is_some_and(|other| found(file) == found(other))
}

/// The report, and exchanges that were opened and have no outcome yet.
fn judged(log: &Path, ground: &Ground, session: &Session) -> (Report, Vec<(u64, Finding)>) {
    let mut judge = Judge::new();
    let mut progress = session.terminal.progress(&session.clock, 0);
    let mut report = fsck::verify(log, ground.key.as_ref(), &ground.known, &mut judge, &mut |done, total| {
        progress.at(done, total)
    });
    progress.finish();
    let ended = judge.end();
    report.faults.extend(ended.lost.into_iter().map(|(index, Finding { code, what })| fsck::Fault {
        index: Some(index),
        file: log.to_owned(),
        code,
        what,
    }));
    report.faults.sort_by_key(|fault| (fault.index.is_none(), fault.index));
    report.notes.extend(ended.notes);
    (report, ended.unfinished)
}

fn first_line(ground: &Ground, terminal: &mut Terminal) -> Result<(), Failure> {
    let (vi, en) = match (&ground.key, ground.is_key_from_elsewhere) {
        (None, _) => (
            "Không có khóa kiểm tra: chỉ kiểm tra được nhật ký tự nhất quán; KHÔNG kiểm tra chữ ký.",
            "No verification key: this proves self-consistency only; signatures are NOT checked.",
        ),
        (Some(_), false) => (
            "Khóa kiểm tra lấy từ cạnh thư mục: chỉ chứng minh nhật ký tự nhất quán. Dùng --vkey với khóa giữ ở nơi khác.",
            "The key stands beside the folder: this proves self-consistency only. Use --vkey with a key held elsewhere.",
        ),
        (Some(_), true) => (
            "Khóa kiểm tra lấy từ nơi khác: chữ ký chứng minh nhật ký do khóa này ký.",
            "The key comes from elsewhere: the signatures prove that this key signed the log.",
        ),
    };
    let text = terminal.paint(Paint::Caution, terminal.pick(vi, en));
    terminal.line(&text)
}

fn tell(
    report: &Report,
    unfinished: &[(u64, Finding)],
    ground: &Ground,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if terminal.json() {
        return terminal.object(&object(report, unfinished, ground, terminal.language()));
    }
    let language = terminal.language();
    for fault in &report.faults {
        let place = match fault.index {
            Some(index) => format!("{} {index}", terminal.pick("bản ghi", "entry")),
            None => terminal.pick("nhật ký", "the log").to_owned(),
        };
        let text = format!(
            "✗ {place} ({}): {}",
            shown(&fault.file.display().to_string()),
            shown(fault.what.to(language))
        );
        let text = terminal.paint(Paint::Bad, &text);
        terminal.line(&text)?;
    }
    let under_way = terminal.pick("có thể đang xử lý", "may be under way");
    let under_way: Vec<String> = unfinished
        .iter()
        .map(|(index, finding)| {
            let what = shown(finding.what.to(language));
            format!("- {} {index}: {what} ({under_way})", terminal.pick("bản ghi", "entry"))
        })
        .collect();
    for line in report.notes.iter().map(|note| format!("- {}", shown(note.to(language)))).chain(under_way) {
        terminal.line(&line)?;
    }
    summary(report, terminal)?;
    last_line(ground, terminal)
}

fn summary(report: &Report, terminal: &mut Terminal) -> Result<(), Failure> {
    let language = terminal.language();
    let (entries, frames) = (count(report.entries, language), count(report.frames, language));
    let origin = shown(report.origin.as_deref().unwrap_or("?"));
    let root = report.root.map_or_else(|| "?".to_owned(), |root| hex(&root));
    let vi = format!("{origin}: {entries} bản ghi trong {frames} lô; gốc {root}");
    let en = format!("{origin}: {entries} entries in {frames} batches; root {root}");
    terminal.say(&vi, &en)?;
    let faults = count(report.faults.len() as u64, language);
    let (paint, vi, en) = match report.is_sound() {
        true => (Paint::Good, "Không tìm thấy sai lệch nào.".to_owned(), "No fault was found.".to_owned()),
        false => (
            Paint::Bad,
            format!("Tìm thấy {faults} sai lệch: nhật ký đã bị sửa, cắt hoặc hư hỏng ở các chỗ trên."),
            match report.faults.len() {
                1 => "1 fault was found: the log was changed, cut or damaged at the place above.".to_owned(),
                _ => format!(
                    "{faults} faults were found: the log was changed, cut or damaged at the places above."
                ),
            },
        ),
    };
    let text = terminal.paint(paint, terminal.pick(&vi, &en));
    terminal.line(&text)
}

fn last_line(ground: &Ground, terminal: &mut Terminal) -> Result<(), Failure> {
    if !ground.known.is_empty() {
        let held = count(ground.known.len() as u64, terminal.language());
        let vi = format!("Đã đối chiếu với {held} điểm chốt giữ ở nơi khác.");
        let heads = if ground.known.len() == 1 { "head" } else { "heads" };
        return terminal.say(&vi, &format!("It was held against {held} {heads} kept elsewhere."));
    }
    terminal.say(
        "Không thể biết: phần cuối có bị cắt, hay toàn bộ có bị viết lại bằng chính khóa này. Dùng --known với biên nhận hoặc điểm chốt giữ ở nơi khác.",
        "What cannot be known: whether the end was cut off, or all of it rewritten with this very key. Use --known with a receipt or checkpoint held elsewhere.",
    )
}

fn object(
    report: &Report,
    unfinished: &[(u64, Finding)],
    ground: &Ground,
    language: Language,
) -> serde_json::Value {
    let fault = |fault: &fsck::Fault| {
        let file = fault.file.display().to_string();
        json!({ "index": fault.index, "file": file, "code": fault.code, "what": fault.what.to(language) })
    };
    let open = |(index, finding): &(u64, Finding)| json!({ "index": index, "code": finding.code, "what": finding.what.to(language) });
    json!({
        "sound": report.is_sound(),
        "origin": report.origin,
        "entries": report.entries,
        "batches": report.frames,
        "bundles": report.bundles,
        "bytes": report.bytes,
        "root": report.root.map(|root| hex(&root)),
        "published": report.published,
        "signatures": if ground.key.is_some() { "checked" } else { "not-checked" },
        "key_from_elsewhere": ground.key.is_some() && ground.is_key_from_elsewhere,
        "known": ground.known.len(),
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "faults_unnamed": report.unnamed,
        "notes": report.notes.iter().map(|note| note.to(language)).collect::<Vec<_>>(),
        "unfinished": unfinished.iter().map(open).collect::<Vec<_>>(),
    })
}
