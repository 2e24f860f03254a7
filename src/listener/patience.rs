//! Answers that a caller has not taken whole. A connection may be busy and yet leave an answer lying: over HTTP/2 a window that stays
//! shut holds its bytes, its place among those under way and its place in the log's queue. An answer must move.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

/// The answers under way on one connection. Clones are of the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Patience(Arc<Mutex<Answers>>);

#[derive(Debug, Default)]
struct Answers {
    next: u64,
    under_way: HashMap<u64, State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It moved since the last look.
    Moved,
    /// It has not moved since.
    Lying,
    /// The caller would take more, and there is none yet: it is we who are late, and our own time-outs hold.
    Ours,
}

impl Patience {
    /// An answer goes under way.
    pub(super) fn begin(&self) -> UnderWay {
        let mut answers = self.answers();
        answers.next = answers.next.wrapping_add(1);
        let id = answers.next;
        answers.under_way.insert(id, State::Moved);
        UnderWay { patience: self.clone(), id }
    }

    /// Returns once an answer did not move for so long; at the latest after twice as long.
    pub(super) async fn exhausted(&self, time: Duration) {
        while !self.look() {
            tokio::time::sleep(time).await;
        }
    }

    /// Whether an answer did not move since the last look.
    fn look(&self) -> bool {
        let mut answers = self.answers();
        let stuck = answers.under_way.values().any(|state| *state == State::Lying);
        answers
            .under_way
            .values_mut()
            .filter(|state| **state == State::Moved)
            .for_each(|state| *state = State::Lying);
        stuck
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One answer under way, until dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    patience: Patience,
    id: u64,
}

impl UnderWay {
    /// The connection asked for more of it; `given`: and got it.
    pub(super) fn asked(&self, given: bool) {
        let state = if given { State::Moved } else { State::Ours };
        self.patience.answers().under_way.insert(self.id, state);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.patience.answers().under_way.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_does_not_move_is_seen_however_busy_the_others_are() {
        let patience = Patience::default();
        let (stuck, busy) = (patience.begin(), patience.begin());
        assert!(!patience.look(), "both have just begun");
        busy.asked(true);
        assert!(patience.look());
        drop(stuck);
        busy.asked(true);
        assert!(!patience.look());
        assert!(patience.look());
    }

    #[test]
    fn an_answer_that_waits_for_us_is_not_stuck() {
        let patience = Patience::default();
        let answer = patience.begin();
        answer.asked(false);
        assert!(!patience.look() && !patience.look() && !patience.look());
        answer.asked(true);
        assert!(!patience.look() && patience.look());
    }
}
