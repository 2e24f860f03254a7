//! How an exchange ends: recorded or tallied, then sealed. There is no other way out.

use bytes::Bytes;
use http::Response;
use http::StatusCode;

use crate::audit::annex::Annex;
use crate::audit::facts::Facts;
use crate::audit::open::INTERRUPTED;
use crate::audit::open::Open;
use crate::audit::outcome::Answer;
use crate::audit::outcome::Outcome;
use crate::audit::outcome::Verdict;
use crate::audit::recorder::Unrecorded;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::language::Text;
use crate::limits;
use crate::limits::budget::Writing;
use crate::limits::in_flight::Slot;
use crate::message::facts::has_no_content;
use crate::metrics;
use crate::signing;
use crate::signing::RequestLine;
use crate::signing::Sealed;
use crate::tlog::Unavailable;

use super::answer;
use super::door::Door;
use super::problem::Problem;
use super::stop::Stop;

/// Records an outcome and seals its answer.
pub async fn committed<O: Outcome>(
    door: &Door,
    line: &RequestLine,
    open: Open,
    outcome: O,
) -> Response<Sealed> {
    let id = open.id();
    let opened = open.is_opened();
    let metric = Metric::of(&outcome);
    match open.commit(outcome).await {
        Ok(committed) => {
            metric.count(door);
            signing::seal(&door.signer, line, committed)
        }
        Err(full) if opened => unknown_outcome(door, line, id, &full),
        Err(full) => unrecorded(door, line, id, &full),
    }
}

/// Records or tallies a refusal and seals its answer.
pub async fn stopped(door: &Door, line: &RequestLine, open: Open, stop: Stop) -> Response<Sealed> {
    let id = open.id();
    if let Stop::Unrecorded(full) = &stop {
        return unrecorded(door, line, id, full);
    }
    // What was opened gets its outcome, and what a platform was asked is no refusal of its caller's: neither is summed up.
    let by_itself = stop.is_never_tallied() || open.is_opened();
    let refusal = Refusal::of(door, line, id, stop);
    let is_over_budget = || door.budget.spend(refusal.agency.as_ref(), door.clock.now()) == Writing::Tallied;
    if !by_itself && (refusal.counted || is_over_budget()) {
        let code = refusal.problem.code;
        door.metrics.tallied(code);
        return signing::seal_tallied(&door.signer, line, open.tally(refusal, code));
    }
    committed(door, line, open, refusal).await
}

/// The answer where the log took the beginning of an exchange and not its end: it may have had its effect, and must not be sent
/// again without asking. The next start records it as orphaned.
fn unknown_outcome(door: &Door, line: &RequestLine, id: ExchangeId, full: &Unrecorded) -> Response<Sealed> {
    let detail = Text::new(
        "Yêu cầu đã được chuyển tới nguồn và có thể đã có tác dụng, nhưng kết quả không ghi được vào nhật ký. Không gửi lại trước khi hỏi đơn vị vận hành.",
        "The request went to the platform and may have had its effect, but its outcome could not be recorded. Do not send it again before asking the operator.",
    );
    let problem =
        Problem { detail, hop: "gateway", stage: "audit", ..answer::plain(door, "log-unavailable") };
    let answer = problem.answer(StatusCode::SERVICE_UNAVAILABLE, id, line.language);
    signing::seal_unrecorded(&door.signer, line, id, full, answer)
}

/// The answer while the log takes nothing.
pub fn unrecorded(door: &Door, line: &RequestLine, id: ExchangeId, full: &Unrecorded) -> Response<Sealed> {
    let code = match full {
        Unrecorded::Log(Unavailable::Busy) => "overload",
        Unrecorded::Log(Unavailable::Closed) => "draining",
        Unrecorded::Log(_) | Unrecorded::Unwitnessed | Unrecorded::Unmakeable(_) => "log-unavailable",
    };
    let problem = Problem {
        hop: "gateway",
        stage: "audit",
        retry_after: Some(RETRY_SECONDS),
        ..answer::plain(door, code)
    };
    let answer = problem.answer(StatusCode::SERVICE_UNAVAILABLE, id, line.language);
    signing::seal_unrecorded(&door.signer, line, id, full, answer)
}

/// The answer where our own task broke. Its record is written by then.
pub fn broken(door: &Door, line: &RequestLine, id: ExchangeId) -> Response<Sealed> {
    let problem = Problem { hop: "gateway", stage: "gateway", ..answer::plain(door, INTERRUPTED) };
    let answer = problem.answer(StatusCode::INTERNAL_SERVER_ERROR, id, line.language);
    signing::seal_service(&door.signer, line, id, &answer, None)
}

/// The answer to one request for receipts too many at once: counted, as every refusal by a limit.
pub fn too_many_at_once(
    door: &Door,
    line: &RequestLine,
    id: ExchangeId,
    agency: &AgencyId,
    busy: &limits::refusal::Refusal,
) -> Response<Sealed> {
    door.recorder.tally(Some(agency), busy.code());
    door.metrics.tallied(busy.code());
    let retry_after = Some(busy.retry_after());
    let plain = answer::plain(door, busy.code());
    let problem = Problem { detail: busy.text(), hop: "gateway", stage: "limits", retry_after, ..plain };
    let answer = problem.answer(StatusCode::TOO_MANY_REQUESTS, id, line.language);
    signing::seal_service(&door.signer, line, id, &answer, None)
}

/// The answer to a request for a receipt that is not there for this caller.
pub fn not_found(door: &Door, line: &RequestLine, id: ExchangeId) -> Answer {
    let problem = Problem { hop: "gateway", stage: "receipts", ..answer::plain(door, "not-found") };
    problem.answer(StatusCode::NOT_FOUND, id, line.language)
}

/// The answer to a request for receipts with a flag that says neither yes nor nothing.
pub fn misunderstood(door: &Door, line: &RequestLine, id: ExchangeId, name: &str) -> Response<Sealed> {
    let detail = Text::new(
        format!("Tham số `{name}` chỉ viết một mình hoặc `{name}=1`; không cần thì bỏ."),
        format!(
            "The parameter `{name}` stands by itself or as `{name}=1`; leave it out where it is not wanted."
        ),
    );
    let problem = Problem { hop: "caller", stage: "receipts", detail, ..answer::plain(door, "parameter") };
    let answer = problem.answer(StatusCode::BAD_REQUEST, id, line.language);
    signing::seal_service(&door.signer, line, id, &answer, None)
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
    reply: Option<Bytes>,
}

impl Refusal {
    fn of(door: &Door, line: &RequestLine, id: ExchangeId, stop: Stop) -> Self {
        let counted = matches!(stop, Stop::Declined(_));
        let told = answer::tell(door, stop);
        let mut answer = told.problem.answer(told.status, id, line.language);
        answer.headers.extend(told.headers);
        if has_no_content(line.method.as_str(), told.status.as_u16()) {
            // What is committed to is what goes out.
            answer.body = Bytes::new();
        }
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

    fn verdict(&self) -> Verdict<'_> {
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

    fn reply(&self) -> Option<&Bytes> {
        self.reply.as_ref()
    }

    /// What a refused exchange was charged was given back when its admission was dropped.
    fn conclude(self) -> (Answer, Option<Slot>) {
        (self.answer, None)
    }
}

/// What is counted of an outcome.
pub(super) struct Metric {
    agency: Option<AgencyId>,
    outcome: metrics::Outcome,
    reason: &'static str,
}

impl Metric {
    pub(super) fn of(outcome: &impl Outcome) -> Self {
        let agency = outcome.agency().cloned();
        let (outcome, reason) = match outcome.verdict() {
            Verdict::Released { .. } => (metrics::Outcome::Released, ""),
            Verdict::Refused { reason, .. } => (metrics::Outcome::Refused, reason),
            Verdict::Failed { reason, .. } => (metrics::Outcome::Failed, reason),
            Verdict::Aborted => (metrics::Outcome::Aborted, ""),
        };
        Self { agency, outcome, reason }
    }

    /// Callers that are no agency of ours are counted under the operator.
    pub(super) fn count(self, door: &Door) {
        let agency = self.agency.as_ref().unwrap_or(door.recorder.operator());
        door.metrics.exchange(agency, self.outcome, self.reason);
    }
}
