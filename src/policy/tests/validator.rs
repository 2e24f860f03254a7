//! As much of JSON Schema (draft 7) as the schemas use. A keyword it does not know is a fault: nothing is passed over.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;
use serde_json::Value;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
}

fn is_match(pattern: &str, text: &str) -> bool {
    PATTERNS.with_borrow_mut(|patterns| {
        let made = patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap());
        made.is_match(text)
    })
}

/// What of `value` is not as `schema` says, each with its place.
pub(super) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, value, "", &mut faults);
    faults
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, asked) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "then" | "else" => {}
            "properties" | "additionalProperties" => {}
            "if" => {
                let branch = if is_valid(asked, value) { "then" } else { "else" };
                if let Some(schema) = schema.get(branch) {
                    check(schema, value, at, faults);
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(asked, item, &format!("{at}/{index}"), faults);
                }
            }
            _ if holds(keyword, asked, value) => {}
            _ => faults.push(format!("{at}: {value} is not as `{keyword}` says: {asked}")),
        }
    }
    check_members(schema, value, at, faults);
}

fn is_valid(schema: &Value, value: &Value) -> bool {
    faults(schema, value).is_empty()
}

fn check_members(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(members) = value.as_object() else { return };
    let unknown = schema.get("additionalProperties");
    for (key, member) in members {
        let at = format!("{at}/{key}");
        match (schema.pointer(&format!("/properties/{key}")), unknown) {
            (Some(schema), _) => check(schema, member, &at, faults),
            (None, Some(Value::Bool(false))) => faults.push(format!("{at}: unknown key")),
            (None, Some(schema)) => check(schema, member, &at, faults),
            (None, None) => {}
        }
    }
}

fn holds(keyword: &str, asked: &Value, value: &Value) -> bool {
    let all =
        |valid: &dyn Fn(&Value) -> bool| asked.as_array().unwrap().iter().filter(|one| valid(one)).count();
    let text = || value.as_str();
    match keyword {
        "type" => kind(value) == asked,
        "const" => value == asked,
        "enum" => asked.as_array().unwrap().contains(value),
        "not" => !is_valid(asked, value),
        "anyOf" => all(&|schema| is_valid(schema, value)) > 0,
        "oneOf" => all(&|schema| is_valid(schema, value)) == 1,
        "required" => {
            let missing = all(&|key| value.get(key.as_str().unwrap()).is_none());
            !value.is_object() || missing == 0
        }
        "pattern" => text().is_none_or(|text| is_match(asked.as_str().unwrap(), text)),
        "maxLength" => text().is_none_or(|text| text.chars().count() as u64 <= asked.as_u64().unwrap()),
        "minimum" => value.as_i64().is_none_or(|number| number >= asked.as_i64().unwrap()),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= asked.as_u64().unwrap()),
        "format" => text().is_none_or(|text| match asked.as_str().unwrap() {
            "date" => text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10,
            "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
            other => panic!("the format {other} is not known here"),
        }),
        other => panic!("the keyword {other} is not known here"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
