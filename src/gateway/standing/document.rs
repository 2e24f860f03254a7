//! What an agency is told of its own standing, as JSON: members in English, texts in both languages, times with their offset.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::gateway::door::Door;
use crate::id::AgencyId;
use crate::identity::Peer;
use crate::language::Text;
use crate::limits::Key;
use crate::limits::limiter::Left;
use crate::limits::quota::account::Remaining;
use crate::policy::Policies;
use crate::policy::calendar::confirmation_holds_until;
use crate::policy::calendar::today;
use crate::policy::judge::agreement_stands;
use crate::policy::model::Agreement;
use crate::policy::model::Kind;
use crate::policy::model::Permit;
use crate::policy::model::Window;
use crate::policy::scope::Class;
use crate::policy::scope::Field;

use super::soon;
use super::soon::What;

/// What the document says it is.
const FORMAT: &str = "phohien-standing/1";

/// The whole document.
pub(super) async fn of(door: &Door, peer: &Peer) -> Value {
    let (policies, now) = (Arc::clone(&door.in_force().policies), door.policy_clock.now());
    let agency = peer.agency();
    let mut soon: Vec<Value> = certificate_soon(peer, door.clock.now()).into_iter().collect();
    let mut agreements = Vec::new();
    for agreement in policies.of_consumer(&agency.id) {
        let limits = limits(door, agreement, &agency.id, now).await;
        agreements.push(told(&policies, agreement, limits, now));
        soon.extend(agreement_soon(agreement, now));
    }
    let cap = door.limits.agency_rate(&agency.id, now).await;
    json!({
        "v": FORMAT,
        "at": rfc3339_millis(now),
        "gateway": door.recorder.log().head().origin.as_str(),
        "agency": { "id": agency.id, "name": text(&agency.name) },
        "certificate": {
            "serial": peer.certificate().serial,
            "not_after": rfc3339_millis(peer.certificate().not_after),
        },
        "shared": door.limits.shared().map(|shared| shared.reach().borrow().name()),
        "agency_rate": cap.map(rate),
        "agreements": agreements,
        "lapses_soon": soon,
    })
}

fn told(policies: &Policies, agreement: &Arc<Agreement>, limits: Value, now: Timestamp) -> Value {
    let mut told = Map::new();
    let service = policies.service(agreement.service.as_str());
    let provider = policies.agency(&agreement.provider);
    let purpose = |code| json!({ "code": code, "name": policies.purposes().get(code).map(|purpose| text(&purpose.name)) });
    for (name, value) in [
        ("id", json!(agreement.id)),
        ("version", json!(agreement.version)),
        ("kind", json!(kind(agreement.kind))),
        ("service", json!({ "id": agreement.service, "name": service.map(|service| text(&service.name)) })),
        ("provider", json!({ "id": agreement.provider, "name": provider.map(|agency| text(&agency.name)) })),
        ("purposes", agreement.purposes.iter().map(purpose).collect()),
        ("legal_basis", json!(agreement.legal_basis)),
        ("valid", json!({ "from": agreement.from.to_string(), "until": agreement.until.to_string() })),
        ("security_confirmation", agreement.security_confirmed.map_or(Value::Null, confirmation)),
        ("zone", json!(agreement.zone.iana_name())),
        ("standing", standing(policies, agreement, now)),
        ("permits", agreement.permits.iter().map(|permit| permitted(permit)).collect()),
        ("signed_requests", json!(agreement.signed_requests)),
        ("hours", agreement.hours.iter().map(window).collect()),
        ("limits", limits),
        (
            "contacts",
            json!({ "business": agreement.contacts.business,
            "technical": agreement.contacts.technical, "security": agreement.contacts.security }),
        ),
    ] {
        told.insert(name.to_owned(), value);
    }
    Value::Object(told)
}

fn text(text: &Text) -> Value {
    json!({ "vi": text.vi, "en": text.en })
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Automatic => "automatic",
        Kind::OnRequest => "on_request",
        Kind::Special => "special",
    }
}

fn confirmation(on: Date) -> Value {
    json!({ "on": on.to_string(), "holds_until": confirmation_holds_until(on).to_string() })
}

/// Whether it answers today; if not, the reason as a refusal would give it.
fn standing(policies: &Policies, agreement: &Arc<Agreement>, now: Timestamp) -> Value {
    match agreement_stands(agreement, policies, now) {
        Ok(()) => json!({ "in_force": true }),
        Err(refusal) => json!({ "in_force": false, "reason": refusal.code(), "text": text(&refusal.text()) }),
    }
}

fn permitted(permit: &Permit) -> Value {
    let named = [("case", permit.requires_case), ("user", permit.requires_user)];
    let required: Vec<&str> = named.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
    json!({
        "clause": permit.number,
        "operations": permit.operations,
        "fields": permit.scope.kept().map(field).collect::<Vec<_>>(),
        "require": required,
        "query": permit.query,
        "body": permit.body,
    })
}

fn field(field: &Field) -> Value {
    let class = match field.class {
        Class::None => "none",
        Class::Basic => "basic",
        Class::Sensitive => "sensitive",
    };
    json!({ "pointer": field.pointer, "class": class, "name": text(&field.name) })
}

fn window(window: &Window) -> Value {
    let days: Vec<String> =
        window.days.iter().map(|day| format!("{day:?}").to_lowercase().chars().take(3).collect()).collect();
    let hour = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    let to = if window.to == jiff::civil::Time::midnight() { "24:00".to_owned() } else { hour(window.to) };
    json!({ "days": days, "from": hour(window.from), "to": to })
}

/// What is set, what is left of it, and when it begins anew; null where nothing is set.
async fn limits(door: &Door, agreement: &Agreement, agency: &AgencyId, now: Timestamp) -> Value {
    let key =
        Key { agreement: agreement.id.clone(), agency: agency.clone(), service: agreement.service.clone() };
    let overview = door.limits.overview(&key, &agreement.limits, &agreement.zone, now).await;
    let quota = |of: &Option<Remaining>| of.as_ref().map(remaining);
    json!({
        "rate": overview.rate.map(rate),
        "daily": quota(&overview.quotas.daily),
        "monthly": quota(&overview.quotas.monthly),
        "people": quota(&overview.quotas.people),
        "in_flight": { "limit": overview.in_flight.limit, "left": overview.in_flight.left },
        "response_bytes": agreement.limits.response,
    })
}

fn rate(left: Left) -> Value {
    json!({
        "requests": left.rate.requests.get(),
        "per_seconds": left.rate.per.as_secs_f64(),
        "burst": left.rate.burst.get(),
        "left": left.requests,
        "full_in_seconds": left.until_full().as_secs_f64().ceil(),
    })
}

fn remaining(of: &Remaining) -> Value {
    json!({
        "limit": of.limit,
        "left": of.left,
        "renews": of.renews.at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    })
}

fn agreement_soon(agreement: &Agreement, now: Timestamp) -> Vec<Value> {
    let (today, number) = (today(&agreement.zone, now), Some(agreement.id.as_str()));
    let confirmed = agreement.security_confirmed.map(confirmation_holds_until);
    let lasts = [(What::Agreement, Some(agreement.until)), (What::SecurityConfirmation, confirmed)];
    lasts.into_iter().filter_map(|(what, last)| soon::told(what, number, last?, today)).collect()
}

fn certificate_soon(peer: &Peer, now: Timestamp) -> Option<Value> {
    let day = |time: Timestamp| time.to_zoned_datetime(TimeZone::UTC).date();
    soon::told(What::Certificate, None, day(peer.certificate().not_after), day(now))
}
