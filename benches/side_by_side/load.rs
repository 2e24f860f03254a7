//! The load: connections with a client certificate, each with one request under way, every answer compared.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use anyhow::ensure;
use bytes::Bytes;
use http::Request;
use http::StatusCode;
use http_body_util::BodyExt as _;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use phohien::identity::development;

use super::setting::AGENCIES;
use super::setting::Setting;

/// What an answer has to be.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    /// Its body.
    pub(crate) body: Bytes,
    /// Headers that it must have.
    pub(crate) headers: &'static [&'static str],
}

/// An open connection of one agency.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    expected: Expected,
}

impl Connection {
    /// Connects as the agency whose turn it is, and makes one exchange.
    pub(crate) async fn open(
        setting: &Setting,
        address: SocketAddr,
        number: usize,
        expected: Expected,
    ) -> anyhow::Result<Self> {
        let agency = AGENCIES.iter().cycle().nth(number).context("no agency")?;
        let connector = TlsConnector::from(Arc::new(tls(setting, agency)?));
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let stream = connector.connect(ServerName::try_from("localhost")?, tcp).await?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let mut connection = Self { sender, expected };
        connection.exchange(0).await?;
        Ok(connection)
    }

    /// Makes so many exchanges, one after the other.
    pub(crate) async fn run(mut self, exchanges: usize) -> anyhow::Result<()> {
        for number in 1..=exchanges {
            self.exchange(number).await?;
        }
        Ok(())
    }

    async fn exchange(&mut self, number: usize) -> anyhow::Result<()> {
        // 099 is no province's code: a synthetic person.
        let uri = format!("/dan-cu/cong-dan/0991900{:05}", number % 100_000);
        let request = Request::get(uri).header("host", "localhost").header("exchange-purpose", "tra-cuu");
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request.body(Empty::new())?).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        ensure!(head.status == StatusCode::OK, "answered {}: {}", head.status, body.escape_ascii());
        ensure!(body == self.expected.body, "another body: {}", body.escape_ascii());
        for name in self.expected.headers {
            ensure!(head.headers.contains_key(*name), "an answer without `{name}`");
        }
        Ok(())
    }
}

fn tls(setting: &Setting, agency: &str) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(setting.certificate(development::CA))?)?;
    let folder = setting.certificate(development::AGENCIES);
    let chain = CertificateDer::pem_file_iter(folder.join(format!("{agency}.pem")))?;
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{agency}.key")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots);
    Ok(config.with_client_auth_cert(chain.collect::<Result<_, _>>()?, key)?)
}
