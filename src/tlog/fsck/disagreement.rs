//! Which of two disagreeing things was signed: a leaf hash kept beside an entry, or that of its bytes; the hashes of a tile, or
//! that above them. Whichever leads to a root that the log signed.

use std::path::PathBuf;

use crate::crypto::digest::Hash;

use super::bundle::hashes;
use super::examination::Examination;
use super::file;
use super::in_bundles::InBundles;
use super::judge::Judge;
use super::listing::relative;
use super::roots::Edge;
use super::roots::WIDTH;
use super::roots::root_of;

/// How many entries of one batch or bundle may disagree with their kept hashes and still be told apart one by one; each doubles
/// the work.
const DISAGREEING_MAX: usize = 8;

/// Bundles that may wait for a signed root to tell; each is kept with its leaves until then.
const UNSETTLED_MAX: usize = 64;

/// Trees that are tried to find the one that was signed.
const TRIES_MAX: usize = 4096;

/// A bundle whose entries and tile disagree.
pub(super) struct Unsettled {
    pub(super) number: u64,
    pub(super) file: PathBuf,
    pub(super) tile_file: PathBuf,
    /// The leaf hashes that the tile keeps.
    pub(super) kept: Vec<Hash>,
    /// Positions and leaf hashes of the entries that disagree.
    pub(super) own: Vec<(usize, Hash)>,
}

/// One way to settle a bundle: the root over its leaves, and which of them are taken by their bytes.
struct Way {
    number: u64,
    /// None: as the tile above says, and all of its entries were replaced.
    choice: Option<usize>,
    group: Hash,
    leaves: Vec<Hash>,
}

impl<J: Judge> Examination<'_, '_, J> {
    /// Lets a bundle wait until a signed root tells which of its disagreeing hashes is right, unless the tile above tells now.
    /// Answers by their positions which leaf hash was signed, as far as that is known.
    pub(super) fn unsettle(&mut self, unsettled: Unsettled) -> Option<Vec<(usize, bool)>> {
        let ways = unsettled.ways();
        let above = self.above(unsettled.number);
        let found = above.and_then(|above| ways.iter().find(|way| way.group == above)?.choice);
        if let Some(choice) = found {
            self.settled(&unsettled, Some(choice));
            let by_bytes = |(bit, (at, _)): (usize, &(usize, Hash))| (*at, is_set(choice, bit));
            return Some(unsettled.own.iter().enumerate().map(by_bytes).collect());
        }
        if self.unsettled.len() < UNSETTLED_MAX {
            self.unsettled.push(unsettled);
        } else {
            self.undecided(&unsettled);
        }
        None
    }

    /// What the second level of tiles says of 256 entries.
    pub(super) fn above(&self, number: u64) -> Option<Hash> {
        let file = self.folder.join("tile/1").join(relative(number / WIDTH, ""));
        let slot = usize::try_from(number % WIDTH).ok()?;
        hashes(&file::read(&file, file::FILE_MAX).ok()?)?.get(slot).copied()
    }

    /// Looks for the tree that was signed: this one if it fits, or one in which what disagrees is decided otherwise. What was
    /// found is settled then.
    pub(super) fn agree<R>(&mut self, fits: impl Fn(&Edge) -> Option<R>) -> Option<R> {
        let roots = self.roots.as_ref()?;
        if let Some(fitting) = fits(roots.edge()) {
            self.as_kept();
            return Some(fitting);
        }
        let ways: Vec<Vec<Way>> = self.unsettled.iter().map(Unsettled::ways).collect();
        let above = self.replaced_below();
        let tries = Tries::new(&ways);
        for with_above in [false, true] {
            if with_above && above.is_empty() {
                break;
            }
            let above = if with_above { above.as_slice() } else { &[] };
            for picked in tries.clone() {
                let chosen: Vec<&Way> =
                    picked.iter().zip(&ways).filter_map(|(pick, ways)| ways.get(*pick)).collect();
                let chosen: Vec<&Way> = chosen.into_iter().chain(above).collect();
                let edge = self.edge_by(&chosen)?;
                if let Some(fitting) = fits(&edge) {
                    self.settle(&chosen, edge);
                    return Some(fitting);
                }
            }
        }
        None
    }

    /// The tree's edge if these ways are taken.
    fn edge_by(&self, ways: &[&Way]) -> Option<Edge> {
        let roots = self.roots.as_ref()?;
        let of = |number| ways.iter().find(|way| way.number == number);
        let open = usize::try_from(roots.size() % WIDTH).ok()?;
        let leaves =
            of(roots.size() / WIDTH).map(|way| way.leaves.as_slice()).filter(|leaves| !leaves.is_empty());
        let row = leaves.unwrap_or(&self.row).get(..open).or_else(|| (open == 0).then_some(&[]))?;
        Some(roots.edge_with(|number| of(number).map(|way| &way.group), row))
    }

    /// Every tile hash is right: the bytes that disagree were changed.
    pub(super) fn as_kept(&mut self) {
        for unsettled in std::mem::take(&mut self.unsettled) {
            self.settled(&unsettled, Some(0));
        }
    }

    fn settle(&mut self, ways: &[&Way], edge: Edge) {
        if let Some(roots) = &mut self.roots {
            roots.change(ways.iter().map(|way| (way.number, way.group)), edge);
        }
        let unsettled = std::mem::take(&mut self.unsettled);
        for way in ways {
            match unsettled.iter().find(|unsettled| unsettled.number == way.number) {
                Some(unsettled) => self.settled(unsettled, way.choice),
                None => self.replaced(way.number),
            }
        }
    }

    fn settled(&mut self, unsettled: &Unsettled, choice: Option<usize>) {
        let Some(choice) = choice else { return self.replaced(unsettled.number) };
        for (bit, (at, _)) in unsettled.own.iter().enumerate() {
            let index = unsettled.number * WIDTH + *at as u64;
            if is_set(choice, bit) {
                self.fault(index, &unsettled.tile_file, InBundles::Hash);
            } else {
                self.fault(index, &unsettled.file, InBundles::Bytes);
            }
        }
    }

    fn replaced(&mut self, number: u64) {
        let (file, from) = (self.folder.join("tile/entries").join(relative(number, ".gz")), number * WIDTH);
        self.fault(from, &file, InBundles::Replaced { from, to: from + WIDTH - 1 });
    }

    fn undecided(&mut self, unsettled: &Unsettled) {
        for (at, _) in &unsettled.own {
            let index = unsettled.number * WIDTH + *at as u64;
            self.fault(index, &unsettled.file, InBundles::Undecided);
        }
    }

    /// Nobody signed what would tell.
    pub(super) fn leave_unsettled(&mut self) {
        for unsettled in std::mem::take(&mut self.unsettled) {
            self.undecided(&unsettled);
        }
    }

    /// Bundles that agree with their own tiles, and not with the tile above.
    fn replaced_below(&self) -> Vec<Way> {
        let Some(roots) = &self.roots else { return Vec::new() };
        let mut ways = Vec::new();
        for number in self.listing.tiles.get(1).into_iter().flatten() {
            let file = self.folder.join("tile/1").join(relative(*number, ""));
            let Some(slots) = file::read(&file, file::FILE_MAX).ok().and_then(|bytes| hashes(&bytes)) else {
                continue;
            };
            for (number, slot) in (number * WIDTH..).zip(slots) {
                let group = usize::try_from(number).ok().and_then(|at| roots.groups.get(at));
                let waits = self.unsettled.iter().any(|unsettled| unsettled.number == number);
                if group.is_some_and(|group| *group != slot) && !waits {
                    ways.push(Way { number, choice: None, group: slot, leaves: Vec::new() });
                }
            }
        }
        ways
    }
}

impl Unsettled {
    fn ways(&self) -> Vec<Way> {
        let way = |choice| {
            let mut leaves = self.kept.clone();
            for (bit, (at, own)) in self.own.iter().enumerate() {
                if let Some(leaf) = leaves.get_mut(*at).filter(|_| is_set(choice, bit)) {
                    *leaf = *own;
                }
            }
            Way { number: self.number, choice: Some(choice), group: root_of(&leaves), leaves }
        };
        choices(self.own.len()).map(way).collect()
    }
}

/// Every combination of one way of each, up to [`TRIES_MAX`].
#[derive(Clone)]
struct Tries {
    lengths: Vec<usize>,
    next: usize,
    end: usize,
}

impl Tries {
    fn new(ways: &[Vec<Way>]) -> Self {
        let lengths: Vec<usize> = ways.iter().map(Vec::len).collect();
        let all = lengths.iter().try_fold(1_usize, |all, length| all.checked_mul(*length));
        Self { lengths, next: 0, end: all.unwrap_or(TRIES_MAX).min(TRIES_MAX) }
    }
}

impl Iterator for Tries {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let mut rest = (self.next < self.end).then_some(self.next)?;
        self.next += 1;
        let picked = self.lengths.iter().map(|length| {
            let pick = rest.checked_rem(*length).unwrap_or(0);
            rest = rest.checked_div(*length).unwrap_or(0);
            pick
        });
        Some(picked.collect())
    }
}

/// Which of `disagreeing` entries are taken by their bytes: each set of them, or only none and all when there are many.
pub(super) fn choices(disagreeing: usize) -> impl Iterator<Item = usize> {
    let many = disagreeing > DISAGREEING_MAX;
    let sets = if many { 2 } else { 1 << disagreeing };
    (0..sets).map(move |set| if many && set == 1 { usize::MAX } else { set })
}

pub(super) fn is_set(choice: usize, bit: usize) -> bool {
    choice == usize::MAX
        || choice & (1_usize.checked_shl(u32::try_from(bit).unwrap_or(u32::MAX)).unwrap_or(0)) != 0
}
