//! Where a gateway is, and by which certificates both sides are known.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;

use crate::cli::exit::Failure;
use crate::cli::terminal::shown;
use crate::crypto::tls::provider;

/// The port of https (RFC 9110 4.2.2).
const HTTPS: u16 = 443;

/// How long to wait for an answer unless told otherwise: the longest time-out toward a platform fits.
const PATIENCE: Duration = Duration::from_secs(60);

/// An https address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The name or IP address, in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query as they go over the wire.
    pub target: String,
}

impl Address {
    /// Reads an address; nothing but https.
    ///
    /// # Errors
    /// It is not one.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = || {
            let text = shown(text);
            let vi = format!(
                "`{text}` không phải là địa chỉ https. Hãy viết như `https://localhost:8443/dan-cu/…`."
            );
            let en =
                format!("`{text}` is not an https address. Write it like `https://localhost:8443/dan-cu/…`.");
            Failure::usage(vi, en)
        };
        let uri: http::Uri = text.parse().map_err(|cause: http::uri::InvalidUri| wrong().because(cause))?;
        let authority =
            uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        if uri.scheme_str() != Some("https") || authority.host().is_empty() {
            return Err(wrong());
        }
        let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let port = authority.port_u16().unwrap_or(HTTPS);
        Ok(Self { host: authority.host().to_ascii_lowercase(), port, target: target.to_owned() })
    }

    /// The authority as signatures cover it: without the port of https (RFC 9421 2.2.3).
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == HTTPS { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The same gateway with another target.
    #[must_use]
    pub fn with_target(&self, target: impl Into<String>) -> Self {
        Self { target: target.into(), ..self.clone() }
    }

    /// The name without the brackets of an IPv6 address.
    pub(super) fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The path, and the query without `?`.
    #[must_use]
    pub fn path_and_query(&self) -> (&str, Option<&str>) {
        match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&self.target, None),
        }
    }
}

/// A gateway and how to reach it.
#[derive(Debug, Clone)]
pub struct Gateway {
    pub(super) address: Address,
    pub(super) connect: Option<SocketAddr>,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) patience: Duration,
}

impl Gateway {
    /// A gateway known by `anchors`, to which we show `chain`, leaf first.
    ///
    /// # Errors
    /// The anchors are no certificates, or the key is not that of the chain.
    pub fn new(
        address: &Address,
        anchors: &[CertificateDer<'static>],
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for anchor in anchors {
            roots.add(anchor.clone())?;
        }
        let mut tls = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A resumed session would not show the certificate again; one command is one handshake.
        tls.resumption = rustls::client::Resumption::disabled();
        Ok(Self { address: address.clone(), connect: None, tls: Arc::new(tls), patience: PATIENCE })
    }

    /// The same from PEM files.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should.
    pub fn from_files(address: &Address, cacert: &Path, cert: &Path, key: &Path) -> Result<Self, Failure> {
        let (anchors, chain) = (certificates(cacert)?, certificates(cert)?);
        let pem = std::fs::read(key).map_err(|cause| Failure::unreadable(key, cause))?;
        let key_der = PrivateKeyDer::from_pem_slice(&pem).map_err(|cause| {
            let name = shown(&key.display().to_string());
            let vi = format!("Tệp `{name}` không chứa khóa riêng (PEM).");
            Failure::usage(vi, format!("The file `{name}` holds no private key (PEM).")).because(cause)
        })?;
        Self::new(address, &anchors, chain, key_der).map_err(|cause| {
            let vi =
                "Chứng thư số và khóa riêng không dùng được với nhau, hoặc tệp --cacert không dùng được.";
            let en =
                "Certificate and private key do not go together, or the file of --cacert cannot be used.";
            Failure::usage(vi, en).because(cause)
        })
    }

    /// Connects to this socket instead of resolving the name.
    #[must_use]
    pub fn at(self, connect: Option<SocketAddr>) -> Self {
        Self { connect, ..self }
    }

    /// Waits so long for an answer.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Speaks HTTP/1.1 only.
    #[must_use]
    pub fn http1_only(self) -> Self {
        let mut tls = (*self.tls).clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { tls: Arc::new(tls), ..self }
    }

    pub(super) fn server_name(&self) -> Result<ServerName<'static>, rustls::pki_types::InvalidDnsNameError> {
        ServerName::try_from(self.address.name().to_owned())
    }
}

/// The certificates in a PEM file; at least one.
///
/// # Errors
/// The file cannot be read, or holds none.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = std::fs::read(file).map_err(|cause| Failure::unreadable(file, cause))?;
    let none = || {
        let name = shown(&file.display().to_string());
        let vi = format!("Tệp `{name}` không chứa chứng thư số (PEM).");
        Failure::usage(vi, format!("The file `{name}` holds no certificate (PEM)."))
    };
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|cause| none().because(cause))?;
    if found.is_empty() { Err(none()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_and_has_one_authority() {
        let address = Address::parse("https://GW1.example:8443/dan-cu/x?a=1&b").unwrap();
        assert_eq!(address.authority(), "gw1.example:8443");
        assert_eq!(address.path_and_query(), ("/dan-cu/x", Some("a=1&b")));
        assert_eq!(Address::parse("https://gw1.example:443").unwrap().authority(), "gw1.example");
        assert_eq!(Address::parse("https://gw1.example").unwrap().target, "/");
        assert_eq!(Address::parse("https://[::1]:8443/").unwrap().name(), "::1");
        for bad in ["http://gw1.example/", "gw1.example", "/dan-cu", "https://", "https://a@gw1.example/", ""]
        {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
