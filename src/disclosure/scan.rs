//! Bytes to tokens: strings, numbers and literals as slices of the answer, judged strictly (RFC 8259), never converted.

use super::undisclosable::{Flaw, Undisclosable};

/// The longest number that is let through, in bytes. No field of ours needs more than a few dozen digits, and long numbers
/// have stalled the parsers of callers.
pub(super) const NUMBER_MAX: usize = 1_024;

/// A place in an answer that is known to be UTF-8.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Starts before the first token.
    pub(super) fn new(json: &'a [u8]) -> Result<Self, Undisclosable> {
        if json.starts_with(b"\xef\xbb\xbf") {
            return Err(Undisclosable { flaw: Flaw::ByteOrderMark, at: 0 });
        }
        let not_utf8 =
            |error: std::str::Utf8Error| Undisclosable { flaw: Flaw::NotUtf8, at: error.valid_up_to() };
        Ok(Self { text: std::str::from_utf8(json).map_err(not_utf8)?, at: 0 })
    }

    /// The flaw, at the present place.
    pub(super) fn flaw(&self, flaw: Flaw) -> Undisclosable {
        Undisclosable { flaw, at: self.at }
    }

    /// The byte at the present place that does not belong there; at the answer's end, that it ends too early.
    pub(super) fn unexpected(&self) -> Undisclosable {
        self.flaw(if self.at == self.text.len() { Flaw::Truncated } else { Flaw::Unexpected })
    }

    /// The next byte, not taken.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes the next byte.
    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    /// Passes white space over and shows the byte after it, not taken.
    pub(super) fn peek_token(&mut self) -> Option<u8> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.peek()
    }

    /// Takes a string; the slice includes its quotes. The present byte is the opening quote.
    pub(super) fn string(&mut self) -> Result<&'a str, Undisclosable> {
        let start = self.at;
        self.step();
        loop {
            self.skip_while(|byte| byte != b'"' && byte != b'\\' && byte >= b' ');
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.flaw(Flaw::ControlCharacter)),
                None => return Err(self.flaw(Flaw::Truncated)),
            }
        }
        self.step();
        Ok(self.since(start))
    }

    /// Takes a number or one of `true`, `false`, `null`.
    pub(super) fn number_or_literal(&mut self) -> Result<&'a str, Undisclosable> {
        match self.peek() {
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => Err(self.not_finite().unwrap_or_else(|| self.unexpected())),
        }
    }

    fn number(&mut self) -> Result<&'a str, Undisclosable> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step();
        }
        if let Some(flaw) = self.not_finite() {
            return Err(flaw);
        }
        self.whole_part()?;
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.step();
            self.exponent()?;
        }
        if self.at - start > NUMBER_MAX {
            return Err(Undisclosable { flaw: Flaw::NumberTooLong, at: start });
        }
        Ok(self.since(start))
    }

    fn whole_part(&mut self) -> Result<(), Undisclosable> {
        if self.peek() != Some(b'0') {
            return self.digits();
        }
        self.step();
        match self.peek() {
            Some(b'0'..=b'9') => Err(self.flaw(Flaw::BadNumber)),
            _ => Ok(()),
        }
    }

    fn exponent(&mut self) -> Result<(), Undisclosable> {
        if let Some(b'+' | b'-') = self.peek() {
            self.step();
        }
        self.digits()
    }

    fn digits(&mut self) -> Result<(), Undisclosable> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.at == start { Err(self.flaw(Flaw::BadNumber)) } else { Ok(()) }
    }

    fn literal(&mut self, word: &str) -> Result<&'a str, Undisclosable> {
        if let Some(flaw) = self.not_finite() {
            return Err(flaw);
        }
        let start = self.at;
        for byte in word.bytes() {
            if self.peek() != Some(byte) {
                return Err(self.unexpected());
            }
            self.step();
        }
        Ok(self.since(start))
    }

    /// What other languages write for numbers that JSON does not have: a flaw of its own, for it is what careless platforms send.
    fn not_finite(&self) -> Option<Undisclosable> {
        let word = self.rest().as_bytes().first_chunk::<3>()?;
        let not_finite = word.eq_ignore_ascii_case(b"nan") || word.eq_ignore_ascii_case(b"inf");
        not_finite.then(|| self.flaw(Flaw::NotFinite))
    }

    fn escape(&mut self) -> Result<(), Undisclosable> {
        let start = self.at;
        self.step();
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.step(),
            Some(b'u') => self.unicode_escape(start)?,
            Some(_) => return Err(self.flaw(Flaw::BadEscape)),
            None => return Err(self.flaw(Flaw::Truncated)),
        }
        Ok(())
    }

    /// `\uXXXX`, or a pair of them where the first is a leading surrogate (RFC 8259 7). `start` is at the backslash.
    fn unicode_escape(&mut self, start: usize) -> Result<(), Undisclosable> {
        let lone = Undisclosable { flaw: Flaw::LoneSurrogate, at: start };
        match self.code_unit()? {
            0xdc00..=0xdfff => Err(lone),
            0xd800..=0xdbff => {
                if matches!(self.rest(), "" | "\\") {
                    return Err(self.flaw(Flaw::Truncated));
                }
                if !self.rest().starts_with("\\u") {
                    return Err(lone);
                }
                self.step();
                if (0xdc00..=0xdfff).contains(&self.code_unit()?) { Ok(()) } else { Err(lone) }
            }
            _ => Ok(()),
        }
    }

    /// Takes `uXXXX`.
    fn code_unit(&mut self) -> Result<u16, Undisclosable> {
        self.step();
        let mut unit = 0;
        for _ in 0..4 {
            let Some(byte) = self.peek() else { return Err(self.flaw(Flaw::Truncated)) };
            let digit = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok());
            unit = unit << 4 | digit.ok_or(self.flaw(Flaw::BadEscape))?;
            self.step();
        }
        Ok(unit)
    }

    fn skip_while(&mut self, passes: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !passes(*byte)).unwrap_or(rest.len());
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Invariant: tokens begin and end at ASCII bytes, so both ends are character boundaries and the slice is there.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }
}
