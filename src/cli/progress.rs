//! Progress of long work: a line on standard error that is written over, with the rate and the time left.

use std::io::Write as _;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::language::Language;

use super::terminal::count;

/// Milliseconds between two lines: often enough to look alive, seldom enough to cost nothing.
const EVERY: i64 = 200;

/// How far long work is. Shows nothing unless standard error is a terminal.
#[derive(Debug)]
pub struct Progress {
    clock: Clock,
    begun: Timestamp,
    last: Timestamp,
    total: u64,
    shown: bool,
    language: Language,
}

impl Progress {
    pub(super) fn new(clock: Clock, total: u64, shown: bool, language: Language) -> Self {
        let now = clock.now();
        Self { clock, begun: now, last: now, total, shown, language }
    }

    /// So many steps are done; the total may have grown meanwhile.
    pub fn at(&mut self, done: u64, total: u64) {
        let now = self.clock.now();
        self.total = total;
        if self.shown && now.as_millisecond() - self.last.as_millisecond() >= EVERY {
            self.last = now;
            let _unseen = write!(std::io::stderr(), "\r\x1b[K{}", self.line(done, now));
        }
    }

    /// Takes the line away.
    pub fn finish(self) {
        if self.shown {
            let _unseen = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn line(&self, done: u64, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_millisecond() - self.begun.as_millisecond()).unwrap_or(0).max(1);
        let rate = done.saturating_mul(1_000) / millis;
        let left = self.total.saturating_sub(done).checked_div(rate);
        let (a_second, to_go) = match self.language {
            Language::Vi => ("mỗi giây", "còn"),
            Language::En => ("a second", "left"),
        };
        let number = |value| count(value, self.language);
        let left = left.map(|seconds| format!(", {to_go} {}", clock_face(seconds))).unwrap_or_default();
        format!("{} / {} ({} {a_second}{left})", number(done), number(self.total), number(rate))
    }
}

/// Seconds as `1:02:03` or `2:03`.
fn clock_face(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_the_rate_and_the_time_left() {
        let clock = Clock::by_hand(Timestamp::UNIX_EPOCH);
        let progress = Progress::new(clock.clone(), 10_000, false, Language::En);
        clock.advance(std::time::Duration::from_secs(2));
        assert_eq!(progress.line(1_000, clock.now()), "1,000 / 10,000 (500 a second, left 0:18)");
        assert_eq!(progress.line(0, clock.now()), "0 / 10,000 (0 a second)");
        assert_eq!(clock_face(3_723), "1:02:03");
    }
}
