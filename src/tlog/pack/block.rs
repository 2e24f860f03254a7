//! A block of DEFLATE with codes of its own (RFC 1951, 3.2.7).

use super::bits::Bits;
use super::copies::Step;
use super::prefix;
use super::prefix::Code;
use super::prefix::LONGEST;

/// Literals, the end of the block, and lengths.
const SYMBOLS: usize = 286;

/// The symbol that ends a block.
const END: usize = 256;

/// Distances.
const DISTANCES: usize = 30;

/// The order in which the lengths of the lengths' codes are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The longest code of a code's length.
const LONGEST_OF_LENGTHS: usize = 7;

/// A symbol, and the bits behind its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Symbol {
    symbol: usize,
    extra: u32,
    bits: u32,
}

/// Writes these bytes, which the steps make up.
pub(super) fn write(out: &mut Bits, bytes: &[u8], steps: &[Step], is_last: bool) {
    let (counts, distances) = counts(bytes, steps);
    let (lengths, distances) = (prefix::lengths(&counts, LONGEST), prefix::lengths(&distances, LONGEST));
    out.put(u32::from(is_last), 1);
    out.put(2, 2);
    codes(out, &lengths, &distances);
    let (codes, distances) = (prefix::codes(&lengths), prefix::codes(&distances));
    let mut rest = bytes;
    for step in steps {
        let (literals, behind) = rest.split_at(step.literals.min(rest.len()));
        put_literals(out, &codes, literals);
        rest = behind.get(usize::from(step.copied)..).unwrap_or_default();
        if step.copied > 0 {
            put_symbol(out, &codes, length(step.copied));
            put_symbol(out, &distances, distance(step.distance));
        }
    }
    put(out, &codes, END);
}

/// How often each symbol and each distance is written.
fn counts(bytes: &[u8], steps: &[Step]) -> ([u32; SYMBOLS], [u32; DISTANCES]) {
    let (mut counts, mut distances) = ([0; SYMBOLS], [0; DISTANCES]);
    let mut rest = bytes;
    for step in steps {
        let (literals, behind) = rest.split_at(step.literals.min(rest.len()));
        literals.iter().for_each(|literal| count(&mut counts, usize::from(*literal)));
        rest = behind.get(usize::from(step.copied)..).unwrap_or_default();
        if step.copied > 0 {
            count(&mut counts, length(step.copied).symbol);
            count(&mut distances, distance(step.distance).symbol);
        }
    }
    count(&mut counts, END);
    // Some readers take a block without any distance for damaged.
    if distances == [0; DISTANCES] {
        count(&mut distances, 0);
    }
    (counts, distances)
}

fn count(counts: &mut [u32], symbol: usize) {
    counts.get_mut(symbol).into_iter().for_each(|count| *count += 1);
}

fn put(out: &mut Bits, codes: &[Code], symbol: usize) {
    let code = codes.get(symbol).copied().unwrap_or_default();
    out.put(u32::from(code.bits), u32::from(code.length));
}

fn put_literals(out: &mut Bits, codes: &[Code], literals: &[u8]) {
    let Some(codes) = codes.first_chunk::<END>() else { return };
    for literal in literals {
        let code = codes.get(usize::from(*literal)).copied().unwrap_or_default();
        out.put(u32::from(code.bits), u32::from(code.length));
    }
}

fn put_symbol(out: &mut Bits, codes: &[Code], Symbol { symbol, extra, bits }: Symbol) {
    put(out, codes, symbol);
    out.put(extra, bits);
}

/// A copy's length, 3 to 258.
fn length(copied: u16) -> Symbol {
    if copied == 258 {
        return Symbol { symbol: 285, extra: 0, bits: 0 };
    }
    grouped(u32::from(copied).saturating_sub(3), 2, 257)
}

/// A copy's distance, 1 to 32,768.
fn distance(distance: u16) -> Symbol {
    grouped(u32::from(distance).saturating_sub(1), 1, 0)
}

/// Numbers share a symbol in groups that double: of each size there are `2^step` groups, and the bits behind the symbol say which number
/// of the group it is.
fn grouped(number: u32, step: u32, first: u32) -> Symbol {
    let bits = (u32::BITS - (number | 1).leading_zeros()).saturating_sub(step + 1);
    let symbol = first + (bits << step) + (number >> bits);
    Symbol { symbol: symbol as usize, extra: number & ((1 << bits) - 1), bits }
}

/// Writes the lengths of the codes, by a code of their own.
fn codes(out: &mut Bits, lengths: &[u8], distances: &[u8]) {
    let used = |lengths: &[u8]| lengths.iter().rposition(|length| *length > 0).map_or(1, |last| last + 1);
    let (symbols, distant) = (used(lengths), used(distances));
    let all = lengths.iter().take(symbols).chain(distances.iter().take(distant)).copied().collect::<Vec<_>>();
    let runs = runs(&all);
    let mut counts = [0; ORDER.len()];
    runs.iter().for_each(|run| count(&mut counts, run.symbol));
    let of_lengths = prefix::lengths(&counts, LONGEST_OF_LENGTHS);
    let in_order = ORDER.map(|symbol| of_lengths.get(symbol).copied().unwrap_or_default());
    let written = used(&in_order).max(4);
    out.put(symbols as u32 - 257, 5);
    out.put(distant as u32 - 1, 5);
    out.put(written as u32 - 4, 4);
    in_order.iter().take(written).for_each(|length| out.put(u32::from(*length), 3));
    let codes = prefix::codes(&of_lengths);
    runs.iter().for_each(|run| put_symbol(out, &codes, *run));
}

/// Lengths, and how often they follow each other: 16 repeats the last one 3 to 6 times, 17 and 18 stand for zeros.
fn runs(lengths: &[u8]) -> Vec<Symbol> {
    let mut runs = Vec::new();
    for run in lengths.chunk_by(|one, other| one == other) {
        let (length, mut rest) = (run.first().copied().unwrap_or_default(), run.len());
        let one = Symbol { symbol: usize::from(length), extra: 0, bits: 0 };
        if length > 0 {
            runs.push(one);
            rest -= 1;
        }
        let (symbol, least, most, bits) = match (length, rest) {
            (0, 11..) => (18, 11, 138, 7),
            (0, _) => (17, 3, 10, 3),
            _ => (16, 3, 6, 2),
        };
        while rest >= least {
            let taken = rest.min(most);
            runs.push(Symbol { symbol, extra: (taken - least) as u32, bits });
            rest -= taken;
        }
        runs.extend(std::iter::repeat_n(one, rest));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_distances_are_those_of_rfc_1951() {
        for (copied, symbol, extra, bits) in [
            (3, 257, 0, 0),
            (10, 264, 0, 0),
            (11, 265, 0, 1),
            (18, 268, 1, 1),
            (257, 284, 30, 5),
            (258, 285, 0, 0),
        ] {
            assert_eq!(length(copied), Symbol { symbol, extra, bits }, "{copied}");
        }
        for (far, symbol, extra, bits) in [
            (1, 0, 0, 0),
            (4, 3, 0, 0),
            (5, 4, 0, 1),
            (6, 4, 1, 1),
            (24_577, 29, 0, 13),
            (32_768, 29, 8_191, 13),
        ] {
            assert_eq!(distance(far), Symbol { symbol, extra, bits }, "{far}");
        }
    }

    #[test]
    fn runs_say_the_lengths_again() {
        let lengths = [vec![4; 9], vec![0; 150], vec![5, 0, 0, 6, 6], vec![0; 3]].concat();
        let mut said: Vec<u8> = Vec::new();
        for Symbol { symbol, extra, .. } in runs(&lengths) {
            match symbol {
                16 => said.extend(vec![*said.last().unwrap(); 3 + extra as usize]),
                17 => said.extend(vec![0; 3 + extra as usize]),
                18 => said.extend(vec![0; 11 + extra as usize]),
                _ => said.push(symbol as u8),
            }
        }
        assert_eq!(said, lengths);
    }
}
