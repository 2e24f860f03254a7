//! TLS toward platforms: whom we trust, what we show, and what an end without good-bye means.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::refusal::{Fault, NoConnection};
use super::super::tls::{PlatformTls, Unusable};
use super::super::{Incoming, Platforms};
use super::platform::{Platform, Step, answer, sized};
use super::{LIMIT, SHORT, endpoint, get, service};
use crate::clock::{Clock, Timestamp};
use crate::crypto::digest::{Hash, sha256};
use crate::crypto::tls::provider;
use crate::policy::model::{EndpointTls, Service};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        Issued { pem: certificate.pem(), der: certificate.der().clone(), key }
    }
}

struct Issued {
    pem: String,
    der: CertificateDer<'static>,
    key: KeyPair,
}

impl Issued {
    fn pin(&self) -> Hash {
        sha256(&self.key.subject_public_key_info())
    }
}

/// A platform behind TLS, with its authority's and our own certificate in a folder.
struct Secure {
    platform: Platform,
    pin: Hash,
    folder: TempDir,
}

impl Secure {
    /// The name in its certificate, whether it demands one of us, and what it does on every connection.
    async fn new(name: &str, demands_ours: bool, step: Step) -> Self {
        let authority = Authority::new();
        let own = authority.issue(name);
        let ours = authority.issue("gateway.example");
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), "platform-ca.pem", &authority.pem);
        keep(folder.path(), "other-ca.pem", &Authority::new().pem);
        keep(folder.path(), "ours.pem", &ours.pem);
        keep(folder.path(), "ours.key", &ours.key.serialize_pem());
        let pin = own.pin();
        let platform = listen(acceptor(&authority, own, demands_ours), step).await;
        Self { platform, pin, folder }
    }

    async fn send(&self, tls: EndpointTls) -> Result<Incoming, Fault> {
        self.send_at(tls, Clock::system()).await
    }

    async fn send_at(&self, tls: EndpointTls, clock: Clock) -> Result<Incoming, Fault> {
        let service = service(vec![endpoint(self.platform.address, Some(tls))]);
        let settings = PlatformTls {
            certs_dir: self.folder.path().to_owned(),
            anchors: Some("platform-ca.pem".to_owned()),
        };
        let platforms = Platforms::new(&[Arc::new(service.clone())], &settings, clock).unwrap();
        platforms.send(&service, get(), LIMIT).await
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own files need not outlive a power cut")]
fn keep(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn acceptor(authority: &Authority, own: Issued, demands_ours: bool) -> TlsAcceptor {
    let provider = provider();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = if demands_ours {
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::try_from(own.key.serialize_der()).unwrap();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![own.der], key).unwrap()))
}

async fn listen(acceptor: TlsAcceptor, step: Step) -> Platform {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (platform, follow) = Platform::at(address);
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(follow.clone().play(number, stream, vec![step.clone()]));
            }
        }
    });
    platform
}

const NAME: &str = "platform.example";

#[tokio::test]
async fn a_platform_is_trusted_by_anchor_name_and_pin() {
    let secure = Secure::new(NAME, false, Step::Write(sized("{}"))).await;
    let tls = EndpointTls { pin: Some(secure.pin), ..EndpointTls::default() };
    assert_eq!(secure.send(tls).await.unwrap().body.as_ref(), b"{}");
}

#[tokio::test]
async fn a_platform_under_another_anchor_hears_nothing() {
    let secure = Secure::new(NAME, false, Step::Write(sized("{}"))).await;
    let tls = EndpointTls { anchors: Some("other-ca.pem".to_owned()), ..EndpointTls::default() };
    let fault = secure.send(tls).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::Tls(_))), "{fault:?}");
    assert!(secure.platform.requests().is_empty());
}

#[tokio::test]
async fn a_platform_with_another_name_hears_nothing() {
    let secure = Secure::new("other.example", false, Step::Write(sized("{}"))).await;
    let fault = secure.send(EndpointTls::default()).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::Tls(_))), "{fault:?}");
    assert!(secure.platform.requests().is_empty());
}

#[tokio::test]
async fn a_platform_with_another_key_than_the_pinned_one_hears_nothing() {
    let secure = Secure::new(NAME, false, Step::Write(sized("{}"))).await;
    let tls = EndpointTls { pin: Some([7; 32]), ..EndpointTls::default() };
    let fault = secure.send(tls).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::Pin)), "{fault:?}");
    assert!(secure.platform.requests().is_empty());
}

#[tokio::test]
async fn a_platforms_certificate_is_judged_by_the_clock_that_was_passed_in() {
    let secure = Secure::new(NAME, false, Step::Write(sized("{}"))).await;
    let too_early = Clock::by_hand(Timestamp::from_second(0).unwrap());
    let fault = secure.send_at(EndpointTls::default(), too_early).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::Tls(_))), "{fault:?}");
}

#[tokio::test]
async fn a_platform_that_demands_our_certificate_is_shown_it() {
    let secure = Secure::new(NAME, true, Step::Write(sized("{}"))).await;
    let ours = Some(("ours.pem".to_owned(), "ours.key".to_owned()));
    let tls = EndpointTls { client: ours, ..EndpointTls::default() };
    assert_eq!(secure.send(tls).await.unwrap().body.as_ref(), b"{}");
    assert!(secure.send(EndpointTls::default()).await.is_err(), "without it there is no answer");
    assert_eq!(secure.platform.requests().len(), 1);
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole_only_with_a_good_bye() {
    let text = answer("Connection: close\r\n", "{}");
    let ended = Secure::new(NAME, false, Step::Close(text.clone())).await;
    assert_eq!(ended.send(EndpointTls::default()).await.unwrap().body.as_ref(), b"{}");
    let cut = Secure::new(NAME, false, Step::Drop(text)).await;
    assert_eq!(cut.send(EndpointTls::default()).await.unwrap_err().code(), "platform-broken");
}

#[tokio::test]
async fn plain_text_where_tls_is_expected_is_unreachable() {
    let plain = Platform::new(vec![]).await;
    let mut secure = Secure::new(NAME, false, Step::Write(sized("{}"))).await;
    secure.platform = plain;
    let mut service = service(vec![endpoint(secure.platform.address, Some(EndpointTls::default()))]);
    service.timeouts.connect = SHORT;
    let settings = PlatformTls {
        certs_dir: secure.folder.path().to_owned(),
        anchors: Some("platform-ca.pem".to_owned()),
    };
    let platforms = Platforms::new(&[Arc::new(service.clone())], &settings, Clock::system()).unwrap();
    let fault = platforms.send(&service, get(), LIMIT).await.unwrap_err();
    assert!(matches!(fault, Fault::Unreachable(NoConnection::Late)), "{fault:?}");
}

#[test]
fn what_is_named_and_cannot_be_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Authority::new(), Authority::new().issue(NAME));
    keep(folder.path(), "ca.pem", &one.pem);
    keep(folder.path(), "key.pem", &two.key.serialize_pem());
    keep(folder.path(), "empty.pem", "");
    keep(folder.path(), "damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let start = |anchors: Option<&str>, tls: EndpointTls, host: &str| {
        let mut endpoint = endpoint(([127, 0, 0, 1], 9).into(), Some(tls));
        endpoint.host = host.to_owned();
        let settings =
            PlatformTls { certs_dir: folder.path().to_owned(), anchors: anchors.map(str::to_owned) };
        Platforms::new(&[Arc::new(service(vec![endpoint]))], &settings, Clock::system()).map(drop)
    };
    let client = |chain: &str, key: &str| EndpointTls {
        client: Some((chain.to_owned(), key.to_owned())),
        ..EndpointTls::default()
    };
    let none = EndpointTls::default;
    assert!(start(Some("ca.pem"), none(), NAME).is_ok());
    assert!(matches!(start(None, none(), NAME), Err(Unusable::NoAnchors(_))));
    assert!(matches!(start(Some("missing.pem"), none(), NAME), Err(Unusable::Unreadable { .. })));
    assert!(matches!(start(Some("empty.pem"), none(), NAME), Err(Unusable::Pem { .. })));
    assert!(matches!(start(Some("damaged.pem"), none(), NAME), Err(Unusable::Tls { .. })));
    for outside in ["../ca.pem", "/etc/passwd", "a/../../b", ""] {
        assert!(matches!(start(Some(outside), none(), NAME), Err(Unusable::Outside(_))), "{outside}");
    }
    assert!(matches!(start(Some("ca.pem"), none(), "not a name"), Err(Unusable::Host(_))));
    assert!(matches!(start(Some("ca.pem"), client("ca.pem", "empty.pem"), NAME), Err(Unusable::Pem { .. })));
    let mismatched = start(Some("ca.pem"), client("ca.pem", "key.pem"), NAME);
    assert!(matches!(mismatched, Err(Unusable::Tls { .. })), "a key of another certificate: {mismatched:?}");
}

#[test]
fn the_way_to_a_service_is_kept_unless_its_endpoints_its_times_or_what_a_file_holds_are_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("platform-ca.pem");
    keep(folder.path(), "platform-ca.pem", &Authority::new().pem);
    let settings =
        PlatformTls { certs_dir: folder.path().to_owned(), anchors: Some("platform-ca.pem".to_owned()) };
    let address = "127.0.0.1:1".parse().unwrap();
    let plain = service(vec![endpoint(address, Some(EndpointTls::default()))]);
    let all = |service: &Service| [Arc::new(service.clone())];
    let first = Platforms::new(&all(&plain), &settings, Clock::system()).unwrap();
    let is_kept = |service: &Service| {
        let next = first.renewed(&all(service), &settings, Clock::system()).unwrap();
        Arc::ptr_eq(&first.ways[&service.id], &next.ways[&service.id])
    };
    assert!(is_kept(&plain));
    assert!(!is_kept(&service(vec![endpoint("127.0.0.1:2".parse().unwrap(), Some(EndpointTls::default()))])));
    let mut hurried = plain.clone();
    hurried.timeouts.answer = SHORT;
    assert!(!is_kept(&hurried));
    std::fs::remove_file(&file).unwrap();
    keep(folder.path(), "platform-ca.pem", &Authority::new().pem);
    assert!(!is_kept(&plain));
}
