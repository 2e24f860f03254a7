//! The door: what every exchange passes by, and what arrives at it. Data only: who lives here is [`super::exchange`]'s matter.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::request::Parts;

use crate::audit::closed::ClosedLog;
use crate::audit::recorder::Recorder;
use crate::clock::Clock;
use crate::crypto::random;
use crate::id::ExchangeId;
use crate::limits::Limits;
use crate::limits::budget::RefusalBudget;
use crate::listener::Handshaken;
use crate::metrics::Metrics;
use crate::signing::RequestLine;
use crate::signing::Signer;
use crate::tlog::witness::kept::Kept;

use super::body::Incoming;
use super::in_force::InForce;
use super::nonces::Nonces;

/// All that an exchange needs. One per gateway.
#[derive(Debug)]
pub struct Door {
    /// What is in force, swapped whole.
    pub in_force: ArcSwap<InForce>,
    /// Rates, quotas and slots.
    pub limits: Limits,
    /// How many refusals of one agency are recorded one by one.
    pub budget: RefusalBudget,
    /// Signatures of requests that were used.
    pub nonces: Nonces,
    /// The log.
    pub recorder: Recorder,
    /// The logs that it followed, the newest first: closed for good, and not written to any more.
    pub closed: Arc<[ClosedLog]>,
    /// The cosignatures of witnesses on its heads.
    pub witnessed: Arc<Kept>,
    /// Signs answers.
    pub signer: Signer,
    /// The machine's clock: certificates, the log, signatures.
    pub clock: Clock,
    /// The clock of agreements and limits. It differs from `clock` only in the demonstration.
    pub policy_clock: Clock,
    /// Counters.
    pub metrics: Metrics,
}

/// One request that arrived over one connection.
#[derive(Debug)]
pub struct Arrival {
    /// This exchange.
    pub id: ExchangeId,
    /// The connection.
    pub handshake: Arc<Handshaken>,
    /// The request's head.
    pub parts: Parts,
    /// What the signature of the answer covers of it.
    pub line: Arc<RequestLine>,
    /// The request's body, not read yet.
    pub body: Incoming,
}

impl Door {
    /// What is in force now. An exchange takes it once, and keeps it to its end.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    /// Whom a stranger may ask, as problem documents name it.
    #[must_use]
    pub fn contact(&self) -> String {
        self.in_force.load().contact.vi.clone()
    }

    /// A new exchange's id. Without randomness ids would still differ by time; the log's order does not depend on them.
    #[must_use]
    pub fn new_id(&self) -> ExchangeId {
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        ExchangeId::new(millis, &random::bytes().unwrap_or_default())
    }
}
