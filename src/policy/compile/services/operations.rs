//! What can be asked of a service: no request is for two operations, and every parameter is typed.

use std::sync::Arc;

use http::Method;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::source::Placed;
use crate::policy::compile::{Claims, twice, unknown};
use crate::policy::document::service::{OperationDocument, ParameterDocument, ServiceDocument};
use crate::policy::model::{Operation, Parameter, ParameterKind, Segment, SubjectPlace};
use crate::policy::scope::{Field, Node};
use crate::policy::template::{Part, Template};

use super::catalogue::{check_catalogued, is_pointer};

/// How much of an answer is held when the operation does not say: 1 MiB, some hundred times the largest sample.
const DEFAULT_BUFFER: u64 = 1 << 20;

/// How large a request may be when the operation does not say: 64 KiB, room for a form without attachments.
const DEFAULT_REQUEST: u64 = 64 << 10;

/// Compiles the operations.
pub(super) fn operations(
    document: &ServiceDocument,
    catalogue: &Node,
    fields: &[Field],
    faults: &mut Faults,
) -> Vec<Arc<Operation>> {
    let mut operations: Vec<(Arc<Operation>, &OperationDocument)> = Vec::new();
    for written in &document.operations {
        let Some(operation) = operation(written, catalogue, fields, faults) else { continue };
        if let Some((other, first)) = operations.iter().find(|(other, _)| other.meets(&operation)) {
            let message = format!("a request could be for this operation and for `{}`", other.name());
            let place = &written.name.place;
            faults.push(twice(Code::BadTemplate, message, place, first.name.place.clone()));
        }
        operations.push((Arc::new(operation), written));
    }
    operations.into_iter().map(|(operation, _)| operation).collect()
}

fn operation(
    written: &OperationDocument,
    catalogue: &Node,
    fields: &[Field],
    faults: &mut Faults,
) -> Option<Operation> {
    let template = &written.name.value;
    let segments = segments(written, faults);
    let query = parameters(&written.query, catalogue, fields, faults);
    for pointer in &written.body {
        is_pointer(&pointer.name, faults);
    }
    let body = parameters(&written.body, catalogue, fields, faults);
    check_body_method(written, faults);
    if let Some(subject) = &written.subject {
        check_subject(subject, written, catalogue, fields, faults);
    }
    check_room(written, faults);
    Some(Operation {
        method: template.method.clone(),
        template: template.path.clone(),
        segments: segments?,
        stream: written.stream,
        buffer_limit: written.buffer.as_ref().map_or(DEFAULT_BUFFER, |size| size.value.0),
        stream_limit: written.stream_limit.as_ref().map(|size| size.value.0),
        request_limit: written.request.as_ref().map_or(DEFAULT_REQUEST, |size| size.value.0),
        subject: written.subject.as_ref().map(|placed| placed.value.clone()),
        query,
        body,
    })
}

/// Gives every path parameter its type.
fn segments(written: &OperationDocument, faults: &mut Faults) -> Option<Vec<Segment>> {
    let Template { segments, .. } = &written.name.value;
    for (name, _) in &written.path {
        if !segments.contains(&Part::Parameter(name.value.clone())) {
            let known = segments.iter().filter_map(parameter_name);
            faults.push(unknown(Code::BadTemplate, "path parameter", &name.value, &name.place, known));
        }
    }
    let kind_of =
        |name: &str| written.path.iter().find(|(found, _)| found.value == name).map(|(_, kind)| kind.clone());
    let typed = segments.iter().map(|part| match part {
        Part::Literal(text) => Ok(Segment::Literal(text.clone())),
        Part::Parameter(name) => kind_of(name).map(|kind| parameter_segment(name, kind)).ok_or(name),
    });
    let typed: Vec<Result<Segment, &String>> = typed.collect();
    for name in typed.iter().filter_map(|segment| segment.as_ref().err()) {
        let message = format!("nothing says what values the path parameter `{name}` takes");
        let fault =
            Fault::new(Code::BadTemplate, message).at(written.name.place.clone()).label("not declared");
        faults.push(fault.help(format!("add `path = {{ {name} = \"12 digits\" }}`")));
    }
    typed.into_iter().collect::<Result<_, _>>().ok()
}

fn parameter_name(part: &Part) -> Option<&str> {
    match part {
        Part::Parameter(name) => Some(name),
        Part::Literal(_) => None,
    }
}

fn parameter_segment(name: &str, kind: ParameterKind) -> Segment {
    Segment::Parameter { name: name.to_owned(), kind }
}

fn parameters(
    written: &[ParameterDocument],
    catalogue: &Node,
    fields: &[Field],
    faults: &mut Faults,
) -> Vec<Parameter> {
    let mut names = Claims::new();
    for ParameterDocument { name, field } in written {
        if let Some(first) = names.claim(&name.value, &name.place) {
            let message = format!("the parameter `{}` is declared twice", shown(&name.value));
            faults.push(twice(Code::DuplicateId, message, &name.place, first));
        }
        if let Some(field) = field {
            check_catalogued(catalogue, fields, field, faults);
        }
    }
    let parameter = |written: &ParameterDocument| Parameter {
        name: written.name.value.clone(),
        field: written.field.as_ref().map(|placed| placed.value.clone()),
    };
    written.iter().map(parameter).collect()
}

fn check_body_method(written: &OperationDocument, faults: &mut Faults) {
    let bodiless = matches!(written.name.value.method, Method::GET | Method::DELETE);
    if let Some(pointer) = written.body.first().filter(|_| bodiless) {
        let message = format!("a {} has no body whose members could be named", written.name.value.method);
        let fault = Fault::new(Code::UnknownParameter, message).at(pointer.name.place.clone());
        faults.push(fault.label("not sent").also(written.name.place.clone(), "the operation"));
    }
}

/// Neither answers nor bodies that callers may send fit into nothing.
fn check_room(written: &OperationDocument, faults: &mut Faults) {
    let answers = [&written.buffer, &written.stream_limit].into_iter().flatten();
    let answers = answers.map(|size| (size, "no answer fits into nothing"));
    let sent = written.request.as_ref().filter(|_| !written.body.is_empty());
    let body = sent.map(|size| (size, "no body fits into nothing"));
    if let Some(limit) = written.stream_limit.as_ref().filter(|_| !written.stream) {
        let fault =
            Fault::new(Code::WithoutEffect, "this answer is held, not streamed").at(limit.place.clone());
        faults.push(fault.label("without effect").help("write stream = true, or bound it by `buffer`"));
    }
    for (zero, message) in answers.chain(body).filter(|(size, _)| size.value.0 == 0) {
        faults.push(Fault::new(Code::LimitZero, message).at(zero.place.clone()).label("zero"));
    }
}

fn check_subject(
    subject: &Placed<SubjectPlace>,
    written: &OperationDocument,
    catalogue: &Node,
    fields: &[Field],
    faults: &mut Faults,
) {
    let names = |list: &[ParameterDocument]| list.iter().map(|p| p.name.value.clone()).collect::<Vec<_>>();
    let (what, name, known) = match &subject.value {
        SubjectPlace::Path(name) => {
            let segments = written.name.value.segments.iter();
            ("path parameter", name, segments.filter_map(parameter_name).map(str::to_owned).collect())
        }
        SubjectPlace::Query(name) => ("query parameter", name, names(&written.query)),
        SubjectPlace::Body(name) => ("request-body pointer", name, names(&written.body)),
        SubjectPlace::Answer(pointer) => {
            let pointer = Placed { value: pointer.clone(), place: subject.place.clone() };
            check_catalogued(catalogue, fields, &pointer, faults);
            return;
        }
    };
    if !known.contains(name) {
        let known = known.iter().map(String::as_str);
        faults.push(unknown(Code::UnknownParameter, what, name, &subject.place, known));
    }
}
