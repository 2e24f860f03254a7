//! One account: the counts of one day, of the month around it, and of the people asked about that day.

use std::collections::HashMap;
use std::collections::HashSet;
use std::time::Duration;

use jiff::ZonedDateTime;
use jiff::civil::Date;

use crate::policy::model;

use super::super::refusal::Refusal;
use super::super::refusal::Renewal;
use super::PEOPLE_MAX;

/// The bytes kept of a person's keyed hash. Sixteen make a chance meeting of two people of one day less likely than 10^-27.
pub const PERSON_BYTES: usize = 16;

/// A person as counted: a keyed hash. What the gateway holds in memory for this names nobody.
pub type Person = [u8; PERSON_BYTES];

/// What was counted of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The last day on which something was.
    pub day: Date,
    /// Requests on that day.
    pub today: u64,
    /// Requests in its month.
    pub this_month: u64,
}

/// What is left of each quota that is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Requests today.
    pub daily: Option<Remaining>,
    /// Requests this month.
    pub monthly: Option<Remaining>,
    /// Different people today.
    pub people: Option<Remaining>,
}

/// What is left of one quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// The quota.
    pub limit: u64,
    /// What is left of it.
    pub left: u64,
    /// When it begins anew.
    pub renews: Renewal,
}

impl Counted {
    /// What was counted before the last request was.
    #[must_use]
    pub fn before_one(self) -> Self {
        let Self { day, today, this_month } = self;
        Self { day, today: today.saturating_sub(1), this_month: this_month.saturating_sub(1) }
    }
}

/// The counts of one key, of one day and of the month around it.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) day: Date,
    today: u64,
    this_month: u64,
    /// Each person of today, and how many charges name them: a charge given back must not take away another's.
    pub(super) people: HashMap<Person, u32>,
    /// Those of today who were given back, where somebody else has yet to be told of it.
    pub(super) returned: Option<HashSet<Person>>,
}

impl Account {
    /// Nothing is counted yet; whoever `tells` remembers who was given back.
    pub(super) fn new(tells: bool) -> Self {
        Self { returned: tells.then(HashSet::new), ..Self::default() }
    }

    /// Begins a new day, and month, when it is one.
    ///
    /// A request from just before midnight that comes here just after it is counted on the new day: turning back for it would
    /// hand out both days again. A clock set back by more than that is believed.
    pub(super) fn turn_to(&mut self, day: Date) {
        let just_before = day.tomorrow().ok() == Some(self.day);
        if day == self.day || just_before {
            return;
        }
        if month(day) != month(self.day) {
            self.this_month = 0;
        }
        self.today = 0;
        self.people.clear();
        self.returned.iter_mut().for_each(HashSet::clear);
        self.day = day;
    }

    /// Goes on from there: nothing was counted here yet.
    pub(super) fn restore(&mut self, Counted { day, today, this_month }: Counted) {
        (self.day, self.today, self.this_month) = (day, today, this_month);
    }

    /// Goes on from these people. Who was counted stays counted, whatever of it might have been given back.
    pub(super) fn restore_people(&mut self, day: Date, people: impl IntoIterator<Item = Person>) {
        if day < self.day {
            return;
        }
        self.turn_to(day);
        for person in people {
            if self.people_counted() < PEOPLE_MAX {
                *self.people.entry(person).or_default() += 1;
            }
        }
    }

    pub(super) fn within(&self, limits: &model::Limits, today: &ZonedDateTime) -> Result<(), Refusal> {
        match (limits.daily, limits.monthly) {
            (_, Some(limit)) if self.this_month >= limit => {
                Err(Refusal::MonthlyQuota { limit, renews: next_month(today) })
            }
            (Some(limit), _) if self.today >= limit => {
                Err(Refusal::DailyQuota { limit, renews: next_day(today) })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn counted(&self) -> Counted {
        Counted { day: self.day, today: self.today, this_month: self.this_month }
    }

    pub(super) fn count(&mut self) {
        self.today += 1;
        self.this_month += 1;
    }

    pub(super) fn people_counted(&self) -> u64 {
        u64::try_from(self.people.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn give_back(&mut self, day: Date) {
        if day == self.day {
            self.today = self.today.saturating_sub(1);
        }
        if month(day) == month(self.day) {
            self.this_month = self.this_month.saturating_sub(1);
        }
    }

    pub(super) fn give_back_person(&mut self, day: Date, person: &Person) {
        if day != self.day {
            return;
        }
        if let Some(charges) = self.people.get_mut(person) {
            *charges = charges.saturating_sub(1);
            if *charges == 0 {
                self.people.remove(person);
                self.returned.iter_mut().for_each(|returned| _ = returned.insert(*person));
            }
        }
    }

    pub(super) fn standing(&self, limits: &model::Limits, today: &ZonedDateTime) -> Standing {
        let remaining = |limit: Option<u64>, used: u64, renews: Renewal| {
            limit.map(|limit| Remaining { limit, left: limit.saturating_sub(used), renews })
        };
        let people = limits.subjects_per_day.map(|limit| limit.min(PEOPLE_MAX));
        Standing {
            daily: remaining(limits.daily, self.today, next_day(today)),
            monthly: remaining(limits.monthly, self.this_month, next_month(today)),
            people: remaining(people, self.people_counted(), next_day(today)),
        }
    }
}

fn month(day: Date) -> (i16, i8) {
    (day.year(), day.month())
}

pub(in crate::limits) fn next_day(today: &ZonedDateTime) -> Renewal {
    renewal(today, today.date())
}

pub(in crate::limits) fn next_month(today: &ZonedDateTime) -> Renewal {
    renewal(today, today.date().last_of_month())
}

/// The first moment after `last`, which in some zones and years is not midnight.
fn renewal(today: &ZonedDateTime, last: Date) -> Renewal {
    let first = last.tomorrow().and_then(|next| next.to_zoned_datetime(today.time_zone().clone()));
    // Only the last day of the calendar (year 9999) has no next.
    let at = first.and_then(|next| next.start_of_day()).unwrap_or_else(|_| today.clone());
    let wait = Duration::try_from(at.duration_since(today)).unwrap_or(Duration::ZERO);
    Renewal { at, wait }
}
