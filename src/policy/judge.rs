//! The steps of a decision, in their order, on bare facts. It mints nothing: `decide` turns its verdict into a grant;
//! explaining and replaying ask the same questions without one.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::{AgencyId, PurposeCode, ServiceId};
use crate::identity::registry::{Agency, Network};

use super::calendar::{confirmation_holds_until, is_open, next_opening, today};
use super::model::{Agreement, Operation, Permit, Service, Status, SubjectPlace, Suspension};
use super::policies::Policies;
use super::refusal::{Ground, Needed, Refusal};
use super::scope::{Outside, Scope};

/// What a decision looks at, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Who asks.
    pub agency: &'a AgencyId,
    /// By which certificate (SHA-256 of the whole); none when past or imagined requests are judged.
    pub certificate: Option<&'a Hash>,
    /// From where; none when that is not known.
    pub source: Option<IpAddr>,
    /// The method.
    pub method: &'a Method,
    /// The first path segment.
    pub service: &'a str,
    /// The segments after it, decoded.
    pub segments: &'a [String],
    /// The query's parameters, decoded.
    pub query: &'a [(String, String)],
    /// The stated purpose.
    pub purpose: Option<&'a str>,
    /// Whether a case number is named.
    pub names_case: bool,
    /// Whether an end user is named.
    pub names_user: bool,
    /// The fields asked for, if fewer than all are.
    pub fields: Option<&'a [String]>,
    /// Whether the request is signed by a key of the agency, and that was verified.
    pub signed: bool,
    /// How long the request's body says it is.
    pub content_length: Option<u64>,
}

/// What a grant is made of.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Of which service.
    pub service: Arc<Service>,
    /// Which of its operations.
    pub operation: Arc<Operation>,
    /// Under which agreement.
    pub agreement: Arc<Agreement>,
    /// By which of its clauses.
    pub permit: Arc<Permit>,
    /// For which purpose.
    pub purpose: PurposeCode,
    /// Which fields may be disclosed.
    pub scope: Arc<Scope>,
    /// The data subject's identifier, where path or query tells it.
    pub subject: Option<String>,
}

/// One step of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Certificate and agency are not suspended.
    Standing,
    /// There is an agreement for this operation of this service.
    Agreement,
    /// It covers the stated purpose.
    Purpose,
    /// It is in force.
    InForce,
    /// The call comes from the agency's networks.
    Source,
    /// The agreement is open at this hour.
    Hours,
    /// What must be named is named.
    Named,
    /// The request is signed if it must be.
    Signed,
    /// Only agreed parameters are sent.
    Parameters,
    /// Only fields of the scope are asked for.
    Fields,
    /// The request is not too large.
    Size,
    /// The platform is not away as planned.
    Present,
}

/// Judges a request. Pure: the answer depends on nothing but the arguments.
///
/// # Errors
/// The first step that refuses.
pub fn judge(facts: &Facts<'_>, policies: &Policies, now: Timestamp) -> Result<Verdict, Refusal> {
    walk(facts, policies, now, &mut |_| ())
}

/// The same, telling each step that was passed.
pub(super) fn walk(
    facts: &Facts<'_>,
    policies: &Policies,
    now: Timestamp,
    passed: &mut dyn FnMut(Step),
) -> Result<Verdict, Refusal> {
    not_suspended(facts, policies)?;
    passed(Step::Standing);
    let candidates = with_operation(facts, policies).ok_or_else(|| stranger(policies))?;
    passed(Step::Agreement);
    let (purpose, covering) = for_purpose(facts, &candidates, policies)?;
    passed(Step::Purpose);
    let matter = in_force(&candidates, covering, policies, now)?;
    passed(Step::InForce);
    from_network(facts, &matter)?;
    passed(Step::Source);
    within_hours(&matter, now)?;
    passed(Step::Hours);
    named(facts, &matter)?;
    passed(Step::Named);
    signed(facts, &matter)?;
    passed(Step::Signed);
    parameters(facts, &matter)?;
    passed(Step::Parameters);
    let scope = fields(facts, &matter)?;
    passed(Step::Fields);
    size(facts, &matter)?;
    passed(Step::Size);
    present(&matter, now)?;
    passed(Step::Present);
    Ok(matter.verdict(facts, purpose, scope))
}

fn not_suspended(facts: &Facts<'_>, policies: &Policies) -> Result<(), Refusal> {
    let suspensions = policies.suspensions();
    let contact =
        || policies.operator().map(|agency| agency.contacts.security.as_str()).unwrap_or_default().into();
    let certificate = facts.certificate.and_then(|fingerprint| suspensions.certificates.get(fingerprint));
    if let Some(suspension) = certificate {
        return Err(Refusal::CertificateSuspended { suspension: suspension.clone(), contact: contact() });
    }
    match suspensions.agencies.get(facts.agency) {
        Some(suspension) => {
            Err(Refusal::AgencySuspended { suspension: suspension.clone(), contact: contact() })
        }
        None => Ok(()),
    }
}

/// What everybody without an agreement is told, whatever there is.
fn stranger(policies: &Policies) -> Refusal {
    let contact = policies.operator().map(|agency| agency.contacts.business.as_str()).unwrap_or_default();
    Refusal::NoAgreement { contact: contact.into() }
}

/// The caller's agreements that permit the operation, never empty, each with the clause that does.
struct Candidates<'a> {
    service: &'a Arc<Service>,
    operation: &'a Arc<Operation>,
    provider: Option<&'a Arc<Agency>>,
    agency: Option<&'a Arc<Agency>>,
    first: Candidate<'a>,
    others: Vec<Candidate<'a>>,
}

#[derive(Clone, Copy)]
struct Candidate<'a> {
    agreement: &'a Arc<Agreement>,
    permit: &'a Arc<Permit>,
}

fn with_operation<'a>(facts: &Facts<'_>, policies: &'a Policies) -> Option<Candidates<'a>> {
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

    fn ground(&self, candidate: Candidate<'_>) -> Box<Ground> {
        Ground::new(candidate.agreement, Some(candidate.permit), self.service, self.provider)
    }
}

/// The candidates that cover the stated purpose, and that purpose. Never empty.
fn for_purpose<'a>(
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
struct Matter<'a> {
    service: &'a Arc<Service>,
    operation: &'a Arc<Operation>,
    provider: Option<&'a Arc<Agency>>,
    agency: Option<&'a Arc<Agency>>,
    agreement: &'a Arc<Agreement>,
    permit: &'a Arc<Permit>,
}

/// The candidate in force; compiling made sure that there are not two. If none is, the one that lasts longest says why.
fn in_force<'a>(
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
    let agreement = candidate.agreement;
    let ground = || candidates.ground(candidate);
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
    fn ground(&self) -> Box<Ground> {
        Ground::new(self.agreement, Some(self.permit), self.service, self.provider)
    }

    fn verdict(&self, facts: &Facts<'_>, purpose: PurposeCode, scope: Arc<Scope>) -> Verdict {
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

fn from_network(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    let networks = matter.agency.map(|agency| agency.networks.as_slice()).unwrap_or_default();
    let inside =
        |source: IpAddr| networks.is_empty() || networks.iter().any(|network| contains(network, source));
    match facts.source {
        Some(source) if !inside(source) => Err(Refusal::SourceNetwork { ground: matter.ground() }),
        _ => Ok(()),
    }
}

/// Whether a block holds an address; an IPv4 address in IPv6 clothing (`::ffff:a.b.c.d`) is the IPv4 address.
fn contains(network: &Network, source: IpAddr) -> bool {
    let masked = |bits: u128, width: u8| {
        bits.checked_shr(u32::from(width.saturating_sub(network.prefix))).unwrap_or(0)
    };
    match (network.address, source.to_canonical()) {
        (IpAddr::V4(block), IpAddr::V4(source)) => {
            masked(u128::from(block.to_bits()), 32) == masked(u128::from(source.to_bits()), 32)
        }
        (IpAddr::V6(block), IpAddr::V6(source)) => {
            masked(block.to_bits(), 128) == masked(source.to_bits(), 128)
        }
        _ => false,
    }
}

fn within_hours(matter: &Matter<'_>, now: Timestamp) -> Result<(), Refusal> {
    let (hours, zone) = (&matter.agreement.hours, &matter.agreement.zone);
    if is_open(hours, zone, now) {
        return Ok(());
    }
    Err(Refusal::OutsideHours { opens: next_opening(hours, zone, now), ground: matter.ground() })
}

fn named(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    let missing = |what| Err(Refusal::Missing { what, ground: matter.ground() });
    if matter.permit.requires_case && !facts.names_case {
        return missing(Needed::Case);
    }
    if matter.permit.requires_user && !facts.names_user {
        return missing(Needed::User);
    }
    Ok(())
}

fn signed(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    if matter.agreement.signed_requests && !facts.signed {
        return Err(Refusal::SignatureRequired { ground: matter.ground() });
    }
    Ok(())
}

/// Only parameters that the operation declares and the clause lets through; one that filters on a field outside the scope
/// is refused, since a filter tells.
fn parameters(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    for (name, _) in facts.query {
        let declared = matter.operation.query.iter().find(|parameter| parameter.name == *name);
        let let_through = declared.is_some_and(|parameter| {
            let tells_nothing_more =
                parameter.field.as_deref().is_none_or(|field| matter.permit.scope.covers(field));
            matter.permit.query.contains(name) && tells_nothing_more
        });
        if !let_through {
            let parameter = declared.map(|parameter| parameter.name.clone());
            return Err(Refusal::ParameterNotGranted { parameter, ground: matter.ground() });
        }
    }
    people_can_be_counted(facts, matter)
}

/// Where distinct people are counted by a query parameter, it must be there.
fn people_can_be_counted(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    match &matter.operation.subject {
        Some(SubjectPlace::Query(name))
            if matter.agreement.limits.subjects_per_day.is_some()
                && subject(facts, matter.operation).is_none() =>
        {
            Err(Refusal::Missing { what: Needed::Subject(name.clone()), ground: matter.ground() })
        }
        _ => Ok(()),
    }
}

/// The data subject's identifier, if path or query tells it.
fn subject<'a>(facts: &Facts<'a>, operation: &Operation) -> Option<&'a str> {
    match operation.subject.as_ref()? {
        SubjectPlace::Path(name) => operation.path_value(name, facts.segments),
        SubjectPlace::Query(name) => {
            facts.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
        }
        SubjectPlace::Body(_) | SubjectPlace::Answer(_) => None,
    }
}

fn fields(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<Arc<Scope>, Refusal> {
    let Some(asked) = facts.fields else { return Ok(Arc::clone(&matter.permit.scope)) };
    let outside = |outside| {
        let field = match outside {
            Outside::Uncatalogued => None,
            Outside::Field(field) => Some(field),
        };
        Refusal::FieldNotGranted { field, ground: matter.ground() }
    };
    matter.permit.scope.narrow(asked).map(Arc::new).map_err(outside)
}

fn size(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    let limit = matter.operation.request_limit;
    if facts.content_length.is_some_and(|length| length > limit) {
        return Err(Refusal::RequestTooLarge { limit, ground: matter.ground() });
    }
    Ok(())
}

fn present(matter: &Matter<'_>, now: Timestamp) -> Result<(), Refusal> {
    match matter.service.under_maintenance(now) {
        Some(window) => {
            Err(Refusal::Maintenance { window: Box::new(window.clone()), ground: matter.ground() })
        }
        None => Ok(()),
    }
}
