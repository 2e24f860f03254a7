//! Why something is not shown at the desk, and what is answered instead; each refusal has its status here and nowhere else.

use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::ALLOW;

use crate::audit::recorder::Unrecorded;
use crate::gateway::answer;
use crate::gateway::ending;
use crate::gateway::problem::Problem;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity::Unrecognized;
use crate::language::Text;
use crate::limits::refusal::Refusal;
use crate::request::refused::Ambiguous;
use crate::signing;
use crate::signing::RequestLine;
use crate::signing::Sealed;

use super::desk::Desk;

/// The most characters of a parameter's name that are repeated.
const NAME_SHOWN: usize = 64;

/// Why something is not shown.
#[derive(Debug)]
pub enum Stop {
    /// The certificate speaks for no agency of ours.
    Stranger(Unrecognized),
    /// No role of the agency fits.
    NotAdmitted(AgencyId),
    /// A page of another site made the browser ask.
    CrossSite(AgencyId),
    /// The head has no single meaning.
    Ambiguous(AgencyId, Ambiguous),
    /// Something else than reading.
    Method(AgencyId),
    /// A parameter that is not known there, or says nothing that can be understood.
    Parameter(AgencyId, Parameter),
    /// Too many at once, or too often.
    Busy(AgencyId, Refusal),
    /// It is not there, or is another's: the two look the same.
    NotFound,
    /// The log does not take the record of the reading.
    Unrecorded(Unrecorded),
    /// What should be shown cannot be read.
    Broken,
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
    /// The answer. Refusals are counted under the agency, or under nobody; none is recorded by itself.
    pub fn answer(self, desk: &Desk, line: &RequestLine, id: ExchangeId) -> Response<Sealed> {
        let door = &desk.door;
        match self {
            Self::Unrecorded(full) => ending::unrecorded(door, line, id, &full),
            Self::Busy(agency, busy) => ending::too_many_at_once(door, line, id, &agency, &busy),
            Self::Broken => ending::broken(door, line, id),
            Self::NotFound => {
                signing::seal_service(&door.signer, line, id, &ending::not_found(door, line, id), None)
            }
            Self::Stranger(why) => {
                tracing::warn!(%why, "at the desk, a certificate that verified speaks for no agency");
                let problem =
                    Problem { hop: "gateway", stage: "console", ..answer::plain(door, "not-admitted") };
                refuse(desk, line, id, None, StatusCode::FORBIDDEN, problem)
            }
            Self::NotAdmitted(agency) => {
                let problem =
                    Problem { hop: "gateway", stage: "console", ..answer::plain(door, "not-admitted") };
                refuse(desk, line, id, Some(&agency), StatusCode::FORBIDDEN, problem)
            }
            Self::CrossSite(agency) => {
                let problem =
                    Problem { hop: "caller", stage: "console", ..answer::plain(door, "cross-site") };
                refuse(desk, line, id, Some(&agency), StatusCode::FORBIDDEN, problem)
            }
            Self::Method(agency) => {
                let problem =
                    Problem { hop: "caller", stage: "console", ..answer::plain(door, "method-not-allowed") };
                let mut response =
                    refuse(desk, line, id, Some(&agency), StatusCode::METHOD_NOT_ALLOWED, problem);
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            Self::Parameter(agency, parameter) => {
                let plain = answer::plain(door, "parameter");
                let problem = Problem { detail: parameter.text(), hop: "caller", stage: "console", ..plain };
                refuse(desk, line, id, Some(&agency), StatusCode::BAD_REQUEST, problem)
            }
            Self::Ambiguous(agency, why) => {
                let authority = matches!(why, Ambiguous::Authority(_));
                let status =
                    if authority { StatusCode::MISDIRECTED_REQUEST } else { StatusCode::BAD_REQUEST };
                let plain = answer::plain(door, why.code());
                let problem = Problem { detail: why.text(), hop: "caller", stage: "request", ..plain };
                refuse(desk, line, id, Some(&agency), status, problem)
            }
        }
    }
}

fn refuse(
    desk: &Desk,
    line: &RequestLine,
    id: ExchangeId,
    agency: Option<&AgencyId>,
    status: StatusCode,
    problem: Problem,
) -> Response<Sealed> {
    let door = &desk.door;
    door.recorder.tally(agency, problem.code);
    door.metrics.tallied(problem.code);
    signing::seal_service(&door.signer, line, id, &problem.answer(status, id, line.language), None)
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

fn shown(name: &str) -> String {
    name.chars().take(NAME_SHOWN).flat_map(char::escape_default).collect()
}
