//! Two agreements that would both answer the same request are a fault: nobody could say under which one it was given.

use std::collections::{BTreeMap, HashMap};

use crate::clock::Timestamp;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::id::{AgencyId, PurposeCode, ServiceId};
use crate::policy::document::agreement::AgreementDocument;
use crate::policy::model::{Agreement, Status};
use crate::policy::tables::Term;

/// What a request is for: consumer, service, purpose, operation.
type Matter<'a> = (&'a AgencyId, &'a ServiceId, &'a PurposeCode, &'a str);

/// Records every pair that overlaps. Those that are suspended or ended answer nothing, and do not count. Days count as the
/// moments they are: where the zones of two agreements differ, one may begin before the other is over.
pub(super) fn check(agreements: &[(&AgreementDocument, Agreement)], faults: &mut Faults) {
    let mut pairs: BTreeMap<(usize, usize), &str> = BTreeMap::new();
    for ((.., operation), mut terms) in by_matter(agreements) {
        terms.sort_by_key(|(term, place)| (term.begins, *place));
        let mut all_over = Timestamp::MIN;
        for (later, (term, place)) in terms.iter().enumerate() {
            // In a set that is right no two are ever compared: there is one look at each.
            let earlier = if term.begins < all_over { later } else { 0 };
            for (_, other) in terms.iter().take(earlier).filter(|(earlier, _)| earlier.ends > term.begins) {
                let named = pairs.entry((*other.min(place), *other.max(place))).or_insert(operation);
                *named = operation.min(*named);
            }
            all_over = all_over.max(term.ends);
        }
    }
    for ((first, second), operation) in pairs {
        if let (Some(first), Some(second)) = (agreements.get(first), agreements.get(second)) {
            faults.push(fault(second, first, operation));
        }
    }
}

/// The terms of the agreements that would answer each kind of request.
fn by_matter<'a>(
    agreements: &'a [(&AgreementDocument, Agreement)],
) -> HashMap<Matter<'a>, Vec<(Term, usize)>> {
    let mut terms: HashMap<Matter<'a>, Vec<(Term, usize)>> = HashMap::new();
    for (place, (_, agreement)) in agreements.iter().enumerate() {
        if agreement.status != Status::Active {
            continue;
        }
        let term = Term::of(agreement);
        for matter in matters(agreement) {
            let terms = terms.entry(matter).or_default();
            // A name given twice in one agreement is a fault of its own.
            if terms.last().is_none_or(|(_, last)| *last != place) {
                terms.push((term, place));
            }
        }
    }
    terms
}

fn matters(agreement: &Agreement) -> impl Iterator<Item = Matter<'_>> {
    agreement.consumers.iter().flat_map(move |consumer| {
        agreement.purposes.iter().flat_map(move |purpose| {
            let operations = agreement.permits.iter().flat_map(|permit| &permit.operations);
            operations.map(move |operation| (consumer, &agreement.service, purpose, operation.as_str()))
        })
    })
}

fn fault(
    (document, agreement): &(&AgreementDocument, Agreement),
    (first, other): &(&AgreementDocument, Agreement),
    operation: &str,
) -> Fault {
    let message = format!("`{}` and `{}` would both answer `{operation}`", other.id, agreement.id);
    let fault = Fault::new(Code::AgreementsOverlap, message).at(document.id.place.clone());
    let fault = fault.label("same consumer, service, operation and purpose, terms that overlap");
    fault.also(first.id.place.clone(), "the other").help("part their terms or purposes, or end the older one")
}
