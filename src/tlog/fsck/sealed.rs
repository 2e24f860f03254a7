//! Entries that stand in bundles alone, bundle after bundle; and bundles of entries that stand in segments, too.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::crypto::digest::Hash;

use super::bundle;
use super::bundle::Bundle;
use super::bundle::Place;
use super::bundle::Sealed;
use super::disagreement::Unsettled;
use super::examination::Examination;
use super::in_bundles::InBundles;
use super::in_wal::InWal;
use super::judge::Entry;
use super::judge::Judge;
use super::listing::Listing;
use super::listing::relative;
use super::pipeline::Enough;
use super::pipeline::in_order;
use super::pipeline::threads_for;
use super::roots::WIDTH;

impl<J: Judge> Examination<'_, '_, J> {
    /// Takes the entries before `until` from bundles. Where nothing is left of them, `next` is what follows the gap.
    pub(super) fn sealed(&mut self, until: u64, next: &Path) {
        while self.expected < until {
            let (from, end) = (self.expected / WIDTH, until.div_ceil(WIDTH));
            let mut numbers = from..end;
            let there = numbers.clone().find(|number| self.listing.has_entries(*number)).unwrap_or(end);
            if there > from {
                self.bundles_missing((there * WIDTH).min(until), next);
                continue;
            }
            numbers.end = (from..end).find(|number| !self.listing.has_entries(*number)).unwrap_or(end);
            self.bundles(numbers, until);
        }
    }

    /// Nothing is there of the entries before `to`, unless their roots stand in the tiles above.
    fn bundles_missing(&mut self, to: u64, next: &Path) {
        let any = self.listing.from(0).first().is_some();
        let aligned = self.expected.is_multiple_of(WIDTH) && to.is_multiple_of(WIDTH);
        let numbers = self.expected / WIDTH..to / WIDTH;
        let groups = if aligned { numbers.map(|number| self.above(number)).collect() } else { None };
        let skipped = self.skip(to, groups);
        let (from, to) = (skipped.start, skipped.end.saturating_sub(1));
        if any {
            let file = self.folder.join("tile/entries").join(relative(from / WIDTH, ".gz"));
            self.fault(from, &file, InBundles::Missing { from, to });
        } else {
            self.fault(from, next, InWal::Missing { from, to });
        }
        self.due();
    }

    fn bundles(&mut self, numbers: Range<u64>, until: u64) {
        let (folder, listing) = (self.folder, Arc::clone(&self.listing));
        self.unread = self.unread.max(numbers.end);
        in_order(
            threads_for(usize::try_from(numbers.end - numbers.start).unwrap_or(usize::MAX)),
            numbers.map(|number| place(folder, &listing, number)),
            || {
                let mut reader = J::Reader::default();
                move |place| bundle::read::<J>(&mut reader, &place)
            },
            |bundle| {
                self.bundle(&bundle, until);
                Enough::No
            },
        );
    }

    /// Takes the entries of a bundle from the expected one on, those before `until`.
    fn bundle(&mut self, bundle: &Bundle<J::Said>, until: u64) {
        let (first, end) = (bundle.first(), (bundle.first() + WIDTH).min(until));
        self.report.bundles += u64::from(bundle.is_there());
        self.report.bytes += bundle.read;
        bundle.faults.iter().cloned().for_each(|fault| self.put(fault));
        if !bundle.is_there() {
            let what = InBundles::Missing { from: self.expected, to: first + WIDTH - 1 };
            self.fault(self.expected, &bundle.file, what);
        }
        if bundle.tile.is_none() && bundle.absent.contains(&bundle.tile_file) {
            self.fault(self.expected, &bundle.tile_file, InBundles::TileMissing);
        }
        let verdicts = self.verdicts(bundle, self.expected..end);
        self.compare_begun(bundle);
        for (position, fault) in &bundle.annex_faults {
            if verdicts.get(*position).is_some_and(|verdict| verdict.is_as_signed()) {
                self.put(fault.clone());
            }
        }
        let whole = self.expected == first && end == first + WIDTH && !self.is_due_before(end);
        let group = bundle.root.filter(|_| whole);
        if let (Some(group), Some(roots)) = (group, &mut self.roots) {
            roots.push_group(group);
        }
        for (position, verdict) in verdicts.iter().enumerate() {
            let index = first + position as u64;
            if (self.expected..end).contains(&index) {
                self.sealed_entry(bundle, position, *verdict, group.is_some());
                self.due();
            }
        }
        self.is_at();
    }

    /// Which of its entries are as signed, as far as that can be told now. Of those that are not `asked` for, segments tell.
    fn verdicts(&mut self, bundle: &Bundle<J::Said>, asked: Range<u64>) -> Vec<Verdict> {
        let mut verdicts = vec![Verdict::Unreadable; usize::try_from(WIDTH).unwrap_or_default()];
        verdicts.iter_mut().zip(&bundle.entries).for_each(|(verdict, _)| *verdict = Verdict::Fine);
        let Some(kept) = &bundle.tile else { return verdicts };
        let own = bundle.entries.iter().map(|entry| entry.own).enumerate();
        let first = bundle.first();
        let own = own.filter(|(at, own)| kept.get(*at) != Some(own) && asked.contains(&(first + *at as u64)));
        let own: Vec<_> = own.collect();
        if own.is_empty() {
            return verdicts;
        }
        for (at, _) in &own {
            verdicts.get_mut(*at).into_iter().for_each(|verdict| *verdict = Verdict::Undecided);
        }
        let unsettled = Unsettled {
            number: bundle.number,
            file: bundle.file.clone(),
            tile_file: bundle.tile_file.clone(),
            kept: kept.clone(),
            own,
        };
        for (at, by_bytes) in self.unsettle(unsettled).into_iter().flatten() {
            let verdict = if by_bytes { Verdict::HashChanged } else { Verdict::Changed };
            verdicts.get_mut(at).into_iter().for_each(|place| *place = verdict);
        }
        verdicts
    }

    /// Takes the entry that is expected.
    fn sealed_entry(
        &mut self,
        bundle: &Bundle<J::Said>,
        position: usize,
        verdict: Verdict,
        is_in_tree: bool,
    ) {
        let index = self.expected;
        let kept = bundle.tile.as_ref().and_then(|tile| tile.get(position)).copied();
        let entry = bundle.entries.get(position);
        let own = entry.map(|entry| entry.own);
        let hash = if verdict == Verdict::HashChanged { own } else { kept.or(own) };
        match (entry, hash) {
            (Some(entry), Some(hash)) if verdict.is_as_signed() => {
                let Sealed { said, .. } = entry;
                let (leaf, annex) = (bundle.leaf(entry), bundle.annex(entry));
                self.ask(&bundle.file, &Entry { index, leaf, annex, said, hash });
            }
            _ => self.judge.missed(index..index + 1),
        }
        // The batch before is told by a segment or by a snapshot, not by a bundle.
        self.previous = None;
        self.advance(hash, is_in_tree);
    }

    /// Compares a bundle with those of its entries that were read from a segment already.
    fn compare_begun(&mut self, bundle: &Bundle<J::Said>) {
        if self.expected > bundle.first() {
            let row = std::mem::take(&mut self.row);
            self.compare_leaves(bundle, 0, &row);
            self.row = row;
        }
    }

    /// Compares the entries of a bundle, and their leaf hashes in the tile, with leaves that stand in segments, from a position on.
    fn compare_leaves(&mut self, bundle: &Bundle<J::Said>, from: usize, leaves: &[Hash]) {
        for (at, leaf) in leaves.iter().enumerate().skip(from) {
            let index = bundle.first() + at as u64;
            if bundle.tile.as_ref().and_then(|tile| tile.get(at)).is_some_and(|kept| kept != leaf) {
                self.fault(index, &bundle.tile_file, InBundles::Hash);
            }
            if bundle.entries.get(at).is_some_and(|entry| entry.own != *leaf) {
                self.fault(index, &bundle.file, InBundles::NotTheWals);
            }
        }
    }

    /// Compares what was sealed of entries that stand in segments, too.
    pub(super) fn compare_twice(&mut self) {
        let (folder, listing) = (self.folder, Arc::clone(&self.listing));
        let twice = std::mem::take(&mut self.twice);
        in_order(
            threads_for(twice.len()),
            twice.into_iter().map(|(number, leaves)| (place(folder, &listing, number), leaves)),
            || {
                let mut reader = J::Reader::default();
                move |(place, leaves)| (bundle::read::<J>(&mut reader, &place), leaves)
            },
            |(bundle, leaves)| {
                self.compare(&bundle, &leaves);
                Enough::No
            },
        );
    }

    fn compare(&mut self, bundle: &Bundle<J::Said>, leaves: &[Hash]) {
        if bundle.number < self.unread {
            // Read already, for the entries of it that stand in no segment.
            let from = self.begun.saturating_sub(bundle.first());
            return self.compare_leaves(bundle, usize::try_from(from).unwrap_or(usize::MAX), leaves);
        }
        self.compare_leaves(bundle, 0, leaves);
        let own = |at: usize| bundle.entries.get(at).map(|entry| entry.own);
        self.report.bundles += u64::from(bundle.is_there());
        self.report.bytes += bundle.read;
        self.unfinished += u64::from(!bundle.absent.is_empty());
        bundle.faults.iter().cloned().for_each(|fault| self.put(fault));
        for (at, fault) in &bundle.annex_faults {
            if own(*at).as_ref() == leaves.get(*at) && !bundle.absent.contains(&fault.file) {
                self.put(fault.clone());
            }
        }
        self.is_at();
    }

    /// What was sealed of entries that the log does not have, and bundles that were not finished.
    pub(super) fn leave_sealed(&mut self) {
        let log = self.expected;
        if let Some(number) = self.listing.from(log / WIDTH).first().copied() {
            let file = self.listing.file_of(self.folder, number);
            self.fault(log, &file, InBundles::Beyond { log });
        }
        if self.unfinished > 0 {
            let unfinished = self.unfinished;
            self.note(
                format!("{unfinished} gói chưa được niêm phong xong; các bản ghi đó còn trong phân đoạn"),
                format!("{unfinished} bundles are not sealed yet; their entries stand in the segments"),
            );
        }
    }
}

/// What is known of an entry of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    Changed,
    /// The tile's leaf hash was changed; the entry is as signed.
    HashChanged,
    /// One of the two was changed.
    Undecided,
    Unreadable,
}

impl Verdict {
    fn is_as_signed(self) -> bool {
        matches!(self, Self::Fine | Self::HashChanged)
    }
}

fn place<'a>(folder: &'a Path, listing: &Listing, number: u64) -> Place<'a> {
    Place { folder, number, shelves: listing.shelves_of(number).map(str::to_owned).collect() }
}
