//! The account that a snapshot gives of everything before it, held against what the entries said.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::tlog::fsck::Finding;

use super::Judge;
use super::charges;
use super::leaf::unhex;
use super::moment::Moment;
use super::wrong::Wrong;

/// The writer's state. What a newer one says besides is not judged.
#[derive(Deserialize)]
struct State {
    agencies: BTreeMap<String, Head>,
    at: Option<String>,
    #[serde(default)]
    charged: charges::Account,
    policy: Option<String>,
    undecided: BTreeMap<String, String>,
}

/// The last entry of an agency's chain.
#[derive(Deserialize)]
struct Head {
    prev: String,
    seq: u64,
}

impl Judge {
    /// What is wrong with an account of everything so far.
    pub(super) fn judge_state(&self, state: &str) -> Vec<Finding> {
        let Ok(state) = serde_json::from_str::<State>(state) else {
            return vec![Wrong::Snapshot("state").into()];
        };
        let judged = [
            ("agencies", self.has_chains(&state.agencies)),
            ("at", state.at.as_deref().map(str::as_bytes).and_then(Moment::read) == self.last_at),
            ("charged", self.charges.are(&state.charged)),
            ("policy", state.policy.as_deref().map(str::as_bytes).and_then(unhex) == self.policy),
            ("undecided", self.has_open(&state.undecided)),
        ];
        let wrong = judged.into_iter().filter(|(_, holds)| !holds);
        wrong.map(|(member, _)| Wrong::Snapshot(member).into()).collect()
    }

    fn has_chains(&self, agencies: &BTreeMap<String, Head>) -> bool {
        let holds = |(agency, chain): (&super::Agency, &super::Chain)| {
            let head = agencies.get(agency.as_str());
            head.is_some_and(|head| head.seq == chain.seq && unhex(head.prev.as_bytes()) == Some(chain.hash))
        };
        agencies.len() == self.chains.len() && self.chains.iter().all(holds)
    }

    fn has_open(&self, undecided: &BTreeMap<String, String>) -> bool {
        let mut open = 0;
        let all = self.exchanges.open().all(|(id, (_, agency))| {
            open += 1;
            undecided.get(&id.to_string()).is_some_and(|named| named == agency.as_str())
        });
        all && undecided.len() == open
    }
}
