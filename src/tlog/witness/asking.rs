//! What a witness's answer says of one's own log. Pure: the answer was fetched by somebody else.

use super::Head;
use super::SIZE_TYPE;
use crate::clock::Timestamp;
use crate::tlog::checkpoint::decimal;
use crate::tlog::cosignature::Cosignature;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::cosignature::of_answer;

/// The longest answer we read, in bytes: sixteen signature lines of the largest kind are nearly 80 kB, ours are 200 bytes.
pub const ANSWER_BYTES_MAX: usize = 96 * 1024;

/// How far a witness's clock may be from ours, in seconds: machines that are kept by NTP differ by less than one. An older
/// cosignature may be one that somebody plays again, and says nothing about now.
pub const CLOCKS_APART_MAX: u64 = 300;

/// Why a witness is silent that was never told of this log, as of one that follows another: what to do is said with it.
pub const STRANGER: &str =
    "it does not know this log: have `log.vkey` added to its `logs`, and have it started again";

/// An answer as it came.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// The status.
    pub status: u16,
    /// The media type, if it was told.
    pub media_type: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// How a log stands with a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It cosigned.
    Cosigned(Cosignature),
    /// It has seen less, or not this much: to be asked again from there.
    Behind(u64),
    /// It has seen more entries than this log has: the log's end was cut off, or an older state was put back.
    Ahead(u64),
    /// It has seen other entries than this log has: there are two histories.
    Differs,
    /// Nothing that could be relied on, and why.
    Silent(&'static str),
}

/// Judges the answer to a request that a head be cosigned, with a proof from `old` on.
#[must_use]
pub fn judge(
    head: &Head,
    text: &str,
    old: u64,
    heard: &Heard<'_>,
    key: &CosignerKey,
    now: Timestamp,
) -> Standing {
    match heard.status {
        200 => cosigned(text, heard.body, key, now),
        409 if heard.media_type == Some(SIZE_TYPE) => holds(head, old, heard.body),
        // The same size, another root. A witness that tells neither size nor root is taken at its word.
        409 if old == head.size => Standing::Differs,
        422 => Standing::Differs,
        404 => Standing::Silent(STRANGER),
        403 => Standing::Silent("it knows another key for this log"),
        400 => Standing::Silent("it finds the request malformed"),
        429 | 500.. => Standing::Silent("it is not well"),
        _ => Standing::Silent("its answer is none that the protocol knows"),
    }
}

fn cosigned(text: &str, body: &[u8], key: &CosignerKey, now: Timestamp) -> Standing {
    let Ok(cosignature) = of_answer(body, text, key) else {
        return Standing::Silent("its cosignature does not verify under its key");
    };
    let now = u64::try_from(now.as_second()).unwrap_or_default();
    if cosignature.time().abs_diff(now) > CLOCKS_APART_MAX {
        return Standing::Silent("the time of its cosignature is more than five minutes from ours");
    }
    Standing::Cosigned(cosignature)
}

fn holds(head: &Head, old: u64, body: &[u8]) -> Standing {
    let size = std::str::from_utf8(body).ok().and_then(|text| text.strip_suffix('\n')).and_then(decimal);
    match size {
        None => Standing::Silent("the size it tells is none"),
        Some(size) if size > head.size => Standing::Ahead(size),
        Some(size) if size == old && size == head.size => Standing::Differs,
        Some(size) if size == old => Standing::Silent("it contradicts itself"),
        Some(size) => Standing::Behind(size),
    }
}
