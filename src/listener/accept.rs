//! Accepting connections: a permit first, then `accept`, then a bounded handshake, each connection in a task of its own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

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
use super::Note;
use super::Protocol;
use super::Trusted;
use super::connection;
use super::connection::Times;
use super::panics::Watchman;
use super::stop::Stop;
use super::tls::Loaded;
use super::tls::Tls;

/// Pause after `accept` failed: the process is out of descriptors, and others must close theirs first.
const BACK_OFF: Duration = Duration::from_millis(50);

/// How long a caller that was refused may take to read why. One that takes longer only keeps its own place.
const PARTING: Duration = Duration::from_secs(1);

/// More connections than any machine holds, and few enough for one permit each.
const CONNECTIONS_MAX: usize = 1 << 20;

/// One source takes a quarter of the handshakes at most.
const SHARE_OF_SOURCE: usize = 4;

/// The bits of an IPv6 address that name its network (RFC 4291 2.5.4).
const NETWORK: u128 = u128::MAX << 64;

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
    /// We panicked over the connection, or over one of its streams.
    Panic,
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
            Self::Panic => "panic",
        }
    }
}

/// Told of everybody who did not get in.
pub trait Knocks: Send + Sync + 'static {
    /// Somebody did not.
    fn knocked(&self, source: SocketAddr, why: Knock, detail: &str);
}

struct Entrance<E> {
    tls: Tls,
    settings: Settings,
    clock: Clock,
    exchange: E,
    knocks: Arc<dyn Knocks>,
    stop: Stop,
    abandon: Stop,
    handshakes: Semaphore,
    sources: Mutex<HashMap<IpAddr, Source>>,
}

/// What one source has open.
#[derive(Debug)]
struct Source {
    connections: usize,
    handshakes: Arc<Semaphore>,
}

/// Serves a socket until `stop`, then until its connections have ended or the drain's time is over, when those left are cut.
pub async fn serve<E: Exchange>(
    socket: TcpListener,
    tls: Tls,
    settings: Settings,
    clock: Clock,
    exchange: E,
    knocks: Arc<dyn Knocks>,
    stop: Stop,
) {
    let (all, drain_timeout) = (settings.connections.clamp(1, CONNECTIONS_MAX), settings.drain_timeout);
    let connections = Arc::new(Semaphore::new(all));
    let (stopping, abandon) = (stop.clone(), Stop::new());
    let entrance = Arc::new(Entrance {
        tls,
        handshakes: Semaphore::new(settings.handshakes.clamp(1, CONNECTIONS_MAX)),
        settings,
        clock,
        exchange,
        knocks,
        stop,
        abandon: abandon.clone(),
        sources: Mutex::default(),
    });
    let accepting = accept_all(&socket, &connections, &entrance);
    tokio::select! { () = accepting => {}, () = stopping.stopped() => {} }
    drop(socket);
    // All permits back: every connection has ended.
    let all = u32::try_from(all).unwrap_or(u32::MAX);
    if tokio::time::timeout(drain_timeout, connections.acquire_many(all)).await.is_err() {
        tracing::warn!("connections were still open when the time to drain was over: they are cut");
        abandon.stop();
        let _ = connections.acquire_many(all).await;
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
        let Some(counted) = self.count(source) else {
            self.knocks.knocked(source, Knock::Source, "");
            return;
        };
        tokio::select! {
            () = self.attend(connection, source, &counted.handshakes) => {}
            () = self.abandon.stopped() => {}
        }
    }

    async fn attend(&self, connection: TcpStream, source: SocketAddr, of_source: &Semaphore) {
        let shaken = self.shake_hands(connection, source, of_source).await;
        let Some((stream, handshaken)) = shaken else { return };
        let protocol = handshaken.protocol();
        let watchman = Watchman { source, knocks: Arc::clone(&self.knocks) };
        let (exchange, times) = (self.exchange.clone(), &self.settings.times);
        let serving =
            connection::serve(stream, Arc::new(handshaken), exchange, times, &self.stop, watchman.clone());
        if let Some(Err(fault)) = watchman.watch(serving).await {
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
        of_source: &Semaphore,
    ) -> Option<(TlsStream<TcpStream>, Handshaken)> {
        let _ = connection.set_nodelay(true);
        let tls = self.tls.current();
        let shaken = tokio::time::timeout(self.settings.handshake_timeout, async {
            // First among its own: whoever opens many connections and says nothing waits for himself, not others for him.
            let _turn_of_source = of_source.acquire().await;
            let _turn = self.handshakes.acquire().await;
            TlsAcceptor::from(Arc::clone(&tls.config)).accept(connection).into_fallible().await
        });
        match shaken.await {
            Ok(Ok(stream)) => {
                let handshaken = handshaken(&stream, source, (&tls, &self.tls), &self.clock)?;
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
        let source = origin(source.ip());
        let share = (self.settings.handshakes / SHARE_OF_SOURCE).clamp(1, CONNECTIONS_MAX);
        let new = || Source { connections: 0, handshakes: Arc::new(Semaphore::new(share)) };
        let open = sources.entry(source).or_insert_with(new);
        if open.connections >= self.settings.per_source {
            return None;
        }
        open.connections += 1;
        Some(Counted { sources: &self.sources, source, handshakes: Arc::clone(&open.handshakes) })
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
    sources: &'a Mutex<HashMap<IpAddr, Source>>,
    source: IpAddr,
    handshakes: Arc<Semaphore>,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = sources.get_mut(&self.source) {
            open.connections -= 1;
            if open.connections == 0 {
                sources.remove(&self.source);
            }
        }
    }
}

/// What counts as one address: of IPv6 the network, since whoever has one address of it has 2^64.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & NETWORK).into()),
        version_4 @ IpAddr::V4(_) => version_4,
    }
}

/// What the handshake proved. None if there is no certificate, which the configuration rules out.
fn handshaken(
    stream: &TlsStream<TcpStream>,
    source: SocketAddr,
    (held_under, tls): (&Loaded, &Tls),
    clock: &Clock,
) -> Option<Handshaken> {
    let (_, session) = stream.get_ref();
    let chain: Vec<_> =
        session.peer_certificates()?.iter().map(|certificate| certificate.clone().into_owned()).collect();
    let protocol = if session.alpn_protocol() == Some(b"h2") { Protocol::Http2 } else { Protocol::Http1 };
    let server_name = session.server_name().map(str::to_ascii_lowercase);
    let at = clock.now();
    let led = held_under.trust.led(&chain, at);
    let trusted = Trusted::new(tls.clone(), held_under.epoch, led.as_ref());
    (!chain.is_empty()).then(|| Handshaken {
        chain,
        issuer: led.map(|led| led.issuer),
        server_name,
        protocol,
        source,
        at,
        trusted,
        note: Note::default(),
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[test]
    fn one_network_of_version_6_is_one_source_and_a_mapped_address_is_its_own() {
        let of = |text: &str| origin(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

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
