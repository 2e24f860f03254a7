//! The key that signs answers.

use crate::crypto::CryptoError;
use crate::crypto::sign::{Ed25519Key, P256Key};
use crate::crypto::verify::PublicKey;
use crate::id::KeyId;

/// A key that signs answers: ECDSA P-256 by default, Ed25519 by setting. Prints nothing of itself but its kind.
#[derive(Debug)]
pub enum AnswerKey {
    /// `ecdsa-p256-sha256` (RFC 9421 3.3.4).
    P256(P256Key),
    /// `ed25519` (RFC 9421 3.3.6).
    Ed25519(Ed25519Key),
}

impl AnswerKey {
    /// Reads a key of either kind from PKCS#8 (DER).
    ///
    /// # Errors
    /// The bytes are neither kind of key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        match P256Key::from_pkcs8(der) {
            Ok(key) => Ok(Self::P256(key)),
            Err(_) => Ed25519Key::from_pkcs8(der).map(Self::Ed25519),
        }
    }

    /// The 64 bytes of the signature over `message`.
    ///
    /// # Errors
    /// The operating system gave no randomness (P-256 only).
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], CryptoError> {
        match self {
            Self::P256(key) => key.sign(message),
            Self::Ed25519(key) => Ok(key.sign(message)),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Self::P256(key) => key.public(),
            Self::Ed25519(key) => key.public(),
        }
    }

    /// The key's name, as `keyid` states it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        name_of(&self.public())
    }
}

/// The name of a public key: of the SHA-256 of its SubjectPublicKeyInfo.
#[must_use]
pub fn name_of(key: &PublicKey) -> KeyId {
    KeyId::of_spki_hash(&key.spki_hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_of_either_kind_is_read_as_what_it_is() {
        let p256 = AnswerKey::from_pkcs8(&P256Key::generate_pkcs8().unwrap()).unwrap();
        let ed25519 = AnswerKey::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        assert_eq!(p256.public().algorithm(), "ecdsa-p256-sha256");
        assert_eq!(ed25519.public().algorithm(), "ed25519");
        assert_ne!(p256.id(), ed25519.id());
        assert!(AnswerKey::from_pkcs8(b"neither").is_err());
    }
}
