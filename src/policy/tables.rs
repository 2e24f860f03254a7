//! What a decision looks up, made when compiling: the same work for every request, however many agreements there are.
//!
//! Consumer and service lead to a [`Dealing`], the operation to what is [`Permitted`], the purpose to a [`Covered`], and the time
//! to the one agreement in force: two look-ups by hash, the service's operations, one look-up by hash, and a search by halves
//! among the agreements that follow each other in time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::Method;

use crate::clock::Timestamp;
use crate::id::{AgencyId, PurposeCode, ServiceId};
use crate::identity::registry::{Agency, Registry};

use super::calendar::{confirmation_holds_until, first_moment, moment_after};
use super::model::{Agreement, Operation, Permit, Service, Status, Suspension, Suspensions};
use super::refusal::Ground;

/// The tables of a policy set.
#[derive(Debug, Default)]
pub(super) struct Tables(HashMap<AgencyId, HashMap<ServiceId, Dealing>>);

/// What one consumer may ask of one service.
#[derive(Debug)]
pub(super) struct Dealing {
    pub(super) consumer: Arc<Agency>,
    // Consumers that are named together share it.
    book: Arc<Book>,
}

/// What the same agreements with one service permit.
#[derive(Debug)]
pub(super) struct Book {
    service: Arc<Service>,
    operations: Vec<Permitted>,
}

/// An operation that at least one agreement permits.
#[derive(Debug)]
pub(super) struct Permitted {
    pub(super) operation: Arc<Operation>,
    /// The first of the agreements that permit it: the ground of a refusal before the purpose chooses one.
    pub(super) first: Candidate,
    purposes: HashMap<PurposeCode, Covered>,
}

/// A purpose that at least one agreement covers for an operation.
#[derive(Debug)]
pub(super) struct Covered {
    pub(super) purpose: PurposeCode,
    /// Set while the kill switch names the purpose.
    pub(super) suspended: Option<Suspension>,
    /// The first of the agreements that cover it.
    pub(super) first: Candidate,
    /// The one of the latest last day: it says why none is in force.
    pub(super) latest: Candidate,
    // Invariant: sorted by beginning, and none begins before the one before it ends: compiling refuses agreements that overlap.
    answering: Vec<Candidate>,
}

/// An agreement with the clause that permits the operation.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) agreement: Arc<Agreement>,
    pub(super) permit: Arc<Permit>,
    pub(super) ground: Arc<Ground>,
    pub(super) term: Term,
}

/// An agreement's days as moments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// When its first day begins.
    pub(super) begins: Timestamp,
    /// When its last day is over.
    pub(super) ends: Timestamp,
    /// When its security confirmation no longer holds.
    pub(super) lapses: Timestamp,
}

impl Term {
    /// The term of an agreement, in its own zone.
    pub(super) fn of(agreement: &Agreement) -> Self {
        let zone = &agreement.zone;
        let lapse = |confirmed| moment_after(confirmation_holds_until(confirmed), zone);
        Self {
            begins: first_moment(agreement.from, zone),
            ends: moment_after(agreement.until, zone),
            lapses: agreement.security_confirmed.map_or(Timestamp::MAX, lapse),
        }
    }
}

impl Tables {
    /// The tables of agreements that compiling found to be right. Whom the registry does not know is left out, and refused.
    pub(super) fn new(
        agreements: &[Arc<Agreement>],
        services: &BTreeMap<ServiceId, Arc<Service>>,
        registry: &Registry,
        suspensions: &Suspensions,
    ) -> Self {
        let mut tables = Self::default();
        let mut books: HashMap<Vec<usize>, Option<Arc<Book>>> = HashMap::new();
        for ((consumer, service), named) in together(agreements) {
            let book = || Book::new(services.get(service)?, registry, &named, agreements, suspensions);
            let book = match books.get(&named) {
                Some(book) => book.clone(),
                None => books.entry(named.clone()).or_insert(book().map(Arc::new)).clone(),
            };
            if let (Some(book), Some(agency)) = (book, registry.get(consumer)) {
                let dealing = Dealing { consumer: Arc::clone(agency), book };
                tables.0.entry(agency.id.clone()).or_default().insert(service.clone(), dealing);
            }
        }
        tables
    }

    /// What a consumer may ask of a service. Whether there is such a service is never looked up: a stranger cannot tell by the
    /// time it takes.
    pub(super) fn dealing(&self, consumer: &AgencyId, service: &str) -> Option<&Dealing> {
        self.0.get(consumer)?.get(service)
    }
}

/// The places of the agreements of each consumer with each service.
fn together(agreements: &[Arc<Agreement>]) -> HashMap<(&AgencyId, &ServiceId), Vec<usize>> {
    let mut named: HashMap<_, Vec<usize>> = HashMap::new();
    for (place, agreement) in agreements.iter().enumerate() {
        for consumer in &agreement.consumers {
            named.entry((consumer, &agreement.service)).or_default().push(place);
        }
    }
    named
}

impl Dealing {
    pub(super) fn service(&self) -> &Arc<Service> {
        &self.book.service
    }

    /// The operation that a request is for, if an agreement permits it.
    pub(super) fn permitted(&self, method: &Method, segments: &[String]) -> Option<&Permitted> {
        self.book.operations.iter().find(|permitted| permitted.operation.answers(method, segments))
    }
}

impl Book {
    fn new(
        service: &Arc<Service>,
        registry: &Registry,
        named: &[usize],
        agreements: &[Arc<Agreement>],
        suspensions: &Suspensions,
    ) -> Option<Self> {
        let provider = registry.get(&service.provider)?;
        let mut clauses: HashMap<&str, Vec<Candidate>> = HashMap::new();
        for agreement in named.iter().filter_map(|place| agreements.get(*place)) {
            for permit in &agreement.permits {
                let candidate = Candidate::new(agreement, permit, service, provider);
                for operation in &permit.operations {
                    clauses.entry(operation).or_default().push(candidate.clone());
                }
            }
        }
        let permitted = |operation: &Arc<Operation>| {
            Permitted::new(operation, clauses.get(operation.name().as_str())?, suspensions)
        };
        let operations = service.operations.iter().filter_map(permitted).collect();
        Some(Self { service: Arc::clone(service), operations })
    }
}

impl Permitted {
    fn new(operation: &Arc<Operation>, candidates: &[Candidate], suspensions: &Suspensions) -> Option<Self> {
        let mut covering: HashMap<&PurposeCode, Vec<&Candidate>> = HashMap::new();
        for candidate in candidates {
            for purpose in &candidate.agreement.purposes {
                covering.entry(purpose).or_default().push(candidate);
            }
        }
        let covered = |(purpose, candidates): (&PurposeCode, Vec<&Candidate>)| {
            Some((purpose.clone(), Covered::new(purpose, &candidates, suspensions)?))
        };
        let purposes = covering.into_iter().filter_map(covered).collect();
        Some(Self { operation: Arc::clone(operation), first: candidates.first()?.clone(), purposes })
    }

    /// What covers a purpose.
    pub(super) fn covered(&self, purpose: &str) -> Option<&Covered> {
        self.purposes.get(purpose)
    }
}

impl Covered {
    fn new(purpose: &PurposeCode, candidates: &[&Candidate], suspensions: &Suspensions) -> Option<Self> {
        let first = (*candidates.first()?).clone();
        // Of those that end on one day the first.
        let latest = candidates.iter().rev().max_by_key(|candidate| candidate.agreement.until)?;
        let stands = |candidate: &&&Candidate| {
            let agreement = &candidate.agreement;
            agreement.status == Status::Active && !suspensions.agreements.contains_key(&agreement.id)
        };
        let mut answering: Vec<Candidate> =
            candidates.iter().filter(stands).map(|candidate| (*candidate).clone()).collect();
        answering.sort_by_key(|candidate| candidate.term.begins);
        Some(Self {
            purpose: purpose.clone(),
            suspended: suspensions.purposes.get(purpose).cloned(),
            first,
            latest: (*latest).clone(),
            answering,
        })
    }

    /// The agreement in force at a time.
    pub(super) fn in_force(&self, now: Timestamp) -> Option<&Candidate> {
        let begun = self.answering.partition_point(|candidate| candidate.term.begins <= now);
        let last = self.answering.get(begun.checked_sub(1)?)?;
        (now < last.term.ends && now < last.term.lapses).then_some(last)
    }
}

impl Candidate {
    fn new(
        agreement: &Arc<Agreement>,
        permit: &Arc<Permit>,
        service: &Arc<Service>,
        provider: &Arc<Agency>,
    ) -> Self {
        Self {
            agreement: Arc::clone(agreement),
            permit: Arc::clone(permit),
            ground: Arc::new(Ground::new(agreement, Some(permit), service, provider)),
            term: Term::of(agreement),
        }
    }
}
