//! The cosignatures a log was given, kept beside it: `<log>/witnessed/<key id>` is the newest head which that witness has
//! cosigned, as a signed note with the log's own signature and every cosignature on it.
//!
//! Derived: a file that is lost is a cosignature that has to be asked for again. What is kept outlives a restart, so that receipts
//! under a cosigned head can be had at once.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::memory::replace;
use crate::clock::Timestamp;
use crate::crypto::digest::hex;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::cosignature::Cosignature;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::cosignature::merged;
use crate::tlog::cosignature::of_note;
use crate::tlog::disk::Disk;
use crate::tlog::note::Note;
use crate::tlog::note::VerifierKey;

/// The folder under the log's.
pub const FOLDER: &str = "witnessed";

/// Heads for which cosignatures are still gathered: witnesses that answer within a minute meet on one head.
const GATHERED: usize = 64;

/// For how long a cosigned head passes for the newest, in seconds: a head that does not change is cosigned anew each minute, so three
/// were missed.
const CURRENT_SECONDS: u64 = 180;

/// A head with the cosignatures on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The head, with the log's own signature.
    pub head: SignedHead,
    /// Who cosigned it; never empty, each once.
    pub by: Vec<Cosignature>,
}

impl Cosigned {
    /// The signed note with all of them.
    #[must_use]
    pub fn note(&self) -> String {
        merged(&self.head.note, &self.by)
    }

    /// Reads a note that was kept.
    #[must_use]
    pub fn read(note: &[u8], log: &VerifierKey, witnesses: &[&CosignerKey]) -> Option<Self> {
        let by = of_note(&Note::parse(note).ok()?, witnesses).ok()?;
        let whole = SignedHead::open(note, log).ok()?;
        let own = whole.own_note(log);
        (!by.is_empty()).then_some(Self { head: SignedHead { note: own, ..whole }, by })
    }
}

/// All that is kept of one log.
pub struct Kept {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    // Invariant: at most `GATHERED`, in the order of their sizes.
    gathered: VecDeque<Cosigned>,
    newest: BTreeMap<[u8; 4], Arc<Cosigned>>,
    best: Option<Arc<Cosigned>>,
}

impl Kept {
    /// Reads what is kept in a log's folder. What cannot be read is as good as not there.
    #[must_use]
    pub fn open(disk: Arc<dyn Disk>, log: &Path, key: &VerifierKey, witnesses: &[&CosignerKey]) -> Self {
        let folder = log.join(FOLDER);
        let mut inner = Inner::default();
        for witness in witnesses {
            let read = disk.read(&folder.join(hex(&witness.id())));
            if let Some(cosigned) = read.ok().and_then(|note| Cosigned::read(&note, key, witnesses)) {
                inner.gather(&cosigned.head, &cosigned.by);
            }
        }
        inner.choose(1);
        Self { disk, folder, inner: Mutex::new(inner) }
    }

    /// Keeps a cosignature on a head. `answering` witnesses are well: as many cosignatures make the newest head the best.
    /// Blocks on the disk.
    ///
    /// # Errors
    /// The disk refuses; what is kept in memory is kept.
    pub fn add(&self, head: &SignedHead, cosignature: &Cosignature, answering: usize) -> io::Result<()> {
        // Held over the write: the file of a head never goes back to one with fewer cosignatures.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cosigned) = inner.gather(head, std::slice::from_ref(cosignature)) else { return Ok(()) };
        inner.choose(answering);
        self.disk.make_folder(&self.folder)?;
        let note = cosigned.note();
        for one in &cosigned.by {
            let is_newest = inner.newest.get(&one.by().id).is_some_and(|newest| newest.head == cosigned.head);
            if is_newest {
                replace(self.disk.as_ref(), &self.folder, &hex(&one.by().id), note.as_bytes())?;
            }
        }
        Ok(())
    }

    /// The newest head that a witness has cosigned, and when, in seconds since 1970.
    #[must_use]
    pub fn newest_by(&self, witness: &CosignerKey) -> Option<(u64, u64)> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = inner.newest.get(&witness.id())?;
        let time = newest.by.iter().find(|one| one.by().id == witness.id()).map(Cosignature::time)?;
        Some((newest.head.size, time))
    }

    /// The newest head that all witnesses which are well have cosigned, unless that was so long ago that they must all be gone: the
    /// newest head by far is another one then.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Option<Arc<Cosigned>> {
        let best = self.best()?;
        let newest = best.by.iter().map(Cosignature::time).max()?;
        let now = u64::try_from(now.as_second()).unwrap_or_default();
        (now <= newest.saturating_add(CURRENT_SECONDS)).then_some(best)
    }

    /// The newest head that all witnesses which are well have cosigned, with what it carries.
    #[must_use]
    pub fn best(&self) -> Option<Arc<Cosigned>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).best.clone()
    }
}

impl Inner {
    /// Adds cosignatures to a head's; none if the head is older than all that are gathered.
    fn gather(&mut self, head: &SignedHead, by: &[Cosignature]) -> Option<Arc<Cosigned>> {
        let at = self.gathered.partition_point(|one| one.head.size < head.size);
        if at == 0 && self.gathered.len() >= GATHERED {
            return None;
        }
        if self.gathered.get(at).is_none_or(|one| one.head.size != head.size) {
            self.gathered.insert(at, Cosigned { head: head.clone(), by: Vec::new() });
        }
        let cosigned = self.gathered.get_mut(at)?;
        for one in by {
            match cosigned.by.iter_mut().find(|known| known.by().id == one.by().id) {
                Some(known) if known.time() < one.time() => *known = one.clone(),
                Some(_) => {}
                None => cosigned.by.push(one.clone()),
            }
        }
        let cosigned = Arc::new(cosigned.clone());
        for one in &cosigned.by {
            let newest = self.newest.get(&one.by().id);
            if newest.is_none_or(|newest| newest.head.size <= cosigned.head.size) {
                self.newest.insert(one.by().id, Arc::clone(&cosigned));
            }
        }
        if self.gathered.len() > GATHERED {
            self.gathered.pop_front();
        }
        Some(cosigned)
    }

    /// Never goes back: a larger head, or the same one with as much on it, of a later time.
    fn choose(&mut self, answering: usize) {
        let enough = |one: &&Cosigned| one.by.len() >= answering.max(1);
        let Some(newest) = self.gathered.iter().rev().find(enough) else { return };
        let better = self
            .best
            .as_ref()
            .is_none_or(|best| (best.head.size, best.by.len()) <= (newest.head.size, newest.by.len()));
        if better {
            self.best = Some(Arc::new(newest.clone()));
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("folder", &self.folder).finish_non_exhaustive()
    }
}
