//! Writes `<log>/checkpoint`, the head that is shown to the world, once a second if the tree grew, and at the end.
//!
//! It is derived: what it says is in the log already. A failed try is therefore made again, whole, from a new file.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::book::Shared;
use super::checkpoint::SignedHead;

/// How often the checkpoint is renewed: C2SP logs promise seconds, and a second costs two syncs.
const EVERY: Duration = Duration::from_secs(1);

/// The published checkpoint.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("checkpoint")
}

/// Publishes until the other end of `stop` is dropped, and once more then.
pub(super) fn run(shared: &Shared, mut published: Option<u64>, stop: &Receiver<Infallible>) {
    loop {
        let ending = matches!(stop.recv_timeout(EVERY), Err(RecvTimeoutError::Disconnected));
        let head = shared.head();
        // A poisoned log tries no further write, not even a derived one: a person looks first.
        if published != Some(head.size) && !shared.is_poisoned() {
            match publish(shared, &head) {
                Ok(()) => published = Some(head.size),
                Err(error) => tracing::warn!(%error, "the checkpoint could not be published"),
            }
        }
        if ending {
            return;
        }
    }
}

fn publish(shared: &Shared, head: &SignedHead) -> io::Result<()> {
    let (disk, file) = (shared.disk.as_ref(), path(shared.folder()));
    let fresh = file.with_extension("tmp");
    let written = disk.create(&fresh)?;
    written.write_at(0, head.note.as_bytes())?;
    // Stopping up to here leaves the old checkpoint and a file that nobody reads.
    written.sync()?;
    disk.rename(&fresh, &file)?;
    // Stopping here leaves the old checkpoint or the new one, whole either way.
    disk.sync_folder(shared.folder())
}
