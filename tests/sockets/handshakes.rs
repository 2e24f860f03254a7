//! Who gets in.

use std::path::PathBuf;
use std::process::Command;

use http::StatusCode;
use phohien::identity::certificate::spki_of;
use phohien::identity::development;
use phohien::listener::accept::Knock;
use phohien::listener::lists::RevocationError;
use phohien::listener::tls;
use phohien::listener::tls::TlsError;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::stage::Stage;
use crate::stage::files;
use crate::stage::generous;
use crate::stage::http1;
use crate::stage::http2;
use crate::stage::read;
use crate::stage::request;
use crate::stage::within;

/// Offers a certificate, or none, and tells why the handshake failed. The caller learns of it at its first read.
async fn refused(stage: &mut Stage, caller: Option<&str>) -> String {
    if let Ok(mut stream) = stage.connect(&stage.client(caller, &["http/1.1"])).await {
        let _ = stream.write_all(b"GET /who HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        let mut answer = Vec::new();
        let read = within(stream.read_to_end(&mut answer)).await;
        assert!(read.is_err() && answer.is_empty(), "{caller:?} was answered");
    }
    let (knock, detail) = stage.knock().await;
    assert_eq!(knock, Knock::Handshake);
    assert!(stage.desk.sources.lock().unwrap().is_empty(), "the exchange was reached");
    detail
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_a_certificate_is_refused_at_the_handshake() {
    let mut stage = Stage::set(generous()).await;
    let why = refused(&mut stage, None).await;
    assert!(why.contains("no certificates"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_with_any_flaw_is_refused_at_the_handshake() {
    let mut stage = Stage::set(generous()).await;
    for (caller, word) in [
        ("expired", "expired"),
        ("foreign", "UnknownIssuer"),
        ("server-only", "usage"),
        ("revoked", "Revoked"),
    ] {
        let why = refused(&mut stage, Some(caller)).await;
        assert!(why.to_lowercase().contains(&word.to_lowercase()), "{caller}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls_is_refused_at_the_handshake() {
    let mut stage = Stage::set(generous()).await;
    let mut plain = stage.tcp().await;
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(stage.knock().await.0, Knock::Handshake);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_is_recognized_over_both_versions_of_http() {
    let stage = Stage::set(generous()).await;
    let stream = stage.connect(&stage.client(Some("H31.01.01"), &["http/1.1"])).await.unwrap();
    let told = read(within(http1(stream).await.send_request(request("/who"))).await.unwrap()).await;
    assert_eq!(told, (StatusCode::OK, "H31.01.01 Http1 HTTP/1.1 localhost".into()));
    let stream = stage.connect(&stage.client(Some("H31.01.01"), &["h2", "http/1.1"])).await.unwrap();
    let (mut sender, _connection) = http2(stream).await;
    for _ in 0..3 {
        let told = read(within(sender.send_request(request("/who"))).await.unwrap()).await;
        assert_eq!(told, (StatusCode::OK, "H31.01.01 Http2 HTTP/2.0 localhost".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_offers_no_protocol_gets_http_1_and_one_that_offers_another_gets_nothing() {
    let mut stage = Stage::set(generous()).await;
    let stream = stage.connect(&stage.client(Some("H31.01.01"), &[])).await.unwrap();
    let (status, told) = read(within(http1(stream).await.send_request(request("/who"))).await.unwrap()).await;
    assert!(status == StatusCode::OK && told.contains("Http1"), "{told}");
    assert!(stage.connect(&stage.client(Some("H31.01.01"), &["h3"])).await.is_err());
    assert_eq!(stage.knock().await.0, Knock::Handshake);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_reaches_the_exchange_which_refuses_it_with_a_reason() {
    let stage = Stage::set(generous()).await;
    let mut stream = stage.connect(&stage.client(Some("H31.01.01"), &["http/1.1"])).await.unwrap();
    stream.write_all(b"GET /who HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.contains("HTTP/1.0 localhost"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_2_is_taken() {
    let stage = Stage::set(generous()).await;
    let chain = vec![stage.certificate("agencies/H31.01.01.pem")];
    let client = stage.client_with(Some(("H31.01.01", chain)), &["http/1.1"], &[&rustls::version::TLS12]);
    let stream = stage.connect(&client).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
    let told = read(within(http1(stream).await.send_request(request("/who"))).await.unwrap()).await;
    assert_eq!(told.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_resumed_so_every_connection_shows_its_certificate() {
    let stage = Stage::set(generous()).await;
    for version in rustls::ALL_VERSIONS {
        let chain = vec![stage.certificate("agencies/H31.01.01.pem")];
        let client = stage.client_with(Some(("H31.01.01", chain)), &["http/1.1"], &[version]);
        for _ in 0..2 {
            let stream = stage.connect(&client).await.unwrap();
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
            // Tickets, were there any, would come with the answer.
            let told = read(within(http1(stream).await.send_request(request("/who"))).await.unwrap()).await;
            assert_eq!(told.0, StatusCode::OK);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_verifies_speaks_for_one_agency_or_for_nobody() {
    let stage = Stage::set(generous()).await;
    for (caller, code) in [
        ("two", "agency-names"),
        ("nobody", "agency-names"),
        ("shouting", "agency-spelling"),
        (development::DISSOLVED, "former-code"),
    ] {
        assert_eq!(stage.ask(caller, "/who").await, (StatusCode::FORBIDDEN, code.into()), "{caller}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_merely_sent_along_is_not_the_issuing_one() {
    let wanted = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = std::sync::Arc::clone(&wanted);
    let stage = Stage::with(
        generous(),
        move |files| {
            let foreign = files.anchors[0].with_file_name(development::FOREIGN_CA);
            *seen.lock().unwrap() = Some(files.anchors[0].clone());
            files.anchors.push(foreign);
            files.crls = None;
        },
        |agency| {
            let ca = wanted.lock().unwrap().clone().unwrap();
            let ca =
                <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_file(
                    ca,
                );
            agency.issuing_ca = spki_of(&ca.unwrap());
        },
    )
    .await;
    assert_eq!(stage.ask("H31.01.01", "/who").await.0, StatusCode::OK);
    let ours = stage.certificate(development::CA);
    for chain in [vec![], vec![ours]] {
        let chain = [vec![stage.certificate("agencies/foreign.pem")], chain].concat();
        let client = stage.client_with(Some(("foreign", chain)), &["http/1.1"], rustls::ALL_VERSIONS);
        let mut sender = http1(stage.connect(&client).await.unwrap()).await;
        let told = read(within(sender.send_request(request("/who"))).await.unwrap()).await;
        assert_eq!(told, (StatusCode::FORBIDDEN, "certificate-selector".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_holds_for_the_next_handshake_and_a_bad_one_changes_nothing() {
    let mut stage = Stage::with(generous(), |files| files.crls = None, |_| {}).await;
    assert_eq!(stage.ask("revoked", "/who").await.0, StatusCode::OK);
    let mut bad = files(&stage.folder);
    bad.anchors.clear();
    assert!(stage.tls.reload(&bad).is_err());
    assert_eq!(stage.ask("revoked", "/who").await.0, StatusCode::OK);
    stage.desk.sources.lock().unwrap().clear();
    stage.tls.reload(&files(&stage.folder)).unwrap();
    let why = refused(&mut stage, Some("revoked")).await;
    assert!(why.contains("Revoked"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_without_anchors_lists_or_a_key_of_its_own_does_not_open() {
    let stage = Stage::set(generous()).await;
    let good = files(&stage.folder);
    let empty = stage.path("empty.pem");
    std::fs::File::create_new(&empty).unwrap();
    let refused = |change: &dyn Fn(&mut tls::TlsFiles)| {
        let mut files = good.clone();
        change(&mut files);
        tls::server_config(&files).unwrap_err()
    };
    assert!(matches!(refused(&|files| files.anchors.clear()), TlsError::Verifier(_)));
    assert!(matches!(refused(&|files| files.anchors = vec![empty.clone()]), TlsError::Empty { .. }));
    let absent = || vec![PathBuf::from("/there/is/none.pem")];
    assert!(matches!(refused(&|files| files.anchors = absent()), TlsError::Unreadable { .. }));
    let no_list = refused(&|files| files.crls = Some(Vec::new()));
    assert!(matches!(no_list, TlsError::Revocation(RevocationError::None)));
    assert!(matches!(refused(&|files| files.crls = Some(absent())), TlsError::Revocation(_)));
    let other_key = stage.path("agencies/H31.01.01.key");
    assert!(matches!(refused(&|files| files.key = other_key.clone()), TlsError::Rejected(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_and_openssl_take_the_development_pki() {
    let stage = Stage::set(generous()).await;
    for (version, told) in [("--http1.1", "Http1"), ("--http2", "Http2")] {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", version, "--cacert", "ca.pem"]);
        curl.args(["--cert", "agencies/H31.01.01.pem", "--key", "agencies/H31.01.01.key"]);
        curl.arg(format!("https://localhost:{}/who", stage.port())).current_dir(stage.folder.path());
        let output = tokio::task::spawn_blocking(move || curl.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with(&format!("H31.01.01 {told}")), "{text} {output:?}");
    }
    let verify = |purpose: &str, file: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-x509_strict", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "ca.crl.pem"]);
        openssl.args(["-purpose", purpose, file]).current_dir(stage.folder.path());
        openssl.output().unwrap().status.success()
    };
    assert!(verify("sslclient", "agencies/H31.01.01.pem"));
    assert!(verify("sslserver", "server.pem"));
    for name in ["expired", "foreign", "server-only", "revoked"] {
        assert!(!verify("sslclient", &format!("agencies/{name}.pem")), "{name}");
    }
}
