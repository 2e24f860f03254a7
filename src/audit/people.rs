//! Whom exchanges count towards the quota of people with: written into their annexes, and read back from there at a start.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::id::ExchangeId;
use crate::limits::quota::Charge;
use crate::limits::quota::account::PERSON_BYTES;
use crate::limits::quota::account::Person;
use crate::tlog::Entry;
use crate::tlog::reader;
use crate::tlog::reader::ReadError;

use super::months::MonthKeyError;
use super::months::MonthKeys;
use super::older;
use super::recorder::Recorder;

/// How many people of one exchange an annex names: 25 bytes each, beside everything else that it has to hold. The others are a number, and
/// after a start as many people whom nobody asks for again.
const NAMED_MAX: usize = 8;

/// Some people of one day, as an annex says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// The day.
    pub day: String,
    /// Their keyed hashes, base64.
    pub marks: Vec<String>,
    /// How many more there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The people of a charge that is kept.
#[must_use]
pub fn of(charge: &Charge) -> Vec<People> {
    let mut days: BTreeMap<Date, People> = BTreeMap::new();
    for (number, (day, person)) in charge.people().enumerate() {
        let none = || People { day: day.to_string(), marks: Vec::new(), more: 0 };
        let people = days.entry(*day).or_insert_with(none);
        if number < NAMED_MAX {
            people.marks.push(STANDARD_NO_PAD.encode(person));
        } else {
            people.more += 1;
        }
    }
    days.into_values().collect()
}

/// The people whom one exchange was charged with on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// By which agency.
    pub agency: String,
    /// Under which agreement.
    pub agreement: String,
    /// On which day.
    pub day: Date,
    /// Whom.
    pub people: Vec<Person>,
}

/// Why the people of the past cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum Uncounted {
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Log(#[from] ReadError),
    /// A month's key cannot be read.
    #[error(transparent)]
    Key(#[from] MonthKeyError),
}

#[derive(Deserialize)]
struct Leaf<'a> {
    #[serde(borrow)]
    agency: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    agreement: Option<Agreement<'a>>,
    exchange: Option<&'a str>,
}

#[derive(Deserialize)]
struct Agreement<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    people: Vec<People>,
}

/// Whom the exchanges recorded since then, and from the entry `from` on, were charged with, under the agreements that are `counted`.
/// Blocks on the disk.
///
/// # Errors
/// The log or a key cannot be read: then nobody knows whom.
pub fn since(
    recorder: &Recorder,
    from: u64,
    since: Timestamp,
    counted: impl Fn(&str) -> bool,
    mut take: impl FnMut(Asked),
) -> Result<(), Uncounted> {
    let (folder, size) = (recorder.log().folder(), recorder.log().size());
    let first = older::first_since(folder, since.as_millisecond(), size)?;
    for item in reader::scan_from(folder, first.max(from)) {
        let (index, entry, _) = item?;
        if index >= size {
            break;
        }
        for asked in of_entry(&entry, recorder.months(), &counted)? {
            take(asked);
        }
    }
    Ok(())
}

/// What is forgotten names nobody any more, and neither does what cannot be opened: the month's key is gone, or the verifier will tell.
fn of_entry(
    entry: &Entry,
    months: &MonthKeys,
    counted: &impl Fn(&str) -> bool,
) -> Result<Vec<Asked>, MonthKeyError> {
    let leaf = serde_json::from_slice::<Leaf<'_>>(&entry.leaf).ok().filter(|_| !entry.annex.is_empty());
    let Some(Leaf { agency, agreement: Some(agreement), exchange: Some(id) }) = leaf else {
        return Ok(Vec::new());
    };
    let Some(id) = id.parse::<ExchangeId>().ok().filter(|_| counted(&agreement.id)) else {
        return Ok(Vec::new());
    };
    let Some(key) = months.kept(id)? else { return Ok(Vec::new()) };
    let opened = key.sealing.open(id.as_bytes(), &entry.annex).ok();
    let told = opened.and_then(|plain| serde_json::from_slice::<Told>(&plain).ok()).unwrap_or_default();
    let asked = told.people.into_iter().filter_map(|people| {
        let (agency, agreement) = (agency.clone().into_owned(), agreement.id.clone().into_owned());
        Some(Asked { agency, agreement, day: people.day.parse().ok()?, people: persons(&people, id) })
    });
    Ok(asked.collect())
}

/// Those who are named, and for each of the others one who is nobody.
fn persons(people: &People, id: ExchangeId) -> Vec<Person> {
    let named = people.marks.iter().filter_map(|mark| STANDARD_NO_PAD.decode(mark).ok()?.try_into().ok());
    let nobody = |number: u64| {
        let hash = sha256(&[id.as_bytes().as_slice(), &number.to_be_bytes()].concat());
        hash.first_chunk::<PERSON_BYTES>().copied()
    };
    named.chain((0..people.more).filter_map(nobody)).collect()
}
