//! The path of a tile, as whoever asks for one may spell it: what is read is spelt the same, and names no file above its folder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::tlog::tile::TilePath;

fuzz_target!(|text: &str| {
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), text);
        assert!(text.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
        let (full, first) = (TilePath::full(path.kind(), path.number()), path.first_leaf());
        assert!(path.width() <= full.width());
        for size in [0, 1, first, first.saturating_add(1), first.saturating_add(70_000), u64::MAX] {
            assert!(full.width_in(size) <= full.width());
        }
    }
});
