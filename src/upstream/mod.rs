//! What was cleared goes to the platform and comes back as an answer, or as a [`Fault`] of that hop.
//!
//! This stage knows endpoints and HTTP/1.1, no agency and no agreement. It forwards what it is given, follows no redirect,
//! asks no proxy and reads no environment. An answer is held whole, or passed on piece by piece: what is cut short, framed in two
//! ways or larger than allowed becomes a fault, never a shorter answer.
//!
//! | file | does |
//! |---|---|
//! | [`tls`] | our side of TLS: anchors, our own certificate, pins |
//! | `dial` | an endpoint to a connection |
//! | `pool` | which endpoint, which connection: least outstanding, idle ones again, resting ones last |
//! | `client` | one request over one connection |
//! | `framing` | whether an answer's head says in one way only where its body ends |
//! | `body` | a bounded body |
//! | [`source`] | a body that is not held |
//! | `retry` | whether a second try is allowed |
//! | [`way`] | the way to one service: a platform's, or one that is none, such as a witness |
//! | [`stamp`] | the signature under what we state |
//! | [`relay`](mod@relay) | a cleared exchange to a request, and its answer to a reply |
//! | [`refusal`] | what went wrong, for the record and for people |

mod body;
mod client;
mod dial;
mod framing;
mod pool;
pub mod refusal;
pub mod relay;
mod retry;
pub mod source;
pub mod stamp;
pub mod tls;
pub mod way;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::clock::{Clock, Timestamp};
use crate::id::ServiceId;
use crate::policy::model::Service;

pub use relay::Failed;
pub use relay::Flow;
pub use relay::Reply;
pub use relay::flow;
pub use relay::relay;

use refusal::{Fault, NoConnection};
use source::Source;
use stamp::Stamp;
use tls::{PlatformTls, Unusable};
use way::Way;

/// A request as it shall go to a platform.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The canonical path and query, the service's prefix already removed; begins with `/`.
    pub path_and_query: String,
    /// The headers, complete. `Host`, framing and hop-by-hop headers are ours: they are replaced or removed.
    pub headers: HeaderMap,
    /// The body, held whole, so that it can be sent twice.
    pub body: Bytes,
    /// Whether sending it twice has no more effect than sending it once (RFC 9110 9.2.2).
    pub idempotent: bool,
    /// By what it is signed, if it is.
    pub stamp: Option<Stamp>,
}

/// An answer as the platform gave it, complete.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The final status; never 1xx.
    pub status: StatusCode,
    /// The platform's headers, uncut; what may go on is for `disclosure::headers` to say. Trailers were dropped.
    pub headers: HeaderMap,
    /// The whole body, framing removed.
    pub body: Bytes,
    /// How long each part took.
    pub timing: Timing,
}

/// How long the parts of one exchange with a platform took, by the clock that was passed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// To connect, TLS included; none when an open connection was used again.
    pub connect: Option<Duration>,
    /// From the request's first byte to the answer's head.
    pub head: Duration,
    /// From the head to the answer's last byte.
    pub body: Duration,
}

/// The platforms of all services, with their open connections. Built once for a set of policies.
#[derive(Debug)]
pub struct Platforms {
    ways: HashMap<ServiceId, Arc<Way>>,
}

impl Platforms {
    /// Prepares TLS for every endpoint of every service. Connects to none.
    ///
    /// # Errors
    /// A certificate, key or anchor that is named cannot be used, or TLS is asked for and there are no anchors.
    pub fn new<'a>(
        services: impl IntoIterator<Item = &'a Arc<Service>>,
        tls: &PlatformTls,
        clock: Clock,
    ) -> Result<Self, Unusable> {
        Self { ways: HashMap::new() }.renewed(services, tls, clock)
    }

    /// The platforms of another set of policies. The way to one that did not change is kept, with its open connections.
    ///
    /// # Errors
    /// As [`Platforms::new`].
    pub fn renewed<'a>(
        &self,
        services: impl IntoIterator<Item = &'a Arc<Service>>,
        tls: &PlatformTls,
        clock: Clock,
    ) -> Result<Self, Unusable> {
        let way = |service: &Arc<Service>| {
            let fresh = Way::new(&service.endpoints, service.timeouts, tls, &clock)?;
            let kept = self.ways.get(&service.id).filter(|kept| kept.is_like(&fresh));
            Ok((service.id.clone(), kept.map_or_else(|| Arc::new(fresh), Arc::clone)))
        };
        let ways = services.into_iter().map(way).collect::<Result<_, Unusable>>()?;
        Ok(Self { ways })
    }

    /// Sends a request to one of the service's endpoints and holds the answer, at most `limit` bytes of body.
    ///
    /// # Errors
    /// No endpoint could be connected to, or the answer was late, broken or too large. A request that is not idempotent has
    /// perhaps had its effect then.
    pub async fn send(&self, service: &Service, outgoing: Outgoing, limit: u64) -> Result<Incoming, Fault> {
        self.way(service)?.send(outgoing, limit).await
    }

    /// The same, but of the answer only the head is waited for.
    async fn open(&self, service: &Service, outgoing: &Outgoing) -> Result<Source, Fault> {
        self.way(service)?.open(outgoing).await
    }

    fn way(&self, service: &Service) -> Result<&Way, Fault> {
        self.ways.get(&service.id).map(|way| &**way).ok_or(Fault::Unreachable(NoConnection::NoEndpoint))
    }

    /// Whether a connection to the service is idle and fit for use.
    #[cfg(test)]
    fn has_idle(&self, service: &Service) -> bool {
        self.ways.get(&service.id).is_some_and(|way| way.has_idle())
    }
}

/// Time since `start`; nothing if the clock was set back meanwhile.
fn since(clock: &Clock, start: Timestamp) -> Duration {
    Duration::try_from(clock.now().duration_since(start)).unwrap_or_default()
}
