//! The clauses of an agreement: operations, fields, parameters.

use std::sync::Arc;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::source::Placed;
use crate::policy::document::agreement::{AgreementDocument, PermitDocument, Requirement};
use crate::policy::model::{Operation, Parameter, Permit};
use crate::policy::scope::Scope;

use super::services::check_catalogued;
use super::{Claims, KnownService, never, twice, unknown};

/// How long what a clause puts into every log entry may be, in bytes: an entry holds at most 16 KiB, and 4 KiB are left for
/// names, hashes and the certificate.
const ENTRY_SHARE: usize = 12 << 10;

/// Compiles the clauses, in order.
pub(super) fn compile(
    document: &AgreementDocument,
    known: &KnownService,
    faults: &mut Faults,
) -> Vec<Arc<Permit>> {
    if document.permits.is_empty() {
        let fault = Fault::new(Code::NothingPermitted, "this agreement has no `[[permit]]`");
        faults.push(fault.at(document.id.place.clone()).label("permits nothing"));
    }
    check_operations(document, known, faults);
    let clauses = document.permits.iter().zip(1..);
    clauses.filter_map(|(written, number)| permit(document, written, number, known, faults)).collect()
}

fn permit(
    document: &AgreementDocument,
    written: &PermitDocument,
    number: usize,
    known: &KnownService,
    faults: &mut Faults,
) -> Option<Arc<Permit>> {
    check_filled(written, faults);
    check_length(document, written, faults);
    for pointer in &written.fields {
        check_catalogued(&known.catalogue, &known.service.catalogue, pointer, faults);
    }
    let scope = known.scope(plain(&written.fields))?;
    let operations: Vec<&Arc<Operation>> =
        written.operations.iter().filter_map(|name| known.operations.get(&name.value)).collect();
    let query: Vec<&Parameter> = operations.iter().flat_map(|operation| &operation.query).collect();
    check_parameters(&written.query, &query, "query parameter", &scope, faults);
    let body: Vec<&Parameter> = operations.iter().flat_map(|operation| &operation.body).collect();
    check_parameters(&written.body, &body, "request-body pointer", &scope, faults);
    check_subjects(document, written, &operations, faults);
    let requires = |what| written.require.iter().any(|requirement| requirement.value == what);
    Some(Arc::new(Permit {
        number,
        operations: plain(&written.operations),
        scope,
        requires_case: requires(Requirement::Case),
        requires_user: requires(Requirement::User),
        query: plain(&written.query),
        body: plain(&written.body),
        sensitive_basis: written.sensitive_basis.clone(),
    }))
}

fn plain(list: &[Placed<String>]) -> Vec<String> {
    list.iter().map(|placed| placed.value.clone()).collect()
}

/// Each operation is the service's, and stands in one clause: a grant names one.
fn check_operations(document: &AgreementDocument, service: &KnownService, faults: &mut Faults) {
    let mut clauses = Claims::new();
    for name in document.permits.iter().flat_map(|permit| &permit.operations) {
        if !service.operations.contains_key(&name.value) {
            let known = service.operations.keys().map(String::as_str);
            let fault = unknown(Code::UnknownOperation, "operation", &name.value, &name.place, known);
            faults.push(fault);
        }
        if let Some(first) = clauses.claim(&name.value, &name.place) {
            let message = format!("the operation `{}` is permitted twice", shown(&name.value));
            let fault = twice(Code::AgreementsOverlap, message, &name.place, first);
            faults.push(fault.help("let one clause name it: a grant names one clause"));
        }
    }
}

fn check_filled(written: &PermitDocument, faults: &mut Faults) {
    for (list, what) in [(&written.operations, "operation"), (&written.fields, "field")] {
        if list.is_empty() {
            let fault = Fault::new(Code::NothingPermitted, format!("a clause names at least one {what}"));
            faults.push(fault.at(written.place.clone()).label("names none"));
        }
    }
}

fn check_length(document: &AgreementDocument, written: &PermitDocument, faults: &mut Faults) {
    let pointers = written.fields.iter().map(|pointer| pointer.value.len());
    let basis = document.legal_basis.iter().chain(&written.sensitive_basis).map(String::len);
    // Three bytes more for each: quotes and a comma.
    let length: usize = pointers.chain(basis).map(|length| length + 3).sum();
    if length > ENTRY_SHARE {
        let message =
            format!("fields and legal basis take {length} bytes of every log entry, of {ENTRY_SHARE}");
        faults.push(Fault::new(Code::EntryTooLarge, message).at(written.place.clone()).label("this clause"));
    }
}

/// A parameter let through is one that an operation of the clause takes, and filters within the scope.
fn check_parameters(
    written: &[Placed<String>],
    known: &[&Parameter],
    what: &str,
    scope: &Scope,
    faults: &mut Faults,
) {
    for name in written {
        let declared: Vec<_> = known.iter().filter(|parameter| parameter.name == name.value).collect();
        if declared.is_empty() {
            let names = known.iter().map(|parameter| parameter.name.as_str());
            faults.push(unknown(Code::UnknownParameter, what, &name.value, &name.place, names));
        }
        let fields = declared.iter().filter_map(|parameter| parameter.field.as_deref());
        if let Some(field) = fields.into_iter().find(|field| !scope.covers(field)) {
            let message = format!(
                "`{}` filters on `{}`, which this clause does not grant",
                shown(&name.value),
                shown(field)
            );
            let fault = Fault::new(Code::FilterOutsideScope, message).at(name.place.clone());
            faults.push(
                fault
                    .label("a filter tells what it filters on")
                    .help("grant the field, or leave the parameter out"),
            );
        }
    }
}

fn check_subjects(
    document: &AgreementDocument,
    written: &PermitDocument,
    operations: &[&Arc<Operation>],
    faults: &mut Faults,
) {
    let Some(limit) = &document.limits.subjects_per_day else { return };
    for operation in operations {
        never::check_subject(document, written, operation, faults);
    }
    for operation in operations.iter().filter(|operation| operation.subject.is_none()) {
        let message = format!("nobody can count the people that `{}` is about", operation.name());
        let fault =
            Fault::new(Code::NoSubjectPlace, message).at(limit.place.clone()).label("counts distinct people");
        let fault = fault.also(written.place.clone(), "permitted here");
        faults
            .push(fault.help("give the operation a `subject` in the service's file, or take the limit away"));
    }
}
