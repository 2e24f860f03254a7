//! Admission where several gateways share their limits: the same steps, of which rates and quotas are one question to the store.
//!
//! Whatever is charged is charged here first, as if this were the only gateway: what the store is told is what this node has counted, not
//! what it asks for. A charge that the store refuses is given back before the next request of that account has its turn.

use std::sync::Arc;
use std::time::Duration;

use jiff::ZonedDateTime;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::policy::model;
use crate::policy::model::Rate;

use super::Key;
use super::Limits;
use super::headers::Told;
use super::in_flight::Slot;
use super::limiter::Left;
use super::limiter::Lefts;
use super::quota::Charge;
use super::quota::Terms;
use super::quota::account;
use super::quota::account::Counted;
use super::quota::account::Person;
use super::quota::account::Remaining;
use super::quota::account::Standing;
use super::refusal::Refusal;
use super::refusal::Renewal;
use super::refusal::Whose;
use super::shared::Reach;
use super::shared::Shared;
use super::shared::account::Account;
use super::shared::account::Quota;
use super::shared::account::Turn;
use super::shared::link::Lost;
use super::shared::message::Answer;

/// When to ask again for what is kept for other nodes: they give back what they do not need once a second.
const KEPT_WAIT: Duration = Duration::from_secs(2);

/// When to ask again while the store is lost and this node's share is used up.
const LOST_WAIT: Duration = Duration::from_secs(5);

/// People told in one message.
const PEOPLE_AT_ONCE: usize = 500;

/// A rate that is asked, whose it is, and its name in the store.
type Asked = (Whose, Rate, String);

/// The account that an admission goes on dealing with.
#[derive(Debug)]
pub(super) struct Together {
    shared: Arc<Shared>,
    account: Arc<Account>,
}

impl Limits {
    /// Makes room for an exchange under limits that are shared.
    pub(super) async fn enter_together(
        &self,
        shared: &Arc<Shared>,
        key: &Key,
        terms: &Terms<'_>,
        now: Timestamp,
        subject: Option<&str>,
    ) -> Result<(Slot, Charge, Told, Option<Together>), Refusal> {
        let slot = self.slot(key, terms.limits)?;
        let account = shared.account(key, terms);
        let mut turn = account.turn(shared).await;
        // Dropped before the turn is over, if it is refused.
        let charge = self.quotas.charge(key, terms, now, subject)?;
        turn.begin(&charge.counts().before_one());
        let lefts = self.settle(&mut turn, shared, key, terms, now, &charge).await?;
        let left = standing(&turn, terms, now, charge.counts());
        let told = Told::admitted(self.set(terms.limits), lefts, &left);
        drop(turn);
        Ok((slot, charge, told, Some(Together { shared: Arc::clone(shared), account })))
    }

    async fn settle(
        &self,
        turn: &mut Turn<'_>,
        shared: &Shared,
        key: &Key,
        terms: &Terms<'_>,
        now: Timestamp,
        charge: &Charge,
    ) -> Result<Lefts, Refusal> {
        let asked = self.rates(key, terms.limits.rate);
        let rates: Vec<(String, Rate)> = asked.iter().map(|(_, rate, name)| (name.clone(), *rate)).collect();
        match ask(turn, shared, &rates, charge, charge.fresh()).await {
            Some(Answer::Settled { rates, .. }) => return Ok(lefts(&asked, &rates)),
            Some(Answer::Exceeded(which, wait)) => {
                let exceeded = asked.get(which).map(|(whose, rate, _)| (*whose, *rate));
                let (whose, rate) =
                    exceeded.ok_or_else(|| refused(Quota::Daily, terms, now, Some(LOST_WAIT)))?;
                return Err(Refusal::Rate { whose, rate, wait });
            }
            Some(answer) => return Err(refused_by(turn, &answer, terms, now)),
            None => {}
        }
        let lefts = self.within_rates(key, terms.limits.rate, now, |rate| shared.part(rate))?;
        let taken = turn.take(&charge.counts(), charge.fresh().len());
        taken.map_err(|quota| refused(quota, terms, now, Some(LOST_WAIT)))?;
        Ok(lefts)
    }

    /// What is left, for all nodes where the store is in reach.
    pub(super) async fn look_together(
        &self,
        shared: &Shared,
        key: &Key,
        terms: &Terms<'_>,
        now: Timestamp,
    ) -> (Option<Left>, Standing) {
        let account = shared.account(key, terms);
        if shared.is_known()
            && let Err(lost) = self.tell(shared, &account, now, false).await
        {
            shared.lose(&lost);
        }
        let rate =
            self.rates(key, terms.limits.rate).into_iter().find(|(whose, ..)| *whose == Whose::Agreement);
        let asked = rate.map(|(_, rate, name)| (name, rate));
        let left = match asked {
            None => None,
            Some((name, rate)) => match shared.look(&[(name, rate)]).await.as_deref() {
                Some([requests]) => Some(Left { rate, requests: *requests }),
                _ => self.agreements.look(key, Some(shared.part(rate)), now),
            },
        };
        let mut turn = account.turn(shared).await;
        let counts = self.quotas.counts(key, terms.zone, now);
        turn.begin(&counts);
        (left, standing(&turn, terms, now, counts))
    }

    pub(super) async fn look_at_agency(
        &self,
        shared: &Shared,
        agency: &AgencyId,
        rate: Rate,
        now: Timestamp,
    ) -> Option<Left> {
        match shared.look(&[(agency_rate(agency), rate)]).await.as_deref() {
            Some([requests]) => Some(Left { rate, requests: *requests }),
            _ => self.agencies.look(agency, Some(shared.part(rate)), now),
        }
    }

    /// The rates that are set, from the narrow to the wide.
    fn rates(&self, key: &Key, rate: Option<Rate>) -> Vec<Asked> {
        let caps = self.caps();
        let all = [
            (Whose::Agreement, rate, format!("agreement:{}:{}", key.agreement, key.agency)),
            (Whose::Agency, caps.agency, agency_rate(&key.agency)),
            (Whose::Service, caps.service, format!("service:{}", key.service)),
            (Whose::Gateway, caps.gateway, "gateway".to_owned()),
        ];
        all.into_iter().filter_map(|(whose, rate, name)| Some((whose, rate?, name))).collect()
    }

    /// Says that there is such an account, so that the store is told of it, and something of it kept for this node, before anybody asks.
    pub fn know(&self, key: &Key, limits: &model::Limits, zone: &TimeZone) {
        let counted = limits.daily.is_some() || limits.monthly.is_some() || limits.subjects_per_day.is_some();
        if let Some(shared) = self.shared.as_ref().filter(|_| counted) {
            shared.account(key, &Terms { limits, zone });
        }
    }

    /// Tells the store what has changed and what others wait for; or, where it was lost, finds it again. Once a second. Nothing where
    /// limits are not shared.
    pub async fn keep_in_touch(&self, now: Timestamp) {
        let Some(shared) = &self.shared else { return };
        let done =
            if shared.is_known() { self.tell_on(shared, now).await } else { self.join(shared, now).await };
        match done {
            Ok(()) => shared.set(Reach::Known),
            Err(lost) => shared.lose(&lost),
        }
    }

    /// Everything this node knows, before it counts as one that has told it; then once more, since only then anything is free.
    async fn join(&self, shared: &Shared, now: Timestamp) -> Result<(), Lost> {
        shared.connect().await?;
        for everybody in [true, false] {
            for account in shared.accounts() {
                self.tell(shared, &account, now, everybody).await?;
            }
            if everybody {
                shared.join().await?;
            }
        }
        Ok(())
    }

    async fn tell_on(&self, shared: &Shared, now: Timestamp) -> Result<(), Lost> {
        let wanted = shared.wanted().await?;
        for account in shared.accounts() {
            let is_wanted = wanted.iter().any(|name| account.is(name));
            let counts = self.quotas.counts(&account.key, account.zone(), now);
            let has_told = account.turn(shared).await.has_told(&counts);
            if is_wanted || !has_told || !self.quotas.returned(&account.key).is_empty() {
                self.tell(shared, &account, now, false).await?;
            }
            if is_wanted {
                // The first answer said what is left, and so how much of it may be kept here.
                self.tell(shared, &account, now, false).await?;
            }
        }
        Ok(())
    }

    async fn tell(
        &self,
        shared: &Shared,
        account: &Account,
        now: Timestamp,
        everybody: bool,
    ) -> Result<(), Lost> {
        let mut turn = account.turn(shared).await;
        let counts = self.quotas.counts(&account.key, account.zone(), now);
        turn.begin(&counts);
        let mut people = if everybody { self.quotas.people_of(&account.key) } else { Vec::new() };
        let returned = self.quotas.returned(&account.key);
        loop {
            let rest = people.split_off(people.len().min(PEOPLE_AT_ONCE));
            let message = turn.message(false, &[], &counts, (&people, &returned));
            if message.is_empty() {
                return Ok(());
            }
            let Answer::Settled { .. } = turn.send(message, &counts).await? else {
                return Err(Lost::Other("it refuses what it is only told".to_owned()));
            };
            self.quotas.forget_returned(&account.key, &returned);
            people = rest;
            if people.is_empty() {
                return Ok(());
            }
        }
    }
}

impl Together {
    /// Charges people whom a body names: all of them, or none.
    pub(super) async fn people(
        &self,
        charge: &mut Charge,
        subjects: &[String],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut turn = self.account.turn(&self.shared).await;
        let fresh = charge.unknown(subjects, now);
        turn.begin(&charge.counts());
        if !fresh.is_empty() {
            self.settle_people(&mut turn, charge, &fresh, now).await?;
        }
        // Only now: whoever stops waiting for the store leaves people whom it counts, and nobody who is known here and not there.
        subjects.iter().try_for_each(|subject| charge.person(subject, now))
    }

    async fn settle_people(
        &self,
        turn: &mut Turn<'_>,
        charge: &Charge,
        fresh: &[Person],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let terms = Terms { limits: self.account.limits(), zone: self.account.zone() };
        match ask(turn, &self.shared, &[], charge, fresh).await {
            Some(Answer::Settled { .. }) => Ok(()),
            Some(answer) => Err(refused_by(turn, &answer, &terms, now)),
            None => {
                turn.take_people(fresh.len()).map_err(|quota| refused(quota, &terms, now, Some(LOST_WAIT)))
            }
        }
    }
}

/// Asks the store, where it is in reach; nothing where it is not, or is lost by this.
async fn ask(
    turn: &mut Turn<'_>,
    shared: &Shared,
    rates: &[(String, Rate)],
    charge: &Charge,
    fresh: &[Person],
) -> Option<Answer> {
    if !shared.is_known() {
        return None;
    }
    let (counts, returned) = (charge.counts(), charge.returned());
    let message = turn.message(true, rates, &counts, (fresh, &returned));
    if message.is_empty() {
        return Some(Answer::Settled { rates: Vec::new(), requests: Vec::new(), people: None });
    }
    match turn.send(message, &counts).await {
        Ok(answer) => {
            if matches!(answer, Answer::Settled { .. }) {
                charge.forget_returned(&returned);
            }
            Some(answer)
        }
        Err(lost) => {
            shared.lose(&lost);
            None
        }
    }
}

fn agency_rate(agency: &AgencyId) -> String {
    format!("agency:{agency}")
}

fn lefts(asked: &[Asked], left: &[u32]) -> Lefts {
    let of = |wanted: Whose| {
        let mut both = asked.iter().zip(left);
        both.find(|((whose, ..), _)| *whose == wanted)
            .map(|((_, rate, _), left)| Left { rate: *rate, requests: *left })
    };
    Lefts { agreement: of(Whose::Agreement), agency: of(Whose::Agency) }
}

fn refused_by(turn: &Turn<'_>, answer: &Answer, terms: &Terms<'_>, now: Timestamp) -> Refusal {
    match answer {
        Answer::UsedUp(which) => refused(turn.quota(*which), terms, now, None),
        Answer::Kept(which) => refused(turn.quota(*which), terms, now, Some(KEPT_WAIT)),
        // No other answer is left by whoever asks.
        _ => refused(Quota::Daily, terms, now, Some(LOST_WAIT)),
    }
}

/// A quota of which there is nothing; for now, if more of it may be free in a moment.
fn refused(quota: Quota, terms: &Terms<'_>, now: Timestamp, soon: Option<Duration>) -> Refusal {
    let today = now.to_zoned_datetime(terms.zone.clone());
    let renews = |late: fn(&ZonedDateTime) -> Renewal| match soon {
        Some(wait) => Renewal { at: today.checked_add(wait).unwrap_or_else(|_| today.clone()), wait },
        None => late(&today),
    };
    let limit = |limit: Option<u64>| limit.unwrap_or_default();
    match quota {
        Quota::Daily => {
            Refusal::DailyQuota { limit: limit(terms.limits.daily), renews: renews(account::next_day) }
        }
        Quota::Monthly => {
            Refusal::MonthlyQuota { limit: limit(terms.limits.monthly), renews: renews(account::next_month) }
        }
        Quota::People => Refusal::PeopleQuota {
            limit: limit(terms.limits.subjects_per_day),
            renews: renews(account::next_day),
        },
    }
}

/// What is left for all, as the store says; while it is lost, what is kept for this node.
fn standing(turn: &Turn<'_>, terms: &Terms<'_>, now: Timestamp, counts: Counted) -> Standing {
    let today = now.to_zoned_datetime(terms.zone.clone());
    let mut standing = Standing::default();
    for (quota, left) in turn.left(&counts) {
        let (place, limit, renews) = match quota {
            Quota::Daily => (&mut standing.daily, terms.limits.daily, account::next_day(&today)),
            Quota::Monthly => (&mut standing.monthly, terms.limits.monthly, account::next_month(&today)),
            Quota::People => (&mut standing.people, terms.limits.subjects_per_day, account::next_day(&today)),
        };
        *place = limit.map(|limit| Remaining { limit, left, renews });
    }
    standing
}
