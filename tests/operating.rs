//! What operators have a gateway do: a month is forgotten by the order of two of them, while it runs; another log is begun.
#![cfg(test)]

mod world;

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::task::block_in_place;

use phohien::clock::Timestamp;
use phohien::crypto::cms::sign::CmsSigner;
use phohien::crypto::keyfile;
use phohien::crypto::sign::P256Key;
use phohien::message::key::AnswerKey;
use phohien::tlog::checkpoint::SignedHead;
use phohien::tlog::merkle::leaf_hash;
use phohien::tlog::note::VerifierKey;
use phohien::tlog::proof::Proof;

use world::AUDITOR;
use world::CENTRE;
use world::HOSPITAL;
use world::OPERATOR;
use world::PERSON;
use world::STRANGER;
use world::World;
use world::child::Child;
use world::client;
use world::client::Answered;
use world::desk;
use world::kinds;
use world::load::Load;
use world::load::hold_against_log;
use world::machine::path;
use world::machine::skipped;
use world::receipts;
use world::replace;
use world::signing;

/// A month that is long over; nothing of it is in the logs of these tests but its key.
const MONTH: &str = "2026-05";

/// A world that is not open yet, with a key of that month.
async fn world() -> World {
    let world = World::build("").await;
    desk::add(&world, "");
    keyfile::write_new(&key(&world), &[7; 32]).unwrap();
    world
}

fn key(world: &World) -> PathBuf {
    world.folder().join("keys/months").join(format!("{MONTH}.key"))
}

/// The program, asked in English.
fn phohien(world: &World, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    command.args(words).args(["--lang", "en", "--color", "never", "--config"]).arg(world.configuration());
    command
}

/// The same, to be done at the desk by its holder of a certificate.
fn at_desk(world: &World, who: &str, port: u16, words: &[&str]) -> Command {
    let (certificate, private) = world.desk_certificate(who);
    let mut command = phohien(world, words);
    command.args(["--desk", &format!("https://localhost:{port}"), "--connect", &format!("127.0.0.1:{port}")]);
    command.arg("--cert").arg(certificate).arg("--key").arg(private);
    command.arg("--cacert").arg(world.certs().join("desk/ca.pem"));
    command
}

fn run(mut command: Command) -> Output {
    block_in_place(|| command.output().unwrap())
}

fn told(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// An order to forget the month, and the signatures of these over it: `audit forget` with all of them.
fn order(world: &World, signers: &[&str]) -> Vec<String> {
    let file = world.folder().join("order.json");
    let _ = fs::remove_file(&file);
    let drawn = phohien(
        world,
        &["audit", "forget", MONTH, "--order-only", "--reason", "TCVN 11930", "-o", path(&file)],
    );
    assert_eq!(told(&run(drawn)).0, Some(0));
    let content = fs::read(&file).unwrap();
    let mut words = ["audit", "forget", MONTH, "--order", path(&file)].map(str::to_owned).to_vec();
    for (number, who) in signers.iter().enumerate() {
        let (certificate, private) = world.desk_certificate(who);
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let private = PrivateKeyDer::from_pem_file(private).unwrap();
        let signer = CmsSigner::new(private.secret_der(), &certificate).unwrap();
        let signature = world.folder().join(format!("{number}.p7s"));
        world::rot::put(&signature, &signer.sign_detached(&content, Timestamp::UNIX_EPOCH).unwrap());
        words.extend(["--signature".to_owned(), path(&signature).to_owned()]);
    }
    words
}

fn words(order: &[String]) -> Vec<&str> {
    order.iter().map(String::as_str).collect()
}

fn port(world: &World) -> u16 {
    world.gateway().desk_address().unwrap().port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_forgotten_by_a_gateway_that_runs_and_goes_on_serving() {
    let mut world = world().await;
    world.open().await;
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    let order = order(&world, &[OPERATOR, "second-operator"]);
    let forget = || told(&run(at_desk(&world, OPERATOR, port(&world), &words(&order))));
    let (exit, said) = forget();
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("its key is destroyed"), "{said}");
    assert!(!key(&world).exists());
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    let (exit, said) = forget();
    assert!(exit == Some(0) && said.contains("forgotten before"), "{said}");
    let leaves = world.end().await;
    let of = |kind: &str| leaves.iter().filter(|leaf| leaf["kind"] == kind).collect::<Vec<_>>();
    let [forgotten] = of("month.forgotten")[..] else { panic!("one record: {leaves:?}") };
    assert_eq!((&forgotten["month"], &forgotten["signers"][1]["agency"]), (&MONTH.into(), &OPERATOR.into()));
    let ordered = of("node.ordered");
    assert!(ordered.len() == 2 && ordered.iter().all(|leaf| leaf["asked"] == "forget"));
    assert_eq!(of("exchange.released").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_two_operators_signatures_or_an_operator_who_brings_them_nothing_is_forgotten() {
    let mut world = world().await;
    world.open().await;
    let order_of = |signers: &[&str]| order(&world, signers);
    let forget = |who, words: &[&str]| told(&run(at_desk(&world, who, port(&world), words)));
    for (signers, expected) in [
        (&[OPERATOR][..], "needs two signatures"),
        (&[OPERATOR, OPERATOR], "of one key"),
        (&[OPERATOR, AUDITOR], "not an operator's"),
        (&["foreign", OPERATOR], "not an operator's"),
    ] {
        let (exit, said) = forget(OPERATOR, &words(&order_of(signers)));
        assert!(exit == Some(1) && said.contains(expected), "{signers:?}: {said}");
    }
    let good = order_of(&[OPERATOR, "second-operator"]);
    let (exit, said) = forget(AUDITOR, &words(&good));
    assert!(exit == Some(1) && said.contains("403"), "{said}");
    let elsewhere = world.folder().join("elsewhere.json");
    let other = ["audit", "forget", "2026-04", "--order-only", "--reason", "x", "-o", path(&elsewhere)];
    assert_eq!(told(&run(phohien(&world, &other))).0, Some(0));
    let mut wrong = words(&good);
    (wrong[2], wrong[4]) = ("2026-04", path(&elsewhere));
    let (exit, said) = forget(OPERATOR, &wrong);
    assert!(exit == Some(4) && said.contains("not one over this order"), "{said}");
    for body in ["", "{}", "{\"order\":\"!\",\"signatures\":[]}", &" ".repeat(200 << 10)] {
        let refused = client::build("POST", "/operate/forget", &[("content-type", "application/json")], body);
        let refused = world.reader(OPERATOR).send(refused).await.unwrap();
        assert_eq!((refused.status, refused.reason().as_str()), (400, "no-order"));
    }
    let (exit, said) = told(&run(phohien(&world, &words(&good))));
    assert!(exit == Some(3) && said.contains("--desk"), "{said}");
    assert_eq!(fs::read(key(&world)).unwrap(), [7; 32]);
    let leaves = world.end().await;
    assert!(!kinds(&leaves).iter().any(|kind| ["month.forgotten", "node.ordered"].contains(kind)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_killed_while_it_forgets_has_forgotten_once_it_starts_again() {
    if Command::new("strace").arg("-V").output().is_err() {
        return skipped("there is no strace");
    }
    // At the mark, at the entry's objects and behind the entry: where nothing had begun, the order is given once more.
    for (file, call, is_begun) in [
        (format!("keys/months/{MONTH}.forgotten"), "link,linkat", false),
        (format!("keys/months/{MONTH}.key"), "openat", true),
        (format!("keys/months/{MONTH}.key"), "unlink,unlinkat", true),
    ] {
        let world = world().await;
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = |port: u16| format!("[desk]\nlisten = \"127.0.0.1:{port}\"");
        replace(&world.configuration(), &listen(0), &listen(free));
        let file = world.folder().join(file);
        let (calls, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when=1"));
        let strace = ["-P", path(&file), "-e", &calls, "-e", &inject];
        let trace = world.folder().join("trace");
        let child =
            block_in_place(|| Child::serve_tampered(&strace, &trace, &world.configuration())).unwrap();
        let order = order(&world, &[OPERATOR, "second-operator"]);
        let (exit, said) = told(&run(at_desk(&world, OPERATOR, free, &words(&order))));
        assert_eq!(exit, Some(3), "{call}: {said}");
        let _ended = child.ended().await;
        assert!(key(&world).exists(), "{call}");
        let again = block_in_place(|| Child::serve(&world.configuration()));
        assert_eq!(key(&world).exists(), !is_begun, "{call}");
        let (exit, said) = told(&run(at_desk(&world, OPERATOR, free, &words(&order))));
        let expected = if is_begun { "forgotten before" } else { "its key is destroyed" };
        assert!(exit == Some(0) && said.contains(expected), "{call}: {said}");
        again.kill();
        assert_eq!(recorded(&world), 1, "{call}");
    }
}

fn recorded(world: &World) -> usize {
    kinds(&world.verify()).iter().filter(|kind| **kind == "month.forgotten").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_cannot_be_destroyed_is_told_and_keeps_the_next_start_from_hiding_it() {
    let mut world = world().await;
    world.open().await;
    // A folder in its place cannot be overwritten.
    fs::remove_file(key(&world)).unwrap();
    fs::create_dir(key(&world)).unwrap();
    let order = order(&world, &[OPERATOR, "second-operator"]);
    let (exit, said) = told(&run(at_desk(&world, OPERATOR, port(&world), &words(&order))));
    assert_eq!(exit, Some(3), "{said}");
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    world.close().await;
    let refused = world.try_open(false).await.unwrap_err();
    assert!(format!("{refused:?}").contains(MONTH), "{refused:?}");
    fs::remove_dir(key(&world)).unwrap();
    world.open().await;
    let leaves = world.end().await;
    assert_eq!(kinds(&leaves).iter().filter(|kind| **kind == "month.forgotten").count(), 1);
}

/// People beside [`PERSON`].
const OTHERS: [&str; 2] = ["099088000013", "099060000011"];
/// Where the closed log of a rotation lies, beside the new one.
const ASIDE: &str = "log-gw-test-2026";

/// A world whose centre signs its requests under an agreement with quotas of requests and people.
async fn world_of_quotas() -> (World, AnswerKey) {
    let world = World::build("").await;
    desk::add(&world, "");
    let key = AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap();
    signing::register(&world, CENTRE, "k1", &key, (2020, 2099));
    let agreement = world.folder().join("policies/agreements/TT-13.toml");
    let limits = "rate = { requests = 100, per = \"minute\" }\ndaily = 2\nsubjects_per_day = 1";
    replace(&agreement, limits, "daily = 4\nsubjects_per_day = 2");
    replace(&agreement, "kind = ", "signed_requests = true\nkind = ");
    (world, key)
}

/// What a signed look-up of somebody comes to: the status, and the reason.
async fn signed(world: &World, key: &AnswerKey, person: &str, nonce: &str, at: Timestamp) -> (u16, String) {
    let request = client::get(&format!("/mau/cong-dan/{person}"), &[("exchange-purpose", "moi-ngay")]);
    let answered = world.client(CENTRE).send(signing::sign_at(request, key, "k1", nonce, at)).await.unwrap();
    (answered.status, if answered.status == 200 { String::new() } else { answered.reason() })
}

/// The same, signed now.
async fn asked(world: &World, key: &AnswerKey, person: &str) -> (u16, String) {
    signed(world, key, person, &signing::nonce(), signing::now()).await
}

/// Stops a gateway in order.
async fn stopped(gateway: Child) {
    let asked = Command::new("kill").args(["-TERM", &gateway.id().to_string()]).status();
    assert!(asked.unwrap().success() && gateway.ended().await.success());
}

fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_people_and_signatures_go_on_in_the_log_that_follows() {
    let (mut world, key) = world_of_quotas().await;
    let gateway = world.serve();
    let at = signing::now();
    let used = [PERSON, OTHERS[0]].map(|person| (person, signing::nonce()));
    for (person, nonce) in &used {
        assert_eq!(signed(&world, &key, person, nonce, at).await, refused(200, ""));
    }
    stopped(gateway).await;
    replace(&world.configuration(), "gw.test/2026", "gw.test/2027");
    let (exit, said) = told(&run(phohien(&world, &["keys", "rotate"])));
    assert_eq!(exit, Some(0), "{said}");
    let gateway = world.serve();
    let again = signed(&world, &key, used[0].0, &used[0].1, at).await;
    assert_eq!(again, refused(403, "signature-required"), "a signature counts once");
    assert_eq!(asked(&world, &key, OTHERS[1]).await, refused(429, "people-quota"));
    assert_eq!(asked(&world, &key, OTHERS[0]).await, refused(200, ""));
    block_in_place(|| gateway.kill());
    // Somebody moves the closed log away at once: nobody can tell any more what was used.
    let (aside, archive) = (world.folder().join(ASIDE), world.folder().join("archive"));
    fs::rename(&aside, &archive).unwrap();
    let gateway = world.serve();
    let again = signed(&world, &key, used[1].0, &used[1].1, at).await;
    assert_eq!(again, refused(403, "signature-required"));
    block_in_place(|| gateway.kill());
    fs::rename(&archive, &aside).unwrap();
    let gateway = world.serve();
    assert_eq!(asked(&world, &key, PERSON).await, refused(200, ""));
    assert_eq!(asked(&world, &key, PERSON).await, refused(429, "daily-quota"));
    block_in_place(|| gateway.kill());
    for log in ["log", ASIDE] {
        let vkey = fs::read_to_string(world.folder().join(format!("{log}.vkey"))).unwrap();
        let vkey: VerifierKey = vkey.trim().parse().unwrap();
        let read = receipts::read(&world.folder().join(log), &vkey, &[]);
        assert!(read.report.is_sound() && !read.leaves.is_empty(), "{log}: {:?}", read.report.faults);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_under_load_is_ended_for_a_rotation_without_an_answer_that_has_no_record() {
    let mut world = World::build("").await;
    desk::add(&world, "");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = |port: u16| format!("[desk]\nlisten = \"127.0.0.1:{port}\"");
    replace(&world.configuration(), &listen(0), &listen(free));
    let gateway = block_in_place(|| world.serve());
    let (load, calling) = Load::begin(world);
    let world = &load.world;
    while !world.folder().join("log/checkpoint").exists() {
        load.more(50).await;
    }
    let rotate = |who| told(&run(at_desk(world, who, free, &["keys", "rotate"])));
    let (exit, said) = rotate(OPERATOR);
    assert!(exit == Some(2) && said.contains("origin"), "{said}");
    load.more(50).await;
    replace(&world.configuration(), "gw.test/2026", "gw.test/2027");
    let (exit, said) = told(&run(phohien(world, &["keys", "rotate"])));
    assert!(exit == Some(3) && said.contains("--desk"), "{said}");
    let (exit, said) = rotate(AUDITOR);
    assert!(exit == Some(1) && said.contains("403"), "{said}");
    load.more(50).await;
    let (exit, ahead) = told(&run(phohien(world, &["keys", "new"])));
    assert_eq!(exit, Some(0), "{ahead}");
    // The log's keys as they will stand beside it once it is closed: answers that are on their way are verified by them.
    for ending in ["vkey", "answer.pem"] {
        let beside = |log: &str| world.folder().join(format!("{log}.{ending}"));
        fs::copy(beside("log"), beside(ASIDE)).unwrap();
    }
    world.receipts.look_in(&world.folder().join(ASIDE));
    let (exit, said) = rotate(OPERATOR);
    assert_eq!(exit, Some(0), "{said}");
    let key = fs::read_to_string(world.folder().join("log.vkey")).unwrap();
    assert!(said.contains(key.trim()) && ahead.contains(key.trim()), "{said} {ahead}");
    assert!(gateway.ended().await.success());
    let world = load.end(calling).await;
    let (answers, found, proven) = hold_against_log(&world, &world.folder().join(ASIDE));
    println!("answers {answers}, found {found}, proven {proven}");
    assert!(answers > 150 && (answers, answers) == (found, proven));
}

/// The names of a log and of those that follow it.
const ORIGINS: [&str; 3] = ["gw.test/2026", "gw.test/2027", "gw.test/2028"];

/// Looks somebody up in each of [`ORIGINS`], twice for the centre and once for the hospital, with a rotation in between; the ids by log.
async fn three_logs(world: &mut World) -> Vec<[String; 3]> {
    let mut all = Vec::new();
    for (before, origin) in std::iter::once("").chain(ORIGINS).zip(ORIGINS) {
        if !before.is_empty() {
            replace(&world.configuration(), before, origin);
            let (exit, said) = told(&run(phohien(world, &["keys", "rotate"])));
            assert_eq!(exit, Some(0), "{said}");
        }
        let gateway = block_in_place(|| world.serve());
        let mut ids = Vec::new();
        for agency in [CENTRE, HOSPITAL, CENTRE] {
            let path = world::lookup_path();
            let answered = world.client(agency).get(&path, &[("exchange-purpose", "tra-cuu")]).await.unwrap();
            assert_eq!(answered.status, 200);
            ids.push(answered.header("exchange-id").to_owned());
        }
        stopped(gateway).await;
        let kept = world.folder().join(format!("before-{}", all.len()));
        fs::copy(world.folder().join("log/checkpoint"), kept).unwrap();
        all.push(ids.try_into().unwrap());
    }
    all
}

/// The folder of the log with that place in [`ORIGINS`], of which the last is the present one.
fn folder_of(world: &World, log: usize) -> PathBuf {
    let name = if log == 2 { "log".to_owned() } else { ORIGINS[log].replace(['.', '/'], "-") };
    world.folder().join(if log == 2 { name } else { format!("log-{name}") })
}

fn key_of(world: &World, log: usize) -> VerifierKey {
    let vkey = fs::read_to_string(folder_of(world, log).with_extension("vkey")).unwrap();
    vkey.trim().parse().unwrap()
}

async fn receipt(world: &World, agency: &str, path: &str) -> Answered {
    world.client(agency).get(&format!("/receipts{path}"), &[]).await.unwrap()
}

/// The program as an agency's collector.
fn fetch(world: &World, agency: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    let (certificate, private) = world.certificate(agency);
    command.args(["receipt", "fetch", "--lang", "en", "--color", "never"]).args(words);
    command.args(["--gateway", &format!("https://localhost:{}", world.address().port())]);
    command.arg("--connect").arg(world.address().to_string());
    command.arg("--cert").arg(certificate).arg("--key").arg(private);
    command.arg("--cacert").arg(world.certs().join("ca.pem"));
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_of_closed_logs_are_served_on_to_whose_they_are_under_their_own_last_heads() {
    let mut world = World::build("").await;
    desk::add(&world, "");
    let logs = three_logs(&mut world).await;
    world.open().await;
    for (log, ids) in logs.iter().enumerate() {
        let key = key_of(&world, log);
        let served = receipt(&world, CENTRE, &format!("/{}", ids[0])).await;
        assert_eq!(served.status, 200, "{log}");
        let document = served.json();
        assert!(document["salts"]["request"].is_string(), "{document}");
        let entry = &document["entries"][0];
        let leaf = entry["leaf"].as_str().unwrap();
        let proof = Proof::parse(entry["proof"].as_str().unwrap().as_bytes()).unwrap();
        let head = proof.verify(&leaf_hash(leaf.as_bytes()), &key).unwrap();
        if log < 2 {
            let closed = fs::read(folder_of(&world, log).join("checkpoint")).unwrap();
            assert_eq!(head, SignedHead::open(&closed, &key).unwrap(), "its own last head");
        }
        assert!(leaf.contains(&ids[0]));
        assert_eq!(receipt(&world, HOSPITAL, &format!("/{}", ids[0])).await.status, 404, "another's");
        assert_eq!(receipt(&world, HOSPITAL, &format!("/{}", ids[1])).await.status, 200);
        assert_eq!(receipt(&world, STRANGER, &format!("/{}", ids[1])).await.status, 404);
    }
    assert_eq!(receipt(&world, CENTRE, "?after=0&log=gw.test%2F2025").await.status, 404);
    let read = world.read(AUDITOR, &format!("/receipts/{}", logs[0][0])).await;
    assert!(read.status == 200 && read.json()["salts"] == serde_json::json!({}), "{read:?}");
    world.close().await;
    // A head that its own key signed, but not the one that the next log names.
    fs::copy(world.folder().join("before-1"), folder_of(&world, 1).join("checkpoint")).unwrap();
    world.open().await;
    assert_eq!(receipt(&world, CENTRE, &format!("/{}", logs[1][0])).await.status, 404);
    assert_eq!(receipt(&world, CENTRE, &format!("/{}", logs[2][0])).await.status, 200);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_receipts_crosses_from_log_to_log_in_order_and_is_proven_as_one() {
    let mut world = World::build("").await;
    three_logs(&mut world).await;
    let gateway = block_in_place(|| world.serve());
    let trust = world.folder().join("trust");
    let keys: String = (0..3).map(|log| format!("{}\n", key_of(&world, log))).collect();
    world::write(&trust, &keys);
    let list = world.folder().join("list");
    let collect = |words: &[&str]| {
        let words = [words, &["--trust", path(&trust), "-o", path(&list)]].concat();
        let (exit, said) = told(&run(fetch(&world, CENTRE, &words)));
        assert_eq!(exit, Some(0), "{said}");
        fs::read_to_string(&list).unwrap()
    };
    let seqs = |list: &str| -> Vec<u64> {
        let lines = list.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let leaves = lines.filter_map(|line| line["leaf"].as_str().map(str::to_owned));
        leaves
            .map(|leaf| serde_json::from_str::<serde_json::Value>(&leaf).unwrap()["seq"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seqs(&collect(&["--after", "0"])), [1, 2], "of the present log alone");
    let heads = world.folder().join("heads");
    let whole = collect(&["--after", "1", "--log", ORIGINS[0], "--heads", path(&heads)]);
    assert_eq!(seqs(&whole), [2, 1, 2, 1, 2]);
    let verify = |text: &str| {
        world::write(&list, text);
        let verify = ["receipt", "verify", path(&list), "--trust", path(&trust)];
        told(&run(phohien(&world, &verify))).0
    };
    assert_eq!(verify(&whole), Some(0));
    let second = whole.lines().filter(|line| line.contains("leaf")).nth(1).unwrap().to_owned();
    assert_eq!(verify(&whole.replace(&second, "")), Some(4), "the first of the second log is missing");
    // What was seen is held against what comes next, of each log.
    collect(&["--after", "2", "--log", ORIGINS[0], "--heads", path(&heads)]);
    block_in_place(|| gateway.kill());
}
