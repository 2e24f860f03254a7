//! What depends on today's date: never a fault, so that a policy set that was accepted stays accepted.

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::policy::calendar::{confirmation_holds_until, today};
use crate::policy::document::agreement::AgreementDocument;
use crate::policy::model::{Agreement, Status};

/// How many days before its end an agreement or a confirmation is warned of: time to sign the next one.
const AHEAD_DAYS: i32 = 60;

/// Warns of agreements that stand, but have lapsed or are about to.
pub(super) fn warn(agreements: &[(&AgreementDocument, Agreement)], now: Timestamp, faults: &mut Faults) {
    for (document, agreement) in agreements.iter().filter(|(_, a)| a.status == Status::Active) {
        let today = today(&agreement.zone, now);
        faults.extend(term(document, agreement, today));
        faults.extend(confirmation(document, agreement, today));
    }
}

fn term(document: &AgreementDocument, agreement: &Agreement, today: Date) -> Option<Fault> {
    let (id, until) = (&agreement.id, agreement.until);
    let (code, message) = match days_left(today, until)? {
        left if left < 0 => (Code::Lapsed, format!("agreement `{id}` is over since the end of {until}")),
        left => (Code::ExpiresSoon, format!("agreement `{id}` expires in {left} days")),
    };
    Some(Fault::warning(code, message).at(document.valid.1.place.clone()).label("the last day"))
}

fn confirmation(document: &AgreementDocument, agreement: &Agreement, today: Date) -> Option<Fault> {
    let confirmed = document.security_confirmed.as_ref()?;
    let (id, until) = (&agreement.id, confirmation_holds_until(confirmed.value));
    let (code, message) = match days_left(today, until)? {
        left if left < 0 => (
            Code::ConfirmationLapsed,
            format!("the security confirmation of `{id}` held until {until}: all is refused"),
        ),
        left => (
            Code::ConfirmationLapsesSoon,
            format!("the security confirmation of `{id}` lapses in {left} days"),
        ),
    };
    Some(Fault::warning(code, message).at(confirmed.place.clone()).label("confirmed on this day"))
}

/// Days from today to the last day, negative when it is past; none when it is far off.
fn days_left(today: Date, last: Date) -> Option<i32> {
    let left = today.until(last).map(|span| span.get_days()).unwrap_or(i32::MAX);
    (left <= AHEAD_DAYS).then_some(left)
}
