//! Starts the threads beside the committer, and ends them.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::mpsc as channel;
use std::thread;
use std::thread::JoinHandle;

use super::book::Shared;
use super::publisher;
use super::sealer::ShelfOf;
use super::spare::Spare;

/// The threads beside the committer, and the lock. Dropped by the committer's thread as its last act: then they
/// end, the last head is published, and the folder is free.
pub(super) struct Aides {
    pub(super) spare: Arc<Spare>,
    publisher: Option<channel::Sender<Infallible>>,
    threads: Vec<JoinHandle<()>>,
    _lock: Box<dyn Send + Sync>,
}

impl Aides {
    pub(super) fn start(
        shared: &Arc<Shared>,
        segment_bytes: u64,
        shelf: ShelfOf,
        lock: Box<dyn Send + Sync>,
    ) -> io::Result<Self> {
        let (stop, stopped) = channel::channel();
        let spare = Arc::new(Spare::new());
        let mut aides = Self { spare, publisher: Some(stop), threads: Vec::new(), _lock: lock };
        let (spare, book) = (Arc::clone(&aides.spare), Arc::clone(shared));
        aides.threads.push(named("log-spare").spawn(move || spare.keep_one(&book, segment_bytes))?);
        let book = Arc::clone(shared);
        let publish = move || publisher::run(&book, &stopped, shelf);
        aides.threads.push(named("log-publisher").spawn(publish)?);
        Ok(aides)
    }
}

impl Drop for Aides {
    fn drop(&mut self) {
        self.spare.stop();
        self.publisher = None;
        // A thread that panicked has nothing left to end.
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// A thread of the log, by its name.
pub(super) fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}
