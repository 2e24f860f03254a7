//! The life of one request at the desk: who it is, what is asked, whether that may be seen; then it is recorded, then shown.

use std::sync::Arc;
use std::sync::OnceLock;

use arc_swap::ArcSwap;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Request as HttpRequest;
use http::Response;
use http::StatusCode;
use http::header::ACCEPT_ENCODING;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use http::header::ORIGIN;
use http::request::Parts;
use hyper::body::Incoming;

use crate::audit::outcome::Answer;
use crate::audit::reading::Question;
use crate::audit::reading::Reading;
use crate::audit::reading::Shown;
use crate::gateway::door::Door;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::identity;
use crate::identity::Visitor;
use crate::identity::revocation::Revocations;
use crate::limits::in_flight::Slot;
use crate::listener::Exchange;
use crate::listener::Handshaken;
use crate::listener::stop::Stop as Stopping;
use crate::request;
use crate::request::Request;
use crate::request::authority::Authorities;
use crate::request::refused::Ambiguous;
use crate::request::refused::TargetRule;
use crate::signing;
use crate::signing::RequestLine;
use crate::signing::Sealed;
use crate::tlog::note::VerifierKey;

use super::access;
use super::access::Denied;
use super::access::Route;
use super::access::Sight;
use super::asked::Shelves;
use super::operate;
use super::operate::Operated;
use super::parameters::Beside;
use super::parameters::Parameters;
use super::proofs;
use super::questions;
use super::receipts;
use super::stop::Parameter;
use super::stop::Stop;
use super::stop::Why;

/// All that a request at the desk needs. One per gateway that has a desk.
#[derive(Debug)]
pub struct Desk {
    /// What it shares with the exchange: the policies, the log, the clock.
    pub door: Arc<Door>,
    /// Whom it lets in, swapped whole.
    pub admits: ArcSwap<Admits>,
    /// The key that verifies the log's heads.
    pub key: VerifierKey,
    /// The index.
    pub shelves: Arc<Shelves>,
    /// Told when the gateway stops: nobody is kept waiting for news then.
    pub stop: Stopping,
    /// What does as an operator says; set once all of it is there.
    pub operated: OnceLock<Arc<dyn Operated>>,
}

/// Whom the desk lets in, as of one reload.
#[derive(Debug)]
pub struct Admits {
    /// The names under which it is called.
    pub authorities: Authorities,
    /// Certificates of its own authority that were revoked.
    pub revoked: Revocations,
}

/// A desk that many connections share.
#[derive(Debug, Clone)]
pub struct SharedDesk(pub Arc<Desk>);

/// A request of somebody who was recognized.
#[derive(Debug)]
pub struct Asking {
    /// This request.
    pub id: ExchangeId,
    /// Who asks.
    pub visitor: Visitor,
    /// Over which connection.
    pub handshake: Arc<Handshaken>,
    /// What is asked.
    pub request: Request,
    /// Whose entries are seen.
    pub sight: Sight,
    /// Whether the answer may come packed (gzip).
    pub takes_gzip: bool,
}

/// What may go out.
#[derive(Debug)]
pub enum Told {
    /// Nothing of what the log's entries say.
    Proof(Answer),
    /// Entries: that they were read is recorded.
    Entries(Shown<Answer>),
    /// An order of an operator was carried out: it was recorded before.
    Done(Answer),
}

impl Exchange for SharedDesk {
    type Body = Sealed;

    /// A reader who hangs up ends no more than a reading.
    async fn answer(&self, handshake: Arc<Handshaken>, request: HttpRequest<Incoming>) -> Response<Sealed> {
        let desk = &self.0;
        let id = desk.door.new_id();
        // What is only read has no body: a request that announces one is refused by its head.
        let (parts, body) = request.into_parts();
        let line = RequestLine::of(&parts);
        match desk.attend(id, handshake, &parts, body).await {
            Ok((told, slot)) => {
                let answer = match told {
                    Told::Proof(answer) | Told::Done(answer) => answer,
                    Told::Entries(shown) => shown.into_inner(),
                };
                signing::seal_service(&desk.door.signer, &line, id, &answer, Some(slot))
            }
            Err(stop) => stop.answer(desk, &line, id),
        }
    }
}

impl Desk {
    async fn attend(
        &self,
        id: ExchangeId,
        handshake: Arc<Handshaken>,
        parts: &Parts,
        body: Incoming,
    ) -> Result<(Told, Slot), Stop> {
        let now = self.door.clock.now();
        let (set, admits) = (self.door.in_force(), self.admits.load_full());
        let welcome = identity::welcome(&handshake, set.policies.registry(), &admits.revoked, now);
        let visitor = welcome.map_err(|why| {
            tracing::warn!(%why, "at the desk, a certificate that verified speaks for no agency");
            Stop::Refused(None, Why::NotAdmitted)
        })?;
        let agency = &visitor.agency().id;
        // A certificate that is suspended opens nothing here; an agency that is may still read what is its own.
        if set.policies.suspensions().certificates.contains_key(&visitor.certificate().fingerprint) {
            return Err(Stop::refused(agency, Why::NotAdmitted));
        }
        let request = request::read(id, &handshake, parts, &admits.authorities);
        let request = request.map_err(|why| ambiguous(agency, parts, why))?;
        let path = segments(&request);
        let decided = access::decide(&visitor.agency().roles, &path);
        let (route, sight) = decided.map_err(|denied| match denied {
            Denied::Role => Stop::refused(agency, Why::NotAdmitted),
            Denied::Path => Stop::NotFound,
        })?;
        if !is_ours(&parts.headers, &request) {
            return Err(Stop::refused(agency, Why::CrossSite));
        }
        if route.is_order() != (request.method() == Method::POST) {
            return Err(if route.is_order() { Stop::NotFound } else { Stop::refused(agency, Why::Method) });
        }
        if !route.is_order() && ![Method::GET, Method::HEAD].contains(request.method()) {
            return Err(Stop::refused(agency, Why::Method));
        }
        let slot = self.door.limits.visit(agency, now).map_err(|busy| Stop::Busy(agency.clone(), busy))?;
        let takes_gzip = takes_gzip(&parts.headers);
        let asking = Asking { id, visitor, handshake, request, sight, takes_gzip };
        Ok((self.tell(&asking, route, body).await?, slot))
    }

    async fn tell(&self, asking: &Asking, route: Route, body: Incoming) -> Result<Told, Stop> {
        match route {
            Route::Key => proofs::key(self, asking),
            Route::Checkpoint => proofs::checkpoint(self, asking),
            Route::Tile(path) => proofs::tile(self, asking, path).await,
            Route::Receipt(id) => receipts::one(self, asking, "receipt", id).await,
            Route::Show(id) => receipts::one(self, asking, "show", id).await,
            Route::Entry(index) => receipts::entry(self, asking, index).await,
            Route::List => questions::list(self, asking).await,
            Route::Count => questions::count(self, asking).await,
            Route::Export => questions::export(self, asking).await,
            Route::Tail => questions::tail(self, asking).await,
            Route::Reload => operate::reload(self, asking).await,
            Route::Drain => operate::drain(self, asking).await,
            Route::Forget => operate::forget(self, asking, body).await,
        }
    }

    /// Records that so many rows are shown, then hands them out; also that nothing was found, before that is told.
    pub(super) async fn show(
        &self,
        asking: &Asking,
        kind: &'static str,
        filters: Vec<(&'static str, String)>,
        (rows, answer): (u64, Option<Answer>),
    ) -> Result<Told, Stop> {
        let question = Question { kind, everything: asking.sight == Sight::Everything, filters };
        let reading = Reading::new(asking.id, &asking.visitor, &asking.handshake, question);
        let shown = self.door.recorder.show(&reading, rows, answer).await.map_err(Stop::Unrecorded)?;
        shown.there().map(Told::Entries).ok_or(Stop::NotFound)
    }
}

impl Asking {
    /// Where nothing is asked by parameters.
    pub(super) fn without_parameters(&self) -> Result<(), Stop> {
        match self.request.query() {
            [] => Ok(()),
            [(name, _), ..] => Err(self.wrong(Parameter::unknown(name))),
        }
    }

    /// What is asked by parameters.
    pub(super) fn parameters(&self, beside: Beside) -> Result<Parameters, Stop> {
        Parameters::read(self.request.query(), beside).map_err(|wrong| self.wrong(wrong))
    }

    /// A parameter is wrong.
    pub(super) fn wrong(&self, parameter: Parameter) -> Stop {
        Stop::refused(&self.visitor.agency().id, Why::Parameter(parameter))
    }
}

/// An answer that is there.
pub(super) fn found(media_type: &'static str, cached: &'static str, body: Vec<u8>) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cached));
    Answer { status: StatusCode::OK, headers, body: body.into() }
}

/// Whether a reader names gzip among the codings it takes, and not at no weight at all (RFC 9110 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

fn segments(request: &Request) -> Vec<&str> {
    let all = std::iter::once(request.service()).chain(request.segments().iter().map(String::as_str));
    all.filter(|segment| !segment.is_empty()).collect()
}

/// A repeated parameter is named: whoever typed it is a person.
fn ambiguous(agency: &AgencyId, parts: &Parts, why: Ambiguous) -> Stop {
    let repeated = why == Ambiguous::Target(TargetRule::ParameterRepeated);
    let name = repeated.then(|| repeated_in(parts.uri.query().unwrap_or_default())).flatten();
    let why = name.map_or(Why::Ambiguous(why), |name| Why::Parameter(Parameter::repeated(name)));
    Stop::refused(agency, why)
}

fn repeated_in(query: &str) -> Option<&str> {
    let names: Vec<&str> = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    let again =
        |(at, name): (usize, &&str)| names.iter().take(at).any(|before| before.eq_ignore_ascii_case(name));
    names.iter().enumerate().find(|(at, name)| again((*at, name))).map(|(_, name)| *name)
}

/// Browsers say what made them ask (Fetch Metadata), and whose page it was (`Origin`, RFC 6454 7). A page of another site could not read the answer, but what it made a person's
/// browser ask would be recorded in that person's name.
fn is_ours(headers: &HeaderMap, request: &Request) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let mut origins = headers.get_all(ORIGIN).iter();
    let own = format!("https://{}", request.authority());
    sites.all(|site| ["same-origin", "none"].iter().any(|ours| site == ours))
        && origins.all(|origin| *origin == own)
}
