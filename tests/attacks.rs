//! What an agency, a stranger or a platform might try against the running gateway: each claim says what comes of it.

#[cfg(test)]
mod world;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use world::CENTRE;
use world::PERSON;
use world::STRANGER;
use world::WHOLE;
use world::World;
use world::client;
use world::odd;
use world::odd::Unannounced;
use world::platform::Manner;

const MATCHING: &[(&str, &str)] = &[("exchange-purpose", "doi-chieu")];
const LOOKUP: &[(&str, &str)] = &[("exchange-purpose", "tra-cuu")];
const GOOD_BODY: &str = r#"{"SoDinhDanh":"099190000001"}"#;

fn leaves_of<'a>(leaves: &'a [Value], exchange: &str) -> Vec<&'a Value> {
    leaves.iter().filter(|leaf| leaf["exchange"] == exchange).collect()
}

#[tokio::test]
async fn what_reached_a_platform_and_failed_is_recorded_even_beyond_the_refusal_budget() {
    let world =
        odd::world_with("gateway.toml", "refusals_per_minute = 1000", "refusals_per_minute = 1").await;
    let refused = world.get(CENTRE, &world::lookup_path(), &[]).await;
    assert_eq!(refused.status, 400);
    let tallied = world.get(CENTRE, &world::lookup_path(), &[]).await;
    assert!(!tallied.headers.contains_key("exchange-receipt"), "the budget is spent");

    let opened = world.post(CENTRE, "/vang/doi-chieu", MATCHING, GOOD_BODY).await;
    assert_eq!((opened.status, opened.reason().as_str()), (502, "platform-unreachable"));
    let opened = opened.header("exchange-id").to_owned();
    world.platform.behave(Manner::Answers("no JSON".to_owned()));
    let withheld = world.lookup(CENTRE).await;
    assert_eq!((withheld.status, withheld.reason().as_str()), (502, "undisclosable"));
    let withheld = withheld.header("exchange-id").to_owned();

    let leaves = world.end().await;
    let kinds: Vec<_> = leaves_of(&leaves, &opened).iter().map(|leaf| leaf["kind"].clone()).collect();
    assert_eq!(kinds, ["exchange.opened", "exchange.failed"]);
    assert_eq!(leaves_of(&leaves, &withheld)[0]["kind"], "exchange.failed");
}

#[tokio::test]
async fn a_wish_for_one_field_many_times_over_cannot_make_an_entry_too_long_to_be_written() {
    let world = World::start().await;
    let wish = vec![r#""/CongDan/SoDinhDanh","/CongDan/HoVaTen""#; 128].join(",");
    let padded = wish.replace(',', ", ");
    for wish in [wish, padded] {
        let headers = [LOOKUP, &[("exchange-fields", wish.as_str())]].concat();
        let answered = world.get(CENTRE, &world::lookup_path(), &headers).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let leaves = world.leaves_of(answered.header("exchange-id"));
        let fields = &leaves[0]["scope"]["fields"];
        assert_eq!(*fields, serde_json::json!(["/CongDan/SoDinhDanh", "/CongDan/HoVaTen"]));
    }
    world.end().await;
}

#[tokio::test]
async fn what_comes_behind_a_get_over_http_2_is_no_body_and_goes_to_no_platform() {
    let world = World::start().await;
    let mut sender = odd::narrow_h2(&world, CENTRE, 1 << 20).await;
    let request = odd::lookup().map(|_| Unannounced(Some(Bytes::from_static(b"{}"))));
    let answered = sender.send_request(request).await.unwrap();
    assert_eq!(answered.status(), 200);
    let [seen] = &world.platform.asked(1).await[..] else { panic!("asked once") };
    assert!(seen.body.is_empty(), "{seen:?}");
    assert!(!seen.headers.contains_key("content-length") && !seen.headers.contains_key("transfer-encoding"));
    world.end().await;
}

#[tokio::test]
async fn a_body_that_a_platform_could_read_as_something_else_than_json_goes_nowhere() {
    let world = World::start().await;
    // Judged as JSON it is one agreed string; read as a form it is a parameter that nobody agreed on.
    let body = r#"{"HoVaTen":"&TonGiao=00&"}"#;
    for content_type in [
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-7",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "text/plain",
    ] {
        let headers = [MATCHING, &[("content-type", content_type)]].concat();
        let request = client::build("POST", "/mau/doi-chieu", &headers, body);
        let refused = world.call(&world.client(CENTRE), request).await;
        assert_eq!((refused.status, refused.reason().as_str()), (400, "ambiguous-request"), "{content_type}");
    }
    let untyped = client::build("POST", "/mau/doi-chieu", MATCHING, body);
    assert_eq!(world.call(&world.client(CENTRE), untyped).await.status, 400);
    assert!(world.platform.seen().is_empty());
    let typed = [MATCHING, &[("content-type", "application/json; charset=utf-8")]].concat();
    let typed = client::build("POST", "/mau/doi-chieu", &typed, GOOD_BODY);
    assert_eq!(world.call(&world.client(CENTRE), typed).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn where_people_are_counted_a_body_that_names_nobody_is_refused() {
    let counted = "[limits]\nsubjects_per_day = 1\n\n[contacts]";
    let world = odd::world_with("policies/agreements/TT-02.toml", "[contacts]", counted).await;
    for nobody in
        ["{}", r#"{"HoVaTen":"Nguyễn Văn Mẫu"}"#, r#"{"SoDinhDanh":[]}"#, r#"{"SoDinhDanh":""}"#, ""]
    {
        let refused = world.post(CENTRE, "/mau/doi-chieu", MATCHING, nobody).await;
        assert_eq!((refused.status, refused.reason().as_str()), (400, "header-missing"), "{nobody}");
    }
    assert!(world.platform.seen().is_empty());
    assert_eq!(world.post(CENTRE, "/mau/doi-chieu", MATCHING, GOOD_BODY).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn whoever_is_no_agency_is_told_the_same_of_receipts_as_of_everything_and_is_written_down() {
    let world = World::start().await;
    let mine = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let of_mine = format!("/receipts/{mine}");
    let mut told = Vec::new();
    for path in [world::lookup_path().as_str(), "/receipts", of_mine.as_str(), "/receipts/nothing"] {
        let answered = world.get("unknown", path, &[]).await;
        let exchange = answered.header("exchange-id").to_owned();
        assert_eq!(world.leaves_of(&exchange).len(), 1, "{path}");
        told.push(String::from_utf8_lossy(&answered.body).replace(&exchange, "…"));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
    world.end().await;
}

#[tokio::test]
async fn a_request_for_receipts_must_have_one_meaning_too() {
    let world = World::start().await;
    for (headers, reason) in [
        (&[("host", "elsewhere.test")][..], "authority"),
        (&[("exchange-purpose", "a"), ("exchange-purpose", "b")], "header-repeated"),
        (&[("range", "bytes=0-1")], "ambiguous-request"),
    ] {
        let refused = world.get(CENTRE, "/receipts", headers).await;
        assert_eq!(refused.reason(), reason);
    }
    assert_eq!(world.get(CENTRE, "/receipts?after=0&after=1", &[]).await.reason(), "ambiguous-request");
    world.end().await;
}

#[tokio::test]
async fn a_receipt_is_no_use_to_another_agency() {
    let world = World::start().await;
    let mine = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    assert_eq!(world.receipt(CENTRE, &mine).await.status, 200);
    let (others, nobodys) = (
        world.receipt(STRANGER, &mine).await,
        world.receipt(STRANGER, "01a20b94-ff2b-7bcb-b709-0d44b6b2da34").await,
    );
    assert_eq!((others.status, nobodys.status), (404, 404));
    let constant = |answered: &client::Answered| {
        let mut document = answered.json();
        document["exchange"] = Value::Null;
        document
    };
    assert_eq!(constant(&others), constant(&nobodys));
    world.end().await;
}

#[tokio::test]
async fn a_caller_that_leaves_in_the_middle_of_its_answer_is_recorded_with_what_had_gone_out() {
    let world = World::start().await;
    let name = "ẫ".repeat(100_000);
    world.platform.behave(Manner::Answers(WHOLE.replace("Nguyễn Văn Mẫu", &name)));
    let mut sender = odd::narrow_h2(&world, CENTRE, 65_535).await;
    let answer = sender.send_request(odd::lookup()).await.unwrap();
    assert_eq!(answer.status(), 200);
    drop((answer, sender));
    let aborted = |leaves: &[Value]| leaves.iter().any(|leaf| leaf["kind"] == "exchange.aborted");
    let leaves = world.until("the caller's leaving", aborted).await;
    let left = leaves.iter().find(|leaf| leaf["kind"] == "exchange.aborted").unwrap();
    let bytes = left["bytes"].as_u64().unwrap();
    assert!((1..200_000).contains(&bytes), "{bytes}");
    world.end().await;
}

#[tokio::test]
async fn a_refusal_of_head_commits_to_the_nothing_that_was_sent() {
    let world = World::start().await;
    let request = client::build("HEAD", &world::lookup_path(), &[], "");
    let refused = world.call(&world.client(CENTRE), request).await;
    assert_eq!((refused.status, refused.body.len()), (400, 0));
    let exchange = refused.header("exchange-id");
    let receipt = world.receipt(CENTRE, exchange).await.json();
    let leaf: Value = serde_json::from_str(receipt["entries"][0]["leaf"].as_str().unwrap()).unwrap();
    assert_eq!(leaf["commitments"]["answer"], odd::commitment(&receipt, b"").as_str());
    world.end().await;
}

#[tokio::test]
async fn pipelined_requests_each_have_their_own_record_and_answer() {
    let world = World::start().await;
    let mut stream = world.client(CENTRE).connect().await.unwrap();
    let path = format!("/mau/cong-dan/{PERSON}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nExchange-Purpose: tra-cuu\r\n\r\n");
    stream.write_all(request.repeat(3).as_bytes()).await.unwrap();
    let released =
        |leaves: &[Value]| leaves.iter().filter(|leaf| leaf["kind"] == "exchange.released").count();
    world.until("three releases", |leaves| released(leaves) == 3).await;
    drop(stream);
    world.end().await;
}

#[tokio::test]
async fn an_answer_that_is_never_read_is_given_up_however_busy_its_connection_is() {
    let (drain, idle) = ("drain_timeout = \"2 s\"", "drain_timeout = \"2 s\"\nidle_timeout = \"200 ms\"");
    let world = odd::world_with("gateway.toml", drain, idle).await;
    world.platform.behave(Manner::Answers(WHOLE.replace("Nguyễn Văn Mẫu", &"ẫ".repeat(100_000))));
    let mut sender = odd::narrow_h2(&world, CENTRE, 65_535).await;
    let unread = sender.send_request(odd::lookup()).await.unwrap();
    world.platform.behave(Manner::Answers(WHOLE.to_owned()));
    let cut = async {
        while let Ok(answer) = sender.send_request(odd::lookup()).await {
            let _ = answer.into_body().collect().await;
        }
    };
    tokio::time::timeout(world::PATIENCE, cut).await.expect("the connection is cut");
    let exchange = unread.headers()["exchange-id"].to_str().unwrap().to_owned();
    let left =
        |leaves: &[Value]| leaves_of(leaves, &exchange).iter().any(|leaf| leaf["kind"] == "exchange.aborted");
    world.until("the unread answer's record", left).await;
    drop(unread);
    world.end().await;
}

#[tokio::test]
async fn a_gateway_that_stops_cuts_off_who_does_not_read_and_its_last_entry_is_that_it_stopped() {
    let world = World::start().await;
    world.platform.behave(Manner::Answers(WHOLE.replace("Nguyễn Văn Mẫu", &"ẫ".repeat(100_000))));
    let mut sender = odd::narrow_h2(&world, CENTRE, 0).await;
    let unread = sender.send_request(odd::lookup()).await.unwrap();
    let exchange = unread.headers()["exchange-id"].to_str().unwrap().to_owned();
    let leaves = world.end().await;
    let kinds: Vec<_> = leaves_of(&leaves, &exchange).iter().map(|leaf| leaf["kind"].clone()).collect();
    assert_eq!(kinds, ["exchange.released", "exchange.aborted"]);
    assert_eq!(leaves.last().unwrap()["kind"], "node.stopped");
    drop((unread, sender));
}

#[tokio::test]
async fn what_a_platform_says_to_the_gateway_alone_is_not_told_to_the_caller() {
    let world = World::start().await;
    let said = |status| Manner::AnswersAs(status, "application/json", WHOLE.to_owned());
    for status in [205, 206, 301, 401, 407, 408, 421, 426, 431, 500] {
        world.platform.behave(said(status));
        let answered = world.lookup(CENTRE).await;
        assert_eq!((answered.status, answered.reason().as_str()), (502, "platform-broken"), "{status}");
    }
    for status in [200, 201, 400, 403, 404, 409, 422, 429] {
        world.platform.behave(said(status));
        assert_eq!(world.lookup(CENTRE).await.status, status);
    }
    world.end().await;
}

#[tokio::test]
async fn whoever_opens_connections_and_says_nothing_keeps_nobody_else_waiting() {
    let (drain, few) =
        ("drain_timeout = \"2 s\"", "drain_timeout = \"2 s\"\nhandshakes = 4\nhandshake_timeout = \"600 s\"");
    let world = odd::world_with("gateway.toml", drain, few).await;
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(odd::connect_from([127, 0, 0, 2], world.address()).await);
    }
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    drop(silent);
    world.end().await;
}
