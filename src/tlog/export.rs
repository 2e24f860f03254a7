//! A log's folder written out as plain C2SP tlog-tiles: what any client of that format reads, with nothing packed and no annexes.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::bundle;
use super::checkpoint::Checkpoint;
use super::checkpoint::CheckpointError;
use super::disk::Disk as _;
use super::disk::OsDisk;
use super::merkle::Tree;
use super::note::Note;
use super::publisher;
use super::reader;
use super::reader::ReadError;
use super::tile::Kind;
use super::tile::LEVEL_MAX;
use super::tile::LEVELS;
use super::tile::TilePath;
use super::tile::WIDTH_LEAVES;

/// Why a log cannot be written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The published checkpoint is none.
    #[error("the published checkpoint `{}` is refused", file.display())]
    Checkpoint {
        /// Where it stands.
        file: PathBuf,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// The entries are not those that were published.
    #[error("the entries do not lead to the published checkpoint: verify the log")]
    Unproven,
    /// The disk refused.
    #[error("cannot write `{}`", file.display())]
    Write {
        /// Which file or folder.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Writes the log in `log` as plain tlog-tiles into `into`: tiles and bundles of the published checkpoint, the partial ones too, and
/// that checkpoint last. The folder is made, or is there and empty: nothing is written over. `progress` is told entries done and
/// entries in all. Says how many there are. Nothing is synced: it can be written again.
///
/// # Errors
/// The log cannot be read, does not lead to its checkpoint, or the disk refuses.
pub fn export(log: &Path, into: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, ExportError> {
    let (note, Checkpoint { size, root, .. }) = published(log)?;
    begin(into)?;
    let mut layout = Layout { folder: into, tree: Tree::default(), leaves: Vec::new() };
    let mut entries = reader::scan(log);
    for done in 1..=size {
        let (_, entry, hash) = entries.next().ok_or(ExportError::Unproven)??;
        layout.leaves.push(entry.leaf);
        layout.tree.push(hash);
        if done.is_multiple_of(WIDTH_LEAVES) {
            layout.full(done)?;
            progress(done, size);
        }
    }
    layout.partial(size)?;
    if layout.tree.root(size) != Some(root) {
        return Err(ExportError::Unproven);
    }
    // Last: who finds it finds all that it covers.
    put(&into.join("checkpoint"), &note)?;
    progress(size, size);
    Ok(size)
}

/// The published checkpoint, as it stands there and as it reads. Whose signature it carries is for those to see who use it.
fn published(log: &Path) -> Result<(Vec<u8>, Checkpoint), ExportError> {
    let file = publisher::path(log);
    let note = OsDisk.read(&file).map_err(|source| ReadError::Disk { file: file.clone(), source })?;
    let parsed = Note::parse(&note).map_err(CheckpointError::from);
    let checkpoint = parsed.and_then(|parsed| Checkpoint::parse(parsed.unverified_text()));
    let checkpoint = checkpoint.map_err(|source| ExportError::Checkpoint { file, source })?;
    Ok((note, checkpoint))
}

fn begin(into: &Path) -> Result<(), ExportError> {
    OsDisk.make_folder(into).map_err(failed(into))?;
    if OsDisk.list(into).map_err(failed(into))?.is_empty() {
        return Ok(());
    }
    Err(failed(into)(io::ErrorKind::DirectoryNotEmpty.into()))
}

/// The tiles of a tree that grows.
struct Layout<'a> {
    folder: &'a Path,
    tree: Tree,
    /// Those of the bundle that is not written yet.
    leaves: Vec<Vec<u8>>,
}

impl Layout<'_> {
    /// Writes the bundle and the tiles that became full with the last of `done` leaves, and lets go of them.
    fn full(&mut self, done: u64) -> Result<(), ExportError> {
        self.bundle(TilePath::full(Kind::Entries, done / WIDTH_LEAVES - 1))?;
        for level in 0..=LEVEL_MAX {
            let hashes = done >> (LEVELS * u32::from(level));
            if hashes << (LEVELS * u32::from(level)) != done || !hashes.is_multiple_of(WIDTH_LEAVES) {
                break;
            }
            self.hashes(level, TilePath::full(Kind::Hashes(level), hashes / WIDTH_LEAVES - 1))?;
        }
        self.tree.prune(done);
        Ok(())
    }

    /// Writes what is not full at the end.
    fn partial(&mut self, size: u64) -> Result<(), ExportError> {
        for level in 0..=LEVEL_MAX {
            if let Some(path) = TilePath::partial_in(Kind::Hashes(level), size) {
                self.hashes(level, path)?;
            }
        }
        match TilePath::partial_in(Kind::Entries, size) {
            Some(path) => self.bundle(path),
            None => Ok(()),
        }
    }

    fn bundle(&mut self, path: TilePath) -> Result<(), ExportError> {
        let bytes = bundle::encode(self.leaves.iter().map(Vec::as_slice));
        self.leaves.clear();
        self.put(path, &bytes)
    }

    fn hashes(&self, level: u8, path: TilePath) -> Result<(), ExportError> {
        let first = path.number() * WIDTH_LEAVES;
        let positions = first..first + u64::from(path.width());
        let bits = LEVELS * u32::from(level);
        let row: Option<Vec<_>> = positions.map(|position| self.tree.node(bits, position)).collect();
        self.put(path, &row.ok_or(ExportError::Unproven)?.concat())
    }

    fn put(&self, path: TilePath, bytes: &[u8]) -> Result<(), ExportError> {
        let file = self.folder.join(path.to_string());
        let folder = file.parent().unwrap_or(self.folder);
        if !folder.is_dir() {
            OsDisk.make_folder(folder).map_err(failed(folder))?;
        }
        put(&file, bytes)
    }
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    OsDisk.create(file).and_then(|made| made.write_at(0, bytes)).map_err(failed(file))
}

fn failed(file: &Path) -> impl FnOnce(io::Error) -> ExportError {
    let file = file.to_owned();
    move |source| ExportError::Write { file, source }
}
