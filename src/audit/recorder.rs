//! Open, clear, commit: the three moments at which an exchange meets the log.
//!
//! An [`Open`] holds places in the log's queue from the exchange's first moment, so that a full queue is met before anything is
//! forwarded, and whatever ends the exchange (a caller that hangs up, a panic) can still be recorded: dropping an `Open` records it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity::Peer;
use crate::limits;
use crate::limits::Admission;
use crate::policy::Grant;
use crate::tlog::Log;
use crate::tlog::Pending;
use crate::tlog::Place;
use crate::tlog::Placed;
use crate::tlog::Unavailable;

use super::annex::Annex;
use super::chain::Directory;
use super::commitment;
use super::commitment::Label;
use super::facts::Facts;
use super::months::MonthKeys;
use super::objects::Objects;
use super::outcome::Outcome;
use super::outcome::Verdict;
use super::record::Draft;
use super::record::Exchange;
use super::record::Record;
use super::record::ScopeFacts;
use super::tally::Tallies;

/// The reason's code when a task ended without an outcome.
pub const INTERRUPTED: &str = "interrupted";

/// The log could not take the record: nothing was exchanged, and nothing may be answered but this.
#[derive(Debug, thiserror::Error)]
pub enum Unrecorded {
    /// The log takes nothing now.
    #[error("the log takes no record")]
    Log(#[from] Unavailable),
    /// The month's key cannot be had, or an entry could not be made.
    #[error("the record could not be made: {0}")]
    Unmakeable(String),
}

/// The recorder. Clones share one log.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    log: Log<Draft>,
    directory: Arc<Directory>,
    months: MonthKeys,
    objects: Objects,
    tallies: Tallies,
    operator: AgencyId,
    clock: Clock,
}

impl Recorder {
    /// Takes the parts that [`super::recorder`] works with.
    #[must_use]
    pub fn new(
        log: Log<Draft>,
        directory: Arc<Directory>,
        months: MonthKeys,
        objects: Objects,
        operator: AgencyId,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Desk { log, directory, months, objects, tallies: Tallies::default(), operator, clock }))
    }

    /// Begins an exchange: takes its places in the log's queue.
    ///
    /// # Errors
    /// The log takes nothing now: refuse before anything is forwarded.
    pub fn open(&self, id: ExchangeId) -> Result<Open, Unrecorded> {
        let places = Places {
            opened: Some(self.0.log.reserve()?),
            outcome: Some(self.0.log.reserve()?),
            aborted: Some(self.0.log.reserve()?),
        };
        Ok(Open { recorder: self.clone(), id, places, known: Known::default(), request: None })
    }

    /// Records what is not an exchange, in the operator's chain, and waits until it is durable.
    ///
    /// # Errors
    /// The log takes nothing now.
    pub fn note(&self, record: &Record) -> Result<Placed, Unrecorded> {
        let draft = self.draft(None, None, record, Vec::new())?;
        Ok(self.0.log.reserve()?.append(draft).wait()?)
    }

    /// Gives every exchange that was opened and has no outcome its `orphaned` record; how many there were.
    ///
    /// # Errors
    /// The log takes nothing now.
    pub fn settle_orphans(&self) -> Result<usize, Unrecorded> {
        let orphans = self.0.directory.undecided();
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

    /// Writes the summaries of what was tallied since the last call. What the log cannot take now is kept for the next one.
    pub fn flush_tallies(&self) {
        for tally in self.0.tallies.take() {
            let record = tally.record();
            let written = self
                .draft(tally.agency.as_ref(), None, &record, Vec::new())
                .and_then(|draft| Ok(self.0.log.reserve()?.append(draft)));
            if written.is_err() {
                self.0.tallies.put_back(tally);
            }
        }
    }

    /// Keeps bytes that entries refer to.
    ///
    /// # Errors
    /// The disk failed: the entry must not be written.
    pub fn keep(&self, object: &[u8]) -> Result<Hash, Unrecorded> {
        self.0.objects.keep(object).map_err(unmakeable)
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
        &self.0.directory
    }

    /// The keys of the months.
    #[must_use]
    pub fn months(&self) -> &MonthKeys {
        &self.0.months
    }

    fn draft(
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

fn unmakeable(cause: impl std::fmt::Display) -> Unrecorded {
    Unrecorded::Unmakeable(cause.to_string())
}

/// An exchange that has begun and has no outcome yet. Dropped, it records that it was interrupted.
#[derive(Debug)]
pub struct Open {
    recorder: Recorder,
    id: ExchangeId,
    places: Places,
    known: Known,
    request: Option<Bytes>,
}

#[derive(Debug)]
struct Places {
    opened: Option<Place<Draft>>,
    outcome: Option<Place<Draft>>,
    aborted: Option<Place<Draft>>,
}

/// What may be said if the exchange is interrupted now.
#[derive(Debug, Default)]
struct Known {
    agency: Option<AgencyId>,
    facts: Facts,
    annex: Annex,
}

impl Open {
    /// This exchange.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// Remembers who is asking, in case nothing more is learned.
    pub fn know(&mut self, peer: &Peer) {
        self.known.agency = Some(peer.agency().id.clone());
        self.known.facts = Facts::of_peer(peer);
    }

    /// Takes the request's image, to be committed to: see [`super::receipt::request_image`].
    pub fn hear(&mut self, image: Bytes) {
        self.request = Some(image);
    }

    /// Lets an admitted request go to the platform. Where an effect may follow, a durable `opened` record comes first.
    ///
    /// # Errors
    /// The log could not take that record: nothing may be forwarded.
    pub async fn clear(&mut self, admission: Admission) -> Result<Cleared, Unrecorded> {
        let grant = admission.grant();
        self.known = Known {
            agency: Some(grant.peer().agency().id.clone()),
            facts: Facts::of_grant(grant),
            annex: Annex::of_grant(grant),
        };
        if may_have_an_effect(grant) {
            let draft = self.exchange_draft(
                self.known.agency.as_ref(),
                &self.known.facts,
                &self.known.annex,
                None,
                Record::Opened,
            )?;
            self.append_opened(draft)?.await?;
        }
        Ok(Cleared { admission })
    }

    /// Records how the exchange ended, and returns once that is durable and in the tree.
    ///
    /// # Errors
    /// The log could not take the record: the outcome may not be told.
    pub async fn commit<O: Outcome>(mut self, outcome: O) -> Result<Committed<O>, Unrecorded> {
        let agency = outcome.agency().cloned();
        let status = outcome.answer().status.as_u16();
        let record = |exchange| verdict_record(outcome.verdict(), status, exchange);
        let said = Said { answer: Some(&outcome.answer().body), reply: outcome.reply() };
        let draft =
            self.exchange_draft(agency.as_ref(), &outcome.facts(), &outcome.annex(), Some(said), record)?;
        let placed = self.append_outcome(draft)?.await?;
        let departure = Departure {
            recorder: self.recorder.clone(),
            id: self.id,
            agency,
            place: self.places.aborted.take(),
        };
        Ok(Committed { outcome, id: self.id, placed, departure })
    }

    /// Ends an exchange whose refusal is tallied instead of recorded by itself. Only before [`Open::clear`] opened anything.
    #[must_use]
    pub fn tally<O: Outcome>(mut self, outcome: O, reason: &'static str) -> Tallied<O> {
        self.recorder.tally(outcome.agency(), reason);
        self.places.outcome = None;
        Tallied { outcome, id: self.id }
    }

    fn append_opened(&mut self, draft: Draft) -> Result<Pending, Unrecorded> {
        let place = self.places.opened.take().ok_or_else(|| unmakeable("the exchange was opened twice"))?;
        Ok(place.append(draft))
    }

    fn append_outcome(&mut self, draft: Draft) -> Result<Pending, Unrecorded> {
        let place =
            self.places.outcome.take().ok_or_else(|| unmakeable("the exchange has an outcome already"))?;
        Ok(place.append(draft))
    }

    fn exchange_draft(
        &self,
        agency: Option<&AgencyId>,
        facts: &Facts,
        annex: &Annex,
        said: Option<Said<'_>>,
        record: impl FnOnce(Exchange) -> Record,
    ) -> Result<Draft, Unrecorded> {
        let key = self.recorder.0.months.of(self.id).map_err(unmakeable)?;
        let sealed = annex.seal(self.id, &key).map_err(unmakeable)?;
        let mut commitments = BTreeMap::new();
        for (label, data) in self.committed_data(annex, said) {
            let salt = key.salt(self.id, label);
            commitments.insert(label.as_str(), hex(&commitment::commit(label, &salt, data)));
        }
        let facts = Facts { unauthenticated: agency.is_none(), ..facts.clone() };
        let exchange = Exchange { facts, annex: Some(hex(&sha256(&sealed))), commitments };
        self.recorder.draft(agency, Some(self.id), &record(exchange), sealed)
    }

    fn committed_data<'a>(&'a self, annex: &'a Annex, said: Option<Said<'a>>) -> Vec<(Label, &'a [u8])> {
        let said = said.unwrap_or_default();
        [
            (Label::Request, self.request.as_deref()),
            (Label::Answer, said.answer.map(|body| &**body)),
            (Label::Reply, said.reply.map(|body| &**body)),
            (Label::Subject, annex.subject.as_deref().map(str::as_bytes)),
            (Label::User, annex.user.as_deref().map(str::as_bytes)),
        ]
        .into_iter()
        .filter_map(|(label, data)| Some((label, data?)))
        .collect()
    }
}

impl Drop for Open {
    /// A task that ends without an outcome (a panic, a runtime that stops) leaves its record all the same: the place is there.
    fn drop(&mut self) {
        let Some(place) = self.places.outcome.take() else { return };
        let record =
            |exchange| Record::Failed { exchange, status: None, hop: "gateway", reason: INTERRUPTED };
        match self.exchange_draft(
            self.known.agency.as_ref(),
            &self.known.facts,
            &self.known.annex,
            None,
            record,
        ) {
            Ok(draft) => drop(place.append(draft)),
            Err(fault) => {
                tracing::error!(exchange = %self.id, %fault, "an interrupted exchange could not be recorded")
            }
        }
    }
}

#[derive(Default)]
struct Said<'a> {
    answer: Option<&'a Bytes>,
    reply: Option<&'a Bytes>,
}

/// RFC 9110 9.2.1: what is not safe may have an effect; and a streamed answer leaves before its outcome is known.
fn may_have_an_effect(grant: &Grant) -> bool {
    !grant.request().method().is_safe() || grant.operation().stream
}

fn verdict_record(verdict: Verdict, status: u16, exchange: Exchange) -> Record {
    match verdict {
        Verdict::Released { scope, fields } => {
            Record::Released { exchange, status, scope: ScopeFacts { hash: hex(&scope), fields } }
        }
        Verdict::Refused { stage, reason } => Record::Refused { exchange, status, stage, reason },
        Verdict::Failed { hop, reason } => Record::Failed { exchange, status: Some(status), hop, reason },
    }
}

/// An admission that may go to the platform: where an effect may follow, its `opened` record is durable.
///
/// Only [`Open::clear`] makes one:
/// ```
/// fn forward(cleared: phohien::audit::Cleared) -> phohien::limits::Admission { cleared.into_admission() }
/// ```
/// ```compile_fail,E0451
/// fn forge(admission: phohien::limits::Admission) -> phohien::audit::Cleared { phohien::audit::Cleared { admission } }
/// ```
#[derive(Debug)]
pub struct Cleared {
    admission: Admission,
}

impl Cleared {
    /// What was granted.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        self.admission.grant()
    }

    /// The admission, with its slot in flight and its charges.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Charges a person whom the platform's answer names.
    ///
    /// # Errors
    /// There may be no other person today: the answer is withheld.
    pub fn person(
        &mut self,
        subject: &str,
        now: crate::clock::Timestamp,
    ) -> Result<(), limits::refusal::Refusal> {
        self.admission.person(subject, now)
    }

    /// The admission back: it can no longer be relayed.
    #[must_use]
    pub fn into_admission(self) -> Admission {
        self.admission
    }
}

/// An outcome that is durable and in the tree. Nothing else can be sealed into an answer.
///
/// ```
/// fn told<O: phohien::audit::outcome::Outcome>(committed: phohien::audit::Committed<O>) -> O { committed.into_parts().0 }
/// ```
/// ```compile_fail,E0451
/// fn forge<O>(outcome: O) -> phohien::audit::Committed<O> { phohien::audit::Committed { outcome, id: loop {}, placed: loop {}, departure: loop {} } }
/// ```
#[derive(Debug)]
pub struct Committed<O> {
    outcome: O,
    id: ExchangeId,
    placed: Placed,
    departure: Departure,
}

impl<O> Committed<O> {
    /// This exchange.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// Where the record stands, and the signed tree head that holds it.
    #[must_use]
    pub fn placed(&self) -> &Placed {
        &self.placed
    }

    /// The outcome, and the guard that records a caller who leaves before the answer is out.
    #[must_use]
    pub fn into_parts(self) -> (O, Departure) {
        (self.outcome, self.departure)
    }
}

/// A refusal that was counted, not recorded: its answer is signed but has no receipt.
#[derive(Debug)]
pub struct Tallied<O> {
    outcome: O,
    id: ExchangeId,
}

impl<O> Tallied<O> {
    /// This exchange.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// The outcome.
    #[must_use]
    pub fn into_outcome(self) -> O {
        self.outcome
    }
}

/// The place in which a caller's early leaving is recorded.
#[derive(Debug)]
pub struct Departure {
    recorder: Recorder,
    id: ExchangeId,
    agency: Option<AgencyId>,
    place: Option<Place<Draft>>,
}

impl Departure {
    /// The caller left after so many bytes of the body had been handed to the connection.
    pub fn left_after(mut self, bytes: u64) {
        let Some(place) = self.place.take() else { return };
        if let Ok(draft) =
            self.recorder.draft(self.agency.as_ref(), Some(self.id), &Record::Aborted { bytes }, Vec::new())
        {
            drop(place.append(draft));
        }
    }
}
