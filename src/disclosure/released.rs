//! What left and what stayed, by field and number of items. There is no place in here for a value.

use crate::language::Text;
use crate::policy::scope::{Class, Field};

/// What a cut did, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The catalogued fields that were in the answer, sorted by pointer. One that was not there does not appear.
    pub fields: Vec<FieldCount>,
    /// How many values the catalogue does not know. Each was withheld; its name is not recorded.
    pub uncatalogued: u64,
}

impl Report {
    /// Whether any field was released at all: if not, what is left of the answer is empty containers.
    #[must_use]
    pub fn released_any(&self) -> bool {
        self.fields.iter().any(|field| field.released > 0)
    }
}

/// How often one field was released and withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldCount {
    /// Its JSON Pointer in the catalogue.
    pub pointer: String,
    /// What people call it.
    pub name: Text,
    /// How sensitive it is.
    pub class: Class,
    /// How many items of it went on.
    pub released: u64,
    /// How many items of it stayed.
    pub withheld: u64,
}

/// Counts while a cut goes on.
#[derive(Debug, Default)]
pub(super) struct Tally<'s> {
    /// One for each field met so far, in the order in which they were met first.
    counts: Vec<Count<'s>>,
    /// Where the search for a field begins: after the one found last, for the items of an array repeat their fields in order.
    next: usize,
    uncatalogued: u64,
}

#[derive(Debug)]
struct Count<'s> {
    field: &'s Field,
    released: u64,
    withheld: u64,
}

impl<'s> Tally<'s> {
    /// One more item of the field went on.
    pub(super) fn released(&mut self, field: &'s Field) {
        self.add(field, 1, 0);
    }

    /// One more item of the field stayed.
    pub(super) fn withheld(&mut self, field: &'s Field) {
        self.add(field, 0, 1);
    }

    /// One more value stayed that the catalogue does not know.
    pub(super) fn uncatalogued(&mut self) {
        self.uncatalogued += 1;
    }

    /// The counts, sorted by pointer.
    pub(super) fn report(self) -> Report {
        let mut fields: Vec<FieldCount> = self.counts.into_iter().map(Count::told).collect();
        fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        Report { fields, uncatalogued: self.uncatalogued }
    }

    /// A field is told by the address of its entry in the scope, which stands still while it is lent to us.
    fn add(&mut self, field: &'s Field, released: u64, withheld: u64) {
        let is_it =
            |place: &usize| self.counts.get(*place).is_some_and(|count| std::ptr::eq(count.field, field));
        let known = self.counts.len();
        let place = (self.next..known).chain(0..self.next.min(known)).find(is_it).unwrap_or(known);
        self.next = place + 1;
        match self.counts.get_mut(place) {
            Some(count) => {
                count.released += released;
                count.withheld += withheld;
            }
            None => self.counts.push(Count { field, released, withheld }),
        }
    }
}

impl Count<'_> {
    fn told(self) -> FieldCount {
        FieldCount {
            pointer: self.field.pointer.clone(),
            name: self.field.name.clone(),
            class: self.field.class,
            released: self.released,
            withheld: self.withheld,
        }
    }
}
