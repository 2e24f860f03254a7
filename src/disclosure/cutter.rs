//! What becomes of each thing that is read.

use crate::policy::scope::Node;

use super::keys::Known;
use super::places::{At, Fate, Places, ROOT, UNKNOWN};
use super::reader::{Listener, Piece};
use super::released::Report;
use super::runs::Runs;

/// A container that is open.
#[derive(Debug, Clone, Copy)]
struct Frame {
    place: At,
    array: bool,
    /// Whether the container itself is written.
    written: bool,
    /// Whether something was written in it: the next needs a comma.
    started: bool,
    /// The known member that came last.
    before: At,
    /// The member that most likely comes next.
    likely: At,
}

/// The key whose value comes next, as it is written.
#[derive(Debug, Default)]
struct Key {
    /// The place of its value.
    place: At,
    /// Where it stands in the bytes at hand; nowhere if it came before them.
    start: usize,
    end: usize,
    /// The key itself if it came before them.
    held: Vec<u8>,
}

/// Hears an answer and keeps of it what the scope keeps.
#[derive(Debug)]
pub(super) struct Cutter<'s> {
    places: Places<'s>,
    frames: Vec<Frame>,
    key: Key,
    /// Whether the string that is being read goes on.
    keeps_text: bool,
    runs: Runs,
    /// The end of the outermost value, held back until it is known that nothing follows. Empty if that value is withheld.
    end: Vec<u8>,
}

impl<'s> Cutter<'s> {
    /// Before the answer's first byte.
    pub(super) fn new(root: &'s Node) -> Self {
        Self {
            places: Places::new(root),
            frames: Vec::new(),
            key: Key::default(),
            keeps_text: false,
            runs: Runs::default(),
            end: Vec::new(),
        }
    }

    /// What goes on so far.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.runs.out
    }

    /// The end of what goes on, and the counts. None if nothing of the answer was granted.
    pub(super) fn end(self) -> Option<(Vec<u8>, Report)> {
        (!self.end.is_empty()).then(|| (self.end, self.places.report()))
    }

    /// The place of the value that comes now.
    #[inline]
    fn next_place(&mut self) -> At {
        match self.frames.last() {
            Some(frame) if frame.array => self.places.item(frame.place),
            Some(_) => self.key.place,
            None => ROOT,
        }
    }

    /// Whether a scalar that comes now goes on; what stands before it does then.
    #[inline]
    fn takes_scalar(&mut self, bytes: &[u8], is_null: bool) -> bool {
        let place = self.next_place();
        match self.places.scalar(place) {
            Fate::Released => {
                self.lead(bytes);
                return true;
            }
            Fate::Surprise if !is_null => self.places.surprise(),
            Fate::Surprise | Fate::Withheld => {}
        }
        self.hold_place(bytes);
        false
    }

    /// What stands before a value that is written: the comma and the key.
    #[inline]
    fn lead(&mut self, bytes: &[u8]) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.started {
            self.runs.byte(bytes, b',');
        }
        frame.started = true;
        if frame.array {
            return;
        }
        match self.key.end {
            0 => self.runs.insert(bytes, &self.key.held),
            end => self.runs.keep(Piece { bytes, start: self.key.start, end }),
        }
        self.runs.byte(bytes, b':');
    }

    /// A value is withheld: in an array that is written, its place stays.
    #[inline]
    fn hold_place(&mut self, bytes: &[u8]) {
        if self.frames.last().is_some_and(|frame| frame.array && frame.written) {
            self.lead(bytes);
            self.runs.insert(bytes, b"null");
        }
    }

    #[inline]
    fn key_came(&mut self, key: Piece<'_>, place: At) -> Known {
        self.key.place = place;
        (self.key.start, self.key.end) = (key.start, key.end);
        if place == UNKNOWN {
            return Known::Not;
        }
        if let Some(frame) = self.frames.last_mut() {
            if frame.likely != place {
                self.places.learn(frame.place, frame.before, place);
            }
            frame.before = place;
            frame.likely = self.places.likely_after(place);
        }
        self.places.known(place)
    }
}

impl Listener for Cutter<'_> {
    #[inline]
    fn likely_key(&self) -> Option<&[u8]> {
        self.frames.last().and_then(|frame| self.places.key(frame.likely))
    }

    #[inline]
    fn likely_key_came(&mut self, key: Piece<'_>) -> Known {
        let place = self.frames.last().map_or(UNKNOWN, |frame| frame.likely);
        self.key_came(key, place)
    }

    fn key(&mut self, key: Piece<'_>, name: &[u8]) -> Known {
        let object = self.frames.last().map_or(UNKNOWN, |frame| frame.place);
        let place = self.places.member(object, name);
        self.key_came(key, place)
    }

    fn begin(&mut self, bracket: Piece<'_>, array: bool) {
        let place = self.next_place();
        let written = self.places.is_open(place);
        if written {
            self.lead(bracket.bytes);
            self.runs.keep(bracket);
        } else {
            self.hold_place(bracket.bytes);
        }
        if !array {
            self.places.count_container(place);
        }
        self.places.enter(place);
        let likely = self.places.likely_first(place);
        self.frames.push(Frame { place, array, written, started: false, before: UNKNOWN, likely });
    }

    fn end(&mut self, bracket: Piece<'_>) {
        let Some(frame) = self.frames.pop() else { return };
        if !frame.written {
            return;
        }
        if self.frames.is_empty() {
            self.end.extend_from_slice(bracket.written());
        } else {
            self.runs.keep(bracket);
        }
    }

    #[inline]
    fn scalar(&mut self, scalar: Piece<'_>) {
        if !self.takes_scalar(scalar.bytes, scalar.written() == b"null") {
            return;
        }
        if self.frames.is_empty() {
            self.end.extend_from_slice(scalar.written());
        } else {
            self.runs.keep(scalar);
        }
    }

    #[inline]
    fn text(&mut self, part: Piece<'_>, first: bool, last: bool) {
        if first {
            self.keeps_text = self.takes_scalar(part.bytes, false);
        }
        if !self.keeps_text {
            return;
        }
        if last && self.frames.is_empty() {
            self.end.push(b'"');
            self.runs.keep(Piece { end: part.end - 1, ..part });
        } else {
            self.runs.keep(part);
        }
    }

    fn pause(&mut self, bytes: &[u8]) {
        self.runs.pause(bytes);
        let written = bytes.get(self.key.start..self.key.end).unwrap_or_default();
        if !written.is_empty() {
            self.key.held.clear();
            self.key.held.extend_from_slice(written);
            (self.key.start, self.key.end) = (0, 0);
        }
    }
}
