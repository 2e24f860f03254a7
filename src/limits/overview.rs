//! What is left of everything, told without spending any of it.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::policy::model;

use super::IN_FLIGHT_UNSET;
use super::Key;
use super::Limits;
use super::limiter::Left;
use super::quota::Terms;
use super::quota::account::Standing;

/// What is left of what limits one agency under one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Of its rate, if one is set.
    pub rate: Option<Left>,
    /// Of its quotas.
    pub quotas: Standing,
    /// Of the requests under way at once.
    pub in_flight: AtOnce,
}

/// Requests under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtOnce {
    /// At most.
    pub limit: u32,
    /// How many more there could be now.
    pub left: u32,
}

impl Limits {
    /// What is left of everything that limits one agency under one agreement. Nothing is spent.
    pub async fn overview(
        &self,
        key: &Key,
        limits: &model::Limits,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Overview {
        let limit = limits.in_flight.unwrap_or(IN_FLIGHT_UNSET);
        let in_flight = AtOnce { limit, left: limit.saturating_sub(self.slots.taken(key)) };
        let terms = Terms { limits, zone };
        let (rate, quotas) = match &self.shared {
            Some(shared) => self.look_together(shared, key, &terms, now).await,
            None => (self.agreements.look(key, limits.rate, now), self.quotas.standing(key, &terms, now)),
        };
        Overview { rate, quotas, in_flight }
    }

    /// What is left of the agency's own cap, over all its agreements; none if there is none. Nothing is spent.
    pub async fn agency_rate(&self, agency: &AgencyId, now: Timestamp) -> Option<Left> {
        let rate = self.caps().agency;
        match &self.shared {
            Some(shared) => self.look_at_agency(shared, agency, rate?, now).await,
            None => self.agencies.look(agency, rate, now),
        }
    }
}
