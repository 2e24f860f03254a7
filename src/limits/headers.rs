//! What a caller is told of its limits, so that it can slow down before it is refused: the fields of
//! draft-ietf-httpapi-ratelimit-headers-10.
//!
//! ```text
//! RateLimit-Policy: "rate";q=100;w=60, "daily-quota";q=20000;w=86400, "in-flight";q=8;qu="concurrent-requests"
//! RateLimit: "rate";r=19;t=1, "daily-quota";r=19999;t=57600
//! ```
//!
//! What the agreement itself grants is told, and the agency's own cap (`agency-rate`). The caps of the service and of the gateway are
//! shared, and what is left of them would tell how much others ask: a caller learns that nothing is left when it is refused for it
//! (`service-rate`, `gateway-rate`), and no more. The quota of people has no unit in the draft's registry: it is told where it refuses,
//! and at `/.well-known/exchange`.

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

use crate::policy::model;
use crate::policy::model::Rate;

use super::limiter::Left;
use super::limiter::Lefts;
use super::quota::account::Remaining;
use super::quota::account::Standing;
use super::refusal::Refusal;
use super::refusal::Whose;
use super::refusal::whole_seconds;

/// The field with the limits as they are set.
pub const RATELIMIT_POLICY: &str = "ratelimit-policy";

/// The field with what is left of them.
pub const RATELIMIT: &str = "ratelimit";

/// The greatest integer of a structured field (RFC 9651 3.3.1).
const INTEGER_MAX: u64 = 999_999_999_999_999;

/// Seconds of a day, as a window is told: the days on which clocks change are an hour off.
const DAY: u64 = 86_400;

/// Seconds of a month of thirty days, as a window is told.
const MONTH: u64 = 30 * DAY;

/// The values of the two fields; none where there is nothing to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// The value of `RateLimit-Policy`.
    pub policy: Option<String>,
    /// The value of `RateLimit`.
    pub limit: Option<String>,
}

impl Told {
    /// The two header fields.
    #[must_use]
    pub fn fields(&self) -> HeaderMap {
        let fields = [("ratelimit", &self.limit), ("ratelimit-policy", &self.policy)];
        let field = |(name, value): (&'static str, &Option<String>)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(value.as_deref()?).ok()?))
        };
        fields.into_iter().filter_map(field).collect()
    }

    /// To a caller that is admitted.
    pub(super) fn admitted(set: Set<'_>, left: Lefts, standing: &Standing) -> Self {
        let rate = |name, left: Option<Left>| {
            left.map(|left| item(name, left.requests.into(), whole_seconds(left.until_full())))
        };
        let quota = |name, remaining: &Option<Remaining>| {
            remaining.as_ref().map(|of| item(name, of.left, whole_seconds(of.renews.wait)))
        };
        let (agreement, agency) = (rate(RATE, left.agreement), rate(AGENCY_RATE, left.agency));
        let (daily, monthly) =
            (quota("daily-quota", &standing.daily), quota("monthly-quota", &standing.monthly));
        Self { policy: set.policy(), limit: list([agreement, agency, daily, monthly]) }
    }

    /// To a caller that is refused: nothing is left of what refused it.
    pub(super) fn refused(set: Set<'_>, refusal: &Refusal) -> Self {
        let name = match refusal {
            Refusal::Rate { whose: Whose::Agreement, .. } => RATE,
            Refusal::Rate { whose: Whose::Agency, .. } => AGENCY_RATE,
            Refusal::Rate { whose: Whose::Service, .. } => "service-rate",
            Refusal::Rate { whose: Whose::Gateway, .. } => "gateway-rate",
            Refusal::DailyQuota { .. }
            | Refusal::MonthlyQuota { .. }
            | Refusal::PeopleQuota { .. }
            | Refusal::InFlight { .. } => refusal.code(),
        };
        Self { policy: set.policy(), limit: Some(item(name, 0, refusal.retry_after())) }
    }
}

/// The agreement's rate.
const RATE: &str = "rate";

/// The agency's, over all its agreements.
const AGENCY_RATE: &str = "agency-rate";

/// The limits of one caller, as they are set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set<'a> {
    /// By the agreement.
    pub(super) limits: &'a model::Limits,
    /// The agency's cap.
    pub(super) agency: Option<Rate>,
}

impl Set<'_> {
    fn policy(self) -> Option<String> {
        let Self { limits, agency } = self;
        let rate = |name, rate: Rate| quota(name, rate.requests.get().into(), whole_seconds(rate.per));
        let (own, agency) = (limits.rate.map(|of| rate(RATE, of)), agency.map(|of| rate(AGENCY_RATE, of)));
        let daily = limits.daily.map(|limit| quota("daily-quota", limit, DAY));
        let monthly = limits.monthly.map(|limit| quota("monthly-quota", limit, MONTH));
        let in_flight =
            limits.in_flight.map(|limit| format!("\"in-flight\";q={limit};qu=\"concurrent-requests\""));
        list([own, agency, daily, monthly, in_flight])
    }
}

fn quota(name: &str, limit: u64, window: u64) -> String {
    format!("\"{name}\";q={};w={}", limit.min(INTEGER_MAX), window.min(INTEGER_MAX))
}

fn item(name: &str, left: u64, seconds: u64) -> String {
    format!("\"{name}\";r={};t={}", left.min(INTEGER_MAX), seconds.min(INTEGER_MAX))
}

fn list<const N: usize>(items: [Option<String>; N]) -> Option<String> {
    let present: Vec<_> = items.into_iter().flatten().collect();
    (!present.is_empty()).then(|| present.join(", "))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use sfv::List;
    use sfv::Parser;

    use super::super::refusal::Renewal;
    use super::*;

    fn limits() -> model::Limits {
        let number = |n| NonZeroU32::new(n).unwrap();
        model::Limits {
            rate: Some(Rate { requests: number(100), per: Duration::from_secs(60), burst: number(20) }),
            daily: Some(20_000),
            monthly: Some(u64::MAX),
            in_flight: Some(8),
            ..model::Limits::default()
        }
    }

    fn tonight() -> Renewal {
        Renewal {
            at: "2026-11-24T00:00[Asia/Ho_Chi_Minh]".parse().unwrap(),
            wait: Duration::from_millis(59_001),
        }
    }

    fn set(limits: &model::Limits) -> Set<'_> {
        Set { limits, agency: None }
    }

    #[test]
    fn an_admitted_caller_is_told_its_limits_and_what_is_left() {
        let limits = limits();
        let left = Some(Left { rate: limits.rate.unwrap(), requests: 18 });
        let lefts = Lefts { agreement: left, agency: None };
        let daily = Some(Remaining { limit: 20_000, left: 19_999, renews: tonight() });
        let told = Told::admitted(set(&limits), lefts, &Standing { daily, ..Standing::default() });
        assert_eq!(told.limit.unwrap(), "\"rate\";r=18;t=2, \"daily-quota\";r=19999;t=60");
        assert_eq!(
            told.policy.unwrap(),
            "\"rate\";q=100;w=60, \"daily-quota\";q=20000;w=86400, \
             \"monthly-quota\";q=999999999999999;w=2592000, \"in-flight\";q=8;qu=\"concurrent-requests\""
        );
    }

    #[test]
    fn an_agencys_own_cap_is_told_beside_its_agreements_limits() {
        let (limits, cap) = (model::Limits::default(), limits().rate);
        let left = Lefts { agreement: None, agency: Some(Left { rate: cap.unwrap(), requests: 20 }) };
        let told = Told::admitted(Set { limits: &limits, agency: cap }, left, &Standing::default());
        assert_eq!(told.policy.unwrap(), "\"agency-rate\";q=100;w=60");
        assert_eq!(told.limit.unwrap(), "\"agency-rate\";r=20;t=0");
    }

    #[test]
    fn what_is_told_is_a_structured_field() {
        let told = Told::admitted(set(&limits()), Lefts::default(), &Standing::default());
        let parsed: List = Parser::new(&told.policy.unwrap()).parse().unwrap();
        assert_eq!(parsed.len(), 4);
    }

    #[test]
    fn a_refused_caller_is_told_that_nothing_is_left_of_what_refused_it_and_nothing_else_of_what_others_share()
     {
        let limits = limits();
        let refusal =
            |whose| Refusal::Rate { whose, rate: limits.rate.unwrap(), wait: Duration::from_millis(600) };
        for (whose, name) in [
            (Whose::Agreement, "rate"),
            (Whose::Agency, "agency-rate"),
            (Whose::Service, "service-rate"),
            (Whose::Gateway, "gateway-rate"),
        ] {
            let told = Told::refused(set(&limits), &refusal(whose));
            assert_eq!(told.limit.unwrap(), format!("\"{name}\";r=0;t=1"));
            assert!(!told.policy.unwrap().contains("service-rate"));
        }
        let people = Refusal::PeopleQuota { limit: 5, renews: tonight() };
        assert_eq!(Told::refused(set(&limits), &people).limit.unwrap(), "\"people-quota\";r=0;t=60");
    }

    #[test]
    fn who_has_no_limits_is_told_nothing() {
        let none = model::Limits::default();
        assert_eq!(Told::admitted(set(&none), Lefts::default(), &Standing::default()), Told::default());
    }
}
