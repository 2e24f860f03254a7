//! Warnings about agreements that the kill switch holds up in part: what is written in one file shows in the other.

use std::collections::BTreeMap;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::diagnostic::source::{Place, Placed};
use crate::policy::document::agreement::AgreementDocument;
use crate::policy::document::rules::{Suspended, SuspensionDocument};
use crate::policy::model::{Agreement, Status};

/// Warns of agreements that stand while their purpose, their consumer or they themselves are suspended.
pub(super) fn warn(
    agreements: &[(&AgreementDocument, Agreement)],
    suspended: &[SuspensionDocument],
    faults: &mut Faults,
) {
    let named: BTreeMap<(&str, &str), &Place> = suspended.iter().filter_map(named).collect();
    if named.is_empty() {
        return;
    }
    for (document, _) in agreements.iter().filter(|(_, agreement)| agreement.status == Status::Active) {
        let purposes = document.purposes.value.iter().map(|one| ("purpose", one.value.as_str(), &one.place));
        let consumers = document.consumers.value.iter().map(|one| ("agency", one.value.as_str(), &one.place));
        let Placed { value, place } = &document.id;
        for (what, name, place) in purposes.chain(consumers).chain([("agreement", value.as_str(), place)]) {
            let Some(switch) = named.get(&(what, name)) else { continue };
            let message = format!("the {what} `{name}` is suspended: such requests are refused");
            let fault = Fault::warning(Code::Suspended, message).at(place.clone()).label("named here");
            faults.push(fault.also((*switch).clone(), "suspended here"));
        }
    }
}

/// What an entry suspends, by kind and name.
fn named(document: &SuspensionDocument) -> Option<((&'static str, &str), &Place)> {
    match &document.what {
        Suspended::Agency(one) => Some((("agency", one.value.as_str()), &one.place)),
        Suspended::Agreement(one) => Some((("agreement", one.value.as_str()), &one.place)),
        Suspended::Purpose(one) => Some((("purpose", one.value.as_str()), &one.place)),
        Suspended::Certificate(_) => None,
    }
}
