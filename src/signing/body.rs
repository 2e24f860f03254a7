//! The body of a sealed answer: whole in memory, and watched. A caller that leaves before its last byte is recorded.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;

use crate::audit::committed::Departure;
use crate::limits::in_flight::Slot;

/// An answer's body.
#[derive(Debug)]
pub struct Sealed {
    rest: Option<Bytes>,
    length: u64,
    departure: Option<Departure>,
    /// The place among those under way, given back with the body.
    _slot: Option<Slot>,
}

impl Sealed {
    pub(super) fn watched(body: Bytes, departure: Departure, slot: Option<Slot>) -> Self {
        let length = body.len() as u64;
        Self {
            rest: Some(body).filter(|body| !body.is_empty()),
            length,
            departure: Some(departure),
            _slot: slot,
        }
    }

    pub(super) fn plain(body: Bytes) -> Self {
        let length = body.len() as u64;
        Self { rest: Some(body).filter(|body| !body.is_empty()), length, departure: None, _slot: None }
    }

    /// Told when the answer could not be handed to the connection at all.
    pub fn undelivered(mut self) {
        if let Some(departure) = self.departure.take() {
            departure.left_after(0);
        }
    }
}

impl Body for Sealed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.rest.take().map(|bytes| Ok(Frame::data(bytes)));
        self.departure = None;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.as_ref().map_or(0, |_| self.length))
    }
}

impl Drop for Sealed {
    /// Dropped with bytes left: the connection ended before it took them.
    fn drop(&mut self) {
        if self.rest.is_some()
            && let Some(departure) = self.departure.take()
        {
            departure.left_after(0);
        }
    }
}
