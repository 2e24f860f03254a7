//! Sums of rows by what they have in common.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::audit::index::Sum;
use crate::audit::index::column::By;
use crate::audit::index::column::Column;
use crate::audit::index::column::Value;

use super::Codes;
use super::Desk;
use super::Query;
use super::QueryError;
use super::View;
use super::wanted;

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// By what the index groups by.
    By(By),
    /// By the month here (GMT+7).
    Month,
}

/// The groups by their names, as `--by` takes them.
pub const GROUPS: [(&str, Group); 20] = [
    ("agency", Group::By(By::Column(Column::Agency))),
    ("service", Group::By(By::Column(Column::Service))),
    ("operation", Group::By(By::Column(Column::Operation))),
    ("agreement", Group::By(By::Column(Column::Agreement))),
    ("purpose", Group::By(By::Column(Column::Purpose))),
    ("outcome", Group::By(By::Column(Column::Kind))),
    ("reason", Group::By(By::Column(Column::Reason))),
    ("stage", Group::By(By::Column(Column::Stage))),
    ("hop", Group::By(By::Column(Column::Hop))),
    ("status", Group::By(By::Column(Column::Status))),
    ("certificate", Group::By(By::Column(Column::Serial))),
    ("issuer", Group::By(By::Column(Column::Issuer))),
    ("code", Group::By(By::Column(Column::Code))),
    ("case", Group::By(By::Column(Column::Case))),
    ("user", Group::By(By::Column(Column::User))),
    ("subject", Group::By(By::Column(Column::Subject))),
    ("exchange", Group::By(By::Column(Column::Exchange))),
    ("hour", Group::By(By::Hour)),
    ("day", Group::By(By::Day)),
    ("month", Group::Month),
];

/// The rows that answer a question, summed up. Old codes of an agency count as today's.
///
/// # Errors
/// See [`QueryError`].
pub fn sums(desk: Desk<'_>, view: &View, query: &Query, by: &[Group]) -> Result<Vec<Sum>, QueryError> {
    let wanted = wanted(desk, view, query)?;
    let asked: Vec<By> = by.iter().map(|group| group.by()).collect();
    let mut folded: BTreeMap<Vec<Option<Value>>, (u64, u64)> = BTreeMap::new();
    for Sum { key, entries, events } in desk.catalogue.sums(&wanted, &asked)? {
        let key =
            key.into_iter().zip(by).map(|(value, group)| value.map(|value| group.fold(value, desk.codes)));
        let sum = folded.entry(key.collect()).or_default();
        *sum = (sum.0 + entries, sum.1 + events);
    }
    Ok(folded.into_iter().map(|(key, (entries, events))| Sum { key, entries, events }).collect())
}

impl Group {
    fn by(self) -> By {
        match self {
            Self::By(by) => by,
            Self::Month => By::Day,
        }
    }

    pub(super) fn fold(self, value: Value, codes: &Codes) -> Value {
        match (self, value) {
            (Self::By(By::Column(Column::Agency)), Value::Word(code)) => Value::from(codes.today(&code)),
            (Self::By(By::Hour), Value::Number(hours)) => {
                let hour = hours.rem_euclid(24);
                Value::from(&*format!("{} {hour:02}:00", day(hours.div_euclid(24)).strftime("%Y-%m-%d")))
            }
            (Self::By(By::Day), Value::Number(days)) => Value::from(&*day(days).to_string()),
            (Self::Month, Value::Number(days)) => Value::from(&*day(days).strftime("%Y-%m").to_string()),
            (Self::By(_) | Self::Month, value) => value,
        }
    }
}

/// A day by its number since 1970.
fn day(number: i64) -> Date {
    let days = i32::try_from(number).ok().and_then(|days| jiff::Span::new().try_days(days).ok());
    days.and_then(|days| Date::constant(1970, 1, 1).checked_add(days).ok()).unwrap_or(Date::ZERO)
}
