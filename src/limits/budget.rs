//! How many refusals of one agency are written down one by one. Beyond it they are tallied, so that nobody can fill the disk by
//! knocking.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use crate::clock::Timestamp;
use crate::id::AgencyId;

/// The refusals of each agency in the current minute, and of all who are no agency together: whoever knocks with a certificate that
/// speaks for nobody spends nobody's budget.
///
/// Bounded: an agency is one of the registry, and [`RefusalBudget::retain`] drops those no longer in it.
#[derive(Debug)]
pub struct RefusalBudget {
    per_minute: AtomicU32,
    spent: Mutex<HashMap<Option<AgencyId>, Spent>>,
}

#[derive(Debug, Clone, Copy)]
struct Spent {
    minute: i64,
    refusals: u32,
}

/// How a refusal is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// By a record of its own, with a receipt.
    Recorded,
    /// Within a summary of its second.
    Tallied,
}

impl RefusalBudget {
    /// A budget of so many recorded refusals a minute for each agency.
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self { per_minute: AtomicU32::new(per_minute.get()), spent: Mutex::default() }
    }

    /// Spends one refusal of an agency, or of those who are none.
    #[must_use]
    pub fn spend(&self, agency: Option<&AgencyId>, now: Timestamp) -> Writing {
        let minute = now.as_second().div_euclid(60);
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let of = spent.entry(agency.cloned()).or_insert(Spent { minute, refusals: 0 });
        if of.minute != minute {
            *of = Spent { minute, refusals: 0 };
        }
        if of.refusals >= self.per_minute.load(Ordering::Relaxed) {
            return Writing::Tallied;
        }
        of.refusals += 1;
        Writing::Recorded
    }

    /// Takes another budget; what was spent of it stays spent.
    pub fn set(&self, per_minute: NonZeroU32) {
        self.per_minute.store(per_minute.get(), Ordering::Relaxed);
    }

    /// Forgets the agencies that are no longer in the registry.
    pub fn retain(&self, mut keep: impl FnMut(&AgencyId) -> bool) {
        self.spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|agency, _| agency.as_ref().is_none_or(&mut keep));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_040 + second).unwrap()
    }

    fn agency(id: &str) -> AgencyId {
        id.parse().unwrap()
    }

    #[test]
    fn beyond_the_budget_of_a_minute_refusals_are_tallied_and_other_agencies_are_still_recorded() {
        let budget = RefusalBudget::new(NonZeroU32::new(3).unwrap());
        let written: Vec<_> =
            (0..5).map(|second| budget.spend(Some(&agency("H31.07")), at(second))).collect();
        assert_eq!(written.iter().filter(|written| **written == Writing::Recorded).count(), 3);
        assert_eq!(written.last(), Some(&Writing::Tallied));
        assert_eq!(budget.spend(Some(&agency("H31.02")), at(5)), Writing::Recorded);
    }

    #[test]
    fn whoever_is_no_agency_spends_no_agencys_budget() {
        let budget = RefusalBudget::new(NonZeroU32::MIN);
        assert_eq!(budget.spend(None, at(0)), Writing::Recorded);
        assert_eq!(budget.spend(None, at(0)), Writing::Tallied);
        assert_eq!(budget.spend(Some(&agency("H31.02")), at(0)), Writing::Recorded);
    }

    #[test]
    fn a_new_minute_brings_a_new_budget() {
        let budget = RefusalBudget::new(NonZeroU32::MIN);
        assert_eq!(at(0).as_second() % 60, 0, "the test begins with a minute");
        assert_eq!(budget.spend(Some(&agency("H31.07")), at(0)), Writing::Recorded);
        assert_eq!(budget.spend(Some(&agency("H31.07")), at(59)), Writing::Tallied);
        assert_eq!(budget.spend(Some(&agency("H31.07")), at(60)), Writing::Recorded);
    }

    #[test]
    fn an_agency_no_longer_in_the_registry_is_forgotten() {
        let budget = RefusalBudget::new(NonZeroU32::MIN);
        let _ = budget.spend(Some(&agency("H31.07")), at(0));
        budget.retain(|_| false);
        assert!(budget.spent.lock().unwrap().is_empty());
    }
}
