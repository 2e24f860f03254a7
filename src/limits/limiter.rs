//! Rates: so many requests in a period and so many at once, by GCRA (the crate `governor`), which refills evenly. A hundred a
//! minute with a burst of twenty admits about a hundred and twenty in the first minute, and a hundred in each that follows.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use governor::Quota;
use governor::RateLimiter;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::InMemoryState;
use governor::state::direct::NotKeyed;

use crate::clock::Timestamp;
use crate::policy::model::Rate;

/// The most time that one look at the clock may credit. A bucket that long idle is full in any case; and a clock set forward
/// by centuries cannot run the nanoseconds (64 bits, 584 years) over.
const GAIN_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// How far apart two exchanges under way at once may have read the clock. A time that much older is late, not a clock set back:
/// taking it for one would count the moments in between twice, and hand out twice what they refill.
const LATE_MAX: Duration = Duration::from_secs(5);

/// Where the limiters' own time stops, in nanoseconds: far from overflow, and 200 of [`GAIN_MAX`] away.
const ELAPSED_MAX: u64 = u64::MAX / 3;

/// The most time a full burst may take to come back, in nanoseconds (about a hundred years): the product is kept in 64 bits.
const REFILL_MAX: u64 = u64::MAX / 6;

/// Limiters, one to a configured key, made at first use. All share one time.
///
/// Bounded: a key is a configured name, never what a caller chose (governor forgets nothing by itself), and
/// [`Limiters::retain`] drops those that a new configuration no longer names.
#[derive(Debug)]
pub(super) struct Limiters<K> {
    hands: Hands,
    kept: Mutex<HashMap<K, Arc<Limiter>>>,
}

impl<K: Hash + Eq + Clone> Limiters<K> {
    /// No limiters yet.
    pub(super) fn new(hands: &Hands) -> Self {
        Self { hands: hands.clone(), kept: Mutex::default() }
    }

    /// Spends one request of `key` at `rate`; without a rate there is nothing to spend.
    ///
    /// A limiter whose rate is the one it was made with goes on as it is, over any number of reloads; another rate starts a
    /// new one, which is full.
    pub(super) fn check(
        &self,
        key: &K,
        rate: Option<Rate>,
        now: Timestamp,
    ) -> Result<Option<Left>, Exceeded> {
        rate.map(|rate| self.of(key, rate).check(now)).transpose()
    }

    /// What is left of `rate`, without spending anything; perhaps a moment's refill less.
    pub(super) fn look(&self, key: &K, rate: Option<Rate>, now: Timestamp) -> Option<Left> {
        rate.map(|rate| self.of(key, rate).look(now))
    }

    /// What is left of those that are not full.
    pub(super) fn spent(&self, now: Timestamp) -> Vec<(K, Left)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let left = kept.iter().map(|(key, limiter)| (key.clone(), limiter.look(now)));
        left.filter(|(_, left)| left.requests < left.rate.burst.get()).collect()
    }

    /// Leaves in a full bucket what was left of another.
    pub(super) fn leave(&self, key: &K, left: Left, then: Timestamp) {
        if let Some(gone) = NonZeroU32::new(left.rate.burst.get().saturating_sub(left.requests)) {
            self.of(key, left.rate).spend(gone, then);
        }
    }

    /// Forgets the limiters of other keys.
    pub(super) fn retain(&self, mut keep: impl FnMut(&K) -> bool) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| keep(key));
    }

    fn of(&self, key: &K, rate: Rate) -> Arc<Limiter> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get(key) {
            Some(limiter) if limiter.rate == rate => Arc::clone(limiter),
            _ => {
                let limiter = Arc::new(Limiter::new(rate, &self.hands));
                kept.insert(key.clone(), Arc::clone(&limiter));
                limiter
            }
        }
    }
}

/// What is left after one request was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The rate it was spent at.
    pub rate: Rate,
    /// How many more could come at once.
    pub requests: u32,
}

impl Left {
    /// How long until the whole burst is back.
    #[must_use]
    pub fn until_full(self) -> Duration {
        interval(self.rate).saturating_mul(self.rate.burst.get().saturating_sub(self.requests))
    }
}

/// What is left of a caller's own rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lefts {
    /// Under the agreement.
    pub(super) agreement: Option<Left>,
    /// Over all its agreements.
    pub(super) agency: Option<Left>,
}

/// A rate is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exceeded {
    /// The rate.
    pub(super) rate: Rate,
    /// How long until one request would be let through.
    pub(super) wait: Duration,
}

/// One bucket.
#[derive(Debug)]
pub(super) struct Limiter {
    rate: Rate,
    hands: Hands,
    bucket: RateLimiter<NotKeyed, InMemoryState, Hands, StateInformationMiddleware>,
    /// What was left when it was last asked, and when that was: the bucket itself only tells whoever spends.
    seen: Mutex<Option<(u32, Nanos)>>,
}

impl Limiter {
    /// A full bucket.
    pub(super) fn new(rate: Rate, hands: &Hands) -> Self {
        let bucket = RateLimiter::direct_with_clock(quota(rate), hands.clone()).with_middleware();
        Self { rate, hands: hands.clone(), bucket, seen: Mutex::default() }
    }

    /// What is left, as far as is known without spending.
    fn look(&self, now: Timestamp) -> Left {
        let shown = self.hands.show(now);
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = seen.map_or(self.rate.burst.get(), |(left, at)| {
            let passed = u64::from(shown).saturating_sub(u64::from(at));
            let back = u128::from(passed) / interval(self.rate).as_nanos().max(1);
            left.saturating_add(u32::try_from(back).unwrap_or(u32::MAX)).min(self.rate.burst.get())
        });
        Left { rate: self.rate, requests }
    }

    /// Spends so many at once, if there are so many.
    fn spend(&self, requests: NonZeroU32, then: Timestamp) {
        let shown = self.hands.show(then);
        if let Ok(Ok(state)) = self.bucket.check_n(requests) {
            let left = state.remaining_burst_capacity();
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((left, shown));
        }
    }

    /// Spends one request, or tells how long to wait.
    pub(super) fn check(&self, now: Timestamp) -> Result<Left, Exceeded> {
        let shown = self.hands.show(now);
        let spent = self.bucket.check();
        let requests = spent.as_ref().map_or(0, |state| state.remaining_burst_capacity());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((requests, shown));
        match spent {
            Ok(_) => Ok(Left { rate: self.rate, requests }),
            Err(until) => Err(Exceeded { rate: self.rate, wait: until.wait_time_from(shown) }),
        }
    }
}

/// How long one request takes to come back.
pub(super) fn interval(rate: Rate) -> Duration {
    (rate.per / rate.requests.get()).max(Duration::from_nanos(1))
}

/// The same in governor's terms. A burst that would take longer than [`REFILL_MAX`] to come back is cut to what does not.
fn quota(rate: Rate) -> Quota {
    let interval = interval(rate).min(Duration::from_nanos(REFILL_MAX));
    let most = u128::from(REFILL_MAX) / interval.as_nanos().max(1);
    let burst =
        u32::try_from(most).map_or(rate.burst, |most| rate.burst.min(most.try_into().unwrap_or(rate.burst)));
    // Never none: the interval is at least a nanosecond. One a day is what would be left if it were.
    let refill = Quota::with_period(interval).unwrap_or_else(|| Quota::per_hour(std::num::NonZeroU32::MIN));
    refill.allow_burst(burst)
}

/// Time as the limiters count it, driven by the times they are shown. Clones agree.
///
/// Invariant: it never runs backwards. A wall clock set back by an hour neither refuses everybody for that hour nor hands out a
/// second hour of requests: counting goes on from where it stood.
#[derive(Debug, Clone, Default)]
pub(super) struct Hands(Arc<Mutex<Shown>>);

#[derive(Debug, Default)]
struct Shown {
    last: Option<Timestamp>,
    elapsed: u64,
}

impl Hands {
    /// Moves the hands on by what passed since the time shown before, and reads them.
    fn show(&self, now: Timestamp) -> Nanos {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = shown.last.unwrap_or(now);
        let gain = u64::try_from(apart(last, now).min(GAIN_MAX).as_nanos()).unwrap_or(u64::MAX);
        shown.elapsed = shown.elapsed.saturating_add(gain).min(ELAPSED_MAX);
        let late = now < last && apart(now, last) <= LATE_MAX;
        shown.last = Some(if late { last } else { now });
        Nanos::from(shown.elapsed)
    }
}

/// How long after `from` is `to`; nothing if it is not after it.
fn apart(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

impl governor::clock::Clock for Hands {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn rate(requests: u32, seconds: u64, burst: u32) -> Rate {
        let number = |n| NonZeroU32::new(n).unwrap();
        Rate { requests: number(requests), per: Duration::from_secs(seconds), burst: number(burst) }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millis).unwrap()
    }

    fn let_through(limiter: &Limiter, times: impl Iterator<Item = i64>) -> usize {
        times.filter(|millis| limiter.check(at(*millis)).is_ok()).count()
    }

    #[test]
    fn a_hundred_a_minute_with_burst_twenty_admits_a_hundred_and_twenty_at_first_and_a_hundred_then() {
        let limiter = Limiter::new(rate(100, 60, 20), &Hands::default());
        assert_eq!(let_through(&limiter, (0..60_000).step_by(50)), 120 - 1);
        assert_eq!(let_through(&limiter, (60_000..120_000).step_by(50)), 100);
    }

    #[test]
    fn who_waits_as_long_as_told_is_let_through_and_who_comes_a_moment_earlier_is_not() {
        let limiter = Limiter::new(rate(60, 60, 3), &Hands::default());
        assert_eq!(let_through(&limiter, [0, 0, 0].into_iter()), 3);
        let wait = limiter.check(at(250)).unwrap_err().wait;
        assert_eq!(wait, Duration::from_millis(750));
        assert!(limiter.check(at(999)).is_err());
        assert!(limiter.check(at(1_000)).is_ok());
    }

    #[test]
    fn what_is_left_counts_down_to_nothing() {
        let limiter = Limiter::new(rate(60, 60, 3), &Hands::default());
        let left: Vec<_> = (0..3).map(|_| limiter.check(at(0)).unwrap().requests).collect();
        assert_eq!(left, [2, 1, 0]);
    }

    #[test]
    fn to_look_spends_nothing_and_sees_what_came_back() {
        let limiter = Limiter::new(rate(60, 60, 3), &Hands::default());
        assert_eq!((limiter.look(at(0)).requests, limiter.look(at(0)).requests), (3, 3));
        assert_eq!(let_through(&limiter, [0, 0, 0].into_iter()), 3);
        let seen: Vec<_> = [0, 999, 1_000, 9_000].map(|millis| limiter.look(at(millis)).requests).into();
        assert_eq!(seen, [0, 0, 1, 3]);
    }

    #[test]
    fn a_clock_set_back_neither_locks_out_nor_hands_out() {
        let limiter = Limiter::new(rate(60, 60, 2), &Hands::default());
        assert_eq!(let_through(&limiter, [0, 0, 0].into_iter()), 2);
        let hour = 3_600_000;
        assert_eq!(let_through(&limiter, [-hour, -hour].into_iter()), 0, "set back: nothing is handed out");
        assert_eq!(let_through(&limiter, [1_000 - hour].into_iter()), 1, "a second later: one has come back");
    }

    #[test]
    fn times_that_come_a_little_out_of_order_hand_nothing_out() {
        let limiter = Limiter::new(rate(60, 60, 1), &Hands::default());
        assert_eq!(let_through(&limiter, std::iter::once(500)), 1);
        let jitter = (0..100).flat_map(|_| [0, 500]);
        assert_eq!(let_through(&limiter, jitter), 0);
        assert_eq!(let_through(&limiter, std::iter::once(1_500)), 1);
    }

    #[test]
    fn a_clock_set_to_the_end_of_time_does_not_break_the_count() {
        let limiter = Limiter::new(rate(1, 60, u32::MAX), &Hands::default());
        for time in [Timestamp::MIN, Timestamp::MAX, at(0), Timestamp::MAX] {
            assert!(limiter.check(time).is_ok());
        }
        let slow = Limiter::new(rate(1, u64::MAX, u32::MAX), &Hands::default());
        assert!(slow.check(at(0)).is_ok());
    }

    #[test]
    fn a_limiter_whose_rate_did_not_change_survives_and_a_new_rate_starts_anew() {
        let limiters = Limiters::new(&Hands::default());
        let slow = Some(rate(1, 60, 1));
        assert!(limiters.check(&"TT-1", slow, at(0)).is_ok());
        assert!(limiters.check(&"TT-1", slow, at(0)).is_err());
        limiters.retain(|key| *key == "TT-1");
        assert!(limiters.check(&"TT-1", slow, at(0)).is_err(), "a reload must not refill it");
        assert!(limiters.check(&"TT-1", Some(rate(2, 60, 1)), at(0)).is_ok());
    }

    #[test]
    fn keys_no_longer_configured_are_forgotten() {
        let limiters = Limiters::new(&Hands::default());
        for key in ["TT-1", "TT-2"] {
            assert!(limiters.check(&key, Some(rate(1, 60, 1)), at(0)).is_ok());
        }
        limiters.retain(|key| *key == "TT-2");
        assert_eq!(limiters.kept.lock().unwrap().keys().collect::<Vec<_>>(), [&"TT-2"]);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let limiters = Limiters::new(&Hands::default());
        assert!((0..1_000).all(|_| limiters.check(&(), None, at(0)) == Ok(None)));
    }
}
