//! Which digests and keys are taken: SHA-2 with RSA from 2048 bits (PKCS #1 v1.5 and PSS) or ECDSA on P-256 and P-384.

use ::der::Sequence;
use ::der::asn1::ObjectIdentifier;
use ring::digest;
use ring::signature;
use ring::signature::UnparsedPublicKey;
use ring::signature::VerificationAlgorithm;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::CmsError;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// SHA-256 as a digest algorithm.
pub(super) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// ecdsa-with-SHA256 (RFC 5758 3.2).
pub(super) const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// sha256WithRSAEncryption (RFC 4055 5).
pub(super) const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// The digests there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(super) fn of(oid: ObjectIdentifier) -> Result<Self, CmsError> {
        const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
        const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
        match oid {
            SHA256 => Ok(Self::Sha256),
            SHA384 => Ok(Self::Sha384),
            SHA512 => Ok(Self::Sha512),
            _ => Err(CmsError::Algorithm("the digest is none of SHA-256, SHA-384 and SHA-512")),
        }
    }

    pub(super) fn over(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    /// Bytes of its value.
    fn length(self) -> u32 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Verifies a signature as its algorithm says, under the key of a certificate.
pub(super) fn verify(
    algorithm: &AlgorithmIdentifierOwned,
    digest: Digest,
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<(), CmsError> {
    let ring = match key.algorithm.oid {
        EC_PUBLIC_KEY => ecdsa(algorithm, digest, key)?,
        RSA_ENCRYPTION => rsa(algorithm, digest)?,
        _ => return Err(CmsError::Algorithm("the key is neither RSA nor on a curve")),
    };
    let key = key.subject_public_key.as_bytes();
    let key = key.ok_or(CmsError::Malformed("the public key is not whole bytes"))?;
    UnparsedPublicKey::new(ring, key).verify(message, signature).map_err(|_| CmsError::Forged)
}

fn ecdsa(
    algorithm: &AlgorithmIdentifierOwned,
    digest: Digest,
    key: &SubjectPublicKeyInfoOwned,
) -> Result<&'static dyn VerificationAlgorithm, CmsError> {
    const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
    let curve = key.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    match (algorithm.oid, digest, curve) {
        (ECDSA_SHA256, Digest::Sha256, Some(P256)) => Ok(&signature::ECDSA_P256_SHA256_ASN1),
        (ECDSA_SHA384, Digest::Sha384, Some(P256)) => Ok(&signature::ECDSA_P256_SHA384_ASN1),
        (ECDSA_SHA256, Digest::Sha256, Some(P384)) => Ok(&signature::ECDSA_P384_SHA256_ASN1),
        (ECDSA_SHA384, Digest::Sha384, Some(P384)) => Ok(&signature::ECDSA_P384_SHA384_ASN1),
        _ => Err(CmsError::Algorithm("ECDSA is taken on P-256 and P-384 with SHA-256 or SHA-384")),
    }
}

fn rsa(
    algorithm: &AlgorithmIdentifierOwned,
    digest: Digest,
) -> Result<&'static dyn VerificationAlgorithm, CmsError> {
    const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
    const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
    match (algorithm.oid, digest) {
        (RSA_ENCRYPTION | RSA_SHA256, Digest::Sha256) => Ok(&signature::RSA_PKCS1_2048_8192_SHA256),
        (RSA_ENCRYPTION | RSA_SHA384, Digest::Sha384) => Ok(&signature::RSA_PKCS1_2048_8192_SHA384),
        (RSA_ENCRYPTION | RSA_SHA512, Digest::Sha512) => Ok(&signature::RSA_PKCS1_2048_8192_SHA512),
        (RSA_PSS, _) => pss(algorithm, digest),
        _ => Err(CmsError::Algorithm("RSA is taken with the digest of the message")),
    }
}

/// RSASSA-PSS-params (RFC 4055 3.1).
#[derive(Debug, Sequence)]
struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_length: Option<u32>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

/// One digest throughout, a salt of its length: what everybody makes, and all that is taken.
fn pss(
    algorithm: &AlgorithmIdentifierOwned,
    digest: Digest,
) -> Result<&'static dyn VerificationAlgorithm, CmsError> {
    const WRONG: CmsError =
        CmsError::Algorithm("RSASSA-PSS is taken with one digest throughout and a salt of its length");
    let stated = algorithm.parameters.as_ref().and_then(|any| any.decode_as::<PssParameters>().ok());
    let PssParameters { hash, mask, salt_length, trailer } = stated.ok_or(WRONG)?;
    let masked = mask.filter(|mask| mask.oid == MGF1).and_then(|mask| mask.parameters);
    let masked = masked.and_then(|any| any.decode_as::<AlgorithmIdentifierOwned>().ok());
    for stated in [hash, masked] {
        let stated = stated.map(|stated| Digest::of(stated.oid)).ok_or(WRONG)??;
        if stated != digest {
            return Err(WRONG);
        }
    }
    if salt_length != Some(digest.length()) || trailer.is_some_and(|trailer| trailer != 1) {
        return Err(WRONG);
    }
    Ok(match digest {
        Digest::Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
        Digest::Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
        Digest::Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
    })
}
