//! The auditor's judgement of entries, one by one and as chains. It shares no code with the writer but the hash function.
//!
//! The tree, the frames and the signatures are `tlog::fsck`'s business; here stands what entries say to each other: each agency's
//! `seq` and `prev`, annexes against their hashes, time, an outcome for each opened exchange, at most one `aborted` after a release.

use std::collections::HashMap;

use serde_json::Value;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

/// How an exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Opened(u64),
    Decided { aborted: bool },
}

/// Judges the entries of one log, given in order.
#[derive(Debug, Default)]
pub struct Judge {
    chains: HashMap<String, (u64, String)>,
    exchanges: HashMap<String, Standing>,
    last_at: String,
}

impl Judge {
    /// A judge that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is wrong with an entry; empty: nothing.
    pub fn entry(&mut self, index: u64, leaf: &[u8], annex: &[u8], hash: &Hash) -> Vec<String> {
        let Ok(leaf) = serde_json::from_slice::<Value>(leaf) else {
            return vec!["the leaf is not a JSON object".to_owned()];
        };
        let mut faults = Vec::new();
        faults.extend(wrong_version(&leaf));
        faults.extend(self.wrong_time(&leaf));
        faults.extend(self.wrong_chain(&leaf, hash));
        faults.extend(wrong_annex(&leaf, annex));
        faults.extend(self.wrong_standing(index, &leaf));
        faults
    }

    /// What is wrong once all entries were seen: exchanges that were opened and have no outcome.
    ///
    /// On the folder of a gateway that still runs, these may be under way.
    #[must_use]
    pub fn end(self) -> Vec<(u64, String)> {
        let mut open: Vec<_> = self
            .exchanges
            .into_iter()
            .filter_map(|(id, standing)| match standing {
                Standing::Opened(index) => {
                    Some((index, format!("exchange {id} was opened and has no outcome")))
                }
                Standing::Decided { .. } => None,
            })
            .collect();
        open.sort();
        open
    }

    fn wrong_time(&mut self, leaf: &Value) -> Option<String> {
        let Some(at) = text(leaf, "at") else { return Some("`at` is missing".to_owned()) };
        let back = at < self.last_at.as_str();
        let fault = back.then(|| format!("the time goes back from {} to {at}", self.last_at));
        if !back {
            self.last_at = at.to_owned();
        }
        fault
    }

    fn wrong_chain(&mut self, leaf: &Value, hash: &Hash) -> Vec<String> {
        let (Some(agency), Some(seq)) = (text(leaf, "agency"), leaf.get("seq").and_then(Value::as_u64))
        else {
            return vec!["`agency` or `seq` is missing".to_owned()];
        };
        let (before, prev) = self.chains.get(agency).cloned().unwrap_or_default();
        let mut faults = Vec::new();
        if seq != before + 1 {
            faults.push(format!("`seq` of {agency} is {seq} where {} follows", before + 1));
        }
        if text(leaf, "prev").unwrap_or_default() != prev {
            faults.push(format!("`prev` does not name the entry of {agency} before this one: that one was changed, or is missing"));
        }
        self.chains.insert(agency.to_owned(), (seq, hex(hash)));
        faults
    }

    fn wrong_standing(&mut self, index: u64, leaf: &Value) -> Option<String> {
        let (kind, id) = (text(leaf, "kind")?, text(leaf, "exchange")?);
        let before = self.exchanges.get(id).copied();
        let (standing, fault) = match (kind, before) {
            ("exchange.opened", None) => (Standing::Opened(index), None),
            ("exchange.opened", Some(standing)) => (standing, Some("is opened twice")),
            ("exchange.aborted", None | Some(Standing::Decided { aborted: true })) => {
                (Standing::Decided { aborted: true }, Some("is aborted where it was not under way"))
            }
            ("exchange.aborted", Some(_)) => (Standing::Decided { aborted: true }, None),
            ("exchange.orphaned", Some(Standing::Opened(_))) => (Standing::Decided { aborted: true }, None),
            ("exchange.orphaned", other) => (
                other.unwrap_or(Standing::Decided { aborted: true }),
                Some("is orphaned where it was not opened"),
            ),
            (_, Some(Standing::Decided { aborted })) => {
                (Standing::Decided { aborted }, Some("has two outcomes"))
            }
            (_, None | Some(Standing::Opened(_))) => (Standing::Decided { aborted: false }, None),
        };
        self.exchanges.insert(id.to_owned(), standing);
        fault.map(|fault| format!("exchange {id} {fault}"))
    }
}

fn text<'a>(leaf: &'a Value, member: &str) -> Option<&'a str> {
    leaf.get(member).and_then(Value::as_str)
}

fn wrong_version(leaf: &Value) -> Option<String> {
    (text(leaf, "v") != Some("phohien/1")).then(|| "`v` is not `phohien/1`".to_owned())
}

fn wrong_annex(leaf: &Value, annex: &[u8]) -> Option<String> {
    match (text(leaf, "annex"), annex.is_empty()) {
        (None, true) => None,
        (None, false) => Some("an annex stands here of which the leaf says nothing".to_owned()),
        (Some(_), true) => Some("the annex is missing".to_owned()),
        (Some(expected), false) => (hex(&sha256(annex)) != expected)
            .then(|| "the annex does not have the hash that the leaf says".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(kind: &str, seq: u64, prev: Option<u8>, at: &str, exchange: &str) -> Vec<u8> {
        let prev = prev.map(|byte| format!(r#","prev":"{}""#, hex(&[byte; 32]))).unwrap_or_default();
        format!(r#"{{"agency":"H31","at":"{at}","exchange":"{exchange}","kind":"{kind}"{prev},"seq":{seq},"v":"phohien/1"}}"#).into_bytes()
    }

    #[test]
    fn a_sound_chain_has_no_fault() {
        let mut judge = Judge::new();
        assert!(judge.entry(0, &leaf("exchange.opened", 1, None, "1", "a"), b"", &[1; 32]).is_empty());
        assert!(judge.entry(1, &leaf("exchange.released", 2, Some(1), "1", "a"), b"", &[2; 32]).is_empty());
        assert!(judge.entry(2, &leaf("exchange.aborted", 3, Some(2), "2", "a"), b"", &[3; 32]).is_empty());
        assert!(judge.end().is_empty());
    }

    #[test]
    fn a_gap_a_wrong_predecessor_and_a_time_that_goes_back_are_each_named() {
        let mut judge = Judge::new();
        judge.entry(0, &leaf("exchange.refused", 1, None, "5", "a"), b"", &[1; 32]);
        let faults = judge.entry(1, &leaf("exchange.refused", 3, Some(9), "4", "b"), b"", &[2; 32]);
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn an_opened_exchange_without_an_outcome_and_a_second_outcome_are_named() {
        let mut judge = Judge::new();
        judge.entry(0, &leaf("exchange.opened", 1, None, "1", "a"), b"", &[1; 32]);
        judge.entry(1, &leaf("exchange.refused", 2, Some(1), "1", "b"), b"", &[2; 32]);
        let faults = judge.entry(2, &leaf("exchange.released", 3, Some(2), "1", "b"), b"", &[3; 32]);
        assert_eq!(faults, ["exchange b has two outcomes"]);
        assert_eq!(judge.end(), [(0, "exchange a was opened and has no outcome".to_owned())]);
    }

    #[test]
    fn an_annex_that_was_changed_or_taken_away_is_named() {
        let with = |annex: &[u8]| {
            let hash = hex(&sha256(b"sealed"));
            let leaf =
                format!(r#"{{"agency":"H31","annex":"{hash}","at":"1","kind":"x","seq":1,"v":"phohien/1"}}"#);
            Judge::new().entry(0, leaf.as_bytes(), annex, &[0; 32]).len()
        };
        assert_eq!((with(b"sealed"), with(b"changed"), with(b"")), (0, 1, 1));
    }

    #[test]
    fn the_judge_shares_nothing_with_the_writer_but_the_hash() {
        let imports = include_str!("verify.rs")
            .lines()
            .filter(|line| line.starts_with("use crate::") || line.starts_with("use super"));
        assert!(
            imports.clone().count() > 0
                && imports.into_iter().all(|line| line.starts_with("use crate::crypto::digest::"))
        );
    }
}
