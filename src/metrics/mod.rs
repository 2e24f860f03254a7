//! Counters by name, for Prometheus. One set for the process; clones share it.
//!
//! Labels come from closed sets and from configured names alone, so that no caller can make the number of series grow.

mod labels;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

use crate::clock::Timestamp;
use crate::id::AgencyId;

use labels::ExchangeLabels;
use labels::LapseLabels;
use labels::WhyLabels;
use labels::WitnessLabels;

pub use labels::Lapsing;
pub use labels::Outcome;

/// The media type of [`Metrics::encode`]'s text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds, in seconds, for the time one batch takes to become durable: from a good NVMe disk (half a millisecond) to one
/// on which nobody should run a log.
const APPEND_SECONDS: [f64; 10] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0];

/// All that is counted.
#[derive(Clone)]
pub struct Metrics(Arc<Counters>);

struct Counters {
    registry: Registry,
    exchanges: Family<ExchangeLabels, Counter>,
    handshakes: Family<WhyLabels, Counter>,
    tallied: Family<WhyLabels, Counter>,
    log_size: Gauge<u64, AtomicU64>,
    index_lag: Gauge<u64, AtomicU64>,
    append: Histogram,
    in_flight: Gauge,
    poisoned: Gauge,
    no_room: Gauge,
    lapses: Family<LapseLabels, Gauge>,
    witness_lag: Family<WitnessLabels, Gauge>,
    witness_time: Family<WitnessLabels, Gauge>,
    witness_alarm: Family<WitnessLabels, Gauge>,
    anchor_size: Gauge<u64, AtomicU64>,
    anchor_time: Gauge,
    anchor_failures: Counter,
    reloads: Counter,
    reload_failed: Counter,
    policy_stale: Gauge,
    limits_shared: Gauge,
}

impl Metrics {
    /// Everything at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut counters = Counters {
            registry: Registry::with_prefix("phohien"),
            exchanges: Family::default(),
            handshakes: Family::default(),
            tallied: Family::default(),
            log_size: Gauge::default(),
            index_lag: Gauge::default(),
            append: Histogram::new(APPEND_SECONDS),
            in_flight: Gauge::default(),
            poisoned: Gauge::default(),
            no_room: Gauge::default(),
            lapses: Family::default(),
            witness_lag: Family::default(),
            witness_time: Family::default(),
            witness_alarm: Family::default(),
            anchor_size: Gauge::default(),
            anchor_time: Gauge::default(),
            anchor_failures: Counter::default(),
            reloads: Counter::default(),
            reload_failed: Counter::default(),
            policy_stale: Gauge::default(),
            limits_shared: Gauge::default(),
        };
        counters.register_exchanges();
        counters.register_log();
        counters.register_witnesses();
        counters.register_anchors();
        counters.register_reloads();
        Self(Arc::new(counters))
    }

    /// Counts an exchange that came to its end. `reason` is the code by which the log and the problem document name it; `none`
    /// when all went well.
    pub fn exchange(&self, agency: &AgencyId, outcome: Outcome, reason: &'static str) {
        let labels = ExchangeLabels { agency: agency.as_str().to_owned(), outcome, reason };
        self.0.exchanges.get_or_create(&labels).inc();
    }

    /// Counts a handshake that failed, by the code of what was wrong.
    pub fn handshake_failed(&self, why: &'static str) {
        self.0.handshakes.get_or_create(&WhyLabels { why }).inc();
    }

    /// Counts what is written in summaries only, by its code: limits, protocol errors, refusals beyond the budget.
    pub fn tallied(&self, why: &'static str) {
        self.0.tallied.get_or_create(&WhyLabels { why }).inc();
    }

    /// Notes how many entries the log has.
    pub fn log_size(&self, entries: u64) {
        self.0.log_size.set(entries);
    }

    /// Notes how many entries of the log the index does not have yet.
    pub fn index_lag(&self, entries: u64) {
        self.0.index_lag.set(entries);
    }

    /// Notes how long one batch took to become durable.
    pub fn appended(&self, took: Duration) {
        self.0.append.observe(took.as_secs_f64());
    }

    /// Notes whether a write or a sync of the log has failed: no further one is tried, a person looks.
    pub fn log_poisoned(&self, is: bool) {
        self.0.poisoned.set(i64::from(is));
    }

    /// Notes whether there is no room for the log's next segment: nothing is exchanged until there is.
    pub fn log_without_room(&self, is: bool) {
        self.0.no_room.set(i64::from(is));
    }

    /// Counts an exchange as under way until what is returned is dropped.
    #[must_use]
    pub fn under_way(&self) -> UnderWay {
        self.0.in_flight.inc();
        UnderWay(self.0.in_flight.clone())
    }

    /// Notes what lapses when; what was noted before and is not named again is forgotten.
    pub fn lapses<'a>(&self, all: impl IntoIterator<Item = (Lapsing, &'a str, Timestamp)>) {
        self.0.lapses.clear();
        for (what, name, at) in all {
            let labels = LapseLabels { what, name: name.to_owned() };
            self.0.lapses.get_or_create(&labels).set(at.as_second());
        }
    }

    /// Notes how many entries a witness has not cosigned yet, when it last cosigned (Unix time; nothing: not yet), and whether
    /// somebody has to look: it is silent for too long, or it has seen another log under this name.
    pub fn witness(&self, name: &str, lag: u64, cosigned: Option<u64>, alarm: bool) {
        let labels = WitnessLabels { witness: name.to_owned() };
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.0.witness_lag.get_or_create(&labels).set(signed(lag));
        self.0.witness_time.get_or_create(&labels).set(signed(cosigned.unwrap_or_default()));
        self.0.witness_alarm.get_or_create(&labels).set(i64::from(alarm));
    }

    /// Notes the newest head that a time-stamping authority has stamped, and when it did.
    pub fn anchored(&self, entries: u64, at: Timestamp) {
        self.0.anchor_size.set(entries);
        self.0.anchor_time.set(at.as_second());
    }

    /// Notes whether the store of shared limits is in reach.
    pub fn limits_shared(&self, is: bool) {
        self.0.limits_shared.set(i64::from(is));
    }

    /// Counts a try at an anchor that failed.
    pub fn anchor_failed(&self) {
        self.0.anchor_failures.inc();
    }

    /// Counts a reload that put something else into force.
    pub fn reloaded(&self) {
        self.0.reloads.inc();
    }

    /// Counts a part that a reload could not take.
    pub fn reload_failed(&self) {
        self.0.reload_failed.inc();
    }

    /// Notes whether what lies on the disk is not what is in force.
    pub fn policy_stale(&self, is: bool) {
        self.0.policy_stale.set(i64::from(is));
    }

    /// All counts as OpenMetrics text, of type [`CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        // A text that was not written to its end lacks `# EOF`, and no scraper takes it for whole.
        let _ = text::encode(&mut out, &self.0.registry);
        out
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

/// One exchange under way. Dropping it ends the count, however the exchange ended.
#[derive(Debug)]
pub struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Counters {
    fn register_exchanges(&mut self) {
        let registry = &mut self.registry;
        let exchanges = self.exchanges.clone();
        registry.register("exchanges", "Exchanges that ended, by agency, outcome and reason", exchanges);
        let handshakes = self.handshakes.clone();
        registry.register("handshake_failures", "Handshakes that failed, by what was wrong", handshakes);
        let tallied = self.tallied.clone();
        registry.register("tallied", "What is written in summaries only, by reason", tallied);
        registry.register("in_flight", "Exchanges under way", self.in_flight.clone());
        let lapses = self.lapses.clone();
        registry.register("lapse_timestamp_seconds", "When what is configured lapses, Unix time", lapses);
        let shared = self.limits_shared.clone();
        registry.register(
            "limits_shared",
            "1: the store of shared limits is in reach; 0: it is lost, or there is none",
            shared,
        );
    }

    fn register_witnesses(&mut self) {
        let registry = &mut self.registry;
        let lag = self.witness_lag.clone();
        registry.register("witness_lag_entries", "Entries that a witness has not cosigned yet", lag);
        let time = self.witness_time.clone();
        let help = "When a witness last cosigned, Unix time; 0: not yet";
        registry.register("witness_cosigned_timestamp_seconds", help, time);
        let alarm = self.witness_alarm.clone();
        let help = "1: a witness is silent, or has seen another log under this name";
        registry.register("witness_alarm", help, alarm);
    }

    fn register_anchors(&mut self) {
        let registry = &mut self.registry;
        let (size, time) = (self.anchor_size.clone(), self.anchor_time.clone());
        registry.register("anchored_entries", "Entries under the newest head with a time-stamp", size);
        let help = "When the newest time-stamp was given, Unix time; 0: none since the start";
        registry.register("anchored_timestamp_seconds", help, time);
        let failures = self.anchor_failures.clone();
        registry.register("anchor_failures", "Tries at a time-stamp that failed", failures);
    }

    fn register_reloads(&mut self) {
        let registry = &mut self.registry;
        registry.register("reloads", "Reloads that put something else into force", self.reloads.clone());
        let failed = self.reload_failed.clone();
        registry.register("reload_failed", "Parts that a reload could not take", failed);
        let help = "1: what lies on the disk has faults and is not in force";
        registry.register("policy_stale", help, self.policy_stale.clone());
    }

    fn register_log(&mut self) {
        let registry = &mut self.registry;
        registry.register("log_entries", "Entries in the log", self.log_size.clone());
        let lag = "Entries of the log that the index does not have yet";
        registry.register("index_lag_entries", lag, self.index_lag.clone());
        let append = self.append.clone();
        registry.register_with_unit("log_append", "Time a batch took to be durable", Unit::Seconds, append);
        let poisoned = self.poisoned.clone();
        registry.register("log_poisoned", "1: a write or sync failed, and nothing is exchanged", poisoned);
        let no_room = self.no_room.clone();
        registry.register(
            "log_without_room",
            "1: no room for the next segment, nothing is exchanged",
            no_room,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(metrics: &Metrics, line: &str) -> bool {
        metrics.encode().lines().any(|encoded| encoded == line)
    }

    #[test]
    fn an_exchange_is_counted_by_agency_outcome_and_reason() {
        let metrics = Metrics::new();
        let agency = "H31.01.01".parse().unwrap();
        metrics.exchange(&agency, Outcome::Released, "none");
        metrics.exchange(&agency, Outcome::Refused, "rate");
        metrics.clone().exchange(&agency, Outcome::Refused, "rate");
        let line = "phohien_exchanges_total{agency=\"H31.01.01\",outcome=\"refused\",reason=\"rate\"} 2";
        assert!(has(&metrics, line), "{}", metrics.encode());
    }

    #[test]
    fn what_is_under_way_is_no_longer_counted_once_it_ends_however_it_ends() {
        let metrics = Metrics::new();
        let first = metrics.under_way();
        let panicking = std::panic::AssertUnwindSafe(|| {
            let _second = metrics.under_way();
            assert!(has(&metrics, "phohien_in_flight 2"));
            panic!("a parser failed");
        });
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert!(has(&metrics, "phohien_in_flight 1"));
        drop(first);
        assert!(has(&metrics, "phohien_in_flight 0"));
    }

    #[test]
    fn the_state_of_the_log_is_told() {
        let metrics = Metrics::new();
        metrics.log_size(130);
        metrics.log_poisoned(true);
        metrics.log_without_room(true);
        metrics.log_without_room(false);
        metrics.appended(Duration::from_millis(3));
        for line in [
            "phohien_log_entries 130",
            "phohien_log_poisoned 1",
            "phohien_log_without_room 0",
            "phohien_log_append_seconds_bucket{le=\"0.002\"} 0",
            "phohien_log_append_seconds_bucket{le=\"0.005\"} 1",
        ] {
            assert!(has(&metrics, line), "{line} is not in {}", metrics.encode());
        }
    }

    #[test]
    fn a_certificate_that_is_no_longer_configured_no_longer_alarms() {
        let metrics = Metrics::new();
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        metrics.lapses([(Lapsing::Certificate, "H31.02", at)]);
        metrics.lapses([(Lapsing::Agreement, "TT-2026-004", at)]);
        assert!(has(
            &metrics,
            "phohien_lapse_timestamp_seconds{what=\"agreement\",name=\"TT-2026-004\"} 1790000000"
        ));
        assert!(!metrics.encode().contains("H31.02"));
    }

    #[test]
    fn the_newest_anchor_and_the_failures_are_told() {
        let metrics = Metrics::new();
        metrics.anchored(130, Timestamp::from_second(1_790_000_000).unwrap());
        metrics.anchor_failed();
        for line in [
            "phohien_anchored_entries 130",
            "phohien_anchored_timestamp_seconds 1790000000",
            "phohien_anchor_failures_total 1",
        ] {
            assert!(has(&metrics, line), "{line} is not in {}", metrics.encode());
        }
    }

    #[test]
    fn how_far_a_witness_is_behind_is_told() {
        let metrics = Metrics::new();
        metrics.witness("w.example/1", 7, None, false);
        metrics.witness("w.example/1", 3, Some(1_790_000_000), true);
        for line in [
            "phohien_witness_lag_entries{witness=\"w.example/1\"} 3",
            "phohien_witness_cosigned_timestamp_seconds{witness=\"w.example/1\"} 1790000000",
            "phohien_witness_alarm{witness=\"w.example/1\"} 1",
        ] {
            assert!(has(&metrics, line), "{line} is not in {}", metrics.encode());
        }
    }

    #[test]
    fn a_failed_handshake_and_a_tally_are_counted_by_what_was_wrong() {
        let metrics = Metrics::new();
        metrics.handshake_failed("revoked");
        metrics.tallied("in-flight");
        assert!(has(&metrics, "phohien_handshake_failures_total{why=\"revoked\"} 1"));
        assert!(has(&metrics, "phohien_tallied_total{why=\"in-flight\"} 1"));
        assert!(metrics.encode().ends_with("# EOF\n"));
    }
}
