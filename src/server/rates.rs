//! Buckets of rates over restarts. What is left in them is kept beside the keys every few seconds, and what was admitted after that is in the
//! log: so a bucket stands after a stop, of whichever kind, where it stood before.
//!
//! Where limits are shared the store keeps them, and nothing is kept here.

use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::audit::admitted;
use crate::clock::Timestamp;
use crate::crypto::keyfile;
use crate::gateway::door::Door;
use crate::limits::Key;
use crate::limits::buckets::Buckets;
use crate::limits::buckets::refill;
use crate::limits::limiter::Left;
use crate::listener::stop::Stop;
use crate::policy::Policies;
use crate::policy::model::Rate;
use crate::tlog::reader::ReadError;

/// What is left, under the keys folder.
const FILE: &str = "rates.left";

/// What that file says it is.
const FORMAT: &str = "phohien-rates/1";

/// How often it is written while there are exchanges. A start reads the entries since: those of seconds.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// The most time for which the log is read where nothing was kept: a start must not read it all for a rate of one request a year.
const READ_MAX: Duration = Duration::from_secs(24 * 3600);

#[derive(Serialize, Deserialize)]
struct Written {
    v: String,
    /// When, by the machine's clock.
    at: String,
    /// Of which log, and how many entries it had: what they tell of is in here.
    log: String,
    size: u64,
    buckets: Vec<Bucket>,
}

/// A bucket: of an agency under an agreement, of an agency, of a service, or without a name of the gateway.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Bucket {
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    requests: u32,
    per_nanos: u64,
    burst: u32,
    left: u32,
}

impl Bucket {
    fn of(left: Left) -> Self {
        let Left { rate: Rate { requests, per, burst }, requests: left } = left;
        let per_nanos = u64::try_from(per.as_nanos()).unwrap_or(u64::MAX);
        Self { requests: requests.get(), per_nanos, burst: burst.get(), left, ..Self::default() }
    }

    fn left(&self) -> Option<Left> {
        let (requests, burst) = (NonZeroU32::new(self.requests)?, NonZeroU32::new(self.burst)?);
        let rate = Rate { requests, per: Duration::from_nanos(self.per_nanos), burst };
        Some(Left { rate, requests: self.left.min(self.burst) })
    }
}

/// Where it is kept.
fn file(keys: &Path) -> PathBuf {
    keys.join(FILE)
}

/// Goes on from where the buckets were. Blocks on the disk.
///
/// # Errors
/// The log cannot be read: nobody knows what was spent.
pub(super) fn restore(keys: &Path, door: &Door) -> Result<(), ReadError> {
    if door.limits.shared().is_some() {
        return Ok(());
    }
    let (policies, now) = (Arc::clone(&door.in_force().policies), door.clock.now());
    let since = now.checked_sub(window(door, &policies)).unwrap_or(Timestamp::MIN);
    let (kept, recorder) = (read(&file(keys)), &door.recorder);
    let is_of_this_log = |kept: &&Written| kept.log == recorder.log().head().origin.as_str();
    let from = kept.as_ref().filter(is_of_this_log).map_or(0, |kept| kept.size);
    // A clock that was set back since has nothing to say of when that was.
    let at = kept.as_ref().and_then(|kept| kept.at.parse().ok()).filter(|at| *at <= now);
    if let (Some(kept), Some(at)) = (&kept, at) {
        let rate = |key: &Key| rate_of(&policies, key);
        door.limits.restore_buckets(&buckets(kept, &policies), rate, by_policy_clock(door, now, at));
    }
    for one in admitted::since(recorder, from, since, at.unwrap_or(Timestamp::MIN))? {
        let then = i64::try_from(one.millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        if let (Some(key), Some(then)) = (key(&policies, &one.agreement, &one.agency), then) {
            door.limits.spend_again(&key, rate_of(&policies, &key), by_policy_clock(door, now, then));
        }
    }
    Ok(())
}

/// How long ago something may have been spent that is not back.
fn window(door: &Door, policies: &Policies) -> Duration {
    let rates = policies.agreements().iter().filter_map(|agreement| agreement.limits.rate);
    rates.map(refill).chain([door.limits.refill_of_caps()]).max().unwrap_or_default().min(READ_MAX)
}

/// A time of the machine's clock by the one of limits, which differs only in a demonstration.
fn by_policy_clock(door: &Door, now: Timestamp, then: Timestamp) -> Timestamp {
    door.policy_clock.now().checked_sub(now.duration_since(then)).unwrap_or(then)
}

fn rate_of(policies: &Policies, key: &Key) -> Option<Rate> {
    policies.agreement(&key.agreement)?.limits.rate
}

fn key(policies: &Policies, agreement: &str, agency: &str) -> Option<Key> {
    let agreement = policies.agreement(&agreement.parse().ok()?)?;
    let (id, service) = (agreement.id.clone(), agreement.service.clone());
    Some(Key { agreement: id, agency: agency.parse().ok()?, service })
}

fn buckets(kept: &Written, policies: &Policies) -> Buckets {
    let mut all = Buckets::default();
    for bucket in &kept.buckets {
        let Some(left) = bucket.left() else { continue };
        match (&bucket.agreement, &bucket.agency, &bucket.service) {
            (Some(agreement), Some(agency), _) => {
                all.agreements.extend(key(policies, agreement, agency).map(|key| (key, left)));
            }
            (None, Some(agency), None) => all.agencies.extend(agency.parse().ok().map(|id| (id, left))),
            (None, None, Some(service)) => all.services.extend(service.parse().ok().map(|id| (id, left))),
            (None, None, None) => all.gateway = Some(left),
            (None, Some(_), Some(_)) | (Some(_), None, _) => {}
        }
    }
    all
}

/// What was kept; nothing where it is not there or is none: then the log alone is asked.
fn read(file: &Path) -> Option<Written> {
    let bytes = match std::fs::read(file) {
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => return None,
        read => read,
    };
    let written = bytes.and_then(|bytes| Ok(serde_json::from_slice::<Written>(&bytes)?));
    match written {
        Ok(written) if written.v == FORMAT => Some(written),
        Ok(_) | Err(_) => {
            tracing::warn!(file = %file.display(), "what was left of rates cannot be read: the log is asked instead");
            None
        }
    }
}

/// Keeps what is left; how many entries of the log that covers.
fn write(keys: &Path, door: &Door) -> io::Result<u64> {
    let log = door.recorder.log();
    // Whatever an entry before this one spent is spent in what is read below; what comes in between is told apart by its time.
    let (log, size, at) = (log.head().origin.to_string(), log.size(), door.clock.now());
    let Buckets { agreements, agencies, services, gateway } = door.limits.buckets(door.policy_clock.now());
    let agreements = agreements.into_iter().map(|(key, left)| Bucket {
        agreement: Some(key.agreement.to_string()),
        agency: Some(key.agency.to_string()),
        ..Bucket::of(left)
    });
    let agencies = agencies.into_iter();
    let agencies = agencies.map(|(id, left)| Bucket { agency: Some(id.to_string()), ..Bucket::of(left) });
    let services = services.into_iter();
    let services = services.map(|(id, left)| Bucket { service: Some(id.to_string()), ..Bucket::of(left) });
    let buckets = agreements.chain(agencies).chain(services).chain(gateway.map(Bucket::of)).collect();
    let written = Written { v: FORMAT.to_owned(), at: at.to_string(), log, size, buckets };
    keyfile::replace(&file(keys), &serde_json::to_vec(&written)?)?;
    Ok(size)
}

/// Keeps what is left while there are exchanges, and when the gateway stops.
pub(super) async fn keep(keys: PathBuf, door: Arc<Door>, stop: Stop) {
    let mut covered = None;
    while door.limits.shared().is_none() {
        let stopped = stop.within(KEEP_EVERY).await;
        if stopped || covered != Some(door.recorder.log().size()) {
            let (keys, door) = (keys.clone(), Arc::clone(&door));
            // It waits for the disk: not on a thread that exchanges share.
            let writing = tokio::task::spawn_blocking(move || write(&keys, &door));
            match writing.await.map_err(io::Error::other).and_then(|written| written) {
                Ok(size) => covered = Some(size),
                Err(error) => tracing::error!(%error, "what is left of rates cannot be kept"),
            }
        }
        if stopped {
            return;
        }
    }
}
