//! What was cleared goes to its platform: the canonical path that was judged, the allowed headers, and last what we vouch for.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::ACCEPT;
use http::header::ACCEPT_ENCODING;
use http::header::CONTENT_TYPE;

use crate::audit::Cleared;
use crate::message::digest::content_digest;
use crate::policy::Grant;

use super::Incoming;
use super::Outgoing;
use super::Platforms;
use super::refusal::Fault;
use super::source::Source;
use super::stamp::Stamp;

/// Header fields of a request toward a platform, about: a map that grows is made anew.
const HEADERS: usize = 16;

/// A platform's answer, not yet cut. Only [`relay`] makes one.
///
/// ```
/// fn status(reply: &phohien::upstream::Reply) -> http::StatusCode { reply.incoming().status }
/// ```
/// ```compile_fail,E0451
/// fn forge(cleared: phohien::audit::Cleared) -> phohien::upstream::Reply { phohien::upstream::Reply { cleared, incoming: loop {} } }
/// ```
#[derive(Debug)]
pub struct Reply {
    cleared: Cleared,
    incoming: Incoming,
}

impl Reply {
    /// What was granted.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        self.cleared.grant()
    }

    /// The answer as it came.
    #[must_use]
    pub fn incoming(&self) -> &Incoming {
        &self.incoming
    }

    /// Takes the reply apart: it can no longer be cut.
    #[must_use]
    pub fn into_parts(self) -> (Cleared, Incoming) {
        (self.cleared, self.incoming)
    }
}

/// A cleared exchange that failed behind us, and why.
#[derive(Debug)]
pub struct Failed<R> {
    /// What had been cleared.
    pub cleared: Cleared,
    /// What the platform said, where it said anything.
    pub reply: Option<Bytes>,
    /// Why.
    pub reason: R,
}

/// Forwards a cleared request.
///
/// # Errors
/// The platform could not be reached, did not answer in time, or answered what is not HTTP or too much.
pub async fn relay(
    platforms: &Platforms,
    cleared: Cleared,
    body: Bytes,
    stamp: Stamp,
) -> Result<Reply, Box<Failed<Fault>>> {
    let outgoing = outgoing(cleared.grant(), body, stamp);
    let limit = answer_limit(cleared.grant());
    match platforms.send(cleared.grant().service(), outgoing, limit).await {
        Ok(incoming) => Ok(Reply { cleared, incoming }),
        Err(reason) => Err(Box::new(Failed { cleared, reply: None, reason })),
    }
}

/// A platform's answer whose body is still to come, not yet cut. Only [`flow`] makes one.
///
/// ```
/// fn granted(flow: &phohien::upstream::Flow) -> &phohien::policy::Grant { flow.grant() }
/// ```
/// ```compile_fail,E0451
/// fn forge(cleared: phohien::audit::Cleared) -> phohien::upstream::Flow { phohien::upstream::Flow { cleared, source: loop {} } }
/// ```
#[derive(Debug)]
pub struct Flow {
    cleared: Cleared,
    source: Source,
}

impl Flow {
    /// What was granted.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        self.cleared.grant()
    }

    /// The whole reply, where it has no body by its status: there is nothing that could come.
    ///
    /// # Errors
    /// Itself, where a body comes.
    pub fn bodiless(self) -> Result<Reply, Box<Self>> {
        let Self { cleared, source } = self;
        if source.status != StatusCode::NO_CONTENT {
            return Err(Box::new(Self { cleared, source }));
        }
        let timing = source.timing();
        let incoming =
            Incoming { status: source.status, headers: source.headers, body: Bytes::new(), timing };
        Ok(Reply { cleared, incoming })
    }

    /// Takes it apart, for the stage that cuts what comes.
    #[must_use]
    pub fn into_parts(self) -> (Cleared, Source) {
        (self.cleared, self.source)
    }
}

/// Forwards a cleared request whose answer is to be passed on as it comes. What is held of the answer is little, so that the operation's
/// limit of what is held does not bound it.
///
/// # Errors
/// The platform could not be reached, did not begin in time, or announces what is not HTTP or too much.
pub async fn flow(
    platforms: &Platforms,
    cleared: Cleared,
    body: Bytes,
    stamp: Stamp,
) -> Result<Flow, Box<Failed<Fault>>> {
    let outgoing = outgoing(cleared.grant(), body, stamp);
    let limit = stream_limit(cleared.grant());
    let opened = platforms.open(cleared.grant().service(), &outgoing).await;
    match opened.and_then(|source| source.up_to(limit)) {
        Ok(source) => Ok(Flow { cleared, source }),
        Err(reason) => Err(Box::new(Failed { cleared, reply: None, reason })),
    }
}

/// The operation's limit or the agreement's, whichever is less.
fn answer_limit(grant: &Grant) -> u64 {
    let operation = grant.operation().buffer_limit;
    grant.agreement().limits.response.map_or(operation, |agreed| agreed.min(operation))
}

/// The same of an answer that is passed on; without either there is none.
fn stream_limit(grant: &Grant) -> u64 {
    let limits = [grant.operation().stream_limit, grant.agreement().limits.response];
    limits.into_iter().flatten().min().unwrap_or(u64::MAX)
}

fn outgoing(grant: &Grant, body: Bytes, stamp: Stamp) -> Outgoing {
    let request = grant.request();
    let query = request.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
    Outgoing {
        method: request.method().clone(),
        path_and_query: format!("{}{query}", request.rest()),
        headers: headers(grant, &body),
        body,
        idempotent: request.method().is_idempotent(),
        stamp: Some(stamp),
    }
}

/// The caller's allowed headers, then ours over them: what we vouch for is set last and cannot be the caller's.
fn headers(grant: &Grant, body: &Bytes) -> HeaderMap {
    let request = grant.request();
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.extend(request.forwarded().iter().cloned());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let agreement = grant.agreement().id.to_string();
    let id = request.id().to_string();
    // Ours, over the bytes that go on: it is what the signature binds the body by.
    let digest = (!body.is_empty()).then(|| content_digest(body));
    for (name, value) in [
        (HeaderName::from_static("exchange-id"), Some(id.as_str())),
        (HeaderName::from_static("exchange-consumer"), Some(grant.peer().agency().id.as_str())),
        (HeaderName::from_static("exchange-agreement"), Some(agreement.as_str())),
        (HeaderName::from_static("exchange-purpose"), Some(grant.purpose().as_str())),
        (HeaderName::from_static("exchange-case"), request.case()),
        (HeaderName::from_static("exchange-user"), request.user()),
        (HeaderName::from_static("traceparent"), request.traceparent()),
        (HeaderName::from_static("content-digest"), digest.as_deref()),
        (CONTENT_TYPE, request.content_type()),
    ] {
        // Inserted or removed, never left: a value of the caller's under one of these names goes nowhere.
        match value.and_then(|value| HeaderValue::from_str(value).ok()) {
            Some(value) => headers.insert(name, value),
            None => headers.remove(&name),
        };
    }
    headers
}
