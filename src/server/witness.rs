//! A witness that serves: `POST /add-checkpoint` over HTTP, for whichever logs it knows. What it says is signed, and what it is asked
//! is signed too, so plain HTTP keeps both whole; with certificates it knows besides who may ask.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::witness::Settings;
use crate::crypto::CryptoError;
use crate::crypto::keyfile;
use crate::crypto::sign::Ed25519Key;
use crate::id::Origin;
use crate::listener::Exchange;
use crate::listener::Handshaken;
use crate::listener::accept;
use crate::listener::accept::Knock;
use crate::listener::accept::Knocks;
use crate::listener::connection::Times;
use crate::listener::stop::Stop;
use crate::listener::tls;
use crate::listener::tls::TlsError;
use crate::tlog::cosignature::Cosigner;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::disk::OsDisk;
use crate::tlog::witness::Memory;
use crate::tlog::witness::PATH;
use crate::tlog::witness::REQUEST_BYTES_MAX;
use crate::tlog::witness::Witness;
use crate::tlog::witness::memory::MemoryError;

/// The key, in the witness's folder.
const KEY: &str = "witness.key";
/// What verifies its cosignatures, beside it: to be published.
pub const VKEY: &str = "witness.vkey";
/// Connections at once: every log of a country, and as many strangers.
const CONNECTIONS: usize = 256;
/// Connections at once from one address, of those that show a certificate.
const PER_SOURCE: usize = 32;
/// From a request's first byte to the end of its head, and between requests; a log asks once a second.
const HEAD: Duration = Duration::from_secs(15);
/// For a request's body: two hundred kilobytes at most.
const BODY: Duration = Duration::from_secs(10);
/// For requests under way when it stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Pause after `accept` failed: out of descriptors, most likely.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Its memory cannot be opened.
    #[error("the witness's memory cannot be opened")]
    Memory(#[from] MemoryError),
    /// A file cannot be read or made.
    #[error("`{path}` cannot be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key file does not hold a key.
    #[error("`{path}` does not hold a key")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CryptoError,
    },
    /// The key has cosigned under another name, or the name had another key. One key, one name (C2SP tlog-cosignature).
    #[error("`{path}` says that this witness is another: {was}")]
    Other {
        /// The file.
        path: PathBuf,
        /// What it says.
        was: String,
    },
    /// TLS cannot be set up.
    #[error("the witness's certificates cannot be used")]
    Tls(#[from] TlsError),
    /// The socket cannot be opened.
    #[error("`{address}` cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A witness that serves.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    key: CosignerKey,
    stop: Stop,
    task: JoinHandle<()>,
}

impl Serving {
    /// Starts one. When this returns it answers.
    ///
    /// # Errors
    /// See [`WitnessError`].
    pub async fn start(settings: Settings, clock: Clock) -> Result<Self, WitnessError> {
        // The key first: it makes the folder one that only its owner enters.
        let cosigner = cosigner(&settings.state, &settings.name)?;
        let memory = Memory::open(Arc::new(OsDisk), &settings.state, settings.logs)?;
        let key = cosigner.public().clone();
        let desk = Desk(Arc::new(Witness::new(cosigner, memory, clock.clone())));
        let failed = |source| WitnessError::Listen { address: settings.listen, source };
        let socket = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let (address, stop) = (socket.local_addr().map_err(failed)?, Stop::new());
        let task = match settings.tls {
            Some(files) => {
                let (tls, knocks) = (tls::server_config(&files)?, Arc::new(Strangers));
                tokio::spawn(accept::serve(socket, tls, accepting(), clock, desk, knocks, stop.clone()))
            }
            None => tokio::spawn(serve_plain(socket, desk, stop.clone())),
        };
        Ok(Self { address, key, stop, task })
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What verifies its cosignatures.
    #[must_use]
    pub fn key(&self) -> &CosignerKey {
        &self.key
    }

    /// Takes no more requests, and lets those under way end.
    pub async fn stop(self) {
        self.stop.stop();
        let _ = self.task.await;
    }
}

/// The key, made at the first start; its public half is published beside it, and holds the key to its name.
fn cosigner(folder: &Path, name: &Origin) -> Result<Cosigner, WitnessError> {
    let (path, public) = (folder.join(KEY), folder.join(VKEY));
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| WitnessError::File { path, source }
    };
    let was = match std::fs::read_to_string(&public) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => None,
        read => Some(read.map_err(file(&public))?),
    };
    let der = keyfile::read_or_make(&path, || Ed25519Key::generate_pkcs8().map_err(io::Error::other));
    let key = Ed25519Key::from_pkcs8(&der.map_err(file(&path))?)
        .map_err(|source| WitnessError::Key { path, source })?;
    let cosigner = Cosigner::new(name, key);
    let is = format!("{}\n", cosigner.public());
    match was {
        Some(was) if was != is => Err(WitnessError::Other { path: public, was: was.trim_end().to_owned() }),
        Some(_) => Ok(cosigner),
        None => publish(&public, &is).map(|()| cosigner).map_err(file(&public)),
    }
}

/// Whole or not there: a start after a crash in between publishes it anew.
fn publish(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let unfinished = path.with_extension("tmp");
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn accepting() -> accept::Settings {
    accept::Settings {
        connections: CONNECTIONS,
        per_source: PER_SOURCE,
        handshakes: PER_SOURCE,
        handshake_timeout: HEAD,
        times: Times { head: HEAD, idle: HEAD },
        drain_timeout: DRAIN,
    }
}

/// Without certificates: a permit first, then `accept`, each connection in a task of its own.
async fn serve_plain(socket: TcpListener, desk: Desk, stop: Stop) {
    let (permits, graceful) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (socket.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accepted => accepted,
            () = stop.stopped() => break,
        };
        let Ok((connection, _)) = accepted else {
            tokio::time::sleep(BACK_OFF).await;
            continue;
        };
        let serving = graceful.watch(plain(connection, desk.clone()));
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(fault) = serving.await {
                tracing::debug!(%fault, "a connection to the witness ended early");
            }
        });
    }
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

fn plain(
    connection: TcpStream,
    desk: Desk,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    let service = service_fn(move |request| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(desk.hear(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).half_close(false);
    builder.serve_connection(TokioIo::new(connection), service)
}

/// Where requests come in.
#[derive(Debug, Clone)]
struct Desk(Arc<Witness>);

impl Exchange for Desk {
    type Body = Full<Bytes>;

    async fn answer(&self, _: Arc<Handshaken>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.hear(request).await
    }
}

impl Desk {
    async fn hear(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, PATH) => self.add_checkpoint(request.into_body()).await,
            (_, PATH) => said(StatusCode::METHOD_NOT_ALLOWED, "POST is what is done here\n"),
            (&Method::GET, "/witness.vkey") => {
                said(StatusCode::OK, format!("{}\n", self.0.cosigner().public()))
            }
            _ => said(StatusCode::NOT_FOUND, "there is nothing here\n"),
        }
    }

    async fn add_checkpoint(&self, body: Incoming) -> Response<Full<Bytes>> {
        let body = tokio::time::timeout(BODY, Limited::new(body, REQUEST_BYTES_MAX).collect()).await;
        let Ok(body) = body else { return said(StatusCode::REQUEST_TIMEOUT, "the request took too long\n") };
        let Ok(body) = body else {
            return said(StatusCode::BAD_REQUEST, "the request is too long or torn\n");
        };
        let (witness, body) = (Arc::clone(&self.0), body.to_bytes());
        // It waits for the disk. Whoever hangs up ends a wait, and not the keeping.
        match tokio::task::spawn_blocking(move || witness.answer(&body)).await {
            Ok(answer) => {
                let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                typed(status, answer.media_type, answer.body)
            }
            Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed\n"),
        }
    }
}

fn said(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    typed(status, "text/plain; charset=utf-8", text)
}

fn typed(status: StatusCode, media_type: &'static str, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Those who did not get in are told of, no more: a witness keeps no record of callers.
struct Strangers;

impl Knocks for Strangers {
    fn knocked(&self, source: SocketAddr, why: Knock, detail: &str) {
        tracing::info!(%source, why = why.code(), detail, "somebody did not get in");
    }
}
