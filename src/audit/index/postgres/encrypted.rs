//! The connection to the database by TLS: who vouches for the database is named, and its name is verified. There are no system anchors to
//! fall back on, and no certificate is shown: the database knows us by what its address says.

use std::future::Future;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::InvalidDnsNameError;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio_postgres::tls::ChannelBinding;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::tls::TlsConnect;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::crypto::tls::provider;

/// Why a connection cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The file of the anchors cannot be read as PEM.
    #[error("`{}` cannot be read as certificates in PEM", file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// A certificate cannot be an anchor, or the machine cannot do TLS.
    #[error("the certificates in `{}` cannot be used", file.display())]
    Tls {
        /// The file of the anchors.
        file: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// Makes the TLS side of connections.
#[derive(Clone)]
pub(super) struct Encrypted(TlsConnector);

/// The TLS side of one connection.
pub(super) struct Toward(TlsConnector, ServerName<'static>);

/// A connection by TLS.
#[derive(Debug)]
pub(super) struct Stream<S>(TlsStream<S>);

impl Encrypted {
    /// Trusts the authorities in this file, and nobody else. It is read each time: a renewed one counts from the next connection on.
    pub(super) fn by(file: &Path) -> Result<Self, Unusable> {
        let anchors = anchors(file)?;
        let config = client(anchors).map_err(|source| Unusable::Tls { file: file.to_owned(), source })?;
        Ok(Self(Arc::new(config).into()))
    }
}

fn anchors(file: &Path) -> Result<RootCertStore, Unusable> {
    let unreadable = |source| Unusable::Pem { file: file.to_owned(), source };
    let mut anchors = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        let added = anchors.add(certificate.map_err(unreadable)?);
        added.map_err(|source| Unusable::Tls { file: file.to_owned(), source })?;
    }
    if anchors.is_empty() { Err(unreadable(pem::Error::NoItemsFound)) } else { Ok(anchors) }
}

fn client(anchors: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(anchors)
        .with_no_client_auth();
    // What `sslnegotiation=direct` asks for.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    // A resumed session is not verified again.
    config.resumption = Resumption::disabled();
    config.require_ems = true;
    Ok(config)
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Encrypted {
    type Stream = Stream<S>;
    type TlsConnect = Toward;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Toward, InvalidDnsNameError> {
        Ok(Toward(self.0.clone(), ServerName::try_from(host.to_owned())?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Toward {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let Self(connector, name) = self;
        Box::pin(async move { connector.connect(name, stream).await.map(Stream) })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Stream<S> {
    /// None: the database's certificate was verified, and its name with it.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
