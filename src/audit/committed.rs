//! Proofs that the log was asked first: [`Cleared`] before an effect, [`Committed`] before an answer.

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::limits::Admission;
use crate::limits::refusal::Refusal;
use crate::policy::Grant;
use crate::tlog::Place;
use crate::tlog::Placed;

use super::record::Draft;
use super::record::Record;
use super::recorder::Recorder;

/// An admission that may go to the platform: where an effect may follow, its `opened` record is durable.
///
/// Only [`super::open::Open::clear`] makes one:
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
    pub(super) fn new(admission: Admission) -> Self {
        Self { admission }
    }

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

    /// Charges people whom the platform's answer names: all of them, or none.
    ///
    /// # Errors
    /// There may be no other person today: the answer is withheld.
    pub async fn people(&mut self, subjects: &[String], now: Timestamp) -> Result<(), Refusal> {
        self.admission.people(subjects, now).await
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
/// fn forge<O>(outcome: O) -> phohien::audit::Committed<O> { phohien::audit::Committed { outcome, placed: loop {}, departure: loop {} } }
/// ```
#[derive(Debug)]
pub struct Committed<O> {
    outcome: O,
    placed: Placed,
    departure: Departure,
}

impl<O> Committed<O> {
    pub(super) fn new(outcome: O, placed: Placed, departure: Departure) -> Self {
        Self { outcome, placed, departure }
    }

    /// This exchange.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.departure.id
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
    pub(super) fn new(outcome: O, id: ExchangeId) -> Self {
        Self { outcome, id }
    }

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

/// The place in which a caller's early leaving is recorded. Dropped without a word, the caller had what it was last noted to have
/// had: nothing, to begin with.
#[derive(Debug)]
pub struct Departure {
    recorder: Recorder,
    id: ExchangeId,
    agency: Option<AgencyId>,
    place: Option<Place<Draft>>,
    /// What the caller has had, as far as is known.
    bytes: u64,
}

impl Departure {
    pub(super) fn new(
        recorder: Recorder,
        id: ExchangeId,
        agency: Option<AgencyId>,
        place: Option<Place<Draft>>,
    ) -> Self {
        Self { recorder, id, agency, place, bytes: 0 }
    }

    /// Notes that the caller has had so many bytes of the body already.
    pub fn has_had(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    /// The whole answer was handed to the connection: there is nothing to record.
    pub fn complete(mut self) {
        self.place = None;
    }

    /// The caller left after so many bytes of the body had been handed to the connection.
    pub fn left_after(mut self, bytes: u64) {
        self.has_had(bytes);
    }

    fn record(&mut self) {
        let Some(place) = self.place.take() else { return };
        let record = Record::Aborted { exchange: Box::default(), bytes: self.bytes };
        if let Ok(draft) = self.recorder.draft(self.agency.as_ref(), Some(self.id), &record, Vec::new()) {
            drop(place.append(draft));
        }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.record();
    }
}
