//! The kinds of entry. A leaf is one JSON object with its members sorted by name: what is hashed is what is stored.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use super::charged::Carried;
use super::facts::AgreementSigner;
use super::facts::CertificateFacts;
use super::facts::Facts;
use super::facts::ScopeFacts;
use super::facts::Words;
use super::forget::Forgotten;
use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::ExchangeId;

/// The version of the entry format: the leaf's `v`.
pub const FORMAT: &str = "phohien/1";

/// One thing that happened, each kind with just what it says.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind")]
pub enum Record {
    /// The log begins.
    #[serde(rename = "log.opened")]
    LogOpened {
        /// The log's origin.
        origin: String,
        /// The keys that sign answers: SubjectPublicKeyInfo, base64.
        answer_keys: Vec<String>,
        /// Whose certificates sign agreements, where they must be signed: the SHA-256 of each authority's certificate.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        signers: Vec<String>,
        /// The log that this one follows.
        #[serde(skip_serializing_if = "Option::is_none")]
        predecessor: Option<Predecessor>,
    },
    /// The log ends here for good: nothing stands behind this entry.
    #[serde(rename = "log.closed")]
    LogClosed {
        /// The log's origin.
        origin: String,
        /// The log that follows it.
        successor: Successor,
    },
    /// Another key signs from here on; the private half of the one before was destroyed.
    #[serde(rename = "keys.rotated")]
    KeysRotated {
        /// The verification key of the log before.
        retired: String,
        /// That of this log.
        key: String,
        /// The key that signed answers until here (SubjectPublicKeyInfo, base64), where it was replaced too.
        #[serde(skip_serializing_if = "Option::is_none")]
        retired_answer_key: Option<String>,
        /// The one that does from here on.
        #[serde(skip_serializing_if = "Option::is_none")]
        answer_key: Option<String>,
    },
    /// What the log before had counted towards quotas.
    #[serde(rename = "quotas.carried")]
    QuotasCarried {
        /// Each agency's under each agreement.
        accounts: Vec<Carried>,
    },
    /// A gateway begins to serve.
    #[serde(rename = "node.started")]
    NodeStarted {
        /// The program's version.
        version: &'static str,
        /// The policies in force: their hash, hexadecimal.
        policy: String,
        /// What an interrupted write left behind and recovery dropped.
        #[serde(skip_serializing_if = "Option::is_none")]
        torn: Option<TornTail>,
        /// No witness said at this start that this log is the one it has seen: none is configured, or none answered and the
        /// operator had it start all the same.
        unwitnessed: bool,
        /// Whose certificates sign agreements, where they must be signed: whoever compares it with `log.opened` sees that it changed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        signers: Vec<String>,
        /// A demonstration's clock was set to this time for decisions; entries keep the machine's.
        #[serde(skip_serializing_if = "Option::is_none")]
        policy_clock: Option<String>,
    },
    /// A gateway ends on purpose.
    #[serde(rename = "node.stopped")]
    NodeStopped {},
    /// The store in which several gateways share their limits was lost, or is back. While it is lost this one enforces its share.
    #[serde(rename = "node.limits")]
    NodeLimits {
        /// `lost` or `back`.
        store: &'static str,
        /// How many gateways share it.
        nodes: u32,
    },
    /// Other policies are in force from here on.
    #[serde(rename = "policy.changed")]
    PolicyChanged {
        /// The hash of those before.
        #[serde(skip_serializing_if = "Option::is_none")]
        old: Option<String>,
        /// The hash of those now.
        new: String,
        /// Every file and its SHA-256; the files themselves are kept in the log's `objects`. Empty where they are too many for an entry.
        files: BTreeMap<String, String>,
        /// Where they are: SHA-256 of the list of them, kept in `objects`.
        #[serde(skip_serializing_if = "Option::is_none")]
        listing: Option<String>,
        /// What was replaced beside them, such as revocation lists: each file and its SHA-256, kept in `objects`.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        beside: BTreeMap<String, String>,
        /// Whose certificates sign agreements, where they must be signed: the SHA-256 of each authority's certificate, kept in `objects`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        anchors: Vec<String>,
        /// Who signed the agreements that are in force. Empty where they are too many for an entry.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        signers: Vec<AgreementSigner>,
        /// Where they are: SHA-256 of the list of them, kept in `objects`.
        #[serde(skip_serializing_if = "Option::is_none")]
        signers_listing: Option<String>,
        /// What changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        changed: Option<Words>,
    },
    /// A month's key was destroyed, or is about to be, by the order of two operators.
    #[serde(rename = "month.forgotten")]
    MonthForgotten(Forgotten),
    /// An authority stamped a head of this log with its time (RFC 3161).
    #[serde(rename = "time.anchored")]
    TimeAnchored {
        /// How many entries the stamped head has.
        size: u64,
        /// Its root, base64 as in the head.
        root: String,
        /// SHA-256 of the token, which is kept in `objects`, hexadecimal.
        token: String,
        /// The time in it, RFC 3339.
        time: String,
    },
    /// An effect may follow: an unsafe method (RFC 9110 9.2.1) or a streamed answer.
    #[serde(rename = "exchange.opened")]
    Opened(Exchange),
    /// Cleared for release to the caller.
    #[serde(rename = "exchange.released")]
    Released {
        /// Who, what, on which ground.
        #[serde(flatten)]
        exchange: Exchange,
        /// The answer's status.
        status: u16,
        /// Which fields the grant names.
        scope: ScopeFacts,
        /// Of a streamed answer: bytes of its body.
        #[serde(skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// Refused by the gateway.
    #[serde(rename = "exchange.refused")]
    Refused {
        /// Who, what, on which ground, as far as it may be said.
        #[serde(flatten)]
        exchange: Exchange,
        /// The answer's status.
        status: u16,
        /// The stage that refused.
        stage: &'static str,
        /// The reason's code.
        reason: &'static str,
    },
    /// A hop failed.
    #[serde(rename = "exchange.failed")]
    Failed {
        /// Who, what, on which ground.
        #[serde(flatten)]
        exchange: Exchange,
        /// The answer's status; none if none was made.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// `caller`, `gateway` or `platform`.
        hop: &'static str,
        /// The reason's code.
        reason: &'static str,
        /// Of a streamed answer: bytes of the body that had been handed to the connection.
        #[serde(skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// The caller left before the answer was out.
    #[serde(rename = "exchange.aborted")]
    Aborted {
        /// Who, what, on which ground, where this is the exchange's outcome. Behind another one it says nothing again.
        #[serde(flatten)]
        exchange: Box<Exchange>,
        /// Bytes of the body that had been handed to the connection.
        bytes: u64,
    },
    /// Opened, and the gateway stopped before an outcome.
    #[serde(rename = "exchange.orphaned")]
    Orphaned {},
    /// Entries were shown at the desk.
    #[serde(rename = "audit.read")]
    Read {
        /// By which certificate they were asked for.
        certificate: CertificateFacts,
        /// What was asked.
        question: &'static str,
        /// `everything`, or `own`: what stands in the reader's own chain.
        view: &'static str,
        /// By what it was narrowed down; the values stand in the annex.
        filters: Vec<&'static str>,
        /// How many rows were shown.
        rows: u64,
        /// SHA-256 of the sealed annex, hexadecimal.
        annex: String,
    },
    /// An operator had the gateway do something.
    #[serde(rename = "node.ordered")]
    Ordered {
        /// By which certificate it was ordered.
        certificate: CertificateFacts,
        /// What: `reload`, `drain` or `forget`.
        asked: &'static str,
    },
    /// Refusals that were counted rather than recorded one by one.
    #[serde(rename = "refusals.summary")]
    Summary {
        /// Set when no agency was recognized.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unauthenticated: bool,
        /// The reason's code.
        reason: &'static str,
        /// How many.
        count: u64,
        /// The first, RFC 3339.
        first: String,
        /// The last, RFC 3339.
        last: String,
    },
}

/// The log before, as it was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    /// Its origin.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them, hexadecimal.
    pub root: String,
    /// Its verification key.
    pub vkey: String,
}

/// The log after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Successor {
    /// Its origin.
    pub origin: String,
    /// Its verification key.
    pub vkey: String,
}

/// What an interrupted write left behind.
#[derive(Debug, Clone, Serialize)]
pub struct TornTail {
    /// The index its first entry would have had.
    pub index: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// What all records of exchanges have.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Exchange {
    /// Who, what, on which ground.
    #[serde(flatten)]
    pub facts: Facts,
    /// SHA-256 of the sealed annex, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annex: Option<String>,
    /// Commitments by label, hexadecimal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub commitments: BTreeMap<&'static str, String>,
}

/// An entry before its order is known.
#[derive(Debug)]
pub struct Draft {
    /// The agency in whose chain it stands.
    pub chain: AgencyId,
    /// The leaf's members but for `at`, `seq` and `prev`, sorted by name at every depth and spelled as they will stand there.
    // Invariant: a comma stands behind each but the last, which is none before `v`.
    members: String,
    /// Where in them `at`, `prev` and `seq` belong.
    gaps: [usize; 3],
    /// The sealed annex; empty: none.
    pub annex: Vec<u8>,
}

/// What only the order can tell, sorted by name.
const ORDERED: [&str; 3] = ["at", "prev", "seq"];

/// Bytes of those three as they are spelled, at most.
const ORDERED_BYTES: usize = 160;

/// Bytes of an exchange's leaf, about: a text that grows is copied.
const LEAF_BYTES: usize = 2 << 10;

impl Draft {
    /// Drafts an entry.
    ///
    /// # Errors
    /// The record could not be written as JSON, which its types rule out; nothing is recorded then.
    pub fn new(
        chain: AgencyId,
        exchange: Option<ExchangeId>,
        record: &Record,
        annex: Vec<u8>,
    ) -> Result<Self, serde_json::Error> {
        let mut said = Vec::with_capacity(LEAF_BYTES);
        serde_json::to_writer(&mut said, record)?;
        let (agency, exchange) = (to_raw_value(&chain)?, exchange.map(|id| to_raw_value(&id)).transpose()?);
        let version = to_raw_value(FORMAT)?;
        let mut sorted: Sorted<'_> = serde_json::from_slice(&said)?;
        sorted.extend([("v", &*version), ("agency", &*agency)]);
        sorted.extend(exchange.as_deref().map(|id| ("exchange", id)));
        let (mut members, mut gaps) = (String::with_capacity(LEAF_BYTES), [0; 3]);
        for (name, value) in sorted {
            spell(name, value, &mut members);
            members.push(',');
            let before = gaps.iter_mut().zip(ORDERED).filter(|(_, ordered)| name < *ordered);
            before.for_each(|(gap, _)| *gap = members.len());
        }
        members.pop();
        Ok(Self { chain, members, gaps, annex })
    }

    /// The leaf, once its order is known.
    #[must_use]
    pub fn leaf(&self, at: Timestamp, seq: u64, prev: Option<&Hash>) -> Vec<u8> {
        let [before_at, before_prev, before_seq] = self.gaps;
        let members = |range| self.members.get::<Range<usize>>(range).unwrap_or_default();
        let mut leaf = String::with_capacity(self.members.len() + ORDERED_BYTES);
        leaf.push('{');
        leaf.push_str(members(0..before_at));
        leaf.push_str(&format!("\"at\":\"{}\",", rfc3339_millis(at)));
        leaf.push_str(members(before_at..before_prev));
        if let Some(prev) = prev {
            leaf.push_str(&format!("\"prev\":\"{}\",", hex(prev)));
        }
        leaf.push_str(members(before_prev..before_seq));
        leaf.push_str(&format!("\"seq\":{seq},"));
        leaf.push_str(members(before_seq..self.members.len()));
        leaf.push('}');
        leaf.into_bytes()
    }
}

/// The members of an object by their names, which have nothing in them that is escaped.
type Sorted<'a> = BTreeMap<&'a str, &'a RawValue>;

fn spell(name: &str, value: &RawValue, text: &mut String) {
    text.extend(["\"", name, "\":"]);
    let raw = value.get();
    let members = raw.starts_with('{').then(|| serde_json::from_str::<Sorted<'_>>(raw));
    match members {
        None if !(raw.starts_with('[') && raw.contains('{')) => text.push_str(raw),
        Some(Ok(members)) => {
            text.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                spell(name, value, text);
            }
            text.push('}');
        }
        // A list of objects, or an object with a name that is escaped, such as a file's: neither is on the way of an exchange.
        None | Some(Err(_)) => {
            text.push_str(&serde_json::from_str::<Value>(raw).unwrap_or_default().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leafs_members_are_sorted_and_say_their_kind() {
        let record = Record::Aborted { exchange: Box::default(), bytes: 7 };
        let draft =
            Draft::new("H31.02".parse().unwrap(), Some(ExchangeId::new(1, &[0; 10])), &record, Vec::new())
                .unwrap();
        let text = String::from_utf8(draft.leaf(Timestamp::UNIX_EPOCH, 9, Some(&[0; 32]))).unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"agency":"H31.02","at":"1970-01-01T00:00:00.000Z","bytes":7,"exchange":"00000000-0001-7000-8000-000000000000","kind":"exchange.aborted","prev":"{}","seq":9,"v":"phohien/1"}}"#,
                "00".repeat(32)
            )
        );
    }

    #[test]
    fn a_leaf_is_spelled_as_its_value_would_be() {
        let words = || Words { vi: "Đổi \"một\"".to_owned(), en: "{[\\n".to_owned() };
        let files =
            [("b\\ \"{.toml", "2"), ("a.toml", "1")].map(|(name, hash)| (name.to_owned(), hash.to_owned()));
        let exchange = Exchange {
            facts: Facts {
                service: Some("[{".to_owned()),
                legal_basis: words().vi.lines().map(str::to_owned).collect(),
                ..Facts::default()
            },
            annex: Some("00".to_owned()),
            commitments: BTreeMap::from([("request", "01".to_owned()), ("answer", "02".to_owned())]),
        };
        let scope = ScopeFacts { hash: "ab".to_owned(), fields: vec!["/{".to_owned(), "/b".to_owned()] };
        for record in [
            Record::Released { exchange: exchange.clone(), status: 200, scope, bytes: None },
            Record::Refused { exchange, status: 403, stage: "policy", reason: "no-agreement" },
            Record::Orphaned {},
            Record::PolicyChanged {
                old: None,
                new: "1".to_owned(),
                files: files.into(),
                listing: None,
                beside: BTreeMap::new(),
                anchors: vec!["6".to_owned()],
                signers: vec![AgreementSigner {
                    agreement: "TT-1".parse().unwrap(),
                    agency: "H31".parse().unwrap(),
                    certificate: "7".to_owned(),
                    path: None,
                    signature: "8".to_owned(),
                }],
                signers_listing: None,
                changed: Some(words()),
            },
            Record::NodeStarted {
                version: "1",
                policy: "2".to_owned(),
                torn: Some(TornTail { index: 3, bytes: 4 }),
                unwitnessed: true,
                signers: vec!["5".to_owned()],
                policy_clock: None,
            },
        ] {
            let draft = Draft::new("H31.02".parse().unwrap(), None, &record, Vec::new()).unwrap();
            let leaf = draft.leaf(Timestamp::UNIX_EPOCH, 1, None);
            let value: Value = serde_json::from_slice(&leaf).unwrap();
            assert_eq!(value.to_string().as_bytes(), leaf);
            let mut said = serde_json::to_value(&record).unwrap();
            for name in ["v", "agency", "at", "seq"] {
                said[name] = value[name].clone();
            }
            assert_eq!(value, said);
        }
    }
}
