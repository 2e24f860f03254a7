//! Days and hours of agreements, counted in their own zone.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::clock::Timestamp;

use super::model::Window;

/// For how many months a security confirmation holds.
const CONFIRMATION_MONTHS: i32 = 6;

/// How far ahead the next opening is looked for, in days: a week holds every weekday.
const OPENING_LOOKAHEAD: i32 = 8;

/// The day it is in a zone.
#[must_use]
pub fn today(zone: &TimeZone, now: Timestamp) -> Date {
    now.to_zoned_datetime(zone.clone()).date()
}

/// The last day on which a security confirmation of `confirmed` holds: the same day six calendar months later, or that
/// month's last.
#[must_use]
pub fn confirmation_holds_until(confirmed: Date) -> Date {
    confirmed.saturating_add(CONFIRMATION_MONTHS.months())
}

/// When a day begins in a zone: its midnight, or the first moment after a midnight that the clocks skip.
#[must_use]
pub fn first_moment(day: Date, zone: &TimeZone) -> Timestamp {
    let midnight = day.to_zoned_datetime(zone.clone());
    // Only days at the end of year 9999 have no moment: whatever begins on them never does, and whatever ends never does.
    midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

/// The moment at which a day is over in a zone.
#[must_use]
pub fn moment_after(day: Date, zone: &TimeZone) -> Timestamp {
    day.tomorrow().map_or(Timestamp::MAX, |next| first_moment(next, zone))
}

/// Whether one of the windows is open; none at all is always open.
#[must_use]
pub fn is_open(windows: &[Window], zone: &TimeZone, now: Timestamp) -> bool {
    if windows.is_empty() {
        return true;
    }
    let local = zone.to_datetime(now);
    windows.iter().any(|window| window.contains(local))
}

/// When the next window opens, if one does within a week.
#[must_use]
pub fn next_opening(windows: &[Window], zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let local = now.to_zoned_datetime(zone.clone());
    let openings = (0..OPENING_LOOKAHEAD).flat_map(|ahead| {
        let day = local.date().saturating_add(ahead.days());
        windows
            .iter()
            .filter(move |window| window.days.contains(&day.weekday()))
            .map(move |window| (day, window.from))
    });
    let moments =
        openings.filter_map(|(day, from)| day.to_datetime(from).to_zoned_datetime(zone.clone()).ok());
    moments.map(|moment| moment.timestamp()).filter(|moment| *moment > now).min()
}

impl Window {
    fn contains(&self, local: DateTime) -> bool {
        let to_day_end = self.to == Time::midnight();
        self.days.contains(&local.date().weekday())
            && local.time() >= self.from
            && (to_day_end || local.time() < self.to)
    }
}

/// A day as people write it here: `31/12/2027`.
#[must_use]
pub fn shown(day: Date) -> String {
    format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date, time};

    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Ho_Chi_Minh").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn office() -> Vec<Window> {
        use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
        let days = vec![Monday, Tuesday, Wednesday, Thursday, Friday];
        vec![Window { days, from: time(7, 0, 0, 0), to: time(18, 0, 0, 0) }]
    }

    #[test]
    fn a_confirmation_lapses_six_calendar_months_after_its_date() {
        assert_eq!(confirmation_holds_until(date(2026, 3, 1)), date(2026, 9, 1));
        assert_eq!(confirmation_holds_until(date(2026, 8, 31)), date(2027, 2, 28));
    }

    #[test]
    fn hours_are_half_open_and_local() {
        // 23 November 2026 is a Monday; the zone is seven hours ahead of UTC.
        for (moment, open) in [
            ("2026-11-22T23:59:59.999Z", false),
            ("2026-11-23T00:00:00Z", true),
            ("2026-11-23T10:59:59.999Z", true),
            ("2026-11-23T11:00:00Z", false),
            ("2026-11-21T03:00:00Z", false),
        ] {
            assert_eq!(is_open(&office(), &zone(), at(moment)), open, "{moment}");
        }
        assert!(is_open(&[], &zone(), at("2026-11-21T03:00:00Z")));
    }

    #[test]
    fn midnight_as_the_end_is_the_days_end() {
        let window = Window { days: vec![Weekday::Monday], from: time(22, 0, 0, 0), to: Time::midnight() };
        let windows = [window];
        assert!(is_open(&windows, &zone(), at("2026-11-23T16:59:59.999Z")));
        assert!(!is_open(&windows, &zone(), at("2026-11-23T17:00:00Z")));
    }

    #[test]
    fn the_next_opening_skips_the_weekend() {
        assert_eq!(
            next_opening(&office(), &zone(), at("2026-11-20T12:00:00Z")),
            Some(at("2026-11-23T00:00:00Z"))
        );
        assert_eq!(
            next_opening(&office(), &zone(), at("2026-11-22T23:59:59Z")),
            Some(at("2026-11-23T00:00:00Z"))
        );
        assert_eq!(next_opening(&[], &zone(), at("2026-11-22T23:59:59Z")), None);
    }

    #[test]
    fn a_day_begins_where_the_day_before_is_over_also_where_midnight_is_skipped() {
        assert_eq!(first_moment(date(2027, 1, 1), &zone()), at("2026-12-31T17:00:00Z"));
        assert_eq!(moment_after(date(2026, 12, 31), &zone()), at("2026-12-31T17:00:00Z"));
        // The clocks of Beirut went from 24:00 to 01:00.
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let first = first_moment(date(2024, 3, 31), &beirut);
        assert_eq!((today(&beirut, first), beirut.to_datetime(first).hour()), (date(2024, 3, 31), 1));
        assert_eq!(moment_after(date(9999, 12, 31), &zone()), Timestamp::MAX);
    }

    #[test]
    fn a_day_is_local() {
        assert_eq!(today(&zone(), at("2026-12-31T17:00:00Z")), date(2027, 1, 1));
        assert_eq!(shown(date(2027, 12, 31)), "31/12/2027");
    }
}
