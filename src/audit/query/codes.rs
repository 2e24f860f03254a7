//! The codes of agencies: an agency that was merged or renamed is asked for by any it has had.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::identity::registry::Registry;

/// Codes that name one agency: today's first, then those it had before.
#[derive(Debug, Clone, Default)]
pub struct Codes(BTreeMap<String, Arc<[String]>>);

impl Codes {
    /// As the registry tells them.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let mut codes = BTreeMap::new();
        for agency in registry.iter() {
            let former = agency.formerly.iter().map(|former| &former.id);
            let all: Arc<[String]> =
                [&agency.id].into_iter().chain(former).map(ToString::to_string).collect();
            codes.extend(all.iter().map(|code| (code.clone(), Arc::clone(&all))));
        }
        Self(codes)
    }

    /// Every code of the agency that has or had this one.
    pub(super) fn all(&self, code: &str) -> Vec<String> {
        self.0.get(code).map_or_else(|| vec![code.to_owned()], |codes| codes.to_vec())
    }

    /// Today's code.
    pub(super) fn today<'a>(&'a self, code: &'a str) -> &'a str {
        self.0.get(code).and_then(|codes| codes.first()).map_or(code, String::as_str)
    }
}
