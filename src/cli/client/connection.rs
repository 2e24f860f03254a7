//! One connection: requests go out, whole answers come back.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::Response;
use http::StatusCode;
use http::Version;
use http::header::CONNECTION;
use http::header::HOST;
use http::header::TE;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::gateway::Address;
use super::gateway::Gateway;
use super::refused::Unanswered;
use super::wire::Told;
use super::wire::Wire;
use super::wire::tls_error;

/// Time to connect and shake hands: a gateway that takes longer is as good as not there.
const CONNECT: Duration = Duration::from_secs(10);

/// The most bytes of an answer that are held: 64 times what a gateway holds by default.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Headers, without the authority.
    pub headers: HeaderMap,
    /// The body; empty: none.
    pub body: Bytes,
}

impl Ask {
    /// A GET of a target, without headers.
    #[must_use]
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: Method::GET, target: target.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The version of HTTP it came by.
    pub version: Version,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its trailers; a streamed answer has its digest, signature and receipt there.
    pub trailers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// A header, or a trailer where there is no such header; none if it occurs more than once or is no visible text.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let from = if self.headers.contains_key(name) { &self.headers } else { &self.trailers };
        let mut values = from.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// A connection whose handshake was done.
pub struct Connection {
    sender: Sender,
    address: Address,
    told: Told,
    patience: Duration,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// The gateway is not there, is not who its anchors say, or refuses us.
    pub async fn open(gateway: &Gateway) -> Result<Self, Unanswered> {
        let stream = timeout(CONNECT, handshake(gateway)).await.map_err(|_| Unanswered::Slow)??;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let wire = Wire::new(stream);
        let told = wire.told();
        let sender = if is_http2 { http2(wire).await } else { http1(wire).await };
        let sender = sender.map_err(|error| Unanswered::after_handshake(&told, error))?;
        Ok(Self { sender, address: gateway.address.clone(), told, patience: gateway.patience })
    }

    /// The address this is a connection to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request and takes its whole answer.
    ///
    /// # Errors
    /// The connection breaks, the certificate is refused after all, the answer is too large or too slow.
    pub async fn send(&mut self, ask: &Ask) -> Result<Answer, Unanswered> {
        let patience = self.patience;
        timeout(patience, self.exchange(ask)).await.map_err(|_| Unanswered::Slow)?
    }

    async fn exchange(&mut self, ask: &Ask) -> Result<Answer, Unanswered> {
        let request = self.request(ask)?;
        let answered = match &mut self.sender {
            Sender::Http1(sender) => match sender.ready().await {
                Ok(()) => sender.send_request(request).await,
                Err(error) => Err(error),
            },
            Sender::Http2(sender) => match sender.ready().await {
                Ok(()) => sender.send_request(request).await,
                Err(error) => Err(error),
            },
        };
        let answer = answered.map_err(|error| Unanswered::after_handshake(&self.told, error))?;
        self.whole(answer).await
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, Unanswered> {
        let authority = self.address.authority();
        let (uri, host) = match self.sender {
            Sender::Http1(_) => (ask.target.clone(), Some(HeaderValue::from_str(&authority))),
            Sender::Http2(_) => (format!("https://{authority}{}", ask.target), None),
        };
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(uri)
            .body(Full::new(ask.body.clone()))
            .map_err(Unanswered::Unsendable)?;
        *request.headers_mut() = ask.headers.clone();
        if let Some(host) = host {
            request.headers_mut().insert(HOST, host.map_err(|error| Unanswered::Unsendable(error.into()))?);
            // RFC 9110 10.1.4: TE is for the next hop, and HTTP/1.1 must say so.
            if request.headers().contains_key(TE) {
                request.headers_mut().insert(CONNECTION, HeaderValue::from_static("te"));
            }
        }
        Ok(request)
    }

    async fn whole(&self, answer: Response<Incoming>) -> Result<Answer, Unanswered> {
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| match error
            .downcast::<hyper::Error>(
        ) {
            Ok(error) => Unanswered::after_handshake(&self.told, *error),
            Err(error) if error.is::<LengthLimitError>() => Unanswered::TooLarge,
            Err(_) => Unanswered::Slow,
        })?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        let http::response::Parts { version, status, headers, .. } = parts;
        Ok(Answer { version, status, headers, trailers, body: body.to_bytes() })
    }
}

async fn handshake(gateway: &Gateway) -> Result<TlsStream<TcpStream>, Unanswered> {
    let name = gateway.server_name().map_err(|_| Unanswered::Name)?;
    let connected = match gateway.connect {
        Some(socket) => TcpStream::connect(socket).await,
        None => TcpStream::connect((gateway.address.name(), gateway.address.port)).await,
    };
    let stream = connected.map_err(Unanswered::Unreachable)?;
    let connector = TlsConnector::from(std::sync::Arc::clone(&gateway.tls));
    connector.connect(name, stream).await.map_err(|error| match tls_error(&error) {
        Some(tls) => Unanswered::Tls(tls.clone()),
        None => Unanswered::Unreachable(error),
    })
}

async fn http1(wire: Wire<TlsStream<TcpStream>>) -> Result<Sender, hyper::Error> {
    let (sender, connection) = http1::handshake(TokioIo::new(wire)).await?;
    // Its errors reach us through the sender and through what the wire was told.
    tokio::spawn(connection);
    Ok(Sender::Http1(sender))
}

async fn http2(wire: Wire<TlsStream<TcpStream>>) -> Result<Sender, hyper::Error> {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(wire)).await?;
    tokio::spawn(connection);
    Ok(Sender::Http2(sender))
}
