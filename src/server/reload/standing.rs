//! What a reload could not take, for those who look: the events, the metrics, the readiness page.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::clock::Timestamp;
use crate::metrics::Metrics;

/// The parts that are taken each by itself: a certificate that is being replaced must not keep a suspension from taking effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `gateway.toml`.
    Configuration,
    /// The policies.
    Policies,
    /// The authorities by which signatures over agreements are believed, and their revocation lists.
    Signers,
    /// The files by which platforms are reached.
    Platforms,
    /// Certificate, authorities and revocation lists of the exchange.
    Exchange,
    /// The same of the desk.
    Desk,
    /// The log, which takes no record of the change.
    Log,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "gateway.toml",
            Self::Policies => "policies",
            Self::Signers => "certificates of [signers]",
            Self::Platforms => "certificates of platforms",
            Self::Exchange => "certificates of [exchange]",
            Self::Desk => "certificates of [desk]",
            Self::Log => "log",
        })
    }
}

/// A part that stays as it was, although the disk has another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Which.
    pub part: Part,
    /// Why: all faults.
    pub why: String,
}

/// What one reload came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reloaded {
    /// Whether something else is in force now.
    pub changed: bool,
    /// What stays as it was, although the disk has another.
    pub not_taken: Vec<NotTaken>,
}

/// What stays as it was, and since when.
#[derive(Debug, Default)]
pub struct Standing(Mutex<Vec<(Timestamp, NotTaken)>>);

impl Standing {
    /// Notes what the last reload did not take, and shouts about what is new in it.
    pub(super) fn note(&self, not_taken: &[NotTaken], now: Timestamp, metrics: &Metrics) {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *standing);
        for fault in not_taken {
            let known = before.iter().find(|(_, known)| known == fault);
            if known.is_none() {
                tracing::error!(part = %fault.part, why = fault.why, "a reload was not taken: what was in force stays");
                metrics.reload_failed();
            }
            standing.push(known.cloned().unwrap_or_else(|| (now, fault.clone())));
        }
        metrics.policy_stale(!standing.is_empty());
    }

    /// A line for each, as the readiness page tells it: its first line says enough to know where to look.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        let standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(since, fault): &(Timestamp, NotTaken)| {
            let first = fault.why.lines().next().unwrap_or_default();
            format!("{}: what is on the disk is not in force, since {since:.0}: {first}", fault.part)
        };
        standing.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_is_counted_once_and_told_until_it_is() {
        let (standing, metrics) = (Standing::default(), Metrics::new());
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let fault = NotTaken { part: Part::Policies, why: "error[P0012]: twice\n --> x".to_owned() };
        standing.note(std::slice::from_ref(&fault), now, &metrics);
        standing.note(&[fault], Timestamp::from_second(1_790_000_009).unwrap(), &metrics);
        let told = standing.alarms().concat();
        assert!(
            told.starts_with(
                "policies: what is on the disk is not in force, since 2026-09-21T14:13:20Z: error"
            ),
            "{told}"
        );
        assert!(metrics.encode().contains("phohien_reload_failed_total 1\n"), "{}", metrics.encode());
        assert!(metrics.encode().contains("phohien_policy_stale 1\n"));
        standing.note(&[], now, &metrics);
        assert!(standing.alarms().is_empty() && metrics.encode().contains("phohien_policy_stale 0\n"));
    }
}
