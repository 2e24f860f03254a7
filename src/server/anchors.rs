//! The clock of the anchors: now and then the newest head is taken to a time-stamping authority. Never in the way of an exchange: an
//! authority that is gone costs a line in the events, a metric, and a longer pause.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::audit::anchor::Anchored;
use crate::audit::anchor::Anchoring;
use crate::audit::anchor::NotAnchored;
use crate::audit::recorder::Recorder;
use crate::clock::Clock;
use crate::config::settings::AnchorSettings;
use crate::crypto::cms::CMS_BYTES_MAX;
use crate::listener::stop::Stop;
use crate::listener::tls::TlsError;
use crate::metrics::Metrics;
use crate::policy::model::Timeouts;
use crate::upstream::Outgoing;
use crate::upstream::tls::PlatformTls;
use crate::upstream::tls::Unusable;
use crate::upstream::way::Way;

/// The first time: soon after a start, so that what was written before it is anchored, and not in its way.
const FIRST: Duration = Duration::from_secs(10);
/// The first pause after a failure; it doubles with each further one, up to the usual pause.
const AGAIN: Duration = Duration::from_secs(30);
/// What one answer may take. Authorities sign in hardware, and some are far away.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(30),
    body: Duration::from_secs(10),
};
const QUERY: HeaderValue = HeaderValue::from_static("application/timestamp-query");
const REPLY: HeaderValue = HeaderValue::from_static("application/timestamp-reply");

/// Why anchors cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum AnchorsError {
    /// The authority's certificates cannot be read.
    #[error("the time-stamping authority's certificates cannot be used")]
    Certificate(#[from] TlsError),
    /// The way to it cannot be set up.
    #[error("the way to the time-stamping authority cannot be set up")]
    Way(#[from] Unusable),
}

/// Why there is no anchor this time.
#[derive(Debug, thiserror::Error)]
enum Missed {
    /// The authority did not answer as one.
    #[error("the authority does not answer: {0}")]
    Silent(String),
    /// Its answer is refused, or the log takes no record.
    #[error(transparent)]
    Refused(#[from] NotAnchored),
    /// The task that waited for the disk was stopped.
    #[error("the work was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// What anchors one log.
#[derive(Debug)]
pub struct Anchors {
    way: Way,
    path: String,
    every: Duration,
    authorities: Vec<Vec<u8>>,
    recorder: Recorder,
    clock: Clock,
    metrics: Metrics,
}

impl Anchors {
    /// Prepares the way to the authority. Connects to nobody.
    ///
    /// # Errors
    /// See [`AnchorsError`].
    pub fn new(
        settings: &AnchorSettings,
        tls: &PlatformTls,
        recorder: Recorder,
        clock: Clock,
        metrics: Metrics,
    ) -> Result<Self, AnchorsError> {
        let way = Way::new(std::slice::from_ref(&settings.endpoint), TIMEOUTS, tls, &clock)?;
        let authorities = certificates(&settings.certificate)?;
        let (path, every) = (settings.path.clone(), settings.every);
        Ok(Self { way, path, every, authorities, recorder, clock, metrics })
    }

    /// Anchors until the gateway stops.
    pub async fn run(self, stop: Stop) {
        let (mut pause, mut failures, mut last) = (FIRST.min(self.every), 0_u32, 0);
        while !stop.within(pause).await {
            // A log to which nothing came but the record of its last anchor has nothing to be anchored.
            if self.recorder.log().size() == last || self.recorder.availability().is_err() {
                pause = self.every;
                continue;
            }
            pause = match self.once().await {
                Ok(anchored) => {
                    (failures, last) = (0, anchored.recorded);
                    self.metrics.anchored(anchored.size, anchored.time);
                    tracing::info!(size = anchored.size, time = %anchored.time, "a head of the log was anchored");
                    self.every
                }
                Err(why) => {
                    failures = failures.saturating_add(1);
                    self.metrics.anchor_failed();
                    tracing::warn!(
                        why = causes(&why),
                        failures,
                        "the log could not be anchored; exchanges go on"
                    );
                    after(failures).min(self.every)
                }
            };
        }
    }

    async fn once(&self) -> Result<Anchored, Missed> {
        let anchoring = Anchoring::of(&self.recorder)?;
        let query = anchoring.query()?;
        let answer = self.ask(query).await?;
        let (recorder, authorities, now) =
            (self.recorder.clone(), self.authorities.clone(), self.clock.now());
        // It waits for the disk: not on a thread that exchanges share.
        let recorded =
            tokio::task::spawn_blocking(move || anchoring.answered(&recorder, &answer, &authorities, now));
        Ok(recorded.await??)
    }

    async fn ask(&self, query: Vec<u8>) -> Result<Bytes, Missed> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, QUERY), (ACCEPT, REPLY)]);
        let outgoing = Outgoing {
            method: Method::POST,
            path_and_query: self.path.clone(),
            headers,
            body: Bytes::from(query),
            // A second stamp over the same bytes is as good as the first.
            idempotent: true,
            stamp: None,
        };
        let limit = u64::try_from(CMS_BYTES_MAX).unwrap_or(u64::MAX);
        let answer = self.way.send(outgoing, limit).await.map_err(|fault| Missed::Silent(causes(&fault)))?;
        let is_reply = answer.headers.get(CONTENT_TYPE) == Some(&REPLY);
        if answer.status.is_success() && is_reply {
            return Ok(answer.body);
        }
        Err(Missed::Silent(format!("HTTP {}, or another media type", answer.status.as_u16())))
    }
}

/// The pause after so many failures.
fn after(failures: u32) -> Duration {
    AGAIN.saturating_mul(1 << failures.saturating_sub(1).min(16))
}

fn certificates(file: &Path) -> Result<Vec<Vec<u8>>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: file.to_owned(), source };
    let all = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
    let all: Vec<Vec<u8>> = all
        .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    if all.is_empty() { Err(TlsError::Empty { path: file.to_owned(), what: "certificate" }) } else { Ok(all) }
}

fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |error| error.source());
    below.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_failures() {
        let seconds: Vec<u64> = (1..=4).map(|failures| after(failures).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240]);
        assert!(after(u32::MAX) > Duration::from_secs(86_400));
    }
}
