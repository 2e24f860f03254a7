//! Tables for people: columns as wide as what stands in them, two spaces between.

use super::terminal::shown;

/// A table. Every cell is escaped as it goes in.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with its heading.
    #[must_use]
    pub fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|cell| shown(cell)).collect()] }
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| shown(cell.as_ref())).collect());
    }

    /// How many rows there are below the heading.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len().saturating_sub(1)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines, the heading first, without spaces at their ends.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let widths = self.widths();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, wide)| {
                let missing = wide.saturating_sub(width(cell));
                format!("{cell}{}", " ".repeat(missing))
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (wide, cell) in widths.iter_mut().zip(row) {
                *wide = (*wide).max(width(cell));
            }
        }
        widths
    }
}

/// Columns a text takes: one a character, none for the combining marks of decomposed Vietnamese.
fn width(text: &str) -> usize {
    text.chars().filter(|char| !matches!(char, '\u{300}'..='\u{36f}')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_under_vietnamese_and_nothing_breaks_out_of_a_cell() {
        let mut table = Table::new(&["cơ quan", "lý do"]);
        table.row(["H31", "a\nb"]);
        table.row(["Pho\u{302}\u{301}", "c"]);
        assert_eq!(table.lines(), ["cơ quan  lý do", "H31      a\\u{a}b", "Pho\u{302}\u{301}      c"]);
        assert_eq!(table.len(), 2);
    }
}
