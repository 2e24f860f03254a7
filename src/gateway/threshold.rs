//! The threshold: each request gets a task of its own, so that a caller who hangs up ends a wait and not an exchange.

use std::sync::Arc;

use http::Request;
use http::Response;
use http::request::Parts;

use crate::listener::Exchange;
use crate::listener::Handshaken;
use crate::signing::RequestLine;
use crate::signing::Sealed;

use super::body::Incoming;
use super::door::Arrival;
use super::door::Door;
use super::ending;
use super::exchange;
use super::receipts;
use super::standing;

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
        let line = Arc::new(RequestLine::of(&parts));
        let known = Arc::clone(&line);
        let (tell, told) = tokio::sync::oneshot::channel();
        let body = Incoming::new(body);
        tokio::spawn(async move {
            // Made in its place: as a part of the task it would be copied into it, and out of it once more.
            let response = Box::pin(door.serve(Arrival { id, handshake, parts, line, body })).await;
            if let Err(undelivered) = tell.send(response) {
                undelivered.into_body().undelivered();
            }
        });
        match told.await {
            Ok(response) => response,
            // The task panicked. Its record is written already: dropping an open exchange records it.
            Err(_) => ending::broken(&self.0, &known, id),
        }
    }
}

impl Door {
    async fn serve(self: &Arc<Self>, arrival: Arrival) -> Response<Sealed> {
        if is_of_receipts(&arrival.parts) {
            return receipts::answer(self, arrival).await;
        }
        if arrival.parts.uri.path() == standing::PATH {
            return standing::answer(self, arrival).await;
        }
        exchange::answer(self, arrival).await
    }
}

/// The first path segment that the gateway keeps for receipts.
fn is_of_receipts(parts: &Parts) -> bool {
    let path = parts.uri.path();
    path == receipts::PATH || path.strip_prefix(receipts::PATH).is_some_and(|rest| rest.starts_with('/'))
}
