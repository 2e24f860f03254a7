use std::num::NonZeroU32;
use std::time::Duration;

use crate::clock::Clock;

use super::*;

fn key(agreement: &str, agency: &str, service: &str) -> Key {
    Key {
        agreement: agreement.parse().unwrap(),
        agency: agency.parse().unwrap(),
        service: service.parse().unwrap(),
    }
}

/// One agency under one agreement.
fn centre() -> Key {
    key("TT-2026-001", "H31.01.01", "dan-cu")
}

/// Another agency that asks the same service.
fn hospital() -> Key {
    key("TT-2026-004", "H31.06.11", "dan-cu")
}

/// So many requests at once, and one more each minute.
fn burst(requests: u32) -> Option<Rate> {
    Some(Rate {
        requests: NonZeroU32::MIN,
        per: Duration::from_secs(60),
        burst: NonZeroU32::new(requests).unwrap(),
    })
}

fn rate_of(requests: u32) -> model::Limits {
    model::Limits { rate: burst(requests), ..model::Limits::default() }
}

fn clock() -> Clock {
    Clock::by_hand("2026-11-23T01:00:00Z".parse().unwrap())
}

fn limits(caps: Caps) -> Limits {
    Limits::new(caps, [7; 32])
}

fn enter(
    limits: &Limits,
    key: &Key,
    of: &model::Limits,
    clock: &Clock,
) -> Result<(Slot, Charge, Told), Refusal> {
    limits.enter(key, &Terms { limits: of, zone: &TimeZone::UTC }, clock.now(), Some("099190000001"))
}

fn whose(refusal: &Refusal) -> Whose {
    match refusal {
        Refusal::Rate { whose, .. } => *whose,
        other => panic!("not a rate: {other:?}"),
    }
}

#[test]
fn whoever_is_over_its_own_limit_takes_nothing_from_the_others() {
    let (limits, clock) = (limits(Caps { agency: burst(3), service: burst(3), gateway: burst(3) }), clock());
    assert!(enter(&limits, &centre(), &rate_of(1), &clock).is_ok());
    for _ in 0..50 {
        let refusal = enter(&limits, &centre(), &rate_of(1), &clock).unwrap_err();
        assert_eq!(whose(&refusal), Whose::Agreement);
    }
    assert!(enter(&limits, &hospital(), &rate_of(9), &clock).is_ok());
    assert!(enter(&limits, &hospital(), &rate_of(9), &clock).is_ok());
}

#[test]
fn an_agency_over_its_own_cap_takes_nothing_from_the_service_or_the_gateway() {
    let (limits, clock) = (limits(Caps { agency: burst(1), service: burst(2), gateway: burst(2) }), clock());
    assert!(enter(&limits, &centre(), &rate_of(9), &clock).is_ok());
    let other_agreement = key("TT-2026-002", "H31.01.01", "dan-cu");
    for _ in 0..50 {
        let refusal = enter(&limits, &other_agreement, &rate_of(99), &clock).unwrap_err();
        assert_eq!(whose(&refusal), Whose::Agency);
    }
    assert!(enter(&limits, &hospital(), &rate_of(9), &clock).is_ok());
}

#[test]
fn each_cap_refuses_in_its_own_name() {
    for (caps, expected) in [
        (Caps { agency: burst(1), ..Caps::default() }, Whose::Agency),
        (Caps { service: burst(1), ..Caps::default() }, Whose::Service),
        (Caps { gateway: burst(1), ..Caps::default() }, Whose::Gateway),
    ] {
        let (limits, clock) = (limits(caps), clock());
        assert!(enter(&limits, &centre(), &rate_of(9), &clock).is_ok());
        assert_eq!(whose(&enter(&limits, &centre(), &rate_of(9), &clock).unwrap_err()), expected);
        clock.advance(Duration::from_secs(60));
        assert!(enter(&limits, &centre(), &rate_of(9), &clock).is_ok());
    }
}

#[test]
fn without_a_slot_nothing_is_spent() {
    let (limits, clock) = (limits(Caps::default()), clock());
    let of = model::Limits { in_flight: Some(1), daily: Some(2), ..rate_of(2) };
    let held = enter(&limits, &centre(), &of, &clock).unwrap();
    for _ in 0..50 {
        assert_eq!(enter(&limits, &centre(), &of, &clock).unwrap_err(), Refusal::InFlight { limit: 1 });
    }
    let (slot, charge, _) = held;
    charge.keep();
    drop(slot);
    assert!(enter(&limits, &centre(), &of, &clock).is_ok());
}

#[test]
fn a_refusal_by_rate_or_quota_frees_the_slot() {
    let (limits, clock) = (limits(Caps::default()), clock());
    let of = model::Limits { in_flight: Some(1), daily: Some(0), ..rate_of(2) };
    let codes: Vec<_> = (0..3).map(|_| enter(&limits, &centre(), &of, &clock).unwrap_err().code()).collect();
    assert_eq!(codes, ["daily-quota", "daily-quota", "rate"]);
}

#[test]
fn a_request_over_its_rate_is_not_charged_to_the_day() {
    let (limits, clock) = (limits(Caps::default()), clock());
    let of = model::Limits { daily: Some(2), ..rate_of(1) };
    enter(&limits, &centre(), &of, &clock).unwrap().1.keep();
    for _ in 0..50 {
        assert_eq!(enter(&limits, &centre(), &of, &clock).unwrap_err().code(), "rate");
    }
    let standing = limits.standing(&centre(), &of, &TimeZone::UTC, clock.now());
    assert_eq!(standing.daily.unwrap().left, 1);
}

#[test]
fn two_consumers_of_one_agreement_each_have_its_limits_to_themselves() {
    let (limits, clock) = (limits(Caps::default()), clock());
    assert!(enter(&limits, &key("TT-1", "H31.01.01", "dan-cu"), &rate_of(1), &clock).is_ok());
    assert!(enter(&limits, &key("TT-1", "H31.06.11", "dan-cu"), &rate_of(1), &clock).is_ok());
}

#[test]
fn a_reload_refills_nothing_that_did_not_change_and_takes_changed_caps_over() {
    let caps = Caps { agency: burst(2), ..Caps::default() };
    let (limits, clock) = (limits(caps), clock());
    let of = model::Limits { daily: Some(1), ..rate_of(2) };
    enter(&limits, &centre(), &of, &clock).unwrap().1.keep();
    limits.reload(caps, &HashSet::from([centre(), hospital()]));
    assert_eq!(enter(&limits, &centre(), &of, &clock).unwrap_err().code(), "daily-quota");
    assert_eq!(whose(&enter(&limits, &centre(), &of, &clock).unwrap_err()), Whose::Agreement);
    limits.reload(Caps { agency: None, ..caps }, &HashSet::from([centre(), hospital()]));
    let other_agreement = key("TT-2026-002", "H31.01.01", "dan-cu");
    assert!((0..9).all(|_| enter(&limits, &other_agreement, &rate_of(9), &clock).is_ok()));
}

#[test]
fn what_the_caller_is_told_is_what_is_left_after_its_own_request() {
    let (limits, clock) = (limits(Caps::default()), clock());
    let of = model::Limits { daily: Some(5), ..rate_of(2) };
    let (_slot, _charge, told) = enter(&limits, &centre(), &of, &clock).unwrap();
    assert_eq!(told.limit.unwrap(), "\"rate\";r=1;t=60, \"daily-quota\";r=4;t=82800");
}

#[test]
fn the_desk_has_so_many_answers_at_once_and_so_many_requests_a_minute_for_each_agency() {
    let (limits, clock) = (limits(Caps::default()), clock());
    let (auditor, other) = ("H31.10".parse().unwrap(), "H31.11".parse().unwrap());
    let visit = |agency: &AgencyId| limits.visit(agency, clock.now());
    let kept: Vec<_> = (0..VISITS_MAX).map(|_| visit(&auditor).unwrap()).collect();
    assert_eq!(visit(&auditor).unwrap_err(), Refusal::InFlight { limit: VISITS_MAX });
    assert!(visit(&other).is_ok());
    drop(kept);
    // Without a rate it would never end.
    let most = usize::try_from(VISITS.burst.get()).unwrap();
    let served = std::iter::from_fn(|| visit(&auditor).ok()).take(most).count();
    assert_eq!(served, usize::try_from(VISITS.burst.get() - VISITS_MAX).unwrap());
    assert!(matches!(visit(&auditor), Err(Refusal::Rate { .. })) && visit(&other).is_ok());
    clock.advance(Duration::from_secs(1));
    assert!(visit(&auditor).is_ok());
}
