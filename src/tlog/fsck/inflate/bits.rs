//! Bits of a stream, the least significant first (RFC 1951, 3.1.1).

/// The bits that come next.
pub(super) struct Bits<'a> {
    stream: &'a [u8],
    /// Of the stream, the first byte of which nothing counts as held.
    at: usize,
    // Invariant: its lowest `count` bits come next; those above are what follows in the stream, or zero.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// The bits of a stream from its beginning.
    pub(super) fn of(stream: &'a [u8]) -> Self {
        Self { stream, at: 0, held: 0, count: 0 }
    }

    /// Holds 56 bits or more, or all that are left.
    #[inline]
    pub(super) fn fill(&mut self) {
        let rest = self.stream.get(self.at..).unwrap_or_default();
        if let Some(eight) = rest.first_chunk() {
            self.held |= u64::from_le_bytes(*eight) << self.count;
            self.at += (63 - self.count as usize) / 8;
            self.count |= 56;
        } else {
            for byte in rest.iter().take((63 - self.count as usize) / 8) {
                self.held |= u64::from(*byte) << self.count;
                self.at += 1;
                self.count += 8;
            }
        }
    }

    /// The bits that are held; zeros behind the last.
    #[inline]
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// Passes over bits that are held; nothing if there are not so many.
    #[inline]
    pub(super) fn pass(&mut self, count: u32) -> Option<()> {
        self.count = self.count.checked_sub(count)?;
        self.held >>= count;
        Some(())
    }

    /// The next bits, at most 16, of those that are held.
    #[inline]
    pub(super) fn take_held(&mut self, count: u32) -> Option<u32> {
        let taken = self.held & ((1 << count) - 1);
        self.pass(count)?;
        Some(taken as u32)
    }

    /// The next bits, at most 16.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        self.fill();
        self.take_held(count)
    }

    /// Passes over what is left of a byte.
    pub(super) fn align(&mut self) {
        let left = self.count % 8;
        self.held >>= left;
        self.count -= left;
    }

    /// Where the byte ends in which the last bit stood that was taken.
    pub(super) fn end(&self) -> usize {
        self.at - self.count as usize / 8
    }
}
