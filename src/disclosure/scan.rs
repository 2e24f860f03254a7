//! Bytes to tokens: strings, numbers and literals, judged strictly (RFC 8259), never converted. A token that the bytes at hand
//! do not end is begun again when there are more; only a string's text is not, for it may be as long as it likes.

use super::plain::plain;
use super::undisclosable::{Flaw, Undisclosable};

/// The longest number that is let through, in bytes. No field of ours needs more than a few dozen digits, and long numbers
/// have stalled the parsers of callers.
pub(super) const NUMBER_MAX: usize = 1_024;

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
#[derive(Debug)]
pub(super) struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
    /// How many bytes of the answer came before these.
    base: usize,
    /// Whether the answer ends where these bytes end.
    last: bool,
}

impl<'b> Cursor<'b> {
    /// Stands before the first of `bytes`, the answer's byte number `base`.
    pub(super) fn new(bytes: &'b [u8], base: usize, last: bool) -> Self {
        Self { bytes, at: 0, base, last }
    }

    /// All bytes at hand.
    pub(super) fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// How many of them are read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The flaw, at the present place.
    pub(super) fn flaw(&self, flaw: Flaw) -> Stop {
        self.flaw_at(flaw, self.at)
    }

    /// The flaw, at an earlier place.
    pub(super) fn flaw_at(&self, flaw: Flaw, at: usize) -> Stop {
        Stop::Flaw(Undisclosable { flaw, at: self.base + at })
    }

    /// The byte at the present place does not belong there.
    pub(super) fn unexpected(&self) -> Stop {
        if self.at == self.bytes.len() { self.end() } else { self.flaw(Flaw::Unexpected) }
    }

    /// The bytes at hand end where something must follow.
    fn end(&self) -> Stop {
        if self.last { self.flaw(Flaw::Truncated) } else { Stop::More }
    }

    /// The next byte, not taken.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Takes the next byte.
    #[inline]
    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    /// Passes white space over and shows the byte after it, not taken.
    #[inline]
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        if byte > b' ' { Some(byte) } else { self.after_space() }
    }

    fn after_space(&mut self) -> Option<u8> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.peek()
    }

    /// Takes a key if it is spelled like `name`, without any escape. The present byte is the opening quote.
    #[inline]
    pub(super) fn key_spelled(&mut self, name: &[u8]) -> bool {
        let inner = self.rest().get(1..).unwrap_or_default();
        let spelled = inner.get(name.len()) == Some(&b'"') && inner.starts_with(name);
        if spelled {
            self.at += name.len() + 2;
        }
        spelled
    }

    /// Takes a key; gives what stands between its quotes, and whether it has escapes. The present byte is the opening quote.
    #[inline]
    pub(super) fn key(&mut self) -> Result<(&'b [u8], bool), Stop> {
        let start = self.at;
        self.step();
        let outcome = self.text();
        // Whatever else may be wrong with it behind that point: where the bytes were cut must make no difference.
        let quote = usize::from(outcome.is_ok());
        if self.at - quote - start - 1 > KEY_MAX {
            return Err(self.flaw_at(Flaw::KeyTooLong, start));
        }
        let inner = start + 1..self.at - quote;
        if outcome == Err(Stop::More) {
            self.at = start;
        }
        Ok((self.bytes.get(inner).unwrap_or_default(), outcome?))
    }

    /// Takes what is left of a string after its opening quote, its closing quote too, and tells whether it has escapes. If
    /// there must be more, what is whole is taken.
    #[inline]
    pub(super) fn text(&mut self) -> Result<bool, Stop> {
        let mut escaped = false;
        loop {
            self.at += plain(self.rest());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.flaw(Flaw::ControlCharacter)),
                None => return Err(self.end()),
            }
            escaped = true;
        }
        self.step();
        Ok(escaped)
    }

    /// Takes a number or one of `true`, `false`, `null`.
    #[inline]
    pub(super) fn number_or_literal(&mut self) -> Result<(), Stop> {
        match self.peek() {
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => self.not_finite().and(Err(self.unexpected())),
        }
    }

    fn number(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let outcome = self.number_parts();
        if self.at - start > NUMBER_MAX {
            return Err(self.flaw_at(Flaw::NumberTooLong, start));
        }
        if outcome == Err(Stop::More) {
            self.at = start;
        }
        outcome
    }

    fn number_parts(&mut self) -> Result<(), Stop> {
        if self.peek() == Some(b'-') {
            self.step();
            self.not_finite()?;
        }
        self.whole_part()?;
        if self.ahead()? == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.ahead()? {
            self.step();
            self.exponent()?;
        }
        Ok(())
    }

    fn whole_part(&mut self) -> Result<(), Stop> {
        if self.peek() != Some(b'0') {
            return self.digits();
        }
        self.step();
        match self.ahead()? {
            Some(b'0'..=b'9') => Err(self.flaw(Flaw::BadNumber)),
            _ => Ok(()),
        }
    }

    fn exponent(&mut self) -> Result<(), Stop> {
        if let Some(b'+' | b'-') = self.ahead()? {
            self.step();
        }
        self.digits()
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_digit());
        self.ahead()?;
        if self.at == start { Err(self.flaw(Flaw::BadNumber)) } else { Ok(()) }
    }

    /// The next byte of a number, not taken; none only where the answer ends.
    fn ahead(&self) -> Result<Option<u8>, Stop> {
        match self.peek() {
            None if !self.last => Err(Stop::More),
            next => Ok(next),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Stop> {
        if self.rest().starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        self.not_finite()?;
        let start = self.at;
        self.at += self.rest().iter().zip(word).take_while(|(a, b)| a == b).count();
        let stop = self.unexpected();
        if stop == Stop::More {
            self.at = start;
        }
        Err(stop)
    }

    /// What other languages write for numbers that JSON does not have: a flaw of its own, for it is what careless platforms send.
    fn not_finite(&self) -> Result<(), Stop> {
        let rest = self.rest();
        let begins = |word: &[u8]| {
            let enough = word.len().min(rest.len());
            rest.get(..enough)
                .is_some_and(|rest| word.get(..enough).is_some_and(|word| word.eq_ignore_ascii_case(rest)))
        };
        match begins(b"nan") || begins(b"inf") {
            true if rest.len() >= 3 => Err(self.flaw(Flaw::NotFinite)),
            true if !self.last => Err(Stop::More),
            true | false => Ok(()),
        }
    }

    #[inline(never)]
    fn escape(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let outcome = self.escaped();
        if outcome == Err(Stop::More) {
            self.at = start;
        }
        outcome
    }

    fn escaped(&mut self) -> Result<(), Stop> {
        let start = self.at;
        self.step();
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.step(),
            Some(b'u') => self.unicode_escape(start)?,
            Some(_) => return Err(self.flaw(Flaw::BadEscape)),
            None => return Err(self.end()),
        }
        Ok(())
    }

    /// `\uXXXX`, or a pair of them where the first is a leading surrogate (RFC 8259 7). `start` is at the backslash.
    fn unicode_escape(&mut self, start: usize) -> Result<(), Stop> {
        let lone = self.flaw_at(Flaw::LoneSurrogate, start);
        match self.code_unit()? {
            0xdc00..=0xdfff => Err(lone),
            0xd800..=0xdbff => {
                if matches!(self.rest(), b"" | b"\\") {
                    return Err(self.end());
                }
                if !self.rest().starts_with(b"\\u") {
                    return Err(lone);
                }
                self.step();
                if (0xdc00..=0xdfff).contains(&self.code_unit()?) { Ok(()) } else { Err(lone) }
            }
            _ => Ok(()),
        }
    }

    /// Takes `uXXXX`.
    fn code_unit(&mut self) -> Result<u16, Stop> {
        self.step();
        let mut unit = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else { return Err(self.end()) };
            let digit = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok());
            unit = unit << 4 | digit.ok_or(self.flaw(Flaw::BadEscape))?;
            self.step();
        }
        Ok(unit)
    }

    fn skip_while(&mut self, passes: impl Fn(u8) -> bool) {
        let rest = self.rest();
        self.at += rest.iter().position(|byte| !passes(*byte)).unwrap_or(rest.len());
    }

    #[inline]
    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}
