//! Why something is not shown at the desk, and what is answered instead; each refusal has its status here and nowhere else.

use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::ALLOW;

use crate::audit::forget::approve::NotApproved;
use crate::audit::recorder::Unrecorded;
use crate::gateway::answer;
use crate::gateway::ending;
use crate::gateway::problem::Problem;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::language::Text;
use crate::limits::refusal::Refusal;
use crate::request::refused::Ambiguous;
use crate::signing;
use crate::signing::RequestLine;
use crate::signing::Sealed;

use super::desk::Desk;

/// The most characters of a parameter's name that are repeated.
const NAME_SHOWN: usize = 64;

/// Until the index is tried again: a feeder that failed tries after ten seconds.
const RETRY_SECONDS: u64 = 10;

/// Why something is not shown.
#[derive(Debug)]
pub enum Stop {
    /// It may not be seen, or cannot be understood, by this agency, or by nobody we know. Counted, not recorded by itself.
    Refused(Option<AgencyId>, Why),
    /// Too many at once, or too often.
    Busy(AgencyId, Refusal),
    /// It is not there, or is another's: the two look the same.
    NotFound,
    /// The log does not take the record of the reading.
    Unrecorded(Unrecorded),
    /// What should be shown cannot be read.
    Broken,
}

/// Why a request is refused.
#[derive(Debug)]
pub enum Why {
    /// No role fits, or there is no agency of ours to have one.
    NotAdmitted,
    /// A page of another site made the browser ask.
    CrossSite,
    /// The head has no single meaning.
    Ambiguous(Ambiguous),
    /// Something else than reading.
    Method,
    /// A parameter that is not known there, or says nothing that can be understood.
    Parameter(Parameter),
    /// The question would take too long, or its answer would be too long.
    TooMuch,
    /// The index does not answer.
    Unindexed,
    /// An order to forget a month that is not carried out.
    Order(NotApproved),
    /// So many exchanges of the month are still under way.
    UnderWay(usize),
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// Nothing is asked there by that name.
    Unknown(String),
    /// It occurs twice.
    Repeated(String),
    /// Its value cannot be understood.
    Value(&'static str),
}

impl Stop {
    /// A refusal of somebody who was recognized.
    #[must_use]
    pub fn refused(agency: &AgencyId, why: Why) -> Self {
        Self::Refused(Some(agency.clone()), why)
    }

    /// The answer.
    pub fn answer(self, desk: &Desk, line: &RequestLine, id: ExchangeId) -> Response<Sealed> {
        let door = &desk.door;
        match self {
            Self::Refused(agency, why) => refuse(desk, line, id, agency.as_ref(), &why),
            Self::Busy(agency, busy) => ending::too_many_at_once(door, line, id, &agency, &busy),
            Self::Unrecorded(full) => ending::unrecorded(door, line, id, &full),
            Self::Broken => ending::broken(door, line, id),
            Self::NotFound => {
                signing::seal_service(&door.signer, line, id, &ending::not_found(door, line, id), None)
            }
        }
    }
}

fn refuse(
    desk: &Desk,
    line: &RequestLine,
    id: ExchangeId,
    agency: Option<&AgencyId>,
    why: &Why,
) -> Response<Sealed> {
    let (door, code) = (&desk.door, why.code());
    door.recorder.tally(agency, code);
    door.metrics.tallied(code);
    let plain = Problem { hop: "gateway", stage: "console", ..answer::plain(door, code) };
    let problem = match why {
        Why::NotAdmitted => plain,
        Why::CrossSite | Why::Method | Why::TooMuch => Problem { hop: "caller", ..plain },
        Why::Parameter(parameter) => Problem { hop: "caller", detail: parameter.text(), ..plain },
        Why::Ambiguous(ambiguous) => {
            Problem { hop: "caller", stage: "request", detail: ambiguous.text(), ..plain }
        }
        Why::Unindexed => Problem { retry_after: Some(RETRY_SECONDS), ..plain },
        Why::Order(order) => Problem { hop: "caller", detail: order.text(), ..plain },
        Why::UnderWay(exchanges) => Problem { detail: under_way(*exchanges), ..plain },
    };
    let answer = problem.answer(why.status(), id, line.language);
    let mut response = signing::seal_service(&door.signer, line, id, &answer, None);
    if matches!(why, Why::Method) {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

impl Why {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAdmitted => "not-admitted",
            Self::CrossSite => "cross-site",
            Self::Ambiguous(why) => why.code(),
            Self::Method => "method-not-allowed",
            Self::Parameter(_) => "parameter",
            Self::TooMuch => "too-much",
            Self::Unindexed => "index-unavailable",
            Self::Order(order) => order.code(),
            Self::UnderWay(_) => "month-under-way",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotAdmitted | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Order(NotApproved::Order(_)) => StatusCode::BAD_REQUEST,
            Self::Order(_) => StatusCode::FORBIDDEN,
            Self::UnderWay(_) => StatusCode::CONFLICT,
            Self::Ambiguous(Ambiguous::Authority(_)) => StatusCode::MISDIRECTED_REQUEST,
            Self::Ambiguous(_) | Self::Parameter(_) => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMuch => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unindexed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Parameter {
    /// One that nothing is asked by.
    #[must_use]
    pub fn unknown(name: &str) -> Self {
        Self::Unknown(shown(name))
    }

    /// One that occurs twice.
    #[must_use]
    pub fn repeated(name: &str) -> Self {
        Self::Repeated(shown(name))
    }

    fn text(&self) -> Text {
        match self {
            Self::Unknown(name) => Text::new(
                format!("Tham số `{name}` không dùng được ở đây."),
                format!("There is no parameter `{name}` here."),
            ),
            Self::Repeated(name) => {
                Text::new(format!("Tham số `{name}` bị lặp."), format!("The parameter `{name}` is repeated."))
            }
            Self::Value(name) => Text::new(
                format!("Không hiểu được giá trị của tham số `{name}`."),
                format!("The value of the parameter `{name}` cannot be understood."),
            ),
        }
    }
}

fn under_way(exchanges: usize) -> Text {
    Text::new(
        format!("Còn {exchanges} giao dịch bắt đầu trong tháng đó chưa kết thúc. Hãy thử lại sau."),
        format!("{exchanges} exchanges that began in the month are still under way. Try again later."),
    )
}

fn shown(name: &str) -> String {
    name.chars().take(NAME_SHOWN).flat_map(char::escape_default).collect()
}
