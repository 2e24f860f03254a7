//! Seals what became full: moves entries from the segments, where they were written in the order of batches, to tiles, bundles and
//! annexes, where they stay.
//!
//! All of it is derived: the segments are the truth until what was sealed is durable and was read back. A sealing that fails has
//! changed nothing, and is tried again whole, from new files. No lock is held while the disk works.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::digest::Hash;

use super::Entry;
use super::book::Shared;
use super::bundle;
use super::disk::Disk;
use super::pack;
use super::reader::ReadError;
use super::tile;
use super::tile::LEVELS;
use super::tile::WIDTH_LEAVES;

/// Bundles sealed at once, at most: their names are made durable by one sync a folder.
const ROUND_BUNDLES: u64 = 64;

/// Bytes of entries sealed at once: a round is held in memory.
const ROUND_BYTES: usize = 16 << 20;

/// Says on which shelf an entry's annex is kept: a folder that can be cleared by itself.
pub(super) type ShelfOf = fn(&Entry) -> String;

/// A file to be: where, and what is in it.
type Fresh = (PathBuf, Vec<u8>);

/// Seals one round; says whether there may be more to seal.
///
/// # Errors
/// What was to be sealed cannot be read or written. Nothing has changed.
pub(super) fn seal(shared: &Shared, shelf: ShelfOf) -> Result<bool, ReadError> {
    let (from, full) = (shared.book().sealed, shared.head().size / WIDTH_LEAVES * WIDTH_LEAVES);
    let (mut end, mut bytes, mut files) = (from, 0, Vec::new());
    while end < full && end < from + ROUND_BUNDLES * WIDTH_LEAVES && bytes < ROUND_BYTES {
        bytes += bundle_files(shared, shelf, end / WIDTH_LEAVES, &mut files)?;
        end += WIDTH_LEAVES;
        upper_tiles(shared, end, &mut files);
    }
    if end == from {
        return Ok(false);
    }
    // Stopping anywhere in here leaves some of the files, each whole under its name: the next start finds the same entries in the
    // segments, and the same files are made of them.
    write(shared.disk.as_ref(), &files)?;
    // From here on readers take these entries from their bundles.
    shared.book_mut().seal(end);
    Ok(end < full)
}

/// The files of one bundle: its annexes, its entries, the tile of its leaf hashes. Says how many bytes its entries have.
fn bundle_files(
    shared: &Shared,
    shelf: ShelfOf,
    number: u64,
    files: &mut Vec<Fresh>,
) -> Result<usize, ReadError> {
    let first = number * WIDTH_LEAVES;
    let runs = shared.book().runs(first, first + WIDTH_LEAVES);
    let runs = runs.ok_or(ReadError::Beyond { index: first, size: first })?;
    let entries = shared.read_runs(&runs)?;
    for (shelf, annexes) in shelved(&entries, shelf) {
        files.push((tile::annex_file(shared.folder(), &shelf, number), bundle::encode(annexes.into_iter())));
    }
    let leaves = bundle::encode(entries.iter().map(|entry| entry.leaf.as_slice()));
    let file = tile::entries_file(shared.folder(), number);
    files.push((file, pack::pack(&leaves)));
    let hashes = runs.iter().flat_map(|run| &run.places).flat_map(|(_, hash)| hash);
    files.push((tile::hashes_file(shared.folder(), 0, number), hashes.copied().collect()));
    Ok(leaves.len())
}

/// The annexes by shelf, each shelf with as many places as there are entries. A name that is no plain word is no shelf's: what it
/// would hold is kept on one that is never cleared.
fn shelved(entries: &[Entry], shelf: ShelfOf) -> BTreeMap<String, Vec<&[u8]>> {
    let mut shelves: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.annex.is_empty()) {
        let name = Some(shelf(entry)).filter(|name| is_plain(name)).unwrap_or_else(|| UNSHELVED.to_owned());
        let places = shelves.entry(name).or_insert_with(|| vec![&[]; entries.len()]);
        if let Some(place) = places.get_mut(at) {
            *place = &entry.annex;
        }
    }
    shelves
}

/// Where annexes are kept whose shelf has no name that can be a folder's.
const UNSHELVED: &str = "unshelved";

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

/// The tiles above the leaves that are full once `end` entries are sealed, and were not before.
fn upper_tiles(shared: &Shared, end: u64, files: &mut Vec<Fresh>) {
    let book = shared.book();
    for level in 1..=tile::LEVEL_MAX {
        let bits = LEVELS * u32::from(level);
        let hashes = end >> bits;
        if hashes << bits != end || !hashes.is_multiple_of(WIDTH_LEAVES) {
            return;
        }
        let positions = hashes - WIDTH_LEAVES..hashes;
        // Invariant: these hashes are in memory until this tile is sealed.
        let row: Option<Vec<Hash>> = positions.map(|position| book.tree.node(bits, position)).collect();
        let file = tile::hashes_file(shared.folder(), level, hashes / WIDTH_LEAVES - 1);
        files.extend(row.map(|row| (file, row.concat())));
    }
}

/// Writes files that are written once: what already has its content is left alone. All are durable and were read back when this
/// returns.
fn write(disk: &dyn Disk, files: &[Fresh]) -> Result<(), ReadError> {
    let (mut folders, mut fresh) = (BTreeSet::new(), Vec::new());
    for (file, bytes) in files {
        let folder = file.parent().unwrap_or(file);
        if folders.insert(folder) {
            disk.make_folder(folder).map_err(failed(folder))?;
        }
        if disk.read(file).is_ok_and(|there| there == *bytes) {
            continue;
        }
        let unnamed = unnamed(file);
        let made = disk.create(&unnamed).map_err(failed(&unnamed))?;
        made.write_at(0, bytes).map_err(failed(&unnamed))?;
        // Stopping before this leaves a file of any content under a name that nobody reads, and that the next try makes anew.
        made.sync().map_err(failed(&unnamed))?;
        disk.rename(&unnamed, file).map_err(failed(file))?;
        fresh.push((file, bytes));
    }
    for folder in folders {
        // Stopping before this leaves any of the new names. What stands under one is whole: it was synced before it was named.
        disk.sync_folder(folder).map_err(failed(folder))?;
    }
    for (file, bytes) in fresh {
        if disk.read(file).map_err(failed(file))? != *bytes {
            return Err(failed(file)(io::Error::other("it reads back as something else")));
        }
    }
    Ok(())
}

/// The name of a file until it is whole.
fn unnamed(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

fn failed(file: &Path) -> impl FnOnce(io::Error) -> ReadError {
    let file = file.to_owned();
    move |source| ReadError::Disk { file, source }
}
