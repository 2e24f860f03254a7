//! `Peer` and `Request` become a [`Grant`], or a refusal that names its ground. Pure: no clock, no file, no socket.

pub mod access;
pub mod calendar;
pub mod compile;
pub mod decide;
pub mod diff;
pub mod document;
pub mod explain;
pub mod fingerprint;
pub mod judge;
pub mod load;
pub mod model;
pub mod pointer;
pub mod policies;
pub mod refusal;
pub mod refused;
pub mod schema;
pub mod replay;
pub mod scope;
pub mod signed;
pub mod signing;
mod tables;
pub mod template;
pub mod unused;

#[cfg(test)]
mod tests;

pub use decide::{decide, decide_signed};
pub use explain::explain;
pub use load::{load, load_files};
pub use policies::Policies;
pub use refusal::Refusal;
pub use refused::Refused;

use std::sync::Arc;

use crate::crypto::digest::Hash;
use crate::id::PurposeCode;
use crate::identity::Peer;
use crate::request::Request;

use model::{Agreement, Operation, Permit, Service};
use scope::Scope;

/// An agreement answers for this request: who, what, under which clause, within which fields and limits. Only
/// `policy::decide` makes one, and whoever takes it takes it by value.
///
/// ```
/// fn agreement(grant: &phohien::policy::Grant) -> &str { grant.agreement().id.as_str() }
/// ```
/// ```compile_fail,E0451
/// fn forge(mine: phohien::policy::Grant) -> phohien::policy::Grant {
///     phohien::policy::Grant { subject: None, ..mine }
/// }
/// ```
#[derive(Debug)]
pub struct Grant {
    peer: Peer,
    request: Request,
    service: Arc<Service>,
    operation: Arc<Operation>,
    agreement: Arc<Agreement>,
    permit: Arc<Permit>,
    purpose: PurposeCode,
    scope: Arc<Scope>,
    subject: Option<String>,
    policy_hash: Hash,
}

impl Grant {
    /// The peer and the request, for a later stage that refuses.
    #[must_use]
    pub fn into_parts(self) -> (Peer, Request) {
        (self.peer, self.request)
    }

    /// Who asks.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What is asked.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Of which service.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Which of its operations.
    #[must_use]
    pub fn operation(&self) -> &Arc<Operation> {
        &self.operation
    }

    /// Under which agreement.
    #[must_use]
    pub fn agreement(&self) -> &Arc<Agreement> {
        &self.agreement
    }

    /// By which of its clauses.
    #[must_use]
    pub fn permit(&self) -> &Arc<Permit> {
        &self.permit
    }

    /// For which purpose.
    #[must_use]
    pub fn purpose(&self) -> &PurposeCode {
        &self.purpose
    }

    /// Which fields may be disclosed: the clause's, narrowed by `Exchange-Fields`.
    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// The data subject's identifier, where path or query tells it.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The hash of the policy files that decided.
    #[must_use]
    pub fn policy_hash(&self) -> &Hash {
        &self.policy_hash
    }
}
