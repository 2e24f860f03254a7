//! Exchanges through the whole house: what is released, what each side sees, what is written, and when.

#[cfg(test)]
mod world;

use std::sync::Arc;

use tokio::sync::Semaphore;

use world::CENTRE;
use world::CUT;
use world::HOSPITAL;
use world::PERSON;
use world::WHOLE;
use world::World;
use world::client;
use world::kinds;
use world::lookup_path;
use world::platform::Manner;

const MATCH: &str = r#"{"SoDinhDanh":"099190000001","HoVaTen":"Nguyễn Văn Mẫu"}"#;
const MATCHING: [(&str, &str); 1] = [("exchange-purpose", "doi-chieu")];
const LOOKING_UP: [(&str, &str); 1] = [("exchange-purpose", "tra-cuu")];

#[tokio::test]
async fn an_allowed_lookup_is_released_with_only_the_granted_fields_byte_for_byte() {
    let world = World::start().await;
    let answered = world.lookup(CENTRE).await;
    assert_eq!((answered.status, &*answered.body), (200, CUT.as_bytes()));
    assert_eq!(answered.header("content-type"), "application/json");
    let id = answered.header("exchange-id").to_owned();
    assert_eq!(answered.header("link"), format!("</receipts/{id}>; rel=\"receipt\""));
    let leaves = world.end().await;
    assert_eq!(
        kinds(&leaves),
        ["log.opened", "policy.changed", "node.started", "exchange.released", "node.stopped"]
    );
    let leaf = &leaves[3];
    assert_eq!((&leaf["exchange"], &leaf["agency"]), (&id.into(), &CENTRE.into()));
    assert_eq!((&leaf["service"], &leaf["operation"]), (&"mau".into(), &"GET /cong-dan/{so}".into()));
    assert_eq!((&leaf["agreement"]["id"], &leaf["status"]), (&"TT-01".into(), &200.into()));
    assert!(leaf["scope"]["fields"].as_array().unwrap().contains(&"/CongDan/HoVaTen".into()));
}

#[tokio::test]
async fn nothing_about_a_person_stands_in_the_log_in_clear() {
    let world = World::start().await;
    world.platform.behave(Manner::Answers(WHOLE.to_owned()));
    let told =
        [("exchange-purpose", "ho-so"), ("exchange-case", "HS-2026-77"), ("exchange-user", "can-bo-12")];
    assert_eq!(world.get(CENTRE, &lookup_path(), &told).await.status, 200);
    assert_eq!(world.post(CENTRE, "/mau/doi-chieu", &MATCHING, MATCH).await.status, 200);
    let segments = std::fs::read_dir(world.folder().join("log/wal")).unwrap();
    let bytes: Vec<u8> = segments.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("exchange.released"));
    for secret in [PERSON, "HS-2026-77", "can-bo-12", "Nguyễn", "12345678901234567890", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret} stands in the log");
    }
    world.end().await;
}

#[tokio::test]
async fn the_platform_sees_the_judged_path_and_what_we_vouch_for_and_nothing_the_caller_forged() {
    let world = World::start().await;
    let forged = [
        ("exchange-purpose", "tra-cuu"),
        ("exchange-consumer", "G01.HYN"),
        ("exchange_consumer", "G01.HYN"),
        ("exchange-agreement", "TT-99"),
        ("exchange-id", "00000000-0000-7000-8000-000000000000"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
        ("x-original-url", "/secret"),
        ("client-cert", ":AAAA:"),
        ("authorization", "Bearer abc"),
        ("cookie", "a=b"),
        ("accept-encoding", "gzip"),
        ("connection", "exchange-purpose, exchange-id, x-thing"),
        ("x-thing", "1"),
        ("accept-language", "en"),
        ("if-none-match", "\"tag\""),
    ];
    let path = format!("{}?phienBan=2", lookup_path());
    let answered = world.get(CENTRE, &path, &forged).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    let [seen] = <[_; 1]>::try_from(world.platform.seen()).unwrap();
    assert_eq!((&*seen.method, &*seen.target), ("GET", &*format!("/cong-dan/{PERSON}?phienBan=2")));
    // What the signature says is tests/signatures.rs's to tell.
    let lines = seen.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let mut lines: Vec<(&str, &str)> = lines.filter(|(name, _)| !name.starts_with("signature")).collect();
    assert_eq!(seen.headers.len(), lines.len() + 2);
    lines.sort_unstable();
    let host = world.platform.address.to_string();
    let expected = [
        ("accept", "application/json"),
        ("accept-encoding", "identity"),
        ("accept-language", "en"),
        ("exchange-agreement", "TT-01"),
        ("exchange-consumer", CENTRE),
        ("exchange-id", answered.header("exchange-id")),
        ("exchange-purpose", "tra-cuu"),
        ("host", &host),
    ];
    assert_eq!(lines, expected);
    world.end().await;
}

#[tokio::test]
async fn a_caller_may_ask_for_less_than_is_granted_and_not_for_more() {
    let world = World::start().await;
    let path = lookup_path();
    let less = world
        .get(CENTRE, &path, &[("exchange-purpose", "tra-cuu"), ("exchange-fields", "\"/CongDan/HoVaTen\"")])
        .await;
    assert_eq!(&*less.body, r#"{"CongDan":{"HoVaTen":"Nguyễn Văn Mẫu"}}"#.as_bytes());
    let more = world
        .get(CENTRE, &path, &[("exchange-purpose", "tra-cuu"), ("exchange-fields", "\"/CongDan/TonGiao\"")])
        .await;
    assert_eq!((more.status, more.reason().as_str()), (403, "field-not-granted"));
    assert!(more.json()["detail"].as_str().unwrap().contains("Tôn giáo"), "{more:?}");
    assert_eq!(world.platform.seen().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_opened_record_is_durable_before_the_platform_is_asked_for_an_effect() {
    let world = World::start().await;
    let permits = Arc::new(Semaphore::new(0));
    world.platform.behave(Manner::Waits(Arc::clone(&permits), r#"{"KetQua":"khop"}"#.to_owned()));
    let asking = world.post(CENTRE, "/mau/doi-chieu", &MATCHING, MATCH);
    let looking = async {
        let seen = world.platform.asked(1).await;
        assert_eq!((&*seen[0].method, &*seen[0].body), ("POST", MATCH.as_bytes()));
        let while_it_waits = world.verify();
        permits.add_permits(1);
        while_it_waits
    };
    let (answered, while_it_waits) = tokio::join!(asking, looking);
    assert_eq!(kinds(&while_it_waits).last(), Some(&"exchange.opened"));
    assert_eq!((answered.status, &*answered.body), (200, r#"{"KetQua":"khop"}"#.as_bytes()));
    let leaves = world.leaves_of(answered.header("exchange-id"));
    assert_eq!(kinds(&leaves), ["exchange.opened", "exchange.released"]);
    world.end().await;
}

#[tokio::test]
async fn a_body_with_a_member_that_was_not_agreed_reaches_no_platform() {
    let world = World::start().await;
    for (body, status, reason) in [
        (r#"{"SoDinhDanh":"099190000001","TonGiao":"00"}"#, 403, "parameter-not-granted"),
        (r#"{"SoDinhDanh":"099190000001","\u0054onGiao":"00"}"#, 403, "parameter-not-granted"),
        (r#"{"SoDinhDanh":"1","SoDinhDanh":"2"}"#, 400, "ambiguous-request"),
        ("SoDinhDanh=099190000001", 400, "ambiguous-request"),
    ] {
        let answered = world.post(CENTRE, "/mau/doi-chieu", &MATCHING, body).await;
        assert_eq!((answered.status, answered.reason().as_str()), (status, reason), "{body}");
    }
    let large = format!(r#"{{"SoDinhDanh":"{}"}}"#, "9".repeat(2_000));
    let answered = world.post(CENTRE, "/mau/doi-chieu", &MATCHING, &large).await;
    assert_eq!((answered.status, answered.reason().as_str()), (413, "request-too-large"));
    let wrong = [MATCHING[0], ("content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")];
    let answered = world.post(CENTRE, "/mau/doi-chieu", &wrong, MATCH).await;
    assert_eq!((answered.status, answered.reason().as_str()), (400, "ambiguous-request"));
    assert_eq!(world.platform.seen().len(), 0);
    let leaves = world.end().await;
    assert_eq!(kinds(&leaves).iter().filter(|kind| **kind == "exchange.refused").count(), 6);
}

#[tokio::test]
async fn a_platform_that_fails_in_any_way_is_recorded_as_failed_and_told_as_the_platforms_fault() {
    let world = World::start().await;
    let manners = [
        (Manner::HangsUp, "tra-cuu", 502, "platform-broken"),
        (Manner::AnswersAs(500, "application/json", "{}".into()), "tra-cuu", 502, "platform-broken"),
        (Manner::AnswersAs(302, "application/json", "{}".into()), "tra-cuu", 502, "platform-broken"),
        (Manner::Answers(r#"{"KetQua":1,"KetQua":2}"#.into()), "tra-cuu", 502, "undisclosable"),
        (Manner::Answers(r#"{"KetQua":"#.into()), "tra-cuu", 502, "undisclosable"),
        (Manner::AnswersAs(200, "text/html", "<p>".into()), "tra-cuu", 502, "undisclosable"),
        (Manner::Answers(WHOLE.into()), "nho", 502, "answer-too-large"),
    ];
    for (manner, purpose, status, reason) in manners {
        let told = format!("{manner:?}");
        world.platform.behave(manner);
        let answered = world.get(CENTRE, &lookup_path(), &[("exchange-purpose", purpose)]).await;
        failed(&world, &answered, status, reason, &told);
    }
    let down = world.get(CENTRE, &format!("/vang/cong-dan/{PERSON}"), &LOOKING_UP).await;
    failed(&world, &down, 502, "platform-unreachable", "nobody listens");
    let silent = world.get(CENTRE, &format!("/cham/cong-dan/{PERSON}"), &LOOKING_UP).await;
    failed(&world, &silent, 504, "platform-timeout", "nobody answers");
    let opened = world.post(CENTRE, "/vang/doi-chieu", &MATCHING, MATCH).await;
    let leaves = world.leaves_of(opened.header("exchange-id"));
    assert_eq!((opened.status, kinds(&leaves)), (502, vec!["exchange.opened", "exchange.failed"]));
    world.end().await;
}

#[cfg(test)]
fn failed(world: &World, answered: &client::Answered, status: u16, reason: &str, told: &str) {
    assert_eq!((answered.status, answered.reason().as_str()), (status, reason), "{told}: {answered:?}");
    assert_eq!(answered.json()["hop"], "platform", "{told}");
    let leaves = world.leaves_of(answered.header("exchange-id"));
    assert_eq!(kinds(&leaves), ["exchange.failed"], "{told}");
    assert_eq!((&leaves[0]["reason"], &leaves[0]["hop"]), (&reason.into(), &"platform".into()), "{told}");
}

#[tokio::test]
async fn an_error_of_the_platform_for_the_caller_is_cut_like_any_answer() {
    let world = World::start().await;
    let body = r#"{"TrangThai":7,"MoTa":"099190000002 cũng vậy"}"#;
    world.platform.behave(Manner::AnswersAs(404, "application/json", body.to_owned()));
    let answered = world.lookup(CENTRE).await;
    assert_eq!((answered.status, &*answered.body), (404, br#"{"TrangThai":7}"#.as_slice()));
    world.end().await;
}

#[tokio::test]
async fn an_exchange_whose_caller_hangs_up_is_lived_to_its_end_and_recorded() {
    let world = World::start().await;
    let permits = Arc::new(Semaphore::new(0));
    world.platform.behave(Manner::Waits(Arc::clone(&permits), WHOLE.to_owned()));
    for alpn in ["http/1.1", "h2"] {
        let before = world.platform.seen().len();
        let caller = world.client_over(CENTRE, &[alpn]);
        let calling = tokio::spawn(async move { caller.get(&lookup_path(), &LOOKING_UP).await });
        world.platform.asked(before + 1).await;
        calling.abort();
        assert!(calling.await.is_err(), "the caller is gone");
        permits.add_permits(1);
        let count =
            |leaves: &[serde_json::Value], kind| kinds(leaves).iter().filter(|found| **found == kind).count();
        let leaves = world
            .until("released, then aborted", |leaves| count(leaves, "exchange.aborted") == before + 1)
            .await;
        assert_eq!(count(&leaves, "exchange.released"), before + 1, "{alpn}");
        assert_eq!(leaves[leaves.len() - 2]["exchange"], leaves[leaves.len() - 1]["exchange"]);
    }
    world.end().await;
}

#[tokio::test]
async fn a_request_that_could_be_read_in_two_ways_is_refused_recorded_and_never_forwarded() {
    let world = World::start().await;
    for path in [
        "/mau/cong-dan/../cong-dan/099190000001",
        "/mau/cong-dan/%2e%2e/099190000001",
        "/mau/cong-dan%2F099190000001",
        "/mau/cong-dan/%252e%252e/x",
        "/mau//cong-dan/099190000001",
        "/mau/cong-dan/099190000001;v=1",
        "/mau/cong-dan/099190000001/",
        "/mau/cong-dan/%00",
        "/mau/cong-dan/099190000001?phienBan=1&phienBan=2",
        "/mau/cong-dan/099190000001?phienBan=%252e",
    ] {
        for alpn in ["http/1.1", "h2"] {
            let client = world.client_over(CENTRE, &[alpn]);
            let answered = world.call(&client, client::get(path, &LOOKING_UP)).await;
            assert_eq!((answered.status, answered.reason().as_str()), (400, "ambiguous-request"), "{path}");
            let leaves = world.leaves_of(answered.header("exchange-id"));
            assert_eq!(
                (&leaves[0]["kind"], &leaves[0]["stage"]),
                (&"exchange.refused".into(), &"request".into())
            );
        }
    }
    for (headers, reason) in [
        (vec![("range", "bytes=0-1")], "ambiguous-request"),
        (vec![("upgrade", "websocket"), ("connection", "upgrade")], "ambiguous-request"),
        (vec![("exchange-purpose", "tra-cuu"), ("exchange-purpose", "doi-chieu")], "header-repeated"),
        (vec![("exchange-case", "HS-1"), ("exchange-case", "HS-2")], "header-repeated"),
    ] {
        let headers = [headers, LOOKING_UP.to_vec()].concat();
        let answered = world.get(CENTRE, &lookup_path(), &headers).await;
        assert_eq!((answered.status, answered.reason().as_str()), (400, reason), "{headers:?}");
    }
    assert_eq!(world.platform.seen().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_head_is_an_exchange_too_answered_without_content_and_recorded() {
    let world = World::start().await;
    let client = world.client(CENTRE);
    let answered = world.call(&client, client::build("HEAD", &lookup_path(), &LOOKING_UP, "")).await;
    assert_eq!((answered.status, answered.body.len()), (200, 0), "{answered:?}");
    assert_eq!(kinds(&world.leaves_of(answered.header("exchange-id"))), ["exchange.released"]);
    let length = answered.headers.get("content-length").map(|length| length.to_str().unwrap());
    assert_ne!(length, Some(WHOLE.len().to_string().as_str()), "the length of the uncut answer is told");
    assert_eq!(world.platform.seen()[0].method, "HEAD");
    assert!(!answered.headers.contains_key("content-digest") && !answered.headers.contains_key("etag"));
    world.end().await;
}

#[tokio::test]
async fn a_kept_connection_serves_many_exchanges_and_two_agencies_share_an_agreement() {
    let world = World::start().await;
    for alpn in ["http/1.1", "h2"] {
        let mut centre = world.client_over(CENTRE, &[alpn]).session().await.unwrap();
        let mut hospital = world.client_over(HOSPITAL, &[alpn]).session().await.unwrap();
        for _ in 0..5 {
            for (session, agency) in [(&mut centre, CENTRE), (&mut hospital, HOSPITAL)] {
                let answered = world.ask(session, client::get(&lookup_path(), &LOOKING_UP)).await.unwrap();
                assert_eq!(world.leaves_of(answered.header("exchange-id"))[0]["agency"], agency);
            }
        }
    }
    world.end().await;
}
