//! What a gateway is told, after checking: nothing in here can be wrong any more.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::audit::index::place::Place;
use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::id::Origin;
use crate::language::Text;
use crate::limits::shared::link::Address;
use crate::policy::model::Endpoint;
use crate::policy::model::Rate;
use crate::signing::When;
use crate::tlog::cosignature::CosignerKey;

/// The file they were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of what it held.
    pub hash: Hash,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file they were read from, if any: it is read again by a reload.
    pub file: Option<SettingsFile>,
    /// Who stamps the log's heads with the time, if anybody.
    pub anchor: Option<AnchorSettings>,
    /// The agency that runs the gateway.
    pub operator: AgencyId,
    /// Whom a stranger may ask.
    pub contact: Text,
    /// The folder of policies.
    pub policies: PathBuf,
    /// The folder of keys: never under the log.
    pub keys: PathBuf,
    /// The folder of certificates.
    pub certs: PathBuf,
    /// The log.
    pub log: LogSettings,
    /// Where the index is kept: never under the log.
    pub index: Place,
    /// The socket for agencies.
    pub exchange: ExchangeSettings,
    /// The desk: the socket for auditors, operators, witnesses, and agencies that read; if any.
    pub desk: Option<SocketSettings>,
    /// How answers are signed.
    pub answers: AnswerSettings,
    /// Caps over all agreements.
    pub caps: Caps,
    /// With whom limits are shared, if with anybody.
    pub shared: Option<SharedSettings>,
    /// The socket for metrics and health, if any.
    pub metrics: Option<SocketAddr>,
    /// Anchors of platforms reached by TLS that name none of their own.
    pub platform_anchors: Option<String>,
    /// Who cosigns the log; empty: nobody.
    pub witnesses: Vec<WitnessSettings>,
    /// Who issues the certificates by which parties sign agreements, if anybody.
    pub signers: Option<SignerSettings>,
    /// Whether agreements are in force only when their parties have signed them.
    pub require_signed_agreements: bool,
}

/// Who issues the certificates by which parties sign agreements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerSettings {
    /// Their authorities (PEM).
    pub anchors: Vec<PathBuf>,
    /// Revocation lists; none: revocation is off by name.
    pub crls: Option<Vec<PathBuf>>,
}

/// One who cosigns the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessSettings {
    /// By which key.
    pub key: CosignerKey,
    /// Where it is asked.
    pub endpoint: Endpoint,
}

/// Who stamps the log's heads with the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorSettings {
    /// Where it is reached.
    pub endpoint: Endpoint,
    /// The path that is asked for there.
    pub path: String,
    /// How often.
    pub every: Duration,
    /// Its certificate, or that of the authority above it (PEM).
    pub certificate: PathBuf,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Its folder.
    pub folder: PathBuf,
    /// Its origin, which is its key's name.
    pub origin: Origin,
    /// Bytes of one segment of the write-ahead log.
    pub segment: u64,
    /// Entries that may wait for the disk; each exchange reserves three places.
    pub queue: usize,
}

/// The socket for agencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeSettings {
    /// The socket itself.
    pub socket: SocketSettings,
    /// From the admission to a request body's last byte.
    pub body_timeout: Duration,
}

/// A socket on which certificates are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The names by which callers may address it.
    pub names: Vec<String>,
    /// The server's certificate chain (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
    /// Who may issue callers' certificates (PEM).
    pub anchors: Vec<PathBuf>,
    /// Revocation lists; none: revocation is off by name.
    pub crls: Option<Vec<PathBuf>>,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_source: usize,
    /// Handshakes at once.
    pub handshakes: usize,
    /// From accept to the end of the handshake.
    pub handshake_timeout: Duration,
    /// From a request's first byte to the end of its head.
    pub head_timeout: Duration,
    /// Without a request on a connection.
    pub idle_timeout: Duration,
    /// For requests under way when the gateway stops.
    pub drain_timeout: Duration,
}

/// How answers are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerSettings {
    /// Unasked, or on request.
    pub when: When,
    /// With which kind of key.
    pub algorithm: Algorithm,
}

/// Kinds of answer keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// ECDSA P-256: what government key stores hold.
    #[default]
    P256,
    /// Ed25519.
    Ed25519,
}

/// The store in which several gateways share their limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedSettings {
    /// Where it is.
    pub address: Address,
    /// How many gateways share it.
    pub nodes: NonZeroU32,
    /// The file with the key under which people are told apart, the same on every node.
    pub secret: PathBuf,
}

/// Caps over all agreements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Requests of all agencies together.
    pub gateway: Option<Rate>,
    /// Requests of one agency over all its agreements.
    pub agency: Option<Rate>,
    /// Requests to one service of all agencies together.
    pub service: Option<Rate>,
    /// Refusals of one agency a minute that are recorded one by one; beyond it they are summed up.
    pub refusals_per_minute: NonZeroU32,
}
