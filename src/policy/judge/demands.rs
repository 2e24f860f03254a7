//! The steps that one agreement demands of a request: where from, when, what is named, sent and asked for.

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::identity::registry::Network;
use crate::policy::calendar::{is_open, next_opening};
use crate::policy::model::{Operation, SubjectPlace};
use crate::policy::refusal::{Needed, Refusal};
use crate::policy::scope::{Outside, Scope};
use crate::policy::template::PARAMETER_MAX;

use super::Facts;
use super::standing::Matter;

pub(super) fn from_network(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    let networks = &matter.dealing.consumer.networks;
    let inside =
        |source: IpAddr| networks.is_empty() || networks.iter().any(|network| contains(network, source));
    match facts.source {
        Some(source) if !inside(source) => Err(Refusal::SourceNetwork { ground: matter.ground() }),
        _ => Ok(()),
    }
}

/// Whether a block holds an address; an IPv4 address in IPv6 clothing (`::ffff:a.b.c.d`) is the IPv4 address.
fn contains(network: &Network, source: IpAddr) -> bool {
    let masked = |bits: u128, width: u8| {
        bits.checked_shr(u32::from(width.saturating_sub(network.prefix))).unwrap_or(0)
    };
    match (network.address, source.to_canonical()) {
        (IpAddr::V4(block), IpAddr::V4(source)) => {
            masked(u128::from(block.to_bits()), 32) == masked(u128::from(source.to_bits()), 32)
        }
        (IpAddr::V6(block), IpAddr::V6(source)) => {
            masked(block.to_bits(), 128) == masked(source.to_bits(), 128)
        }
        _ => false,
    }
}

pub(super) fn within_hours(matter: &Matter<'_>, now: Timestamp) -> Result<(), Refusal> {
    let (hours, zone) = (&matter.candidate.agreement.hours, &matter.candidate.agreement.zone);
    if is_open(hours, zone, now) {
        return Ok(());
    }
    Err(Refusal::OutsideHours { opens: next_opening(hours, zone, now), ground: matter.ground() })
}

pub(super) fn named(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    let missing = |what| Err(Refusal::Missing { what, ground: matter.ground() });
    if matter.candidate.permit.requires_case && !facts.names_case {
        return missing(Needed::Case);
    }
    if matter.candidate.permit.requires_user && !facts.names_user {
        return missing(Needed::User);
    }
    Ok(())
}

pub(super) fn signed(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    if matter.candidate.agreement.signed_requests && !facts.signed {
        return Err(Refusal::SignatureRequired { ground: matter.ground() });
    }
    Ok(())
}

/// Only parameters that the operation declares and the clause lets through; one that filters on a field outside the scope
/// is refused, since a filter tells.
pub(super) fn parameters(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    for (name, value) in facts.query {
        let declared = matter.permitted.operation.query.iter().find(|parameter| parameter.name == *name);
        let let_through = declared.is_some_and(|parameter| {
            let tells_nothing_more =
                parameter.field.as_deref().is_none_or(|field| matter.candidate.permit.scope.covers(field));
            matter.candidate.permit.query.contains(name) && tells_nothing_more
        });
        // A person's identifier goes into the record, which has an end.
        let fits = value.len() <= PARAMETER_MAX || !is_subject(name, &matter.permitted.operation);
        if !let_through || !fits {
            let parameter = declared.map(|parameter| parameter.name.clone());
            return Err(Refusal::ParameterNotGranted { parameter, ground: matter.ground() });
        }
    }
    people_can_be_counted(facts, matter)
}

fn is_subject(name: &str, operation: &Operation) -> bool {
    matches!(&operation.subject, Some(SubjectPlace::Query(place)) if place == name)
}

/// Where distinct people are counted by a query parameter, it must be there.
fn people_can_be_counted(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    match &matter.permitted.operation.subject {
        Some(SubjectPlace::Query(name))
            if matter.candidate.agreement.limits.subjects_per_day.is_some()
                && subject(facts, &matter.permitted.operation).is_none() =>
        {
            Err(Refusal::Missing { what: Needed::Subject(name.clone()), ground: matter.ground() })
        }
        _ => Ok(()),
    }
}

/// The data subject's identifier, if path or query tells it.
pub(super) fn subject<'a>(facts: &Facts<'a>, operation: &Operation) -> Option<&'a str> {
    match operation.subject.as_ref()? {
        SubjectPlace::Path(name) => operation.path_value(name, facts.segments),
        SubjectPlace::Query(name) => {
            facts.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
        }
        SubjectPlace::Body(_) | SubjectPlace::Answer(_) => None,
    }
}

pub(super) fn fields(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<Arc<Scope>, Refusal> {
    let Some(asked) = facts.fields else { return Ok(Arc::clone(&matter.candidate.permit.scope)) };
    let outside = |outside| {
        let field = match outside {
            Outside::Uncatalogued => None,
            Outside::Field(field) => Some(field),
        };
        Refusal::FieldNotGranted { field, ground: matter.ground() }
    };
    matter.candidate.permit.scope.narrow(asked).map(Arc::new).map_err(outside)
}

pub(super) fn size(facts: &Facts<'_>, matter: &Matter<'_>) -> Result<(), Refusal> {
    let limit = matter.permitted.operation.request_limit;
    if facts.content_length.is_some_and(|length| length > limit) {
        return Err(Refusal::RequestTooLarge { limit, ground: matter.ground() });
    }
    Ok(())
}

pub(super) fn present(matter: &Matter<'_>, now: Timestamp) -> Result<(), Refusal> {
    match matter.dealing.service().under_maintenance(now) {
        Some(window) => {
            Err(Refusal::Maintenance { window: Box::new(window.clone()), ground: matter.ground() })
        }
        None => Ok(()),
    }
}
