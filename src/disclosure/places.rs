//! The scope's tree as far as an answer has gone into it: the places that were met, how they are reached, and how often.
//!
//! Objects of one kind mostly have the same keys in the same order. So each place remembers which one came after it last time,
//! and the reader compares that key's bytes before it looks for where the key ends and what it is.

use std::ops::Range;

use crate::policy::scope::Node;

use super::keys::Known;
use super::plain::plain;
use super::released::{FieldCount, Report};

/// A place by its number.
pub(super) type At = usize;

/// The place of everything that the catalogue does not know, at any depth.
pub(super) const UNKNOWN: At = 0;

/// The place of the outermost value.
pub(super) const ROOT: At = 1;

/// Places of an answer about one person, about: a list that grows is copied.
const PLACES: usize = 48;

/// What the scope says of the place where a value stands.
#[derive(Debug)]
struct Place<'s> {
    /// None where the catalogue knows nothing.
    node: Option<&'s Node>,
    /// Its key in the object around it.
    name: &'s [u8],
    /// The same if it may be written without escapes.
    likely: Option<&'s [u8]>,
    /// How its key is told from its siblings'.
    known: Known,
    /// Something here or below is kept. Otherwise it is withheld, and counted if the catalogue knows it.
    open: bool,
    /// What becomes of a scalar here.
    fate: Fate,
    /// A bit for the [`hint`] of each member's name: a name without a bit here is none of them.
    hints: u64,
    /// The places of its members, sorted by name, once they were needed.
    members: Option<Range<At>>,
    /// The place of its items.
    items: At,
    /// The member that came first in the object here that was read last.
    first: At,
    /// The member that came after this in the object around it that was read last.
    next: At,
    released: u64,
    withheld: u64,
}

/// What becomes of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on.
    Released,
    /// It stays, and is counted if it must be.
    Withheld,
    /// It stays, and unless it is `null` it is a surprise.
    Surprise,
}

/// The places that an answer has met.
#[derive(Debug)]
pub(super) struct Places<'s> {
    known: Vec<Place<'s>>,
    uncatalogued: u64,
}

impl<'s> Places<'s> {
    /// Before anything was met.
    pub(super) fn new(root: &'s Node) -> Self {
        let unknown = Place::new(None, &[], false, 0, UNKNOWN);
        let root = Place::new(Some(root), &[], leads_on(root), 0, ROOT);
        let mut known = Vec::with_capacity(PLACES);
        known.extend([unknown, root]);
        Self { known, uncatalogued: 0 }
    }

    /// Whether anything here or below may go on.
    #[inline(always)]
    pub(super) fn is_open(&self, at: At) -> bool {
        self.known.get(at).is_some_and(|place| place.open)
    }

    /// A place's key, if a reader may expect it as it stands.
    #[inline(always)]
    pub(super) fn key(&self, at: At) -> Option<&'s [u8]> {
        self.known.get(at).and_then(|place| place.likely)
    }

    /// How a place's key is told from its siblings', and the member that comes after it, as far as one can tell.
    #[inline(always)]
    pub(super) fn known(&self, at: At) -> (Known, At) {
        self.known.get(at).map_or((Known::Not, UNKNOWN), |place| (place.known, place.next))
    }

    /// The member that comes after `before`, or first in `object` if nothing known came before, as far as one can tell.
    #[inline(always)]
    pub(super) fn likely(&self, object: At, before: At) -> At {
        match before {
            UNKNOWN => self.known.get(object).map_or(UNKNOWN, |place| place.first),
            before => self.known.get(before).map_or(UNKNOWN, |place| place.next),
        }
    }

    /// What did come there.
    pub(super) fn learn(&mut self, object: At, before: At, came: At) {
        let before = match before {
            UNKNOWN => self.known.get_mut(object).map(|place| &mut place.first),
            before => self.known.get_mut(before).map(|place| &mut place.next),
        };
        if let Some(likely) = before {
            *likely = came;
        }
    }

    /// The place of a member of an object; one that should not be there is counted.
    pub(super) fn member(&mut self, object: At, name: &[u8]) -> At {
        let found = self.known.get(object).filter(|place| place.hints & hint(name) != 0).and_then(|place| {
            let members = place.members.clone()?;
            let among = self.known.get(members.clone())?;
            among.binary_search_by(|member| member.name.cmp(name)).ok().map(|nth| members.start + nth)
        });
        let surprise = |place: &Place<'_>| {
            // Below a withheld field that the catalogue does not open, nothing is a surprise: the field is all of it.
            place.open || place.node.is_some_and(|node| !node.members.is_empty() || node.items.is_some())
        };
        found.unwrap_or_else(|| {
            self.uncatalogued += u64::from(self.known.get(object).is_some_and(surprise));
            UNKNOWN
        })
    }

    /// The place of the next item of an array.
    #[inline(always)]
    pub(super) fn item(&mut self, array: At) -> At {
        let items = self.known.get(array).map_or(UNKNOWN, |place| place.items);
        if items != array {
            // The array's own field, if it has one, has as many items as the array.
            self.count_container(array);
        }
        items
    }

    /// A scalar stands here.
    #[inline(always)]
    pub(super) fn scalar(&mut self, at: At) -> Fate {
        let Some(place) = self.known.get_mut(at) else { return Fate::Withheld };
        let released = place.fate == Fate::Released;
        place.released += u64::from(released);
        place.withheld += u64::from(!released);
        place.fate
    }

    /// A container stands here, or an item of one that the catalogue gives a place of its own.
    pub(super) fn count_container(&mut self, at: At) {
        let Some(place) = self.known.get_mut(at) else { return };
        if !place.open {
            place.withheld += 1;
        } else if place.node.is_some_and(|node| node.kept) {
            place.released += 1;
        }
    }

    /// A value stayed that the catalogue does not know.
    pub(super) fn surprise(&mut self) {
        self.uncatalogued += 1;
    }

    /// A container is entered: what may be in it gets its places.
    pub(super) fn enter(&mut self, at: At) {
        let end = self.known.len();
        let Some(place) = self.known.get_mut(at).filter(|place| place.members.is_none()) else { return };
        let Some(node) = place.node else { return };
        let open = place.open;
        place.members = Some(end..end + node.members.len());
        place.hints = node.members.keys().fold(0, |hints, name| hints | hint(name.as_bytes()));
        place.items = if node.items.is_some() { end + node.members.len() } else { at };
        for (number, (name, member)) in (0..).zip(&node.members) {
            self.push(name.as_bytes(), member, open, number);
        }
        if let Some(items) = &node.items {
            self.push(&[], items, open, 0);
        }
    }

    fn push(&mut self, name: &'s [u8], node: &'s Node, open: bool, number: u32) {
        let at = self.known.len();
        self.known.push(Place::new(Some(node), name, open && leads_on(node), number, at));
    }

    /// The counts, sorted by pointer.
    pub(super) fn report(&self) -> Report {
        let mut fields: Vec<FieldCount> = self.known.iter().filter_map(Place::count).collect();
        fields.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        Report { fields, uncatalogued: self.uncatalogued }
    }
}

impl<'s> Place<'s> {
    fn new(node: Option<&'s Node>, name: &'s [u8], open: bool, number: u32, at: At) -> Self {
        let fate = match node {
            Some(node) if open && node.kept => Fate::Released,
            Some(node) if node.field.is_none() => Fate::Surprise,
            Some(_) | None => Fate::Withheld,
        };
        Self {
            node,
            name,
            likely: node.filter(|_| plain(name) == name.len()).map(|_| name),
            known: 1_u64.checked_shl(number).map_or(Known::Not, Known::As),
            open,
            fate,
            hints: 0,
            members: None,
            items: at,
            first: UNKNOWN,
            next: UNKNOWN,
            released: 0,
            withheld: 0,
        }
    }

    fn count(&self) -> Option<FieldCount> {
        let field = self.node?.field.as_ref()?;
        (self.released + self.withheld > 0).then(|| FieldCount {
            pointer: field.pointer.clone(),
            class: field.class,
            released: self.released,
            withheld: self.withheld,
        })
    }
}

/// One of 64 bits for a name.
#[inline(always)]
fn hint(name: &[u8]) -> u64 {
    let (first, last) = (name.first().copied().unwrap_or_default(), name.last().copied().unwrap_or_default());
    let told = u64::from(first) | u64::from(last) << 8 | (name.len() as u64) << 16;
    // The upper six bits of a product with the golden ratio, as Knuth spreads them.
    1 << (told.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

fn leads_on(node: &Node) -> bool {
    node.leads_to_kept || node.kept
}
