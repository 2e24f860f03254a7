//! Prefix codes, looked up (RFC 1951, 3.2.2).

use super::bits::Bits;

/// Bits of a code, at most.
const LONGEST: usize = 15;

/// A prefix code: for each way in which the next bits can begin, the symbol; longer codes are counted out.
pub(super) struct Table {
    looked_up: Vec<Found>,
    bits: u32,
    /// How many codes there are of each length.
    counts: [u16; LONGEST + 1],
    /// Symbols in the order of their codes.
    symbols: Vec<u16>,
}

/// A symbol, and the length of its code; 0: none begins so, or one that is longer.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) symbol: u16,
    pub(super) length: u8,
}

impl Table {
    /// The code with these lengths, looked up by so many bits; nothing if the lengths are no code. One symbol alone, or none, need not fill
    /// its room where that is `sparse`.
    pub(super) fn new(lengths: &[u8], bits: u32, sparse: bool) -> Option<Self> {
        let mut counts = [0; LONGEST + 1];
        for length in lengths {
            *counts.get_mut(usize::from(*length))? += 1;
        }
        counts[0] = 0;
        let taken: u32 = counts
            .iter()
            .zip(0..)
            .skip(1)
            .map(|(count, length)| u32::from(*count) << (LONGEST - length))
            .sum();
        let few = sparse && (taken == 0 || taken == 1 << (LONGEST - 1) && counts[1] == 1);
        if taken != 1 << LONGEST && !few {
            return None;
        }
        let mut table =
            Self { looked_up: vec![Found::default(); 1 << bits], bits, counts, symbols: Vec::new() };
        table.enter(lengths);
        Some(table)
    }

    fn enter(&mut self, lengths: &[u8]) {
        let mut next = self.firsts();
        self.symbols = vec![0; next.last().map_or(0, |(place, _)| *place)];
        for (symbol, length) in (0..).zip(lengths.iter().copied()).filter(|(_, length)| *length > 0) {
            let Some((place, code)) = next.get_mut(usize::from(length)) else { continue };
            self.symbols.get_mut(*place).into_iter().for_each(|place| *place = symbol);
            if u32::from(length) <= self.bits {
                let first = usize::from(code.reverse_bits() >> (16 - length));
                let places = self.looked_up.iter_mut().skip(first).step_by(1 << length);
                places.for_each(|place| *place = Found { symbol, length });
            }
            (*place, *code) = (*place + 1, code.wrapping_add(1));
        }
    }

    /// Of each length, where the first of its symbols stands, and the code of that; at the end, where none stands any more.
    fn firsts(&self) -> [(usize, u16); LONGEST + 2] {
        let (mut place, mut code) = (0, 0_u16);
        let mut firsts = [(0, 0); LONGEST + 2];
        for (first, count) in firsts.iter_mut().zip(self.counts.into_iter().chain([0])) {
            *first = (place, code);
            place += usize::from(count);
            code = code.wrapping_add(count).wrapping_shl(1);
        }
        firsts
    }

    /// What was looked up, by the bits that codes begin with.
    pub(super) fn looked_up(&self) -> &[Found] {
        &self.looked_up
    }

    /// The next symbol, of the bits that are held; nothing if there is none.
    #[inline]
    pub(super) fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let found = self.looked_up.get(bits.held() as usize & ((1 << self.bits) - 1))?;
        if found.length == 0 {
            return self.count_out(bits);
        }
        bits.pass(u32::from(found.length))?;
        Some(found.symbol)
    }

    /// The next symbol, bit by bit: the codes of one length are consecutive numbers, and the first of them follows from those of the
    /// length before.
    fn count_out(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut code, mut first, mut before) = (0, 0, 0);
        for count in self.counts.iter().skip(1).map(|count| u32::from(*count)) {
            code |= bits.take_held(1)?;
            if code < first + count {
                return self.symbols.get((before + code - first) as usize).copied();
            }
            before += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_leave_room_or_take_more_than_there_is_are_no_code() {
        let is_code = |lengths: &[u8], sparse| Table::new(lengths, 8, sparse).is_some();
        for lengths in [&[1, 2][..], &[2, 2, 2], &[1, 1, 1], &[15], &[1, 2, 3, 3, 3]] {
            assert!(!is_code(lengths, true) && !is_code(lengths, false), "{lengths:?}");
        }
        // As zlib has it: one distance, or none, may stand alone, and needs one bit.
        assert!(is_code(&[0, 1], true) && is_code(&[0, 0], true) && !is_code(&[2], true));
        assert!(!is_code(&[0, 1], false) && !is_code(&[0, 0], false));
        assert!(is_code(&[1, 2, 3, 3], false));
    }

    #[test]
    fn a_code_longer_than_is_looked_up_is_counted_out() {
        let lengths: Vec<u8> = (1..=14).chain([15, 15]).collect();
        let table = Table::new(&lengths, 4, false).unwrap();
        // Fourteen ones and a zero, the first bit lowest; then fifteen ones.
        for (stream, symbol) in [([0xff, 0xbf], 14), ([0xff, 0xff], 15), ([0x01, 0x00], 1)] {
            let mut bits = Bits::of(&stream);
            bits.fill();
            assert_eq!(table.next(&mut bits), Some(symbol));
        }
    }
}
