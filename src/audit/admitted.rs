//! Which exchanges the log says were admitted lately: after a stop their rates stand where they stood.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::id::ExchangeId;
use crate::tlog::reader;
use crate::tlog::reader::ReadError;

use super::older;
use super::recorder::Recorder;

/// An exchange that spent a request of its rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// When it came, in milliseconds since 1970: its id says so. It was admitted within moments.
    pub millis: u64,
    /// By which agency.
    pub agency: String,
    /// Under which agreement.
    pub agreement: String,
}

#[derive(Deserialize)]
struct Leaf<'a> {
    kind: &'a str,
    #[serde(borrow)]
    agency: Cow<'a, str>,
    #[serde(borrow)]
    agreement: Option<Agreement<'a>>,
    exchange: Option<&'a str>,
    stage: Option<&'a str>,
}

#[derive(Deserialize)]
struct Agreement<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Leaf<'_> {
    /// Whether it was admitted. What the policies refuse has spent nothing, and what a limit refuses has no entry of its own.
    fn is_admitted(&self) -> bool {
        match self.kind {
            "exchange.refused" => !matches!(self.stage, Some("identity" | "policy")),
            kind => kind.starts_with("exchange."),
        }
    }
}

/// The exchanges that came after `after` and were admitted, in the order in which they came, as far as entries from `from` on and written
/// since `since` tell of them. Those that were under way at a stop and had no entry yet are in none. Blocks on the disk.
///
/// # Errors
/// The log cannot be read.
pub fn since(
    recorder: &Recorder,
    from: u64,
    since: Timestamp,
    after: Timestamp,
) -> Result<Vec<Admitted>, ReadError> {
    let (folder, size) = (recorder.log().folder(), recorder.log().size());
    let first = older::first_since(folder, since.as_millisecond(), size)?;
    let (mut known, mut all) = (HashSet::new(), Vec::new());
    for item in reader::scan_from(folder, first.max(from)) {
        let (index, entry, _) = item?;
        if index >= size {
            break;
        }
        let leaf = serde_json::from_slice::<Leaf<'_>>(&entry.leaf).ok().filter(Leaf::is_admitted);
        let Some(Leaf { agency, agreement: Some(agreement), exchange: Some(id), .. }) = leaf else {
            continue;
        };
        let Ok(id) = id.parse::<ExchangeId>() else { continue };
        let is_later = i64::try_from(id.unix_millis()).is_ok_and(|at| at > after.as_millisecond());
        if is_later && known.insert(id) {
            let (agency, agreement) = (agency.into_owned(), agreement.id.into_owned());
            all.push(Admitted { millis: id.unix_millis(), agency, agreement });
        }
    }
    all.sort_by_key(|admitted| admitted.millis);
    Ok(all)
}
