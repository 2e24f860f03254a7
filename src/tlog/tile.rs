//! The layout of C2SP tlog-tiles: which hashes and entries stand in which tile, and what it is called.
//!
//! `tile/<level>/<number>[.p/<width>]` are hashes, `tile/entries/<number>[.p/<width>]` are entries. The number is written in groups of
//! three digits, all but the last with an `x` before them: 1234067 is `x001/x234/067`.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

/// Hashes or entries in a full tile.
pub const WIDTH: u16 = 256;

/// The same, to count leaves with.
pub const WIDTH_LEAVES: u64 = WIDTH as u64;

/// How many levels of the tree a tile spans: 2^8 is [`WIDTH`].
pub(super) const LEVELS: u32 = 8;

/// The highest level of a tile that C2SP tlog-tiles names: above it a tree would have more than 2^48 leaves.
pub const LEVEL_MAX: u8 = 5;

/// Bytes of a hash.
pub(super) const HASH_BYTES: usize = 32;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Hashes, each over 256^level leaves.
    Hashes(u8),
    /// Entries, each behind its length.
    Entries,
}

/// The name of a tile: what it holds, where it begins, and how many it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    kind: Kind,
    number: u64,
    // Invariant: from 1 to WIDTH.
    width: u16,
}

/// A text that names no tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no path of a tile")]
pub struct NoTile;

impl TilePath {
    /// A full tile.
    #[must_use]
    pub fn full(kind: Kind, number: u64) -> Self {
        Self { kind, number, width: WIDTH }
    }

    /// The same tile while it has only so many hashes or entries; nothing for none, and for more than there can be.
    #[must_use]
    pub fn of_width(self, width: u16) -> Option<Self> {
        (1..=WIDTH).contains(&width).then_some(Self { width, ..self })
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Which tile of its level, from 0.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many hashes or entries it holds.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it can grow no more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// How much of the full tile exists in a tree of so many leaves; 0 is none of it.
    #[must_use]
    pub fn width_in(&self, size: u64) -> u16 {
        let end = size >> self.leaf_bits();
        let before = self.number.saturating_mul(WIDTH_LEAVES);
        u16::try_from(end.saturating_sub(before).min(WIDTH_LEAVES)).unwrap_or(WIDTH)
    }

    /// The index of the first leaf below it.
    #[must_use]
    pub fn first_leaf(&self) -> u64 {
        self.number.saturating_mul(WIDTH_LEAVES).saturating_mul(1 << self.leaf_bits())
    }

    /// The tile of this kind that is begun and not full in a tree of so many leaves, if there is one.
    #[must_use]
    pub fn partial_in(kind: Kind, size: u64) -> Option<Self> {
        let count = kind.count(size);
        let path = Self::full(kind, count / WIDTH_LEAVES);
        path.of_width(u16::try_from(count % WIDTH_LEAVES).ok()?)
    }

    /// The tiles and bundles that hold the first `size` leaves, the partial ones too: hashes level by level, then entries.
    pub fn of_tree(size: u64) -> impl Iterator<Item = Self> {
        let hashes = (0..=LEVEL_MAX).map(Kind::Hashes).take_while(move |kind| kind.count(size) > 0);
        hashes.chain([Kind::Entries]).flat_map(move |kind| {
            let count = kind.count(size).div_ceil(WIDTH_LEAVES);
            (0..count).filter_map(move |number| {
                let full = Self::full(kind, number);
                full.of_width(full.width_in(size))
            })
        })
    }

    fn leaf_bits(&self) -> u32 {
        self.kind.leaf_bits()
    }
}

impl Kind {
    /// How many bits of a leaf's index lie below one hash.
    fn leaf_bits(self) -> u32 {
        match self {
            Self::Hashes(level) => LEVELS * u32::from(level),
            Self::Entries => 0,
        }
    }

    /// How many hashes or entries of this kind a tree of `size` has.
    fn count(self, size: u64) -> u64 {
        size >> self.leaf_bits()
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}/{}", numbered(self.number))?,
            Kind::Entries => write!(f, "tile/entries/{}", numbered(self.number))?,
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = NoTile;

    /// Takes a path in its only spelling.
    fn from_str(text: &str) -> Result<Self, NoTile> {
        let (level, rest) = text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(NoTile)?;
        let kind = match level {
            "entries" => Kind::Entries,
            level => Kind::Hashes(level.parse().map_err(|_| NoTile)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(|_| NoTile)?),
            None => (rest, WIDTH),
        };
        let mut value: u64 = 0;
        for group in number.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            let group: u64 = digits.parse().map_err(|_| NoTile)?;
            value = value.checked_mul(1000).and_then(|value| value.checked_add(group)).ok_or(NoTile)?;
        }
        let path = Self::full(kind, value).of_width(width).ok_or(NoTile)?;
        let known = matches!(kind, Kind::Entries | Kind::Hashes(..=LEVEL_MAX));
        // Whatever else the parts could have been read from (signs, leading zeros, other groups) is spelt otherwise.
        if known && path.to_string() == text { Ok(path) } else { Err(NoTile) }
    }
}

/// A tile's number as it is written in a path.
pub(super) fn numbered(number: u64) -> String {
    let (mut above, mut text) = (number / 1000, format!("{:03}", number % 1000));
    while above > 0 {
        text = format!("x{:03}/{text}", above % 1000);
        above /= 1000;
    }
    text
}

/// The folder of the tiles of one level.
pub(super) fn hashes_top(folder: &Path, level: u8) -> PathBuf {
    folder.join(format!("tile/{level}"))
}

/// The file of a full tile of hashes.
pub(super) fn hashes_file(folder: &Path, level: u8, number: u64) -> PathBuf {
    hashes_top(folder, level).join(numbered(number))
}

/// The folder of the bundles.
pub(super) fn entries_top(folder: &Path) -> PathBuf {
    folder.join("tile/entries")
}

/// The file of a full bundle of entries.
pub(super) fn entries_file(folder: &Path, number: u64) -> PathBuf {
    entries_top(folder).join(format!("{}.gz", numbered(number)))
}

/// The folder of the annexes, a shelf a folder.
pub(super) fn annexes(folder: &Path) -> PathBuf {
    folder.join("annex")
}

/// The file of a bundle's annexes on one shelf.
pub(super) fn annex_file(folder: &Path, shelf: &str, number: u64) -> PathBuf {
    annexes(folder).join(shelf).join(numbered(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        for (text, kind, number, width) in [
            ("tile/0/000", Kind::Hashes(0), 0, 256),
            ("tile/1/x001/x234/067", Kind::Hashes(1), 1_234_067, 256),
            ("tile/0/x001/x234/067.p/112", Kind::Hashes(0), 1_234_067, 112),
            ("tile/entries/273.p/1", Kind::Entries, 273, 1),
            ("tile/5/x018/x446/x744/x073/x709/551.p/255", Kind::Hashes(5), 18_446_744_073_709_551, 255),
        ] {
            let path = TilePath::full(kind, number).of_width(width).unwrap();
            assert_eq!((text.parse(), path.to_string().as_str()), (Ok(path), text));
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_that_the_specification_lists() {
        let tiles: Vec<_> = TilePath::of_tree(70_000).collect();
        let of = |kind| tiles.iter().filter(move |tile| tile.kind() == kind);
        for (kind, full, partial) in
            [(Kind::Hashes(0), 273, 112), (Kind::Hashes(1), 1, 17), (Kind::Entries, 273, 112)]
        {
            assert_eq!(of(kind).filter(|tile| tile.is_full()).count(), full);
            assert_eq!(of(kind).next_back().unwrap().width(), partial);
        }
        assert_eq!(of(Kind::Hashes(2)).map(ToString::to_string).collect::<Vec<_>>(), ["tile/2/000.p/1"]);
        assert_eq!(of(Kind::Hashes(3)).count(), 0);
        assert_eq!(TilePath::of_tree(0).count(), 0);
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for bad in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/00/000",
            "tile/6/000",
            "tile/+1/000",
            "tile/-1/000",
            "tile/x/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/+00",
            "tile/0/1234067",
            "tile/0/x000/001",
            "tile/0/001/234",
            "tile/0/x001/x234",
            "tile/0/001.p",
            "tile/0/001.p/",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/+1",
            "tile/0/001.p/1/2",
            "tile/0/001.gz",
            "tile/entries/000.gz",
            "tile/entries/../000",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/００1",
        ] {
            assert_eq!(bad.parse::<TilePath>(), Err(NoTile), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn paths_read_back_and_agree_with_another_implementation(level in 0u8..6, number in 0u64..1 << 50, width in 1u16..=256) {
            let path = TilePath::full(Kind::Hashes(level), number).of_width(width).unwrap();
            prop_assert_eq!(path.to_string().parse(), Ok(path));
            let theirs = tlog_tiles::Tile::new(8, level, number, u32::from(width), false).path();
            prop_assert_eq!(path.to_string(), theirs.replacen("tile/8/", "tile/", 1));
        }

        #[test]
        fn the_tiles_of_a_tree_are_those_of_another_implementation(size in 0u64..200_000) {
            let ours = TilePath::of_tree(size).filter(|tile| tile.kind() != Kind::Entries).map(|tile| tile.to_string());
            let theirs = tlog_tiles::Tile::new_tiles(8, 0, size);
            let theirs = theirs.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1));
            prop_assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>());
        }

        #[test]
        fn no_text_makes_the_reader_panic_and_what_is_read_is_spelt_the_same(text in "tile/[0-9entris]{1,7}/[x0-9/.p]{0,20}") {
            if let Ok(path) = text.parse::<TilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
