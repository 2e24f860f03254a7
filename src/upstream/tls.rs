//! Our side of TLS toward platforms: which anchors, which certificate of our own, which pinned key. Whatever is named and
//! cannot be used is an error when starting; there are no system anchors to fall back on.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

use crate::clock::Clock;
use crate::crypto::digest::{Hash, sha256};
use crate::crypto::tls::provider;
use crate::diagnostic::file;
use crate::policy::model::EndpointTls;

/// What the configuration says about TLS toward platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformTls {
    /// The folder that the files' names are relative to.
    pub certs_dir: PathBuf,
    /// PEM file of the anchors for endpoints that name none of their own, if there is one.
    pub anchors: Option<String>,
}

/// Why an endpoint cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file's name leads out of the folder of certificates.
    #[error("`{0}` is not a file's name inside the folder of certificates")]
    Outside(String),
    /// A file cannot be read.
    #[error("`{file}` cannot be read")]
    Unreadable {
        /// Its name.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not PEM, or has none of what it should hold.
    #[error("`{file}` does not hold {expected} in PEM")]
    Pem {
        /// Its name.
        file: String,
        /// What it should hold.
        expected: &'static str,
        /// Why not.
        #[source]
        source: pem::Error,
    },
    /// A certificate or key is damaged, or the two do not belong together.
    #[error("`{file}` cannot be used for TLS")]
    Tls {
        /// The file's name.
        file: String,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// TLS is asked for and nobody is trusted.
    #[error("there are no anchors for `{0}`, neither its own nor the configuration's")]
    NoAnchors(String),
    /// The host is neither a DNS name nor an IP address.
    #[error("`{0}` is neither a DNS name nor an IP address")]
    Host(String),
    /// The cryptographic provider lacks what TLS 1.2 or 1.3 needs.
    #[error("the machine cannot do TLS")]
    Provider(#[source] rustls::Error),
}

/// The TLS settings toward one endpoint.
pub(super) fn client_config(
    host: &str,
    endpoint: &EndpointTls,
    tls: &PlatformTls,
    clock: &Clock,
) -> Result<ClientConfig, Unusable> {
    let file = endpoint.anchors.as_ref().or(tls.anchors.as_ref());
    let anchors = anchors(file.ok_or_else(|| Unusable::NoAnchors(host.to_owned()))?, &tls.certs_dir)?;
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(TlsTime(clock.clone())))
        .with_safe_default_protocol_versions()
        .map_err(Unusable::Provider)?
        .with_root_certificates(anchors);
    let mut config = match &endpoint.client {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(certificates(chain, &tls.certs_dir)?, private_key(key, &tls.certs_dir)?)
            .map_err(|source| Unusable::Tls { file: key.clone(), source })?,
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session is not verified again (expiry, anchors, pin); connections are kept, so handshakes are few anyway.
    config.resumption = Resumption::disabled();
    // TLS 1.2 without the extended master secret (RFC 7627) does not bind the session to the certificates shown.
    config.require_ems = true;
    Ok(config)
}

/// The hash of what the files hold by which an endpoint is reached: a renewed certificate has the name of the one before.
pub(super) fn material(endpoint: &EndpointTls, tls: &PlatformTls) -> Result<Hash, Unusable> {
    let (chain, key) = endpoint.client.as_ref().map_or((None, None), |(chain, key)| (Some(chain), Some(key)));
    let anchors = endpoint.anchors.as_ref().or(tls.anchors.as_ref());
    let mut hashes = Vec::new();
    for file in [anchors, chain, key].into_iter().flatten() {
        hashes.extend(sha256(&read(file, &tls.certs_dir)?));
    }
    Ok(sha256(&hashes))
}

/// Whether the certificate that was shown holds the pinned public key. Nothing shown matches no pin.
pub(super) fn pin_matches(shown: Option<&CertificateDer<'_>>, pin: &Hash) -> bool {
    let Some(Ok(certificate)) = shown.map(ParsedCertificate::try_from) else { return false };
    sha256(&certificate.subject_public_key_info()) == *pin
}

fn anchors(file: &str, folder: &Path) -> Result<RootCertStore, Unusable> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file, folder)? {
        store.add(certificate).map_err(|source| Unusable::Tls { file: file.to_owned(), source })?;
    }
    Ok(store)
}

fn certificates(file: &str, folder: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = |source| Unusable::Pem { file: file.to_owned(), expected: "certificates", source };
    let bytes = read(file, folder)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(pem)?;
    if found.is_empty() { Err(pem(pem::Error::NoItemsFound)) } else { Ok(found) }
}

fn private_key(file: &str, folder: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    PrivateKeyDer::from_pem_slice(&read(file, folder)?).map_err(|source| Unusable::Pem {
        file: file.to_owned(),
        expected: "a private key",
        source,
    })
}

fn read(name: &str, folder: &Path) -> Result<Vec<u8>, Unusable> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !inside {
        return Err(Unusable::Outside(name.escape_default().to_string()));
    }
    file::read(&folder.join(name)).map_err(|source| Unusable::Unreadable { file: name.to_owned(), source })
}

/// The clock that was passed in, as TLS asks for it.
#[derive(Debug)]
struct TlsTime(Clock);

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().as_millisecond()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}
