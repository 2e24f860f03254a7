//! Every way an exchange can end becomes a record and an answer; here, and nowhere else, a refusal gets its HTTP status.
#![deny(clippy::wildcard_enum_match_arm)]

use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONNECTION;

use crate::audit::annex::Annex;
use crate::audit::facts::Facts;
use crate::disclosure::Withheld;
use crate::id::AgencyId;
use crate::identity::Unrecognized;
use crate::language::Text;
use crate::limits;
use crate::limits::Declined;
use crate::message::request::WINDOW_SECONDS;
use crate::message::unsigned::Unsigned;
use crate::policy;
use crate::policy::Grant;
use crate::policy::Refused;
use crate::request::Request;
use crate::request::refused::Ambiguous;
use crate::upstream::refusal::Fault;

use super::body::Unread;
use super::door::Door;
use super::problem::Problem;
use super::stop::Stop;
use super::titles::title;

/// The reason's code where a request is not signed and must be.
const SIGNATURE_REQUIRED: &str = "signature-required";

/// A refusal before it is put into words.
#[derive(Debug)]
pub struct Told {
    /// Whose chain it stands in.
    pub agency: Option<AgencyId>,
    /// What the leaf may say.
    pub facts: Facts,
    /// What the annex says.
    pub annex: Annex,
    /// The answer's status.
    pub status: StatusCode,
    /// What the caller is told.
    pub problem: Problem,
    /// Headers beside the problem's own.
    pub headers: HeaderMap,
    /// The platform's own bytes, where a failure came after them.
    pub reply: Option<bytes::Bytes>,
}

/// Each stage's refusal in one place, so that a new one does not compile until it has its status.
#[must_use]
pub fn tell(door: &Door, stop: Stop) -> Told {
    match stop {
        Stop::Unrecognized(why) => stranger(door, &why),
        Stop::Ambiguous { agency, facts, why } => ambiguous(door, agency, *facts, &why),
        Stop::Refused(refused) => refused_by_policy(door, *refused),
        Stop::Declined(declined) => declined_by_limit(door, &declined),
        Stop::Used { admission, why } => used(admission.grant(), &why),
        Stop::Unread { admission, why } => unread(admission.grant(), why),
        Stop::Unrecorded(_) => after_grant_less(door, "log-unavailable", StatusCode::SERVICE_UNAVAILABLE),
        Stop::Platform(failed) => platform(failed.cleared.grant(), &failed.reason),
        Stop::Withheld(failed) => {
            Told { reply: failed.reply.clone(), ..withheld(failed.cleared.grant(), &failed.reason) }
        }
    }
}

/// Whoever is no agency of ours gets the stranger's answer, and the log alone says why.
fn stranger(door: &Door, why: &Unrecognized) -> Told {
    tracing::warn!(%why, "a certificate that verified speaks for no agency");
    after_grant_less(door, "no-agreement", StatusCode::FORBIDDEN)
}

fn after_grant_less(door: &Door, code: &'static str, status: StatusCode) -> Told {
    let problem = Problem { hop: "gateway", stage: "identity", ..plain(door, code) };
    Told {
        agency: None,
        facts: Facts::default(),
        annex: Annex::default(),
        status,
        problem,
        headers: HeaderMap::new(),
        reply: None,
    }
}

fn ambiguous(door: &Door, agency: AgencyId, facts: Facts, why: &Ambiguous) -> Told {
    let code = why.code();
    let status = if code == "authority" { StatusCode::MISDIRECTED_REQUEST } else { StatusCode::BAD_REQUEST };
    let problem = Problem { detail: why.text(), hop: "caller", stage: "request", ..plain(door, code) };
    Told {
        agency: Some(agency),
        facts,
        annex: Annex::default(),
        status,
        problem,
        headers: if why.leaves_its_end_in_doubt() { closing() } else { HeaderMap::new() },
        reply: None,
    }
}

/// What follows on the connection may be no request, but what somebody else took for the end of this one.
fn closing() -> HeaderMap {
    HeaderMap::from_iter([(CONNECTION, HeaderValue::from_static("close"))])
}

fn refused_by_policy(door: &Door, refused: Refused<policy::Refusal>) -> Told {
    let reason = &refused.reason;
    let status = match reason.code() {
        "header-missing" => StatusCode::BAD_REQUEST,
        "request-too-large" => StatusCode::PAYLOAD_TOO_LARGE,
        "maintenance" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let facts = Facts::of_refusal(&refused);
    let annex = match (&refused.request, &refused.peer) {
        (Some(request), Some(peer)) => Annex::of_request(request, peer.source()),
        _ => Annex::default(),
    };
    let stranger = reason.code() == "no-agreement";
    let problem = Problem {
        hop: "gateway",
        stage: "policy",
        agreement: reason.agreement().map(|(id, _)| id.to_string()),
        clause: reason.clause().map(str::to_owned),
        legal_ground: reason.legal_ground().map(str::to_owned),
        ..plain(door, reason.code())
    };
    // A stranger's answer says nothing particular: not even whether the service exists.
    let problem = if stranger {
        problem
    } else {
        let contact = reason.contact().map(str::to_owned).or_else(|| problem.contact.clone());
        let unsigned = refused.request.as_ref().and_then(Request::unsigned);
        let unsigned = unsigned.filter(|_| reason.code() == SIGNATURE_REQUIRED).map(Unsigned::text);
        let detail = unsigned.map_or_else(|| reason.text(), |why| joined(&reason.text(), &why));
        Problem { detail, contact, ..problem }
    };
    let agency = refused.peer.as_ref().map(|peer| peer.agency().id.clone());
    Told { agency, facts, annex, status, problem, headers: HeaderMap::new(), reply: None }
}

fn declined_by_limit(door: &Door, declined: &Declined<limits::refusal::Refusal>) -> Told {
    let reason = &declined.reason;
    let problem = Problem {
        detail: reason.text(),
        hop: "gateway",
        stage: "limits",
        retry_after: Some(reason.retry_after()),
        ..granted(&declined.grant, reason.code())
    };
    let problem = Problem { contact: problem.contact.or_else(|| Some(door.contact())), ..problem };
    Told {
        headers: declined.told.fields(),
        ..after_grant(&declined.grant, StatusCode::TOO_MANY_REQUESTS, problem)
    }
}

/// A signature that counted and was used before counts no more: the request is as good as unsigned.
fn used(grant: &Grant, why: &Unsigned) -> Told {
    let (code, status) = if [Unsigned::TooMany, Unsigned::Unshared].contains(why) {
        ("overload", StatusCode::SERVICE_UNAVAILABLE)
    } else {
        (SIGNATURE_REQUIRED, StatusCode::FORBIDDEN)
    };
    let retry_after = (code == "overload").then_some(WINDOW_SECONDS.unsigned_abs());
    let (hop, stage) = ("gateway", "request");
    after_grant(
        grant,
        status,
        Problem { detail: why.text(), hop, stage, retry_after, ..granted(grant, code) },
    )
}

fn joined(first: &Text, second: &Text) -> Text {
    Text::new(format!("{} {}", first.vi, second.vi), format!("{} {}", first.en, second.en))
}

fn unread(grant: &Grant, why: Unread) -> Told {
    let (code, status, detail) = match why {
        Unread::People(reason) => return over_people(grant, &reason, "gateway"),
        Unread::NotJson => (
            "ambiguous-request",
            StatusCode::BAD_REQUEST,
            Text::new(
                "Nội dung yêu cầu không phải JSON rõ ràng.",
                "The request's body is not JSON with one meaning.",
            ),
        ),
        Unread::NotGranted => (
            "parameter-not-granted",
            StatusCode::FORBIDDEN,
            Text::new(
                format!("Nội dung yêu cầu có thành phần không thuộc thỏa thuận {}.", grant.agreement().id),
                format!(
                    "The request's body has a member that agreement {} does not let through.",
                    grant.agreement().id
                ),
            ),
        ),
        Unread::NamesNobody { pointer } => (
            "header-missing",
            StatusCode::BAD_REQUEST,
            Text::new(
                format!("Nội dung yêu cầu phải nêu người được tra cứu tại {pointer}."),
                format!("The request's body must name the person asked about, at {pointer}."),
            ),
        ),
        Unread::TooLarge { limit } => (
            "request-too-large",
            StatusCode::PAYLOAD_TOO_LARGE,
            Text::new(
                format!("Nội dung yêu cầu vượt {limit} byte."),
                format!("The request's body is over {limit} bytes."),
            ),
        ),
        Unread::Incomplete => (
            "ambiguous-request",
            StatusCode::BAD_REQUEST,
            Text::new("Nội dung yêu cầu không đến đủ.", "The request's body did not arrive whole."),
        ),
        Unread::WrongDigest => (
            "ambiguous-request",
            StatusCode::BAD_REQUEST,
            Text::new(
                "Content-Digest không nêu SHA-256 (sha-256) của nội dung yêu cầu.",
                "Content-Digest does not name the SHA-256 (sha-256) of the request's body.",
            ),
        ),
    };
    after_grant(grant, status, Problem { detail, hop: "caller", stage: "request", ..granted(grant, code) })
}

fn platform(grant: &Grant, fault: &Fault) -> Told {
    let status = match fault.code() {
        "platform-timeout" => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    let detail = fault.text(&grant.service().name);
    after_grant(
        grant,
        status,
        Problem { detail, hop: "platform", stage: "upstream", ..granted(grant, fault.code()) },
    )
}

/// One person too many today. Not tallied: which person was asked about, and when, may matter.
fn over_people(grant: &Grant, reason: &limits::refusal::Refusal, hop: &'static str) -> Told {
    let retry_after = Some(reason.retry_after());
    let problem =
        Problem { detail: reason.text(), hop, stage: "limits", retry_after, ..granted(grant, reason.code()) };
    let headers = limits::told(&grant.agreement().limits, reason).fields();
    Told { headers, ..after_grant(grant, StatusCode::TOO_MANY_REQUESTS, problem) }
}

/// Which hop failed where a platform's bytes cannot go on, and the reason's code.
#[must_use]
pub fn cause(why: &Withheld) -> (&'static str, &'static str) {
    match why {
        Withheld::People(reason) => ("gateway", reason.code()),
        Withheld::Body(_) | Withheld::NotJson(_) => ("platform", "undisclosable"),
        Withheld::Status(_) => ("platform", "platform-broken"),
    }
}

fn withheld(grant: &Grant, why: &Withheld) -> Told {
    let (hop, code) = cause(why);
    if let Withheld::People(reason) = why {
        return over_people(grant, reason, hop);
    }
    tracing::warn!(exchange = %grant.request().id(), %why, "an answer was withheld whole");
    let name = &grant.service().name;
    let detail = Text::new(
        format!(
            "{}: câu trả lời của nguồn không thể lược bỏ trường dữ liệu một cách an toàn nên không được chuyển tiếp. Cổng hoạt động bình thường.",
            name.vi
        ),
        format!(
            "{}: the platform's answer cannot be cut to the agreed fields safely, so it is withheld. The gateway is well.",
            name.en
        ),
    );
    let problem = Problem { detail, hop, stage: "disclosure", ..granted(grant, code) };
    after_grant(grant, StatusCode::BAD_GATEWAY, problem)
}

fn after_grant(grant: &Grant, status: StatusCode, problem: Problem) -> Told {
    Told {
        agency: Some(grant.peer().agency().id.clone()),
        facts: Facts::of_grant(grant),
        annex: Annex::of_grant(grant),
        status,
        problem,
        headers: HeaderMap::new(),
        reply: None,
    }
}

/// A problem that names only its reason and the operator.
#[must_use]
pub fn plain(door: &Door, code: &'static str) -> Problem {
    let title = title(code);
    Problem { code, detail: title.clone(), title, contact: Some(door.contact()), ..Problem::default() }
}

/// A problem under an agreement.
fn granted(grant: &Grant, code: &'static str) -> Problem {
    let agreement = grant.agreement();
    Problem {
        code,
        title: title(code),
        agreement: Some(agreement.id.to_string()),
        clause: Some(grant.permit().number.to_string()),
        legal_ground: agreement.legal_basis.first().cloned(),
        contact: Some(agreement.contacts.technical.clone()).filter(|contact| !contact.is_empty()),
        ..Problem::default()
    }
}
