//! The keys of the objects that are open, as keyed hashes: enough to find one that occurs twice, in bounded memory.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use super::undisclosable::Flaw;

/// The most keys that all objects open at once may have. A hash of each is held until its object closes.
pub(super) const OPEN_KEYS_MAX: usize = 65_536;

/// Up to this many keys an object is searched one by one, which is faster than a set and is what nearly all objects need.
const SEARCHED_MAX: usize = 32;

/// One object's part of the open keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectKeys {
    /// Tells this object's keys from those of the objects around it.
    serial: u64,
    /// How many hashes stood before this object's first.
    start: usize,
}

/// The open keys. The hash is keyed by chance (SipHash), so a platform cannot make two keys collide; should it happen by
/// chance, an answer is withheld that need not have been.
#[derive(Debug, Default)]
pub(super) struct OpenKeys {
    random: RandomState,
    /// Invariant: the hashes of one object follow those of the object around it.
    hashes: Vec<u64>,
    /// Invariant: holds the hashes of every open object that has more than [`SEARCHED_MAX`] keys, and no others.
    many: HashSet<u64>,
    objects: u64,
}

impl OpenKeys {
    /// An object begins.
    pub(super) fn open(&mut self) -> ObjectKeys {
        self.objects += 1;
        ObjectKeys { serial: self.objects, start: self.hashes.len() }
    }

    /// The object that began last has this key.
    pub(super) fn add(&mut self, object: ObjectKeys, key: &str) -> Result<(), Flaw> {
        let hash = self.random.hash_one((object.serial, key));
        if self.knows(object, hash) {
            return Err(Flaw::DuplicateKey);
        }
        if self.hashes.len() == OPEN_KEYS_MAX {
            return Err(Flaw::TooManyKeys);
        }
        self.hashes.push(hash);
        self.remember(object, hash);
        Ok(())
    }

    /// The object that began last ends.
    pub(super) fn close(&mut self, object: ObjectKeys) {
        let own = self.hashes.drain(object.start..);
        if own.len() > SEARCHED_MAX {
            own.for_each(|hash| {
                self.many.remove(&hash);
            });
        }
    }

    fn knows(&self, object: ObjectKeys, hash: u64) -> bool {
        let own = self.own(object);
        if own.len() > SEARCHED_MAX { self.many.contains(&hash) } else { own.contains(&hash) }
    }

    fn remember(&mut self, object: ObjectKeys, hash: u64) {
        let count = self.own(object).len();
        if count > SEARCHED_MAX + 1 {
            self.many.insert(hash);
        } else if count == SEARCHED_MAX + 1 {
            self.many.extend(self.hashes.iter().skip(object.start));
        }
    }

    fn own(&self, object: ObjectKeys) -> &[u64] {
        self.hashes.get(object.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_closed_object_is_remembered() {
        let mut keys = OpenKeys::default();
        let outer = keys.open();
        keys.add(outer, "a").unwrap();
        let inner = keys.open();
        for n in 0..=3 * SEARCHED_MAX {
            keys.add(inner, &n.to_string()).unwrap();
        }
        keys.close(inner);
        assert_eq!((keys.hashes.len(), keys.many.len()), (1, 0));
        assert_eq!(keys.add(outer, "a"), Err(Flaw::DuplicateKey));
        assert_eq!(keys.add(outer, "0"), Ok(()));
    }
}
