//! SHA-256 and HMAC-SHA-256.

use ring::digest;
use ring::hmac;

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// The SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(bytes);
    hasher.finish()
}

/// SHA-256, fed piece by piece.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Starts with no bytes.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes taken in.
    #[must_use]
    pub fn finish(self) -> Hash {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256(..)")
    }
}

/// HMAC-SHA-256 (RFC 2104) over the pieces, one after the other. The caller separates pieces of varying length.
#[must_use]
pub fn hmac_sha256(key: &[u8; 32], pieces: &[&[u8]]) -> Hash {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for piece in pieces {
        context.update(piece);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
    let mut digits = vec![0; 2 * bytes.len()];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 0x0f)];
    }
    // Invariant: digits are ASCII.
    String::from_utf8(digits).unwrap_or_default()
}

/// The hash that [`hex`] writes so; nothing for any other text.
#[must_use]
pub fn unhex(text: &str) -> Option<Hash> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut hash = [0; 32];
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    (hex(&hash) == text).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_agrees_with_fips_180() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_hash_has_one_spelling_in_hexadecimal() {
        let text = hex(&[0xa7; 32]);
        assert_eq!(unhex(&text), Some([0xa7; 32]));
        for bad in [
            text.to_uppercase(),
            text.replacen('a', "+", 1),
            format!("{text}00"),
            "a7".repeat(31),
            "a".repeat(63),
        ] {
            assert_eq!(unhex(&bad), None, "{bad}");
        }
    }

    #[test]
    fn pieces_hash_as_their_concatenation() {
        let mut hasher = Sha256::new();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), sha256(b"abc"));
        assert_eq!(hmac_sha256(&[1; 32], &[b"ab", b"c"]), hmac_sha256(&[1; 32], &[b"abc"]));
    }
}
