//! A body that comes while it goes out: an outlet for whoever makes it, and what the connection is handed. One piece waits between them,
//! so that nobody makes more than the caller takes; what runs along runs where a piece is handed to the connection, so that it is over
//! these bytes and no others.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::sync::mpsc;
use tokio::sync::mpsc::Permit;

use crate::audit::commitment::Committing;
use crate::audit::committed::Departure;
use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::limits::in_flight::Slot;
use crate::upstream::source::RATE_MIN;

use super::body::PIECE;

/// How long a caller may let an answer wait, all in all, besides what it earns by taking bytes at [`RATE_MIN`]: one that does not take
/// any is cut off sooner, by its connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer was cut short: it does not end as a whole one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer was cut short")]
pub struct CutShort;

/// The caller left, or takes its answer too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// What passes from whoever makes the body to the connection.
#[derive(Debug)]
enum Piece {
    Data(Bytes),
    End(Box<End>),
}

/// The proper end of a streamed answer. Only [`super::seal_end`] makes one, of what is committed.
#[derive(Debug)]
pub struct End {
    pub(super) trailers: Option<HeaderMap>,
    pub(super) departure: Departure,
    pub(super) slot: Option<Slot>,
}

/// What runs along.
#[derive(Debug)]
struct Run {
    digest: Sha256,
    answer: Committing,
    bytes: u64,
    /// Nothing more is handed to the connection.
    stopped: bool,
}

/// What was handed to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handed {
    /// Bytes.
    pub bytes: u64,
    /// Their SHA-256.
    pub digest: Hash,
    /// The commitment to them.
    pub answer: Hash,
}

#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Run>>);

impl Shared {
    /// Nothing panics while it is held.
    fn run(&self) -> MutexGuard<'_, Run> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// Whether a piece may be handed on; it then counts as handed.
    fn hand(&mut self, piece: &[u8]) -> bool {
        if self.stopped {
            return false;
        }
        self.digest.update(piece);
        self.answer.take(piece);
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        true
    }
}

/// Where the pieces of a streamed answer go out. Dropped without an end, the answer is cut short.
#[derive(Debug)]
pub struct Outlet {
    pieces: mpsc::Sender<Piece>,
    shared: Shared,
    waited: Duration,
    clock: Clock,
}

/// An outlet and what a connection is handed through it. `answer` is the commitment to the bytes.
pub(super) fn outlet(answer: Committing, clock: Clock) -> (Outlet, Flowing) {
    let (send, receive) = mpsc::channel(1);
    let run = Run { digest: Sha256::new(), answer, bytes: 0, stopped: false };
    let shared = Shared(Arc::new(Mutex::new(run)));
    let outlet = Outlet { pieces: send, shared: shared.clone(), waited: Duration::ZERO, clock };
    (outlet, Flowing { pieces: receive, shared, ended: false })
}

impl Outlet {
    /// Hands on some bytes, each piece once there is room for it.
    ///
    /// # Errors
    /// The caller takes no more.
    pub async fn hand(&mut self, mut bytes: Bytes) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            self.room().await?.send(Piece::Data(piece));
        }
        Ok(())
    }

    /// Returns once the connection was handed everything.
    ///
    /// # Errors
    /// The caller takes no more.
    pub async fn drained(&mut self) -> Result<(), Gone> {
        self.room().await.map(drop)
    }

    /// Returns once the caller has left.
    pub async fn left(&self) {
        self.pieces.closed().await;
    }

    /// From now on nothing more is handed to the connection; what was, and no more will ever be.
    pub fn stop(&self) -> Handed {
        let mut run = self.shared.run();
        run.stopped = true;
        let (digest, answer) = (run.digest.clone().finish(), run.answer.clone().finish());
        Handed { bytes: run.bytes, digest, answer }
    }

    /// Ends the answer as a whole one.
    pub async fn end(self, end: End) {
        // Where the caller has left by now, the end is dropped, and with it what records that.
        let _ = self.pieces.send(Piece::End(Box::new(end))).await;
    }

    /// The one place there is, once the connection has taken what was in it.
    async fn room(&mut self) -> Result<Permit<'_, Piece>, Gone> {
        let (left, start) = (self.patience_left(), self.clock.now());
        let room = tokio::time::timeout(left, self.pieces.reserve()).await;
        self.waited += Duration::try_from(self.clock.now().duration_since(start)).unwrap_or_default();
        room.map_err(|_| Gone)?.map_err(|_| Gone)
    }

    /// How long the caller may still let it wait.
    fn patience_left(&self) -> Duration {
        let earned = Duration::from_secs(self.shared.run().bytes / RATE_MIN);
        PATIENCE.saturating_add(earned).saturating_sub(self.waited)
    }
}

/// The body as the connection is handed it.
#[derive(Debug)]
pub(super) struct Flowing {
    pieces: mpsc::Receiver<Piece>,
    shared: Shared,
    ended: bool,
}

impl Flowing {
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.poll_taken(context).map(|piece| match piece {
            Some((Piece::Data(piece), true)) => Some(Ok(Frame::data(piece))),
            Some((Piece::End(end), _)) => {
                let End { trailers, departure, slot } = *end;
                self.ended = true;
                departure.complete();
                drop(slot);
                trailers.map(|trailers| Ok(Frame::trailers(trailers)))
            }
            Some((Piece::Data(_), false)) | None => {
                self.ended = true;
                Some(Err(CutShort))
            }
        })
    }

    /// The next piece, and whether it may be handed on. Taking one makes room, by which [`Outlet::drained`] knows that everything was
    /// handed on: it counts under the same lock, or a stop in between would lose the last piece.
    fn poll_taken(&mut self, context: &mut Context<'_>) -> Poll<Option<(Piece, bool)>> {
        let mut run = self.shared.run();
        self.pieces.poll_recv(context).map(|piece| {
            let piece = piece?;
            let counts = matches!(&piece, Piece::Data(data) if run.hand(data));
            Some((piece, counts))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering;
    use std::task::Wake;
    use std::task::Waker;

    use super::super::Label;
    use super::*;
    use crate::clock::Timestamp;

    /// Whether, when it was woken, nobody could have stopped the answer.
    struct Woken {
        shared: Shared,
        held: AtomicBool,
    }

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.held.store(self.shared.0.try_lock().is_err(), Ordering::SeqCst);
        }
    }

    /// Seen in one of three answers of a busy gateway: the record said `released`, and lacked the last byte, as did the answer.
    #[tokio::test]
    async fn there_is_no_room_for_the_next_piece_before_the_last_one_counts() {
        let (mut outlet, mut flowing) =
            outlet(Committing::begin(Label::Answer, &[0; 32]), Clock::by_hand(Timestamp::UNIX_EPOCH));
        outlet.hand(Bytes::from_static(b"]")).await.unwrap();
        let woken = Arc::new(Woken { shared: outlet.shared.clone(), held: AtomicBool::new(false) });
        {
            let waker = Waker::from(Arc::clone(&woken));
            let mut drained = pin!(outlet.drained());
            assert!(drained.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            let piece = flowing.poll_next(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(piece, Poll::Ready(Some(Ok(_)))));
            assert!(drained.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        }
        assert!(woken.held.load(Ordering::SeqCst), "a stop could come between");
        assert_eq!(outlet.stop().bytes, 1);
    }

    /// Long enough for a slow machine, and less than [`PATIENCE`].
    const GENEROUS: Duration = Duration::from_secs(20);

    struct Stage {
        clock: Clock,
        outlet: Outlet,
        flowing: Flowing,
    }

    impl Stage {
        /// One piece waits for its caller already.
        async fn begin() -> Self {
            let clock = Clock::by_hand(Timestamp::UNIX_EPOCH);
            let (outlet, flowing) = outlet(Committing::begin(Label::Answer, &[0; 32]), clock.clone());
            let mut stage = Self { clock, outlet, flowing };
            stage.outlet.hand(Bytes::from_static(b"[")).await.unwrap();
            stage
        }

        /// The caller takes what waits after this time, and as many bytes wait in its place.
        async fn takes(&mut self, bytes: usize, after: Duration) {
            let taking = async {
                self.clock.advance(after);
                poll_fn(|context| self.flowing.poll_next(context)).await.unwrap().unwrap();
            };
            let (handed, ()) = tokio::join!(biased; self.outlet.hand(Bytes::from(vec![b' '; bytes])), taking);
            handed.unwrap();
        }

        /// Whether a caller that takes nothing more is cut off at once.
        async fn is_cut_off(&mut self) -> bool {
            let waiting = tokio::time::timeout(GENEROUS, self.outlet.drained()).await;
            waiting.is_ok_and(|drained| drained == Err(Gone))
        }
    }

    #[tokio::test]
    async fn a_caller_that_takes_less_than_a_kibibyte_a_second_is_cut_off() {
        let mut stage = Stage::begin().await;
        for _ in 0..4 {
            stage.takes(1 << 10, PATIENCE / 3).await;
        }
        assert!(stage.is_cut_off().await);
    }

    #[tokio::test]
    async fn a_caller_that_takes_a_kibibyte_a_second_is_waited_for_as_long_as_that_takes() {
        let mut stage = Stage::begin().await;
        for _ in 0..3_600 {
            stage.takes(1 << 10, Duration::from_secs(1)).await;
        }
        assert!(stage.outlet.patience_left() > PATIENCE / 2, "an hour of it used up what it earned");
    }
}
