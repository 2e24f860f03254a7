//! A field scope, as a tree over the service's catalogue: every catalogued field is in it, kept or not.
//!
//! An array is transparent: its items are matched by [`Node::items`] where the catalogue says `*`, else by the node itself
//! (real platforms send one object or an array of them). A member the tree does not know is withheld.

use std::collections::BTreeMap;

use crate::crypto::digest::Hash;
use crate::language::Text;

/// How sensitive a field is (Law 91/2025/QH15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Not personal.
    None,
    /// Basic personal data.
    Basic,
    /// Sensitive personal data.
    Sensitive,
}

/// One entry of a service's field catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its JSON Pointer (RFC 6901), with `*` for array items.
    pub pointer: String,
    /// What people call it.
    pub name: Text,
    /// How sensitive it is.
    pub class: Class,
}

/// One place in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Whether the grant keeps a scalar that stands here. Containers here are entered whatever this says.
    pub kept: bool,
    /// Whether this node or any below it is kept: if not, the value here is withheld whole.
    pub leads_to_kept: bool,
    /// The catalogue's entry for this very place, if it has one.
    pub field: Option<Field>,
    /// The catalogued members of an object here, by unescaped key.
    pub members: BTreeMap<String, Node>,
    /// What matches the items of an array here, if the catalogue says `*`.
    pub items: Option<Box<Node>>,
}

/// What a grant lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The answer's root.
    pub root: Node,
    /// SHA-256 over the kept pointers, sorted, one a line.
    pub hash: Hash,
    /// The kept pointers as the clause, or the caller's narrower wish, names them.
    pub pointers: Vec<String>,
}
