//! Escapes in strings (RFC 8259 7): which there are, and what they mean.

use super::scan::{Cursor, Stop};
use super::undisclosable::Flaw;

impl Cursor<'_> {
    /// Takes an escape. The present byte is its backslash.
    #[inline(never)]
    pub(super) fn escape(&mut self) -> Result<(), Stop> {
        let start = self.at();
        let outcome = self.escaped();
        if outcome == Err(Stop::More) {
            self.back_to(start);
        }
        outcome
    }

    fn escaped(&mut self) -> Result<(), Stop> {
        let start = self.at();
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
}

/// The characters of a string that the scanner took, given without its quotes.
pub(super) fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        rest = unescape_one(escaped, &mut out);
    }
    out.push_str(rest);
    out
}

/// Takes one escape, its backslash already gone; returns what follows it.
fn unescape_one<'a>(escaped: &'a str, out: &mut String) -> &'a str {
    let mut rest = escaped.chars();
    match rest.next() {
        Some('u') => return unescape_unit(rest.as_str(), out),
        Some('b') => out.push('\u{8}'),
        Some('f') => out.push('\u{c}'),
        Some('n') => out.push('\n'),
        Some('r') => out.push('\r'),
        Some('t') => out.push('\t'),
        Some(itself) => out.push(itself),
        None => {}
    }
    rest.as_str()
}

fn unescape_unit<'a>(digits: &'a str, out: &mut String) -> &'a str {
    let unit = |text: &str| text.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let Some(first) = unit(digits) else { return digits };
    let after = digits.get(4..).unwrap_or_default();
    if let Some(character) = char::from_u32(first.into()) {
        out.push(character);
        return after;
    }
    // Invariant: the scanner let no lone surrogate pass, so its partner follows.
    let second = after.strip_prefix("\\u").and_then(unit).unwrap_or_default();
    out.extend(char::decode_utf16([first, second]).filter_map(Result::ok));
    after.get(6..).unwrap_or_default()
}
