//! The TLS configuration: a client certificate is required, by every listener, always.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::server::NoServerSessionStorage;
use rustls::server::ResolvesServerCert;
use rustls::server::VerifierBuilderError;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::sign::SingleCertAndKey;
use webpki::EndEntityCert;
use webpki::KeyUsage;
use webpki::RevocationOptions;
use webpki::VerifiedPath;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::tls::provider;

use super::certification::Ways;
use super::certification::issuer_of;
use super::lists;
use super::lists::RevocationError;

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
    /// The revocation lists cannot be used.
    #[error("the revocation lists cannot be used")]
    Revocation(#[from] RevocationError),
    /// Certificate, key or anchors do not fit.
    #[error("the certificates, the key or the anchors cannot be used")]
    Rejected(#[from] rustls::Error),
    /// The verifier cannot be made.
    #[error("the anchors or revocation lists cannot be used")]
    Verifier(#[from] VerifierBuilderError),
}

/// A socket's TLS. Clones are one and the same: what [`Tls::reload`] puts in place holds for the next handshake of all.
#[derive(Debug, Clone)]
pub struct Tls(Arc<ArcSwap<Loaded>>);

/// What one handshake is held under, from its first byte to its last.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    pub(super) trust: Trust,
    /// How often something was put in place before it.
    pub(super) epoch: u64,
}

impl Tls {
    /// Reads the files anew.
    ///
    /// # Errors
    /// See [`TlsError`]; what was in place stays.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        self.adopt(&server_config(files)?);
        Ok(())
    }

    /// Puts in place what was read aside. Connections that are established stay; before the next request on each its chain is verified
    /// again, by what is trusted from here on.
    pub fn adopt(&self, aside: &Self) {
        let next = aside.current();
        self.0.rcu(|now| Loaded {
            config: Arc::clone(&next.config),
            trust: next.trust.clone(),
            epoch: now.epoch + 1,
        });
    }

    /// What the next handshake is held under.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().config)
    }

    /// The same certificate, key and authorities under other revocation lists (PEM).
    ///
    /// # Errors
    /// No list, or one that cannot be used.
    pub fn under_lists(&self, files: &[PathBuf]) -> Result<Self, TlsError> {
        let now = self.current();
        let lists = lists::newest(files)?.into_iter().map(|list| list.der).collect();
        let trust = Trust::of(now.trust.ways.anchors().to_vec(), lists)?;
        let loaded = loaded(trust, Arc::clone(&now.config.cert_resolver))?;
        Ok(Self(Arc::new(ArcSwap::from_pointee(loaded))))
    }

    /// Whether a key that may issue callers' certificates here may do so there too.
    #[must_use]
    pub fn trusts_an_authority_of(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.current(), other.current());
        let mut theirs = theirs.trust.roots.roots.iter();
        theirs.any(|their| {
            ours.trust
                .roots
                .roots
                .iter()
                .any(|our| our.subject_public_key_info == their.subject_public_key_info)
        })
    }

    pub(super) fn current(&self) -> Arc<Loaded> {
        self.0.load_full()
    }
}

/// The configuration of a socket.
///
/// Resumption is off: a resumed session would skip the client certificate's expiry, revocation and anchors, which may all have
/// changed since. TLS 1.2 is taken only with the extended master secret (RFC 7627).
///
/// # Errors
/// See [`TlsError`].
pub fn server_config(files: &TlsFiles) -> Result<Tls, TlsError> {
    Ok(Tls(Arc::new(ArcSwap::from_pointee(load(files)?))))
}

fn load(files: &TlsFiles) -> Result<Loaded, TlsError> {
    let trust = Trust::load(&files.anchors, files.crls.as_deref())?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|source| TlsError::Unreadable { path: files.key.clone(), source })?;
    let certificate = CertifiedKey::from_der(certificates(&files.certificate)?, key, &provider())?;
    loaded(trust, Arc::new(SingleCertAndKey::from(certificate)))
}

/// The one way to a configuration: whoever it shows is shown to callers that this trust lets in.
fn loaded(trust: Trust, shows: Arc<dyn ResolvesServerCert>) -> Result<Loaded, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::clone(&trust.verifier))
        .with_cert_resolver(shows);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.require_ems = true;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Loaded { config: Arc::new(config), trust, epoch: 0 })
}

/// Whom we trust to issue callers' certificates, and what they took back: the handshake's own verifier, for `certs check` too.
#[derive(Debug, Clone)]
pub struct Trust {
    verifier: Arc<dyn ClientCertVerifier>,
    roots: Arc<RootCertStore>,
    /// By what callers are taken: each way, written once.
    pub(super) ways: Arc<Ways>,
}

impl Trust {
    /// Reads anchors and revocation lists (PEM); no lists: revocation is off by name.
    ///
    /// # Errors
    /// No anchor, no list where lists are asked for, or a file that cannot be read.
    pub fn load(anchors: &[PathBuf], crls: Option<&[PathBuf]>) -> Result<Self, TlsError> {
        let mut all = Vec::new();
        for path in anchors {
            all.extend(certificates(path)?);
        }
        // Never empty: `newest` refuses that, and the verifier would take it for "off".
        let lists = crls.map(lists::newest).transpose()?;
        let lists = lists.map(|lists| lists.into_iter().map(|list| list.der).collect());
        Self::of(all, lists.unwrap_or_default())
    }

    /// Of these anchors and lists; no lists: revocation is not asked.
    pub(super) fn of(
        anchors: Vec<CertificateDer<'static>>,
        lists: Vec<CertificateRevocationListDer<'static>>,
    ) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for anchor in &anchors {
            roots.add(anchor.clone())?;
        }
        let roots = Arc::new(roots);
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider());
        if !lists.is_empty() {
            builder = builder.with_crls(lists.iter().cloned()).enforce_revocation_expiration();
        }
        Ok(Self { verifier: builder.build()?, roots, ways: Arc::new(Ways::new(anchors, lists)) })
    }

    /// The authorities.
    #[must_use]
    pub fn anchors(&self) -> &[CertificateDer<'static>] {
        self.ways.anchors()
    }

    /// Verifies a chain, leaf first, as a handshake at that time would.
    ///
    /// # Errors
    /// What the handshake would have said.
    pub fn verify(&self, chain: &[CertificateDer<'_>], at: Timestamp) -> Result<(), rustls::Error> {
        let (leaf, others) = chain.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
        self.verifier.verify_client_cert(leaf, others, unix(at)).map(|_| ())
    }

    /// The key (SHA-256 of its SPKI) that signed the leaf of a chain, on a path to one of the anchors.
    ///
    /// What stands second in a chain proves nothing: its sender may have put any authority's certificate there. Revocation is
    /// not asked: whatever the path above it, the leaf was signed by one key.
    #[must_use]
    pub fn issuer(&self, chain: &[CertificateDer<'_>], at: Timestamp) -> Option<Hash> {
        self.walk(chain, at, None, issuer_of)
    }

    /// Tells something of the path from the leaf of a chain to an anchor.
    pub(super) fn walk<T>(
        &self,
        chain: &[CertificateDer<'_>],
        at: Timestamp,
        revocation: Option<RevocationOptions<'_>>,
        tell: impl FnOnce(&VerifiedPath<'_>) -> T,
    ) -> Option<T> {
        let (leaf, others) = chain.split_first()?;
        let leaf = EndEntityCert::try_from(leaf).ok()?;
        let algorithms = provider().signature_verification_algorithms.all;
        let (usage, roots) = (KeyUsage::client_auth(), &self.roots.roots);
        let path = leaf.verify_for_usage(algorithms, roots, others, unix(at), usage, revocation, None);
        path.ok().map(|path| tell(&path))
    }
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    if all.is_empty() {
        return Err(TlsError::Empty { path: path.to_owned(), what: "certificate" });
    }
    Ok(all)
}
