//! What an agreement says of each of its operations.

use crate::policy::model::Agreement;
use crate::policy::model::Operation;
use crate::policy::model::Parameter;
use crate::policy::model::Permit;
use crate::policy::policies::Policies;

use super::access::operations;
use super::access::shows;
use super::aspect::Aspect;
use super::change::Change;
use super::change::Subject;
use super::teller::Teller;
use super::teller::pairs;

/// Compares the clauses of one agreement, operation by operation. Where the fields of both show as access, they are not told again.
pub(super) fn between(
    (old, before): (&Agreement, &Policies),
    (new, after): (&Agreement, &Policies),
    changes: &mut Vec<Change>,
) {
    let names = |agreement| operations(agreement).map(|(name, _)| name).collect::<Vec<_>>();
    Teller::new(Subject::Agreement(old.id.clone()), changes)
        .grants(Aspect::OPERATIONS, (&names(old), &names(new)));
    let told_as_access = shows(old, before) && shows(new, after);
    for (name, pair) in pairs(operations(old), operations(new)) {
        let (Some(was), Some(is)) = pair else { continue };
        let mut teller = Teller::new(Subject::Clause(old.id.clone(), name.to_owned()), changes);
        compare(&mut teller, was, is);
        let (had, has) = (operation(old, before, name), operation(new, after, name));
        teller.grants(Aspect::QUERY, (&passing(had, was, Part::Query), &passing(has, is, Part::Query)));
        teller.grants(Aspect::BODY, (&passing(had, was, Part::Body), &passing(has, is, Part::Body)));
        if !told_as_access {
            teller.listed(Aspect::FIELDS, (&kept(was), &kept(is)));
        }
    }
}

fn compare(teller: &mut Teller<'_>, old: &Permit, new: &Permit) {
    // Taken apart so that no key is forgotten: the number is only a name, `operations` are the keys here, fields and parameters
    // are compared by what they let pass.
    let Permit {
        number: _,
        operations: _,
        scope: _,
        requires_case,
        requires_user,
        query: _,
        body: _,
        sensitive_basis,
    } = old;
    let demands = |case: bool, user: bool| -> Vec<&'static str> {
        [(case, "Exchange-Case"), (user, "Exchange-User")]
            .into_iter()
            .filter_map(|(demanded, header)| demanded.then_some(header))
            .collect()
    };
    let (was, is) = (demands(*requires_case, *requires_user), demands(new.requires_case, new.requires_user));
    teller.bars(Aspect::REQUIRE, (&was, &is));
    teller.listed(Aspect::SENSITIVE_BASIS, (sensitive_basis, &new.sensitive_basis));
}

fn operation<'a>(agreement: &Agreement, policies: &'a Policies, name: &str) -> Option<&'a Operation> {
    let service = policies.service(agreement.service.as_str())?;
    service.operations.iter().find(|operation| operation.name() == name).map(AsRef::as_ref)
}

/// Where a parameter stands.
#[derive(Clone, Copy)]
enum Part {
    Query,
    Body,
}

/// The parameters that really pass: declared, named by the clause, and telling nothing outside its scope.
fn passing(operation: Option<&Operation>, permit: &Permit, part: Part) -> Vec<String> {
    let Some(operation) = operation else { return Vec::new() };
    let (declared, named) = match part {
        Part::Query => (&operation.query, &permit.query),
        Part::Body => (&operation.body, &permit.body),
    };
    let within = |parameter: &&Parameter| {
        named.contains(&parameter.name)
            && parameter.field.as_deref().is_none_or(|field| permit.scope.covers(field))
    };
    declared.iter().filter(within).map(|parameter| parameter.name.clone()).collect()
}

fn kept(permit: &Permit) -> Vec<String> {
    permit.scope.kept().map(|field| field.pointer.clone()).collect()
}
