//! `check`: configuration and policies, all faults at once; or what a code means.

use std::path::PathBuf;

use serde_json::json;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;
use super::terminal::Paint;
use crate::diagnostic::code::Code;

/// `check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[arg(long, value_name = "CODE", conflicts_with = "paths")]
    code: Option<String>,
}

/// Checks what was named, or explains a code.
///
/// # Errors
/// Files have faults, or there is no such code.
pub fn run(check: &Check, session: &mut Session) -> Result<Exit, Failure> {
    match &check.code {
        Some(code) => explain(code, session),
        None => Err(Failure::could_not(
            "not-built-yet",
            "Lệnh này chưa được xây dựng.",
            "This command is not built yet.",
        )),
    }
}

fn explain(text: &str, session: &mut Session) -> Result<Exit, Failure> {
    let code: Code = text.parse().map_err(|cause| {
        let vi = "Không có mã lỗi này. Mã lỗi có dạng như `P0012`.";
        Failure::new(Exit::No, "no-such-code", vi, "There is no such code. A code looks like `P0012`.")
            .because(cause)
    })?;
    let terminal = &mut session.terminal;
    let (title, why) = (code.title(), code.explanation());
    if terminal.json() {
        let texts = |text: &crate::language::Text| json!({ "vi": text.vi, "en": text.en });
        terminal
            .object(&json!({ "code": code.as_str(), "title": texts(&title), "explanation": texts(&why) }))?;
        return Ok(Exit::Yes);
    }
    let head =
        terminal.paint(Paint::Strong, &format!("{}: {}", code.as_str(), title.to(terminal.language())));
    terminal.line(&head)?;
    terminal.tell(&why)?;
    Ok(Exit::Yes)
}

#[cfg(test)]
mod tests {
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    #[test]
    fn a_code_is_explained_in_the_language_asked_for_and_an_unknown_one_is_a_no() {
        let (exit, vi, _) = run_line("phohien check --code F0003");
        assert!(exit == Exit::Yes && vi.contains("Khóa lạ"), "{vi}");
        let (_, en, _) = run_line("phohien --lang en check --code F0003");
        assert!(en.starts_with("F0003: "), "{en}");
        assert_eq!(run_line("phohien check --code X9999").0, Exit::No);
    }
}
