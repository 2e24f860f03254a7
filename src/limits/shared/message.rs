//! What is asked of the store, and its answer. Keys are made of configured names and days alone, and none of a name's letters is a colon.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::civil::Date;
use serde::Serialize;

use crate::limits::Key;
use crate::limits::quota::account::Person;
use crate::policy::model::Rate;

use super::Settings;

/// Numbers in the store are those of Lua: whole up to here. No quota is greater.
pub(super) const LIMIT_MAX: u64 = 1 << 50;

/// Accounts of which somebody wants more than is free, for the others to give back what they do not need.
pub(super) const WANTED: &str = "phohien:wanted";

/// The nodes that have told all they know to the store's process of this name.
pub(super) fn joined(run: &str) -> String {
    format!("phohien:nodes:{run}")
}

/// An account, as the store calls it.
pub(super) fn account(key: &Key) -> String {
    format!("{}:{}", key.agreement, key.agency)
}

/// One message.
#[derive(Debug, Clone, Serialize)]
pub(in crate::limits) struct Ask {
    node: String,
    nodes: u32,
    seq: u64,
    account: String,
    /// Something is to be granted; else the node only tells what it knows, which is never refused.
    spend: bool,
    rates: Vec<Bucket>,
    quotas: Vec<Requests>,
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<People>,
    #[serde(skip)]
    keys: Vec<String>,
}

/// A rate, in microseconds.
#[derive(Debug, Clone, Serialize)]
struct Bucket {
    interval: u64,
    burst: u32,
}

/// The requests of a day or a month.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Requests {
    /// The quota.
    pub(super) limit: u64,
    /// What this node has granted, what is asked for now included.
    pub(super) own: u64,
    /// Up to where it may go by itself.
    pub(super) cap: u64,
    /// Seconds after which the store may forget.
    pub(super) expires: u64,
}

/// The people of a day.
#[derive(Debug, Clone, Serialize)]
pub(super) struct People {
    /// The quota.
    pub(super) limit: u64,
    /// How many more this node may take by itself.
    pub(super) spare: u64,
    /// Seconds after which the store may forget.
    pub(super) expires: u64,
    /// Whom it has taken, base64.
    pub(super) asked: Vec<String>,
    /// Whom it gives back.
    pub(super) returned: Vec<String>,
}

/// What the store answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::limits) enum Answer {
    /// All of it passes: what is left of each rate; how far the node may go, and what all have granted, of each quota; for people how many
    /// more the node may take, and how many there are.
    Settled { rates: Vec<u32>, requests: Vec<(u64, u64)>, people: Option<(u64, u64)> },
    /// A rate is exceeded: which, and how long to wait.
    Exceeded(usize, Duration),
    /// A quota is used up: which.
    UsedUp(usize),
    /// What is left of a quota is kept for others: which.
    Kept(usize),
    /// The store knows of a newer message of this node.
    Stale(u64),
}

/// How a person is named in the store.
pub(super) fn name(person: &Person) -> String {
    STANDARD_NO_PAD.encode(person)
}

impl Ask {
    /// A message about an account; `spend` asks for something.
    pub(super) fn new(key: &Key, spend: bool) -> Self {
        let account = account(key);
        let (node, rates, quotas) = (String::new(), Vec::new(), Vec::new());
        Self { node, nodes: 1, seq: 0, account, spend, rates, quotas, people: None, keys: Vec::new() }
    }

    /// A look at rates, of which nothing is spent.
    pub(super) fn look(rates: &[(String, Rate)]) -> Self {
        let (node, account) = (String::new(), String::new());
        let (buckets, quotas, keys) = (Vec::new(), Vec::new(), Vec::new());
        let mut ask = Self {
            node,
            nodes: 1,
            seq: 0,
            account,
            spend: false,
            rates: buckets,
            quotas,
            people: None,
            keys,
        };
        rates.iter().for_each(|(name, rate)| ask.rate(name, *rate));
        ask
    }

    /// Spends one of a rate under that name, where something is to be granted.
    pub(super) fn rate(&mut self, name: &str, rate: Rate) {
        let interval = rate.per.as_micros().div_ceil(u128::from(rate.requests.get())).max(1);
        // Above this the product with the burst is no whole number in the store.
        let interval =
            u64::try_from(interval).unwrap_or(u64::MAX).min(LIMIT_MAX / u64::from(rate.burst.get()));
        self.rates.push(Bucket { interval, burst: rate.burst.get() });
        self.keys.push(format!("phohien:rate:{name}"));
    }

    /// Charges the requests of a period: a day, or a month.
    pub(super) fn requests(&mut self, period: &str, requests: Requests) {
        self.quotas.push(requests);
        self.keys.push(format!("phohien:requests:{}:{period}", self.account));
    }

    /// Charges people of a day.
    pub(super) fn people(&mut self, day: Date, people: People, node: &str) {
        self.people = Some(people);
        let of = format!("{}:{day}", self.account);
        self.keys.extend([
            format!("phohien:people:{of}"),
            format!("phohien:people:{of}:{node}"),
            format!("phohien:spare:{of}"),
        ]);
    }

    /// Whether it says anything.
    pub(in crate::limits) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn number(&mut self, settings: &Settings, seq: u64) {
        (self.node, self.nodes, self.seq) = (settings.node.clone(), settings.nodes.get(), seq);
    }

    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Reads the store's numbers; nothing if they are no answer to this.
    pub(super) fn answer(&self, numbers: &[i64]) -> Option<Answer> {
        let mut numbers = numbers.iter().map(|number| u64::try_from(*number).ok());
        let mut next = || numbers.next().flatten();
        let which = |number: u64| usize::try_from(number.checked_sub(1)?).ok();
        match next()? {
            0 => {
                let rates = self.rates.iter().map(|_| u32::try_from(next()?).ok()).collect::<Option<_>>()?;
                let requests = self.quotas.iter().map(|_| next().zip(next())).collect::<Option<_>>()?;
                let people = self.people.as_ref().map(|_| next().zip(next()));
                let people = if let Some(people) = people { Some(people?) } else { None };
                Some(Answer::Settled { rates, requests, people })
            }
            1 => Some(Answer::Exceeded(which(next()?)?, Duration::from_micros(next()?))),
            2 => Some(Answer::UsedUp(which(next()?)?)),
            3 => Some(Answer::Kept(which(next()?)?)),
            4 => Some(Answer::Stale(next()?)),
            _ => None,
        }
    }
}
