//! Who can reach what, counted out: an agreement is no code, so every question about access has an exact answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::id::ServiceId;
use crate::identity::registry::Agency;
use crate::identity::registry::Role;
use crate::language::Text;

use super::judge::agreement_stands;
use super::judge::unsuspended;
use super::model::Agreement;
use super::model::Permit;
use super::model::Service;
use super::model::Status;
use super::policies::Policies;
use super::refusal::Refusal;
use super::scope::Class;
use super::scope::Field;

/// A consumer, and an operation that an agreement lets it ask for.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// Who.
    pub consumer: &'a AgencyId,
    /// Under which agreement.
    pub agreement: &'a Arc<Agreement>,
    /// By which clause.
    pub permit: &'a Arc<Permit>,
    /// Which operation.
    pub operation: &'a str,
}

/// Every reach of a policy set, whatever its agreements' state.
pub fn reaches(policies: &Policies) -> impl Iterator<Item = Reach<'_>> {
    policies.agreements().iter().flat_map(|agreement| {
        agreement.consumers.iter().flat_map(move |consumer| {
            agreement.permits.iter().flat_map(move |permit| {
                permit.operations.iter().map(move |operation| Reach {
                    consumer,
                    agreement,
                    permit,
                    operation,
                })
            })
        })
    })
}

impl<'a> Reach<'a> {
    /// The fields it discloses at, below or above a pointer: to be granted `/CongDan` is to be granted `/CongDan/TonGiao`.
    #[must_use]
    pub fn touching(&self, pointer: &str) -> Vec<&'a Field> {
        self.permit.scope.kept().filter(|field| overlap(&field.pointer, pointer)).collect()
    }

    /// Whether it could be used now.
    #[must_use]
    pub fn standing(&self, policies: &Policies, now: Timestamp) -> Standing {
        Standing::of(self.agreement, self.consumer, policies, now)
    }
}

/// Whether one place is the other, or holds it.
fn overlap(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, other) || within(other, one)
}

/// How an agreement stands for a consumer on a day. In the order in which a reader looks for the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It answers.
    InForce,
    /// Its first day is still to come.
    NotYet,
    /// Its security confirmation is over six months old.
    Lapsed,
    /// Its parties have not signed it, and must have.
    Unsigned,
    /// It, its consumer or all its purposes are on hold.
    Suspended,
    /// Its last day is past.
    Over,
    /// It was ended.
    Ended,
}

impl Standing {
    /// How an agreement stands for one of its consumers, by the questions that every request is asked.
    #[must_use]
    pub fn of(agreement: &Arc<Agreement>, consumer: &AgencyId, policies: &Policies, now: Timestamp) -> Self {
        let stands =
            unsuspended(consumer, None, policies).and_then(|()| agreement_stands(agreement, policies, now));
        let switch = &policies.suspensions().purposes;
        match stands {
            Ok(()) if agreement.purposes.iter().all(|purpose| switch.contains_key(purpose)) => {
                Self::Suspended
            }
            Ok(()) => Self::InForce,
            Err(Refusal::NotYetInForce { .. }) => Self::NotYet,
            Err(Refusal::NotSigned { .. }) => Self::Unsigned,
            Err(Refusal::SecurityConfirmationLapsed { .. }) => Self::Lapsed,
            Err(Refusal::NoLongerInForce { .. }) if matches!(agreement.status, Status::Ended { .. }) => {
                Self::Ended
            }
            Err(Refusal::NoLongerInForce { .. }) => Self::Over,
            Err(_) => Self::Suspended,
        }
    }

    /// Its name, for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::NotYet => "not yet",
            Self::Lapsed => "confirmation lapsed",
            Self::Unsigned => "not signed",
            Self::Suspended => "suspended",
            Self::Over => "over",
            Self::Ended => "ended",
        }
    }

    /// What people read.
    #[must_use]
    pub fn text(self) -> Text {
        let vi = match self {
            Self::InForce => "hiệu lực",
            Self::NotYet => "chưa đến hạn",
            Self::Lapsed => "quá hạn xác nhận ATTT",
            Self::Unsigned => "chưa đủ chữ ký",
            Self::Suspended => "tạm dừng",
            Self::Over => "hết hạn",
            Self::Ended => "đã kết thúc",
        };
        Text::new(vi, self.code())
    }
}

/// Agencies by services.
#[derive(Debug)]
pub struct Matrix<'a> {
    /// The rows: agencies that may ask.
    pub agencies: Vec<&'a Arc<Agency>>,
    /// The columns.
    pub services: Vec<&'a Arc<Service>>,
    cells: BTreeMap<(&'a AgencyId, &'a ServiceId), Cell<'a>>,
}

/// What an agency can reach of a service.
#[derive(Debug, Default)]
pub struct Cell<'a> {
    /// The agreements, each with how it stands.
    pub agreements: BTreeMap<&'a str, Standing>,
    /// The operations.
    pub operations: Vec<&'a str>,
    /// The fields of agreements in force; of the others, if none is.
    pub fields: BTreeMap<&'a str, Class>,
}

impl Cell<'_> {
    /// Whether anything of it can be used.
    #[must_use]
    pub fn in_force(&self) -> bool {
        self.agreements.values().any(|standing| *standing == Standing::InForce)
    }

    /// How many of its fields are of a class.
    #[must_use]
    pub fn of_class(&self, class: Class) -> usize {
        self.fields.values().filter(|found| **found == class).count()
    }
}

impl<'a> Matrix<'a> {
    /// Counts it out.
    #[must_use]
    pub fn of(policies: &'a Policies, now: Timestamp) -> Self {
        let mut cells: BTreeMap<_, Cell<'a>> = BTreeMap::new();
        let mut reaches: Vec<(Standing, Reach<'a>)> =
            reaches(policies).map(|reach| (reach.standing(policies, now), reach)).collect();
        // What is in force comes first, so that the rest adds its fields only where nothing is.
        reaches.sort_by_key(|(standing, _)| *standing);
        for (standing, reach) in reaches {
            let cell = cells.entry((reach.consumer, &reach.agreement.service)).or_default();
            let adds = standing == Standing::InForce || !cell.in_force();
            cell.agreements.insert(reach.agreement.id.as_str(), standing);
            if adds {
                cell.operations.push(reach.operation);
                cell.fields
                    .extend(reach.permit.scope.kept().map(|field| (field.pointer.as_str(), field.class)));
            }
        }
        let asks = |agency: &&Arc<Agency>| agency.roles.contains(&Role::Exchange);
        Self {
            agencies: policies.agencies().filter(asks).collect(),
            services: policies.services().collect(),
            cells,
        }
    }

    /// One cell; none: no agreement.
    #[must_use]
    pub fn cell(&self, agency: &AgencyId, service: &ServiceId) -> Option<&Cell<'a>> {
        let cells = self.cells.iter().find(|((of, at), _)| **of == *agency && **at == *service);
        cells.map(|(_, cell)| cell)
    }
}
