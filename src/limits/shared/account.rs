//! One account of this node, as it deals with the store: one message at a time, so that each says what the one before it left.

use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::Mutex;
use tokio::sync::MutexGuard;

use crate::limits::Key;
use crate::limits::quota::Terms;
use crate::limits::quota::account::Counted;
use crate::limits::quota::account::Person;
use crate::policy::calendar::today;
use crate::policy::model;
use crate::policy::model::Rate;

use super::Shared;
use super::link::Lost;
use super::message;
use super::message::Answer;
use super::message::Ask;
use super::message::LIMIT_MAX;
use super::message::People;
use super::message::Requests;
use super::message::name;
use super::spare::Own;
use super::spare::Spare;

/// Seconds for which the store remembers a day behind its last message, whatever the nodes' clocks and zones.
const DAY_EXPIRES: u64 = 3 * 24 * 3_600;

/// The same for a month.
const MONTH_EXPIRES: u64 = 40 * 24 * 3_600;

/// One agency under one agreement.
#[derive(Debug)]
pub(in crate::limits) struct Account {
    pub(in crate::limits) key: Key,
    limits: model::Limits,
    zone: TimeZone,
    /// Whoever holds it deals with the store, for this account.
    spare: Arc<Mutex<Spare>>,
}

/// The quotas, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::limits) enum Quota {
    Daily,
    Monthly,
    People,
}

/// A node's turn to deal with the store, for one account. Others wait.
pub(in crate::limits) struct Turn<'a> {
    shared: &'a Shared,
    account: &'a Account,
    spare: MutexGuard<'a, Spare>,
}

impl Account {
    /// Goes on from what was kept under the terms before, if there were others.
    pub(super) fn new(key: Key, terms: &Terms<'_>, before: Option<&Self>) -> Self {
        let spare = before.map_or_else(Arc::default, |before| Arc::clone(&before.spare));
        Self { key, limits: terms.limits.clone(), zone: terms.zone.clone(), spare }
    }

    pub(super) fn has(&self, terms: &Terms<'_>) -> bool {
        self.limits == *terms.limits && self.zone == *terms.zone
    }

    pub(in crate::limits) fn limits(&self) -> &model::Limits {
        &self.limits
    }

    pub(in crate::limits) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the store calls it so.
    pub(in crate::limits) fn is(&self, name: &str) -> bool {
        message::account(&self.key) == name
    }

    /// Waits for the turn.
    pub(in crate::limits) async fn turn<'a>(&'a self, shared: &'a Shared) -> Turn<'a> {
        Turn { shared, account: self, spare: self.spare.lock().await }
    }

    /// The quotas that are set, in their order; `None` has no people's, which is asked apart.
    fn quotas(&self) -> impl Iterator<Item = (Quota, u64)> {
        let set = [(Quota::Daily, self.limits.daily), (Quota::Monthly, self.limits.monthly)];
        set.into_iter().filter_map(|(quota, limit)| Some((quota, limit?.min(LIMIT_MAX))))
    }
}

impl Turn<'_> {
    fn nodes(&self) -> NonZeroU32 {
        self.shared.settings.nodes
    }

    /// Begins a new day where it is one. `counts` are those before anything is asked for.
    pub(in crate::limits) fn begin(&mut self, counts: &Counted) {
        let began = today(&self.account.zone, self.shared.began);
        let own = Own { today: counts.today, month: counts.this_month };
        self.spare.turn_to(counts.day, began, &self.account.limits, self.shared.settings.nodes, own);
    }

    /// A message with what this node has counted, what is asked for now included.
    pub(in crate::limits) fn message(
        &mut self,
        spend: bool,
        rates: &[(String, Rate)],
        counts: &Counted,
        (asked, returned): (&[Person], &[Person]),
    ) -> Ask {
        let (nodes, account) = (self.nodes(), self.account);
        self.spare.today.lower(counts.today, nodes);
        self.spare.month.lower(counts.this_month, nodes);
        self.spare.people.lower(0, nodes);
        let mut ask = Ask::new(&account.key, spend);
        rates.iter().for_each(|(name, rate)| ask.rate(name, *rate));
        for (quota, limit) in account.quotas() {
            let (period, own, held, expires) = match quota {
                Quota::Monthly => {
                    let month = counts.day.strftime("%Y-%m").to_string();
                    (month, counts.this_month, self.spare.month, MONTH_EXPIRES)
                }
                _ => (counts.day.to_string(), counts.today, self.spare.today, DAY_EXPIRES),
            };
            ask.requests(&period, Requests { limit, own, cap: held.kept, expires });
        }
        if let Some(limit) = account.limits.subjects_per_day {
            let names = |people: &[Person]| people.iter().map(name).collect();
            let (asked, returned) = (names(asked), names(returned));
            let (limit, spare) = (limit.min(LIMIT_MAX), self.spare.people.kept);
            let people = People { limit, spare, expires: DAY_EXPIRES, asked, returned };
            ask.people(counts.day, people, &self.shared.settings.node);
        }
        ask
    }

    /// Sends it, and takes over what the store says of what is kept and left.
    pub(in crate::limits) async fn send(&mut self, ask: Ask, counts: &Counted) -> Result<Answer, Lost> {
        let answer = self.shared.send(ask).await?;
        if let Answer::Settled { requests, people, .. } = &answer {
            for ((quota, limit), (kept, granted)) in self.account.quotas().zip(requests) {
                let held = match quota {
                    Quota::Monthly => &mut self.spare.month,
                    _ => &mut self.spare.today,
                };
                (held.kept, held.left) = (*kept, Some(limit.saturating_sub(*granted)));
            }
            if let Some(((kept, there), limit)) = people.zip(self.account.limits.subjects_per_day) {
                let left = Some(limit.min(LIMIT_MAX).saturating_sub(there));
                (self.spare.people.kept, self.spare.people.left) = (kept, left);
            }
            self.spare.told = Some((counts.today, counts.this_month));
        }
        Ok(answer)
    }

    /// Whether the store knows of the requests that this node has counted.
    pub(in crate::limits) fn has_told(&self, counts: &Counted) -> bool {
        self.spare.told.is_none_or(|told| told == (counts.today, counts.this_month))
    }

    /// Takes from what is kept for this node, without asking: the first quota of which nothing is, if there is one.
    pub(in crate::limits) fn take(&mut self, counts: &Counted, people: usize) -> Result<(), Quota> {
        let limits = &self.account.limits;
        if limits.monthly.is_some() && counts.this_month > self.spare.month.kept {
            return Err(Quota::Monthly);
        }
        if limits.daily.is_some() && counts.today > self.spare.today.kept {
            return Err(Quota::Daily);
        }
        self.take_people(people)
    }

    /// The same of people alone.
    pub(in crate::limits) fn take_people(&mut self, people: usize) -> Result<(), Quota> {
        let people = u64::try_from(people).unwrap_or(u64::MAX);
        let kept = if self.account.limits.subjects_per_day.is_some() {
            &mut self.spare.people.kept
        } else {
            return Ok(());
        };
        *kept = kept.checked_sub(people).ok_or(Quota::People)?;
        Ok(())
    }

    /// What is left of each quota: for all nodes where the store says so, else what is kept for this one.
    pub(in crate::limits) fn left(&self, counts: &Counted) -> [(Quota, u64); 3] {
        let known = self.shared.is_known();
        let of = |held: super::spare::Held, own: u64| match held.left {
            Some(left) if known => left,
            _ => held.kept.saturating_sub(own),
        };
        [
            (Quota::Daily, of(self.spare.today, counts.today)),
            (Quota::Monthly, of(self.spare.month, counts.this_month)),
            (Quota::People, of(self.spare.people, 0)),
        ]
    }

    /// Which quota an answer means.
    pub(in crate::limits) fn quota(&self, which: usize) -> Quota {
        self.account.quotas().nth(which).map_or(Quota::People, |(quota, _)| quota)
    }
}
