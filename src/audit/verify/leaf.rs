//! A leaf, read a second time from its description alone: only what the judgement needs, and nothing of it on the heap but the
//! objects of rare kinds.

use std::collections::BTreeMap;
use std::fmt;
use std::hash;
use std::hash::Hasher;

use serde::Deserialize;

use crate::crypto::digest::Hash;
use crate::tlog::fsck::Annexed;
use crate::tlog::fsck::Shelf;

use super::charges::Carried;
use super::charges::Charge;
use super::moment::Moment;
use super::moment::month_of;
use super::places::Places;
use super::scan;
use super::scan::Span;

/// The longest name of an agency, in bytes (Decision 20/2020/QD-TTg).
const AGENCY_MAX: usize = 35;

/// What a leaf says, as far as it is judged.
#[derive(Debug)]
pub struct Said {
    pub(super) kind: Kind,
    pub(super) is_version_known: bool,
    pub(super) at: Option<Moment>,
    pub(super) agency: Option<Agency>,
    pub(super) seq: Option<u64>,
    pub(super) prev: Prev,
    pub(super) exchange: Exchange,
    pub(super) annex: Annexed,
    pub(super) certificate: Option<Hash>,
    /// By what that was taken.
    pub(super) path: Option<Hash>,
    /// Objects that rare kinds name.
    pub(super) objects: Vec<Hash>,
    /// The policies that are in force from here on.
    pub(super) policy: Option<Hash>,
    /// Towards which quotas it counts.
    pub(super) charge: Charge,
    /// What it takes over from the log before, where it is of that kind.
    pub(super) carried: Option<Box<Carried>>,
}

/// The kinds of entry, as far as they are judged differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not a leaf at all.
    NotALeaf,
    Missing,
    Unknown,
    Opened,
    /// Released, refused or failed.
    Outcome,
    Aborted,
    Orphaned,
    NodeStarted,
    LogClosed,
    /// The second entry of a log that follows another.
    KeysRotated,
    /// What that other had counted.
    QuotasCarried,
    PolicyChanged,
    /// One that names objects: a month's order and its signatures, a time-stamp's token.
    NamesObjects,
    /// Any other that is known.
    Other,
}

/// What `prev` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prev {
    None,
    Names(Hash),
    Malformed,
}

/// What `exchange` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exchange {
    None,
    Is(Id),
    Malformed,
}

/// An exchange's id: a version 7 UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) [u8; 16]);

/// An agency's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Agency([u8; AGENCY_MAX], u8);

/// The members of rare kinds.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Rare {
    new: Option<String>,
    files: BTreeMap<String, String>,
    beside: BTreeMap<String, String>,
    listing: Option<String>,
    anchors: Vec<String>,
    signers_listing: Option<String>,
    order: Option<String>,
    signers: Vec<Signer>,
    token: Option<String>,
}

/// One who signed an order, or an agreement.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Signer {
    certificate: Option<String>,
    path: Option<String>,
    signature: Option<String>,
}

impl Rare {
    fn objects(&self) -> Vec<Hash> {
        let of_signers = self.signers.iter().flat_map(|one| [&one.certificate, &one.path, &one.signature]);
        let one_each = [&self.order, &self.token, &self.listing, &self.signers_listing];
        let named = of_signers.chain(one_each).filter_map(Option::as_ref).chain(&self.anchors);
        self.files
            .values()
            .chain(self.beside.values())
            .chain(named)
            .map(|hash| object(hash.as_bytes()))
            .collect()
    }
}

/// The objects that list others, as far as a leaf of a rare kind names some.
pub(super) fn listings(leaf: &[u8]) -> Vec<Hash> {
    let rare: Rare = serde_json::from_slice(leaf).unwrap_or_default();
    let both = [rare.listing, rare.signers_listing];
    both.iter().flatten().filter_map(|hash| unhex(hash.as_bytes())).collect()
}

/// The objects that such a list names, each behind the name of a file, or by those who signed; none if it is no list.
pub(super) fn listed(list: &[u8]) -> Option<Vec<Hash>> {
    let files = serde_json::from_slice::<BTreeMap<String, String>>(list).map(BTreeMap::into_values);
    let named: Vec<String> = match files {
        Ok(files) => files.collect(),
        Err(_) => signed_by(&serde_json::from_slice::<Vec<Signer>>(list).ok()?)?,
    };
    named.iter().map(|hash| unhex(hash.as_bytes())).collect()
}

/// What signers signed by; none if that is missing of one, or there is none.
fn signed_by(signers: &[Signer]) -> Option<Vec<String>> {
    let mut named = Vec::new();
    for Signer { certificate, path, signature } in signers {
        named.extend([certificate.clone()?, signature.clone()?]);
        named.extend(path.clone());
    }
    Some(named).filter(|named| !named.is_empty())
}

impl Default for Said {
    /// What is no leaf says nothing.
    fn default() -> Self {
        Self {
            kind: Kind::NotALeaf,
            is_version_known: false,
            at: None,
            agency: None,
            seq: None,
            prev: Prev::None,
            exchange: Exchange::None,
            annex: Annexed::No,
            certificate: None,
            path: None,
            objects: Vec::new(),
            policy: None,
            charge: Charge::None,
            carried: None,
        }
    }
}

impl Said {
    /// Reads a leaf, the members of which stand there; nothing: it is none.
    pub(super) fn read(leaf: &[u8], places: Option<&Places>) -> Self {
        let Some(places) = places else { return Self::default() };
        let text = |place: Option<Span>| place.map(|place| place.of(leaf));
        let kind = text(places.kind).map_or(Kind::Missing, Kind::of);
        let exchange = text(places.exchange)
            .map_or(Exchange::None, |id| Id::read(id).map_or(Exchange::Malformed, Exchange::Is));
        let at = text(places.at).and_then(Moment::read);
        let mut said = Self {
            kind,
            is_version_known: text(places.v) == Some(b"phohien/1"),
            at,
            agency: text(places.agency).and_then(Agency::read),
            seq: text(places.seq).and_then(scan::number),
            prev: text(places.prev)
                .map_or(Prev::None, |prev| unhex(prev).map_or(Prev::Malformed, Prev::Names)),
            exchange,
            annex: annex_of(text(places.annex), exchange, at),
            certificate: text(places.object).map(object),
            path: text(places.path).map(object),
            objects: Vec::new(),
            policy: None,
            charge: Charge::read(text(places.agreement), text(places.charged)),
            carried: (kind == Kind::QuotasCarried).then(|| Box::new(Carried::read(leaf))),
        };
        if matches!(said.kind, Kind::PolicyChanged | Kind::NamesObjects) {
            let rare = serde_json::from_slice::<Rare>(leaf);
            said.kind = if rare.is_ok() { said.kind } else { Kind::NotALeaf };
            let rare = rare.unwrap_or_default();
            said.objects = rare.objects();
            said.policy = rare.new.and_then(|hash| unhex(hash.as_bytes()));
        }
        said
    }
}

/// A hash that is none names an object that is not there.
fn object(text: &[u8]) -> Hash {
    unhex(text).unwrap_or_default()
}

/// A hash that is none leaves an annex that fits nothing.
fn annex_of(annex: Option<&[u8]>, exchange: Exchange, at: Option<Moment>) -> Annexed {
    let Some(annex) = annex else { return Annexed::No };
    let shelf = match exchange {
        Exchange::Is(id) => id.shelf(),
        Exchange::None => at.and_then(Moment::shelf),
        Exchange::Malformed => None,
    };
    Annexed::Yes { hash: unhex(annex).unwrap_or_default(), shelf }
}

impl Kind {
    fn of(kind: &[u8]) -> Self {
        match kind {
            b"exchange.opened" => Self::Opened,
            b"exchange.released" | b"exchange.refused" | b"exchange.failed" => Self::Outcome,
            b"exchange.aborted" => Self::Aborted,
            b"exchange.orphaned" => Self::Orphaned,
            b"node.started" => Self::NodeStarted,
            b"policy.changed" => Self::PolicyChanged,
            b"month.forgotten" | b"time.anchored" => Self::NamesObjects,
            b"log.closed" => Self::LogClosed,
            b"keys.rotated" => Self::KeysRotated,
            b"quotas.carried" => Self::QuotasCarried,
            b"log.opened" | b"node.stopped" | b"node.ordered" | b"node.limits" | b"refusals.summary"
            | b"audit.read" => Self::Other,
            _ => Self::Unknown,
        }
    }
}

impl Id {
    /// Reads the text form: lower-case hexadecimal in groups of 8, 4, 4, 4 and 12.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let dashed = [8, 13, 18, 23].iter().all(|at| bytes.get(*at) == Some(&b'-'));
        if bytes.len() != 36 || !dashed {
            return None;
        }
        let mut digits = bytes.iter().filter(|byte| **byte != b'-').map(|byte| digit(*byte));
        let mut id = [0; 16];
        for byte in &mut id {
            *byte = digits.next()?? << 4 | digits.next()??;
        }
        let [_, _, _, _, _, _, version, ..] = id;
        (digits.next().is_none() && version >> 4 == 7).then_some(Self(id))
    }

    /// The shelf of the month (UTC) in which the exchange began.
    fn shelf(self) -> Option<Shelf> {
        let [a, b, c, d, e, f, ..] = self.0;
        let millis = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let (year, month) = month_of(millis / 86_400_000)?;
        Shelf::of(year, month)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let dash = if [4, 6, 8, 10].contains(&at) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Agency {
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut name = [0; AGENCY_MAX];
        let length = u8::try_from(text.len())
            .ok()
            .filter(|length| (1..=AGENCY_MAX).contains(&usize::from(*length)))?;
        name.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Some(Self(name, length))
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.get(..usize::from(self.1)).unwrap_or_default()
    }
}

impl hash::Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl hash::Hash for Agency {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
    }
}

impl fmt::Debug for Agency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What each byte is worth as a lower-case hexadecimal digit; 16 and more: it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        let byte = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        if let Some(digit) = digits.split_at_mut(byte as usize).1.first_mut() {
            *digit = value;
        }
        value += 1;
    }
    digits
};

fn digit(byte: u8) -> Option<u8> {
    DIGITS.get(usize::from(byte)).copied().filter(|digit| *digit < 16)
}

/// One in each byte.
const ONES: u64 = u64::from_le_bytes([1; 8]);

/// Reads a hash in lower-case hexadecimal, eight digits at a time.
pub(super) fn unhex(text: &[u8]) -> Option<Hash> {
    let text: &[u8; 64] = text.try_into().ok()?;
    let (mut hash, mut wrong) = ([0; 32], 0);
    for (bytes, digits) in hash.as_chunks_mut::<4>().0.iter_mut().zip(text.as_chunks::<8>().0) {
        let digits = u64::from_le_bytes(*digits);
        wrong |= others(digits);
        *bytes = four(digits);
    }
    (wrong == 0).then_some(hash)
}

/// The high bits of those of eight bytes that are no digits. Below 0x80, a byte is at least as great as another if it has its high bit
/// once their difference to 0x80 is added, and no byte carries into the next.
fn others(digits: u64) -> u64 {
    let low = digits & (ONES * 0x7f);
    let from = |least: u64| low + ONES * (0x80 - least);
    let figures = from(0x30) & !from(0x3a);
    let letters = from(0x61) & !from(0x67);
    (digits | !(figures | letters)) & (ONES * 0x80)
}

/// The bytes that eight digits stand for, the first of them lowest. In ASCII a letter has bit 6, a digit does not; `a` ends in 1 and is
/// worth 10.
fn four(digits: u64) -> [u8; 4] {
    let values = (digits & (ONES * 0x0f)) + (digits >> 6 & ONES) * 9;
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    ((fours | fours >> 16) as u32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_hash_is_read_as_another_reader_reads_it(
            text in "[0-9a-f]{63,65}",
            at in any::<prop::sample::Index>(),
            other in prop_oneof![Just('a'), "[/:`gAF@ ~]".prop_map(|one| one.chars().next().unwrap()), any::<char>()],
        ) {
            let mut changed: Vec<char> = text.chars().collect();
            let at = at.index(changed.len());
            changed[at] = other;
            let changed = String::from_iter(changed);
            for text in [&text, &changed] {
                prop_assert_eq!(unhex(text.as_bytes()), crate::crypto::digest::unhex(text));
            }
        }
    }
}
