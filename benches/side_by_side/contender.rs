//! One contender under the load, and what that cost.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use phohien::clock::Clock;
use tokio::task::JoinSet;

use super::load::Connection;
use super::load::Expected;
use super::plan::Plan;
use super::process;
use super::setting::Setting;

/// A proxy that runs as a process of its own.
pub(crate) trait Contender {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Where it listens.
    fn address(&self) -> SocketAddr;
    /// Its process; its children count with it.
    fn process(&self) -> u32;
    /// What its answers have to be.
    fn expected(&self) -> Expected;
}

/// What one round cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    name: &'static str,
    exchanges: usize,
    took: Duration,
    cpu: Duration,
    peak_bytes: u64,
}

/// Runs one round. Connecting, with a first exchange on each connection, comes before the clock starts.
pub(crate) async fn run(contender: &dyn Contender, setting: &Setting, plan: &Plan) -> anyhow::Result<Round> {
    let mut connections = Vec::new();
    for number in 0..plan.connections {
        let expected = contender.expected();
        connections.push(Connection::open(setting, contender.address(), number, expected).await?);
    }
    let clock = Clock::system();
    let (began, before) = (clock.now(), process::cpu(contender.process())?);
    let mut running = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        running.spawn(connection.run(plan.share(number)));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(Round {
        name: contender.name(),
        exchanges: plan.exchanges,
        took: Duration::try_from(clock.now().duration_since(began))?,
        cpu: process::cpu(contender.process())?.saturating_sub(before),
        peak_bytes: process::peak_memory(contender.process())?,
    })
}

impl Round {
    /// All rounds of one contender as one.
    pub(crate) fn sum(name: &'static str, rounds: &[Self]) -> Self {
        let none = Self { name, exchanges: 0, took: Duration::ZERO, cpu: Duration::ZERO, peak_bytes: 0 };
        rounds.iter().filter(|round| round.name == name).fold(none, |sum, round| Self {
            name,
            exchanges: sum.exchanges + round.exchanges,
            took: sum.took + round.took,
            cpu: sum.cpu + round.cpu,
            peak_bytes: sum.peak_bytes.max(round.peak_bytes),
        })
    }

    /// CPU time of one exchange in microseconds.
    pub(crate) fn micros_per_exchange(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / count(self.exchanges)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, cpu) = (self.took.as_secs_f64(), self.cpu.as_secs_f64());
        write!(
            f,
            "{:8} {:7} exchanges  {seconds:7.2} s  {:7.0}/s  {cpu:7.2} s CPU  {:7.1} µs CPU per exchange  {:6.1} MiB peak",
            self.name,
            self.exchanges,
            count(self.exchanges) / seconds,
            self.micros_per_exchange(),
            count(usize::try_from(self.peak_bytes).unwrap_or(usize::MAX)) / (1024.0 * 1024.0),
        )
    }
}

/// A count as a number to divide by.
fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}
