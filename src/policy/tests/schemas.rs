//! The schemas are those that are checked in, and say of each file what the reader says of it.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::Table;

use super::guide;
use super::validator;
use super::*;
use crate::diagnostic::code::Code;
use crate::diagnostic::source::Source;
use crate::policy::document;
use crate::policy::schema;
use crate::policy::schema::Kind;

/// The kind of a file by its name.
fn kind_of(name: &str) -> Kind {
    match name.split(['/', '.']).next().unwrap() {
        "agencies" => Kind::Agency,
        "services" => Kind::Service,
        "agreements" => Kind::Agreement,
        other => other.parse().unwrap(),
    }
}

/// Every file of the example and of the guide.
fn all_files() -> Vec<(String, String)> {
    files().into_iter().chain(guide::blocks()).collect()
}

fn to_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(flag) => Value::from(*flag),
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(items) => items.iter().map(to_json).collect(),
        toml::Value::Table(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// What the schema of a file's kind finds.
fn by_schema(kind: Kind, text: &str) -> Vec<String> {
    let table: Table = text.parse().unwrap();
    validator::faults(&schema::of(kind), &to_json(&toml::Value::Table(table)))
}

/// What the reader finds in the file by itself.
fn by_reader(kind: Kind, text: &str) -> Faults {
    let (source, mut faults) = (Source::new("a.toml", text), Faults::new());
    match kind {
        Kind::Agency => drop(document::agency::read(&source, &mut faults)),
        Kind::Service => drop(document::service::read(&source, &mut faults)),
        Kind::Agreement => drop(document::agreement::read(&source, &mut faults)),
        Kind::Purposes => drop(document::rules::purposes(&source, &mut faults)),
        Kind::Guardrails => drop(document::rules::guardrails(&source, &mut faults)),
        Kind::Suspensions => drop(document::rules::suspensions(&source, &mut faults)),
    }
    faults
}

#[test]
fn the_schemas_are_those_that_are_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/schemas");
    for kind in Kind::ALL {
        let path = folder.join(format!("{}.schema.json", kind.as_str()));
        let checked_in = fs::read_to_string(&path).unwrap_or_default();
        let word = kind.as_str();
        assert!(
            checked_in == schema::text_of(kind),
            "write it anew: cargo run -- policy schema {word} > deploy/schemas/{word}.schema.json"
        );
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), Kind::ALL.len());
}

#[test]
fn every_file_of_the_example_and_of_the_guide_is_as_its_schema_says() {
    for (name, text) in all_files() {
        let faults = by_schema(kind_of(&name), &text);
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

#[test]
fn every_file_of_the_example_names_its_schema() {
    for (name, text) in files() {
        let (kind, up) = (kind_of(&name).as_str(), if name.contains('/') { "../.." } else { ".." });
        let first = text.lines().next().unwrap();
        assert_eq!(first, format!("#:schema {up}/deploy/schemas/{kind}.schema.json"), "{name}");
    }
}

#[test]
fn schemas_have_the_keys_that_the_readers_have_and_no_others() {
    fn collect(schema: &Value, keys: &mut BTreeSet<String>) {
        for (key, value) in schema.as_object().into_iter().flatten() {
            if key == "properties" {
                keys.extend(value.as_object().unwrap().keys().cloned());
            }
            collect(value, keys);
        }
    }
    let mut keys = BTreeSet::new();
    Kind::ALL.into_iter().for_each(|kind| collect(&schema::of(kind), &mut keys));
    assert_eq!(keys, guide::known_keys());
}

/// Every way to change one value or key of a table, with the place of the change.
fn changes(table: &Table, at: &str, change: &mut dyn FnMut(&str, Table)) {
    for (key, value) in table {
        let here = format!("{at}/{key}");
        let mut without = table.clone();
        without.remove(key);
        change(&format!("{here} taken away"), without.clone());
        without.insert(format!("{key}x"), value.clone());
        change(&format!("{here} misspelt"), without);
        for other in [
            toml::Value::Float(0.5),
            toml::Value::Array(vec![toml::Value::Float(0.5)]),
            "".into(),
            (-1).into(),
        ] {
            let mut changed = table.clone();
            changed.insert(key.clone(), other);
            change(&format!("{here} exchanged"), changed);
        }
        let mut within = |place: &str, inner: Table, put: &dyn Fn(Table) -> toml::Value| {
            let mut changed = table.clone();
            changed.insert(key.clone(), put(inner));
            change(place, changed);
        };
        match value {
            toml::Value::Table(inner) => {
                changes(inner, &here, &mut |place, inner| within(place, inner, &toml::Value::Table));
            }
            toml::Value::Array(items) => {
                for (index, inner) in
                    items.iter().enumerate().filter_map(|(i, item)| Some((i, item.as_table()?)))
                {
                    changes(inner, &here, &mut |place, inner| {
                        within(place, inner, &|inner| {
                            let mut items = items.clone();
                            items[index] = toml::Value::Table(inner);
                            toml::Value::Array(items)
                        });
                    });
                }
            }
            _ => {}
        }
    }
}

#[test]
fn what_the_reader_refuses_of_one_file_by_its_form_its_schema_refuses_too() {
    let (mut tried, mut refused) = (0, 0);
    for (name, text) in guide::blocks() {
        let kind = kind_of(&name);
        changes(&text.parse().unwrap(), "", &mut |place, changed| {
            let text = toml::to_string(&changed).unwrap();
            let by_reader = by_reader(kind, &text);
            let by_schema = by_schema(kind, &text);
            tried += 1;
            refused += usize::from(!by_reader.is_empty());
            // A table may be read with keys of one that is required only here and there: the schema must not be wider.
            let form = [Code::MissingKey, Code::UnknownKey, Code::WrongType];
            if by_reader.iter().any(|fault| form.contains(&fault.code())) {
                assert!(!by_schema.is_empty(), "{name}{place}: the schema lets pass\n{by_reader}");
            }
            if by_reader.is_empty() && place.ends_with("taken away") {
                assert!(
                    by_schema.is_empty() || is_required_when_compiled(place),
                    "{name}{place}: {by_schema:?}"
                );
            }
        });
    }
    assert!(tried > 500 && refused > 400, "{tried} changes, {refused} refused");
}

/// Lists that may be absent for the reader, and that compiling wants to be there with something in them.
fn is_required_when_compiled(place: &str) -> bool {
    ["/operations taken away", "/fields taken away", "/permit taken away"].contains(&place)
}
