//! The steps of a decision, in their order, on bare facts. It mints nothing: `decide` turns its verdict into a grant;
//! explaining and replaying ask the same questions without one.

mod demands;
mod standing;

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::{AgencyId, PurposeCode};

use super::model::{Agreement, Operation, Permit, Service};
use super::policies::Policies;
use super::refusal::Refusal;
use super::scope::Scope;

use standing::Matter;

pub use standing::{agreement_stands, certificate_stands, unsuspended};

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
    standing::not_suspended(facts, policies)?;
    passed(Step::Standing);
    let found = standing::with_operation(facts, policies);
    let (dealing, permitted) = found.ok_or_else(|| standing::stranger(policies))?;
    passed(Step::Agreement);
    let covered = standing::for_purpose(facts, permitted)?;
    passed(Step::Purpose);
    let candidate = standing::in_force(covered, policies, now)?;
    passed(Step::InForce);
    let matter = Matter { dealing, permitted, covered, candidate };
    demands::from_network(facts, &matter)?;
    passed(Step::Source);
    demands::within_hours(&matter, now)?;
    passed(Step::Hours);
    demands::named(facts, &matter)?;
    passed(Step::Named);
    demands::signed(facts, &matter)?;
    passed(Step::Signed);
    demands::parameters(facts, &matter)?;
    passed(Step::Parameters);
    let scope = demands::fields(facts, &matter)?;
    passed(Step::Fields);
    demands::size(facts, &matter)?;
    passed(Step::Size);
    demands::present(&matter, now)?;
    passed(Step::Present);
    Ok(matter.verdict(facts, scope))
}
