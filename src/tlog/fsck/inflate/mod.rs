//! DEFLATE (RFC 1951), read a second time from its description alone.
//!
//! Half of what a verifier unpacks are the digits of hashes, which are literals of about four bits: they are looked up three at a time.
//! Nothing is trusted: whatever the bytes are, no more is unpacked than was allowed, and it is known to the bit where the stream ended.

mod bits;
mod block;
mod output;
mod table;

use bits::Bits;
use block::Codes;
use output::Output;

/// What a stream unpacks to.
pub(super) struct Inflated {
    /// As far as it could be unpacked.
    pub(super) bytes: Vec<u8>,
    /// Where the stream ends; nothing if it was changed or cut, or is longer than was allowed.
    pub(super) end: Option<usize>,
}

/// Unpacks a stream to at most so many bytes; about so many are expected.
pub(super) fn inflate(stream: &[u8], expected: usize, most: usize) -> Inflated {
    let (mut bits, mut output) = (Bits::of(stream), Output::new(expected, most));
    let read = blocks(&mut bits, &mut output);
    let (bytes, fits) = output.end();
    Inflated { bytes, end: read.filter(|()| fits).map(|()| bits.end()) }
}

fn blocks(bits: &mut Bits<'_>, output: &mut Output) -> Option<()> {
    loop {
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(bits, output)?,
            1 => Codes::fixed()?.read(bits, output)?,
            2 => Codes::described(bits)?.read(bits, output)?,
            _ => return None,
        }
        if is_last {
            return Some(());
        }
    }
}

/// A block that is not packed (3.2.4).
fn stored(bits: &mut Bits<'_>, output: &mut Output) -> Option<()> {
    bits.align();
    let (length, complement) = (bits.take(16)?, bits.take(16)?);
    if length ^ complement != 0xffff {
        return None;
    }
    for _ in 0..length {
        output.literals([bits.take(8)? as u8, 0, 0, 0], 1)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Write as _;

    use flate2::Compression;
    use flate2::Decompress;
    use flate2::FlushDecompress;
    use flate2::Status;
    use flate2::write::DeflateEncoder;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn packed(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::new(level));
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    /// What another reader makes of a stream.
    fn oracle(stream: &[u8], most: usize) -> Option<(Vec<u8>, usize)> {
        let (mut bytes, mut reader) = (Vec::with_capacity(most), Decompress::new(false));
        let status = reader.decompress_vec(stream, &mut bytes, FlushDecompress::Finish).ok()?;
        (status == Status::StreamEnd).then(|| (bytes, reader.total_in() as usize))
    }

    #[test]
    fn streams_of_every_level_unpack_and_end_where_they_end() {
        let texts: Vec<u8> = (0..9_000_u32)
            .flat_map(|at| format!("{at} {:x}", at.wrapping_mul(0x9e37_79b9)).into_bytes())
            .collect();
        for bytes in [&[][..], b"a", &[7; 70_000], &texts] {
            for level in 0..=9 {
                let stream = [packed(bytes, level), vec![0xa5; 3]].concat();
                let inflated = inflate(&stream, 0, 1 << 20);
                assert_eq!(inflated.end, Some(stream.len() - 3), "{} bytes at level {level}", bytes.len());
                assert!(inflated.bytes == bytes, "{} bytes at level {level}", bytes.len());
            }
        }
    }

    #[test]
    fn no_more_is_unpacked_than_was_allowed() {
        let stream = packed(&vec![0; 1 << 20], 9);
        let inflated = inflate(&stream, usize::MAX, 1_000);
        assert!(inflated.bytes.len() <= 1_000 && inflated.end.is_none(), "{}", inflated.bytes.len());
        assert_eq!(inflate(&stream, 0, 1 << 20).end, Some(stream.len()));
    }

    #[test]
    fn the_length_of_a_block_that_is_not_packed_is_said_twice() {
        let stream = packed(b"not packed", 0);
        assert_eq!(inflate(&stream, 0, 99).end, Some(stream.len()));
        for at in 1..5 {
            let mut changed = stream.clone();
            changed[at] ^= 1;
            assert_eq!(inflate(&changed, 0, 99).end, None, "byte {at}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_says_what_came_before_the_cut() {
        let bytes: Vec<u8> = (0..4_000_u32).map(|at| (at.wrapping_mul(0x9e37_79b9) >> 27) as u8).collect();
        let stream = packed(&bytes, 6);
        for cut in 0..stream.len() {
            let inflated = inflate(&stream[..cut], bytes.len(), 1 << 20);
            assert_eq!(inflated.end, None, "{cut}");
            assert!(bytes.starts_with(&inflated.bytes), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn another_reader_unpacks_the_same_of_streams_in_which_a_byte_was_changed(
            words in vec("[a-f0-9]{1,64}", 1..40),
            level in 0_u32..10,
            at in any::<prop::sample::Index>(),
            change in any::<u8>(),
        ) {
            let mut stream = packed(words.concat().as_bytes(), level);
            let at = at.index(stream.len());
            stream[at] ^= change;
            let (ours, other) = (inflate(&stream, 0, 1 << 16), oracle(&stream, 1 << 16));
            prop_assert_eq!(ours.end.map(|end| (ours.bytes, end)), other);
        }

        #[test]
        fn another_reader_unpacks_the_same_of_any_bytes(stream in vec(any::<u8>(), 0..300)) {
            let (ours, other) = (inflate(&stream, 0, 1 << 16), oracle(&stream, 1 << 16));
            prop_assert_eq!(ours.end.map(|end| (ours.bytes, end)), other);
        }
    }
}
