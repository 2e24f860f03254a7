//! The program itself, run as a child process: what the audience could type.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use crate::cli::exit::Failure;
use crate::language::Language;

/// Runs `phohien` commands in the demonstration's folder.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    folder: PathBuf,
    language: Language,
}

/// What a child said.
#[derive(Debug, Default)]
pub struct Heard {
    /// Its exit code; none if it was killed.
    pub exit: Option<i32>,
    /// The objects it printed, in order.
    pub objects: Vec<Value>,
    /// What it said on standard error: an object, if it failed.
    pub error: Value,
}

impl Program {
    /// This very program.
    ///
    /// # Errors
    /// The operating system does not say where it is.
    pub fn this(folder: &Path, language: Language) -> Result<Self, Failure> {
        let path = std::env::current_exe().map_err(|cause| unrunnable().because(cause))?;
        Ok(Self { path, folder: folder.to_owned(), language })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a command prints for people.
    ///
    /// # Errors
    /// It cannot be run at all.
    pub fn show(&self, words: &[String]) -> Result<String, Failure> {
        let printed = self.command(words).output().map_err(|cause| unrunnable().because(cause))?;
        Ok(String::from_utf8_lossy(&printed.stdout).into_owned())
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(words).args(["--lang", self.language.tag()]);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Runs a command with `--json` and waits for its end.
    ///
    /// # Errors
    /// It cannot be run at all. That it failed is heard, not an error.
    pub fn run(&self, words: &[String]) -> Result<Heard, Failure> {
        let ended =
            self.command(words).arg("--json").output().map_err(|cause| unrunnable().because(cause))?;
        Ok(Heard {
            exit: ended.status.code(),
            objects: objects(&ended.stdout),
            error: last_object(&ended.stderr),
        })
    }
}

impl Heard {
    /// A member of the first object: by pointer (RFC 6901).
    #[must_use]
    pub fn get(&self, pointer: &str) -> &Value {
        self.objects.first().and_then(|object| object.pointer(pointer)).unwrap_or(&Value::Null)
    }

    /// The same as text; empty if it is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.get(pointer).as_str().unwrap_or_default()
    }

    /// The same as a number.
    #[must_use]
    pub fn number(&self, pointer: &str) -> Option<u64> {
        self.get(pointer).as_u64()
    }
}

/// The JSON objects among the lines; a command may print one over several lines.
fn objects(bytes: &[u8]) -> Vec<Value> {
    serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().map_while(Result::ok).collect()
}

fn last_object(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    let object = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    object.unwrap_or_else(|| Value::from(text.trim()))
}

fn unrunnable() -> Failure {
    Failure::could_not(
        "program-not-run",
        "Không chạy được lệnh con của chương trình.",
        "The program cannot run a command of its own.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_heard_line_by_line_and_over_several_lines() {
        assert_eq!(objects(b"{\"a\":1}\n{\"a\":\n2}\n").len(), 2);
        assert_eq!(last_object(b"a warning\n{\"error\":\"x\"}\n")["error"], "x");
        assert_eq!(last_object(b"killed\n"), "killed");
    }
}
