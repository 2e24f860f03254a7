//! `check`: configuration and policies, all faults at once; or what a code means.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use super::Session;
use super::exit::Exit;
use super::exit::Failure;
use super::place;
use super::terminal::Paint;
use super::terminal::Terminal;
use super::terminal::shown;
use crate::audit::bounds;
use crate::clock::Timestamp;
use crate::config;
use crate::config::settings::Settings;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::policy;
use crate::server::run::StartError;
use crate::server::signers;

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
    if let Some(code) = &check.code {
        return explain(code, session);
    }
    let paths = match check.paths.as_slice() {
        [] => vec![place::need_configuration(session)?],
        named => named.to_vec(),
    };
    let mut found = Found::default();
    for path in &paths {
        found.look_at(path, &paths, session.clock.now());
    }
    found.faults.sort();
    if found.faults.has_faults() {
        return Err(Failure::faulty(found.faults));
    }
    tell(&found, &mut session.terminal)?;
    Ok(Exit::Yes)
}

/// What checking found.
#[derive(Debug, Default)]
struct Found {
    faults: Faults,
    checked: Vec<PathBuf>,
}

impl Found {
    /// A folder is one of policies; a file is a configuration, whose policies are checked too unless a folder was named beside it.
    fn look_at(&mut self, path: &Path, all: &[PathBuf], now: Timestamp) {
        self.checked.push(path.to_owned());
        if path.is_dir() {
            return self.policies(path, None, now);
        }
        match config::read::read(path) {
            Ok(settings) => {
                if !all.iter().any(|path| path.is_dir()) {
                    self.checked.push(settings.policies.clone());
                    self.policies(&settings.policies, Some(&settings), now);
                }
            }
            Err(faults) => self.faults.extend(faults),
        }
    }

    /// Checks a folder of policies; beside its configuration with the signatures that this requires.
    fn policies(&mut self, folder: &Path, settings: Option<&Settings>, now: Timestamp) {
        let loaded = match settings {
            Some(settings) => signers::policies(settings, now, now),
            None => policy::load::load(folder, now).map_err(StartError::Policies),
        };
        match loaded {
            Ok(policies) => {
                let large = bounds::too_large(&policies).into_iter();
                self.faults.extend(large.map(|which| Fault::new(Code::WrongValue, which.to_string())));
                self.faults.extend(policies.warnings().clone());
            }
            Err(StartError::Policies(faults)) => self.faults.extend(faults),
            Err(other) => self.faults.push(Fault::new(Code::Unreadable, with_causes(&other))),
        }
    }
}

/// An error with what it was caused by, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Nothing is wrong; there may be warnings.
fn tell(found: &Found, terminal: &mut Terminal) -> Result<(), Failure> {
    let paths: Vec<String> = found.checked.iter().map(|path| path.display().to_string()).collect();
    if terminal.json() {
        return terminal.object(&json!({ "sound": true, "checked": paths, "warnings": found.faults }));
    }
    let warnings = found.faults.render_in(terminal.color(), terminal.language());
    if !warnings.is_empty() {
        terminal.line(warnings.trim_end())?;
        terminal.line("")?;
    }
    let word = terminal.pick("không có lỗi", "no faults");
    for path in paths {
        let line = terminal.paint(Paint::Good, &format!("✓ {}: {word}", shown(&path)));
        terminal.line(&line)?;
    }
    Ok(())
}

fn explain(text: &str, session: &mut Session) -> Result<Exit, Failure> {
    let code: Code = text.parse().map_err(|cause| {
        let vi = "Không có mã lỗi này. Mã lỗi có dạng như `P0012`.";
        let en = "There is no such code. A code looks like `P0012`.";
        Failure::new(Exit::No, "no-such-code", vi, en).because(cause)
    })?;
    let terminal = &mut session.terminal;
    let (title, why) = (code.title(), code.explanation());
    if terminal.json() {
        let texts = |text: &crate::language::Text| json!({ "vi": text.vi, "en": text.en });
        let object = json!({ "code": code.as_str(), "title": texts(&title), "explanation": texts(&why) });
        terminal.object(&object)?;
        return Ok(Exit::Yes);
    }
    let head = format!("{}: {}", code.as_str(), title.to(terminal.language()));
    let head = terminal.paint(Paint::Strong, &head);
    terminal.line(&head)?;
    terminal.tell(&why)?;
    Ok(Exit::Yes)
}

#[cfg(test)]
mod tests {
    use crate::cli::client::heads::replace;
    use crate::cli::exit::Exit;
    use crate::cli::tests::run_line;

    const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");

    #[test]
    fn a_code_is_explained_in_the_language_asked_for_and_an_unknown_one_is_a_no() {
        let (exit, vi, _) = run_line("phohien check --code F0003");
        assert!(exit == Exit::Yes && vi.contains("Khóa lạ"), "{vi}");
        let (_, en, _) = run_line("phohien --lang en check --code F0003");
        assert!(en.starts_with("F0003: "), "{en}");
        assert_eq!(run_line("phohien check --code X9999").0, Exit::No);
    }

    #[test]
    fn the_example_policies_have_no_faults() {
        let (exit, out, err) = run_line(&format!("phohien check {POLICIES} --json"));
        assert_eq!((exit, err.as_str()), (Exit::Yes, ""), "{out}");
        assert!(out.starts_with("{\"checked\":["), "{out}");
    }

    #[test]
    fn faulty_files_end_with_two_and_every_fault_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        replace(&folder.path().join("gateway.toml"), b"operator = \"h31\"\nlogg = 1\n").unwrap();
        let path = folder.path().join("gateway.toml").display().to_string();
        let (exit, out, err) = run_line(&format!("phohien check --lang en {path}"));
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert!(err.contains("gateway.toml:1:") && err.contains("logg"), "{err}");
        let (_, _, err) = run_line(&format!("phohien check --json {path}"));
        let object: serde_json::Value = serde_json::from_str(&err).unwrap();
        assert!(object["faults"].as_array().unwrap().len() > 2 && object["exit"] == 2, "{object}");
    }
}
