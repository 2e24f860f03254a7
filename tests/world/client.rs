//! A client of the tests: real TLS by rustls, HTTP/1.1 or HTTP/2 by hyper, nothing of the product.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::Request;
use http::Response;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answered {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("the answer has no {name}: {self:?}"))
            .to_str()
            .unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The last part of the problem's type.
    pub fn reason(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

/// Whatever ended a call before its answer.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;

/// A caller with a certificate.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    server_name: &'static str,
    tls: Arc<ClientConfig>,
}

impl Client {
    pub fn new(
        address: SocketAddr,
        anchors: &Path,
        certificate: Option<(&Path, &Path)>,
        alpn: &[&str],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        for anchor in CertificateDer::pem_file_iter(anchors).unwrap() {
            roots.add(anchor.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut tls = match certificate {
            Some((chain, key)) => {
                let chain = CertificateDer::pem_file_iter(chain).unwrap().collect::<Result<_, _>>().unwrap();
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap()).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        tls.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { address, server_name: "localhost", tls: Arc::new(tls) }
    }

    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same client, asking TLS for another name.
    pub fn naming(&self, server_name: &'static str) -> Self {
        Self { server_name, ..self.clone() }
    }

    pub async fn connect(&self) -> Result<TlsStream<TcpStream>, Broken> {
        let connection = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from(self.server_name)?;
        Ok(TlsConnector::from(Arc::clone(&self.tls)).connect(name, connection).await?)
    }

    /// A connection that serves many requests.
    pub async fn session(&self) -> Result<Session, Broken> {
        let stream = self.connect().await?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            let (sender, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            tokio::spawn(driver);
            return Ok(Session::H2(sender));
        }
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        Ok(Session::H1(sender))
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answered, Broken> {
        self.session().await?.send(request).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answered, Broken> {
        self.send(get(path, headers)).await
    }
}

/// A request by GET.
pub fn get(path: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    build("GET", path, headers, "")
}

/// Any request.
pub fn build(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(format!("https://localhost{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::from(body.to_owned())).unwrap()
}

/// An open connection.
#[derive(Debug)]
pub enum Session {
    H1(http1::SendRequest<Full<Bytes>>),
    H2(http2::SendRequest<Full<Bytes>>),
}

impl Session {
    /// The same connection once more: over HTTP/2 one request does not wait for another.
    pub fn shared(&self) -> Self {
        match self {
            Self::H1(_) => panic!("over HTTP/1.1 requests wait for one another"),
            Self::H2(sender) => Self::H2(sender.clone()),
        }
    }

    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answered, Broken> {
        match self {
            Self::H1(sender) => {
                let (mut parts, body) = request.into_parts();
                let host = parts.uri.authority().unwrap().to_string();
                parts.headers.entry("host").or_insert(host.parse()?);
                parts.uri = parts.uri.path_and_query().unwrap().as_str().parse()?;
                sender.ready().await?;
                whole(sender.send_request(Request::from_parts(parts, body)).await?).await
            }
            Self::H2(sender) => {
                sender.ready().await?;
                whole(sender.send_request(request).await?).await
            }
        }
    }
}

async fn whole(response: Response<hyper::body::Incoming>) -> Result<Answered, Broken> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answered { status: parts.status.as_u16(), headers: parts.headers, body })
}
