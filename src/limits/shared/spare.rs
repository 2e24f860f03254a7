//! What is kept for this node of one account's quotas: how far it may go without asking anybody.
//!
//! Invariant: what is kept here is never more than what the store has written down as kept for this node. It is made less here before the
//! store is told, and more only after the store has said so.

use std::num::NonZeroU32;

use jiff::civil::Date;

use crate::policy::model;

/// Of one account.
#[derive(Debug, Default)]
pub(super) struct Spare {
    day: Option<Date>,
    /// Up to where the requests of the day may go; of those this node has granted itself.
    pub(super) today: Held,
    /// The same of the month.
    pub(super) month: Held,
    /// How many more people it may take.
    pub(super) people: Held,
    /// What was told last of requests: today's, and the month's.
    pub(super) told: Option<(u64, u64)>,
}

/// Of one quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// What is kept.
    pub(super) kept: u64,
    /// What was left for all nodes together when the store last said so.
    pub(super) left: Option<u64>,
}

/// What a node has granted itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) today: u64,
    pub(super) month: u64,
}

impl Held {
    fn of(kept: u64) -> Self {
        Self { kept, left: None }
    }

    /// Gives back what is more than this node's part of what is left, beyond what it has granted.
    pub(super) fn lower(&mut self, own: u64, nodes: NonZeroU32) {
        if let Some(left) = self.left {
            self.kept = self.kept.min(own.saturating_add(left / (u64::from(nodes.get()) + 1)));
        }
    }
}

impl Spare {
    /// Begins a new day, or month, when it is one. Of a period that began in this process's time a node may grant its share before
    /// anybody has asked the store; of one that began before, only what the store says: nobody here knows what became of the share.
    pub(super) fn turn_to(
        &mut self,
        day: Date,
        began: Date,
        limits: &model::Limits,
        nodes: NonZeroU32,
        own: Own,
    ) {
        if self.day == Some(day) {
            return;
        }
        let share = |limit: Option<u64>| limit.unwrap_or_default() / u64::from(nodes.get());
        let is_new = day > began;
        self.today = Held::of(if is_new { share(limits.daily) } else { own.today });
        self.people = Held::of(if is_new { share(limits.subjects_per_day) } else { 0 });
        let month = |day: Date| (day.year(), day.month());
        if self.day.map(month) != Some(month(day)) {
            let is_new = month(day) > month(began);
            self.month = Held::of(if is_new { share(limits.monthly) } else { own.month });
        }
        (self.day, self.told) = (Some(day), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn of_a_day_that_begins_later_than_the_process_a_node_has_its_share_and_of_an_earlier_one_nothing_unasked()
     {
        let limits = model::Limits {
            daily: Some(101),
            monthly: Some(1_000),
            subjects_per_day: Some(9),
            ..Default::default()
        };
        let (mut spare, two) = (Spare::default(), NonZeroU32::new(2).unwrap());
        let own = Own { today: 7, month: 70 };
        spare.turn_to(day("2026-11-30"), day("2026-11-30"), &limits, two, own);
        assert_eq!((spare.today.kept, spare.month.kept, spare.people.kept), (7, 70, 0));
        spare.today.kept = 40;
        spare.turn_to(day("2026-11-30"), day("2026-11-30"), &limits, two, own);
        assert_eq!(spare.today.kept, 40, "the same day goes on");
        spare.turn_to(day("2026-12-01"), day("2026-11-30"), &limits, two, Own { today: 0, month: 0 });
        assert_eq!((spare.today.kept, spare.month.kept, spare.people.kept), (50, 500, 4));
    }

    #[test]
    fn a_node_keeps_its_part_of_what_is_left_and_never_takes_more_by_itself() {
        let three = NonZeroU32::new(3).unwrap();
        let mut held = Held { kept: 90, left: Some(40) };
        held.lower(50, three);
        assert_eq!(held.kept, 60);
        held.left = Some(400);
        held.lower(50, three);
        assert_eq!(held.kept, 60);
    }
}
