//! Grants that nobody used and fields that nobody needed: the least that does is all that should be granted.

use std::collections::BTreeMap;

use super::access::Reach;
use super::access::reaches;
use super::policies::Policies;
use super::scope::Field;

/// What was made use of: for each agreement, agency and operation.
#[derive(Debug, Default)]
pub struct Uses(BTreeMap<(String, String, String), Use>);

/// How often one grant was used.
#[derive(Debug, Default, Clone)]
struct Use {
    exchanges: u64,
    /// Exchanges of which nobody can tell any more what went out.
    untold: u64,
    released: BTreeMap<String, u64>,
}

/// A grant and how little it was used.
#[derive(Debug)]
pub struct Spare<'a> {
    /// The grant.
    pub reach: Reach<'a>,
    /// How many exchanges there were under it.
    pub exchanges: u64,
    /// The fields that no answer held, or nobody asked for; all of them where there was no exchange. Where something cannot be told any
    /// more, none is named.
    pub fields: Vec<&'a Field>,
    /// Exchanges of which nobody can tell any more what went out.
    pub untold: u64,
}

impl Uses {
    /// One exchange was answered: the fields that went out, if that can be told.
    pub fn note(&mut self, agreement: &str, agency: &str, operation: &str, released: Option<Vec<String>>) {
        let key = (agreement.to_owned(), agency.to_owned(), operation.to_owned());
        let it = self.0.entry(key).or_default();
        it.exchanges += 1;
        match released {
            None => it.untold += 1,
            Some(fields) => fields.into_iter().for_each(|field| *it.released.entry(field).or_default() += 1),
        }
    }

    /// Every grant that was not used, or not wholly. Exchanges under codes that an agency had before count as its own.
    #[must_use]
    pub fn spare<'a>(&self, policies: &'a Policies) -> Vec<Spare<'a>> {
        reaches(policies).filter_map(|reach| self.of(reach, policies)).collect()
    }

    fn of<'a>(&self, reach: Reach<'a>, policies: &Policies) -> Option<Spare<'a>> {
        let former = policies.agency(reach.consumer).into_iter().flat_map(|agency| &agency.formerly);
        let codes = former.map(|former| &former.id).chain([reach.consumer]);
        let mut sum = Use::default();
        for code in codes {
            let key = (reach.agreement.id.to_string(), code.to_string(), reach.operation.to_owned());
            if let Some(found) = self.0.get(&key) {
                sum.exchanges += found.exchanges;
                sum.untold += found.untold;
                found
                    .released
                    .iter()
                    .for_each(|(field, count)| *sum.released.entry(field.clone()).or_default() += count);
            }
        }
        let needless = |field: &&Field| sum.untold == 0 && !sum.released.contains_key(&field.pointer);
        let fields: Vec<&Field> = reach.permit.scope.kept().filter(needless).collect();
        let spare = Spare { reach, exchanges: sum.exchanges, fields, untold: sum.untold };
        (spare.exchanges == 0 || !spare.fields.is_empty() || spare.untold > 0).then_some(spare)
    }
}
