//! Grants that could never let anything pass: each is a slip of somebody's pen, and would be found out by whoever is refused.

use jiff::ToSpan;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::policy::calendar::confirmation_holds_until;
use crate::policy::document::agreement::{AgreementDocument, PermitDocument};
use crate::policy::model::{Agreement, Operation, SubjectPlace};

/// Days after which every weekday has come.
const WEEK: i32 = 7;

/// Records hours that open on no day of the term, and warns of a confirmation that lapses before the first.
pub(super) fn check_time(document: &AgreementDocument, agreement: &Agreement, faults: &mut Faults) {
    let (from, until) = &document.valid;
    faults.extend(unconfirmed(document));
    let mut days = (0..WEEK).map(|ahead| from.value.saturating_add(ahead.days()));
    let opens = days.any(|day| {
        day <= until.value && agreement.hours.iter().any(|window| window.days.contains(&day.weekday()))
    });
    if let Some(first) = document.hours.first().filter(|_| !opens && from.value <= until.value) {
        let fault = Fault::new(Code::NeverOpens, "these hours never open between the first and the last day");
        let fault = fault.at(first.days.place.clone()).label("none of these days comes");
        faults
            .push(fault.also(from.place.clone(), "the first day").also(until.place.clone(), "the last day"));
    }
}

/// A warning, no fault: what is prepared for next year is confirmed anew before it begins.
fn unconfirmed(document: &AgreementDocument) -> Option<Fault> {
    let (from, confirmed) = (&document.valid.0, document.security_confirmed.as_ref()?);
    let last = confirmation_holds_until(confirmed.value);
    (last < from.value).then(|| {
        let message = format!("the security confirmation holds until {last}: before the first day");
        let fault = Fault::warning(Code::ConfirmedTooEarly, message).at(confirmed.place.clone());
        fault.label("confirmed on this day").also(from.place.clone(), "the first day")
    })
}

/// Records operations whose people are counted in a place that the clause does not let be sent: every request would be refused,
/// with it or without.
pub(super) fn check_subject(
    document: &AgreementDocument,
    written: &PermitDocument,
    operation: &Operation,
    faults: &mut Faults,
) {
    let Some(limit) = &document.limits.subjects_per_day else { return };
    let (what, name, list) = match &operation.subject {
        Some(SubjectPlace::Query(name)) => ("query", name, &written.query),
        Some(SubjectPlace::Body(name)) => ("body", name, &written.body),
        _ => return,
    };
    if list.iter().all(|sent| sent.value != *name) {
        let message =
            format!("people are counted by `{}`, which this clause does not let through", shown(name));
        let fault =
            Fault::new(Code::SubjectNotSent, message).at(written.place.clone()).label("not let through");
        let fault = fault.also(limit.place.clone(), "counts distinct people");
        faults.push(fault.help(format!("add it to `{what}`, or take the limit away")));
    }
}
