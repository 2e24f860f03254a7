//! For spreadsheets: a byte order mark, so that Excel reads Vietnamese; lines that end as RFC 4180 wants; and no cell that a spreadsheet
//! would take for a formula, since some of what stands in cells was chosen by others.

use std::io;
use std::io::Write;

use csv::QuoteStyle;
use csv::Terminator;
use csv::Writer;
use csv::WriterBuilder;

/// Begins a sheet.
///
/// # Errors
/// It cannot be written.
pub fn begin<W: Write>(mut into: W, separator: u8) -> io::Result<Writer<W>> {
    into.write_all("\u{feff}".as_bytes())?;
    Ok(WriterBuilder::new()
        .delimiter(separator)
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(into))
}

/// A cell that no spreadsheet takes for a formula: an apostrophe before what could begin one says that it is text.
#[must_use]
pub fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}
