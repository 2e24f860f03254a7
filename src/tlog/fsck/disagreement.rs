//! Which of two disagreeing leaf hashes was signed: the one kept beside an entry, or that of its bytes.

use std::path::Path;

use crate::crypto::digest::Hash;

use super::examination::Examination;
use super::format::Stored;

/// How many entries of one batch may disagree with their kept hashes and still be told apart one by one; each doubles the
/// work.
const DISAGREEING_MAX: usize = 8;

impl Examination<'_, '_> {
    /// Decides, for each entry, which leaf hash was signed, and names those that are not as signed.
    pub(super) fn settle(
        &mut self,
        file: &Path,
        first: u64,
        entries: &[Stored<'_>],
        signed: Option<Hash>,
    ) -> Vec<Hash> {
        let disagreeing: Vec<usize> = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.kept != entry.own)
            .map(|(at, _)| at)
            .collect();
        let known = signed.zip(self.roots.as_ref());
        let found = known.map(|(signed, roots)| {
            choices(disagreeing.len())
                .find(|choice| roots.root_with(leaves(entries, &disagreeing, *choice).into_iter()) == signed)
        });
        for (bit, at) in disagreeing.iter().enumerate() {
            let what = match found {
                Some(Some(choice)) if is_set(choice, bit) => {
                    "the leaf hash kept beside it was changed; the entry itself is as signed"
                }
                Some(Some(_)) => "its bytes are not those that were signed",
                Some(None) | None => "its bytes do not fit the leaf hash kept beside it",
            };
            self.fault(first + *at as u64, file, what);
        }
        if found == Some(None) {
            let last = first + (entries.len() as u64).saturating_sub(1);
            let what = format!(
                "entries {first} to {last} are not those that the checkpoint of their batch signed: changed, exchanged or \
                 replaced together with their leaf hashes"
            );
            self.fault(first, file, what);
            self.roots = None;
        }
        leaves(entries, &disagreeing, found.flatten().unwrap_or(0))
    }
}

/// Which of `disagreeing` entries are taken by their bytes: each set of them, or only none and all when there are many.
fn choices(disagreeing: usize) -> impl Iterator<Item = usize> {
    let many = disagreeing > DISAGREEING_MAX;
    let sets = if many { 2 } else { 1 << disagreeing };
    (0..sets).map(move |set| if many && set == 1 { usize::MAX } else { set })
}

fn is_set(choice: usize, bit: usize) -> bool {
    choice == usize::MAX || choice & (1 << bit) != 0
}

fn leaves(entries: &[Stored<'_>], disagreeing: &[usize], choice: usize) -> Vec<Hash> {
    let by_bytes =
        |at: usize| disagreeing.iter().position(|other| *other == at).is_some_and(|bit| is_set(choice, bit));
    entries.iter().enumerate().map(|(at, entry)| if by_bytes(at) { entry.own } else { entry.kept }).collect()
}
