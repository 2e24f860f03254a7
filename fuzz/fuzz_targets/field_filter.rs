//! A platform's answer against a scope: what goes on is JSON, is what a second cut leaves, and has nothing in a place that
//! the scope does not keep.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phohien::disclosure::filter::cut;
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
    let Ok(first) = cut(json, &SCOPE) else { return };
    assert!(serde_json::from_slice::<&RawValue>(json).is_ok());
    assert!(serde_json::from_slice::<&RawValue>(&first.bytes).is_ok());
    let second = cut(&first.bytes, &SCOPE).unwrap();
    assert_eq!(second.bytes, first.bytes);
    assert_eq!(second.report.uncatalogued, 0);
    // Numbers that no machine holds stay as they are written, and are none to look into here.
    if let Ok(value) = serde_json::from_slice::<Value>(&first.bytes) {
        assert!(is_kept(&value, &SCOPE.root), "{value}");
    }
});

/// Whether nothing stands where the scope keeps nothing.
fn is_kept(value: &Value, node: &Node) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(|item| is_kept(item, node.items.as_deref().unwrap_or(node))),
        Value::Object(members) => members.iter().all(|(name, value)| {
            let kept = node.members.get(name).filter(|member| member.kept || member.leads_to_kept);
            kept.is_some_and(|member| is_kept(value, member))
        }),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => node.kept,
    }
}
