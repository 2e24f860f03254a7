//! How the disk is looked at: what takes away by one thread, everything by another, neither waiting for the other but to put something into
//! force.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::diagnostic::file;

use super::LOOK_EVERY;
use super::Shared;
use super::aside::Aside;
use super::disk;
use super::disk::Look;
use super::disk::Material;
use super::disk::Settling;
use super::disk::Sight;
use super::held;
use super::standing::NotTaken;
use super::standing::Reloaded;

/// Everything else is looked at every so many looks: once a second.
const LOOKS_PER_LOOK_AT_ALL: u32 = 5;

/// Looking at everything takes at most this share of the time of one thread: a set of ten thousand agreements is looked at less often.
const SHARE_OF_TIME: u32 = 20;

/// How often everything is built again because something came first meanwhile. After that what comes first has to wait once.
const TRIES: usize = 3;

/// What must not wait for the rest.
#[derive(Debug)]
pub(super) struct First {
    pub(super) suspensions: Settling<Option<Vec<u8>>>,
    pub(super) sockets: Settling<Material>,
    /// Looks until the sockets' files are looked at.
    pub(super) looks: u32,
}

/// Everything.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) all: Settling<Sight>,
    /// Looks until it is looked at.
    pub(super) looks: u32,
}

impl Shared {
    pub(super) fn look(&self) -> Look {
        let served = held(&self.served).clone();
        Look::at(&served.settings, &served.door.in_force().policies)
    }

    /// The kill switch, and about once a second the files of the sockets.
    pub(super) fn look_first(&self) {
        let mut first = held(&self.first);
        let settings = held(&self.served).settings.clone();
        let suspensions = file::read(&settings.policies.join(disk::SUSPENSIONS)).ok();
        if first.suspensions.look(&suspensions) {
            self.kill_switch(&mut first, suspensions);
        }
        if first.looks > 0 {
            first.looks -= 1;
            return;
        }
        first.looks = LOOKS_PER_LOOK_AT_ALL - 1;
        let sockets = Material::of(disk::of_sockets(&settings));
        if first.sockets.look(&sockets) {
            self.sockets(&mut first, sockets);
        }
    }

    /// What is wrong is told by the look at everything, which comes next: the kill switch may name what another new file brings. That look
    /// is also the one that lifts suspensions.
    fn kill_switch(&self, first: &mut First, suspensions: Option<Vec<u8>>) {
        let mut served = held(&self.served);
        let mut aside = Aside::of(&served);
        if !aside.suspend(suspensions.as_deref()) {
            self.soon.store(true, Ordering::SeqCst);
            return first.suspensions.deal(suspensions);
        }
        // What the log does not take is tried again, and told by the look at everything.
        if let Ok(changed) = served.put(aside) {
            first.suspensions.deal(suspensions);
            self.again.fetch_or(changed, Ordering::SeqCst);
        }
    }

    /// As above: what is not sound stays as it was, and is told by the look at everything.
    fn sockets(&self, first: &mut First, sockets: Material) {
        let mut served = held(&self.served);
        let mut aside = Aside::of(&served);
        aside.take_sockets(&served, &sockets);
        self.soon.fetch_or(!aside.not_taken.is_empty(), Ordering::SeqCst);
        if let Ok(changed) = served.put(aside) {
            first.sockets.deal(sockets);
            self.again.fetch_or(changed, Ordering::SeqCst);
        }
    }

    pub(super) fn look_at_all(&self) {
        let mut rest = held(&self.rest);
        if self.again.swap(false, Ordering::SeqCst) {
            rest.all.forget();
        }
        if rest.looks > 0 && !self.soon.swap(false, Ordering::SeqCst) {
            rest.looks -= 1;
            return;
        }
        let clock = held(&self.served).door.clock.clone();
        let begun = clock.now();
        let look = self.look();
        let took = Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default();
        rest.looks = looks_to_skip(took);
        if rest.all.look(&look.sight) {
            let _told = self.everything(&mut rest, look);
        }
    }

    pub(super) fn everything(&self, rest: &mut Rest, look: Look) -> Reloaded {
        let came_first = self.take_first(&look);
        let sight = look.sight.clone();
        let (outcome, mut not_taken) = self.put_everything(look);
        let changed = match outcome {
            Ok(changed) => {
                rest.all.deal(sight);
                changed
            }
            // Nothing is wrong on the disk: it is tried again.
            Err(fault) => {
                not_taken.push(fault);
                false
            }
        };
        // What the kill switch's own look dealt with last may be in force no longer, and may come back before that look sees anything else.
        held(&self.first).suspensions.forget();
        let served = held(&self.served);
        self.standing.note(&not_taken, served.door.clock.now(), &served.door.metrics);
        Reloaded { changed: changed || came_first, not_taken }
    }

    /// What takes away, before the rest of the same look. What cannot be taken is told with the rest.
    fn take_first(&self, look: &Look) -> bool {
        let mut served = held(&self.served);
        let mut aside = Aside::of(&served);
        aside.suspend(disk::suspensions_in(&look.files).as_deref());
        aside.take_sockets(&served, &look.sight.material);
        served.put(aside).unwrap_or_default()
    }

    /// Builds everything beside what is in force, and puts it there if that is still the same.
    fn put_everything(&self, mut look: Look) -> (Result<bool, NotTaken>, Vec<NotTaken>) {
        for _ in 0..TRIES {
            let before = held(&self.served).clone();
            let mut aside = Aside::of(&before);
            aside.take_all(&before, look.clone());
            // Whatever the log is to name is kept before anybody waits for it. What cannot be kept now is told below.
            let _kept = before.door.recorder.keep_files(aside.in_force.policies.files());
            let mut served = held(&self.served);
            if served.version == before.version {
                return served.put_telling(aside);
            }
            look.keep_switch(&served.door.in_force().policies);
        }
        let mut served = held(&self.served);
        look.keep_switch(&served.door.in_force().policies);
        let mut aside = Aside::of(&served);
        aside.take_all(&served, look);
        served.put_telling(aside)
    }
}

/// How many looks pass before everything is looked at again, after a look that took so long.
fn looks_to_skip(took: Duration) -> u32 {
    let looks = took.saturating_mul(SHARE_OF_TIME).as_millis() / LOOK_EVERY.as_millis();
    u32::try_from(looks).unwrap_or(u32::MAX).max(LOOKS_PER_LOOK_AT_ALL - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_set_is_looked_at_once_a_second_and_a_large_one_takes_a_twentieth_of_a_thread() {
        assert_eq!(looks_to_skip(Duration::from_millis(2)), 4);
        assert_eq!(looks_to_skip(Duration::from_millis(200)), 20);
    }
}
