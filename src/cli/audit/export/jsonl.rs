//! JSON lines: one object a row, as `audit list --json` tells them.

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write as _;

use super::Sink;
use super::settle;
use crate::audit::index::row::Row;
use crate::cli::audit::rows;

/// A file of JSON lines.
#[derive(Debug)]
pub(super) struct Jsonl(BufWriter<File>);

impl Jsonl {
    pub(super) fn new(file: BufWriter<File>) -> Self {
        Self(file)
    }
}

impl Sink for Jsonl {
    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            serde_json::to_writer(&mut self.0, &rows::json(row))?;
            self.0.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        settle(self.0)
    }
}
