use jiff::ZonedDateTime;

use super::account::Remaining;
use super::*;

const KEY: &str = "TT-2026-001";

fn zone() -> TimeZone {
    TimeZone::get("Asia/Ho_Chi_Minh").unwrap()
}

/// A time as clocks in Hưng Yên show it.
fn at(local: &str) -> Timestamp {
    format!("{local}[Asia/Ho_Chi_Minh]").parse::<ZonedDateTime>().unwrap().timestamp()
}

fn quotas() -> Quotas<&'static str> {
    Quotas::new([7; 32])
}

fn limits(daily: Option<u64>, monthly: Option<u64>, people: Option<u64>) -> model::Limits {
    model::Limits { daily, monthly, subjects_per_day: people, ..model::Limits::default() }
}

fn charge(
    quotas: &Quotas<&'static str>,
    limits: &model::Limits,
    now: Timestamp,
    subject: Option<&str>,
) -> Result<Charge, Refusal> {
    quotas.charge(&KEY, &Terms { limits, zone: &zone() }, now, subject)
}

#[test]
fn the_request_after_the_last_of_the_day_is_refused_until_midnight_in_the_agreements_zone() {
    let (quotas, limits) = (quotas(), limits(Some(2), None, None));
    for _ in 0..2 {
        charge(&quotas, &limits, at("2026-11-23T08:00"), None).unwrap().keep();
    }
    let refusal = charge(&quotas, &limits, at("2026-11-23T23:59:59"), None).unwrap_err();
    assert_eq!((refusal.code(), refusal.retry_after()), ("daily-quota", 1));
    // It is still the 23rd in UTC.
    assert!(charge(&quotas, &limits, at("2026-11-24T00:00"), None).is_ok());
}

#[test]
fn a_month_is_counted_over_its_days_and_begins_anew_on_the_first() {
    let (quotas, limits) = (quotas(), limits(None, Some(2), None));
    charge(&quotas, &limits, at("2026-11-01T08:00"), None).unwrap().keep();
    charge(&quotas, &limits, at("2026-11-30T08:00"), None).unwrap().keep();
    let refusal = charge(&quotas, &limits, at("2026-11-30T23:00"), None).unwrap_err();
    assert_eq!((refusal.code(), refusal.retry_after()), ("monthly-quota", 3_600));
    assert!(charge(&quotas, &limits, at("2026-12-01T00:00"), None).is_ok());
}

#[test]
fn what_a_later_stage_refuses_is_given_back_and_what_is_kept_is_not() {
    let (quotas, limits) = (quotas(), limits(Some(1), Some(1), Some(1)));
    let now = at("2026-11-23T08:00");
    drop(charge(&quotas, &limits, now, Some("099190000001")).unwrap());
    charge(&quotas, &limits, now, Some("099190000002")).unwrap().keep();
    assert!(charge(&quotas, &limits, now, Some("099190000002")).is_err());
}

#[test]
fn a_charge_given_back_after_midnight_takes_nothing_from_the_new_day() {
    let (quotas, limits) = (quotas(), limits(Some(1), Some(1), Some(1)));
    let late = charge(&quotas, &limits, at("2026-11-30T23:59"), Some("099190000001")).unwrap();
    charge(&quotas, &limits, at("2026-12-01T00:01"), Some("099190000001")).unwrap().keep();
    drop(late);
    let refusal = charge(&quotas, &limits, at("2026-12-01T00:02"), None).unwrap_err();
    assert_eq!(refusal.code(), "monthly-quota");
    let people =
        quotas.standing(&KEY, &Terms { limits: &limits, zone: &zone() }, at("2026-12-01T00:02")).people;
    assert_eq!(people.unwrap().left, 0);
}

#[test]
fn a_request_from_just_before_midnight_does_not_turn_the_day_back() {
    let (quotas, limits) = (quotas(), limits(Some(1), None, None));
    charge(&quotas, &limits, at("2026-11-24T00:00"), None).unwrap().keep();
    assert!(charge(&quotas, &limits, at("2026-11-23T23:59:59.999"), None).is_err());
    assert!(charge(&quotas, &limits, at("2026-11-24T00:00:00.001"), None).is_err());
}

#[test]
fn a_clock_that_was_a_year_ahead_does_not_stop_the_agency_for_a_year() {
    let (quotas, limits) = (quotas(), limits(Some(1), None, None));
    charge(&quotas, &limits, at("2027-11-23T08:00"), None).unwrap().keep();
    assert!(charge(&quotas, &limits, at("2026-11-23T08:00"), None).is_ok());
}

#[test]
fn different_people_are_counted_and_the_same_person_only_once() {
    let (quotas, limits) = (quotas(), limits(None, None, Some(2)));
    let now = at("2026-11-23T08:00");
    for subject in ["099190000001", "099190000001", "099088000013", "099190000001"] {
        charge(&quotas, &limits, now, Some(subject)).unwrap().keep();
    }
    let refusal = charge(&quotas, &limits, now, Some("099060000011")).unwrap_err();
    assert_eq!((refusal.code(), refusal.retry_after()), ("people-quota", 16 * 3_600));
    assert!(charge(&quotas, &limits, now, Some("099088000013")).is_ok(), "a known person is no new one");
    assert!(charge(&quotas, &limits, now, None).is_ok());
    assert!(charge(&quotas, &limits, at("2026-11-24T08:00"), Some("099060000011")).is_ok());
}

#[test]
fn over_the_quota_of_people_the_request_itself_is_given_back() {
    let (quotas, limits) = (quotas(), limits(Some(2), None, Some(1)));
    let now = at("2026-11-23T08:00");
    charge(&quotas, &limits, now, Some("099190000001")).unwrap().keep();
    for _ in 0..5 {
        assert_eq!(charge(&quotas, &limits, now, Some("099088000013")).unwrap_err().code(), "people-quota");
    }
    assert!(charge(&quotas, &limits, now, Some("099190000001")).is_ok());
}

#[test]
fn people_found_in_an_answer_are_charged_to_it_and_given_back_with_it() {
    let (quotas, limits) = (quotas(), limits(None, None, Some(2)));
    let now = at("2026-11-23T08:00");
    let mut answer = charge(&quotas, &limits, now, None).unwrap();
    answer.person("099190000001", now).unwrap();
    answer.person("099190000001", now).unwrap();
    answer.person("099088000013", now).unwrap();
    assert_eq!(answer.person("099060000011", now).unwrap_err().code(), "people-quota");
    drop(answer);
    let mut other = charge(&quotas, &limits, now, Some("099060000011")).unwrap();
    assert!(other.person("099162000012", now).is_ok());
}

#[test]
fn a_person_given_back_by_one_request_stays_charged_by_another() {
    let (quotas, limits) = (quotas(), limits(None, None, Some(1)));
    let now = at("2026-11-23T08:00");
    let first = charge(&quotas, &limits, now, Some("099190000001")).unwrap();
    charge(&quotas, &limits, now, Some("099190000001")).unwrap().keep();
    drop(first);
    assert!(charge(&quotas, &limits, now, Some("099088000013")).is_err());
}

#[test]
fn a_quota_of_people_beyond_what_is_held_in_memory_acts_as_what_is() {
    let (quotas, limits) = (quotas(), limits(None, None, Some(u64::MAX)));
    let standing = quotas.standing(&KEY, &Terms { limits: &limits, zone: &zone() }, at("2026-11-23T08:00"));
    assert_eq!(standing.people.unwrap().limit, PEOPLE_MAX);
}

#[test]
fn without_a_quota_of_people_nobody_is_remembered() {
    let quotas = quotas();
    let held =
        charge(&quotas, &limits(None, None, None), at("2026-11-23T08:00"), Some("099190000001")).unwrap();
    assert!(lock(&held.account).people.is_empty());
}

#[test]
fn what_was_counted_before_a_start_is_counted_on_from() {
    let (before, after, limits) = (quotas(), quotas(), limits(Some(9), Some(9), Some(9)));
    let past = [
        ("2026-10-31T08:00", "099190000001"),
        ("2026-11-22T08:00", "099190000001"),
        ("2026-11-23T08:00", "099190000001"),
        ("2026-11-23T09:00", "099088000013"),
        ("2026-11-23T10:00", "099190000001"),
    ];
    let mut people = BTreeSet::new();
    for (time, subject) in past {
        let charge = charge(&before, &limits, at(time), Some(subject)).unwrap();
        people.extend(charge.people().copied());
        charge.keep();
    }
    let day = "2026-11-23".parse().unwrap();
    after.restore(&KEY, Counted { day, today: 3, this_month: 4 });
    for (day, person) in people {
        after.restore_people(&KEY, day, [person]);
    }
    let terms = Terms { limits: &limits, zone: &zone() };
    let now = at("2026-11-23T11:00");
    let standing = after.standing(&KEY, &terms, now);
    assert_eq!(standing, before.standing(&KEY, &terms, now));
    let left = |remaining: &Option<Remaining>| remaining.as_ref().unwrap().left;
    assert_eq!((left(&standing.daily), left(&standing.monthly), left(&standing.people)), (6, 5, 7));
}

#[test]
fn people_of_yesterday_are_not_counted_today_after_a_start() {
    let (quotas, limits) = (quotas(), limits(None, None, Some(1)));
    let yesterday = "2026-11-22".parse().unwrap();
    quotas.restore(&KEY, Counted { day: yesterday, today: 1, this_month: 1 });
    quotas.restore_people(&KEY, yesterday, [[1; 16]]);
    assert!(charge(&quotas, &limits, at("2026-11-22T23:00"), Some("099190000001")).is_err());
    assert!(charge(&quotas, &limits, at("2026-11-23T08:00"), Some("099190000001")).is_ok());
}

#[test]
fn an_account_no_longer_configured_is_closed() {
    let (quotas, limits) = (quotas(), limits(Some(1), None, None));
    charge(&quotas, &limits, at("2026-11-23T08:00"), None).unwrap().keep();
    quotas.retain(|key| *key == KEY);
    assert!(charge(&quotas, &limits, at("2026-11-23T08:00"), None).is_err(), "a reload must not refill it");
    quotas.retain(|_| false);
    assert!(lock(&quotas.accounts).is_empty());
}
