//! The desk: who may read what of the log, that it is recorded before it is shown, and what a stranger can hold open there.

#[cfg(test)]
mod world;

use std::io::Read as _;
use std::process::Command;
use std::process::Output;
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::Value;
use tlog_tiles::TileHashReader;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use phohien::config::read;
use phohien::server::run::Gateway;
use phohien::server::run::Overrides;
use phohien::server::run::StartError;
use phohien::tlog::checkpoint::SignedHead;

use world::AUDITOR;
use world::CENTRE;
use world::HOSPITAL;
use world::OPERATOR;
use world::PATIENCE;
use world::PERSON;
use world::PROVIDER;
use world::WITNESS;
use world::World;
use world::client;
use world::desk;
use world::kinds;
use world::lookup_path;
use world::tiles::Fetched;
use world::tiles::entry_at;

/// An id that nothing has.
const NOTHING: &str = "0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b";

/// A role each, in the order of the table below.
const READERS: [&str; 5] = [CENTRE, PROVIDER, AUDITOR, OPERATOR, WITNESS];

/// Paths, and the status that each of the readers gets; `{own}` is an exchange of the centre, `{other}` one of the hospital.
const TABLE: [(&str, [u16; 5]); 18] = [
    ("/log.vkey", [200, 200, 200, 403, 200]),
    ("/checkpoint", [200, 200, 200, 403, 200]),
    ("/tile/0/000.p/3", [200, 200, 200, 403, 200]),
    ("/tile/0/000", [404, 404, 404, 403, 404]),
    ("/tile/0/000.p/0", [404, 404, 404, 404, 404]),
    ("/tile/entries/000.p/3", [403, 403, 200, 403, 403]),
    ("/tile/entries/009", [403, 403, 404, 403, 403]),
    ("/receipts/{own}", [200, 403, 200, 403, 403]),
    ("/receipts/{other}", [404, 403, 200, 403, 403]),
    ("/receipts/0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b", [404, 403, 404, 403, 403]),
    ("/audit/list", [200, 403, 200, 403, 403]),
    ("/audit/count?by=agency", [200, 403, 200, 403, 403]),
    ("/audit/export", [200, 403, 200, 403, 403]),
    ("/audit/tail", [200, 403, 200, 403, 403]),
    ("/audit/show/{own}", [200, 403, 200, 403, 403]),
    ("/audit/show/{other}", [404, 403, 200, 403, 403]),
    ("/audit/show/0", [404, 403, 200, 403, 403]),
    ("/nowhere", [404, 404, 404, 404, 404]),
];

#[tokio::test]
async fn each_role_is_answered_what_the_table_says_in_both_versions_of_http() {
    let world = desk::world("").await;
    let own = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let other = world.lookup(HOSPITAL).await.header("exchange-id").to_owned();
    for (path, expected) in TABLE {
        let path = path.replace("{own}", &own).replace("{other}", &other);
        for (reader, expected) in READERS.into_iter().zip(expected) {
            for alpn in ["http/1.1", "h2"] {
                let reader = world.reader_over(reader, &[alpn]);
                let answered = world.call(&reader, client::get(&path, &[])).await;
                assert_eq!(answered.status, expected, "{path} over {alpn}: {answered:?}");
                let head = world.call(&reader, client::build("HEAD", &path, &[], "")).await;
                assert_eq!((head.status, head.body.len()), (expected, 0), "{path}");
            }
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_certificate_that_the_desks_authority_did_not_issue_or_took_back_ends_in_the_handshake() {
    let world = desk::world("").await;
    let mut strangers = vec![("no certificate", world.at_desk(None, &["http/1.1"]))];
    for exchanging in [CENTRE, "operator"] {
        strangers.push((exchanging, world.at_desk(Some(world.certificate(exchanging)), &["http/1.1"])));
    }
    for flawed in ["revoked", "expired", "foreign"] {
        strangers.push((flawed, world.reader(flawed)));
    }
    for (flaw, stranger) in &strangers {
        let sent = world.try_call(stranger, client::get("/checkpoint", &[])).await;
        assert!(sent.is_err(), "{flaw} got an answer: {sent:?}");
    }
    // Nor does a reader's certificate open the exchange.
    let reader = world.reader(CENTRE).at(world.address());
    assert!(world.try_call(&reader, client::get(&world::lookup_path(), &[])).await.is_err());
    let count = strangers.len() as u64;
    world
        .until("all knocks at the desk summed up", |leaves| {
            let of = leaves.iter().filter(|leaf| leaf["reason"] == "handshake");
            of.map(|leaf| leaf["count"].as_u64().unwrap()).sum::<u64>() >= count
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn whoever_has_no_role_that_fits_gets_one_constant_refusal_and_is_only_counted() {
    let world = desk::world("").await;
    let id = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let paths = [format!("/receipts/{id}"), format!("/receipts/{NOTHING}")];
    let mut refusals = Vec::new();
    for reader in ["unknown", "two-names", OPERATOR, WITNESS] {
        for path in &paths {
            refusals.push(world.read(reader, path).await);
        }
    }
    refusals.push(world.read("unknown", "/nowhere").await);
    let constant = |refusal: &client::Answered| {
        let mut document = refusal.json();
        assert_eq!(document["exchange"], refusal.header("exchange-id"));
        document["exchange"] = Value::Null;
        (refusal.status, document)
    };
    assert_eq!((refusals[0].status, refusals[0].reason().as_str()), (403, "not-admitted"));
    assert!(refusals.iter().all(|refusal| constant(refusal) == constant(&refusals[0])), "{refusals:#?}");
    let sum = |leaves: &[Value], agency: &str| -> u64 {
        let of = |leaf: &&Value| leaf["reason"] == "not-admitted" && leaf["agency"] == agency;
        leaves.iter().filter(of).map(|leaf| leaf["count"].as_u64().unwrap()).sum()
    };
    // Those that are no agency are counted under the operator, as everywhere.
    let leaves =
        world.until("refusals summed up", |leaves| sum(leaves, OPERATOR) + sum(leaves, WITNESS) == 9).await;
    assert_eq!(sum(&leaves, WITNESS), 2);
    assert!(!kinds(&leaves).contains(&"audit.read"));
    world.end().await;
}

#[tokio::test]
async fn another_agencys_receipt_looks_like_one_that_is_not_there() {
    let world = desk::world("").await;
    let id = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let mut told = Vec::new();
    for path in [format!("/receipts/{id}"), format!("/receipts/{NOTHING}")] {
        let answered = world.read(HOSPITAL, &path).await;
        let mut document = answered.json();
        document["exchange"] = Value::Null;
        told.push((answered.status, document));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].0, 404);
    let own = world.read(CENTRE, &format!("/receipts/{id}")).await;
    assert_eq!((own.json()["exchange"].as_str(), own.header("cache-control")), (Some(&*id), "no-store"));
    world.end().await;
}

#[tokio::test]
async fn a_reading_is_in_the_log_when_its_answer_arrives_with_nothing_of_what_was_looked_for() {
    let world = desk::world("").await;
    let id = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    for (reader, asked, rows, view) in [
        (AUDITOR, id.as_str(), 1, "everything"),
        (CENTRE, &id, 1, "own"),
        (HOSPITAL, &id, 0, "own"),
        (AUDITOR, NOTHING, 0, "everything"),
    ] {
        let answered = world.read(reader, &format!("/receipts/{asked}")).await;
        let [leaf] = <[_; 1]>::try_from(world.leaves_of(answered.header("exchange-id"))).unwrap();
        assert_eq!((&leaf["kind"], &leaf["agency"]), (&"audit.read".into(), &reader.into()));
        assert_eq!(
            (&leaf["question"], &leaf["filters"]),
            (&"receipt".into(), &serde_json::json!(["exchange"]))
        );
        assert_eq!((&leaf["rows"], &leaf["view"]), (&rows.into(), &view.into()));
        assert!(leaf["certificate"]["serial"].is_string());
        let annex = world.annex_of(answered.header("exchange-id"));
        assert_eq!((&annex["asked"]["exchange"], &annex["source"]), (&asked.into(), &"127.0.0.1".into()));
        assert!(!leaf.to_string().contains(asked), "{leaf}");
        let object = leaf["certificate"]["object"].as_str().unwrap();
        assert!(world.folder().join("log/objects").join(object).is_file());
    }
    world.end().await;
}

#[tokio::test]
async fn an_auditor_is_told_no_salt_by_which_a_person_could_be_guessed() {
    let world = desk::world("").await;
    let id = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let path = format!("/receipts/{id}?since=1");
    let (auditor, own) = (world.read(AUDITOR, &path).await.json(), world.read(CENTRE, &path).await.json());
    assert_eq!(
        (&auditor["salts"], auditor["entries"][0]["leaf"].clone()),
        (&serde_json::json!({}), own["entries"][0]["leaf"].clone())
    );
    assert!(own["salts"]["subject"].is_string() && auditor["consistency"][0]["from"] == 1);
    world.end().await;
}

#[tokio::test]
async fn an_auditor_finds_everybodys_exchanges_and_an_agency_its_own() {
    let world = desk::world("").await;
    let own = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let other = world.lookup(HOSPITAL).await.header("exchange-id").to_owned();
    let found = async |reader: &str, path: &str| world.rows(reader, path).await;
    let person = format!("subject={PERSON}");
    for question in ["list", "export"] {
        for filter in ["", "service=mau", "outcome=released", &person, "all=true&reason="] {
            let path = format!("/audit/{question}?{filter}");
            let path = path.trim_end_matches('?').replace("all=true&reason=", "all=true");
            let (all, centres) = (found(AUDITOR, &path).await, found(CENTRE, &path).await);
            let has = |rows: &[Value], id: &str| rows.iter().any(|row| row["exchange"] == id);
            assert!(has(&all, &own) && has(&all, &other), "{path}: {all:?}");
            assert!(has(&centres, &own) && !has(&centres, &other), "{path}: {centres:?}");
            assert!(centres.iter().all(|row| row["agency"] == CENTRE), "{path}: {centres:?}");
        }
    }
    assert_eq!(found(CENTRE, &format!("/audit/list?agency={HOSPITAL}")).await, [] as [Value; 0]);
    let sums = found(AUDITOR, "/audit/count?by=agency%2Coutcome").await;
    let sum = |agency: &str| serde_json::json!({"agency": agency, "outcome": "released", "entries": 1, "events": 1});
    assert_eq!(sums, [sum(CENTRE), sum(HOSPITAL)]);
    assert_eq!(found(CENTRE, "/audit/count?by=agency%2Coutcome").await, [sum(CENTRE)]);
    // One entry by its index: the row says which.
    let index = found(AUDITOR, &format!("/audit/list?exchange={other}")).await[0]["index"].to_string();
    assert_eq!(world.read(CENTRE, &format!("/audit/show/{index}")).await.status, 404);
    assert_eq!(
        world.read(HOSPITAL, &format!("/audit/show/{index}")).await.json()["index"].to_string(),
        index
    );
    world.end().await;
}

#[tokio::test]
async fn pages_follow_each_other_and_what_is_new_disturbs_none() {
    let world = desk::world("").await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(world.lookup(CENTRE).await.header("exchange-id").to_owned());
    }
    for (order, expected) in [("oldest", asked.clone()), ("newest", asked.iter().rev().cloned().collect())] {
        let (mut seen, mut next) = (Vec::new(), String::new());
        loop {
            let page = world
                .read(
                    AUDITOR,
                    &format!("/audit/list?outcome=released&agency={CENTRE}&order={order}&limit=2{next}"),
                )
                .await;
            seen.extend(desk::lines(&page).iter().map(|row| row["exchange"].as_str().unwrap().to_owned()));
            let Some(after) = page.headers.get("desk-next") else { break };
            next = format!("&after={}", after.to_str().unwrap());
            // Something else happens between two pages.
            world.lookup(HOSPITAL).await;
        }
        assert_eq!(seen, expected, "{order}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_question_is_in_the_log_before_its_answer_with_the_names_of_its_filters_alone() {
    let world = desk::world("").await;
    world.lookup(CENTRE).await;
    for (path, kind, filters, rows) in [
        (format!("/audit/list?subject={PERSON}&agency={CENTRE}"), "list", vec!["subject", "agency"], 1),
        (format!("/audit/list?user={PERSON}"), "list", vec!["user"], 0),
        (format!("/audit/export?subject={PERSON}"), "export", vec!["subject"], 1),
        (format!("/audit/count?subject={PERSON}&by=agency"), "count", vec!["subject", "by"], 1),
        (format!("/audit/tail?subject={PERSON}"), "tail", vec!["subject"], 1),
    ] {
        let answered = world.read(AUDITOR, &path).await;
        let [leaf] = <[_; 1]>::try_from(world.leaves_of(answered.header("exchange-id"))).unwrap();
        assert_eq!(
            (&leaf["kind"], &leaf["question"], &leaf["rows"]),
            (&"audit.read".into(), &kind.into(), &rows.into())
        );
        assert_eq!(leaf["filters"], serde_json::json!(filters), "{path}");
        assert!(!leaf.to_string().contains(PERSON), "{leaf}");
        let annex = world.annex_of(answered.header("exchange-id"));
        assert_eq!(annex[filters[0]], PERSON);
    }
    // Who looked for a person is found as who asked about that person is.
    let about = world.rows(AUDITOR, &format!("/audit/list?subject={PERSON}&all=true")).await;
    assert_eq!(about.iter().filter(|row| row["kind"] == "audit.read").count(), 4, "{about:?}");
    world.end().await;
}

/// Asks for news and, once that was taken, does something; what was told, and what was done.
#[cfg(test)]
async fn waiting<T>(world: &World, path: &str, then: impl Future<Output = T>) -> (client::Answered, T) {
    let mut session = world.reader_over(AUDITOR, &["h2"]).session().await.unwrap();
    let mut beside = session.shared();
    tokio::join!(async { world.ask(&mut session, client::get(path, &[])).await.unwrap() }, async {
        taken(&mut beside).await;
        then.await
    })
}

/// Waits until what was sent before on the same connection was taken: what is asked behind it has an answer, for which the index was
/// looked at.
#[cfg(test)]
async fn taken(beside: &mut client::Session) {
    let asked = beside.send(client::get("/audit/count?agency=H31.99", &[]));
    assert_eq!(tokio::time::timeout(PATIENCE, asked).await.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn news_are_told_when_they_come_and_being_told_is_none() {
    let world = desk::world("").await;
    let before = world.read(AUDITOR, "/audit/tail?all=true").await;
    let next = before.header("desk-next").to_owned();
    let path = format!("/audit/tail?all=true&after={next}&wait=25");
    let (told, asked) =
        waiting(&world, &path, async { world.lookup(CENTRE).await.header("exchange-id").to_owned() }).await;
    let told = desk::lines(&told);
    // It was not woken by the record of the reading before, and tells it all the same.
    assert_eq!(told[0]["kind"], "audit.read");
    assert!(told.iter().any(|row| row["exchange"] == asked.as_str()), "{told:?}");
    world.end().await;
}

#[tokio::test]
async fn a_gateway_that_stops_keeps_nobody_waiting() {
    let mut world = desk::world("").await;
    let mut session = world.reader_over(AUDITOR, &["h2"]).session().await.unwrap();
    let mut beside = session.shared();
    let waiting =
        tokio::spawn(
            async move { session.send(client::get("/audit/tail?agency=H31.99&wait=25", &[])).await },
        );
    taken(&mut beside).await;
    world.close().await;
    assert_eq!(waiting.await.unwrap().unwrap().status, 200);
    world.end().await;
}

#[tokio::test]
async fn the_commands_read_over_the_desk_and_prove_what_they_show() {
    let world = desk::world("").await;
    let id = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    world.lookup(HOSPITAL).await;
    let listed = phohien(&world, AUDITOR, &["audit", "list", "--json"]).await;
    assert_eq!(
        (listed.status.code(), listed.stdout.split(|byte| *byte == b'\n').count()),
        (Some(0), 3),
        "{listed:?}"
    );
    let own = phohien(&world, CENTRE, &["audit", "list", "--json", "--subject", PERSON]).await;
    assert_eq!(own.stdout.split(|byte| *byte == b'\n').count(), 2, "{own:?}");
    let counted = phohien(&world, AUDITOR, &["audit", "count", "--by", "agency,outcome"]).await;
    let text = String::from_utf8_lossy(&counted.stdout).into_owned();
    assert!(text.contains(CENTRE) && text.contains("released"), "{counted:?}");
    let file = world.folder().join("rows.csv");
    let export = ["audit", "export", "--format", "csv", "-o", file.to_str().unwrap()];
    assert_eq!(phohien(&world, AUDITOR, &export).await.status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 3);
    let vkey = world.folder().join("log.vkey");
    let show = ["audit", "show", &id, "--trust", vkey.to_str().unwrap()];
    let shown = phohien(&world, AUDITOR, &show).await;
    assert!(String::from_utf8_lossy(&shown.stdout).contains("by the key that was named"), "{shown:?}");
    assert_eq!(phohien(&world, HOSPITAL, &show).await.status.code(), Some(1), "another's");
    assert_eq!(phohien(&world, WITNESS, &["audit", "list"]).await.status.code(), Some(1), "no role");
    assert_eq!(phohien(&world, AUDITOR, &["audit", "show", &id]).await.status.code(), Some(2), "no key");
    let other = world.folder().join("other.vkey");
    let key = phohien::tlog::note::VerifierKey::new(&"gw.test/2026".parse().unwrap(), [7; 32]);
    world::write(&other, &key.to_string());
    let show = ["audit", "show", &id, "--trust", other.to_str().unwrap()];
    let unproven = phohien(&world, AUDITOR, &show).await;
    assert_eq!((unproven.status.code(), unproven.stdout.len()), (Some(4), 0), "{unproven:?}");
    world.end().await;
}

#[tokio::test]
async fn a_written_refusal_is_made_of_what_the_desk_proves_and_its_reading_is_recorded() {
    let world = desk::world("").await;
    let refused = world.get(CENTRE, &lookup_path(), &[("exchange-purpose", "khong-co")]).await;
    let refused = refused.header("exchange-id").to_owned();
    let released = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let (vkey, policies) = (world.folder().join("log.vkey"), world.folder().join("policies"));
    let (vkey, policies) = (vkey.to_str().unwrap(), policies.to_str().unwrap());
    let paper = |id| ["audit", "refusal", id, "--json", "--trust", vkey, "--policies", policies];
    let told = phohien(&world, AUDITOR, &paper(&refused)).await;
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    let json: Value = serde_json::from_slice(&told.stdout).unwrap();
    let [leaf] = <[_; 1]>::try_from(world.leaves_of(&refused)).unwrap();
    assert_eq!((&json["reason"], &json["exchange"]), (&leaf["reason"], &leaf["exchange"]));
    assert_eq!(
        (&json["agreement"]["id"], &json["origin"]),
        (&leaf["agreement"]["id"], &"gw.test/2026".into())
    );
    assert!(json["contact"].as_str().unwrap().contains("TT-01"), "{json}");
    let page = phohien(&world, AUDITOR, &["audit", "refusal", &refused, "--trust", vkey]).await;
    let (page, note) = (String::from_utf8(page.stdout).unwrap(), String::from_utf8(page.stderr).unwrap());
    assert!(page.contains(&refused) && note.contains("--policies"), "{note}{page}");
    let read = |leaf: &Value| leaf["kind"] == "audit.read" && leaf["agency"] == AUDITOR;
    assert_eq!(world.verify().iter().filter(|leaf| read(leaf)).count(), 2);
    for (reader, id, words) in [(AUDITOR, &released, "did not refuse"), (HOSPITAL, &refused, "shows nothing")]
    {
        let no = phohien(&world, reader, &paper(id)).await;
        assert!(no.status.code() == Some(1) && String::from_utf8_lossy(&no.stderr).contains(words), "{no:?}");
    }
    assert_eq!(
        phohien(&world, AUDITOR, &["audit", "refusal", &refused]).await.status.code(),
        Some(2),
        "no key"
    );
    world.end().await;
}

/// The program itself, as a reader runs it.
#[cfg(test)]
async fn phohien(world: &World, reader: &str, words: &[&str]) -> Output {
    let (certificate, key) = world.desk_certificate(reader);
    let port = world.gateway().desk_address().unwrap().port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    command.args(words).args(["--lang", "en", "--desk", &format!("https://localhost:{port}")]);
    command.args(["--connect", &format!("127.0.0.1:{port}")]);
    command.arg("--cert").arg(certificate).arg("--key").arg(key);
    command.arg("--cacert").arg(world.certs().join("desk/ca.pem"));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_head_and_its_key_are_those_of_the_log() {
    let world = desk::world("").await;
    world.lookup(CENTRE).await;
    let key = world.read(WITNESS, "/log.vkey").await;
    assert_eq!(key.body, format!("{}\n", world.receipts.log_key()));
    let head = world.read(WITNESS, "/checkpoint").await;
    assert_eq!(head.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(head.header("cache-control"), "no-cache");
    let head = SignedHead::open(&head.body, &world.receipts.log_key()).unwrap();
    assert!(head.size >= 3, "{head:?}");
    world.end().await;
}

#[tokio::test]
async fn another_implementation_proves_entries_by_the_tiles_under_the_published_head() {
    const KEPT: &str = "private, max-age=31536000, immutable";
    let world = desk::world("").await;
    for _ in 0..270 {
        world.lookup(CENTRE).await;
    }
    let note = world.read(WITNESS, "/checkpoint").await;
    let head = SignedHead::open(&note.body, &world.receipts.log_key()).unwrap();
    assert!(head.size > 270, "{head:?}");
    let (size, root) = (head.size, tlog_tiles::Hash(head.root));
    let tiles = Fetched::of(&world, size).await;
    let reader = TileHashReader::new(size, root, &tiles);
    for index in [0, 1, 255, 256, size - 1] {
        let width = (size - index / 256 * 256).min(256);
        let suffix = if width == 256 { String::new() } else { format!(".p/{width}") };
        let bundle = world.read(AUDITOR, &format!("/tile/entries/{:03}{suffix}", index / 256)).await;
        assert_eq!(bundle.header("cache-control"), KEPT);
        let leaf = tlog_tiles::record_hash(entry_at(&bundle.body, index % 256));
        let proof = tlog_tiles::prove_record(size, index, &reader).unwrap();
        tlog_tiles::check_record(&proof, size, root, index, leaf).unwrap();
    }
    // A partial tile is what the full one begins with, also once that is full.
    let full = world.read(WITNESS, "/tile/0/000").await;
    let partial = world.read(WITNESS, "/tile/0/000.p/17").await;
    assert_eq!((full.body.len(), &partial.body), (8_192, &full.body.slice(..17 * 32)));
    assert_eq!(
        (full.header("content-type"), full.header("cache-control")),
        ("application/octet-stream", KEPT)
    );
    let read = world.verify().iter().filter(|leaf| leaf["question"] == "entries").count();
    assert_eq!(read, 5);
    world.end().await;
}

#[tokio::test]
async fn bundles_come_packed_to_whoever_takes_gzip_and_are_the_same_bytes() {
    let world = desk::world("").await;
    for _ in 0..9 {
        world.lookup(CENTRE).await;
    }
    for path in ["/tile/entries/000.p/9", "/tile/entries/000.p/1"] {
        let plain = world.read(AUDITOR, path).await;
        assert!(!plain.headers.contains_key("content-encoding") && plain.header("vary") == "accept-encoding");
        for (accepted, is_packed) in
            [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0, identity", false), ("br", false)]
        {
            let request = client::get(path, &[("accept-encoding", accepted)]);
            let bundle = world.call(&world.reader(AUDITOR), request).await;
            assert_eq!(bundle.headers.contains_key("content-encoding"), is_packed, "{accepted}");
            let mut bytes = Vec::new();
            match is_packed {
                true => GzDecoder::new(&*bundle.body).read_to_end(&mut bytes).map(drop).unwrap(),
                false => bytes.extend(&*bundle.body),
            }
            assert!(bytes == *plain.body, "{path} {accepted}");
        }
    }
    let hashes = client::get("/tile/0/000.p/9", &[("accept-encoding", "gzip")]);
    assert_eq!(world.call(&world.reader(WITNESS), hashes).await.body.len(), 9 * 32);
    world.end().await;
}

#[tokio::test]
async fn nothing_but_reading_is_answered_and_what_is_wrong_is_named() {
    let world = desk::world("").await;
    let reader = world.reader(AUDITOR);
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answered = world.call(&reader, client::build(method, "/checkpoint", &[], "")).await;
        assert_eq!((answered.status, answered.reason().as_str()), (405, "method-not-allowed"), "{method}");
        assert_eq!(answered.header("allow"), "GET, HEAD");
    }
    for (path, named) in [
        ("/checkpoint?size=1", "size"),
        ("/audit/list?agencies=H31", "agencies"),
        ("/audit/list?agency=H31&agency=H31.05", "agency"),
        ("/audit/list?since=7d", "since"),
        ("/audit/count?by=everything", "by"),
        ("/audit/count?limit=1", "limit"),
        ("/audit/tail?order=newest", "order"),
        ("/audit/show/0?all=true", "all"),
        ("/receipts/0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b?until=1", "until"),
        ("/receipts/0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b?since=x", "since"),
        ("/receipts/0199a1c2-3d4e-7f50-8a6b-1c2d3e4f5a6b?since=1&Since=2", "Since"),
    ] {
        let answered = world.call(&reader, client::get(path, &[("accept-language", "en")])).await;
        assert_eq!((answered.status, answered.reason().as_str()), (400, "parameter"), "{path}");
        assert!(answered.json()["detail"].as_str().unwrap().contains(&format!("`{named}`")), "{answered:?}");
    }
    for (site, status) in [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)] {
        let answered = world.call(&reader, client::get("/checkpoint", &[("sec-fetch-site", site)])).await;
        assert_eq!(answered.status, status, "{site}");
    }
    assert_eq!(world.read(AUDITOR, "/checkpoint/").await.status, 400);
    let mut misdirected = client::get("/checkpoint", &[]);
    *misdirected.uri_mut() = "https://gw.test/checkpoint".parse().unwrap();
    assert_eq!(world.call(&reader, misdirected).await.status, 421);
    world.end().await;
}

#[tokio::test]
async fn a_desk_that_trusts_an_authority_of_the_exchange_does_not_start() {
    let world = World::build("").await;
    desk::add(&world, "");
    // The same authority under another name of its file.
    std::fs::copy(world.certs().join("ca.pem"), world.certs().join("copy.pem")).unwrap();
    world::replace(
        &world.configuration(),
        "anchors = [\"desk/ca.pem\"]",
        "anchors = [\"desk/ca.pem\", \"copy.pem\"]",
    );
    let started = Gateway::start(read::read(&world.configuration()).unwrap(), Overrides::default()).await;
    assert!(matches!(started, Err(StartError::SharedAuthority)), "{started:?}");
}

#[tokio::test]
async fn at_the_desk_too_the_silent_and_the_slow_are_sent_away() {
    let world =
        desk::world("handshake_timeout = \"200 ms\"\nhead_timeout = \"500 ms\"\nidle_timeout = \"500 ms\"")
            .await;
    let address = world.gateway().desk_address().unwrap();
    let ended = |what: &'static str| move |_| panic!("{what} is still there");
    let mut silent = TcpStream::connect(address).await.unwrap();
    let read =
        tokio::time::timeout(PATIENCE, silent.read(&mut [0; 1])).await.unwrap_or_else(ended("the silent"));
    assert!(matches!(read, Ok(0) | Err(_)));
    for (alpn, said) in [("http/1.1", "GET /checkpoint HTTP/1.1\r\nhost: local"), ("h2", "")] {
        let mut slow = world.reader_over(AUDITOR, &[alpn]).connect().await.unwrap();
        slow.write_all(said.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, slow.read_to_end(&mut rest))
            .await
            .unwrap_or_else(|_| panic!("{alpn} is still there"));
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{alpn}");
    }
    world.end().await;
}

#[tokio::test]
async fn one_source_gets_no_more_connections_than_are_set() {
    let world = desk::world("connections_per_source = 2").await;
    let reader = world.reader(AUDITOR);
    let mut kept = vec![reader.session().await.unwrap(), reader.session().await.unwrap()];
    assert!(reader.session().await.is_err(), "a third connection got in");
    for session in &mut kept {
        assert_eq!(world.ask(session, client::get("/checkpoint", &[])).await.unwrap().status, 200);
    }
    world
        .until("the third is counted", |leaves| {
            leaves.iter().any(|leaf| leaf["reason"] == "connections-per-source")
        })
        .await;
    drop(kept);
    tokio::time::timeout(PATIENCE, async {
        while reader.session().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("places that were given back are taken again");
    world.end().await;
}
