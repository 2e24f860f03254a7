//! Who is asked about entries. To the verifier they are bytes; what they say to each other, somebody else knows.

use std::fmt;
use std::ops::Range;

use crate::crypto::digest::Hash;

use super::Finding;

/// Judges what entries say. Leaves are read on many threads and in any order; they are judged one by one, in the log's order.
pub trait Judge {
    /// What a leaf says, as far as it matters here.
    type Said: Send + Sync;

    /// What whoever reads leaves remembers from one to the next, to be faster. What is read does not depend on it.
    type Reader: Default;

    /// Reads a leaf.
    fn read(reader: &mut Self::Reader, leaf: &[u8]) -> Self::Said;

    /// What the leaf says of its annex.
    fn annex(said: &Self::Said) -> Annexed;

    /// What is wrong with the entry that comes next; nothing: it is as it should be.
    fn judge(&mut self, entry: &Entry<'_, Self::Said>) -> Vec<Finding>;

    /// These entries come next and cannot be told: they are missing, unreadable, or not as signed.
    fn missed(&mut self, indices: Range<u64>);

    /// What is wrong with this account of everything so far (the `state` of a snapshot, JSON).
    fn snapshot(&mut self, state: &str) -> Vec<Finding>;

    /// The objects that entries named, by hash, each with the first entry that did.
    fn objects(&self) -> Vec<(Hash, u64)>;

    /// Those of them that list others, likewise.
    fn lists(&self) -> Vec<(Hash, u64)>;

    /// The objects that one of those lists; none if it is no list.
    fn listed(list: &[u8]) -> Option<Vec<Hash>>;
}

/// An entry in its place.
#[derive(Debug)]
pub struct Entry<'a, S> {
    /// Its index.
    pub index: u64,
    /// The leaf.
    pub leaf: &'a [u8],
    /// The annex; empty: none.
    pub annex: &'a [u8],
    /// What the leaf says.
    pub said: &'a S,
    /// The leaf hash that was signed.
    pub hash: Hash,
}

/// What a leaf says of its annex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annexed {
    /// Nothing can be told: any annex will do.
    Untold,
    /// There is none.
    No,
    /// There is one.
    Yes {
        /// SHA-256 of the sealed bytes.
        hash: Hash,
        /// The shelf it is put on; none if it cannot be told.
        shelf: Option<Shelf>,
    },
}

/// The name of a shelf: a year and a month, such as `2026-11`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shelf([u8; 7]);

impl Shelf {
    /// The shelf of a month; none beyond the year 9999.
    #[must_use]
    pub fn of(year: u16, month: u8) -> Option<Self> {
        let digit = |number: u16| u8::try_from(number % 10).map_or(b'0', |digit| b'0' + digit);
        let (thousands, hundreds, tens, month) = (year / 1000, year / 100, year / 10, u16::from(month));
        let [a, b, c, d] = [thousands, hundreds, tens, year].map(digit);
        (year <= 9999).then(|| Self([a, b, c, d, b'-', digit(month / 10), digit(month)]))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Finds no fault with any entry: only bytes, tree and signatures are verified then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Judge for Nobody {
    type Said = ();
    type Reader = ();

    fn read((): &mut Self::Reader, _leaf: &[u8]) -> Self::Said {}

    fn annex((): &Self::Said) -> Annexed {
        Annexed::Untold
    }

    fn judge(&mut self, _entry: &Entry<'_, Self::Said>) -> Vec<Finding> {
        Vec::new()
    }

    fn missed(&mut self, _indices: Range<u64>) {}

    fn snapshot(&mut self, _state: &str) -> Vec<Finding> {
        Vec::new()
    }

    fn objects(&self) -> Vec<(Hash, u64)> {
        Vec::new()
    }

    fn lists(&self) -> Vec<(Hash, u64)> {
        Vec::new()
    }

    fn listed(_list: &[u8]) -> Option<Vec<Hash>> {
        None
    }
}

/// A judge, and somebody who looks at every entry beside it: index, leaf, annex, leaf hash.
#[derive(Debug)]
pub struct Watched<J, F> {
    /// Who judges.
    pub judge: J,
    /// Who looks.
    pub look: F,
}

impl<J: Judge, F: FnMut(u64, &[u8], &[u8], &Hash) -> Vec<Finding>> Judge for Watched<J, F> {
    type Said = J::Said;
    type Reader = J::Reader;

    fn read(reader: &mut Self::Reader, leaf: &[u8]) -> Self::Said {
        J::read(reader, leaf)
    }

    fn annex(said: &Self::Said) -> Annexed {
        J::annex(said)
    }

    fn judge(&mut self, entry: &Entry<'_, Self::Said>) -> Vec<Finding> {
        let mut findings = (self.look)(entry.index, entry.leaf, entry.annex, &entry.hash);
        findings.extend(self.judge.judge(entry));
        findings
    }

    fn missed(&mut self, indices: Range<u64>) {
        self.judge.missed(indices);
    }

    fn snapshot(&mut self, state: &str) -> Vec<Finding> {
        self.judge.snapshot(state)
    }

    fn objects(&self) -> Vec<(Hash, u64)> {
        self.judge.objects()
    }

    fn lists(&self) -> Vec<(Hash, u64)> {
        self.judge.lists()
    }

    fn listed(list: &[u8]) -> Option<Vec<Hash>> {
        J::listed(list)
    }
}
