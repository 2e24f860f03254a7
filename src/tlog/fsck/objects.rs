//! What entries refer to by hash, themselves or by an object that lists others: each is there, and has the hash that is its name.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

use super::examination::Examination;
use super::file;
use super::in_folder::InFolder;
use super::judge::Judge;
use super::listing::entries;
use super::pipeline::Enough;
use super::pipeline::in_order;
use super::pipeline::threads_for;
use super::snapshots::unhex;

impl<J: Judge> Examination<'_, '_, J> {
    /// Examines every object, named or not, and misses those that are named and not there.
    pub(super) fn objects(&mut self, folder: &Path) {
        let named = self.named(folder);
        let (mut there, mut idle) = (Vec::new(), 0_u64);
        for (file, name, is_folder) in entries(folder) {
            match unhex(&name).filter(|_| !is_folder) {
                Some(hash) => there.push((file, hash)),
                None => self.strays.push(file),
            }
        }
        let found: Vec<Hash> = there.iter().map(|(_, hash)| *hash).collect();
        in_order(
            threads_for(there.len()),
            there.into_iter(),
            || examined,
            |(file, hash, wrong): (PathBuf, Hash, _)| {
                idle += u64::from(!named.contains_key(&hash));
                if let Some(wrong) = wrong {
                    self.fault(named.get(&hash).copied(), &file, wrong);
                }
                Enough::No
            },
        );
        for (hash, index) in named.iter().filter(|(hash, _)| found.binary_search(hash).is_err()) {
            // Kept after the folder was read, if the log is in use.
            let file = folder.join(hex(hash));
            match examined((file.clone(), *hash)).2 {
                Some(InFolder::ObjectChanged) => self.fault(*index, &file, InFolder::ObjectChanged),
                Some(_) => self.fault(*index, &file, InFolder::ObjectMissing { hash: hex(hash) }),
                None => {}
            }
        }
        if idle > 0 && self.judges_objects() {
            self.note(
                format!("{idle} đối tượng không được bản ghi nào nêu"),
                format!("{idle} objects are named by no entry"),
            );
        }
    }

    /// Every object that is named, with the first entry that did.
    fn named(&mut self, folder: &Path) -> BTreeMap<Hash, u64> {
        let mut named = self.judge.objects();
        for (list, index) in self.judge.lists() {
            let at = folder.join(hex(&list));
            // One that is missing, or another than was named, is told of as any object is.
            let Ok(bytes) = file::read(&at, file::FILE_MAX) else { continue };
            match J::listed(&bytes) {
                _ if sha256(&bytes) != list => {}
                Some(listed) => named.extend(listed.into_iter().map(|hash| (hash, index))),
                None => self.fault(Some(index), &at, InFolder::ObjectNoList),
            }
        }
        let mut first = BTreeMap::new();
        for (hash, index) in named {
            first.entry(hash).and_modify(|first: &mut u64| *first = index.min(*first)).or_insert(index);
        }
        first
    }

    /// Whether the judge knows of objects at all.
    fn judges_objects(&self) -> bool {
        !self.judge.objects().is_empty()
    }
}

fn examined((file, hash): (PathBuf, Hash)) -> (PathBuf, Hash, Option<InFolder>) {
    let wrong = match file::read(&file, file::FILE_MAX) {
        Ok(bytes) => (sha256(&bytes) != hash).then_some(InFolder::ObjectChanged),
        Err(error) => Some(InFolder::Unreadable(file::why(&error))),
    };
    (file, hash, wrong)
}
