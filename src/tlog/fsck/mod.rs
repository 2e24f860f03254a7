//! The independent verifier: rebuilds a log from its bytes and names every fault by entry and file.
//!
//! It shares nothing with the writer but the hash: the frames, the tree and the checkpoints are read by code of its own, so
//! that a mistake of the writer is not repeated here. It goes on after a fault as far as it can. It writes nothing, and may
//! read a log that is in use.
//!
//! Two leaf hashes decide which of two disagreeing things was changed: the one kept beside an entry and that of its bytes.
//! Whichever leads to the root that the log signed for the batch is the one that was signed.

mod format;
mod roots;

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::digest::Hash;
use crate::tlog::note::VerifierKey;

use format::Batch;
use format::Head;
use format::Header;
use format::Stored;
use roots::Roots;

/// How many entries of one batch may disagree with their kept hashes and still be told apart one by one; each doubles the
/// work.
const DISAGREEING_MAX: usize = 8;

/// Entries of a batch, at most.
const BATCH_MAX: u64 = 1024;

/// Bytes of a batch, at most, with its header and checkpoint: a longer torn tail is more than one stop leaves.
const BATCH_BYTES_MAX: usize = (1 << 20) + (1 << 11);

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
    let promises = known.iter().map(|Known { size, root }| Promise { size: *size, root: *root, file: None });
    let mut examination = Examination {
        folder,
        key,
        each,
        expected: 0,
        previous: Some([0; 32]),
        roots: Some(Roots::default()),
        promises: promises.collect(),
        report: Report::default(),
    };
    // Before the segments: a log in use only grows, so what is published now is in what is read later.
    examination.checkpoint(&folder.join("checkpoint"));
    examination.promises.sort_by_key(|promise| std::cmp::Reverse(promise.size));
    examination.keep_promises();
    examination.segments(&folder.join("wal"), progress);
    examination.finish()
}

/// A head that the log must continue; `file` is the published checkpoint, or none for one known from elsewhere.
struct Promise {
    size: u64,
    root: Hash,
    file: Option<PathBuf>,
}

struct Examination<'a, 'e> {
    folder: &'a Path,
    key: Option<&'a VerifierKey>,
    each: &'a mut Each<'e>,
    /// The index that comes next.
    expected: u64,
    /// The hash of the header before; none after a batch whose header could not be read.
    previous: Option<Hash>,
    /// None once an entry is missing, or is not what was signed: no later root can be told then.
    roots: Option<Roots>,
    /// Largest first.
    promises: Vec<Promise>,
    report: Report,
}

impl Examination<'_, '_> {
    fn fault(&mut self, index: impl Into<Option<u64>>, file: &Path, what: impl Into<String>) {
        self.report.faults.push(Fault { index: index.into(), file: file.to_owned(), what: what.into() });
    }

    fn checkpoint(&mut self, file: &Path) {
        let note = match fs::read(file) {
            Ok(note) => note,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.report.notes.push("no checkpoint was published".to_owned());
            }
            Err(error) => return self.fault(None, file, format!("cannot be read: {error}")),
        };
        match format::head(&note, self.key) {
            Ok(Head { origin, size, root }) => {
                (self.report.origin, self.report.published) = (Some(origin), Some(size));
                self.promises.push(Promise { size, root, file: Some(file.to_owned()) });
            }
            Err(what) => self.fault(None, file, format!("the published checkpoint: {what}")),
        }
    }

    fn segments(&mut self, wal: &Path, progress: &mut Progress<'_>) {
        let segments = match listed(wal) {
            Ok(segments) => segments,
            Err(error) => return self.fault(None, wal, format!("cannot be read: {error}")),
        };
        if segments.is_empty() {
            self.fault(None, wal, "there are no segments");
        }
        let total = segments.iter().map(|segment| segment.length).sum();
        for (position, segment) in segments.iter().enumerate() {
            let next = segments.get(position + 1).map(|next| next.first);
            if self.segment(segment, next).is_none() {
                self.fault(self.expected, &segment.file, "cannot be read");
            }
            self.report.bytes += segment.length;
            progress(self.report.bytes, total);
        }
    }

    /// Examines one segment; nothing if the file cannot be read.
    fn segment(&mut self, segment: &Segment, next: Option<u64>) -> Option<()> {
        let (file, mut at, mut read_again_at) = (&segment.file, 0, None);
        let mut bytes = fs::read(file).ok()?;
        let mut used = used_bytes(&bytes);
        self.name(segment, &bytes);
        while at < used {
            let rest = bytes.get(at..)?;
            let header = Header::read(rest);
            let batch = header.map(|header| Batch::behind(header, rest));
            let reach = header.map_or_else(|| reach_of_headless(rest), |header| header.reach());
            if let Some(batch) = batch.filter(|batch| batch.sum_holds) {
                self.batch(file, &batch);
            } else if next.is_none() && read_again_at != Some(at) {
                // A writer may have written while we read. What was begun before the first reading is whole in a second.
                (read_again_at, bytes) = (Some(at), fs::read(file).ok()?);
                used = used_bytes(&bytes);
                continue;
            } else if next.is_none()
                && at + reach >= used
                && used - at <= BATCH_BYTES_MAX
                && !self.is_promised()
            {
                self.report.notes.push(format!(
                    "a torn last batch of {} bytes, as a stop leaves it; nobody was given an answer for it",
                    used - at
                ));
                return Some(());
            } else {
                let follows = rest.get(reach..).and_then(Header::read).map(|header| header.first);
                self.broken(file, header, rest.get(..reach).unwrap_or(rest), follows.or(next));
            }
            at += reach;
        }
        Some(())
    }

    /// Whether a segment begins where its name says, and with the entry that comes next.
    fn name(&mut self, segment: &Segment, bytes: &[u8]) {
        let begins = Header::read(bytes).map(|header| header.first);
        if begins == Some(segment.first) || segment.first == self.expected {
            return;
        }
        if begins.is_none() && segment.first > self.expected {
            return self.missing(segment.first, &segment.file);
        }
        self.fault(self.expected, &segment.file, "the segment does not begin with the entry its name says");
    }

    fn is_promised(&self) -> bool {
        self.promises.first().is_some_and(|promise| promise.size > self.expected)
    }

    fn missing(&mut self, next: u64, file: &Path) {
        self.fault(self.expected, file, format!("entries {} to {} are missing", self.expected, next - 1));
        (self.expected, self.roots, self.previous) = (next, None, None);
    }

    /// A batch whose checksum, and perhaps whose header, does not hold.
    fn broken(&mut self, file: &Path, header: Option<Header>, bytes: &[u8], follows: Option<u64>) {
        let batch = header.map(|header| Batch::behind(header, bytes)).or_else(|| {
            let end = follows.or_else(|| self.promises.first().map(|promise| promise.size))?;
            let count = end.checked_sub(self.expected).filter(|count| *count <= BATCH_MAX)?;
            Batch::headless(count, bytes)
        });
        let before = self.report.faults.len();
        match &batch {
            Some(batch) => self.batch(file, batch),
            None => {
                self.previous = None;
                return self.fault(self.expected, file, "what stands where its batch belongs cannot be read");
            }
        }
        let first =
            header.map_or(self.expected - batch.map_or(0, |batch| batch.count), |header| header.first);
        if header.is_none() {
            self.fault(first, file, "the header of its batch was changed");
        } else if self.report.faults.len() == before {
            self.fault(first, file, "an annex of its batch, or the checksum, was changed");
        }
    }

    fn batch(&mut self, file: &Path, batch: &Batch<'_>) {
        self.report.frames += 1;
        let first = batch.header.map_or(self.expected, |header| header.first);
        if first > self.expected {
            self.missing(first, file);
        } else if first < self.expected {
            let what = format!("its batch stands out of order, where entry {} belongs", self.expected);
            return self.fault(first, file, what);
        }
        if let (Some(before), Some(header)) = (self.previous, batch.header)
            && before != header.previous
        {
            self.fault(first, file, "its batch does not name the header of the batch before it");
        }
        let end = first.saturating_add(batch.count);
        let signed = self.signed(file, first, end, batch.note);
        let whole = batch.entries.len() as u64 == batch.count;
        if !whole {
            let at = first + batch.entries.len() as u64;
            self.fault(at, file, format!("entries {at} to {} cannot be read: lengths were changed", end - 1));
        } else if !batch.filled || batch.count == 0 {
            self.fault(first, file, "its batch holds bytes that belong to no entry");
        }
        let leaves = self.settle(file, first, &batch.entries, signed.filter(|_| whole));
        self.take(file, first, batch, &leaves);
        if !whole {
            self.roots = None;
        }
        (self.expected, self.previous) = (end, batch.header.map(|header| header.hash));
    }

    /// The root that the log signed for a batch, if its checkpoint is whole.
    fn signed(&mut self, file: &Path, first: u64, end: u64, note: &[u8]) -> Option<Hash> {
        let head = match format::head(note, self.key) {
            Ok(head) => head,
            Err(what) => {
                self.fault(first, file, format!("the checkpoint of its batch: {what}"));
                return None;
            }
        };
        if self.report.origin.get_or_insert_with(|| head.origin.clone()) != &head.origin {
            self.fault(first, file, "the checkpoint of its batch is of another log");
            return None;
        }
        if head.size != end {
            self.fault(
                first,
                file,
                format!("the checkpoint of its batch is of {} entries, not {end}", head.size),
            );
            return None;
        }
        Some(head.root)
    }

    /// Decides, for each entry, which leaf hash was signed, and names those that are not as signed.
    fn settle(&mut self, file: &Path, first: u64, entries: &[Stored<'_>], signed: Option<Hash>) -> Vec<Hash> {
        let disagreeing: Vec<usize> = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.kept != entry.own)
            .map(|(at, _)| at)
            .collect();
        let known = signed.zip(self.roots.as_ref());
        let found = known.map(|(signed, roots)| {
            choices(disagreeing.len())
                .find(|choice| roots.root_with(leaves(entries, &disagreeing, *choice).into_iter()) == signed)
        });
        for (bit, at) in disagreeing.iter().enumerate() {
            let what = match found {
                Some(Some(choice)) if is_set(choice, bit) => {
                    "the leaf hash kept beside it was changed; the entry itself is as signed"
                }
                Some(Some(_)) => "its bytes are not those that were signed",
                Some(None) | None => "its bytes do not fit the leaf hash kept beside it",
            };
            self.fault(first + *at as u64, file, what);
        }
        if found == Some(None) {
            let last = first + (entries.len() as u64).saturating_sub(1);
            let what = format!(
                "entries {first} to {last} are not those that the checkpoint of their batch signed: changed, exchanged or \
                 replaced together with their leaf hashes"
            );
            self.fault(first, file, what);
            self.roots = None;
        }
        leaves(entries, &disagreeing, found.flatten().unwrap_or(0))
    }

    /// Takes the leaves of a batch into the tree, and asks about each entry.
    fn take(&mut self, file: &Path, first: u64, batch: &Batch<'_>, leaves: &[Hash]) {
        for ((index, entry), leaf) in (first..).zip(&batch.entries).zip(leaves) {
            for what in (self.each)(index, entry.leaf, entry.annex, leaf) {
                self.fault(index, file, what);
            }
            if let Some(roots) = &mut self.roots {
                roots.push(*leaf);
                self.keep_promises();
            }
        }
    }

    /// Compares the tree with what was promised of its present size.
    fn keep_promises(&mut self) {
        let Some(roots) = &self.roots else { return };
        let (size, mut root) = (roots.size(), None);
        let mut broken = Vec::new();
        while let Some(due) = self.promises.pop_if(|promise| promise.size == size) {
            if due.root != *root.get_or_insert_with(|| roots.root()) {
                broken.push(due.file);
            }
        }
        for file in broken {
            let what = format!("has another root over the first {size} entries: they were rewritten");
            self.unkept(size.checked_sub(1), file, &what);
        }
    }

    fn unkept(&mut self, index: Option<u64>, file: Option<PathBuf>, what: &str) {
        let whose =
            if file.is_some() { "the published tree head" } else { "a tree head known from elsewhere" };
        let file = file.unwrap_or_else(|| self.folder.to_owned());
        self.fault(index, &file, format!("{whose} {what}"));
    }

    fn finish(mut self) -> Report {
        let end = self.expected;
        while let Some(Promise { size, file, .. }) = self.promises.pop() {
            if size > end {
                let what =
                    format!("has {size} entries, the log {end}: entries {end} to {} are missing", size - 1);
                self.unkept(Some(end), file, &what);
            } else {
                self.report.notes.push(format!(
                    "the tree head of {size} entries cannot be compared, since an entry before is not as signed"
                ));
            }
        }
        self.report.faults.sort_by_key(|fault| (fault.index.is_none(), fault.index));
        self.report.entries = end;
        self.report.root = self.roots.map(|roots| roots.root());
        self.report
    }
}

/// How far a batch without a header reaches: to the next header, or to the end of what is not zero.
fn reach_of_headless(bytes: &[u8]) -> usize {
    format::next_header(bytes, 1).unwrap_or_else(|| used_bytes(bytes))
}

/// The length without the zeros at the end.
fn used_bytes(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Which of `disagreeing` entries are taken by their bytes: each set of them, or only none and all when there are many.
fn choices(disagreeing: usize) -> impl Iterator<Item = usize> {
    let many = disagreeing > DISAGREEING_MAX;
    let sets = if many { 2 } else { 1 << disagreeing };
    (0..sets).map(move |set| if many && set == 1 { usize::MAX } else { set })
}

fn is_set(choice: usize, bit: usize) -> bool {
    choice == usize::MAX || choice & (1 << bit) != 0
}

fn leaves(entries: &[Stored<'_>], disagreeing: &[usize], choice: usize) -> Vec<Hash> {
    let by_bytes =
        |at: usize| disagreeing.iter().position(|other| *other == at).is_some_and(|bit| is_set(choice, bit));
    entries.iter().enumerate().map(|(at, entry)| if by_bytes(at) { entry.own } else { entry.kept }).collect()
}

struct Segment {
    first: u64,
    file: PathBuf,
    length: u64,
}

/// The segments of a folder, in order. A name that is not twenty digits counts as the first index 0, so that it is noticed.
fn listed(wal: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(wal)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".seg") else { continue };
        let first = if stem.len() == 20 { stem.parse().unwrap_or(0) } else { 0 };
        segments.push(Segment { first, file: entry.path(), length: entry.metadata()?.len() });
    }
    segments.sort_by(|a, b| (a.first, &a.file).cmp(&(b.first, &b.file)));
    Ok(segments)
}
