//! `Grant` becomes an [`Admission`], or a refusal that says when to come back.
//!
//! In this order: a slot for what is under way, rates, quotas. Rates are asked narrow before wide (agreement, agency, service,
//! gateway): whoever is over its own limit takes nothing from the others. What a wider limit refuses has spent a request of the
//! narrower ones, which only ever slows down the one who asks. Quotas come last and are given back when a later stage refuses.
//!
//! Everything is counted under configured names ([`Key`]), never under what a caller chose, so memory is bounded by the
//! policies. No file, no clock (the time is passed in), and no socket but that of the store, where several gateways share their limits
//! ([`shared`]).

pub mod buckets;
pub mod budget;
pub mod headers;
pub mod in_flight;
pub mod limiter;
pub mod overview;
pub mod quota;
pub mod refusal;
pub mod shared;
mod together;

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::id::AgreementId;
use crate::id::ServiceId;
use crate::policy::Grant;
use crate::policy::model;
use crate::policy::model::Rate;

use headers::Set;
use headers::Told;
use in_flight::Slot;
use in_flight::Slots;
use limiter::Exceeded;
use limiter::Hands;
use limiter::Lefts;
use limiter::Limiters;
use quota::Charge;
use quota::Quotas;
use quota::Terms;
use quota::account::Counted;
use quota::account::Person;
use quota::account::Standing;
use refusal::Refusal;
use refusal::Whose;
use shared::Shared;
use together::Together;

/// Requests under way at once of one agency under an agreement that sets no number. Each holds places in the log's queue, and its
/// answer in memory: without a number one agency could take them all. An agreement may set more.
const IN_FLIGHT_UNSET: u32 = 256;

/// Answers with receipts under way at once of one agency: those who collect them read one after the other.
const READINGS_MAX: u32 = 4;

/// Answers of the desk under way at once to one agency, those that wait for news of the log among them: some people, each with a window.
const VISITS_MAX: u32 = 8;

/// Requests of one agency at the desk. A mirror that takes tile after tile has a million entries in three minutes; and since readings are
/// recorded, this is also what one agency can make the log grow by.
const VISITS: Rate = Rate {
    requests: NonZeroU32::new(1_200).unwrap(),
    per: Duration::from_secs(60),
    burst: NonZeroU32::new(400).unwrap(),
};

/// Room has been made for this exchange: a slot is taken, and it is charged to its quotas. Only [`Limits::admit`] makes one.
///
/// ```
/// use phohien::limits::Admission;
/// fn take(admission: Admission) -> Admission { admission }
/// ```
///
/// ```compile_fail,E0451
/// use phohien::limits::Admission;
/// fn forge(given: Admission) -> Admission { Admission { told: Default::default(), ..given } }
/// ```
///
/// One admission is spent once:
///
/// ```compile_fail,E0382
/// use phohien::limits::Admission;
/// fn twice(given: Admission) -> (Admission, Admission) { (given, given) }
/// ```
#[derive(Debug)]
pub struct Admission {
    grant: Grant,
    slot: Slot,
    charge: Charge,
    told: Told,
    /// Where limits are shared.
    together: Option<Together>,
}

impl Admission {
    /// What was granted.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// What the caller is told of its limits.
    #[must_use]
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// Its charge.
    #[must_use]
    pub fn charge(&self) -> &Charge {
        &self.charge
    }

    /// Charges people whom a body names: all of them, or none.
    ///
    /// # Errors
    /// There may be no other person today.
    pub async fn people(&mut self, subjects: &[String], now: Timestamp) -> Result<(), Refusal> {
        match &self.together {
            Some(together) => together.people(&mut self.charge, subjects, now).await,
            None => subjects.iter().try_for_each(|subject| self.charge.person(subject, now)),
        }
    }

    /// The parts, for the stages that follow: the slot lives as long as the body, the charge until the outcome is committed.
    #[must_use]
    pub fn into_parts(self) -> (Grant, Slot, Charge, Told) {
        (self.grant, self.slot, self.charge, self.told)
    }
}

/// A grant that was not admitted, and why.
#[derive(Debug)]
pub struct Declined<R> {
    /// What was granted.
    pub grant: Grant,
    /// Why there is no room for it.
    pub reason: R,
    /// What the caller is told of its limits; `Retry-After` is [`Refusal::retry_after`].
    pub told: Told,
}

/// What a caller is told of its limits whom one of an agreement's refuses after it was admitted.
#[must_use]
pub fn told(limits: &model::Limits, refusal: &Refusal) -> Told {
    Told::refused(Set { limits, agency: None }, refusal)
}

/// What is counted: one agency under one agreement. An agreement with several consumers gives each its limits to itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The agreement.
    pub agreement: AgreementId,
    /// The agency that asks.
    pub agency: AgencyId,
    /// The service it asks.
    pub service: ServiceId,
}

impl Key {
    fn of(grant: &Grant) -> Self {
        Self {
            agreement: grant.agreement().id.clone(),
            agency: grant.peer().agency().id.clone(),
            service: grant.service().id.clone(),
        }
    }
}

/// The rates that no agreement can widen. What is not set is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps {
    /// Of each agency, over all its agreements.
    pub agency: Option<Rate>,
    /// Of each service, over all who ask it.
    pub service: Option<Rate>,
    /// Of this gateway.
    pub gateway: Option<Rate>,
}

/// All limits of a gateway. One for the life of the process: reloading changes it in place, so nothing is refilled.
#[derive(Debug)]
pub struct Limits {
    caps: Mutex<Caps>,
    slots: Slots<Key>,
    readings: Slots<AgencyId>,
    visits: Slots<AgencyId>,
    visitors: Limiters<AgencyId>,
    agreements: Limiters<Key>,
    agencies: Limiters<AgencyId>,
    services: Limiters<ServiceId>,
    gateway: Limiters<()>,
    quotas: Quotas<Key>,
    shared: Option<Arc<Shared>>,
}

impl Limits {
    /// Limits with nothing spent. People are told apart by hashes keyed with `secret`, and are the same people only under the same one.
    #[must_use]
    pub fn new(caps: Caps, secret: [u8; 32]) -> Self {
        let hands = Hands::default();
        Self {
            caps: Mutex::new(caps),
            slots: Slots::default(),
            readings: Slots::default(),
            visits: Slots::default(),
            visitors: Limiters::new(&hands),
            agreements: Limiters::new(&hands),
            agencies: Limiters::new(&hands),
            services: Limiters::new(&hands),
            gateway: Limiters::new(&hands),
            quotas: Quotas::new(secret),
            shared: None,
        }
    }

    /// The same limits, of several gateways together. The key of people is then the same for all of them.
    #[must_use]
    pub fn sharing(self, shared: Shared) -> Self {
        Self { quotas: self.quotas.telling(), shared: Some(Arc::new(shared)), ..self }
    }

    /// With whom they are shared, if they are.
    #[must_use]
    pub fn shared(&self) -> Option<&Shared> {
        self.shared.as_deref()
    }

    /// Makes room for an exchange.
    ///
    /// # Errors
    /// A limit is reached; the grant is handed back with the reason, for the record.
    pub async fn admit(&self, grant: Grant, now: Timestamp) -> Result<Admission, Box<Declined<Refusal>>> {
        let agreement = grant.agreement();
        let (key, terms) = (Key::of(&grant), Terms { limits: &agreement.limits, zone: &agreement.zone });
        let entered = match &self.shared {
            Some(shared) => self.enter_together(shared, &key, &terms, now, grant.subject()).await,
            None => self
                .enter(&key, &terms, now, grant.subject())
                .map(|(slot, charge, told)| (slot, charge, told, None)),
        };
        match entered {
            Ok((slot, charge, told, together)) => Ok(Admission { grant, slot, charge, told, together }),
            Err(reason) => {
                let told = Told::refused(self.set(&agreement.limits), &reason);
                Err(Box::new(Declined { grant, reason, told }))
            }
        }
    }

    /// Makes room for an agency to read its receipts. No agreement limits that, and each answer is up to a megabyte that was read
    /// from the disk: it is held until the caller has taken it.
    ///
    /// # Errors
    /// The agency reads as many as it may at once.
    pub fn read_receipts(&self, agency: &AgencyId) -> Result<Slot, Refusal> {
        self.readings.take(agency, READINGS_MAX).map_err(|limit| Refusal::InFlight { limit })
    }

    /// Makes room for one answer of the desk. No agreement limits what an auditor reads.
    ///
    /// Bounded: whoever is counted here is registered.
    ///
    /// # Errors
    /// The agency has as many under way as it may, or asks too often.
    pub fn visit(&self, agency: &AgencyId, now: Timestamp) -> Result<Slot, Refusal> {
        let slot = self.visits.take(agency, VISITS_MAX).map_err(|limit| Refusal::InFlight { limit })?;
        let spent = self.visitors.check(agency, Some(VISITS), now);
        spent.map_err(|Exceeded { rate, wait }| Refusal::Rate { whose: Whose::Agency, rate, wait })?;
        Ok(slot)
    }

    /// Takes over changed caps, and forgets what is no longer configured. What did not change stays as full or as empty as it is.
    pub fn reload(&self, caps: Caps, configured: &HashSet<Key>) {
        *self.caps.lock().unwrap_or_else(PoisonError::into_inner) = caps;
        let agencies: HashSet<_> = configured.iter().map(|key| &key.agency).collect();
        let services: HashSet<_> = configured.iter().map(|key| &key.service).collect();
        self.slots.retain(|key| configured.contains(key));
        self.readings.retain(|agency| agencies.contains(agency));
        self.agreements.retain(|key| configured.contains(key));
        self.agencies.retain(|key| agencies.contains(key));
        self.services.retain(|key| services.contains(key));
        self.quotas.retain(|key| configured.contains(key));
        self.shared.iter().for_each(|shared| shared.retain(|key| configured.contains(key)));
    }

    /// Goes on from what the log says was charged before this process began. Once for each key, before anything is admitted.
    pub fn restore(&self, key: &Key, counted: Counted) {
        self.quotas.restore(key, counted);
    }

    /// The same of the people who were counted on a day: as often as something is found.
    pub fn restore_people(&self, key: &Key, day: Date, people: impl IntoIterator<Item = Person>) {
        self.quotas.restore_people(key, day, people);
    }

    /// The people of every account that remembers some, with their day: those of exchanges under way, too.
    #[must_use]
    pub fn people(&self) -> Vec<(Key, Date, Vec<Person>)> {
        self.quotas.people()
    }

    /// What is left of the quotas of one agency under one agreement.
    #[must_use]
    pub fn standing(&self, key: &Key, limits: &model::Limits, zone: &TimeZone, now: Timestamp) -> Standing {
        self.quotas.standing(key, &Terms { limits, zone }, now)
    }

    fn enter(
        &self,
        key: &Key,
        terms: &Terms<'_>,
        now: Timestamp,
        subject: Option<&str>,
    ) -> Result<(Slot, Charge, Told), Refusal> {
        let slot = self.slot(key, terms.limits)?;
        let left = self.within_rates(key, terms.limits.rate, now, |rate| rate)?;
        let charge = self.quotas.charge(key, terms, now, subject)?;
        let standing = self.quotas.standing(key, terms, now);
        Ok((slot, charge, Told::admitted(self.set(terms.limits), left, &standing)))
    }

    fn slot(&self, key: &Key, limits: &model::Limits) -> Result<Slot, Refusal> {
        let at_once = limits.in_flight.unwrap_or(IN_FLIGHT_UNSET);
        self.slots.take(key, at_once).map_err(|limit| Refusal::InFlight { limit })
    }

    fn set<'a>(&self, limits: &'a model::Limits) -> Set<'a> {
        Set { limits, agency: self.caps().agency }
    }

    fn caps(&self) -> Caps {
        *self.caps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spends one request of every rate, or of this gateway's `part` of it.
    ///
    /// Invariant: narrow before wide. Nobody's refusal by its own limit costs anybody else a request.
    fn within_rates(
        &self,
        key: &Key,
        rate: Option<Rate>,
        now: Timestamp,
        part: impl Fn(Rate) -> Rate,
    ) -> Result<Lefts, Refusal> {
        let caps = self.caps();
        let refused = |whose| move |Exceeded { rate, wait }| Refusal::Rate { whose, rate, wait };
        let (rate, cap) = (rate.map(&part), |cap: Option<Rate>| cap.map(&part));
        let agreement = self.agreements.check(key, rate, now).map_err(refused(Whose::Agreement))?;
        let agency =
            self.agencies.check(&key.agency, cap(caps.agency), now).map_err(refused(Whose::Agency))?;
        self.services.check(&key.service, cap(caps.service), now).map_err(refused(Whose::Service))?;
        self.gateway.check(&(), cap(caps.gateway), now).map_err(refused(Whose::Gateway))?;
        Ok(Lefts { agreement, agency })
    }
}

#[cfg(test)]
mod tests;
