//! The way to one service: its endpoints, their connections, how long it may take.

use std::sync::Arc;

use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::policy::model::{Endpoint, Timeouts};

use super::client::Begun;
use super::client::Failure;
use super::dial::Dialer;
use super::pool::{Line, Target};
use super::refusal::Fault;
use super::source::Source;
use super::tls::{PlatformTls, Unusable};
use super::{Incoming, Outgoing, client, pool, retry, tls};

/// The way to one service. Its connections are kept for the next request.
#[derive(Debug)]
pub struct Way {
    targets: Vec<Arc<Target>>,
    timeouts: Timeouts,
    clock: Clock,
    /// What the files held that TLS was prepared from.
    material: Vec<Hash>,
}

impl Way {
    /// Prepares TLS for every endpoint. Connects to none.
    ///
    /// # Errors
    /// A certificate, key or anchor that is named cannot be used, or TLS is asked for and there are no anchors.
    pub fn new(
        endpoints: &[Endpoint],
        timeouts: Timeouts,
        tls: &PlatformTls,
        clock: &Clock,
    ) -> Result<Self, Unusable> {
        let target = |endpoint| Ok(Arc::new(Target::new(Dialer::new(endpoint, tls, clock)?, clock.clone())));
        let targets = endpoints.iter().map(target).collect::<Result<_, Unusable>>()?;
        let material = endpoints.iter().filter_map(|endpoint| endpoint.tls.as_ref());
        let material = material.map(|wanted| tls::material(wanted, tls)).collect::<Result<_, _>>()?;
        Ok(Self { targets, timeouts, clock: clock.clone(), material })
    }

    /// Whether it leads to the same endpoints, in the same time, by the same certificates.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let endpoints = self.targets.iter().map(|target| target.endpoint());
        endpoints.eq(other.targets.iter().map(|target| target.endpoint()))
            && self.timeouts == other.timeouts
            && self.material == other.material
    }

    /// Sends a request to one of the endpoints and holds the answer, at most `limit` bytes of body.
    ///
    /// # Errors
    /// No endpoint could be connected to, or the answer was late, broken or too large. A request that is not idempotent has
    /// perhaps had its effect then.
    pub async fn send(&self, outgoing: Outgoing, limit: u64) -> Result<Incoming, Fault> {
        self.begin(&outgoing).await?.held(self.timeouts.body, limit, &self.clock).await
    }

    /// The same, but of the answer only the head is waited for.
    pub(super) async fn open(&self, outgoing: &Outgoing) -> Result<Source, Fault> {
        let begun = self.begin(outgoing).await?;
        Ok(Source::new(begun, self.timeouts.body, self.clock.clone()))
    }

    async fn begin(&self, outgoing: &Outgoing) -> Result<Begun, Fault> {
        let open = pool::open(&self.targets, self.timeouts.connect).await?;
        match self.ask(open, outgoing).await {
            Err(failure) if retry::allowed(&failure, outgoing.idempotent) => {
                let fresh = pool::connect(&self.targets, self.timeouts.connect).await?;
                self.ask(fresh, outgoing).await.map_err(Fault::from)
            }
            outcome => outcome.map_err(Fault::from),
        }
    }

    /// Whether a connection is idle and fit for use.
    #[cfg(test)]
    pub(super) fn has_idle(&self) -> bool {
        self.targets.iter().any(|target| target.has_idle())
    }

    async fn ask(&self, line: Line, outgoing: &Outgoing) -> Result<Begun, Failure> {
        client::begin(line, outgoing, self.timeouts.answer, &self.clock).await
    }
}
