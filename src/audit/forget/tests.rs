use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::approve::Grounds;
use super::approve::NotApproved;
use super::approve::approve;
use super::order::Order;
use super::*;
use crate::audit::commitment::Label;
use crate::audit::disclose::NotDisclosed;
use crate::audit::disclose::disclose;
use crate::audit::evidence::archive::pack;
use crate::audit::evidence::gather::Source;
use crate::audit::evidence::gather::Wish;
use crate::audit::evidence::gather::gather;
use crate::audit::evidence::reading::Lookup;
use crate::audit::evidence::verify::Believed;
use crate::audit::evidence::verify::verify;
use crate::audit::record::Exchange;
use crate::audit::small::ORIGIN;
use crate::audit::small::SmallLog;
use crate::audit::small::append;
use crate::clock::Timestamp;
use crate::crypto::cms::sign::CmsSigner;
use crate::crypto::digest::sha256;
use crate::id::ExchangeId;
use crate::identity::development;
use crate::identity::development::Caller;
use crate::identity::development::Flaw;
use crate::identity::development::Plan;
use crate::identity::registry::Agency;
use crate::identity::registry::Contacts;
use crate::identity::registry::Registry;
use crate::identity::registry::Role;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::listener::tls::Trust;
use crate::policy::model::Suspension;
use crate::policy::model::Suspensions;
use crate::tlog::trust::TrustPolicy;

const OCTOBER: &str = "2026-10-20T02:00:00Z";
/// The second of December.
const LATER: Duration = Duration::from_secs(43 * 86_400);

/// Operators and others with certificates, and what the province knows of them.
struct Offices {
    folder: tempfile::TempDir,
    trust: Trust,
    registry: Registry,
}

impl Offices {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let caller = |name: &str, code: &str, flaw| Caller {
            name: name.to_owned(),
            uris: vec![format!("urn:agency:{code}")],
            flaw,
        };
        let plan = Plan {
            server_names: vec!["localhost".to_owned()],
            callers: vec![
                caller("an", "H31.02", Flaw::None),
                caller("binh", "H31.02", Flaw::None),
                caller("agency", "H31.05", Flaw::None),
                caller("foreign", "H31.02", Flaw::Foreign),
                caller("expired", "H31.02", Flaw::Expired),
            ],
        };
        development::make(folder.path(), &plan).unwrap();
        let trust = Trust::load(&[folder.path().join(development::CA)], None).unwrap();
        let agency = |id: &str, role| {
            Arc::new(Agency {
                id: id.parse().unwrap(),
                name: Text::new(id, id),
                formerly: Vec::new(),
                roles: [role].into(),
                organization_identifier: None,
                spki_pins: Vec::new(),
                issuing_ca: None,
                contacts: Contacts::default(),
                networks: Vec::new(),
                signing_keys: Vec::new(),
            })
        };
        let registry =
            Registry::new(vec![agency("H31.02", Role::Operate), agency("H31.05", Role::Exchange)]).unwrap();
        Self { folder, trust, registry }
    }

    fn sign(&self, name: &str, content: &[u8]) -> Vec<u8> {
        let file =
            |ending: &str| self.folder.path().join(development::AGENCIES).join(format!("{name}.{ending}"));
        let certificate = CertificateDer::from_pem_file(file("pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(file("key")).unwrap();
        let signer = CmsSigner::new(key.secret_der(), &certificate).unwrap();
        signer.sign_detached(content, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn approve(&self, order: &[u8], signatures: &[Vec<u8>], now: &str) -> Result<Approved, NotApproved> {
        self.approve_but(order, signatures, now, &Suspensions::default())
    }

    fn approve_but(
        &self,
        order: &[u8],
        signatures: &[Vec<u8>],
        now: &str,
        suspended: &Suspensions,
    ) -> Result<Approved, NotApproved> {
        let grounds = Grounds {
            trust: &self.trust,
            registry: &self.registry,
            revoked: &Revocations::none(),
            suspended,
            origin: &ORIGIN.parse().unwrap(),
            now: now.parse().unwrap(),
        };
        approve(order, signatures, grounds)
    }

    /// An order that both operators signed.
    fn ordered(&self) -> Approved {
        let order = order(ORIGIN, "2026-10");
        let signatures = [self.sign("an", &order), self.sign("binh", &order)];
        self.approve(&order, &signatures, "2026-12-02T02:00:00Z").unwrap()
    }
}

fn order(origin: &str, month: &str) -> Vec<u8> {
    let at = "2026-12-02T01:00:00Z".parse().unwrap();
    let order = Order::new(&origin.parse().unwrap(), month.parse().unwrap(), "Hết thời hạn lưu trữ", at);
    order.unwrap().text().into_bytes()
}

/// A log with an exchange in October and one in December.
fn world() -> (SmallLog, ExchangeId, ExchangeId) {
    let log = SmallLog::new(OCTOBER);
    let recorder = log.open();
    let october = log.exchange(&recorder, 1, "{}");
    log.clock.advance(LATER);
    let december = log.exchange(&recorder, 2, "{}");
    recorder.close().unwrap();
    (log, october, december)
}

fn records(log: &Path) -> Vec<Value> {
    let leaves = scan(log).map(|item| serde_json::from_slice::<Value>(&item.unwrap().1.leaf).unwrap());
    leaves.filter(|leaf| leaf["kind"] == "month.forgotten").collect()
}

#[test]
fn two_operators_must_sign_the_very_order_each_by_a_key_of_their_own() {
    let offices = Offices::new();
    let (good, other) = (order(ORIGIN, "2026-10"), order(ORIGIN, "2026-09"));
    let [an, binh] = ["an", "binh"].map(|name| offices.sign(name, &good));
    let refused = |order: &[u8], signatures: &[&Vec<u8>], now: &str| {
        let signatures: Vec<_> = signatures.iter().map(|one| (*one).clone()).collect();
        offices.approve(order, &signatures, now).unwrap_err()
    };
    let now = "2026-12-02T02:00:00Z";
    assert!(offices.approve(&good, &[an.clone(), binh.clone()], now).is_ok());
    assert!(matches!(refused(&good, &[&an], now), NotApproved::Count(1)));
    assert!(matches!(refused(&good, &[&an, &binh, &an], now), NotApproved::Count(3)));
    assert!(matches!(refused(&good, &[&an, &an], now), NotApproved::OneKey));
    assert!(matches!(refused(&good, &[&an, &offices.sign("an", &good)], now), NotApproved::OneKey));
    assert!(matches!(refused(&other, &[&an, &binh], now), NotApproved::Signature { number: 1, .. }));
    for (name, number) in [("agency", 2), ("foreign", 2), ("expired", 2)] {
        let signature = offices.sign(name, &good);
        let fault = refused(&good, &[&an, &signature], now);
        assert!(matches!(fault, NotApproved::Signer { number: at, .. } if at == number), "{name}: {fault:?}");
    }
    let elsewhere = order("gw2.example/2026", "2026-10");
    assert!(matches!(refused(&elsewhere, &[&an, &binh], now), NotApproved::OtherLog(_)));
    for now in ["2026-10-31T23:59:59Z", "2026-11-01T23:59:59Z", "2026-01-01T00:00:00Z"] {
        assert!(matches!(refused(&good, &[&an, &binh], now), NotApproved::NotOver(_)), "{now}");
    }
    assert!(offices.approve(&good, &[an, binh], "2026-11-02T00:00:00Z").is_ok());
}

#[test]
fn nobody_signs_whose_certificate_or_agency_is_suspended() {
    let (offices, order) = (Offices::new(), order(ORIGIN, "2026-10"));
    let signatures = [offices.sign("an", &order), offices.sign("binh", &order)];
    let now = "2026-12-02T02:00:00Z";
    let approved = offices.approve(&order, &signatures, now).unwrap();
    let since = jiff::civil::Date::constant(2026, 12, 1);
    let held = Suspension { since, reason: "x".to_owned() };
    let certificates = [(sha256(&approved.signers()[1].signed.certificate), held.clone())].into();
    let one = Suspensions { certificates, ..Suspensions::default() };
    let agency =
        Suspensions { agencies: [("H31.02".parse().unwrap(), held)].into(), ..Suspensions::default() };
    for (suspended, number) in [(one, 2), (agency, 1)] {
        let refused = offices.approve_but(&order, &signatures, now, &suspended).unwrap_err();
        assert!(matches!(refused, NotApproved::Suspended(at) if at == number), "{refused:?}");
    }
}

#[test]
fn a_month_of_which_an_exchange_is_under_way_is_left_as_it_is() {
    let (log, october, _) = world();
    let recorder = log.open();
    let open = |id| append(&recorder, "H31.05", id, &Record::Opened(Exchange::default()), Vec::new());
    open(ExchangeId::new(october.unix_millis() + 60_000, &[7; 10]));
    let refused = forget(&recorder, &log.log(), &Offices::new().ordered());
    assert!(matches!(refused, Err(NotForgotten::UnderWay(1))), "{refused:?}");
    assert!(recorder.months().kept(october).unwrap().is_some() && records(&log.log()).is_empty());
    recorder.settle_orphans().unwrap();
    // One of another month is no obstacle.
    open(ExchangeId::new(october.unix_millis() + 40 * 86_400_000, &[8; 10]));
    assert!(forget(&recorder, &log.log(), &Offices::new().ordered()).unwrap().destroyed);
    recorder.close().unwrap();
}

#[test]
fn a_forgotten_month_is_unreadable_and_recorded_once_and_every_proof_stays_valid() {
    let (log, october, december) = world();
    let offices = Offices::new();
    let recorder = log.open();
    let done = forget(&recorder, &log.log(), &offices.ordered()).unwrap();
    assert_eq!(done, Done { recorded_before: false, destroyed: true });
    let again = forget(&recorder, &log.log(), &offices.ordered()).unwrap();
    assert_eq!(again, Done { recorded_before: true, destroyed: false });
    assert!(recorder.months().of(october).is_err() && recorder.months().kept(october).unwrap().is_none());
    recorder.close().unwrap();
    let [record] = &records(&log.log())[..] else { panic!("one record") };
    assert_eq!((&record["month"], &record["signers"][1]["agency"]), (&"2026-10".into(), &"H31.02".into()));
    for name in [&record["order"], &record["signers"][0]["signature"], &record["signers"][0]["certificate"]] {
        assert!(log.log().join("objects").join(name.as_str().unwrap()).is_file(), "{name}");
    }
    assert!(!log.months_folder().join("2026-10.key").exists());
    let told = |id| disclose(Lookup::through(&log.log()), &log.months(), id, Label::Answer, None);
    assert!(matches!(told(october), Err(NotDisclosed::Forgotten)) && told(december).is_ok());
    let (folder, key, months) = (log.log(), log.vkey(), log.months());
    let source = Source { log: &folder, index: None, key: &key, months: Some(&months) };
    let wish = Wish { exchanges: [october, december].into(), annexes: true, ..Wish::default() };
    let files = gather(source, &wish).unwrap().files;
    assert_eq!(files.keys().filter(|name| name.ends_with(".annex")).count(), 2);
    assert_eq!(files.keys().filter(|name| name.ends_with(".annex.json")).count(), 1);
    let report = verify(&pack(&files).unwrap(), Believed::of(&TrustPolicy::of_logs(vec![log.vkey()])));
    assert!(report.is_true(), "{report:#?}");
}

#[test]
fn whatever_a_crash_left_undone_the_next_start_does_once() {
    // After each of the four steps: what is kept, what is marked, what is recorded, what is destroyed.
    for step in 1..=4 {
        let (log, october, _) = world();
        let recorder = log.open();
        let approved = Offices::new().ordered();
        let forgotten = kept(&recorder, &approved).unwrap();
        if step >= 2 {
            let mark = serde_json::to_vec(&forgotten).unwrap();
            recorder.months().mark_forgotten(approved.month(), &mark).unwrap();
        }
        if step >= 3 {
            recorder.write(&Record::MonthForgotten(forgotten)).unwrap();
        }
        if step >= 4 {
            recorder.months().destroy(approved.month()).unwrap();
        }
        recorder.log().close();
        for _ in 0..2 {
            log.open().close().unwrap();
        }
        let (recorded, key) = (records(&log.log()).len(), log.months_folder().join("2026-10.key").exists());
        let expected = if step == 1 { (0, true) } else { (1, false) };
        assert_eq!((recorded, key), expected, "after step {step}");
        assert_eq!(log.months().kept(october).unwrap().is_some(), step == 1);
    }
}

#[test]
fn a_key_that_came_back_from_a_backup_is_not_used_and_is_destroyed_at_the_next_start() {
    let (log, october, _) = world();
    let key = log.months_folder().join("2026-10.key");
    let backup = std::fs::read(&key).unwrap();
    let recorder = log.open();
    forget(&recorder, &log.log(), &Offices::new().ordered()).unwrap();
    recorder.close().unwrap();
    crate::crypto::keyfile::write_new(&key, &backup).unwrap();
    assert!(log.months().kept(october).unwrap().is_none());
    log.open().close().unwrap();
    assert!(!key.exists());
    assert_eq!(records(&log.log()).len(), 1);
}

#[test]
fn a_mark_that_is_damaged_stops_the_start_rather_than_keeping_the_key_in_silence() {
    let (log, ..) = world();
    log.months().mark_forgotten("2026-10".parse().unwrap(), b"nonsense").unwrap();
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| log.open()));
    assert!(opened.is_err());
}
