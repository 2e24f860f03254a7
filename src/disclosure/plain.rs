//! How far the plain text of a string runs on, eight bytes at a time and more where it is long: most bytes of most answers
//! are in here.

/// A one in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit in each byte of a word.
const HIGHS: u64 = ONES << 7;

/// Bytes that are judged at once: two vector registers of every machine of ours.
const BLOCK: usize = 32;

/// How many bytes stand before the first quote, backslash or control character, or before the end.
#[inline(always)]
pub(super) fn plain(text: &[u8]) -> usize {
    let mut rest = text;
    for _ in 0..BLOCK / 8 {
        let Some((word, after)) = rest.split_first_chunk() else { break };
        let ends = ends_of(u64::from_le_bytes(*word));
        if ends != 0 {
            return text.len() - rest.len() + first_of(ends);
        }
        rest = after;
    }
    text.len() - rest.len() + plain_and_long(rest)
}

/// The same for what has already turned out to be long, or is about to end.
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
/// borrow runs upward; the first never is. With its second bit turned over, a quote follows the control characters.
#[inline(always)]
fn ends_of(word: u64) -> u64 {
    let quote_or_control = (word ^ (ONES * 2)).wrapping_sub(ONES * (b' ' as u64 + 1));
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & HIGHS
}

/// The place of the first byte that is marked in a word read in the order of memory.
#[inline(always)]
fn first_of(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// How many decimal digits stand at the beginning.
#[inline(always)]
pub(super) fn digits(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((word, after)) = rest.split_first_chunk() {
        // With its upper half gone where that is 3, a digit is at most 9, and 0x76 more does not reach the highest bit.
        let low = u64::from_le_bytes(*word) ^ (ONES * b'0' as u64);
        let others = (((low & !HIGHS) + ONES * 0x76) | low) & HIGHS;
        if others != 0 {
            return text.len() - rest.len() + first_of(others);
        }
        rest = after;
    }
    text.len() - rest.len() + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Whether two texts are the same, as quickly as it can be told of short ones.
#[inline(always)]
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match (one.first_chunk::<8>(), other.first_chunk::<8>()) {
        (Some(head), Some(other_head)) if one.len() <= 16 => {
            head == other_head && one.last_chunk::<8>() == other.last_chunk::<8>()
        }
        (None, None) => short(one) == short(other),
        _ => one == other,
    }
}

/// Fewer than eight bytes as one word; no others of the same number give the same.
#[inline(always)]
pub(super) fn short(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
        (Some(head), Some(tail), _) => {
            u64::from(u32::from_le_bytes(*head)) << 32 | u64::from(u32::from_le_bytes(*tail))
        }
        (_, _, [first, .., last]) => {
            let middle = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
            u64::from(*first) << 16 | u64::from(middle) << 8 | u64::from(*last)
        }
        (_, _, [only]) => u64::from(*only),
        (_, _, []) => 0,
    }
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
    fn digits_end_where_another_byte_stands() {
        for end in (0..=0xff_u8).filter(|byte| !byte.is_ascii_digit()) {
            for place in 0..20 {
                let mut text = b"01234567890123456789".to_vec();
                text[place] = end;
                assert_eq!(digits(&text), place, "{end}");
            }
        }
        assert_eq!(digits(b"01234567890123456789"), 20);
        assert_eq!(digits(b""), 0);
    }

    #[test]
    fn texts_are_the_same_only_if_every_byte_is() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).collect();
            assert!(same(&text, &text.clone()));
            for place in 0..text.len() {
                let mut other = text.clone();
                other[place] ^= 0x80;
                assert!(!same(&text, &other) && !same(&text, &text[..place]));
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
