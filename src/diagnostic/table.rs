//! A TOML table being read: asked for its keys one by one, it remembers which were asked for.

use std::str::FromStr;

use toml::de::DeTable;

use super::code::Code;
use super::fault::{Fault, Faults, shown};
use super::nearest::nearest;
use super::source::{Place, Placed, Source};
use super::value::{FromValue, Value};

/// A table being read. Call [`Table::finish`] at the end, or read by [`Source::read`] and [`Value::table`], which do.
#[derive(Debug)]
pub struct Table<'a> {
    source: &'a Source,
    entries: &'a DeTable<'a>,
    place: Place,
    /// The key it stands under; none is the file itself.
    name: Option<&'a str>,
    asked: Vec<&'static str>,
    /// The file has syntax errors: what seems missing may be in the part that could not be read.
    torn: bool,
}

impl<'a> Table<'a> {
    pub(super) fn root(source: &'a Source, entries: &'a DeTable<'a>, torn: bool) -> Self {
        Self { source, entries, place: source.start(), name: None, asked: Vec::new(), torn }
    }

    pub(super) fn nested(value: &Value<'a>, entries: &'a DeTable<'a>) -> Self {
        let name = Some(value.name());
        let (source, place, torn) = (value.source(), value.place(), value.is_torn());
        Self { source, entries, place, name, asked: Vec::new(), torn }
    }

    /// Where the table stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The file it stands in.
    #[must_use]
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// A key that must be there. `None` when it is missing or wrong: then the fault is recorded.
    pub fn required<T: FromValue<'a>>(
        &mut self,
        key: &'static str,
        faults: &mut Faults,
    ) -> Option<Placed<T>> {
        self.need(key, faults)?.read(faults)
    }

    /// A key that may be there. `None` when it is absent, or wrong: then the fault is recorded.
    pub fn optional<T: FromValue<'a>>(
        &mut self,
        key: &'static str,
        faults: &mut Faults,
    ) -> Option<Placed<T>> {
        self.take(key)?.read(faults)
    }

    /// A text that must be there and be a `T`.
    pub fn required_parsed<T>(&mut self, key: &'static str, faults: &mut Faults) -> Option<Placed<T>>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.need(key, faults)?.parse(faults)
    }

    /// A text that may be there and must be a `T`.
    pub fn optional_parsed<T>(&mut self, key: &'static str, faults: &mut Faults) -> Option<Placed<T>>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.take(key)?.parse(faults)
    }

    /// A list; absent is empty. Items that are wrong are recorded and left out.
    pub fn list<T: FromValue<'a>>(&mut self, key: &'static str, faults: &mut Faults) -> Vec<Placed<T>> {
        self.optional::<Vec<Placed<T>>>(key, faults).map(|list| list.value).unwrap_or_default()
    }

    /// How messages call it.
    fn called(&self) -> String {
        self.name.map_or_else(|| "the file".to_owned(), |name| format!("`{}`", shown(name)))
    }

    /// The value of a key as it stands, whatever its type; a fault when it is missing.
    pub fn need(&mut self, key: &'static str, faults: &mut Faults) -> Option<Value<'a>> {
        let value = self.take(key);
        if value.is_none() && !self.torn {
            let message = format!("{} has no key `{key}`", self.called());
            let fault = Fault::new(Code::MissingKey, message).at(self.place.clone());
            faults.push(fault.label(format!("`{key}` is required here")));
        }
        value
    }

    /// The value of a key as it stands, whatever its type.
    pub fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.push(key);
        let value = self.entries.get(key)?;
        Some(Value::new(self.source, key, value, self.torn))
    }

    /// Whether a key is written, without asking for it.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// All entries, for tables whose keys are data. Counts as asking for every key.
    pub fn entries(&mut self) -> Vec<(Placed<String>, Value<'a>)> {
        let entries = std::mem::replace(&mut self.entries, empty());
        let read = entries.iter().map(|(key, value)| {
            let place = self.source.place(key.span());
            let name: &'a str = key.get_ref();
            (Placed { value: name.to_owned(), place }, Value::new(self.source, name, value, self.torn))
        });
        read.collect()
    }

    /// Records every key that was not asked for, with the nearest one that was.
    pub fn finish(self, faults: &mut Faults) {
        for key in self.entries.keys() {
            let written: &str = key.get_ref();
            if !self.asked.contains(&written) {
                faults.push(self.unknown_key(written, self.source.place(key.span())));
            }
        }
    }

    fn unknown_key(&self, written: &str, place: Place) -> Fault {
        let message = format!("{} has a key `{}` that nobody knows", self.called(), shown(written));
        let fault = Fault::new(Code::UnknownKey, message).at(place).label("unknown key");
        match nearest(written, self.asked.iter().copied()) {
            Some(name) => fault.suggest(Some(name)),
            None => fault.help(format!("known keys here: {}", self.asked.join(", "))),
        }
    }
}

fn empty<'a>() -> &'a DeTable<'a> {
    static EMPTY: std::sync::LazyLock<DeTable<'static>> = std::sync::LazyLock::new(DeTable::new);
    &EMPTY
}
