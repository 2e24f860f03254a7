//! Reads segments ahead of the replay, and checks every leaf against the hash beside it meanwhile: that is half of the work of a start,
//! and needs nothing of the other half.

use std::path::Path;
use std::sync::mpsc::SyncSender;

use super::OpenError;
use super::disk::Disk;
use super::frame::Frame;
use super::recover::disk_error;
use super::segment;

/// How many segments may wait to be replayed: memory holds that many and two more.
pub(super) const AHEAD: usize = 1;

/// A segment as it was read.
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) bytes: Vec<u8>,
    /// Where the first entry begins whose leaf is not the one its hash was taken of.
    pub(super) changed: Option<u64>,
}

/// Reads one segment after the other, until there are no more or nobody takes them.
pub(super) fn read(
    disk: &dyn Disk,
    wal: &Path,
    firsts: &[u64],
    into: &SyncSender<Result<Segment, OpenError>>,
) {
    for first in firsts.iter().copied() {
        let file = segment::path(wal, first);
        let read = disk.read(&file).map_err(disk_error(&file));
        let read = read.map(|bytes| Segment { first, changed: changed(&bytes), bytes });
        if into.send(read).is_err() {
            return;
        }
    }
}

fn changed(bytes: &[u8]) -> Option<u64> {
    let mut at = 0;
    while let Some(frame) = bytes.get(at..).and_then(Frame::read) {
        // What cannot be read is the replay's to name.
        let changed = frame.entries().flatten().find(|stored| !stored.is_whole());
        if let Some(stored) = changed {
            return Some(at as u64 + stored.offset as u64);
        }
        at += frame.header.frame_bytes();
    }
    None
}
