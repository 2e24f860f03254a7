//! One set of limits for several gateways: rates and quotas in a Redis or Valkey, asked once for each exchange.
//!
//! **What the store knows.** Buckets, by its own clock. Of each quota, for each node, how much that node has granted, as the node itself
//! counts it: telling it again changes nothing, so that nothing has to be added up after a failure. And up to where the node may go by
//! itself (`spare`). People by keyed hashes; the key is the nodes' and not the store's.
//!
//! **While the store is lost** a node grants what was kept for it and not a request more; its rates are its part of the rates. A store that
//! comes back empty, or as it was earlier, keeps nothing for anybody until every node has told it what it knows. So what all nodes
//! grant together is never more than the quota, whatever the store forgets and whoever cannot reach it.
//!
//! | file | duty |
//! |---|---|
//! | `spend.lua` | the decision, in the store |
//! | `message` | what is asked there, and the answer |
//! | `link` | the connection |
//! | `spare` | what is kept for this node |
//! | `account` | one account of a node: one message at a time |

pub(super) mod account;
pub mod link;
pub(super) mod message;
mod spare;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use crate::clock::Timestamp;
use crate::policy::model::Rate;

use super::Key;
use super::quota::Terms;

use account::Account;
use link::Link;
use link::Lost;
use message::Answer;
use message::Ask;

/// Where the store is, and who asks it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where.
    pub address: link::Address,
    /// How many gateways share it.
    pub nodes: NonZeroU32,
    /// This one's name, no other's: its log's origin.
    pub node: String,
}

/// Whether the store is in reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It is, and knows all that this node does.
    Known,
    /// It is not: this node enforces its share.
    Lost,
}

impl Reach {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Lost => "lost",
        }
    }
}

/// The store, seen by one node.
#[derive(Debug)]
pub struct Shared {
    settings: Settings,
    link: Link,
    reach: watch::Sender<Reach>,
    /// Before this process nothing is known of what was kept for the node.
    began: Timestamp,
    /// The number of the last message. Grows over restarts, too: it begins with the time.
    seq: AtomicU64,
    accounts: Mutex<HashMap<Key, Arc<Account>>>,
}

impl Shared {
    /// Nothing is connected yet: [`super::Limits::keep_in_touch`] does that. It begins at `now` of the quotas' calendar; messages are
    /// numbered from the machine's time on.
    #[must_use]
    pub fn new(settings: Settings, now: Timestamp, machine: Timestamp) -> Self {
        let seq = AtomicU64::new(u64::try_from(machine.as_microsecond()).unwrap_or_default());
        let (link, reach) = (Link::new(settings.address.clone()), watch::Sender::new(Reach::Lost));
        Self { settings, link, reach, began: now, seq, accounts: Mutex::default() }
    }

    /// Whether it is in reach, now and whenever that changes.
    #[must_use]
    pub fn reach(&self) -> watch::Receiver<Reach> {
        self.reach.subscribe()
    }

    /// How many gateways share it.
    #[must_use]
    pub fn nodes(&self) -> NonZeroU32 {
        self.settings.nodes
    }

    pub(super) fn is_known(&self) -> bool {
        *self.reach.borrow() == Reach::Known
    }

    pub(super) fn set(&self, reach: Reach) {
        self.reach.send_if_modified(|known| std::mem::replace(known, reach) != reach);
    }

    /// The store did not answer: from here on this node enforces its share.
    pub(super) fn lose(&self, lost: &Lost) {
        if self.is_known() {
            tracing::error!(%lost, "the shared limits are lost: this node enforces its share until they are back");
        }
        self.link.cut();
        self.set(Reach::Lost);
    }

    /// What is left of rates, without spending anything; nothing while it is lost, or if it is by this.
    pub(super) async fn look(&self, rates: &[(String, Rate)]) -> Option<Vec<u32>> {
        if !self.is_known() {
            return None;
        }
        match self.send(Ask::look(rates)).await {
            Ok(Answer::Settled { rates, .. }) => Some(rates),
            Ok(_) => None,
            Err(lost) => {
                self.lose(&lost);
                None
            }
        }
    }

    /// Takes something that only one of the nodes may have within so many seconds; whether it was free. Nothing while the store is lost, or
    /// if it is by this: then nobody knows.
    pub async fn take(&self, what: &str, seconds: i64) -> Option<bool> {
        if !self.is_known() {
            return None;
        }
        let taken = self.link.take(&format!("phohien:once:{what}"), seconds).await;
        taken.inspect_err(|lost| self.lose(lost)).ok()
    }

    pub(super) async fn connect(&self) -> Result<(), Lost> {
        self.link.connect().await
    }

    pub(super) async fn join(&self) -> Result<(), Lost> {
        self.link.join(&self.settings.node).await
    }

    pub(super) async fn wanted(&self) -> Result<Vec<String>, Lost> {
        self.link.wanted(&self.settings.node).await
    }

    /// This node's part of a rate: so many in as many times the period, so that few requests are no fewer.
    pub(super) fn part(&self, rate: Rate) -> Rate {
        let burst = NonZeroU32::new(rate.burst.get() / self.settings.nodes.get()).unwrap_or(NonZeroU32::MIN);
        let per = rate.per.saturating_mul(self.settings.nodes.get());
        Rate { requests: rate.requests, per, burst }
    }

    /// The account of a key, under the terms of today's policies.
    pub(super) fn account(&self, key: &Key, terms: &Terms<'_>) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        match accounts.get(key) {
            Some(account) if account.has(terms) => Arc::clone(account),
            known => {
                let account = Arc::new(Account::new(key.clone(), terms, known.map(Arc::as_ref)));
                accounts.insert(key.clone(), Arc::clone(&account));
                account
            }
        }
    }

    /// All accounts there are.
    pub(super) fn accounts(&self) -> Vec<Arc<Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Forgets the accounts of other keys.
    pub(super) fn retain(&self, mut keep: impl FnMut(&Key) -> bool) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| keep(key));
    }

    /// Sends one message; one that is taken for an old one is sent again with a newer number.
    async fn send(&self, mut ask: Ask) -> Result<Answer, Lost> {
        for _ in 0..2 {
            ask.number(&self.settings, self.seq.fetch_add(1, Ordering::SeqCst) + 1);
            match self.link.send(&ask).await? {
                Answer::Stale(newest) => _ = self.seq.fetch_max(newest, Ordering::SeqCst),
                answer => return Ok(answer),
            }
        }
        Err(Lost::Other(
            "it knows of newer messages of this node: is the node's name another's, too?".to_owned(),
        ))
    }
}
