//! What signer and verifier must both know of an exchange, and nothing else. Neither side hands in a message: each hands in
//! facts, so that a proxy's view and a library's view of "the headers" cannot differ.

/// Facts of the request that an answer answers.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The authority in lower case, without the port 443 (RFC 9421 2.2.3).
    pub authority: &'a str,
    /// The path; empty counts as `/`.
    pub path: &'a str,
    /// The query without `?`; none counts as empty.
    pub query: Option<&'a str>,
    /// `Content-Digest`, if it was sent.
    pub content_digest: Option<&'a str>,
    /// The request's own signature, if it was signed.
    pub signature: Option<RequestSignature<'a>>,
}

/// A request's own signature, which its answer then covers (RFC 9421 2.4).
#[derive(Debug, Clone, Copy)]
pub struct RequestSignature<'a> {
    /// Its label.
    pub label: &'a str,
    /// Its bytes.
    pub signature: &'a [u8],
    /// The fields it covers, by lower-case name, with the value of each. Derived components need not stand here.
    pub fields: &'a [(String, String)],
}

/// Facts of an answer.
#[derive(Debug, Clone, Copy)]
pub struct AnswerFacts<'a> {
    /// The status code.
    pub status: u16,
    /// `Content-Digest`; none for HEAD, 204 and 304.
    pub content_digest: Option<&'a str>,
    /// `Content-Type`, if there is one.
    pub content_type: Option<&'a str>,
    /// `Exchange-Id`.
    pub exchange_id: &'a str,
    /// `Exchange-Receipt`; none only for answers that are not recorded one by one.
    pub exchange_receipt: Option<&'a str>,
}

/// Whether an answer has no content to digest: it answers HEAD, or its status is 204 or 304 (RFC 9110 6.4.1).
#[must_use]
pub fn has_no_content(method: &str, status: u16) -> bool {
    method == "HEAD" || matches!(status, 204 | 304)
}
