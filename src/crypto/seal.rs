//! Secrecy with integrity: AES-256-GCM under a random nonce (NIST SP 800-38D).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{CryptoError, random};

/// Bytes of the nonce, which stands before the sealed bytes.
const NONCE_BYTES: usize = 12;

/// A key that seals and opens. Prints nothing of itself.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// Takes 32 secret bytes as the key.
    ///
    /// # Errors
    /// Never with this algorithm; the primitive's signature allows it.
    pub fn new(secret: &[u8; 32]) -> Result<Self, CryptoError> {
        let key =
            UnboundKey::new(&AES_256_GCM, secret).map_err(|_| CryptoError("the sealing key is damaged"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals `plain`, bound to `about`: nonce, ciphertext, tag.
    ///
    /// # Errors
    /// The operating system gave no randomness for the nonce.
    pub fn seal(&self, about: &[u8], plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let nonce: [u8; NONCE_BYTES] = random::bytes()?;
        let mut sealed = Vec::with_capacity(NONCE_BYTES + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let (_, body) = sealed.split_at_mut(NONCE_BYTES);
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), body)
            .map_err(|_| CryptoError("sealing failed"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what [`SealingKey::seal`] made for the same `about`.
    ///
    /// # Errors
    /// Changed bytes, another key or another `about`.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        const FORGED: CryptoError = CryptoError("the sealed bytes were changed, or another key sealed them");
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(FORGED)?;
        let mut body = body.to_vec();
        let plain = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(about), &mut body)
            .map_err(|_| FORGED)?;
        Ok(plain.to_vec())
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_whole_and_for_the_same_exchange() {
        let key = SealingKey::new(&[3; 32]).unwrap();
        let sealed = key.seal(b"one", b"case 0007").unwrap();
        assert_eq!(key.open(b"one", &sealed).unwrap(), b"case 0007");
        assert!(key.open(b"two", &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(key.open(b"one", &changed).is_err());
        assert!(key.open(b"one", &sealed[..5]).is_err());
    }
}
