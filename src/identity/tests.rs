//! Recognition on real certificates, made by the development PKI.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::*;
use crate::identity::development::Caller;
use crate::identity::development::Flaw;
use crate::identity::development::Plan;
use crate::identity::judgement::NotTaken;
use crate::identity::judgement::judge_chain;
use crate::identity::registry::FormerId;
use crate::language::Text;
use crate::listener::tls::Trust;

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
        signing_keys: Vec::new(),
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
    let judge = |agency: Agency, issuer: Option<&Hash>| {
        let registry = Registry::new(vec![Arc::new(agency)]).unwrap();
        who(&certificate, issuer, &registry, &Revocations::none(), in_2026()).is_ok()
    };
    let pinned = |pins: &[Hash]| Agency { spki_pins: pins.to_vec(), ..agency("H31.01.01") };
    assert!(judge(pinned(&[[0; 32], certificate.spki]), None));
    assert!(!judge(pinned(&[[0; 32]]), None));
    let identified = Agency { organization_identifier: Some("VATVN-1".into()), ..agency("H31.01.01") };
    assert!(!judge(identified, None));
    let issued = Agency { issuing_ca: Some([5; 32]), ..agency("H31.01.01") };
    assert!(judge(issued.clone(), Some(&[5; 32])));
    assert!(!judge(issued.clone(), Some(&[7; 32])));
    assert!(!judge(issued, None));
}

fn trust(folder: &Path, anchors: &[&str]) -> Trust {
    let anchors: Vec<_> = anchors.iter().map(|name| folder.join(name)).collect();
    Trust::load(&anchors, Some(&[folder.join(development::CRL)])).unwrap()
}

fn spki(folder: &Path, name: &str) -> Hash {
    certificate::spki_of(&CertificateDer::from_pem_file(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn the_issuer_is_who_signed_the_leaf_and_never_who_stands_second_in_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pki(folder, vec![Caller::named("one", &["H31.01.01"], Flaw::Foreign)]);
    let trust = Trust::load(&[development::CA, development::FOREIGN_CA].map(|name| folder.join(name)), None);
    let read = |name| CertificateDer::from_pem_file(folder.join(name)).unwrap();
    // Both authorities are trusted; the leaf is the second's, and its holder sends the first's certificate along.
    let chain = [read("agencies/one.pem"), read(development::CA)];
    let issuer = trust.unwrap().issuer(&chain, in_2026());
    assert_eq!(issuer, Some(spki(folder, development::FOREIGN_CA)));
    assert_ne!(issuer, Some(spki(folder, development::CA)));
}

#[test]
fn a_chain_is_judged_as_the_handshake_and_every_request_would_judge_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let named = |name, flaw| Caller::named(name, &["H31.01.01"], flaw);
    pki(
        folder,
        vec![
            named("good", Flaw::None),
            named("old", Flaw::Expired),
            named("foreign", Flaw::Foreign),
            named("server", Flaw::ServerOnly),
            named("revoked", Flaw::Revoked),
            Caller::named("former", &["H54.05"], Flaw::None),
        ],
    );
    let (trust, revoked) = (trust(folder, &[development::CA]), lists(folder));
    let judge = |name: &str, at: &str| {
        let pem = std::fs::read(folder.join(format!("agencies/{name}.pem"))).unwrap();
        let taken = judge_chain(&pem, &trust, &registry(), &revoked, at.parse().unwrap());
        taken.map(|taken| taken.agency.id.to_string())
    };
    assert_eq!(judge("good", "2026-11-23T02:30:00Z").unwrap(), "H31.01.01");
    assert_eq!(judge("old", "2024-11-23T02:30:00Z").unwrap(), "H31.01.01");
    // The authority's list has lapsed: nobody can say any more who was revoked.
    assert!(matches!(judge("good", "2049-06-01T00:00:00Z"), Err(NotTaken::Handshake(_))));
    for name in ["old", "foreign", "server", "revoked"] {
        let refused = judge(name, "2026-11-23T02:30:00Z");
        assert!(matches!(refused, Err(NotTaken::Handshake(_))), "{name}: {refused:?}");
    }
    let former = judge("former", "2026-11-23T02:30:00Z").unwrap_err();
    assert!(matches!(former, NotTaken::Unrecognized(Unrecognized::FormerCode { .. })), "{former:?}");
    assert!(matches!(judge_chain(b"", &trust, &registry(), &revoked, in_2026()), Err(NotTaken::Length(0))));
}

fn lists(folder: &Path) -> Revocations {
    Revocations::load(&[folder.join(development::CRL)]).unwrap()
}

#[test]
fn a_list_tells_when_it_lapses_and_no_list_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    pki(folder.path(), Vec::new());
    assert_eq!(lists(folder.path()).next_update(), Some("2049-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(Revocations::none().next_update(), None);
    assert!(matches!(Revocations::load(&[]), Err(revocation::RevocationError::None)));
}

#[test]
fn keys_are_for_their_owner_alone_and_nothing_is_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("certs");
    let plan = Plan::usual(&["H31.01.01".parse().unwrap()]);
    let made = development::make(&folder, &plan).unwrap();
    let mode = |name: &Path| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(Path::new("")), mode(Path::new(development::AGENCIES))), (0o700, 0o700));
    assert!(made.private.contains(&"agencies/H31.01.01.key".into()), "{made:?}");
    assert!(made.private.iter().all(|name| mode(name) == 0o600), "{made:?}");
    assert!(made.public.iter().all(|name| folder.join(name).is_file()), "{made:?}");
    let before = std::fs::read(folder.join(development::SERVER_KEY)).unwrap();
    assert!(matches!(development::make(&folder, &plan), Err(development::PkiError::File { .. })));
    assert_eq!(std::fs::read(folder.join(development::SERVER_KEY)).unwrap(), before);
}

#[test]
fn every_reason_has_a_code_of_its_own_and_a_text_in_both_languages() {
    let id: AgencyId = "H31.01.01".parse().unwrap();
    let reasons = [
        Unrecognized::Unreadable(Unreadable::Malformed),
        Unrecognized::NotOneAgency(2),
        Unrecognized::Spelling("URN:AGENCY:H31".into()),
        Unrecognized::FormerCode { old: "H54.05".parse().unwrap(), now: id.clone() },
        Unrecognized::Unknown(id.clone()),
        Unrecognized::NoRole(id.clone()),
        Unrecognized::Selector { agency: id, selector: "public key" },
        Unrecognized::OutOfTime { not_before: in_2026(), not_after: in_2026(), now: in_2026() },
        Unrecognized::Revoked,
        Unrecognized::RevocationUnknown,
    ];
    let codes: std::collections::BTreeSet<_> = reasons.iter().map(Unrecognized::code).collect();
    assert_eq!(codes.len(), reasons.len());
    for text in reasons.iter().map(Unrecognized::text) {
        assert!(text.vi.ends_with('.') && text.en.ends_with('.') && text.vi != text.en, "{text:?}");
    }
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
