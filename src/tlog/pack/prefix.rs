//! Prefix codes (RFC 1951, 3.2.2): lengths from how often symbols occur (Huffman 1952), and codes from lengths.

/// The longest code of a literal, a length or a distance. DEFLATE allows 15 bits; up to 12, unpackers find a code in one look.
pub(super) const LONGEST: usize = 12;

/// A symbol's code, in the order in which its bits are written, and how many they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// The lengths of a code in which frequent symbols are short and none is longer than `longest` bits; 0 for a symbol that does not
/// occur.
pub(super) fn lengths(counts: &[u32], longest: usize) -> Vec<u8> {
    let mut used: Vec<(u32, usize)> =
        counts.iter().copied().zip(0..).filter(|(count, _)| *count > 0).collect();
    used.sort_unstable();
    let depths = depths(&used.iter().map(|(count, _)| u64::from(*count)).collect::<Vec<_>>());
    let per_length = limited(&depths, longest);
    // The rarest come first, and get the longest.
    let lengths_descending = (1..=longest).rev().flat_map(|length| {
        std::iter::repeat_n(length as u8, per_length.get(length).map_or(0, |many| *many as usize))
    });
    let mut lengths = vec![0; counts.len()];
    for ((_, symbol), length) in used.iter().zip(lengths_descending) {
        lengths.get_mut(*symbol).into_iter().for_each(|place| *place = length);
    }
    lengths
}

/// The depth of each leaf of Huffman's tree over counts in ascending order.
fn depths(counts: &[u64]) -> Vec<usize> {
    let leaves = counts.len();
    let (mut weights, mut parents) = (counts.to_vec(), vec![0; leaves]);
    // Leaves and inner nodes both ascend: the lightest node is the next of one or the other.
    let (mut leaf, mut inner) = (0, leaves);
    for node in leaves..(2 * leaves).saturating_sub(1) {
        let mut weight = 0;
        for _ in 0..2 {
            let of = |at: usize| weights.get(at).copied();
            let takes_leaf =
                leaf < leaves && of(inner).is_none_or(|other| of(leaf).is_some_and(|one| one <= other));
            let next = if takes_leaf { &mut leaf } else { &mut inner };
            weight += of(*next).unwrap_or_default();
            parents.get_mut(*next).into_iter().for_each(|parent| *parent = node);
            *next += 1;
        }
        weights.push(weight);
        parents.push(0);
    }
    let mut depths = vec![0; parents.len()];
    for (node, parent) in parents.iter().enumerate().rev().skip(1) {
        let above = depths.get(*parent).copied().unwrap_or_default();
        depths.get_mut(node).into_iter().for_each(|depth| *depth = above + 1);
    }
    depths.truncate(leaves);
    depths
}

/// How many codes there are of each length, if none may be longer than `longest`.
fn limited(depths: &[usize], longest: usize) -> Vec<u32> {
    let mut many = vec![0_u32; longest + 1];
    for depth in depths {
        // A single symbol has one bit, not none.
        many.get_mut(*depth.clamp(&1, &longest)).into_iter().for_each(|count| *count += 1);
    }
    let room = 1_u64 << longest;
    let taken = |many: &[u32]| -> u64 {
        many.iter().enumerate().skip(1).map(|(length, count)| u64::from(*count) << (longest - length)).sum()
    };
    // Codes that were cut take more than there is (Kraft): one of the longest gives up its place, and shares that of a shorter one.
    while taken(&many) > room {
        let Some(shorter) =
            (1..longest).rev().find(|length| many.get(*length).is_some_and(|count| *count > 0))
        else {
            break;
        };
        for (length, change) in [(longest, -1), (shorter, -1), (shorter + 1, 2)] {
            many.get_mut(length).into_iter().for_each(|count| *count = count.saturating_add_signed(change));
        }
    }
    many
}

/// The codes of these lengths: shorter ones first, and symbols of one length in their order.
pub(super) fn codes(lengths: &[u8]) -> Vec<Code> {
    let mut codes = vec![Code::default(); lengths.len()];
    let mut next = 0_u16;
    for length in 1..=15 {
        for (_, code) in lengths.iter().zip(&mut codes).filter(|(one, _)| **one == length) {
            *code = Code { bits: next.reverse_bits() >> (16 - length), length };
            next += 1;
        }
        next <<= 1;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn codes_are_those_of_the_example_in_rfc_1951() {
        let written: Vec<String> = codes(&[3, 3, 3, 3, 3, 2, 4, 4])
            .iter()
            .map(|code| {
                (0..code.length).map(|bit| if code.bits >> bit & 1 == 1 { '1' } else { '0' }).collect()
            })
            .collect();
        assert_eq!(written, ["010", "011", "100", "101", "110", "00", "1110", "1111"]);
    }

    #[test]
    fn lengths_are_huffmans() {
        assert_eq!(lengths(&[0, 1, 1, 2, 4, 8], 15), [0, 4, 4, 3, 2, 1]);
        assert_eq!(lengths(&[0, 9], 15), [0, 1]);
        assert_eq!(lengths(&[0, 0], 15), [0, 0]);
    }

    proptest! {
        #[test]
        fn a_code_of_two_or_more_fills_its_room_and_no_more(
            counts in vec(prop_oneof![Just(0_u32), 1_u32..4, 1_u32..1_000_000], 2..286),
            longest in 9_usize..16,
        ) {
            let lengths = lengths(&counts, longest);
            let used: Vec<u8> = lengths.iter().copied().filter(|length| *length > 0).collect();
            prop_assert_eq!(used.len(), counts.iter().filter(|count| **count > 0).count());
            prop_assert!(used.iter().all(|length| usize::from(*length) <= longest));
            let taken: u64 = used.iter().map(|length| 1_u64 << (longest - usize::from(*length))).sum();
            prop_assert!(taken <= 1 << longest);
            if used.len() > 1 {
                prop_assert_eq!(taken, 1 << longest);
            }
        }
    }
}
