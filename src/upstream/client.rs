//! One request over one connection.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::response::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;

use crate::clock::Clock;
use crate::policy::model::Endpoint;

use super::body;
use super::framing;
use super::framing::Framing;
use super::pool::Line;
use super::refusal::{BrokenAnswer, Fault, NoConnection, Phase};
use super::{Incoming, Outgoing, Timing, since};

/// Headers that describe a connection and not a request (RFC 9110 7.6.1), or that hyper writes anew.
const OURS: [HeaderName; 9] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Why one try failed, as far as a second one depends on it.
#[derive(Debug)]
pub(super) enum Failure {
    /// Not a byte of the request was written.
    Unsent {
        /// Whether the connection had been used before.
        reused: bool,
        /// What failed.
        error: hyper::Error,
    },
    /// The connection failed before the answer's head was complete.
    Cut {
        /// Whether the connection had been used before.
        reused: bool,
        /// Whether any byte had come back.
        answered: bool,
        /// What failed.
        error: hyper::Error,
    },
    /// A second try could not be better, or not be told from a first.
    Final(Fault),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unsent { error, .. } | Failure::Cut { error, .. } => {
                Self::Broken(BrokenAnswer::Http(error))
            }
            Failure::Final(fault) => fault,
        }
    }
}

/// An answer whose head has come, and whose body has not been read.
#[derive(Debug)]
pub(super) struct Begun {
    /// The head, which says in one way where the body ends.
    pub(super) head: Parts,
    /// The body.
    pub(super) body: hyper::body::Incoming,
    /// How long it took so far.
    pub(super) timing: Timing,
    framing: Framing,
    line: Line,
}

/// Sends the request and takes the answer's head.
pub(super) async fn begin(
    mut line: Line,
    outgoing: &Outgoing,
    within: Duration,
    clock: &Clock,
) -> Result<Begun, Failure> {
    let start = clock.now();
    let answer = head(&mut line, outgoing, within).await?;
    let timing = Timing { connect: line.connect, head: since(clock, start), body: Duration::ZERO };
    let (head, body) = answer.into_parts();
    let framing = framing::judge(&head, &outgoing.method, line.connection.secure)
        .map_err(|flaw| Failure::Final(Fault::Broken(flaw)))?;
    Ok(Begun { head, body, timing, framing, line })
}

impl Begun {
    /// Holds the body, all in all within the time given.
    pub(super) async fn held(self, within: Duration, limit: u64, clock: &Clock) -> Result<Incoming, Fault> {
        let Self { head, body, timing, framing, line } = self;
        let start = clock.now();
        let late = |_| Fault::Timeout(Phase::Body);
        let body = tokio::time::timeout(within, body::read(body, limit)).await.map_err(late)??;
        give_back(line, framing);
        let timing = Timing { body: since(clock, start), ..timing };
        Ok(Incoming { status: head.status, headers: head.headers, body, timing })
    }

    /// Ends an answer whose last byte has come.
    pub(super) fn ended(self) {
        give_back(self.line, self.framing);
    }
}

/// The connection goes back to its pool only after a complete answer.
fn give_back(line: Line, framing: Framing) {
    if framing.reusable() {
        line.give_back();
    }
}

/// Sends the request and waits for the answer's head. The time given covers both: bodies are held, so sending is short.
async fn head(
    line: &mut Line,
    outgoing: &Outgoing,
    within: Duration,
) -> Result<Response<hyper::body::Incoming>, Failure> {
    let request = request(outgoing, line.slot.endpoint());
    let request = request.map_err(|why| Failure::Final(Fault::Unreachable(why)))?;
    let reused = line.reused();
    let before = line.connection.received();
    let sent = tokio::time::timeout(within, line.connection.sender.try_send_request(request)).await;
    let late = |_| Failure::Final(Fault::Timeout(Phase::Answer));
    sent.map_err(late)?.map_err(|mut refused| {
        let unsent = refused.take_message().is_some();
        let error = refused.into_error();
        let answered = line.connection.received() != before;
        if unsent { Failure::Unsent { reused, error } } else { Failure::Cut { reused, answered, error } }
    })
}

/// The request as it is written, if its path is what would be written.
fn request(outgoing: &Outgoing, endpoint: &Endpoint) -> Result<Request<Full<Bytes>>, NoConnection> {
    let wanted = format!("{}{}", endpoint.base, outgoing.path_and_query);
    let path = PathAndQuery::try_from(wanted.as_str()).map_err(|_| NoConnection::Path)?;
    if !wanted.starts_with('/') || path.as_str() != wanted {
        return Err(NoConnection::Path);
    }
    let authority = authority(endpoint);
    let mut headers = headers(&outgoing.headers, &authority).ok_or(NoConnection::Path)?;
    if let Some(stamp) = &outgoing.stamp {
        stamp.put(&outgoing.method, &authority, &path, &mut headers)?;
    }
    let mut request = Request::new(Full::new(outgoing.body.clone()));
    *request.method_mut() = outgoing.method.clone();
    *request.uri_mut() = path.into();
    *request.headers_mut() = headers;
    Ok(request)
}

fn headers(given: &HeaderMap, authority: &str) -> Option<HeaderMap> {
    let mut headers = given.clone();
    for name in OURS {
        headers.remove(name);
    }
    headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    headers.insert(HOST, HeaderValue::try_from(authority).ok()?);
    Some(headers)
}

/// `Host` (RFC 9110 7.2): the port is left out where it is the scheme's own.
fn authority(endpoint: &Endpoint) -> String {
    let own = if endpoint.tls.is_some() { 443 } else { 80 };
    let host =
        if endpoint.host.contains(':') { format!("[{}]", endpoint.host) } else { endpoint.host.clone() };
    if endpoint.port == own { host } else { format!("{host}:{}", endpoint.port) }
}
