//! What the verification of an evidence file found, step by step, in words.

use crate::clock::Timestamp;
use crate::language::Text;

/// How one step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not: the evidence is false or damaged.
    Fails,
    /// It could not be tried with what is at hand; it proves nothing.
    NotChecked,
}

impl Verdict {
    /// `ok`, `failed` or `not-checked`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "ok",
            Self::Fails => "failed",
            Self::NotChecked => "not-checked",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which: English, kebab-case.
    pub code: &'static str,
    /// The file it is about; empty: the whole.
    pub file: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What that means.
    pub says: Text,
    /// Why it failed, for an engineer.
    pub cause: Option<String>,
}

/// A leaf that is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Its index.
    pub index: u64,
    /// Itself, byte for byte.
    pub leaf: Vec<u8>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Every step, in order.
    pub steps: Vec<Step>,
    /// The entries of the case that are proven.
    pub entries: Vec<Proven>,
    /// The log's origin, once its head was verified.
    pub log: Option<String>,
    /// That head's size.
    pub size: u64,
    /// The time before which the entries were there, by a time-stamp that holds; who gave it may still have to be judged.
    pub stamped: Option<Timestamp>,
}

impl Report {
    /// Whether every step that could be tried holds, and something was proven.
    #[must_use]
    pub fn is_true(&self) -> bool {
        !self.entries.is_empty() && self.steps.iter().all(|step| step.verdict != Verdict::Fails)
    }

    pub(super) fn holds(
        &mut self,
        code: &'static str,
        file: &str,
        vi: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.step(code, file, Verdict::Holds, Text::new(vi, en), None);
    }

    pub(super) fn not_checked(
        &mut self,
        code: &'static str,
        file: &str,
        vi: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.step(code, file, Verdict::NotChecked, Text::new(vi, en), None);
    }

    pub(super) fn fails(
        &mut self,
        code: &'static str,
        file: &str,
        vi: impl Into<String>,
        en: impl Into<String>,
        cause: impl Into<Option<String>>,
    ) {
        self.step(code, file, Verdict::Fails, Text::new(vi, en), cause.into());
    }

    fn step(&mut self, code: &'static str, file: &str, verdict: Verdict, says: Text, cause: Option<String>) {
        self.steps.push(Step { code, file: file.to_owned(), verdict, says, cause });
    }
}

/// An error and what is under it, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |error| error.source());
    below.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
