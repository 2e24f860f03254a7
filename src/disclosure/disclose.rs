//! A reply becomes a [`Disclosure`]: its JSON cut to the fields the grant names, or withheld whole.

use bytes::Bytes;
use http::StatusCode;

use crate::audit::Cleared;
use crate::audit::annex::Annex;
use crate::audit::annex::FieldCount;
use crate::audit::annex::Hops;
use crate::audit::facts::Facts;
use crate::audit::outcome::Answer;
use crate::audit::outcome::Outcome;
use crate::audit::outcome::Verdict;
use crate::audit::people;
use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::limits::in_flight::Slot;
use crate::limits::refusal::Refusal;
use crate::policy::model::SubjectPlace;
use crate::upstream::Failed;
use crate::upstream::Incoming;
use crate::upstream::Reply;
use crate::upstream::Timing;

use super::filter;
use super::filter::Cut;
use super::headers;
use super::headers::NotJson;
use super::pointed;
use super::released;
use super::released::Report;
use super::undisclosable::Undisclosable;

/// What a caller may be told. Only [`cut`] makes one.
///
/// ```
/// fn answer(disclosure: &phohien::disclosure::Disclosure) -> &bytes::Bytes {
///     use phohien::audit::outcome::Outcome;
///     &disclosure.answer().body
/// }
/// ```
/// ```compile_fail,E0451
/// fn forge(cleared: phohien::audit::Cleared) -> phohien::disclosure::Disclosure {
///     phohien::disclosure::Disclosure { cleared, answer: loop {}, reply: loop {}, report: loop {}, code: None, timing: loop {} }
/// }
/// ```
#[derive(Debug)]
pub struct Disclosure {
    cleared: Cleared,
    answer: Answer,
    reply: Bytes,
    report: Report,
    code: Option<String>,
    timing: Timing,
}

/// Why an answer is withheld whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// The body cannot be read as JSON with one meaning.
    #[error("the platform's answer cannot be read with one meaning")]
    Body(#[from] Undisclosable),
    /// The body is not JSON by its own words, or it is encoded.
    #[error("the platform's answer is not plain JSON")]
    NotJson(NotJson),
    /// A status that has no place in an answer: informational, a redirection, the platform's own fault, or between us and it.
    #[error("the platform answered with status {0}")]
    Status(StatusCode),
    /// The answer names a person beyond the day's quota of people.
    #[error("the day's quota of people is used up")]
    People(Refusal),
}

/// Cuts a reply to the grant's scope. `now` is the time by whose calendar people are counted.
///
/// # Errors
/// The reply cannot be cut safely, or names one person too many today: it is withheld whole.
pub async fn cut(reply: Reply, now: Timestamp) -> Result<Disclosure, Box<Failed<Withheld>>> {
    let cut = cut_body(&reply);
    let (mut cleared, incoming) = reply.into_parts();
    let charged = match &cut {
        Ok(_) => charge_people(&mut cleared, &incoming.body, now).await,
        Err(_) => Ok(()),
    };
    match charged.and(cut) {
        Ok(cut) => Ok(disclosure(cleared, incoming, cut)),
        Err(reason) => Err(Box::new(Failed { cleared, reply: Some(incoming.body), reason })),
    }
}

fn cut_body(reply: &Reply) -> Result<Cut, Withheld> {
    let incoming = reply.incoming();
    if !goes_on(incoming.status) {
        return Err(Withheld::Status(incoming.status));
    }
    if incoming.body.is_empty() && has_no_body(reply) {
        return Ok(Cut { bytes: Vec::new(), report: Report::default() });
    }
    headers::declared_json(&incoming.headers).map_err(Withheld::NotJson)?;
    Ok(filter::cut(&incoming.body, reply.grant().scope())?)
}

/// Statuses that say something of the request go on. Those that speak of a part nobody asked for, or of the connection between
/// gateway and platform (credentials, patience, protocol), are the platform's failure: a caller would take them for its own, and
/// some clients send the request again for them (RFC 9110 15.5.9, 15.5.20).
pub(super) fn goes_on(status: StatusCode) -> bool {
    const BETWEEN_US: [StatusCode; 8] = [
        StatusCode::RESET_CONTENT,
        StatusCode::PARTIAL_CONTENT,
        StatusCode::UNAUTHORIZED,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::MISDIRECTED_REQUEST,
        StatusCode::UPGRADE_REQUIRED,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    ];
    (status.is_success() || status.is_client_error()) && !BETWEEN_US.contains(&status)
}

/// Where the data subject stands in the answer, it is only now that the person can be counted.
async fn charge_people(cleared: &mut Cleared, body: &[u8], now: Timestamp) -> Result<(), Withheld> {
    let Some(SubjectPlace::Answer(pointer)) = cleared.grant().operation().subject.clone() else {
        return Ok(());
    };
    cleared.people(&pointed::subject_in(body, &pointer), now).await.map_err(Withheld::People)
}

fn has_no_body(reply: &Reply) -> bool {
    reply.grant().request().method() == http::Method::HEAD
        || reply.incoming().status == StatusCode::NO_CONTENT
}

fn disclosure(cleared: Cleared, incoming: Incoming, cut: Cut) -> Disclosure {
    let pointer = cleared.grant().service().result_code.clone();
    let code = pointer.and_then(|pointer| pointed::result_code(&incoming.body, &pointer));
    let mut headers = headers::disclosed(&incoming.headers);
    headers.extend(cleared.admission().told().fields());
    let answer = Answer { status: incoming.status, headers, body: Bytes::from(cut.bytes) };
    Disclosure { cleared, answer, reply: incoming.body, report: cut.report, code, timing: incoming.timing }
}

impl Outcome for Disclosure {
    fn agency(&self) -> Option<&AgencyId> {
        Some(&self.cleared.grant().peer().agency().id)
    }

    /// What is concluded keeps its charge: the leaf says so.
    fn facts(&self) -> Facts {
        let charged = Some(self.cleared.admission().charge().day().to_string());
        Facts { charged, ..Facts::of_grant(self.cleared.grant()) }
    }

    fn annex(&self) -> Annex {
        annex_of(&self.cleared, self.code.as_ref(), &self.report, &self.timing)
    }

    fn verdict(&self) -> Verdict<'_> {
        let scope = self.cleared.grant().scope();
        Verdict::Released { scope: scope.hash, fields: scope.pointers.as_slice().into() }
    }

    fn answer(&self) -> &Answer {
        &self.answer
    }

    fn reply(&self) -> Option<&Bytes> {
        Some(&self.reply)
    }

    fn conclude(self) -> (Answer, Option<Slot>) {
        let (_, slot, charge, _) = self.cleared.into_admission().into_parts();
        charge.keep();
        (self.answer, Some(slot))
    }
}

/// What is told of an answer that was cut, whole or as it came.
pub(super) fn annex_of(cleared: &Cleared, code: Option<&String>, report: &Report, timing: &Timing) -> Annex {
    Annex {
        code: code.cloned(),
        released: counts(report, |field| field.released),
        withheld: counts(report, |field| field.withheld),
        uncatalogued: report.uncatalogued,
        hops: Some(Hops { head_ms: millis(timing.head), body_ms: millis(timing.body) }),
        limits: cleared.admission().told().limit.clone(),
        people: people::of(cleared.admission().charge()),
        ..Annex::of_grant(cleared.grant())
    }
}

fn counts(report: &Report, of: impl Fn(&released::FieldCount) -> u64) -> Vec<FieldCount> {
    let one = |field: &released::FieldCount| FieldCount {
        pointer: field.pointer.clone(),
        class: field.class.code(),
        count: of(field),
    };
    report.fields.iter().filter(|field| of(field) > 0).map(one).collect()
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
