//! What schemas are made of: texts of one form, tables of known keys, lists.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// A schema, or a part of one.
#[derive(Debug, Clone)]
pub(super) struct Shape(Map<String, Value>);

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    name: &'static str,
    required: bool,
    shape: Shape,
}

impl Shape {
    fn of(kind: &str) -> Self {
        Self(Map::new()).with("type", kind)
    }

    /// Adds a keyword.
    pub(super) fn with(mut self, keyword: &str, value: impl Into<Value>) -> Self {
        self.0.insert(keyword.to_owned(), value.into());
        self
    }

    /// What an editor shows beside it, in both languages.
    fn about(self, vi: &str, en: &str) -> Self {
        self.with("description", format!("{vi}\n\n{en}"))
    }

    /// What an editor calls it.
    pub(super) fn titled(self, vi: &str, en: &str) -> Self {
        self.with("title", format!("{vi} · {en}"))
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// A key that must be there.
pub(super) fn must(name: &'static str, vi: &str, en: &str, shape: Shape) -> Key {
    Key { name, required: true, shape: shape.about(vi, en) }
}

/// A key that may be there.
pub(super) fn may(name: &'static str, vi: &str, en: &str, shape: Shape) -> Key {
    Key { name, required: false, shape: shape.about(vi, en) }
}

/// A table of these keys and no others.
pub(super) fn table(keys: impl IntoIterator<Item = Key>) -> Shape {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for Key { name, required: needed, shape } in keys {
        properties.insert(name.to_owned(), shape.into_value());
        if needed {
            required.push(name);
        }
    }
    let shape = Shape::of("object").with("properties", properties).with("additionalProperties", false);
    if required.is_empty() { shape } else { shape.with("required", required) }
}

/// A table whose keys are names that the file makes up.
pub(super) fn table_of(values: Shape) -> Shape {
    Shape::of("object").with("additionalProperties", values.into_value())
}

/// A list.
pub(super) fn list(items: Shape) -> Shape {
    Shape::of("array").with("items", items.into_value())
}

/// A list of at least one.
pub(super) fn some(items: Shape) -> Shape {
    list(items).with("minItems", 1)
}

/// One of some words.
pub(super) fn one_of(words: &[&str]) -> Shape {
    Shape::of("string").with("enum", words)
}

/// A text of one form.
pub(super) fn form(pattern: &str) -> Shape {
    Shape::of("string").with("pattern", pattern)
}

/// A text for people.
pub(super) fn words() -> Shape {
    form(r"^\S(.*\S)?$")
}

/// The same text in Vietnamese and English.
pub(super) fn both() -> Shape {
    table([
        must("vi", "Tiếng Việt, dạng dựng sẵn (NFC)", "Vietnamese, composed (NFC)", words()),
        must("en", "Tiếng Anh", "English", words()),
    ])
}

/// An agency's code.
pub(super) fn agency_id() -> Shape {
    form(r"^[A-Z][0-9]{2}(\.[0-9A-Z]+)*$").with("maxLength", 35)
}

/// The name of a service or a purpose.
pub(super) fn kebab() -> Shape {
    form("^[a-z0-9]+(-[a-z0-9]+)*$").with("maxLength", 64)
}

/// An agreement's number.
pub(super) fn agreement_id() -> Shape {
    form("^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$").with("maxLength", 64)
}

/// A SHA-256 value.
pub(super) fn sha256() -> Shape {
    form("^[0-9a-f]{64}$")
}

/// A JSON Pointer without positions.
pub(super) fn pointer() -> Shape {
    form(r"^(/[0-9]*([^/~0-9]|~[01])([^/~]|~[01])*)+$")
}

/// Method and path template.
pub(super) fn operation() -> Shape {
    form(r"^(GET|POST|PUT|PATCH|DELETE) (/([A-Za-z0-9._-]+|\{[A-Za-z0-9_]+\}))+$")
}

/// A number of bytes.
pub(super) fn size() -> Shape {
    form("^[0-9_]+ (B|KiB|MiB|GiB)$")
}

/// A length of time.
pub(super) fn duration() -> Shape {
    form("^[0-9_]+ (ms|s|seconds?|min|minutes?|h|hours?|d|days?)$")
}

/// A day, without quotes.
pub(super) fn date() -> Shape {
    Shape::of("string").with("format", "date")
}

/// A moment with its offset, without quotes.
pub(super) fn moment() -> Shape {
    Shape::of("string").with("format", "date-time")
}

/// A whole number from 1 on.
pub(super) fn count() -> Shape {
    Shape::of("integer").with("minimum", 1)
}

/// A whole number from 0 on.
pub(super) fn number() -> Shape {
    Shape::of("integer").with("minimum", 0)
}

/// True or false.
pub(super) fn flag() -> Shape {
    Shape::of("boolean")
}

/// The three contacts.
pub(super) fn contacts() -> Key {
    let keys = [
        must(
            "business",
            "Đầu mối nghiệp vụ: hỏi về phạm vi chia sẻ",
            "Business contact: what may be shared",
            words(),
        ),
        must("technical", "Đầu mối kỹ thuật: hỏi về kết nối", "Technical contact: connections", words()),
        must("security", "Đầu mối an ninh mạng: báo sự cố", "Security contact: incidents", words()),
    ];
    must("contacts", "Ba đầu mối liên hệ", "The three contacts", table(keys))
}

/// That exactly one of these keys is there.
pub(super) fn exactly_one(shape: Shape, keys: &[&str]) -> Shape {
    let each: Vec<Value> = keys.iter().map(|key| json!({ "required": [key] })).collect();
    shape.with("oneOf", each)
}
