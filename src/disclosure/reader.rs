//! Tokens to events: the grammar of JSON, and its bounds. A machine that remembers only what is open, so it can be fed piece
//! by piece once answers are streamed.

use std::borrow::Cow;

use super::escape::unescape;
use super::keys::{ObjectKeys, OpenKeys};
use super::scan::Scanner;
use super::undisclosable::{Flaw, Undisclosable};

/// How many containers may be open at once. Real answers have six or seven; parsers of callers give up from about 100.
pub(super) const DEPTH_MAX: usize = 64;

/// The longest key, in bytes as it is written between its quotes.
pub(super) const KEY_MAX: usize = 1_024;

/// What comes next in an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// A member's key; its value follows.
    Key {
        /// As it is written, quotes included.
        raw: &'a str,
        /// What it means.
        name: Cow<'a, str>,
    },
    /// A string (quotes included), number or literal, as it is written.
    Scalar(&'a str),
    /// An object begins.
    BeginObject,
    /// The innermost container, an object, ends.
    EndObject,
    /// An array begins.
    BeginArray,
    /// The innermost container, an array, ends.
    EndArray,
}

#[derive(Debug, Clone, Copy)]
enum Open {
    Object(ObjectKeys),
    Array,
}

#[derive(Debug, Clone, Copy)]
enum Expect {
    Value,
    FirstItem,
    FirstKey,
    NextKey,
    CommaOrEnd,
    Nothing,
}

/// Reads one answer, event by event.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    scanner: Scanner<'a>,
    expect: Expect,
    open: Vec<Open>,
    keys: OpenKeys,
}

impl<'a> Reader<'a> {
    /// Starts before the first event.
    pub(super) fn new(json: &'a [u8]) -> Result<Self, Undisclosable> {
        let mut scanner = Scanner::new(json)?;
        if scanner.peek_token().is_none() {
            return Err(Undisclosable { flaw: Flaw::Empty, at: 0 });
        }
        Ok(Self { scanner, expect: Expect::Value, open: Vec::new(), keys: OpenKeys::default() })
    }

    /// The next event; none when the value has ended and nothing follows it.
    pub(super) fn next(&mut self) -> Result<Option<Event<'a>>, Undisclosable> {
        let byte = self.scanner.peek_token();
        match (self.expect, byte) {
            (Expect::Nothing, None) => Ok(None),
            (Expect::Nothing, Some(_)) => Err(self.scanner.flaw(Flaw::TrailingBytes)),
            (Expect::FirstItem, Some(b']')) | (Expect::FirstKey, Some(b'}')) => self.end().map(Some),
            (Expect::FirstKey | Expect::NextKey, Some(b'"')) => self.key().map(Some),
            (Expect::Value | Expect::FirstItem, Some(byte)) => self.value(byte).map(Some),
            (Expect::CommaOrEnd, Some(byte)) => self.comma_or_end(byte),
            _ => Err(self.scanner.unexpected()),
        }
    }

    fn value(&mut self, byte: u8) -> Result<Event<'a>, Undisclosable> {
        let scalar = match byte {
            b'{' => {
                let keys = self.keys.open();
                return self.begin(Open::Object(keys), Expect::FirstKey, Event::BeginObject);
            }
            b'[' => return self.begin(Open::Array, Expect::FirstItem, Event::BeginArray),
            b'"' => self.scanner.string()?,
            _ => self.scanner.number_or_literal()?,
        };
        self.after_value();
        Ok(Event::Scalar(scalar))
    }

    fn begin(&mut self, open: Open, expect: Expect, event: Event<'a>) -> Result<Event<'a>, Undisclosable> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.scanner.flaw(Flaw::TooDeep));
        }
        self.scanner.step();
        self.open.push(open);
        self.expect = expect;
        Ok(event)
    }

    fn end(&mut self) -> Result<Event<'a>, Undisclosable> {
        let event = match self.open.pop() {
            Some(Open::Object(keys)) => {
                self.keys.close(keys);
                Event::EndObject
            }
            Some(Open::Array) => Event::EndArray,
            None => return Err(self.scanner.unexpected()),
        };
        self.scanner.step();
        self.after_value();
        Ok(event)
    }

    fn after_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn comma_or_end(&mut self, byte: u8) -> Result<Option<Event<'a>>, Undisclosable> {
        match (self.open.last(), byte) {
            (Some(Open::Object(_)), b'}') | (Some(Open::Array), b']') => return self.end().map(Some),
            (Some(Open::Object(_)), b',') => self.expect = Expect::NextKey,
            (Some(Open::Array), b',') => self.expect = Expect::Value,
            _ => return Err(self.scanner.unexpected()),
        }
        self.scanner.step();
        self.next()
    }

    fn key(&mut self) -> Result<Event<'a>, Undisclosable> {
        let at_key = self.scanner.flaw(Flaw::KeyTooLong);
        let raw = self.scanner.string()?;
        let inner = inside_quotes(raw);
        if inner.len() > KEY_MAX {
            return Err(at_key);
        }
        let name = meaning(inner);
        if let Some(Open::Object(keys)) = self.open.last() {
            self.keys.add(*keys, &name).map_err(|flaw| Undisclosable { flaw, ..at_key })?;
        }
        if self.scanner.peek_token() != Some(b':') {
            return Err(self.scanner.unexpected());
        }
        self.scanner.step();
        self.expect = Expect::Value;
        Ok(Event::Key { raw, name })
    }
}

/// What a scalar says as text: a string's characters, a number's or literal's own spelling.
pub(super) fn text_of(scalar: &str) -> Cow<'_, str> {
    if scalar.starts_with('"') { meaning(inside_quotes(scalar)) } else { Cow::Borrowed(scalar) }
}

fn inside_quotes(raw: &str) -> &str {
    raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()
}

fn meaning(inner: &str) -> Cow<'_, str> {
    if inner.contains('\\') { Cow::Owned(unescape(inner)) } else { Cow::Borrowed(inner) }
}
