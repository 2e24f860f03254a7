//! A bulk list as its holder reads it: entries, one a line, and lines that show the way from one head to the next.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::document::Entry;
use super::document::FalseReceipt;
use super::document::Path;
use super::document::Proven;
use super::document::extends;
use crate::crypto::digest::hex;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::trust::TrustPolicy;

/// A bulk list, of one portion or of several one after the other.
#[derive(Debug)]
pub struct List(Vec<Line>);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Entry(Entry),
    Ways(Ways),
}

/// The ways to the head of so many entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ways {
    size: u64,
    consistency: Vec<Path>,
    /// Of which log, where that was asked for by its name.
    log: Option<String>,
}

/// The heads that were proven, by log and size.
type Heads = BTreeMap<(String, u64), SignedHead>;

impl List {
    /// Reads a list; lines without a character do not count.
    ///
    /// # Errors
    /// A line is neither.
    pub fn parse(text: &str) -> Result<Self, FalseReceipt> {
        let lines = text.lines().filter(|line| !line.is_empty());
        Ok(Self(lines.map(serde_json::from_str).collect::<Result<_, _>>()?))
    }

    /// Its entries.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.0.iter().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry),
            Line::Ways(_) => None,
        })
    }

    /// Every entry, each proven under a trusted head, none left out between two of one agency; no two heads contradict each other, and each way that is told between them holds.
    ///
    /// # Errors
    /// One is not.
    pub fn verify(&self, trusted: &TrustPolicy) -> Result<Vec<Proven>, FalseReceipt> {
        let mut heads = Heads::new();
        let mut all = Vec::new();
        for entry in self.entries() {
            let proven = entry.verify(trusted)?;
            demand_one(&mut heads, &proven.head)?;
            if all.last().is_some_and(|before| !follows(before, &proven)) {
                return Err(FalseReceipt::Chain(proven.index));
            }
            all.push(proven);
        }
        for new in heads.values() {
            for way in self.ways(new).flat_map(|ways| &ways.consistency) {
                if let Some(old) = heads.get(&(new.origin.to_string(), way.from)) {
                    extends(std::slice::from_ref(way), (old.size, &old.root), new)?;
                }
            }
        }
        if all.is_empty() { Err(FalseReceipt::Empty) } else { Ok(all) }
    }

    /// Shows that the log of `new` begins with the log of `old`, by the ways in the list.
    ///
    /// # Errors
    /// It is not shown.
    pub fn extends(&self, old: &SignedHead, new: &SignedHead) -> Result<(), FalseReceipt> {
        let known = self.ways(new).find(|ways| ways.consistency.iter().any(|way| way.from == old.size));
        let ways = known.map(|ways| ways.consistency.as_slice()).unwrap_or_default();
        extends(ways, (old.size, &old.root), new)
    }

    fn ways(&self, head: &SignedHead) -> impl Iterator<Item = &Ways> {
        let is_of = |ways: &Ways| ways.log.as_ref().is_none_or(|log| log == head.origin.as_str());
        self.0.iter().filter_map(move |line| match line {
            Line::Ways(ways) if ways.size == head.size && is_of(ways) => Some(ways),
            Line::Ways(_) | Line::Entry(_) => None,
        })
    }
}

/// The members that make an agency's chain.
#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    agency: std::borrow::Cow<'a, str>,
    seq: u64,
    prev: Option<&'a str>,
}

/// Within one agency's chain an entry names the one before it, and begins anew with each log. Entries of other agencies, or of none, have
/// nothing to say of each other.
fn follows(before: &Proven, next: &Proven) -> bool {
    let link = |proven: &'_ Proven| -> Option<(String, u64, Option<String>)> {
        let link: Link<'_> = serde_json::from_str(&proven.leaf).ok()?;
        Some((link.agency.into_owned(), link.seq, link.prev.map(str::to_owned)))
    };
    let (Some((agency, seq, _)), Some((next_agency, next_seq, prev))) = (link(before), link(next)) else {
        return true;
    };
    let follows = match before.head.origin == next.head.origin {
        true => next_seq == seq + 1 && prev == Some(hex(&before.hash)),
        false => next_seq == 1,
    };
    agency != next_agency || follows
}

/// One log signs one root for one size.
fn demand_one(heads: &mut Heads, head: &SignedHead) -> Result<(), FalseReceipt> {
    let place = (head.origin.to_string(), head.size);
    let before = heads.entry(place).or_insert_with(|| head.clone());
    let same = before.root == head.root;
    if same { Ok(()) } else { Err(FalseReceipt::Inconsistent { old: head.size, new: head.size }) }
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::SmallLog;
    use super::*;

    fn trust(log: &SmallLog) -> TrustPolicy {
        TrustPolicy::of_logs(vec![log.key()])
    }

    /// Two portions, the second under a head of two entries more.
    fn portions() -> (SmallLog, String) {
        let mut log = SmallLog::new(&["a", "b", "c"]);
        let first = format!("{}\n{}\n", log.entry(0), log.entry(2));
        log.push("d");
        log.push("e");
        let list = format!("{first}{}\n{}\n", log.entry(4), log.ways(&[3]));
        (log, list)
    }

    #[test]
    fn a_list_of_portions_is_proven_with_the_ways_between_their_heads() {
        let (log, list) = portions();
        let read = List::parse(&list).unwrap();
        assert_eq!(read.verify(&trust(&log)).unwrap().len(), 3);
        assert!(read.extends(&log.head(3), &log.head(5)).is_ok());
        assert!(matches!(read.extends(&log.head(4), &log.head(5)), Err(FalseReceipt::NoPath { .. })));
        assert!(read.extends(&log.head(5), &log.head(5)).is_ok());
    }

    #[test]
    fn a_way_that_does_not_lead_there_and_a_forked_head_are_found() {
        let (log, list) = portions();
        let wrong =
            list.replace("\"path\":[\"", "\"path\":[\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"");
        assert_ne!(wrong, list);
        assert!(matches!(
            List::parse(&wrong).unwrap().verify(&trust(&log)),
            Err(FalseReceipt::Inconsistent { old: 3, new: 5 })
        ));
        let mut fork = log.forked(&["a", "b", "c", "d"]);
        fork.push("x");
        let forked = format!("{}\n{}\n", log.entry(4), fork.entry(4));
        assert!(matches!(
            List::parse(&forked).unwrap().verify(&trust(&log)),
            Err(FalseReceipt::Inconsistent { old: 5, new: 5 })
        ));
    }

    #[test]
    fn an_entry_that_was_left_out_of_an_agencys_chain_is_missed() {
        let first = r#"{"agency":"H31","seq":1}"#;
        let prev = |leaf: &str| hex(&crate::tlog::merkle::leaf_hash(leaf.as_bytes()));
        let second = format!(r#"{{"agency":"H31","prev":"{}","seq":2}}"#, prev(first));
        let third = format!(r#"{{"agency":"H31","prev":"{}","seq":3}}"#, prev(&second));
        let log = SmallLog::new(&[first, r#"{"agency":"H32","seq":1}"#, &second, &third]);
        let verified = |indices: &[u64]| {
            let lines: String = indices.iter().map(|index| format!("{}\n", log.entry(*index))).collect();
            List::parse(&lines).unwrap().verify(&trust(&log)).map(|proven| proven.len())
        };
        assert_eq!(verified(&[0, 2, 3]).unwrap(), 3);
        assert_eq!(verified(&[1, 0]).unwrap(), 2);
        assert!(matches!(verified(&[0, 3]), Err(FalseReceipt::Chain(3))));
        assert!(matches!(verified(&[2, 0]), Err(FalseReceipt::Chain(0))));
    }

    #[test]
    fn a_line_that_is_neither_entry_nor_way_is_no_list() {
        for text in ["{}", "x", "{\"size\":1}", "{\"size\":1,\"consistency\":[],\"more\":1}"] {
            assert!(List::parse(text).is_err(), "{text}");
        }
        let log = SmallLog::new(&["a"]);
        assert!(matches!(List::parse("\n").unwrap().verify(&trust(&log)), Err(FalseReceipt::Empty)));
    }
}
