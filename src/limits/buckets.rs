//! What is left in the buckets of rates, to be kept over a restart: a gateway that begins with full ones hands out a burst to whoever can make
//! it stop.

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::id::ServiceId;
use crate::policy::model::Rate;

use super::Key;
use super::Limits;
use super::limiter::Left;

/// What is left in every bucket that is not full.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buckets {
    /// Of agencies under their agreements.
    pub agreements: Vec<(Key, Left)>,
    /// Of agencies over all their agreements.
    pub agencies: Vec<(AgencyId, Left)>,
    /// Of services.
    pub services: Vec<(ServiceId, Left)>,
    /// Of the gateway.
    pub gateway: Option<Left>,
}

impl Limits {
    /// What is left. Nothing is spent.
    #[must_use]
    pub fn buckets(&self, now: Timestamp) -> Buckets {
        Buckets {
            agreements: self.agreements.spent(now),
            agencies: self.agencies.spent(now),
            services: self.services.spent(now),
            gateway: self.gateway.spent(now).into_iter().next().map(|((), left)| left),
        }
    }

    /// Goes on with what was left then; `rate` tells which an agreement has now. A bucket of another rate is a new one, which is full. Before
    /// anything is admitted.
    pub fn restore_buckets(&self, left: &Buckets, rate: impl Fn(&Key) -> Option<Rate>, then: Timestamp) {
        let caps = self.caps();
        let is = |rate: Option<Rate>, left: &Left| rate == Some(left.rate);
        for (key, left) in left.agreements.iter().filter(|(key, left)| is(rate(key), left)) {
            self.agreements.leave(key, *left, then);
        }
        for (agency, left) in left.agencies.iter().filter(|(_, left)| is(caps.agency, left)) {
            self.agencies.leave(agency, *left, then);
        }
        for (service, left) in left.services.iter().filter(|(_, left)| is(caps.service, left)) {
            self.services.leave(service, *left, then);
        }
        for left in left.gateway.iter().filter(|left| is(caps.gateway, left)) {
            self.gateway.leave(&(), *left, then);
        }
    }

    /// Spends what an exchange spent that was admitted then.
    pub fn spend_again(&self, key: &Key, rate: Option<Rate>, then: Timestamp) {
        let caps = self.caps();
        // It was admitted: what the bucket says of it now is of no account.
        let _ = self.agreements.check(key, rate, then);
        let _ = self.agencies.check(&key.agency, caps.agency, then);
        let _ = self.services.check(&key.service, caps.service, then);
        let _ = self.gateway.check(&(), caps.gateway, then);
    }

    /// The longest time that a full burst of a cap takes to come back.
    #[must_use]
    pub fn refill_of_caps(&self) -> std::time::Duration {
        let caps = self.caps();
        let rates = [caps.agency, caps.service, caps.gateway].into_iter().flatten();
        rates.map(refill).max().unwrap_or_default()
    }
}

/// How long a full burst takes to come back.
#[must_use]
pub fn refill(rate: Rate) -> std::time::Duration {
    Left { rate, requests: 0 }.until_full()
}
