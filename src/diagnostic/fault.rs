//! One fault, and all of them.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;
use serde::ser::SerializeStruct;

use super::code::Code;
use super::source::Place;
use super::vietnamese;
use crate::language::Language;

/// Whether a fault keeps a file from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Fault,
    /// It can, but somebody should look.
    Warning,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    code: Code,
    severity: Severity,
    message: String,
    place: Option<Place>,
    label: Option<String>,
    also: Vec<(Place, String)>,
    help: Option<String>,
}

impl Fault {
    /// A fault: one sentence, lower case, no full stop, what was written in backticks (see [`shown`]).
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Fault,
            message: message.into(),
            place: None,
            label: None,
            also: Vec::new(),
            help: None,
        }
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code, message) }
    }

    /// Puts the caret.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// What stands beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Another place that has to do with it.
    #[must_use]
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.also.push((place, label.into()));
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// "did you mean …?", when there is something to mean.
    #[must_use]
    pub fn suggest(self, nearest: Option<&str>) -> Self {
        match nearest {
            Some(name) => self.help(format!("did you mean `{}`?", shown(name))),
            None => self,
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What to do.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// What of it nobody has said in Vietnamese yet.
    #[cfg(test)]
    pub(crate) fn untold(&self) -> Vec<&str> {
        let others = self.also.iter().map(|(_, label)| label);
        let said = [Some(&self.message), self.label.as_ref(), self.help.as_ref()];
        let all = said.into_iter().flatten().chain(others).map(String::as_str);
        all.filter(|english| vietnamese::said(english).is_none()).collect()
    }

    /// What it says in a language; it was written in English.
    fn told_in(&self, language: Language) -> Self {
        if language == Language::En {
            return self.clone();
        }
        let told = |text: &String| vietnamese::told(text);
        Self {
            message: told(&self.message),
            label: self.label.as_ref().map(told),
            also: self.also.iter().map(|(place, label)| (place.clone(), told(label))).collect(),
            help: self.help.as_ref().map(told),
            ..self.clone()
        }
    }

    /// What it says in Vietnamese, for machines; the other members are the English.
    fn in_vietnamese(&self) -> serde_json::Value {
        let Self { message, label, help, .. } = self.told_in(Language::Vi);
        serde_json::json!({ "message": message, "label": label, "help": help, "title": self.code.title().vi })
    }

    fn draw(&self, renderer: &Renderer, language: Language) -> String {
        let named = |level: Level<'static>, name: &'static str| match language {
            Language::Vi => level.with_name(vietnamese::told(name)),
            Language::En => level.with_name(name),
        };
        let level = match self.severity {
            Severity::Fault => named(Level::ERROR, "fault"),
            Severity::Warning => named(Level::WARNING, "warning"),
        };
        let title = level.primary_title(self.message.as_str()).id(self.code.as_str());
        let mut group = title.elements(self.snippets());
        if let Some(help) = &self.help {
            group = group.element(named(Level::HELP, "help").message(help.as_str()));
        }
        if language == Language::Vi {
            group = group.element(named(Level::NOTE, "note").message(self.code.title().vi));
        }
        renderer.render(&[group])
    }

    fn snippets(&self) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let primary = self.place.iter().map(|place| {
            let annotation = AnnotationKind::Primary.span(place.range()).label(self.label.as_deref());
            (place, annotation)
        });
        let others = self
            .also
            .iter()
            .map(|(place, label)| (place, AnnotationKind::Context.span(place.range()).label(label.as_str())));
        let mut snippets: Vec<(&Place, Vec<_>)> = Vec::new();
        for (place, annotation) in primary.chain(others) {
            match snippets.iter_mut().find(|(first, _)| first.source() == place.source()) {
                Some((_, annotations)) => annotations.push(annotation),
                None => snippets.push((place, vec![annotation])),
            }
        }
        snippets
            .into_iter()
            .map(|(place, annotations)| {
                Snippet::source(place.source().text()).path(place.source().name()).annotations(annotations)
            })
            .collect()
    }
}

/// Text from a file as it may stand in a message: control and direction characters escaped, at most 80 characters.
#[must_use]
pub fn shown(text: &str) -> String {
    /// Enough for every pointer and name; a message stays on a line or two.
    const SHOWN_MAX: usize = 80;
    let mut escaped: String = text.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
    if text.chars().count() > SHOWN_MAX {
        escaped.push('…');
    }
    escaped
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let start = self.place.as_ref().map(Place::line_and_column);
        let end = self.place.as_ref().map(Place::end_line_and_column);
        let mut object = serializer.serialize_struct("Fault", 11)?;
        object.serialize_field("code", self.code.as_str())?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("file", &self.place.as_ref().map(|place| place.source().name()))?;
        object.serialize_field("line", &start.map(|(line, _)| line))?;
        object.serialize_field("column", &start.map(|(_, column)| column))?;
        object.serialize_field("end_line", &end.map(|(line, _)| line))?;
        object.serialize_field("end_column", &end.map(|(_, column)| column))?;
        object.serialize_field("label", &self.label)?;
        object.serialize_field("help", &self.help)?;
        object.serialize_field("vi", &self.in_vietnamese())?;
        object.end()
    }
}

/// All faults found so far. Reading goes on after each; whoever reads asks at the end whether there were any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records one.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Whether nothing was recorded, not even a warning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were recorded, warnings included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is one that is more than a warning.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        self.0.iter().any(|fault| fault.severity == Severity::Fault)
    }

    /// All of them, in the order of [`Faults::sort`] once that was called.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.0.iter()
    }

    /// Orders them by file and place, those of no file first.
    pub fn sort(&mut self) {
        let key = |fault: &Fault| {
            fault.place.as_ref().map(|place| (place.source().name().to_owned(), place.range().start))
        };
        self.0.sort_by_key(key);
    }

    /// All of them as a terminal shows them, in English, with colours if asked.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.render_in(color, Language::En)
    }

    /// The same in a language; in Vietnamese each is followed by the code's title.
    #[must_use]
    pub fn render_in(&self, color: bool, language: Language) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let drawn = |fault: &Fault| fault.told_in(language).draw(&renderer, language) + "\n\n";
        self.0.iter().map(drawn).collect()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Faults {}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Extend<Fault> for Faults {
    fn extend<I: IntoIterator<Item = Fault>>(&mut self, faults: I) {
        self.0.extend(faults);
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().collect())
    }
}
