//! What stood in the window before: bytes as literals and copies, found by the hash of eight bytes.

use std::ops::Range;

/// Bytes that must be the same: that a hash's digits agree so long by chance does not happen.
const COPY_MIN: usize = 8;

/// The longest copy that DEFLATE can say.
const COPY_MAX: usize = 258;

/// How far back a copy may lie.
const WINDOW: usize = 1 << 15;

/// Bits of a slot: a table of 64 KiB, a slot for every other byte of the window.
const SLOT_BITS: u32 = 14;

/// After every so many bytes without a copy the search goes on in wider strides. What it misses so is found again when a copy is
/// prolonged backwards.
const STRIDE_SHIFT: u32 = 4;

/// The widest stride: two searches of which the strides are out of step must meet.
const STRIDE_MAX: usize = 4;

/// Literals, and a copy behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// How many bytes stand for themselves.
    pub(super) literals: usize,
    /// How many are a copy; none behind the last literals of a block.
    pub(super) copied: u16,
    /// How far back they stood.
    pub(super) distance: u16,
}

/// The search for copies.
pub(super) struct Copies<'a> {
    bytes: &'a [u8],
    /// Where eight bytes with that hash stood last.
    last: Vec<u32>,
}

impl<'a> Copies<'a> {
    /// A search that has seen nothing.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, last: vec![0; 1 << SLOT_BITS] }
    }

    /// The steps that make up these bytes, which begin where the last ones ended.
    pub(super) fn steps(&mut self, range: Range<usize>) -> Vec<Step> {
        let mut steps = Vec::with_capacity(range.len() / 64);
        let (mut at, mut from) = (range.start, range.start);
        while at + COPY_MIN <= range.end
            && let Some(eight) = self.eight(at)
        {
            let Some(copy) = self.before(at, eight) else {
                at += 1 + ((at - from) >> STRIDE_SHIFT).min(STRIDE_MAX - 1);
                continue;
            };
            let earlier = self.same_before(copy, from..at);
            let (copy, begin) = (copy - earlier, at - earlier);
            let copied = self.same(copy, begin..range.end);
            // Invariant: a copy has at most COPY_MAX bytes and lies at most WINDOW back, so neither is cut.
            steps.push(Step {
                literals: begin - from,
                copied: copied as u16,
                distance: (begin - copy) as u16,
            });
            at = begin + copied;
            from = at;
            self.remember(at);
        }
        steps.push(Step { literals: range.end - from, copied: 0, distance: 0 });
        steps
    }

    fn eight(&self, at: usize) -> Option<u64> {
        self.bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
    }

    /// Where these eight bytes stood before, if that is in the window. Notes that they stand here.
    fn before(&mut self, at: usize, eight: u64) -> Option<usize> {
        let last = std::mem::replace(self.last.get_mut(slot(eight))?, at as u32) as usize;
        (last < at && at - last <= WINDOW && self.eight(last) == Some(eight)).then_some(last)
    }

    /// Notes what stands at the end of a copy, so that one is found that goes on from there.
    fn remember(&mut self, end: usize) {
        for at in [end.saturating_sub(COPY_MIN), end.saturating_sub(COPY_MIN / 2)] {
            if let Some(eight) = self.eight(at)
                && let Some(last) = self.last.get_mut(slot(eight))
            {
                *last = at as u32;
            }
        }
    }

    /// How many literals before a copy belong to it, too.
    fn same_before(&self, copy: usize, literals: Range<usize>) -> usize {
        let literals = self.bytes.get(literals).unwrap_or_default().iter().rev();
        let before = self.bytes.get(..copy).unwrap_or_default().iter().rev();
        literals.zip(before).take(COPY_MAX - COPY_MIN).take_while(|(one, other)| one == other).count()
    }

    /// How many bytes from `range` on are the same as from `copy` on.
    fn same(&self, copy: usize, range: Range<usize>) -> usize {
        let most = range.len().min(COPY_MAX);
        let mut same = 0;
        while same + 8 <= most
            && let (Some(one), Some(other)) = (self.eight(copy + same), self.eight(range.start + same))
        {
            if one != other {
                return same + (one ^ other).trailing_zeros() as usize / 8;
            }
            same += 8;
        }
        let rest = |at: usize| self.bytes.get(at + same..at + most).unwrap_or_default().iter();
        same + rest(copy).zip(rest(range.start)).take_while(|(one, other)| one == other).count()
    }
}

fn slot(eight: u64) -> usize {
    // Fibonacci hashing: the golden ratio's fraction as 64 bits.
    (eight.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOT_BITS)) as usize
}
