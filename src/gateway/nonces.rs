//! Signed requests that came already: a signature counts for a minute, and within it once.
//!
//! What is held is bounded: a signature is remembered until it would no longer count, and only so many of each agency and of all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use jiff::SignedDuration;

use crate::audit::attested::COUNTS_SECONDS;
use crate::audit::attested::Spent;
use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::identity::signed::Attested;
use crate::limits::Admission;
use crate::limits::shared::Shared;
use crate::message::request::WINDOW_SECONDS;
use crate::message::unsigned::Unsigned;

use super::stop::Stop;

/// Signatures remembered of one agency: a thousand a second for its busiest half minute, in some two megabytes.
const OF_AGENCY_MAX: usize = 1 << 15;

/// Signatures remembered in all, in some thirty megabytes. Sixteen agencies that use up their own do not keep the others out for longer
/// than a minute.
const MAX: usize = 1 << 19;

/// How long after its use a signature may count, and a second more.
const COUNTED: SignedDuration = SignedDuration::from_secs(COUNTS_SECONDS + 1);

/// What is kept of the hash of key and nonce: two of them meet by chance less often than once in 10^27.
type Short = [u8; 16];

/// Signatures that were used.
#[derive(Debug, Default)]
pub struct Nonces(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The latest time anybody told: a clock that is set back must not make old signatures good again.
    newest: i64,
    /// Bounded: whoever stands here is registered.
    agencies: HashMap<AgencyId, Used>,
    count: usize,
}

#[derive(Debug, Default)]
struct Used {
    known: HashSet<Short>,
    /// Invariant: those that are known, each once, by the time until which they count.
    ends: BinaryHeap<Reverse<(i64, Short)>>,
}

impl Nonces {
    /// Remembers those that the log tells of, at the start: who sends one again is refused as if nothing had stopped meanwhile.
    pub fn restore(&self, spent: Vec<Spent>, now: Timestamp) {
        let mut seen = self.seen(now);
        for Spent { agency, once, until } in spent {
            // One that does not count any more need not be remembered.
            let _ = seen.spend(&agency, short(&once), until);
        }
    }

    /// Nothing that may have been used before `time` counts: where nobody can tell any more what was.
    pub fn begin_at(&self, time: Timestamp) {
        let _later = self.seen(time.saturating_add(COUNTED).unwrap_or(Timestamp::MAX));
    }

    /// Lets an admitted request go on, and its signature, if it has one, count no more.
    ///
    /// # Errors
    /// The signature was used before, here or at a gateway with which the limits are shared, no longer counts, or that cannot be known.
    pub async fn admit(
        &self,
        admission: Admission,
        now: Timestamp,
        shared: Option<&Shared>,
    ) -> Result<Admission, Stop> {
        let agency = &admission.grant().peer().agency().id;
        let spent = match admission.grant().request().attested() {
            Some(attested) => {
                let here = self.seen(now).spend(agency, short(attested.once()), attested.until());
                match (here, shared) {
                    (Ok(()), Some(shared)) => everywhere(shared, agency, attested).await,
                    (here, _) => here,
                }
            }
            None => Ok(()),
        };
        match spent {
            Ok(()) => Ok(admission),
            Err(why) => Err(Stop::Used { admission: Box::new(admission), why }),
        }
    }

    fn seen(&self, now: Timestamp) -> MutexGuard<'_, Seen> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.newest = seen.newest.max(now.as_second());
        seen
    }
}

/// With several gateways a signature counts at one of them.
async fn everywhere(shared: &Shared, agency: &AgencyId, attested: &Attested) -> Result<(), Unsigned> {
    let what = format!("{agency}:{}", hex(attested.once()));
    match shared.take(&what, 2 * WINDOW_SECONDS).await {
        Some(true) => Ok(()),
        Some(false) => Err(Unsigned::Replayed),
        None => Err(Unsigned::Unshared),
    }
}

impl Seen {
    fn spend(&mut self, agency: &AgencyId, once: Short, until: i64) -> Result<(), Unsigned> {
        if until < self.newest {
            return Err(Unsigned::NotNow);
        }
        if self.count >= MAX {
            self.forget();
        }
        let has_room = self.count < MAX;
        let used = self.agencies.entry(agency.clone()).or_default();
        self.count -= used.forget(self.newest);
        if used.known.contains(&once) {
            return Err(Unsigned::Replayed);
        }
        if !has_room || used.known.len() >= OF_AGENCY_MAX {
            return Err(Unsigned::TooMany);
        }
        used.known.insert(once);
        used.ends.push(Reverse((until, once)));
        self.count += 1;
        Ok(())
    }

    /// Forgets, of all agencies, what would not count any more.
    fn forget(&mut self) {
        self.count -= self.agencies.values_mut().map(|used| used.forget(self.newest)).sum::<usize>();
    }
}

impl Used {
    /// Forgets what would not count any more; how many that were.
    fn forget(&mut self, now: i64) -> usize {
        let before = self.known.len();
        while let Some(Reverse((until, once))) = self.ends.peek().copied() {
            if until >= now {
                break;
            }
            self.ends.pop();
            self.known.remove(&once);
        }
        before - self.known.len()
    }
}

fn short(once: &Hash) -> Short {
    once.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn centre() -> AgencyId {
        "H31.01.01".parse().unwrap()
    }

    fn seen(newest: i64) -> Seen {
        Seen { newest, ..Seen::default() }
    }

    fn once(number: usize) -> Short {
        (number as u128).to_be_bytes()
    }

    #[test]
    fn a_signature_counts_once_as_long_as_it_counts_at_all() {
        let mut seen = seen(1_000);
        assert_eq!(seen.spend(&centre(), once(1), 1_060), Ok(()));
        seen.newest = 1_060;
        assert_eq!(seen.spend(&centre(), once(1), 1_060), Err(Unsigned::Replayed));
        seen.newest = 1_061;
        assert_eq!(seen.spend(&centre(), once(1), 1_060), Err(Unsigned::NotNow));
        assert_eq!(seen.spend(&centre(), once(2), 1_100), Ok(()));
        assert_eq!(
            (seen.count, seen.agencies[&centre()].known.len()),
            (1, 1),
            "what no longer counts is forgotten"
        );
    }

    #[test]
    fn where_nobody_can_tell_what_was_used_nothing_counts_that_may_have_been() {
        let nonces = Nonces::default();
        nonces.begin_at(Timestamp::from_second(1_000).unwrap());
        let mut seen = nonces.seen(Timestamp::from_second(1_010).unwrap());
        assert_eq!(seen.spend(&centre(), once(1), 1_000 + COUNTS_SECONDS), Err(Unsigned::NotNow));
        assert_eq!(seen.spend(&centre(), once(1), 1_001 + COUNTS_SECONDS), Ok(()));
    }

    #[test]
    fn one_agencys_signatures_are_not_anothers() {
        let mut seen = seen(1_000);
        assert_eq!(seen.spend(&centre(), once(1), 1_060), Ok(()));
        assert_eq!(seen.spend(&"H31.05".parse().unwrap(), once(1), 1_060), Ok(()));
    }

    #[test]
    fn what_one_agency_can_make_us_hold_has_an_end_and_keeps_nobody_else_out() {
        let mut seen = seen(1_000);
        for number in 0..OF_AGENCY_MAX {
            assert_eq!(seen.spend(&centre(), once(number), 1_060), Ok(()));
        }
        assert_eq!(seen.spend(&centre(), once(OF_AGENCY_MAX), 1_060), Err(Unsigned::TooMany));
        assert_eq!(seen.spend(&"H31.05".parse().unwrap(), once(0), 1_060), Ok(()));
        seen.newest = 1_061;
        assert_eq!(seen.spend(&centre(), once(0), 1_090), Ok(()));
        assert_eq!(seen.count, 2);
    }
}
