//! `audit export`: take rows away, for a spreadsheet, a data lake or a program. Page after page: what is held does not grow with the export.
//!
//! What is written is derived, like the index: marks stand for people and cases, and mean something to whoever has their keys.

mod csv;
mod jsonl;
mod parquet;
mod tiles;

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::answers::Whom;
use super::asked::Asked;
use super::list::each_page;
use crate::audit::index::row::Row;
use crate::cli::Session;
use crate::cli::client::heads::is_special;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::cli::terminal::count;
use crate::language::Language;

/// `audit export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    asked: Asked,
    #[arg(long, value_name = "FORMAT", value_enum, requires = "output", required_unless_present = "tiles")]
    format: Option<Format>,
    #[arg(long, short, value_name = "FILE", requires = "format")]
    output: Option<PathBuf>,
    #[arg(long, value_name = "DIR", conflicts_with_all = ["format", "output", "desk"])]
    tiles: Option<PathBuf>,
    #[arg(long, value_name = "CHAR", default_value = ",", value_parser = [",", ";"])]
    separator: String,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// JSON, one object a line.
    Jsonl,
    /// Comma-separated, for spreadsheets.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// Where rows go.
trait Sink {
    /// Writes some rows.
    fn rows(&mut self, rows: &[Row]) -> io::Result<()>;

    /// Writes what is still held, and what stands at the end.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Writes the rows that were asked for into a file. It has its name only once it is whole.
///
/// # Errors
/// Neither index nor log can be read, or the file cannot be written.
pub fn run(export: &Export, session: &mut Session) -> Result<Exit, Failure> {
    let (format, output) = match (&export.tiles, export.format, &export.output) {
        (None, Some(format), Some(output)) => (format, output),
        (tiles, ..) => {
            return tiles::run(&export.whom.place, tiles.as_deref().unwrap_or(Path::new("")), session);
        }
    };
    let query = export.asked.query(session.clock.now())?;
    let answers = export.whom.open(query.is_about_annexes(), session)?;
    let special = is_special(output);
    let unfinished = if special { output.clone() } else { beside(output) };
    let unwritable = |cause| Failure::unwritable(output, cause);
    let file = File::options().write(true).create(true).truncate(!special).open(&unfinished);
    let file = file.map_err(unwritable)?;
    let mut sink = export.sink(format, file, session.terminal.language()).map_err(unwritable)?;
    let mut written = 0_u64;
    let mut progress = session.terminal.progress(&session.clock, 0);
    let exported = each_page(&answers, &query, None, None, |rows| {
        written += rows.len() as u64;
        progress.at(written, written);
        sink.rows(rows).map_err(unwritable)
    });
    progress.finish();
    let name = || if special { Ok(()) } else { std::fs::rename(&unfinished, output) };
    let named = exported.and_then(|()| sink.finish().and_then(|()| name()).map_err(unwritable));
    if named.is_err() && !special {
        // Nobody takes half an export for a whole one.
        drop(std::fs::remove_file(&unfinished));
    }
    named?;
    answers.note_gaps(&query, session)?;
    // What reads from a pipe reads the export, and nothing besides.
    if special { Ok(Exit::Yes) } else { tell(written, session) }
}

impl Export {
    fn sink(&self, format: Format, file: File, language: Language) -> io::Result<Box<dyn Sink>> {
        let file = BufWriter::new(file);
        Ok(match format {
            Format::Jsonl => Box::new(jsonl::Jsonl::new(file)),
            Format::Csv => Box::new(csv::Csv::new(file, language, &self.separator)?),
            Format::Parquet => Box::new(parquet::Parquet::new(file)?),
        })
    }
}

fn beside(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    output.with_file_name(name)
}

pub(super) fn tell(written: u64, session: &mut Session) -> Result<Exit, Failure> {
    let terminal = &mut session.terminal;
    if terminal.json() {
        terminal.object(&serde_json::json!({ "entries": written }))?;
        return Ok(Exit::Yes);
    }
    let number = count(written, terminal.language());
    terminal.say(&format!("Đã ghi {number} bản ghi."), &format!("{number} entries were written."))?;
    Ok(Exit::Yes)
}

/// The end of a file that must not be lost with a power cut.
fn settle(mut file: BufWriter<File>) -> io::Result<()> {
    file.flush()?;
    // A pipe cannot be synced.
    if file.get_ref().metadata()?.is_file() { file.get_ref().sync_all() } else { Ok(()) }
}
