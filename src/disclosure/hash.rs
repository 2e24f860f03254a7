//! The keyed hash of a key. A hash to tell keys apart, not to sign anything: two multiplications for a key of ordinary length,
//! in the manner of wyhash.
//!
//! What it must withstand is a platform that wants two different keys to have one hash, and what that would win it is that its
//! own answer is withheld. The 192 bits that key it are drawn from the operating system's chance (through the standard
//! library's SipHash), live as long as one answer is read, and nothing computed with them is told. Who does not know them
//! finds two keys that collide no better than by trying: 65,536 keys open at once collide by chance once in 2³² answers.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use super::plain::short;

/// Bytes that are taken in at once.
const WORD: usize = 8;

/// A hash function, chosen by chance.
#[derive(Clone, Copy)]
pub(super) struct KeyHash {
    start: u64,
    body: u64,
    tail: u64,
}

impl Default for KeyHash {
    fn default() -> Self {
        let random = RandomState::new();
        // Odd numbers lose nothing of what they are multiplied with.
        Self { start: random.hash_one(0), body: random.hash_one(1) | 1, tail: random.hash_one(2) | 1 }
    }
}

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHash")
    }
}

impl KeyHash {
    /// What the hashes of one object, told by its number, begin with.
    pub(super) fn seed(&self, object: u64) -> u64 {
        self.start ^ object.wrapping_mul(self.body)
    }

    /// The hash of a key in the object with this seed.
    #[inline(always)]
    pub(super) fn of(&self, seed: u64, name: &[u8]) -> u64 {
        let length = name.len() as u64;
        let (words, rest) = name.as_chunks::<WORD>();
        let mut state = seed;
        for word in words {
            state = folded(state ^ u64::from_le_bytes(*word), self.body);
        }
        let tail = name.last_chunk().map_or_else(|| short(rest), |word| u64::from_le_bytes(*word));
        folded(state ^ tail, self.tail ^ length.rotate_right(WORD as u32))
    }
}

/// Both halves of the product, one over the other: each bit of the result hangs on each bit of `a`.
#[inline(always)]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> u64::BITS) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_that_differ_in_one_byte_or_in_length_differ() {
        let hash = KeyHash::default();
        let mut seen = HashSet::new();
        let mut many = 0;
        for length in 0..40 {
            let zeroes = vec![0; length];
            many += 1;
            seen.insert(hash.of(hash.seed(1), &zeroes));
            for place in 0..length {
                for byte in 1..=255 {
                    let mut name = zeroes.clone();
                    name[place] = byte;
                    many += 1;
                    seen.insert(hash.of(hash.seed(1), &name));
                }
            }
        }
        assert_eq!(seen.len(), many);
    }

    #[test]
    fn the_same_key_has_another_hash_in_another_object_and_in_another_answer() {
        let (one, other) = (KeyHash::default(), KeyHash::default());
        assert_ne!(one.of(one.seed(1), b"a"), one.of(one.seed(2), b"a"));
        assert_ne!(one.of(one.seed(1), b"a"), other.of(other.seed(1), b"a"));
        assert_eq!(one.of(one.seed(1), b"a"), one.of(one.seed(1), b"a"));
    }
}
