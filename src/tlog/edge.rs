//! Where replaying begins: the tree of the entries whose segments are gone, from full tiles; the sequencer's state, from the newest
//! snapshot.
//!
//! What is read here is proven later: the first frame has a checkpoint over all of it.

use std::cell::RefCell;
use std::path::Path;

use crate::crypto::digest::Hash;

use super::OpenError;
use super::Sequencer;
use super::disk::Disk;
use super::heads;
use super::heads::Snapshot;
use super::merkle::Nodes;
use super::merkle::Tree;
use super::reader::ReadError;
use super::recover::disk_error;
use super::sealed::Sealed;
use super::sealed::first_leaf;
use super::tile;
use super::tile::LEVELS;
use super::tile::WIDTH_LEAVES;
use super::tiles::Expanded;
use super::tiles::Tiles;

/// What is known before the first frame is read.
pub(super) struct Edge {
    /// Over the entries before the first segment.
    pub(super) tree: Tree,
    /// How many entries the sequencer knows.
    pub(super) observed: u64,
    /// What must turn out to be so.
    pub(super) snapshot: Option<Snapshot>,
}

impl Edge {
    /// Takes the edge before the segment that begins with `first`; nothing is known before entry 0.
    pub(super) fn load<S: Sequencer>(
        disk: &dyn Disk,
        tiles: &Tiles,
        first: Option<u64>,
        sequencer: &mut S,
    ) -> Result<Self, OpenError> {
        let folder = tiles.sealed.folder();
        let snapshot = heads::newest(disk, folder).map_err(disk_error(&heads::folder(folder)))?;
        let Some(first) = first.filter(|first| *first > 0) else {
            return Ok(Self { tree: Tree::default(), observed: 0, snapshot });
        };
        let mut source = Source { sealed: &tiles.sealed, last: None };
        let tree = Tree::resume(first, |level, position| source.node(level, position))?;
        let mut edge = Self { tree, observed: 0, snapshot };
        edge.restore(folder, sequencer)?;
        if edge.observed < first {
            tracing::warn!(
                entries = first - edge.observed,
                "no snapshot covers the segments of the log that were removed; the state is read from the bundles"
            );
        }
        edge.observe_before(first, tiles, sequencer)?;
        Ok(edge)
    }

    fn restore<S: Sequencer>(&mut self, folder: &Path, sequencer: &mut S) -> Result<(), OpenError> {
        let Some(Snapshot { size, state, .. }) = &self.snapshot else { return Ok(()) };
        self.observed = *size;
        let damaged = |what| OpenError::Damaged { index: *size, file: heads::file(folder, *size), what };
        sequencer.restore(state).map_err(damaged)
    }

    /// Tells the sequencer from bundles what no newer snapshot would spare it.
    fn observe_before<S: Sequencer>(
        &mut self,
        first: u64,
        tiles: &Tiles,
        sequencer: &mut S,
    ) -> Result<(), OpenError> {
        while self.observed < first {
            let number = self.observed / WIDTH_LEAVES;
            let hashes = if (number + 1) * WIDTH_LEAVES <= first {
                tiles.leaves(number, &|level, position| self.tree.node(level, position))
            } else {
                // The frames will tell whether the rest of this tile is right.
                tiles.sealed.hashes(0, number)
            };
            let hashes = hashes.map_err(lost(self.observed))?;
            let entries = tiles.sealed.entries(number, &hashes).map_err(lost(self.observed))?;
            let (begin, file) = (number * WIDTH_LEAVES, tile::entries_file(tiles.sealed.folder(), number));
            for ((index, entry), hash) in (begin..first).zip(&entries).zip(&hashes) {
                if index < self.observed {
                    continue;
                }
                let observed = sequencer.observe(index, entry, hash);
                observed.map_err(|what| OpenError::Damaged { index, file: file.clone(), what })?;
                self.observed += 1;
            }
        }
        Ok(())
    }
}

/// How many entries are surely sealed if the first segment begins with this one: whole bundles reach at least so far.
pub(super) fn sealed_before(first: u64) -> u64 {
    first.next_multiple_of(WIDTH_LEAVES)
}

/// Full tiles, for the nodes on the right edge.
struct Source<'a> {
    sealed: &'a Sealed,
    /// The tile that was read last; none of its hashes if there is no such tile.
    last: Option<(u8, u64, Vec<Hash>)>,
}

impl Source<'_> {
    /// A hash of a tile that is full on the disk, or of the full tiles below one that is not.
    fn node(&mut self, level: u32, position: u64) -> Result<Hash, OpenError> {
        let level = u8::try_from(level / LEVELS).unwrap_or(u8::MAX);
        let number = position / WIDTH_LEAVES;
        if self.last.as_ref().is_none_or(|(own, of, _)| (*own, *of) != (level, number)) {
            let hashes = match self.sealed.hashes(level, number) {
                Err(error) if error.is_missing() && level > 0 => Vec::new(),
                hashes => hashes.map_err(lost(first_leaf(level, number)))?,
            };
            self.last = Some((level, number, hashes));
        }
        let hashes = self.last.as_ref().map_or(&[][..], |(_, _, hashes)| hashes);
        let hash = usize::try_from(position % WIDTH_LEAVES).ok().and_then(|at| hashes.get(at));
        match (hash, level.checked_sub(1)) {
            (Some(hash), _) => Ok(*hash),
            (None, Some(below)) => {
                let hashes = self.sealed.hashes(below, position);
                Ok(Expanded::of(hashes.map_err(lost(first_leaf(below, position)))?).top())
            }
            (None, None) => {
                let size = first_leaf(level, number);
                Err(lost(size)(ReadError::Beyond { index: position, size }))
            }
        }
    }
}

/// The nodes of a tree, of which a part stands in tiles.
pub(super) struct Everywhere<'a> {
    pub(super) tree: &'a Tree,
    pub(super) tiles: &'a Tiles,
    /// Why a node could not be had.
    pub(super) fault: RefCell<Option<OpenError>>,
}

impl Nodes for Everywhere<'_> {
    fn size(&self) -> u64 {
        self.tree.size()
    }

    fn node(&self, level: u32, position: u64) -> Option<Hash> {
        let node = self.tiles.node(level, position, &|level, position| self.tree.node(level, position));
        let lost = lost(position << level);
        node.map_err(|error| *self.fault.borrow_mut() = Some(lost(error))).ok()
    }
}

/// What it means to a start that something which is sealed cannot be read: entries from this one on are lost, or the disk refuses.
pub(super) fn lost(index: u64) -> impl FnOnce(ReadError) -> OpenError {
    move |error| match error {
        ReadError::Disk { file, source } if source.kind() == std::io::ErrorKind::NotFound => {
            OpenError::Damaged { index, file, what: "it is missing, and its segments are gone".to_owned() }
        }
        ReadError::Disk { file, source } => OpenError::Disk { file, source },
        ReadError::Damaged { index, file, what } => OpenError::Damaged { index, file, what },
        ReadError::Beyond { index, size } => {
            let what = format!("entries {size} to {index} are missing");
            OpenError::Damaged { index: size, file: "tile".into(), what }
        }
    }
}
