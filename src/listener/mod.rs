//! Sockets become [`Handshaken`]: a peer that proved, to our trust anchors, that it holds a client certificate.
//!
//! This stage knows no agency. Who the certificate speaks for is `identity`'s question.

pub mod accept;
pub mod connection;
pub mod stop;
pub mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::Response;
use http_body::Body;
use rustls::pki_types::CertificateDer;

use crate::clock::Timestamp;

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
#[derive(Debug)]
pub struct Handshaken {
    chain: Vec<CertificateDer<'static>>,
    server_name: Option<String>,
    protocol: Protocol,
    source: SocketAddr,
    at: Timestamp,
}

impl Handshaken {
    /// The chain as presented, leaf first; never empty.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
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
}
