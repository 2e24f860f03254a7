//! The decision that mints a grant.

use crate::clock::Timestamp;
use crate::identity::Peer;
use crate::request::Request;

use super::Grant;
use super::judge::{Facts, Verdict, judge};
use super::policies::Policies;
use super::refusal::Refusal;
use super::refused::Refused;

/// Decides a request: which agreement answers for it, and within which bounds. Pure: no clock, no file, no socket.
///
/// # Errors
/// The first step of [`super::judge`] that refuses, with the peer and the request it refuses.
#[expect(clippy::result_large_err, reason = "a refusal keeps the request, which a grant would keep as well")]
pub fn decide(
    peer: Peer,
    request: Request,
    policies: &Policies,
    now: Timestamp,
) -> Result<Grant, Refused<Refusal>> {
    let signed = request.attested().is_some();
    decide_signed(peer, request, signed, policies, now)
}

/// The same for a request of which the caller knows whether it was signed: `signed` says that its signature was verified
/// with a key of this very agency.
///
/// # Errors
/// As [`decide`].
#[expect(clippy::result_large_err, reason = "a refusal keeps the request, which a grant would keep as well")]
pub fn decide_signed(
    peer: Peer,
    request: Request,
    signed: bool,
    policies: &Policies,
    now: Timestamp,
) -> Result<Grant, Refused<Refusal>> {
    match judge(&facts(&peer, &request, signed), policies, now) {
        Ok(verdict) => Ok(grant(peer, request, verdict, policies)),
        Err(reason) => Err(Refused::new(Some(peer), Some(request), reason)),
    }
}

fn facts<'a>(peer: &'a Peer, request: &'a Request, signed: bool) -> Facts<'a> {
    Facts {
        agency: &peer.agency().id,
        certificate: Some(&peer.certificate().fingerprint),
        source: Some(peer.source().ip()),
        method: request.method(),
        service: request.service(),
        segments: request.segments(),
        query: request.query(),
        purpose: request.purpose(),
        names_case: request.case().is_some(),
        names_user: request.user().is_some(),
        fields: request.fields(),
        signed,
        content_length: request.content_length(),
    }
}

fn grant(peer: Peer, request: Request, verdict: Verdict, policies: &Policies) -> Grant {
    Grant {
        peer,
        request,
        service: verdict.service,
        operation: verdict.operation,
        agreement: verdict.agreement,
        permit: verdict.permit,
        purpose: verdict.purpose,
        scope: verdict.scope,
        subject: verdict.subject,
        policy_hash: *policies.hash(),
    }
}
