//! A service's field catalogue: a tree of which every place is named once.

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults, shown};
use crate::diagnostic::source::Placed;
use crate::policy::compile::{Claims, twice, unknown};
use crate::policy::document::service::FieldDocument;
use crate::policy::pointer;
use crate::policy::scope::{Field, Node};

/// Compiles the catalogue; entries that are no pointers are left out.
pub(super) fn fields(written: &[FieldDocument], faults: &mut Faults) -> Vec<Field> {
    let mut pointers = Claims::new();
    let mut fields = Vec::new();
    for FieldDocument { pointer, name, class } in written {
        if !is_pointer(pointer, faults) {
            continue;
        }
        if let Some(first) = pointers.claim(&pointer.value, &pointer.place) {
            let message = format!("the field `{}` is catalogued twice", shown(&pointer.value));
            faults.push(twice(Code::DuplicateId, message, &pointer.place, first));
        }
        fields.push(Field { pointer: pointer.value.clone(), name: name.clone(), class: *class });
    }
    check_one_shape(written, &Node::catalogue(&fields), faults);
    fields
}

/// A place is an array's or an object's, or a scope by one form would not see what the other holds.
fn check_one_shape(written: &[FieldDocument], catalogue: &Node, faults: &mut Faults) {
    for FieldDocument { pointer, .. } in written {
        if is_mixed(catalogue, &pointer.value) {
            let message = "what stands here is catalogued both as an array and as an object";
            let fault =
                Fault::new(Code::BadPointer, message).at(pointer.place.clone()).label("an array here");
            faults.push(
                fault.help("leave `*` out: a pointer without it matches an object and an array of objects"),
            );
        }
    }
}

/// Whether some `*` of a catalogued pointer stands beside named members.
fn is_mixed(catalogue: &Node, pointer: &str) -> bool {
    let stars = pointer.match_indices("/*").filter_map(|(index, _)| pointer.get(..index));
    let mut parents =
        stars.filter_map(|parent| if parent.is_empty() { Some(catalogue) } else { catalogue.at(parent) });
    parents.any(|node| node.items.is_some() && !node.members.is_empty())
}

/// Checks a pointer's form.
pub(super) fn is_pointer(pointer: &Placed<String>, faults: &mut Faults) -> bool {
    let wrong = pointer::tokens(&pointer.value).err();
    if let Some(error) = wrong {
        let fault = Fault::new(Code::BadPointer, error.to_string()).at(pointer.place.clone());
        faults.push(fault.label("not a pointer as used here"));
    }
    wrong.is_none()
}

/// Checks that a pointer leads to something the catalogue knows.
pub(in crate::policy::compile) fn check_catalogued(
    catalogue: &Node,
    fields: &[Field],
    pointer: &Placed<String>,
    faults: &mut Faults,
) -> bool {
    let found = is_pointer(pointer, faults).then(|| catalogue.at(&pointer.value).is_some());
    if found == Some(false) {
        let known = fields.iter().map(|field| field.pointer.as_str());
        faults.push(unknown(Code::UnknownField, "catalogued field", &pointer.value, &pointer.place, known));
    }
    found == Some(true)
}
