//! The handle of an open log: reserve a place, append to it, wait until the entry is durable; ask the tree.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::thread;
use std::thread::JoinHandle;
use std::thread::Thread;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::crypto::digest::Hash;

use super::Entry;
use super::Placed;
use super::Unavailable;
use super::book::Shared;
use super::checkpoint::SignedHead;
use super::committer::Answer;
use super::committer::Job;
use super::merkle::Nodes;
use super::reader::Item;
use super::reader::ReadError;
use super::tile::TilePath;

/// A log that is open for writing. Clones are the same log; when the last is dropped, and the last [`Place`], its threads
/// end by themselves as [`Log::close`] would end them.
pub struct Log<D>(Arc<Handle<D>>);

struct Handle<D> {
    shared: Arc<Shared>,
    /// `None` once closed. Every place holds a sender too: the committer ends when all are gone.
    sender: RwLock<Option<mpsc::Sender<Job<D>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    last: Last<D>,
}

/// The entry that stands behind all others, if there is to be one.
pub(super) type Last<D> = Arc<Mutex<Option<Job<D>>>>;

impl<D> Log<D> {
    /// The handle to a log whose committer takes jobs from `sender` in `thread`, and then the last one.
    pub(super) fn new(
        shared: Arc<Shared>,
        sender: mpsc::Sender<Job<D>>,
        thread: JoinHandle<()>,
        last: Last<D>,
    ) -> Self {
        let (sender, thread) = (RwLock::new(Some(sender)), Mutex::new(Some(thread)));
        Self(Arc::new(Handle { shared, sender, thread, last }))
    }

    /// Takes a place in the queue. Never waits.
    ///
    /// # Errors
    /// Why there is none.
    pub fn reserve(&self) -> Result<Place<D>, Unavailable> {
        self.availability()?;
        let sender = self.0.sender.read().unwrap_or_else(PoisonError::into_inner).clone();
        match sender.ok_or(Unavailable::Closed)?.try_reserve_owned() {
            Ok(permit) => Ok(Place(permit)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Unavailable::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Unavailable::Poisoned),
        }
    }

    /// Whether the log takes entries; a full queue is no obstacle.
    ///
    /// # Errors
    /// Why it does not.
    pub fn availability(&self) -> Result<(), Unavailable> {
        self.0.shared.availability()?;
        let open = self.0.sender.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if open { Ok(()) } else { Err(Unavailable::Closed) }
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.shared.folder()
    }

    /// The newest durable head.
    #[must_use]
    pub fn head(&self) -> Arc<SignedHead> {
        self.0.shared.head()
    }

    /// Durable entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head().size
    }

    /// Entries that are sealed: read from tiles and bundles, not from segments.
    #[must_use]
    pub fn sealed(&self) -> u64 {
        self.0.shared.book().sealed
    }

    /// The path that proves entry `index` under the root of the first `size`; nothing if there are not so many, or if a tile
    /// it needs is damaged, which is said aloud. Blocks on the disk if the entry is old.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        self.prove(|nodes| nodes.inclusion(index, size))
    }

    /// The proof that the first `old` of `new` entries are unchanged; nothing and blocks as [`Log::inclusion`].
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        self.prove(|nodes| nodes.consistency(old, new))
    }

    /// The root over the first `size` entries; nothing and blocks as [`Log::inclusion`].
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Hash> {
        self.prove(|nodes| nodes.root(size))
    }

    fn prove<T>(&self, proof: impl Fn(&dyn Nodes) -> Option<T>) -> Option<T> {
        self.0.shared.prove(proof).unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn Error, "the log cannot prove what it holds");
            None
        })
    }

    /// The content of a tile or a bundle (C2SP tlog-tiles), full or partial, as far as it is covered by the newest head; nothing
    /// if there is no such tile yet. What is answered once is answered for ever: it may be kept by whoever asks. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// What was sealed is damaged, or the disk refuses.
    pub fn tile(&self, path: TilePath) -> Result<Option<Vec<u8>>, ReadError> {
        self.0.shared.tile(path)
    }

    /// Reads one entry back, checked against the tree. Blocks on the disk.
    ///
    /// # Errors
    /// There is no such entry, it was changed, or the disk refuses.
    pub fn read(&self, index: u64) -> Result<Entry, ReadError> {
        self.0.shared.read(index)
    }

    /// Reads entries that are not sealed yet back, in their order, each checked against the tree; nothing where one of them is sealed.
    /// Blocks on the disk, and holds them all.
    ///
    /// # Errors
    /// There are not so many, one was changed, or the disk refuses.
    pub fn newest(&self, from: u64, end: u64) -> Result<Option<Vec<Item>>, ReadError> {
        self.0.shared.read_newest(from, end)
    }

    /// Publishes and seals what there is now, as the publisher does once a second: tests do not wait for it.
    #[cfg(test)]
    pub(super) fn publish(&self, shelf: super::sealer::ShelfOf) {
        while self.0.shared.published().turn(&self.0.shared, shelf, &|| ()) {}
    }

    /// Takes nothing more, commits what was appended and what the places held will append, publishes the last head and frees
    /// the folder. Blocks until then: not from async code, nor by one who holds a [`Place`]. The second call finds it done.
    pub fn close(&self) {
        self.0.sender.write().unwrap_or_else(PoisonError::into_inner).take();
        // Held over the join, so that a second caller returns when all is done, not before.
        let mut thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // It catches its own panics: there is nothing to learn here.
            drop(thread.join());
        }
    }
}

impl<D> Log<D> {
    /// Closes the log with an entry that stands behind all others, also behind those that places held will still append.
    ///
    /// # Errors
    /// The log took no last entry. It is closed all the same.
    pub fn close_with(&self, last: D) -> Result<Placed, Unavailable> {
        let (reply, answer) = oneshot::channel();
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Job { draft: last, reply });
        self.close();
        // Closed before: nobody is there to take it.
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        Pending(answer).wait()
    }
}

impl<D> Clone for Log<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D> fmt::Debug for Log<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("folder", &self.0.shared.folder()).finish_non_exhaustive()
    }
}

/// A place in the queue, kept for one entry. Dropped, it is free again.
#[must_use]
pub struct Place<D>(mpsc::OwnedPermit<Job<D>>);

impl<D> Place<D> {
    /// Sends the draft to its place. Does not wait and cannot fail; what becomes of it is told by the [`Pending`].
    pub fn append(self, draft: D) -> Pending {
        let (reply, answer) = oneshot::channel();
        self.0.send(Job { draft, reply });
        Pending(answer)
    }
}

impl<D> fmt::Debug for Place<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place(..)")
    }
}

/// An entry on its way. To drop this takes nothing back.
#[derive(Debug)]
#[must_use = "an entry is durable only when this says so"]
pub struct Pending(oneshot::Receiver<Answer>);

impl Pending {
    /// Waits in place, for those who are not async.
    ///
    /// # Errors
    /// The entry is not in the log, or not known to be.
    pub fn wait(mut self) -> Result<Placed, Unavailable> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match Pin::new(&mut self).poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Future for Pending {
    type Output = Result<Placed, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // An entry dropped without an answer was in a committer's hands when it panicked.
        let answer = Pin::new(&mut self.0).poll(context);
        answer.map(|received| received.unwrap_or(Err(Unavailable::Poisoned)))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
