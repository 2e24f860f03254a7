//! The cut: an answer against a scope, chunk by chunk. What the scope keeps is copied through as it is written; insignificant
//! white space is not. Everything else is still read, so that a flaw in what is withheld withholds the rest too.
//!
//! Where the agreements' text leaves a choice, it is made here:
//!
//! - An array keeps its length: an item that is withheld leaves `null` in its place. Leaving it out would move the items
//!   behind it and tell a wrong count; `null` says nothing but that here is nothing to be read.
//! - A scalar where the catalogue has only deeper pointers is withheld and counted as uncatalogued: the platform has changed.
//!   `null` there is withheld too but counts as nothing: it is how platforms say that there is no such object.
//! - An item is what stands at a field's place: an array's items each, else the one value. A container between a kept field and
//!   the root counts for itself only where it is granted or withheld as a whole.
//! - When not even the outermost value may stay, there is no valid answer left, and it is undisclosable.
//! - What goes on before the end is no JSON without what [`Filter::finish`] adds: whoever stops midway has not been told a
//!   shorter answer.

use std::mem;

use crate::policy::scope::Scope;

use super::chunks::Chunks;
use super::cutter::Cutter;
use super::released::Report;
use super::undisclosable::{Flaw, Undisclosable};

/// An answer after the cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The JSON that may go on.
    pub bytes: Vec<u8>,
    /// What went on and what stayed.
    pub report: Report,
}

/// Cuts an answer down to what the scope keeps.
///
/// # Errors
/// The answer is not JSON with exactly one meaning, passes a bound, or nothing of it is granted. Nothing of it may go on then.
pub fn cut(json: &[u8], scope: &Scope) -> Result<Cut, Undisclosable> {
    let mut bytes = Vec::with_capacity(json.len());
    let mut filter = Filter::new(scope);
    filter.feed(json, &mut bytes)?;
    let report = filter.finish(&mut bytes)?;
    Ok(Cut { bytes, report })
}

/// Cuts an answer that comes in chunks. Its memory has a bound, whatever the answer: the part of the catalogue that the answer
/// has met, a few KiB of what a chunk left unfinished, and the hashes of the keys of open objects.
#[derive(Debug)]
pub struct Filter<'s> {
    chunks: Chunks<Cutter<'s>>,
}

impl<'s> Filter<'s> {
    /// Before the answer's first byte.
    #[must_use]
    pub fn new(scope: &'s Scope) -> Self {
        Self { chunks: Chunks::new(Cutter::new(&scope.root)) }
    }

    /// The answer goes on; what may go on of it is put behind what is in `out`.
    ///
    /// # Errors
    /// The answer is undisclosable, from here on for good. Nothing of this chunk is in `out`; what earlier chunks gave is not
    /// valid JSON and must be left without a proper end.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Undisclosable> {
        let before = out.len();
        mem::swap(self.chunks.listener().out(), out);
        let outcome = self.chunks.feed(chunk);
        mem::swap(self.chunks.listener().out(), out);
        if outcome.is_err() {
            out.truncate(before);
        }
        outcome
    }

    /// What went on and what stayed so far, for an answer that goes no further. Of a chunk that was refused, too, what stood before its
    /// flaw is counted, though nothing of it went on.
    #[must_use]
    pub fn so_far(&self) -> Report {
        self.chunks.heard().report()
    }

    /// The answer has ended. Only with what is put behind `out` now is what went on valid.
    ///
    /// # Errors
    /// The answer ends too early, or nothing of it is granted. `out` is as it was.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<Report, Undisclosable> {
        let cutter = self.chunks.finish()?;
        let (end, report) = cutter.end().ok_or(Undisclosable { flaw: Flaw::NothingGranted, at: 0 })?;
        out.extend_from_slice(&end);
        Ok(report)
    }
}
