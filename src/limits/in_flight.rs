//! Requests under way at once: a slot is taken before anything else is spent, and given back when the last byte is out.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// Who has how many requests under way.
///
/// Bounded: a key is a configured name, and [`Slots::retain`] drops those no longer configured.
#[derive(Debug)]
pub(super) struct Slots<K> {
    taken: Mutex<HashMap<K, Arc<AtomicU32>>>,
}

impl<K> Default for Slots<K> {
    fn default() -> Self {
        Self { taken: Mutex::default() }
    }
}

impl<K: Hash + Eq + Clone> Slots<K> {
    /// Takes a slot of `key`, or tells the limit that is reached.
    pub(super) fn take(&self, key: &K, limit: u32) -> Result<Slot, u32> {
        let taken = self.of(key);
        let one_more = |taken: u32| (taken < limit).then(|| taken + 1);
        match taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more) {
            Ok(_) => Ok(Slot(taken)),
            Err(_) => Err(limit),
        }
    }

    /// How many requests of `key` are under way.
    pub(super) fn taken(&self, key: &K) -> u32 {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(key).map_or(0, |count| count.load(Ordering::Acquire))
    }

    /// Forgets other keys. A request under way keeps its own count alive and gives it back to nobody.
    pub(super) fn retain(&self, mut keep: impl FnMut(&K) -> bool) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // A key with requests under way stays even so: were it configured again, it would begin at zero beside them.
        taken.retain(|key, count| keep(key) || count.load(Ordering::Acquire) > 0);
    }

    fn of(&self, key: &K) -> Arc<AtomicU32> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get(key) {
            return Arc::clone(count);
        }
        Arc::clone(taken.entry(key.clone()).or_default())
    }
}

/// One request under way. Dropping it, however the exchange ends, frees it.
#[derive(Debug)]
pub struct Slot(Arc<AtomicU32>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_freed_by_drop_even_when_the_exchange_panics() {
        let slots = Slots::default();
        let held = slots.take(&"TT-1", 2).unwrap();
        let panicking = std::panic::AssertUnwindSafe(|| {
            let _slot = slots.take(&"TT-1", 2).unwrap();
            panic!("a parser failed");
        });
        assert!(std::panic::catch_unwind(panicking).is_err());
        let second = slots.take(&"TT-1", 2).unwrap();
        assert_eq!(slots.take(&"TT-1", 2).unwrap_err(), 2);
        drop((held, second));
        assert!(slots.take(&"TT-1", 1).is_ok());
    }

    #[test]
    fn one_agencys_requests_under_way_hold_nobody_else_up() {
        let slots = Slots::default();
        let _held = slots.take(&"TT-1", 1).unwrap();
        assert!(slots.take(&"TT-2", 1).is_ok());
    }

    #[test]
    fn never_more_than_the_limit_are_under_way_however_many_try() {
        let slots = Slots::default();
        let start = std::sync::Barrier::new(8);
        let held: Vec<_> = std::thread::scope(|scope| {
            let attempt = || {
                start.wait();
                slots.take(&"TT-1", 3).ok()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(attempt)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(held.len(), 3);
    }

    #[test]
    fn a_key_with_requests_under_way_is_not_forgotten() {
        let slots = Slots::default();
        let held = slots.take(&"TT-1", 1).unwrap();
        slots.retain(|_| false);
        assert!(slots.take(&"TT-1", 1).is_err());
        drop(held);
        slots.retain(|_| false);
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}
