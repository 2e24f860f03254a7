//! Limits that let something pass, and hours that open.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::civil::{Time, Weekday};

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::source::{Place, Placed};
use crate::policy::document::agreement::{HourMinute, LimitsDocument, RateDocument, WindowDocument};
use crate::policy::model::{Limits, Rate, Window};

/// Compiles the limits.
pub(super) fn limits(written: &LimitsDocument, faults: &mut Faults) -> Limits {
    let mut some = |limit: &Option<Placed<u64>>| {
        let limit = limit.as_ref()?;
        not_zero(limit.value, &limit.place, faults)
    };
    let (daily, monthly, subjects_per_day) =
        (some(&written.daily), some(&written.monthly), some(&written.subjects_per_day));
    let in_flight = written.in_flight.as_ref().and_then(|limit| not_zero(limit.value, &limit.place, faults));
    let response = written.response.as_ref().and_then(|size| not_zero(size.value.0, &size.place, faults));
    let rate = written.rate.as_ref().and_then(|rate| self::rate(rate, written, faults));
    Limits { rate, daily, monthly, subjects_per_day, in_flight, response }
}

fn not_zero<T: PartialEq + From<u8>>(limit: T, place: &Place, faults: &mut Faults) -> Option<T> {
    if limit == T::from(0) {
        faults.push(
            Fault::new(Code::LimitZero, "a limit of zero lets nothing pass").at(place.clone()).label("zero"),
        );
        return None;
    }
    Some(limit)
}

fn rate(written: &RateDocument, limits: &LimitsDocument, faults: &mut Faults) -> Option<Rate> {
    let requests = positive(&written.requests, faults);
    let burst = match &written.burst {
        Some(burst) => positive(burst, faults),
        None => requests,
    };
    if let Some(burst) = &written.burst {
        check_burst(burst, &written.requests, limits, faults);
    }
    Some(Rate { requests: requests?, per: Duration::from_secs(written.seconds), burst: burst? })
}

fn positive(number: &Placed<u32>, faults: &mut Faults) -> Option<NonZeroU32> {
    not_zero(number.value, &number.place, faults).and_then(NonZeroU32::new)
}

/// A burst that no caller could ever use is a mistake in one of the two numbers.
fn check_burst(burst: &Placed<u32>, requests: &Placed<u32>, limits: &LimitsDocument, faults: &mut Faults) {
    let quotas = [limits.daily.as_ref(), limits.monthly.as_ref()].into_iter().flatten();
    let bounds =
        quotas.map(|quota| (quota.value, &quota.place)).chain([(u64::from(requests.value), &requests.place)]);
    for (bound, place) in bounds.filter(|(bound, _)| u64::from(burst.value) > *bound) {
        let message = format!("a burst of {} can never pass where {bound} may", burst.value);
        let fault = Fault::new(Code::BurstTooLarge, message).at(burst.place.clone()).label("larger");
        faults.push(fault.also(place.clone(), format!("{bound} at most")));
    }
}

/// Compiles the opening hours.
pub(super) fn hours(written: &[WindowDocument], faults: &mut Faults) -> Vec<Window> {
    written.iter().filter_map(|window| self::window(window, faults)).collect()
}

fn window(written: &WindowDocument, faults: &mut Faults) -> Option<Window> {
    let days = days(&written.days.value);
    if days.is_none() {
        let message = format!("`{}` names no days", shown(&written.days.value));
        let fault = Fault::new(Code::BadHours, message).at(written.days.place.clone()).label("not accepted");
        faults.push(fault.help("days are written `mon-fri`, `sat`, `mon,wed` or `daily`"));
    }
    let (from, to) = (written.from.value, written.to.value);
    let (HourMinute::At(start), false) = (from, is_reversed(from, to)) else {
        let fault =
            Fault::new(Code::BadHours, "these hours end before they begin").at(written.to.place.clone());
        faults.push(fault.label("the end, not included").also(written.from.place.clone(), "the beginning"));
        return None;
    };
    let end = match to {
        HourMinute::At(time) => time,
        HourMinute::DayEnd => Time::midnight(),
    };
    Some(Window { days: days?, from: start, to: end })
}

fn is_reversed(from: HourMinute, to: HourMinute) -> bool {
    match (from, to) {
        (HourMinute::At(from), HourMinute::At(to)) => to <= from,
        (HourMinute::At(_), HourMinute::DayEnd) => false,
        (HourMinute::DayEnd, _) => true,
    }
}

const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// `mon-fri`, `sat`, `mon,wed`, `daily` as days of the week.
fn days(text: &str) -> Option<Vec<Weekday>> {
    if text == "daily" {
        return Some(WEEK.map(|(_, day)| day).to_vec());
    }
    let parts: Option<Vec<Vec<Weekday>>> = text.split(',').map(|part| span_of_days(part.trim())).collect();
    parts.map(|parts| parts.concat())
}

fn span_of_days(text: &str) -> Option<Vec<Weekday>> {
    let place = |name: &str| WEEK.iter().position(|(found, _)| *found == name);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (place(first)?, place(last)?);
    let days: Vec<Weekday> = WEEK.get(first..=last)?.iter().map(|(_, day)| *day).collect();
    (!days.is_empty()).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_named_singly_or_as_a_span() {
        use Weekday::{Friday, Monday, Sunday, Wednesday};
        assert_eq!(days("mon,wed"), Some(vec![Monday, Wednesday]));
        assert_eq!(days("mon-fri").map(|days| (days.len(), days.last().copied())), Some((5, Some(Friday))));
        assert_eq!(days("daily").map(|days| days.len()), Some(7));
        assert_eq!(days("sun"), Some(vec![Sunday]));
        for bad in ["", "fri-mon", "mon-", "Mon", "monday", "mon;tue"] {
            assert_eq!(days(bad), None, "{bad}");
        }
    }
}
