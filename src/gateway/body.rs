//! The request's body: read whole, within a limit and a time, after admission and before anything is forwarded.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::LengthLimitError;
use http_body_util::Limited;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::disclosure::pointed;
use crate::disclosure::stated;
use crate::limits::Admission;
use crate::limits::refusal::Refusal;
use crate::message::digest;
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
    /// The body is not JSON with one meaning.
    #[error("the body is not JSON with one meaning")]
    NotJson,
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
        match read.and_then(|bytes| examine(&mut admission, &bytes, now).map(|()| bytes)) {
            Ok(bytes) => Ok((admission, bytes)),
            Err(why) => Err(Stop::Unread { admission: Box::new(admission), why }),
        }
    }

    async fn collect(self, admission: &Admission, rules: Rules) -> Result<Bytes, Unread> {
        let (grant, limit) = (admission.grant(), admission.grant().operation().request_limit);
        if grant.request().content_length().is_some_and(|length| length > limit) {
            return Err(Unread::TooLarge { limit });
        }
        let limited = Limited::new(self.body, usize::try_from(limit).unwrap_or(usize::MAX));
        let collected =
            tokio::time::timeout(rules.within, limited.collect()).await.map_err(|_| Unread::Incomplete)?;
        let bytes = collected.map_err(|fault| unread(&*fault, limit))?.to_bytes();
        let digest = grant.request().content_digest();
        let as_named = digest.is_none_or(|named| digest::check(named, &sha256(&bytes)).is_ok());
        if as_named { Ok(bytes) } else { Err(Unread::WrongDigest) }
    }
}

/// Every scalar of the body must stand where the clause lets one stand: a member nobody agreed on could be a filter that tells.
fn examine(admission: &mut Admission, body: &[u8], now: Timestamp) -> Result<(), Unread> {
    if body.is_empty() {
        return Ok(());
    }
    let agreed = stated::only_at(body, &admission.grant().permit().body).map_err(|_| Unread::NotJson)?;
    if !agreed {
        return Err(Unread::NotGranted);
    }
    let Some(SubjectPlace::Body(pointer)) = admission.grant().operation().subject.clone() else {
        return Ok(());
    };
    for person in pointed::subject_in(body, &pointer) {
        admission.person(&person, now).map_err(Unread::People)?;
    }
    Ok(())
}

fn unread(fault: &(dyn std::error::Error + Send + Sync + 'static), limit: u64) -> Unread {
    if fault.is::<LengthLimitError>() { Unread::TooLarge { limit } } else { Unread::Incomplete }
}
