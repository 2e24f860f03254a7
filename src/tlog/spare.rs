//! The next segment, made ahead of need by a thread of its own. It is where a full disk shows: before a commit, not in one.

use std::io;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use super::book::Shared;
use super::disk::DiskFile;
use super::segment;

/// How long to wait before trying again to make a segment for which there was no room: soon enough that nobody notices when
/// room is made, rarely enough that a full disk is not kept busy.
const RETRY_EVERY: Duration = Duration::from_millis(200);

/// The spare's name until it is taken. Left over from an earlier run, it is removed.
pub(super) const NAME: &str = "spare";

/// One segment kept in reserve.
pub(super) struct Spare {
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Wanted,
    Ready(Box<dyn DiskFile>),
    /// The last try failed; another follows.
    Failed,
    Stopped,
}

/// Why there is no segment to take.
pub(super) enum NotTaken {
    /// None could be made so far.
    NoRoom,
    /// There was one, and giving it its name failed.
    Disk(io::Error),
}

impl Spare {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State::Wanted), changed: Condvar::new() }
    }

    /// Makes a segment whenever there is none, until [`Spare::stop`].
    pub(super) fn keep_one(&self, shared: &Shared, length: u64) {
        let mut told = false;
        while self.wait_until_wanted() {
            let file = shared.wal().join(NAME);
            let made = segment::make(shared.disk.as_ref(), &file, &[], length);
            // Told once until there is room again: every try would fill with it the disk on which events are kept.
            let was_told = std::mem::replace(&mut told, made.is_err());
            if let Err(error) = &made {
                if !was_told {
                    tracing::warn!(%error, file = %file.display(), "no room for the next segment of the log");
                }
                // What was written of it would only make the room scarcer. The error that counts is the first.
                let _ = shared.disk.remove(&file);
            } else if was_told {
                tracing::info!("there is room for the next segment of the log again");
            }
            let mut state = self.state();
            shared.set_crowded(made.is_err());
            if !matches!(*state, State::Stopped) {
                *state = made.map_or(State::Failed, State::Ready);
            }
            self.changed.notify_all();
        }
    }

    /// Ends [`Spare::keep_one`].
    pub(super) fn stop(&self) {
        *self.state() = State::Stopped;
        self.changed.notify_all();
    }

    /// Takes the segment and gives it the name that its first index makes; waits while one is being made for the first time.
    pub(super) fn take(&self, shared: &Shared, first: u64) -> Result<Box<dyn DiskFile>, NotTaken> {
        let waiting = self.changed.wait_while(self.state(), |state| matches!(state, State::Wanted));
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
        // Opened before anything is changed: a process that is out of descriptors is refused here, and that is no fault of the disk.
        let folder = shared.disk.open_folder(shared.wal()).map_err(|error| {
            tracing::warn!(%error, "the log's folder cannot be opened for the next segment");
            NotTaken::NoRoom
        })?;
        let file = match std::mem::replace(&mut *state, State::Wanted) {
            State::Ready(file) => file,
            other => {
                *state = other;
                return Err(NotTaken::NoRoom);
            }
        };
        // Stopping before the rename leaves a spare, which the next start removes; after it and before the folder's sync,
        // either name; after both, an empty last segment. Nothing was written to it in any case.
        let named = shared.disk.rename(&shared.wal().join(NAME), &segment::path(shared.wal(), first));
        named.and_then(|()| folder.sync()).map_err(NotTaken::Disk)?;
        self.changed.notify_all();
        Ok(file)
    }

    fn wait_until_wanted(&self) -> bool {
        let mut state = self.state();
        loop {
            match *state {
                State::Stopped => return false,
                State::Wanted => return true,
                State::Ready(_) => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                State::Failed => {
                    let waited = self.changed.wait_timeout(state, RETRY_EVERY);
                    let (next, time) = waited.unwrap_or_else(PoisonError::into_inner);
                    if time.timed_out() && matches!(*next, State::Failed) {
                        return true;
                    }
                    state = next;
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
