//! Tokens to events: the grammar of JSON, and its bounds. A machine that remembers only what is open, fed piece by piece. It
//! tells what it reads to a [`Listener`], which takes what it wants of it.

use std::borrow::Cow;

use super::escape::unescape;
use super::keys::{Known, ObjectKeys, OpenKeys};
use super::scan::{Cursor, Stop};
use super::undisclosable::Flaw;

/// How many containers may be open at once. Real answers have six or seven; parsers of callers give up from about 100.
pub(super) const DEPTH_MAX: usize = 64;

/// A part of the bytes at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'b> {
    /// All the bytes at hand.
    pub(super) bytes: &'b [u8],
    /// Where the part begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

impl<'b> Piece<'b> {
    /// The part as it is written.
    pub(super) fn written(&self) -> &'b [u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// What is told of an answer, in its order. Whatever was told is void if there is a flaw behind it.
pub(super) trait Listener {
    /// The key that most likely comes next, by its meaning, if reading it may be cut short.
    fn likely_key(&self) -> Option<&[u8]>;

    /// A member's key as it is written, quotes included, was the likely one. Its value follows.
    fn likely_key_came(&mut self, key: Piece<'_>) -> Known;

    /// A member's key, and what it means. Its value follows.
    fn key(&mut self, key: Piece<'_>, name: &[u8]) -> Known;

    /// An object begins, or an array.
    fn begin(&mut self, bracket: Piece<'_>, array: bool);

    /// The innermost container ends.
    fn end(&mut self, bracket: Piece<'_>);

    /// A number or literal.
    fn scalar(&mut self, scalar: Piece<'_>);

    /// A part of a string, quotes included: the first has the opening one, the last the closing one.
    fn text(&mut self, part: Piece<'_>, first: bool, last: bool);

    /// The bytes at hand, which every piece since the last pause was of, are used up.
    fn pause(&mut self, bytes: &[u8]);
}

#[derive(Debug, Clone, Copy)]
enum Open {
    Object(ObjectKeys),
    Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    FirstItem,
    FirstKey,
    NextKey,
    Colon,
    RestOfText,
    CommaOrEnd,
    Nothing,
}

/// Reads one answer.
#[derive(Debug)]
pub(super) struct Reader {
    expect: Expect,
    open: Vec<Open>,
    keys: OpenKeys,
}

impl Default for Reader {
    fn default() -> Self {
        Self { expect: Expect::Value, open: Vec::new(), keys: OpenKeys::default() }
    }
}

impl Reader {
    /// Reads all that is whole.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>, listener: &mut impl Listener) -> Result<(), Stop> {
        if self.expect == Expect::RestOfText {
            self.text(cursor, listener, cursor.at())?;
        }
        while let Some(byte) = cursor.peek_token() {
            match (self.expect, byte) {
                (Expect::FirstKey | Expect::NextKey, b'"') => self.key(cursor, listener)?,
                (Expect::CommaOrEnd, b',') => self.comma(cursor),
                (Expect::Colon, b':') => self.colon(cursor),
                (Expect::FirstItem, b']') | (Expect::FirstKey, b'}') => self.end(cursor, listener),
                (Expect::CommaOrEnd, b'}' | b']') if self.is_closed_by(byte) => self.end(cursor, listener),
                (Expect::Value | Expect::FirstItem, _) => self.value(cursor, listener, byte)?,
                (Expect::Nothing, _) => return Err(cursor.flaw(Flaw::TrailingBytes)),
                _ => return Err(cursor.unexpected()),
            }
        }
        Ok(())
    }

    /// Whether the value has ended, and only white space may follow.
    pub(super) fn is_done(&self) -> bool {
        self.expect == Expect::Nothing
    }

    /// Whether nothing but white space has come so far.
    pub(super) fn is_blank(&self) -> bool {
        self.expect == Expect::Value && self.open.is_empty()
    }

    #[inline]
    fn value(&mut self, cursor: &mut Cursor<'_>, listener: &mut impl Listener, byte: u8) -> Result<(), Stop> {
        let start = cursor.at();
        match byte {
            b'"' => {
                cursor.step();
                return self.text(cursor, listener, start);
            }
            b'{' | b'[' => return self.begin(cursor, listener, byte == b'['),
            _ => cursor.number_or_literal()?,
        }
        listener.scalar(since(cursor, start));
        self.after_value();
        Ok(())
    }

    /// Reads a string on; what was not told of it yet begins at `start`.
    #[inline]
    fn text(
        &mut self,
        cursor: &mut Cursor<'_>,
        listener: &mut impl Listener,
        start: usize,
    ) -> Result<(), Stop> {
        let outcome = cursor.text();
        let first = self.expect != Expect::RestOfText;
        match outcome {
            Ok(_) => {
                listener.text(since(cursor, start), first, true);
                self.after_value();
                Ok(())
            }
            Err(stop) => {
                listener.text(since(cursor, start), first, false);
                self.expect = Expect::RestOfText;
                Err(stop)
            }
        }
    }

    fn begin(
        &mut self,
        cursor: &mut Cursor<'_>,
        listener: &mut impl Listener,
        array: bool,
    ) -> Result<(), Stop> {
        if self.open.len() == DEPTH_MAX {
            return Err(cursor.flaw(Flaw::TooDeep));
        }
        let (open, expect) = match array {
            true => (Open::Array, Expect::FirstItem),
            false => (Open::Object(self.keys.open()), Expect::FirstKey),
        };
        self.open.push(open);
        self.expect = expect;
        listener.begin(one(cursor), array);
        Ok(())
    }

    fn end(&mut self, cursor: &mut Cursor<'_>, listener: &mut impl Listener) {
        if let Some(Open::Object(keys)) = self.open.pop() {
            self.keys.close(&keys);
        }
        listener.end(one(cursor));
        self.after_value();
    }

    fn is_closed_by(&self, byte: u8) -> bool {
        match self.open.last() {
            Some(Open::Object(_)) => byte == b'}',
            Some(Open::Array) => byte == b']',
            None => false,
        }
    }

    #[inline]
    fn after_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    #[inline]
    fn comma(&mut self, cursor: &mut Cursor<'_>) {
        cursor.step();
        self.expect =
            if let Some(Open::Object(_)) = self.open.last() { Expect::NextKey } else { Expect::Value };
    }

    #[inline]
    fn colon(&mut self, cursor: &mut Cursor<'_>) {
        cursor.step();
        self.expect = Expect::Value;
    }

    #[inline]
    fn key(&mut self, cursor: &mut Cursor<'_>, listener: &mut impl Listener) -> Result<(), Stop> {
        let start = cursor.at();
        let came = listener.likely_key().is_some_and(|name| cursor.key_spelled(name));
        let (known, name) = if came {
            let key = since(cursor, start);
            (listener.likely_key_came(key), Cow::Borrowed(inside(key.written())))
        } else {
            let (inner, escaped) = cursor.key()?;
            let name = meaning(inner, escaped);
            (listener.key(since(cursor, start), &name), name)
        };
        if let Some(Open::Object(keys)) = self.open.last_mut() {
            self.keys.add(keys, known, &name).map_err(|flaw| cursor.flaw_at(flaw, start))?;
        }
        self.expect = Expect::Colon;
        Ok(())
    }
}

/// What was read since `start`.
#[inline]
fn since<'b>(cursor: &Cursor<'b>, start: usize) -> Piece<'b> {
    Piece { bytes: cursor.bytes(), start, end: cursor.at() }
}

/// Takes one byte.
fn one<'b>(cursor: &mut Cursor<'b>) -> Piece<'b> {
    cursor.step();
    since(cursor, cursor.at() - 1)
}

/// What a string says, given as it is written.
pub(super) fn text_of(string: &[u8]) -> String {
    unescape(&String::from_utf8_lossy(inside(string)))
}

/// What stands between quotes.
#[inline]
fn inside(string: &[u8]) -> &[u8] {
    string.get(1..string.len().saturating_sub(1)).unwrap_or_default()
}

#[inline]
fn meaning(inner: &[u8], escaped: bool) -> Cow<'_, [u8]> {
    if escaped { Cow::Owned(unescaped(inner)) } else { Cow::Borrowed(inner) }
}

/// Invariant: the bytes are UTF-8, for [`Chunks`](super::chunks::Chunks) let nothing else pass.
fn unescaped(inner: &[u8]) -> Vec<u8> {
    unescape(&String::from_utf8_lossy(inner)).into_bytes()
}
