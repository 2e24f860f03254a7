//! Those who cosign this log: asked before anything is signed at a start, and once a second from then on. Never in the way of an
//! exchange: each has a task of its own, and what they say is kept beside the log.
//!
//! What an answer means is judged in [`asking`], which knows no socket; here are the way there, the
//! turns, and who is told.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::header::CONTENT_TYPE;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;

use crate::audit::recorder::Recorder;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::config::settings::WitnessSettings;
use crate::listener::stop::Stop;
use crate::metrics::Metrics;
use crate::policy::model::Timeouts;
use crate::tlog::Unavailable;
use crate::tlog::checkpoint::SignedHead;
use crate::tlog::cosignature::Cosignature;
use crate::tlog::cosignature::CosignerKey;
use crate::tlog::witness::Head;
use crate::tlog::witness::PATH;
use crate::tlog::witness::Request;
use crate::tlog::witness::asking;
use crate::tlog::witness::asking::ANSWER_BYTES_MAX;
use crate::tlog::witness::asking::Heard;
use crate::tlog::witness::asking::STRANGER;
use crate::tlog::witness::asking::Standing;
use crate::tlog::witness::kept::Kept;
use crate::upstream::Outgoing;
use crate::upstream::tls::PlatformTls;
use crate::upstream::tls::Unusable;
use crate::upstream::way::Way;

pub use super::contradiction::Contradiction;

/// How often the newest head is submitted: a second is what C2SP logs promise.
const EVERY: Duration = Duration::from_secs(1);
/// How long a head is the one that is submitted. Less than a turn, so that it moves on; more than half of the longest usual turn, so that
/// of two who ask at different times one always takes the other's.
const TOGETHER: Duration = Duration::from_millis(750);
/// The longest pause between two tries at one that does not answer.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How often a head that has its cosignature is submitted again, so that one who is gone is missed on a quiet day too.
const AGAIN: Duration = Duration::from_secs(60);
/// How long a witness may be silent before somebody has to look: some tries, and a restart of it.
const SILENT_MAX: Duration = Duration::from_secs(180);
/// Submissions to one witness in one turn: it says where it stands, then it cosigns; once more if others submit too.
const TRIES: usize = 3;
/// What one answer may take. A witness syncs its disk before it answers.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(3),
    answer: Duration::from_secs(5),
    body: Duration::from_secs(2),
};
/// What all turns of one asking may take: a start waits for the slowest.
const PATIENCE: Duration = Duration::from_secs(8);
/// For the last heads when the gateway stops: the next start is safer by it, and no exchange waits.
const LAST: Duration = Duration::from_secs(3);

/// All who cosign one log.
#[derive(Debug)]
pub struct Witnesses {
    all: Vec<Arc<Witness>>,
    recorder: Recorder,
    kept: Arc<Kept>,
    clock: Clock,
    target: Mutex<Option<(Timestamp, Arc<SignedHead>)>>,
}

#[derive(Debug)]
struct Witness {
    key: CosignerKey,
    way: Way,
    progress: Mutex<Progress>,
}

/// How it went with one witness.
#[derive(Debug, Clone)]
struct Progress {
    /// The size it has seen, as far as is known.
    size: u64,
    /// When it last cosigned in this process's life, or when that began.
    heard: Timestamp,
    trouble: Option<Trouble>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    Silent(String),
    Contradiction(Contradiction),
}

/// What the witnesses said before anything was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// At least one knows this log as it is, and none knows another.
    Known,
    /// Nobody answered.
    Silent,
    /// One knows another.
    Contradicted(Contradiction),
}

impl Witnesses {
    /// Prepares the way to each. Connects to none.
    ///
    /// # Errors
    /// A certificate, key or anchor that is named cannot be used.
    pub fn new(
        settings: &[WitnessSettings],
        tls: &PlatformTls,
        recorder: Recorder,
        kept: Arc<Kept>,
        clock: Clock,
    ) -> Result<Self, Unusable> {
        let witness = |settings: &WitnessSettings| {
            let (key, endpoint) = (settings.key.clone(), std::slice::from_ref(&settings.endpoint));
            let size = kept.newest_by(&key).map(|(size, _)| size).unwrap_or_default();
            let progress = Progress { size, heard: clock.now(), trouble: None };
            let way = Way::new(endpoint, TIMEOUTS, tls, &clock)?;
            Ok(Arc::new(Witness { key, way, progress: Mutex::new(progress) }))
        };
        let all = settings.iter().map(witness).collect::<Result<_, Unusable>>()?;
        Ok(Self { all, recorder, kept, clock, target: Mutex::default() })
    }

    /// What they gave, beside the log.
    #[must_use]
    pub fn kept(&self) -> &Arc<Kept> {
        &self.kept
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Asks all of them about the head as it is, before anything is added to it.
    pub async fn ask(self: &Arc<Self>) -> Verdict {
        let head = self.recorder.log().head();
        let mut asked = JoinSet::new();
        for witness in &self.all {
            let (all, witness, head) = (Arc::clone(self), Arc::clone(witness), Arc::clone(&head));
            asked.spawn(async move {
                let turn = tokio::time::timeout(PATIENCE, all.turn(&witness, head)).await;
                turn.unwrap_or_else(|_| all.silent(&witness, "it takes too long".to_owned()))
            });
        }
        let mut verdict = Verdict::Silent;
        // All of them: one who was cut off from the others may know less than the one who answers last.
        for standing in asked.join_all().await {
            match standing {
                Turn::Contradiction(found) => return Verdict::Contradicted(found),
                Turn::Cosigned => verdict = Verdict::Known,
                Turn::Silent => {}
            }
        }
        verdict
    }

    /// Feeds each of them until the gateway stops.
    pub fn feed(self: &Arc<Self>, stop: &Stop) -> Vec<JoinHandle<()>> {
        let feed = |witness: &Arc<Witness>| {
            let (all, witness, stop) = (Arc::clone(self), Arc::clone(witness), stop.clone());
            tokio::spawn(async move { all.feed_one(&witness, &stop).await })
        };
        self.all.iter().map(feed).collect()
    }

    /// The last head of all, for those who answer at once.
    pub async fn feed_last(self: &Arc<Self>) {
        if !self.is_empty() && tokio::time::timeout(LAST, self.ask()).await.is_err() {
            tracing::warn!("a witness did not cosign the last head in time");
        }
    }

    async fn feed_one(&self, witness: &Witness, stop: &Stop) {
        let mut pause = EVERY;
        while !stop.within(pause).await {
            let head = self.target();
            if self.has_cosigned(witness, &head) {
                continue;
            }
            pause = match self.turn(witness, head).await {
                Turn::Cosigned => EVERY,
                Turn::Silent | Turn::Contradiction(_) => (pause * 2).min(PAUSE_MAX),
            };
        }
    }

    /// The head of this second: the same for all of them, so that their cosignatures meet on it.
    fn target(&self) -> Arc<SignedHead> {
        let now = self.clock.now();
        let mut target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        match target.as_ref() {
            Some((at, head)) if elapsed(*at, now) < TOGETHER => Arc::clone(head),
            _ => {
                let head = self.recorder.log().head();
                *target = Some((now, Arc::clone(&head)));
                head
            }
        }
    }

    fn has_cosigned(&self, witness: &Witness, head: &SignedHead) -> bool {
        let progress = witness.progress();
        let recent = elapsed(progress.heard, self.clock.now()) < AGAIN;
        recent
            && progress.trouble.is_none()
            && progress.size == head.size
            && self.cosigned(witness) == head.size
    }

    fn cosigned(&self, witness: &Witness) -> u64 {
        self.kept.newest_by(&witness.key).map(|(size, _)| size).unwrap_or_default()
    }

    /// One turn with one witness: where it stands, and its cosignature.
    async fn turn(&self, witness: &Witness, head: Arc<SignedHead>) -> Turn {
        let mut old = witness.progress().size.min(head.size);
        for _ in 0..TRIES {
            match self.submit(witness, &head, old).await {
                Ok(Standing::Behind(size)) => old = size,
                Ok(Standing::Cosigned(cosignature)) => return self.keep(witness, head, cosignature).await,
                Ok(Standing::Ahead(theirs)) => {
                    let (name, ours) = (witness.key.name().to_owned(), head.size);
                    return self.contradicted(witness, Contradiction::Ahead { witness: name, theirs, ours });
                }
                Ok(Standing::Differs) => {
                    let (name, ours) = (witness.key.name().to_owned(), head.size);
                    return self.contradicted(witness, Contradiction::Differs { witness: name, ours });
                }
                Ok(Standing::Silent(why)) => return self.silent(witness, why.to_owned()),
                Err(why) => return self.silent(witness, why),
            }
        }
        self.silent(witness, "it says each time that it stands elsewhere".to_owned())
    }

    async fn submit(&self, witness: &Witness, head: &Arc<SignedHead>, old: u64) -> Result<Standing, String> {
        let (log, size) = (self.recorder.log().clone(), head.size);
        // The tree may have to be read from the disk.
        let proof = tokio::task::spawn_blocking(move || log.consistency(old, size)).await;
        let proof = proof.ok().flatten().ok_or("the consistency proof could not be made")?;
        let request = Request { old, proof, note: head.note.clone() };
        let outgoing = Outgoing {
            method: Method::POST,
            path_and_query: PATH.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::from(request.to_string()),
            // Twice is once: the second time it cosigns the same head again, or says that it has.
            idempotent: true,
            stamp: None,
        };
        let limit = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
        let answer = witness.way.send(outgoing, limit).await.map_err(|fault| told(&fault))?;
        let media_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let heard = Heard { status: answer.status.as_u16(), media_type, body: &answer.body };
        let (ours, text) = (Head { size, root: head.root }, head.checkpoint().to_string());
        Ok(asking::judge(&ours, &text, old, &heard, &witness.key, self.clock.now()))
    }

    async fn keep(&self, witness: &Witness, head: Arc<SignedHead>, cosignature: Cosignature) -> Turn {
        {
            let mut progress = witness.progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.size = head.size;
            progress.heard = self.clock.now();
            if let Some(trouble) = progress.trouble.take() {
                tracing::info!(witness = witness.key.name(), ?trouble, "the witness cosigns again");
            }
        }
        let (kept, answering) = (Arc::clone(&self.kept), self.answering());
        // A poisoned log tries no further write, not even a derived one.
        if matches!(self.recorder.log().availability(), Err(Unavailable::Poisoned)) {
            return Turn::Cosigned;
        }
        let keeping = tokio::task::spawn_blocking(move || kept.add(&head, &cosignature, answering)).await;
        if let Ok(Err(fault)) = keeping {
            tracing::warn!(%fault, "a cosignature could not be written beside the log");
        }
        Turn::Cosigned
    }

    /// How many of them are well.
    fn answering(&self) -> usize {
        self.all.iter().filter(|witness| witness.progress().trouble.is_none()).count()
    }

    fn silent(&self, witness: &Witness, why: String) -> Turn {
        let mut progress = witness.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.trouble.is_none() {
            tracing::warn!(witness = witness.key.name(), why, "a witness does not cosign");
        }
        progress.trouble = Some(Trouble::Silent(why));
        Turn::Silent
    }

    fn contradicted(&self, witness: &Witness, found: Contradiction) -> Turn {
        let mut progress = witness.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = Trouble::Contradiction(found.clone());
        if progress.trouble.as_ref() != Some(&trouble) {
            tracing::error!(%found, "a witness contradicts this log");
        }
        progress.trouble = Some(trouble);
        Turn::Contradiction(found)
    }

    /// What somebody has to look at, one line each.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        self.all.iter().filter_map(|witness| self.alarm(witness)).collect()
    }

    /// Those who were never told of this log: they cosign it once they have its key, and not before.
    #[must_use]
    pub fn strangers(&self) -> Vec<String> {
        let is_stranger = |witness: &&Arc<Witness>| matches!(witness.progress().trouble, Some(Trouble::Silent(why)) if why == STRANGER);
        self.all.iter().filter(is_stranger).map(|witness| witness.key.name().to_owned()).collect()
    }

    fn alarm(&self, witness: &Witness) -> Option<String> {
        let Progress { heard, trouble, .. } = witness.progress();
        let lag = self.recorder.log().size().saturating_sub(self.cosigned(witness));
        match trouble? {
            Trouble::Contradiction(found) => Some(found.to_string()),
            // One that does not know the log does not come to know it by itself.
            Trouble::Silent(why) if why == STRANGER || elapsed(heard, self.clock.now()) > SILENT_MAX => {
                let name = witness.key.name();
                Some(format!(
                    "the witness {name} has not cosigned since {heard:.0}, {lag} entries ago: {why}"
                ))
            }
            Trouble::Silent(_) => None,
        }
    }

    /// Tells the metrics how far each of them is behind.
    pub fn measure(&self, metrics: &Metrics) {
        let size = self.recorder.log().size();
        for witness in &self.all {
            let newest = self.kept.newest_by(&witness.key);
            let lag = size.saturating_sub(newest.map(|(size, _)| size).unwrap_or_default());
            let alarm = self.alarm(witness).is_some();
            metrics.witness(witness.key.name(), lag, newest.map(|(_, time)| time), alarm);
        }
    }
}

/// How a turn ended.
#[derive(Debug)]
enum Turn {
    Cosigned,
    Silent,
    Contradiction(Contradiction),
}

impl Witness {
    fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Nothing if the clock was set back meanwhile.
fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// A fault with what is under it, in one line.
fn told(fault: &dyn std::error::Error) -> String {
    match fault.source() {
        Some(cause) => format!("{fault}: {}", told(cause)),
        None => fault.to_string(),
    }
}
