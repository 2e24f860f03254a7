//! CMS signatures (RFC 5652) by certificates: what `openssl cms -sign` makes and national signing tools make too.
//!
//! Read strictly: DER, one signer, whose certificate lies in the message, signed attributes always, a digest and a key of today. Whoever
//! needs two signatures asks for two files. What a certificate is worth (its chain, its time, whose it is) is not judged here.
//!
//! | file | duty |
//! |---|---|
//! | [`verify`] | a signature over bytes that are at hand, or that lie in the message |
//! | [`sign`] | a detached signature, by ECDSA P-256 or RSA |
//! | `algorithm` | which digests and keys there are |

mod algorithm;
pub mod sign;
pub mod verify;

#[cfg(test)]
mod tests;

use ::der::asn1::ObjectIdentifier;

use crate::clock::Timestamp;

use super::digest::Hash;
use super::digest::sha256;

/// The longest message we read: a chain of four certificates with RSA keys fits eight times.
pub const CMS_BYTES_MAX: usize = 64 * 1024;

/// signedData (RFC 5652 5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// The signed attribute contentType (RFC 5652 11.1).
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// The signed attribute messageDigest (RFC 5652 11.2).
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// The signed attribute signingTime (RFC 5652 11.3).
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// What may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Any bytes (RFC 5652 4).
    Data,
    /// A time-stamp's TSTInfo (RFC 3161 2.4.2).
    TimeStamp,
}

impl Content {
    fn oid(self) -> ObjectIdentifier {
        const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
        const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
        match self {
            Self::Data => DATA,
            Self::TimeStamp => TST_INFO,
        }
    }
}

/// A signature that holds, and by whom it says it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The signer's certificate (DER).
    pub certificate: Vec<u8>,
    /// Whatever other certificates came along (DER): to build a chain from, nothing more.
    pub others: Vec<Vec<u8>>,
    /// SHA-256 of the signer's SubjectPublicKeyInfo.
    pub spki: Hash,
    /// When the signer says it signed. Nobody vouches for it.
    pub signing_time: Option<Timestamp>,
}

impl Signed {
    /// SHA-256 of the signer's certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        sha256(&self.certificate)
    }

    /// The chain as a verifier takes it, the signer's certificate first.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.certificate).chain(&self.others).map(Vec::as_slice)
    }
}

/// Why a CMS signature is refused, or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    /// Not the format.
    #[error("the signature is not CMS signed data as we read it: {0}")]
    Malformed(&'static str),
    /// A digest or a key that we do not take.
    #[error("the signature's algorithm is not taken: {0}")]
    Algorithm(&'static str),
    /// What was signed is not what is at hand.
    #[error("other bytes were signed than these")]
    OtherContent,
    /// The signature does not verify under the certificate's key.
    #[error("the signature is not that of the certificate's key")]
    Forged,
    /// The private key cannot be used.
    #[error("the private key cannot be used: {0}")]
    Key(&'static str),
}
