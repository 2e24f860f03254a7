//! `evidence verify`: every step of the judgement in words, then the verdict. No network, no configuration, no gateway.

use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use crate::audit::evidence::archive::ARCHIVE_BYTES_MAX;
use crate::audit::evidence::report::Report;
use crate::audit::evidence::report::Step;
use crate::audit::evidence::report::Verdict;
use crate::audit::evidence::verify::Believed;
use crate::audit::evidence::verify::verify;
use crate::cli::Session;
use crate::cli::audit::entry::Seen;
use crate::cli::audit::words;
use crate::cli::client::gateway::certificates;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::Paint;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::shown;
use crate::cli::trust;
use crate::language::Language;
use crate::language::causes::told;

/// `evidence verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    #[arg(long, value_name = "FILE")]
    anchors: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    tsa: Option<PathBuf>,
}

/// Judges an evidence file.
///
/// # Errors
/// A file cannot be read, or says nothing that could be trusted.
pub fn run(given: &Verify, session: &mut Session) -> Result<Exit, Failure> {
    let trusted = trust::policy(&given.trust)?;
    let (stamps, anchors) = (authorities(given.tsa.iter())?, authorities(given.anchors.iter())?);
    let believed = Believed { trust: &trusted, stamps: &stamps, anchors: &anchors };
    let report = verify(&read(&given.file)?, believed);
    let terminal = &mut session.terminal;
    if terminal.json() {
        terminal.object(&object(&report))?;
    } else {
        tell(&report, terminal)?;
    }
    Ok(if report.is_true() { Exit::Yes } else { Exit::False })
}

/// One byte more than is taken tells that it is too large.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let most = ARCHIVE_BYTES_MAX as u64 + 1;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|cause| Failure::unreadable(file, cause))?;
    Ok(bytes)
}

fn authorities<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Result<Vec<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    for file in files {
        all.extend(certificates(file)?.iter().map(|certificate| certificate.to_vec()));
    }
    Ok(all)
}

fn tell(report: &Report, terminal: &mut Terminal) -> Result<(), Failure> {
    for step in &report.steps {
        let line = line(step, terminal);
        terminal.line(&line)?;
        if let Some(cause) = &step.cause {
            let cause =
                terminal.paint(Paint::Faint, &format!("    {}", shown(&told(cause, terminal.language()))));
            terminal.line(&cause)?;
        }
    }
    if report.is_true() {
        terminal.say("Các bản ghi đã chứng minh nói:", "The proven entries say:")?;
        for proven in &report.entries {
            for line in words::lines(&Seen::new(proven.index, &proven.leaf, Vec::new()), terminal.language())
            {
                terminal.line(&format!("  {line}"))?;
            }
        }
    }
    verdict(report, terminal)
}

fn line(step: &Step, terminal: &Terminal) -> String {
    let (paint, mark) = match step.verdict {
        Verdict::Holds => (Paint::Good, "✓"),
        Verdict::Fails => (Paint::Bad, "✗"),
        Verdict::NotChecked => (Paint::Caution, "-"),
    };
    let mut text = format!("{mark} {}", shown(step.says.to(terminal.language())));
    if !step.file.is_empty() && step.verdict != Verdict::Holds {
        text.push_str(&format!(" ({})", shown(&step.file)));
    }
    terminal.paint(paint, &text)
}

fn verdict(report: &Report, terminal: &mut Terminal) -> Result<(), Failure> {
    let (paint, vi, en) = match report.is_true() {
        true => (
            Paint::Good,
            "Bằng chứng đúng, với các khóa đã tin cậy. Nó không chứng minh: rằng giao dịch không còn bản ghi nào khác; rằng dữ liệu của nguồn là đúng.",
            "The evidence is true under the trusted keys. It does not prove: that the exchange has no other entry; that what the platform said is true.",
        ),
        false => (
            Paint::Bad,
            "Bằng chứng KHÔNG đúng hoặc đã hỏng. Không được dùng làm bằng chứng.",
            "The evidence is FALSE or damaged. It must not be used as evidence.",
        ),
    };
    let text = terminal.paint(paint, terminal.pick(vi, en));
    terminal.line(&text)
}

fn object(report: &Report) -> serde_json::Value {
    let step = |step: &Step| {
        json!({ "step": step.code, "file": step.file, "verdict": step.verdict.word(),
            "vi": step.says.vi, "en": step.says.en, "cause": step.cause,
            "cause_vi": step.cause.as_deref().map(|cause| told(cause, Language::Vi)) })
    };
    let entries = report.entries.iter().filter(|_| report.is_true());
    json!({
        "true": report.is_true(),
        "log": report.log,
        "size": report.size,
        "stamped": report.stamped.map(|time| time.to_string()),
        "steps": report.steps.iter().map(step).collect::<Vec<_>>(),
        "entries": entries.map(|proven| Seen::new(proven.index, &proven.leaf, Vec::new()).json()).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use crate::audit::small::SmallLog;
    use crate::cli::client::heads::replace;
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    const BODY: &str = r#"{"a":1}"#;

    /// A closed log with one exchange, in whose folder the commands run; and the exchange's id.
    fn world() -> (SmallLog, String, String) {
        let log = SmallLog::new("2026-11-26T02:00:00Z");
        let recorder = log.open();
        let id = log.exchange(&recorder, 1, BODY).to_string();
        recorder.close().unwrap();
        let at = log.log().parent().unwrap().display().to_string();
        replace(&log.log().with_extension("vkey"), format!("{}\n", log.vkey()).as_bytes()).unwrap();
        replace(&log.log().with_file_name("body"), BODY.as_bytes()).unwrap();
        (log, id, at)
    }

    #[test]
    fn a_case_is_exported_and_verified_in_both_languages_and_a_changed_one_ends_with_four() {
        let (_log, id, at) = world();
        let export = format!(
            "phohien audit evidence {id} -o {at}/case.zip --log {at}/log --keys {at}/keys --annex --disclose answer={at}/body"
        );
        let (exit, out, err) = run_line(&export);
        assert_eq!(exit, Exit::Yes, "{out}{err}");
        let verify = |options: &str| {
            run_line(&format!("phohien {options} evidence verify {at}/case.zip --trust {at}/log.vkey"))
        };
        let (exit, vi, _) = verify("");
        assert!(exit == Exit::Yes && vi.contains("✓ Bản ghi số") && vi.contains("Bằng chứng đúng"), "{vi}");
        let (exit, en, _) = verify("--lang en");
        assert!(exit == Exit::Yes && en.contains("The evidence is true") && en.contains("H31.01.01"), "{en}");
        let (exit, json, _) = verify("--json");
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (exit, &json["true"], &json["entries"][0]["leaf"]["exchange"]),
            (Exit::Yes, &true.into(), &id.as_str().into())
        );
        let mut bytes = std::fs::read(format!("{at}/case.zip")).unwrap();
        let at_leaf = bytes.windows(8).position(|window| window == b"released").unwrap();
        bytes[at_leaf] = b'R';
        replace(std::path::Path::new(&format!("{at}/case.zip")), &bytes).unwrap();
        let (exit, en, _) = verify("--lang en");
        assert!(exit == Exit::False && en.contains("FALSE") && !en.contains("say:"), "{en}");
    }

    #[test]
    fn what_cannot_be_read_or_trusted_ends_with_three_or_two() {
        let (_log, _, at) = world();
        let verify = |file: &str, trust: &str| {
            run_line(&format!("phohien evidence verify {at}/{file} --trust {at}/{trust}")).0
        };
        assert_eq!((verify("none.zip", "log.vkey"), verify("body", "body")), (Exit::CouldNot, Exit::Usage));
        assert_eq!(verify("body", "log.vkey"), Exit::False);
    }

    #[test]
    fn a_salt_is_told_with_the_line_that_checks_it_and_reply_not_to_a_caller() {
        let (_log, id, at) = world();
        let disclose = |rest: &str| {
            run_line(&format!("phohien --json audit disclose {id} {rest} --log {at}/log --keys {at}/keys"))
        };
        let (exit, out, err) = disclose("answer");
        assert_eq!(exit, Exit::Yes, "{err}");
        let told: serde_json::Value = serde_json::from_str(&out).unwrap();
        let check = told["check"].as_str().unwrap().replace("DATA", &format!("{at}/body"));
        let output = std::process::Command::new("bash").args(["-c", &check]).output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().starts_with(told["commitment"].as_str().unwrap()));
        for (rest, exit, code) in [
            ("reply", Exit::No, "provider-alone"),
            ("reply --provider H31.05", Exit::No, "other-provider"),
            ("user", Exit::No, "not-committed"),
            ("salt", Exit::Usage, "usage"),
        ] {
            let (own, _, err) = disclose(rest);
            assert!(own == exit && err.contains(&format!("\"error\":\"{code}\"")), "{rest}: {err}");
        }
        assert_eq!(disclose("reply --provider G01.HYN").0, Exit::Yes);
    }
}
