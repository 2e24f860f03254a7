//! Two agreements that would both answer the same request are a fault: nobody could say under which one it was given.

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::policy::document::agreement::AgreementDocument;
use crate::policy::model::{Agreement, Status};

/// Records every pair that overlaps. Those that are suspended or ended answer nothing, and do not count.
pub(super) fn check(agreements: &[(&AgreementDocument, Agreement)], faults: &mut Faults) {
    let standing: Vec<_> = agreements.iter().filter(|(_, a)| a.status == Status::Active).collect();
    for (index, (document, agreement)) in standing.iter().enumerate() {
        for (first, other) in standing.iter().take(index) {
            if let Some(operation) = shared(other, agreement) {
                faults.push(fault(document, agreement, first, other, operation));
            }
        }
    }
}

/// An operation that both would answer on some day, for some consumer and purpose.
fn shared<'a>(a: &'a Agreement, b: &Agreement) -> Option<&'a str> {
    let bound = a.service == b.service
        && a.consumers.iter().any(|id| b.consumers.contains(id))
        && a.purposes.iter().any(|purpose| b.purposes.contains(purpose))
        && a.from <= b.until
        && b.from <= a.until;
    let operations =
        |agreement: &'a Agreement| agreement.permits.iter().flat_map(|permit| &permit.operations);
    let answers =
        |name: &str| b.permits.iter().any(|permit| permit.operations.iter().any(|found| found == name));
    operations(a).find(|name| bound && answers(name)).map(String::as_str)
}

fn fault(
    document: &AgreementDocument,
    agreement: &Agreement,
    first: &AgreementDocument,
    other: &Agreement,
    operation: &str,
) -> Fault {
    let message = format!("`{}` and `{}` would both answer `{operation}`", other.id, agreement.id);
    let fault = Fault::new(Code::AgreementsOverlap, message).at(document.id.place.clone());
    let fault = fault.label("same consumer, service, operation and purpose, terms that overlap");
    fault.also(first.id.place.clone(), "the other").help("part their terms or purposes, or end the older one")
}
