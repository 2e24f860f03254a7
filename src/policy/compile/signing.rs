//! Warnings about consumers that must sign their requests and have no key that is valid today.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::id::AgencyId;
use crate::identity::registry::Agency;
use crate::policy::document::agreement::AgreementDocument;
use crate::policy::model::{Agreement, Status};

/// Warns of them.
pub(super) fn warn(
    agreements: &[(&AgreementDocument, Agreement)],
    agencies: &BTreeMap<AgencyId, Option<Arc<Agency>>>,
    now: Timestamp,
    faults: &mut Faults,
) {
    let demand = |agreement: &Agreement| agreement.signed_requests && agreement.status == Status::Active;
    for (document, _) in agreements.iter().filter(|(_, agreement)| demand(agreement)) {
        for consumer in &document.consumers.value {
            let Some(Some(agency)) = agencies.get(&consumer.value) else { continue };
            if !agency.signing_keys.iter().any(|key| key.is_valid(now)) {
                let message = format!("`{}` has no signing key that is valid today", consumer.value);
                let fault = Fault::warning(Code::NoSigningKey, message).at(consumer.place.clone());
                let fault = fault.label("must sign its requests");
                faults.push(
                    fault.help(format!("add one to `signing_keys` in agencies/{}.toml", consumer.value)),
                );
            }
        }
    }
}
