//! Work on all cores, taken in order: jobs are done by as many threads as the machine has, and their results handed on one by
//! one in the order of the jobs.

use std::collections::BTreeMap;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// Jobs that may be done ahead of the one whose turn it is, for each thread: enough that none waits, few enough to bound the
/// memory.
const AHEAD: usize = 4;

/// Jobs for which threads are worth their start.
const FEW: usize = 4;

/// How many threads to do so many jobs with.
pub(super) fn threads_for(jobs: usize) -> usize {
    if jobs < FEW { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

/// Does every job, on each thread with what `worker` gives it, and hands the results to `take` in the order of the jobs, until it says
/// that it has enough.
pub(super) fn in_order<T: Send, R: Send, W: FnMut(T) -> R>(
    threads: usize,
    jobs: impl Iterator<Item = T> + Send,
    worker: impl Fn() -> W + Sync,
    mut take: impl FnMut(R) -> Enough,
) {
    if threads < 2 {
        let _last = jobs.map(worker()).map(take).find(|enough| *enough == Enough::Yes);
        return;
    }
    let queue = Queue::new(jobs, threads * AHEAD);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| queue.work(worker()));
        }
        // Also when `take` panics: nobody waits for a turn that does not come.
        let _stop = Stop(&queue);
        while let Some(result) = queue.next() {
            if take(result) == Enough::Yes {
                return;
            }
        }
    });
}

/// Whether results are still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enough {
    No,
    Yes,
}

struct Queue<I, R> {
    state: Mutex<State<I, R>>,
    changed: Condvar,
    ahead: usize,
}

struct State<I, R> {
    jobs: I,
    handed_out: usize,
    taken: usize,
    done: BTreeMap<usize, R>,
    /// No job is left, or none is wanted.
    ended: bool,
    /// Nobody waits any more.
    stopped: bool,
}

impl<T, R, I: Iterator<Item = T>> Queue<I, R> {
    fn new(jobs: I, ahead: usize) -> Self {
        let done = BTreeMap::new();
        let state = State { jobs, handed_out: 0, taken: 0, done, ended: false, stopped: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), ahead }
    }

    fn work(&self, mut work: impl FnMut(T) -> R) {
        let stop = Stop(self);
        while let Some((turn, job)) = self.job() {
            let result = work(job);
            self.lock().done.insert(turn, result);
            self.changed.notify_all();
        }
        // Only a panic leaves by another way.
        std::mem::forget(stop);
    }

    fn job(&self) -> Option<(usize, T)> {
        let mut state = self.lock();
        while state.handed_out >= state.taken + self.ahead && !state.stopped {
            state = self.wait(state);
        }
        let job = if state.stopped || state.ended { None } else { state.jobs.next() };
        let Some(job) = job else {
            state.ended = true;
            self.changed.notify_all();
            return None;
        };
        state.handed_out += 1;
        Some((state.handed_out - 1, job))
    }

    fn next(&self) -> Option<R> {
        let mut state = self.lock();
        loop {
            let turn = state.taken;
            if let Some(result) = state.done.remove(&turn) {
                state.taken += 1;
                self.changed.notify_all();
                return Some(result);
            }
            if state.stopped || (state.ended && state.taken == state.handed_out) {
                return None;
            }
            state = self.wait(state);
        }
    }
}

impl<I, R> Queue<I, R> {
    fn lock(&self) -> MutexGuard<'_, State<I, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<I, R>>) -> MutexGuard<'a, State<I, R>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the waiting of all when it is dropped.
struct Stop<'a, I, R>(&'a Queue<I, R>);

impl<I, R> Drop for Stop<'_, I, R> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}
