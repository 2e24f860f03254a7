//! Doors: who gets in, and that whoever does not reaches no platform.

#[cfg(test)]
mod world;

use std::path::Path;
use std::process::Command;
use std::process::Output;

use phohien::identity::development;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use world::CENTRE;
use world::CUT;
use world::PATIENCE;
use world::World;
use world::client;
use world::kinds;
use world::lookup_path;

const LOOKING_UP: [(&str, &str); 1] = [("exchange-purpose", "tra-cuu")];

#[tokio::test]
async fn without_a_certificate_that_verifies_nobody_gets_as_far_as_a_request() {
    let world = World::start().await;
    let mut strangers = vec![("no certificate", world.nobody())];
    for flawed in ["expired", "foreign", "server-only", "revoked"] {
        strangers.push((flawed, world.client(flawed)));
    }
    for (flaw, stranger) in &strangers {
        let sent = world.try_call(stranger, client::get(&lookup_path(), &LOOKING_UP)).await;
        assert!(sent.is_err(), "{flaw} got an answer: {sent:?}");
    }
    assert_eq!(world.platform.seen().len(), 0);
    // They are summed up in the operator's chain, not recorded one by one.
    let count = strangers.len() as u64;
    let leaves = world
        .until("all knocks summed up", |leaves| {
            let of = leaves.iter().filter(|leaf| leaf["reason"] == "handshake");
            of.map(|leaf| leaf["count"].as_u64().unwrap()).sum::<u64>() == count
        })
        .await;
    let summary = leaves.iter().find(|leaf| leaf["kind"] == "refusals.summary").unwrap();
    assert_eq!((&summary["unauthenticated"], &summary["agency"]), (&true.into(), &"H31.02".into()));
    assert!(!kinds(&leaves).contains(&"exchange.refused"));
    world.end().await;
}

#[tokio::test]
async fn a_certificate_that_verifies_but_speaks_for_no_one_agency_is_refused_and_recorded_as_nobodys() {
    let world = World::start().await;
    for name in ["two-names", "no-name", "former-code", "unknown", "lower-case", "operator"] {
        for alpn in ["http/1.1", "h2"] {
            let client = world.client_over(name, &[alpn]);
            let answered = world.call(&client, client::get(&lookup_path(), &LOOKING_UP)).await;
            assert_eq!((answered.status, answered.reason().as_str()), (403, "no-agreement"), "{name}");
            let [leaf] = <[_; 1]>::try_from(world.leaves_of(answered.header("exchange-id"))).unwrap();
            assert_eq!((&leaf["kind"], &leaf["stage"]), (&"exchange.refused".into(), &"identity".into()));
            assert_eq!((&leaf["unauthenticated"], &leaf["agency"]), (&true.into(), &"H31.02".into()));
        }
    }
    assert_eq!(world.platform.seen().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn http_1_and_http_2_are_chosen_by_alpn_and_both_work() {
    let world = World::start().await;
    for (offered, agreed) in [
        (&["h2", "http/1.1"][..], Some(b"h2".as_slice())),
        (&["h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let client = world.client_over(CENTRE, offered);
        assert_eq!(client.connect().await.unwrap().get_ref().1.alpn_protocol(), agreed);
        let answered = world.call(&client, client::get(&lookup_path(), &LOOKING_UP)).await;
        assert_eq!((answered.status, &*answered.body), (200, CUT.as_bytes()), "{offered:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn plain_http_on_the_tls_port_gets_no_answer_and_is_summed_up() {
    let world = World::start().await;
    let mut connection = TcpStream::connect(world.address()).await.unwrap();
    connection.write_all(b"GET /mau HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let read = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut said))
        .await
        .expect("the gateway hangs up");
    // A TLS alert, if anything.
    assert!(read.is_err() || !said.starts_with(b"HTTP"), "{said:?}");
    world
        .until("the knock is summed up", |leaves| leaves.iter().any(|leaf| leaf["reason"] == "handshake"))
        .await;
    assert_eq!(world.platform.seen().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_request_for_another_name_than_tls_was_told_is_misdirected() {
    let world = World::start().await;
    for alpn in ["http/1.1", "h2"] {
        let local = world.client_over(CENTRE, &[alpn]);
        for (tls, authority, status) in [
            ("localhost", "localhost", 200),
            ("gw.test", "gw.test", 200),
            ("gw.test", "GW.test:8443", 200),
            // By address no name is told.
            ("127.0.0.1", "127.0.0.1", 200),
            ("127.0.0.1", "localhost", 200),
            ("localhost", "gw.test", 421),
            ("gw.test", "localhost", 421),
            ("localhost", "127.0.0.1", 421),
            ("localhost", "elsewhere.test", 421),
            ("127.0.0.1", "elsewhere.test", 421),
        ] {
            let mut request = client::get(&lookup_path(), &LOOKING_UP);
            *request.uri_mut() = format!("https://{authority}{}", lookup_path()).parse().unwrap();
            let answered = world.call(&local.naming(tls), request).await;
            assert_eq!(answered.status, status, "TLS to {tls}, HTTP to {authority} over {alpn}");
            if status == 421 {
                assert_eq!(answered.reason(), "authority");
            }
        }
        let two = client::get(&lookup_path(), &[LOOKING_UP[0], ("host", "gw.test")]);
        if alpn == "h2" {
            let answered = local.send(two).await.unwrap();
            assert_eq!((answered.status, answered.reason().as_str()), (421, "authority"));
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_certificate_that_is_suspended_is_refused_from_the_next_start_on() {
    let mut world = World::start().await;
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    world.close().await;
    let (certificate, _) = world.certificate(CENTRE);
    let der =
        openssl(world.folder(), &["x509", "-in", certificate.to_str().unwrap(), "-outform", "DER"]).stdout;
    let fingerprint = phohien::crypto::digest::hex(&phohien::crypto::digest::sha256(&der));
    let suspend =
        format!("[[suspend]]\ncertificate = \"{fingerprint}\"\nsince = 2026-11-01\nreason = \"Mất khóa\"\n");
    world::write(&world.folder().join("policies/suspensions.toml"), &suspend);
    world.open().await;
    let refused = world.lookup(CENTRE).await;
    assert_eq!((refused.status, refused.reason().as_str()), (403, "certificate-suspended"));
    let leaves = world.end().await;
    assert_eq!(kinds(&leaves).iter().filter(|kind| **kind == "policy.changed").count(), 2);
}

#[tokio::test]
async fn curl_as_debian_ships_it_gets_an_answer_over_http_1_and_http_2() {
    let world = World::start().await;
    for (options, version) in
        [(&["--http1.1"][..], "1.1"), (&["--http2"], "2"), (&["--http2", "--tls-max", "1.2"], "2")]
    {
        let output = curl(&world, options, CENTRE).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(said, format!("{CUT}\n200 {version} application/json\n"));
    }
    let refused = curl(&world, &["--http1.1"], "expired").await;
    assert!(!refused.status.success(), "curl got in with an expired certificate: {refused:?}");
    let leaves = world.end().await;
    assert_eq!(kinds(&leaves).iter().filter(|kind| **kind == "exchange.released").count(), 3);
}

#[cfg(test)]
async fn curl(world: &World, options: &[&str], name: &str) -> Output {
    let (certificate, key) = world.certificate(name);
    let address = world.address();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60"]);
    command.args(options).arg("--cacert").arg(world.certs().join(development::CA));
    command.arg("--cert").arg(certificate).arg("--key").arg(key);
    command.args(["--resolve", &format!("gw.test:{}:127.0.0.1", address.port())]);
    command.args(["--header", "Exchange-Purpose: tra-cuu"]);
    command.args(["--write-out", "\n%{http_code} %{http_version} %{content_type}\n"]);
    command.arg(format!("https://gw.test:{}{}", address.port(), lookup_path()));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[cfg(test)]
fn openssl(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
    output
}

/// The commands of the README, on the checkpoint that a stopped gateway leaves.
const BY_HAND: &str = r"
{ echo MCowBQYDK2VwAyEA | base64 -d; cut -d+ -f3- log.vkey | base64 -d | tail -c 32; } | openssl pkey -pubin -inform DER -out log.pem
sed '/^$/,$d' log/checkpoint > signed
sed -n 's/^— [^ ]* //p' log/checkpoint | head -n1 | base64 -d | tail -c 64 > signature
openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in signed -sigfile signature
";

#[tokio::test]
async fn openssl_alone_verifies_the_checkpoint_and_refuses_a_changed_one() {
    let mut world = World::start().await;
    world.lookup(CENTRE).await;
    world.close().await;
    let by_hand = |script: &str| {
        let script = format!("set -euo pipefail\nexport LC_ALL=C.UTF-8\n{script}");
        Command::new("bash").current_dir(world.folder()).args(["-c", &script]).output().unwrap()
    };
    let verified = by_hand(BY_HAND);
    assert!(verified.status.success(), "{verified:?}");
    assert!(String::from_utf8_lossy(&verified.stdout).contains("Signature Verified Successfully"));
    let changed = by_hand(&BY_HAND.replace("> signed", "| sed '2s/^/1/' > signed"));
    assert!(!changed.status.success(), "a checkpoint of another size verifies: {changed:?}");
    world.end().await;
}
