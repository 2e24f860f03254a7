//! A segment read piece by piece: a reader of a log holds two batches of it, not all.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::frame::FRAME_BYTES_MAX;

/// Bytes held, unless what stands there is no batch: two of the longest frames, so that each reading takes in at least one.
const WINDOW_BYTES: usize = 2 * FRAME_BYTES_MAX;

/// The bytes of a file from a position on, as many as are needed to read a frame.
#[derive(Debug)]
pub(super) struct Window {
    file: File,
    bytes: Vec<u8>,
    /// Where `bytes` begins in the file.
    from: u64,
    /// How many of `bytes` were passed.
    at: usize,
    /// Whether `bytes` reaches to the file's end.
    is_whole: bool,
}

impl Window {
    /// Opens a file, and reads its begin.
    pub(super) fn open(file: &Path) -> io::Result<Self> {
        let mut window = Self { file: File::open(file)?, bytes: Vec::new(), from: 0, at: 0, is_whole: false };
        window.read(WINDOW_BYTES)?;
        Ok(window)
    }

    /// What is held and was not passed.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Where that begins in the file.
    pub(super) fn position(&self) -> u64 {
        self.from + self.at as u64
    }

    /// Passes so many bytes.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.bytes.len());
    }

    /// Holds more of what was not passed; says whether there was more. If what is held could have been a frame and is none, everything
    /// that follows is read, but for zeros that nothing follows: a segment that is written has mebibytes of them.
    pub(super) fn widen(&mut self) -> io::Result<bool> {
        if self.is_whole {
            return Ok(false);
        }
        if self.at > 0 || self.bytes.len() < WINDOW_BYTES {
            self.read(WINDOW_BYTES)?;
        } else if self.is_zero_from_here_on()? {
            (self.bytes, self.is_whole) = (Vec::new(), true);
        } else {
            self.read(usize::MAX)?;
        }
        Ok(true)
    }

    /// Reads everything that was not passed again, from the file that has the name now.
    pub(super) fn read_again(&mut self, file: &Path) -> io::Result<()> {
        self.file = File::open(file)?;
        self.read(usize::MAX)
    }

    fn is_zero_from_here_on(&self) -> io::Result<bool> {
        let (mut bytes, mut at) = (self.bytes.clone(), self.from);
        while !bytes.is_empty() {
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            at += bytes.len() as u64;
            bytes = piece(&self.file, at, WINDOW_BYTES)?;
        }
        Ok(true)
    }

    /// Forgets what was passed, and holds at most so many bytes of what follows.
    fn read(&mut self, most: usize) -> io::Result<()> {
        (self.from, self.at) = (self.position(), 0);
        self.bytes = piece(&self.file, self.from, most)?;
        self.is_whole = self.bytes.len() < most;
        Ok(())
    }
}

/// At most so many bytes of a file; fewer only where it ends.
fn piece(file: &File, from: u64, most: usize) -> io::Result<Vec<u8>> {
    let there = usize::try_from(file.metadata()?.len().saturating_sub(from)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; there.min(most)];
    let mut read = 0;
    while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(bytes: &[u8]) -> (tempfile::TempDir, Window) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("segment");
        crate::tlog::tests::put(&file, bytes);
        let window = Window::open(&file).unwrap();
        (folder, window)
    }

    #[test]
    fn every_byte_is_seen_once_whatever_is_passed_at_a_time() {
        let bytes: Vec<u8> = (0..3 * WINDOW_BYTES + 7).map(|at| (at % 251) as u8).collect();
        for step in [1000, FRAME_BYTES_MAX, WINDOW_BYTES] {
            let (_folder, mut window) = opened(&bytes);
            let mut seen = Vec::new();
            loop {
                let step = step.min(window.rest().len());
                seen.extend_from_slice(&window.rest()[..step]);
                window.pass(step);
                if window.rest().len() < step.max(1) && !window.widen().unwrap() {
                    break;
                }
            }
            seen.extend_from_slice(window.rest());
            assert!(seen == bytes, "{step}");
        }
    }

    #[test]
    fn zeros_to_the_end_are_not_held_and_a_byte_far_behind_them_is() {
        let mut bytes = vec![0; 5 * WINDOW_BYTES];
        let (_folder, mut window) = opened(&bytes);
        assert!(window.widen().unwrap() && window.rest().is_empty() && !window.widen().unwrap());
        *bytes.last_mut().unwrap() = 1;
        let (_folder, mut window) = opened(&bytes);
        assert!(window.widen().unwrap() && window.rest().len() == bytes.len() && !window.widen().unwrap());
    }
}
