//! Time is passed in, never read: whoever decides by it takes a [`Clock`] or a [`Timestamp`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub use jiff::Timestamp;

/// Where a stage learns what time it is. Cheap to clone; clones agree.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { ahead_millis: i64 },
    Hand(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's own clock (UTC).
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System { ahead_millis: 0 })
    }

    /// A clock that shows `shown` now and runs on from there. Only the demonstration sets one.
    #[must_use]
    pub fn set_to(shown: Timestamp) -> Self {
        Self(Source::System { ahead_millis: shown.as_millisecond() - system_millis() })
    }

    /// A clock that stands still until [`Clock::advance`] moves it: for tests.
    #[must_use]
    pub fn by_hand(start: Timestamp) -> Self {
        Self(Source::Hand(Arc::new(AtomicI64::new(start.as_millisecond()))))
    }

    /// Moves a clock made by [`Clock::by_hand`] (and its clones); a running clock is left as it is.
    pub fn advance(&self, by: std::time::Duration) {
        if let Source::Hand(millis) = &self.0 {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// The time, in UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let millis = match &self.0 {
            Source::System { ahead_millis } => system_millis().saturating_add(*ahead_millis),
            Source::Hand(millis) => millis.load(Ordering::SeqCst),
        };
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// Whether this clock was set apart from the machine's.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !matches!(self.0, Source::System { ahead_millis: 0 })
    }
}

/// The time as log entries write it: RFC 3339, UTC, milliseconds, such as `2026-11-23T02:30:00.000Z`.
#[must_use]
pub fn rfc3339_millis(time: Timestamp) -> String {
    format!("{time:.3}")
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
fn system_millis() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_by_hand_moves_only_when_told_and_its_clones_with_it() {
        let clock = Clock::by_hand(Timestamp::from_second(1_000).unwrap());
        let clone = clock.clone();
        clock.advance(std::time::Duration::from_millis(1_500));
        assert_eq!(clone.now().as_millisecond(), 1_001_500);
    }

    #[test]
    fn log_time_has_milliseconds_even_when_they_are_zero() {
        assert_eq!(rfc3339_millis(Timestamp::from_second(0).unwrap()), "1970-01-01T00:00:00.000Z");
    }
}
