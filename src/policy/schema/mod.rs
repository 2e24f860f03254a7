//! JSON Schemas (draft 7) of the policy files, so that editors complete keys and underline slips while one writes.
//!
//! A schema sees one file and its forms. What files say together, and what dates mean, only `check` sees: a file that a schema finds
//! fault with never loads, and one that it finds none with may still not load.

mod agency;
mod agreement;
mod rules;
mod service;
mod shape;

use std::str::FromStr;

use serde_json::Value;

/// The kinds of policy files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `agencies/<id>.toml`.
    Agency,
    /// `services/<id>.toml`.
    Service,
    /// `agreements/<id>.toml`.
    Agreement,
    /// `purposes.toml`.
    Purposes,
    /// `guardrails.toml`.
    Guardrails,
    /// `suspensions.toml`.
    Suspensions,
}

/// A text is not a kind of policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kinds of policy files are agency, service, agreement, purposes, guardrails and suspensions")]
pub struct NotAKind;

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Agency, Self::Service, Self::Agreement, Self::Purposes, Self::Guardrails, Self::Suspensions];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Service => "service",
            Self::Agreement => "agreement",
            Self::Purposes => "purposes",
            Self::Guardrails => "guardrails",
            Self::Suspensions => "suspensions",
        }
    }
}

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotAKind)
    }
}

/// The schema of a kind of file.
#[must_use]
pub fn of(kind: Kind) -> Value {
    let shape = match kind {
        Kind::Agency => agency::file(),
        Kind::Service => service::file(),
        Kind::Agreement => agreement::file(),
        Kind::Purposes => rules::purposes(),
        Kind::Guardrails => rules::guardrails(),
        Kind::Suspensions => rules::suspensions(),
    };
    shape.with("$schema", "http://json-schema.org/draft-07/schema#").into_value()
}

/// The schema as it is printed and checked in.
#[must_use]
pub fn text_of(kind: Kind) -> String {
    format!("{:#}\n", of(kind))
}
