//! An answer in chunks, cut anywhere: in a token, in an escape, in a character. What a reader hears and which flaw is found
//! where hangs on the bytes alone, never on the cuts: the flaw is that of the shortest beginning that cannot be mended.

use std::mem;

use super::listener::Listener;
use super::reader::Reader;
use super::scan::{Cursor, Stop};
use super::undisclosable::{Flaw, Undisclosable};

/// How many bytes are read at once: few enough to be in the processor's nearest cache when they are read a second time.
const BLOCK: usize = 16 << 10;

/// How many bytes of a chunk are put behind what is left of the one before. Every token but a string's text ends within as many.
const BRIDGE: usize = 2 << 10;

/// Reads an answer that comes in chunks.
#[derive(Debug)]
pub(super) struct Chunks<L> {
    reader: Reader,
    listener: L,
    /// The beginning of a token or of a character: what there is of it so far. Invariant: shorter than [`BRIDGE`] twice.
    left: Vec<u8>,
    /// How many bytes came before those that are left.
    base: usize,
    /// Why nothing is read any more.
    flaw: Option<Undisclosable>,
}

impl<L: Listener> Chunks<L> {
    /// Before the first byte.
    pub(super) fn new(listener: L) -> Self {
        Self { reader: Reader::default(), listener, left: Vec::new(), base: 0, flaw: None }
    }

    /// Who listens.
    pub(super) fn listener(&mut self) -> &mut L {
        &mut self.listener
    }

    /// The same, to ask what was heard.
    pub(super) fn heard(&self) -> &L {
        &self.listener
    }

    /// How many bytes were read so far; what follows them is the beginning of a token.
    pub(super) fn read_whole(&self) -> usize {
        self.base
    }

    /// The answer goes on.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), Undisclosable> {
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        let outcome = chunk.chunks(BLOCK).try_for_each(|block| self.block(block));
        self.flaw = outcome.err();
        outcome
    }

    /// The answer has ended.
    pub(super) fn finish(mut self) -> Result<L, Undisclosable> {
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        let left = mem::take(&mut self.left);
        self.read(&left, true)?;
        match self.reader.is_done() {
            true => Ok(self.listener),
            false if self.reader.is_blank() => Err(Undisclosable { flaw: Flaw::Empty, at: 0 }),
            false => Err(Undisclosable { flaw: Flaw::Truncated, at: self.base }),
        }
    }

    fn block(&mut self, block: &[u8]) -> Result<(), Undisclosable> {
        let mut rest = block;
        while !self.left.is_empty() && !rest.is_empty() {
            rest = self.bridge(rest)?;
        }
        let read = self.read(rest, false)?;
        self.left.extend_from_slice(rest.get(read..).unwrap_or_default());
        Ok(())
    }

    /// Reads what is left together with what follows it. Gives what of that is still to be read.
    fn bridge<'b>(&mut self, rest: &'b [u8]) -> Result<&'b [u8], Undisclosable> {
        let (near, far) = rest.split_at_checked(BRIDGE).unwrap_or((rest, &[]));
        let before = self.left.len();
        let mut left = mem::take(&mut self.left);
        left.extend_from_slice(near);
        let read = self.read(&left, false)?;
        if let Some(read) = read.checked_sub(before) {
            return Ok(rest.get(read..).unwrap_or_default());
        }
        left.drain(..read);
        self.left = left;
        Ok(far)
    }

    /// Reads what is whole of some bytes, and tells how many that were.
    fn read(&mut self, bytes: &[u8], last: bool) -> Result<usize, Undisclosable> {
        if self.base == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(Undisclosable { flaw: Flaw::ByteOrderMark, at: 0 });
        }
        let (text, not_utf8) = match std::str::from_utf8(bytes) {
            Ok(_) => (bytes, false),
            Err(error) => {
                let text = bytes.get(..error.valid_up_to()).unwrap_or_default();
                (text, last || error.error_len().is_some())
            }
        };
        self.listener.resume(self.base);
        let mut cursor = Cursor::new(text, self.base, last && !not_utf8);
        match self.reader.read(&mut cursor, &mut self.listener) {
            Ok(()) | Err(Stop::More) => {}
            Err(Stop::Flaw(flaw)) => return Err(flaw),
        }
        if not_utf8 {
            return Err(Undisclosable { flaw: Flaw::NotUtf8, at: self.base + text.len() });
        }
        self.listener.pause(text);
        self.base += cursor.at();
        Ok(cursor.at())
    }
}
