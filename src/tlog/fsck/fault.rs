//! What is wrong, and how it is told.

use std::path::PathBuf;

use crate::language::Text;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The entry concerned, or the first of several; none if it concerns no entry.
    pub index: Option<u64>,
    /// Where.
    pub file: PathBuf,
    /// What is wrong, for machines.
    pub code: &'static str,
    /// What is wrong, for people.
    pub what: Text,
}

/// What is wrong, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// For machines: kebab-case.
    pub code: &'static str,
    /// For people.
    pub what: Text,
}

impl Finding {
    /// Says what is wrong.
    pub fn new(code: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, what: Text::new(vi, en) }
    }
}
