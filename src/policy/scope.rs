//! A field scope, as a tree over the service's catalogue: every catalogued field is in it, kept or not.
//!
//! An array is transparent: its items are matched by [`Node::items`] where the catalogue says `*`, else by the node itself
//! (real platforms send one object or an array of them). A member the tree does not know is withheld.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::crypto::digest::{Hash, sha256};
use crate::language::Text;

use super::pointer::{Token, tokens};

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

impl Class {
    /// Its name, as catalogues and the record write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Sensitive => "sensitive",
        }
    }
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

/// One place in an answer. What it is called is shared by all trees that are made of one: a caller's wish copies the places alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// Whether the grant keeps a scalar that stands here. Containers here are entered whatever this says.
    pub kept: bool,
    /// Whether this node or any below it is kept: if not, the value here is withheld whole.
    pub leads_to_kept: bool,
    /// The catalogue's entry for this very place, if it has one.
    pub field: Option<Arc<Field>>,
    /// The catalogued members of an object here, by unescaped key.
    pub members: BTreeMap<Arc<str>, Node>,
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

/// A pointer that the catalogue does not know, or that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncatalogued;

/// Why a wish is not within a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// The pointer is not the catalogue's; it is not repeated.
    Uncatalogued,
    /// This catalogued field would be disclosed, and the scope does not keep it.
    Field(Box<Field>),
}

impl Scope {
    /// The scope that keeps `pointers`, each with its catalogued descendants, of a catalogue (see [`Node::catalogue`]).
    ///
    /// # Errors
    /// When a pointer leads nowhere in the catalogue.
    pub fn new(catalogue: &Node, pointers: &[String]) -> Result<Self, Uncatalogued> {
        let mut root = catalogue.clone();
        root.withhold();
        for pointer in pointers {
            root.at_mut(pointer).ok_or(Uncatalogued)?.keep();
        }
        root.settle();
        Ok(Self { root, hash: hash_of(pointers), pointers: each_once(pointers) })
    }

    /// The part of this scope that `asked` names. Asking for a parent is asking for everything catalogued below it.
    ///
    /// # Errors
    /// The first thing asked for that is outside this scope.
    pub fn narrow(&self, asked: &[String]) -> Result<Self, Outside> {
        for pointer in asked {
            let node = self.root.at(pointer).ok_or(Outside::Uncatalogued)?;
            if let Some(field) = node.fields().find(|(_, kept)| !kept).map(|(field, _)| field) {
                return Err(Outside::Field(Box::new(field.clone())));
            }
        }
        Self::new(&self.root, asked).map_err(|Uncatalogued| Outside::Uncatalogued)
    }

    /// The catalogued fields that may be disclosed.
    pub fn kept(&self) -> impl Iterator<Item = &Field> {
        self.root.fields().filter_map(|(field, kept)| kept.then_some(field))
    }

    /// Whether everything catalogued at and below a pointer may be disclosed.
    #[must_use]
    pub fn covers(&self, pointer: &str) -> bool {
        self.root.at(pointer).is_some_and(|node| node.fields().all(|(_, kept)| kept))
    }
}

impl Node {
    /// The tree of a catalogue, nothing kept. Pointers that are none are left out: compiling refuses them before.
    #[must_use]
    pub fn catalogue(fields: &[Field]) -> Self {
        let mut root = Self::default();
        for field in fields {
            if let Ok(steps) = tokens(&field.pointer) {
                let place = steps.into_iter().fold(&mut root, Self::enter);
                place.field = Some(Arc::new(field.clone()));
            }
        }
        root
    }

    /// The node a pointer leads to.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        tokens(pointer).ok()?.iter().try_fold(self, |node, step| match step {
            Token::Items => node.items.as_deref(),
            Token::Member(name) => node.members.get(name.as_str()),
        })
    }

    /// Every catalogued field at and below this node, and whether it is kept, in the catalogue tree's order.
    pub fn fields(&self) -> Box<dyn Iterator<Item = (&Field, bool)> + '_> {
        let here = self.field.iter().map(|field| (&**field, self.kept));
        let below = self.members.values().chain(self.items.as_deref()).flat_map(Self::fields);
        Box::new(here.chain(below))
    }

    fn enter(&mut self, step: Token) -> &mut Self {
        match step {
            Token::Items => self.items.get_or_insert_default(),
            Token::Member(name) => self.members.entry(name.into()).or_default(),
        }
    }

    fn at_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        tokens(pointer).ok()?.iter().try_fold(self, |node, step| match step {
            Token::Items => node.items.as_deref_mut(),
            Token::Member(name) => node.members.get_mut(name.as_str()),
        })
    }

    fn below_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        self.members.values_mut().chain(self.items.as_deref_mut())
    }

    fn withhold(&mut self) {
        self.kept = false;
        self.leads_to_kept = false;
        self.below_mut().for_each(Self::withhold);
    }

    // Invariant: only catalogued places are ever kept, so a scalar where the catalogue expects a container is withheld.
    fn keep(&mut self) {
        self.kept = self.field.is_some();
        self.below_mut().for_each(Self::keep);
    }

    fn settle(&mut self) -> bool {
        let mut leads = self.kept;
        for node in self.below_mut() {
            leads |= node.settle();
        }
        self.leads_to_kept = leads;
        leads
    }
}

/// A wish repeated is the same wish, and every pointer is written into the log.
fn each_once(pointers: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    pointers.iter().filter(|pointer| seen.insert(pointer.as_str())).cloned().collect()
}

fn hash_of(pointers: &[String]) -> Hash {
    let mut sorted: Vec<&str> = pointers.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let lines: String = sorted.iter().flat_map(|pointer| [*pointer, "\n"]).collect();
    sha256(lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(pointer: &str, class: Class) -> Field {
        Field { pointer: pointer.to_owned(), name: Text::new(pointer, pointer), class }
    }

    fn catalogue() -> Node {
        Node::catalogue(&[
            field("/ma", Class::None),
            field("/dan/ten", Class::Basic),
            field("/dan/tonGiao", Class::Sensitive),
            field("/suKien/*/ben", Class::Basic),
            field("/suKien/*/ben/ten", Class::Basic),
            field("/suKien/*/ben/danToc", Class::Sensitive),
        ])
    }

    fn scope(pointers: &[&str]) -> Scope {
        Scope::new(&catalogue(), &wish(pointers)).unwrap()
    }

    fn wish(pointers: &[&str]) -> Vec<String> {
        pointers.iter().map(|pointer| (*pointer).to_owned()).collect()
    }

    fn kept(scope: &Scope) -> Vec<&str> {
        scope.kept().map(|field| field.pointer.as_str()).collect()
    }

    #[test]
    fn a_kept_pointer_keeps_what_the_catalogue_knows_below_it() {
        assert_eq!(kept(&scope(&["/dan"])), ["/dan/ten", "/dan/tonGiao"]);
        assert_eq!(kept(&scope(&["/suKien/*/ben/ten"])), ["/suKien/*/ben/ten"]);
    }

    #[test]
    fn a_scalar_on_the_way_to_a_kept_pointer_is_not_kept() {
        let scope = scope(&["/suKien/*/ben/ten", "/dan"]);
        let on_the_way = scope.root.at("/suKien/*/ben").unwrap();
        assert!(!on_the_way.kept && on_the_way.leads_to_kept);
        let not_catalogued = scope.root.at("/dan").unwrap();
        assert!(!not_catalogued.kept && not_catalogued.leads_to_kept);
        assert!(!scope.root.at("/ma").unwrap().leads_to_kept);
    }

    #[test]
    fn a_wish_copies_no_name_of_the_catalogue() {
        let granted = scope(&["/dan"]);
        let narrowed = granted.narrow(&wish(&["/dan/ten"])).unwrap();
        let field = |scope: &Scope| scope.root.at("/suKien/*/ben/ten").unwrap().field.clone().unwrap();
        assert!(Arc::ptr_eq(&field(&granted), &field(&narrowed)));
        let name = |scope: &Scope| scope.root.members.keys().next().unwrap().clone();
        assert!(Arc::ptr_eq(&name(&granted), &name(&narrowed)));
    }

    #[test]
    fn what_the_catalogue_does_not_know_is_in_no_scope() {
        for pointer in ["/la", "/dan/ten/ho", "/suKien/ben", "/suKien/0", "", "dan"] {
            assert_eq!(Scope::new(&catalogue(), &wish(&[pointer])), Err(Uncatalogued), "{pointer}");
        }
    }

    #[test]
    fn a_narrower_wish_is_met_and_a_wider_one_is_refused_by_name() {
        let granted = scope(&["/ma", "/dan/ten", "/suKien/*/ben/ten"]);
        assert_eq!(kept(&granted.narrow(&wish(&["/dan/ten"])).unwrap()), ["/dan/ten"]);
        let Err(Outside::Field(field)) = granted.narrow(&wish(&["/ma", "/dan/tonGiao"])) else { panic!() };
        assert_eq!((field.pointer.as_str(), field.class), ("/dan/tonGiao", Class::Sensitive));
        assert_eq!(granted.narrow(&wish(&["/la"])), Err(Outside::Uncatalogued));
    }

    #[test]
    fn asking_for_a_parent_is_asking_for_everything_below_it() {
        let granted = scope(&["/dan/ten"]);
        assert!(
            matches!(granted.narrow(&wish(&["/dan"])), Err(Outside::Field(field)) if field.pointer == "/dan/tonGiao")
        );
        assert!(granted.covers("/dan/ten") && !granted.covers("/dan"));
    }

    #[test]
    fn asking_for_nothing_gives_nothing() {
        assert_eq!(kept(&scope(&["/dan"]).narrow(&[]).unwrap()), [""; 0]);
    }

    #[test]
    fn the_hash_knows_neither_order_nor_repetition() {
        assert_eq!(scope(&["/ma", "/dan"]).hash, scope(&["/dan", "/ma", "/dan"]).hash);
        assert_ne!(scope(&["/ma"]).hash, scope(&["/dan"]).hash);
    }
}
