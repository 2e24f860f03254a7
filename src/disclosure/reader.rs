//! Tokens to events: the grammar of JSON, and its bounds. A machine that remembers only what is open, fed piece by piece. It
//! tells what it reads to a [`Listener`], which takes what it wants of it.

use std::borrow::Cow;

use super::escape::unescape;
use super::keys::{ObjectKeys, OpenKeys};
use super::listener::{Listener, Nobody, Piece};
use super::scan::{Cursor, Stop};
use super::undisclosable::Flaw;

/// How many containers may be open at once. Real answers have six or seven; parsers of callers give up from about 100.
pub(super) const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, Copy)]
enum Open {
    Object(ObjectKeys),
    Array,
}

impl Open {
    fn after_comma(&self) -> Expect {
        match self {
            Self::Object(_) => Expect::NextKey,
            Self::Array => Expect::Value,
        }
    }
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
    /// What follows a comma in the innermost container.
    after_comma: Expect,
    open: Vec<Open>,
    keys: OpenKeys,
    /// How many containers are open down to the one of which nobody wants to hear what is in it, that one too; else 0.
    unheard: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            expect: Expect::Value,
            after_comma: Expect::Nothing,
            open: Vec::new(),
            keys: OpenKeys::default(),
            unheard: 0,
        }
    }
}

impl Reader {
    /// Reads all that is whole.
    pub(super) fn read(&mut self, place: &mut Cursor<'_>, listener: &mut impl Listener) -> Result<(), Stop> {
        let mut cursor = *place;
        let outcome = loop {
            let unheard = self.unheard;
            let outcome = match unheard {
                0 => self.read_on(&mut cursor, listener),
                _ => self.read_on(&mut cursor, &mut Nobody),
            };
            if outcome.is_err() || self.unheard == unheard {
                break outcome;
            }
        };
        *place = cursor;
        outcome
    }

    /// Reads until the bytes at hand are used up or another listener is to listen.
    #[inline(always)]
    fn read_on<L: Listener>(&mut self, cursor: &mut Cursor<'_>, listener: &mut L) -> Result<(), Stop> {
        if self.expect == Expect::RestOfText {
            self.text(cursor, listener, cursor.at())?;
        }
        while let Some(byte) = cursor.peek_token() {
            match (self.expect, byte) {
                (Expect::FirstKey | Expect::NextKey, b'"') => self.key(cursor, listener)?,
                (Expect::CommaOrEnd, b',') => self.go_on(cursor, self.after_comma),
                (Expect::Colon, b':') => self.go_on(cursor, Expect::Value),
                (Expect::FirstItem | Expect::FirstKey | Expect::CommaOrEnd, b'}' | b']') => {
                    if !self.is_closed_by(byte) {
                        return Err(cursor.unexpected());
                    }
                    if L::IS_NOBODY && self.open.len() == self.unheard {
                        self.unheard = 0;
                        return Ok(());
                    }
                    self.end(one(cursor), listener);
                    self.after_value(cursor);
                }
                (Expect::Value | Expect::FirstItem, b'{' | b'[') => {
                    let here = cursor.at();
                    if !self.begin(one(cursor), listener, byte == b'[') {
                        return Err(cursor.flaw_at(Flaw::TooDeep, here));
                    }
                    if !L::IS_NOBODY && self.unheard > 0 {
                        return Ok(());
                    }
                }
                (Expect::Value | Expect::FirstItem, _) => self.scalar(cursor, listener, byte)?,
                (Expect::Nothing, _) => return Err(cursor.flaw(Flaw::TrailingBytes)),
                _ => return Err(cursor.unexpected()),
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn go_on(&mut self, cursor: &mut Cursor<'_>, expect: Expect) {
        cursor.step();
        self.expect = expect;
    }

    /// Whether the value has ended, and only white space may follow.
    pub(super) fn is_done(&self) -> bool {
        self.expect == Expect::Nothing
    }

    /// Whether nothing but white space has come so far.
    pub(super) fn is_blank(&self) -> bool {
        self.expect == Expect::Value && self.open.is_empty()
    }

    #[inline(always)]
    fn scalar(
        &mut self,
        cursor: &mut Cursor<'_>,
        listener: &mut impl Listener,
        byte: u8,
    ) -> Result<(), Stop> {
        let start = cursor.at();
        if byte == b'"' {
            cursor.step();
            return self.text(cursor, listener, start);
        }
        cursor.number_or_literal()?;
        listener.scalar(since(cursor, start));
        self.after_value(cursor);
        Ok(())
    }

    /// Reads a string on; what was not told of it yet begins at `start`.
    #[inline(always)]
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
                self.after_value(cursor);
                Ok(())
            }
            Err(stop) => {
                listener.text(since(cursor, start), first, false);
                self.expect = Expect::RestOfText;
                Err(stop)
            }
        }
    }

    /// A container begins, if one more may be open.
    fn begin(&mut self, bracket: Piece<'_>, listener: &mut impl Listener, array: bool) -> bool {
        if self.open.len() == DEPTH_MAX {
            return false;
        }
        let (open, expect) = match array {
            true => (Open::Array, Expect::FirstItem),
            false => (Open::Object(self.keys.open()), Expect::FirstKey),
        };
        self.open.push(open);
        self.expect = expect;
        self.after_comma = open.after_comma();
        if !listener.begin(bracket, array) {
            self.unheard = self.open.len();
        }
        true
    }

    fn end(&mut self, bracket: Piece<'_>, listener: &mut impl Listener) {
        if let Some(Open::Object(keys)) = self.open.pop() {
            self.keys.close(&keys);
        }
        self.after_comma = self.open.last().map_or(Expect::Nothing, Open::after_comma);
        listener.end(bracket);
    }

    fn is_closed_by(&self, byte: u8) -> bool {
        match self.open.last() {
            Some(Open::Object(_)) => byte == b'}',
            Some(Open::Array) => byte == b']',
            None => false,
        }
    }

    /// A value has ended. A comma that stands right behind it is taken at once.
    #[inline(always)]
    fn after_value(&mut self, cursor: &mut Cursor<'_>) {
        self.expect = if self.open.is_empty() {
            Expect::Nothing
        } else if cursor.take(b',') {
            self.after_comma
        } else {
            Expect::CommaOrEnd
        };
    }

    #[inline(always)]
    fn key(&mut self, cursor: &mut Cursor<'_>, listener: &mut impl Listener) -> Result<(), Stop> {
        let start = cursor.at();
        let came =
            takes_likely(cursor, listener) || listener.pass_likely_key() && takes_likely(cursor, listener);
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
        if !cursor.take(b':') {
            self.expect = Expect::Colon;
            return Ok(());
        }
        self.expect = Expect::Value;
        match cursor.peek_token() {
            Some(byte) if byte != b'{' && byte != b'[' => self.scalar(cursor, listener, byte),
            _ => Ok(()),
        }
    }
}

/// Takes a key if it is the likely one, written plainly.
#[inline(always)]
fn takes_likely(cursor: &mut Cursor<'_>, listener: &impl Listener) -> bool {
    listener.likely_key().is_some_and(|name| cursor.key_spelled(name))
}

/// What was read since `start`.
#[inline(always)]
fn since<'b>(cursor: &Cursor<'b>, start: usize) -> Piece<'b> {
    Piece { bytes: cursor.bytes(), start, end: cursor.at() }
}

/// Takes one byte.
#[inline(always)]
fn one<'b>(cursor: &mut Cursor<'b>) -> Piece<'b> {
    cursor.step();
    since(cursor, cursor.at() - 1)
}

/// What a string says, given as it is written.
pub(super) fn text_of(string: &[u8]) -> String {
    unescape(&String::from_utf8_lossy(inside(string)))
}

/// What stands between quotes.
#[inline(always)]
fn inside(string: &[u8]) -> &[u8] {
    string.get(1..string.len().saturating_sub(1)).unwrap_or_default()
}

#[inline(always)]
fn meaning(inner: &[u8], escaped: bool) -> Cow<'_, [u8]> {
    if escaped { Cow::Owned(unescaped(inner)) } else { Cow::Borrowed(inner) }
}

/// Invariant: the bytes are UTF-8, for [`Chunks`](super::chunks::Chunks) let nothing else pass.
fn unescaped(inner: &[u8]) -> Vec<u8> {
    unescape(&String::from_utf8_lossy(inner)).into_bytes()
}
