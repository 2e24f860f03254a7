//! Accepting connections: a permit first, then `accept`, then a bounded handshake, each connection in a task of its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::clock::Clock;

use super::Exchange;
use super::Handshaken;
use super::Protocol;
use super::connection;
use super::connection::Times;
use super::stop::Stop;

/// Pause after `accept` failed: the process is out of descriptors, and others must close theirs first.
const BACK_OFF: Duration = Duration::from_millis(50);

/// How long a caller that was refused may take to read why. One that takes longer only keeps its own place.
const PARTING: Duration = Duration::from_secs(1);

/// What a socket allows.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub per_source: usize,
    /// Handshakes at once.
    pub handshakes: usize,
    /// From accept to the end of the handshake.
    pub handshake_timeout: Duration,
    /// Time-outs of established connections.
    pub times: Times,
    /// For connections under way when the gateway stops.
    pub drain_timeout: Duration,
}

/// Why somebody did not get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knock {
    /// The handshake failed: no certificate, or one that does not verify.
    Handshake,
    /// The handshake took too long.
    HandshakeTimeout,
    /// Too many connections from that address.
    Source,
    /// The connection ended by a protocol error before there was a request.
    Protocol,
}

impl Knock {
    /// The reason's code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::HandshakeTimeout => "handshake-timeout",
            Self::Source => "connections-per-source",
            Self::Protocol => "protocol",
        }
    }
}

/// Told of everybody who did not get in.
pub trait Knocks: Send + Sync + 'static {
    /// Somebody did not.
    fn knocked(&self, source: SocketAddr, why: Knock, detail: &str);
}

struct Entrance<E> {
    tls: TlsAcceptor,
    settings: Settings,
    clock: Clock,
    exchange: E,
    knocks: Arc<dyn Knocks>,
    stop: Stop,
    handshakes: Semaphore,
    sources: Mutex<HashMap<IpAddr, usize>>,
}

/// Serves a socket until `stop`, then until its connections have ended or the drain's time is over.
pub async fn serve<E: Exchange>(
    socket: TcpListener,
    tls: Arc<ServerConfig>,
    settings: Settings,
    clock: Clock,
    exchange: E,
    knocks: Arc<dyn Knocks>,
    stop: Stop,
) {
    let connections = Arc::new(Semaphore::new(settings.connections));
    let all = u32::try_from(settings.connections).unwrap_or(u32::MAX);
    let drain_timeout = settings.drain_timeout;
    let handshakes = Semaphore::new(settings.handshakes);
    let sources = Mutex::default();
    let stopping = stop.clone();
    let entrance = Arc::new(Entrance {
        tls: TlsAcceptor::from(tls),
        settings,
        clock,
        exchange,
        knocks,
        stop,
        handshakes,
        sources,
    });
    let accepting = accept_all(&socket, &connections, &entrance);
    tokio::select! { () = accepting => {}, () = stopping.stopped() => {} }
    drop(socket);
    // All permits back: every connection has ended.
    let drained = tokio::time::timeout(drain_timeout, connections.acquire_many(all)).await;
    if drained.is_err() {
        tracing::warn!("connections were still open when the time to drain was over");
    }
}

async fn accept_all<E: Exchange>(
    socket: &TcpListener,
    connections: &Arc<Semaphore>,
    entrance: &Arc<Entrance<E>>,
) {
    loop {
        let Ok(permit) = Arc::clone(connections).acquire_owned().await else { return };
        match socket.accept().await {
            Ok((connection, source)) => {
                tokio::spawn(Arc::clone(entrance).enter(connection, source, permit));
            }
            Err(fault) => {
                tracing::warn!(%fault, "a connection could not be accepted");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

impl<E: Exchange> Entrance<E> {
    async fn enter(
        self: Arc<Self>,
        connection: TcpStream,
        source: SocketAddr,
        _permit: OwnedSemaphorePermit,
    ) {
        let Some(_counted) = self.count(source) else {
            self.knocks.knocked(source, Knock::Source, "");
            return;
        };
        let Some((stream, handshaken)) = self.shake_hands(connection, source).await else { return };
        let protocol = handshaken.protocol();
        let served = connection::serve(
            stream,
            Arc::new(handshaken),
            self.exchange.clone(),
            &self.settings.times,
            &self.stop,
        )
        .await;
        if let Err(fault) = served {
            tracing::debug!(%source, ?protocol, %fault, "a connection ended early");
            if fault.is_parse() {
                self.knocks.knocked(source, Knock::Protocol, &fault.to_string());
            }
        }
    }

    async fn shake_hands(
        &self,
        connection: TcpStream,
        source: SocketAddr,
    ) -> Option<(TlsStream<TcpStream>, Handshaken)> {
        let _ = connection.set_nodelay(true);
        let shaken = tokio::time::timeout(self.settings.handshake_timeout, async {
            let _turn = self.handshakes.acquire().await;
            self.tls.accept(connection).into_fallible().await
        });
        match shaken.await {
            Ok(Ok(stream)) => {
                let handshaken = handshaken(&stream, source, &self.clock)?;
                Some((stream, handshaken))
            }
            Ok(Err((fault, connection))) => {
                self.knocks.knocked(source, Knock::Handshake, &fault.to_string());
                part(connection).await;
                None
            }
            Err(_) => {
                self.knocks.knocked(source, Knock::HandshakeTimeout, "");
                None
            }
        }
    }

    fn count(&self, source: SocketAddr) -> Option<Counted<'_>> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sources.entry(source.ip()).or_default();
        if *count >= self.settings.per_source {
            return None;
        }
        *count += 1;
        Some(Counted { sources: &self.sources, source: source.ip() })
    }
}

/// Lets the alert arrive. A caller of TLS 1.3 has sent its request by the time it is refused (RFC 8446 4.4.4); to close a socket with
/// unread bytes resets it, and the caller would never learn why. What it sent is read and forgotten.
async fn part(mut connection: TcpStream) {
    let _ = tokio::time::timeout(PARTING, async {
        connection.shutdown().await?;
        tokio::io::copy(&mut connection, &mut tokio::io::sink()).await
    })
    .await;
}

/// One connection of a source, given back when dropped.
struct Counted<'a> {
    sources: &'a Mutex<HashMap<IpAddr, usize>>,
    source: IpAddr,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sources.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&self.source);
            }
        }
    }
}

/// What the handshake proved. None if there is no certificate, which the configuration rules out.
fn handshaken(stream: &TlsStream<TcpStream>, source: SocketAddr, clock: &Clock) -> Option<Handshaken> {
    let (_, session) = stream.get_ref();
    let chain: Vec<_> =
        session.peer_certificates()?.iter().map(|certificate| certificate.clone().into_owned()).collect();
    let protocol = if session.alpn_protocol() == Some(b"h2") { Protocol::Http2 } else { Protocol::Http1 };
    let server_name = session.server_name().map(str::to_ascii_lowercase);
    (!chain.is_empty()).then(|| Handshaken { chain, server_name, protocol, source, at: clock.now() })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn a_refused_caller_that_has_sent_its_request_hears_the_last_word() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut caller = TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
        let (mut ours, _) = socket.accept().await.unwrap();
        caller.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        ours.readable().await.unwrap();
        ours.write_all(b"alert").await.unwrap();
        let parting = tokio::spawn(part(ours));
        let mut heard = Vec::new();
        caller.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"alert");
        drop(caller);
        parting.await.unwrap();
    }
}
