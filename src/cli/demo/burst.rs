//! Many calls at once, until one is told to wait.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::cli::exit::Failure;

use super::child::Heard;
use super::child::Program;
use super::play::astray;
use super::play::verdict;
use super::stage::Verdict;

/// Calls under way at once: fewer than the agreement's in-flight slots, so that the rate is what refuses.
const AT_ONCE: usize = 4;

/// Calls made at least: ten more than the burst of the sample agreement.
pub const LEAST: usize = 60;

/// Calls made at most. The bucket refills while we call, so a slow machine needs more; one that cannot make them faster than it
/// refills will never be limited, and this ends the attempt.
const MOST: usize = 400;

/// What came of the calls.
#[derive(Debug, Default)]
struct Counts {
    passed: usize,
    limited: usize,
    wait: Option<u64>,
    other: Option<String>,
}

/// Makes the calls.
///
/// # Errors
/// A child cannot be run.
pub fn play(program: &Program, words: &[String], passes: usize) -> Result<Verdict, Failure> {
    let (made, counts) = (AtomicUsize::new(0), Mutex::new(Counts::default()));
    let work = || -> Result<(), Failure> {
        while goes_on(made.fetch_add(1, Ordering::SeqCst), &counts) {
            let heard = program.run(words)?;
            counts.lock().unwrap_or_else(PoisonError::into_inner).add(&heard);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })?;
    let counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(judge(&counts, passes))
}

fn goes_on(made: usize, counts: &Mutex<Counts>) -> bool {
    let limited = counts.lock().unwrap_or_else(PoisonError::into_inner).limited > 0;
    made < LEAST || (!limited && made < MOST)
}

impl Counts {
    fn add(&mut self, heard: &Heard) {
        match heard.number("/status") {
            Some(200) => self.passed += 1,
            Some(429) if heard.get("/body").to_string().contains("/problems/rate") => {
                self.limited += 1;
                self.wait = self.wait.max(heard.number("/body/retry_after"));
            }
            _ => self.other = Some(astray(heard)),
        }
    }
}

fn judge(counts: &Counts, passes: usize) -> Verdict {
    let Counts { passed, limited, wait, other } = counts;
    if let Some(other) = other {
        return verdict(false, other.clone(), other.clone());
    }
    let seconds = wait.unwrap_or_default();
    verdict(
        *passed >= passes && *limited > 0 && seconds > 0,
        format!("{passed} yêu cầu được phục vụ, {limited} yêu cầu nhận 429 rate: thử lại sau {seconds} giây"),
        format!("{passed} calls served, {limited} answered 429 rate: retry after {seconds} s"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: usize, limited: usize, wait: Option<u64>) -> Counts {
        Counts { passed, limited, wait, other: None }
    }

    #[test]
    fn a_burst_is_as_told_when_enough_passed_and_one_was_told_how_long_to_wait() {
        assert!(judge(&counts(50, 10, Some(1)), 50).as_told);
        assert!(!judge(&counts(49, 11, Some(1)), 50).as_told);
        assert!(!judge(&counts(60, 0, None), 50).as_told);
        assert!(!judge(&counts(50, 10, None), 50).as_told);
        let strange = Counts { other: Some("exit 3".into()), ..counts(50, 10, Some(1)) };
        assert!(!judge(&strange, 50).as_told);
    }
}
