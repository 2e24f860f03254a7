//! A packed block (RFC 1951, 3.2.5 to 3.2.7).

use super::bits::Bits;
use super::output::Output;
use super::table::Found;
use super::table::Table;

/// The symbol that ends a block.
const END: u16 = 256;

/// Symbols of literals, the end, and lengths; the last two stand for nothing.
const SYMBOLS: usize = 288;

/// Those that a block may describe.
const SYMBOLS_MAX: usize = 286;

/// Distances that a block may describe.
const DISTANCES_MAX: usize = 30;

/// Bits by which literals are looked up: three digits of a hash, of four bits each.
const LITERAL_BITS: u32 = 12;

/// Bits by which distances are looked up: of a verifier's two tables, this one is seldom asked.
const DISTANCE_BITS: u32 = 8;

/// Bits by which the lengths of codes are looked up: no code of them is longer.
const LENGTH_BITS: u32 = 7;

/// Looks between two fillings: four of 12 bits find all they need in 56.
const LOOKS: u32 = 56 / LITERAL_BITS;

/// The order in which the lengths of the lengths' codes stand.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The codes of a block.
pub(super) struct Codes {
    literals: Box<[Literals; 1 << LITERAL_BITS]>,
    symbols: Table,
    distances: Table,
}

/// Up to three literals that the next bits are; none: the next symbol is no literal, or its code is long.
///
/// The lowest six bits say how many bits their codes take, so that a shift can take it as it is; the next two how many literals there
/// are; the three bytes above are the literals, the first one lowest.
#[derive(Clone, Copy, Default)]
struct Literals(u32);

impl Literals {
    fn bits(self) -> u32 {
        self.0 & 63
    }

    fn count(self) -> usize {
        (self.0 >> 6 & 3) as usize
    }

    fn bytes(self) -> [u8; 4] {
        (self.0 >> 8).to_le_bytes()
    }

    /// The literal that was found; none if that is none.
    fn of(found: Found) -> Self {
        match found {
            Found { symbol: literal @ 0..END, length: bits @ 1.. } => {
                Self(u32::from(bits) | 1 << 6 | u32::from(literal) << 8)
            }
            Found { .. } => Self::default(),
        }
    }

    /// These, and behind them another one if there is one and it fits.
    fn then(self, one: Self) -> Self {
        let fits = self.count() > 0 && one.count() > 0 && self.bits() + one.bits() <= LITERAL_BITS;
        let another = (one.0 & 0xff) + (one.0 >> 8 << (8 * (self.count() + 1)));
        if fits { Self(self.0 + another) } else { self }
    }
}

impl Codes {
    /// The codes that every reader knows (3.2.6).
    pub(super) fn fixed() -> Option<Self> {
        let lengths: [u8; SYMBOLS] = std::array::from_fn(|symbol| match symbol {
            0..144 => 8,
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        });
        Self::new(&lengths, &[5; 32])
    }

    /// The codes that stand before a block (3.2.7).
    pub(super) fn described(bits: &mut Bits<'_>) -> Option<Self> {
        let symbols = bits.take(5)? as usize + 257;
        let (distances, written) = (bits.take(5)? as usize + 1, bits.take(4)? as usize + 4);
        if symbols > SYMBOLS_MAX || distances > DISTANCES_MAX {
            return None;
        }
        let mut of_lengths = [0; ORDER.len()];
        for symbol in ORDER.iter().take(written) {
            *of_lengths.get_mut(*symbol)? = bits.take(3)? as u8;
        }
        let lengths = lengths(bits, &Table::new(&of_lengths, LENGTH_BITS, false)?, symbols + distances)?;
        let (symbols, distances) = lengths.split_at_checked(symbols)?;
        // A block without an end has none.
        symbols.get(usize::from(END)).filter(|length| **length > 0)?;
        Self::new(symbols, distances)
    }

    fn new(symbols: &[u8], distances: &[u8]) -> Option<Self> {
        let symbols = Table::new(symbols, LITERAL_BITS, true)?;
        let distances = Table::new(distances, DISTANCE_BITS, true)?;
        Some(Self { literals: literals(symbols.looked_up()), symbols, distances })
    }

    /// Reads a block to its end.
    pub(super) fn read(&self, bits: &mut Bits<'_>, output: &mut Output) -> Option<()> {
        loop {
            bits.fill();
            if self.literals(bits, output)? {
                continue;
            }
            bits.fill();
            match self.symbols.next(bits)? {
                literal @ 0..END => output.literals([literal as u8, 0, 0, 0], 1)?,
                END => return Some(()),
                symbol => self.copy(symbol, bits, output)?,
            }
        }
    }

    /// Reads literals, as many as are looked up in what is held; says whether another literal may follow.
    fn literals(&self, bits: &mut Bits<'_>, output: &mut Output) -> Option<bool> {
        for _ in 0..LOOKS {
            let literals = *self.literals.get(bits.held() as usize % self.literals.len())?;
            if literals.count() == 0 {
                return Some(false);
            }
            bits.pass(literals.bits())?;
            output.literals(literals.bytes(), literals.count())?;
        }
        Some(true)
    }

    fn copy(&self, symbol: u16, bits: &mut Bits<'_>, output: &mut Output) -> Option<()> {
        let length = match symbol {
            285 => 258,
            286.. => return None,
            _ => 3 + grouped(u32::from(symbol) - 257, 2, bits)?,
        };
        bits.fill();
        let symbol = u32::from(self.distances.next(bits)?);
        if symbol as usize >= DISTANCES_MAX {
            return None;
        }
        output.copy(1 + grouped(symbol, 1, bits)? as usize, length as usize)
    }
}

/// Symbols stand for groups that double in size, `2^step` of each; the bits behind a symbol say which number of its group it is.
fn grouped(symbol: u32, step: u32, bits: &mut Bits<'_>) -> Option<u32> {
    let extra = (symbol >> step).saturating_sub(1);
    let begin = if extra == 0 { symbol } else { ((1 << step) + (symbol & ((1 << step) - 1))) << extra };
    Some(begin + bits.take_held(extra)?)
}

/// What literals the next bits are, for each way in which they can be. One by one they would be found as well, but each step hangs on a
/// guess there that the processor makes wrong half the time.
fn literals(found: &[Found]) -> Box<[Literals; 1 << LITERAL_BITS]> {
    let mut ones = [Literals::default(); 1 << LITERAL_BITS];
    ones.iter_mut().zip(found).for_each(|(one, found)| *one = Literals::of(*found));
    let mut all = Box::new(ones);
    for _ in 0..2 {
        for (begin, place) in all.iter_mut().enumerate() {
            let next = ones.get(begin >> place.bits()).copied().unwrap_or_default();
            *place = place.then(next);
        }
    }
    all
}

/// The lengths of codes, each behind the code of it: 16 repeats the last, 17 and 18 stand for zeros.
fn lengths(bits: &mut Bits<'_>, table: &Table, count: usize) -> Option<Vec<u8>> {
    let mut lengths = Vec::with_capacity(count);
    while lengths.len() < count {
        bits.fill();
        let (length, times) = match table.next(bits)? {
            16 => (*lengths.last()?, 3 + bits.take_held(2)?),
            17 => (0, 3 + bits.take_held(3)?),
            18 => (0, 11 + bits.take_held(7)?),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times as usize));
    }
    (lengths.len() == count).then_some(lengths)
}
