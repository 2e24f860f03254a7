//! A decider as naive as can be, written from the text of the rules over the files as written: it goes through every agreement, and
//! counts days and hours by hand. It shares nothing with the compiler, its tables and the judge but names and documents.

use std::collections::BTreeSet;
use std::net::IpAddr;

use phohien::clock::Timestamp;
use phohien::identity::registry::Network;
use phohien::policy::document::agency::AgencyDocument;
use phohien::policy::document::agreement::AgreementDocument;
use phohien::policy::document::agreement::HourMinute;
use phohien::policy::document::agreement::PermitDocument;
use phohien::policy::document::agreement::Requirement;
use phohien::policy::document::agreement::WindowDocument;
use phohien::policy::document::rules::Suspended;
use phohien::policy::document::rules::SuspensionDocument;
use phohien::policy::document::service::OperationDocument;
use phohien::policy::document::service::ServiceDocument;
use phohien::policy::model::ParameterKind;
use phohien::policy::model::Status;
use phohien::policy::model::SubjectPlace;
use phohien::policy::template::Part;

/// The files as written.
#[derive(Debug, Default)]
pub(crate) struct Set {
    pub(crate) agencies: Vec<AgencyDocument>,
    pub(crate) services: Vec<ServiceDocument>,
    pub(crate) agreements: Vec<AgreementDocument>,
    pub(crate) suspensions: Vec<SuspensionDocument>,
}

/// A request as it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) agency: String,
    pub(crate) certificate: [u8; 32],
    pub(crate) source: IpAddr,
    pub(crate) method: String,
    pub(crate) service: String,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) purpose: Option<String>,
    pub(crate) case: bool,
    pub(crate) user: bool,
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) signed: bool,
    pub(crate) length: Option<u64>,
    pub(crate) now: Timestamp,
}

/// What it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Granted.
    Granted {
        agreement: String,
        version: u32,
        clause: usize,
        purpose: String,
        /// The catalogued fields that may be disclosed.
        fields: BTreeSet<String>,
        /// The places of a body in which something may be sent.
        body: Vec<String>,
        subject: Option<String>,
    },
    /// Refused, by which agreement if one comes into it.
    Refused { reason: &'static str, agreement: Option<String> },
}

/// How many bytes a request's body may have where the service does not say.
const REQUEST_DEFAULT: u64 = 65_536;

/// The longest identifier of a person, in bytes.
const SUBJECT_MAX: usize = 128;

/// One agreement with the clause that permits the operation.
type Candidate<'a> = (&'a AgreementDocument, usize, &'a PermitDocument);

/// Decides.
pub(crate) fn decide(set: &Set, request: &Request) -> Answer {
    if set.suspends(|what| matches!(what, Suspended::Certificate(hex) if hex.value.0 == request.certificate))
    {
        return refused("certificate-suspended", None);
    }
    if set.suspends(|what| matches!(what, Suspended::Agency(id) if id.value.as_str() == request.agency)) {
        return refused("agency-suspended", None);
    }
    let Some((service, operation)) = operation(set, request) else { return refused("no-agreement", None) };
    let candidates = candidates(set, request, operation);
    let Some(first) = candidates.first() else { return refused("no-agreement", None) };
    let Some(purpose) = &request.purpose else { return refused("header-missing", Some(first.0)) };
    let covers = |candidate: &&Candidate<'_>| {
        candidate.0.purposes.value.iter().any(|covered| covered.value.as_str() == purpose)
    };
    let covering: Vec<&Candidate<'_>> = candidates.iter().filter(covers).collect();
    let Some(first) = covering.first() else { return refused("purpose-not-covered", Some(first.0)) };
    if set.suspends(|what| matches!(what, Suspended::Purpose(code) if code.value.as_str() == purpose)) {
        return refused("agreement-suspended", Some(first.0));
    }
    let standing: Vec<_> =
        covering.iter().filter(|candidate| why_not(set, candidate.0, request.now).is_none()).collect();
    match standing.as_slice() {
        [] => {
            // The one that lasts longest says why; of two that end on one day the first.
            let longest = covering.iter().rev().max_by_key(|candidate| candidate.0.valid.1.value).unwrap();
            refused(why_not(set, longest.0, request.now).unwrap(), Some(longest.0))
        }
        [one] => under(set, request, service, operation, one),
        more => panic!("{} agreements answer one request", more.len()),
    }
}

fn refused(reason: &'static str, agreement: Option<&AgreementDocument>) -> Answer {
    Answer::Refused { reason, agreement: agreement.map(|agreement| agreement.id.value.to_string()) }
}

impl Set {
    fn suspends(&self, is_it: impl Fn(&Suspended) -> bool) -> bool {
        self.suspensions.iter().any(|entry| is_it(&entry.what))
    }
}

fn operation<'a>(set: &'a Set, request: &Request) -> Option<(&'a ServiceDocument, &'a OperationDocument)> {
    let service = set.services.iter().find(|service| service.id.value.as_str() == request.service)?;
    let operation = service.operations.iter().find(|operation| is_for(request, operation))?;
    Some((service, operation))
}

fn is_for(request: &Request, operation: &OperationDocument) -> bool {
    let template = &operation.name.value;
    // HEAD is allowed where GET is.
    let method = if request.method == "HEAD" { "GET" } else { &request.method };
    let takes = |part: &Part, text: &String| match part {
        Part::Literal(literal) => literal == text,
        Part::Parameter(name) => {
            operation.path.iter().any(|(found, kind)| found.value == *name && is_of(kind, text))
        }
    };
    template.method.as_str() == method
        && template.segments.len() == request.segments.len()
        && template.segments.iter().zip(&request.segments).all(|(part, text)| takes(part, text))
}

fn is_of(kind: &ParameterKind, text: &str) -> bool {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    match kind {
        ParameterKind::Digits(exactly) => digits && text.len() == *exactly,
        ParameterKind::DigitsUpTo(most) => digits && !text.is_empty() && text.len() <= *most,
        ParameterKind::Token(most) => {
            text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
                && text.chars().any(|c| c != '.')
                && text.len() <= *most
        }
    }
}

/// The agreements of the agency that permit the operation, by number.
fn candidates<'a>(set: &'a Set, request: &Request, operation: &OperationDocument) -> Vec<Candidate<'a>> {
    let name = format!("{} {}", operation.name.value.method, operation.name.value.path);
    let mut found = Vec::new();
    for agreement in &set.agreements {
        let is_party = agreement.consumers.value.iter().any(|id| id.value.as_str() == request.agency);
        if !is_party || agreement.service.value.as_str() != request.service {
            continue;
        }
        for (place, permit) in agreement.permits.iter().enumerate() {
            if permit.operations.iter().any(|written| written.value == name) {
                found.push((agreement, place + 1, permit));
            }
        }
    }
    found.sort_by(|a, b| a.0.id.value.cmp(&b.0.id.value));
    found
}

/// Why an agreement is not in force; none if it is.
fn why_not(set: &Set, agreement: &AgreementDocument, now: Timestamp) -> Option<&'static str> {
    let today = now.to_zoned_datetime(agreement.zone.clone()).date();
    let (from, until) = (agreement.valid.0.value, agreement.valid.1.value);
    if today < from || today > until {
        return Some("agreement-not-in-force");
    }
    match agreement.status {
        Status::Suspended { .. } => return Some("agreement-suspended"),
        Status::Ended { .. } => return Some("agreement-not-in-force"),
        Status::Active => {}
    }
    let id = &agreement.id.value;
    if set.suspends(|what| matches!(what, Suspended::Agreement(named) if named.value == *id)) {
        return Some("agreement-suspended");
    }
    let confirmed = agreement.security_confirmed.as_ref()?.value;
    let last = six_months_after(confirmed.year(), confirmed.month(), confirmed.day());
    ((today.year(), today.month(), today.day()) > last).then_some("security-confirmation-lapsed")
}

/// The same day six months later, or that month's last.
fn six_months_after(year: i16, month: i8, day: i8) -> (i16, i8, i8) {
    let (year, month) = if month > 6 { (year + 1, month - 6) } else { (year, month + 6) };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (year, month, day.min(length))
}

/// What the agreement in force says.
fn under(
    set: &Set,
    request: &Request,
    service: &ServiceDocument,
    operation: &OperationDocument,
    (agreement, clause, permit): &Candidate<'_>,
) -> Answer {
    let refuse = |reason| refused(reason, Some(agreement));
    let networks = set
        .agencies
        .iter()
        .filter(|agency| agency.id.value.as_str() == request.agency)
        .flat_map(|agency| &agency.networks)
        .map(|network| network.value)
        .collect::<Vec<Network>>();
    if !networks.is_empty() && !networks.iter().any(|network| is_inside(network, request.source)) {
        return refuse("source-network");
    }
    if !agreement.hours.is_empty()
        && !agreement.hours.iter().any(|hours| is_open(hours, agreement, request.now))
    {
        return refuse("outside-hours");
    }
    let requires = |what| permit.require.iter().any(|written| written.value == what);
    if (requires(Requirement::Case) && !request.case) || (requires(Requirement::User) && !request.user) {
        return refuse("header-missing");
    }
    if agreement.signed_requests && !request.signed {
        return refuse("signature-required");
    }
    let catalogue: Vec<&str> = service.fields.iter().map(|field| field.pointer.value.as_str()).collect();
    let granted: BTreeSet<&str> =
        permit.fields.iter().flat_map(|field| at_or_below(&field.value, &catalogue)).collect();
    if let Some(reason) = wrong_parameters(request, operation, agreement, permit, &catalogue, &granted) {
        return refuse(reason);
    }
    let Some(fields) = wished(request, &catalogue, &granted) else { return refuse("field-not-granted") };
    let most = operation.request.as_ref().map_or(REQUEST_DEFAULT, |size| size.value.0);
    if request.length.is_some_and(|length| length > most) {
        return refuse("request-too-large");
    }
    if service.maintenance.iter().any(|window| window.from <= request.now && request.now < window.until) {
        return refuse("maintenance");
    }
    Answer::Granted {
        agreement: agreement.id.value.to_string(),
        version: agreement.version,
        clause: *clause,
        purpose: request.purpose.clone().unwrap_or_default(),
        fields: fields.into_iter().map(str::to_owned).collect(),
        body: permit.body.iter().map(|written| written.value.clone()).collect(),
        subject: subject(request, operation),
    }
}

/// Compares as many leading bits as are fixed, one by one.
fn is_inside(network: &Network, source: IpAddr) -> bool {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let bit = |octets: &[u8], at: usize| octets[at / 8] >> (7 - at % 8) & 1;
    // An IPv4 address in IPv6 clothing is the IPv4 address.
    let (network, prefix, source) = (octets(network.address), network.prefix, octets(source.to_canonical()));
    network.len() == source.len() && (0..usize::from(prefix)).all(|at| bit(&network, at) == bit(&source, at))
}

fn is_open(hours: &WindowDocument, agreement: &AgreementDocument, now: Timestamp) -> bool {
    const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let local = now.to_zoned_datetime(agreement.zone.clone());
    let today = usize::try_from(local.date().weekday().to_monday_zero_offset()).unwrap();
    let place = |name: &str| WEEK.iter().position(|day| *day == name.trim()).unwrap();
    let is_today = hours.days.value == "daily"
        || hours.days.value.split(',').any(|span| match span.split_once('-') {
            Some((first, last)) => place(first) <= today && today <= place(last),
            None => place(span) == today,
        });
    let begun = match hours.from.value {
        HourMinute::At(time) => local.time() >= time,
        HourMinute::DayEnd => false,
    };
    let over = match hours.to.value {
        HourMinute::At(time) => local.time() >= time,
        HourMinute::DayEnd => false,
    };
    is_today && begun && !over
}

fn wrong_parameters(
    request: &Request,
    operation: &OperationDocument,
    agreement: &AgreementDocument,
    permit: &PermitDocument,
    catalogue: &[&str],
    granted: &BTreeSet<&str>,
) -> Option<&'static str> {
    let counted = match operation.subject.as_ref().map(|placed| &placed.value) {
        Some(SubjectPlace::Query(name)) => Some(name),
        _ => None,
    };
    for (name, value) in &request.query {
        let Some(declared) = operation.query.iter().find(|parameter| parameter.name.value == *name) else {
            return Some("parameter-not-granted");
        };
        let let_through = permit.query.iter().any(|written| written.value == *name);
        // Who may filter on a field learns it.
        let tells_more = declared.field.as_ref().is_some_and(|field| {
            at_or_below(&field.value, catalogue).iter().any(|field| !granted.contains(field))
        });
        let too_long = counted == Some(name) && value.len() > SUBJECT_MAX;
        if !let_through || tells_more || too_long {
            return Some("parameter-not-granted");
        }
    }
    // Where people are counted by a parameter, it must be there.
    let counts = agreement.limits.subjects_per_day.is_some() && counted.is_some();
    (counts && subject(request, operation).is_none()).then_some("header-missing")
}

/// The fields asked for, or all that are granted; none if one of them is outside.
fn wished<'a>(
    request: &Request,
    catalogue: &[&'a str],
    granted: &BTreeSet<&'a str>,
) -> Option<BTreeSet<&'a str>> {
    let Some(asked) = &request.fields else { return Some(granted.clone()) };
    let mut wished = BTreeSet::new();
    for pointer in asked {
        let below = at_or_below(pointer, catalogue);
        if below.is_empty() || below.iter().any(|field| !granted.contains(field)) {
            return None;
        }
        wished.extend(below);
    }
    Some(wished)
}

/// The catalogued fields at a pointer and below it: it names their first steps.
fn at_or_below<'a>(pointer: &str, catalogue: &[&'a str]) -> Vec<&'a str> {
    let Some(steps) = steps(pointer) else { return Vec::new() };
    let leads_to = |field: &&&str| self::steps(field).is_some_and(|found| found.starts_with(&steps));
    catalogue.iter().filter(leads_to).copied().collect()
}

/// The steps of a pointer (RFC 6901): `*` is any item of an array and no name.
fn steps(pointer: &str) -> Option<Vec<Option<String>>> {
    let named = |step: &str| {
        let escapes_well = step.split('~').skip(1).all(|rest| rest.starts_with('0') || rest.starts_with('1'));
        escapes_well
            .then(|| if step == "*" { None } else { Some(step.replace("~1", "/").replace("~0", "~")) })
    };
    pointer.strip_prefix('/')?.split('/').map(named).collect()
}

/// Whom the request is about, where path or query tells it.
fn subject(request: &Request, operation: &OperationDocument) -> Option<String> {
    match &operation.subject.as_ref()?.value {
        SubjectPlace::Path(name) => {
            let segments = &operation.name.value.segments;
            let place = segments.iter().position(|part| *part == Part::Parameter(name.clone()))?;
            request.segments.get(place).cloned()
        }
        SubjectPlace::Query(name) => {
            request.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
        }
        SubjectPlace::Body(_) | SubjectPlace::Answer(_) => None,
    }
}
