//! A PKI, a listening socket with an exchange that tells whom it recognized, and clients.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::Response;
use http::StatusCode;
use http_body_util::BodyExt as _;
use http_body_util::Empty;
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use phohien::clock::Clock;
use phohien::identity;
use phohien::identity::development;
use phohien::identity::development::Caller;
use phohien::identity::development::Flaw;
use phohien::identity::development::Plan;
use phohien::identity::registry::Agency;
use phohien::identity::registry::Contacts;
use phohien::identity::registry::FormerId;
use phohien::identity::registry::Registry;
use phohien::identity::registry::Role;
use phohien::identity::revocation::Revocations;
use phohien::language::Text;
use phohien::listener::Exchange;
use phohien::listener::Handshaken;
use phohien::listener::accept;
use phohien::listener::accept::Knock;
use phohien::listener::accept::Knocks;
use phohien::listener::accept::Settings;
use phohien::listener::connection::Times;
use phohien::listener::stop::Stop;
use phohien::listener::tls;
use phohien::listener::tls::Tls;
use phohien::listener::tls::TlsFiles;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::SupportedProtocolVersion;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// So long that only a thing that never happens takes longer.
const DEADLINE: Duration = Duration::from_secs(60);
/// So long that it never ends within a test.
pub(crate) const NEVER: Duration = Duration::from_secs(3_600);
/// A time-out whose end a test waits for, and long enough for a client that means to be in time.
pub(crate) const SOON: Duration = Duration::from_secs(1);
/// A time-out that nobody is meant to be within.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(50);
/// More than any window or socket buffer.
const BIG: usize = 32 << 20;

/// Waits for what must come.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it did not come")
}

/// The usual settings: nothing times out, nothing is scarce.
pub(crate) fn generous() -> Settings {
    Settings {
        connections: 100,
        per_source: 100,
        handshakes: 10,
        handshake_timeout: NEVER,
        times: Times { head: NEVER, idle: NEVER },
        drain_timeout: NEVER,
    }
}

pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) tls: Tls,
    pub(crate) desk: Desk,
    pub(crate) stop: Stop,
    address: SocketAddr,
    knocks: mpsc::UnboundedReceiver<(Knock, String)>,
    serving: JoinHandle<()>,
}

impl Stage {
    pub(crate) async fn set(settings: Settings) -> Self {
        Self::with(settings, |_| {}, |_| {}).await
    }

    /// A stage whose files and agencies are changed first.
    pub(crate) async fn with(
        settings: Settings,
        change_files: impl FnOnce(&mut TlsFiles),
        change_agency: impl FnOnce(&mut Agency),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        development::make(folder.path(), &plan()).unwrap();
        let mut files = files(&folder);
        change_files(&mut files);
        let tls = tls::server_config(&files).unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (knocker, knocks) = mpsc::unbounded_channel();
        let revoked = files.crls.map_or(Revocations::none(), |files| Revocations::load(&files).unwrap());
        let desk = Desk {
            registry: Arc::new(registry(change_agency)),
            revoked: Arc::new(revoked),
            released: Arc::new(Semaphore::new(0)),
            arrived: Arc::new(Semaphore::new(0)),
            sources: Arc::default(),
        };
        let stop = Stop::new();
        let knocker: Arc<dyn Knocks> = Arc::new(Knocker(knocker));
        let (clock, served) = (Clock::system(), desk.clone());
        let serving = accept::serve(socket, tls.clone(), settings, clock, served, knocker, stop.clone());
        let serving = tokio::spawn(serving);
        Self { folder, tls, desk, stop, address, knocks, serving }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next who did not get in.
    pub(crate) async fn knock(&mut self) -> (Knock, String) {
        within(self.knocks.recv()).await.unwrap()
    }

    /// Waits until nobody is served any more.
    pub(crate) async fn ended(self) {
        within(self.serving).await.unwrap();
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        within(TcpStream::connect(self.address)).await.unwrap()
    }

    pub(crate) async fn connect(&self, client: &Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
        let name = "localhost".try_into().unwrap();
        within(TlsConnector::from(Arc::clone(client)).connect(name, self.tcp().await)).await
    }

    /// A client by the name of its certificate's file, none for none, that offers these protocols.
    pub(crate) fn client(&self, caller: Option<&str>, alpn: &[&str]) -> Arc<ClientConfig> {
        let chain = caller.map(|name| vec![self.certificate(&format!("agencies/{name}.pem"))]);
        self.client_with(caller.zip(chain), alpn, rustls::ALL_VERSIONS)
    }

    /// A client that sends this chain with its caller's key.
    pub(crate) fn client_with(
        &self,
        caller: Option<(&str, Vec<CertificateDer<'static>>)>,
        alpn: &[&str],
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate(development::CA)).unwrap();
        let builder = ClientConfig::builder_with_provider(phohien::crypto::tls::provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match caller {
            None => builder.with_no_client_auth(),
            Some((name, chain)) => {
                let key = PrivateKeyDer::from_pem_file(self.path(&format!("agencies/{name}.key"))).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    pub(crate) fn certificate(&self, name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.path(name)).unwrap()
    }

    /// One request over HTTP/1.1 on a connection of its own: status and body.
    pub(crate) async fn ask(&self, caller: &str, path: &str) -> (StatusCode, String) {
        let stream = self.connect(&self.client(Some(caller), &["http/1.1"])).await.unwrap();
        let mut sender = http1(stream).await;
        read(within(sender.send_request(request(path))).await.unwrap()).await
    }
}

pub(crate) async fn http1(
    stream: TlsStream<TcpStream>,
) -> hyper::client::conn::http1::SendRequest<Empty<Bytes>> {
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A client of HTTP/2, which answers pings, and the task that ends with its connection.
pub(crate) async fn http2(
    stream: TlsStream<TcpStream>,
) -> (hyper::client::conn::http2::SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<()>>) {
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

pub(crate) fn request(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("https://localhost{path}")).header("host", "localhost").body(Empty::new()).unwrap()
}

pub(crate) async fn read(response: Response<Incoming>) -> (StatusCode, String) {
    let status = response.status();
    let body = within(response.into_body().collect()).await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) fn files(folder: &tempfile::TempDir) -> TlsFiles {
    let path = |name: &str| folder.path().join(name);
    TlsFiles {
        certificate: path(development::SERVER),
        key: path(development::SERVER_KEY),
        anchors: vec![path(development::CA)],
        crls: Some(vec![path(development::CRL)]),
    }
}

fn plan() -> Plan {
    let mut plan = Plan::usual(&["H31.01.01".parse().unwrap()]);
    let uris = vec!["URN:agency:H31.01.01".to_owned()];
    plan.callers.push(Caller::named("two", &["H31.01.01", "H31.05"], Flaw::None));
    plan.callers.push(Caller::named("nobody", &[], Flaw::None));
    plan.callers.push(Caller { name: "shouting".into(), uris, flaw: Flaw::None });
    plan
}

fn registry(change: impl FnOnce(&mut Agency)) -> Registry {
    let agency = |id: &str| Agency {
        id: id.parse().unwrap(),
        name: Text::new(id, id),
        formerly: Vec::new(),
        roles: [Role::Exchange].into(),
        organization_identifier: None,
        spki_pins: Vec::new(),
        issuing_ca: None,
        contacts: Contacts::default(),
        networks: Vec::new(),
        signing_keys: Vec::new(),
    };
    let mut first = agency("H31.01.01");
    change(&mut first);
    let until = "2025-06-30".parse().unwrap();
    let former = FormerId { id: development::DISSOLVED.parse().unwrap(), until };
    let finance = Agency { formerly: vec![former], ..agency("H31.05") };
    Registry::new([first, finance].map(Arc::new).into()).unwrap()
}

/// The exchange of these tests.
#[derive(Clone)]
pub(crate) struct Desk {
    registry: Arc<Registry>,
    revoked: Arc<Revocations>,
    /// Each permit lets one `/hold` be answered.
    pub(crate) released: Arc<Semaphore>,
    /// Each `/hold` and `/big` that arrived is a permit.
    pub(crate) arrived: Arc<Semaphore>,
    /// Where requests came from, in order.
    pub(crate) sources: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Exchange for Desk {
    type Body = UnsyncBoxBody<Bytes, Infallible>;

    async fn answer(&self, handshake: Arc<Handshaken>, request: Request<Incoming>) -> Response<Self::Body> {
        self.sources.lock().unwrap().push(handshake.source());
        let body = match request.uri().path() {
            "/panic" => panic!("as asked"),
            "/big" => {
                self.arrived.add_permits(1);
                Bytes::from(vec![b'x'; BIG])
            }
            "/hold" => {
                self.arrived.add_permits(1);
                self.released.acquire().await.unwrap().forget();
                Bytes::from_static(b"held")
            }
            _ => return self.who(&handshake, &request),
        };
        Response::new(Full::new(body).boxed_unsync())
    }
}

impl Desk {
    fn who(
        &self,
        handshake: &Handshaken,
        request: &Request<Incoming>,
    ) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
        let now = Clock::system().now();
        let (status, text) = match identity::recognize(handshake, &self.registry, &self.revoked, now) {
            Ok(peer) => {
                let (protocol, version) = (handshake.protocol(), request.version());
                let name = handshake.server_name().unwrap_or("no name");
                (StatusCode::OK, format!("{} {protocol:?} {version:?} {name}", peer.agency().id))
            }
            Err(why) => (StatusCode::FORBIDDEN, why.code().to_owned()),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)).boxed_unsync());
        *response.status_mut() = status;
        response
    }
}

struct Knocker(mpsc::UnboundedSender<(Knock, String)>);

impl Knocks for Knocker {
    fn knocked(&self, _: SocketAddr, why: Knock, detail: &str) {
        let _ = self.0.send((why, detail.to_owned()));
    }
}
