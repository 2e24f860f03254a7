//! Several gateways on one store: what they grant together is never more than was agreed, whatever becomes of the store.

#[cfg(test)]
mod world;

use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use phohien::crypto::sign::P256Key;
use phohien::message::key::AnswerKey;

use world::CENTRE;
use world::PATIENCE;
use world::PERSON;
use world::World;
use world::client;
use world::client::Client;
use world::platform::Manner;
use world::replace;
use world::signing;

/// Requests a day in the tests under load.
const QUOTA: usize = 400;
/// Callers of each gateway.
const CALLERS: usize = 4;
/// Where an agency is told its standing.
const STANDING: &str = "/.well-known/exchange";

/// The real thing, on a socket in a folder of its own. It forgets everything when it is killed.
struct Redis {
    folder: TempDir,
    process: Option<Child>,
}

#[cfg(test)]
impl Redis {
    async fn start() -> Self {
        let mut redis = Self { folder: tempfile::tempdir().unwrap(), process: None };
        redis.again().await;
        redis
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// Starts it, and waits until it says that it answers.
    async fn again(&mut self) {
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            "0",
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
            "--unixsocket",
        ]);
        command.arg(self.socket()).arg("--dir").arg(self.folder.path()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("redis-server is installed: tests/run packages");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        self.process = Some(process);
        let (ready, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let answers = lines.any(|line| line.to_lowercase().contains("ready to accept connections"));
            // Read on: a full pipe would stop it.
            let _unheard = ready.send(answers);
            lines.for_each(drop);
        });
        assert!(tokio::time::timeout(PATIENCE, told).await.unwrap().unwrap(), "the store ended");
    }

    /// Has it forget everything without a word.
    fn forget(&self) {
        let forgotten = Command::new("redis-cli").arg("-s").arg(self.socket()).arg("FLUSHALL").status();
        assert!(forgotten.unwrap().success());
    }

    /// SIGKILL: it saves nothing.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// By what the centre signs its requests.
#[cfg(test)]
static KEY: LazyLock<AnswerKey> =
    LazyLock::new(|| AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap());

/// A gateway on the store, one of two, whose agreement `moi-ngay` has these limits.
#[cfg(test)]
async fn gateway(name: &str, store: &Path, limits: &str) -> World {
    let mut world = World::build("").await;
    let file = world.folder().join("policies/agreements/TT-13.toml");
    replace(&file, "rate = { requests = 100, per = \"minute\" }\ndaily = 2\nsubjects_per_day = 1", limits);
    replace(&world.configuration(), "origin = \"gw.test/2026\"", &format!("origin = \"{name}.test/2026\""));
    let url = format!("redis+unix://{}", store.display());
    let shared = format!(
        "refusals_per_minute = 1000\n[limits.shared]\nurl = \"{url}\"\nnodes = 2\nsecret = \"limits.secret\"\n"
    );
    replace(&world.configuration(), "refusals_per_minute = 1000\n", &shared);
    world::write(&world.folder().join("limits.secret"), &"5a".repeat(32));
    signing::register(&world, CENTRE, "k1", &KEY, (2020, 2099));
    world.open().await;
    world
}

#[cfg(test)]
async fn two(store: &Redis, limits: &str) -> [World; 2] {
    let worlds =
        [gateway("gw1", &store.socket(), limits).await, gateway("gw2", &store.socket(), limits).await];
    // The first to come finds nothing free before the second has told what it knows.
    for world in &worlds {
        until_shared(world).await;
    }
    worlds
}

/// Waits until a gateway says that the store knows all nodes: then what is left is what is left for both.
#[cfg(test)]
async fn until_shared(world: &World) {
    let shared = async {
        loop {
            let document = world.get(CENTRE, STANDING, &[]).await.json();
            if document["shared"] == "known" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, shared).await.expect("the store is in reach");
}

#[cfg(test)]
fn path(person: &str) -> String {
    format!("/mau/cong-dan/{person}")
}

#[cfg(test)]
async fn ask(world: &World, person: &str) -> (u16, String) {
    let answered = world.get(CENTRE, &path(person), &[("exchange-purpose", "moi-ngay")]).await;
    (answered.status, if answered.status == 200 { String::new() } else { answered.reason() })
}

/// Asks until the quota is used up for the day; what is only kept for others for a moment is asked for again.
#[cfg(test)]
async fn ask_until_used_up(client: Client, granted: Arc<watch::Sender<usize>>) {
    let mut session = client.session().await.unwrap();
    loop {
        let request = client::get(&path(PERSON), &[("exchange-purpose", "moi-ngay")]);
        let answered = tokio::time::timeout(PATIENCE, session.send(request)).await.unwrap().unwrap();
        match answered.status {
            200 => granted.send_modify(|granted| *granted += 1),
            429 if answered.header("retry-after").parse::<u64>().unwrap() > 60 => return,
            429 => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => panic!("{answered:?}"),
        }
    }
}

/// What a gateway's log says of the store.
#[cfg(test)]
fn said(leaves: &[Value]) -> Vec<&str> {
    let ours = leaves.iter().filter(|leaf| leaf["kind"] == "node.limits");
    ours.map(|leaf| leaf["store"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_grant_exactly_the_quota_though_the_store_is_killed_and_comes_back_empty() {
    let mut store = Redis::start().await;
    let worlds = two(&store, &format!("daily = {QUOTA}")).await;
    let granted = Arc::new(watch::Sender::new(0));
    let mut calling = Vec::new();
    for world in worlds.iter().cycle().take(2 * CALLERS) {
        calling.push(tokio::spawn(ask_until_used_up(world.client(CENTRE), Arc::clone(&granted))));
    }
    let more_than = |goal: usize| {
        let mut seen = granted.subscribe();
        async move {
            tokio::time::timeout(PATIENCE, seen.wait_for(|seen| *seen >= goal)).await.unwrap().unwrap();
        }
    };
    more_than(QUOTA / 4).await;
    store.kill();
    for world in &worlds {
        world.until("the store is lost", |leaves| said(leaves) == ["lost"]).await;
    }
    let alone = *granted.borrow();
    store.again().await;
    for world in &worlds {
        world.until("the store is back", |leaves| said(leaves) == ["lost", "back"]).await;
    }
    let back = *granted.borrow();
    for caller in calling {
        tokio::time::timeout(PATIENCE, caller).await.expect("the quota is used up").unwrap();
    }
    let granted = *granted.borrow();
    println!("granted {granted} of quota {QUOTA}; {alone} when the store was lost, {back} when it was back");
    assert_eq!(granted, QUOTA);
    for world in worlds {
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_lost_two_gateways_grant_no_more_than_was_kept_for_them() {
    let mut store = Redis::start().await;
    let worlds = two(&store, "daily = 40\nsubjects_per_day = 40").await;
    // One of them has used more than its half.
    for _ in 0..26 {
        assert_eq!(ask(&worlds[0], PERSON).await.0, 200);
    }
    store.kill();
    let mut granted = 26;
    for world in worlds.iter().cycle().take(60) {
        match ask(world, PERSON).await {
            (200, _) => granted += 1,
            (429, reason) => assert_eq!(reason, "daily-quota"),
            other => panic!("{other:?}"),
        }
    }
    println!("granted {granted} of quota 40, of which {} without the store", granted - 26);
    assert!((27..=40).contains(&granted), "{granted}");
    for world in worlds {
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_store_that_forgot_nothing_is_free_until_every_gateway_has_told_it_what_it_granted() {
    let mut store = Redis::start().await;
    let [here, mut away] = two(&store, "daily = 40").await;
    for _ in 0..26 {
        assert_eq!(ask(&away, PERSON).await.0, 200);
    }
    away.close().await;
    store.kill();
    here.until("the store is lost", |leaves| said(leaves) == ["lost"]).await;
    store.again().await;
    here.until("the store is back", |leaves| said(leaves) == ["lost", "back"]).await;
    let mut granted = 26;
    while ask(&here, PERSON).await.0 == 200 {
        granted += 1;
    }
    println!("granted {granted} of quota 40, while one gateway was away");
    assert!(granted <= 40, "{granted}");
    // Once it has, all of it can be used.
    away.open().await;
    until_shared(&away).await;
    let granted = Arc::new(watch::Sender::new(granted));
    for world in [&here, &away] {
        ask_until_used_up(world.client(CENTRE), Arc::clone(&granted)).await;
    }
    assert_eq!(*granted.borrow(), 40);
    here.end().await;
    away.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_emptied_under_the_gateways_is_told_everything_again() {
    let store = Redis::start().await;
    let worlds = two(&store, "daily = 20").await;
    for world in worlds.iter().cycle().take(12) {
        assert_eq!(ask(world, PERSON).await.0, 200);
    }
    store.forget();
    for world in &worlds {
        world.until("it is told again", |leaves| said(leaves) == ["lost", "back"]).await;
    }
    let granted = Arc::new(watch::Sender::new(12));
    for world in &worlds {
        ask_until_used_up(world.client(CENTRE), Arc::clone(&granted)).await;
    }
    assert_eq!(*granted.borrow(), 20);
    for world in worlds {
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_lost_each_gateway_has_its_part_of_a_rate() {
    let mut store = Redis::start().await;
    let worlds = two(&store, "rate = { requests = 6, per = \"day\", burst = 6 }").await;
    store.kill();
    for world in &worlds {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(ask(world, PERSON).await.0);
        }
        assert_eq!(statuses, [200, 200, 200, 429]);
    }
    for world in worlds {
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_gateway_alone_can_use_what_the_other_does_not() {
    let store = Redis::start().await;
    let [busy, idle] = two(&store, "daily = 30").await;
    let granted = Arc::new(watch::Sender::new(0));
    ask_until_used_up(busy.client(CENTRE), Arc::clone(&granted)).await;
    assert_eq!(*granted.borrow(), 30);
    assert_eq!(ask(&idle, PERSON).await, (429, "daily-quota".to_owned()));
    let left = &idle.get(CENTRE, STANDING, &[]).await.json()["agreements"];
    let ours = left.as_array().unwrap().iter().find(|agreement| agreement["id"] == "TT-13").unwrap();
    assert_eq!(ours["limits"]["daily"]["left"], 0);
    busy.end().await;
    idle.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_asked_about_at_both_gateways_counts_once_and_a_failure_gives_everything_back() {
    let store = Redis::start().await;
    let worlds = two(&store, "daily = 6\nsubjects_per_day = 2").await;
    let [one, other] = &worlds;
    one.platform.behave(Manner::HangsUp);
    for person in ["099060000011", "099162000012", "099088000013"] {
        assert_eq!(ask(one, person).await.0, 502, "a failure is neither a person nor a request");
    }
    one.platform.behave(Manner::Answers(world::WHOLE.to_owned()));
    assert_eq!(ask(one, PERSON).await.0, 200);
    assert_eq!(ask(other, PERSON).await.0, 200);
    // What was given back is told within the second.
    until(other, "099088000013", (200, String::new())).await;
    let none_left = (429, "people-quota".to_owned());
    assert_eq!(ask(one, "099060000011").await, none_left);
    assert_eq!(ask(other, "099162000012").await, none_left);
    assert_eq!(ask(one, "099088000013").await.0, 200);
    for world in worlds {
        world.end().await;
    }
}

#[cfg(test)]
async fn until(world: &World, person: &str, expected: (u16, String)) {
    let asking = async {
        while ask(world, person).await != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("it comes to that");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_is_of_both_gateways_together() {
    let store = Redis::start().await;
    let worlds = two(&store, "rate = { requests = 5, per = \"day\", burst = 5 }").await;
    let mut statuses = Vec::new();
    for world in worlds.iter().cycle().take(7) {
        statuses.push(ask(world, PERSON).await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
    for world in worlds {
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_cannot_reach_the_store_when_it_starts_says_so_and_grants_nothing_of_todays_quotas() {
    let nowhere = tempfile::tempdir().unwrap();
    let alone = gateway("gw1", &nowhere.path().join("s"), "daily = 40").await;
    alone.until("the store is lost", |leaves| said(leaves) == ["lost"]).await;
    assert_eq!(ask(&alone, PERSON).await, (429, "daily-quota".to_owned()));
    // What is no quota is exchanged.
    assert_eq!(alone.lookup(CENTRE).await.status, 200);
    // Of a day that begins in its own time it has its share.
    alone.clock.advance(Duration::from_secs(24 * 3_600));
    let mut granted = 0;
    while ask(&alone, PERSON).await.0 == 200 {
        granted += 1;
    }
    assert_eq!(granted, 20);
    alone.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_started_again_goes_on_with_what_both_have_granted() {
    let store = Redis::start().await;
    let [mut one, other] = two(&store, "daily = 30\nsubjects_per_day = 3").await;
    for person in ["099060000011", "099162000012"] {
        assert_eq!(ask(&one, person).await.0, 200);
        assert_eq!(ask(&other, person).await.0, 200);
    }
    one.close().await;
    one.open().await;
    until_shared(&one).await;
    // The third person, of both together.
    assert_eq!(ask(&one, PERSON).await.0, 200);
    assert_eq!(ask(&other, "099088000013").await, (429, "people-quota".to_owned()));
    let granted = Arc::new(watch::Sender::new(5));
    for world in [&one, &other] {
        ask_until_used_up(world.client(CENTRE), Arc::clone(&granted)).await;
    }
    assert_eq!(*granted.borrow(), 30);
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_signature_counts_at_one_of_two_gateways_and_at_none_while_the_store_is_lost() {
    let mut store = Redis::start().await;
    let worlds = two(&store, "daily = 400").await;
    let (nonce, at) = (signing::nonce(), signing::now());
    let signed = |nonce: &str| {
        let request = client::get(&path(PERSON), &[("exchange-purpose", "ky-so")]);
        signing::sign_at(request, &KEY, "k1", nonce, at)
    };
    let first = worlds[0].call(&worlds[0].client(CENTRE), signed(&nonce)).await;
    assert_eq!(first.status, 200, "{first:?}");
    let again = worlds[1].call(&worlds[1].client(CENTRE), signed(&nonce)).await;
    assert_eq!((again.status, again.reason().as_str()), (403, "signature-required"));
    store.kill();
    let lost = worlds[1].call(&worlds[1].client(CENTRE), signed(&signing::nonce())).await;
    assert_eq!((lost.status, lost.reason().as_str()), (503, "overload"), "{lost:?}");
    for world in worlds {
        world.end().await;
    }
}
