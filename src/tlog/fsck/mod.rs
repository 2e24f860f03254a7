//! The independent verifier: rebuilds a log from its bytes and names every fault by entry and file.
//!
//! It shares nothing with the writer but the hash: the frames, the tree and the checkpoints are read by code of its own, so
//! that a mistake of the writer is not repeated here. It goes on after a fault as far as it can. It writes nothing, and may
//! read a log that is in use.
//!
//! Two leaf hashes decide which of two disagreeing things was changed: the one kept beside an entry and that of its bytes.
//! Whichever leads to the root that the log signed for the batch is the one that was signed.
//!
//! | room | what it does |
//! |---|---|
//! | `format`, `roots` | the bytes, the tree: read a second time |
//! | `examination` | what is known so far, and what comes of it |
//! | `segments` | segment after segment, and what stands in each |
//! | `batches` | one batch: whose, whole, and as signed |
//! | `disagreement` | which of two disagreeing leaf hashes was signed |
//! | `promises` | heads that the log must continue |

mod batches;
mod disagreement;
mod examination;
mod format;
mod promises;
mod roots;
mod segments;

use std::path::Path;
use std::path::PathBuf;

use crate::crypto::digest::Hash;
use crate::tlog::note::VerifierKey;

use examination::Examination;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The entry concerned, or the first of several; none if it concerns no entry.
    pub index: Option<u64>,
    /// Where.
    pub file: PathBuf,
    /// What is wrong, for people.
    pub what: String,
}

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
    /// Bytes of all segments.
    pub bytes: u64,
    /// The root over all entries; none if too much is missing to tell.
    pub root: Option<Hash>,
    /// The log's origin, as its checkpoints say.
    pub origin: Option<String>,
    /// The size of the published checkpoint, if there is a valid one.
    pub published: Option<u64>,
    /// Everything that is wrong, in the order of the log; what concerns no entry comes last.
    pub faults: Vec<Fault>,
    /// What is no fault but worth knowing: a torn tail, heads that could not be compared.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Asked of every entry that can be read, in order: index, leaf, annex, and the leaf hash that was signed as far as can be
/// told. Answers what is wrong with it.
pub type Each<'a> = dyn FnMut(u64, &[u8], &[u8], &Hash) -> Vec<String> + 'a;

/// Told how many bytes of how many are done.
pub type Progress<'a> = dyn FnMut(u64, u64) + 'a;

/// Verifies the log in `folder`: every byte of its segments, every root, every signature if there is a key, its published
/// checkpoint, and the heads that are known from elsewhere.
pub fn verify(
    folder: &Path,
    key: Option<&VerifierKey>,
    known: &[Known],
    each: &mut Each<'_>,
    progress: &mut Progress<'_>,
) -> Report {
    let mut examination = Examination::begin(folder, key, known, each);
    // Before the segments: a log in use only grows, so what is published now is in what is read later.
    examination.checkpoint(&folder.join("checkpoint"));
    examination.sort_promises();
    examination.keep_promises();
    examination.segments(&folder.join("wal"), progress);
    examination.finish()
}
