//! Whether every record that a policy set can lead to fits an entry: asked before anything is served, since a record that does not
//! fit would be a refused exchange.

use crate::policy::Policies;
use crate::policy::model::Agreement;
use crate::policy::model::Service;
use crate::tlog::ANNEX_BYTES_MAX;
use crate::tlog::LEAF_BYTES_MAX;

/// Bytes of a leaf beside its pointers and legal basis: names, hashes, commitments, the certificate's issuer and serial number.
const LEAF_REST: usize = 4 << 10;

/// Bytes of an annex beside its fields: case, user, subject, address, result code, limits, the people it counts, the fields asked for, a
/// signature with what it covers, and what sealing adds.
const ANNEX_REST: usize = 8 << 10;

/// Bytes of a pointer in a JSON list beside itself.
const LISTED: usize = 3;

/// Bytes of a field in an annex beside its pointer: the members' names, the class, a count, punctuation.
const COUNTED: usize = 64;

/// Something in the policies whose largest record would not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// An agreement's legal basis and the catalogue's pointers, each of which a caller may ask for by name.
    #[error(
        "the largest record under {agreement} would be {bytes} bytes, more than {LEAF_BYTES_MAX}: part the service"
    )]
    Leaf {
        /// The agreement.
        agreement: String,
        /// How long its largest leaf would be.
        bytes: usize,
    },
    /// A service's catalogue.
    #[error(
        "the largest record of service {service} would have {bytes} bytes beside it, more than {ANNEX_BYTES_MAX}: part the service"
    )]
    Annex {
        /// The service.
        service: String,
        /// How long its largest annex would be.
        bytes: usize,
    },
}

/// Everything in a policy set whose largest record would not fit; empty: all fits.
#[must_use]
pub fn too_large(policies: &Policies) -> Vec<TooLarge> {
    let leaves = policies.agreements().iter().filter_map(|agreement| {
        let service = policies.service(agreement.service.as_str())?;
        leaf_too_large(agreement, service)
    });
    leaves.chain(policies.services().filter_map(|service| annex_too_large(service))).collect()
}

fn leaf_too_large(agreement: &Agreement, service: &Service) -> Option<TooLarge> {
    let pointers = service.catalogue.iter().map(|field| field.pointer.len() + LISTED).sum::<usize>();
    let basis = agreement.legal_basis.iter().map(|text| text.len() + LISTED).sum::<usize>();
    let bytes = LEAF_REST + pointers + basis;
    (bytes > LEAF_BYTES_MAX).then(|| TooLarge::Leaf { agreement: agreement.id.to_string(), bytes })
}

/// A field may be released in one item of an array and withheld in another: it counts twice.
fn annex_too_large(service: &Service) -> Option<TooLarge> {
    let fields = service.catalogue.iter().map(|field| 2 * (field.pointer.len() + COUNTED)).sum::<usize>();
    let bytes = ANNEX_REST + fields;
    (bytes > ANNEX_BYTES_MAX).then(|| TooLarge::Annex { service: service.id.to_string(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::load;

    fn province() -> Policies {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        load(&folder, "2026-11-23T02:30:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_province_fits() {
        assert_eq!(too_large(&province()), []);
    }

    #[test]
    fn a_catalogue_that_fills_an_annex_or_a_leaf_is_named() {
        let policies = province();
        let mut service = Service::clone(policies.service("dan-cu").unwrap());
        let agreement = policies.agreements().first().unwrap();
        let field = service.catalogue.first().unwrap().clone();
        service.catalogue = vec![field.clone(); 10];
        assert_eq!((annex_too_large(&service), leaf_too_large(agreement, &service)), (None, None));
        service.catalogue = vec![field; 2_000];
        assert!(annex_too_large(&service).is_some() && leaf_too_large(agreement, &service).is_some());
    }
}
