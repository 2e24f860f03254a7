//! The body of a sealed answer, handed on piece by piece, and watched: whole in memory, or as it comes. A caller that leaves before its
//! last byte is recorded.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;

use crate::audit::committed::Departure;
use crate::limits::in_flight::Slot;

use super::outlet::CutShort;
use super::outlet::Flowing;

/// Bytes handed to the connection at once: one frame of HTTP/2 (RFC 9113 4.2). The connection holds what it was handed for as long
/// as the caller does not read, so it is handed the next piece only when it asks, and the slot is held until the last one.
pub(super) const PIECE: usize = 16 << 10;

/// An answer's body.
#[derive(Debug)]
pub struct Sealed(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Whole),
    Flowing(Flowing),
}

/// A body that is at hand.
#[derive(Debug)]
struct Whole {
    rest: Bytes,
    handed: u64,
    departure: Option<Departure>,
    /// The place among those under way, given back with the last piece.
    slot: Option<Slot>,
}

impl Sealed {
    pub(super) fn watched(body: Bytes, departure: Departure, slot: Option<Slot>) -> Self {
        Self(Kind::Whole(Whole { rest: body, handed: 0, departure: Some(departure), slot }))
    }

    pub(super) fn plain(body: Bytes, slot: Option<Slot>) -> Self {
        Self(Kind::Whole(Whole { rest: body, handed: 0, departure: None, slot }))
    }

    pub(super) fn flowing(flowing: Flowing) -> Self {
        Self(Kind::Flowing(flowing))
    }

    /// Told when the answer could not be handed to the connection at all. Whoever makes a flowing one sees that by itself.
    pub fn undelivered(mut self) {
        if let Kind::Whole(Whole { departure, .. }) = &mut self.0
            && let Some(departure) = departure.take()
        {
            departure.left_after(0);
        }
    }
}

impl Whole {
    fn complete(&mut self) {
        self.slot = None;
        if let Some(departure) = self.departure.take() {
            departure.complete();
        }
    }

    fn next(&mut self) -> Option<Frame<Bytes>> {
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.handed += length as u64;
        if self.rest.is_empty() {
            self.complete();
        }
        (length > 0).then(|| Frame::data(piece))
    }
}

impl Body for Sealed {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match &mut self.0 {
            Kind::Whole(whole) => Poll::Ready(whole.next().map(Ok)),
            Kind::Flowing(flowing) => flowing.poll_next(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(whole) => whole.rest.is_empty(),
            Kind::Flowing(flowing) => flowing.has_ended(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(whole) => SizeHint::with_exact(whole.rest.len() as u64),
            Kind::Flowing(_) => SizeHint::default(),
        }
    }
}

impl Drop for Whole {
    /// Dropped with bytes left: the connection ended before it took them. An empty body is never asked for.
    fn drop(&mut self) {
        if self.rest.is_empty() {
            self.complete();
        } else if let Some(departure) = self.departure.take() {
            departure.left_after(self.handed);
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_is_handed_on_piece_by_piece_and_its_length_is_told_before() {
        let whole = Bytes::from(vec![7; 3 * PIECE + 1]);
        let mut body = Sealed::plain(whole.clone(), None);
        let mut taken = Vec::new();
        while !body.is_end_stream() {
            assert_eq!(body.size_hint().exact(), Some((whole.len() - taken.len()) as u64));
            let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!((1..=PIECE).contains(&piece.len()));
            taken.extend_from_slice(&piece);
        }
        assert_eq!(taken, whole);
        assert!(body.frame().await.is_none());
    }
}
