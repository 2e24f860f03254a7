use super::*;

use std::sync::Arc;

use serde_json::json;

use crate::audit::chain::Chains;
use crate::audit::directory::Directory;
use crate::audit::facts::AgreementFacts;
use crate::audit::facts::Facts;
use crate::audit::record::Draft;
use crate::audit::record::Exchange;
use crate::audit::record::Record;
use crate::audit::verify::Judge;
use crate::config::read::read_text;
use crate::config::settings::Algorithm;
use crate::config::settings::SignerSettings;
use crate::crypto::digest::sha256;
use crate::crypto::keyfile;
use crate::crypto::sign::Ed25519Key;
use crate::id::ExchangeId;
use crate::identity::development;
use crate::server::attend::attend;
use crate::tlog;
use crate::tlog::Placed;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::disk::OsDisk;
use crate::tlog::fsck;
use crate::tlog::merkle::verify_inclusion;
use crate::tlog::reader::scan;

const OLD: &str = "gw1.example/2026";
const NEW: &str = "gw1.example/2027";
const ASIDE: &str = "log-gw1-example-2026";

/// A gateway's folder with a log that has some entries, and one of them as its caller holds it; `origin` is changed already.
struct World {
    folder: tempfile::TempDir,
    settings: Settings,
    receipt: Placed,
    old_key: Vec<u8>,
    old_answer: Vec<u8>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = include_str!("../../../deploy/gateway.toml");
        let mut settings = read_text("gateway.toml", text, folder.path()).unwrap();
        settings.policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        settings.log.origin = OLD.parse().unwrap();
        settings.index = Place::Folder(folder.path().join("index"));
        drop(settings.index.turn().unwrap());
        drop(settings.index.open().unwrap());
        let note = |recorder: &Recorder| {
            charge(recorder);
            recorder.note(&Record::NodeStopped {})
        };
        let receipt = attend(&settings, clock(), note).await.unwrap().unwrap();
        let old_key = std::fs::read(settings.keys.join("log.key")).unwrap();
        let old_answer = std::fs::read(settings.keys.join("answer.key")).unwrap();
        settings.log.origin = NEW.parse().unwrap();
        Self { folder, settings, receipt, old_key, old_answer }
    }

    /// Does something with the log as it is now, of that origin.
    async fn attend_to<T: Send + 'static>(
        &self,
        origin: &str,
        work: impl FnOnce(&Settings, &Recorder) -> T + Send + 'static,
    ) -> T {
        let (mut settings, given) = (self.settings.clone(), self.settings.clone());
        settings.log.origin = origin.parse().unwrap();
        attend(&settings, clock(), move |recorder: &Recorder| work(&given, recorder)).await.unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn rotate(&self) -> Result<Rotated, RotateError> {
        rotate(&self.settings, clock()).await
    }

    /// What opening it for something else comes to.
    async fn attend(&self, settings: &Settings) -> Result<(), AttendError> {
        attend(settings, clock(), |_: &Recorder| ()).await
    }

    /// The first steps of a rotation that is then left alone.
    async fn begin(&self, steps: usize) {
        close(&self.settings, OLD.parse().unwrap(), clock()).await.unwrap();
        let rotation = Rotation::begun(&self.settings, clock()).unwrap();
        for step in &STEPS[..steps] {
            rotation.take(*step).await.unwrap();
        }
    }

    /// All that holds once it is done, however it came about.
    async fn check(&self, rotated: &Rotated) {
        let (old, new) = (leaves(&self.path(ASIDE)), leaves(&self.path("log")));
        assert_eq!(kinds(&new), ["log.opened", "keys.rotated", "quotas.carried"]);
        assert_eq!(kinds(&old).last().unwrap(), "log.closed");
        assert_eq!(kinds(&old).iter().filter(|kind| *kind == "log.closed").count(), 1);
        assert_eq!((&new[0]["seq"], &new[1]["seq"]), (&1.into(), &2.into()), "the chains begin anew");
        let (retired, key) = (vkey(&self.path(ASIDE)), vkey(&self.path("log")));
        assert_eq!((retired.name(), key.name()), (OLD, NEW));
        let end = old.last().unwrap();
        assert_eq!(end["successor"], json!({ "origin": NEW, "vkey": key.to_string() }));
        let (size, root) = (sound(&self.path(ASIDE), &retired), published(&self.path(ASIDE)).unwrap().root);
        assert_eq!(sound(&self.path("log"), &key), 3);
        let keys = Keys::read_or_make(&self.settings.keys, Algorithm::P256).unwrap();
        assert_eq!(new[0]["answer_keys"], json!([keys.answer_spki()]));
        assert_eq!(new[1]["answer_key"], new[0]["answer_keys"][0]);
        assert_eq!(new[1]["retired_answer_key"], old[0]["answer_keys"][0]);
        assert_ne!(new[1]["answer_key"], new[1]["retired_answer_key"]);
        let beside = std::fs::read_to_string(self.path(&format!("{ASIDE}.answer.pem"))).unwrap();
        assert_eq!(
            beside,
            old_pem(&self.old_answer),
            "old answers are verified by what lies beside their log"
        );
        assert_eq!(
            new[0]["predecessor"],
            json!({ "origin": OLD, "size": size, "root": hex(&root), "vkey": retired.to_string() })
        );
        assert_eq!(new[1]["retired"], json!(retired.to_string()));
        assert_eq!((&rotated.key, &rotated.closed), (&key, &self.path(ASIDE)));
        assert!(self.path(&format!("{ASIDE}.answer.pem")).is_file());
        let mut names: Vec<String> = std::fs::read_dir(&self.settings.keys)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["answer.key", "log.key", "people.counted", "people.key"]);
        assert_ne!(std::fs::read(self.settings.keys.join("log.key")).unwrap(), self.old_key);
        assert!(!self.path("index/index.sqlite").exists());
        let counted = self.attend_to(NEW, |_, recorder| recorder.charged().carried()).await;
        assert_eq!(serde_json::to_value(counted).unwrap(), new[2]["accounts"]);
        let expected = json!([
            { "agency": "H31.01.01", "agreement": "TT-2026-001", "day": "2026-12-31", "month": 3, "today": 2 },
            { "agency": "H31.06.11", "agreement": "TT-2026-004", "day": "2026-12-30", "month": 1, "today": 1 }
        ]);
        assert_eq!(new[2]["accounts"], expected);
        let begun = ["log.opened", "keys.rotated", "quotas.carried"];
        let started = ["policy.changed", "node.started", "node.stopped"];
        assert_eq!(kinds(&leaves(&self.path("log"))), [&begun[..], &started].concat());
    }
}

/// Exchanges that count towards quotas.
fn charge(recorder: &Recorder) {
    for (number, (agreement, agency, day)) in (1..).zip([
        ("TT-2026-001", "H31.01.01", "2026-12-30"),
        ("TT-2026-001", "H31.01.01", "2026-12-31"),
        ("TT-2026-001", "H31.01.01", "2026-12-31"),
        ("TT-2026-004", "H31.06.11", "2026-12-30"),
    ]) {
        let id = ExchangeId::new(1_798_700_000_000, &[number; 10]);
        let facts = Facts {
            agreement: Some(AgreementFacts { id: agreement.to_owned(), version: 1, clause: Some(1) }),
            charged: Some(day.to_owned()),
            ..Facts::default()
        };
        let record = Record::Failed {
            exchange: Exchange { facts, ..Exchange::default() },
            status: None,
            hop: "platform",
            reason: "platform-timeout",
            bytes: None,
        };
        let draft = Draft::new(agency.parse().unwrap(), Some(id), &record, Vec::new()).unwrap();
        recorder.log().reserve().unwrap().append(draft).wait().unwrap();
    }
}

fn plan_of(settings: &Settings, recorder: &Recorder) -> Result<Plan, RotateError> {
    let policies = signers::policies(settings, clock().now(), clock().now()).unwrap();
    plan(settings, recorder, &policies, &clock())
}

fn old_pem(der: &[u8]) -> String {
    keys::pem(&crate::message::key::AnswerKey::from_pkcs8(der).unwrap().public())
}

fn clock() -> Clock {
    Clock::by_hand("2026-12-31T10:00:00Z".parse().unwrap())
}

fn leaves(log: &Path) -> Vec<Value> {
    scan(log).map(|item| serde_json::from_slice(&item.unwrap().1.leaf).unwrap()).collect()
}

fn kinds(leaves: &[Value]) -> Vec<String> {
    leaves.iter().map(|leaf| leaf["kind"].as_str().unwrap().to_owned()).collect()
}

fn vkey(log: &Path) -> VerifierKey {
    std::fs::read_to_string(log.with_extension("vkey")).unwrap().trim().parse().unwrap()
}

/// How many entries a folder has in which nothing is wrong.
fn sound(log: &Path, key: &VerifierKey) -> u64 {
    let mut judge = Judge::new();
    let report = fsck::verify(log, Some(key), &[], &mut judge, &mut |_, _| ());
    assert!(report.is_sound() && judge.end().is_settled(), "{:?}", report.faults);
    assert_eq!(report.published, Some(report.entries));
    report.entries
}

fn is_ended<T>(opened: Result<T, AttendError>) -> bool {
    matches!(
        opened,
        Err(AttendError::Start(StartError::Log(BeginError::Open(OpenError::Ended { successor, .. }))))
            if successor == NEW
    )
}

#[tokio::test]
async fn both_logs_verify_and_what_the_old_one_proved_it_proves_still() {
    let world = World::new().await;
    let rotated = world.rotate().await.unwrap();
    world.check(&rotated).await;
    let (key, held) = (vkey(&world.path(ASIDE)), &world.receipt);
    let head = SignedHead::open(held.head.note.as_bytes(), &key).unwrap();
    verify_inclusion(&held.leaf_hash, held.index, head.size, &held.path(), &head.root).unwrap();
    let known = [fsck::Known { size: head.size, root: head.root }];
    let report = fsck::verify(&world.path(ASIDE), Some(&key), &known, &mut Judge::new(), &mut |_, _| ());
    assert!(report.is_sound(), "{:?}", report.faults);
}

#[tokio::test]
async fn a_log_that_was_closed_for_good_is_opened_by_nobody() {
    let world = World::new().await;
    world.rotate().await.unwrap();
    let mut old = world.settings.clone();
    (old.log.folder, old.log.origin) = (world.path(ASIDE), OLD.parse().unwrap());
    let beside = std::fs::read(world.path(&format!("{ASIDE}.vkey"))).unwrap();
    assert!(is_ended(world.attend(&old).await), "with the new key");
    assert_eq!(std::fs::read(world.path(&format!("{ASIDE}.vkey"))).unwrap(), beside);
    old.keys = world.path("kept");
    keyfile::write_new(&old.keys.join("log.key"), &world.old_key).unwrap();
    assert!(is_ended(world.attend(&old).await), "with its own key, which somebody kept");
    sound(&world.path(ASIDE), &vkey(&world.path(ASIDE)));
}

#[tokio::test]
async fn a_crash_after_any_step_is_carried_on_by_the_next_run_and_no_gateway_starts_before() {
    for steps in 0..STEPS.len() {
        let world = World::new().await;
        world.begin(steps).await;
        for origin in [OLD, NEW] {
            let mut settings = world.settings.clone();
            settings.log.origin = origin.parse().unwrap();
            let opened = world.attend(&settings).await;
            assert!(matches!(opened, Err(AttendError::Start(StartError::Rotating))), "{steps}: {opened:?}");
        }
        world.check(&world.rotate().await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_crash_between_the_plan_and_the_entry_that_closes_is_carried_on() {
    let world = World::new().await;
    world.attend_to(OLD, |world, recorder| plan_of(world, recorder).unwrap()).await;
    world.check(&world.rotate().await.unwrap()).await;
}

#[tokio::test]
async fn a_plan_of_a_program_that_kept_the_answer_key_is_carried_on_as_it_was_begun() {
    let world = World::new().await;
    world.attend_to(OLD, |world, recorder| plan_of(world, recorder).unwrap()).await;
    let file = Plan::file(&world.settings.keys);
    let text = std::fs::read_to_string(&file).unwrap();
    let two: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
    std::fs::remove_file(&file).unwrap();
    keyfile::write_new(&file, two.as_bytes()).unwrap();
    std::fs::remove_file(world.settings.keys.join("answer.next.key")).unwrap();
    let answer = std::fs::read(world.settings.keys.join("answer.key")).unwrap();
    world.rotate().await.unwrap();
    let new = leaves(&world.path("log"));
    assert_eq!(kinds(&new), ["log.opened", "keys.rotated"]);
    assert!(new[1].get("answer_key").is_none() && new[1].get("retired_answer_key").is_none());
    assert_eq!(std::fs::read(world.settings.keys.join("answer.key")).unwrap(), answer);
}

#[tokio::test]
async fn a_closed_log_whose_last_head_was_not_published_publishes_it_first() {
    let world = World::new().await;
    let checkpoint = world.path("log/checkpoint");
    let before = world.path("before");
    std::fs::copy(&checkpoint, &before).unwrap();
    world.begin(0).await;
    std::fs::rename(&before, &checkpoint).unwrap();
    world.check(&world.rotate().await.unwrap()).await;
}

#[tokio::test]
async fn a_crash_while_the_keys_are_replaced_is_carried_on() {
    let world = World::new().await;
    world.begin(1).await;
    assert!(keyfile::destroy(&world.settings.keys.join("log.key")).unwrap());
    world.check(&world.rotate().await.unwrap()).await;
}

#[tokio::test]
async fn a_new_log_with_its_first_entry_alone_is_given_the_second() {
    let world = World::new().await;
    world.begin(2).await;
    let rotation = Rotation::begun(&world.settings, clock()).unwrap();
    let key = Ed25519Key::from_pkcs8(&std::fs::read(world.settings.keys.join("log.key")).unwrap()).unwrap();
    let log = tlog::Settings {
        folder: world.path("log"),
        origin: NEW.parse().unwrap(),
        segment_bytes: tlog::SEGMENT_BYTES_MIN,
        queue: 4,
    };
    let chains = Chains::new(Arc::new(Directory::default()), Arc::default());
    let (log, _) = tlog::open(log, Arc::new(OsDisk), key, clock(), chains).unwrap();
    let predecessor = Some(rotation.done.predecessor.clone());
    let opened = Record::LogOpened {
        origin: NEW.to_owned(),
        answer_keys: vec![Keys::read_or_make(&world.settings.keys, Algorithm::P256).unwrap().answer_spki()],
        signers: Vec::new(),
        predecessor,
    };
    let draft = Draft::new(world.settings.operator.clone(), None, &opened, Vec::new()).unwrap();
    log.reserve().unwrap().append(draft).wait().unwrap();
    log.close();
    world.check(&world.rotate().await.unwrap()).await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_is_done() {
    let world = World::new().await;
    let before = sha256(&std::fs::read(world.path("log/checkpoint")).unwrap());
    let mut same = world.settings.clone();
    same.log.origin = OLD.parse().unwrap();
    assert!(matches!(rotate(&same, clock()).await, Err(RotateError::SameOrigin(_))));
    let opened = world.attend(&world.settings).await;
    assert!(matches!(opened, Err(AttendError::Start(StartError::OtherOrigin { .. }))), "{opened:?}");
    assert_eq!(vkey(&world.path("log")).name(), OLD, "what stands beside it is still its own");
    std::fs::create_dir(world.path(ASIDE)).unwrap();
    assert!(matches!(world.rotate().await, Err(RotateError::Taken(_))));
    std::fs::remove_dir(world.path(ASIDE)).unwrap();
    let held = OsDisk;
    let held = crate::tlog::disk::Disk::lock(&held, &world.path("log/lock")).unwrap();
    let refused = world.rotate().await;
    assert!(matches!(
        refused,
        Err(RotateError::Close(AttendError::Start(StartError::Log(BeginError::Open(
            OpenError::InUse { .. }
        )))))
    ));
    drop(held);
    assert_eq!(sha256(&std::fs::read(world.path("log/checkpoint")).unwrap()), before);
    world.begin(0).await;
    let mut other = world.settings.clone();
    other.log.origin = "gw1.example/2028".parse().unwrap();
    assert!(matches!(rotate(&other, clock()).await, Err(RotateError::Begun(to)) if to == NEW));
    assert!(matches!(rotate(&same, clock()).await, Err(RotateError::Begun(to)) if to == NEW));
}

#[tokio::test]
async fn whose_certificates_sign_agreements_is_kept_in_the_new_log_before_a_gateway_starts_on_it() {
    let mut world = World::new().await;
    let made = development::Plan { server_names: vec!["localhost".to_owned()], callers: Vec::new() };
    development::make(&world.path("certs"), &made).unwrap();
    let anchors = vec![world.path("certs").join(development::CA)];
    world.settings.signers = Some(SignerSettings { anchors, crls: None });
    world.settings.require_signed_agreements = true;
    world.rotate().await.unwrap();
    let new = leaves(&world.path("log"));
    let [named] = new[0]["signers"].as_array().unwrap().as_slice() else { panic!("one: {}", new[0]) };
    assert!(world.path("log/objects").join(named.as_str().unwrap()).is_file(), "{named}");
}
