//! What can be asked of a service, and where it is.

use std::collections::BTreeMap;

use crate::crypto::digest::hex;
use crate::id::ServiceId;
use crate::language::Text;
use crate::policy::model::Classification;
use crate::policy::model::Endpoint;
use crate::policy::model::EndpointTls;
use crate::policy::model::Maintenance;
use crate::policy::model::Operation;
use crate::policy::model::ParameterKind;
use crate::policy::model::Segment;
use crate::policy::model::Service;
use crate::policy::model::Sharing;
use crate::policy::model::SubjectPlace;
use crate::policy::model::Weight;
use crate::policy::policies::Policies;
use crate::policy::scope::Field;

use super::aspect::Aspect;
use super::change::Change;
use super::change::Effect;
use super::change::Subject;
use super::limits::bytes;
use super::teller::Teller;
use super::teller::pairs;
use super::teller::same;
use super::teller::yes_or_no;

/// Every service that came, went, or is another. One that comes answers nobody: agreements do.
pub(super) fn between(old: &Policies, new: &Policies, changes: &mut Vec<Change>) {
    for (id, pair) in pairs(by_id(old), by_id(new)) {
        let mut teller = Teller::new(Subject::Service(id.to_string()), changes);
        let both = teller.both(pair, |_| Effect::Neither, |service| service.name.clone());
        if let Some((was, is)) = both {
            compare(&mut teller, was, is);
            operations(was, is, changes);
        }
    }
}

fn by_id(policies: &Policies) -> impl Iterator<Item = (&ServiceId, &Service)> {
    policies.services().map(|service| (&service.id, service.as_ref()))
}

fn compare(teller: &mut Teller<'_>, old: &Service, new: &Service) {
    // Taken apart so that no key is forgotten; `id` is the same, operations have their own.
    let Service {
        id: _,
        name,
        version,
        provider,
        endpoints,
        operations: _,
        catalogue,
        timeouts,
        result_code,
        classification,
        health,
        maintenance,
    } = old;
    teller.plain(Aspect::NAME, (name, &new.name), Clone::clone);
    teller.plain(Aspect::VERSION, (version, &new.version), same);
    teller.plain(Aspect::PROVIDER, (provider, &new.provider), same);
    let addresses = |endpoints: &[Endpoint]| endpoints.iter().map(address).collect::<Vec<_>>();
    teller.listed(Aspect::ENDPOINTS, (&addresses(endpoints), &addresses(&new.endpoints)));
    teller.plain(Aspect::TIMEOUTS, (timeouts, &new.timeouts), |timeouts| {
        same(&format!("{:?}, {:?}, {:?}", timeouts.connect, timeouts.answer, timeouts.body))
    });
    let result = |place: &Option<String>| place.as_deref().map_or_else(none, same);
    teller.plain(Aspect::RESULT_CODE, (result_code, &new.result_code), result);
    teller.plain(Aspect::CLASSIFICATION, (classification, &new.classification), classes);
    teller.plain(Aspect::HEALTH, (health, &new.health), |health| {
        health.as_ref().map_or_else(none, |health| same(&format!("{} / {:?}", health.path, health.every)))
    });
    let windows = |windows: &[Maintenance]| windows.iter().map(window).collect::<Vec<_>>();
    teller.bars(Aspect::MAINTENANCE, (&windows(maintenance), &windows(&new.maintenance)));
    self::catalogue(teller, catalogue, &new.catalogue);
}

/// Fields that came and went, and those whose class changed: what that opens or shuts shows as access, and in guardrails.
fn catalogue(teller: &mut Teller<'_>, old: &[Field], new: &[Field]) {
    let pointers = |fields: &[Field]| fields.iter().map(|field| field.pointer.clone()).collect::<Vec<_>>();
    teller.listed(Aspect::CATALOGUE, (&pointers(old), &pointers(new)));
    let classes: BTreeMap<&str, &Field> = new.iter().map(|field| (field.pointer.as_str(), field)).collect();
    for was in old {
        let Some(is) = classes.get(was.pointer.as_str()) else { continue };
        teller.plain(Aspect::CLASS, (&was.class, &is.class), |class| {
            same(&format!("{} {}", was.pointer, class.code()))
        });
        teller.plain(Aspect::NAME, (&was.name, &is.name), Clone::clone);
    }
}

fn operations(old: &Service, new: &Service, changes: &mut Vec<Change>) {
    let names =
        |service: &Service| service.operations.iter().map(|operation| operation.name()).collect::<Vec<_>>();
    let service = old.id.to_string();
    Teller::new(Subject::Service(service.clone()), changes)
        .listed(Aspect::OPERATIONS, (&names(old), &names(new)));
    for (name, pair) in pairs(by_name(old), by_name(new)) {
        if let (Some(was), Some(is)) = pair {
            operation(&mut Teller::new(Subject::Operation(service.clone(), name), changes), was, is);
        }
    }
}

fn by_name(service: &Service) -> impl Iterator<Item = (String, &Operation)> {
    service.operations.iter().map(|operation| (operation.name(), operation.as_ref()))
}

fn operation(teller: &mut Teller<'_>, old: &Operation, new: &Operation) {
    // Taken apart so that no key is forgotten. Method and template are the name; the parameters that pass are told by clause.
    let Operation {
        method: _,
        template: _,
        segments,
        stream,
        buffer_limit,
        stream_limit,
        request_limit,
        subject,
        query: _,
        body: _,
    } = old;
    teller.judged(
        Aspect::PATH,
        (segments, &new.segments),
        |segments| same(&kinds(segments)),
        |_, _| Effect::Both,
    );
    teller.judged(Aspect::STREAM, (stream, &new.stream), yes_or_no, |_, _| Effect::Both);
    teller.judged(Aspect::BUFFER, (buffer_limit, &new.buffer_limit), bytes, more);
    teller.bound(Aspect::STREAM_LIMIT, (stream_limit, &new.stream_limit), bytes);
    teller.judged(Aspect::REQUEST, (request_limit, &new.request_limit), bytes, more);
    teller.judged(Aspect::SUBJECT, (subject, &new.subject), place, |_, _| Effect::Both);
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the teller hands references")]
fn more(old: &u64, new: &u64) -> Effect {
    Effect::of(new > old, new < old)
}

fn none() -> Text {
    Text::new("không có", "none")
}

fn address(endpoint: &Endpoint) -> String {
    let Endpoint { tls, host, port, base, address, weight } = endpoint;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let at = address.map(|address| format!(" ({address})")).unwrap_or_default();
    let by = tls.as_ref().map(shown_by).unwrap_or_default();
    format!("{scheme}://{host}:{port}{base}{at} ×{weight}{by}")
}

fn shown_by(tls: &EndpointTls) -> String {
    let EndpointTls { anchors, client, pin } = tls;
    let anchors = anchors.as_ref().map(|file| format!(", anchors {file}"));
    let client = client.as_ref().map(|(file, _)| format!(", client {file}"));
    let pin = pin.map(|pin| format!(", pin {}", hex(&pin)));
    [anchors, client, pin].into_iter().flatten().collect()
}

fn window(window: &Maintenance) -> String {
    format!("{} – {}", window.from, window.until)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the teller hands references")]
fn classes(classification: &Classification) -> Text {
    let sharing = match classification.sharing {
        Sharing::Shared => ("dùng chung", "shared"),
        Sharing::Internal => ("dùng riêng", "internal"),
        Sharing::Open => ("mở", "open"),
    };
    let weight = match classification.weight {
        Weight::Core => ("cốt lõi", "core"),
        Weight::Important => ("quan trọng", "important"),
        Weight::Other => ("khác", "other"),
    };
    Text::new(format!("{}, {}", sharing.0, weight.0), format!("{}, {}", sharing.1, weight.1))
}

fn kinds(segments: &[Segment]) -> String {
    let kind = |segment: &Segment| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Parameter { name, kind } => match kind {
            ParameterKind::Digits(length) => format!("{{{name}: {length} digits}}"),
            ParameterKind::DigitsUpTo(length) => format!("{{{name}: up to {length} digits}}"),
            ParameterKind::Token(length) => format!("{{{name}: up to {length} characters}}"),
        },
    };
    segments.iter().map(kind).collect::<Vec<_>>().join("/")
}

fn place(subject: &Option<SubjectPlace>) -> Text {
    let text = match subject {
        None => return none(),
        Some(SubjectPlace::Path(name)) => format!("path {name}"),
        Some(SubjectPlace::Query(name)) => format!("query {name}"),
        Some(SubjectPlace::Body(pointer)) => format!("body {pointer}"),
        Some(SubjectPlace::Answer(pointer)) => format!("answer {pointer}"),
    };
    same(&text)
}
