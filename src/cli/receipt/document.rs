//! The receipt document, as its holder reads it: exact leaves, a proof for each, the salts of the holder's own commitments.
//!
//! Nothing in a document is believed: every entry is hashed and led to a tree head that a trusted log signed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::crypto::digest::Hash;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::merkle;
use crate::tlog::note::Note;
use crate::tlog::proof::Proof;
use crate::tlog::proof::ProofError;
use crate::tlog::trust::TrustPolicy;
use crate::tlog::trust::Untrusted;

/// The version of the document that is read here.
const FORMAT: &str = "phohien-receipt/1";

/// Why a receipt proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum FalseReceipt {
    /// It cannot be read.
    #[error("the receipt is not a document of the form `phohien-receipt/1`")]
    Unreadable(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the receipt is of another version than `phohien-receipt/1`")]
    Version,
    /// It has no entry.
    #[error("the receipt holds no entry")]
    Empty,
    /// A proof fails.
    #[error("entry {index} is not proven")]
    Proof {
        /// Which entry.
        index: u64,
        /// Why.
        #[source]
        source: ProofError,
    },
    /// A proof's head is not good under the trust policy.
    #[error("the head that entry {index} is proven by is not trusted")]
    Head {
        /// Which entry.
        index: u64,
        /// Why.
        #[source]
        source: Untrusted,
    },
    /// A proof is of another index than the entry says.
    #[error("the proof of entry {0} is of another entry")]
    Index(u64),
    /// An entry of a list does not follow the one before it.
    #[error(
        "entry {0} does not follow the one before it in its agency's chain: something is missing between them"
    )]
    Chain(u64),
    /// An entry tells of another exchange.
    #[error("entry {0} is of another exchange than the receipt names")]
    Exchange(u64),
    /// No path from an earlier head came with the document.
    #[error("the gateway gave no path from the log's head of {old} entries to that of {new}")]
    NoPath {
        /// The size of the earlier head.
        old: u64,
        /// The size of the later one.
        new: u64,
    },
    /// Consistency with an earlier head is not shown.
    #[error("the log's head of {new} entries is not shown to extend that of {old}")]
    Inconsistent {
        /// The size of the earlier head.
        old: u64,
        /// The size of the later one.
        new: u64,
    },
}

/// A receipt document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    v: String,
    /// Which exchange.
    pub exchange: String,
    entries: Vec<Entry>,
    /// Salts of the caller's own commitments, base64, by label.
    #[serde(default)]
    salts: BTreeMap<String, String>,
    /// Paths from earlier heads to the head of the proofs, if they were asked for.
    #[serde(default)]
    consistency: Vec<Path>,
}

/// One entry with its proof.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its index.
    pub index: u64,
    /// The leaf, byte for byte.
    pub leaf: String,
    proof: String,
}

/// A consistency path (RFC 9162 2.1.4) from the tree of `from` leaves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Path {
    pub(super) from: u64,
    path: Vec<String>,
}

/// One entry that was proven, and by which tree head.
#[derive(Debug)]
pub struct Proven {
    /// Its index.
    pub index: u64,
    /// The leaf, byte for byte.
    pub leaf: String,
    /// Its hash.
    pub hash: Hash,
    /// The signed head that holds it.
    pub head: SignedHead,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// It is not one.
    pub fn parse(bytes: &[u8]) -> Result<Self, FalseReceipt> {
        let document: Self = serde_json::from_slice(bytes)?;
        if document.v == FORMAT { Ok(document) } else { Err(FalseReceipt::Version) }
    }

    /// Every entry, each proven under a trusted head, and all of them of the exchange the document names.
    ///
    /// # Errors
    /// One is not.
    pub fn verify(&self, trusted: &TrustPolicy) -> Result<Vec<Proven>, FalseReceipt> {
        if self.entries.is_empty() {
            return Err(FalseReceipt::Empty);
        }
        self.entries
            .iter()
            .map(|entry| {
                let proven = entry.verify(trusted)?;
                let leaf: serde_json::Value = serde_json::from_str(&proven.leaf).unwrap_or_default();
                let own = leaf.get("exchange").and_then(|id| id.as_str()) == Some(&self.exchange);
                if own { Ok(proven) } else { Err(FalseReceipt::Exchange(proven.index)) }
            })
            .collect()
    }

    /// The salt of one of the holder's own commitments.
    #[must_use]
    pub fn salt(&self, label: &str) -> Option<Hash> {
        STANDARD.decode(self.salts.get(label)?).ok()?.try_into().ok()
    }

    /// Shows that the log of `new` begins with the log of `old`: equal heads, or by the path in the document.
    ///
    /// # Errors
    /// It is not shown.
    pub fn extends(&self, old: (u64, &Hash), new: &SignedHead) -> Result<(), FalseReceipt> {
        extends(&self.consistency, old, new)
    }
}

/// Shows it by one of these ways.
pub(super) fn extends(ways: &[Path], old: (u64, &Hash), new: &SignedHead) -> Result<(), FalseReceipt> {
    let (size, root) = old;
    let wrong = || FalseReceipt::Inconsistent { old: size, new: new.size };
    let path = match ways.iter().find(|path| path.from == size) {
        Some(path) if size != new.size => path.hashes().ok_or_else(wrong)?,
        None if size < new.size => return Err(FalseReceipt::NoPath { old: size, new: new.size }),
        Some(_) | None => Vec::new(),
    };
    merkle::verify_consistency(size, new.size, root, &new.root, &path).map_err(|_| wrong())
}

impl Path {
    fn hashes(&self) -> Option<Vec<Hash>> {
        self.path.iter().map(|hash| STANDARD.decode(hash).ok()?.try_into().ok()).collect()
    }
}

impl Entry {
    /// The entry, proven under a trusted head.
    ///
    /// # Errors
    /// It is not.
    pub fn verify(&self, trusted: &TrustPolicy) -> Result<Proven, FalseReceipt> {
        let index = self.index;
        let failed = |source| FalseReceipt::Proof { index, source };
        let proof = Proof::parse(self.proof.as_bytes()).map_err(failed)?;
        if proof.index != index {
            return Err(FalseReceipt::Index(index));
        }
        let head = trusted.open(proof.note.as_bytes());
        let head = head.map_err(|source| FalseReceipt::Head { index, source })?;
        let hash = merkle::leaf_hash(self.leaf.as_bytes());
        merkle::verify_inclusion(&hash, index, head.size, &proof.path, &head.root)
            .map_err(|source| failed(source.into()))?;
        Ok(Proven { index, leaf: self.leaf.clone(), hash, head })
    }

    /// The size of the head in the proof, as it states it.
    #[must_use]
    pub fn stated_size(&self) -> Option<u64> {
        let proof = Proof::parse(self.proof.as_bytes()).ok()?;
        let note = Note::parse(proof.note.as_bytes()).ok()?;
        Some(Checkpoint::parse(note.unverified_text()).ok()?.size)
    }

    /// The entry's number in its agency's chain, as the leaf states it.
    #[must_use]
    pub fn stated_seq(&self) -> Option<u64> {
        serde_json::from_str::<serde_json::Value>(&self.leaf).ok()?.get("seq")?.as_u64()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::crypto::sign::Ed25519Key;
    use crate::tlog::merkle::Tree;
    use crate::tlog::note::Signer;
    use crate::tlog::note::VerifierKey;

    /// A log of a few leaves that signs heads and writes receipt documents as a gateway does.
    pub(crate) struct SmallLog {
        signer: Signer,
        pkcs8: Vec<u8>,
        tree: Tree,
        leaves: Vec<String>,
    }

    impl SmallLog {
        pub(crate) fn new(leaves: &[&str]) -> Self {
            let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
            let key = Ed25519Key::from_pkcs8(&pkcs8).unwrap();
            let mut log = Self {
                signer: Signer::new(&"gw1.example/2026".parse().unwrap(), key),
                pkcs8,
                tree: Tree::default(),
                leaves: Vec::new(),
            };
            leaves.iter().for_each(|leaf| log.push(leaf));
            log
        }

        pub(crate) fn push(&mut self, leaf: &str) {
            self.tree.push(merkle::leaf_hash(leaf.as_bytes()));
            self.leaves.push(leaf.to_owned());
        }

        /// A log of other leaves under the same key.
        pub(crate) fn forked(&self, leaves: &[&str]) -> Self {
            let mut log = Self::new(leaves);
            log.signer = Signer::new(
                &"gw1.example/2026".parse().unwrap(),
                Ed25519Key::from_pkcs8(&self.pkcs8).unwrap(),
            );
            log.pkcs8 = self.pkcs8.clone();
            log
        }

        pub(crate) fn ways(&self, since: &[u64]) -> serde_json::Value {
            serde_json::json!({ "size": self.tree.size(), "consistency": self.consistency(since) })
        }

        fn consistency(&self, since: &[u64]) -> Vec<serde_json::Value> {
            let way = |from: &u64| {
                let path = self.tree.consistency(*from, self.tree.size()).unwrap();
                let path: Vec<String> = path.iter().map(|hash| STANDARD.encode(hash)).collect();
                serde_json::json!({ "from": from, "path": path })
            };
            since.iter().map(way).collect()
        }

        pub(crate) fn key(&self) -> VerifierKey {
            self.signer.public().clone()
        }

        pub(crate) fn head(&self, size: u64) -> SignedHead {
            let root = self.tree.root(size).unwrap();
            SignedHead::sign(
                Checkpoint { origin: "gw1.example/2026".parse().unwrap(), size, root },
                &self.signer,
            )
        }

        pub(crate) fn entry(&self, index: u64) -> serde_json::Value {
            let size = self.tree.size();
            let path = self.tree.inclusion(index, size).unwrap();
            let proof = Proof { extra: None, index, path, note: self.head(size).note };
            let leaf = &self.leaves[usize::try_from(index).unwrap()];
            serde_json::json!({ "index": index, "leaf": leaf, "proof": proof.to_string() })
        }

        pub(crate) fn document(&self, exchange: &str, index: u64, since: &[u64]) -> String {
            let consistency = self.consistency(since);
            serde_json::json!({ "v": FORMAT, "exchange": exchange, "entries": [self.entry(index)],
                "salts": {}, "consistency": consistency })
            .to_string()
        }
    }

    fn trust(logs: &[&SmallLog]) -> TrustPolicy {
        TrustPolicy::of_logs(logs.iter().map(|log| log.key()).collect())
    }

    const LEAVES: [&str; 5] =
        [r#"{"exchange":"a"}"#, r#"{"exchange":"b"}"#, r#"{"exchange":"c"}"#, "{}", r#"{"exchange":"e"}"#];

    fn verified(document: &str, log: &SmallLog) -> Result<Vec<Proven>, FalseReceipt> {
        Document::parse(document.as_bytes())?.verify(&trust(&[log]))
    }

    #[test]
    fn a_true_receipt_is_proven_and_tells_by_which_head() {
        let log = SmallLog::new(&LEAVES);
        let proven = verified(&log.document("c", 2, &[]), &log).unwrap();
        assert_eq!((proven[0].index, proven[0].head.size, proven[0].leaf.as_str()), (2, 5, LEAVES[2]));
    }

    #[test]
    fn a_receipt_that_was_changed_anywhere_is_false() {
        let log = SmallLog::new(&LEAVES);
        let good = log.document("c", 2, &[]);
        for (from, to) in [
            (r#"{\"exchange\":\"c\"}"#, r#"{\"exchange\":\"c\" }"#),
            ("\"index\":2", "\"index\":3"),
            ("index 2", "index 3"),
            ("\"exchange\":\"c\"", "\"exchange\":\"b\""),
            ("phohien-receipt/1", "phohien-receipt/2"),
            ("gw1.example/2026\\n5", "gw1.example/2026\\n6"),
            ("\"salts\"", "\"sums\""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            assert!(verified(&bad, &log).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn a_receipt_of_a_log_that_is_not_trusted_is_false() {
        let (log, other) = (SmallLog::new(&LEAVES), SmallLog::new(&LEAVES));
        let document = Document::parse(log.document("c", 2, &[]).as_bytes()).unwrap();
        assert!(document.verify(&trust(&[&other])).is_err() && document.verify(&trust(&[])).is_err());
        assert!(document.verify(&trust(&[&other, &log])).is_ok());
    }

    #[test]
    fn a_receipt_without_entries_proves_nothing() {
        let empty = format!(r#"{{"v":"{FORMAT}","exchange":"a","entries":[]}}"#);
        assert!(matches!(verified(&empty, &SmallLog::new(&LEAVES)), Err(FalseReceipt::Empty)));
    }

    #[test]
    fn a_later_head_must_be_shown_to_extend_an_earlier_one() {
        let log = SmallLog::new(&LEAVES);
        let (old, new) = (log.head(3), log.head(5));
        let with = Document::parse(log.document("c", 2, &[3, 5]).as_bytes()).unwrap();
        assert!(with.extends((3, &old.root), &new).is_ok() && with.extends((5, &new.root), &new).is_ok());
        assert!(
            with.extends((3, &[1; 32]), &new).is_err() && with.extends((4, &log.head(4).root), &new).is_err()
        );
        let without = Document::parse(log.document("c", 2, &[]).as_bytes()).unwrap();
        assert!(
            without.extends((3, &old.root), &new).is_err() && without.extends((5, &new.root), &new).is_ok()
        );
    }

    #[test]
    fn a_log_that_was_cut_back_does_not_extend_what_was_seen() {
        let log = SmallLog::new(&LEAVES);
        let document = Document::parse(log.document("c", 2, &[]).as_bytes()).unwrap();
        assert!(document.extends((5, &log.head(5).root), &log.head(3)).is_err());
    }
}
