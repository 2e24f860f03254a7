//! A platform's answer beside what the gateway released of it, value by value.

use std::fmt::Write as _;

use serde_json::Value;

/// One value of the platform's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it stands (RFC 6901).
    pub pointer: String,
    /// The value, as JSON.
    pub before: String,
    /// The same value as it was released; none if it was not.
    pub after: Option<String>,
}

/// Compares two answers, sorted by pointer. Containers are not rows: what is in them is.
#[must_use]
pub fn rows(before: &Value, after: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    walk(&mut rows, &mut String::new(), before, Some(after));
    rows
}

/// Where whole parts of the answer were removed: each pointer once, the outermost.
#[must_use]
pub fn removed(before: &Value, after: &Value) -> Vec<String> {
    let mut removed = Vec::new();
    missing(&mut removed, &mut String::new(), before, after);
    removed
}

fn walk(rows: &mut Vec<Row>, pointer: &mut String, before: &Value, after: Option<&Value>) {
    let members = members(before);
    if members.is_empty() {
        let after = after.map(Value::to_string);
        rows.push(Row { pointer: pointer.clone(), before: before.to_string(), after });
    }
    for (token, value) in members {
        let rest = pointer.len();
        let _infallible = write!(pointer, "/{token}");
        walk(rows, pointer, value, after.and_then(|after| member(after, &token)));
        pointer.truncate(rest);
    }
}

fn missing(removed: &mut Vec<String>, pointer: &mut String, before: &Value, after: &Value) {
    for (token, value) in members(before) {
        let rest = pointer.len();
        let _infallible = write!(pointer, "/{token}");
        match member(after, &token) {
            Some(after) => missing(removed, pointer, value, after),
            None => removed.push(pointer.clone()),
        }
        pointer.truncate(rest);
    }
}

fn members(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| (escaped(key), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn member<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    value.pointer(&format!("/{token}"))
}

/// A key as a token of a pointer (RFC 6901 3).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_is_shown_with_what_became_of_it() {
        let before = json!({"a": {"b": 1, "c/d": "x"}, "e": [{"f": null, "g": true}]});
        let after = json!({"a": {"b": 1}, "e": [{"g": true}]});
        let rows = rows(&before, &after);
        let shown: Vec<_> = rows.iter().map(|row| (row.pointer.as_str(), row.after.as_deref())).collect();
        assert_eq!(
            shown,
            [("/a/b", Some("1")), ("/a/c~1d", None), ("/e/0/f", None), ("/e/0/g", Some("true"))]
        );
    }

    #[test]
    fn a_part_that_was_removed_whole_is_named_once() {
        let before = json!({"a": {"b": {"c": 1, "d": 2}, "e": 3}});
        assert_eq!(removed(&before, &json!({"a": {"e": 3}})), ["/a/b"]);
        assert_eq!(removed(&before, &before), [""; 0]);
    }
}
