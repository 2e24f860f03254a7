//! The auditor's judgement of entries, one by one and as chains. It shares no code with the writer but the hash function.
//!
//! The tree, the bytes and the signatures are `tlog::fsck`'s business; here stands what entries say to each other: each agency's
//! `seq` and `prev`, time, an outcome for each opened exchange, at most one `aborted` after a release; what a snapshot of the
//! writer's state says of all that; and where annexes and objects are to be found.
//!
//! | room | what it does |
//! |---|---|
//! | `scan`, `places`, `shape` | JSON as a leaf may have it; where members stand; leaves that differ from one before in little |
//! | `leaf`, `moment` | a leaf, read a second time |
//! | `charges` | what is charged to whose quotas |
//! | `standing` | how exchanges stand, in few bytes each |
//! | `state` | the account that a snapshot gives |
//! | `wrong` | what can be wrong, in words |

mod charges;
mod leaf;
mod moment;
mod places;
mod scan;
mod shape;
mod standing;
mod state;
mod wrong;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ops::Range;

use crate::crypto::digest::Hash;
use crate::language::Text;
use crate::tlog::fsck;
use crate::tlog::fsck::Annexed;
use crate::tlog::fsck::Entry;
use crate::tlog::fsck::Finding;

use charges::Charge;
use charges::Charges;
use leaf::Agency;
use leaf::Exchange;
use leaf::Kind;
use leaf::Prev;
use moment::Moment;
use standing::Exchanges;
use standing::Step;
use wrong::BadStanding;
use wrong::Wrong;

pub use leaf::Said;
pub use shape::Shapes;

/// Kinds that this program does not know and that are told by name; a newer gateway may write some.
const UNKNOWN_MAX: usize = 16;

/// Judges the entries of one log, given in order.
#[derive(Debug, Default)]
pub struct Judge {
    chains: HashMap<Agency, Chain>,
    exchanges: Exchanges,
    charges: Charges,
    last_at: Option<Moment>,
    policy: Option<Hash>,
    objects: HashMap<Hash, u64>,
    /// Those of them that list others.
    lists: HashMap<Hash, u64>,
    starts: Starts,
    /// The entry that closed the log for good.
    closed: Option<u64>,
    /// What the last entry that named a certificate said it was taken by.
    path: Option<Hash>,
    /// The next entry may take over what the log before had counted: nothing was counted here yet.
    carries: bool,
    /// How often entries were missed. What was known before of a chain no longer holds then.
    missed: u64,
    /// Kinds that are not known, with the first entry of each and how many there are.
    unknown: BTreeMap<String, (u64, u64)>,
}

/// The last entry of one agency's chain.
#[derive(Debug, Clone, Copy)]
struct Chain {
    seq: u64,
    hash: Hash,
    /// The judge's `missed` when it was seen.
    missed: u64,
}

/// What is left when all entries were seen.
#[derive(Debug, Default)]
pub struct Ended {
    /// Exchanges that were opened, have no outcome, and can have none any more.
    pub lost: Vec<(u64, Finding)>,
    /// Exchanges that were opened and have no outcome yet; on the folder of a gateway that runs, they may be under way.
    pub unfinished: Vec<(u64, Finding)>,
    /// What is no fault but worth knowing.
    pub notes: Vec<Text>,
}

impl Ended {
    /// Whether every exchange that was opened has an outcome.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.lost.is_empty() && self.unfinished.is_empty()
    }
}

impl fsck::Judge for Judge {
    type Said = Said;
    type Reader = Shapes;

    fn read(shapes: &mut Shapes, leaf: &[u8]) -> Said {
        Said::read(leaf, shapes.places(leaf))
    }

    fn annex(said: &Said) -> Annexed {
        said.annex
    }

    fn judge(&mut self, entry: &Entry<'_, Said>) -> Vec<Finding> {
        let (index, said) = (entry.index, entry.said);
        if said.kind == Kind::NotALeaf {
            self.missed(index..index + 1);
            return vec![Wrong::NotALeaf.into()];
        }
        let mut wrong = Vec::new();
        if !said.is_version_known {
            wrong.push(Wrong::Version);
        }
        if said.kind == Kind::Missing {
            wrong.push(Wrong::Kind);
        }
        wrong.extend(self.wrong_time(said));
        self.judge_chain(entry, &mut wrong);
        wrong.extend(self.wrong_standing(index, said));
        wrong.extend(self.wrong_charge(said));
        wrong.extend(self.wrong_carried(index, said));
        wrong.extend(self.closed.map(|closed| Wrong::AfterTheEnd { closed }));
        self.take_notice(entry);
        wrong.into_iter().map(Finding::from).collect()
    }

    fn missed(&mut self, _indices: Range<u64>) {
        self.missed += 1;
    }

    fn snapshot(&mut self, state: &str) -> Vec<Finding> {
        if self.missed > 0 { Vec::new() } else { self.judge_state(state) }
    }

    fn objects(&self) -> Vec<(Hash, u64)> {
        self.objects.iter().map(|(hash, index)| (*hash, *index)).collect()
    }

    fn lists(&self) -> Vec<(Hash, u64)> {
        self.lists.iter().map(|(hash, index)| (*hash, *index)).collect()
    }

    fn listed(list: &[u8]) -> Option<Vec<Hash>> {
        leaf::listed(list)
    }
}

impl Judge {
    /// A judge that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is left once all entries were seen.
    #[must_use]
    pub fn end(self) -> Ended {
        let no_outcome = |id| Finding::from(Wrong::Standing { id, wrong: BadStanding::NoOutcome });
        let mut open: Vec<_> =
            self.exchanges.open().map(|(id, (index, _))| (*index, no_outcome(*id))).collect();
        open.sort_by_key(|(index, _)| *index);
        let settled = self.closed.or(self.starts.settled).filter(|_| self.missed == 0);
        let (lost, unfinished) =
            open.into_iter().partition(|(index, _)| settled.is_some_and(|start| *index < start));
        let notes = self.unknown.iter().map(|(kind, (first, count))| {
            Text::new(
                format!("{count} bản ghi thuộc loại `{kind}` mà chương trình này không biết, từ bản ghi {first}"),
                format!("{count} entries are of the kind `{kind}`, which this program does not know, from entry {first} on"),
            )
        });
        Ended { lost, unfinished, notes: notes.collect() }
    }

    fn wrong_time(&mut self, said: &Said) -> Option<Wrong> {
        let Some(at) = said.at else { return Some(Wrong::NoTime) };
        match self.last_at {
            Some(from) if at < from => Some(Wrong::TimeBack { from, to: at }),
            _ => {
                self.last_at = Some(at);
                None
            }
        }
    }

    fn judge_chain(&mut self, entry: &Entry<'_, Said>, wrong: &mut Vec<Wrong>) {
        let (Some(agency), Some(seq)) = (entry.said.agency, entry.said.seq) else {
            return wrong.push(Wrong::NoChain);
        };
        let chain = Chain { seq, hash: entry.hash, missed: self.missed };
        let before = self.chains.insert(agency, chain);
        let name = || agency.as_str().to_owned();
        let follows = before.map_or(0, |before| before.seq).saturating_add(1);
        // Of entries that were missed, some may have been this agency's.
        let knows = before.map_or(self.missed == 0, |before| before.missed == self.missed);
        if if knows { seq != follows } else { seq < follows } {
            wrong.push(Wrong::Seq { agency: name(), seq, follows });
        }
        let names_it = match (entry.said.prev, before) {
            (Prev::None, None) => true,
            (Prev::Names(prev), Some(before)) => prev == before.hash,
            (Prev::Malformed, _) | (Prev::None, Some(_)) | (Prev::Names(_), None) => false,
        };
        if knows && !names_it {
            wrong.push(Wrong::Prev { agency: name() });
        }
    }

    fn wrong_standing(&mut self, index: u64, said: &Said) -> Option<Wrong> {
        let id = match said.exchange {
            Exchange::Is(id) => id,
            Exchange::None => return is_of_an_exchange(said.kind).then_some(Wrong::NotAnExchange),
            Exchange::Malformed => return Some(Wrong::NotAnExchange),
        };
        let step = match said.kind {
            Kind::Opened => Step::Open,
            Kind::Outcome => Step::Decide,
            Kind::Aborted => Step::Abort,
            Kind::Orphaned => Step::Orphan,
            Kind::Unknown => {
                // Whatever it says of the exchange: it cannot be accused of having no outcome.
                self.exchanges.forget(id);
                return None;
            }
            Kind::NotALeaf
            | Kind::Missing
            | Kind::NodeStarted
            | Kind::LogClosed
            | Kind::KeysRotated
            | Kind::QuotasCarried
            | Kind::PolicyChanged
            | Kind::NamesObjects
            | Kind::Other => return None,
        };
        let wrong = self.exchanges.step(id, step, index, said.agency?, self.missed == 0)?;
        Some(Wrong::Standing { id, wrong })
    }

    fn wrong_charge(&mut self, said: &Said) -> Option<Wrong> {
        match (said.charge, said.agency) {
            (Charge::None, _) | (_, None) => None,
            (Charge::Malformed, _) => Some(Wrong::Charge),
            (Charge::To(agreement, day), Some(agency)) => {
                self.charges.add(agreement, agency, day);
                None
            }
        }
    }

    /// It stands directly behind the second entry of a log that follows another, or behind its like.
    fn wrong_carried(&mut self, index: u64, said: &Said) -> Option<Wrong> {
        let may_stand = self.carries || self.missed > 0;
        self.carries = match said.kind {
            Kind::KeysRotated => index == 1,
            Kind::QuotasCarried => self.carries,
            _ => false,
        };
        let carried = said.carried.as_deref()?;
        (!self.charges.carry(carried) || !may_stand).then_some(Wrong::Carried)
    }

    /// What is worth remembering of an entry.
    fn take_notice(&mut self, entry: &Entry<'_, Said>) {
        let (index, said) = (entry.index, entry.said);
        self.starts.see(index, said.kind);
        // Many entries in a row name the same one.
        let path = said.path.filter(|path| self.path.replace(*path) != Some(*path));
        for object in said.certificate.iter().chain(&path).chain(&said.objects) {
            self.objects.entry(*object).or_insert(index);
        }
        if said.kind == Kind::PolicyChanged {
            self.policy = said.policy;
            for list in leaf::listings(entry.leaf) {
                self.lists.entry(list).or_insert(index);
            }
        }
        if said.kind == Kind::LogClosed {
            self.closed = self.closed.or(Some(index));
        }
        if said.kind == Kind::Unknown {
            self.take_notice_of_unknown(index, entry.leaf);
        }
    }

    fn take_notice_of_unknown(&mut self, index: u64, leaf: &[u8]) {
        let leaf: serde_json::Value = serde_json::from_slice(leaf).unwrap_or_default();
        let kind = leaf.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        if self.unknown.len() < UNKNOWN_MAX || self.unknown.contains_key(&kind) {
            self.unknown.entry(kind).or_insert((index, 0)).1 += 1;
        }
    }
}

/// Whether an entry of this kind stands for an exchange, and so names it.
fn is_of_an_exchange(kind: Kind) -> bool {
    matches!(kind, Kind::Opened | Kind::Outcome | Kind::Aborted | Kind::Orphaned)
}

/// A gateway that starts first gives every exchange it finds open its `orphaned` entry, then serves. So what is older than the last
/// start after which something else was written, and still open, was forgotten against that rule; what is younger may be under way.
#[derive(Debug, Default)]
struct Starts {
    last: Option<u64>,
    settled: Option<u64>,
}

impl Starts {
    fn see(&mut self, index: u64, kind: Kind) {
        match kind {
            Kind::NodeStarted => self.last = Some(index),
            Kind::Orphaned => {}
            _ => self.settled = self.last.take().or(self.settled),
        }
    }
}

#[cfg(test)]
mod tests;
