//! The records of an answer that comes in chunks: what of it may go on because whomever it is about is named, and can be counted, and what
//! has to wait.
//!
//! A record is an item of the outermost array on the way to where people are named; without such an array the whole answer is one. It is
//! open from its first byte until nobody else can be named in it: a household waits for all of its members, and a list for one of its
//! people at a time. What stands before the first record (the list's own title) waits with it; what stands behind the last waits for nobody.

use super::chunks::Chunks;
use super::keys::Known;
use super::listener::{Listener, Piece};
use super::pointed::Search;
use super::undisclosable::Flaw;
use super::undisclosable::Undisclosable;

/// Bytes of an answer, from its records.
#[derive(Debug)]
pub(super) struct Records {
    chunks: Chunks<Ends>,
    /// What must not go on yet.
    held: Vec<u8>,
    /// How many bytes came before those that are held.
    before: usize,
    /// How many may be held.
    most: u64,
}

impl Records {
    /// People are named at this pointer; none if it is no pointer. A record has at most so many bytes.
    pub(super) fn at(pointer: &str, most: u64) -> Option<Self> {
        let chunks = Chunks::new(Ends::new(Search::for_people(pointer)?));
        Some(Self { chunks, held: Vec::new(), before: 0, most })
    }

    /// The answer goes on: those whom this chunk names.
    ///
    /// # Errors
    /// The answer cannot be read with one meaning, or names somebody at such length that nobody can be counted by it.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<Vec<String>, Undisclosable> {
        self.chunks.feed(chunk)?;
        self.held.extend_from_slice(chunk);
        self.chunks.listener().search.named()
    }

    /// What may go on once those are counted who were named so far.
    ///
    /// # Errors
    /// A record is too large to be held.
    pub(super) fn settled(&mut self) -> Result<Vec<u8>, Undisclosable> {
        let waits = self.chunks.heard().open.unwrap_or(self.chunks.read_whole());
        let settled = waits.saturating_sub(self.before).min(self.held.len());
        let rest = self.held.split_off(settled);
        let settled = std::mem::replace(&mut self.held, rest);
        self.before += settled.len();
        if u64::try_from(self.held.len()).is_ok_and(|held| held > self.most) {
            return Err(Undisclosable { flaw: Flaw::RecordTooLong, at: self.before });
        }
        Ok(settled)
    }

    /// Those who were not told yet when the answer ended, and what may go on once they are counted.
    ///
    /// # Errors
    /// As [`Records::take`].
    pub(super) fn finish(self) -> Result<(Vec<String>, Vec<u8>), Undisclosable> {
        Ok((self.chunks.finish()?.search.named()?, self.held))
    }
}

/// Hears where records begin and end, and who is named in them.
#[derive(Debug)]
struct Ends {
    search: Search,
    /// How many bytes came before those at hand.
    base: usize,
    /// Where the record begins in which somebody may still be named; what comes before the first is taken as a part of it.
    open: Option<usize>,
    containers: Vec<Container>,
    /// How many arrays on the way are open.
    arrays: usize,
    /// Whether the text that is being read stands on the way.
    text_on_the_way: bool,
}

/// A container that is open.
#[derive(Debug, Clone, Copy)]
struct Container {
    /// Whether people may be named in it, or at its place.
    on_the_way: bool,
    array: bool,
}

impl Ends {
    fn new(search: Search) -> Self {
        Self { search, base: 0, open: Some(0), containers: Vec::new(), arrays: 0, text_on_the_way: false }
    }

    /// A value begins. Tells whether people may be named in it.
    fn value_begins(&mut self, start: usize) -> bool {
        let on_the_way = self.search.leads_here();
        let is_item = self.containers.last().is_some_and(|around| around.on_the_way && around.array);
        if on_the_way && is_item && self.arrays == 1 {
            self.open.get_or_insert(self.base + start);
        }
        on_the_way
    }

    /// A value on the way has ended. An object has one member on the way: unless an array within the record is open, nobody else can be
    /// named in it.
    fn value_ended(&mut self) {
        if self.arrays <= 1 {
            self.open = None;
        }
    }
}

impl Listener for Ends {
    fn likely_key(&self) -> Option<&[u8]> {
        self.search.likely_key()
    }

    fn pass_likely_key(&mut self) -> bool {
        self.search.pass_likely_key()
    }

    fn likely_key_came(&mut self, key: Piece<'_>) -> Known {
        self.search.likely_key_came(key)
    }

    fn key(&mut self, key: Piece<'_>, name: &[u8]) -> Known {
        self.search.key(key, name)
    }

    fn begin(&mut self, bracket: Piece<'_>, array: bool) -> bool {
        let on_the_way = self.value_begins(bracket.start);
        self.containers.push(Container { on_the_way, array });
        self.arrays += usize::from(on_the_way && array);
        self.search.begin(bracket, array)
    }

    fn end(&mut self, bracket: Piece<'_>) {
        self.search.end(bracket);
        let Some(Container { on_the_way: true, array }) = self.containers.pop() else { return };
        self.arrays -= usize::from(array);
        self.value_ended();
    }

    fn scalar(&mut self, scalar: Piece<'_>) {
        let on_the_way = self.value_begins(scalar.start);
        self.search.scalar(scalar);
        if on_the_way {
            self.value_ended();
        }
    }

    fn text(&mut self, part: Piece<'_>, first: bool, last: bool) {
        if first {
            self.text_on_the_way = self.value_begins(part.start);
        }
        self.search.text(part, first, last);
        if last && self.text_on_the_way {
            self.value_ended();
        }
    }

    fn resume(&mut self, base: usize) {
        self.base = base;
    }

    fn pause(&mut self, bytes: &[u8]) {
        self.search.pause(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::pointed::subject_in;
    use super::*;

    /// Answers, and where people are named in them. What says `ten-1` is about the person `so-1`, and so on; each `;` stands where all that
    /// was said before it must have gone on.
    const ANSWERS: &[(&str, &str)] = &[
        (
            "/CongDan/So",
            r#"{"x":"ten-1","CongDan":{"Ten":"ten-1","So":"so-1";,"y":"ten-1";};,"z":"ten-1";};"#,
        ),
        (
            "/CongDan/So",
            r#"[{"CongDan":{"Ten":"ten-1","So":"so-1";}};,{"CongDan":{"Ten":"ten-2","So":"so-2";,"y":"ten-2";}};];"#,
        ),
        (
            "/CongDan/So",
            r#"[{"Ten":"ten-1","CongDan":[{"So":"so-1"}];},{"Ten":"ten-2","CongDan":{"So":"so-2";}}];"#,
        ),
        (
            "/ds/*/So",
            r#"{"TieuDe":"","ds":[{"Ten":"ten-1","So":"so-1";},{"Ten":"ten-2","So":"so-2";,"y":"ten-2";};];,"z":"";}"#,
        ),
        (
            "/ds/*/So",
            r#"{"ds":[null;,7,;{};,{"Ten":"x"};,{"Ten":"","So":null;},{"Ten":"ten-1","So":"so-1";},{"So":"";,"Ten":"";}];}"#,
        ),
        ("/ds/So", r#"{"ds":[];,"Ten":"";}"#),
        // A household waits for all of its members, whoever of them is told of first.
        (
            "/ho/*/ai/*/So",
            r#"{"ho":[{"Chu":"ten-2","ai":[{"So":"so-1"},{"Ten":"ten-2","So":"so-2"}];,"x":"ten-1";};,{"Chu":"","ai":[];};];}"#,
        ),
        (
            "/ai/So",
            r#"[{"Chu":"ten-2","ai":[{"So":"so-1"},{"Ten":"ten-2","So":"so-2"}];},{"ai":{"So":"so-3","z":"ten-3";}}]"#,
        ),
        // Lists of people who are nothing but named, and lists of lists.
        ("/so", r#"{"so":["so-1";,"so-2";];}"#),
        ("/so/*", r#"{"so":[["so-1","so-2"];,["so-3"];,[];,"so-4";];}"#),
        ("", r#"["so-1";,"so-2";]"#),
        // The same names beside the way are nobody.
        (
            "/a/So",
            r#"{"b":{"So":"x","Ten":"ten-1"},"So":"x","a":{"b":{"So":"x"},"S\u006f":"so-\u0031";,"Ten":"ten-1";}}"#,
        ),
    ];

    const PEOPLE: usize = 4;

    fn cut_at(pointer: &str, chunks: &[&str], whole: &str) {
        let mut records = Records::at(pointer, u64::MAX).unwrap();
        let (mut told, mut named) = (String::new(), Vec::new());
        for chunk in chunks {
            named.extend(records.take(chunk.as_bytes()).unwrap());
            told.push_str(&String::from_utf8(records.settled().unwrap()).unwrap());
            for person in 1..=PEOPLE {
                let says = |of: &str| told.contains(&format!("{of}-{person}"));
                let is_named = named.contains(&format!("so-{person}"));
                assert!(is_named || !says("ten") && !says("so"), "{pointer} {chunks:?}: {told} {named:?}");
            }
        }
        let (last, rest) = records.finish().unwrap();
        named.extend(last);
        assert_eq!(named, subject_in(whole.as_bytes(), pointer), "{pointer}");
        assert_eq!(format!("{told}{}", String::from_utf8(rest).unwrap()), whole, "{pointer}");
    }

    #[test]
    fn a_record_that_is_larger_than_what_is_held_ends_the_answer_and_one_that_is_not_passes() {
        let record = |bytes: usize| format!(r#"{{"Ten":"{}","So":"so-1"}}"#, "x".repeat(bytes));
        for (bytes, passes) in [(60, true), (200, false)] {
            let mut records = Records::at("/So", 100).unwrap();
            let whole = format!("[{},{}]", record(10), record(bytes));
            let read = whole.as_bytes().chunks(7).try_for_each(|chunk| {
                records.take(chunk)?;
                records.settled().map(drop)
            });
            let flaw = Undisclosable { flaw: Flaw::RecordTooLong, at: 1 + record(10).len() + 1 };
            assert_eq!(read, if passes { Ok(()) } else { Err(flaw) });
        }
    }

    #[test]
    fn nothing_about_a_person_goes_on_before_they_are_named_however_an_answer_is_cut() {
        for (pointer, marked) in ANSWERS {
            let whole = marked.replace(';', "");
            for size in 1..=whole.len() {
                let chunks: Vec<&str> =
                    whole.as_bytes().chunks(size).map(|c| str::from_utf8(c).unwrap()).collect();
                cut_at(pointer, &chunks, &whole);
            }
            for place in 0..=whole.len() {
                let (head, tail) = whole.split_at(place);
                cut_at(pointer, &[head, tail], &whole);
            }
        }
    }

    #[test]
    fn what_is_about_nobody_else_goes_on_at_once() {
        for (pointer, marked) in ANSWERS {
            let whole = marked.replace(';', "");
            let mut place = 0;
            for part in marked.split_inclusive(';').filter(|part| part.ends_with(';')) {
                place += part.len() - 1;
                let mut records = Records::at(pointer, 0).unwrap();
                records.take(whole.get(..place).unwrap().as_bytes()).unwrap();
                let told = String::from_utf8(records.settled().unwrap()).unwrap();
                assert_eq!(Some(&*told), whole.get(..place), "{pointer}");
            }
        }
    }
}
