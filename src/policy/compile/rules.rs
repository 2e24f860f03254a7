//! Purposes and suspensions.

use std::collections::BTreeSet;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Placed;
use crate::id::{AgreementId, PurposeCode};
use crate::policy::document::rules::{PurposeDocument, Suspended, SuspensionDocument};
use crate::policy::model::{Purpose, Suspensions};

use super::services::unknown_agency;
use super::{Claims, Known, twice, unknown};

/// Compiles the purposes.
pub(super) fn purposes(documents: Vec<PurposeDocument>, faults: &mut Faults) -> Vec<Purpose> {
    let mut codes = Claims::new();
    for PurposeDocument { code, .. } in &documents {
        if let Some(first) = codes.claim(&code.value, &code.place) {
            let message = format!("the purpose `{}` is listed twice", code.value);
            faults.push(twice(Code::DuplicateId, message, &code.place, first));
        }
    }
    documents.into_iter().map(|document| document.purpose).collect()
}

/// Compiles the kill switch. A certificate needs no entry elsewhere; every other name must be known, or a slip of the pen
/// would leave open what was to be shut.
pub(super) fn suspensions(
    documents: Vec<SuspensionDocument>,
    known: &Known<'_>,
    agreements: &BTreeSet<&str>,
    faults: &mut Faults,
) -> Suspensions {
    let mut suspensions = Suspensions::default();
    for SuspensionDocument { what, suspension } in documents {
        match what {
            Suspended::Agency(id) => {
                if !known.agencies.contains_key(&id.value) {
                    faults.push(unknown_agency(&known.agencies, &id));
                }
                suspensions.agencies.insert(id.value, suspension);
            }
            Suspended::Certificate(fingerprint) => {
                suspensions.certificates.insert(fingerprint.value.0, suspension);
            }
            Suspended::Agreement(id) => {
                check_agreement(&id, agreements, faults);
                suspensions.agreements.insert(id.value, suspension);
            }
            Suspended::Purpose(code) => {
                check_purpose(&code, known, faults);
                suspensions.purposes.insert(code.value, suspension);
            }
        }
    }
    suspensions
}

fn check_agreement(id: &Placed<AgreementId>, agreements: &BTreeSet<&str>, faults: &mut Faults) {
    if !agreements.contains(id.value.as_str()) {
        let names = agreements.iter().copied();
        faults.push(unknown(Code::UnknownAgreement, "agreement", id.value.as_str(), &id.place, names));
    }
}

fn check_purpose(code: &Placed<PurposeCode>, known: &Known<'_>, faults: &mut Faults) {
    if !known.purposes.contains(&code.value) {
        let names = known.purposes.iter().map(PurposeCode::as_str);
        faults.push(unknown(Code::UnknownPurpose, "purpose", code.value.as_str(), &code.place, names));
    }
}
