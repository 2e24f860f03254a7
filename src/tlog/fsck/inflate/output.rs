//! What was unpacked.

/// Bytes written at once, of which only some count.
const CHUNK: usize = 4;

/// Bytes of a copy that are moved at once: most copies of a leaf are no longer.
const PIECE: usize = 32;

/// Bytes, of which the first `at` are unpacked.
pub(super) struct Output {
    // Invariant: at most a chunk longer than `most`.
    bytes: Vec<u8>,
    // Invariant: never beyond what `bytes` holds, so never beyond `most` by as much as a chunk.
    at: usize,
    most: usize,
}

impl Output {
    /// Room for so many bytes; there may be more, up to `most`.
    pub(super) fn new(expected: usize, most: usize) -> Self {
        Self { bytes: vec![0; expected.min(most) + CHUNK], at: 0, most }
    }

    /// Puts the first `count` of these; nothing if there is no room for more.
    #[inline]
    pub(super) fn literals(&mut self, literals: [u8; CHUNK], count: usize) -> Option<()> {
        if self.bytes.len() - self.at < CHUNK {
            self.grow(CHUNK)?;
        }
        *self.bytes.get_mut(self.at..)?.first_chunk_mut()? = literals;
        self.at += count;
        Some(())
    }

    /// Copies what stands so far back; nothing if there is no such place, or no room.
    #[inline]
    pub(super) fn copy(&mut self, distance: usize, length: usize) -> Option<()> {
        if distance >= PIECE && self.bytes.len() - self.at >= length + PIECE {
            return self.pieces(distance, length);
        }
        self.exactly(distance, length)
    }

    /// Copies by pieces, the last one whole: what stands behind the end is written over later, or not told.
    #[inline]
    fn pieces(&mut self, distance: usize, length: usize) -> Option<()> {
        let (mut at, end) = (self.at, self.at + length);
        while at < end {
            let piece: [u8; PIECE] = *self.bytes.get(at.checked_sub(distance)?..)?.first_chunk()?;
            *self.bytes.get_mut(at..)?.first_chunk_mut()? = piece;
            at += PIECE;
        }
        self.at = end;
        Some(())
    }

    #[cold]
    fn exactly(&mut self, distance: usize, length: usize) -> Option<()> {
        let from = self.at.checked_sub(distance)?;
        if self.bytes.len() - self.at < length {
            self.grow(length)?;
        }
        if distance >= length {
            self.bytes.copy_within(from..from + length, self.at);
        } else {
            self.repeat(from, length);
        }
        self.at += length;
        Some(())
    }

    /// Copies bytes of which the last are only made by copying the first.
    fn repeat(&mut self, from: usize, length: usize) {
        let (mut done, period) = (0, self.at - from);
        while done < length {
            // What stands between `from` and the end is whole periods, except the last time.
            let some = (period + done).min(length - done);
            self.bytes.copy_within(from..from + some, self.at + done);
            done += some;
        }
    }

    /// All that was unpacked, and whether it is no more than was allowed.
    pub(super) fn end(mut self) -> (Vec<u8>, bool) {
        let fits = self.at <= self.most;
        self.bytes.truncate(self.at.min(self.most));
        (self.bytes, fits)
    }

    /// Makes room for so many bytes, and as much again as there is, unless that is more than is allowed.
    fn grow(&mut self, count: usize) -> Option<()> {
        let (needed, most) = (self.at + count, self.most + CHUNK);
        if needed > most {
            return None;
        }
        self.bytes.resize(needed.max(2 * self.bytes.len()).min(most), 0);
        Some(())
    }
}
