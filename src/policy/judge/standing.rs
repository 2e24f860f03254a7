//! The steps up to the one agreement that answers: the kill switch, the operation, the purpose, the term.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::{AgencyId, PurposeCode, ServiceId};
use crate::identity::registry::Agency;
use crate::policy::calendar::{confirmation_holds_until, today};
use crate::policy::model::{Agreement, Operation, Permit, Service, Status, Suspension};
use crate::policy::policies::Policies;
use crate::policy::refusal::{Ground, Needed, Refusal};
use crate::policy::scope::Scope;

use super::demands::subject;
use super::{Facts, Verdict};

pub(super) fn not_suspended(facts: &Facts<'_>, policies: &Policies) -> Result<(), Refusal> {
    unsuspended(facts.agency, facts.certificate, policies)
}

/// Asks the kill switch about a caller and its certificate alone.
///
/// # Errors
/// One of the two is suspended.
pub fn unsuspended(
    agency: &AgencyId,
    certificate: Option<&Hash>,
    policies: &Policies,
) -> Result<(), Refusal> {
    let suspensions = policies.suspensions();
    let contact =
        || policies.operator().map(|agency| agency.contacts.security.as_str()).unwrap_or_default().into();
    let certificate = certificate.and_then(|fingerprint| suspensions.certificates.get(fingerprint));
    if let Some(suspension) = certificate {
        return Err(Refusal::CertificateSuspended { suspension: suspension.clone(), contact: contact() });
    }
    match suspensions.agencies.get(agency) {
        Some(suspension) => {
            Err(Refusal::AgencySuspended { suspension: suspension.clone(), contact: contact() })
        }
        None => Ok(()),
    }
}

/// What everybody without an agreement is told, whatever there is.
pub(super) fn stranger(policies: &Policies) -> Refusal {
    let contact = policies.operator().map(|agency| agency.contacts.business.as_str()).unwrap_or_default();
    Refusal::NoAgreement { contact: contact.into() }
}

/// The caller's agreements that permit the operation, never empty, each with the clause that does.
pub(super) struct Candidates<'a> {
    service: &'a Arc<Service>,
    operation: &'a Arc<Operation>,
    provider: Option<&'a Arc<Agency>>,
    agency: Option<&'a Arc<Agency>>,
    first: Candidate<'a>,
    others: Vec<Candidate<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    agreement: &'a Arc<Agreement>,
    permit: &'a Arc<Permit>,
}

pub(super) fn with_operation<'a>(facts: &Facts<'_>, policies: &'a Policies) -> Option<Candidates<'a>> {
    let id: ServiceId = facts.service.parse().ok()?;
    // One look-up, whether or not there is such a service: a stranger cannot tell by the time it takes.
    let agreements = policies.between(facts.agency, &id);
    let service = agreements.first().and_then(|agreement| policies.service(agreement.service.as_str()))?;
    let operation =
        service.operations.iter().find(|operation| operation.answers(facts.method, facts.segments))?;
    let name = operation.name();
    let candidate = |agreement: &'a Arc<Agreement>| {
        let permit = agreement.permits.iter().find(|permit| permit.operations.contains(&name))?;
        Some(Candidate { agreement, permit })
    };
    let mut candidates = agreements.iter().filter_map(candidate);
    Some(Candidates {
        service,
        operation,
        provider: policies.agency(&service.provider),
        agency: policies.agency(facts.agency),
        first: candidates.next()?,
        others: candidates.collect(),
    })
}

impl<'a> Candidates<'a> {
    fn iter(&self) -> impl Iterator<Item = Candidate<'a>> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    pub(super) fn ground(&self, candidate: Candidate<'_>) -> Box<Ground> {
        Ground::new(candidate.agreement, Some(candidate.permit), self.service, self.provider)
    }
}

/// The candidates that cover the stated purpose, and that purpose. Never empty.
pub(super) fn for_purpose<'a>(
    facts: &Facts<'_>,
    candidates: &Candidates<'a>,
    policies: &Policies,
) -> Result<(PurposeCode, (Candidate<'a>, Vec<Candidate<'a>>)), Refusal> {
    let Some(stated) = facts.purpose else {
        return Err(Refusal::Missing { what: Needed::Purpose, ground: candidates.ground(candidates.first) });
    };
    let covers = |candidate: &Candidate<'_>| {
        candidate.agreement.purposes.iter().any(|purpose| purpose.as_str() == stated)
    };
    let mut covering = candidates.iter().filter(covers);
    let Some(first) = covering.next() else {
        return Err(Refusal::PurposeNotCovered { ground: candidates.ground(candidates.first) });
    };
    let purpose = first.agreement.purposes.iter().find(|purpose| purpose.as_str() == stated);
    let Some(purpose) = purpose else {
        return Err(Refusal::PurposeNotCovered { ground: candidates.ground(first) });
    };
    if let Some(suspension) = policies.suspensions().purposes.get(purpose) {
        let ground = candidates.ground(first);
        return Err(Refusal::PurposeSuspended { suspension: suspension.clone(), ground });
    }
    Ok((purpose.clone(), (first, covering.collect())))
}

/// The one agreement that answers: nothing of it can be mistaken for another's from here on.
pub(super) struct Matter<'a> {
    pub(super) service: &'a Arc<Service>,
    pub(super) operation: &'a Arc<Operation>,
    pub(super) provider: Option<&'a Arc<Agency>>,
    pub(super) agency: Option<&'a Arc<Agency>>,
    pub(super) agreement: &'a Arc<Agreement>,
    pub(super) permit: &'a Arc<Permit>,
}

/// The candidate in force; compiling made sure that there are not two. If none is, the one that lasts longest says why.
pub(super) fn in_force<'a>(
    candidates: &Candidates<'a>,
    (first, others): (Candidate<'a>, Vec<Candidate<'a>>),
    policies: &Policies,
    now: Timestamp,
) -> Result<Matter<'a>, Refusal> {
    let mut latest: Option<(Candidate<'a>, Refusal)> = None;
    for candidate in std::iter::once(first).chain(others) {
        match stands(candidates, candidate, policies, now) {
            Ok(()) => return Ok(candidates.matter(candidate)),
            Err(refusal) => {
                let longer = |(other, _): &(Candidate<'_>, Refusal)| {
                    other.agreement.until >= candidate.agreement.until
                };
                latest = latest.filter(longer).or(Some((candidate, refusal)));
            }
        }
    }
    // The loop ran at least once, and came here only by refusals.
    let otherwise =
        || Refusal::NoLongerInForce { last: first.agreement.until, ground: candidates.ground(first) };
    Err(latest.map_or_else(otherwise, |(_, refusal)| refusal))
}

fn stands(
    candidates: &Candidates<'_>,
    candidate: Candidate<'_>,
    policies: &Policies,
    now: Timestamp,
) -> Result<(), Refusal> {
    in_term(candidate.agreement, &|| candidates.ground(candidate), policies, now)
}

/// Asks whether an agreement is in force, whoever asks for what.
///
/// # Errors
/// It is not yet, no longer, or suspended; or its security confirmation has lapsed.
pub fn agreement_stands(
    agreement: &Arc<Agreement>,
    policies: &Policies,
    now: Timestamp,
) -> Result<(), Refusal> {
    // Compiling made sure that there is one.
    let Some(service) = policies.service(agreement.service.as_str()) else { return Err(stranger(policies)) };
    let provider = policies.agency(&service.provider);
    in_term(agreement, &|| Ground::new(agreement, None, service, provider), policies, now)
}

fn in_term(
    agreement: &Agreement,
    ground: &dyn Fn() -> Box<Ground>,
    policies: &Policies,
    now: Timestamp,
) -> Result<(), Refusal> {
    let today = today(&agreement.zone, now);
    if today < agreement.from {
        let begins =
            agreement.from.to_zoned_datetime(agreement.zone.clone()).ok().map(|begin| begin.timestamp());
        return Err(Refusal::NotYetInForce { begins, ground: ground() });
    }
    if today > agreement.until {
        return Err(Refusal::NoLongerInForce { last: agreement.until, ground: ground() });
    }
    match &agreement.status {
        Status::Active => {}
        Status::Suspended { since, reason } => {
            let suspension = Suspension { since: *since, reason: reason.clone() };
            return Err(Refusal::AgreementSuspended { suspension, ground: ground() });
        }
        Status::Ended { since, .. } => {
            return Err(Refusal::NoLongerInForce { last: *since, ground: ground() });
        }
    }
    if let Some(suspension) = policies.suspensions().agreements.get(&agreement.id) {
        return Err(Refusal::AgreementSuspended { suspension: suspension.clone(), ground: ground() });
    }
    match agreement.security_confirmed {
        Some(confirmed) if today > confirmation_holds_until(confirmed) => {
            Err(Refusal::SecurityConfirmationLapsed { confirmed, ground: ground() })
        }
        _ => Ok(()),
    }
}

impl<'a> Candidates<'a> {
    fn matter(&self, candidate: Candidate<'a>) -> Matter<'a> {
        Matter {
            service: self.service,
            operation: self.operation,
            provider: self.provider,
            agency: self.agency,
            agreement: candidate.agreement,
            permit: candidate.permit,
        }
    }
}

impl Matter<'_> {
    pub(super) fn ground(&self) -> Box<Ground> {
        Ground::new(self.agreement, Some(self.permit), self.service, self.provider)
    }

    pub(super) fn verdict(&self, facts: &Facts<'_>, purpose: PurposeCode, scope: Arc<Scope>) -> Verdict {
        Verdict {
            service: Arc::clone(self.service),
            operation: Arc::clone(self.operation),
            agreement: Arc::clone(self.agreement),
            permit: Arc::clone(self.permit),
            purpose,
            scope,
            subject: subject(facts, self.operation).map(str::to_owned),
        }
    }
}
