//! How differences are noted down: of one subject, aspect by aspect, and only where there is one.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::language::Text;

use super::aspect::Aspect;
use super::change::Change;
use super::change::Condition;
use super::change::Effect;
use super::change::Subject;
use super::change::Values;

/// Notes what differs of one subject.
pub(super) struct Teller<'a> {
    subject: Subject,
    changes: &'a mut Vec<Change>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(subject: Subject, changes: &'a mut Vec<Change>) -> Self {
        Self { subject, changes }
    }

    fn tell(&mut self, aspect: Aspect, effect: Effect, values: Values) {
        let condition = Condition { subject: self.subject.clone(), aspect, effect, values };
        self.changes.push(Change::Condition(Box::new(condition)));
    }

    /// A value of which nobody gains or loses.
    pub(super) fn plain<T: PartialEq>(&mut self, aspect: Aspect, pair: (&T, &T), text: impl Fn(&T) -> Text) {
        self.judged(aspect, pair, text, |_, _| Effect::Neither);
    }

    /// A value of which it depends who gains.
    pub(super) fn judged<T: PartialEq>(
        &mut self,
        aspect: Aspect,
        (old, new): (&T, &T),
        text: impl Fn(&T) -> Text,
        effect: impl Fn(&T, &T) -> Effect,
    ) {
        if old != new {
            self.tell(aspect, effect(old, new), Values::From(Some(text(old)), Some(text(new))));
        }
    }

    /// A bound that may be absent: without it everything passes, and the more it lets pass the wider it is.
    pub(super) fn bound<T: PartialOrd>(
        &mut self,
        aspect: Aspect,
        (old, new): (&Option<T>, &Option<T>),
        text: impl Fn(&T) -> Text,
    ) {
        // What cannot be compared lets through what the other does not, both ways.
        let effect = |old: &T, new: &T| match old.partial_cmp(new) {
            Some(order) => Effect::of(order.is_lt(), order.is_gt()),
            None => Effect::Both,
        };
        self.absent_or(aspect, (old, new), text, effect);
    }

    /// A demand that may be absent: whoever does not meet it is refused, and another demand refuses others.
    pub(super) fn demand<T: PartialEq>(
        &mut self,
        aspect: Aspect,
        (old, new): (&Option<T>, &Option<T>),
        text: impl Fn(&T) -> Text,
    ) {
        self.absent_or(aspect, (old, new), text, |_, _| Effect::Both);
    }

    /// What refuses nobody where it is absent; `effect` is told of two that differ.
    fn absent_or<T: PartialEq>(
        &mut self,
        aspect: Aspect,
        (old, new): (&Option<T>, &Option<T>),
        text: impl Fn(&T) -> Text,
        effect: impl Fn(&T, &T) -> Effect,
    ) {
        let effect = match (old, new) {
            (None, None) => return,
            (Some(old), Some(new)) if old == new => return,
            (Some(_), None) => Effect::Wider,
            (None, Some(_)) => Effect::Narrower,
            (Some(old), Some(new)) => effect(old, new),
        };
        let told = |value: &Option<T>| value.as_ref().map(&text);
        self.tell(aspect, effect, Values::From(told(old), told(new)));
    }

    /// A list: `effect` is told whether items came, and whether items went.
    pub(super) fn items<T: PartialEq + Display>(
        &mut self,
        aspect: Aspect,
        (old, new): (&[T], &[T]),
        effect: impl Fn(bool, bool) -> Effect,
    ) {
        let missing = |from: &[T], of: &[T]| -> Vec<String> {
            of.iter().filter(|item| !from.contains(item)).map(ToString::to_string).collect()
        };
        if old == new {
            return;
        }
        let (removed, added) = (missing(new, old), missing(old, new));
        if !(removed.is_empty() && added.is_empty()) {
            let effect = effect(!added.is_empty(), !removed.is_empty());
            self.tell(aspect, effect, Values::Items(removed, added));
        }
    }

    /// A list each item of which lets more pass.
    pub(super) fn grants<T: PartialEq + Display>(&mut self, aspect: Aspect, pair: (&[T], &[T])) {
        self.items(aspect, pair, Effect::of);
    }

    /// A list each item of which lets less pass.
    pub(super) fn bars<T: PartialEq + Display>(&mut self, aspect: Aspect, pair: (&[T], &[T])) {
        self.items(aspect, pair, |came, went| Effect::of(went, came));
    }

    /// A list of which nobody gains or loses.
    pub(super) fn listed<T: PartialEq + Display>(&mut self, aspect: Aspect, pair: (&[T], &[T])) {
        self.items(aspect, pair, |_, _| Effect::Neither);
    }

    /// What changed and is not repeated.
    pub(super) fn untold<T: PartialEq>(&mut self, aspect: Aspect, (old, new): (&T, &T)) {
        if old != new {
            self.tell(aspect, Effect::Neither, Values::Untold);
        }
    }

    /// What came or went as a whole, said with the effect of its coming; if it was there and is, both.
    pub(super) fn both<'v, V>(
        &mut self,
        pair: Pair<'v, V>,
        effect: impl Fn(&V) -> Effect,
        text: impl Fn(&V) -> Text,
    ) -> Option<(&'v V, &'v V)> {
        let (effect, values) = match pair {
            (Some(old), Some(new)) => return Some((old, new)),
            (Some(gone), None) => (effect(gone).mirrored(), Values::From(Some(text(gone)), None)),
            (None, Some(come)) => (effect(come), Values::From(None, Some(text(come)))),
            (None, None) => return None,
        };
        self.tell(Aspect::PRESENCE, effect, values);
        None
    }
}

/// What two sets say of one thing.
pub(super) type Pair<'v, V> = (Option<&'v V>, Option<&'v V>);

/// The things of two sets, side by side.
pub(super) fn pairs<'v, K: Ord, V>(
    old: impl Iterator<Item = (K, &'v V)>,
    new: impl Iterator<Item = (K, &'v V)>,
) -> BTreeMap<K, Pair<'v, V>> {
    let mut pairs: BTreeMap<K, Pair<'v, V>> = old.map(|(key, value)| (key, (Some(value), None))).collect();
    for (key, value) in new {
        pairs.entry(key).or_default().1 = Some(value);
    }
    pairs
}

/// Yes or no.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the teller hands references")]
pub(super) fn yes_or_no(value: &bool) -> Text {
    if *value { Text::new("có", "yes") } else { Text::new("không", "no") }
}

/// A value that reads the same in both languages.
pub(super) fn same<T: Display + ?Sized>(value: &T) -> Text {
    let text = value.to_string();
    Text::new(text.clone(), text)
}
