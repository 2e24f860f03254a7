//! Bundles as they lie on the disk: gzip (RFC 1952), so that any tool unpacks them, written by a packer of our own.
//!
//! Half of a leaf repeats the leaf before it, word for word; the other half is hashes, in which nothing repeats but by chance. A
//! packer for texts in general finds three and four digits of a hash again somewhere and points there, which costs more bits than the
//! digits, and time, when packing and ever after when unpacking. This one looks for eight bytes or more, passes quickly over what has no
//! past, and leaves the rest to a prefix code, in which a digit takes little more than four bits. `cargo bench --bench fsck` shows the
//! difference.
//!
//! | room | what it does |
//! |---|---|
//! | `copies` | what stood in the window before |
//! | `prefix` | how long the codes are, and what they are |
//! | `block` | a block of DEFLATE (RFC 1951) |
//! | `bits` | bits, least significant first |

mod bits;
mod block;
mod copies;
mod prefix;

use std::io::Read as _;

use flate2::Crc;
use flate2::bufread::GzDecoder;

use bits::Bits;
use copies::Copies;

/// DEFLATE, no flags, no time, no hint how it was packed, no system: the same bundle is packed to the same bytes anywhere.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Bytes that share their codes: a bundle of common leaves. Who unpacks makes a table for each block.
const BLOCK: usize = 1 << 19;

/// Packs bytes. There must be fewer than 2^32: a bundle has less than 2^24.
#[must_use]
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits::new(Vec::with_capacity(bytes.len() / 4));
    bits.bytes(&HEADER);
    let mut copies = Copies::of(bytes);
    let mut begin = 0;
    loop {
        let end = bytes.len().min(begin + BLOCK);
        let steps = copies.steps(begin..end);
        block::write(&mut bits, bytes.get(begin..end).unwrap_or_default(), &steps, end == bytes.len());
        begin = end;
        if begin == bytes.len() {
            break;
        }
    }
    let mut sum = Crc::new();
    sum.update(bytes);
    bits.align();
    bits.bytes(&sum.sum().to_le_bytes());
    bits.bytes(&sum.amount().to_le_bytes());
    bits.end()
}

/// Unpacks bytes; nothing if they are no gzip, have anything behind it, or unpack to more than so many.
#[must_use]
pub fn unpack(packed: &[u8], most: u64) -> Option<Vec<u8>> {
    let (mut bytes, mut unpacker) = (Vec::with_capacity(4 * packed.len()), GzDecoder::new(packed));
    unpacker.by_ref().take(most + 1).read_to_end(&mut bytes).ok()?;
    let whole = unpacker.into_inner().is_empty() && bytes.len() as u64 <= most;
    whole.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::collection::vec;
    use proptest::prelude::*;

    fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
        unpack(&pack(bytes), 1 << 24)
    }

    #[test]
    fn nothing_one_byte_and_one_byte_many_times_unpack_to_themselves() {
        for bytes in [vec![], vec![7], vec![7; 2], vec![7; 300], vec![7; 3 * BLOCK + 1]] {
            assert_eq!(unpacked(&bytes).as_ref(), Some(&bytes), "{} bytes", bytes.len());
        }
    }

    #[test]
    fn a_copy_from_the_far_end_of_the_window_is_found_and_one_from_beyond_is_not() {
        let noise: Vec<u8> =
            (0..1_024_u32).flat_map(|at| crate::crypto::digest::sha256(&at.to_be_bytes())).collect();
        let (near, far) = ([&noise[..], &noise[..]].concat(), [&noise[..], &[0], &noise[..]].concat());
        assert!(pack(&near).len() < 34_000, "{}", pack(&near).len());
        assert!(pack(&far).len() > 64_000, "{}", pack(&far).len());
        assert_eq!(unpacked(&near), Some(near));
        assert_eq!(unpacked(&far), Some(far));
    }

    #[test]
    fn symbols_whose_counts_grow_like_rabbits_have_codes_that_are_not_too_long() {
        let (mut counts, mut bytes) = (vec![1_usize, 1], Vec::new());
        while counts.len() < 24 {
            counts.push(counts.iter().rev().take(2).sum());
        }
        for (symbol, count) in counts.iter().enumerate() {
            bytes.extend(std::iter::repeat_n(symbol as u8, *count));
        }
        // In disorder, so that hardly anything is a copy.
        let disordered: Vec<u8> = (0..bytes.len()).map(|at| bytes[at * 7_919 % bytes.len()]).collect();
        assert_eq!(unpacked(&disordered), Some(disordered));
    }

    #[test]
    fn leaves_are_packed_to_less_than_a_packer_for_texts_takes() {
        let hash = |at: u64| crate::crypto::digest::hex(&crate::crypto::digest::sha256(&at.to_be_bytes()));
        let leaf = |at: u64| {
            format!(
                r#"{{"agency":"H31.01","prev":"{}","purpose":"giai-quyet-tthc","scope":"{}"}}"#,
                hash(at),
                hash(at + 1_000)
            )
        };
        let leaves: String = (0..256).map(leaf).collect();
        let mut other = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut other, leaves.as_bytes()).unwrap();
        let (ours, other) = (pack(leaves.as_bytes()).len(), other.finish().unwrap().len());
        assert!(ours < other, "{ours} against {other}");
    }

    proptest! {
        #[test]
        fn whatever_is_packed_unpacks_to_itself(
            words in vec(vec(any::<u8>(), 0..40), 1..12),
            order in vec((0_usize..12, 0_usize..40), 0..400),
        ) {
            let bytes: Vec<u8> = order
                .iter()
                .flat_map(|(word, cut)| words[word % words.len()].iter().skip(*cut % 8).copied())
                .collect();
            prop_assert_eq!(unpacked(&bytes), Some(bytes));
        }
    }
}
