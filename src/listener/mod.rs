//! Sockets become [`Handshaken`]: a peer that proved, to our trust anchors, that it holds a client certificate.
//!
//! This stage knows no agency. Who the certificate speaks for is `identity`'s question.

pub mod accept;
mod activity;
pub mod certification;
pub mod connection;
pub mod editions;
pub mod lists;
mod panics;
mod patience;
pub mod stop;
pub mod tls;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::OnceLock;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::Request;
use http::Response;
use http_body::Body;
use rustls::pki_types::CertificateDer;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;

use certification::Led;
use certification::PathText;
use tls::Tls;

/// What answers requests: the gateway, behind this.
pub trait Exchange: Clone + Send + Sync + 'static {
    /// Its answers' body.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;

    /// Answers one request. Dropped when the caller leaves: what must go on runs in a task of its own.
    fn answer(
        &self,
        handshake: Arc<Handshaken>,
        request: Request<hyper::body::Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// The version of HTTP that ALPN agreed on (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1, also when the caller offered no ALPN.
    Http1,
    /// HTTP/2.
    Http2,
}

/// A TLS connection whose client certificate chain verified against our anchors. Only this module makes one.
///
/// ```
/// fn source(handshake: &phohien::listener::Handshaken) -> std::net::SocketAddr { handshake.source() }
/// ```
/// ```compile_fail,E0451
/// fn forge(one: phohien::listener::Handshaken) -> phohien::listener::Handshaken {
///     phohien::listener::Handshaken { chain: Vec::new(), ..one }
/// }
/// ```
#[derive(Debug)]
pub struct Handshaken {
    chain: Vec<CertificateDer<'static>>,
    issuer: Option<Hash>,
    server_name: Option<String>,
    protocol: Protocol,
    source: SocketAddr,
    at: Timestamp,
    trusted: Trusted,
    note: Note,
}

impl Handshaken {
    /// The chain as presented, leaf first; never empty.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The key (SHA-256 of its SPKI) that signed the leaf, on a verified path to an anchor; the chain as presented does not
    /// tell that. None only if our clock and the machine's differ so much that the chain is not valid by ours.
    #[must_use]
    pub fn issuer(&self) -> Option<&Hash> {
        self.issuer.as_ref()
    }

    /// The server name indication (RFC 6066 3), if any, in lower case.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// What ALPN agreed on.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The caller's address.
    #[must_use]
    pub fn source(&self) -> SocketAddr {
        self.source
    }

    /// When the handshake ended.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// By what the certificate was taken when its chain was last verified; none where [`Self::issuer`] knows none.
    #[must_use]
    pub fn path(&self) -> Option<Arc<PathText>> {
        self.trusted.verified.load().path.clone()
    }

    /// Whether the chain verifies to what its socket trusts now, which a reload may have replaced since the handshake: an authority that
    /// was taken out, and a list of revocations that its authority did not sign, count for connections that are open too. So does an
    /// authority in between that has expired since, and the list that speaks of it.
    #[must_use]
    pub fn is_still_trusted(&self, now: Timestamp) -> bool {
        self.trusted.again(&self.chain, now)
    }

    /// Works something out of this handshake once, and answers the same as long as the connection lives: requests are many.
    ///
    /// There is room for one kind of note, `identity`'s reading of the leaf; another kind would be worked out at every call.
    pub fn noted<T: Clone + Send + Sync + 'static>(&self, work: impl Fn(&Self) -> T) -> T {
        let note = self.note.0.get_or_init(|| Box::new(work(self)));
        note.downcast_ref::<T>().cloned().unwrap_or_else(|| work(self))
    }
}

/// What a chain was verified by last. Verifying costs a signature or two, and nothing changes between reloads.
#[derive(Debug)]
struct Trusted {
    tls: Tls,
    verified: ArcSwap<Verified>,
}

/// By what it was.
#[derive(Debug)]
struct Verified {
    epoch: u64,
    path: Option<Arc<PathText>>,
}

impl Trusted {
    fn new(tls: Tls, epoch: u64, led: Option<&Led>) -> Self {
        let path = led.and_then(|led| led.path.clone());
        Self { tls, verified: ArcSwap::from_pointee(Verified { epoch, path }) }
    }

    fn again(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> bool {
        let (current, verified) = (self.tls.current(), self.verified.load());
        let holds = verified.path.as_ref().is_none_or(|path| now <= path.until());
        if verified.epoch == current.epoch && holds {
            return true;
        }
        if current.trust.verify(chain, now).is_err() {
            return false;
        }
        let path = current.trust.led(chain, now).and_then(|led| led.path);
        self.verified.store(Arc::new(Verified { epoch: current.epoch, path }));
        true
    }
}

/// What a later stage worked out, and this one does not look at.
#[derive(Default)]
struct Note(OnceLock<Box<dyn Any + Send + Sync>>);

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}
