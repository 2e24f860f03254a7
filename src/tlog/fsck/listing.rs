//! What stands in a log's folder beside the segments: bundles, tiles, annexes, by number; and what does not belong there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Levels that tiles can have: 256 to the eighth is all that a 64-bit number counts.
const LEVELS: usize = 8;

/// Folders below each other in a tile's path, at most: a 64-bit number has seven groups of three digits.
const DEPTH: usize = 6;

/// Strays that are named; more are not.
const STRAYS_MAX: usize = 100;

/// What stands in the folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) bundles: BTreeSet<u64>,
    /// By level.
    pub(super) tiles: Vec<BTreeSet<u64>>,
    /// Names of the shelves on which each bundle's annexes stand, by their place in `shelves`.
    pub(super) annexes: BTreeMap<u64, Vec<u16>>,
    pub(super) shelves: Vec<String>,
    /// Bytes of all these.
    pub(super) bytes: u64,
    /// What does not belong there.
    pub(super) strays: Vec<PathBuf>,
}

impl Listing {
    /// Lists a log's folder. What cannot be read is missed later.
    pub(super) fn of(folder: &Path) -> Self {
        let mut listing = Self::default();
        listing.bundles = listing.numbers(&folder.join("tile/entries"), ".gz");
        let levels = (0..LEVELS).map(|level| folder.join(format!("tile/{level}")));
        listing.tiles = levels.map(|level| listing.numbers(&level, "")).collect();
        for (path, name, is_folder) in entries(&folder.join("annex")) {
            let place = u16::try_from(listing.shelves.len()).unwrap_or(u16::MAX);
            if !is_folder || place == u16::MAX {
                listing.stray(path);
                continue;
            }
            for number in listing.numbers(&path, "") {
                listing.annexes.entry(number).or_default().push(place);
            }
            listing.shelves.push(name);
        }
        listing.strangers(folder);
        listing
    }

    /// Whether anything of these 256 entries stands there.
    pub(super) fn has(&self, number: u64) -> bool {
        self.bundles.contains(&number) || self.has_leaves(number) || self.annexes.contains_key(&number)
    }

    fn has_leaves(&self, number: u64) -> bool {
        self.tiles.first().is_some_and(|leaves| leaves.contains(&number))
    }

    /// Whether entries, or their hashes, stand there.
    pub(super) fn has_entries(&self, number: u64) -> bool {
        self.bundles.contains(&number) || self.has_leaves(number)
    }

    /// The names of the shelves on which a bundle's annexes stand.
    pub(super) fn shelves_of(&self, number: u64) -> impl Iterator<Item = &str> {
        let places = self.annexes.get(&number).into_iter().flatten();
        places.filter_map(|place| self.shelves.get(usize::from(*place))).map(String::as_str)
    }

    /// A file in which something stands of these 256 entries.
    pub(super) fn file_of(&self, folder: &Path, number: u64) -> PathBuf {
        if self.bundles.contains(&number) {
            return folder.join("tile/entries").join(relative(number, ".gz"));
        }
        match self.shelves_of(number).next().filter(|_| !self.has_leaves(number)) {
            Some(shelf) => folder.join("annex").join(shelf).join(relative(number, "")),
            None => folder.join("tile/0").join(relative(number, "")),
        }
    }

    /// The numbers from this one on of which anything stands there.
    pub(super) fn from(&self, number: u64) -> BTreeSet<u64> {
        let leaves = self.tiles.first().into_iter().flat_map(|leaves| leaves.range(number..));
        let annexes = self.annexes.range(number..).map(|(number, _)| number);
        self.bundles.range(number..).chain(leaves).chain(annexes).copied().collect()
    }

    /// The numbers that the files below a folder are named after, in the way of tiles.
    fn numbers(&mut self, top: &Path, ending: &str) -> BTreeSet<u64> {
        let (mut numbers, mut folders) = (BTreeSet::new(), vec![(top.to_owned(), 0_u64, 0)]);
        while let Some((folder, above, depth)) = folders.pop() {
            for (path, name, is_folder) in entries(&folder) {
                let group = if is_folder { name.strip_prefix('x') } else { name.strip_suffix(ending) };
                let group = group.filter(|group| group.len() == 3).and_then(digits);
                let number = group
                    .and_then(|group| above.checked_mul(1000).and_then(|above| above.checked_add(group)));
                match number {
                    Some(number) if is_folder && depth < DEPTH => folders.push((path, number, depth + 1)),
                    Some(number) if !is_folder && path == top.join(relative(number, ending)) => {
                        self.bytes += fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
                        numbers.insert(number);
                    }
                    _ => self.stray(path),
                }
            }
        }
        numbers
    }

    /// Names what does not belong in the folder itself, nor among segments, snapshots and tiles.
    fn strangers(&mut self, folder: &Path) {
        const OURS: [&str; 8] =
            ["wal", "tile", "annex", "objects", "heads", "witnessed", "checkpoint", "lock"];
        let odd = |(path, name, _): (PathBuf, String, bool)| (!OURS.contains(&name.as_str())).then_some(path);
        let in_tiles = |(path, name, is_folder): (PathBuf, String, bool)| {
            let level =
                name.parse().ok().filter(|level: &usize| *level < LEVELS && *level.to_string() == name);
            (!is_folder || (level.is_none() && name != "entries")).then_some(path)
        };
        let in_wal = |(path, name, _): (PathBuf, String, bool)| {
            (!name.ends_with(".seg") && name != "spare").then_some(path)
        };
        let strays = entries(folder).into_iter().filter_map(odd);
        let strays = strays.chain(entries(&folder.join("tile")).into_iter().filter_map(in_tiles));
        for stray in strays.chain(entries(&folder.join("wal")).into_iter().filter_map(in_wal)) {
            self.stray(stray);
        }
    }

    pub(super) fn stray(&mut self, path: PathBuf) {
        if self.strays.len() < STRAYS_MAX {
            self.strays.push(path);
        }
    }
}

/// The path of a tile's number: groups of three digits, all but the last with an `x` before.
pub(super) fn relative(number: u64, ending: &str) -> String {
    let mut path = format!("{:03}{ending}", number % 1000);
    let mut above = number / 1000;
    while above > 0 {
        path = format!("x{:03}/{path}", above % 1000);
        above /= 1000;
    }
    path
}

/// What stands in a folder, in the order of names: path, name, and whether it is a folder. Nothing if it cannot be read.
pub(super) fn entries(folder: &Path) -> Vec<(PathBuf, String, bool)> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            (entry.path(), entry.file_name().to_string_lossy().into_owned(), is_folder)
        })
        .collect();
    entries.sort();
    entries
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
