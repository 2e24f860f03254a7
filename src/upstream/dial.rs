//! An endpoint to a connection: TCP, TLS if asked for, HTTP/1.1. Nothing of a request is sent before all three stand.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

use crate::clock::Clock;
use crate::crypto::digest::Hash;
use crate::policy::model::Endpoint;

use super::refusal::NoConnection;
use super::tls::{PlatformTls, Unusable, client_config, pin_matches};

/// The largest head of an answer, in bytes, and the most that is read ahead of the body's reader. Of header lines hyper takes
/// 100, which is enough.
const HEAD_MAX: usize = 64 * 1_024;

/// Connects to one endpoint.
pub(super) struct Dialer {
    endpoint: Endpoint,
    tls: Option<Tls>,
}

struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    pin: Option<Hash>,
}

impl Dialer {
    /// Prepares TLS for the endpoint, if it asks for it.
    pub(super) fn new(endpoint: &Endpoint, tls: &PlatformTls, clock: &Clock) -> Result<Self, Unusable> {
        let prepare = |wanted| {
            let name = ServerName::try_from(endpoint.host.clone());
            let name = name.map_err(|_| Unusable::Host(endpoint.host.escape_default().to_string()))?;
            let config = client_config(&endpoint.host, wanted, tls, clock)?;
            Ok(Tls { connector: TlsConnector::from(Arc::new(config)), name, pin: wanted.pin })
        };
        Ok(Self { endpoint: endpoint.clone(), tls: endpoint.tls.as_ref().map(prepare).transpose()? })
    }

    /// The endpoint.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Connects, all in all within the time given.
    pub(super) async fn dial(&self, within: Duration) -> Result<Connection, NoConnection> {
        tokio::time::timeout(within, self.connect()).await.map_err(|_| NoConnection::Late)?
    }

    async fn connect(&self) -> Result<Connection, NoConnection> {
        let tcp = match self.endpoint.address {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await,
        };
        let tcp = tcp.map_err(NoConnection::Tcp)?;
        tcp.set_nodelay(true).map_err(NoConnection::Tcp)?;
        match &self.tls {
            None => Connection::start(tcp, false).await,
            Some(tls) => Connection::start(tls.secure(tcp).await?, true).await,
        }
    }
}

impl Tls {
    async fn secure(&self, tcp: TcpStream) -> Result<impl Stream + 'static, NoConnection> {
        let stream = self.connector.connect(self.name.clone(), tcp).await.map_err(NoConnection::Tls)?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        match &self.pin {
            Some(pin) if !pin_matches(shown, pin) => Err(NoConnection::Pin),
            _ => Ok(stream),
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// A byte stream in both directions.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One HTTP/1.1 connection. Dropped, it is cut at once, whatever is under way on it.
#[derive(Debug)]
pub(super) struct Connection {
    /// Where requests go in, one at a time.
    pub(super) sender: http1::SendRequest<Full<Bytes>>,
    /// Whether TLS tells the connection's end from a cut.
    pub(super) secure: bool,
    received: Arc<AtomicU64>,
    task: CutOnDrop,
}

impl Connection {
    async fn start(stream: impl Stream + 'static, secure: bool) -> Result<Self, NoConnection> {
        let received = Arc::new(AtomicU64::new(0));
        let counted = Counted { stream, received: Arc::clone(&received) };
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_MAX)
            .handshake(TokioIo::new(counted))
            .await
            .map_err(NoConnection::Http)?;
        // What goes wrong on the connection is told to whoever has a request on it; without one there is nobody to tell.
        let task = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Self { sender, secure, received, task: CutOnDrop(Some(task)) })
    }

    /// How many bytes (inside TLS) have come from the platform so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }

    /// Ends a connection on which nothing is under way, with TLS's own good-bye.
    pub(super) fn retire(mut self) {
        self.task.0 = None;
    }
}

#[derive(Debug)]
struct CutOnDrop(Option<AbortHandle>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// A stream that counts what comes in, so that "before any byte of the answer" is a fact and not a guess.
struct Counted<T> {
    stream: T,
    received: Arc<AtomicU64>,
}

impl<T: Stream> AsyncRead for Counted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let more = buf.filled().len().saturating_sub(before);
        self.received.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::SeqCst);
        polled
    }
}

impl<T: Stream> AsyncWrite for Counted<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
