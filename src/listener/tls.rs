//! The TLS configuration: a client certificate is required, by every listener, always.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::NoServerSessionStorage;
use rustls::server::VerifierBuilderError;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::crypto::tls::provider;

/// The files of one socket.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate chain (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
    /// Who may issue callers' certificates (PEM); never empty.
    pub anchors: Vec<PathBuf>,
    /// Revocation lists (PEM); none: revocation is off by name.
    pub crls: Option<Vec<PathBuf>>,
}

/// Why a socket's TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read as PEM")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A file holds nothing of what it should.
    #[error("`{path}` holds no {what}")]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Revocation is on without a list: the verifier would take that for off.
    #[error("no revocation list is named: say that revocation is off, or name one")]
    NoRevocationList,
    /// Certificate, key or anchors do not fit.
    #[error("the certificates, the key or the anchors cannot be used")]
    Rejected(#[from] rustls::Error),
    /// The verifier cannot be made.
    #[error("the anchors or revocation lists cannot be used")]
    Verifier(#[from] VerifierBuilderError),
}

/// The configuration of a socket.
///
/// Resumption is off: a resumed session would skip the client certificate's expiry, revocation and anchors, which may all have
/// changed since. TLS 1.2 is taken only with the extended master secret (RFC 7627).
///
/// # Errors
/// See [`TlsError`].
pub fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|source| TlsError::Unreadable { path: files.key.clone(), source })?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(client_verifier(&files.anchors, files.crls.as_deref())?)
        .with_single_cert(read(&files.certificate, "certificate")?, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.require_ems = true;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// The verifier of client certificates.
///
/// # Errors
/// No anchor, no list where lists are asked for, or a file that cannot be read.
pub fn client_verifier(
    anchors: &[PathBuf],
    crls: Option<&[PathBuf]>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for path in anchors {
        for anchor in read::<CertificateDer<'static>>(path, "certificate")? {
            roots.add(anchor)?;
        }
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    let Some(crls) = crls else { return Ok(builder.build()?) };
    let mut lists = Vec::new();
    for path in crls {
        lists.extend(read::<CertificateRevocationListDer<'static>>(path, "revocation list")?);
    }
    if lists.is_empty() {
        return Err(TlsError::NoRevocationList);
    }
    Ok(builder.with_crls(lists).enforce_revocation_expiration().build()?)
}

fn read<T: PemObject>(path: &Path, what: &'static str) -> Result<Vec<T>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let all =
        T::pem_file_iter(path).map_err(unreadable)?.collect::<Result<Vec<T>, _>>().map_err(unreadable)?;
    if all.is_empty() { Err(TlsError::Empty { path: path.to_owned(), what }) } else { Ok(all) }
}
