//! Times as people type them.

use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;

use super::exit::Failure;
use super::terminal::shown;

/// The first year that is meant as it is typed: `26` is no year of four digits cut short, but a mistake.
const YEAR_MIN: i16 = 1970;

/// Where a time lies that names a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// At its first moment: for `--since` and `--at`.
    Start,
    /// Just behind its last moment: for `--until`, which then holds the day itself.
    End,
}

/// Reads a time: RFC 3339, `2026-11-23`, `2026-11-23 09:30`, `23/11/2026`, `23/11/2026 09:30` (all GMT+7 but RFC 3339), or so long
/// before `now`: `45s`, `30m`, `12h`, `7d`, `2w`.
///
/// # Errors
/// It is none of these.
pub fn parse(text: &str, now: Timestamp, edge: Edge) -> Result<Timestamp, Failure> {
    let text = text.trim();
    let read = rfc3339(text).or_else(|| day(text, edge)).or_else(|| minute(text)).or_else(|| ago(text, now));
    read.ok_or_else(|| {
        let text = shown(text);
        let known = "`2026-11-23T09:30:00+07:00`, `2026-11-23`, `23/11/2026 09:30`, `7d`";
        let vi = format!("`{text}` không phải là thời điểm. Hãy viết như {known}.");
        Failure::usage(vi, format!("`{text}` is not a time. Write it like {known}."))
    })
}

fn rfc3339(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn day(text: &str, edge: Edge) -> Option<Timestamp> {
    let day = Date::strptime("%Y-%m-%d", text).or_else(|_| Date::strptime("%d/%m/%Y", text)).ok();
    let day = day.filter(|day| day.year() >= YEAR_MIN)?;
    let day = match edge {
        Edge::Start => day,
        Edge::End => day.tomorrow().ok()?,
    };
    here(day.into())
}

fn minute(text: &str) -> Option<Timestamp> {
    let formats = ["%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];
    let time = formats.iter().find_map(|format| DateTime::strptime(format, text).ok());
    here(time.filter(|time| time.year() >= YEAR_MIN)?)
}

/// A time on the wall here: GMT+7, all year.
fn here(time: DateTime) -> Option<Timestamp> {
    const HOURS: i8 = 7;
    Some(time.to_zoned_datetime(TimeZone::fixed(jiff::tz::offset(HOURS))).ok()?.timestamp())
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (number, seconds) = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let span = number.parse::<i64>().ok().filter(|_| digits)?.checked_mul(seconds)?;
    Timestamp::from_second(now.as_second().checked_sub(span)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, edge: Edge) -> Option<String> {
        let now = "2026-11-23T02:30:00Z".parse().unwrap();
        parse(text, now, edge).ok().map(|time| time.to_string())
    }

    #[test]
    fn every_way_to_write_a_time_means_one_moment() {
        for (text, moment) in [
            ("2026-11-23T02:30:00Z", "2026-11-23T02:30:00Z"),
            ("2026-11-23T09:30:00+07:00", "2026-11-23T02:30:00Z"),
            ("2026-11-23T09:30:00.250+07:00", "2026-11-23T02:30:00.25Z"),
            ("2026-11-23", "2026-11-22T17:00:00Z"),
            ("23/11/2026", "2026-11-22T17:00:00Z"),
            ("23/11/2026 09:30", "2026-11-23T02:30:00Z"),
            ("23/11/2026 09:30:15", "2026-11-23T02:30:15Z"),
            ("2026-11-23 09:30", "2026-11-23T02:30:00Z"),
            ("  7d ", "2026-11-16T02:30:00Z"),
            ("90m", "2026-11-23T01:00:00Z"),
            ("12h", "2026-11-22T14:30:00Z"),
            ("2w", "2026-11-09T02:30:00Z"),
            ("0s", "2026-11-23T02:30:00Z"),
        ] {
            assert_eq!(read(text, Edge::Start).as_deref(), Some(moment), "{text}");
        }
    }

    #[test]
    fn until_a_day_holds_the_day_itself() {
        assert_eq!(read("2026-11-23", Edge::End).as_deref(), Some("2026-11-23T17:00:00Z"));
        assert_eq!(read("31/12/2026", Edge::End).as_deref(), Some("2026-12-31T17:00:00Z"));
        assert_eq!(read("23/11/2026 09:30", Edge::End).as_deref(), Some("2026-11-23T02:30:00Z"));
    }

    #[test]
    fn what_could_mean_two_moments_or_none_is_refused() {
        for text in [
            "",
            "d",
            "-1d",
            "+1d",
            "1.5d",
            "7",
            "7D",
            "yesterday",
            "31/02/2026",
            "2026-13-01",
            "11/23/2026",
            "2026-11-23T09:30:00",
            "23/11/26",
            "99999999999999999d",
            "1d1h",
            "١d",
        ] {
            assert_eq!(read(text, Edge::Start), None, "{text}");
        }
    }
}
