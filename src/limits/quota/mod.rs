//! Quotas by the calendar of the agreement's own zone: requests a day, requests a month, different people a day. What a later
//! stage refuses is given back.
//!
//! **What counts.** An exchange counts towards its quotas if, and only if, its charge is kept ([`Charge::keep`]): that is when its
//! outcome is committed as a release. Refusals and failures are given back, also those after a platform was asked, and so is what a stop
//! interrupts: nobody was told anything. Whoever keeps a charge writes [`Charge::day`] into the leaf (`charged`) and [`Charge::people`]
//! into the annex (`people`): a start finds there what it has to count on from, neither more nor less.

pub mod account;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::crypto::digest::hmac_sha256;
use crate::policy::model;

use super::refusal::Refusal;

use account::Account;
use account::Counted;
use account::PERSON_BYTES;
use account::Person;
use account::Standing;
use account::next_day;

/// The most different people remembered a day for one agency under one agreement: about 12 MB. A quota above it acts as this
/// one, so that no agreement can make the gateway hold more; `policy` refuses such a quota when it loads.
pub const PEOPLE_MAX: u64 = 250_000;

/// The accounts, one to a configured key, opened at first use.
///
/// Bounded: a key is a configured name, [`Quotas::retain`] closes those no longer configured, and an account remembers at most
/// [`PEOPLE_MAX`] people.
pub(super) struct Quotas<K> {
    secret: Arc<[u8; 32]>,
    /// Whether somebody else is told of who was given back.
    tells: bool,
    accounts: Mutex<HashMap<K, Shared>>,
}

type Shared = Arc<Mutex<Account>>;

impl<K> std::fmt::Debug for Quotas<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Quotas(..)")
    }
}

impl<K: Hash + Eq + Clone> Quotas<K> {
    /// No accounts yet. People are told apart by hashes keyed with `secret`.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret: Arc::new(secret), tells: false, accounts: Mutex::default() }
    }

    /// Remembers who was given back until that was told.
    pub(super) fn telling(self) -> Self {
        Self { tells: true, ..self }
    }

    /// Charges one request, and the person it asks about where that is known already.
    pub(super) fn charge(
        &self,
        key: &K,
        terms: &Terms<'_>,
        now: Timestamp,
        subject: Option<&str>,
    ) -> Result<Charge, Refusal> {
        let account = self.account(key);
        let today = now.to_zoned_datetime(terms.zone.clone());
        let day = {
            let mut account = lock(&account);
            account.turn_to(today.date());
            account.within(terms.limits, &today)?;
            account.count();
            account.day
        };
        let mut charge = Charge {
            account,
            secret: Arc::clone(&self.secret),
            zone: terms.zone.clone(),
            people_limit: terms.limits.subjects_per_day,
            day,
            people: BTreeSet::new(),
            fresh: Vec::new(),
            kept: false,
        };
        // Over the quota of people the charge is dropped here, and the request given back with it.
        subject.map_or(Ok(()), |subject| charge.person(subject, now))?;
        Ok(charge)
    }

    /// Goes on from what was counted before this process began.
    pub(super) fn restore(&self, key: &K, counted: Counted) {
        lock(&self.account(key)).restore(counted);
    }

    /// Goes on from the people who were counted before this process began, if `day` is the account's, or later.
    pub(super) fn restore_people(&self, key: &K, day: Date, people: impl IntoIterator<Item = Person>) {
        lock(&self.account(key)).restore_people(day, people);
    }

    /// The people of every account that remembers some, with their day.
    pub(super) fn people(&self) -> Vec<(K, Date, Vec<Person>)> {
        let accounts: Vec<_> =
            lock(&self.accounts).iter().map(|(key, account)| (key.clone(), Arc::clone(account))).collect();
        let told = accounts.into_iter().map(|(key, account)| {
            let account = lock(&account);
            (key, account.day, account.people.keys().copied().collect::<Vec<_>>())
        });
        told.filter(|(_, _, people)| !people.is_empty()).collect()
    }

    /// What was counted of a key.
    pub(super) fn counts(&self, key: &K, zone: &TimeZone, now: Timestamp) -> Counted {
        let account = self.account(key);
        let mut account = lock(&account);
        account.turn_to(now.to_zoned_datetime(zone.clone()).date());
        account.counted()
    }

    /// The people of a key.
    pub(super) fn people_of(&self, key: &K) -> Vec<Person> {
        lock(&self.account(key)).people.keys().copied().collect()
    }

    /// Those of a key who were given back, and of whom that is not told yet.
    pub(super) fn returned(&self, key: &K) -> Vec<Person> {
        lock(&self.account(key)).returned.iter().flatten().copied().collect()
    }

    /// Notes that it was told.
    pub(super) fn forget_returned(&self, key: &K, told: &[Person]) {
        forget_returned(&mut lock(&self.account(key)), told);
    }

    /// What is left, without charging anything.
    pub(super) fn standing(&self, key: &K, terms: &Terms<'_>, now: Timestamp) -> Standing {
        let account = self.account(key);
        let today = now.to_zoned_datetime(terms.zone.clone());
        let mut account = lock(&account);
        account.turn_to(today.date());
        account.standing(terms.limits, &today)
    }

    /// Closes the accounts of other keys.
    pub(super) fn retain(&self, mut keep: impl FnMut(&K) -> bool) {
        lock(&self.accounts).retain(|key, _| keep(key));
    }

    fn account(&self, key: &K) -> Shared {
        let mut accounts = lock(&self.accounts);
        if let Some(account) = accounts.get(key) {
            return Arc::clone(account);
        }
        let account = Arc::new(Mutex::new(Account::new(self.tells)));
        Arc::clone(accounts.entry(key.clone()).or_insert(account))
    }
}

fn forget_returned(account: &mut Account, told: &[Person]) {
    for person in told {
        account.returned.iter_mut().for_each(|returned| _ = returned.remove(person));
    }
}

/// What an agreement says of quotas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) limits: &'a model::Limits,
    pub(super) zone: &'a TimeZone,
}

/// One request, charged. Dropping it gives back the request and the people; [`Charge::keep`] makes it final.
pub struct Charge {
    account: Shared,
    secret: Arc<[u8; 32]>,
    zone: TimeZone,
    people_limit: Option<u64>,
    day: Date,
    /// Whom this request charged, and on which day: an answer may come after midnight.
    people: BTreeSet<(Date, Person)>,
    /// Those of them whom no request had named before today.
    fresh: Vec<Person>,
    kept: bool,
}

impl Charge {
    /// Charges a person whom the request's body or the answer names. The same person costs nothing twice on one day.
    ///
    /// # Errors
    /// There may be no other person today: nothing of what the request asked for may be told.
    pub fn person(&mut self, subject: &str, now: Timestamp) -> Result<(), Refusal> {
        let Some(limit) = self.people_limit.map(|limit| limit.min(PEOPLE_MAX)) else { return Ok(()) };
        let today = now.to_zoned_datetime(self.zone.clone());
        let person = person(&self.secret, subject);
        let mut account = lock(&self.account);
        account.turn_to(today.date());
        if self.people.contains(&(account.day, person)) {
            return Ok(());
        }
        if !account.people.contains_key(&person) && account.people_counted() >= limit {
            return Err(Refusal::PeopleQuota { limit, renews: next_day(&today) });
        }
        let charges = account.people.entry(person).or_default();
        *charges += 1;
        if *charges == 1 {
            self.fresh.push(person);
        }
        account.returned.iter_mut().for_each(|returned| _ = returned.remove(&person));
        self.people.insert((account.day, person));
        Ok(())
    }

    /// What was counted on this account, this request included.
    pub(super) fn counts(&self) -> Counted {
        lock(&self.account).counted()
    }

    /// Whom no request had named before today, in the order in which they were charged.
    pub(super) fn fresh(&self) -> &[Person] {
        &self.fresh
    }

    /// Those of these people whom no request has named today, each once; nobody where people are not counted.
    pub(super) fn unknown(&self, subjects: &[String], now: Timestamp) -> Vec<Person> {
        if self.people_limit.is_none() {
            return Vec::new();
        }
        let mut account = lock(&self.account);
        account.turn_to(now.to_zoned_datetime(self.zone.clone()).date());
        let people: BTreeSet<_> = subjects.iter().map(|subject| person(&self.secret, subject)).collect();
        people.into_iter().filter(|person| !account.people.contains_key(person)).collect()
    }

    /// Who was given back on this account, and that is not told yet.
    pub(super) fn returned(&self) -> Vec<Person> {
        lock(&self.account).returned.iter().flatten().copied().collect()
    }

    /// Notes that it was told.
    pub(super) fn forget_returned(&self, told: &[Person]) {
        forget_returned(&mut lock(&self.account), told);
    }

    /// The day to whose quotas, and to whose month's, the request was charged: what the leaf of an outcome that keeps it says.
    #[must_use]
    pub fn day(&self) -> Date {
        self.day
    }

    /// Whom it was charged with, and on which day; nobody where people are not counted: what the annex of an outcome that keeps it says.
    pub fn people(&self) -> impl Iterator<Item = &(Date, Person)> {
        self.people.iter()
    }

    /// Makes the charge final: the exchange is committed.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut account = lock(&self.account);
        account.give_back(self.day);
        for (day, person) in &self.people {
            account.give_back_person(*day, person);
        }
    }
}

impl std::fmt::Debug for Charge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Charge")
            .field("day", &self.day)
            .field("people", &self.people.len())
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves counts that are at worst one off, and refusing everybody for it would be worse.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn person(secret: &[u8; 32], subject: &str) -> Person {
    let mut person = [0; PERSON_BYTES];
    for (byte, hash) in person.iter_mut().zip(hmac_sha256(secret, &[subject.as_bytes()])) {
        *byte = hash;
    }
    person
}

#[cfg(test)]
mod tests;
