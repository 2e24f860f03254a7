//! Who hears what is read: one who cuts, one who searches, or nobody.

use super::keys::Known;

/// A part of the bytes at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'b> {
    /// All the bytes at hand.
    pub(super) bytes: &'b [u8],
    /// Where the part begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

impl<'b> Piece<'b> {
    /// The part as it is written.
    pub(super) fn written(&self) -> &'b [u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// What is told of an answer, in its order. Whatever was told is void if there is a flaw behind it.
pub(super) trait Listener {
    /// Whether whatever is told is told to nobody.
    const IS_NOBODY: bool = false;

    /// The key that most likely comes next, by its meaning, if reading it may be cut short.
    fn likely_key(&self) -> Option<&[u8]>;

    /// The likely key has not come: perhaps it is left out this time, and what follows it comes. Tells whether there is such.
    fn pass_likely_key(&mut self) -> bool;

    /// A member's key as it is written, quotes included, was the likely one. Its value follows.
    fn likely_key_came(&mut self, key: Piece<'_>) -> Known;

    /// A member's key, and what it means. Its value follows.
    fn key(&mut self, key: Piece<'_>, name: &[u8]) -> Known;

    /// An object begins, or an array. Tells whether it wants to hear what is in it; of its end it hears anyway.
    fn begin(&mut self, bracket: Piece<'_>, array: bool) -> bool;

    /// The innermost container ends.
    fn end(&mut self, bracket: Piece<'_>);

    /// A number or literal.
    fn scalar(&mut self, scalar: Piece<'_>);

    /// A part of a string, quotes included: the first has the opening one, the last the closing one.
    fn text(&mut self, part: Piece<'_>, first: bool, last: bool);

    /// Other bytes are at hand, before which so many came.
    fn resume(&mut self, _base: usize) {}

    /// The bytes at hand, which every piece since the last pause was of, are used up.
    fn pause(&mut self, bytes: &[u8]);
}

/// Listens in place of one who does not want to. What is told to nobody is judged as strictly.
#[derive(Debug)]
pub(super) struct Nobody;

impl Listener for Nobody {
    const IS_NOBODY: bool = true;

    #[inline(always)]
    fn likely_key(&self) -> Option<&[u8]> {
        None
    }

    #[inline(always)]
    fn pass_likely_key(&mut self) -> bool {
        false
    }

    fn likely_key_came(&mut self, _key: Piece<'_>) -> Known {
        Known::Not
    }

    #[inline(always)]
    fn key(&mut self, _key: Piece<'_>, _name: &[u8]) -> Known {
        Known::Not
    }

    #[inline(always)]
    fn begin(&mut self, _bracket: Piece<'_>, _array: bool) -> bool {
        true
    }

    #[inline(always)]
    fn end(&mut self, _bracket: Piece<'_>) {}

    #[inline(always)]
    fn scalar(&mut self, _scalar: Piece<'_>) {}

    #[inline(always)]
    fn text(&mut self, _part: Piece<'_>, _first: bool, _last: bool) {}

    fn pause(&mut self, _bytes: &[u8]) {}
}
