//! How much, and when.

use jiff::civil::Weekday;

use crate::language::Text;
use crate::policy::model::Limits;
use crate::policy::model::Rate;
use crate::policy::model::Window;

use super::aspect::Aspect;
use super::change::Effect;
use super::teller::Teller;
use super::teller::same;

/// The days, as agreements name them.
const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Monday, "mon"),
    (Weekday::Tuesday, "tue"),
    (Weekday::Wednesday, "wed"),
    (Weekday::Thursday, "thu"),
    (Weekday::Friday, "fri"),
    (Weekday::Saturday, "sat"),
    (Weekday::Sunday, "sun"),
];

/// Minutes of a day.
const DAY: i32 = 24 * 60;

pub(super) fn between(teller: &mut Teller<'_>, old: &Limits, new: &Limits) {
    let Limits { rate, daily, monthly, subjects_per_day, in_flight, response } = old;
    teller.bound(Aspect::RATE, (&rate.map(Pace), &new.rate.map(Pace)), Pace::text);
    teller.bound(Aspect::DAILY, (daily, &new.daily), number);
    teller.bound(Aspect::MONTHLY, (monthly, &new.monthly), number);
    teller.bound(Aspect::SUBJECTS, (subjects_per_day, &new.subjects_per_day), number);
    teller.bound(Aspect::IN_FLIGHT, (in_flight, &new.in_flight), |count| number(&u64::from(*count)));
    teller.bound(Aspect::RESPONSE, (response, &new.response), bytes);
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the teller hands references")]
pub(super) fn bytes(count: &u64) -> Text {
    let Text { vi, en } = number(count);
    Text::new(format!("{vi} byte"), format!("{en} bytes"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the teller hands references")]
pub(super) fn number(count: &u64) -> Text {
    Text::number(*count)
}

/// A rate, ordered by what it lets pass where that can be said: faster with a smaller burst is neither more nor less.
#[derive(Clone, Copy, PartialEq)]
struct Pace(Rate);

impl Pace {
    /// Requests a second and burst of two rates, to be compared: `a/b < c/d` as `a*d < c*b`.
    fn crossed(self, other: Self) -> (u128, u32) {
        (u128::from(self.0.requests.get()).saturating_mul(other.0.per.as_nanos()), self.0.burst.get())
    }

    fn text(&self) -> Text {
        let Rate { requests, per, burst } = self.0;
        let [requests, seconds, burst] =
            [u64::from(requests.get()), per.as_secs(), u64::from(burst.get())].map(Text::number);
        Text::new(
            format!("{} yêu cầu trong {} giây, dồn {}", requests.vi, seconds.vi, burst.vi),
            format!("{} requests in {} s, burst {}", requests.en, seconds.en, burst.en),
        )
    }
}

impl PartialOrd for Pace {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let ((speed, burst), (other_speed, other_burst)) = (self.crossed(*other), other.crossed(*self));
        let (by_speed, by_burst) = (speed.cmp(&other_speed), burst.cmp(&other_burst));
        match (by_speed, by_burst) {
            (same, order) | (order, same) if same.is_eq() => Some(order),
            (by_speed, by_burst) => (by_speed == by_burst).then_some(by_speed),
        }
    }
}

/// Compares opening hours minute by minute of a week.
pub(super) fn hours(teller: &mut Teller<'_>, old: &[Window], new: &[Window]) {
    if old == new {
        return;
    }
    let (was, is) = (open(old), open(new));
    let some = |a: &[bool], b: &[bool]| a.iter().zip(b).any(|(a, b)| *a && !*b);
    let effect = Effect::of(some(&is, &was), some(&was, &is));
    if was != is {
        teller.judged(Aspect::HOURS, (&old, &new), |windows| words(windows), |_, _| effect);
    }
}

fn open(windows: &[Window]) -> Vec<bool> {
    let day = |day: Weekday| {
        (0..DAY).map(move |minute| {
            let within = |window: &Window| {
                let (from, to) = (minute_of(window.from), minute_of(window.to));
                let to = if to == 0 { DAY } else { to };
                window.days.contains(&day) && (from..to).contains(&minute)
            };
            windows.is_empty() || windows.iter().any(within)
        })
    };
    WEEK.iter().flat_map(|(weekday, _)| day(*weekday)).collect()
}

/// Hours are written in whole minutes.
fn minute_of(time: jiff::civil::Time) -> i32 {
    i32::from(time.hour()) * 60 + i32::from(time.minute())
}

fn words(windows: &[Window]) -> Text {
    if windows.is_empty() {
        return Text::new("mọi lúc", "always");
    }
    let name = |day: &Weekday| WEEK.iter().find(|(found, _)| found == day).map_or("", |(_, name)| name);
    let window = |window: &Window| {
        let days: Vec<&str> = window.days.iter().map(name).collect();
        let to =
            if window.to == jiff::civil::Time::midnight() { "24:00".to_owned() } else { clock(window.to) };
        format!("{} {}-{to}", days.join(","), clock(window.from))
    };
    same(&windows.iter().map(window).collect::<Vec<_>>().join("; "))
}

fn clock(time: jiff::civil::Time) -> String {
    time.strftime("%H:%M").to_string()
}
