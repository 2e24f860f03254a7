//! What one policy set gives and takes beside another, in words: who gains, who loses, what. Pure.
//!
//! Two ways of looking, together complete. *Access* is counted out: for each agency, operation, purpose and day the fields that
//! agreements grant, whatever the agreements are called. *Conditions* are compared one by one: limits, hours, terms, what must be
//! named, who is recognized, what is suspended. A set that lets something pass which the other refuses always says so by a change
//! that is [`Effect::Wider`] or [`Effect::Both`].
//!
//! Every struct is taken apart to its last member: a key that is added to the language does not compile until it is told here, or
//! left out with a reason.
//!
//! | file | duty |
//! |---|---|
//! | `access` | fields, counted out |
//! | `agreement`, `clause`, `limits` | what an agreement demands |
//! | `agency` | who is recognized, as what, from where |
//! | `service` | what can be asked, and of whom |
//! | `rules` | purposes, guardrails, suspensions |
//! | `change`, `aspect`, `words` | one difference, for machines and people |
//! | `teller` | how differences are noted down |

mod access;
mod agency;
mod agreement;
pub mod aspect;
pub mod change;
mod clause;
mod limits;
mod rules;
mod service;
mod teller;
mod words;

use crate::language::Text;

use super::policies::Policies;

pub use change::Change;
pub use change::Effect;

/// Every difference between two sets: what widens first. Nothing where both say the same, however they are written.
#[must_use]
pub fn between(old: &Policies, new: &Policies) -> Vec<Change> {
    if old.hash() == new.hash() {
        return Vec::new();
    }
    let mut changes = access::between(old, new);
    agreement::between(old, new, &mut changes);
    agency::between(old, new, &mut changes);
    service::between(old, new, &mut changes);
    rules::between(old, new, &mut changes);
    changes.sort_by_key(Change::effect);
    changes
}

/// The same where nothing but the kill switch was replaced: a moment's work, however large the sets are.
#[must_use]
pub fn between_switches(old: &Policies, new: &Policies) -> Vec<Change> {
    let mut changes = Vec::new();
    rules::suspensions(old, new, &mut changes);
    changes.sort_by_key(Change::effect);
    changes
}

/// The first `most` changes in words, what widens first; the last line says how many more there are.
#[must_use]
pub fn in_words(changes: &[Change], most: usize) -> Vec<Text> {
    let mut words: Vec<Text> = changes.iter().take(most).map(Change::text).collect();
    let left = changes.len().saturating_sub(most);
    if left > 0 {
        words.push(Text::new(format!("Còn {left} thay đổi khác."), format!("And {left} more changes.")));
    }
    words
}
