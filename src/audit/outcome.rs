//! How an exchange can end: whatever it is, it is recorded and answered in the same way.

use bytes::Bytes;
use http::HeaderMap;
use http::StatusCode;

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
    fn verdict(&self) -> Verdict;

    /// What goes back to the caller.
    fn answer(&self) -> &Answer;

    /// The platform's own bytes, where there are any, to be committed to.
    fn reply(&self) -> Option<&Bytes> {
        None
    }

    /// Ends the exchange once it is committed: what it was charged is kept, and its slot lives as long as the answer's body.
    fn conclude(self) -> (Answer, Option<Slot>);
}

/// The kinds of end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Cleared for release.
    Released {
        /// Hash of the scope's pointers.
        scope: crate::crypto::digest::Hash,
        /// The pointers.
        fields: Vec<String>,
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
}

/// An answer, whole, before it is signed.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, without those the signature adds.
    pub headers: HeaderMap,
    /// Its body; for HEAD, what GET would have sent is not kept.
    pub body: Bytes,
}
