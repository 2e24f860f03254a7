//! Bytes to tokens: strings, numbers and literals, judged strictly (RFC 8259), never converted. A token that the bytes at hand
//! do not end is begun again when there are more; only a string's text is not, for it may be as long as it likes.

use super::plain::{plain, same};
use super::undisclosable::{Flaw, Undisclosable};

/// The longest key, in bytes as it is written between its quotes.
pub(super) const KEY_MAX: usize = 1_024;

/// Why reading does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes at hand are used up, or what is left of them is the beginning of a token.
    More,
    /// Something is wrong.
    Flaw(Undisclosable),
}

/// A place in bytes that are known to be UTF-8.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'b> {
    bytes: &'b [u8],
    /// Those of them that are not read yet.
    rest: &'b [u8],
    /// How many bytes of the answer came before these.
    base: usize,
    /// Whether the answer ends where these bytes end.
    last: bool,
}

impl<'b> Cursor<'b> {
    /// Stands before the first of `bytes`, the answer's byte number `base`.
    pub(super) fn new(bytes: &'b [u8], base: usize, last: bool) -> Self {
        Self { bytes, rest: bytes, base, last }
    }

    /// All bytes at hand.
    pub(super) fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// How many of them are read.
    #[inline(always)]
    pub(super) fn at(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// Those that are not read yet.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Whether the answer ends where these bytes end.
    pub(super) fn is_last(&self) -> bool {
        self.last
    }

    /// Goes back to an earlier place.
    pub(super) fn back_to(&mut self, at: usize) {
        self.rest = self.bytes.get(at..).unwrap_or_default();
    }

    /// Does what is rare with a copy: a cursor whose address nobody else has can be kept in registers.
    #[inline(always)]
    pub(super) fn apart<T>(&mut self, rare: impl FnOnce(&mut Self) -> T) -> T {
        let mut copy = *self;
        let outcome = rare(&mut copy);
        *self = copy;
        outcome
    }

    /// Takes some bytes.
    #[inline(always)]
    pub(super) fn pass(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// The flaw, at the present place.
    pub(super) fn flaw(&self, flaw: Flaw) -> Stop {
        self.flaw_at(flaw, self.at())
    }

    /// The flaw, at an earlier place.
    pub(super) fn flaw_at(&self, flaw: Flaw, at: usize) -> Stop {
        Stop::Flaw(Undisclosable { flaw, at: self.base + at })
    }

    /// The byte at the present place does not belong there.
    pub(super) fn unexpected(&self) -> Stop {
        if self.rest.is_empty() { self.end() } else { self.flaw(Flaw::Unexpected) }
    }

    /// The bytes at hand end where something must follow.
    pub(super) fn end(&self) -> Stop {
        if self.last { self.flaw(Flaw::Truncated) } else { Stop::More }
    }

    /// The next byte, not taken.
    #[inline(always)]
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next byte.
    #[inline(always)]
    pub(super) fn step(&mut self) {
        self.pass(1);
    }

    /// Takes the next byte if it is this one.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => self.rest = rest,
            _ => return false,
        }
        true
    }

    /// Passes white space over and shows the byte after it, not taken.
    #[inline(always)]
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        if byte > b' ' { Some(byte) } else { self.after_space() }
    }

    #[inline(always)]
    fn after_space(&mut self) -> Option<u8> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.peek()
    }

    /// Takes a key if it is spelled like `name`, without any escape. The present byte is the opening quote.
    #[inline(always)]
    pub(super) fn key_spelled(&mut self, name: &[u8]) -> bool {
        let inner = self.rest.get(1..).unwrap_or_default();
        match inner.split_at_checked(name.len()) {
            Some((spelled, [b'"', rest @ ..])) if same(spelled, name) => self.rest = rest,
            _ => return false,
        }
        true
    }

    /// Takes a key; gives what stands between its quotes, and whether it has escapes. The present byte is the opening quote.
    #[inline(always)]
    pub(super) fn key(&mut self) -> Result<(&'b [u8], bool), Stop> {
        let start = self.at();
        self.step();
        let outcome = self.text();
        // Whatever else may be wrong with it behind that point: where the bytes were cut must make no difference.
        let end = self.at() - usize::from(outcome.is_ok());
        if end - start - 1 > KEY_MAX {
            return Err(self.flaw_at(Flaw::KeyTooLong, start));
        }
        if outcome == Err(Stop::More) {
            self.back_to(start);
        }
        Ok((self.bytes.get(start + 1..end).unwrap_or_default(), outcome?))
    }

    /// Takes what is left of a string after its opening quote, its closing quote too, and tells whether it has escapes. If
    /// there must be more, what is whole is taken.
    #[inline(always)]
    pub(super) fn text(&mut self) -> Result<bool, Stop> {
        let mut escaped = false;
        loop {
            self.pass(plain(self.rest));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.apart(Self::escape)?,
                Some(_) => return Err(self.flaw(Flaw::ControlCharacter)),
                None => return Err(self.end()),
            }
            escaped = true;
        }
        self.step();
        Ok(escaped)
    }

    /// Takes bytes as long as they pass.
    #[inline(always)]
    pub(super) fn skip_while(&mut self, passes: impl Fn(u8) -> bool) {
        let rest = self.rest;
        self.pass(rest.iter().position(|byte| !passes(*byte)).unwrap_or(rest.len()));
    }
}
