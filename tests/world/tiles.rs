//! Tiles and bundles as another implementation of C2SP tlog-tiles reads them.

use std::collections::HashMap;

use tlog_tiles::Tile;
use tlog_tiles::TileReader;

use super::WITNESS;
use super::World;

/// Tiles as they were fetched, for `tlog_tiles` to read.
#[derive(Debug)]
pub struct Fetched(HashMap<String, Vec<u8>>);

impl Fetched {
    /// All that a tree of this size has, by whoever may follow it.
    pub async fn of(world: &World, size: u64) -> Self {
        let mut tiles = HashMap::new();
        for tile in Tile::new_tiles(8, 0, size) {
            let answered = world.read(WITNESS, &format!("/{}", path(&tile))).await;
            assert_eq!(answered.status, 200, "{answered:?}");
            tiles.insert(path(&tile), answered.body.to_vec());
        }
        Self(tiles)
    }
}

impl TileReader for Fetched {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        Ok(tiles.iter().map(|tile| self.0[&path(tile)].clone()).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// Without the height, which C2SP fixes.
fn path(tile: &Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

/// The entry at a place in a bundle: each stands behind its length.
pub fn entry_at(mut bundle: &[u8], place: u64) -> &[u8] {
    for _ in 0..place {
        bundle = &bundle[2 + length(bundle)..];
    }
    &bundle[2..2 + length(bundle)]
}

fn length(bundle: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bundle[0], bundle[1]]))
}
