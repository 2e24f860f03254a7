//! A platform's answer against a scope: what goes on is JSON, is what a second cut leaves, has what a filter on values keeps
//! and nothing in a place that the scope does not keep; and where the answer is cut into chunks makes no difference.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phohien::disclosure::filter::Cut;
use phohien::disclosure::filter::Filter;
use phohien::disclosure::filter::cut;
use phohien::disclosure::undisclosable::Flaw;
use phohien::disclosure::undisclosable::Undisclosable;
use phohien::language::Text;
use phohien::policy::scope::Class;
use phohien::policy::scope::Field;
use phohien::policy::scope::Node;
use phohien::policy::scope::Scope;
use serde_json::Value;
use serde_json::value::RawValue;

/// Every shape a catalogue has: a scalar, a member of an object, items named and unnamed, items of items.
const CATALOGUE: [&str; 12] =
    ["/a", "/b", "/c/a", "/c/b", "/d/*/a", "/d/*/b", "/e", "/e/*/a", "/f/*", "/g/*/*/a", "/g/*/*/b", "/h~1é"];

/// What is kept of it.
const KEPT: [&str; 6] = ["/a", "/c/a", "/d/*/a", "/f/*", "/g/*/*/b", "/h~1é"];

static SCOPE: LazyLock<Scope> = LazyLock::new(|| {
    let name = Text::new("tên", "name");
    let field =
        |pointer: &str| Field { pointer: pointer.to_owned(), name: name.clone(), class: Class::Basic };
    let catalogue = Node::catalogue(&CATALOGUE.map(field));
    Scope::new(&catalogue, &KEPT.map(str::to_owned)).unwrap()
});

fuzz_target!(|json: &[u8]| {
    let whole = cut(json, &SCOPE);
    for size in chunk_sizes(json) {
        assert_eq!(cut_chunks(json.chunks(size)), whole, "in chunks of {size}");
    }
    let value = serde_json::from_slice::<Value>(json);
    if let (Err(error), Ok(value)) = (&whole, &value) {
        assert!(error.flaw != Flaw::NothingGranted || naive(value, &SCOPE.root).is_none(), "{value}");
    }
    let Ok(first) = whole else { return };
    assert!(serde_json::from_slice::<&RawValue>(json).is_ok());
    assert!(serde_json::from_slice::<&RawValue>(&first.bytes).is_ok());
    let second = cut(&first.bytes, &SCOPE).unwrap();
    assert_eq!(second.bytes, first.bytes);
    assert_eq!(second.report.uncatalogued, 0);
    // Numbers that no machine holds stay as they are written, and are none to look into here.
    if let Ok(kept) = serde_json::from_slice::<Value>(&first.bytes) {
        assert!(is_kept(&kept, &SCOPE.root), "{kept}");
        if let Ok(value) = value {
            assert_eq!(Some(kept), naive(&value, &SCOPE.root), "{value}");
        }
    }
});

/// Two sizes that hang on the answer, so that each answer is cut in places of its own; and single bytes.
fn chunk_sizes(json: &[u8]) -> [usize; 3] {
    let sum = json.iter().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    [1, 2 + sum % 30, 1 + sum % json.len().max(1)]
}

/// The cut of an answer that comes in chunks. On the way nothing valid is let out.
fn cut_chunks<'c>(chunks: impl Iterator<Item = &'c [u8]>) -> Result<Cut, Undisclosable> {
    let mut filter = Filter::new(&SCOPE);
    let mut bytes = Vec::new();
    for chunk in chunks {
        filter.feed(chunk, &mut bytes)?;
    }
    assert!(serde_json::from_slice::<&RawValue>(&bytes).is_err());
    let report = filter.finish(&mut bytes)?;
    Ok(Cut { bytes, report })
}

/// What the cut should leave, said as simply as possible and on values.
fn naive(value: &Value, node: &Node) -> Option<Value> {
    match value {
        Value::Object(members) => node.leads_to_kept.then(|| {
            let kept = |(key, value): (&String, &Value)| {
                Some((key.clone(), naive(value, node.members.get(key.as_str())?)?))
            };
            Value::Object(members.iter().filter_map(kept).collect())
        }),
        Value::Array(items) => node.leads_to_kept.then(|| {
            let place = node.items.as_deref().unwrap_or(node);
            Value::Array(items.iter().map(|item| naive(item, place).unwrap_or(Value::Null)).collect())
        }),
        scalar => node.kept.then(|| scalar.clone()),
    }
}

/// Whether nothing stands where the scope keeps nothing.
fn is_kept(value: &Value, node: &Node) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(|item| is_kept(item, node.items.as_deref().unwrap_or(node))),
        Value::Object(members) => members.iter().all(|(name, value)| {
            let kept = node.members.get(name.as_str()).filter(|member| member.kept || member.leads_to_kept);
            kept.is_some_and(|member| is_kept(value, member))
        }),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => node.kept,
    }
}
