//! The filter written a second time, from the agreements' text and as simply as can be: on values, without a thought for speed
//! or memory. The filter must give the same fields and the same counts.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::super::filter::cut;
use super::super::undisclosable::Flaw;
use super::docs;
use crate::language::Text;
use crate::policy::scope::{Class, Field, Node, Scope};

/// Released and withheld, by pointer, and what the catalogue does not know.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    fields: BTreeMap<String, (u64, u64)>,
    uncatalogued: u64,
}

/// What an agreement says, as pointers.
struct Agreement {
    catalogue: BTreeSet<String>,
    granted: BTreeSet<String>,
}

impl Agreement {
    /// Whether a value at a pointer is kept: it is catalogued, and it or something above it is granted.
    fn keeps(&self, pointer: &str) -> bool {
        let above = |grant: &String| pointer == grant || pointer.starts_with(&format!("{grant}/"));
        self.catalogue.contains(pointer) && self.granted.iter().any(above)
    }

    /// Whether something kept lies at or below a pointer.
    fn leads_on(&self, pointer: &str) -> bool {
        self.at_or_below(pointer).any(|field| self.keeps(field))
    }

    fn at_or_below(&self, pointer: &str) -> impl Iterator<Item = &String> {
        let below = format!("{pointer}/");
        self.catalogue.iter().filter(move |field| **field == *pointer || field.starts_with(&below))
    }

    /// Whether the catalogue has this place, or one below it.
    fn knows(&self, pointer: &str) -> bool {
        self.at_or_below(pointer).next().is_some()
    }

    /// Whether the catalogue has a place below this one.
    fn opens(&self, pointer: &str) -> bool {
        self.at_or_below(pointer).any(|field| field != pointer)
    }

    /// What is left of a value that stands at `pointer`, or in no place at all; none if it is withheld.
    fn cut(&self, value: &Value, pointer: Option<&str>, counts: &mut Counts) -> Option<Value> {
        // What nobody knows is withheld and counts for nothing more, however deep it is.
        let pointer = pointer?;
        let open = self.leads_on(pointer);
        match value {
            Value::Array(items) => {
                let star = format!("{pointer}/*");
                let transparent = !self.knows(&star);
                let mut kept = Vec::new();
                for item in items {
                    if !transparent {
                        self.count_container(pointer, counts);
                    }
                    let place = if transparent { pointer } else { &star };
                    kept.push(self.cut(item, Some(place), counts).unwrap_or(Value::Null));
                }
                open.then_some(Value::Array(kept))
            }
            Value::Object(members) => {
                self.count_container(pointer, counts);
                let mut kept = serde_json::Map::new();
                for (key, value) in members {
                    let place = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    let known = key != "*" && self.knows(&place);
                    counts.uncatalogued += u64::from(!known && (open || self.opens(pointer)));
                    if let Some(value) = self.cut(value, known.then_some(place.as_str()), counts) {
                        kept.insert(key.clone(), value);
                    }
                }
                open.then_some(Value::Object(kept))
            }
            scalar => self.cut_scalar(scalar, pointer, counts),
        }
    }

    fn cut_scalar(&self, scalar: &Value, pointer: &str, counts: &mut Counts) -> Option<Value> {
        let kept = self.keeps(pointer);
        if self.catalogue.contains(pointer) {
            let field = counts.fields.entry(pointer.to_owned()).or_default();
            if kept { field.0 += 1 } else { field.1 += 1 }
        } else {
            counts.uncatalogued += u64::from(!scalar.is_null());
        }
        kept.then(|| scalar.clone())
    }

    fn count_container(&self, pointer: &str, counts: &mut Counts) {
        if !self.catalogue.contains(pointer) {
            return;
        }
        let (kept, open) = (self.keeps(pointer), self.leads_on(pointer));
        if kept {
            counts.fields.entry(pointer.to_owned()).or_default().0 += 1;
        } else if !open {
            counts.fields.entry(pointer.to_owned()).or_default().1 += 1;
        }
    }
}

/// Pointers over the keys that documents have.
fn pointers() -> impl Strategy<Value = BTreeSet<String>> {
    let token = prop::sample::select(vec!["a", "b", "c", "Dân", "*", "e~1f"]);
    let pointer = prop::collection::vec(token, 1..5).prop_map(|tokens| format!("/{}", tokens.join("/")));
    prop::collection::btree_set(pointer, 1..12)
}

fn fields_at(pointers: &[String]) -> Vec<Field> {
    let field = |pointer: &String| Field {
        pointer: pointer.clone(),
        name: Text::new("tên", "name"),
        class: Class::Basic,
    };
    pointers.iter().map(field).collect()
}

proptest! {
    #[test]
    fn the_cut_keeps_and_counts_what_the_reference_does(
        doc in docs(), catalogue in pointers(), grants in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let all: Vec<&String> = catalogue.iter().collect();
        let granted = grants.iter().map(|grant| (*grant.get(&all)).clone()).collect();
        let agreement = Agreement { catalogue: catalogue.clone(), granted };
        let mut json = String::new();
        doc.write(" ", &mut json);
        let mut counts = Counts::default();
        let expected = agreement.cut(&serde_json::from_str(&json).unwrap(), Some(""), &mut counts);
        let texts = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        let (catalogue, granted) = (texts(&agreement.catalogue), texts(&agreement.granted));
        let scope = Scope::new(&Node::catalogue(&fields_at(&catalogue)), &granted).unwrap();
        match (cut(json.as_bytes(), &scope), expected) {
            (Ok(cut), Some(expected)) => {
                prop_assert_eq!(serde_json::from_slice::<Value>(&cut.bytes).unwrap(), expected);
                let fields = cut.report.fields.iter().map(|field| (field.pointer.clone(), (field.released, field.withheld)));
                let told = Counts { fields: fields.collect(), uncatalogued: cut.report.uncatalogued };
                prop_assert_eq!(told, counts, "{}", json);
            }
            (Err(error), None) => prop_assert_eq!(error.flaw, Flaw::NothingGranted),
            (cut, expected) => prop_assert!(false, "{:?} is not {:?}", cut, expected),
        }
    }
}
