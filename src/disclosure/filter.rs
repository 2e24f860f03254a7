//! The cut: an answer's events against a scope. What the scope keeps is copied through as it is written; insignificant white
//! space is not. Everything else is still read, so that a flaw in what is withheld withholds the rest too.
//!
//! Where the agreements' text leaves a choice, it is made here:
//!
//! - An array keeps its length: an item that is withheld leaves `null` in its place. Leaving it out would move the items
//!   behind it and tell a wrong count; `null` says nothing but that here is nothing to be read.
//! - A scalar where the catalogue has only deeper pointers is withheld and counted as uncatalogued: the platform has changed.
//!   `null` there is withheld too but counts as nothing: it is how platforms say that there is no such object.
//! - An item is what stands at a field's place: an array's items each, else the one value. A container between a kept field and
//!   the root counts for itself only where it is granted or withheld as a whole.
//! - When not even the outermost value may stay, there is no valid answer left, and it is undisclosable.

use crate::policy::scope::{Node, Scope};

use super::reader::{Event, Reader};
use super::released::{Report, Tally};
use super::undisclosable::{Flaw, Undisclosable};

/// An answer after the cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The JSON that may go on.
    pub bytes: Vec<u8>,
    /// What went on and what stayed.
    pub report: Report,
}

/// Cuts an answer down to what the scope keeps.
///
/// # Errors
/// The answer is not JSON with exactly one meaning, passes a bound, or nothing of it is granted. Nothing of it may go on then.
pub fn cut(json: &[u8], scope: &Scope) -> Result<Cut, Undisclosable> {
    let mut reader = Reader::new(json)?;
    let mut cutter = Cutter::new(&scope.root, json.len());
    while let Some(event) = reader.next()? {
        cutter.take(event);
    }
    cutter.finish()
}

/// What the scope says of the place where a value stands.
#[derive(Debug, Clone, Copy)]
enum Place<'s> {
    /// Something here or below is kept.
    Open(&'s Node),
    /// Withheld, but the catalogue knows it: it is counted.
    Closed(&'s Node),
    /// Withheld, and whatever had to be counted was.
    Unknown,
}

#[derive(Debug)]
struct Frame<'s> {
    place: Place<'s>,
    array: bool,
    /// Whether the container itself is written.
    written: bool,
    /// Whether something was written in it: the next needs a comma.
    started: bool,
}

#[derive(Debug)]
struct Cutter<'s, 'a> {
    root: &'s Node,
    out: Vec<u8>,
    frames: Vec<Frame<'s>>,
    /// The key whose value comes next, and what the scope says of it.
    member: Option<(&'a str, Place<'s>)>,
    tally: Tally<'s>,
}

impl<'s, 'a> Cutter<'s, 'a> {
    fn new(root: &'s Node, capacity: usize) -> Self {
        Self {
            root,
            out: Vec::with_capacity(capacity),
            frames: Vec::new(),
            member: None,
            tally: Tally::default(),
        }
    }

    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Key { raw, name } => self.member = Some((raw, self.member_place(&name))),
            Event::Scalar(raw) => self.scalar(raw),
            Event::BeginObject => self.begin(false),
            Event::BeginArray => self.begin(true),
            Event::EndObject => self.end(b'}'),
            Event::EndArray => self.end(b']'),
        }
    }

    fn finish(self) -> Result<Cut, Undisclosable> {
        if self.out.is_empty() {
            return Err(Undisclosable { flaw: Flaw::NothingGranted, at: 0 });
        }
        Ok(Cut { bytes: self.out, report: self.tally.report() })
    }

    fn scalar(&mut self, raw: &str) {
        let (key, place) = self.next_place();
        match place {
            Place::Open(node) if node.kept => {
                self.lead(key);
                self.out.extend_from_slice(raw.as_bytes());
                if let Some(field) = &node.field {
                    self.tally.released(field);
                }
                return;
            }
            Place::Open(node) | Place::Closed(node) => match &node.field {
                Some(field) => self.tally.withheld(field),
                None if raw != "null" => self.tally.uncatalogued(),
                None => {}
            },
            Place::Unknown => {}
        }
        self.hold_place();
    }

    fn begin(&mut self, array: bool) {
        let (key, place) = self.next_place();
        let written = matches!(place, Place::Open(_));
        if written {
            self.lead(key);
            self.out.push(if array { b'[' } else { b'{' });
        } else {
            self.hold_place();
        }
        if !array {
            self.count_container(place);
        }
        self.frames.push(Frame { place, array, written, started: false });
    }

    fn end(&mut self, closing: u8) {
        if self.frames.pop().is_some_and(|frame| frame.written) {
            self.out.push(closing);
        }
    }

    /// What the scope says of the value that comes now, and its key if it is a member.
    fn next_place(&mut self) -> (Option<&'a str>, Place<'s>) {
        if let Some((key, place)) = self.member.take() {
            return (Some(key), place);
        }
        match self.frames.last().map(|frame| frame.place) {
            Some(array) => (None, self.item_place(array)),
            None => (None, open_or_closed(self.root)),
        }
    }

    fn member_place(&mut self, name: &str) -> Place<'s> {
        let (node, open) = match self.frames.last().map(|frame| frame.place) {
            Some(Place::Open(node)) => (node, true),
            Some(Place::Closed(node)) => (node, false),
            Some(Place::Unknown) | None => return Place::Unknown,
        };
        match node.members.get(name) {
            Some(child) if open => open_or_closed(child),
            Some(child) => Place::Closed(child),
            None => {
                // Below a withheld field that the catalogue does not open, nothing is a surprise: the field is all of it.
                if open || !node.members.is_empty() || node.items.is_some() {
                    self.tally.uncatalogued();
                }
                Place::Unknown
            }
        }
    }

    fn item_place(&mut self, array: Place<'s>) -> Place<'s> {
        let items = match array {
            Place::Open(node) | Place::Closed(node) => node.items.as_deref(),
            Place::Unknown => None,
        };
        let Some(items) = items else { return array };
        // The array's own field, if it has one, has as many items as the array.
        self.count_container(array);
        if matches!(array, Place::Open(_)) { open_or_closed(items) } else { Place::Closed(items) }
    }

    fn count_container(&mut self, place: Place<'s>) {
        match place {
            Place::Open(Node { kept: true, field: Some(field), .. }) => self.tally.released(field),
            Place::Closed(Node { field: Some(field), .. }) => self.tally.withheld(field),
            Place::Open(_) | Place::Closed(_) | Place::Unknown => {}
        }
    }

    /// What stands before a value that is written: the comma and the key.
    fn lead(&mut self, key: Option<&str>) {
        if let Some(frame) = self.frames.last_mut()
            && std::mem::replace(&mut frame.started, true)
        {
            self.out.push(b',');
        }
        if let Some(key) = key {
            self.out.extend_from_slice(key.as_bytes());
            self.out.push(b':');
        }
    }

    /// A value is withheld: in an array that is written, its place stays.
    fn hold_place(&mut self) {
        if self.frames.last().is_some_and(|frame| frame.array && frame.written) {
            self.lead(None);
            self.out.extend_from_slice(b"null");
        }
    }
}

fn open_or_closed(node: &Node) -> Place<'_> {
    if node.leads_to_kept || node.kept { Place::Open(node) } else { Place::Closed(node) }
}
