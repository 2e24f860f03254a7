//! Signing keys: Ed25519 (RFC 8032) for the log, ECDSA P-256 or Ed25519 for answers.

use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

use super::CryptoError;
use super::verify::PublicKey;

const DAMAGED: CryptoError = CryptoError("the private key is damaged or of another kind");
const NO_RANDOMNESS: CryptoError = CryptoError("the operating system gave no randomness");

/// An Ed25519 private key. Prints nothing of itself.
pub struct Ed25519Key(Ed25519KeyPair);

impl Ed25519Key {
    /// Makes a new key, as PKCS#8 (DER).
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn generate_pkcs8() -> Result<Vec<u8>, CryptoError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| NO_RANDOMNESS)?;
        Ok(document.as_ref().to_vec())
    }

    /// Reads a key from PKCS#8 (DER), with or without the public half.
    ///
    /// # Errors
    /// The bytes are no such key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self).map_err(|_| DAMAGED)
    }

    /// The 64 bytes of the signature over `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.0.sign(message).as_ref());
        out
    }

    /// The 32 raw bytes of the public key.
    #[must_use]
    pub fn public_raw(&self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.public_key().as_ref());
        out
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::ed25519(self.public_raw())
    }
}

impl std::fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ed25519Key(..)")
    }
}

/// An ECDSA P-256 private key that signs SHA-256 digests as raw `r || s` (RFC 9421 3.3.4). Prints nothing of itself.
pub struct P256Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl P256Key {
    /// Makes a new key, as PKCS#8 (DER).
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn generate_pkcs8() -> Result<Vec<u8>, CryptoError> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| NO_RANDOMNESS)?;
        Ok(document.as_ref().to_vec())
    }

    /// Reads a key from PKCS#8 (DER).
    ///
    /// # Errors
    /// The bytes are no such key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, der, &random)
            .map_err(|_| DAMAGED)?;
        Ok(Self { pair, random })
    }

    /// The 64 bytes `r || s` of the signature over `message`.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], CryptoError> {
        let signature = self.pair.sign(&self.random, message).map_err(|_| NO_RANDOMNESS)?;
        let mut out = [0; 64];
        out.copy_from_slice(signature.as_ref());
        Ok(out)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut point = [0; 65];
        point.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey::p256(point)
    }
}

impl std::fmt::Debug for P256Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("P256Key(..)")
    }
}
