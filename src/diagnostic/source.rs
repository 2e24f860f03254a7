//! A file's text, and places in it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::code::Code;
use super::fault::{Fault, Faults};
use super::table::Table;

/// A file's name and text. Cheap to clone: clones share the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(Arc<Inner>);

#[derive(PartialEq, Eq)]
struct Inner {
    name: String,
    text: String,
}

impl Source {
    /// A file by the name to show and its text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(Inner { name: name.into(), text: text.into() }))
    }

    /// The name to show: a path relative to what was read.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// A place in this file, in bytes.
    #[must_use]
    pub fn place(&self, range: Range<usize>) -> Place {
        Place { source: self.clone(), range: within(self.text(), range) }
    }

    /// The file's beginning: where faults of the whole file are shown.
    #[must_use]
    pub fn start(&self) -> Place {
        let first_line = self.text().lines().next().map_or(0, str::len);
        self.place(0..first_line)
    }

    /// Reads the file as TOML. Syntax errors and duplicate keys are recorded, and what can be read still is; keys that
    /// `read` does not ask for are faults.
    pub fn read<T>(
        &self,
        faults: &mut Faults,
        read: impl FnOnce(&mut Table<'_>, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        let (document, errors) = DeTable::parse_recoverable(self.text());
        for error in &errors {
            faults.push(self.syntax_fault(error));
        }
        let torn = errors.iter().any(|error| !is_duplicate(error));
        let mut table = Table::root(self, document.get_ref(), torn);
        let value = read(&mut table, faults);
        table.finish(faults);
        value
    }

    fn syntax_fault(&self, error: &toml::de::Error) -> Fault {
        let place = error.span().map_or_else(|| self.start(), |range| self.place(range));
        if is_duplicate(error) {
            let fault = Fault::new(Code::DuplicateKey, "this key is given twice").at(place);
            return fault.label("second time here").help("remove one of the two");
        }
        Fault::new(Code::Syntax, "this is not TOML").at(place).label(error.message())
    }
}

fn is_duplicate(error: &toml::de::Error) -> bool {
    error.message() == "duplicate key"
}

/// Clamps a range to the text and to whole characters, so that no caret can be outside it.
fn within(text: &str, range: Range<usize>) -> Range<usize> {
    let floor = |index: usize| {
        (0..=index.min(text.len())).rev().find(|&index| text.is_char_boundary(index)).unwrap_or_default()
    };
    let start = floor(range.start);
    start..floor(range.end).max(start)
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name())
    }
}

/// A stretch of a file's text.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    source: Source,
    // Invariant: within the text, on character boundaries.
    range: Range<usize>,
}

impl Place {
    /// The file.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes, from 0.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Line and column of the beginning, both from 1, the column in characters.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        position(self.source.text(), self.range.start)
    }

    /// Line and column just behind the end, both from 1.
    #[must_use]
    pub fn end_line_and_column(&self) -> (usize, usize) {
        position(self.source.text(), self.range.end)
    }
}

fn position(text: &str, index: usize) -> (usize, usize) {
    let before = text.get(..index).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    (line, column)
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}", self.source.name())
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Placed<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { value: change(self.value), place: self.place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Source::new("a.toml", "tên = 1\nđơn = 2\n");
        let at = source.text().find("2").unwrap();
        assert_eq!(source.place(at..at + 1).line_and_column(), (2, 7));
    }

    #[test]
    fn a_place_outside_the_text_is_clamped_into_it() {
        let source = Source::new("a.toml", "đ");
        assert_eq!(source.place(1..99).range(), 0..2);
    }
}
