//! Limits: what was spent stays spent, whatever becomes of the process; and what an agency is told of them.

#[cfg(test)]
mod world;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;
use tokio::task::block_in_place;

use world::CENTRE;
use world::HOSPITAL;
use world::PERSON;
use world::STRANGER;
use world::SUSPENDED;
use world::World;
use world::child::Child;
use world::client;
use world::client::Session;
use world::replace;

/// Requests a day in these tests; more than fit into a few segments of the log.
const QUOTA: usize = 240;
/// Callers at once.
const CALLERS: usize = 4;
/// How often the gateway is killed on the way.
const KILLS: usize = 4;
/// Where an agency is told its standing.
const STANDING: &str = "/.well-known/exchange";

#[cfg(test)]
fn path(person: &str) -> String {
    format!("/mau/cong-dan/{person}")
}

/// A world whose agreement `moi-ngay` has these limits.
#[cfg(test)]
async fn world(limits: &str) -> World {
    let world = World::build("log_segment = \"64 KiB\"").await;
    let file = world.folder().join("policies/agreements/TT-13.toml");
    replace(&file, "rate = { requests = 100, per = \"minute\" }\ndaily = 2\nsubjects_per_day = 1", limits);
    world
}

/// Asks until the day's quota is used up or the gateway is gone; how many answers came.
#[cfg(test)]
async fn ask_until_refused(mut session: Session) -> (usize, bool) {
    let mut granted = 0;
    loop {
        let request = client::get(&path(PERSON), &[("exchange-purpose", "moi-ngay")]);
        let Ok(answered) = session.send(request).await else { return (granted, false) };
        match answered.status {
            200 => granted += 1,
            429 => {
                assert_eq!(answered.reason(), "daily-quota");
                return (granted, true);
            }
            _ => panic!("{answered:?}"),
        }
    }
}

/// Released exchanges under the agreement, by the day they are charged to.
#[cfg(test)]
fn charged(leaves: &[Value]) -> BTreeMap<String, usize> {
    let mut days = BTreeMap::new();
    let ours = leaves.iter().filter(|leaf| leaf["agreement"]["id"] == "TT-13");
    for leaf in ours.filter(|leaf| leaf["kind"] == "exchange.released") {
        *days.entry(leaf["charged"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    days
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_killed_again_and_again_grants_exactly_the_days_quota() {
    let mut world = world(&format!("daily = {QUOTA}")).await;
    let (configuration, mut answers, mut refused) = (world.configuration(), 0, false);
    let mut gateway = world.serve();
    let opener = Arc::new(world.client(CENTRE));
    for kill in 0..=KILLS {
        let mut calling = Vec::new();
        for _ in 0..CALLERS {
            let session = opener.at(gateway.address).session().await.unwrap();
            calling.push(tokio::spawn(ask_until_refused(session)));
        }
        if kill < KILLS {
            // Some more each time; the last ones are asked until they are refused.
            world.platform.asked((kill + 1) * QUOTA / (KILLS + 2)).await;
            gateway = block_in_place(|| {
                gateway.kill();
                Child::serve(&configuration)
            });
        }
        for caller in calling {
            let (granted, is_refused) = caller.await.unwrap();
            (answers, refused) = (answers + granted, refused || is_refused);
        }
    }
    block_in_place(|| gateway.kill());
    let days = charged(&world.verify());
    println!("granted {:?} of quota {QUOTA} a day, {answers} answers came, killed {KILLS} times", days);
    assert!(refused && answers <= days.values().sum());
    // Were it midnight meanwhile, there would be a second day.
    assert!(days.values().all(|granted| *granted <= QUOTA), "{days:?}");
    assert!(days.values().any(|granted| *granted == QUOTA), "{days:?}");
}

/// How a gateway ends in the next test, and whether what it kept is taken away after that.
#[cfg(test)]
const ENDS: [(&str, bool); 4] = [("-KILL", false), ("-TERM", true), ("-TERM", false), ("-KILL", false)];

/// Four a day under the agreement and six for the agency: whatever comes back in the course of a test is less than one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_killed_hands_out_no_new_burst_and_takes_nothing_twice() {
    let mut world = World::build("").await;
    let agreement = world.folder().join("policies/agreements/TT-03.toml");
    replace(&agreement, "requests = 2, per = \"day\", burst = 2", "requests = 4, per = \"day\", burst = 4");
    let cap = "[limits]\nagency = { requests = 6, per = \"1 d\", burst = 6 }";
    replace(&world.configuration(), "[limits]", cap);
    for (end, is_lost) in ENDS {
        let gateway = block_in_place(|| world.serve());
        assert_eq!(status(&world, "gioi-han").await, 200, "{end}");
        let asked = Command::new("kill").args([end, &gateway.id().to_string()]).status();
        assert!(asked.unwrap().success());
        let _ended = gateway.ended().await;
        assert!(!is_lost || std::fs::remove_file(world.folder().join("keys/rates.left")).is_ok());
    }
    let gateway = block_in_place(|| world.serve());
    assert_eq!(status(&world, "gioi-han").await, 429, "four were spent");
    assert_eq!([status(&world, "tra-cuu").await, status(&world, "tra-cuu").await], [200, 200]);
    assert_eq!(status(&world, "tra-cuu").await, 429, "six were spent");
    block_in_place(|| gateway.kill());
}

/// What the centre's look-up for this purpose comes to.
#[cfg(test)]
async fn status(world: &World, purpose: &str) -> u16 {
    world.client(CENTRE).get(&path(PERSON), &[("exchange-purpose", purpose)]).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_asked_about_before_a_kill_are_still_counted_after_it() {
    const OTHERS: [&str; 2] = ["099088000013", "099060000011"];
    let mut world = world("subjects_per_day = 2").await;
    let purpose = [("exchange-purpose", "moi-ngay")];
    let mut statuses = Vec::new();
    for start in ["first", "after a kill", "without what was written beside the keys"] {
        if start.starts_with("without") {
            std::fs::remove_file(world.folder().join("keys/people.counted")).unwrap();
        }
        let gateway = world.serve();
        // The one whom there is no more room for is asked about first, once the others were counted.
        let people =
            if start == "first" { [PERSON, OTHERS[0], OTHERS[1]] } else { [OTHERS[1], PERSON, OTHERS[0]] };
        for person in people {
            statuses.push(world.get(CENTRE, &path(person), &purpose).await.status);
        }
        if start == "after a kill" {
            // A stop in order writes them.
            let asked = Command::new("kill").args(["-TERM", &gateway.id().to_string()]).status();
            assert!(asked.unwrap().success() && gateway.ended().await.success());
        } else {
            block_in_place(|| gateway.kill());
        }
    }
    assert_eq!(statuses, [200, 200, 429, 429, 200, 200, 429, 200, 200]);
    world.verify();
}

/// One agreement in what an agency is told of its standing.
#[cfg(test)]
fn agreement<'a>(document: &'a Value, number: &str) -> Option<&'a Value> {
    document["agreements"].as_array().unwrap().iter().find(|agreement| agreement["id"] == number)
}

#[tokio::test]
async fn an_agency_is_told_its_agreements_what_is_left_of_them_and_what_lapses() {
    let world = World::start().await;
    world.get(CENTRE, &path(PERSON), &[("exchange-purpose", "moi-ngay")]).await;
    let told = world.get(CENTRE, STANDING, &[]).await;
    assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
    assert!(!told.headers.contains_key("exchange-receipt"), "it is no exchange");
    let document = told.json();
    assert_eq!((&document["v"], &document["agency"]["id"]), (&"phohien-standing/1".into(), &CENTRE.into()));
    let limits = &agreement(&document, "TT-13").unwrap()["limits"];
    let tomorrow = "2026-11-24T00:00:00+07:00";
    assert_eq!(limits["daily"], json!({ "limit": 2, "left": 1, "renews": tomorrow }));
    assert_eq!(limits["people"], json!({ "limit": 1, "left": 0, "renews": tomorrow }));
    assert_eq!((&limits["rate"]["left"], &limits["monthly"]), (&json!(99), &Value::Null));
    let standing = |number: &str| agreement(&document, number).unwrap()["standing"]["reason"].clone();
    let reasons = ["TT-01", "TT-05", "TT-07", "TT-10", "TT-12"].map(standing);
    assert_eq!(
        reasons,
        [
            Value::Null,
            "agreement-suspended".into(),
            "agreement-not-in-force".into(),
            "security-confirmation-lapsed".into(),
            "agreement-not-in-force".into()
        ]
    );
    let fields = agreement(&document, "TT-01").unwrap()["permits"][0]["fields"].as_array().unwrap();
    let name = fields.iter().find(|field| field["pointer"] == "/CongDan/HoVaTen").unwrap();
    assert_eq!((fields.len(), &name["class"]), (5, &json!("basic")));
    let lapsed = document["lapses_soon"].as_array().unwrap();
    let confirmation = lapsed.iter().find(|one| one["what"] == "security-confirmation").unwrap();
    assert_eq!(
        (&confirmation["agreement"], &confirmation["last_day"]),
        (&json!("TT-10"), &json!("2026-09-01"))
    );
    // To look costs nothing.
    assert_eq!(world.get(CENTRE, STANDING, &[]).await.json()["agreements"], document["agreements"]);
    world.end().await;
}

#[tokio::test]
async fn an_agency_is_told_nothing_of_another_and_nobody_who_is_suspended_is_told_anything() {
    let world = World::start().await;
    let of = |document: &Value| -> Vec<String> {
        let agreements = document["agreements"].as_array().unwrap().iter();
        agreements.map(|agreement| agreement["id"].as_str().unwrap().to_owned()).collect()
    };
    let hospital = world.get(HOSPITAL, STANDING, &[]).await;
    assert_eq!(of(&hospital.json()), ["TT-01", "TT-02", "TT-21", "TT-31"]);
    assert!(!String::from_utf8_lossy(&hospital.body).contains(CENTRE));
    assert_eq!(of(&world.get(STRANGER, STANDING, &[]).await.json()), Vec::<String>::new());
    let suspended = world.get(SUSPENDED, STANDING, &[]).await;
    assert_eq!((suspended.status, suspended.reason().as_str()), (403, "agency-suspended"));
    assert_eq!(world.get("unknown", STANDING, &[]).await.reason(), "no-agreement");
    for odd in
        [format!("{STANDING}?agency={CENTRE}"), format!("{STANDING}/"), "/.well-known/other".to_owned()]
    {
        let odd = world.get(CENTRE, &odd, &[]).await;
        assert!([400, 403, 404].contains(&odd.status), "{odd:?}");
    }
    assert_eq!(world.post(CENTRE, STANDING, &[], "{}").await.status, 404);
    world.end().await;
}

#[tokio::test]
async fn whoever_is_refused_by_any_limit_is_told_when_to_come_back_and_what_there_is() {
    let world = World::start().await;
    let purpose = [("exchange-purpose", "moi-ngay")];
    let first = world.get(CENTRE, &path(PERSON), &purpose).await;
    let policy = "\"rate\";q=100;w=60, \"daily-quota\";q=2;w=86400";
    assert_eq!((first.status, first.header("ratelimit-policy")), (200, policy));
    for (person, reason) in [("099088000013", "people-quota"), (PERSON, ""), (PERSON, "daily-quota")] {
        let answered = world.get(CENTRE, &path(person), &purpose).await;
        assert_eq!(answered.header("ratelimit-policy"), policy);
        if reason.is_empty() {
            assert_eq!(answered.status, 200);
        } else {
            assert_eq!((answered.status, answered.reason().as_str()), (429, reason));
            assert_eq!(answered.header("retry-after"), "52200");
            assert_eq!(answered.header("ratelimit"), format!("\"{reason}\";r=0;t=52200"));
        }
    }
    world.end().await;
}
