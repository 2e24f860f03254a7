//! Forgetting a month: its key is destroyed, so that nobody can read its annexes or make its salts again. Every proof stays valid.
//!
//! **Who may.** Two operators, each by a signature over the order with a certificate of their own ([`approve`]).
//!
//! **In which order things are written, and what a crash leaves.** 1. The order, the signatures and the certificates become objects of
//! the log: nothing has happened yet. 2. A mark beside the key, durable: from here on the key is neither given out nor made again.
//! 3. The entry `month.forgotten`, durable: the log says so before it is so, for a log that says nothing of a key that is gone could
//! not be told from one whose operator got rid of it unseen. 4. The key is overwritten and taken away. A start that finds a mark and a
//! key does what is left of 3 and 4 ([`finish`]): what was ordered and begun is done, whenever the power went.
//!
//! | file | duty |
//! |---|---|
//! | [`order`] | the document that is signed |
//! | [`approve`] | whether two operators signed it |

pub mod approve;
pub mod order;

#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::crypto::digest::hex;
use crate::tlog::reader::ReadError;
use crate::tlog::reader::scan;

use super::index::Month;
use super::months::MonthKeyError;
use super::months::month_of;
use super::record::Record;
use super::recorder::Recorder;
use super::recorder::Unrecorded;

pub use approve::Approved;

/// What `month.forgotten` says, and the mark beside the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Which month (UTC): `2026-10`.
    pub month: String,
    /// SHA-256 of the order, which is kept in `objects`, hexadecimal.
    pub order: String,
    /// Who signed it.
    pub signers: Vec<Signer>,
}

/// One who signed an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// For which agency.
    pub agency: String,
    /// SHA-256 of the certificate, which is kept in `objects`, hexadecimal.
    pub certificate: String,
    /// SHA-256 of the signature, which is kept in `objects`, hexadecimal.
    pub signature: String,
    /// SHA-256 of the certificate's key, hexadecimal.
    pub spki: String,
}

/// Why a month is not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum NotForgotten {
    /// The log takes no record.
    #[error("the log takes no record of it")]
    Record(#[from] Unrecorded),
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The key cannot be destroyed.
    #[error("the month's key cannot be destroyed")]
    Key(#[from] MonthKeyError),
    /// Exchanges that began in the month have no outcome yet, which is sealed under its key.
    #[error("{0} exchanges that began in the month are still under way")]
    UnderWay(usize),
    /// What stands beside the key is no mark of ours.
    #[error("the mark beside the key of {0} is damaged")]
    Mark(Month),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Whether the log said so before.
    pub recorded_before: bool,
    /// Whether there was a key to destroy.
    pub destroyed: bool,
}

/// Forgets a month. To do it twice records it once. `log` is the recorder's own folder.
///
/// # Errors
/// See [`NotForgotten`]; what was begun is done by the next start.
pub fn forget(recorder: &Recorder, log: &Path, approved: &Approved) -> Result<Done, NotForgotten> {
    let month = approved.month();
    let name = month.to_string();
    match recorder.directory().undecided().iter().filter(|(id, _)| month_of(*id) == name).count() {
        0 => {}
        under_way => return Err(NotForgotten::UnderWay(under_way)),
    }
    let forgotten = kept(recorder, approved)?;
    let mark = serde_json::to_vec(&forgotten).unwrap_or_default();
    // No entry stands without the mark before it: where there was none, the log need not be read.
    let may_be_recorded = !recorder.months().mark_forgotten(month, &mark)?;
    let recorded_before = may_be_recorded && is_recorded(log, month)?;
    carry_out(recorder, month, forgotten, recorded_before)
}

/// Does what an earlier process began and did not end. For a start, before anything is exchanged.
///
/// # Errors
/// See [`NotForgotten`]: nothing may be exchanged then.
pub fn finish(recorder: &Recorder, log: &Path) -> Result<Vec<Month>, NotForgotten> {
    let mut finished = Vec::new();
    for (month, mark) in recorder.months().half_forgotten()? {
        let forgotten: Forgotten = serde_json::from_slice(&mark).map_err(|_| NotForgotten::Mark(month))?;
        carry_out(recorder, month, forgotten, is_recorded(log, month)?)?;
        finished.push(month);
    }
    Ok(finished)
}

fn carry_out(
    recorder: &Recorder,
    month: Month,
    forgotten: Forgotten,
    recorded_before: bool,
) -> Result<Done, NotForgotten> {
    if !recorded_before {
        recorder.write(&Record::MonthForgotten(forgotten))?;
    }
    // If we stop here, the log says what the next start does.
    let destroyed = recorder.months().destroy(month)?;
    Ok(Done { recorded_before, destroyed })
}

/// Keeps what the record will name.
fn kept(recorder: &Recorder, approved: &Approved) -> Result<Forgotten, Unrecorded> {
    let order = recorder.keep(approved.order().text().as_bytes())?;
    let mut signers = Vec::new();
    for signer in approved.signers() {
        signers.push(Signer {
            agency: signer.agency.to_string(),
            certificate: hex(&recorder.keep(&signer.signed.certificate)?),
            signature: hex(&recorder.keep(&signer.signature)?),
            spki: hex(&signer.signed.spki),
        });
    }
    Ok(Forgotten { month: approved.month().to_string(), order: hex(&order), signers })
}

/// Whether the log says that a month was forgotten.
///
/// # Errors
/// The log cannot be read.
pub fn is_recorded(log: &Path, month: Month) -> Result<bool, ReadError> {
    let month = month.to_string();
    for item in scan(log) {
        let (_, entry, _) = item?;
        // Few entries have the word in them; only those are read.
        if !contains(&entry.leaf, b"month.forgotten") {
            continue;
        }
        let leaf: Value = serde_json::from_slice(&entry.leaf).unwrap_or_default();
        let text = |name: &str| leaf.get(name).and_then(Value::as_str);
        if text("kind") == Some("month.forgotten") && text("month") == Some(&month) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
