//! One TOML value being read, and what it can be read as.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::DeValue;
use toml::value::Datetime;

use super::code::Code;
use super::fault::{Fault, Faults, shown};
use super::nearest::nearest;
use super::quantity;
use super::quantity::Size;
use super::source::{Place, Placed, Source};
use super::table::Table;
use crate::clock::Timestamp;
use crate::id::{AgencyId, AgreementId, Origin, PurposeCode, ServiceId};
use crate::language::Text;

/// A value as written, before anybody said what it should be.
#[derive(Debug, Clone)]
pub struct Value<'a> {
    source: &'a Source,
    name: &'a str,
    written: &'a Spanned<DeValue<'a>>,
    torn: bool,
}

/// What can be read from a value: record what is wrong, and give `None`.
pub trait FromValue<'a>: Sized {
    /// Reads it.
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self>;
}

impl<'a> Value<'a> {
    pub(super) fn new(
        source: &'a Source,
        name: &'a str,
        written: &'a Spanned<DeValue<'a>>,
        torn: bool,
    ) -> Self {
        Self { source, name, written, torn }
    }

    /// The key it stands under.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The file it stands in.
    #[must_use]
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        self.source.place(self.written.span())
    }

    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Reads it as a `T`.
    pub fn read<T: FromValue<'a>>(&self, faults: &mut Faults) -> Option<Placed<T>> {
        let value = T::from_value(self, faults)?;
        Some(Placed { value, place: self.place() })
    }

    /// Reads it as a text that is a `T`.
    pub fn parse<T>(&self, faults: &mut Faults) -> Option<Placed<T>>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let value = self.text(faults)?.parse().map_err(|error: T::Err| self.wrong(&error, faults)).ok()?;
        Some(Placed { value, place: self.place() })
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&'a str> {
        self.written.get_ref().as_str()
    }

    /// The text, or a fault.
    pub fn text(&self, faults: &mut Faults) -> Option<&'a str> {
        self.expect(self.as_text(), "a text in quotes", faults)
    }

    /// The items of an array, or a fault.
    pub fn items(&self, faults: &mut Faults) -> Option<Vec<Value<'a>>> {
        let array = self.expect(self.written.get_ref().as_array(), "an array", faults)?;
        Some(array.iter().map(|item| Value::new(self.source, self.name, item, self.torn)).collect())
    }

    /// Whether this is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.written.get_ref().is_array()
    }

    /// Whether this is a table.
    #[must_use]
    pub fn is_table(&self) -> bool {
        self.written.get_ref().is_table()
    }

    /// Reads a table to its last key: those that `read` does not ask for are faults.
    pub fn table<T>(
        &self,
        faults: &mut Faults,
        read: impl FnOnce(&mut Table<'a>, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        let entries = self.expect(self.written.get_ref().as_table(), "a table", faults)?;
        let mut table = Table::nested(self, entries);
        let value = read(&mut table, faults);
        table.finish(faults);
        value
    }

    /// Reads one of the words of a list, or records a fault that suggests the nearest.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let written = self.text(faults)?;
        let found = words.iter().find(|(word, _)| *word == written).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("`{}` is none of: {}", shown(written), known.join(", "));
            let fault = Fault::new(Code::WrongValue, message).at(self.place()).label("not accepted");
            faults.push(fault.suggest(nearest(written, known)));
        }
        found
    }

    /// Records that the value is not what it should be; the error says what that is.
    pub fn wrong(&self, error: &dyn std::fmt::Display, faults: &mut Faults) {
        faults.push(Fault::new(Code::WrongValue, error.to_string()).at(self.place()).label("not accepted"));
    }

    fn expect<T>(&self, found: Option<T>, expected: &str, faults: &mut Faults) -> Option<T> {
        if found.is_none() {
            let message = format!("`{}` must be {expected}", shown(self.name));
            let fault = Fault::new(Code::WrongType, message).at(self.place());
            faults.push(fault.label(format!("this is {}", kind(self.written.get_ref()))));
        }
        found
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

impl<'a> FromValue<'a> for String {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.text(faults).map(str::to_owned)
    }
}

impl<'a> FromValue<'a> for bool {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.expect(value.written.get_ref().as_bool(), "true or false, without quotes", faults)
    }
}

impl<'a> FromValue<'a> for u64 {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        whole(value, "a whole number, not negative", faults)
    }
}

impl<'a> FromValue<'a> for u32 {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        whole(value, "a whole number up to 4294967295, not negative", faults)
    }
}

impl<'a> FromValue<'a> for u16 {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        whole(value, "a whole number up to 65535, not negative", faults)
    }
}

fn whole<T: TryFrom<u64>>(value: &Value<'_>, expected: &str, faults: &mut Faults) -> Option<T> {
    let integer = value.written.get_ref().as_integer();
    let number = integer.and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
    value.expect(number.and_then(|number| T::try_from(number).ok()), expected, faults)
}

impl<'a> FromValue<'a> for Date {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        let date = value.written.get_ref().as_datetime().and_then(date_only);
        value.expect(date, "a date without quotes, such as 2026-01-31", faults)
    }
}

fn date_only(written: &Datetime) -> Option<Date> {
    let Datetime { date: Some(date), time: None, offset: None } = written else { return None };
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}

impl<'a> FromValue<'a> for Timestamp {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        let written = value.written.get_ref().as_datetime().map(ToString::to_string);
        let moment = written.and_then(|text| text.parse().ok());
        value.expect(
            moment,
            "a moment without quotes, with its offset, such as 2026-01-31T22:00:00+07:00",
            faults,
        )
    }
}

/// A text for people: not empty, no control characters, and composed (NFC), so that the same words are the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(pub String);

/// A text is not fit to be shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWords {
    /// Nothing in it.
    #[error("a text is not empty and does not begin or end with a space")]
    Empty,
    /// Control characters, line breaks too.
    #[error("a text has no control characters and no line breaks")]
    Control,
    /// Combining marks: Vietnamese in decomposed form.
    #[error("Vietnamese is written composed (NFC); this text has combining marks")]
    Decomposed,
}

impl FromStr for Words {
    type Err = NotWords;

    fn from_str(text: &str) -> Result<Self, NotWords> {
        if text.is_empty() || text.trim() != text {
            return Err(NotWords::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(NotWords::Control);
        }
        // Every letter of Vietnamese exists composed: a combining mark means that the text was not composed.
        if text.chars().any(|letter| ('\u{300}'..='\u{36f}').contains(&letter)) {
            return Err(NotWords::Decomposed);
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'a> FromValue<'a> for Text {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.table(faults, |table, faults| {
            let vi = table.required::<Words>("vi", faults);
            let en = table.required::<Words>("en", faults);
            Some(Self::new(vi?.value.0, en?.value.0))
        })
    }
}

impl<'a> FromValue<'a> for Duration {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        quantity::duration(value.text(faults)?).map_err(|error| value.wrong(&error, faults)).ok()
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Vec<Placed<T>> {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        let items = value.items(faults)?;
        Some(items.iter().filter_map(|item| item.read(faults)).collect())
    }
}

/// Types that are read from a text by their `FromStr`.
macro_rules! from_text {
    ($($type:ty),* $(,)?) => {$(
        impl<'a> FromValue<'a> for $type {
            fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
                value.parse(faults).map(|placed| placed.value)
            }
        }
    )*};
}

from_text!(
    AgencyId,
    AgreementId,
    Origin,
    PurposeCode,
    ServiceId,
    Size,
    Words,
    std::net::IpAddr,
    std::net::SocketAddr
);
