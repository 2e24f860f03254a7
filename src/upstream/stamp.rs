//! The signature under what we state toward platforms: whoever owns one can tell our statements from anybody else's, by the key that
//! signs answers, too.

use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::uri::PathAndQuery;

use crate::clock::Clock;
use crate::message::key::AnswerKey;
use crate::message::request::Head;
use crate::message::request::sign_request;

use super::refusal::NoConnection;

/// By what requests toward platforms are signed.
#[derive(Debug, Clone)]
pub struct Stamp {
    key: Arc<AnswerKey>,
    clock: Clock,
}

impl Stamp {
    /// Signs by this key.
    #[must_use]
    pub fn new(key: Arc<AnswerKey>, clock: Clock) -> Self {
        Self { key, clock }
    }

    /// Signs a request as it will be written to this very endpoint.
    pub(super) fn put(
        &self,
        method: &Method,
        authority: &str,
        target: &PathAndQuery,
        headers: &mut HeaderMap,
    ) -> Result<(), NoConnection> {
        let authority = authority.to_lowercase();
        let head = Head {
            method: method.as_str(),
            authority: &authority,
            path: target.path(),
            query: target.query(),
            headers,
        };
        let signed = sign_request(&head, &self.key, self.clock.now()).map_err(NoConnection::Unsigned)?;
        for (name, value) in [("signature-input", signed.input), ("signature", signed.signature)] {
            let value = HeaderValue::try_from(value).map_err(|_| NoConnection::Path)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(())
    }
}
