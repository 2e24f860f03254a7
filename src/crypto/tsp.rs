//! Time-stamps (RFC 3161): an authority's word that some bytes were there at a time. Nothing here speaks to a network.
//!
//! A token is CMS signed data over a TSTInfo. It is read strictly: SHA-256 of the bytes, the nonce that was sent, a certificate that
//! is for time-stamping alone and is the one the signature names (RFC 5035), and a signature that holds.

use ::der::Any;
use ::der::Decode as _;
use ::der::Encode as _;
use ::der::Sequence;
use ::der::asn1::Int;
use ::der::asn1::ObjectIdentifier;
use ::der::asn1::OctetString;
use ring::digest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use webpki::EndEntityCert;
use webpki::KeyUsage;
use x509_cert::Certificate;
use x509_cert::attr::Attributes;
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::MessageImprint;
use x509_tsp::TimeStampReq;
use x509_tsp::TimeStampResp;
use x509_tsp::TspVersion;
use x509_tsp::TstInfo;

use super::cms::CMS_BYTES_MAX;
use super::cms::CmsError;
use super::cms::Content;
use super::cms::Signed;
use super::cms::verify::attribute;
use super::cms::verify::open_attached;
use super::digest::Hash;
use super::digest::sha256;
use super::tls::provider;
use crate::clock::Timestamp;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 16;

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// id-kp-timeStamping (RFC 3161 2.3).
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// The same, as the bytes of its DER value.
const TIME_STAMPING_DER: [u8; 8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// Why a time-stamp is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TspError {
    /// Not the format.
    #[error("the time-stamp is malformed: {0}")]
    Malformed(&'static str),
    /// The authority gave none.
    #[error("the time-stamping authority refused, with status {0}")]
    Refused(u8),
    /// Its signature is refused.
    #[error("the time-stamp's signature is refused")]
    Signature(#[from] CmsError),
    /// The certificate is not for time-stamps, or not the one that was meant.
    #[error("the time-stamp's certificate is refused: {0}")]
    Certificate(&'static str),
    /// It is over other bytes.
    #[error("the time-stamp is over other bytes")]
    OtherBytes,
    /// It answers another request.
    #[error("the time-stamp answers another request: its nonce is not the one that was sent")]
    Nonce,
    /// Its certificate does not lead to an authority that is trusted.
    #[error("no trusted authority stands behind the time-stamp's certificate: {0}")]
    Chain(String),
}

const NOT_DER: TspError = TspError::Malformed("it is not DER");

/// What one request must be answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    imprint: Hash,
    nonce: [u8; NONCE_BYTES],
}

impl Request {
    /// Asks for a time-stamp over some bytes, with a nonce of random bytes.
    #[must_use]
    pub fn over(bytes: &[u8], random: [u8; NONCE_BYTES]) -> Self {
        let mut nonce = random;
        // A positive INTEGER in its shortest form, whatever was drawn.
        if let Some(first) = nonce.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        Self { imprint: sha256(bytes), nonce }
    }

    /// The request (DER), as it is sent with the media type `application/timestamp-query`. The certificate is asked for.
    ///
    /// # Errors
    /// Never with these fields; the writer's signature allows it.
    pub fn der(&self) -> Result<Vec<u8>, TspError> {
        let request = TimeStampReq {
            version: TspVersion::V1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Any::null()) },
                hashed_message: OctetString::new(self.imprint).map_err(|_| NOT_DER)?,
            },
            req_policy: None,
            nonce: Some(Int::new(&self.nonce).map_err(|_| NOT_DER)?),
            cert_req: true,
            extensions: None,
        };
        request.to_der().map_err(|_| NOT_DER)
    }

    /// The token (DER) in a response to this request, and what it says.
    ///
    /// # Errors
    /// See [`TspError`].
    pub fn answered(&self, response: &[u8]) -> Result<(Vec<u8>, Stamp), TspError> {
        if response.len() > CMS_BYTES_MAX {
            return Err(TspError::Malformed("it is too long"));
        }
        let response = TimeStampResp::from_der(response).map_err(|_| NOT_DER)?;
        // 0 granted, 1 granted with modifications (RFC 3161 2.4.2).
        let status = response.status.status as u8;
        let token = response.time_stamp_token.filter(|_| status <= 1).ok_or(TspError::Refused(status))?;
        let token = token.to_der().map_err(|_| NOT_DER)?;
        let stamp = Stamp::open(&token)?;
        if stamp.nonce.as_deref() != Some(&self.nonce) {
            return Err(TspError::Nonce);
        }
        if stamp.imprint == self.imprint { Ok((token, stamp)) } else { Err(TspError::OtherBytes) }
    }
}

/// What a token says, once its signature holds. Whether its signer is to be believed is [`Stamp::demand_authority`]'s question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When the bytes were there.
    pub time: Timestamp,
    /// SHA-256 of the bytes.
    pub imprint: Hash,
    /// By whom.
    pub signed: Signed,
    nonce: Option<Vec<u8>>,
}

impl Stamp {
    /// Opens a token (DER), whose certificate must lie in it.
    ///
    /// # Errors
    /// See [`TspError`].
    pub fn open(token: &[u8]) -> Result<Self, TspError> {
        let (info, signed, attributes) = open_attached(token, Content::TimeStamp, &[])?;
        let info = TstInfo::from_der(&info).map_err(|_| NOT_DER)?;
        demand_named(&signed, &attributes)?;
        demand_use(&signed.certificate)?;
        let imprint = info.message_imprint;
        let imprint =
            Some(imprint.hashed_message.as_bytes()).filter(|_| imprint.hash_algorithm.oid == SHA256);
        let imprint = imprint.and_then(|hash| hash.try_into().ok());
        let imprint = imprint.ok_or(TspError::Malformed("its imprint is not a SHA-256"))?;
        let seconds = i64::try_from(info.gen_time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let time = Timestamp::from_second(seconds).map_err(|_| TspError::Malformed("its time"))?;
        Ok(Self { time, imprint, signed, nonce: info.nonce.map(|nonce| nonce.as_bytes().to_vec()) })
    }

    /// Demands that the signer's certificate is one of `trusted` (DER), or was issued below one of them and was valid at the
    /// stamp's time.
    ///
    /// # Errors
    /// It is neither.
    pub fn demand_authority(&self, trusted: &[Vec<u8>]) -> Result<(), TspError> {
        if trusted.contains(&self.signed.certificate) {
            return demand_validity(&self.signed.certificate, self.time);
        }
        let wrong = |cause: webpki::Error| TspError::Chain(cause.to_string());
        let trusted: Vec<_> = trusted.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let anchors: Vec<_> =
            trusted.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect();
        let others: Vec<_> =
            self.signed.others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let certificate = CertificateDer::from(self.signed.certificate.as_slice());
        let certificate = EndEntityCert::try_from(&certificate).map_err(wrong)?;
        let seconds = u64::try_from(self.time.as_second()).unwrap_or_default();
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let usage = KeyUsage::required(&TIME_STAMPING_DER);
        let algorithms = provider().signature_verification_algorithms.all;
        certificate
            .verify_for_usage(algorithms, &anchors, &others, at, usage, None, None)
            .map(|_| ())
            .map_err(wrong)
    }
}

/// SigningCertificate and SigningCertificateV2 (RFC 5035): the first certificate that is named must be the signer's.
#[derive(Debug, Sequence)]
struct Named {
    certificates: Vec<NamedOne>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// ESSCertID and ESSCertIDv2: they differ in the digest alone.
#[derive(Debug, Sequence)]
struct NamedOne {
    #[asn1(optional = "true")]
    algorithm: Option<AlgorithmIdentifierOwned>,
    hash: OctetString,
    #[asn1(optional = "true")]
    issuer: Option<Any>,
}

/// RFC 3161 2.4.1: without it, another certificate of the same key could be put in the signer's place.
fn demand_named(signed: &Signed, attributes: &Attributes) -> Result<(), TspError> {
    const V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
    const V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
    const WRONG: TspError = TspError::Certificate("the signature names another, or none");
    let sha1 = || digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &signed.certificate).as_ref().to_vec();
    let first = |any: &Any| {
        let named = any.decode_as::<Named>().map_err(|_| NOT_DER)?;
        named.certificates.into_iter().next().ok_or(WRONG)
    };
    if let Some(any) = attribute(attributes, V2)? {
        let one = first(any)?;
        let is_sha256 = one.algorithm.is_none_or(|algorithm| algorithm.oid == SHA256);
        let named = is_sha256 && one.hash.as_bytes() == signed.fingerprint();
        return if named { Ok(()) } else { Err(WRONG) };
    }
    let one = first(attribute(attributes, V1)?.ok_or(WRONG)?)?;
    if one.algorithm.is_none() && one.hash.as_bytes() == sha1() { Ok(()) } else { Err(WRONG) }
}

/// A certificate that is trusted by itself is so within its own time.
fn demand_validity(certificate: &[u8], at: Timestamp) -> Result<(), TspError> {
    let certificate = Certificate::from_der(certificate).map_err(|_| NOT_DER)?;
    let validity = certificate.tbs_certificate.validity;
    let at = u64::try_from(at.as_second()).unwrap_or_default();
    let (from, until) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
    let valid = (from.as_secs()..=until.as_secs()).contains(&at);
    if valid { Ok(()) } else { Err(TspError::Certificate("it was not valid at the time of the stamp")) }
}

/// RFC 3161 2.3: the extended key usage is critical and names time-stamping alone.
fn demand_use(certificate: &[u8]) -> Result<(), TspError> {
    let certificate = Certificate::from_der(certificate).map_err(|_| NOT_DER)?;
    let usage = certificate.tbs_certificate.get::<ExtendedKeyUsage>().map_err(|_| NOT_DER)?;
    match usage {
        Some((true, usage)) if usage.0 == [TIME_STAMPING] => Ok(()),
        _ => Err(TspError::Certificate("it is not for time-stamping alone")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    /// A time-stamping authority as `openssl ts` makes one, in a folder.
    pub(crate) struct Authority(pub(crate) tempfile::TempDir);

    const SETTINGS: &str = "[tsa]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n\
        accuracy = secs:1\ness_cert_id_alg = ALG\n[ext]\nextendedKeyUsage = critical,timeStamping\n\
        [plain]\nextendedKeyUsage = timeStamping\n";

    impl Authority {
        pub(crate) fn new(ess: &str, extensions: &str) -> Self {
            let it = Self(tempfile::tempdir().unwrap());
            it.write("tsa.conf", SETTINGS.replace("ALG", ess).as_bytes());
            it.write("serial", b"01\n");
            it.openssl(
                "req -new -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 30",
            );
            it.openssl("req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa");
            it.openssl(&format!(
                "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile tsa.conf -extensions {extensions} -out tsa.pem"
            ));
            it.openssl("x509 -in tsa.pem -outform DER -out tsa.der");
            it.openssl("x509 -in ca.pem -outform DER -out ca.der");
            it
        }

        pub(crate) fn path(&self) -> &Path {
            self.0.path()
        }

        pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
            std::fs::File::create(self.path().join(name)).unwrap().write_all(bytes).unwrap();
        }

        pub(crate) fn read(&self, name: &str) -> Vec<u8> {
            std::fs::read(self.path().join(name)).unwrap()
        }

        pub(crate) fn tried(&self, line: &str) -> bool {
            let output =
                Command::new("openssl").current_dir(self.path()).args(line.split(' ')).output().unwrap();
            output.status.success()
        }

        fn openssl(&self, line: &str) {
            assert!(self.tried(line), "{line}");
        }

        /// What it answers to a request.
        pub(crate) fn answer(&self, request: &[u8]) -> Vec<u8> {
            self.write("request", request);
            self.openssl("ts -reply -config tsa.conf -section tsa -queryfile request -signer tsa.pem -inkey tsa.key -out response");
            self.read("response")
        }
    }

    const TEXT: &[u8] = b"gw1.example/2026\n3\nroot\n";

    #[test]
    fn what_an_authority_stamps_is_verified_and_openssl_verifies_the_token_too() {
        for ess in ["sha1", "sha256"] {
            let authority = Authority::new(ess, "ext");
            let request = Request::over(TEXT, [0xff; NONCE_BYTES]);
            let (token, stamp) = request.answered(&authority.answer(&request.der().unwrap())).unwrap();
            assert_eq!(stamp.imprint, sha256(TEXT));
            assert_eq!(stamp.signed.certificate, authority.read("tsa.der"));
            authority.write("token", &token);
            authority.write("text", TEXT);
            authority.write("other", b"other");
            assert!(authority.tried("ts -verify -token_in -in token -data text -CAfile ca.pem"));
            assert!(!authority.tried("ts -verify -token_in -in token -data other -CAfile ca.pem"));
            for trusted in ["tsa.der", "ca.der"] {
                assert_eq!(stamp.demand_authority(&[authority.read(trusted)]), Ok(()), "{trusted}");
            }
            assert_eq!(Stamp::open(&token).unwrap(), stamp);
            let late = Stamp { time: "2199-01-01T00:00:00Z".parse().unwrap(), ..stamp };
            for trusted in ["tsa.der", "ca.der"] {
                assert!(late.demand_authority(&[authority.read(trusted)]).is_err(), "{trusted}");
            }
        }
    }

    #[test]
    fn another_authority_is_not_believed() {
        let (ours, other) = (Authority::new("sha256", "ext"), Authority::new("sha256", "ext"));
        let request = Request::over(TEXT, [1; NONCE_BYTES]);
        let (_, stamp) = request.answered(&other.answer(&request.der().unwrap())).unwrap();
        for trusted in [vec![], vec![ours.read("ca.der")], vec![ours.read("tsa.der"), ours.read("ca.der")]] {
            assert!(matches!(stamp.demand_authority(&trusted), Err(TspError::Chain(_))));
        }
    }

    #[test]
    fn an_answer_to_another_request_or_over_other_bytes_is_refused() {
        let authority = Authority::new("sha256", "ext");
        let (one, two) = (Request::over(TEXT, [1; NONCE_BYTES]), Request::over(TEXT, [2; NONCE_BYTES]));
        let answer = authority.answer(&one.der().unwrap());
        assert_eq!(two.answered(&answer).unwrap_err(), TspError::Nonce);
        let other = Request { imprint: [9; 32], nonce: one.nonce };
        assert_eq!(other.answered(&answer).unwrap_err(), TspError::OtherBytes);
        assert!(one.answered(&answer[..answer.len() - 1]).is_err() && one.answered(b"").is_err());
        let refusal = authority.answer(b"no request at all");
        assert!(matches!(one.answered(&refusal), Err(TspError::Refused(2))));
    }

    #[test]
    fn a_certificate_that_is_not_for_time_stamps_alone_stamps_nothing() {
        // openssl refuses to sign with such a one, so its certificate is exchanged for one of the same key afterwards.
        let authority = Authority::new("sha256", "plain");
        assert!(matches!(demand_use(&authority.read("tsa.der")), Err(TspError::Certificate(_))));
        assert!(matches!(demand_use(&authority.read("ca.der")), Err(TspError::Certificate(_))));
    }
}
