//! A leaf, read a second time from its description alone: only what the judgement needs, and nothing of it on the heap but the
//! objects of rare kinds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::crypto::digest::Hash;
use crate::tlog::fsck::Annexed;
use crate::tlog::fsck::Shelf;

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
    /// Objects that rare kinds name.
    pub(super) objects: Vec<Hash>,
    /// The policies that are in force from here on.
    pub(super) policy: Option<Hash>,
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(pub(super) [u8; 16]);

/// An agency's name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Agency([u8; AGENCY_MAX], u8);

/// A time as an entry says it, to the millisecond: its digits as one number, which is greater when the time is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

/// The members. Others are skipped.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Members<'a> {
    #[serde(borrow)]
    v: Option<Str<'a>>,
    #[serde(borrow)]
    kind: Option<Str<'a>>,
    #[serde(borrow)]
    agency: Option<Str<'a>>,
    #[serde(borrow)]
    at: Option<Str<'a>>,
    #[serde(borrow)]
    prev: Option<Str<'a>>,
    #[serde(borrow)]
    exchange: Option<Str<'a>>,
    #[serde(borrow)]
    annex: Option<Str<'a>>,
    #[serde(borrow)]
    certificate: Option<Certificate<'a>>,
    seq: Option<u64>,
}

#[derive(Deserialize)]
struct Certificate<'a> {
    #[serde(borrow)]
    object: Option<Str<'a>>,
}

/// A text that is not copied unless something in it is escaped.
#[derive(Deserialize)]
struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of rare kinds.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Rare {
    new: Option<String>,
    files: BTreeMap<String, String>,
    order: Option<String>,
    signers: Vec<Signer>,
    token: Option<String>,
}

/// One who signed an order.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Signer {
    certificate: Option<String>,
    signature: Option<String>,
}

impl Rare {
    fn objects(&self) -> Vec<Hash> {
        let of_signers = self.signers.iter().flat_map(|one| [&one.certificate, &one.signature]);
        let named = of_signers.chain([&self.order, &self.token]).filter_map(Option::as_ref);
        self.files.values().chain(named).filter_map(|hash| unhex(hash)).collect()
    }
}

impl Said {
    /// Reads a leaf.
    pub(super) fn read(leaf: &[u8]) -> Self {
        // An array would do for the members, too, to one who reads them by their order.
        let members = serde_json::from_slice::<Members<'_>>(leaf).ok().filter(|_| leaf.starts_with(b"{"));
        let is_leaf = members.is_some();
        let members = members.unwrap_or_default();
        let kind = members.kind.as_ref().map_or(Kind::Missing, |kind| Kind::of(&kind.0));
        let exchange = members
            .exchange
            .as_ref()
            .map_or(Exchange::None, |id| Id::read(&id.0).map_or(Exchange::Malformed, Exchange::Is));
        let mut said = Self {
            kind: if is_leaf { kind } else { Kind::NotALeaf },
            is_version_known: members.v.is_some_and(|v| v.0 == "phohien/1"),
            at: members.at.and_then(|at| Moment::read(&at.0)),
            agency: members.agency.and_then(|agency| Agency::read(&agency.0)),
            seq: members.seq,
            prev: members.prev.map_or(Prev::None, |prev| unhex(&prev.0).map_or(Prev::Malformed, Prev::Names)),
            exchange,
            annex: annex_of(members.annex.as_ref(), exchange),
            certificate: members.certificate.and_then(|certificate| unhex(&certificate.object?.0)),
            objects: Vec::new(),
            policy: None,
        };
        if matches!(said.kind, Kind::PolicyChanged | Kind::NamesObjects) {
            let rare: Rare = serde_json::from_slice(leaf).unwrap_or_default();
            said.objects = rare.objects();
            said.policy = rare.new.and_then(|hash| unhex(&hash));
        }
        said
    }
}

/// A hash that is none leaves an annex that fits nothing.
fn annex_of(annex: Option<&Str<'_>>, exchange: Exchange) -> Annexed {
    let Some(annex) = annex else { return Annexed::No };
    let shelf = match exchange {
        Exchange::Is(id) => id.shelf(),
        Exchange::None | Exchange::Malformed => None,
    };
    Annexed::Yes { hash: unhex(&annex.0).unwrap_or_default(), shelf }
}

impl Kind {
    fn of(kind: &str) -> Self {
        match kind {
            "exchange.opened" => Self::Opened,
            "exchange.released" | "exchange.refused" | "exchange.failed" => Self::Outcome,
            "exchange.aborted" => Self::Aborted,
            "exchange.orphaned" => Self::Orphaned,
            "node.started" => Self::NodeStarted,
            "policy.changed" => Self::PolicyChanged,
            "month.forgotten" | "time.anchored" => Self::NamesObjects,
            "log.closed" => Self::LogClosed,
            "log.opened" | "node.stopped" | "refusals.summary" | "keys.rotated" | "audit.read" => Self::Other,
            _ => Self::Unknown,
        }
    }
}

impl Id {
    /// Reads the text form: lower-case hexadecimal in groups of 8, 4, 4, 4 and 12.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
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

/// The year and month of a day since 1970, by the Gregorian calendar: years are counted from March on, so that the leap day is
/// the last.
fn month_of(day: u64) -> Option<(u16, u8)> {
    // Days from 1 March of the year 0 to 1 January 1970, and of four hundred years.
    let (day, era) = ((day + 719_468) % 146_097, (day + 719_468) / 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    Some((u16::try_from(year).ok()?, u8::try_from(month).ok()?))
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
    fn read(text: &str) -> Option<Self> {
        let mut name = [0; AGENCY_MAX];
        let length = u8::try_from(text.len())
            .ok()
            .filter(|length| (1..=AGENCY_MAX).contains(&usize::from(*length)))?;
        name.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Some(Self(name, length))
    }

    pub(super) fn as_str(&self) -> &str {
        let name = self.0.get(..usize::from(self.1)).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }
}

impl fmt::Debug for Agency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Moment {
    /// Reads `2026-11-23T02:30:00.000Z`, and nothing else.
    pub(super) fn read(text: &str) -> Option<Self> {
        const SHAPE: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
        let mut digits = 0;
        if text.len() != SHAPE.len() {
            return None;
        }
        for (byte, shape) in text.bytes().zip(SHAPE) {
            match shape {
                b'0' if byte.is_ascii_digit() => digits = digits * 10 + u64::from(byte - b'0'),
                b'0' => return None,
                _ if byte != *shape => return None,
                _ => {}
            }
        }
        Some(Self(digits))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time, millis) = (self.0 / 1_000_000_000, self.0 / 1_000 % 1_000_000, self.0 % 1_000);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{millis:03}Z",
            date / 10_000,
            date / 100 % 100,
            date % 100,
            time / 10_000,
            time / 100 % 100,
            time % 100
        )
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Reads a hash in lower-case hexadecimal.
pub(super) fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let pairs = text.as_bytes().as_chunks::<2>();
    if text.len() != 64 {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs.0) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}
