//! Problem documents (RFC 9457) in the caller's language.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_LANGUAGE;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use serde::Serialize;

use crate::audit::outcome::Answer;
use crate::id::ExchangeId;
use crate::language::Language;
use crate::language::Text;

/// Where each problem is documented; the reason's code follows.
const PAGES: &str = "https://phohien.example/problems/";

/// What a refusal tells its caller.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// The reason's code.
    pub code: &'static str,
    /// One line.
    pub title: Text,
    /// What to do.
    pub detail: Text,
    /// `caller`, `gateway` or `platform`.
    pub hop: &'static str,
    /// The stage that refused.
    pub stage: &'static str,
    /// The agreement's number.
    pub agreement: Option<String>,
    /// The permit in it.
    pub clause: Option<String>,
    /// The ground in law.
    pub legal_ground: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// Seconds until a retry makes sense.
    pub retry_after: Option<u64>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    exchange: ExchangeId,
    hop: &'a str,
    stage: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_ground: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl Problem {
    /// The problem as an answer.
    #[must_use]
    pub fn answer(&self, status: StatusCode, exchange: ExchangeId, language: Language) -> Answer {
        let document = Document {
            r#type: format!("{PAGES}{}", self.code),
            title: self.title.to(language),
            status: status.as_u16(),
            detail: self.detail.to(language),
            exchange,
            hop: self.hop,
            stage: self.stage,
            agreement: self.agreement.as_deref(),
            clause: self.clause.as_deref(),
            legal_ground: self.legal_ground.as_deref(),
            contact: self.contact.as_deref(),
            retry_after: self.retry_after,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        Answer { status, headers: self.headers(language), body: Bytes::from(body) }
    }

    fn headers(&self, language: Language) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers
    }
}
