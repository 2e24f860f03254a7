//! Where the members of a leaf stand that are judged.

use super::scan;
use super::scan::Member;
use super::scan::Part;
use super::scan::Span;

/// Where those members stand. Others are skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) v: Option<Span>,
    pub(super) kind: Option<Span>,
    pub(super) agency: Option<Span>,
    pub(super) at: Option<Span>,
    pub(super) prev: Option<Span>,
    pub(super) exchange: Option<Span>,
    pub(super) annex: Option<Span>,
    /// Of the certificate.
    pub(super) object: Option<Span>,
    /// Of the certificate.
    pub(super) path: Option<Span>,
    /// Its `id`.
    pub(super) agreement: Option<Span>,
    pub(super) charged: Option<Span>,
    /// Digits.
    pub(super) seq: Option<Span>,
}

impl Places {
    /// Reads where the members stand, and shows every part that is met; nothing if it is no leaf. A text in which something is escaped
    /// is none that we know.
    pub(super) fn read(leaf: &[u8], mut meet: impl FnMut(Part)) -> Option<Self> {
        std::str::from_utf8(leaf).ok()?;
        let mut places = Self::default();
        scan::members(leaf, |Member { within, name }, part| {
            meet(part);
            match (within, name, part) {
                (None, b"seq", Part::Number(seq)) => places.seq = Some(seq),
                (Some(b"certificate"), b"object", part) => places.object = part.text(),
                (Some(b"certificate"), b"path", part) => places.path = part.text(),
                (Some(b"agreement"), b"id", part) => places.agreement = part.text(),
                // What is no text, or has something escaped, is no day.
                (None, b"charged", part) => places.charged = Some(part.text().unwrap_or_default()),
                (None, name, Part::Text(text)) => {
                    if let Some(place) = places.of(name) {
                        *place = Some(text);
                    }
                }
                _ => {}
            }
        })?;
        Some(places)
    }

    fn of(&mut self, name: &[u8]) -> Option<&mut Option<Span>> {
        match name {
            b"v" => Some(&mut self.v),
            b"kind" => Some(&mut self.kind),
            b"agency" => Some(&mut self.agency),
            b"at" => Some(&mut self.at),
            b"prev" => Some(&mut self.prev),
            b"exchange" => Some(&mut self.exchange),
            b"annex" => Some(&mut self.annex),
            _ => None,
        }
    }
}
