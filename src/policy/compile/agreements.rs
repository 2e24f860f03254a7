//! Agreements: whom they bind, for how long, for what.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crypto::digest::Hash;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::diagnostic::source::Placed;
use crate::id::{AgencyId, PurposeCode};
use crate::identity::registry::Role;
use crate::policy::document::agreement::AgreementDocument;
use crate::policy::model::{Agreement, Limits, Permit, Service, Window};

use super::guardrails::Guardrails;
use super::services::has_role;
use super::{Claims, Known, KnownService, Named, clauses, limits, never, relies_on, twice, unknown};

/// Compiles the agreements, each with the document that tells where things stand; those with faults are left out.
pub(super) fn compile<'a>(
    files: &'a [Named<AgreementDocument>],
    known: &Known<'_>,
    guardrails: &Guardrails,
    faults: &mut Faults,
) -> Vec<(&'a AgreementDocument, Agreement)> {
    let mut agreements = Vec::new();
    for file in files {
        let Some(document) = &file.document else { continue };
        file.check_stem(&document.id, faults);
        check_parties(document, known, faults);
        check_purposes(document, known, faults);
        check_term(document, faults);
        let limits = limits::limits(&document.limits, faults);
        let hours = limits::hours(&document.hours, faults);
        let Some(service) = service(document, known, faults) else { continue };
        check_provider(document, &service.service, faults);
        let permits = clauses::compile(document, service, faults);
        let relies_on = relies_on::compile(document, known.files, faults);
        let agreement = agreement(document, known, permits, limits, hours, relies_on);
        never::check_time(document, &agreement, faults);
        guardrails.check(document, &agreement, faults);
        agreements.push((document, agreement));
    }
    agreements
}

/// Names are those of the files that describe what they name: one text for all who mention it.
fn agreement(
    document: &AgreementDocument,
    known: &Known<'_>,
    permits: Vec<Arc<Permit>>,
    limits: Limits,
    hours: Vec<Window>,
    relies_on: BTreeMap<String, Hash>,
) -> Agreement {
    Agreement {
        id: document.id.value.clone(),
        version: document.version,
        status: document.status.clone(),
        kind: document.kind,
        provider: document.provider.value.clone(),
        consumers: document.consumers.value.iter().map(|consumer| known.agency(&consumer.value)).collect(),
        service: document.service.value.clone(),
        purposes: document.purposes.value.iter().map(|purpose| known.purpose(&purpose.value)).collect(),
        legal_basis: document.legal_basis.clone(),
        from: document.valid.0.value,
        until: document.valid.1.value,
        security_confirmed: document.security_confirmed.as_ref().map(|placed| placed.value),
        zone: document.zone.clone(),
        permits,
        limits,
        hours,
        contacts: document.contacts.clone(),
        signed_requests: document.signed_requests,
        relies_on,
    }
}

fn check_parties(document: &AgreementDocument, known: &Known<'_>, faults: &mut Faults) {
    has_role(&known.agencies, &document.provider, Role::Provide, faults);
    let mut consumers: Claims<AgencyId> = Claims::new();
    for consumer in &document.consumers.value {
        has_role(&known.agencies, consumer, Role::Exchange, faults);
        if let Some(first) = consumers.claim(consumer.value.clone(), &consumer.place) {
            let message = format!("the consumer `{}` is named twice", consumer.value);
            faults.push(twice(Code::DuplicateId, message, &consumer.place, first));
        }
    }
    check_filled(&document.consumers, "consumer", faults);
}

fn check_purposes(document: &AgreementDocument, known: &Known<'_>, faults: &mut Faults) {
    let mut purposes: Claims<PurposeCode> = Claims::new();
    for purpose in &document.purposes.value {
        if !known.purposes.contains(&purpose.value) {
            let names = known.purposes.iter().map(PurposeCode::as_str);
            faults.push(unknown(
                Code::UnknownPurpose,
                "purpose",
                purpose.value.as_str(),
                &purpose.place,
                names,
            ));
        }
        if let Some(first) = purposes.claim(purpose.value.clone(), &purpose.place) {
            let message = format!("the purpose `{}` is named twice", purpose.value);
            faults.push(twice(Code::DuplicateId, message, &purpose.place, first));
        }
    }
    check_filled(&document.purposes, "purpose", faults);
}

fn check_filled<T>(list: &Placed<Vec<T>>, what: &str, faults: &mut Faults) {
    if list.value.is_empty() {
        let fault = Fault::new(Code::NothingPermitted, format!("an agreement names at least one {what}"));
        faults.push(fault.at(list.place.clone()).label("names none"));
    }
}

fn check_term(document: &AgreementDocument, faults: &mut Faults) {
    let (from, until) = &document.valid;
    if until.value < from.value {
        let fault = Fault::new(Code::TermReversed, "this agreement ends before it begins");
        faults.push(
            fault.at(until.place.clone()).label("the last day").also(from.place.clone(), "the first day"),
        );
    }
}

/// The service, if it is registered and sound; if it has faults of its own, those are enough.
fn service<'a>(
    document: &AgreementDocument,
    known: &'a Known<'_>,
    faults: &mut Faults,
) -> Option<&'a KnownService> {
    let name = &document.service;
    let found = known.services.get(&name.value);
    if found.is_none() {
        let names = known.services.keys().map(crate::id::ServiceId::as_str);
        faults.push(unknown(Code::UnknownService, "service", name.value.as_str(), &name.place, names));
    }
    found?.as_ref()
}

fn check_provider(document: &AgreementDocument, service: &Service, faults: &mut Faults) {
    if document.provider.value != service.provider {
        let message = format!("the provider of `{}` is `{}`", service.id, service.provider);
        let fault = Fault::new(Code::ProviderDiffers, message).at(document.provider.place.clone());
        faults.push(fault.label("another").help(format!("write provider = \"{}\"", service.provider)));
    }
}
