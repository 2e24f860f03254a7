//! `agreements/<id>.toml`.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::{Hex, contacts, tables, words};
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::quantity::Size;
use crate::diagnostic::source::{Place, Placed, Source};
use crate::diagnostic::table::Table;
use crate::diagnostic::value::{FromValue, Value, Words};
use crate::id::{AgencyId, AgreementId, PurposeCode, ServiceId};
use crate::identity::registry::Contacts;
use crate::policy::model::{Kind, Status};

/// An agreement as written.
#[derive(Debug, Clone)]
pub struct AgreementDocument {
    /// Its number.
    pub id: Placed<AgreementId>,
    /// Its version.
    pub version: u32,
    /// Whether it stands.
    pub status: Status,
    /// How it is used.
    pub kind: Kind,
    /// Who gives.
    pub provider: Placed<AgencyId>,
    /// Who may ask.
    pub consumers: Placed<Vec<Placed<AgencyId>>>,
    /// Of which service.
    pub service: Placed<ServiceId>,
    /// For what.
    pub purposes: Placed<Vec<Placed<PurposeCode>>>,
    /// On which legal ground.
    pub legal_basis: Vec<String>,
    /// First and last day.
    pub valid: (Placed<Date>, Placed<Date>),
    /// Day of the last security confirmation.
    pub security_confirmed: Option<Placed<Date>>,
    /// The zone of its days and hours.
    pub zone: TimeZone,
    /// Its clauses.
    pub permits: Vec<PermitDocument>,
    /// Its limits.
    pub limits: LimitsDocument,
    /// When it is open.
    pub hours: Vec<WindowDocument>,
    /// Whom to ask.
    pub contacts: Contacts,
    /// Whether requests must be signed.
    pub signed_requests: bool,
    /// The files it was agreed on with.
    pub relies_on: Vec<ReliedDocument>,
}

/// A file that an agreement relies on, as written.
#[derive(Debug, Clone)]
pub struct ReliedDocument {
    /// Its name in the set.
    pub file: Placed<String>,
    /// The SHA-256 of its bytes.
    pub sha256: Placed<Hex>,
}

/// A clause as written.
#[derive(Debug, Clone)]
pub struct PermitDocument {
    /// Where it stands.
    pub place: Place,
    /// Operations.
    pub operations: Vec<Placed<String>>,
    /// Field pointers.
    pub fields: Vec<Placed<String>>,
    /// What must be named.
    pub require: Vec<Placed<Requirement>>,
    /// Query parameters.
    pub query: Vec<Placed<String>>,
    /// Request-body pointers.
    pub body: Vec<Placed<String>>,
    /// The ground of sensitive fields.
    pub sensitive_basis: Vec<String>,
}

/// What a clause may require besides the purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// The case number.
    Case,
    /// The end user.
    User,
}

/// Limits as written.
#[derive(Debug, Clone, Default)]
pub struct LimitsDocument {
    /// Requests, their period in seconds, and the burst.
    pub rate: Option<RateDocument>,
    /// Requests a day.
    pub daily: Option<Placed<u64>>,
    /// Requests a month.
    pub monthly: Option<Placed<u64>>,
    /// Distinct people a day.
    pub subjects_per_day: Option<Placed<u64>>,
    /// Requests at once.
    pub in_flight: Option<Placed<u32>>,
    /// Bytes of one answer.
    pub response: Option<Placed<Size>>,
}

/// A rate as written.
#[derive(Debug, Clone)]
pub struct RateDocument {
    /// Requests in a period.
    pub requests: Placed<u32>,
    /// The period, in seconds.
    pub seconds: u64,
    /// How many at once.
    pub burst: Option<Placed<u32>>,
}

/// An opening window as written.
#[derive(Debug, Clone)]
pub struct WindowDocument {
    /// Days.
    pub days: Placed<String>,
    /// From.
    pub from: Placed<HourMinute>,
    /// To.
    pub to: Placed<HourMinute>,
}

/// A time of day as written, `07:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HourMinute {
    /// Before the day's end.
    At(Time),
    /// `24:00`.
    DayEnd,
}

/// Reads an agreement's file.
pub fn read(source: &Source, faults: &mut Faults) -> Option<AgreementDocument> {
    source.read(faults, agreement)
}

fn agreement(table: &mut Table<'_>, faults: &mut Faults) -> Option<AgreementDocument> {
    let id = table.required("id", faults);
    let version = table.required::<u32>("version", faults);
    let status = status(table, faults);
    let kind = table.required::<Kind>("kind", faults);
    let provider = table.required("provider", faults);
    let consumers = table.required("consumers", faults);
    let service = table.required("service", faults);
    let purposes = table.required("purposes", faults);
    let legal_basis = legal_basis(table, faults);
    let valid = table.need("valid", faults).and_then(|value| value.table(faults, term));
    let security_confirmed = table.optional("security_confirmed", faults);
    let zone = table.need("zone", faults).and_then(|value| zone(&value, faults));
    let permits = tables(table, "permit", faults, permit);
    let limits = table.take("limits").and_then(|value| value.table(faults, limits));
    let hours = hours(table, faults);
    let contacts = contacts(table, faults);
    let signed_requests = table.optional::<bool>("signed_requests", faults);
    let relies_on = tables(table, "relies_on", faults, relied);
    Some(AgreementDocument {
        id: id?,
        version: version?.value,
        status: status?,
        kind: kind?.value,
        provider: provider?,
        consumers: consumers?,
        service: service?,
        purposes: purposes?,
        legal_basis: legal_basis?,
        valid: valid?,
        security_confirmed,
        zone: zone?,
        permits,
        limits: limits.unwrap_or_default(),
        hours,
        contacts: contacts?,
        signed_requests: signed_requests.is_some_and(|placed| placed.value),
        relies_on,
    })
}

fn relied(table: &mut Table<'_>, faults: &mut Faults) -> Option<ReliedDocument> {
    let file = table.required("file", faults);
    let sha256 = table.required("sha256", faults);
    Some(ReliedDocument { file: file?, sha256: sha256? })
}

fn legal_basis(table: &mut Table<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    let value = table.need("legal_basis", faults)?;
    let basis = words(table, "legal_basis", faults);
    if value.items(&mut Faults::new()).is_some_and(|items| items.is_empty()) {
        value.wrong(&"an agreement names at least one legal basis", faults);
    }
    Some(basis)
}

/// What `status` says, before its date and reason.
#[derive(Clone, Copy, PartialEq)]
enum Stands {
    Active,
    Suspended,
    Ended,
}

fn status(table: &mut Table<'_>, faults: &mut Faults) -> Option<Status> {
    let words = [("active", Stands::Active), ("suspended", Stands::Suspended), ("ended", Stands::Ended)];
    let stands = table.need("status", faults)?.one_of(&words, faults);
    if stands == Some(Stands::Active) {
        return Some(Status::Active);
    }
    let since = table.required::<Date>("since", faults);
    let reason = table.required::<Words>("reason", faults);
    let (since, reason) = (since?.value, reason?.value.0);
    match stands? {
        Stands::Active => None,
        Stands::Suspended => Some(Status::Suspended { since, reason }),
        Stands::Ended => Some(Status::Ended { since, reason }),
    }
}

impl<'a> FromValue<'a> for Kind {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        let words =
            [("automatic", Self::Automatic), ("on_request", Self::OnRequest), ("special", Self::Special)];
        value.one_of(&words, faults)
    }
}

fn term(table: &mut Table<'_>, faults: &mut Faults) -> Option<(Placed<Date>, Placed<Date>)> {
    let from = table.required("from", faults);
    let until = table.required("until", faults);
    Some((from?, until?))
}

fn zone(value: &Value<'_>, faults: &mut Faults) -> Option<TimeZone> {
    let name = value.text(faults)?;
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let message = format!("`{}` is not a time zone, such as `Asia/Ho_Chi_Minh`", shown(name));
        faults.push(Fault::new(Code::WrongValue, message).at(value.place()).label("not accepted"));
    }
    zone
}

fn permit(table: &mut Table<'_>, faults: &mut Faults) -> Option<PermitDocument> {
    let place = table.place().clone();
    let operations = table.required::<Vec<Placed<String>>>("operations", faults);
    let fields = table.required::<Vec<Placed<String>>>("fields", faults);
    let require = table.list("require", faults);
    let query = table.list("query", faults);
    let body = table.list("body", faults);
    let sensitive_basis = words(table, "sensitive_basis", faults);
    let (operations, fields) = (operations?.value, fields?.value);
    Some(PermitDocument { place, operations, fields, require, query, body, sensitive_basis })
}

impl<'a> FromValue<'a> for Requirement {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.one_of(&[("case", Self::Case), ("user", Self::User)], faults)
    }
}

fn limits(table: &mut Table<'_>, faults: &mut Faults) -> Option<LimitsDocument> {
    Some(LimitsDocument {
        rate: table.take("rate").and_then(|value| value.table(faults, rate)),
        daily: table.optional("daily", faults),
        monthly: table.optional("monthly", faults),
        subjects_per_day: table.optional("subjects_per_day", faults),
        in_flight: table.optional("in_flight", faults),
        response: table.optional("response", faults),
    })
}

fn rate(table: &mut Table<'_>, faults: &mut Faults) -> Option<RateDocument> {
    let requests = table.required("requests", faults);
    let periods = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];
    let seconds = table.need("per", faults).and_then(|value| value.one_of(&periods, faults));
    let burst = table.optional("burst", faults);
    Some(RateDocument { requests: requests?, seconds: seconds?, burst })
}

fn hours(table: &mut Table<'_>, faults: &mut Faults) -> Vec<WindowDocument> {
    let read = table.take("hours").and_then(|value| {
        value.table(faults, |table, faults| {
            table.need("open", faults)?;
            Some(tables(table, "open", faults, window))
        })
    });
    read.unwrap_or_default()
}

fn window(table: &mut Table<'_>, faults: &mut Faults) -> Option<WindowDocument> {
    let days = table.required("days", faults);
    let from = table.required_parsed("from", faults);
    let to = table.required_parsed("to", faults);
    Some(WindowDocument { days: days?, from: from?, to: to? })
}

/// A text is not a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written like \"07:00\", up to \"24:00\"")]
pub struct NotATime;

impl std::str::FromStr for HourMinute {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let two = |text: &str| {
            let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<i8>().ok()).flatten().ok_or(NotATime)
        };
        let (hour, minute) = text.split_once(':').ok_or(NotATime)?;
        match (two(hour)?, two(minute)?) {
            (24, 0) => Ok(Self::DayEnd),
            (hour, minute) => Time::new(hour, minute, 0, 0).map(Self::At).map_err(|_| NotATime),
        }
    }
}
