//! The steps up to the one agreement that answers: the kill switch, the operation, the purpose, the term.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::policy::model::{Agreement, Status, Suspension};
use crate::policy::policies::Policies;
use crate::policy::refusal::{Ground, Needed, Refusal};
use crate::policy::scope::Scope;
use crate::policy::tables::{Candidate, Covered, Dealing, Permitted, Term};

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
    certificate.map_or(Ok(()), |fingerprint| certificate_stands(fingerprint, policies))?;
    match policies.suspensions().agencies.get(agency) {
        Some(suspension) => {
            Err(Refusal::AgencySuspended { suspension: suspension.clone(), contact: security(policies) })
        }
        None => Ok(()),
    }
}

/// Asks the kill switch about a certificate alone, by its fingerprint: whoever holds one that is suspended may be anybody.
///
/// # Errors
/// It is suspended.
pub fn certificate_stands(fingerprint: &Hash, policies: &Policies) -> Result<(), Refusal> {
    match policies.suspensions().certificates.get(fingerprint) {
        Some(suspension) => {
            Err(Refusal::CertificateSuspended { suspension: suspension.clone(), contact: security(policies) })
        }
        None => Ok(()),
    }
}

fn security(policies: &Policies) -> Arc<str> {
    Arc::clone(&policies.operators().security)
}

/// What everybody without an agreement is told, whatever there is.
pub(super) fn stranger(policies: &Policies) -> Refusal {
    Refusal::NoAgreement { contact: Arc::clone(&policies.operators().business) }
}

/// The caller's dealing with the service, and the operation that the request is for.
pub(super) fn with_operation<'a>(
    facts: &Facts<'_>,
    policies: &'a Policies,
) -> Option<(&'a Dealing, &'a Permitted)> {
    let dealing = policies.tables().dealing(facts.agency, facts.service)?;
    Some((dealing, dealing.permitted(facts.method, facts.segments)?))
}

/// What covers the stated purpose.
pub(super) fn for_purpose<'a>(facts: &Facts<'_>, permitted: &'a Permitted) -> Result<&'a Covered, Refusal> {
    let ground = || Arc::clone(&permitted.first.ground);
    let Some(stated) = facts.purpose else {
        return Err(Refusal::Missing { what: Needed::Purpose, ground: ground() });
    };
    let Some(covered) = permitted.covered(stated) else {
        return Err(Refusal::PurposeNotCovered { ground: ground() });
    };
    match &covered.suspended {
        Some(suspension) => {
            let ground = Arc::clone(&covered.first.ground);
            Err(Refusal::PurposeSuspended { suspension: suspension.clone(), ground })
        }
        None => Ok(covered),
    }
}

/// The agreement in force; compiling made sure that there are not two. If none is, the one that lasts longest says why.
pub(super) fn in_force<'a>(
    covered: &'a Covered,
    policies: &Policies,
    now: Timestamp,
) -> Result<&'a Candidate, Refusal> {
    covered.in_force(now).ok_or_else(|| {
        let Candidate { agreement, ground, term, .. } = &covered.latest;
        // Were it in force, it would have answered.
        let over = || Refusal::NoLongerInForce { last: agreement.until, ground: Arc::clone(ground) };
        why_not(agreement, *term, &|| Arc::clone(ground), policies, now).unwrap_or_else(over)
    })
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
    // Compiling made sure that there are both.
    let service = policies.service(agreement.service.as_str());
    let provider = service.and_then(|service| policies.agency(&service.provider));
    let (Some(service), Some(provider)) = (service, provider) else { return Err(stranger(policies)) };
    let ground = || Arc::new(Ground::new(agreement, None, service, provider));
    why_not(agreement, Term::of(agreement), &ground, policies, now).map_or(Ok(()), Err)
}

fn why_not(
    agreement: &Agreement,
    term: Term,
    ground: &dyn Fn() -> Arc<Ground>,
    policies: &Policies,
    now: Timestamp,
) -> Option<Refusal> {
    if now < term.begins {
        return Some(Refusal::NotYetInForce { begins: Some(term.begins), ground: ground() });
    }
    if now >= term.ends {
        return Some(Refusal::NoLongerInForce { last: agreement.until, ground: ground() });
    }
    match &agreement.status {
        Status::Active => {}
        Status::Suspended { since, reason } => {
            let suspension = Suspension { since: *since, reason: reason.clone() };
            return Some(Refusal::AgreementSuspended { suspension, ground: ground() });
        }
        Status::Ended { since, .. } => {
            return Some(Refusal::NoLongerInForce { last: *since, ground: ground() });
        }
    }
    if let Some(suspension) = policies.suspensions().agreements.get(&agreement.id) {
        return Some(Refusal::AgreementSuspended { suspension: suspension.clone(), ground: ground() });
    }
    if policies.unsigned(&agreement.id).is_some() {
        return Some(Refusal::NotSigned { ground: ground() });
    }
    let confirmed = agreement.security_confirmed.filter(|_| now >= term.lapses)?;
    Some(Refusal::SecurityConfirmationLapsed { confirmed, ground: ground() })
}

/// The one agreement that answers: nothing of it can be mistaken for another's from here on.
pub(super) struct Matter<'a> {
    pub(super) dealing: &'a Dealing,
    pub(super) permitted: &'a Permitted,
    pub(super) covered: &'a Covered,
    pub(super) candidate: &'a Candidate,
}

impl Matter<'_> {
    pub(super) fn ground(&self) -> Arc<Ground> {
        Arc::clone(&self.candidate.ground)
    }

    pub(super) fn verdict(&self, facts: &Facts<'_>, scope: Arc<Scope>) -> Verdict {
        let operation = &self.permitted.operation;
        Verdict {
            service: Arc::clone(self.dealing.service()),
            operation: Arc::clone(operation),
            agreement: Arc::clone(&self.candidate.agreement),
            permit: Arc::clone(&self.candidate.permit),
            purpose: self.covered.purpose.clone(),
            scope,
            subject: subject(facts, operation).map(str::to_owned),
        }
    }
}
