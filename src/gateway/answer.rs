//! Every way an exchange can end becomes a record and an answer; here, and nowhere else, a refusal gets its HTTP status.
#![deny(clippy::wildcard_enum_match_arm)]

use http::HeaderMap;
use http::Response;
use http::StatusCode;

use crate::audit::annex::Annex;
use crate::audit::facts::AgreementFacts;
use crate::audit::facts::Facts;
use crate::audit::outcome::Answer;
use crate::audit::outcome::Outcome;
use crate::audit::outcome::Verdict;
use crate::audit::recorder::INTERRUPTED;
use crate::audit::recorder::Open;
use crate::audit::recorder::Unrecorded;
use crate::disclosure::Withheld;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity::Unrecognized;
use crate::language::Text;
use crate::limits;
use crate::limits::Declined;
use crate::limits::budget::Writing;
use crate::limits::in_flight::Slot;
use crate::metrics;
use crate::policy;
use crate::policy::Grant;
use crate::policy::Refused;
use crate::request::refused::Ambiguous;
use crate::signing;
use crate::signing::RequestLine;
use crate::signing::Sealed;
use crate::tlog::Unavailable;
use crate::upstream::refusal::Fault;

use super::body::Unread;
use super::door::Door;
use super::problem::Problem;
use super::stop::Stop;
use super::titles::title;

/// Records an outcome and seals its answer.
pub async fn committed<O: Outcome>(
    door: &Door,
    line: &RequestLine,
    open: Open,
    outcome: O,
) -> Response<Sealed> {
    let id = open.id();
    let metric = Metric::of(&outcome);
    match open.commit(outcome).await {
        Ok(committed) => {
            metric.count(door);
            signing::seal(&door.signer, line, committed)
        }
        Err(full) => unrecorded(door, line, id, &full),
    }
}

/// Records or tallies a refusal and seals its answer.
pub async fn stopped(door: &Door, line: &RequestLine, open: Open, stop: Stop) -> Response<Sealed> {
    let id = open.id();
    if let Stop::Unrecorded(full) = &stop {
        return unrecorded(door, line, id, full);
    }
    let refusal = Refusal::of(door, line, id, stop);
    let whose = refusal.agency.as_ref().unwrap_or(door.recorder.operator());
    if refusal.counted || door.budget.spend(whose, door.clock.now()) == Writing::Tallied {
        let code = refusal.problem.code;
        door.metrics.tallied(code);
        return signing::seal_tallied(&door.signer, line, open.tally(refusal, code));
    }
    committed(door, line, open, refusal).await
}

/// The answer while the log takes nothing.
pub fn unrecorded(door: &Door, line: &RequestLine, id: ExchangeId, full: &Unrecorded) -> Response<Sealed> {
    let code = match full {
        Unrecorded::Log(Unavailable::Busy) => "overload",
        Unrecorded::Log(Unavailable::Closed) => "draining",
        Unrecorded::Log(_) | Unrecorded::Unmakeable(_) => "log-unavailable",
    };
    let problem =
        Problem { hop: "gateway", stage: "audit", retry_after: Some(RETRY_SECONDS), ..plain(door, code) };
    let answer = problem.answer(StatusCode::SERVICE_UNAVAILABLE, id, line.language);
    signing::seal_unrecorded(&door.signer, line, id, full, answer)
}

/// The answer where our own task broke. Its record is written by then.
pub fn broken(door: &Door, line: &RequestLine, id: ExchangeId) -> Response<Sealed> {
    let problem = Problem { hop: "gateway", stage: "gateway", ..plain(door, INTERRUPTED) };
    let answer = problem.answer(StatusCode::INTERNAL_SERVER_ERROR, id, line.language);
    signing::seal_service(&door.signer, line, id, &answer)
}

/// The answer to a request for a receipt that is not there for this caller.
pub fn not_found(door: &Door, line: &RequestLine, id: ExchangeId) -> Answer {
    let problem = Problem { hop: "gateway", stage: "receipts", ..plain(door, "not-found") };
    problem.answer(StatusCode::NOT_FOUND, id, line.language)
}

/// Until the log takes records again: a spare segment is tried for several times a second.
const RETRY_SECONDS: u64 = 5;

/// A refusal as it is recorded and answered.
#[derive(Debug)]
struct Refusal {
    agency: Option<AgencyId>,
    facts: Facts,
    annex: Annex,
    problem: Problem,
    answer: Answer,
    /// Summed up rather than recorded by itself: refusals by a limit.
    counted: bool,
    failed: bool,
    /// The platform's own bytes, where a failure came after them.
    reply: Option<bytes::Bytes>,
}

/// A refusal before it is put into words.
struct Told {
    agency: Option<AgencyId>,
    facts: Facts,
    annex: Annex,
    status: StatusCode,
    problem: Problem,
    headers: HeaderMap,
    reply: Option<bytes::Bytes>,
}

impl Refusal {
    fn of(door: &Door, line: &RequestLine, id: ExchangeId, stop: Stop) -> Self {
        let counted = matches!(stop, Stop::Declined(_));
        let told = tell(door, id, stop);
        let mut answer = told.problem.answer(told.status, id, line.language);
        answer.headers.extend(told.headers);
        let failed = told.problem.hop == "platform";
        Self {
            agency: told.agency,
            facts: told.facts,
            annex: told.annex,
            problem: told.problem,
            answer,
            counted,
            failed,
            reply: told.reply,
        }
    }
}

impl Outcome for Refusal {
    fn agency(&self) -> Option<&AgencyId> {
        self.agency.as_ref()
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn annex(&self) -> Annex {
        self.annex.clone()
    }

    fn verdict(&self) -> Verdict {
        let reason = self.problem.code;
        if self.failed {
            Verdict::Failed { hop: self.problem.hop, reason }
        } else {
            Verdict::Refused { stage: self.problem.stage, reason }
        }
    }

    fn answer(&self) -> &Answer {
        &self.answer
    }

    fn reply(&self) -> Option<&bytes::Bytes> {
        self.reply.as_ref()
    }

    /// What a refused exchange was charged was given back when its admission was dropped.
    fn conclude(self) -> (Answer, Option<Slot>) {
        (self.answer, None)
    }
}

/// Each stage's refusal in one place, so that a new one does not compile until it has its status.
fn tell(door: &Door, id: ExchangeId, stop: Stop) -> Told {
    match stop {
        Stop::Unrecognized(why) => stranger(door, &why),
        Stop::Ambiguous { agency, facts, why } => ambiguous(door, agency, *facts, &why),
        Stop::Refused(refused) => refused_by_policy(door, id, *refused),
        Stop::Declined(declined) => declined_by_limit(door, &declined),
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
        headers: HeaderMap::new(),
        reply: None,
    }
}

fn refused_by_policy(door: &Door, _id: ExchangeId, refused: Refused<policy::Refusal>) -> Told {
    let reason = &refused.reason;
    let status = match reason.code() {
        "header-missing" => StatusCode::BAD_REQUEST,
        "request-too-large" => StatusCode::PAYLOAD_TOO_LARGE,
        "maintenance" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let mut facts = refused.peer.as_ref().map(Facts::of_peer).unwrap_or_default();
    facts.agreement =
        reason.agreement().map(|(id, version)| AgreementFacts { id: id.to_string(), version, clause: None });
    facts.legal_basis = reason.legal_ground().map(str::to_owned).into_iter().collect();
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
        Problem { detail: reason.text(), contact, ..problem }
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
    let problem = Problem { contact: problem.contact.or_else(|| Some(door.contact.vi.clone())), ..problem };
    Told {
        headers: declined.told().fields(),
        ..after_grant(&declined.grant, StatusCode::TOO_MANY_REQUESTS, problem)
    }
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
                "Nội dung yêu cầu không khớp với Content-Digest.",
                "The request's body is not the one its Content-Digest names.",
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
    after_grant(grant, StatusCode::TOO_MANY_REQUESTS, problem)
}

fn withheld(grant: &Grant, why: &Withheld) -> Told {
    let code = match why {
        Withheld::People(reason) => return over_people(grant, reason, "gateway"),
        Withheld::Body(_) | Withheld::NotJson(_) => "undisclosable",
        Withheld::Status(_) => "platform-broken",
    };
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
    let problem = Problem { detail, hop: "platform", stage: "disclosure", ..granted(grant, code) };
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
fn plain(door: &Door, code: &'static str) -> Problem {
    let title = title(code);
    Problem {
        code,
        detail: title.clone(),
        title,
        contact: Some(door.contact.vi.clone()),
        ..Problem::default()
    }
}

/// A problem under an agreement.
fn granted(grant: &Grant, code: &'static str) -> Problem {
    let agreement = grant.agreement();
    Problem {
        code,
        title: title(code),
        agreement: Some(agreement.id.to_string()),
        clause: Some(format!("permit {}", grant.permit().number)),
        legal_ground: agreement.legal_basis.first().cloned(),
        contact: Some(agreement.contacts.technical.clone()).filter(|contact| !contact.is_empty()),
        ..Problem::default()
    }
}

/// What is counted of an outcome.
struct Metric {
    agency: Option<AgencyId>,
    outcome: metrics::Outcome,
    reason: &'static str,
}

impl Metric {
    fn of(outcome: &impl Outcome) -> Self {
        let agency = outcome.agency().cloned();
        let (outcome, reason) = match outcome.verdict() {
            Verdict::Released { .. } => (metrics::Outcome::Released, ""),
            Verdict::Refused { reason, .. } => (metrics::Outcome::Refused, reason),
            Verdict::Failed { reason, .. } => (metrics::Outcome::Failed, reason),
        };
        Self { agency, outcome, reason }
    }

    /// Callers that are no agency of ours are counted under the operator.
    fn count(self, door: &Door) {
        let agency = self.agency.as_ref().unwrap_or(door.recorder.operator());
        door.metrics.exchange(agency, self.outcome, self.reason);
    }
}
