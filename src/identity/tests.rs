//! Recognition on real certificates, made by the development PKI.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::*;
use crate::identity::development::Caller;
use crate::identity::development::Flaw;
use crate::identity::development::Plan;
use crate::identity::registry::FormerId;

fn agency(id: &str) -> Agency {
    Agency {
        id: id.parse().unwrap(),
        name: Text::new(id, id),
        formerly: Vec::new(),
        roles: [Role::Exchange].into(),
        organization_identifier: None,
        spki_pins: Vec::new(),
        issuing_ca: None,
        contacts: registry::Contacts::default(),
        networks: Vec::new(),
    }
}

fn registry() -> Registry {
    let until = "2025-06-30".parse().unwrap();
    let finance =
        Agency { formerly: vec![FormerId { id: "H54.05".parse().unwrap(), until }], ..agency("H31.05") };
    let witness = Agency { roles: [Role::Witness].into(), ..agency("H31.10") };
    Registry::new([agency("H31.01.01"), finance, witness].map(Arc::new).into()).unwrap()
}

fn pki(folder: &Path, callers: Vec<Caller>) {
    let plan = Plan { server_names: vec!["localhost".into(), "127.0.0.1".into()], callers };
    development::make(folder, &plan).unwrap();
}

fn read_one(folder: &Path, name: &str) -> Result<Certificate, Unreadable> {
    let path = folder.join(development::AGENCIES).join(format!("{name}.pem"));
    certificate::read(&CertificateDer::from_pem_file(path).unwrap())
}

fn in_2026() -> Timestamp {
    "2026-11-23T02:30:00Z".parse().unwrap()
}

fn judged(codes: &[&str]) -> Result<String, Unrecognized> {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path(), vec![Caller::named("one", codes, Flaw::None)]);
    let certificate = read_one(folder.path(), "one").unwrap();
    who(&certificate, None, &registry(), &Revocations::none(), in_2026()).map(|agency| agency.id.to_string())
}

#[test]
fn one_registered_name_in_its_one_spelling_is_recognized() {
    assert_eq!(judged(&["H31.01.01"]).unwrap(), "H31.01.01");
}

#[test]
fn no_name_and_two_names_are_nobody() {
    assert_eq!(judged(&[]).unwrap_err(), Unrecognized::NotOneAgency(0));
    assert_eq!(judged(&["H31.01.01", "H31.05"]).unwrap_err(), Unrecognized::NotOneAgency(2));
}

#[test]
fn a_name_in_other_letters_is_counted_but_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let uris = vec!["URN:Agency:H31.01.01".to_owned()];
    let shouting = Caller { name: "one".into(), uris, flaw: Flaw::None };
    let both =
        Caller { uris: vec!["urn:agency:H31.01.01".into(), "URN:AGENCY:H31.05".into()], ..shouting.clone() };
    pki(folder.path(), vec![shouting, Caller { name: "two".into(), ..both }]);
    let judge = |name| {
        let certificate = read_one(folder.path(), name).unwrap();
        who(&certificate, None, &registry(), &Revocations::none(), in_2026()).unwrap_err()
    };
    assert!(matches!(judge("one"), Unrecognized::Spelling(_)));
    assert_eq!(judge("two"), Unrecognized::NotOneAgency(2));
}

#[test]
fn a_former_code_authenticates_nobody_and_the_error_names_its_successor() {
    let (old, now) = ("H54.05".parse().unwrap(), "H31.05".parse().unwrap());
    assert_eq!(judged(&["H54.05"]).unwrap_err(), Unrecognized::FormerCode { old, now });
}

#[test]
fn an_agency_that_is_unknown_or_does_not_exchange_is_nobody() {
    assert!(matches!(judged(&["H31.77"]).unwrap_err(), Unrecognized::Unknown(_)));
    assert!(matches!(judged(&["H31.10"]).unwrap_err(), Unrecognized::NoRole(_)));
}

#[test]
fn expiry_and_revocation_are_asked_at_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let named = |name, flaw| Caller::named(name, &["H31.01.01"], flaw);
    pki(
        folder.path(),
        vec![named("good", Flaw::None), named("old", Flaw::Expired), named("revoked", Flaw::Revoked)],
    );
    let lists = Revocations::load(&[folder.path().join(development::CRL)]).unwrap();
    let judge = |name, now| {
        who(&read_one(folder.path(), name).unwrap(), None, &registry(), &lists, now)
            .map(|agency| agency.id.to_string())
    };
    assert!(judge("good", in_2026()).is_ok());
    assert!(matches!(judge("old", in_2026()), Err(Unrecognized::OutOfTime { .. })));
    assert_eq!(judge("revoked", in_2026()), Err(Unrecognized::Revoked));
    let late = "2049-06-01T00:00:00Z".parse().unwrap();
    assert_eq!(judge("good", late), Err(Unrecognized::RevocationUnknown));
}

#[test]
fn a_certificate_for_servers_is_not_one_for_callers() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path(), vec![Caller::named("server", &["H31.01.01"], Flaw::ServerOnly)]);
    assert_eq!(read_one(folder.path(), "server"), Err(Unreadable::NotForClients));
}

#[test]
fn every_selector_that_is_given_must_match() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path(), vec![Caller::named("one", &["H31.01.01"], Flaw::None)]);
    let certificate = read_one(folder.path(), "one").unwrap();
    let ca = CertificateDer::from_pem_file(folder.path().join(development::CA)).unwrap();
    let judge = |agency: Agency, issuer: Option<&[u8]>| {
        let registry = Registry::new(vec![Arc::new(agency)]).unwrap();
        who(&certificate, issuer, &registry, &Revocations::none(), in_2026()).is_ok()
    };
    let pinned =
        |pins: &[crate::crypto::digest::Hash]| Agency { spki_pins: pins.to_vec(), ..agency("H31.01.01") };
    assert!(judge(pinned(&[[0; 32], certificate.spki]), None));
    assert!(!judge(pinned(&[[0; 32]]), None));
    let identified = Agency { organization_identifier: Some("VATVN-1".into()), ..agency("H31.01.01") };
    assert!(!judge(identified, None));
    let issued = |spki| Agency { issuing_ca: Some(spki), ..agency("H31.01.01") };
    assert!(judge(issued(certificate::spki_of(&ca).unwrap()), Some(&ca)));
    assert!(!judge(issued([7; 32]), Some(&ca)));
    assert!(!judge(issued(certificate::spki_of(&ca).unwrap()), None));
}

#[test]
fn a_code_that_names_two_agencies_is_no_registry() {
    let former = FormerId { id: "H31.05".parse().unwrap(), until: "2025-06-30".parse().unwrap() };
    let overlaps = Registry::new(
        [agency("H31.05"), Agency { formerly: vec![former], ..agency("H31.06") }].map(Arc::new).into(),
    )
    .unwrap_err();
    assert_eq!(overlaps.len(), 1);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..512)) {
        let _ = certificate::read(&bytes);
    }

    #[test]
    fn a_certificate_with_a_changed_byte_never_panics(at in 0..2_000_usize, with in proptest::prelude::any::<u8>()) {
        static DER: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            let folder = tempfile::tempdir().unwrap();
            pki(folder.path(), vec![Caller::named("one", &["H31.01.01"], Flaw::None)]);
            CertificateDer::from_pem_file(folder.path().join("agencies/one.pem")).unwrap().to_vec()
        });
        let mut der = DER.clone();
        let at = at % der.len();
        der[at] = with;
        let _ = certificate::read(&der);
    }
}
