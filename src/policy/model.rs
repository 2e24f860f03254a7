//! Services and agreements after compilation: nothing in here can be wrong any more.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::{AgencyId, AgreementId, PurposeCode, ServiceId};
use crate::identity::registry::Contacts;
use crate::language::Text;

use super::scope::{Field, Scope};

/// A data platform's service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name, and the first segment of its addresses here.
    pub id: ServiceId,
    /// What people call it.
    pub name: Text,
    /// The version of its description.
    pub version: u32,
    /// Who answers for it.
    pub provider: AgencyId,
    /// Where it is reached; never empty.
    pub endpoints: Vec<Endpoint>,
    /// What can be asked of it.
    pub operations: Vec<std::sync::Arc<Operation>>,
    /// Its field catalogue.
    pub catalogue: Vec<Field>,
    /// Time-outs towards it.
    pub timeouts: Timeouts,
    /// JSON Pointer of the provider's own result code in answers, if there is one.
    pub result_code: Option<String>,
    /// How its data are classified.
    pub classification: Classification,
    /// How to ask whether it is well, if it can be asked.
    pub health: Option<Health>,
    /// When it is planned to be away.
    pub maintenance: Vec<Maintenance>,
}

impl Service {
    /// The maintenance under way at a time.
    #[must_use]
    pub fn under_maintenance(&self, now: Timestamp) -> Option<&Maintenance> {
        self.maintenance.iter().find(|window| (window.from..window.until).contains(&now))
    }
}

/// How a service's data are classified: for sharing (Decree 278/2025) and by weight (Data Law 60/2024). State secrets
/// cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classification {
    /// Who may share in them.
    pub sharing: Sharing,
    /// What depends on them.
    pub weight: Weight,
}

/// Who may share in data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// `dung_chung`: shared between agencies.
    Shared,
    /// `dung_rieng`: one agency's own, shared by agreement alone.
    Internal,
    /// `mo`: open.
    Open,
}

/// What depends on data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// `cot_loi`.
    Core,
    /// `quan_trong`.
    Important,
    /// `khac`.
    Other,
}

/// How to ask a platform whether it is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The path to GET, under the endpoint's base.
    pub path: String,
    /// How often.
    pub every: Duration,
}

/// A planned absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// From this moment on.
    pub from: Timestamp,
    /// Up to, not including, this one.
    pub until: Timestamp,
    /// What for.
    pub reason: String,
}

/// One address of a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `http` or `https`.
    pub tls: Option<EndpointTls>,
    /// The name in `Host` and, with TLS, in SNI and the certificate.
    pub host: String,
    /// The port.
    pub port: u16,
    /// A path before every forwarded path; empty or `/like/this`.
    pub base: String,
    /// Where to connect instead of resolving `host`.
    pub address: Option<SocketAddr>,
    /// Its share of the requests, relative to the service's other endpoints.
    pub weight: std::num::NonZeroU32,
}

/// How a platform is reached by TLS. Paths are relative to the configuration's `certs`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointTls {
    /// PEM file of anchors; none: the configured platform anchors.
    pub anchors: Option<String>,
    /// PEM files of our own client certificate and key.
    pub client: Option<(String, String)>,
    /// SHA-256 of the SPKI the platform must show.
    pub pin: Option<Hash>,
}

/// Time-outs toward a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, TLS included.
    pub connect: Duration,
    /// From the request's last byte to the answer's head.
    pub answer: Duration,
    /// From the head to the answer's last byte.
    pub body: Duration,
}

/// One operation: a method and a path template.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The template after the service, such as `/cong-dan/{so_dinh_danh}`.
    pub template: String,
    /// The template's segments.
    pub segments: Vec<Segment>,
    /// Whether answers are streamed rather than held.
    pub stream: bool,
    /// The most bytes of an answer that are held.
    pub buffer_limit: u64,
    /// The most bytes of an answer that is streamed; none: as the agreement says.
    pub stream_limit: Option<u64>,
    /// The most bytes of a request's body.
    pub request_limit: u64,
    /// Where the data subject's identifier stands.
    pub subject: Option<SubjectPlace>,
    /// Query parameters callers may send, with the catalogue field each filters on.
    pub query: Vec<Parameter>,
    /// Request-body pointers callers may send, with the catalogue field each filters on.
    pub body: Vec<Parameter>,
}

impl Operation {
    /// Method and template, as agreements and the log name it: `GET /cong-dan/{so_dinh_danh}`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

/// One segment of a path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// This very text.
    Literal(String),
    /// A parameter.
    Parameter {
        /// Its name.
        name: String,
        /// What values it takes.
        kind: ParameterKind,
    },
}

/// What values a path parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterKind {
    /// Exactly this many decimal digits.
    Digits(usize),
    /// At most this many decimal digits, at least one.
    DigitsUpTo(usize),
    /// Letters, digits, `-`, `.` and `_`, at most this many bytes.
    Token(usize),
}

/// Where the data subject's identifier stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectPlace {
    /// A path parameter.
    Path(String),
    /// A query parameter.
    Query(String),
    /// A JSON Pointer in the request's body.
    Body(String),
    /// A JSON Pointer in the answer.
    Answer(String),
}

/// A parameter a caller may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name (query) or JSON Pointer (body).
    pub name: String,
    /// The catalogue field it filters on, if it filters.
    pub field: Option<String>,
}

/// A data-sharing agreement.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// Its number.
    pub id: AgreementId,
    /// Its version.
    pub version: u32,
    /// Whether it stands.
    pub status: Status,
    /// How it is used.
    pub kind: Kind,
    /// Who gives.
    pub provider: AgencyId,
    /// Who may ask.
    pub consumers: Vec<AgencyId>,
    /// Of which service.
    pub service: ServiceId,
    /// For what.
    pub purposes: Vec<PurposeCode>,
    /// On which legal ground.
    pub legal_basis: Vec<String>,
    /// First day in force.
    pub from: Date,
    /// Last day in force, inclusive.
    pub until: Date,
    /// Day of the last security confirmation, if one is demanded; lapses after six months.
    pub security_confirmed: Option<Date>,
    /// The zone of its days, months and hours.
    pub zone: TimeZone,
    /// What it permits; never empty.
    pub permits: Vec<std::sync::Arc<Permit>>,
    /// Its limits.
    pub limits: Limits,
    /// When it is open; empty: always.
    pub hours: Vec<Window>,
    /// Whom to ask about it.
    pub contacts: Contacts,
    /// Whether requests must be signed.
    pub signed_requests: bool,
    /// The policy files it was agreed on with, by name, and their SHA-256; empty, or all that it names.
    pub relies_on: BTreeMap<String, Hash>,
}

/// How an agreement is used (Decree 278/2025).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By systems, without a person asking each time.
    Automatic,
    /// When a case needs it.
    OnRequest,
    /// For one special purpose.
    Special,
}

/// Whether an agreement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It stands.
    Active,
    /// It is on hold.
    Suspended {
        /// Since when.
        since: Date,
        /// Why.
        reason: String,
    },
    /// It is over.
    Ended {
        /// Since when.
        since: Date,
        /// Why.
        reason: String,
    },
}

/// One clause of an agreement.
#[derive(Debug, Clone)]
pub struct Permit {
    /// Its place in the agreement, from 1: the clause a refusal names.
    pub number: usize,
    /// The operations it covers, by [`Operation::name`].
    pub operations: Vec<String>,
    /// The fields it covers.
    pub scope: std::sync::Arc<Scope>,
    /// Whether the case number must be named.
    pub requires_case: bool,
    /// Whether the end user must be named.
    pub requires_user: bool,
    /// Query parameters it lets through.
    pub query: Vec<String>,
    /// Request-body pointers it lets through.
    pub body: Vec<String>,
    /// The legal ground of the sensitive fields it covers; empty if it covers none.
    pub sensitive_basis: Vec<String>,
}

/// How much. What is not set is not limited, but for the gateway's own caps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Requests in a period.
    pub rate: Option<Rate>,
    /// Requests a calendar day.
    pub daily: Option<u64>,
    /// Requests a calendar month.
    pub monthly: Option<u64>,
    /// Distinct data subjects a calendar day.
    pub subjects_per_day: Option<u64>,
    /// Requests under way at once.
    pub in_flight: Option<u32>,
    /// Bytes of one answer.
    pub response: Option<u64>,
}

/// So many requests in a period, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many; not zero.
    pub requests: std::num::NonZeroU32,
    /// In how long.
    pub per: Duration,
    /// How many may come at once; not zero.
    pub burst: std::num::NonZeroU32,
}

/// An opening window: days, and half-open hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// On which days.
    pub days: Vec<Weekday>,
    /// From this time on.
    pub from: Time,
    /// Up to, not including, this time. `24:00` is written as midnight and means the day's end.
    pub to: Time,
}

/// A purpose of use, as `purposes.toml` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// What callers state.
    pub code: PurposeCode,
    /// What people call it.
    pub name: Text,
    /// The legal basis that is usual for it.
    pub legal_basis: Vec<String>,
}

/// Why something is suspended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Since when, to be told; it is in force as soon as it is written.
    pub since: Date,
    /// Why.
    pub reason: String,
}

/// The kill switch, as `suspensions.toml` sets it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suspensions {
    /// Agencies.
    pub agencies: BTreeMap<AgencyId, Suspension>,
    /// Certificates, by the SHA-256 of the whole certificate.
    pub certificates: BTreeMap<Hash, Suspension>,
    /// Agreements.
    pub agreements: BTreeMap<AgreementId, Suspension>,
    /// Purposes.
    pub purposes: BTreeMap<PurposeCode, Suspension>,
}
