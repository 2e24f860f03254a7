//! Tiles and bundles as C2SP tlog-tiles serves them: full ones from the disk; what is not full yet, from memory and the segments.

use super::book::Shared;
use super::bundle;
use super::reader::ReadError;
use super::tile::HASH_BYTES;
use super::tile::Kind;
use super::tile::LEVELS;
use super::tile::TilePath;
use super::tile::WIDTH;
use super::tile::WIDTH_LEAVES;

impl Shared {
    /// The content of a tile, as far as the newest head covers it; nothing if it does not.
    pub(super) fn tile(&self, path: TilePath) -> Result<Option<Vec<u8>>, ReadError> {
        if path.width_in(self.head().size) < path.width() {
            return Ok(None);
        }
        match path.kind() {
            Kind::Hashes(level) => self.hashes(level, path).map(Some),
            Kind::Entries => self.entries(path).map(Some),
        }
    }

    fn hashes(&self, level: u8, path: TilePath) -> Result<Vec<u8>, ReadError> {
        let (bits, first) = (LEVELS * u32::from(level), path.number() * WIDTH_LEAVES);
        let book = self.book();
        let row = (first..first + u64::from(path.width())).map(|position| book.tree.node(bits, position));
        let row: Option<Vec<_>> = row.collect();
        drop(book);
        if let Some(row) = row {
            return Ok(row.concat());
        }
        // Read as it lies there, once it agrees with the tree.
        let memory = |level, position| self.book().tree.node(level, position);
        let tile = self.tiles.tile(level, path.number(), &memory)?;
        let mut bytes = tile.hashes().concat();
        bytes.truncate(usize::from(path.width()) * HASH_BYTES);
        Ok(bytes)
    }

    fn entries(&self, path: TilePath) -> Result<Vec<u8>, ReadError> {
        let first = path.number() * WIDTH_LEAVES;
        let end = first + u64::from(path.width());
        let runs = self.book().runs(first, end);
        match runs.map(|runs| self.read_runs(&runs)) {
            Some(Err(error)) if !error.is_missing() => Err(error),
            Some(Ok(entries)) => Ok(bundle::encode(entries.iter().map(|entry| entry.leaf.as_slice()))),
            // It is sealed, or was meanwhile, and its segment removed.
            _ => self.sealed_entries(path),
        }
    }

    fn sealed_entries(&self, path: TilePath) -> Result<Vec<u8>, ReadError> {
        let hashes = self.leaves(path.number())?;
        let mut bytes = self.tiles.sealed.bundle(path.number(), &hashes)?;
        if path.width() < WIDTH {
            let end = bundle::prefix(&bytes, path.width()).map_or(0, <[u8]>::len);
            bytes.truncate(end);
        }
        Ok(bytes)
    }
}
