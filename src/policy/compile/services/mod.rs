//! Services: endpoints, operations, and a catalogue that is a tree.

mod catalogue;
mod endpoints;
mod operations;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, Severity};
use crate::diagnostic::source::Placed;
use crate::id::{AgencyId, ServiceId};
use crate::identity::registry::{Agency, Role};
use crate::policy::document::service::ServiceDocument;
use crate::policy::model::Service;
use crate::policy::scope::Node;

use super::{KnownService, Named, unknown};

pub(super) use catalogue::check_catalogued;
pub use endpoints::endpoint;

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
        check_reserved(&document.id, faults);
        services.insert(document.id.value.clone(), service(document, faults));
    }
    services
}

/// First segments of addresses that are the gateway's own.
const RESERVED: [&str; 1] = ["receipts"];

/// No request would ever reach a service by the name of something else.
fn check_reserved(id: &Placed<ServiceId>, faults: &mut Faults) {
    if RESERVED.contains(&id.value.as_str()) {
        let message = format!("addresses under `/{}` are the gateway's own", id.value);
        let fault = Fault::new(Code::ReservedName, message).at(id.place.clone()).label("never reached");
        faults.push(fault.help("give the service another name"));
    }
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
    let fields = catalogue::fields(&document.fields, faults);
    let catalogue = Node::catalogue(&fields);
    check_not_empty(document, faults);
    if let Some(pointer) = &document.result_code {
        check_catalogued(&catalogue, &fields, pointer, faults);
    }
    let endpoints =
        document.endpoints.value.iter().filter_map(|written| endpoints::endpoint(written, faults)).collect();
    let operations = operations::operations(document, &catalogue, &fields, faults);
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
    let sound = faults.iter().skip(before).all(|fault| fault.severity() != Severity::Fault);
    sound.then(|| KnownService::new(Arc::new(service), catalogue))
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
