//! How many exchanges of each agency count towards the quotas of each agreement, as the leaves say: what a start tells the limits.
//!
//! A leaf that has `charged` counts, on the calendar day that it names ([`crate::limits::quota`] says which exchanges have it), whenever
//! it was written: what began before midnight is charged to the day before. Written into every snapshot, so that a start reads no month
//! of log for it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;

use super::record::Record;

/// The counts, by agreement and agency.
///
/// Bounded: both are names that some policies of this log's life configured.
#[derive(Debug, Default)]
pub struct Charged(Mutex<Accounts>);

type Accounts = BTreeMap<String, BTreeMap<String, Count>>;

/// One agency's under one agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The last day that a leaf named.
    pub day: Date,
    /// On that day.
    pub today: u64,
    /// In the month around it, that day included.
    pub month: u64,
}

/// One agency's count under one agreement, as the log that follows takes it over (`quotas.carried`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    agency: String,
    agreement: String,
    day: String,
    month: u64,
    today: u64,
}

/// Accounts in one entry: each at most 210 bytes, so that a leaf holds them.
const CARRIED_MAX: usize = 64;

/// The entries in which accounts are taken over.
pub fn entries(accounts: &[Carried]) -> impl Iterator<Item = Record> {
    accounts.chunks(CARRIED_MAX).map(|accounts| Record::QuotasCarried { accounts: accounts.to_vec() })
}

/// What a leaf of the kind says.
#[derive(Deserialize)]
struct Carrying {
    accounts: Vec<Carried>,
}

/// A count as a snapshot writes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    day: String,
    month: u64,
    today: u64,
}

/// All counts as a snapshot writes them.
pub(super) type State = BTreeMap<String, BTreeMap<String, Written>>;

impl Count {
    fn begin(day: Date) -> Self {
        Self { day, today: 1, month: 1 }
    }

    /// Counts one more exchange.
    ///
    /// Leaves stand in the order of outcomes, charges were made in that of admissions: an earlier day is an exchange that took long, and
    /// takes nothing away from what was counted since. Two months back is a clock that had been ahead: counting begins anew, as it did then.
    fn add(&mut self, day: Date) {
        match months(self.day) - months(day) {
            0 if day == self.day => (self.today, self.month) = (self.today + 1, self.month + 1),
            0 if day < self.day => self.month += 1,
            0 => *self = Self { day, today: 1, month: self.month + 1 },
            1 => {}
            _ => *self = Self::begin(day),
        }
    }
}

fn months(day: Date) -> i32 {
    i32::from(day.year()) * 12 + i32::from(day.month())
}

impl Charged {
    pub(super) fn count(&self, agreement: &str, agency: &str, day: Date) {
        let mut accounts = self.accounts();
        match accounts.get_mut(agreement).and_then(|of| of.get_mut(agency)) {
            Some(count) => count.add(day),
            None => {
                let of = accounts.entry(agreement.to_owned()).or_default();
                of.insert(agency.to_owned(), Count::begin(day));
            }
        }
    }

    /// What one agency was charged under one agreement.
    #[must_use]
    pub fn of(&self, agreement: &str, agency: &str) -> Option<Count> {
        self.accounts().get(agreement)?.get(agency).copied()
    }

    /// Everything, for the log that follows.
    #[must_use]
    pub fn carried(&self) -> Vec<Carried> {
        let accounts = self.accounts();
        let all = accounts.iter().flat_map(|(agreement, of)| of.iter().map(move |of| (agreement, of)));
        let carried = all.map(|(agreement, (agency, count))| Carried {
            agency: agency.clone(),
            agreement: agreement.clone(),
            day: count.day.to_string(),
            month: count.month,
            today: count.today,
        });
        carried.collect()
    }

    /// Takes over what the log before had counted, as a leaf says it; nothing of it where it says what cannot be.
    pub(super) fn carry(&self, leaf: &[u8]) -> Result<(), String> {
        let carrying = serde_json::from_slice::<Carrying>(leaf).map_err(|fault| fault.to_string())?;
        let mut accounts = self.accounts();
        let mut all = accounts.clone();
        for Carried { agency, agreement, day, month, today } in carrying.accounts {
            let day = day.parse().map_err(|_| format!("`{}` is not a day", day.escape_default()))?;
            if all.entry(agreement).or_default().insert(agency, Count { day, today, month }).is_some() {
                return Err("what was counted already is carried over".to_owned());
            }
        }
        *accounts = all;
        Ok(())
    }

    pub(super) fn state(&self) -> State {
        let write =
            |count: &Count| Written { day: count.day.to_string(), month: count.month, today: count.today };
        let of = |of: &BTreeMap<String, Count>| {
            of.iter().map(|(agency, count)| (agency.clone(), write(count))).collect()
        };
        self.accounts().iter().map(|(agreement, counts)| (agreement.clone(), of(counts))).collect()
    }

    /// Becomes what a snapshot says; nothing if a day is none.
    pub(super) fn resume(&self, state: State) -> Option<()> {
        let mut accounts = Accounts::new();
        for (agreement, of) in state {
            let counts = accounts.entry(agreement).or_default();
            for (agency, Written { day, month, today }) in of {
                counts.insert(agency, Count { day: day.parse().ok()?, today, month });
            }
        }
        *self.accounts() = accounts;
        Some(())
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(days: &[&str]) -> (String, u64, u64) {
        let charged = Charged::default();
        days.iter().for_each(|day| charged.count("TT-1", "H31", day.parse().unwrap()));
        let Count { day, today, month } = charged.of("TT-1", "H31").unwrap();
        (day.to_string(), today, month)
    }

    #[test]
    fn days_and_months_begin_anew_and_what_ends_late_takes_nothing_away() {
        for (days, expected) in [
            (&["2026-11-25", "2026-11-26", "2026-11-26"][..], ("2026-11-26", 2, 3)),
            (&["2026-11-30", "2026-12-01"], ("2026-12-01", 1, 1)),
            (&["2025-11-26", "2026-11-26"], ("2026-11-26", 1, 1)),
            // Admitted before midnight, ended after it.
            (&["2026-11-25", "2026-11-26", "2026-11-25"], ("2026-11-26", 1, 3)),
            (&["2026-11-30", "2026-12-01", "2026-11-30"], ("2026-12-01", 1, 1)),
            // The clock had been a year ahead.
            (&["2027-11-26", "2026-11-26"], ("2026-11-26", 1, 1)),
        ] {
            assert_eq!(after(days), (expected.0.to_owned(), expected.1, expected.2), "{days:?}");
        }
    }

    #[test]
    fn counts_that_are_carried_over_go_on_and_nothing_is_carried_twice() {
        let (before, after) = (Charged::default(), Charged::default());
        for number in 0..=CARRIED_MAX {
            before.count(&format!("TT-{number}"), "H31.05", "2026-11-25".parse().unwrap());
        }
        before.count("TT-1", "H31.05", "2026-11-26".parse().unwrap());
        let leaves: Vec<_> =
            entries(&before.carried()).map(|record| serde_json::to_vec(&record).unwrap()).collect();
        assert_eq!(leaves.len(), 2);
        for leaf in &leaves {
            after.carry(leaf).unwrap();
        }
        assert_eq!(after.carried(), before.carried());
        after.count("TT-1", "H31.05", "2026-11-26".parse().unwrap());
        let count = Count { day: "2026-11-26".parse().unwrap(), today: 2, month: 3 };
        assert_eq!(after.of("TT-1", "H31.05"), Some(count));
        assert!(after.carry(&leaves[0]).is_err());
        for wrong in
            [&b"{}"[..], br#"{"accounts":[{"agency":"H31","agreement":"TT","day":"x","month":1,"today":1}]}"#]
        {
            assert!(Charged::default().carry(wrong).is_err());
        }
        assert_eq!(after.of("TT-1", "H31.05"), Some(count), "what is refused leaves no trace");
    }

    #[test]
    fn the_longest_accounts_fit_a_leaf() {
        let long = Carried {
            agency: "H".repeat(35),
            agreement: "T".repeat(64),
            day: "2026-11-26".to_owned(),
            month: 1 << 52,
            today: 1 << 52,
        };
        let record = Record::QuotasCarried { accounts: vec![long; CARRIED_MAX] };
        assert!(serde_json::to_vec(&record).unwrap().len() + 512 < crate::tlog::LEAF_BYTES_MAX);
    }

    #[test]
    fn counts_that_were_written_are_read_back() {
        let (before, after) = (Charged::default(), Charged::default());
        before.count("TT-1", "H31.01.01", "2026-11-26".parse().unwrap());
        before.count("TT-1", "H31.05", "2026-11-25".parse().unwrap());
        after.resume(before.state()).unwrap();
        assert_eq!(after.of("TT-1", "H31.05"), before.of("TT-1", "H31.05"));
        let odd = Written { day: "2026-13-01".to_owned(), month: 1, today: 1 };
        assert!(after.resume([("TT-1".to_owned(), [("H31".to_owned(), odd)].into())].into()).is_none());
    }
}
