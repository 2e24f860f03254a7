//! What is kept, copied in as few and as long pieces as there are: what stands side by side in the answer and goes on side by
//! side is one run.

use super::listener::Piece;

/// Copies parts of the bytes at hand.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// What is copied so far.
    pub(super) out: Vec<u8>,
    /// Where the run that is not copied yet begins in the bytes at hand.
    start: usize,
    /// Where it ends.
    end: usize,
}

impl Runs {
    /// A part goes on as it is written.
    #[inline(always)]
    pub(super) fn keep(&mut self, piece: Piece<'_>) {
        if piece.start != self.end {
            self.copy(piece.bytes);
            self.start = piece.start;
        }
        self.end = piece.end;
    }

    /// A byte follows. It need not be copied apart if it is what follows the run anyway.
    #[inline(always)]
    pub(super) fn byte(&mut self, bytes: &[u8], byte: u8) {
        if bytes.get(self.end) == Some(&byte) {
            self.end += 1;
        } else {
            self.insert(bytes, &[byte]);
        }
    }

    /// Something follows that is not of the bytes at hand.
    pub(super) fn insert(&mut self, bytes: &[u8], text: &[u8]) {
        self.copy(bytes);
        self.out.extend_from_slice(text);
    }

    /// The bytes at hand are used up.
    pub(super) fn pause(&mut self, bytes: &[u8]) {
        self.copy(bytes);
        (self.start, self.end) = (0, 0);
    }

    fn copy(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes.get(self.start..self.end).unwrap_or_default());
        self.start = self.end;
    }
}
