//! `services/<id>.toml`.

use std::time::Duration;

use jiff::Timestamp;

use super::{Hex, plain, tables};
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::quantity::Size;
use crate::diagnostic::source::{Place, Placed, Source};
use crate::diagnostic::table::Table;
use crate::diagnostic::value::{FromValue, Value, Words};
use crate::id::{AgencyId, ServiceId};
use crate::language::Text;
use crate::policy::model::{
    Classification, Health, Maintenance, ParameterKind, Sharing, SubjectPlace, Timeouts, Weight,
};
use crate::policy::scope::Class;
use crate::policy::template::Template;

/// A service as written.
#[derive(Debug, Clone)]
pub struct ServiceDocument {
    /// Its name.
    pub id: Placed<ServiceId>,
    /// What people call it.
    pub name: Text,
    /// The version of its description.
    pub version: u32,
    /// Who answers for it.
    pub provider: Placed<AgencyId>,
    /// How its data are classified.
    pub classification: Classification,
    /// Where it is reached.
    pub endpoints: Placed<Vec<EndpointDocument>>,
    /// Where the provider's own result code stands.
    pub result_code: Option<Placed<String>>,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// Its health probe.
    pub health: Option<Health>,
    /// Planned absences.
    pub maintenance: Vec<Maintenance>,
    /// What can be asked of it.
    pub operations: Vec<OperationDocument>,
    /// Its field catalogue.
    pub fields: Vec<FieldDocument>,
}

/// A platform's address as written.
#[derive(Debug, Clone)]
pub struct EndpointDocument {
    /// `https://host:port/base`.
    pub url: Placed<String>,
    /// Its share of the requests.
    pub weight: Option<Placed<u32>>,
    /// Where to connect instead of resolving the name.
    pub address: Option<std::net::SocketAddr>,
    /// PEM file of anchors.
    pub anchors: Option<Placed<String>>,
    /// PEM files of our own certificate and key.
    pub client: Option<Placed<(String, String)>>,
    /// The SPKI the platform must show.
    pub pin: Option<Placed<Hex>>,
}

/// An operation as written.
#[derive(Debug, Clone)]
pub struct OperationDocument {
    /// Method and template.
    pub name: Placed<Template>,
    /// Its path parameters.
    pub path: Vec<(Placed<String>, ParameterKind)>,
    /// Its query parameters.
    pub query: Vec<ParameterDocument>,
    /// Its request-body pointers.
    pub body: Vec<ParameterDocument>,
    /// Where the data subject's identifier stands.
    pub subject: Option<Placed<SubjectPlace>>,
    /// Whether answers are streamed.
    pub stream: bool,
    /// The most bytes of an answer that are held.
    pub buffer: Option<Placed<Size>>,
    /// The most bytes of a streamed answer.
    pub stream_limit: Option<Placed<Size>>,
    /// The most bytes of a request.
    pub request: Option<Placed<Size>>,
}

/// A parameter as written.
#[derive(Debug, Clone)]
pub struct ParameterDocument {
    /// Its name or pointer.
    pub name: Placed<String>,
    /// The field it filters on.
    pub field: Option<Placed<String>>,
}

/// A catalogue entry as written.
#[derive(Debug, Clone)]
pub struct FieldDocument {
    /// Its pointer.
    pub pointer: Placed<String>,
    /// What people call it.
    pub name: Text,
    /// How sensitive it is.
    pub class: Class,
}

/// Reads a service's file.
pub fn read(source: &Source, faults: &mut Faults) -> Option<ServiceDocument> {
    source.read(faults, |table, faults| {
        let id = table.required("id", faults);
        let name = table.required::<Text>("name", faults);
        let version = table.required::<u32>("version", faults);
        let provider = table.required("provider", faults);
        let classification = table.required::<Classification>("classification", faults);
        let endpoints = endpoints(table, faults);
        let result_code = table.optional("result_code", faults);
        let timeouts = table.required::<Timeouts>("timeouts", faults);
        let health = table.optional::<Health>("health", faults);
        let maintenance = plain(table.list("maintenance", faults));
        let operations = tables(table, "operations", faults, operation);
        let fields = tables(table, "fields", faults, field);
        Some(ServiceDocument {
            id: id?,
            name: name?.value,
            version: version?.value,
            provider: provider?,
            classification: classification?.value,
            endpoints: endpoints?,
            result_code,
            timeouts: timeouts?.value,
            health: health.map(|placed| placed.value),
            maintenance,
            operations,
            fields,
        })
    })
}

fn endpoints(table: &mut Table<'_>, faults: &mut Faults) -> Option<Placed<Vec<EndpointDocument>>> {
    let place = table.need("endpoints", faults)?.place();
    Some(Placed { value: tables(table, "endpoints", faults, endpoint), place })
}

/// Reads where something is reached: a platform, or one that is none, such as a witness.
pub fn endpoint(table: &mut Table<'_>, faults: &mut Faults) -> Option<EndpointDocument> {
    let url = table.required("url", faults);
    let weight = table.optional("weight", faults);
    let address = table.optional::<std::net::SocketAddr>("address", faults);
    let anchors = table.optional("anchors", faults);
    let client = table.take("client").and_then(|value| client(&value, faults));
    let pin = table.optional("pin", faults);
    Some(EndpointDocument {
        url: url?,
        weight,
        address: address.map(|placed| placed.value),
        anchors,
        client,
        pin,
    })
}

fn client(value: &Value<'_>, faults: &mut Faults) -> Option<Placed<(String, String)>> {
    let files = value.table(faults, |table, faults| {
        let certificate = table.required::<Words>("certificate", faults);
        let key = table.required::<Words>("key", faults);
        Some((certificate?.value.0, key?.value.0))
    })?;
    Some(Placed { value: files, place: value.place() })
}

fn operation(table: &mut Table<'_>, faults: &mut Faults) -> Option<OperationDocument> {
    let name = table.required_parsed("name", faults);
    let path = path(table, faults);
    let query = tables(table, "query", faults, |table, faults| parameter(table, "name", faults));
    let body = tables(table, "body", faults, |table, faults| parameter(table, "pointer", faults));
    let subject = table.optional("subject", faults);
    let stream = table.optional::<bool>("stream", faults);
    let buffer = table.optional("buffer", faults);
    let stream_limit = table.optional("stream_limit", faults);
    let request = table.optional("request", faults);
    let stream = stream.is_some_and(|placed| placed.value);
    Some(OperationDocument { name: name?, path, query, body, subject, stream, buffer, stream_limit, request })
}

fn path(table: &mut Table<'_>, faults: &mut Faults) -> Vec<(Placed<String>, ParameterKind)> {
    let read = table.take("path").and_then(|value| {
        value.table(faults, |table, faults| {
            let entries = table.entries();
            Some(
                entries
                    .into_iter()
                    .filter_map(|(name, kind)| Some((name, kind.parse(faults)?.value)))
                    .collect(),
            )
        })
    });
    read.unwrap_or_default()
}

fn parameter(table: &mut Table<'_>, key: &'static str, faults: &mut Faults) -> Option<ParameterDocument> {
    let name = table.required::<Words>(key, faults);
    let field = table.optional("field", faults);
    Some(ParameterDocument { name: name?.map(|words| words.0), field })
}

fn field(table: &mut Table<'_>, faults: &mut Faults) -> Option<FieldDocument> {
    let pointer = table.required("pointer", faults);
    let name = table.required::<Text>("name", faults);
    let class = table.required::<Class>("class", faults);
    Some(FieldDocument { pointer: pointer?, name: name?.value, class: class?.value })
}

impl<'a> FromValue<'a> for Class {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.one_of(&[("none", Self::None), ("basic", Self::Basic), ("sensitive", Self::Sensitive)], faults)
    }
}

impl<'a> FromValue<'a> for Classification {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.table(faults, |table, faults| {
            let sharing = table.required::<Sharing>("sharing", faults);
            let weight = table.required::<Weight>("weight", faults);
            Some(Self { sharing: sharing?.value, weight: weight?.value })
        })
    }
}

impl<'a> FromValue<'a> for Sharing {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        let secret = ["mat", "toi_mat", "tuyet_mat", "bi_mat_nha_nuoc"];
        if let Some(word) = value.as_text().filter(|word| secret.contains(word)) {
            let message = format!("data classed `{}` cannot be registered", shown(word));
            faults.push(Fault::new(Code::StateSecret, message).at(value.place()).label("a state secret"));
            return None;
        }
        let words = [("dung_chung", Self::Shared), ("dung_rieng", Self::Internal), ("mo", Self::Open)];
        value.one_of(&words, faults)
    }
}

impl<'a> FromValue<'a> for Weight {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.one_of(
            &[("cot_loi", Self::Core), ("quan_trong", Self::Important), ("khac", Self::Other)],
            faults,
        )
    }
}

impl<'a> FromValue<'a> for Timeouts {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.table(faults, |table, faults| {
            let connect = not_zero(table.required("connect", faults), faults);
            let answer = not_zero(table.required("answer", faults), faults);
            let body = not_zero(table.required("body", faults), faults);
            Some(Self { connect: connect?, answer: answer?, body: body? })
        })
    }
}

impl<'a> FromValue<'a> for Health {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.table(faults, |table, faults| {
            let path = table.required::<Words>("path", faults);
            let every = not_zero(table.required("every", faults), faults);
            let path = path.filter(|path| is_path(path, faults));
            Some(Self { path: path?.value.0, every: every? })
        })
    }
}

fn is_path(path: &Placed<Words>, faults: &mut Faults) -> bool {
    let good = path.value.0.starts_with('/') && path.value.0.bytes().all(|byte| byte.is_ascii_graphic());
    if !good {
        let fault = Fault::new(Code::WrongValue, "a path begins with a slash and has no spaces");
        faults.push(fault.at(path.place.clone()).label("not accepted"));
    }
    good
}

fn not_zero(duration: Option<Placed<Duration>>, faults: &mut Faults) -> Option<Duration> {
    let duration = duration?;
    if duration.value.is_zero() {
        let fault = Fault::new(Code::LimitZero, "a duration of nothing never suffices");
        faults.push(fault.at(duration.place).label("zero"));
        return None;
    }
    Some(duration.value)
}

impl<'a> FromValue<'a> for Maintenance {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.table(faults, |table, faults| {
            let from = table.required::<Timestamp>("from", faults);
            let until = table.required::<Timestamp>("until", faults);
            let reason = table.required::<Words>("reason", faults);
            let (from, until, reason) = (from?, until?, reason?.value.0);
            if until.value <= from.value {
                faults.push(reversed(from.place, until.place));
                return None;
            }
            Some(Self { from: from.value, until: until.value, reason })
        })
    }
}

fn reversed(from: Place, until: Place) -> Fault {
    let fault = Fault::new(Code::TermReversed, "this maintenance ends before it begins");
    fault.at(until).label("the end").also(from, "the beginning")
}

impl<'a> FromValue<'a> for SubjectPlace {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        let places = value.table(faults, |table, faults| {
            let mut place = |key, make: fn(String) -> Self| {
                table.optional::<Words>(key, faults).map(|placed| make(placed.value.0))
            };
            let places = [
                place("path", Self::Path),
                place("query", Self::Query),
                place("body", Self::Body),
                place("answer", Self::Answer),
            ];
            Some(places.into_iter().flatten().collect::<Vec<_>>())
        })?;
        let [place] = <[Self; 1]>::try_from(places)
            .map_err(|_| value.wrong(&"the subject stands in one place: path, query, body or answer", faults))
            .ok()?;
        Some(place)
    }
}
