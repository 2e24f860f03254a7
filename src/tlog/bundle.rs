//! Entry bundles (C2SP tlog-tiles): entries one after the other, each behind its length in two bytes, big-endian. Annexes are bundled the
//! same way. Full bundles lie on the disk as gzip.

use super::pack;
use super::tile::WIDTH;

/// Bytes before each item.
const LENGTH_BYTES: usize = 2;

/// The longest full bundle, in bytes: whatever unpacks to more is none.
const BUNDLE_BYTES_MAX: u64 = WIDTH as u64 * (LENGTH_BYTES as u64 + u16::MAX as u64);

/// The bundle of these items, each shorter than 2^16 bytes.
pub(super) fn encode<'a>(items: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        // Invariant: the caps of leaf and annex are far below 2^16, so no length is cut.
        bytes.extend_from_slice(&(item.len() as u16).to_be_bytes());
        bytes.extend_from_slice(item);
    }
    bytes
}

/// The items of a full bundle; nothing if there are not exactly as many as a tile is wide.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut rest, mut items) = (bytes, Vec::with_capacity(usize::from(WIDTH)));
    while let Some((length, behind)) = rest.split_first_chunk::<LENGTH_BYTES>() {
        let (item, next) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        items.push(item);
        rest = next;
    }
    (rest.is_empty() && items.len() == usize::from(WIDTH)).then_some(items)
}

/// The bytes of the first `count` items: a partial bundle is a prefix of the full one.
pub(super) fn prefix(bytes: &[u8], count: u16) -> Option<&[u8]> {
    let mut end = 0;
    for _ in 0..count {
        let length = bytes.get(end..)?.first_chunk::<LENGTH_BYTES>()?;
        end += LENGTH_BYTES + usize::from(u16::from_be_bytes(*length));
    }
    bytes.get(..end)
}

/// Unpacks a bundle; nothing if it is no gzip, has anything behind it, or is longer than any bundle.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    pack::unpack(packed, BUNDLE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::super::pack::pack;
    use super::*;

    fn items() -> Vec<Vec<u8>> {
        (0..=255u8).map(|n| vec![n; usize::from(n) * 3]).collect()
    }

    #[test]
    fn a_bundle_reads_back_packed_and_unpacked_and_its_prefixes_are_partial_bundles() {
        let items = items();
        let bytes = encode(items.iter().map(Vec::as_slice));
        let unpacked = unpack(&pack(&bytes)).unwrap();
        assert_eq!(unpacked, bytes);
        assert_eq!(decode(&unpacked).unwrap(), items);
        for count in [1, 7, 255, 256] {
            let partial = encode(items.iter().take(usize::from(count)).map(Vec::as_slice));
            assert_eq!(prefix(&bytes, count), Some(partial.as_slice()));
        }
        assert_eq!(prefix(&bytes, 257), None);
    }

    #[test]
    fn what_is_not_exactly_one_full_bundle_is_none() {
        let bytes = encode(items().iter().map(Vec::as_slice));
        for bad in [
            &bytes[..bytes.len() - 1],
            &[bytes.as_slice(), &[0]].concat(),
            &[bytes.as_slice(), &[0, 0]].concat(),
            &[],
        ] {
            assert!(decode(bad).is_none());
        }
        let packed = pack(&bytes);
        for bad in [
            &packed[..packed.len() - 1],
            &[packed.as_slice(), &[0]].concat(),
            &[packed.as_slice(), &packed].concat(),
            &[],
        ] {
            assert!(unpack(bad).is_none());
        }
        let bomb = pack(&vec![0; BUNDLE_BYTES_MAX as usize + 1]);
        assert!(unpack(&bomb).is_none());
    }

    #[test]
    fn a_packed_bundle_with_a_byte_changed_is_none_or_the_same() {
        let bytes = encode(items().iter().map(Vec::as_slice));
        let packed = pack(&bytes);
        for at in (0..packed.len()).step_by(5) {
            let mut flipped = packed.clone();
            flipped[at] ^= 0x10;
            // The header's time and system, and flags of a name that is not there, say nothing of the content.
            assert!(unpack(&flipped).is_none_or(|same| same == bytes), "{at}");
        }
    }
}
