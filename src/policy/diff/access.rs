//! Fields, counted out: for each agency, service, operation, purpose and day, what agreements grant.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::id::AgencyId;
use crate::id::PurposeCode;
use crate::id::ServiceId;
use crate::policy::model::Agreement;
use crate::policy::model::Permit;
use crate::policy::model::Status;
use crate::policy::policies::Policies;
use crate::policy::scope::Class;
use crate::policy::scope::Node;

use super::change::Access;
use super::change::Change;

/// Who asks what for what.
type Key<'a> = (&'a AgencyId, &'a ServiceId, &'a str, &'a PurposeCode);

/// One clause that answers it, from the first of its days to the last.
#[derive(Clone, Copy, PartialEq)]
struct Term<'a> {
    from: Date,
    until: Date,
    root: &'a Node,
}

/// What is gained, or lost, on some days.
#[derive(PartialEq)]
struct Piece {
    from: Date,
    until: Date,
    whole: bool,
    fields: BTreeMap<String, Class>,
}

/// Every field that somebody gains or loses.
pub(super) fn between(old: &Policies, new: &Policies) -> Vec<Change> {
    let (old, new) = (reach(old), reach(new));
    let keys: BTreeSet<&Key<'_>> = old.keys().chain(new.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let [before, after] = [&old, &new].map(|reach| reach.get(key).map(Vec::as_slice).unwrap_or_default());
        if before != after {
            found.extend(gained(before, after).into_iter().map(|piece| piece.access(key, true)));
            found.extend(gained(after, before).into_iter().map(|piece| piece.access(key, false)));
        }
    }
    let merged = merge(found, |access| &mut access.operations);
    let merged = merge(merged, |access| &mut access.purposes);
    let merged = merge(merged, |access| &mut access.agencies);
    merged.into_iter().map(|access| Change::Access(Box::new(access))).collect()
}

/// Whether an agreement answers anybody, its days aside.
pub(super) fn stands(agreement: &Agreement, policies: &Policies) -> bool {
    agreement.status == Status::Active
        && !policies.suspensions().agreements.contains_key(&agreement.id)
        && policies.unsigned(&agreement.id).is_none()
}

/// Whether everybody and every purpose of an agreement can be answered, its days aside: what its clauses grant shows as access.
pub(super) fn shows(agreement: &Agreement, policies: &Policies) -> bool {
    let suspended = policies.suspensions();
    stands(agreement, policies)
        && !agreement.consumers.iter().any(|id| suspended.agencies.contains_key(id))
        && !agreement.purposes.iter().any(|code| suspended.purposes.contains_key(code))
}

fn reach(policies: &Policies) -> BTreeMap<Key<'_>, Vec<Term<'_>>> {
    let mut reach: BTreeMap<_, Vec<Term<'_>>> = BTreeMap::new();
    let suspended = policies.suspensions();
    for agreement in policies.agreements().iter().filter(|agreement| stands(agreement, policies)) {
        let consumers = agreement.consumers.iter().filter(|id| !suspended.agencies.contains_key(*id));
        for consumer in consumers {
            for (operation, permit) in operations(agreement) {
                for purpose in
                    agreement.purposes.iter().filter(|code| !suspended.purposes.contains_key(*code))
                {
                    let term =
                        Term { from: agreement.from, until: agreement.until, root: &permit.scope.root };
                    reach.entry((consumer, &agreement.service, operation, purpose)).or_default().push(term);
                }
            }
        }
    }
    reach
}

/// An agreement's operations, each with the clause that names it.
pub(super) fn operations(agreement: &Agreement) -> impl Iterator<Item = (&str, &Permit)> {
    agreement.permits.iter().flat_map(|permit| {
        permit.operations.iter().map(move |operation| (operation.as_str(), permit.as_ref()))
    })
}

/// What `after` grants and `before` does not, day by day; days on which it is the same are one piece.
fn gained(before: &[Term<'_>], after: &[Term<'_>]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (from, until) in spans(before, after) {
        let (had, has) = (fields(before, from), fields(after, from));
        let whole = had.is_empty();
        let fields: BTreeMap<String, Class> =
            has.into_iter().filter(|(pointer, _)| !had.contains_key(pointer)).collect();
        match pieces.last_mut() {
            Some(last) if next(last.until) == Some(from) && last.whole == whole && last.fields == fields => {
                last.until = until;
            }
            _ => pieces.push(Piece { from, until, whole, fields }),
        }
    }
    pieces.retain(|piece| !piece.fields.is_empty());
    pieces
}

/// The spans of days within which no term begins or ends.
fn spans(before: &[Term<'_>], after: &[Term<'_>]) -> Vec<(Date, Date)> {
    let terms = || before.iter().chain(after);
    let begins: BTreeSet<Date> =
        terms().map(|term| Some(term.from)).chain(terms().map(|term| next(term.until))).flatten().collect();
    let last = terms().map(|term| term.until).max();
    let ends = begins.iter().skip(1).map(|begin| begin.saturating_sub(1.day())).chain(last);
    begins.iter().copied().zip(ends).filter(|(from, until)| from <= until).collect()
}

fn next(day: Date) -> Option<Date> {
    day.tomorrow().ok()
}

fn fields(terms: &[Term<'_>], day: Date) -> BTreeMap<String, Class> {
    let standing = terms.iter().filter(|term| (term.from..=term.until).contains(&day));
    let kept = standing.flat_map(|term| term.root.fields()).filter(|(_, kept)| *kept);
    kept.map(|(field, _)| (field.pointer.clone(), field.class)).collect()
}

impl Piece {
    fn access(self, key: &Key<'_>, gained: bool) -> Access {
        let (agency, service, operation, purpose) = key;
        Access {
            service: service.to_string(),
            agencies: vec![agency.to_string()],
            operations: vec![(*operation).to_owned()],
            purposes: vec![purpose.to_string()],
            days: (self.from, self.until),
            gained,
            whole: self.whole,
            fields: self.fields,
        }
    }
}

/// What is alike but in one respect becomes one.
fn merge(found: Vec<Access>, respect: impl Fn(&mut Access) -> &mut Vec<String>) -> Vec<Access> {
    let mut merged: BTreeMap<Access, Vec<String>> = BTreeMap::new();
    for mut access in found {
        let names = std::mem::take(respect(&mut access));
        merged.entry(access).or_default().extend(names);
    }
    let back = |(mut access, names): (Access, Vec<String>)| {
        *respect(&mut access) = names;
        access
    };
    merged.into_iter().map(back).collect()
}
