//! A compressed bundle (RFC 1952), unpacked as far as it can be.
//!
//! Its header is ten bytes that never change. Of the rest, only these bits mean nothing, since every reader ignores them: the two
//! hints in the header on how it was compressed, and what pads the compressed stream to whole bytes.

use flate2::Crc;

use super::format::LEAF_MAX;
use super::format::chunk;
use super::inflate::Inflated;
use super::inflate::inflate;
use super::roots::WIDTH;

/// Bytes of a header.
const HEADER: usize = 10;

/// Bytes of the checksum and the length behind the stream.
const TRAILER: usize = 8;

/// Bytes of a bundle, at most: that many are unpacked and no more, whatever is claimed.
const BYTES_MAX: usize = (2 + LEAF_MAX) * WIDTH as usize;

/// What a bundle unpacks to.
pub(super) struct Unpacked {
    pub(super) bytes: Vec<u8>,
    pub(super) wrong: Vec<Wrong>,
}

/// What is wrong with the packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Header,
    /// The stream was changed or cut: what was unpacked is not all.
    Stream,
    /// The checksum or the length does not fit.
    Sum,
    /// Bytes stand behind the end.
    Behind,
}

/// Unpacks a bundle.
pub(super) fn unpacked(packed: &[u8]) -> Unpacked {
    let mut wrong = Vec::new();
    if !is_header(packed.get(..HEADER).unwrap_or_default()) {
        wrong.push(Wrong::Header);
    }
    let stream = packed.get(HEADER..).unwrap_or_default();
    let length = packed.len().checked_sub(4).and_then(|at| chunk(packed, at)).map_or(0, u32::from_le_bytes);
    let Inflated { bytes, end } = inflate(stream, length as usize, BYTES_MAX);
    let Some(end) = end else {
        wrong.push(Wrong::Stream);
        return Unpacked { bytes, wrong };
    };
    let mut sum = Crc::new();
    sum.update(&bytes);
    let trailer = stream.get(end..).unwrap_or_default();
    let says = chunk(trailer, 0).map(u32::from_le_bytes).zip(chunk(trailer, 4).map(u32::from_le_bytes));
    if says.is_none_or(|(crc, length)| crc != sum.sum() || length as usize != bytes.len()) {
        wrong.push(Wrong::Sum);
    }
    if trailer.len() > TRAILER {
        wrong.push(Wrong::Behind);
    }
    Unpacked { bytes, wrong }
}

/// Deflate, no flags, no time; a hint (none, best, fastest) and the system (255: unknown, or 3: Unix).
fn is_header(header: &[u8]) -> bool {
    match header {
        [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, hint, system] => [0, 2, 4].contains(hint) && [3, 255].contains(system),
        _ => false,
    }
}
