//! What a policy set would have decided of an exchange that was recorded: by the code that decides requests, on what the record says.
//!
//! What the record does not say is neither assumed nor passed over: the exchange is judged twice, as if it had been in the caller's favour
//! and as if not. Where both come out alike it did not matter; where they do not, the answer is that it cannot be known.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use http::Method;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::AgencyId;

use super::judge::Facts;
use super::judge::Verdict;
use super::judge::judge;
use super::model::Operation;
use super::model::ParameterKind;
use super::model::Segment;
use super::model::SubjectPlace;
use super::policies::Policies;
use super::refusal::Refusal;

/// A value for a path parameter that is not recorded: digits satisfy every kind.
const DIGIT: &str = "0";

/// An exchange, as far as the record tells it. `None` is: not known.
#[derive(Debug, Clone)]
pub struct Past {
    /// Who asked.
    pub agency: AgencyId,
    /// When, by the clock that decided.
    pub at: Timestamp,
    /// By which certificate (SHA-256 of the whole).
    pub certificate: Option<Hash>,
    /// From where.
    pub source: Option<IpAddr>,
    /// Of which service, which operation.
    pub operation: Option<(String, String)>,
    /// The purpose that was stated, if it is one of the catalogue; `Some(None)`: none was stated.
    pub purpose: Option<Option<String>>,
    /// Whether a case was named.
    pub case: Option<bool>,
    /// Whether an end user was named.
    pub user: Option<bool>,
    /// Whether the request was signed.
    pub signed: Option<bool>,
    /// The data subject.
    pub subject: Option<String>,
    /// The fields asked for by name; `Some(None)`: all of the scope were.
    pub fields: Option<Option<Vec<String>>>,
    /// A parameter that was refused.
    pub parameter: Option<String>,
    /// What went out.
    pub released: Vec<String>,
    /// What policy refused it for then; none: it was granted.
    pub refused: Option<String>,
}

/// What would have been decided otherwise.
#[derive(Debug, Clone)]
pub enum Replayed {
    /// Nothing.
    Same,
    /// It would have been refused.
    Refused(Box<Refusal>),
    /// It would have been granted, without these fields that went out.
    Narrowed(Vec<String>),
    /// It was refused, and would have been granted.
    Granted(Box<Verdict>),
    /// It was refused, and would have been for another reason.
    Otherwise(Box<Refusal>),
    /// It depends on what is not recorded.
    Unknown(Unknown),
}

/// What is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// The operation, or anything of the request.
    Request,
    /// The purpose that was stated.
    Purpose,
    /// Case, user, source, signature or the fields asked for: the annex cannot be read, or they are not in it.
    Details,
    /// How large it was.
    Size,
}

impl Unknown {
    /// What people read.
    #[must_use]
    pub fn text(self) -> crate::language::Text {
        let (vi, en) = match self {
            Self::Request => ("thao tác được yêu cầu", "what was asked"),
            Self::Purpose => ("mục đích đã nêu", "the purpose that was stated"),
            Self::Details => (
                "mã hồ sơ, người khai thác, địa chỉ, chữ ký hoặc các trường được yêu cầu",
                "case, user, source, signature or the fields asked for",
            ),
            Self::Size => ("kích thước yêu cầu", "how large the request was"),
        };
        crate::language::Text::new(vi, en)
    }

    /// Its name, for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Purpose => "purpose",
            Self::Details => "details",
            Self::Size => "size",
        }
    }
}

/// Judges an exchange of the past anew. A code that was merged away is judged as the agency that has it now.
#[must_use]
pub fn replay(past: &Past, policies: &Policies) -> Replayed {
    // What it was refused for is not recorded: without it everything would pass.
    match past.refused.as_deref() {
        Some("request-too-large") => return Replayed::Unknown(Unknown::Size),
        Some("field-not-granted") if past.fields.is_none() => return Replayed::Unknown(Unknown::Details),
        Some("parameter-not-granted") if past.parameter.is_none() => {
            return Replayed::Unknown(Unknown::Details);
        }
        _ => {}
    }
    let (best, worst) = match judged(past, policies) {
        Ok(both) => both,
        Err(unknown) => return Replayed::Unknown(unknown),
    };
    let code = |decided: &Result<Verdict, Refusal>| decided.as_ref().err().map(Refusal::code);
    if code(&best) == code(&worst) { compare(past, best) } else { Replayed::Unknown(Unknown::Details) }
}

/// What would be decided if all that is not known were in the caller's favour, and if it were not.
type Both = (Result<Verdict, Refusal>, Result<Verdict, Refusal>);

fn judged(past: &Past, policies: &Policies) -> Result<Both, Unknown> {
    let (service, operation) = past.operation.as_ref().ok_or(Unknown::Request)?;
    if past.purpose.is_none() {
        return Err(Unknown::Purpose);
    }
    let today = |id: &AgencyId| policies.successor(id).map(|agency| agency.id.clone());
    let agency = policies.agency(&past.agency).map(|agency| agency.id.clone());
    let agency = agency.or_else(|| today(&past.agency)).unwrap_or_else(|| past.agency.clone());
    let asked = Asked::of(past, agency, policies, (service, operation));
    Ok((asked.judged(true, policies), asked.judged(false, policies)))
}

/// The refusal of an exchange that was refused, in the words of the policies that refused it; none where the record does not lead to it.
#[must_use]
pub fn refusal(past: &Past, policies: &Policies) -> Option<Refusal> {
    let (best, worst) = judged(past, policies).ok()?;
    let then = |decided: Result<Verdict, Refusal>| {
        decided.err().filter(|refusal| past.refused.as_deref() == Some(refusal.code()))
    };
    then(best).or_else(|| then(worst))
}

fn compare(past: &Past, now: Result<Verdict, Refusal>) -> Replayed {
    match (&past.refused, now) {
        (None, Err(refusal)) => Replayed::Refused(Box::new(refusal)),
        (None, Ok(verdict)) => {
            let kept = |pointer: &&String| verdict.scope.root.at(pointer).is_some_and(|node| node.kept);
            let lost: Vec<String> = past.released.iter().filter(|it| !kept(it)).cloned().collect();
            if lost.is_empty() { Replayed::Same } else { Replayed::Narrowed(lost) }
        }
        (Some(_), Ok(verdict)) => Replayed::Granted(Box::new(verdict)),
        (Some(then), Err(refusal)) if then == refusal.code() => Replayed::Same,
        (Some(_), Err(refusal)) => Replayed::Otherwise(Box::new(refusal)),
    }
}

/// A request that says what the record says.
struct Asked<'a> {
    past: &'a Past,
    agency: AgencyId,
    method: Method,
    service: &'a str,
    segments: Vec<String>,
    /// The parameter that the data subject stands in.
    subject: Option<String>,
}

impl<'a> Asked<'a> {
    fn of(
        past: &'a Past,
        agency: AgencyId,
        policies: &Policies,
        (service, name): (&'a str, &'a str),
    ) -> Self {
        let known = policies.service(service);
        let operation = known.and_then(|known| known.operations.iter().find(|it| it.name() == name));
        let method = name.split(' ').next().and_then(|method| method.parse().ok()).unwrap_or(Method::GET);
        let segments = operation.map(|operation| path(operation, past.subject.as_deref()));
        let subject = operation.and_then(|operation| match &operation.subject {
            Some(SubjectPlace::Query(name)) => Some(name.clone()),
            _ => None,
        });
        Self { past, agency, method, service, segments: segments.unwrap_or_default(), subject }
    }

    /// Judges it; what is not known is in the caller's favour, or against it.
    fn judged(&self, favour: bool, policies: &Policies) -> Result<Verdict, Refusal> {
        let past = self.past;
        let query = self.query(favour);
        let unknown = past.fields.is_none().then(|| past.released.clone()).filter(|_| !favour);
        let fields = past.fields.clone().flatten().or(unknown);
        let facts = Facts {
            agency: &self.agency,
            certificate: past.certificate.as_ref(),
            // Only a network that holds every address holds this one.
            source: past.source.or_else(|| (!favour).then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
            method: &self.method,
            service: self.service,
            segments: &self.segments,
            query: &query,
            purpose: past.purpose.as_ref().and_then(Option::as_deref),
            names_case: past.case.unwrap_or(favour),
            names_user: past.user.unwrap_or(favour),
            fields: fields.as_deref(),
            signed: past.signed.unwrap_or(favour),
            content_length: None,
        };
        judge(&facts, policies, past.at)
    }

    /// The parameters that are known to have been sent.
    fn query(&self, favour: bool) -> Vec<(String, String)> {
        let value = self.past.subject.clone().or_else(|| favour.then(|| DIGIT.to_owned()));
        let subject = self.subject.clone().zip(value);
        let refused = self.past.parameter.clone().map(|name| (name, String::new()));
        subject.into_iter().chain(refused).collect()
    }
}

/// A path of the operation: the data subject where it is known, else values that fit.
fn path(operation: &Operation, subject: Option<&str>) -> Vec<String> {
    let place = match &operation.subject {
        Some(SubjectPlace::Path(name)) => Some(name),
        _ => None,
    };
    let segment = |segment: &Segment| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Parameter { name, kind } => {
            let known = subject.filter(|_| place == Some(name)).map(str::to_owned);
            known.unwrap_or_else(|| fitting(kind))
        }
    };
    operation.segments.iter().map(segment).collect()
}

fn fitting(kind: &ParameterKind) -> String {
    match kind {
        ParameterKind::Digits(length) => DIGIT.repeat(*length),
        ParameterKind::DigitsUpTo(_) | ParameterKind::Token(_) => DIGIT.to_owned(),
    }
}
