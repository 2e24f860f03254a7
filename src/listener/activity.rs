//! Who waits for whom on a connection. While the caller waits for us, our own time-outs hold; while we wait for the caller, an
//! idle one is sent away, whatever it holds open: a connection without a request, pings, or an answer it does not read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use tokio::sync::watch;

use super::patience::UnderWay;

/// What one connection's caller waits for. Clones are of the same connection.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<watch::Sender<usize>>);

impl Activity {
    /// Nobody waits for anything yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// It is our turn: the caller waits for us until this is dropped.
    pub(super) fn our_turn(&self) -> Turn {
        self.0.send_modify(|turns| *turns = turns.saturating_add(1));
        Turn(self.clone())
    }

    /// Returns once it was the caller's turn for so long, and nothing moved.
    pub(super) async fn idle(&self, time: Duration) {
        let mut moves = self.0.subscribe();
        loop {
            // The sender lives as long as `self`: neither wait can fail.
            let _ = moves.wait_for(|turns| *turns == 0).await;
            if tokio::time::timeout(time, moves.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// Our turn, until dropped.
#[derive(Debug)]
pub(super) struct Turn(Activity);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.send_modify(|turns| *turns = turns.saturating_sub(1));
    }
}

/// An answer's body that tells whose turn it is: ours while a frame is asked for and not there, else the caller's.
pub(super) struct Answer<B> {
    body: Pin<Box<B>>,
    activity: Activity,
    ours: Option<Turn>,
    under_way: UnderWay,
}

impl<B> Answer<B> {
    pub(super) fn new(body: B, activity: Activity, under_way: UnderWay) -> Self {
        Self { body: Box::pin(body), activity, ours: None, under_way }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = &mut *self;
        let ours = this.ours.take().unwrap_or_else(|| this.activity.our_turn());
        let frame = this.body.as_mut().poll_frame(context);
        this.under_way.asked(frame.is_ready());
        if frame.is_pending() {
            this.ours = Some(ours);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
