//! The witness's memory: check and keep in one, and only then cosign.
//!
//! `<folder>/heads/<SHA-256 of the origin>` is the last checkpoint cosigned of a log, as that log signed it: whoever reads it can
//! verify it, and so does every start. `<folder>/seen` names the origins that have one, so that a head that is gone is missed.
//! What a damaged memory would let a log do is what a witness is there to prevent, so it does not open.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::Head;
use super::Logs;
use super::Refusal;
use super::Request;
use super::SIZE_TYPE;
use super::Submission;
use super::decide;
use crate::clock::Clock;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::tlog::cosignature::Cosigner;
use crate::tlog::disk::Disk;

/// Why a memory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// Another process has it.
    #[error("`{0}` is in use by another witness")]
    InUse(PathBuf),
    /// It is not as it was written.
    #[error("`{file}` is damaged: {what}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The disk refuses.
    #[error("`{file}` cannot be read or written")]
    Disk {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why a request is not answered with a cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// It is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The head could not be kept, now or before: a person looks, and until then nothing is cosigned.
    #[error("the witness cannot keep what it has seen")]
    Forgetful,
}

/// What a witness remembers, on a disk.
pub struct Memory {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    logs: Logs,
    // Invariant: what is in here is on the disk, durable. The lock is held from the check until the cosignature is made: two
    // requests about one log never pass each other.
    heads: BTreeMap<String, Mutex<Head>>,
    seen: Mutex<BTreeSet<String>>,
    failed: AtomicBool,
    _lock: Box<dyn Send + Sync>,
}

impl Memory {
    /// Opens the memory in a folder, or begins one there.
    ///
    /// # Errors
    /// It is damaged, in use elsewhere, or the disk refuses.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, logs: Logs) -> Result<Self, MemoryError> {
        let heads = folder.join("heads");
        disk.make_folder(&heads).map_err(failed(&heads))?;
        let lock = folder.join("lock");
        let held = disk.lock(&lock).map_err(failed(&lock))?;
        let held = held.ok_or_else(|| MemoryError::InUse(folder.to_owned()))?;
        let mut seen = read_seen(disk.as_ref(), folder)?;
        let mut read = BTreeMap::new();
        for origin in logs.origins() {
            let head = read_head(disk.as_ref(), folder, origin, &logs, seen.contains(origin))?;
            if head.size > 0 {
                seen.insert(origin.to_owned());
            }
            read.insert(origin.to_owned(), Mutex::new(head));
        }
        // A head may be there whose name is not: the last run ended between the two.
        write_seen(disk.as_ref(), folder, &seen).map_err(failed(&folder.join("seen")))?;
        let (folder, seen) = (folder.to_owned(), Mutex::new(seen));
        Ok(Self { disk, folder, logs, heads: read, seen, failed: AtomicBool::new(false), _lock: held })
    }

    /// The newest head cosigned of a log; nothing of one that is not known.
    #[must_use]
    pub fn head(&self, origin: &str) -> Option<Head> {
        Some(*self.heads.get(origin)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Checks, keeps, and only then lets `cosign` make what is answered. Blocks on the disk.
    ///
    /// # Errors
    /// See [`Unsigned`].
    pub fn accept<T>(&self, submission: &Submission, cosign: impl FnOnce(&str) -> T) -> Result<T, Unsigned> {
        let head = self.heads.get(&submission.origin).ok_or(Refusal::UnknownOrigin)?;
        let mut head = head.lock().unwrap_or_else(PoisonError::into_inner);
        let next = decide(&head, submission)?;
        if self.failed.load(Ordering::SeqCst) {
            return Err(Unsigned::Forgetful);
        }
        if next != *head {
            self.keep(submission).map_err(|fault| {
                // What the disk holds now is not known, and a second try would only seem to work.
                self.failed.store(true, Ordering::SeqCst);
                tracing::error!(%fault, origin = submission.origin, "the witness cannot keep what it has seen");
                Unsigned::Forgetful
            })?;
            *head = next;
        }
        Ok(cosign(&submission.text))
    }

    /// Stopping at any line leaves the old head or the new one, whole; nobody was answered yet.
    fn keep(&self, submission: &Submission) -> io::Result<()> {
        let folder = self.folder.join("heads");
        replace(self.disk.as_ref(), &folder, &file_of(&submission.origin), submission.note.as_bytes())?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.insert(submission.origin.clone()) {
            return write_seen(self.disk.as_ref(), &self.folder, &seen);
        }
        Ok(())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A new content for a file, durable when this returns; until then the old one.
pub(super) fn replace(disk: &dyn Disk, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let (file, fresh) = (folder.join(name), folder.join(format!("{name}.tmp")));
    let written = disk.create(&fresh)?;
    written.write_at(0, bytes)?;
    written.sync()?;
    disk.rename(&fresh, &file)?;
    disk.sync_folder(folder)
}

fn file_of(origin: &str) -> String {
    hex(&sha256(origin.as_bytes()))
}

fn failed(file: &Path) -> impl Fn(io::Error) -> MemoryError {
    |source| MemoryError::Disk { file: file.to_owned(), source }
}

fn read_if_there(disk: &dyn Disk, file: &Path) -> Result<Option<Vec<u8>>, MemoryError> {
    match disk.read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(failed(file)(fault)),
    }
}

fn read_seen(disk: &dyn Disk, folder: &Path) -> Result<BTreeSet<String>, MemoryError> {
    let file = folder.join("seen");
    let damaged = |what| MemoryError::Damaged { file: file.clone(), what };
    let Some(bytes) = read_if_there(disk, &file)? else {
        // It is there before the first head is: heads without it had it taken away.
        let none = disk.list(&folder.join("heads")).map_err(failed(&file))?.is_empty();
        return if none { Ok(BTreeSet::new()) } else { Err(damaged("it is gone")) };
    };
    let text = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
    let whole = text.strip_suffix("end\n").ok_or_else(|| damaged("its end is missing"))?;
    Ok(whole.lines().map(str::to_owned).collect())
}

/// One origin a line, and a last line that no origin is.
fn write_seen(disk: &dyn Disk, folder: &Path, seen: &BTreeSet<String>) -> io::Result<()> {
    let text: String = seen.iter().map(|origin| format!("{origin}\n")).collect();
    replace(disk, folder, "seen", format!("{text}end\n").as_bytes())
}

fn read_head(
    disk: &dyn Disk,
    folder: &Path,
    origin: &str,
    logs: &Logs,
    seen: bool,
) -> Result<Head, MemoryError> {
    let file = folder.join("heads").join(file_of(origin));
    let damaged = |what| MemoryError::Damaged { file: file.clone(), what };
    let Some(bytes) = read_if_there(disk, &file)? else {
        return if seen { Err(damaged("it is gone")) } else { Ok(Head::unseen()) };
    };
    let note = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
    let kept = Submission::open(&Request { old: 0, proof: Vec::new(), note }, logs);
    let kept = kept.map_err(|_| damaged("none of the log's keys signed what is kept of it"))?;
    if kept.origin == origin { Ok(kept.head) } else { Err(damaged("it is of another log")) }
}

/// A witness: a key, a memory, a clock.
#[derive(Debug)]
pub struct Witness {
    cosigner: Cosigner,
    memory: Memory,
    clock: Clock,
}

/// What a witness answers over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
}

impl Witness {
    /// Puts one together.
    #[must_use]
    pub fn new(cosigner: Cosigner, memory: Memory, clock: Clock) -> Self {
        Self { cosigner, memory, clock }
    }

    /// What verifies its cosignatures.
    #[must_use]
    pub fn cosigner(&self) -> &Cosigner {
        &self.cosigner
    }

    /// What it remembers.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Answers the body of one `add-checkpoint`. Blocks on the disk.
    #[must_use]
    pub fn answer(&self, body: &[u8]) -> Answer {
        let cosignature = Request::parse(body)
            .and_then(|request| Submission::open(&request, &self.memory.logs))
            .map_err(Unsigned::from)
            .and_then(|submission| {
                self.memory.accept(&submission, |text| self.cosigner.sign(text, self.clock.now()))
            });
        match cosignature {
            Ok(line) => Answer { status: 200, media_type: PLAIN, body: line.to_string() },
            Err(Unsigned::Refused(Refusal::Conflict { size })) => {
                Answer { status: 409, media_type: SIZE_TYPE, body: format!("{size}\n") }
            }
            Err(Unsigned::Refused(refusal)) => {
                Answer { status: refusal.status(), media_type: PLAIN, body: format!("{refusal}\n") }
            }
            Err(forgetful @ Unsigned::Forgetful) => {
                Answer { status: 503, media_type: PLAIN, body: format!("{forgetful}\n") }
            }
        }
    }
}

const PLAIN: &str = "text/plain; charset=utf-8";
