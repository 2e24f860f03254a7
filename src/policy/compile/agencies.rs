//! Agencies: names, former names and certificate selectors that are each one agency's alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crypto::digest::Hash;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::diagnostic::source::Placed;
use crate::id::AgencyId;
use crate::identity::registry::{Agency, FormerId, SigningKey};

use super::{Claims, Named, twice};
use crate::policy::document::agency::{AgencyDocument, Selectors};
use crate::policy::document::signing_key::{KeyName, SigningKeyDocument};

/// Compiles the agencies; those with faults are known by name only.
pub(super) fn compile(
    files: &[Named<AgencyDocument>],
    faults: &mut Faults,
) -> BTreeMap<AgencyId, Option<Arc<Agency>>> {
    let mut agencies: BTreeMap<_, _> =
        files.iter().filter_map(|file| Some((file.stem.parse().ok()?, None))).collect();
    check_codes(files, faults);
    check_selectors(files, faults);
    check_signing_keys(files, faults);
    for file in files {
        if let Some(document) = &file.document {
            file.check_stem(&document.id, faults);
            agencies.insert(document.id.value.clone(), Some(Arc::new(agency(document))));
        }
    }
    agencies
}

fn agency(document: &AgencyDocument) -> Agency {
    let former = |(id, until): &(Placed<AgencyId>, _)| FormerId { id: id.value.clone(), until: *until };
    let selectors = &document.certificate;
    Agency {
        id: document.id.value.clone(),
        name: document.name.clone(),
        formerly: document.formerly.iter().map(former).collect(),
        roles: document.roles.iter().map(|role| role.value).collect(),
        organization_identifier: selectors
            .organization_identifier
            .as_ref()
            .map(|placed| placed.value.clone()),
        spki_pins: selectors.spki_pins.iter().map(|pin| pin.value.0).collect(),
        issuing_ca: selectors.issuing_ca.as_ref().map(|placed| placed.value.0),
        contacts: document.contacts.clone(),
        networks: document.networks.iter().map(|network| network.value).collect(),
        signing_keys: document.signing_keys.iter().map(signing_key).collect(),
    }
}

fn signing_key(document: &SigningKeyDocument) -> SigningKey {
    SigningKey {
        id: document.id.value.0.clone(),
        algorithm: document.algorithm,
        spki: document.public_key.value.der.clone(),
        from: document.from.value,
        until: document.until.value,
    }
}

/// A code, present or former, is one agency's.
fn check_codes(files: &[Named<AgencyDocument>], faults: &mut Faults) {
    let mut codes = Claims::new();
    let documents = || files.iter().filter_map(|file| file.document.as_ref());
    let present = documents().map(|document| &document.id);
    let former = documents().flat_map(|document| document.formerly.iter().map(|(id, _)| id));
    for id in present.chain(former) {
        if let Some(first) = codes.claim(&id.value, &id.place) {
            let message = format!("the code `{}` belongs to one agency", id.value);
            faults.push(twice(Code::DuplicateId, message, &id.place, first));
        }
    }
}

/// A key or an organization identifier speaks for one agency.
fn check_selectors(files: &[Named<AgencyDocument>], faults: &mut Faults) {
    let mut pins: Claims<Hash> = Claims::new();
    let mut organizations: Claims<String> = Claims::new();
    let all = files.iter().filter_map(|file| file.document.as_ref()).map(|document| &document.certificate);
    for Selectors { organization_identifier, spki_pins, .. } in all {
        for pin in spki_pins {
            if let Some(first) = pins.claim(pin.value.0, &pin.place) {
                let message = "this key would speak for two agencies, or is given twice".to_owned();
                faults.push(twice(Code::SelectorsOverlap, message, &pin.place, first));
            }
        }
        let organization = organization_identifier.iter();
        for (name, place) in organization.map(|placed| (&placed.value, &placed.place)) {
            if let Some(first) = organizations.claim(name.clone(), place) {
                let message = "this organization identifier would speak for two agencies".to_owned();
                faults.push(twice(Code::SelectorsOverlap, message, place, first));
            }
        }
    }
}

/// A key signs for one agency, has one name there, and is valid for some time.
fn check_signing_keys(files: &[Named<AgencyDocument>], faults: &mut Faults) {
    let mut keys: Claims<&[u8]> = Claims::new();
    for document in files.iter().filter_map(|file| file.document.as_ref()) {
        let mut names: Claims<&KeyName> = Claims::new();
        for SigningKeyDocument { id, public_key, from, until, .. } in &document.signing_keys {
            if let Some(first) = names.claim(&id.value, &id.place) {
                let message = "two keys of this agency have one name".to_owned();
                faults.push(twice(Code::DuplicateId, message, &id.place, first));
            }
            if let Some(first) = keys.claim(&public_key.value.der, &public_key.place) {
                let message = "this key would sign for two agencies, or is given twice".to_owned();
                faults.push(twice(Code::SelectorsOverlap, message, &public_key.place, first));
            }
            if until.value <= from.value {
                let fault = Fault::new(Code::TermReversed, "this key lapses before it is valid");
                faults.push(
                    fault.at(until.place.clone()).label("the end").also(from.place.clone(), "the beginning"),
                );
            }
        }
    }
}
