//! The recorder: what all exchanges share of the log.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::listener::certification::PathText;
use crate::tlog::Log;
use crate::tlog::Placed;
use crate::tlog::Unavailable;
use crate::tlog::reader::ReadError;

use super::charged::Charged;
use super::directory::Directory;
use super::directory::Found;
use super::months::MonthKeys;
use super::objects::Objects;
use super::older::Older;
use super::open::Open;
use super::record::Draft;
use super::record::Record;
use super::record::Successor;
use super::tally::Tallies;
use super::tally::Tally;

/// The log could not take the record: nothing was exchanged, and nothing may be answered but this.
#[derive(Debug, thiserror::Error)]
pub enum Unrecorded {
    /// The log takes nothing now.
    #[error("the log takes no record")]
    Log(#[from] Unavailable),
    /// No witness has said yet that this log is the one it knows: nothing may be signed.
    #[error("no witness has answered yet that this log is the one it has seen")]
    Unwitnessed,
    /// The month's key cannot be had, or an entry could not be made.
    #[error("the record could not be made: {0}")]
    Unmakeable(String),
}

/// The recorder. Clones share one log.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Desk>);

/// Where entries are found again: the newest, and those before them; and what they come to.
#[derive(Debug)]
pub struct Places {
    /// The newest.
    pub directory: Arc<Directory>,
    /// Those it no longer knows.
    pub older: Arc<dyn Older>,
    /// How many of them count towards each quota.
    pub charged: Arc<Charged>,
}

#[derive(Debug)]
struct Desk {
    log: Log<Draft>,
    places: Places,
    months: MonthKeys,
    objects: Objects,
    tallies: Tallies,
    operator: AgencyId,
    clock: Clock,
    /// Nothing is recorded yet: the witnesses have to be asked first.
    held: AtomicBool,
}

impl Recorder {
    /// Takes the parts that a recorder works with.
    #[must_use]
    pub fn new(
        log: Log<Draft>,
        places: Places,
        months: MonthKeys,
        objects: Objects,
        operator: AgencyId,
        clock: Clock,
    ) -> Self {
        let (tallies, held) = (Tallies::default(), AtomicBool::new(false));
        Self(Arc::new(Desk { log, places, months, objects, tallies, operator, clock, held }))
    }

    /// Records nothing until [`Recorder::release`]: what was signed before a witness was asked could not be taken back.
    pub(super) fn hold(&self) {
        self.0.held.store(true, Ordering::SeqCst);
    }

    /// From now on everything is recorded.
    pub(super) fn release(&self) {
        self.0.held.store(false, Ordering::SeqCst);
    }

    /// Whether records are taken; a full queue is no obstacle.
    ///
    /// # Errors
    /// Why they are not.
    pub fn availability(&self) -> Result<(), Unrecorded> {
        if self.0.held.load(Ordering::SeqCst) {
            return Err(Unrecorded::Unwitnessed);
        }
        Ok(self.0.log.availability()?)
    }

    /// Begins an exchange: takes its places in the log's queue.
    ///
    /// # Errors
    /// The log takes nothing now: refuse before anything is forwarded.
    pub fn open(&self, id: ExchangeId, policies: &Hash) -> Result<Open, Unrecorded> {
        self.availability()?;
        let places = [self.0.log.reserve()?, self.0.log.reserve()?, self.0.log.reserve()?];
        Ok(Open::new(self.clone(), (id, *policies), places))
    }

    /// Records what is not an exchange, in the operator's chain, and waits until it is durable.
    ///
    /// # Errors
    /// The log takes nothing now.
    pub fn note(&self, record: &Record) -> Result<Placed, Unrecorded> {
        self.availability()?;
        self.write(record)
    }

    /// The same while nothing else is recorded yet.
    pub(super) fn write(&self, record: &Record) -> Result<Placed, Unrecorded> {
        let draft = self.draft(None, None, record, Vec::new())?;
        Ok(self.0.log.reserve()?.append(draft).wait()?)
    }

    /// Gives every exchange that was opened and has no outcome its `orphaned` record; how many there were.
    ///
    /// # Errors
    /// The log takes nothing now.
    pub fn settle_orphans(&self) -> Result<usize, Unrecorded> {
        let orphans = self.0.places.directory.undecided();
        for (id, agency) in &orphans {
            let draft = self.draft(Some(agency), Some(*id), &Record::Orphaned {}, Vec::new())?;
            self.0.log.reserve()?.append(draft).wait()?;
        }
        Ok(orphans.len())
    }

    /// Counts a refusal that is summed up rather than recorded by itself.
    pub fn tally(&self, agency: Option<&AgencyId>, reason: &'static str) {
        self.0.tallies.count(agency, reason, self.0.clock.now());
    }

    /// Writes the summaries of what was tallied since the last call. What the log cannot take now is kept for the next one. Waits
    /// until all are durable: not from async code.
    pub fn flush_tallies(&self) {
        if self.0.held.load(Ordering::SeqCst) {
            return;
        }
        let append = |tally: Tally| {
            let draft = self.draft(tally.agency.as_ref(), None, &tally.record(), Vec::new());
            let pending = draft.and_then(|draft| Ok(self.0.log.reserve()?.append(draft)));
            (tally, pending)
        };
        let appended: Vec<_> = self.0.tallies.take().into_iter().map(append).collect();
        for (tally, pending) in appended {
            let written = pending.and_then(|pending| Ok(pending.wait()?));
            if written.is_err() {
                self.0.tallies.put_back(tally);
            }
        }
    }

    /// Writes what was tallied, waits for exchanges still under way, and closes the log; its last entry says so. Blocks until then.
    ///
    /// # Errors
    /// The log took no last entry. It is closed all the same.
    pub fn close(&self) -> Result<Placed, Unrecorded> {
        if self.0.held.load(Ordering::SeqCst) {
            // Not a word more: that it ended is no reason to sign.
            self.0.log.close();
            return Err(Unrecorded::Unwitnessed);
        }
        self.flush_tallies();
        let last = self.draft(None, None, &Record::NodeStopped {}, Vec::new())?;
        Ok(self.0.log.close_with(last)?)
    }

    /// The same for good: the last entry says which log follows, and no start continues this one.
    ///
    /// # Errors
    /// The log took no last entry. It is closed all the same, and goes on at the next start.
    pub fn close_for_good(&self, successor: Successor) -> Result<Placed, Unrecorded> {
        self.availability()?;
        self.flush_tallies();
        let origin = self.0.log.head().origin.to_string();
        let last = self.draft(None, None, &Record::LogClosed { origin, successor }, Vec::new())?;
        Ok(self.0.log.close_with(last)?)
    }

    /// Keeps bytes that entries refer to, off the threads that exchanges share where they are not kept yet.
    ///
    /// # Errors
    /// The disk failed: the entry must not be written.
    pub async fn keep_aside(&self, object: &[u8], hash: &Hash) -> Result<(), Unrecorded> {
        if self.0.objects.has(hash) {
            return Ok(());
        }
        let (recorder, object) = (self.clone(), object.to_vec());
        tokio::task::spawn_blocking(move || recorder.keep(&object)).await.map_err(unmakeable)??;
        Ok(())
    }

    /// Keeps a caller's certificate, and by what it was taken.
    ///
    /// # Errors
    /// The disk failed: no entry may name them.
    pub async fn keep_caller(
        &self,
        certificate: &[u8],
        fingerprint: &Hash,
        path: Option<&Arc<PathText>>,
    ) -> Result<(), Unrecorded> {
        self.keep_aside(certificate, fingerprint).await?;
        match path {
            Some(path) => self.keep_aside(path.as_bytes(), path.hash()).await,
            None => Ok(()),
        }
    }

    /// Keeps bytes that entries refer to.
    ///
    /// # Errors
    /// The disk failed: the entry must not be written.
    pub fn keep(&self, object: &[u8]) -> Result<Hash, Unrecorded> {
        self.0.objects.keep(object).map_err(unmakeable)
    }

    /// The indices of an agency's entries after its `seq`, at most so many, as far as they are durable: those still being written,
    /// or that a failed write left behind, are nobody's yet. Blocks on the disk for old ones.
    ///
    /// # Errors
    /// They could not be looked for.
    pub fn proven_of_agency(
        &self,
        agency: &AgencyId,
        after: u64,
        most: usize,
    ) -> Result<Vec<u64>, ReadError> {
        let (size, places) = (self.0.log.size(), &self.0.places);
        let Found { mut indices, unknown_before } = places.directory.of_agency(agency, after, most);
        if unknown_before > 0 {
            indices = places.older.of_agency(agency, after, most, unknown_before.min(size))?;
        }
        indices.retain(|index| *index < size);
        Ok(indices)
    }

    /// The same of one exchange, if it stands in that agency's chain; none if nothing of it is durable.
    ///
    /// # Errors
    /// They could not be looked for.
    pub fn proven_of_exchange(&self, id: ExchangeId, agency: &AgencyId) -> Result<Vec<u64>, ReadError> {
        self.proven(id, Some(agency))
    }

    /// The same in whosever chain it stands: for those who may see everything.
    ///
    /// # Errors
    /// They could not be looked for.
    pub fn proven_of_any_exchange(&self, id: ExchangeId) -> Result<Vec<u64>, ReadError> {
        self.proven(id, None)
    }

    fn proven(&self, id: ExchangeId, whose: Option<&AgencyId>) -> Result<Vec<u64>, ReadError> {
        let (size, places) = (self.0.log.size(), &self.0.places);
        let Found { indices, unknown_before } = places.directory.of_exchange(id, whose);
        let mut all = match unknown_before.min(size) {
            0 => Vec::new(),
            before => places.older.of_exchange(id, whose, before)?,
        };
        all.extend(indices);
        all.retain(|index| *index < size);
        Ok(all)
    }

    /// In whose chain stands what has no agency of its own.
    #[must_use]
    pub fn operator(&self) -> &AgencyId {
        &self.0.operator
    }

    /// The log itself.
    #[must_use]
    pub fn log(&self) -> &Log<Draft> {
        &self.0.log
    }

    /// Where entries are found again.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.0.places.directory
    }

    /// How many exchanges count towards each quota, as the entries say.
    #[must_use]
    pub fn charged(&self) -> &Charged {
        &self.0.places.charged
    }

    /// The keys of the months.
    #[must_use]
    pub fn months(&self) -> &MonthKeys {
        &self.0.months
    }

    pub(super) fn draft(
        &self,
        agency: Option<&AgencyId>,
        exchange: Option<ExchangeId>,
        record: &Record,
        annex: Vec<u8>,
    ) -> Result<Draft, Unrecorded> {
        let chain = agency.unwrap_or(&self.0.operator).clone();
        Draft::new(chain, exchange, record, annex).map_err(unmakeable)
    }
}

pub(super) fn unmakeable(cause: impl std::fmt::Display) -> Unrecorded {
    Unrecorded::Unmakeable(cause.to_string())
}
