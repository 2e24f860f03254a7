//! Public keys and what they verify. A key is read from, and named by, its SubjectPublicKeyInfo (RFC 5280 4.1.2.7).

use der::Decode as _;
use der::asn1::ObjectIdentifier;
use ring::signature::{self, UnparsedPublicKey};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::CryptoError;
use super::digest::{Hash, sha256};

/// DER before the 32 bytes of an Ed25519 key (RFC 8410 4).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// DER before the 65 bytes of an uncompressed P-256 point (RFC 5480 2).
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A public key of one of the kinds we verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Ed25519([u8; 32]),
    P256([u8; 65]),
}

impl PublicKey {
    /// An Ed25519 key of its 32 raw bytes.
    #[must_use]
    pub fn ed25519(raw: [u8; 32]) -> Self {
        Self(Kind::Ed25519(raw))
    }

    /// A P-256 key of its uncompressed point (`04 || x || y`).
    #[must_use]
    pub fn p256(point: [u8; 65]) -> Self {
        Self(Kind::P256(point))
    }

    /// Reads a SubjectPublicKeyInfo (DER).
    ///
    /// # Errors
    /// Another kind of key.
    pub fn from_spki(der: &[u8]) -> Result<Self, CryptoError> {
        if let Some(raw) = der.strip_prefix(ED25519_PREFIX.as_slice()).and_then(|rest| rest.try_into().ok()) {
            return Ok(Self::ed25519(raw));
        }
        let point = der.strip_prefix(P256_PREFIX.as_slice()).and_then(|rest| rest.try_into().ok());
        point.map(Self::p256).ok_or(CryptoError("the public key is neither Ed25519 nor ECDSA P-256"))
    }

    /// The SubjectPublicKeyInfo (DER).
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        match &self.0 {
            Kind::Ed25519(raw) => [ED25519_PREFIX.as_slice(), raw].concat(),
            Kind::P256(point) => [P256_PREFIX.as_slice(), point].concat(),
        }
    }

    /// The SHA-256 of the SubjectPublicKeyInfo: the key's name.
    #[must_use]
    pub fn spki_hash(&self) -> Hash {
        sha256(&self.spki())
    }

    /// The algorithm's name in the HTTP Signature Algorithms Registry (RFC 9421 6.2.2).
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::Ed25519(_) => "ed25519",
            Kind::P256(_) => "ecdsa-p256-sha256",
        }
    }

    /// Verifies a signature (64 bytes; P-256 as raw `r || s`) over `message`.
    ///
    /// # Errors
    /// The signature is not this key's over these bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let verdict = match &self.0 {
            Kind::Ed25519(raw) => {
                UnparsedPublicKey::new(&signature::ED25519, raw.as_slice()).verify(message, signature)
            }
            Kind::P256(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point.as_slice())
                    .verify(message, signature)
            }
        };
        verdict.map_err(|_| CryptoError("the signature does not verify"))
    }
}

/// Verifies an RSASSA-PSS signature with SHA-512 and a salt of its length (RFC 9421 3.3.1), under a key of 2048 to 8192 bits that is given as
/// its SubjectPublicKeyInfo (DER).
///
/// # Errors
/// The key is no such key, or the signature is not this key's over these bytes.
pub fn verify_rsa_pss(spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    const NO_KEY: CryptoError = CryptoError("the public key is not RSA");
    let key = SubjectPublicKeyInfoOwned::from_der(spki).map_err(|_| NO_KEY)?;
    let pkcs1 = key.subject_public_key.as_bytes().filter(|_| key.algorithm.oid == RSA).ok_or(NO_KEY)?;
    UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA512, pkcs1)
        .verify(message, signature)
        .map_err(|_| CryptoError("the signature does not verify"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::{Ed25519Key, P256Key};

    #[test]
    fn a_signature_verifies_under_its_own_key_and_no_other_text() {
        let ed = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        let p256 = P256Key::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap();
        for (public, signature) in
            [(ed.public(), ed.sign(b"text")), (p256.public(), p256.sign(b"text").unwrap())]
        {
            assert_eq!(public.verify(b"text", &signature), Ok(()));
            assert!(public.verify(b"texT", &signature).is_err());
            assert_eq!(PublicKey::from_spki(&public.spki()).unwrap(), public);
        }
        assert!(p256.public().verify(b"text", &ed.sign(b"text")).is_err());
    }
}
