//! Numbers and literals, by the letter (RFC 8259 3, 6). They are judged, never converted.

use super::plain::digits;
use super::scan::{Cursor, Stop};
use super::undisclosable::Flaw;

/// The longest number that is let through, in bytes. No field of ours needs more than a few dozen digits, and long numbers
/// have stalled the parsers of callers.
const NUMBER_MAX: usize = 1_024;

impl Cursor<'_> {
    /// Takes a number or one of `true`, `false`, `null`.
    #[inline(always)]
    pub(super) fn number_or_literal(&mut self) -> Result<(), Stop> {
        match self.peek() {
            Some(b'1'..=b'9') if self.plain_number() => Ok(()),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.apart(Self::number),
            Some(b't') => self.apart(|cursor| cursor.literal(b"true")),
            Some(b'f') => self.apart(|cursor| cursor.literal(b"false")),
            Some(b'n') => self.apart(|cursor| cursor.literal(b"null")),
            _ => self.not_finite().and(Err(self.unexpected())),
        }
    }

    /// Takes a number if it is like most: no sign, no leading zero, no exponent, not long, and with something behind it.
    #[inline(always)]
    fn plain_number(&mut self) -> bool {
        let Some((whole, mut rest)) = self.rest().split_at_checked(digits(self.rest())) else { return false };
        let mut length = whole.len();
        if let [b'.', after @ ..] = rest {
            let part = digits(after);
            length += part + 1;
            rest = if part == 0 { &[] } else { after.get(part..).unwrap_or_default() };
        }
        let ends = !matches!(rest, [] | [b'e' | b'E' | b'.', ..]) && length <= NUMBER_MAX;
        if ends {
            self.pass(length);
        }
        ends
    }

    #[inline(never)]
    fn number(&mut self) -> Result<(), Stop> {
        let start = self.at();
        let outcome = self.number_parts();
        if self.at() - start > NUMBER_MAX {
            return Err(self.flaw_at(Flaw::NumberTooLong, start));
        }
        if outcome == Err(Stop::More) {
            self.back_to(start);
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
        let start = self.at();
        self.pass(digits(self.rest()));
        self.ahead()?;
        if self.at() == start { Err(self.flaw(Flaw::BadNumber)) } else { Ok(()) }
    }

    /// The next byte of a number, not taken; none only where the answer ends.
    fn ahead(&self) -> Result<Option<u8>, Stop> {
        match self.peek() {
            None if !self.is_last() => Err(Stop::More),
            next => Ok(next),
        }
    }

    #[inline(never)]
    fn literal(&mut self, word: &[u8]) -> Result<(), Stop> {
        if self.rest().starts_with(word) {
            self.pass(word.len());
            return Ok(());
        }
        self.not_finite()?;
        let start = self.at();
        self.pass(self.rest().iter().zip(word).take_while(|(a, b)| a == b).count());
        let stop = self.unexpected();
        if stop == Stop::More {
            self.back_to(start);
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
            true if !self.is_last() => Err(Stop::More),
            true | false => Ok(()),
        }
    }
}
