//! What becomes of each thing that is read.

use std::mem;

use crate::policy::scope::Node;

use super::keys::Known;
use super::listener::{Listener, Piece};
use super::places::{At, Fate, Places, ROOT, UNKNOWN};
use super::released::Report;
use super::runs::Runs;

/// A container that is open.
#[derive(Debug, Clone, Copy)]
struct Frame {
    place: At,
    kind: Kind,
    /// Whether the container itself is written.
    written: bool,
    /// Whether something was written in it: the next needs a comma.
    started: bool,
    /// The known member that came last.
    before: At,
    /// The member that most likely comes next.
    likely: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    /// None: what the outermost value stands in.
    Nothing,
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
    /// The innermost container.
    top: Frame,
    /// Those around it.
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
            top: Frame {
                place: ROOT,
                kind: Kind::Nothing,
                written: false,
                started: false,
                before: UNKNOWN,
                likely: UNKNOWN,
            },
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

    /// The counts so far.
    pub(super) fn report(&self) -> Report {
        self.places.report()
    }

    /// The end of what goes on, and the counts. None if nothing of the answer was granted.
    pub(super) fn end(self) -> Option<(Vec<u8>, Report)> {
        (!self.end.is_empty()).then(|| (self.end, self.places.report()))
    }

    /// Whether the value that comes or ends now is the answer.
    fn is_outermost(&self) -> bool {
        self.top.kind == Kind::Nothing
    }

    /// The place of the value that comes now.
    #[inline(always)]
    fn next_place(&mut self) -> At {
        match self.top.kind {
            Kind::Array => self.places.item(self.top.place),
            Kind::Object => self.key.place,
            Kind::Nothing => ROOT,
        }
    }

    /// Whether a scalar that comes now goes on; what stands before it does then.
    #[inline(always)]
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
    #[inline(always)]
    fn lead(&mut self, bytes: &[u8]) {
        if self.top.started {
            self.runs.byte(bytes, b',');
        }
        self.top.started = true;
        if self.top.kind != Kind::Object {
            return;
        }
        match self.key.end {
            0 => self.runs.insert(bytes, &self.key.held),
            end => self.runs.keep(Piece { bytes, start: self.key.start, end }),
        }
        self.runs.byte(bytes, b':');
    }

    /// A value is withheld: in an array that is written, its place stays.
    #[inline(always)]
    fn hold_place(&mut self, bytes: &[u8]) {
        if self.top.kind == Kind::Array && self.top.written {
            self.lead(bytes);
            self.runs.insert(bytes, b"null");
        }
    }

    #[inline(always)]
    fn key_came(&mut self, key: Piece<'_>, place: At) -> Known {
        self.key.place = place;
        (self.key.start, self.key.end) = (key.start, key.end);
        if place == UNKNOWN {
            self.top.likely = self.places.likely(self.top.place, self.top.before);
            return Known::Not;
        }
        if self.top.likely != place {
            self.places.learn(self.top.place, self.top.before, place);
        }
        let (known, next) = self.places.known(place);
        self.top.before = place;
        self.top.likely = next;
        known
    }
}

impl Listener for Cutter<'_> {
    #[inline(always)]
    fn likely_key(&self) -> Option<&[u8]> {
        self.places.key(self.top.likely)
    }

    #[inline(always)]
    fn pass_likely_key(&mut self) -> bool {
        self.top.likely = self.places.known(self.top.likely).1;
        self.top.likely != UNKNOWN
    }

    #[inline(always)]
    fn likely_key_came(&mut self, key: Piece<'_>) -> Known {
        self.key_came(key, self.top.likely)
    }

    fn key(&mut self, key: Piece<'_>, name: &[u8]) -> Known {
        let place = self.places.member(self.top.place, name);
        self.key_came(key, place)
    }

    fn begin(&mut self, bracket: Piece<'_>, array: bool) -> bool {
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
        let likely = self.places.likely(place, UNKNOWN);
        let kind = if array { Kind::Array } else { Kind::Object };
        let inner = Frame { place, kind, written, started: false, before: UNKNOWN, likely };
        self.frames.push(mem::replace(&mut self.top, inner));
        place != UNKNOWN
    }

    fn end(&mut self, bracket: Piece<'_>) {
        let Some(outer) = self.frames.pop() else { return };
        if !mem::replace(&mut self.top, outer).written {
            return;
        }
        if self.is_outermost() {
            self.end.extend_from_slice(bracket.written());
        } else {
            self.runs.keep(bracket);
        }
    }

    #[inline(always)]
    fn scalar(&mut self, scalar: Piece<'_>) {
        if !self.takes_scalar(scalar.bytes, scalar.written() == b"null") {
            return;
        }
        if self.is_outermost() {
            self.end.extend_from_slice(scalar.written());
        } else {
            self.runs.keep(scalar);
        }
    }

    #[inline(always)]
    fn text(&mut self, part: Piece<'_>, first: bool, last: bool) {
        if first {
            self.keeps_text = self.takes_scalar(part.bytes, false);
        }
        if !self.keeps_text {
            return;
        }
        if last && self.is_outermost() {
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
