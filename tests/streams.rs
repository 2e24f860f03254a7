//! Answers that are passed on as they come: in bounded memory, recorded before the first byte and after the last, and never whole when
//! they are not.

#[cfg(test)]
mod world;

use serde_json::Value;

use world::CENTRE;
use world::CUT;
use world::WHOLE;
use world::World;
use world::child::Child;
use world::kinds;
use world::odd::commitment;
use world::streams;
use world::streams::COUNTED;
use world::streams::LIST;
use world::streams::Reading;
use world::streams::STATED;
use world::streams::Speaker;
use world::streams::Speech;

const BOTH: [&str; 2] = ["http/1.1", "h2"];

/// One person of a list: 120 bytes as the platform says it, and what may go on of it.
const ONE: &str = r#"{"CongDan":{"SoDinhDanh":"099190000001","HoVaTen":"Nguyễn Văn Mẫu","TonGiao":"00"}}"#;
const ONE_CUT: &str = r#"{"CongDan":{"SoDinhDanh":"099190000001","HoVaTen":"Nguyễn Văn Mẫu"}}"#;

/// The size of the memory test's answer, in MiB.
#[cfg(test)]
fn mebibytes() -> u64 {
    world::machine::number("STREAM_MIB", 256) as u64
}

/// A piece of a list: so many people, each behind a comma.
#[cfg(test)]
fn people(count: usize) -> String {
    format!(",{ONE}").repeat(count)
}

/// The leaf by which an exchange ended, once it is there.
#[cfg(test)]
async fn outcome(world: &World, id: &str) -> Value {
    let is_it = |leaf: &Value| leaf["exchange"] == *id && leaf["kind"] != "exchange.opened";
    let leaves = world.until("its outcome", |leaves| leaves.iter().any(is_it)).await;
    leaves.into_iter().find(is_it).unwrap()
}

#[tokio::test]
async fn what_comes_goes_on_before_the_rest_has_come_and_is_proven_by_its_trailers() {
    let (world, mut speaker) = streams::open("").await;
    for alpn in BOTH {
        let calling = Reading::of(&world, alpn, LIST, &STATED);
        let speaking = async {
            let speech = speaker.asked().await;
            assert_eq!(
                kinds(&world.verify()).last(),
                Some(&"exchange.opened"),
                "before the platform is asked"
            );
            speech.say(format!("[{ONE}")).await;
            speech
        };
        let (mut reading, speech) = tokio::join!(calling, speaking);
        let announced = "content-digest, exchange-receipt, signature-input, signature";
        assert_eq!((reading.status(), reading.header("trailer")), (200, Some(announced)), "{alpn}");
        let absent = ["content-length", "content-digest", "exchange-receipt", "signature"];
        assert!(absent.iter().all(|name| reading.header(name).is_none()));
        reading.at_least(ONE_CUT.len()).await;
        assert_eq!(kinds(&world.verify()).last(), Some(&"exchange.opened"), "while it goes on");
        speech.say(people(2)).await;
        speech.say("]").await;
        speech.end().await;
        let answered = reading.whole(&world).await;
        assert_eq!(&*answered.body, format!("[{ONE_CUT},{ONE_CUT},{ONE_CUT}]").as_bytes());
        let id = answered.header("exchange-id").to_owned();
        let leaves = world.leaves_of(&id);
        assert_eq!(kinds(&leaves), ["exchange.opened", "exchange.released"]);
        assert_eq!(leaves[1]["bytes"], answered.body.len() as u64);
        let receipt = world.receipt(CENTRE, &id).await.json();
        assert_eq!(leaves[1]["commitments"]["answer"], commitment(&receipt, &answered.body));
        let annex = world.annex_of(&id);
        let counted = |list: &str| {
            annex[list].as_array().unwrap().iter().map(|field| field["count"].clone()).collect::<Vec<_>>()
        };
        assert_eq!((counted("released"), counted("withheld")), (vec![3.into(), 3.into()], vec![3.into()]));
    }
    world.end().await;
}

#[tokio::test]
async fn a_caller_that_takes_no_trailers_gets_none_and_finds_the_proof_by_its_exchange() {
    let (world, mut speaker) = streams::open("").await;
    for alpn in BOTH {
        let calling = Reading::of(&world, alpn, LIST, &STATED[..1]);
        let speaking = async {
            let speech = speaker.asked().await;
            speech.say(ONE).await;
            speech.end().await;
        };
        let (mut reading, ()) = tokio::join!(calling, speaking);
        assert_eq!(reading.header("trailer"), None);
        while reading.more().await.unwrap() {}
        assert_eq!(reading.read, ONE_CUT.as_bytes());
        assert!(!reading.has_trailers());
        let leaf = outcome(&world, &reading.id()).await;
        let receipt = world.receipt(CENTRE, &reading.id()).await.json();
        assert_eq!(leaf["commitments"]["answer"], commitment(&receipt, &reading.read), "{alpn}");
    }
    world.end().await;
}

/// Whatever a platform cuts its answer into, a byte at a time at worst: what is withheld stays withheld.
#[tokio::test]
async fn no_cut_of_an_answer_lets_a_field_through_that_is_not_granted() {
    let (world, mut speaker) = streams::open("").await;
    let hidden = WHOLE.replace("TonGiao", "\\u0054on\\u0047iao").replace("\"00\"", "\"\\u0030\\u0030\"");
    let nested = WHOLE.replace("\"00\"", "{\"HoVaTen\":[\"00\",{\"CongDan\":{\"HoVaTen\":\"00\"}}]}");
    for (whole, step) in [(WHOLE, 1), (WHOLE, 7), (&hidden, 1), (&hidden, 3), (&nested, 1), (&nested, 5)] {
        let calling = Reading::of(&world, "http/1.1", LIST, &STATED);
        let speaking = async {
            let speech = speaker.asked().await;
            for piece in whole.as_bytes().chunks(step) {
                speech.say(piece).await;
            }
            speech.end().await;
        };
        let (reading, ()) = tokio::join!(calling, speaking);
        let answered = reading.whole(&world).await;
        let expected = CUT.replace("\"MaGiaoDich\":\"GD-1\",", "");
        assert_eq!(String::from_utf8_lossy(&answered.body), expected, "{step}: {whole}");
    }
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_cut_from_its_beginning_is_refused_as_any_other_answer() {
    let (world, mut speaker) = streams::open("").await;
    let (ok, json) = ("HTTP/1.1 200 OK\r\n", "Content-Type: application/json\r\n");
    for (head, body, reason) in [
        (format!("{ok}{json}"), "", "undisclosable"),
        (format!("{ok}{json}"), " \n ", "undisclosable"),
        (format!("{ok}{json}"), r#"{"a":1,"a":2}"#, "undisclosable"),
        (format!("{ok}{json}"), "\u{feff}{}", "undisclosable"),
        (format!("{ok}{json}"), "NaN", "undisclosable"),
        (format!("{ok}Content-Type: text/html\r\n"), "<p>", "undisclosable"),
        (format!("{ok}Content-Type: application/json; charset=utf-16\r\n"), "{}", "undisclosable"),
        (format!("{ok}{json}Content-Encoding: gzip\r\n"), "{}", "undisclosable"),
        (ok.to_owned(), "{}", "undisclosable"),
        (format!("HTTP/1.1 206 Partial Content\r\n{json}"), "{}", "platform-broken"),
        (format!("HTTP/1.1 500 No\r\n{json}"), "{}", "platform-broken"),
    ] {
        speaker.begin_with(&head);
        let calling = world.get(CENTRE, LIST, &STATED);
        let speaking = async {
            let speech = speaker.asked().await;
            speech.say(body).await;
            speech.end().await;
        };
        let (answered, ()) = tokio::join!(calling, speaking);
        assert_eq!((answered.status, answered.reason().as_str()), (502, reason), "{head}{body}");
        let leaves = world.leaves_of(answered.header("exchange-id"));
        assert_eq!(kinds(&leaves), ["exchange.opened", "exchange.failed"], "{head}{body}");
    }
    world.end().await;
}

#[tokio::test]
async fn an_answer_without_a_body_by_definition_is_told_whole() {
    let (world, mut speaker) = streams::open("").await;
    speaker.begin_with("HTTP/1.1 204 No Content\r\nX-Ignored: ");
    let (answered, _) = tokio::join!(world.get(CENTRE, LIST, &STATED), speaker.asked());
    assert_eq!((answered.status, answered.body.len()), (204, 0));
    assert!(answered.headers.contains_key("exchange-receipt"));
    world.end().await;
}

#[tokio::test]
async fn a_head_of_what_streams_is_told_whole_and_says_nothing_of_a_body() {
    let (world, mut speaker) = streams::open("").await;
    let (json, length) = ("Content-Type: application/json\r\n", "Content-Length: 4096\r\nETag: \"a\"\r\n");
    speaker.begin_with(&format!("HTTP/1.1 200 OK\r\n{json}{length}X-Ignored: "));
    for (alpn, path) in [("http/1.1", LIST), ("h2", LIST), ("h2", COUNTED)] {
        let client = world.client_over(CENTRE, &[alpn]);
        let calling = world.call(&client, world::client::build("HEAD", path, &STATED, ""));
        let (answered, speech) = tokio::join!(calling, speaker.asked());
        assert!(speech.request.starts_with("HEAD /"), "{}", speech.request);
        assert_eq!((answered.status, answered.body.len()), (200, 0), "{alpn} {path}");
        // The receipt and the signature stand in the head: nothing follows in which they could.
        let told = |name: &str| answered.headers.contains_key(name);
        assert!(told("exchange-receipt") && told("signature") && told("content-type"));
        for name in ["trailer", "content-length", "content-digest", "etag", "transfer-encoding"] {
            assert!(!told(name), "{alpn} {path}: {name}");
        }
        let leaves = world.leaves_of(answered.header("exchange-id"));
        assert_eq!(kinds(&leaves), ["exchange.opened", "exchange.released"], "{alpn} {path}");
        assert!(leaves[1].get("bytes").is_none());
    }
    world.end().await;
}

#[cfg(test)]
async fn begun(world: &World, speaker: &mut streams::Speaker, alpn: &str, path: &str) -> (Reading, Speech) {
    let speaking = async {
        let speech = speaker.asked().await;
        speech.say(format!("[{ONE}")).await;
        speech
    };
    tokio::join!(Reading::of(world, alpn, path, &STATED), speaking)
}

#[tokio::test]
async fn the_programs_own_client_shows_a_streamed_answer_and_verifies_its_trailers() {
    let (world, mut speaker) = streams::open("").await;
    for http1 in [true, false] {
        let mut command = world.program(CENTRE, LIST);
        command.args(["--purpose", "danh-sach", "--proof"]);
        command.args(if http1 { &["--http1"][..] } else { &[] });
        let calling = tokio::task::spawn_blocking(move || command.output().unwrap());
        let speaking = async {
            let speech = speaker.asked().await;
            speech.say(format!("[{ONE}")).await;
            speech.say(people(2)).await;
            speech.say("]").await;
            speech.end().await;
        };
        let (output, ()) = tokio::join!(calling, speaking);
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!((said.matches('✓').count(), said.matches("Nguyễn Văn Mẫu").count()), (4, 3), "{said}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_platform_that_cuts_midway_leaves_an_answer_without_an_end() {
    let (world, mut speaker) = streams::open("").await;
    for alpn in BOTH {
        let (mut reading, speech) = begun(&world, &mut speaker, alpn, LIST).await;
        reading.at_least(ONE_CUT.len()).await;
        speech.cut().await;
        reading.is_cut_short().await;
        let leaf = outcome(&world, &reading.id()).await;
        assert_eq!((&leaf["kind"], &leaf["hop"]), (&"exchange.failed".into(), &"platform".into()), "{alpn}");
        assert_eq!((&leaf["reason"], &leaf["status"]), (&"platform-broken".into(), &200.into()));
        assert!(leaf["bytes"].as_u64().unwrap() >= reading.read.len() as u64);
    }
    world.end().await;
}

#[tokio::test]
async fn a_key_that_occurs_twice_after_ten_megabytes_leaves_an_answer_without_an_end() {
    let (world, mut speaker) = streams::open("").await;
    for alpn in BOTH {
        let (mut reading, speech) = begun(&world, &mut speaker, alpn, LIST).await;
        let speaking = async {
            speech.say_again(people(100), (10 << 20) / people(100).len() as u64).await;
            speech.say(r#",{"CongDan":{"HoVaTen":"a","HoVa\u0054en":"b"}}]"#).await;
            speech.end().await;
        };
        let reading_on = async {
            reading.is_cut_short().await;
            reading
        };
        let (reading, ()) = tokio::join!(reading_on, speaking);
        assert!(reading.read.len() > 5 << 20);
        assert!(serde_json::from_slice::<Value>(&reading.read).is_err(), "it must not be JSON");
        let leaf = outcome(&world, &reading.id()).await;
        assert_eq!(
            (&leaf["kind"], &leaf["reason"]),
            (&"exchange.failed".into(), &"undisclosable".into()),
            "{alpn}"
        );
    }
    world.end().await;
}

#[tokio::test]
async fn a_caller_that_leaves_midway_is_recorded_with_the_bytes_that_had_gone_out() {
    let (world, mut speaker) = streams::open("").await;
    for alpn in BOTH {
        let (mut reading, speech) = begun(&world, &mut speaker, alpn, LIST).await;
        reading.at_least(ONE_CUT.len()).await;
        let (id, read) = (reading.id(), reading.read.clone());
        drop(reading);
        let leaf = outcome(&world, &id).await;
        assert_eq!(
            (&leaf["kind"], &leaf["agreement"]["id"]),
            (&"exchange.aborted".into(), &"TT-50".into()),
            "{alpn}"
        );
        assert_eq!(leaf["bytes"], read.len() as u64);
        let receipt = world.receipt(CENTRE, &id).await.json();
        assert_eq!(leaf["commitments"]["answer"], commitment(&receipt, &read));
        drop(speech);
    }
    world.end().await;
}

#[tokio::test]
async fn people_are_counted_as_they_are_found_and_one_too_many_ends_the_answer() {
    let (world, mut speaker) = streams::open("").await;
    let (mut reading, speech) = begun(&world, &mut speaker, "http/1.1", COUNTED).await;
    reading.at_least(ONE_CUT.len()).await;
    speech.say(people(3)).await;
    speech.say(people(1).replace("0001", "0002")).await;
    reading.at_least(5 * ONE_CUT.len()).await;
    speech.say(people(1).replace("0001", "0003")).await;
    reading.is_cut_short().await;
    assert!(!String::from_utf8_lossy(&reading.read).contains("099190000003"));
    let leaf = outcome(&world, &reading.id()).await;
    assert_eq!((&leaf["kind"], &leaf["reason"]), (&"exchange.failed".into(), &"people-quota".into()));
    // Those who were told stay counted: another is refused from the beginning.
    let calling = world.get(CENTRE, COUNTED, &STATED);
    let speaking = async {
        let speech = speaker.asked().await;
        speech.say(ONE.replace("0001", "0004")).await;
        speech.end().await;
    };
    let (answered, ()) = tokio::join!(calling, speaking);
    assert_eq!((answered.status, answered.reason().as_str()), (429, "people-quota"));
    world.end().await;
}

/// One person of a list of whom the platform tells everything before it says who it is.
#[cfg(test)]
fn late(number: &str) -> String {
    format!(r#"{{"CongDan":{{"HoVaTen":"Trần Thị Muộn","TonGiao":"00","SoDinhDanh":"{number}"}}}}"#)
}

/// Asks, has the platform say each of these as a chunk of its own, and reads to the end, which must not be a proper one.
#[cfg(test)]
async fn cut_short(world: &World, speaker: &mut Speaker, chunks: &[&[u8]]) -> (String, Vec<u8>) {
    let speaking = async {
        let speech = speaker.asked().await;
        for chunk in chunks {
            speech.say(*chunk).await;
        }
        speech.end().await;
    };
    let (mut reading, ()) = tokio::join!(Reading::of(world, "http/1.1", COUNTED, &STATED), speaking);
    reading.is_cut_short().await;
    (reading.id(), reading.read)
}

#[tokio::test]
async fn nothing_about_a_person_goes_out_before_they_are_counted_wherever_a_chunk_ends() {
    let (world, mut speaker) = streams::open("").await;
    let (known, third) = (format!("[{ONE},{},", late("099190000002")), late("099190000003"));
    for place in 0..=third.len() {
        let (head, tail) = third.as_bytes().split_at(place);
        let chunks = [known.as_bytes(), head, tail, b"]"];
        let chunks: Vec<&[u8]> = chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect();
        let (id, read) = cut_short(&world, &mut speaker, &chunks).await;
        let told = r#"{"CongDan":{"HoVaTen":"Trần Thị Muộn","SoDinhDanh":"099190000002"}}"#;
        assert_eq!(String::from_utf8(read).unwrap(), format!("[{ONE_CUT},{told}"), "{place}");
        let leaf = outcome(&world, &id).await;
        assert_eq!((&leaf["kind"], &leaf["reason"]), (&"exchange.failed".into(), &"people-quota".into()));
    }
    world.end().await;
}

#[tokio::test]
async fn a_record_that_is_larger_than_what_is_held_ends_the_answer_and_says_why() {
    let (mut world, mut speaker) = streams::world("").await;
    let service = world.folder().join("policies/services/luong.toml");
    world::replace(&service, "subject =", "buffer = \"4 KiB\"\nsubject =");
    world.open().await;
    let endless = late("099190000002").replace("Muộn", &"Muộn ".repeat(1_000));
    let whole = format!("[{ONE},{endless}");
    let chunks: Vec<&[u8]> = whole.as_bytes().chunks(1_000).collect();
    let (id, read) = cut_short(&world, &mut speaker, &chunks).await;
    assert_eq!(String::from_utf8(read).unwrap(), format!("[{ONE_CUT}"));
    let leaf = outcome(&world, &id).await;
    assert_eq!((&leaf["hop"], &leaf["reason"]), (&"platform".into(), &"undisclosable".into()));
    world.end().await;
}

#[tokio::test]
async fn a_person_named_at_endless_length_is_counted_by_nothing_and_ends_the_answer() {
    let (world, mut speaker) = streams::open("").await;
    let calling = world.get(CENTRE, COUNTED, &STATED);
    let speaking = async {
        let speech = speaker.asked().await;
        speech.say(ONE.replace("099190000001", &"9".repeat(4_096))).await;
        speech.end().await;
    };
    let (answered, ()) = tokio::join!(calling, speaking);
    assert_eq!((answered.status, answered.reason().as_str()), (502, "undisclosable"));
    world.end().await;
}

#[tokio::test]
async fn the_agreements_limit_ends_an_answer_that_does_not_announce_its_length() {
    let (world, speaker) = streams::open("response = \"1 MiB\"").await;
    ends_at_a_mebibyte(world, speaker).await;
}

#[tokio::test]
async fn the_services_own_limit_of_streamed_answers_ends_one_that_the_agreement_would_let_pass() {
    let (mut world, speaker) = streams::world("").await;
    let service = world.folder().join("policies/services/luong.toml");
    world::replace(&service, "stream = true", "stream = true\nstream_limit = \"1 MiB\"");
    world.open().await;
    ends_at_a_mebibyte(world, speaker).await;
}

#[cfg(test)]
async fn ends_at_a_mebibyte(world: World, mut speaker: Speaker) {
    let (mut reading, speech) = begun(&world, &mut speaker, "http/1.1", LIST).await;
    let speaking = speech.say_again(people(100), 1_000);
    let reading_on = async {
        reading.is_cut_short().await;
        reading
    };
    let (reading, ()) = tokio::join!(reading_on, speaking);
    assert!(reading.read.len() <= 1 << 20);
    let leaf = outcome(&world, &reading.id()).await;
    assert_eq!((&leaf["kind"], &leaf["reason"]), (&"exchange.failed".into(), &"answer-too-large".into()));
    world.end().await;
}

#[tokio::test]
async fn a_gateway_that_is_killed_midway_says_at_its_next_start_that_the_answer_has_no_outcome() {
    let (mut world, mut speaker) = streams::world("").await;
    let child = world.serve();
    let (mut reading, _speech) = begun(&world, &mut speaker, "h2", LIST).await;
    reading.at_least(ONE_CUT.len()).await;
    child.kill();
    reading.is_cut_short().await;
    let again = world.serve();
    let leaf = outcome(&world, &reading.id()).await;
    assert_eq!(leaf["kind"], "exchange.orphaned");
    drop(again);
    world.end().await;
}

/// The most memory that a process has ever had, in KiB.
#[cfg(test)]
fn peak(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(test)]
async fn once(world: &World, speaker: &mut streams::Speaker, pieces: u64, piece: &str) -> u64 {
    let (mut reading, speech) = begun(world, speaker, "http/1.1", LIST).await;
    let speaking = async {
        speech.say_again(piece, pieces).await;
        speech.say("]").await;
        speech.end().await;
    };
    tokio::join!(reading.count(), speaking).0.unwrap()
}

#[tokio::test]
async fn an_answer_of_any_size_takes_no_more_memory_than_a_small_one() {
    let (mut world, mut speaker) = streams::world("").await;
    let child = world.serve();
    let piece = people(500);
    once(&world, &mut speaker, 4, &piece).await;
    let before = peak(&child);
    let pieces = (mebibytes() << 20) / piece.len() as u64;
    let told = once(&world, &mut speaker, pieces, &piece).await;
    let after = peak(&child);
    println!(
        "{} MiB from the platform, {told} bytes told; VmHWM {before} KiB, then {after} KiB",
        mebibytes()
    );
    assert_eq!(told, (ONE_CUT.len() as u64 + 1) * (pieces * 500 + 1) + 1);
    assert!(after - before < 16 << 10, "{before} KiB became {after} KiB");
    drop(child);
}

#[tokio::test]
async fn a_caller_that_does_not_read_stops_the_platform_and_takes_no_memory() {
    let (mut world, mut speaker) = streams::world("").await;
    let child = world.serve();
    let piece = people(500);
    once(&world, &mut speaker, 4, &piece).await;
    for alpn in BOTH {
        let before = peak(&child);
        let (mut reading, mut speech) = begun(&world, &mut speaker, alpn, LIST).await;
        let whole = 256 << 20;
        speech.say_again(&*piece, whole / piece.len() as u64).await;
        speech.stuck().await;
        let after = peak(&child);
        println!(
            "{alpn}: {} bytes were taken from the platform; VmHWM {before} KiB, then {after} KiB",
            speech.written()
        );
        assert!(speech.written() < whole / 2, "nothing stops the platform");
        assert!(after - before < 16 << 10, "{before} KiB became {after} KiB");
        reading.at_least(ONE_CUT.len()).await;
        let id = reading.id();
        drop(reading);
        assert_eq!(outcome(&world, &id).await["kind"], "exchange.aborted");
    }
    drop(child);
}
