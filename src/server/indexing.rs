//! The gateway's own feeder: it follows the log into the index, beside the exchanges and never in their way. Where it fails, nothing is
//! refused: the lag shows, and it tries again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::audit::index::Index;
use crate::audit::index::annexes::Annexes;
use crate::audit::index::feeder::FeedError;
use crate::audit::index::feeder::Feeder;
use crate::audit::index::place::Place;
use crate::audit::index::place::Turn;
use crate::audit::recorder::Recorder;
use crate::config::settings::Settings;
use crate::gateway::door::Door;
use crate::listener::stop::Stop;
use crate::metrics::Metrics;

/// How often the log is looked at: whoever asks sees what happened a moment ago.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long after a failure it is tried again: a person has to look, and the events need not be full of it.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// What is fed, and how.
#[derive(Debug)]
pub(super) struct Indexing {
    place: Place,
    folder: PathBuf,
    keys: PathBuf,
    recorder: Recorder,
    metrics: Metrics,
    /// Whoever stops the gateway does not wait for a long way through the log.
    stopping: Arc<AtomicBool>,
}

/// The feeder at work, and its right to it.
#[derive(Debug)]
struct Work {
    feeder: Feeder<dyn Index>,
    _turn: Turn,
}

/// Follows the log until it is told to stop.
pub(super) async fn follow(indexing: Indexing, stop: Stop) {
    let mut state = (indexing, None);
    let mut pause = LOOK_EVERY;
    while !stop.within(pause).await {
        // It reads and writes files: not on a thread that exchanges share.
        let stopping = Arc::clone(&state.0.stopping);
        let mut step = tokio::task::spawn_blocking(move || {
            let (indexing, work) = state;
            let (work, pause) = indexing.step(work);
            ((indexing, work), pause)
        });
        let stepped = tokio::select! {
            stepped = &mut step => stepped,
            () = stop.stopped() => {
                stopping.store(true, Ordering::Relaxed);
                step.await
            }
        };
        match stepped {
            Ok((next, wait)) => (state, pause) = (next, wait),
            Err(_) => {
                tracing::error!("the index is fed no longer: its feeder has ended by itself");
                return;
            }
        }
    }
    // Its connection may be one that must not be closed among exchanges.
    drop(tokio::task::spawn_blocking(move || drop(state)).await);
}

impl Indexing {
    /// As a gateway is set up.
    pub(super) fn of(settings: &Settings, door: &Door) -> Self {
        Self {
            place: settings.index.clone(),
            folder: settings.log.folder.clone(),
            keys: settings.keys.clone(),
            recorder: door.recorder.clone(),
            metrics: door.metrics.clone(),
            stopping: Arc::default(),
        }
    }

    /// Feeds what is new; how long to wait then.
    fn step(&self, work: Option<Work>) -> (Option<Work>, Duration) {
        let size = self.recorder.log().size();
        match self.feed(work, size) {
            Ok(work) => {
                let next = work.as_ref().map_or(0, |work| work.feeder.next());
                self.metrics.index_lag(size.saturating_sub(next));
                (work, LOOK_EVERY)
            }
            Err(fault) => {
                let cause = std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default();
                tracing::error!(%fault, cause, "the index is not fed; `phohien audit reindex` builds it anew");
                (None, AGAIN_AFTER)
            }
        }
    }

    fn feed(&self, work: Option<Work>, size: u64) -> Result<Option<Work>, FeedError> {
        let Some(mut work) = work.map_or_else(|| self.begin(), |work| Ok(Some(work)))? else {
            return Ok(None);
        };
        work.feeder.feed(size, |next| {
            self.metrics.index_lag(size.saturating_sub(next));
            !self.stopping.load(Ordering::Relaxed)
        })?;
        Ok(Some(work))
    }

    /// Nothing while another has the turn: a command that feeds gives it back soon.
    fn begin(&self) -> Result<Option<Work>, FeedError> {
        let Some(turn) = self.place.turn()? else { return Ok(None) };
        let annexes = Annexes::sharing(self.recorder.months(), &self.keys);
        let feeder = Feeder::following(self.place.open()?, self.recorder.log(), &self.folder, annexes)?;
        Ok(Some(Work { feeder, _turn: turn }))
    }
}
