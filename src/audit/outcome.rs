//! How an exchange can end: whatever it is, it is recorded and answered in the same way.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use http::StatusCode;

use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::limits::in_flight::Slot;

use super::annex::Annex;
use super::facts::Facts;

/// How an exchange ended. Nothing that is not one of these can be committed, and nothing that is not committed can be answered.
pub trait Outcome {
    /// The agency in whose chain this stands; none where nobody was recognized.
    fn agency(&self) -> Option<&AgencyId>;

    /// What the leaf may say.
    fn facts(&self) -> Facts;

    /// What the annex says.
    fn annex(&self) -> Annex;

    /// Which kind of entry this is.
    fn verdict(&self) -> Verdict<'_>;

    /// What goes back to the caller.
    fn answer(&self) -> &Answer;

    /// The platform's own bytes, where there are any, to be committed to.
    fn reply(&self) -> Option<&Bytes> {
        None
    }

    /// What ran along where the answer was streamed: neither its bytes nor the platform's are at hand then.
    fn streamed(&self) -> Option<&Streamed> {
        None
    }

    /// Ends the exchange once it is committed: what it was charged is kept, and its slot lives as long as the answer's body.
    fn conclude(self) -> (Answer, Option<Slot>);
}

/// The kinds of end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// Cleared for release.
    Released {
        /// Hash of the scope's pointers.
        scope: Hash,
        /// The pointers.
        fields: Cow<'a, [String]>,
    },
    /// Refused by a stage.
    Refused {
        /// The stage.
        stage: &'static str,
        /// The reason's code.
        reason: &'static str,
    },
    /// A hop failed.
    Failed {
        /// `caller`, `gateway` or `platform`.
        hop: &'static str,
        /// The reason's code.
        reason: &'static str,
    },
    /// The caller left, or did not take its streamed answer, before that was whole.
    Aborted,
}

/// What is known of a streamed answer once it has ended, whole or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed {
    /// Bytes of the body that had been handed to the connection.
    pub bytes: u64,
    /// Their SHA-256.
    pub digest: Hash,
    /// The commitment to them.
    pub answer: Hash,
    /// The commitment to the platform's bytes, as far as they were read.
    pub reply: Hash,
}

/// An answer, whole, before it is signed.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, without those the signature adds.
    pub headers: HeaderMap,
    /// Its body; for HEAD, what GET would have sent is not kept. Empty where it was streamed.
    pub body: Bytes,
}
