//! The independent verifier: rebuilds a log from its bytes and names every fault by entry and file.
//!
//! It shares nothing with the writer but the hash: frames, bundles, tiles, tree, snapshots and checkpoints are read by code of
//! its own, so that a mistake of the writer is not repeated here. It goes on after a fault as far as it can. It writes nothing,
//! and may read a log that is in use: what vanishes meanwhile was sealed, and is read again from there.
//!
//! Two leaf hashes decide which of two disagreeing things was changed: the one kept beside an entry (in its batch or its tile)
//! and that of its bytes. Whichever leads to a root that the log signed is the one that was signed.
//!
//! Entries are read, unpacked, hashed and understood on all cores, and judged one by one in their order. Of an entry that was
//! judged, nothing is kept here but an eighth of a byte: one hash for each 256.
//!
//! | room | what it does |
//! |---|---|
//! | `judge` | who is asked what entries say |
//! | `format`, `notes`, `pack`, `inflate`, `roots` | the bytes, the tree: read a second time |
//! | `fault`, `in_wal`, `in_bundles`, `in_folder` | what can be wrong, in words |
//! | `pipeline` | work on all cores, taken in order |
//! | `examination` | what is known so far, and what comes of it |
//! | `segments`, `batches` | segment after segment; one batch: whose, whole, and as signed |
//! | `file` | reading one, whoever laid it there |
//! | `listing`, `bundle`, `sealed`, `uppers` | what was sealed: bundles, annexes, tiles |
//! | `disagreement` | which of two disagreeing hashes was signed |
//! | `promises`, `witnessed` | heads that the log must continue: published, known, cosigned |
//! | `snapshots`, `objects` | its own account of itself; what entries refer to |

mod batches;
mod bundle;
mod disagreement;
mod examination;
mod fault;
mod file;
mod format;
mod in_bundles;
mod in_folder;
mod in_wal;
mod inflate;
mod judge;
mod listing;
mod notes;
mod objects;
mod pack;
mod pipeline;
mod promises;
mod roots;
mod sealed;
mod segments;
mod snapshots;
mod uppers;
mod witnessed;

use std::path::Path;

use crate::crypto::digest::Hash;
use crate::language::Text;
use crate::tlog::note::VerifierKey;

use examination::Examination;

pub use fault::Fault;
pub use fault::Finding;
pub use judge::Annexed;
pub use judge::Entry;
pub use judge::Judge;
pub use judge::Nobody;
pub use judge::Shelf;
pub use judge::Watched;

/// A tree head that somebody kept: from a receipt, a witness, an earlier verification. The log must continue it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// What a verification found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Entries, from the first to the last that the log accounts for.
    pub entries: u64,
    /// Batches read.
    pub frames: u64,
    /// Bundles read.
    pub bundles: u64,
    /// Bytes of all segments, bundles, tiles and annexes.
    pub bytes: u64,
    /// The root over all entries; none if too much is missing to tell.
    pub root: Option<Hash>,
    /// The log's origin, as its checkpoints say.
    pub origin: Option<String>,
    /// The size of the published checkpoint, if there is a valid one.
    pub published: Option<u64>,
    /// Everything that is wrong, in the order of the log; what concerns no entry comes last.
    pub faults: Vec<Fault>,
    /// Faults beyond so many that nobody reads them one by one.
    pub unnamed: u64,
    /// What is no fault but worth knowing: a torn tail, heads that could not be compared, files that do not belong there.
    pub notes: Vec<Text>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Bytes that are taken and given back before anything is read. The C library gives the pages of what is freed back to the system at
/// once, unless it has seen a larger piece freed (mallopt(3), `M_MMAP_THRESHOLD`); so it keeps a bundle's for the next. Half of what it
/// heeds.
const KEPT_BYTES: usize = 16 << 20;

/// Told how many bytes of how many are done.
pub type Progress<'a> = dyn FnMut(u64, u64) + 'a;

/// Verifies the log in `folder`: every byte of its segments, bundles, tiles and annexes, every root, every signature if there is a
/// key, its published checkpoint, its snapshots and objects, and the heads that are known from elsewhere.
pub fn verify<J: Judge>(
    folder: &Path,
    key: Option<&VerifierKey>,
    known: &[Known],
    judge: &mut J,
    progress: &mut Progress<'_>,
) -> Report {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT_BYTES)));
    let mut examination = Examination::begin(folder, key, known, judge, progress);
    // Before the entries: a log in use only grows, so what is published now is in what is read later.
    examination.checkpoint(&folder.join("checkpoint"));
    examination.read_witnessed(&folder.join("witnessed"));
    examination.read_snapshots(&folder.join("heads"));
    examination.sort_promises();
    examination.due();
    examination.entries(&folder.join("wal"));
    examination.leave_sealed();
    examination.uppers();
    examination.objects(&folder.join("objects"));
    examination.strays();
    examination.finish()
}
