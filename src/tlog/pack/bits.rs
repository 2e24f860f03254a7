//! Bits, the least significant first, as DEFLATE has them (RFC 1951, 3.1.1).

/// Bits on their way into bytes.
pub(super) struct Bits {
    bytes: Vec<u8>,
    held: u64,
    // Invariant: fewer than 32 between two calls.
    count: u32,
}

impl Bits {
    /// Goes on behind these bytes.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, held: 0, count: 0 }
    }

    /// Writes the lowest `count` bits, at most 32; those above must be zero.
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.held |= u64::from(bits) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self) {
        let [a, b, c, d, ..] = self.held.to_le_bytes();
        let whole = self.count.div_ceil(8) as usize;
        self.bytes.extend([a, b, c, d].into_iter().take(whole));
        (self.held, self.count) = (0, 0);
    }

    /// Writes whole bytes, after [`Bits::align`] or before any bit.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// All bytes.
    pub(super) fn end(self) -> Vec<u8> {
        self.bytes
    }
}
