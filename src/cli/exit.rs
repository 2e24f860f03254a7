//! How a command ends: one of five codes, and for a failure a sentence for a clerk first, then the code and the cause for an engineer.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use rustls::pki_types::pem;
use serde_json::Value;
use serde_json::json;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::fault::Severity;
use crate::language::Language;
use crate::language::Text;
use crate::language::causes::told;

use super::terminal::shown;

/// The exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Yes, or done; an empty list too.
    Yes,
    /// The answer is no: refused, no such id, differs.
    No,
    /// Wrong usage, or files with faults.
    Usage,
    /// Could not: input and output, network, permission.
    CouldNot,
    /// Evidence is false or damaged.
    False,
}

impl Exit {
    /// The number a shell sees.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::CouldNot => 3,
            Self::False => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// What a cause may be.
pub type Cause = Box<dyn Error + Send + Sync>;

/// A command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    code: &'static str,
    says: Text,
    cause: Option<Cause>,
    faults: Option<Faults>,
}

impl Failure {
    /// A failure: how it ends, its code (English, kebab-case), and a sentence in both languages that says what to do.
    /// Text from outside must be [`shown`] in it.
    pub fn new(exit: Exit, code: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { exit, code, says: Text::new(vi, en), cause: None, faults: None }
    }

    /// Something could not be done: input and output, network, permission.
    pub fn could_not(code: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Exit::CouldNot, code, vi, en)
    }

    /// The command was not used as it can be.
    pub fn usage(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", vi, en)
    }

    /// A file cannot be read.
    pub fn unreadable(path: &std::path::Path, cause: std::io::Error) -> Self {
        let name = shown(&path.display().to_string());
        let vi = format!("Không đọc được `{name}`. Hãy kiểm tra đường dẫn và quyền đọc.");
        let en = format!("`{name}` cannot be read. Check the path and the permission to read it.");
        Self::could_not("file-unreadable", vi, en).because(cause)
    }

    /// A file cannot be written.
    pub fn unwritable(path: &std::path::Path, cause: std::io::Error) -> Self {
        let name = shown(&path.display().to_string());
        let vi = format!("Không ghi được `{name}`. Hãy kiểm tra thư mục, quyền ghi và dung lượng trống.");
        let en =
            format!("`{name}` cannot be written. Check the folder, the permission to write, and free space.");
        Self::could_not("file-unwritable", vi, en).because(cause)
    }

    /// Files have faults. That they cannot be read at all is none of theirs.
    #[must_use]
    pub fn faulty(faults: Faults) -> Self {
        let mut serious = faults.iter().filter(|fault| fault.severity() == Severity::Fault).peekable();
        if serious.peek().is_some() && serious.all(|fault| fault.code() == Code::Unreadable) {
            let vi = "Không đọc được các tệp nêu trên. Hãy kiểm tra đường dẫn và quyền đọc.";
            let en = "The files above cannot be read. Check the paths and the permission to read them.";
            return Self { faults: Some(faults), ..Self::could_not("file-unreadable", vi, en) };
        }
        let vi = "Tệp có lỗi; hãy sửa các chỗ nêu trên.";
        let en = "The files have faults; correct the places above.";
        Self { faults: Some(faults), ..Self::new(Exit::Usage, "files-with-faults", vi, en) }
    }

    /// Names the cause. What the machine refuses (no such file, no permission) was not used wrongly, whatever was asked.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        let cause = cause.into();
        if self.exit == Exit::Usage && is_refused_by_the_machine(&*cause) {
            self.exit = Exit::CouldNot;
        }
        self.cause = Some(cause);
        self
    }

    /// How the command ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The code, which does not change with the language.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence.
    #[must_use]
    pub fn says(&self) -> &Text {
        &self.says
    }

    /// Whether nothing is to be told: whoever read our output has gone.
    pub(super) fn is_silent(&self) -> bool {
        self.says == Text::default()
    }

    /// For people: the faults if there are any, the sentence, the code and the cause.
    #[must_use]
    pub fn render(&self, language: Language, color: bool) -> String {
        let faults = self.faults.as_ref().map(|faults| faults.render_in(color, language)).unwrap_or_default();
        let (label, because) = match language {
            Language::Vi => ("Mã lỗi", "Nguyên nhân"),
            Language::En => ("Code", "Cause"),
        };
        let cause = self.causes(language).join(": ");
        let cause = if cause.is_empty() { cause } else { format!("{because}: {cause}\n") };
        format!("{faults}{}\n{label}: {}\n{cause}", self.says.to(language), self.code)
    }

    /// For machines: one object.
    #[must_use]
    pub fn json(&self, language: Language) -> Value {
        let mut object = json!({
            "error": self.code,
            "exit": self.exit.number(),
            "message": self.says.to(language),
            "causes": self.causes(language),
        });
        if let (Some(faults), Some(members)) = (&self.faults, object.as_object_mut()) {
            members.insert("faults".to_owned(), serde_json::to_value(faults).unwrap_or_default());
        }
        object
    }

    /// The cause and what is under it. A cause that only repeats the one above it is left out.
    fn causes(&self, language: Language) -> Vec<String> {
        let mut next = self.cause.as_ref().map(|cause| &**cause as &(dyn Error + 'static));
        let mut causes = Vec::<String>::new();
        while let Some(cause) = next {
            let text = cause.to_string();
            if causes.last().is_none_or(|last| !last.contains(&text)) {
                causes.push(text);
            }
            next = cause.source();
        }
        causes.iter().map(|cause| shown(&told(cause, language))).collect()
    }
}

/// Whether the cause, or one below it, is one of input and output.
fn is_refused_by_the_machine(cause: &(dyn Error + 'static)) -> bool {
    let its_own = cause.is::<std::io::Error>() || matches!(cause.downcast_ref(), Some(pem::Error::Io(_)));
    its_own || cause.source().is_some_and(is_refused_by_the_machine)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says.en)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as &(dyn Error + 'static))
    }
}

/// Output failed. A reader that has gone (`| head`) is no fault of anybody: the command ends quietly.
impl From<std::io::Error> for Failure {
    fn from(cause: std::io::Error) -> Self {
        if cause.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Yes, "output-closed", "", "");
        }
        let (vi, en) = ("Không ghi được kết quả ra.", "The result cannot be written.");
        Self::could_not("output-failed", vi, en).because(cause)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::diagnostic::fault::Fault;

    #[test]
    fn each_way_to_end_has_the_number_the_manual_gives_it() {
        let all = [Exit::Yes, Exit::No, Exit::Usage, Exit::CouldNot, Exit::False];
        assert_eq!(all.map(Exit::number), [0, 1, 2, 3, 4]);
        assert_eq!(Failure::usage("", "").exit(), Exit::Usage);
        assert_eq!(Failure::faulty(Faults::new()).exit(), Exit::Usage);
        assert_eq!(Failure::could_not("x", "", "").exit(), Exit::CouldNot);
    }

    #[test]
    fn what_cannot_be_read_is_no_fault_of_a_file_and_no_wrong_usage() {
        let fault = |code| Fault::new(code, "x");
        let of = |faults: &[Code]| Failure::faulty(faults.iter().map(|code| fault(*code)).collect()).exit();
        assert_eq!(of(&[Code::Unreadable, Code::Unreadable]), Exit::CouldNot);
        assert_eq!(of(&[Code::Unreadable, Code::UnknownKey]), Exit::Usage);
        let missing = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(Failure::usage("", "").because(missing).exit(), Exit::CouldNot);
        assert_eq!(Failure::usage("", "").because("not one").exit(), Exit::Usage);
    }

    #[test]
    fn a_failure_speaks_to_the_clerk_first_and_to_the_engineer_second() {
        let path = std::path::Path::new("no/such\u{202e}");
        let failure = Failure::unreadable(path, io::Error::other("disk on fire"));
        let told = failure.render(Language::Vi, false);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("Không đọc được `no/such\\u{202e}`"), "{told}");
        assert_eq!(lines[1..], ["Mã lỗi: file-unreadable", "Nguyên nhân: disk on fire"]);
        let missing = io::Error::from_raw_os_error(2);
        let told = Failure::unreadable(path, missing).render(Language::Vi, false);
        assert!(told.ends_with("Nguyên nhân: không có tệp hoặc thư mục này (os error 2)\n"), "{told}");
    }

    #[test]
    fn for_machines_a_failure_is_one_object_in_the_same_language() {
        let failure = Failure::usage("sai", "wrong").because("cause");
        let object = failure.json(Language::En);
        assert_eq!(object, json!({"error": "usage", "exit": 2, "message": "wrong", "causes": ["cause"]}));
    }

    #[test]
    fn a_reader_that_has_gone_is_no_failure() {
        let closed = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(closed.is_silent() && closed.exit() == Exit::Yes);
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert!(!full.is_silent() && full.exit() == Exit::CouldNot);
    }
}
