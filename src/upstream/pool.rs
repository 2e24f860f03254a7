//! Which endpoint and which connection a request goes over: the endpoint with the least under way; one that just failed to
//! connect only after all others; an idle connection before a new one.
//!
//! The pool is ours and not hyper-util's: it knows for certain whether a connection was used before and whether a byte came
//! since, which is what a second try depends on.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::policy::model::Endpoint;

use super::dial::{Connection, Dialer};
use super::refusal::{Fault, NoConnection};
use super::since;

/// How long a connection may be idle and still be used again. Below what platforms commonly allow (Tomcat 20 s, nginx 75 s,
/// IIS 120 s); with those that allow 5 s the second try helps.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// How many idle connections one endpoint keeps: what a burst of a province leaves behind, not more.
const IDLE_CONNECTIONS_MAX: usize = 32;

/// How long an endpoint that failed to connect is tried only after all others.
const REST: Duration = Duration::from_secs(5);

/// How long a connection may take to be ready again after an answer, before it is cut.
const SETTLE: Duration = Duration::from_secs(1);

/// One endpoint, its idle connections, and how it fares.
#[derive(Debug)]
pub(super) struct Target {
    dialer: Dialer,
    clock: Clock,
    outstanding: AtomicUsize,
    chosen: AtomicU64,
    /// When it last failed to connect, in milliseconds since 1970; 0: it connected since, or was never tried.
    failed: AtomicI64,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    /// Invariant: the one that was used last is at the end.
    connections: Vec<(Timestamp, Connection)>,
    /// Whether a sweeper is under way.
    swept: bool,
}

/// A connection and the endpoint's slot it takes; the slot is freed by drop.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it leads.
    pub(super) slot: Slot,
    /// The connection.
    pub(super) connection: Connection,
    /// How long it took to connect; none if it was idle.
    pub(super) connect: Option<Duration>,
}

/// One request under way at an endpoint.
#[derive(Debug)]
pub(super) struct Slot(Arc<Target>);

/// A connection to one of the targets, perhaps an idle one.
pub(super) async fn open(targets: &[Arc<Target>], within: Duration) -> Result<Line, Fault> {
    choose(targets, within, Target::idle).await
}

/// A new connection to one of the targets.
pub(super) async fn connect(targets: &[Arc<Target>], within: Duration) -> Result<Line, Fault> {
    choose(targets, within, |_| None).await
}

async fn choose(
    targets: &[Arc<Target>],
    within: Duration,
    idle: impl Fn(&Target) -> Option<Connection>,
) -> Result<Line, Fault> {
    let mut last = NoConnection::NoEndpoint;
    for target in in_order(targets) {
        let slot = Slot::take(&target);
        if let Some(connection) = idle(&target) {
            return Ok(Line { slot, connection, connect: None });
        }
        let start = target.clock.now();
        match target.dial(within).await {
            Ok(connection) => {
                return Ok(Line { slot, connection, connect: Some(since(&target.clock, start)) });
            }
            Err(error) => last = error,
        }
    }
    Err(Fault::Unreachable(last))
}

/// The targets in the order in which they are tried.
fn in_order(targets: &[Arc<Target>]) -> Vec<Arc<Target>> {
    let mut order = targets.to_vec();
    let rank = |target: &Arc<Target>| {
        let outstanding = target.outstanding.load(Ordering::SeqCst);
        (target.rests(), outstanding, target.chosen.load(Ordering::SeqCst))
    };
    order.sort_by_cached_key(rank);
    order
}

impl Target {
    /// Begins without connections.
    pub(super) fn new(dialer: Dialer, clock: Clock) -> Self {
        Self {
            dialer,
            clock,
            outstanding: AtomicUsize::new(0),
            chosen: AtomicU64::new(0),
            failed: AtomicI64::new(0),
            idle: Mutex::default(),
        }
    }

    /// Where it leads.
    pub(super) fn endpoint(&self) -> &Endpoint {
        self.dialer.endpoint()
    }

    fn rests(&self) -> bool {
        let failed = self.failed.load(Ordering::SeqCst);
        failed != 0 && is_within(self.clock.now().as_millisecond() - failed, REST)
    }

    async fn dial(&self, within: Duration) -> Result<Connection, NoConnection> {
        let outcome = self.dialer.dial(within).await;
        let failed = if outcome.is_ok() { 0 } else { self.clock.now().as_millisecond() };
        self.failed.store(failed, Ordering::SeqCst);
        outcome
    }

    /// The idle connection that was used last, if it is fit for use.
    fn idle(&self) -> Option<Connection> {
        let mut idle = self.lock();
        while let Some((parked, connection)) = idle.connections.pop() {
            if self.is_fit(parked, &connection) {
                return Some(connection);
            }
            connection.retire();
        }
        None
    }

    fn is_fit(&self, parked: Timestamp, connection: &Connection) -> bool {
        let age = self.clock.now().as_millisecond() - parked.as_millisecond();
        is_within(age, IDLE_MAX) && connection.sender.is_ready()
    }

    fn park(self: &Arc<Self>, connection: Connection) {
        let mut idle = self.lock();
        if idle.connections.len() < IDLE_CONNECTIONS_MAX {
            idle.connections.push((self.clock.now(), connection));
        } else {
            connection.retire();
        }
        if !std::mem::replace(&mut idle.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Ends what was idle for too long; whether nothing is left.
    fn sweep(&self) -> bool {
        let mut idle = self.lock();
        let (fit, unfit) = std::mem::take(&mut idle.connections)
            .into_iter()
            .partition(|(parked, connection)| self.is_fit(*parked, connection));
        idle.connections = fit;
        let unfit: Vec<(Timestamp, Connection)> = unfit;
        unfit.into_iter().for_each(|(_, connection)| connection.retire());
        idle.swept = !idle.connections.is_empty();
        !idle.swept
    }

    #[cfg(test)]
    pub(super) fn has_idle(&self) -> bool {
        self.lock().connections.iter().any(|(parked, connection)| self.is_fit(*parked, connection))
    }

    /// Invariant: nothing panics while it is held, and the list is sound after every step of those who hold it.
    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs while an endpoint has idle connections; they would otherwise stay open until it is asked again.
async fn sweep(target: Weak<Target>) {
    loop {
        tokio::time::sleep(IDLE_MAX).await;
        if target.upgrade().is_none_or(|target| target.sweep()) {
            return;
        }
    }
}

fn is_within(millis: i64, bound: Duration) -> bool {
    u128::try_from(millis).is_ok_and(|millis| millis < bound.as_millis())
}

impl Slot {
    fn take(target: &Arc<Target>) -> Self {
        target.outstanding.fetch_add(1, Ordering::SeqCst);
        target.chosen.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(target))
    }

    /// The endpoint.
    pub(super) fn endpoint(&self) -> &Endpoint {
        self.0.endpoint()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.outstanding.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Line {
    /// Whether the connection was used before.
    pub(super) fn reused(&self) -> bool {
        self.connect.is_none()
    }

    /// Gives the connection back after a complete answer.
    pub(super) fn give_back(self) {
        let target = Arc::clone(&self.slot.0);
        let mut connection = self.connection;
        if connection.sender.is_ready() {
            return target.park(connection);
        }
        // The answer may be complete before the connection knows that the next request may come.
        tokio::spawn(async move {
            if let Ok(Ok(())) = tokio::time::timeout(SETTLE, connection.sender.ready()).await {
                target.park(connection);
            }
        });
    }
}
