//! Services: endpoints, operations, and a catalogue that is a tree.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use http::Method;
use http::Uri;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::source::Placed;
use crate::id::{AgencyId, ServiceId};
use crate::identity::registry::{Agency, Role};

use super::{Claims, KnownService, Named, twice, unknown};
use crate::policy::document::service::{
    EndpointDocument, FieldDocument, OperationDocument, ParameterDocument, ServiceDocument,
};
use crate::policy::model::{
    Endpoint, EndpointTls, Operation, Parameter, ParameterKind, Segment, Service, SubjectPlace,
};
use crate::policy::pointer;
use crate::policy::scope::{Field, Node};
use crate::policy::template::{Part, Template};

/// How much of an answer is held when the operation does not say: 1 MiB, some hundred times the largest sample.
const DEFAULT_BUFFER: u64 = 1 << 20;

/// How large a request may be when the operation does not say: 64 KiB, room for a form without attachments.
const DEFAULT_REQUEST: u64 = 64 << 10;

/// Compiles the services; those with faults are known by name only.
pub(super) fn compile(
    files: &[Named<ServiceDocument>],
    agencies: &BTreeMap<AgencyId, Option<Arc<Agency>>>,
    faults: &mut Faults,
) -> BTreeMap<ServiceId, Option<KnownService>> {
    let mut services: BTreeMap<_, _> =
        files.iter().filter_map(|file| Some((file.stem.parse().ok()?, None))).collect();
    for file in files {
        let Some(document) = &file.document else { continue };
        file.check_stem(&document.id, faults);
        has_role(agencies, &document.provider, Role::Provide, faults);
        services.insert(document.id.value.clone(), service(document, faults));
    }
    services
}

/// Checks that an agency is registered and has a role.
pub(super) fn has_role(
    agencies: &BTreeMap<AgencyId, Option<Arc<Agency>>>,
    id: &Placed<AgencyId>,
    role: Role,
    faults: &mut Faults,
) {
    let word = if role == Role::Provide { "provide" } else { "exchange" };
    match agencies.get(&id.value) {
        None => faults.push(unknown_agency(agencies, id)),
        Some(Some(agency)) if !agency.roles.contains(&role) => {
            let message = format!("the agency `{}` does not have the role `{word}`", id.value);
            let fault =
                Fault::new(Code::RoleMissing, message).at(id.place.clone()).label("without that role");
            faults.push(fault.help(format!("add `{word}` to `roles` in agencies/{}.toml", id.value)));
        }
        Some(_) => {}
    }
}

/// A fault about an agency that is not registered; if the code was merged into another, it says so.
pub(super) fn unknown_agency(
    agencies: &BTreeMap<AgencyId, Option<Arc<Agency>>>,
    id: &Placed<AgencyId>,
) -> Fault {
    let fault = unknown(
        Code::UnknownAgency,
        "agency",
        id.value.as_str(),
        &id.place,
        agencies.keys().map(AgencyId::as_str),
    );
    let was = |agency: &&Arc<Agency>| agency.formerly.iter().any(|former| former.id == id.value);
    match agencies.values().flatten().find(was) {
        Some(agency) => fault.help(format!("that code was merged into `{}`", agency.id)),
        None => fault,
    }
}

fn service(document: &ServiceDocument, faults: &mut Faults) -> Option<KnownService> {
    let before = faults.len();
    let fields = fields(&document.fields, faults);
    let catalogue = Node::catalogue(&fields);
    check_not_empty(document, faults);
    if let Some(pointer) = &document.result_code {
        check_catalogued(&catalogue, &fields, pointer, faults);
    }
    let endpoints = document.endpoints.value.iter().filter_map(|written| endpoint(written, faults)).collect();
    let operations = operations(document, &catalogue, &fields, faults);
    let service = Service {
        id: document.id.value.clone(),
        name: document.name.clone(),
        version: document.version,
        provider: document.provider.value.clone(),
        endpoints,
        operations,
        catalogue: fields,
        timeouts: document.timeouts,
        result_code: document.result_code.as_ref().map(|placed| placed.value.clone()),
        classification: document.classification,
        health: document.health.clone(),
        maintenance: document.maintenance.clone(),
    };
    let sound =
        faults.iter().skip(before).all(|fault| fault.severity() != crate::diagnostic::fault::Severity::Fault);
    sound.then(|| KnownService { service: Arc::new(service), catalogue })
}

fn check_not_empty(document: &ServiceDocument, faults: &mut Faults) {
    let lists = [
        ("endpoints", document.endpoints.value.is_empty(), &document.endpoints.place),
        ("operations", document.operations.is_empty(), &document.id.place),
        ("fields", document.fields.is_empty(), &document.id.place),
    ];
    for (name, _, place) in lists.iter().filter(|(_, empty, _)| *empty) {
        let message = format!("the service has no `{name}`");
        faults.push(
            Fault::new(Code::NothingPermitted, message).at((*place).clone()).label("at least one is needed"),
        );
    }
}

fn fields(written: &[FieldDocument], faults: &mut Faults) -> Vec<Field> {
    let mut pointers = Claims::new();
    let mut fields = Vec::new();
    for FieldDocument { pointer, name, class } in written {
        if !is_pointer(pointer, faults) {
            continue;
        }
        if let Some(first) = pointers.claim(&pointer.value, &pointer.place) {
            let message = format!("the field `{}` is catalogued twice", shown(&pointer.value));
            faults.push(twice(Code::DuplicateId, message, &pointer.place, first));
        }
        fields.push(Field { pointer: pointer.value.clone(), name: name.clone(), class: *class });
    }
    check_one_shape(written, &Node::catalogue(&fields), faults);
    fields
}

/// A place is an array's or an object's, or a scope by one form would not see what the other holds.
fn check_one_shape(written: &[FieldDocument], catalogue: &Node, faults: &mut Faults) {
    for FieldDocument { pointer, .. } in written {
        if is_mixed(catalogue, &pointer.value) {
            let message = "what stands here is catalogued both as an array and as an object";
            let fault =
                Fault::new(Code::BadPointer, message).at(pointer.place.clone()).label("an array here");
            faults.push(
                fault.help("leave `*` out: a pointer without it matches an object and an array of objects"),
            );
        }
    }
}

/// Whether some `*` of a catalogued pointer stands beside named members.
fn is_mixed(catalogue: &Node, pointer: &str) -> bool {
    let stars = pointer.match_indices("/*").filter_map(|(index, _)| pointer.get(..index));
    let mut parents =
        stars.filter_map(|parent| if parent.is_empty() { Some(catalogue) } else { catalogue.at(parent) });
    parents.any(|node| node.items.is_some() && !node.members.is_empty())
}

/// Checks a pointer's form.
pub(super) fn is_pointer(pointer: &Placed<String>, faults: &mut Faults) -> bool {
    let wrong = pointer::tokens(&pointer.value).err();
    if let Some(error) = wrong {
        let fault = Fault::new(Code::BadPointer, error.to_string()).at(pointer.place.clone());
        faults.push(fault.label("not a pointer as used here"));
    }
    wrong.is_none()
}

/// Checks that a pointer leads to something the catalogue knows.
pub(super) fn check_catalogued(
    catalogue: &Node,
    fields: &[Field],
    pointer: &Placed<String>,
    faults: &mut Faults,
) -> bool {
    let found = is_pointer(pointer, faults).then(|| catalogue.at(&pointer.value).is_some());
    if found == Some(false) {
        let known = fields.iter().map(|field| field.pointer.as_str());
        faults.push(unknown(Code::UnknownField, "catalogued field", &pointer.value, &pointer.place, known));
    }
    found == Some(true)
}

fn endpoint(written: &EndpointDocument, faults: &mut Faults) -> Option<Endpoint> {
    let mut bad = |message: &str| {
        let fault =
            Fault::new(Code::BadEndpoint, message).at(written.url.place.clone()).label("not accepted");
        faults.push(fault.help("write it like `https://platform.example:8443/base`"));
    };
    let Ok(uri) = written.url.value.parse::<Uri>() else {
        bad("this is not an address");
        return None;
    };
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => {
            bad("an address begins with `https://` or `http://`");
            return None;
        }
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') || uri.query().is_some() || uri.path().contains("//") {
        bad("an address has no user, no query and no empty path segment");
        return None;
    }
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    check_plain(written, tls, authority.host(), faults);
    Some(Endpoint {
        tls: tls.then(|| endpoint_tls(written)),
        host: authority.host().to_ascii_lowercase(),
        port,
        base: uri.path().trim_end_matches('/').to_owned(),
        address: written.address,
        weight: weight(written, faults)?,
    })
}

fn endpoint_tls(written: &EndpointDocument) -> EndpointTls {
    EndpointTls {
        anchors: written.anchors.as_ref().map(|placed| placed.value.clone()),
        client: written.client.as_ref().map(|placed| placed.value.clone()),
        pin: written.pin.as_ref().map(|placed| placed.value.0),
    }
}

fn weight(written: &EndpointDocument, faults: &mut Faults) -> Option<NonZeroU32> {
    let Some(weight) = &written.weight else { return Some(NonZeroU32::MIN) };
    let found = NonZeroU32::new(weight.value);
    if found.is_none() {
        let fault = Fault::new(Code::LimitZero, "an endpoint of no weight is never asked");
        faults.push(fault.at(weight.place.clone()).label("zero"));
    }
    found
}

/// TLS keys go with https alone; http leaves the machine readable.
fn check_plain(written: &EndpointDocument, tls: bool, host: &str, faults: &mut Faults) {
    if tls {
        return;
    }
    let places = [
        written.anchors.as_ref().map(|placed| &placed.place),
        written.client.as_ref().map(|placed| &placed.place),
        written.pin.as_ref().map(|placed| &placed.place),
    ];
    for place in places.into_iter().flatten() {
        let fault = Fault::new(Code::BadEndpoint, "this key goes with an `https://` address");
        faults.push(
            fault.at(place.clone()).label("without effect").also(written.url.place.clone(), "no TLS here"),
        );
    }
    if !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        let fault = Fault::warning(Code::PlainHttp, "what goes to this platform can be read on the way");
        faults.push(fault.at(written.url.place.clone()).label("no TLS"));
    }
}

fn operations(
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
    if let Some(zero) = written.buffer.as_ref().filter(|size| size.value.0 == 0) {
        let fault = Fault::new(Code::LimitZero, "no answer fits into nothing").at(zero.place.clone());
        faults.push(fault.label("zero"));
    }
    Some(Operation {
        method: template.method.clone(),
        template: template.path.clone(),
        segments: segments?,
        stream: written.stream,
        buffer_limit: written.buffer.as_ref().map_or(DEFAULT_BUFFER, |size| size.value.0),
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
