//! Two hundred and fifty-six sealed entries, read from their bundle, their tile and their shelves of annexes. Any thread does it.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::digest::Hash;
use crate::crypto::lanes::sha256_each;

use super::Fault;
use super::Finding;
use super::file;
use super::format::ANNEX_MAX;
use super::format::LEAF_MAX;
use super::format::chunk;
use super::in_bundles::InBundles;
use super::in_folder::InFolder;
use super::judge::Annexed;
use super::judge::Judge;
use super::judge::Shelf;
use super::listing::relative;
use super::pack;
use super::pack::Unpacked;
use super::roots::WIDTH;
use super::roots::leaf_hashes;
use super::roots::root_of;

/// Bytes of a full tile.
const TILE_BYTES: usize = 32 * WIDTH as usize;

/// What stands on the disk of 256 entries.
pub(super) struct Bundle<S> {
    pub(super) number: u64,
    pub(super) file: PathBuf,
    pub(super) tile_file: PathBuf,
    bytes: Vec<u8>,
    /// As many as can be read.
    pub(super) entries: Vec<Sealed<S>>,
    /// The leaf hashes that the tile keeps.
    pub(super) tile: Option<Vec<Hash>>,
    /// The root over the tile's hashes, or over those of the entries where there is no tile.
    pub(super) root: Option<Hash>,
    annexes: Vec<Vec<u8>>,
    /// What is wrong whatever was signed.
    pub(super) faults: Vec<Fault>,
    /// What is wrong with annexes if the entry at that position is as signed.
    pub(super) annex_faults: Vec<(usize, Fault)>,
    /// Files that are not there.
    pub(super) absent: Vec<PathBuf>,
    /// Bytes of the files.
    pub(super) read: u64,
}

/// A sealed entry.
pub(super) struct Sealed<S> {
    leaf: Range<usize>,
    /// The leaf hash of the bytes.
    pub(super) own: Hash,
    pub(super) said: S,
    annex: Option<(usize, Range<usize>)>,
}

/// Where bundles are read, and the names of the shelves that hold annexes of one.
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    pub(super) number: u64,
    pub(super) shelves: Vec<String>,
}

impl<S> Bundle<S> {
    pub(super) fn first(&self) -> u64 {
        self.number * WIDTH
    }

    pub(super) fn is_there(&self) -> bool {
        !self.absent.contains(&self.file)
    }

    pub(super) fn leaf(&self, entry: &Sealed<S>) -> &[u8] {
        self.bytes.get(entry.leaf.clone()).unwrap_or_default()
    }

    pub(super) fn annex(&self, entry: &Sealed<S>) -> &[u8] {
        let annex = entry.annex.as_ref();
        annex.and_then(|(shelf, range)| self.annexes.get(*shelf)?.get(range.clone())).unwrap_or_default()
    }

    fn fault(&mut self, position: usize, file: &Path, what: impl Into<Finding>) {
        let Finding { code, what } = what.into();
        let index = self.first() + position as u64;
        self.faults.push(Fault { index: Some(index), file: file.to_owned(), code, what });
    }

    fn annex_fault(&mut self, position: usize, file: &Path, what: impl Into<Finding>) {
        self.fault(position, file, what);
        self.annex_faults.extend(self.faults.pop().map(|fault| (position, fault)));
    }

    /// Reads a file; nothing if it is not there or cannot be read, which is noted.
    fn file(&mut self, file: &Path) -> Option<Vec<u8>> {
        match file::read(file, file::FILE_MAX) {
            Ok(bytes) => {
                self.read += bytes.len() as u64;
                Some(bytes)
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.fault(0, file, InFolder::Unreadable(file::why(&error)));
                }
                self.absent.push(file.to_owned());
                None
            }
        }
    }
}

/// Reads what stands on the disk of 256 entries.
pub(super) fn read<J: Judge>(reader: &mut J::Reader, place: &Place<'_>) -> Bundle<J::Said> {
    let Place { folder, number, .. } = place;
    let mut bundle = Bundle {
        number: *number,
        file: folder.join("tile/entries").join(relative(*number, ".gz")),
        tile_file: folder.join("tile/0").join(relative(*number, "")),
        bytes: Vec::new(),
        entries: Vec::with_capacity(WIDTH as usize),
        tile: None,
        root: None,
        annexes: Vec::new(),
        faults: Vec::new(),
        annex_faults: Vec::new(),
        absent: Vec::new(),
        read: 0,
    };
    bundle.take_tile();
    bundle.take_entries::<J>(reader);
    bundle.root = bundle.the_root();
    bundle.take_annexes::<J>(place);
    bundle
}

impl<S> Bundle<S> {
    fn take_tile(&mut self) {
        let file = self.tile_file.clone();
        let Some(bytes) = self.file(&file) else { return };
        self.tile = hashes(&bytes);
        if self.tile.is_none() {
            self.fault(0, &file, InBundles::TileLength { has: bytes.len() as u64 });
        }
    }

    fn take_entries<J: Judge<Said = S>>(&mut self, reader: &mut J::Reader) {
        let file = self.file.clone();
        let Some(packed) = self.file(&file) else { return };
        let Unpacked { bytes, wrong } = pack::unpacked(&packed);
        let (mut at, first) = (0, self.first());
        let mut leaves = Vec::with_capacity(WIDTH as usize);
        while leaves.len() < WIDTH as usize
            && let Some(leaf) = sized(&bytes, at, LEAF_MAX)
        {
            at = leaf.end;
            leaves.push(leaf);
        }
        let texts = texts(&bytes, leaves.iter());
        let entries = leaves.iter().zip(&texts).zip(leaf_hashes(&texts));
        self.entries.extend(entries.map(|((leaf, text), own)| Sealed {
            leaf: leaf.clone(),
            own,
            said: J::read(reader, text),
            annex: None,
        }));
        let read = self.entries.len();
        let from = first + read as u64;
        let cut = wrong.contains(&pack::Wrong::Stream);
        for wrong in wrong {
            match wrong {
                pack::Wrong::Header => self.fault(0, &file, InBundles::PackHeader),
                pack::Wrong::Stream => self.fault(
                    read.min(WIDTH as usize - 1),
                    &file,
                    InBundles::PackStream { from: from.min(first + WIDTH - 1) },
                ),
                // An entry that was changed says enough.
                pack::Wrong::Sum if self.disagrees() => {}
                pack::Wrong::Sum => self.fault(0, &file, InBundles::PackSum),
                pack::Wrong::Behind => self.fault(0, &file, InBundles::PackBehind),
            }
        }
        if read < WIDTH as usize && !cut {
            self.fault(read, &file, InBundles::Lengths { from, to: first + WIDTH - 1 });
        } else if read == WIDTH as usize && at < bytes.len() {
            self.fault(0, &file, InBundles::Behind);
        }
        self.bytes = bytes;
    }

    /// Whether an entry is not as the tile has it.
    fn disagrees(&self) -> bool {
        let kept = self.tile.iter().flatten();
        kept.zip(&self.entries).any(|(kept, entry)| *kept != entry.own)
    }

    fn the_root(&self) -> Option<Hash> {
        let own = || -> Option<Vec<Hash>> {
            (self.entries.len() == WIDTH as usize)
                .then(|| self.entries.iter().map(|entry| entry.own).collect())
        };
        self.tile.as_deref().map(root_of).or_else(|| own().as_deref().map(root_of))
    }

    fn take_annexes<J: Judge<Said = S>>(&mut self, place: &Place<'_>) {
        let mut shelves = place.shelves.clone();
        for entry in &self.entries {
            if let Annexed::Yes { shelf: Some(shelf), .. } = J::annex(&entry.said)
                && !shelves.iter().any(|known| known == shelf.as_str())
            {
                shelves.push(shelf.as_str().to_owned());
            }
        }
        for shelf in &shelves {
            self.take_shelf::<J>(place, shelf);
        }
        for position in 0..self.entries.len() {
            let entry = self.entries.get(position).filter(|entry| entry.annex.is_none());
            let Some(Annexed::Yes { shelf, .. }) = entry.map(|entry| J::annex(&entry.said)) else { continue };
            let name = shelf.as_ref().map_or("", Shelf::as_str);
            let file = place.folder.join("annex").join(name).join(relative(place.number, ""));
            let missing = if shelf.is_some() { InBundles::AnnexMissing } else { InBundles::AnnexNoShelf };
            self.annex_fault(position, &file, missing);
        }
    }

    /// Puts the annexes of one shelf to their entries.
    fn take_shelf<J: Judge<Said = S>>(&mut self, place: &Place<'_>, shelf: &str) {
        let file = place.folder.join("annex").join(shelf).join(relative(self.number, ""));
        let Some(bytes) = self.file(&file) else { return };
        let (mut at, mut position, mut filed) = (0, 0, Vec::with_capacity(WIDTH as usize));
        while position < WIDTH as usize
            && let Some(annex) = sized(&bytes, at, ANNEX_MAX)
        {
            at = annex.end;
            if !annex.is_empty() {
                filed.push((position, annex));
            }
            position += 1;
        }
        let hashes = sha256_each(None, &texts(&bytes, filed.iter().map(|(_, annex)| annex)));
        let any = !filed.is_empty();
        for ((position, annex), hash) in filed.into_iter().zip(hashes) {
            let Some(entry) = self.entries.get_mut(position) else { continue };
            let annexed = J::annex(&entry.said);
            if is_for(annexed, shelf) {
                entry.annex = Some((self.annexes.len(), annex));
            }
            if let Some(wrong) = wrong_annex(annexed, shelf, &hash) {
                self.annex_fault(position, &file, wrong);
            }
        }
        let first = self.first();
        if position < WIDTH as usize {
            let (from, to) = (first + position as u64, first + WIDTH - 1);
            self.fault(position, &file, InBundles::AnnexLengths { from, to });
        } else if at < bytes.len() {
            self.fault(0, &file, InBundles::AnnexBehind);
        } else if !any {
            self.fault(0, &file, InBundles::AnnexEmpty);
        }
        self.annexes.push(bytes);
    }
}

/// Whether an annex on this shelf is the one that a leaf names.
fn is_for(annexed: Annexed, on: &str) -> bool {
    match annexed {
        Annexed::Untold => true,
        Annexed::No | Annexed::Yes { shelf: None, .. } => false,
        Annexed::Yes { shelf: Some(shelf), .. } => shelf.as_str() == on,
    }
}

fn wrong_annex(annexed: Annexed, on: &str, filed: &Hash) -> Option<InBundles> {
    match annexed {
        Annexed::Untold => None,
        Annexed::Yes { hash, .. } if is_for(annexed, on) => {
            (*filed != hash).then_some(InBundles::AnnexChanged)
        }
        Annexed::Yes { .. } | Annexed::No => Some(InBundles::AnnexUnnamed),
    }
}

/// The bytes behind a length of two, if it is no more than `most`.
fn sized(bytes: &[u8], at: usize, most: usize) -> Option<Range<usize>> {
    let (from, length) = (at + 2, usize::from(u16::from_be_bytes(chunk(bytes, at)?)));
    (length <= most && bytes.len() - from >= length).then_some(from..from + length)
}

/// What stands at these ranges.
fn texts<'a, 'b>(bytes: &'a [u8], ranges: impl Iterator<Item = &'b Range<usize>>) -> Vec<&'a [u8]> {
    ranges.map(|range| bytes.get(range.clone()).unwrap_or_default()).collect()
}

/// The hashes of a full tile.
pub(super) fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    (bytes.len() == TILE_BYTES).then(|| bytes.as_chunks().0.to_vec())
}
