//! Reload: what is put into force while the gateway runs, what is not, and that nobody is hurt by it.
#![cfg(test)]

mod world;

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use phohien::crypto::digest::sha256;
use phohien::server::reload::standing::Part;
use phohien::server::reload::standing::Reloaded;
use phohien::server::run::StartError;

use world::AUDITOR;
use world::CENTRE;
use world::HOSPITAL;
use world::OPERATOR;
use world::PATIENCE;
use world::PROVIDER;
use world::WHOLE;
use world::WITNESS;
use world::World;
use world::authority::Authority;
use world::authority::OF_CENTRE;
use world::client;
use world::client::Answered;
use world::client::Session;
use world::desk;
use world::kinds;
use world::load::Load;
use world::lookup_path;
use world::platform::Manner;

/// How many reloads are made while callers ask.
const RELOADS: usize = 100;

fn looking_up() -> Request<Full<bytes::Bytes>> {
    client::get(&lookup_path(), &[("exchange-purpose", "tra-cuu")])
}

/// Asks over one connection, again and again, until an answer is of this status, and hands that out.
async fn until(world: &World, session: &mut Session, status: u16) -> Answered {
    let asking = async {
        loop {
            let answered = world.ask(session, looking_up()).await.unwrap();
            if answered.status == status {
                return answered;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("it is answered so")
}

async fn until_refused(world: &World, session: &mut Session) -> Answered {
    until(world, session, 403).await
}

/// The command line, over the policies of a world.
fn policy(world: &World, line: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    command.args(["--lang", "en", "policy"]).args(line.split(' ')).args(["--reason", "Lộ khóa"]);
    let output = command.arg("--policies").arg(world.folder().join("policies")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The certificate that the gateway shows at a handshake.
async fn shown(world: &World) -> Vec<u8> {
    let stream = world.client(CENTRE).connect().await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn changes(leaves: &[Value]) -> Vec<&Value> {
    leaves.iter().filter(|leaf| leaf["kind"] == "policy.changed").collect()
}

#[tokio::test]
async fn a_suspension_reaches_open_connections_of_both_versions_of_http_and_what_is_under_way_ends_well() {
    let world = World::start().await;
    let mut h1 = world.client(CENTRE).session().await.unwrap();
    let mut h2 = world.client_over(CENTRE, &["h2"]).session().await.unwrap();
    assert_eq!(world.ask(&mut h1, looking_up()).await.unwrap().status, 200);
    assert_eq!(world.ask(&mut h2, looking_up()).await.unwrap().status, 200);
    let permits = Arc::new(Semaphore::new(0));
    world.platform.behave(Manner::Waits(Arc::clone(&permits), WHOLE.to_owned()));
    let client = world.client_over(CENTRE, &["h2"]);
    let under_way = async { world.call(&client, looking_up()).await };
    let meanwhile = async {
        world.platform.asked(3).await;
        world.platform.behave(Manner::Answers(WHOLE.to_owned()));
        policy(&world, "suspend agreement TT-01");
        let refused = until_refused(&world, &mut h1).await;
        assert_eq!((refused.status, refused.reason().as_str()), (403, "agreement-suspended"));
        assert!(refused.json()["detail"].as_str().unwrap().contains("Lộ khóa"), "{refused:?}");
        // Not "soon": from that moment on nobody is served by it any more, over whichever connection.
        assert_eq!(world.ask(&mut h2, looking_up()).await.unwrap().reason(), "agreement-suspended");
        assert_eq!(world.lookup(HOSPITAL).await.reason(), "agreement-suspended");
        permits.add_permits(1);
    };
    let (answered, ()) = tokio::join!(under_way, meanwhile);
    assert_eq!(answered.status, 200, "what was under way was hurt: {answered:?}");
    policy(&world, "resume agreement TT-01");
    world.until("the resumption", |leaves| changes(leaves).len() == 3).await;
    assert_eq!(world.ask(&mut h1, looking_up()).await.unwrap().status, 200);
    let leaves = world.end().await;
    let suspended = leaves.iter().position(|leaf| leaf == changes(&leaves)[1]).unwrap();
    assert_eq!(leaves[suspended]["old"], changes(&leaves)[0]["new"]);
    let words = leaves[suspended]["changed"]["en"].as_str().unwrap();
    assert!(words.contains("TT-01") && words.contains("Kill switch"), "{words}");
    let late = leaves.iter().rposition(|leaf| leaf["exchange"] == answered.header("exchange-id")).unwrap();
    assert!(late > suspended && leaves[late]["policy"] == leaves[suspended]["old"], "{:?}", leaves[late]);
}

#[tokio::test]
async fn a_suspension_that_is_taken_back_at_once_by_the_very_file_of_before_is_over() {
    let world = World::start().await;
    let mut session = world.client(CENTRE).session().await.unwrap();
    let file = world.folder().join("policies/suspensions.toml");
    let open = fs::read_to_string(&file).unwrap();
    let shut = format!("{open}[[suspend]]\nagreement = \"TT-01\"\nsince = 2026-11-01\nreason = \"x\"\n");
    for _ in 0..2 {
        world::rename_over(&file, &shut);
        assert_eq!(until(&world, &mut session, 403).await.reason(), "agreement-suspended");
        world::rename_over(&file, &open);
        until(&world, &mut session, 200).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_reloads_under_load_lose_no_exchange_and_none_is_judged_by_what_is_not_recorded_yet() {
    let (load, calling) = Load::begin(World::start().await);
    load.more(20).await;
    let file = load.world.folder().join("policies/suspensions.toml");
    let before = fs::read_to_string(&file).unwrap();
    for number in 0..RELOADS {
        world::rename_over(&file, &format!("{before}# {number}\n"));
        assert_eq!(load.world.gateway().reload().await.not_taken, []);
        if number % 10 == 9 {
            load.more(4).await;
        }
    }
    load.more(20).await;
    // The callers assert that every answer is 200.
    let leaves = load.end(calling).await.end().await;
    assert_eq!(changes(&leaves).len(), 1 + RELOADS);
    let mut recorded = HashSet::new();
    for leaf in &leaves {
        recorded.extend(leaf["new"].as_str());
        let decided_by = leaf["policy"].as_str();
        assert!(decided_by.is_none_or(|policy| recorded.contains(policy)), "{leaf}");
    }
    let decided: HashSet<_> = leaves.iter().filter(|leaf| leaf["kind"] == "exchange.released").collect();
    assert!(decided.len() > 60);
}

#[tokio::test]
async fn a_set_with_faults_changes_nothing_and_is_told_until_it_is_mended_and_the_kill_switch_works_meanwhile()
 {
    let mut world = World::build("[metrics]\nlisten = \"127.0.0.1:0\"\n").await;
    world.open().await;
    let draft = world.folder().join("policies/agreements/TT-99.toml");
    world::write(&draft, "id = \"TT-99\"\nconsumers = [\"H31.01.0");
    let Reloaded { changed, not_taken } = world.gateway().reload().await;
    assert!(!changed && not_taken.len() == 1 && not_taken[0].part == Part::Policies, "{not_taken:?}");
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    let page = metrics(&world, "/readyz").await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("policies: what is on the disk"), "{page}");
    let page = metrics(&world, "/metrics").await;
    assert!(
        page.contains("phohien_policy_stale 1") && page.contains("phohien_reload_failed_total 1"),
        "{page}"
    );
    let mut session = world.client(CENTRE).session().await.unwrap();
    policy(&world, "suspend agreement TT-01");
    assert_eq!(until_refused(&world, &mut session).await.reason(), "agreement-suspended");
    policy(&world, "resume agreement TT-01");
    fs::remove_file(&draft).unwrap();
    assert_eq!(world.gateway().reload().await.not_taken, []);
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    assert!(!metrics(&world, "/readyz").await.contains("policies"));
    world.end().await;
}

/// Whoever opens a pipe waits for somebody to write into it: found when the kill switch was dead from then on, and `/readyz` said `ready`.
#[tokio::test]
async fn a_pipe_where_a_file_was_is_told_and_keeps_no_later_reload_waiting() {
    let world = World::start().await;
    for (name, part) in [
        ("policies/suspensions.toml", Part::Policies),
        ("certs/ca.crl.pem", Part::Exchange),
        ("certs/server.key", Part::Exchange),
        ("gateway.toml", Part::Configuration),
    ] {
        let (path, aside) = (world.folder().join(name), world.folder().join("aside"));
        fs::rename(&path, &aside).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let waited = tokio::time::timeout(PATIENCE, world.gateway().reload()).await;
        if waited.is_err() {
            drop(fs::File::options().write(true).open(&path));
        }
        let Reloaded { not_taken, .. } = waited.unwrap_or_else(|_| panic!("{name} was opened"));
        assert!(not_taken.iter().any(|fault| fault.part == part), "{name}: {not_taken:?}");
        fs::rename(&aside, &path).unwrap();
        assert_eq!(world.gateway().reload().await.not_taken, [], "{name}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_certificate_that_is_revoked_meanwhile_is_refused_on_the_open_connection_and_at_the_next_handshake()
{
    let authority = Authority::new("authority");
    let mut world = World::build("").await;
    authority.rule(&world);
    world.open().await;
    let client = world.client(CENTRE);
    let mut session = client.session().await.unwrap();
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    authority.revoke(&world, 2, &[], 2026);
    let not_taken = world.gateway().reload().await.not_taken;
    assert!(not_taken[0].part == Part::Exchange, "a list that has lapsed was taken: {not_taken:?}");
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    authority.revoke(&world, 3, &[OF_CENTRE], 2049);
    assert_eq!(until_refused(&world, &mut session).await.status, 403);
    assert!(world.try_call(&client, looking_up()).await.is_err());
    let leaves = world.end().await;
    let changed = changes(&leaves)[1];
    assert_eq!(changed["old"], changed["new"], "{changed}");
    assert!(changed["beside"]["ca.crl.pem"].is_string(), "{changed}");
}

/// Both at once, as a script that renews everything leaves them: the certificate is not taken, the list is.
#[tokio::test]
async fn a_newer_revocation_list_takes_effect_beside_a_certificate_that_is_not_taken() {
    let authority = Authority::new("authority");
    let mut world = World::build("").await;
    authority.rule(&world);
    world.open().await;
    let mut session = world.client(CENTRE).session().await.unwrap();
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    let before = shown(&world).await;
    let key = world.certs().join("server.key");
    let sound = fs::read_to_string(&key).unwrap();
    world::write(&key, &fs::read_to_string(world.certificate(CENTRE).1).unwrap());
    authority.revoke(&world, 2, &[OF_CENTRE], 2049);
    let Reloaded { changed, not_taken } = world.gateway().reload().await;
    assert!(changed && not_taken.len() == 1 && not_taken[0].part == Part::Exchange, "{not_taken:?}");
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 403, "on the open connection");
    assert!(world.try_call(&world.client(CENTRE), looking_up()).await.is_err(), "at a handshake");
    assert_eq!(shown(&world).await, before, "by the certificate of before");
    // It is in force as any other: none older follows it.
    authority.revoke(&world, 1, &[], 2049);
    assert!(!world.gateway().reload().await.changed);
    assert!(world.try_call(&world.client(CENTRE), looking_up()).await.is_err());
    authority.revoke(&world, 2, &[OF_CENTRE], 2049);
    world::write(&key, &sound);
    assert_eq!(world.gateway().reload().await.not_taken, []);
    let leaves = world.end().await;
    assert!(changes(&leaves)[1]["beside"]["ca.crl.pem"].is_string(), "{}", changes(&leaves)[1]);
}

/// A folder of certificates that is put back from a copy must not make good again what was revoked since.
#[tokio::test]
async fn a_revocation_list_older_than_the_one_in_force_is_refused_at_a_reload_and_at_a_start() {
    let authority = Authority::new("authority");
    let mut world = World::build("").await;
    authority.rule(&world);
    world.open().await;
    let mut session = world.client(CENTRE).session().await.unwrap();
    authority.revoke_as_of(&world, (256, 2024), &[OF_CENTRE], 2049);
    assert_eq!(world.gateway().reload().await.not_taken, []);
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 403);
    let older = [((255, 2025), "số 255", "number 255"), ((300, 2023), "2023-01-01", "2023-01-01")];
    for (edition, vi, en) in older {
        authority.revoke_as_of(&world, edition, &[], 2049);
        let Reloaded { changed, not_taken } = world.gateway().reload().await;
        assert!(!changed && not_taken.len() == 1 && not_taken[0].part == Part::Exchange, "{not_taken:?}");
        let why = &not_taken[0].why;
        assert!(why.contains("CN=authority") && why.contains("256") && why.contains("2024-01-01"), "{why}");
        assert!(why.contains(vi) && why.contains(en), "{why}");
        assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 403, "{edition:?}");
    }
    world.close().await;
    let Err(StartError::Revoked(why)) = world.try_open(false).await else { panic!("it starts") };
    let told = why.text();
    assert!(
        told.vi.contains("cũ hơn") && told.en.contains("older") && told.en.contains("revocation.seen"),
        "{told:?}"
    );
    authority.revoke_as_of(&world, (256, 2024), &[OF_CENTRE], 2049);
    world.open().await;
    assert!(world.try_call(&world.client(CENTRE), looking_up()).await.is_err());
    // An authority that begins anew is believed once somebody says so.
    world.close().await;
    authority.revoke_as_of(&world, (1, 2025), &[], 2049);
    fs::remove_file(world.folder().join("keys/revocation.seen")).unwrap();
    world.open().await;
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    world.end().await;
}

/// Of what one look finds, what takes away is recorded and in force before the rest is built.
#[tokio::test]
async fn of_one_look_a_suspension_and_a_revocation_come_before_the_rest() {
    let authority = Authority::new("authority");
    let mut world = World::build("").await;
    authority.rule(&world);
    world.open().await;
    let agreement = world.folder().join("policies/agreements/TT-01.toml");
    world::replace(&agreement, "version = 1", "version = 2");
    let file = world.folder().join("policies/suspensions.toml");
    let before = fs::read_to_string(&file).unwrap();
    let shut = format!("{before}[[suspend]]\nagreement = \"TT-02\"\nsince = 2026-11-01\nreason = \"x\"\n");
    world::write(&file, &shut);
    authority.revoke(&world, 2, &[OF_CENTRE], 2049);
    let Reloaded { changed, not_taken } = world.gateway().reload().await;
    assert!(changed && not_taken.is_empty(), "{not_taken:?}");
    let leaves = world.end().await;
    let told: Vec<_> =
        changes(&leaves)[1..].iter().map(|leaf| leaf["changed"]["en"].as_str().unwrap().to_owned()).collect();
    let place = |what: &str| {
        told.iter().position(|words| words.contains(what)).unwrap_or_else(|| panic!("{what}: {told:?}"))
    };
    assert!(place("TT-02") < place("TT-01") && place("ca.crl.pem") < place("TT-01"), "{told:?}");
    assert!(!told[place("TT-01")].contains("TT-02"), "{told:?}");
}

#[tokio::test]
async fn an_authority_that_is_taken_out_counts_for_open_connections_too() {
    let authority = Authority::new("authority");
    let mut world = World::build("").await;
    authority.rule(&world);
    world.open().await;
    let mut session = world.client(CENTRE).session().await.unwrap();
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    // Of the same name, so that its list is taken for the other's too; by another key.
    Authority::new("authority").trust(&world);
    let refused = until_refused(&world, &mut session).await;
    assert_eq!((refused.status, refused.reason().as_str()), (403, "no-agreement"));
    world.end().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_whoever_comes_next_and_nobody_who_is_there_is_dropped() {
    let authority = Authority::new("authority");
    let mut world = World::build("").await;
    authority.rule(&world);
    world.open().await;
    let client = world.client(CENTRE);
    let mut session = client.session().await.unwrap();
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    let before = shown(&world).await;
    let key = world.certs().join("server.key");
    world::write(&key, &fs::read_to_string(world.certificate(CENTRE).1).unwrap());
    let Reloaded { changed, not_taken } = world.gateway().reload().await;
    assert!(!changed && not_taken[0].part == Part::Exchange, "another's key was taken: {not_taken:?}");
    assert_eq!(shown(&world).await, before);
    authority.serve(&world, 2);
    assert!(world.gateway().reload().await.not_taken.is_empty());
    assert_ne!(shown(&world).await, before);
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    world.end().await;
}

#[tokio::test]
async fn a_folder_that_is_swapped_through_a_symbolic_link_is_seen() {
    let mut world = World::build("").await;
    let (link, first) = (world.folder().join("policies"), world.folder().join("..2026_1"));
    fs::rename(&link, &first).unwrap();
    symlink(&first, &link).unwrap();
    world.open().await;
    let mut session = world.client(CENTRE).session().await.unwrap();
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    let second = world.folder().join("..2026_2");
    copy(&first, &second);
    let ended = "status = \"ended\"\nsince = 2026-10-01\nreason = \"Hết nhu cầu\"";
    world::replace(&second.join("agreements/TT-01.toml"), "status = \"active\"", ended);
    let next = world.folder().join("..data_tmp");
    symlink(&second, &next).unwrap();
    fs::rename(&next, &link).unwrap();
    assert_eq!(until_refused(&world, &mut session).await.reason(), "agreement-not-in-force");
    world.end().await;
}

#[tokio::test]
async fn what_was_spent_of_limits_stays_spent_over_a_reload() {
    let world = World::start().await;
    let ask =
        async |purpose| world.get(CENTRE, &lookup_path(), &[("exchange-purpose", purpose)]).await.status;
    for purpose in ["gioi-han", "moi-ngay"] {
        assert_eq!(
            [ask(purpose).await, ask(purpose).await, ask(purpose).await],
            [200, 200, 429],
            "{purpose}"
        );
    }
    for number in 0..3 {
        let file = world.folder().join("policies/suspensions.toml");
        world::write(&file, &format!("{}# {number}\n", fs::read_to_string(&file).unwrap()));
        assert_eq!(world.gateway().reload().await.not_taken, []);
        assert_eq!([ask("gioi-han").await, ask("moi-ngay").await], [429, 429], "reload {number}");
    }
    world.end().await;
}

#[tokio::test]
async fn the_caps_and_the_contact_of_the_configuration_are_taken_and_what_is_bound_at_the_start_is_not() {
    let world = World::start().await;
    let configuration = world.configuration();
    world::replace(&configuration, "en = \"The operator\"", "en = \"The new operator\"");
    world::replace(&configuration, "vi = \"Đơn vị vận hành\"", "vi = \"Đơn vị mới\"");
    world::replace(
        &configuration,
        "[limits]",
        "[limits]\ngateway = { requests = 1, per = \"1 d\", burst = 1 }",
    );
    world::replace(&configuration, "listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"");
    assert_eq!(world.gateway().reload().await.not_taken, []);
    assert_eq!([world.lookup(CENTRE).await.status, world.lookup(CENTRE).await.status], [200, 429]);
    assert_eq!(world.lookup(world::STRANGER).await.json()["contact"], "Đơn vị mới");
    world::replace(&configuration, "names = [", "nmaes = [");
    let not_taken = world.gateway().reload().await.not_taken;
    assert!(not_taken.iter().any(|fault| fault.part == Part::Configuration), "{not_taken:?}");
    world.end().await;
}

#[tokio::test]
async fn an_operator_reloads_and_drains_at_the_desk_and_nobody_else_and_no_other_sites_page() {
    let world = desk::world("").await;
    let order = async |who, method, path, origin: Option<&str>| {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let request = client::build(method, path, &headers, "");
        tokio::time::timeout(PATIENCE, world.reader(who).send(request)).await.unwrap().unwrap()
    };
    for path in ["/operate/reload", "/operate/drain"] {
        for other in [AUDITOR, WITNESS, PROVIDER, CENTRE] {
            assert_eq!(order(other, "POST", path, None).await.status, 403, "{other} {path}");
        }
        for origin in ["https://elsewhere.example", "http://localhost", "null"] {
            let refused = order(OPERATOR, "POST", path, Some(origin)).await;
            assert_eq!((refused.status, refused.reason().as_str()), (403, "cross-site"), "{origin} {path}");
        }
        assert_eq!(order(OPERATOR, "GET", path, None).await.status, 404, "{path}");
    }
    assert!(!kinds(&world.verify()).contains(&"node.ordered"));
    world::write(&world.folder().join("policies/suspensions.toml"), "# nobody\n");
    let reloaded = order(OPERATOR, "POST", "/operate/reload", Some("https://localhost")).await;
    assert_eq!((reloaded.status, &reloaded.json()["not_taken"]), (200, &Value::Array(Vec::new())));
    let leaves = world.verify();
    assert_eq!(changes(&leaves).len(), 2);
    assert!(leaves.iter().any(|leaf| leaf["kind"] == "node.ordered" && leaf["asked"] == "reload"));
    let (certificate, _) = world.desk_certificate(AUDITOR);
    assert_eq!(world.read(AUDITOR, "/checkpoint").await.status, 200);
    policy(&world, &format!("suspend certificate {}", fingerprint(&certificate)));
    assert_eq!(world.gateway().reload().await.not_taken, []);
    assert_eq!(world.read(AUDITOR, "/checkpoint").await.status, 403);
    assert_eq!(order(OPERATOR, "POST", "/operate/drain", None).await.status, 202);
    tokio::time::timeout(PATIENCE, world.gateway().told_to_drain()).await.expect("it is to end");
    world.end().await;
}

#[tokio::test]
async fn the_exchange_does_not_come_to_trust_the_authority_of_the_desk_by_a_reload() {
    let world = desk::world("").await;
    let client = world.client(CENTRE);
    fs::copy(world.certs().join("desk/ca.pem"), world.certs().join("ca.pem")).unwrap();
    let Reloaded { changed, not_taken } = world.gateway().reload().await;
    assert!(!changed && not_taken[0].part == Part::Desk, "{not_taken:?}");
    assert_eq!(world.call(&client, looking_up()).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn a_hang_up_signal_reloads_and_ends_nothing() {
    let mut world = World::build("").await;
    let child = world.serve();
    let mut session = world.client(CENTRE).session().await.unwrap();
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    world::write(&world.folder().join("policies/suspensions.toml"), "# nobody\n");
    let hung_up = Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap();
    assert!(hung_up.success());
    world.until("the change", |leaves| changes(leaves).len() == 2).await;
    assert_eq!(world.ask(&mut session, looking_up()).await.unwrap().status, 200);
    assert!(kinds(&world.verify()).iter().all(|kind| *kind != "node.stopped"));
    child.kill();
    world.end().await;
}

/// SHA-256 of a certificate, as openssl and people write it.
fn fingerprint(certificate: &Path) -> String {
    let der = CertificateDer::from_pem_file(certificate).unwrap();
    sha256(&der).map(|byte| format!("{byte:02X}")).join(":")
}

async fn metrics(world: &World, path: &str) -> String {
    let mut stream = TcpStream::connect(world.gateway().metrics_address().unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

/// A copy of a folder of policies.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// An agreement of the centre alone, its purpose, and the two by whose certificates its parties sign.
const SIGNED: (&str, &str, [&str; 2]) = ("TT-04", "gio-hanh-chinh", ["provider", CENTRE]);

/// Has a party sign; what is said on standard error.
fn sign(world: &World, by: &str) -> String {
    let (certificate, key) = world.certificate(by);
    let file = world.folder().join(format!("policies/agreements/{}.toml", SIGNED.0));
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    command.args(["--lang", "en", "policy", "sign"]).arg(file).arg("--cert").arg(certificate);
    String::from_utf8(command.arg("--key").arg(key).output().unwrap().stderr).unwrap()
}

async fn ask_under_it(world: &World) -> Answered {
    world.get(CENTRE, &lookup_path(), &[("exchange-purpose", SIGNED.1)]).await
}

/// A world in which TT-04 must be signed: its provider's certificate is of the world's authority, and the centre's of another, which can
/// take it back. Nobody has signed yet.
async fn world_of_signers(authority: &Authority) -> World {
    let settings = "require_signed_agreements = true\n[signers]\nanchors = [\"signers.pem\", \"ca.pem\"]\nrevocation = [\"signers.crl.pem\", \"ca.crl.pem\"]\n";
    let world = World::build(settings).await;
    for (from, to) in [("ca.pem", "signers.pem"), ("ca.crl.pem", "signers.crl.pem")] {
        fs::copy(world.certs().join(from), world.certs().join(to)).unwrap();
    }
    authority.rule(&world);
    let file = world.folder().join(format!("policies/agreements/{}.toml", SIGNED.0));
    let said = sign(&world, "provider");
    let block: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("relies_on")).take(5).collect();
    world::replace(&file, "[[permit]]", &format!("{}\n[[permit]]", block.join("\n")));
    world
}

#[tokio::test]
async fn where_signatures_are_required_no_reload_puts_an_agreement_into_force_that_lacks_them() {
    let mut world = world_of_signers(&Authority::new("authority")).await;
    world.open().await;
    let refused = ask_under_it(&world).await;
    assert_eq!((refused.status, refused.reason().as_str()), (403, "agreement-not-in-force"));

    SIGNED.2.iter().for_each(|by| assert_eq!(sign(&world, by), ""));
    assert_eq!(world.gateway().reload().await.not_taken, []);
    assert_eq!(ask_under_it(&world).await.status, 200);

    let file = world.folder().join(format!("policies/agreements/{}.toml", SIGNED.0));
    world::replace(&file, "[[permit]]", "# nobody signed this\n[[permit]]");
    assert_eq!(world.gateway().reload().await.not_taken, []);
    assert_eq!(ask_under_it(&world).await.reason(), "agreement-not-in-force");
    // The kill switch goes a way of its own, and opens nothing on it.
    policy(&world, "suspend agreement TT-01");
    world.until("the suspension", |leaves| changes(leaves).len() >= 4).await;
    assert_eq!(ask_under_it(&world).await.reason(), "agreement-not-in-force");
    let leaves = world.end().await;
    let named =
        |kind: &str, member: &str| leaves.iter().find(|leaf| leaf["kind"] == kind).unwrap()[member].clone();
    assert_eq!(named("log.opened", "signers").as_array().map(Vec::len), Some(2));
    assert_eq!(named("log.opened", "signers"), named("node.started", "signers"));
    assert_eq!(named("log.opened", "signers"), named("policy.changed", "anchors"));
    let signed: Vec<usize> =
        changes(&leaves).iter().map(|leaf| leaf["signers"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(signed, [0, 2, 0, 0]);
}

/// An object of the log, as whoever has a copy of its folder reads it.
fn object(world: &World, name: &Value) -> std::path::PathBuf {
    world.folder().join("log/objects").join(name.as_str().unwrap())
}

#[tokio::test]
async fn who_signed_which_text_is_proven_by_the_logs_folder_and_openssl_alone() {
    let mut world = world_of_signers(&Authority::new("authority")).await;
    SIGNED.2.iter().for_each(|by| assert_eq!(sign(&world, by), ""));
    world.open().await;
    world.close().await;
    fs::remove_dir_all(world.folder().join("policies/agreements")).unwrap();
    let leaves = world.verify();
    let leaf = changes(&leaves)[0].clone();
    let text = object(&world, &leaf["files"][format!("agreements/{}.toml", SIGNED.0)]);
    for (signer, agency) in leaf["signers"].as_array().unwrap().iter().zip([PROVIDER, CENTRE]) {
        assert_eq!((&signer["agreement"], &signer["agency"]), (&SIGNED.0.into(), &agency.into()));
        let path = object(&world, &signer["path"]);
        let kept = fs::read(&path).unwrap();
        let anchor = CertificateDer::pem_slice_iter(&kept).last().unwrap().unwrap();
        let anchor = phohien::crypto::digest::hex(&sha256(&anchor));
        assert!(leaf["anchors"].as_array().unwrap().contains(&anchor.into()), "{leaf}");
        let verified = |text: &Path| {
            let mut openssl = Command::new("openssl");
            openssl.args(["cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-crl_check"]);
            openssl.arg("-in").arg(object(&world, &signer["signature"])).arg("-content").arg(text);
            openssl.arg("-CAfile").arg(&path).args(["-out", "/dev/null"]).output().unwrap()
        };
        assert!(verified(&text).status.success(), "{:?}", verified(&text));
        assert!(!verified(&path).status.success(), "openssl takes anything");
        let certificate = fs::read(object(&world, &signer["certificate"])).unwrap();
        let names = phohien::identity::certificate::read(&certificate).unwrap().agency_names;
        assert_eq!(names, [format!("urn:agency:{agency}")]);
    }
    // A start names them again: whom they are believed from may be others by then.
    let damaged = object(&world, &leaf["signers"][0]["certificate"]);
    fs::remove_file(damaged).unwrap();
    let mut verify = Command::new(env!("CARGO_BIN_EXE_phohien"));
    let output = verify.args(["audit", "verify"]).arg(world.folder().join("log")).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "a signer's certificate is not missed: {output:?}");
}

#[tokio::test]
async fn whom_signatures_are_believed_from_is_reloaded_whole_and_recorded_first() {
    let authority = Authority::new("authority");
    let mut world = world_of_signers(&authority).await;
    SIGNED.2.iter().for_each(|by| assert_eq!(sign(&world, by), ""));
    world.open().await;
    assert_eq!(ask_under_it(&world).await.status, 200);
    let anchor = world.certs().join("signers.pem");
    let good = fs::read_to_string(&anchor).unwrap();

    // What has faults changes nothing, and does not keep the kill switch from working.
    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        world::write(&anchor, broken);
        let Reloaded { changed, not_taken } = world.gateway().reload().await;
        assert!(!changed && not_taken[0].part == Part::Signers, "{not_taken:?}");
        assert_eq!(ask_under_it(&world).await.status, 200);
    }
    policy(&world, "suspend agreement TT-04");
    world.until("the suspension", |leaves| changes(leaves).len() == 2).await;
    assert_eq!(ask_under_it(&world).await.reason(), "agreement-suspended");
    policy(&world, "resume agreement TT-04");
    world::rename_over(&anchor, &good);
    world.until("the resumption", |leaves| changes(leaves).len() == 3).await;
    assert_eq!(ask_under_it(&world).await.status, 200);

    // Others take its agreements with them, without a file of the policies being touched; and give them back.
    world::rename_over(&anchor, &fs::read_to_string(world.certs().join("foreign-ca.pem")).unwrap());
    world.until("other authorities", |leaves| changes(leaves).len() == 4).await;
    assert_eq!(ask_under_it(&world).await.reason(), "agreement-not-in-force");
    world::rename_over(&anchor, &good);
    world.until("those of before", |leaves| changes(leaves).len() == 5).await;
    assert_eq!(ask_under_it(&world).await.status, 200);

    // One name less in the configuration does the same.
    let configuration = world.configuration();
    let named = fs::read_to_string(&configuration).unwrap();
    let fewer = named.replace("[\"signers.pem\", \"ca.pem\"]", "[\"signers.pem\"]");
    world::rename_over(
        &configuration,
        &fewer.replace("[\"signers.crl.pem\", \"ca.crl.pem\"]", "[\"signers.crl.pem\"]"),
    );
    world.until("one authority", |leaves| changes(leaves).len() == 6).await;
    assert_eq!(ask_under_it(&world).await.reason(), "agreement-not-in-force");
    world::rename_over(&configuration, &named);
    world.until("both again", |leaves| changes(leaves).len() == 7).await;

    // A list that the sockets take too: who was revoked signed nothing any more.
    authority.revoke(&world, 2, &[OF_CENTRE], 2049);
    let without = |leaf: &Value| leaf["signers"].is_null() && leaf["beside"]["ca.crl.pem"].is_string();
    world.until("the revocation", |leaves| without(changes(leaves).last().unwrap())).await;
    let leaves = world.end().await;
    let all = changes(&leaves);
    let anchors: Vec<usize> = all.iter().map(|leaf| leaf["anchors"].as_array().unwrap().len()).collect();
    assert_eq!(anchors[..7], [2, 2, 2, 2, 2, 1, 2]);
    let signers: Vec<usize> = all.iter().map(|leaf| leaf["signers"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(signers[..7], [2, 2, 2, 0, 2, 0, 2]);
    assert_eq!(all[3]["old"], all[3]["new"]);
    assert!(all[3]["beside"]["signers.pem"].is_string() && all[3]["anchors"] != all[2]["anchors"]);
    assert!(
        all[3]["changed"]["en"].as_str().unwrap().contains("agreement TT-04 is not signed"),
        "{}",
        all[3]
    );
}
