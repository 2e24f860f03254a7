//! The log that is measured: a sequencer that takes drafts as they are, and drafts that look like records.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use phohien::clock::Clock;
use phohien::clock::Timestamp;
use phohien::crypto::digest::Hash;
use phohien::crypto::digest::hex;
use phohien::crypto::digest::sha256;
use phohien::crypto::sign::Ed25519Key;
use phohien::id::Origin;
use phohien::tlog;
use phohien::tlog::Entry;
use phohien::tlog::Log;
use phohien::tlog::Sequencer;
use phohien::tlog::Settings;
use phohien::tlog::disk::OsDisk;
use phohien::tlog::note::VerifierKey;
use serde_json::Value;

use crate::Failure;

/// Bytes of an ordinary record.
pub(crate) const LEAF_BYTES: usize = 800;

/// Bytes of a segment, as a gateway has them unless told otherwise.
const SEGMENT_BYTES: u64 = 16 << 20;

/// Takes drafts as they are.
pub(crate) struct Plain;

impl Sequencer for Plain {
    type Draft = Entry;

    fn finish(&mut self, _index: u64, _now: Timestamp, draft: Entry) -> Entry {
        draft
    }

    fn observe(&mut self, _index: u64, _entry: &Entry, _leaf_hash: &Hash) -> Result<(), String> {
        Ok(())
    }

    fn shelf(_entry: &Entry) -> String {
        "2026-11".to_owned()
    }

    fn snapshot(&self) -> Value {
        Value::Null
    }

    fn restore(&mut self, _state: &Value) -> Result<(), String> {
        Ok(())
    }
}

/// Opens the log of this key.
pub(crate) fn open(folder: &Path, queue: usize, pkcs8: &[u8]) -> Result<(Log<Entry>, VerifierKey), Failure> {
    let key = Ed25519Key::from_pkcs8(pkcs8)?;
    let origin: Origin = "gw.example/2026".parse()?;
    let public = VerifierKey::new(&origin, key.public_raw());
    let settings = Settings { folder: folder.to_owned(), origin, segment_bytes: SEGMENT_BYTES, queue };
    let (log, _) = tlog::open(settings, Arc::new(OsDisk), key, Clock::system(), Plain)?;
    Ok((log, public))
}

/// How many different drafts each writer has.
const KINDS: usize = 32;

/// Leaves as a gateway writes them: names that repeat, hashes that do not.
pub(crate) struct Drafts {
    leaves: Vec<Vec<u8>>,
    next: Cell<usize>,
}

impl Drafts {
    pub(crate) fn new(writer: usize) -> Self {
        Self { leaves: (0..KINDS).map(|n| leaf(writer * KINDS + n)).collect(), next: Cell::new(0) }
    }

    /// The draft of an entry; its number makes it like no other.
    pub(crate) fn next(&self, number: usize) -> Entry {
        let at = self.next.replace((self.next.get() + 1) % KINDS);
        let mut leaf = self.leaves.get(at).cloned().unwrap_or_default();
        let text = format!("{number:020}");
        leaf.iter_mut().rev().skip(2).zip(text.bytes().rev()).for_each(|(to, from)| *to = from);
        Entry { leaf, annex: Vec::new() }
    }
}

fn leaf(seed: usize) -> Vec<u8> {
    let hash = |label: &str| hex(&sha256(format!("{label} {seed}").as_bytes()));
    let fields: String =
        ["/HoTen", "/NgaySinh", "/SoDinhDanh"].map(|field| format!(r#""{field}","#)).concat();
    let mut text = format!(
        r#"{{"agency":"H31.01.{:02}","agreement":{{"clause":1,"id":"STP-CSDLQG-01","version":3}},"annex":"{}","at":"2026-11-26T09:{:02}:{:02}.{:03}Z","commitments":{{"answer":"{}","request":"{}"}},"exchange":"0199a1c2-{:04x}-7000-8000-{:012x}","kind":"exchange.released","operation":"GET /cong-dan/{{so}}","policy":"{}","prev":"{}","scope":{{"fields":[{fields}],"hash":"{}"}},"seq":{seed},"service":"dan-cu","status":200,"v":"phohien/1","x":"""#,
        seed % 40,
        hash("annex"),
        seed / 60 % 60,
        seed % 60,
        seed % 1000,
        hash("answer"),
        hash("request"),
        seed % 65_536,
        seed,
        hex(&sha256(b"policy")),
        hash("prev"),
        hex(&sha256(b"scope")),
    );
    text.truncate(text.len() - 1);
    while text.len() < LEAF_BYTES - 2 {
        text.push('.');
    }
    text.push_str("\"}");
    text.into_bytes()
}
