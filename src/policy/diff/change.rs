//! One difference between two policy sets.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;

use crate::id::AgreementId;
use crate::language::Text;
use crate::policy::scope::Class;

use super::aspect::Aspect;

/// Which way a change goes, from the point of view of those who ask. In the order in which a reader should see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Something passes that did not.
    Wider,
    /// Something passes that did not, and something does not that did.
    Both,
    /// Something does not pass that did.
    Narrower,
    /// Who may reach what stays as it is.
    Neither,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Fields that agencies gain or lose.
    Access(Box<Access>),
    /// A condition that changed.
    Condition(Box<Condition>),
}

/// Fields that some agencies gain or lose, by some operations of a service, for some purposes, on some days.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The service.
    pub service: String,
    /// The agencies.
    pub agencies: Vec<String>,
    /// The operations.
    pub operations: Vec<String>,
    /// The purposes.
    pub purposes: Vec<String>,
    /// The first day and the last.
    pub days: (Date, Date),
    /// Whether they gain; else they lose.
    pub gained: bool,
    /// Whether they can reach nothing else by these operations, for these purposes, on these days, before (or after).
    pub whole: bool,
    /// The fields, by pointer.
    pub fields: BTreeMap<String, Class>,
}

/// What a condition is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An agreement.
    Agreement(AgreementId),
    /// What an agreement says of one operation.
    Clause(AgreementId, String),
    /// An agency.
    Agency(String),
    /// A service.
    Service(String),
    /// One operation of a service.
    Operation(String, String),
    /// A purpose.
    Purpose(String),
    /// What no agreement may grant.
    Guardrails,
    /// An entry of the kill switch: what kind of thing is suspended, and which.
    Suspension(&'static str, String),
}

/// A condition that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Of what.
    pub subject: Subject,
    /// Which.
    pub aspect: Aspect,
    /// Which way.
    pub effect: Effect,
    /// What it was, and is.
    pub values: Values,
}

/// How a condition changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// From one value to another; none: it does not say, or is not there.
    From(Option<Text>, Option<Text>),
    /// Items of a list that went and that came.
    Items(Vec<String>, Vec<String>),
    /// It changed, and is not repeated: it may name a person.
    Untold,
}

impl Effect {
    /// The effect of a change that lets more pass, less, both or neither.
    #[must_use]
    pub fn of(wider: bool, narrower: bool) -> Self {
        match (wider, narrower) {
            (true, true) => Self::Both,
            (true, false) => Self::Wider,
            (false, true) => Self::Narrower,
            (false, false) => Self::Neither,
        }
    }

    /// The effect of the change back.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Wider => Self::Narrower,
            Self::Narrower => Self::Wider,
            Self::Both | Self::Neither => self,
        }
    }

    /// Its name, for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Both => "both",
            Self::Narrower => "narrower",
            Self::Neither => "neither",
        }
    }

    /// What people read.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Wider => Text::new("rộng hơn", "wider"),
            Self::Both => Text::new("vừa rộng hơn, vừa hẹp hơn", "wider and narrower"),
            Self::Narrower => Text::new("hẹp hơn", "narrower"),
            Self::Neither => Text::new("không đổi quyền", "access unchanged"),
        }
    }
}

impl Change {
    /// Which way it goes.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Self::Access(access) => Effect::of(access.gained, !access.gained),
            Self::Condition(condition) => condition.effect,
        }
    }

    /// The change back.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Access(access) => Self::Access(Box::new(Access { gained: !access.gained, ..*access })),
            Self::Condition(condition) => Self::Condition(Box::new(Condition {
                effect: condition.effect.mirrored(),
                values: condition.values.mirrored(),
                ..*condition
            })),
        }
    }

    /// One sentence; its length is bounded, and it names nobody.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Access(access) => access.text(),
            Self::Condition(condition) => condition.text(),
        }
    }

    /// One object, whole.
    #[must_use]
    pub fn json(&self) -> Value {
        let text = self.text();
        let mut object = match self {
            Self::Access(access) => access.json(),
            Self::Condition(condition) => condition.json(),
        };
        if let Some(members) = object.as_object_mut() {
            members.insert("effect".to_owned(), self.effect().code().into());
            members.insert("text".to_owned(), json!({ "vi": text.vi, "en": text.en }));
        }
        object
    }
}

impl Access {
    fn json(&self) -> Value {
        let field =
            |(pointer, class): (&String, &Class)| json!({ "pointer": pointer, "class": class.code() });
        json!({
            "about": "access",
            "service": self.service,
            "agencies": self.agencies,
            "operations": self.operations,
            "purposes": self.purposes,
            "from": self.days.0.to_string(),
            "until": self.days.1.to_string(),
            "whole": self.whole,
            "fields": self.fields.iter().map(field).collect::<Vec<_>>(),
        })
    }
}

impl Subject {
    /// What kind of thing it is, and which, for machines.
    fn names(&self) -> (&'static str, Vec<String>) {
        match self {
            Self::Agreement(id) => ("agreement", vec![id.to_string()]),
            Self::Clause(id, operation) => ("agreement", vec![id.to_string(), operation.clone()]),
            Self::Agency(id) => ("agency", vec![id.clone()]),
            Self::Service(id) => ("service", vec![id.clone()]),
            Self::Operation(id, operation) => ("service", vec![id.clone(), operation.clone()]),
            Self::Purpose(code) => ("purpose", vec![code.clone()]),
            Self::Guardrails => ("guardrails", Vec::new()),
            Self::Suspension(kind, id) => ("suspension", vec![id.clone(), (*kind).to_owned()]),
        }
    }
}

impl Condition {
    fn json(&self) -> Value {
        let (about, names) = self.subject.names();
        let told = |value: &Option<Text>| value.as_ref().map(|text| json!({ "vi": text.vi, "en": text.en }));
        let mut object = json!({ "about": about, "id": names.first(), "aspect": self.aspect.code });
        let mut tell = |name: &str, value: Value| {
            if let Some(members) = object.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        if let Some(of) = names.get(1) {
            tell("of", of.as_str().into());
        }
        match &self.values {
            Values::From(before, after) => {
                tell("before", told(before).into());
                tell("after", told(after).into());
            }
            Values::Items(removed, added) => {
                tell("removed", removed.as_slice().into());
                tell("added", added.as_slice().into());
            }
            Values::Untold => {}
        }
        object
    }
}

impl Values {
    fn mirrored(self) -> Self {
        match self {
            Self::From(before, after) => Self::From(after, before),
            Self::Items(removed, added) => Self::Items(added, removed),
            Self::Untold => Self::Untold,
        }
    }
}
