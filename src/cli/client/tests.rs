use super::*;

use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Response;
use http::Version;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::connection::Ask;
use crate::cli::exit::Exit;
use crate::identity::development;
use crate::identity::development::Caller;
use crate::identity::development::Flaw;
use crate::identity::development::Plan;
use crate::listener::tls::TlsFiles;
use crate::listener::tls::server_config;

/// How often a race is run: the alert and the reset that follows it must never be told apart by luck.
const RACES: usize = 20;

/// A socket that shakes hands as the gateway does and answers with what it was asked.
struct Socket {
    folder: tempfile::TempDir,
    address: SocketAddr,
}

impl Socket {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let callers = [
            ("sound", Flaw::None),
            ("expired", Flaw::Expired),
            ("foreign", Flaw::Foreign),
            ("server-only", Flaw::ServerOnly),
            ("revoked", Flaw::Revoked),
        ];
        let callers = callers.map(|(name, flaw)| Caller::named(name, &["H31.01.01"], flaw)).into();
        let plan = Plan { server_names: vec!["localhost".to_owned()], callers };
        development::make(folder.path(), &plan).unwrap();
        let file = |name: &str| folder.path().join(name);
        let tls = server_config(&TlsFiles {
            certificate: file(development::SERVER),
            key: file(development::SERVER_KEY),
            anchors: vec![file(development::CA)],
            crls: Some(vec![file(development::CRL)]),
        })
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, TlsAcceptor::from(tls.config())));
        Self { folder, address }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn address(&self) -> Address {
        Address::parse(&format!("https://localhost:{}/x", self.address.port())).unwrap()
    }

    fn gateway(&self, caller: &str, cacert: &str) -> Gateway {
        let agencies = Path::new(development::AGENCIES);
        let pem = |extension: &str| self.folder.path().join(agencies.join(caller)).with_extension(extension);
        let gateway = Gateway::from_files(&self.address(), &self.file(cacert), &pem("pem"), &pem("key"));
        gateway.unwrap().at(Some(self.address))
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let io = TokioIo::new(stream);
            let service = service_fn(echo);
            if is_http2 {
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(io, service)
                    .await;
            } else {
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            }
        });
    }
}

type Echo = http_body_util::combinators::BoxBody<Bytes, Infallible>;

/// Says back method, target and body; states its id in a trailer, as a streamed answer does.
async fn echo(request: http::Request<Incoming>) -> Result<Response<Echo>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let host =
        head.headers.get("host").cloned().or_else(|| {
            head.uri.authority().map(|authority| HeaderValue::from_str(authority.as_str()).unwrap())
        });
    let text = format!("{} {} {}", head.method, head.uri.path(), String::from_utf8_lossy(&body));
    let trailers = async {
        Some(Ok(HeaderMap::from_iter([(
            http::HeaderName::from_static("exchange-id"),
            HeaderValue::from_static("0199"),
        )])))
    };
    let body = Full::new(Bytes::from(text)).with_trailers(trailers).boxed();
    let mut response = Response::new(body);
    response.headers_mut().insert("x-host", host.unwrap());
    if head.version == Version::HTTP_11 {
        // The body's length is known here, and HTTP/1.1 has trailers only in chunked bodies.
        response.headers_mut().insert("transfer-encoding", HeaderValue::from_static("chunked"));
    }
    response.headers_mut().insert("trailer", HeaderValue::from_static("exchange-id"));
    Ok(response)
}

async fn answered(gateway: &Gateway, ask: &Ask) -> Result<connection::Answer, refused::Unanswered> {
    Connection::open(gateway).await?.send(ask).await
}

fn posted() -> Ask {
    let headers = HeaderMap::from_iter([(http::header::TE, HeaderValue::from_static("trailers"))]);
    Ask {
        method: http::Method::POST,
        target: "/a?b=c".to_owned(),
        headers,
        body: Bytes::from_static(b"data"),
    }
}

#[tokio::test]
async fn a_request_and_its_answer_are_the_same_over_both_versions_trailers_included() {
    let socket = Socket::open().await;
    let gateway = socket.gateway("sound", development::CA);
    for (gateway, version) in [(gateway.clone(), Version::HTTP_2), (gateway.http1_only(), Version::HTTP_11)] {
        let answer = answered(&gateway, &posted()).await.unwrap();
        assert_eq!((answer.version, &answer.body[..]), (version, &b"POST /a data"[..]));
        assert_eq!(answer.field("exchange-id"), Some("0199"));
        assert_eq!(answer.field("x-host").unwrap(), socket.address().authority());
    }
}

#[tokio::test]
async fn one_connection_carries_several_requests() {
    let socket = Socket::open().await;
    for gateway in
        [socket.gateway("sound", development::CA), socket.gateway("sound", development::CA).http1_only()]
    {
        let mut connection = Connection::open(&gateway).await.unwrap();
        for target in ["/one", "/two"] {
            let answer = connection.send(&Ask::get(target)).await.unwrap();
            assert_eq!(answer.body, format!("GET {target} "));
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_turned_away_is_told_by_its_reason_every_time() {
    let socket = Socket::open().await;
    for (caller, codes) in [
        ("expired", ["certificate-expired"].as_slice()),
        ("foreign", &["certificate-unknown-authority", "certificate-refused"]),
        ("server-only", &["certificate-refused"]),
        ("revoked", &["certificate-revoked"]),
    ] {
        let gateway = socket.gateway(caller, development::CA);
        for gateway in [gateway.clone(), gateway.http1_only()] {
            for _ in 0..RACES {
                let failure: Failure = answered(&gateway, &posted()).await.unwrap_err().into();
                let told = (failure.exit(), codes.contains(&failure.code()));
                assert_eq!(
                    told,
                    (Exit::No, true),
                    "{caller}: {}",
                    failure.render(crate::language::Language::En, false)
                );
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_gateway_that_is_not_who_it_should_be() {
    let socket = Socket::open().await;
    let foreign = answered(&socket.gateway("sound", development::FOREIGN_CA), &posted()).await.unwrap_err();
    assert_eq!(Failure::from(foreign).code(), "gateway-unknown-authority");
    let other = Address::parse("https://other.example/x").unwrap();
    let pem = |extension: &str| socket.file("agencies/sound").with_extension(extension);
    let gateway =
        Gateway::from_files(&other, &socket.file(development::CA), &pem("pem"), &pem("key")).unwrap();
    let failure = Failure::from(answered(&gateway.at(Some(socket.address)), &posted()).await.unwrap_err());
    assert_eq!((failure.exit(), failure.code()), (Exit::CouldNot, "gateway-other-name"));
}

#[tokio::test]
async fn a_gateway_that_is_not_there_could_not_be_asked() {
    let socket = Socket::open().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gateway = socket.gateway("sound", development::CA).at(Some(free));
    let failure = Failure::from(answered(&gateway, &posted()).await.unwrap_err());
    assert_eq!((failure.exit(), failure.code()), (Exit::CouldNot, "gateway-unreachable"));
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_not_waited_for_forever() {
    let socket = Socket::open().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let acceptor = TlsAcceptor::from(
        server_config(&TlsFiles {
            certificate: socket.file(development::SERVER),
            key: socket.file(development::SERVER_KEY),
            anchors: vec![socket.file(development::CA)],
            crls: None,
        })
        .unwrap()
        .config(),
    );
    let address = silent.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = silent.accept().await.unwrap();
        let _held = acceptor.accept(stream).await;
        std::future::pending::<()>().await;
    });
    let gateway = socket.gateway("sound", development::CA).http1_only().at(Some(address));
    let gateway = gateway.patient_for(Duration::from_millis(50));
    let failure = Failure::from(answered(&gateway, &posted()).await.unwrap_err());
    assert_eq!((failure.exit(), failure.code()), (Exit::CouldNot, "timeout"));
}
