//! Leaves of one shape: most leaves of a log differ from one before in nothing but the insides of texts and numbers.
//!
//! Where they do, that one's places are theirs, and nothing need be read again. Why that is safe: a byte that differs stands in a text
//! in which nothing was escaped, and both are ASCII characters that stand for themselves in JSON; so whoever reads the leaf meets the
//! same quotes at the same places, the same names in the same order, and the same sequences of UTF-8. Or it is a digit of a number, and
//! the number is read again.

use super::places::Places;
use super::scan;
use super::scan::Part;
use super::scan::Span;

/// Shapes that are remembered: more than the agencies and operations that meet in a bundle, and no more than fit beside it into a
/// core's cache.
const SHAPES_MAX: usize = 64;

/// Bytes that are compared before it is asked whether they fit.
const STRIDE: usize = 64;

/// The shapes of leaves that were read, each in the place that its length gives it.
#[derive(Debug, Default)]
pub struct Shapes(Vec<Shape>);

/// A leaf, and where another of its shape may differ.
#[derive(Debug, Default)]
struct Shape {
    leaf: Vec<u8>,
    /// As long as the leaf: ones where another byte may stand.
    free: Vec<u8>,
    numbers: Vec<Span>,
    places: Places,
}

impl Shapes {
    /// Where the members of a leaf stand; nothing if it is none.
    pub(super) fn places(&mut self, leaf: &[u8]) -> Option<&Places> {
        if self.0.is_empty() {
            self.0.resize_with(SHAPES_MAX, Shape::default);
        }
        let shape = self.0.get_mut(leaf.len() % SHAPES_MAX)?;
        if !shape.is_of(leaf) && !shape.learn(leaf) {
            *shape = Shape::default();
            return None;
        }
        Some(&shape.places)
    }
}

impl Shape {
    /// Whether a leaf has this shape. No leaf is empty.
    fn is_of(&self, leaf: &[u8]) -> bool {
        leaf.len() == self.leaf.len()
            && !leaf.is_empty()
            && differs_where_free(&self.leaf, &self.free, leaf)
            && self.numbers.iter().all(|number| scan::number(number.of(leaf)).is_some())
    }

    /// Takes the shape of a leaf; false if it is none.
    fn learn(&mut self, leaf: &[u8]) -> bool {
        let Self { free, numbers, .. } = self;
        free.clear();
        free.resize(leaf.len(), 0);
        numbers.clear();
        let places = Places::read(leaf, |part| match part {
            Part::Text(text) => text.of_mut(free).fill(u8::MAX),
            Part::Number(number) => {
                number.of_mut(free).fill(u8::MAX);
                numbers.push(number);
            }
            Part::Other => {}
        });
        // A byte of a longer sequence stays: what replaces it would be none of UTF-8.
        free.iter_mut().zip(leaf).for_each(|(free, byte)| *free &= plain(*byte));
        let is_leaf = places.is_some();
        self.places = places.unwrap_or_default();
        self.leaf.clear();
        self.leaf.extend(leaf);
        is_leaf
    }
}

/// Whether a leaf differs from a known one, of the same length, in nothing but plain bytes where others may stand.
fn differs_where_free(known: &[u8], free: &[u8], leaf: &[u8]) -> bool {
    let (known, known_end) = known.as_chunks::<STRIDE>();
    let (free, free_end) = free.as_chunks::<STRIDE>();
    let (leaf, leaf_end) = leaf.as_chunks::<STRIDE>();
    let mut strides = known.iter().zip(free).zip(leaf);
    strides.all(|((known, free), leaf)| fits(known, free, leaf)) && fits(known_end, free_end, leaf_end)
}

#[inline]
fn fits(known: &[u8], free: &[u8], leaf: &[u8]) -> bool {
    let bytes = known.iter().zip(free).zip(leaf);
    bytes.fold(0, |any, ((known, free), byte)| any | (known ^ byte) & !(free & plain(*byte))) == 0
}

/// All ones for an ASCII character that stands for itself in a text.
#[inline]
fn plain(byte: u8) -> u8 {
    // Bytes from 0x80 on are below zero.
    let is_plain = (byte.cast_signed() >= 0x20) & (byte != b'"') & (byte != b'\\');
    u8::from(is_plain).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const LEAF: &str = r#"{"agency":"H31.01.01","agreement":{"clause":1,"id":"TT-2026-001"},"at":"2026-11-23T02:30:00.000Z","certificate":{"object":"ab\\","path":"0f"},"charged":"2026-11-23","kind":"exchange.released","list":["một",7],"purpose":"giải quyết","seq":10,"status":200,"v":"phohien/1","z":18446744073709551615}"#;

    #[test]
    fn a_leaf_that_differs_inside_texts_and_numbers_is_of_the_shape() {
        let mut shapes = Shapes::default();
        let known = shapes.places(LEAF.as_bytes()).cloned();
        let shape = &shapes.0[LEAF.len() % SHAPES_MAX];
        assert_eq!(known.as_ref(), Some(&shape.places));
        for (from, to) in [
            ("H31.01.01", "H31.06.11"),
            ("\"seq\":10", "\"seq\":47"),
            ("released", "refusedx"),
            (" quy", "+quy"),
        ] {
            assert!(shape.is_of(LEAF.replacen(from, to, 1).as_bytes()), "{from}");
        }
        for (from, to) in [
            ("H31.01.01", "H31.\"1.01"),
            ("H31.01.01", "H31.\\1.01"),
            ("H31.01.01", "H31.\u{7}1.01"),
            ("\"seq\":10", "\"seq\":01"),
            ("\"seq\":10", "\"seq\":1 "),
            ("18446744073709551615", "18446744073709551616"),
            ("agency", "agencx"),
            ("[\"m", "[\"n"),
        ] {
            assert!(!shape.is_of(LEAF.replacen(from, to, 1).as_bytes()), "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_of_a_leaf_does_not_depend_on_those_before(
            changes in proptest::collection::vec(
                proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), proptest::sample::select(b"0123456789\"\\ aZ".to_vec())]), 0..3),
                1..20,
            )
        ) {
            let mut shapes = Shapes::default();
            for change in changes {
                let mut leaf = LEAF.as_bytes().to_vec();
                for (at, byte) in change {
                    let at = at.index(leaf.len());
                    leaf[at] = byte;
                }
                prop_assert_eq!(shapes.places(&leaf).cloned(), Places::read(&leaf, |_| {}));
            }
        }
    }
}
