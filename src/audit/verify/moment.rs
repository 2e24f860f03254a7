//! A time, as an entry says it.

use std::fmt;

use crate::tlog::fsck::Shelf;

/// A time as an entry says it, to the millisecond: its digits as one number, which is greater when the time is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Moment {
    /// Reads `2026-11-23T02:30:00.000Z`, and nothing else.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        const SHAPE: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
        let mut digits = 0;
        if text.len() != SHAPE.len() {
            return None;
        }
        for (byte, shape) in text.iter().copied().zip(SHAPE) {
            match shape {
                b'0' if byte.is_ascii_digit() => digits = digits * 10 + u64::from(byte - b'0'),
                b'0' => return None,
                _ if byte != *shape => return None,
                _ => {}
            }
        }
        Some(Self(digits))
    }

    /// The shelf of its month: where the annex of an entry that is no exchange's is put.
    pub(super) fn shelf(self) -> Option<Shelf> {
        let month = self.0 / 100_000_000_000;
        Shelf::of(u16::try_from(month / 100).ok()?, u8::try_from(month % 100).ok()?)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time, millis) = (self.0 / 1_000_000_000, self.0 / 1_000 % 1_000_000, self.0 % 1_000);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{millis:03}Z",
            date / 10_000,
            date / 100 % 100,
            date % 100,
            time / 10_000,
            time / 100 % 100,
            time % 100
        )
    }
}

/// The year and month of a day since 1970, by the Gregorian calendar: years are counted from March on, so that the leap day is
/// the last.
pub(super) fn month_of(day: u64) -> Option<(u16, u8)> {
    // Days from 1 March of the year 0 to 1 January 1970, and of four hundred years.
    let (day, era) = ((day + 719_468) % 146_097, (day + 719_468) / 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    Some((u16::try_from(year).ok()?, u8::try_from(month).ok()?))
}
