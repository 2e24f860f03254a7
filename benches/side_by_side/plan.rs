//! What is to be run.

use std::fmt;

use anyhow::Context as _;
use anyhow::bail;

/// Exchanges of one round: at some hundred microseconds each, seconds of CPU, hundreds of the kernel's ticks.
const EXCHANGES: usize = 10_000;
/// Connections: more than cores, as many small agencies have.
const CONNECTIONS: usize = 32;
/// Rounds of each contender, in turn: what else the machine does falls on both.
const ROUNDS: usize = 2;

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Exchanges of one round.
    pub(crate) exchanges: usize,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Rounds of each contender.
    pub(crate) rounds: usize,
    /// Whether the gateway runs.
    pub(crate) gateway: bool,
    /// Whether nginx runs.
    pub(crate) nginx: bool,
}

impl Plan {
    /// Reads the arguments.
    pub(crate) fn of(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut plan = Self {
            exchanges: EXCHANGES,
            connections: CONNECTIONS,
            rounds: ROUNDS,
            gateway: true,
            nginx: true,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("`{argument}` needs a value"));
            match argument.as_str() {
                // Cargo says so to every benchmark.
                "--bench" => {}
                "--exchanges" => plan.exchanges = value()?.parse()?,
                "--connections" => plan.connections = value()?.parse()?,
                "--rounds" => plan.rounds = value()?.parse()?,
                "--only" => match value()?.as_str() {
                    "gateway" => plan.nginx = false,
                    "nginx" => plan.gateway = false,
                    other => bail!("`{other}` is neither `gateway` nor `nginx`"),
                },
                other => bail!("`{other}` is no argument"),
            }
        }
        if plan.exchanges == 0 || plan.connections == 0 || plan.rounds == 0 {
            bail!("nothing would be run");
        }
        Ok(plan)
    }

    /// Exchanges that connection `number` makes in a round, not counting its first.
    pub(crate) fn share(&self, number: usize) -> usize {
        self.exchanges / self.connections + usize::from(number < self.exchanges % self.connections)
    }

    /// Exchanges that one contender answers in all: each connection makes one more, before the clock starts.
    pub(crate) fn sent(&self) -> usize {
        (self.exchanges + self.connections) * self.rounds
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchanges, connections, rounds, .. } = self;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        write!(f, "{rounds} rounds of {exchanges} exchanges over {connections} connections, {cores} cores")
    }
}
