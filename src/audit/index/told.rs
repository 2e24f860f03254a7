//! Rows and sums as machines are told them: every column by its name. What one tells, the other reads back.

use serde_json::Map;
use serde_json::Value as Json;

use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::id::ExchangeId;

use super::Sum;
use super::column::Column;
use super::column::Holds;
use super::column::Value;
use super::row::Annexed;
use super::row::Row;

/// The prefix of the kinds of entry that are an exchange's outcomes.
const OUTCOME: &str = "exchange.";

/// What stands in a column, as text.
#[must_use]
pub fn text(row: &Row, column: Column) -> Option<String> {
    match column {
        Column::Exchange => row.exchange().map(|id| id.to_string()),
        other => row.get(other).map(ToString::to_string),
    }
}

/// The word for what became of the annex.
#[must_use]
pub fn annex(annexed: Annexed) -> Option<&'static str> {
    match annexed {
        Annexed::None => None,
        Annexed::Told => Some("read"),
        Annexed::Gone => Some("gone"),
        Annexed::Damaged => Some("damaged"),
    }
}

/// A row as one object. What is not known is left out.
#[must_use]
pub fn json(row: &Row) -> Json {
    let mut object = Map::new();
    object.insert("index".to_owned(), row.index.into());
    object.insert("at".to_owned(), rfc3339_millis(row.time()).into());
    object.insert("seq".to_owned(), row.seq.into());
    if let Some(annex) = annex(row.annex) {
        object.insert("annex".to_owned(), annex.into());
    }
    for column in Column::ALL {
        let cell = match row.get(column) {
            None => continue,
            Some(Value::Number(number)) => Json::from(*number),
            Some(Value::Word(_) | Value::Bytes(_)) => text(row, column).into(),
        };
        object.insert(column.name().to_owned(), cell);
    }
    Json::Object(object)
}

/// The row that an object tells; none where it tells none. Members that are not known are left alone.
#[must_use]
pub fn read(object: &Json) -> Option<Row> {
    let at: Timestamp = object.get("at")?.as_str()?.parse().ok()?;
    let mut row = Row::bare(object.get("index")?.as_u64()?, at.as_millisecond());
    row.seq = object.get("seq")?.as_u64()?;
    row.annex = match object.get("annex").and_then(Json::as_str) {
        None => Annexed::None,
        Some("read") => Annexed::Told,
        Some("gone") => Annexed::Gone,
        Some(_) => Annexed::Damaged,
    };
    for column in Column::ALL {
        if let Some(cell) = object.get(column.name()) {
            row.set(column, Some(cell_of(column, cell)?));
        }
    }
    Some(row)
}

fn cell_of(column: Column, cell: &Json) -> Option<Value> {
    match column.holds() {
        Holds::Number => cell.as_i64().map(Value::Number),
        Holds::Word => cell.as_str().map(Value::from),
        Holds::Bytes if column == Column::Exchange => {
            let id: ExchangeId = cell.as_str()?.parse().ok()?;
            Some(Value::Bytes(*id.as_bytes()))
        }
        Holds::Bytes => mark(cell.as_str()?).map(Value::Bytes),
    }
}

/// A mark, as it is written: 32 hexadecimal digits.
fn mark(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text
        .bytes()
        .map(|byte| char::from(byte).to_digit(16))
        .map(|digit| u8::try_from(digit?).ok())
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect();
    bytes.try_into().ok().filter(|_| digits.len() == 32)
}

/// A sum as one object, its groups by these names.
#[must_use]
pub fn sum(sum: &Sum, by: &[&str]) -> Json {
    let mut object = Map::new();
    for (name, value) in by.iter().zip(&sum.key) {
        let told = match value {
            None => Json::Null,
            Some(Value::Number(number)) => Json::from(*number),
            Some(value) => Json::from(plain(name, value)),
        };
        object.insert((*name).to_owned(), told);
    }
    object.insert("entries".to_owned(), sum.entries.into());
    object.insert("events".to_owned(), sum.events.into());
    Json::Object(object)
}

/// The sum that an object tells; none where it tells none.
#[must_use]
pub fn read_sum(object: &Json, by: &[&str]) -> Option<Sum> {
    let key = by.iter().map(|name| match object.get(*name)? {
        Json::Null => Some(None),
        Json::Number(number) => Some(Some(Value::Number(number.as_i64()?))),
        told => Some(Some(Value::from(told.as_str()?))),
    });
    let count = |name: &str| object.get(name)?.as_u64();
    Some(Sum { key: key.collect::<Option<_>>()?, entries: count("entries")?, events: count("events")? })
}

/// A group's value as machines read it: outcomes as the filter takes them, ids as they are written.
#[must_use]
pub fn plain(name: &str, value: &Value) -> String {
    match value {
        Value::Word(text) if name == "outcome" => text.strip_prefix(OUTCOME).unwrap_or(text).to_owned(),
        Value::Bytes(bytes) if name == "exchange" => {
            ExchangeId::from_bytes(*bytes).map_or_else(|| value.to_string(), |id| id.to_string())
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::index::tests::rows;

    #[test]
    fn what_a_row_tells_is_read_back() {
        for row in rows(500) {
            assert_eq!(read(&json(&row)).as_ref(), Some(&row), "{}", json(&row));
        }
        for text in [
            "{}",
            "[]",
            r#"{"index":1,"at":"x","seq":1}"#,
            r#"{"index":1,"at":"2026-11-23T02:30:00Z","seq":1,"subject_mark":"0g"}"#,
        ] {
            assert_eq!(read(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn what_a_sum_tells_is_read_back() {
        let by = ["agency", "status", "reason"];
        let key = vec![Some(Value::from("H31.05")), Some(Value::Number(200)), None];
        let told = Sum { key, entries: 3, events: 52 };
        assert_eq!(read_sum(&sum(&told, &by), &by), Some(told));
        assert_eq!(read_sum(&serde_json::json!({ "agency": "H31.05" }), &by), None);
    }
}
