//! How far the plain text of a string runs on, eight bytes at a time and more where it is long: most bytes of most answers
//! are in here.

/// A one in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit in each byte of a word.
const HIGHS: u64 = ONES << 7;

/// Bytes of a block that is judged at once. As many as the compiler makes two vector registers of on any machine of ours.
const BLOCK: usize = 32;

/// How many bytes stand before the first quote, backslash or control character, or before the end.
#[inline]
pub(super) fn plain(text: &[u8]) -> usize {
    let mut rest = text;
    for _ in 0..BLOCK / 8 {
        let Some((word, after)) = rest.split_first_chunk() else {
            return text.len() - rest.len() + one_by_one(rest);
        };
        let ends = ends_of(u64::from_le_bytes(*word));
        if ends != 0 {
            return text.len() - rest.len() + first_of(ends);
        }
        rest = after;
    }
    text.len() - rest.len() + plain_and_long(rest)
}

/// The same for what has already turned out to be long.
#[inline(never)]
fn plain_and_long(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
        if block.iter().fold(false, |any, byte| any | is_end(*byte)) {
            break;
        }
        rest = after;
    }
    while let Some((word, after)) = rest.split_first_chunk() {
        let ends = ends_of(u64::from_le_bytes(*word));
        if ends != 0 {
            return text.len() - rest.len() + first_of(ends);
        }
        rest = after;
    }
    text.len() - rest.len() + one_by_one(rest)
}

fn one_by_one(rest: &[u8]) -> usize {
    rest.iter().position(|byte| is_end(*byte)).unwrap_or(rest.len())
}

fn is_end(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// Marks the highest bit of each byte that ends plain text. Bytes above the first that is marked may be marked wrongly, for a
/// borrow runs upward; the first never is.
#[inline]
fn ends_of(word: u64) -> u64 {
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zeros(word ^ (ONES * b'"' as u64));
    let backslash = zeros(word ^ (ONES * b'\\' as u64));
    let control = word.wrapping_sub(ONES * b' ' as u64) & !word;
    (quote | backslash | control) & HIGHS
}

/// The place of the first byte that is marked in a word read in the order of memory.
#[inline]
fn first_of(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_is_found_wherever_it_stands_and_whatever_follows_it() {
        for length in 0..100 {
            for place in 0..length {
                for (end, after) in
                    [(b'"', b'#'), (b'\\', b'"'), (0x1f, b' '), (0, 0xff), (b'\n', b'!'), (b'"', 0x80)]
                {
                    let mut text = vec![b'~'; length];
                    text[place..].fill(after);
                    text[place] = end;
                    assert_eq!(plain(&text), place, "{length} {place} {end} {after}");
                }
            }
        }
    }

    #[test]
    fn every_other_byte_is_plain() {
        for byte in (b' '..=0xff).filter(|byte| !matches!(byte, b'"' | b'\\')) {
            for length in [0, 1, 7, 8, 9, 31, 32, 33, 64, 200] {
                assert_eq!(plain(&vec![byte; length]), length, "{byte}");
            }
        }
    }
}
