//! The document that proves an exchange to whoever holds it, without the gateway: the exact leaves, a proof for each, the salts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;

use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::id::Origin;
use crate::request::Request;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::proof::Proof;
use crate::tlog::reader::ReadError;

use super::closed::ClosedLog;
use super::commitment::Label;
use super::recorder::Recorder;

/// The version of the document: its `v`.
pub const FORMAT: &str = "phohien-receipt/1";

/// One exchange's receipt.
#[derive(Debug, Serialize)]
pub struct Receipt {
    v: &'static str,
    exchange: ExchangeId,
    entries: Vec<ProvenEntry>,
    /// The salts of the caller's own commitments, base64, by label.
    salts: BTreeMap<&'static str, String>,
    /// From each head the caller names to the head of the proofs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    consistency: Vec<Growth>,
}

/// A consistency path (RFC 9162 2.1.4): the log of the proofs begins with the log of so many entries.
#[derive(Debug, Serialize)]
struct Growth {
    from: u64,
    /// Hashes, base64.
    path: Vec<String>,
}

/// One entry and its proof.
#[derive(Debug, Serialize)]
pub struct ProvenEntry {
    index: u64,
    /// The leaf, byte for byte.
    leaf: String,
    /// A C2SP tlog-proof.
    proof: String,
}

/// A leaf, byte for byte, and the path that proves it.
pub type LeafAndPath = (Vec<u8>, Vec<Hash>);

/// A log of which something is proven.
pub trait Proving {
    /// A leaf, and the path that proves it under the first `size` entries; none if there are not so many, or if it cannot be proven. Blocks
    /// on the disk.
    ///
    /// # Errors
    /// It cannot be read.
    fn entry(&self, index: u64, size: u64) -> Result<Option<LeafAndPath>, ReadError>;

    /// The path that proves the first `from` entries unchanged among the first `to`; none if there is none.
    fn growth(&self, from: u64, to: u64) -> Option<Vec<Hash>>;
}

impl Proving for Recorder {
    fn entry(&self, index: u64, size: u64) -> Result<Option<LeafAndPath>, ReadError> {
        let Some(path) = self.log().inclusion(index, size) else { return Ok(None) };
        Ok(Some((self.log().read(index)?.leaf, path)))
    }

    fn growth(&self, from: u64, to: u64) -> Option<Vec<Hash>> {
        self.log().consistency(from, to)
    }
}

impl Receipt {
    /// The receipt of an exchange, for the agency in whose chain it stands and no other. All its proofs are under one head, to which a
    /// path leads from each of the sizes in `since`; a size that this log never had is left without one.
    ///
    /// # Errors
    /// Its entries cannot be read: nobody knows whether there is one.
    pub fn of(
        recorder: &Recorder,
        id: ExchangeId,
        agency: &AgencyId,
        since: &[u64],
    ) -> Result<Option<Self>, ReadError> {
        Self::under(recorder, id, agency, since, &recorder.log().head())
    }

    /// The same under another head of this log, such as one that others have cosigned; none if that is older than an entry.
    ///
    /// # Errors
    /// Its entries cannot be read: nobody knows whether there is one.
    pub fn under(
        recorder: &Recorder,
        id: ExchangeId,
        agency: &AgencyId,
        since: &[u64],
        head: &SignedHead,
    ) -> Result<Option<Self>, ReadError> {
        let indices = recorder.proven_of_exchange(id, agency)?;
        let receipt = Self::unsalted(recorder, id, &indices, since, head)?;
        Ok(receipt.map(|receipt| Self { salts: salts(recorder, id), ..receipt }))
    }

    /// The receipt of whosever exchange, for an auditor: without salts, by which a person could be guessed.
    ///
    /// # Errors
    /// Its entries cannot be read: nobody knows whether there is one.
    pub fn of_anybody(recorder: &Recorder, id: ExchangeId, since: &[u64]) -> Result<Option<Self>, ReadError> {
        let indices = recorder.proven_of_any_exchange(id)?;
        Self::unsalted(recorder, id, &indices, since, &recorder.log().head())
    }

    /// The receipt of an exchange that stands in a log which was closed for good, under that log's own head: for that agency, or without
    /// salts where none is named. None if `under` is older than an entry.
    ///
    /// # Errors
    /// Its entries cannot be read: nobody knows whether there is one.
    pub fn of_closed(
        (log, under): (&ClosedLog, &SignedHead),
        recorder: &Recorder,
        id: ExchangeId,
        whose: Option<&AgencyId>,
        since: &[u64],
    ) -> Result<Option<Self>, ReadError> {
        let indices = log.of_exchange(id, whose)?;
        let receipt = Self::unsalted(&log.reading(), id, &indices, since, under)?;
        let salts = || whose.map(|_| salts(recorder, id)).unwrap_or_default();
        Ok(receipt.map(|receipt| Self { salts: salts(), ..receipt }))
    }

    /// How many entries it proves.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.entries.len() as u64
    }

    fn unsalted(
        log: &impl Proving,
        id: ExchangeId,
        indices: &[u64],
        since: &[u64],
        head: &SignedHead,
    ) -> Result<Option<Self>, ReadError> {
        if indices.is_empty() {
            return Ok(None);
        }
        let entries: Result<Option<Vec<_>>, _> =
            indices.iter().map(|index| ProvenEntry::under(log, *index, head)).collect();
        let Some(entries) = entries? else { return Ok(None) };
        let consistency = since.iter().filter_map(|from| Growth::of(log, *from, head.size)).collect();
        Ok(Some(Self { v: FORMAT, exchange: id, entries, salts: BTreeMap::new(), consistency }))
    }
}

/// The last line of a bulk list, where ways from earlier heads were asked for.
#[derive(Debug, Serialize)]
pub struct Ways {
    /// The size of the head that all proofs of the list are under.
    size: u64,
    consistency: Vec<Growth>,
    /// The log, where it was asked for by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Origin>,
}

impl Ways {
    /// The way to a head from each of the sizes in `since`; a size that this log never had is left without one.
    #[must_use]
    pub fn of(log: &impl Proving, since: &[u64], head: &SignedHead, is_named: bool) -> Self {
        let consistency = since.iter().filter_map(|from| Growth::of(log, *from, head.size)).collect();
        Self { size: head.size, consistency, log: is_named.then(|| head.origin.clone()) }
    }
}

impl ProvenEntry {
    /// The leaf, byte for byte.
    #[must_use]
    pub fn leaf(&self) -> &str {
        &self.leaf
    }

    /// An entry with its proof in a signed head; none if it cannot be proven.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn under(log: &impl Proving, index: u64, head: &SignedHead) -> Result<Option<Self>, ReadError> {
        let Some((leaf, path)) = log.entry(index, head.size)? else { return Ok(None) };
        let Ok(leaf) = String::from_utf8(leaf) else { return Ok(None) };
        let proof = Proof { extra: None, index, path, note: head.note.clone() }.to_string();
        Ok(Some(Self { index, leaf, proof }))
    }
}

impl Growth {
    fn of(log: &impl Proving, from: u64, to: u64) -> Option<Self> {
        let path = log.growth(from, to)?;
        Some(Self { from, path: path.iter().map(|hash| STANDARD.encode(hash)).collect() })
    }
}

fn salts(recorder: &Recorder, id: ExchangeId) -> BTreeMap<&'static str, String> {
    let Ok(Some(key)) = recorder.months().kept(id) else { return BTreeMap::new() };
    Label::CALLERS.iter().map(|label| (label.as_str(), STANDARD.encode(key.salt(id, *label)))).collect()
}

/// The bytes that the commitment `request` is over: `method SP target LF`, then `name: value LF` for each of the headers we read
/// that was sent, in this order, then `LF` and the body.
#[must_use]
pub fn request_image(request: &Request, body: &[u8]) -> Bytes {
    let query = request.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut image = format!("{} {}{query}\n", request.method(), request.path());
    let fields = request.fields().map(|fields| fields.join(" "));
    for (name, value) in [
        ("content-digest", request.content_digest()),
        ("content-type", request.content_type()),
        ("exchange-case", request.case()),
        ("exchange-fields", fields.as_deref()),
        ("exchange-purpose", request.purpose()),
        ("exchange-user", request.user()),
    ] {
        if let Some(value) = value {
            image.push_str(&format!("{name}: {value}\n"));
        }
    }
    image.push('\n');
    let mut bytes = image.into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}
