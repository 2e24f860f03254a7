//! The keys of the objects that are open: enough of each to find one that occurs twice, in bounded memory. A key that the
//! listener knows is one bit; of any other a keyed hash is held.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;

use super::hash::KeyHash;
use super::undisclosable::Flaw;

/// The most keys that all objects open at once may have. A hash of each is held until its object closes.
pub(super) const OPEN_KEYS_MAX: usize = 65_536;

/// Up to this many hashes an object is searched one by one, which is faster than a set and is what nearly all objects need.
const SEARCHED_MAX: usize = 32;

/// How a key is told from the others of its object. The same key must always be told in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// By a bit that no other key of this object has.
    As(u64),
    /// Only by itself.
    Not,
}

/// One object's part of the open keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectKeys {
    /// Tells this object's hashes from those of the objects around it.
    seed: u64,
    /// How many hashes stood before this object's first.
    start: usize,
    /// How many keys it has.
    count: usize,
    /// The known keys it has.
    known: u64,
    /// A bit for the upper end of each hash it has: what has no bit here is new.
    sketch: u64,
}

/// The open keys. The hash's key is chance and is told to nobody, so a platform cannot make two keys collide; should they by
/// chance, an answer is withheld that need not have been. Equal keys are always found.
#[derive(Debug, Default)]
pub(super) struct OpenKeys {
    hash: KeyHash,
    /// Invariant: the hashes of one object follow those of the object around it.
    hashes: Vec<u64>,
    /// Invariant: holds the hashes of every open object that has more than [`SEARCHED_MAX`], and no others.
    many: HashSet<u64, BuildHasherDefault<AsItIs>>,
    /// Invariant: the sum of what the open objects count.
    count: usize,
    objects: u64,
}

impl OpenKeys {
    /// An object begins.
    pub(super) fn open(&mut self) -> ObjectKeys {
        self.objects += 1;
        let seed = self.hash.seed(self.objects);
        ObjectKeys { seed, start: self.hashes.len(), count: 0, known: 0, sketch: 0 }
    }

    /// The object that began last has this key.
    #[inline(always)]
    pub(super) fn add(&mut self, object: &mut ObjectKeys, known: Known, name: &[u8]) -> Result<(), Flaw> {
        match known {
            Known::As(bit) => {
                if object.known & bit != 0 {
                    return Err(Flaw::DuplicateKey);
                }
                object.known |= bit;
            }
            Known::Not => self.add_hash(object, name)?,
        }
        if self.count == OPEN_KEYS_MAX {
            return Err(Flaw::TooManyKeys);
        }
        self.count += 1;
        object.count += 1;
        Ok(())
    }

    /// The object that began last ends.
    pub(super) fn close(&mut self, object: &ObjectKeys) {
        self.count -= object.count;
        if self.hashes.len() - object.start > SEARCHED_MAX {
            for hash in self.hashes.iter().skip(object.start) {
                self.many.remove(hash);
            }
        }
        self.hashes.truncate(object.start);
    }

    fn add_hash(&mut self, object: &mut ObjectKeys, name: &[u8]) -> Result<(), Flaw> {
        let hash = self.hash.of(object.seed, name);
        let bit = 1 << (hash >> 58);
        if object.sketch & bit != 0 && self.has(object, hash) {
            return Err(Flaw::DuplicateKey);
        }
        object.sketch |= bit;
        self.hashes.push(hash);
        let own = self.hashes.len() - object.start;
        if own > SEARCHED_MAX + 1 {
            self.many.insert(hash);
        } else if own == SEARCHED_MAX + 1 {
            self.many.extend(self.hashes.iter().skip(object.start));
        }
        Ok(())
    }

    fn has(&self, object: &ObjectKeys, hash: u64) -> bool {
        let own = self.hashes.get(object.start..).unwrap_or_default();
        if own.len() > SEARCHED_MAX { self.many.contains(&hash) } else { own.contains(&hash) }
    }
}

/// What is put in is a hash already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Never called for a `u64`; whatever comes must make a difference.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_closed_object_is_remembered() {
        let mut keys = OpenKeys::default();
        let mut outer = keys.open();
        keys.add(&mut outer, Known::Not, b"a").unwrap();
        keys.add(&mut outer, Known::As(1 << 63), b"b").unwrap();
        let mut inner = keys.open();
        for n in 0..=3 * SEARCHED_MAX {
            keys.add(&mut inner, Known::Not, n.to_string().as_bytes()).unwrap();
        }
        keys.add(&mut inner, Known::As(1 << 63), b"b").unwrap();
        keys.close(&inner);
        assert_eq!((keys.hashes.len(), keys.many.len(), keys.count), (1, 0, 2));
        assert_eq!(keys.add(&mut outer, Known::Not, b"a"), Err(Flaw::DuplicateKey));
        assert_eq!(keys.add(&mut outer, Known::As(1 << 63), b"b"), Err(Flaw::DuplicateKey));
        assert_eq!(keys.add(&mut outer, Known::Not, b"0"), Ok(()));
        assert_eq!(keys.add(&mut outer, Known::As(1), b"c"), Ok(()));
    }

    #[test]
    fn an_object_inside_a_wide_one_leaves_the_wide_one_whole() {
        let mut keys = OpenKeys::default();
        let name = |n: usize| n.to_string().into_bytes();
        let mut outer = keys.open();
        for n in 0..1_000 {
            keys.add(&mut outer, Known::Not, &name(n)).unwrap();
            let mut inner = keys.open();
            for m in 0..100 {
                keys.add(&mut inner, Known::Not, &name(m)).unwrap();
            }
            keys.close(&inner);
        }
        for n in 0..1_000 {
            assert_eq!(keys.add(&mut outer, Known::Not, &name(n)), Err(Flaw::DuplicateKey), "{n}");
        }
    }
}
