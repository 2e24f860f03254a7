//! Who waits for whom on a connection. While the caller waits for us, our own time-outs hold; while we wait for the caller, an
//! idle one is sent away, whatever it holds open: a connection without a request, pings, or an answer it does not read.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use tokio::time::Instant;

use super::patience::UnderWay;

/// What one connection's caller waits for. Clones are of the same connection.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Moves>);

/// Nobody is woken by a move: one that waits for idleness looks again when it could be there at the earliest. Requests are many, and a
/// connection that is told of each of their moves is polled for each.
#[derive(Debug)]
struct Moves {
    /// How many requests and answers wait for us.
    ours: AtomicUsize,
    /// When it became the caller's turn, in nanoseconds since `begun`.
    theirs_since: AtomicU64,
    begun: Instant,
}

impl Activity {
    /// Nobody waits for anything yet.
    pub(super) fn new() -> Self {
        let (ours, theirs_since) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self(Arc::new(Moves { ours, theirs_since, begun: Instant::now() }))
    }

    /// It is our turn: the caller waits for us until this is dropped.
    pub(super) fn our_turn(&self) -> Turn {
        self.0.ours.fetch_add(1, Ordering::SeqCst);
        Turn(self.clone())
    }

    /// Returns once it was the caller's turn for so long, and nothing moved.
    pub(super) async fn idle(&self, time: Duration) {
        let mut from = Instant::now();
        loop {
            tokio::time::sleep_until(from + time).await;
            let now = Instant::now();
            if self.0.ours.load(Ordering::SeqCst) > 0 {
                from = now;
                continue;
            }
            let since = Duration::from_nanos(self.0.theirs_since.load(Ordering::SeqCst));
            if self.0.begun + since <= from {
                return;
            }
            from = self.0.begun + since;
        }
    }
}

/// Our turn, until dropped.
#[derive(Debug)]
pub(super) struct Turn(Activity);

impl Drop for Turn {
    fn drop(&mut self) {
        let moves = &self.0.0;
        let since = u64::try_from(moves.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // Before it is the caller's turn: whoever sees that it is sees since when.
        moves.theirs_since.store(since, Ordering::SeqCst);
        moves.ours.fetch_sub(1, Ordering::SeqCst);
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
