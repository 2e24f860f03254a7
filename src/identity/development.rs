//! A development PKI: made by `certs dev`, by the demonstration and by the tests. Never for production: whoever made the folder
//! holds every caller's key.
//!
//! The authorities' keys are dropped once everything is signed: a folder cannot grow, it is made anew. Nothing is replaced.

use std::fs::DirBuilder;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertificateRevocationListParams;
use rcgen::CertifiedIssuer;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::KeyIdMethod;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::RevokedCertParams;
use rcgen::SanType;
use rcgen::SerialNumber;
use rcgen::date_time_ymd;

use crate::crypto::keyfile;
use crate::crypto::random;
use crate::id::AgencyId;

use super::certificate::AGENCY_PREFIX;

/// The authority that callers' and the server's certificates come from.
pub const CA: &str = "ca.pem";
/// An empty revocation list of that authority, but for the certificates the plan revokes.
pub const CRL: &str = "ca.crl.pem";
/// An authority that nobody trusts.
pub const FOREIGN_CA: &str = "foreign-ca.pem";
/// The server's certificate.
pub const SERVER: &str = "server.pem";
/// The server's key.
pub const SERVER_KEY: &str = "server.key";
/// The folder of the desk's PKI, in which all of the above stands once more, under an authority of its own.
pub const DESK: &str = "desk";
/// The folder of callers' certificates and keys: `<name>.pem`, `<name>.key`.
pub const AGENCIES: &str = "agencies";

/// Names of the server where nobody asks for others: this machine's, and the sample province's gateway.
pub const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "gw1.hungyen.example"];
/// The code of a department that was dissolved: in the sample province's registry it was H31.05's.
pub const DISSOLVED: &str = "H54.05";

/// Only its owner enters: the server's key lies in it.
const FOLDER_MODE: u32 = 0o700;
/// First year of validity: curl, openssl and the gateway live in real time, whatever clock a demonstration shows.
const FROM: i32 = 2020;
/// Last year of validity: the end of UTCTime (RFC 5280 4.1.2.5.1).
const UNTIL: i32 = 2049;
/// Last year of the certificate that has expired.
const EXPIRED: i32 = 2025;

/// What is to be made.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Names and addresses of the server.
    pub server_names: Vec<String>,
    /// Callers' certificates.
    pub callers: Vec<Caller>,
}

/// One caller's certificate.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The stem of its files.
    pub name: String,
    /// The agency names in it, whole: `urn:agency:H31.01.01`.
    pub uris: Vec<String>,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flaw {
    /// Nothing.
    #[default]
    None,
    /// It has expired.
    Expired,
    /// An authority that nobody trusts signed it.
    Foreign,
    /// It is for servers.
    ServerOnly,
    /// It is on the revocation list.
    Revoked,
}

impl Plan {
    /// The usual plan: a sound certificate for each agency, and for the first of them one of each flaw (`expired`, `foreign`,
    /// `server-only`, `revoked`); and one of a dissolved department ([`DISSOLVED`]).
    #[must_use]
    pub fn usual(agencies: &[AgencyId]) -> Self {
        let mut callers: Vec<_> = agencies.iter().map(Caller::agency).collect();
        let flaws = [
            ("expired", Flaw::Expired),
            ("foreign", Flaw::Foreign),
            ("server-only", Flaw::ServerOnly),
            ("revoked", Flaw::Revoked),
        ];
        if let Some(first) = agencies.first() {
            callers.extend(flaws.map(|(name, flaw)| Caller::named(name, &[first.as_str()], flaw)));
        }
        callers.push(Caller::named(DISSOLVED, &[DISSOLVED], Flaw::None));
        Self { server_names: SERVER_NAMES.map(str::to_owned).into(), callers }
    }
}

/// What was made: file names relative to the folder, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Certificates and the revocation list: anybody may read them.
    pub public: Vec<PathBuf>,
    /// Keys (0600).
    pub private: Vec<PathBuf>,
}

/// Why a PKI cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file cannot be written; an existing one is never replaced.
    #[error("`{path}` cannot be written")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// No randomness for a serial number.
    #[error("a serial number cannot be made")]
    Random(#[from] crate::crypto::CryptoError),
}

impl Caller {
    /// A sound certificate of an agency.
    #[must_use]
    pub fn agency(id: &AgencyId) -> Self {
        Self::named(id.as_str(), &[id.as_str()], Flaw::None)
    }

    /// A certificate under a file name, for these codes.
    #[must_use]
    pub fn named(name: &str, codes: &[&str], flaw: Flaw) -> Self {
        let uris = codes.iter().map(|code| format!("{AGENCY_PREFIX}{code}")).collect();
        Self { name: name.to_owned(), uris, flaw }
    }
}

/// Makes the PKI of the exchange in a folder, which is made too (0700) where it is not there. A folder that was one before is refused
/// by its first file; keys are readable by their owner alone, and nothing is ever replaced.
///
/// # Errors
/// See [`PkiError`]; what was made until then stays.
pub fn make(folder: &Path, plan: &Plan) -> Result<Made, PkiError> {
    make_under("Phố Hiến development CA", folder, plan)
}

/// Makes the PKI of the desk, in [`DESK`] under the folder of the exchange's.
///
/// # Errors
/// As [`make`].
pub fn make_desk(folder: &Path, plan: &Plan) -> Result<Made, PkiError> {
    make_under("Phố Hiến development CA of the desk", &folder.join(DESK), plan)
}

fn make_under(name: &str, folder: &Path, plan: &Plan) -> Result<Made, PkiError> {
    let entered = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
    entered.map_err(|source| PkiError::File { path: folder.to_owned(), source })?;
    let mut press = Press { folder, made: Made { public: Vec::new(), private: Vec::new() } };
    let (ours, foreign) = (authority(name)?, authority("Foreign CA")?);
    press.publish(CA.into(), &ours.pem())?;
    press.publish(FOREIGN_CA.into(), &foreign.pem())?;
    press.issue("server".into(), &server(plan)?, &ours)?;
    let mut revoked = Vec::new();
    for caller in &plan.callers {
        let params = caller_params(caller)?;
        let issuer = if caller.flaw == Flaw::Foreign { &foreign } else { &ours };
        press.issue(format!("{AGENCIES}/{}", caller.name), &params, issuer)?;
        if caller.flaw == Flaw::Revoked {
            revoked.extend(params.serial_number);
        }
    }
    press.publish(CRL.into(), &revocation_list(revoked, &ours)?)?;
    Ok(press.made)
}

/// Where the certificates are written out.
struct Press<'a> {
    folder: &'a Path,
    made: Made,
}

impl Press<'_> {
    fn publish(&mut self, name: PathBuf, text: &str) -> Result<(), PkiError> {
        write(&self.folder.join(&name), text)?;
        self.made.public.push(name);
        Ok(())
    }

    /// The key first: it makes its folder for its owner alone.
    fn issue(
        &mut self,
        stem: String,
        params: &CertificateParams,
        issuer: &CertifiedIssuer<'static, KeyPair>,
    ) -> Result<(), PkiError> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, issuer)?;
        let (name, path) = (format!("{stem}.key"), self.folder.join(format!("{stem}.key")));
        keyfile::write_new(&path, key.serialize_pem().as_bytes())
            .map_err(|source| PkiError::File { path, source })?;
        self.made.private.push(name.into());
        self.publish(format!("{stem}.pem").into(), &certificate.pem())
    }
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, PkiError> {
    let mut params = params(name, UNTIL)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn params(name: &str, until: i32) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(FROM, 1, 1);
    params.not_after = date_time_ymd(until, 12, 31);
    // Positive and at most 16 bytes (RFC 5280 4.1.2.2).
    let mut serial: [u8; 16] = random::bytes()?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

fn server(plan: &Plan) -> Result<CertificateParams, PkiError> {
    let mut params = params(plan.server_names.first().map_or("localhost", String::as_str), UNTIL)?;
    for name in &plan.server_names {
        params.subject_alt_names.push(match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.as_str().try_into()?),
        });
    }
    Ok(end_entity(params, ExtendedKeyUsagePurpose::ServerAuth))
}

fn caller_params(caller: &Caller) -> Result<CertificateParams, PkiError> {
    let mut params = params(&caller.name, if caller.flaw == Flaw::Expired { EXPIRED } else { UNTIL })?;
    for uri in &caller.uris {
        params.subject_alt_names.push(SanType::URI(uri.as_str().try_into()?));
    }
    let usage = match caller.flaw {
        Flaw::ServerOnly => ExtendedKeyUsagePurpose::ServerAuth,
        Flaw::None | Flaw::Expired | Flaw::Foreign | Flaw::Revoked => ExtendedKeyUsagePurpose::ClientAuth,
    };
    Ok(end_entity(params, usage))
}

fn end_entity(mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    params
}

fn revocation_list(
    serials: Vec<SerialNumber>,
    issuer: &CertifiedIssuer<'static, KeyPair>,
) -> Result<String, PkiError> {
    let revoked = |serial_number| RevokedCertParams {
        serial_number,
        revocation_time: date_time_ymd(2026, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(UNTIL, 1, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: serials.into_iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(list.signed_by(issuer)?.pem()?)
}

/// New files only.
fn write(path: &Path, text: &str) -> Result<(), PkiError> {
    let written = || OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes());
    written().map_err(|source| PkiError::File { path: path.to_owned(), source })
}
