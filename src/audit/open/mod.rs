//! An exchange under way, as the log sees it: from its first moment to its outcome, whatever that is.
//!
//! An [`Open`] holds places in the log's queue from the exchange's first moment, so that a full queue is met before anything is
//! forwarded, and whatever ends the exchange (a caller that hangs up, a panic) can still be recorded: dropping it records it.

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity::Peer;
use crate::limits::Admission;
use crate::listener::Handshaken;
use crate::policy::Grant;
use crate::tlog::Pending;
use crate::tlog::Place;
use crate::tlog::Unavailable;

use super::annex::Annex;
use super::commitment;
use super::commitment::Committing;
use super::commitment::Label;
use super::committed::Cleared;
use super::committed::Committed;
use super::committed::Departure;
use super::committed::Tallied;
use super::facts::Facts;
use super::facts::ScopeFacts;
use super::flowing::Flowing;
use super::outcome::Outcome;
use super::outcome::Streamed;
use super::outcome::Verdict;
use super::record::Draft;
use super::record::Exchange;
use super::record::Record;
use super::recorder::Recorder;
use super::recorder::Unrecorded;
use super::recorder::unmakeable;

/// The reason's code when a task ended without an outcome.
pub const INTERRUPTED: &str = "interrupted";

/// The reason's code when the entry that was to be written could not be.
const UNWRITTEN: &str = "log-unavailable";

/// An exchange that has begun and has no outcome yet. Dropped, it records that it was interrupted.
#[derive(Debug)]
pub struct Open {
    recorder: Recorder,
    id: ExchangeId,
    /// The policies in force when it began: by them it is judged, whatever becomes of it.
    policies: Hash,
    places: Places,
    known: Known,
    request: Option<Bytes>,
    /// Whether its `opened` record is durable.
    opened: bool,
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
    pub(super) fn new(
        recorder: Recorder,
        (id, policies): (ExchangeId, Hash),
        [opened, outcome, aborted]: [Place<Draft>; 3],
    ) -> Self {
        let places = Places { opened: Some(opened), outcome: Some(outcome), aborted: Some(aborted) };
        Self { recorder, id, policies, places, known: Known::default(), request: None, opened: false }
    }

    /// This exchange.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// Whether its `opened` record was written: then it must get an outcome of its own.
    #[must_use]
    pub fn is_opened(&self) -> bool {
        self.places.opened.is_none()
    }

    /// Remembers who is asking, in case nothing more is learned, and keeps the certificate that entries will name, and by what it was taken.
    ///
    /// # Errors
    /// They cannot be kept: no entry may name them.
    pub async fn know(&mut self, peer: &Peer, handshake: &Handshaken) -> Result<(), Unrecorded> {
        self.known.agency = Some(peer.agency().id.clone());
        if let Some(leaf) = handshake.chain().first() {
            self.recorder.keep_caller(leaf, &peer.certificate().fingerprint, peer.path()).await?;
        }
        // Only now: were it not kept, the record of the interruption would name what is not there.
        self.known.facts = Facts::of_peer(peer);
        Ok(())
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
                self.known.facts.clone(),
                &self.known.annex,
                None,
                Record::Opened,
            )?;
            self.append_opened(draft)?.await?;
            self.opened = true;
        }
        Ok(Cleared::new(admission))
    }

    /// Lets an answer begin before its outcome is known.
    ///
    /// # Errors
    /// Nothing durable says yet that the exchange began: it is handed back, and nothing of an answer may go out.
    pub fn flow(self) -> Result<Flowing, Box<Self>> {
        if self.opened { Ok(Flowing::new(self)) } else { Err(Box::new(self)) }
    }

    /// A commitment to what will pass by.
    ///
    /// # Errors
    /// The month's key cannot be had.
    pub fn committing(&self, label: Label) -> Result<Committing, Unrecorded> {
        let key = self.recorder.months().of(self.id).map_err(unmakeable)?;
        Ok(Committing::begin(label, &key.salt(self.id, label)))
    }

    /// Records how the exchange ended, and returns once that is durable and in the tree.
    ///
    /// # Errors
    /// The log could not take the record: the outcome may not be told.
    pub async fn commit<O: Outcome>(mut self, outcome: O) -> Result<Committed<O>, Unrecorded> {
        let agency = outcome.agency().cloned();
        let status = outcome.answer().status.as_u16();
        let bytes = outcome.streamed().map(|streamed| streamed.bytes);
        let record = |exchange| verdict_record(outcome.verdict(), status, bytes, exchange);
        let said = Said::by(&outcome);
        let draft =
            self.exchange_draft(agency.as_ref(), outcome.facts(), &outcome.annex(), Some(said), record)?;
        let placed = match self.append_outcome(draft)?.await {
            Ok(placed) => placed,
            Err(why) => return Err(self.unwritten(agency.as_ref(), why).await.into()),
        };
        let departure = Departure::new(self.recorder.clone(), self.id, agency, self.places.aborted.take());
        Ok(Committed::new(outcome, placed, departure))
    }

    /// An entry that the log takes from nobody (over its cap) must not leave an exchange without a record: a bare one is written
    /// in its stead, which always fits. Hands back why the entry was not taken.
    async fn unwritten(&mut self, agency: Option<&AgencyId>, why: Unavailable) -> Unavailable {
        let place = self.places.aborted.take().filter(|_| matches!(why, Unavailable::Refused(_)));
        let exchange = Exchange { facts: self.told(agency, Facts::default()), ..Exchange::default() };
        let record =
            Record::Failed { exchange, status: Some(503), hop: "gateway", reason: UNWRITTEN, bytes: None };
        let draft = self.recorder.draft(agency, Some(self.id), &record, Vec::new());
        if let (Some(place), Ok(draft)) = (place, draft) {
            let _ = place.append(draft).await;
        }
        why
    }

    /// Ends an exchange whose refusal is tallied instead of recorded by itself. Only before [`Open::clear`] opened anything.
    #[must_use]
    pub fn tally<O: Outcome>(mut self, outcome: O, reason: &'static str) -> Tallied<O> {
        self.recorder.tally(outcome.agency(), reason);
        self.places.outcome = None;
        Tallied::new(outcome, self.id)
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
        facts: Facts,
        annex: &Annex,
        said: Option<Said<'_>>,
        record: impl FnOnce(Exchange) -> Record,
    ) -> Result<Draft, Unrecorded> {
        let key = self.recorder.months().of(self.id).map_err(unmakeable)?;
        let sealed = annex.seal(self.id, &key).map_err(unmakeable)?;
        let mut commitments = BTreeMap::new();
        for (label, data) in self.committed_data(annex, said) {
            let commitment = match data {
                Data::Whole(data) => commitment::commit(label, &key.salt(self.id, label), data),
                Data::Passed(commitment) => *commitment,
            };
            commitments.insert(label.as_str(), hex(&commitment));
        }
        let exchange =
            Exchange { facts: self.told(agency, facts), annex: Some(hex(&sha256(&sealed))), commitments };
        self.recorder.draft(agency, Some(self.id), &record(exchange), sealed)
    }

    /// The facts, with what is true of every exchange: whether anybody was recognized, and by which policies it was judged.
    fn told(&self, agency: Option<&AgencyId>, facts: Facts) -> Facts {
        let policy = Some(hex(&self.policies));
        Facts { unauthenticated: agency.is_none(), policy: facts.policy.or(policy), ..facts }
    }

    fn committed_data<'a>(&'a self, annex: &'a Annex, said: Option<Said<'a>>) -> Vec<(Label, Data<'a>)> {
        let Said { answer, reply } = said.unwrap_or_default();
        let text = |text: &'a Option<String>| text.as_deref().map(|text| Data::Whole(text.as_bytes()));
        [
            (Label::Request, self.request.as_deref().map(Data::Whole)),
            (Label::Answer, answer),
            (Label::Reply, reply),
            (Label::Subject, text(&annex.subject)),
            (Label::User, text(&annex.user)),
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
        let record = |exchange| Record::Failed {
            exchange,
            status: None,
            hop: "gateway",
            reason: INTERRUPTED,
            bytes: None,
        };
        match self.exchange_draft(
            self.known.agency.as_ref(),
            self.known.facts.clone(),
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
    answer: Option<Data<'a>>,
    reply: Option<Data<'a>>,
}

/// What is committed to.
enum Data<'a> {
    /// It is at hand.
    Whole(&'a [u8]),
    /// It passed by, and this is the commitment to it.
    Passed(&'a Hash),
}

impl<'a> Said<'a> {
    fn by<O: Outcome>(outcome: &'a O) -> Self {
        match outcome.streamed() {
            Some(Streamed { answer, reply, .. }) => {
                Self { answer: Some(Data::Passed(answer)), reply: Some(Data::Passed(reply)) }
            }
            None => Self {
                answer: Some(Data::Whole(&outcome.answer().body)),
                reply: outcome.reply().map(|body| Data::Whole(body)),
            },
        }
    }
}

/// RFC 9110 9.2.1: what is not safe may have an effect; and a streamed answer leaves before its outcome is known.
fn may_have_an_effect(grant: &Grant) -> bool {
    !grant.request().method().is_safe() || grant.operation().stream
}

fn verdict_record(verdict: Verdict<'_>, status: u16, bytes: Option<u64>, exchange: Exchange) -> Record {
    match verdict {
        Verdict::Released { scope, fields } => {
            let scope = ScopeFacts { hash: hex(&scope), fields: fields.into_owned() };
            Record::Released { exchange, status, scope, bytes }
        }
        Verdict::Refused { stage, reason } => Record::Refused { exchange, status, stage, reason },
        Verdict::Failed { hop, reason } => {
            Record::Failed { exchange, status: Some(status), hop, reason, bytes }
        }
        Verdict::Aborted => {
            Record::Aborted { exchange: Box::new(exchange), bytes: bytes.unwrap_or_default() }
        }
    }
}
