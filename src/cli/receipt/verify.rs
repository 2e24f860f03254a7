//! `receipt verify`: leaf, inclusion proof, checkpoint signature; then what the leaf says, in plain words. No network, no configuration.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::document::Document;
use super::document::FalseReceipt;
use super::document::Proven;
use super::list::List;
use crate::audit::commitment::Label;
use crate::audit::commitment::commit;
use crate::cli::Session;
use crate::cli::audit::entry::Seen;
use crate::cli::audit::words;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::Paint;
use crate::cli::terminal::shown;
use crate::cli::trust;
use crate::crypto::digest::hex;
use crate::tlog::trust::TrustPolicy;

/// `receipt verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
}

/// Verifies a receipt.
///
/// # Errors
/// A file cannot be read, or the receipt is false.
pub fn run(verify: &Verify, session: &mut Session) -> Result<Exit, Failure> {
    let trusted = trust::policy(&verify.trust)?;
    let bytes = std::fs::read(&verify.file).map_err(|cause| Failure::unreadable(&verify.file, cause))?;
    let proven = read(&bytes, &trusted).map_err(|cause| false_receipt(&verify.file, cause))?;
    let is_answer = verify.answer.as_deref().map(|file| answered(file, &bytes, &proven)).transpose()?;
    for proven in &proven {
        tell(proven, session)?;
    }
    if is_answer.is_some() && !session.terminal.json() {
        let vi = "Nội dung đã nêu đúng là câu trả lời mà cổng đã cam kết trong bản ghi.";
        session.terminal.say(vi, "The body is the answer to which the gateway committed in the entry.")?;
    }
    if !session.terminal.json() {
        let verdict = session.terminal.pick(
            "Biên nhận đúng: các bản ghi trên có trong nhật ký đã ký.",
            "The receipt is true: the entries above are in the signed log.",
        );
        let verdict = session.terminal.paint(Paint::Good, verdict);
        session.terminal.line(&verdict)?;
    }
    Ok(Exit::Yes)
}

/// One document, or a bulk list.
///
/// # Errors
/// It is neither, or an entry is not proven by a trusted key.
pub fn read(bytes: &[u8], trusted: &TrustPolicy) -> Result<Vec<Proven>, FalseReceipt> {
    match Document::parse(bytes) {
        Ok(document) => document.verify(trusted),
        Err(fault) => match std::str::from_utf8(bytes).map(List::parse) {
            Ok(Ok(list)) => list.verify(trusted),
            Ok(Err(_)) | Err(_) => Err(fault),
        },
    }
}

/// The body is the one that an entry commits to, under the salt in the receipt. Whoever has neither cannot guess it from the log.
fn answered(file: &Path, receipt: &[u8], proven: &[Proven]) -> Result<(), Failure> {
    let body = std::fs::read(file).map_err(|cause| Failure::unreadable(file, cause))?;
    let salt = Document::parse(receipt).ok().and_then(|document| document.salt(Label::Answer.as_str()));
    let expected = salt.map(|salt| hex(&commit(Label::Answer, &salt, &body)));
    let committed = proven.iter().any(|proven| {
        let leaf = Seen::new(proven.index, proven.leaf.as_bytes(), Vec::new()).leaf;
        let stated = leaf.get("commitments").and_then(|all| all.get(Label::Answer.as_str())?.as_str());
        stated.is_some() && stated == expected.as_deref()
    });
    if committed {
        return Ok(());
    }
    let name = shown(&file.display().to_string());
    let vi = format!("`{name}` KHÔNG phải là câu trả lời mà bản ghi cam kết.");
    let en = format!("`{name}` is NOT the answer to which the entry commits.");
    Err(Failure::new(Exit::False, "other-answer", vi, en))
}

/// Says what a proven entry says, and by which head it is proven.
///
/// # Errors
/// The output cannot be written.
pub fn tell(proven: &Proven, session: &mut Session) -> Result<(), Failure> {
    let seen = Seen::new(proven.index, proven.leaf.as_bytes(), Vec::new());
    let Proven { head, .. } = proven;
    let terminal = &mut session.terminal;
    if terminal.json() {
        let proof = json!({ "origin": head.origin.as_str(), "size": head.size, "root": hex(&head.root) });
        return terminal
            .object(&json!({ "index": proven.index, "leaf": seen.leaf, "leaf_hash": hex(&proven.hash),
            "head": proof, "verified": true }));
    }
    for line in words::lines(&seen, terminal.language()) {
        terminal.line(&line)?;
    }
    let proof = terminal.pick("Bằng chứng", "Proof");
    let (origin, size) = (shown(head.origin.as_str()), head.size);
    let line = match terminal.language() {
        crate::language::Language::Vi => format!("  {proof}: nhật ký {origin}, điểm chốt {size} bản ghi"),
        crate::language::Language::En => format!("  {proof}: log {origin}, checkpoint of {size} entries"),
    };
    terminal.line(&line)
}

fn false_receipt(file: &Path, cause: FalseReceipt) -> Failure {
    let name = shown(&file.display().to_string());
    let vi =
        format!("Biên nhận `{name}` KHÔNG đúng với các khóa đã tin cậy. Không được dùng làm bằng chứng.");
    let en =
        format!("The receipt `{name}` is FALSE under the trusted keys. It must not be used as evidence.");
    Failure::new(Exit::False, "false-receipt", vi, en).because(cause)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::document::tests::SmallLog;
    use super::*;
    use crate::cli::tests::run_line;

    const LEAF: &str = r#"{"agency":"H31.01.01","at":"2026-11-23T02:30:00.000Z","exchange":"a","kind":"exchange.refused","reason":"rate","seq":1}"#;

    fn judged(document: &str, log: &SmallLog, options: &str) -> (Exit, String, String) {
        judged_with(document, log, options, None)
    }

    fn judged_with(
        document: &str,
        log: &SmallLog,
        options: &str,
        answer: Option<&str>,
    ) -> (Exit, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::File::create(folder.path().join(name)).unwrap().write_all(text.as_bytes()).unwrap();
        };
        write("receipt.json", document);
        write("log.vkey", &log.key().to_string());
        let at = folder.path().display();
        let mut line = format!("phohien {options} receipt verify {at}/receipt.json --trust {at}/log.vkey");
        if let Some(answer) = answer {
            write("answer", answer);
            line.push_str(&format!(" --answer {at}/answer"));
        }
        run_line(&line)
    }

    #[test]
    fn a_true_receipt_is_told_in_plain_words_in_both_languages() {
        let log = SmallLog::new(&["{}", LEAF]);
        let (exit, vi, _) = judged(&log.document("a", 1, &[]), &log, "");
        assert!(exit == Exit::Yes && vi.contains("cổng từ chối yêu cầu của H31.01.01"), "{vi}");
        let (_, en, _) = judged(&log.document("a", 1, &[]), &log, "--lang en");
        assert!(en.ends_with("The receipt is true: the entries above are in the signed log.\n"), "{en}");
    }

    #[test]
    fn a_false_receipt_ends_with_four_and_tells_nothing_of_what_it_claims() {
        let log = SmallLog::new(&["{}", LEAF]);
        let forged = log.document("a", 1, &[]).replace("refused", "allowed");
        let (exit, out, err) = judged(&forged, &log, "--lang en");
        assert_eq!((exit, out.as_str()), (Exit::False, ""));
        assert!(err.contains("is FALSE") && err.contains("Code: false-receipt"), "{err}");
    }

    #[test]
    fn a_bulk_list_is_verified_line_by_line() {
        let log = SmallLog::new(&["{}", LEAF]);
        let list = format!("{}\n{}\n", log.entry(0), log.entry(1));
        assert_eq!(judged(&list, &log, "--json").0, Exit::Yes);
        assert_eq!(judged(&list.replace("refused", "allowed"), &log, "--json").0, Exit::False);
    }

    #[test]
    fn a_body_is_the_answer_only_if_the_entry_commits_to_it() {
        let committed = hex(&commit(Label::Answer, &[5; 32], b"{}"));
        let leaf = LEAF
            .replace("\"exchange\"", &format!("\"commitments\":{{\"answer\":\"{committed}\"}},\"exchange\""));
        let log = SmallLog::new(&[&leaf]);
        let salt = "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=";
        let document = log
            .document("a", 0, &[])
            .replace("\"salts\":{}", &format!("\"salts\":{{\"answer\":\"{salt}\"}}"));
        assert_eq!(judged_with(&document, &log, "", Some("{}")).0, Exit::Yes);
        assert_eq!(judged_with(&document, &log, "", Some("{ }")).0, Exit::False);
        let without = log.document("a", 0, &[]);
        assert_eq!(judged_with(&without, &log, "", Some("{}")).0, Exit::False);
    }
}
