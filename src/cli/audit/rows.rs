//! Rows of the index for machines: every column by its name.

use serde_json::Map;
use serde_json::Value as Json;

use crate::audit::index::column::Column;
use crate::audit::index::column::Value;
use crate::audit::index::row::Annexed;
use crate::audit::index::row::Row;
use crate::clock::rfc3339_millis;

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
