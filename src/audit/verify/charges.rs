//! What leaves say was charged, counted a second time from their description alone, and held against what a snapshot says of it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::Hash;
use std::hash::Hasher;

use serde::Deserialize;

use super::leaf::Agency;

/// The longest number of an agreement, in bytes.
const AGREEMENT_MAX: usize = 64;

/// An agreement's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreement([u8; AGREEMENT_MAX], u8);

/// A day, its digits as one number: 20261126.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(u32);

/// Towards what a leaf counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    None,
    To(Agreement, Day),
    Malformed,
}

/// One agency's count under one agreement.
#[derive(Debug, Clone, Copy)]
struct Count {
    day: Day,
    today: u64,
    month: u64,
}

/// All counts.
#[derive(Debug, Default)]
pub(super) struct Charges(HashMap<(Agreement, Agency), Count>);

/// What a leaf takes over from the log before: nothing that can be understood, or these accounts.
#[derive(Debug)]
pub(super) struct Carried(Option<Vec<(Agreement, Agency, Count)>>);

/// The leaf that says it.
#[derive(Deserialize)]
struct Carrying {
    accounts: Vec<OfLogBefore>,
}

/// One account in it.
#[derive(Deserialize)]
struct OfLogBefore {
    agency: String,
    agreement: String,
    #[serde(flatten)]
    said: Said,
}

impl Carried {
    pub(super) fn read(leaf: &[u8]) -> Self {
        let read = |account: &OfLogBefore| {
            let Said { day, today, month } = &account.said;
            let count = Count { day: Day::read(day.as_bytes())?, today: *today, month: *month };
            let is_sound = 0 < count.today && count.today <= count.month;
            let agency = Agency::read(account.agency.as_bytes())?;
            is_sound.then_some((Agreement::read(account.agreement.as_bytes())?, agency, count))
        };
        let carrying = serde_json::from_slice::<Carrying>(leaf).ok();
        Self(carrying.and_then(|carrying| carrying.accounts.iter().map(read).collect()))
    }
}

/// A count as a snapshot writes it.
#[derive(Deserialize)]
pub(super) struct Said {
    day: String,
    today: u64,
    month: u64,
}

/// All counts as a snapshot writes them, by agreement and agency.
pub(super) type Account = BTreeMap<String, BTreeMap<String, Said>>;

impl Charge {
    /// Reads the two members that say it.
    pub(super) fn read(agreement: Option<&[u8]>, charged: Option<&[u8]>) -> Self {
        let Some(charged) = charged else { return Self::None };
        match (agreement.and_then(Agreement::read), Day::read(charged)) {
            (Some(agreement), Some(day)) => Self::To(agreement, day),
            _ => Self::Malformed,
        }
    }
}

impl Agreement {
    fn read(text: &[u8]) -> Option<Self> {
        let mut name = [0; AGREEMENT_MAX];
        let length = u8::try_from(text.len()).ok().filter(|length| usize::from(*length) <= AGREEMENT_MAX)?;
        name.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Some(Self(name, length))
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.get(..usize::from(self.1)).unwrap_or_default()
    }
}

impl Hash for Agreement {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
    }
}

impl Day {
    /// Reads `2026-11-26`, and nothing else.
    fn read(text: &[u8]) -> Option<Self> {
        const SHAPE: &[u8; 10] = b"0000-00-00";
        let fits =
            |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
        if text.len() != SHAPE.len() || !text.iter().zip(SHAPE).all(fits) {
            return None;
        }
        let digits = text.iter().filter(|byte| byte.is_ascii_digit());
        Some(Self(digits.fold(0, |day, digit| day * 10 + u32::from(digit - b'0'))))
    }

    /// Months since the year 0.
    fn month(self) -> u32 {
        self.0 / 10_000 * 12 + self.0 / 100 % 100
    }
}

impl Charges {
    /// Counts one. A day before the last one stands for an exchange that took long, unless it lies two months back: then counting begins
    /// anew.
    pub(super) fn add(&mut self, agreement: Agreement, agency: Agency, day: Day) {
        let anew = Count { day, today: 1, month: 1 };
        let Some(count) = self.0.get_mut(&(agreement, agency)) else {
            self.0.insert((agreement, agency), anew);
            return;
        };
        let (before, month) = (count.day.month(), day.month());
        if month > before || month + 1 < before {
            *count = anew;
        } else if month == before {
            count.month += 1;
            count.today = if day > count.day { 1 } else { count.today + u64::from(day == count.day) };
            count.day = count.day.max(day);
        }
    }

    /// Takes over what the log before had counted; whether that can be: nothing is counted twice.
    pub(super) fn carry(&mut self, carried: &Carried) -> bool {
        let Some(accounts) = &carried.0 else { return false };
        accounts
            .iter()
            .all(|(agreement, agency, count)| self.0.insert((*agreement, *agency), *count).is_none())
    }

    /// Whether an account is exactly this.
    pub(super) fn are(&self, account: &Account) -> bool {
        let said = account.values().map(BTreeMap::len).sum::<usize>();
        let holds = |((agreement, agency), count): (&(Agreement, Agency), &Count)| {
            let of = std::str::from_utf8(agreement.as_bytes()).ok().and_then(|id| account.get(id));
            of.and_then(|of| of.get(agency.as_str())).is_some_and(|said| {
                Day::read(said.day.as_bytes()) == Some(count.day)
                    && (said.today, said.month) == (count.today, count.month)
            })
        };
        said == self.0.len() && self.0.iter().all(holds)
    }
}
