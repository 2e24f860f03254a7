//! A panic ends one connection or one stream, is counted, and nothing else: an outage by one request would be a gift.

use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use hyper::rt::Executor;

use super::accept::Knock;
use super::accept::Knocks;

/// Told of panics on one connection; runs the streams of HTTP/2.
#[derive(Clone)]
pub(super) struct Watchman {
    pub(super) source: SocketAddr,
    pub(super) knocks: Arc<dyn Knocks>,
}

impl Watchman {
    /// Runs a future to its end; none if it panicked.
    pub(super) async fn watch<F: Future>(&self, future: F) -> Option<F::Output> {
        let ended = Caught(Box::pin(future)).await;
        if ended.is_none() {
            // What the panic said may hold data of the exchange: the panic hook's output is for the operator alone.
            self.knocks.knocked(self.source, Knock::Panic, "");
        }
        ended
    }
}

impl<F> Executor<F> for Watchman
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let watchman = self.clone();
        tokio::spawn(async move { drop(watchman.watch(stream).await) });
    }
}

/// Ends with none where the inner future panics, which is then never polled again.
struct Caught<F>(Pin<Box<F>>);

impl<F: Future> Future for Caught<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.0.as_mut();
        match catch_unwind(AssertUnwindSafe(|| inner.poll(context))) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}
