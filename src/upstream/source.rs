//! An answer that is not held: its body comes chunk by chunk, as fast as it is asked for. A platform that is slow is not waited for
//! without end, however much it sends: the time it may take grows with what it has sent.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt as _;

use crate::clock::Clock;

use super::Timing;
use super::client::Begun;
use super::refusal::BrokenAnswer;
use super::refusal::Fault;
use super::refusal::Phase;
use super::since;

/// Bytes a second that a platform must give while it is waited for, over the whole answer. The slowest line to a commune carries ten times
/// as much; what is slower keeps a place in the log's queue for nothing.
pub const RATE_MIN: u64 = 1 << 10;

/// A platform's answer whose body is still to come.
#[derive(Debug)]
pub struct Source {
    /// The final status; never 1xx.
    pub status: StatusCode,
    /// The platform's headers, uncut.
    pub headers: HeaderMap,
    timing: Timing,
    /// None once the body has ended.
    begun: Option<Begun>,
    /// What may be waited for in all before a byte has come.
    patience: Duration,
    waited: Duration,
    received: u64,
    limit: u64,
    clock: Clock,
}

impl Source {
    pub(super) fn new(begun: Begun, patience: Duration, clock: Clock) -> Self {
        Self {
            status: begun.head.status,
            headers: begun.head.headers.clone(),
            timing: begun.timing,
            begun: Some(begun),
            patience,
            waited: Duration::ZERO,
            received: 0,
            limit: u64::MAX,
            clock,
        }
    }

    /// The same of which at most so many bytes are taken.
    ///
    /// # Errors
    /// It announces more.
    pub(super) fn up_to(self, limit: u64) -> Result<Self, Fault> {
        let announced = self.begun.as_ref().map_or(0, |begun| begun.body.size_hint().lower());
        if announced > limit { Err(Fault::TooLarge(limit)) } else { Ok(Self { limit, ..self }) }
    }

    /// How long it took, without the time in which nobody asked for more.
    #[must_use]
    pub fn timing(&self) -> Timing {
        Timing { body: self.waited, ..self.timing }
    }

    /// The next piece of the body; none once it has ended as it should.
    ///
    /// # Errors
    /// It was cut short, is too large, or the platform is too slow: the connection is not used again.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let Some(begun) = &mut self.begun else { return Ok(None) };
        let grown = Duration::from_secs(self.received / RATE_MIN);
        let left = self.patience.saturating_add(grown).saturating_sub(self.waited);
        let start = self.clock.now();
        let frame = tokio::time::timeout(left, data(&mut begun.body)).await;
        self.waited += since(&self.clock, start);
        match frame.map_err(|_| Fault::Timeout(Phase::Body))?? {
            Some(data) => {
                self.received = self.received.saturating_add(data.len() as u64);
                if self.received > self.limit { Err(Fault::TooLarge(self.limit)) } else { Ok(Some(data)) }
            }
            None => {
                self.begun.take().into_iter().for_each(Begun::ended);
                Ok(None)
            }
        }
    }
}

/// The next bytes. Trailers are dropped: nothing in them was judged.
async fn data(body: &mut hyper::body::Incoming) -> Result<Option<Bytes>, Fault> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::Broken(BrokenAnswer::Http(error)))?;
        match frame.into_data() {
            Ok(data) if !data.is_empty() => return Ok(Some(data)),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(None)
}
