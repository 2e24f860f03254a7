//! Refusals that are summed up: one entry per agency, reason and flush (every second), so that nobody fills the disk by knocking.
//!
//! What this holds is bounded: agencies are configured, reasons are a closed set.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::id::AgencyId;

use super::record::Record;

/// What was counted since the last flush.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<HashMap<(Option<AgencyId>, &'static str), Span>>);

#[derive(Debug, Clone, Copy)]
struct Span {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

/// One agency's refusals for one reason.
#[derive(Debug)]
pub struct Tally {
    /// Whose; none: nobody was recognized.
    pub agency: Option<AgencyId>,
    reason: &'static str,
    span: Span,
}

impl Tallies {
    /// Counts one.
    pub fn count(&self, agency: Option<&AgencyId>, reason: &'static str, now: Timestamp) {
        self.put_back(Tally {
            agency: agency.cloned(),
            reason,
            span: Span { count: 1, first: now, last: now },
        });
    }

    /// Takes all that was counted.
    pub fn take(&self) -> Vec<Tally> {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> =
            spans.drain().map(|((agency, reason), span)| Tally { agency, reason, span }).collect();
        all.sort_by(|a, b| (&a.agency, a.reason).cmp(&(&b.agency, b.reason)));
        all
    }

    /// Adds what could not be written to what is counted now.
    pub fn put_back(&self, tally: Tally) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let span = spans.entry((tally.agency, tally.reason)).or_insert(Span { count: 0, ..tally.span });
        span.count = span.count.saturating_add(tally.span.count);
        span.first = span.first.min(tally.span.first);
        span.last = span.last.max(tally.span.last);
    }
}

impl Tally {
    /// The entry that tells it.
    #[must_use]
    pub fn record(&self) -> Record {
        Record::Summary {
            unauthenticated: self.agency.is_none(),
            reason: self.reason,
            count: self.span.count,
            first: rfc3339_millis(self.span.first),
            last: rfc3339_millis(self.span.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_knocks_are_one_entry_and_none_is_lost_when_the_log_is_full() {
        let tallies = Tallies::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        (0..1_000).for_each(|second| tallies.count(None, "handshake", at(second)));
        let mut taken = tallies.take();
        assert_eq!(taken.len(), 1);
        tallies.put_back(taken.remove(0));
        tallies.count(None, "handshake", at(2_000));
        let [tally] = &tallies.take()[..] else { panic!("one tally") };
        assert_eq!((tally.span.count, tally.span.first, tally.span.last), (1_001, at(0), at(2_000)));
    }
}
