//! Purposes and suspensions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::{Placed, Source};
use crate::id::{AgencyId, AgreementId, PurposeCode};
use crate::identity::registry::Agency;
use crate::policy::document::rules as written;
use crate::policy::document::rules::{PurposeDocument, Suspended, SuspensionDocument};
use crate::policy::model::{Purpose, Suspensions};
use crate::policy::policies::Policies;

use super::services::unknown_agency;
use super::{Claims, not_utf8, twice, unknown};

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

/// What a suspension may name.
pub(super) struct Names<'a> {
    pub(super) agencies: &'a BTreeMap<AgencyId, Option<Arc<Agency>>>,
    pub(super) agreements: BTreeSet<&'a str>,
    pub(super) purposes: &'a BTreeSet<PurposeCode>,
}

/// Compiles the kill switch. A certificate needs no entry elsewhere; every other name must be known, or a slip of the pen
/// would leave open what was to be shut.
pub(super) fn suspensions(
    documents: Vec<SuspensionDocument>,
    names: &Names<'_>,
    faults: &mut Faults,
) -> Suspensions {
    let mut suspensions = Suspensions::default();
    for SuspensionDocument { what, suspension } in documents {
        match what {
            Suspended::Agency(id) => {
                if !names.agencies.contains_key(&id.value) {
                    faults.push(unknown_agency(names.agencies, &id));
                }
                suspensions.agencies.insert(id.value, suspension);
            }
            Suspended::Certificate(fingerprint) => {
                suspensions.certificates.insert(fingerprint.value.0, suspension);
            }
            Suspended::Agreement(id) => {
                check_agreement(&id, &names.agreements, faults);
                suspensions.agreements.insert(id.value, suspension);
            }
            Suspended::Purpose(code) => {
                check_purpose(&code, names.purposes, faults);
                suspensions.purposes.insert(code.value, suspension);
            }
        }
    }
    suspensions
}

/// The same policies under another kill switch, given as its file's bytes. Nothing else is read again: it takes effect in a moment, however
/// large the set is.
///
/// # Errors
/// The file has faults, or names what these policies do not have.
pub fn suspending(policies: &Policies, bytes: &Arc<[u8]>) -> Result<Policies, Faults> {
    const FILE: &str = "suspensions.toml";
    let mut faults = Faults::new();
    let documents = match std::str::from_utf8(bytes) {
        Ok(text) => written::suspensions(&Source::new(FILE, text), &mut faults),
        Err(_) => {
            faults.push(not_utf8(FILE));
            Vec::new()
        }
    };
    let agencies = policies.agencies().map(|agency| (agency.id.clone(), Some(Arc::clone(agency)))).collect();
    let names = Names {
        agencies: &agencies,
        agreements: policies.agreements().iter().map(|agreement| agreement.id.as_str()).collect(),
        purposes: &policies.purposes().keys().cloned().collect(),
    };
    let suspensions = suspensions(documents, &names, &mut faults);
    if faults.has_faults() {
        faults.sort();
        return Err(faults);
    }
    let mut files = policies.files().to_vec();
    files.iter_mut().filter(|(name, _)| name == FILE).for_each(|(_, file)| *file = Arc::clone(bytes));
    Ok(policies.under(suspensions, files))
}

fn check_agreement(id: &Placed<AgreementId>, agreements: &BTreeSet<&str>, faults: &mut Faults) {
    if !agreements.contains(id.value.as_str()) {
        let names = agreements.iter().copied();
        faults.push(unknown(Code::UnknownAgreement, "agreement", id.value.as_str(), &id.place, names));
    }
}

fn check_purpose(code: &Placed<PurposeCode>, purposes: &BTreeSet<PurposeCode>, faults: &mut Faults) {
    if !purposes.contains(&code.value) {
        let names = purposes.iter().map(PurposeCode::as_str);
        faults.push(unknown(Code::UnknownPurpose, "purpose", code.value.as_str(), &code.place, names));
    }
}
