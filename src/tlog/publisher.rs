//! What follows from the entries, once a second and at the end: `<log>/checkpoint`, the head that is shown to the world; tiles,
//! bundles and annexes; snapshots; and the end of segments that all of these have made superfluous.
//!
//! It is derived: what it says is in the log already. A failed try is therefore made again, whole, from a new file.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::book::Shared;
use super::checkpoint::SignedHead;
use super::disk::Disk;
use super::heads;
use super::sealer;
use super::sealer::ShelfOf;
use super::segment;

/// How often the checkpoint is renewed: C2SP logs promise seconds, and a second costs two syncs.
const EVERY: Duration = Duration::from_secs(1);

/// How long to leave disk and processor to the committer after a round of sealing: whoever waits for an entry comes first, and about
/// half the time is enough to keep up with what two cores append.
const PAUSE: Duration = Duration::from_millis(50);

/// Rounds of sealing before the rest is looked after again: about a second's.
const ROUNDS: usize = 8;

/// How many entries may be left unsealed before there is no such pause: each takes some hundred bytes of memory, and a microsecond
/// of the next start after a crash.
const UNSEALED_MANY: u64 = 1 << 19;

/// The published checkpoint.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("checkpoint")
}

/// Publishes until the other end of `stop` is dropped, and all there is then.
pub(super) fn run(shared: &Shared, stop: &Receiver<Infallible>, shelf: ShelfOf) {
    // What a crash left unsealed is not left for another second.
    let (mut ending, mut behind) = (false, many_unsealed(shared));
    while !ending || behind {
        ending = ending || stops_within(stop, if behind { PAUSE } else { EVERY });
        let pause = || {
            // At the end there is nobody to make way for.
            let _ = ending || stops_within(stop, PAUSE);
        };
        behind = shared.published().turn(shared, shelf, &pause);
    }
}

fn many_unsealed(shared: &Shared) -> bool {
    shared.head().size.saturating_sub(shared.book().sealed) > UNSEALED_MANY
}

/// Waits so long, or until the other end of `stop` is dropped: whether it is.
fn stops_within(stop: &Receiver<Infallible>, time: Duration) -> bool {
    matches!(stop.recv_timeout(time), Err(RecvTimeoutError::Disconnected))
}

/// What is durable beside the segments.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Published {
    /// The size of the checkpoint that the world sees.
    pub(super) checkpoint: Option<u64>,
    /// The size of the newest snapshot.
    pub(super) snapshot: u64,
}

impl Published {
    /// Does what there is to do, but no more than about a second of sealing: says whether there is more of that. What fails is
    /// said, and done the next time.
    pub(super) fn turn(&mut self, shared: &Shared, shelf: ShelfOf, pause: &dyn Fn()) -> bool {
        let head = shared.head();
        // A poisoned log tries no further write, not even a derived one: a person looks first.
        if self.checkpoint != Some(head.size) && !shared.is_poisoned() {
            match publish(shared.disk.as_ref(), shared.folder(), &head) {
                Ok(()) => self.checkpoint = Some(head.size),
                Err(error) => tracing::warn!(%error, "the checkpoint could not be published"),
            }
        }
        let behind = (0..ROUNDS).all(|_| {
            let more = !shared.is_poisoned() && seal(shared, shelf);
            if more && !many_unsealed(shared) {
                pause();
            }
            more
        });
        if !shared.is_poisoned()
            && let Err(error) = self.keep_snapshot(shared)
        {
            tracing::warn!(%error, "the snapshot could not be written");
        }
        if !shared.is_poisoned()
            && let Err(error) = self.remove_segments(shared)
        {
            tracing::warn!(%error, "a segment could not be removed");
        }
        behind
    }

    fn keep_snapshot(&mut self, shared: &Shared) -> io::Result<()> {
        if let Some(snapshot) = shared.snapshot().filter(|snapshot| snapshot.size > self.snapshot) {
            heads::write(shared.disk.as_ref(), shared.folder(), &snapshot)?;
            self.snapshot = snapshot.size;
        }
        Ok(())
    }

    /// Removes the segments that nothing needs any more, the oldest first: all their entries are sealed, a snapshot spares the
    /// sequencer those before it, and a later segment has a frame, so that the newest head is still told.
    fn remove_segments(&self, shared: &Shared) -> io::Result<()> {
        let replaced = shared.book().sealed.min(self.snapshot).min(shared.head().size.saturating_sub(1));
        while let Some(first) = { shared.book().segment_before(replaced) } {
            shared.disk.remove(&segment::path(shared.wal(), first))?;
            // One after the other, or a later one could be gone and an earlier one back: that would be a hole.
            // Stopping here leaves the segment or not; bundles, annexes and tiles have what it had.
            shared.disk.sync_folder(shared.wal())?;
            shared.book_mut().drop_segment();
        }
        Ok(())
    }
}

/// Seals one round; says whether there may be more to seal.
fn seal(shared: &Shared, shelf: ShelfOf) -> bool {
    sealer::seal(shared, shelf).unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn Error, "entries could not be sealed");
        false
    })
}

/// Makes a head the one that is shown to the world.
pub(super) fn publish(disk: &dyn Disk, folder: &Path, head: &SignedHead) -> io::Result<()> {
    let file = path(folder);
    let fresh = file.with_extension("tmp");
    let written = disk.create(&fresh)?;
    written.write_at(0, head.note.as_bytes())?;
    // Stopping up to here leaves the old checkpoint and a file that nobody reads.
    written.sync()?;
    disk.rename(&fresh, &file)?;
    // Stopping here leaves the old checkpoint or the new one, whole either way.
    disk.sync_folder(folder)
}
