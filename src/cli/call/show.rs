//! What `call` shows: the status, the headers of interest, the body, and each check.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::pretty::laid_out;
use crate::cli::client::checks::Checks;
use crate::cli::client::checks::Verdict;
use crate::cli::client::connection::Answer;
use crate::cli::exit::Failure;
use crate::cli::terminal::Paint;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::shown;
use crate::cli::terminal::shown_lines;
use crate::language::Language;
use crate::language::causes::told;

/// Headers that tell a person something.
const OF_INTEREST: [&str; 8] = [
    "content-type",
    "content-length",
    "exchange-id",
    "exchange-withheld",
    "ratelimit-policy",
    "ratelimit",
    "retry-after",
    "link",
];

/// Shows an answer and its checks.
///
/// # Errors
/// The output cannot be written.
pub fn show(answer: &Answer, checks: &Checks, raw: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    if terminal.json() {
        return terminal.object(&object(answer, checks));
    }
    if raw {
        return terminal.raw(&answer.body);
    }
    head(answer, terminal)?;
    match problem(answer) {
        Some(problem) => refusal(&problem, terminal)?,
        None => body(answer, terminal)?,
    }
    verdicts(checks, terminal)
}

fn object(answer: &Answer, checks: &Checks) -> Value {
    let body = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&answer.body).into_owned()));
    let why: BTreeMap<&str, &String> = checks
        .all()
        .into_iter()
        .filter_map(|(name, verdict)| match verdict {
            Verdict::Fails(why) => Some((name, why)),
            Verdict::Holds | Verdict::NotChecked(_) => None,
        })
        .collect();
    json!({
        "status": answer.status.as_u16(),
        "version": format!("{:?}", answer.version),
        "headers": headers(answer),
        "body": body,
        "checks": checks,
        "failures": why,
        "receipt": answer.field("exchange-receipt"),
        "exchange": answer.field("exchange-id"),
    })
}

/// Headers, then trailers; what occurs more than once is joined as lists are (RFC 9110 5.3).
fn headers(answer: &Answer) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in answer.headers.iter().chain(&answer.trailers) {
        let value = String::from_utf8_lossy(value.as_bytes());
        all.entry(name.to_string())
            .and_modify(|before| {
                before.push_str(", ");
                before.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    all
}

fn head(answer: &Answer, terminal: &mut Terminal) -> Result<(), Failure> {
    let paint = if answer.status.is_success() { Paint::Good } else { Paint::Bad };
    let status = terminal.paint(paint, &answer.status.to_string());
    terminal.line(&format!("{:?} {status}", answer.version))?;
    for name in OF_INTEREST {
        for value in answer.headers.get_all(name).iter().chain(answer.trailers.get_all(name).iter()) {
            let value = shown(&String::from_utf8_lossy(value.as_bytes()));
            let line = terminal.paint(Paint::Faint, &format!("{name}: {value}"));
            terminal.line(&line)?;
        }
    }
    terminal.line("")
}

/// A problem document (RFC 9457), if the answer is one.
fn problem(answer: &Answer) -> Option<Value> {
    let media_type = answer.field("content-type")?.split(';').next()?.trim();
    let document = serde_json::from_slice(&answer.body).ok()?;
    (media_type == "application/problem+json").then_some(document)
}

/// Title and detail first, as the gateway words them in our language; then the rest, by name.
fn refusal(problem: &Value, terminal: &mut Terminal) -> Result<(), Failure> {
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(shown);
    if let Some(title) = text("title") {
        let title = terminal.paint(Paint::Bad, &title);
        terminal.line(&title)?;
    }
    if let Some(detail) = text("detail") {
        terminal.line(&detail)?;
    }
    for (name, vi, en) in [
        ("agreement", "Thỏa thuận", "Agreement"),
        ("clause", "Khoản", "Clause"),
        ("legal_ground", "Căn cứ pháp lý", "Legal ground"),
        ("contact", "Liên hệ", "Contact"),
        ("retry_after", "Thử lại sau (giây)", "Retry after (seconds)"),
        ("hop", "Chặng", "Hop"),
        ("exchange", "Mã giao dịch", "Exchange"),
        ("type", "Mã lý do", "Reason"),
    ] {
        let Some(value) = problem.get(name) else { continue };
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value =
            if name == "type" { value.rsplit('/').next().unwrap_or_default().to_owned() } else { value };
        terminal.line(&format!("  {}: {}", terminal.pick(vi, en), shown(&value)))?;
    }
    terminal.line("")
}

fn body(answer: &Answer, terminal: &mut Terminal) -> Result<(), Failure> {
    let plain = || String::from_utf8_lossy(&answer.body).into_owned();
    let text = laid_out(&answer.body).unwrap_or_else(plain);
    if text.is_empty() {
        return Ok(());
    }
    terminal.line(&shown_lines(&text))?;
    terminal.line("")
}

fn verdicts(checks: &Checks, terminal: &mut Terminal) -> Result<(), Failure> {
    for (name, verdict) in checks.all() {
        let label = label(name, terminal.language());
        let line = match verdict {
            Verdict::Holds => terminal.paint(Paint::Good, &format!("✓ {label}")),
            Verdict::Fails(why) => {
                let word = terminal.pick("SAI", "FAILED");
                terminal.paint(
                    Paint::Bad,
                    &format!("✗ {label}: {word}: {}", shown(&told(why, terminal.language()))),
                )
            }
            Verdict::NotChecked(why) => {
                let word = terminal.pick("chưa kiểm tra", "not checked");
                let text = format!("- {label}: {word}: {}", why.to(terminal.language()));
                terminal.paint(Paint::Caution, &text)
            }
        };
        terminal.line(&line)?;
    }
    if checks.failed() {
        let text = terminal.pick(
            "KHÔNG dùng câu trả lời này: một kiểm tra không đúng. Hãy giữ lại và báo đơn vị vận hành.",
            "Do NOT use this answer: a check failed. Keep it and tell the operator.",
        );
        let text = terminal.paint(Paint::Bad, text);
        terminal.line(&text)?;
    }
    Ok(())
}

fn label(name: &str, language: Language) -> &'static str {
    let (vi, en) = match name {
        "digest" => ("nội dung nguyên vẹn (Content-Digest)", "body is whole (Content-Digest)"),
        "signature" => ("chữ ký số của cổng trên câu trả lời", "the gateway's signature over the answer"),
        "receipt" => ("biên nhận: điểm chốt do nhật ký ký", "receipt: tree head signed by the log"),
        "inclusion" => ("bằng chứng có trong nhật ký", "inclusion in the log"),
        _ => ("nhật ký nhất quán với lần trước", "the log extends what was seen before"),
    };
    match language {
        Language::Vi => vi,
        Language::En => en,
    }
}
