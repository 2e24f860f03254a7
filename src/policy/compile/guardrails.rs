//! What no agreement may ever grant.

use jiff::ToSpan;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::source::Placed;
use crate::id::{AgencyId, ServiceId};
use crate::policy::document::agreement::{AgreementDocument, PermitDocument};
use crate::policy::document::rules::{GuardrailsDocument, NeverDocument, Term};
use crate::policy::model::{Agreement, Permit};
use crate::policy::scope::{Class, Field};

use super::services::{check_catalogued, unknown_agency};
use super::{Known, unknown};

/// How many seconds a day has, to compare a rate with a daily bound.
const DAY_SECONDS: u64 = 86_400;

/// Guardrails after compilation.
pub(super) struct Guardrails {
    max_term: Option<Placed<Term>>,
    max_daily: Option<Placed<u64>>,
    no_sensitive_without_basis: bool,
    never: Vec<Never>,
}

/// One field that some are never granted.
struct Never {
    written: Placed<String>,
    service: ServiceId,
    pointer: String,
    /// None: everybody.
    consumers: Option<Vec<AgencyId>>,
}

/// Compiles the guardrails.
pub(super) fn compile(document: GuardrailsDocument, known: &Known<'_>, faults: &mut Faults) -> Guardrails {
    let mut never = Vec::new();
    for written in &document.never {
        let consumers = consumers(written, known, faults);
        for field in &written.fields {
            if let Some((service, pointer)) = target(field, known, faults) {
                never.push(Never { written: field.clone(), service, pointer, consumers: consumers.clone() });
            }
        }
    }
    Guardrails {
        max_term: document.max_term,
        max_daily: document.max_daily,
        no_sensitive_without_basis: document.no_sensitive_without_basis,
        never,
    }
}

fn consumers(written: &NeverDocument, known: &Known<'_>, faults: &mut Faults) -> Option<Vec<AgencyId>> {
    if written.consumers.iter().any(|consumer| consumer.value == "*") {
        return None;
    }
    let mut consumers = Vec::new();
    for consumer in &written.consumers {
        match consumer.value.parse::<AgencyId>() {
            Ok(id) => {
                let id = Placed { value: id, place: consumer.place.clone() };
                if !known.agencies.contains_key(&id.value) {
                    faults.push(unknown_agency(&known.agencies, &id));
                }
                consumers.push(id.value);
            }
            Err(error) => faults.push(
                Fault::new(Code::WrongValue, error.to_string())
                    .at(consumer.place.clone())
                    .label("not accepted"),
            ),
        }
    }
    Some(consumers)
}

/// Splits `dan-cu:/CongDan/TonGiao`, and checks that there is such a field.
fn target(field: &Placed<String>, known: &Known<'_>, faults: &mut Faults) -> Option<(ServiceId, String)> {
    let Some((service, pointer)) = field.value.split_once(':') else {
        let fault =
            Fault::new(Code::WrongValue, "a field of a service is written like `dan-cu:/CongDan/TonGiao`");
        faults.push(fault.at(field.place.clone()).label("no colon"));
        return None;
    };
    let id = service.parse::<ServiceId>().ok();
    let Some(found) = id.as_ref().and_then(|id| known.services.get(id)) else {
        let names = known.services.keys().map(ServiceId::as_str);
        faults.push(unknown(Code::UnknownService, "service", service, &field.place, names));
        return None;
    };
    if let Some(found) = found {
        let pointer = Placed { value: pointer.to_owned(), place: field.place.clone() };
        check_catalogued(&found.catalogue, &found.service.catalogue, &pointer, faults);
    }
    id.map(|id| (id, pointer.to_owned()))
}

impl Guardrails {
    /// Records what an agreement breaks.
    pub(super) fn check(&self, document: &AgreementDocument, agreement: &Agreement, faults: &mut Faults) {
        self.check_term(document, faults);
        self.check_daily(document, agreement, faults);
        for permit in &agreement.permits {
            let Some(written) = document.permits.get(permit.number.saturating_sub(1)) else { continue };
            self.check_sensitive(written, permit, faults);
            for never in self.never.iter().filter(|never| never.concerns(agreement)) {
                check_never(never, written, permit, faults);
            }
        }
    }

    fn check_term(&self, document: &AgreementDocument, faults: &mut Faults) {
        let Some(term) = &self.max_term else { return };
        let (from, until) = &document.valid;
        let first_day_after = from.value.saturating_add(i64::from(term.value.0).months());
        if until.value >= first_day_after {
            let message = format!("the term is longer than {} months", term.value.0);
            let fault =
                Fault::new(Code::GuardrailTerm, message).at(until.place.clone()).label("the last day");
            faults.push(
                fault.also(from.place.clone(), "the first day").also(term.place.clone(), "the guardrail"),
            );
        }
    }

    /// The most an agreement lets ask a day: its quota, else what its rate lets through.
    fn check_daily(&self, document: &AgreementDocument, agreement: &Agreement, faults: &mut Faults) {
        let Some(max) = &self.max_daily else { return };
        let limits = &agreement.limits;
        let by_rate = limits.rate.map(|rate| {
            u64::from(rate.requests.get()).saturating_mul(DAY_SECONDS) / rate.per.as_secs().max(1)
        });
        let place = document.limits.daily.as_ref().map_or(&document.id.place, |daily| &daily.place);
        let message = match limits.daily.or(by_rate) {
            Some(daily) if daily <= max.value => return,
            Some(daily) => format!("this agreement lets {daily} requests a day pass"),
            None => "this agreement bounds neither requests a day nor their rate".to_owned(),
        };
        let fault = Fault::new(Code::GuardrailDaily, message).at(place.clone()).label("too many");
        faults.push(
            fault
                .also(max.place.clone(), "the guardrail")
                .help(format!("write daily = {} or less", max.value)),
        );
    }

    fn check_sensitive(&self, written: &PermitDocument, permit: &Permit, faults: &mut Faults) {
        let sensitive = permit.scope.kept().find(|field| field.class == Class::Sensitive);
        let Some(field) = sensitive.filter(|_| self.no_sensitive_without_basis) else { return };
        if permit.sensitive_basis.is_empty() {
            let message = format!(
                "`{}` is sensitive personal data, granted without a ground of its own",
                field.pointer
            );
            let fault = Fault::new(Code::GuardrailSensitive, message).at(granting(written, permit, field));
            faults.push(fault.label("grants it").help("name the legal ground in `sensitive_basis`"));
        }
    }
}

impl Never {
    fn concerns(&self, agreement: &Agreement) -> bool {
        let named = |consumers: &Vec<AgencyId>| agreement.consumers.iter().any(|id| consumers.contains(id));
        self.service == agreement.service && self.consumers.as_ref().is_none_or(named)
    }
}

/// What is kept at or below the forbidden place breaks the guardrail, however it came to be kept.
fn check_never(never: &Never, written: &PermitDocument, permit: &Permit, faults: &mut Faults) {
    let forbidden = permit.scope.root.at(&never.pointer);
    let kept = forbidden.and_then(|node| node.fields().find(|(_, kept)| *kept));
    if let Some((field, _)) = kept {
        let message = format!("`{}` is never granted to this consumer", shown(&field.pointer));
        let fault = Fault::new(Code::GuardrailNever, message).at(granting(written, permit, field));
        faults.push(fault.label("grants it").also(never.written.place.clone(), "the guardrail"));
    }
}

/// The pointer by which a clause grants a field.
fn granting(written: &PermitDocument, permit: &Permit, field: &Field) -> crate::diagnostic::source::Place {
    let grants = |pointer: &&Placed<String>| {
        let node = permit.scope.root.at(&pointer.value);
        node.is_some_and(|node| node.fields().any(|(found, _)| found.pointer == field.pointer))
    };
    written.fields.iter().find(grants).map_or(&written.place, |pointer| &pointer.place).clone()
}
