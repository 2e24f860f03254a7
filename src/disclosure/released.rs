//! What left and what stayed, by field and number of items. There is no place in here for a value.

use crate::policy::scope::Class;

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
    /// How sensitive it is.
    pub class: Class,
    /// How many items of it went on.
    pub released: u64,
    /// How many items of it stayed.
    pub withheld: u64,
}
