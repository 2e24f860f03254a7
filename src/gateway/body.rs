//! The request's body: read whole, within a limit and a time, after admission and before anything is forwarded.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::LengthLimitError;
use http_body_util::Limited;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::disclosure::headers;
use crate::disclosure::pointed;
use crate::disclosure::stated;
use crate::limits::Admission;
use crate::limits::refusal::Refusal;
use crate::message::digest;
use crate::policy::Grant;
use crate::policy::model::SubjectPlace;

use super::stop::Stop;

/// How bodies are read.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// From the admission to the body's last byte.
    pub within: Duration,
}

/// A body that was not read yet.
#[derive(Debug)]
pub struct Incoming {
    body: hyper::body::Incoming,
}

/// Why a body was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// More bytes than the operation takes.
    #[error("the body is over {limit} bytes")]
    TooLarge {
        /// The operation's limit.
        limit: u64,
    },
    /// The caller stopped sending, or was too slow.
    #[error("the body did not arrive whole")]
    Incomplete,
    /// The body does not have the digest its `Content-Digest` says.
    #[error("the body is not the one its content digest names")]
    WrongDigest,
    /// The body is not JSON with one meaning, or is declared as something else.
    #[error("the body is not JSON with one meaning")]
    NotJson,
    /// The body names nobody where people are counted.
    #[error("the body names nobody at `{pointer}`")]
    NamesNobody {
        /// Where a person must be named.
        pointer: String,
    },
    /// The body has a member that the clause does not let through.
    #[error("the body has a member that was not agreed")]
    NotGranted,
    /// The body names a person beyond the day's quota of people.
    #[error("the day's quota of people is used up")]
    People(Refusal),
}

impl Incoming {
    /// Wraps a body.
    #[must_use]
    pub fn new(body: hyper::body::Incoming) -> Self {
        Self { body }
    }

    /// Reads the body of an admitted request, and counts the person it names. `now` is the time of the calendar of quotas.
    ///
    /// # Errors
    /// [`Unread`], with the admission, so that the record can tell whose request it was.
    pub async fn read(
        self,
        mut admission: Admission,
        rules: Rules,
        now: Timestamp,
    ) -> Result<(Admission, Bytes), Stop> {
        let read = self.collect(&admission, rules).await;
        let examined = match &read {
            Ok(bytes) => examine(&mut admission, bytes, now).await,
            Err(_) => Ok(()),
        };
        match examined.and(read) {
            Ok(bytes) => Ok((admission, bytes)),
            Err(why) => Err(Stop::Unread { admission: Box::new(admission), why }),
        }
    }

    async fn collect(self, admission: &Admission, rules: Rules) -> Result<Bytes, Unread> {
        let (grant, limit) = (admission.grant(), admission.grant().operation().request_limit);
        // Over HTTP/2 anything can follow any head. What follows one without a body is none: it is not read, not passed on.
        if !grant.request().has_body() {
            return as_named(grant, Bytes::new());
        }
        if grant.request().content_length().is_some_and(|length| length > limit) {
            return Err(Unread::TooLarge { limit });
        }
        let limited = Limited::new(self.body, usize::try_from(limit).unwrap_or(usize::MAX));
        let collected =
            tokio::time::timeout(rules.within, limited.collect()).await.map_err(|_| Unread::Incomplete)?;
        as_named(grant, collected.map_err(|fault| unread(&*fault, limit))?.to_bytes())
    }
}

fn as_named(grant: &Grant, body: Bytes) -> Result<Bytes, Unread> {
    let digest = grant.request().content_digest();
    let is_named = digest.is_none_or(|named| digest::check(named, &sha256(&body)).is_ok());
    if is_named { Ok(body) } else { Err(Unread::WrongDigest) }
}

async fn examine(admission: &mut Admission, body: &[u8], now: Timestamp) -> Result<(), Unread> {
    if !body.is_empty() {
        only_what_was_agreed(admission.grant(), body)?;
    }
    count_people(admission, body, now).await
}

/// Every scalar of the body must stand where the clause lets one stand: a member nobody agreed on could be a filter that tells.
/// And the body must be declared as what it is judged as: a form inside a JSON string has parameters for whoever reads forms.
fn only_what_was_agreed(grant: &Grant, body: &[u8]) -> Result<(), Unread> {
    let declared = grant.request().content_type().unwrap_or_default();
    headers::is_json(declared).map_err(|_| Unread::NotJson)?;
    let agreed = stated::only_at(body, &grant.permit().body).map_err(|_| Unread::NotJson)?;
    if agreed { Ok(()) } else { Err(Unread::NotGranted) }
}

/// Counts the people the body names. Where their number is limited it names one at least: who asks about nobody in particular
/// might be told of everybody.
async fn count_people(admission: &mut Admission, body: &[u8], now: Timestamp) -> Result<(), Unread> {
    let Some(SubjectPlace::Body(pointer)) = admission.grant().operation().subject.clone() else {
        return Ok(());
    };
    let people = pointed::subject_in(body, &pointer);
    if people.is_empty() && admission.grant().agreement().limits.subjects_per_day.is_some() {
        return Err(Unread::NamesNobody { pointer });
    }
    admission.people(&people, now).await.map_err(Unread::People)
}

fn unread(fault: &(dyn std::error::Error + Send + Sync + 'static), limit: u64) -> Unread {
    if fault.is::<LengthLimitError>() { Unread::TooLarge { limit } } else { Unread::Incomplete }
}
