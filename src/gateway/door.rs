//! The door: what every exchange passes by, and the task in which each of them lives.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::Request;
use http::Response;
use http::request::Parts;

use crate::audit::recorder::Recorder;
use crate::clock::Clock;
use crate::crypto::random;
use crate::id::ExchangeId;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::limits::Limits;
use crate::limits::budget::RefusalBudget;
use crate::listener::Exchange;
use crate::listener::Handshaken;
use crate::metrics::Metrics;
use crate::policy::Policies;
use crate::request::authority::Authorities;
use crate::signing::RequestLine;
use crate::signing::Sealed;
use crate::signing::Signer;
use crate::upstream::Platforms;

use super::body::Incoming;
use super::body::Rules;
use super::ending;
use super::exchange;
use super::exchange::Arrival;
use super::receipts;

/// All that an exchange needs. One per gateway.
#[derive(Debug)]
pub struct Door {
    /// The policies in force, swapped whole.
    pub policies: ArcSwap<Policies>,
    /// The names under which we are called.
    pub authorities: Authorities,
    /// Certificates that were revoked.
    pub revoked: Revocations,
    /// Rates, quotas and slots.
    pub limits: Limits,
    /// How many refusals of one agency are recorded one by one.
    pub budget: RefusalBudget,
    /// The log.
    pub recorder: Recorder,
    /// The way to the platforms.
    pub platforms: Platforms,
    /// Signs answers.
    pub signer: Signer,
    /// How a request's body is read.
    pub bodies: Rules,
    /// Whom a stranger may ask.
    pub contact: Text,
    /// The machine's clock: certificates, the log, signatures.
    pub clock: Clock,
    /// The clock of agreements and limits. It differs from `clock` only in the demonstration.
    pub policy_clock: Clock,
    /// Counters.
    pub metrics: Metrics,
}

/// A door that many connections share.
#[derive(Debug, Clone)]
pub struct SharedDoor(pub Arc<Door>);

impl Exchange for SharedDoor {
    type Body = Sealed;

    /// Runs the exchange in a task of its own: a caller that hangs up drops this future, not the exchange.
    async fn answer(
        &self,
        handshake: Arc<Handshaken>,
        request: Request<hyper::body::Incoming>,
    ) -> Response<Sealed> {
        let door = Arc::clone(&self.0);
        let id = door.new_id();
        let (parts, body) = request.into_parts();
        let line = RequestLine::of(&parts);
        let (tell, told) = tokio::sync::oneshot::channel();
        let body = Incoming::new(body);
        tokio::spawn(async move {
            let response = door.serve(Arrival { id, handshake, parts, body }).await;
            if let Err(undelivered) = tell.send(response) {
                undelivered.into_body().undelivered();
            }
        });
        match told.await {
            Ok(response) => response,
            // The task panicked. Its record is written already: dropping an open exchange records it.
            Err(_) => ending::broken(&self.0, &line, id),
        }
    }
}

impl Door {
    async fn serve(&self, arrival: Arrival) -> Response<Sealed> {
        if is_service(&arrival.parts) {
            return receipts::answer(self, arrival).await;
        }
        exchange::answer(self, arrival).await
    }

    /// A new exchange's id. Without randomness ids would still differ by time; the log's order does not depend on them.
    fn new_id(&self) -> ExchangeId {
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        ExchangeId::new(millis, &random::bytes().unwrap_or_default())
    }
}

/// The first path segments that the gateway keeps for itself.
fn is_service(parts: &Parts) -> bool {
    let path = parts.uri.path();
    path == receipts::PATH || path.strip_prefix(receipts::PATH).is_some_and(|rest| rest.starts_with('/'))
}
