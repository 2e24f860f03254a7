//! The tiles above the first level, compared with the tree that was rebuilt from the leaves.

use std::collections::BTreeSet;
use std::path::Path;

use crate::crypto::digest::Hash;

use super::bundle::hashes;
use super::examination::Examination;
use super::file;
use super::in_bundles::InBundles;
use super::in_folder::InFolder;
use super::judge::Judge;
use super::listing::relative;
use super::roots::WIDTH;
use super::roots::root_of;

impl<J: Judge> Examination<'_, '_, J> {
    /// Compares every tile above the first level.
    pub(super) fn uppers(&mut self) {
        let roots = self.roots.as_ref().or(self.lost.as_ref());
        let mut row = roots.map(|roots| roots.groups.clone()).unwrap_or_default();
        let listing = std::sync::Arc::clone(&self.listing);
        let mut span = WIDTH;
        for (level, tiles) in listing.tiles.iter().enumerate().skip(1) {
            let folder = self.folder.join(format!("tile/{level}"));
            self.level(&folder, tiles, &row, span);
            row = row.as_chunks::<{ WIDTH as usize }>().0.iter().map(|hashes| root_of(hashes)).collect();
            span = span.saturating_mul(WIDTH);
        }
    }

    /// Compares the tiles of one level with the hashes of its row, each of which is over `span` entries.
    fn level(&mut self, folder: &Path, tiles: &BTreeSet<u64>, row: &[Hash], span: u64) {
        let full = row.len() as u64 / WIDTH;
        for number in 0..full {
            let sealed = (number + 1).saturating_mul(span).saturating_mul(WIDTH);
            // Of what stands in segments, too, the sealing may not be finished.
            if !tiles.contains(&number) && sealed <= self.begun {
                let file = folder.join(relative(number, ""));
                self.fault(number.saturating_mul(span).saturating_mul(WIDTH), &file, InBundles::TileMissing);
            }
        }
        for number in tiles {
            let file = folder.join(relative(*number, ""));
            let first = number.saturating_mul(span).saturating_mul(WIDTH);
            match file::read(&file, file::FILE_MAX) {
                Ok(bytes) => self.upper(&file, &bytes, first, row, span),
                Err(error) => self.fault(first, &file, InFolder::Unreadable(file::why(&error))),
            }
        }
    }

    fn upper(&mut self, file: &Path, bytes: &[u8], first: u64, row: &[Hash], span: u64) {
        self.report.bytes += bytes.len() as u64;
        let Some(slots) = hashes(bytes) else {
            return self.fault(first, file, InBundles::TileLength { has: bytes.len() as u64 });
        };
        let begin = usize::try_from(first / span).unwrap_or(usize::MAX);
        for ((slot, hash), at) in (0..).zip(&slots).zip(begin..) {
            let from = first.saturating_add(slot * span);
            let to = from.saturating_add(span - 1);
            match row.get(at) {
                Some(ours) if ours == hash => {}
                Some(_) if to < self.vouched => self.fault(from, file, InBundles::Node { slot, from, to }),
                Some(_) => self.fault(from, file, InBundles::NodeUndecided { slot, from, to }),
                None if to >= self.expected => {
                    return self.fault(
                        from.min(self.expected),
                        file,
                        InBundles::Beyond { log: self.expected },
                    );
                }
                None => {
                    return self.note(
                        format!("không so được tệp cây băm (tile) `{}` từ bản ghi {from}", file.display()),
                        format!("the tile `{}` cannot be compared from entry {from} on", file.display()),
                    );
                }
            }
        }
    }
}
