//! `purposes.toml`, `guardrails.toml`, `suspensions.toml`.

use jiff::civil::Date;

use super::{Hex, tables, words};
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::diagnostic::quantity;
use crate::diagnostic::source::{Placed, Source};
use crate::diagnostic::table::Table;
use crate::diagnostic::value::Words;
use crate::id::{AgencyId, AgreementId, PurposeCode};
use crate::language::Text;
use crate::policy::model::{Purpose, Suspension};

/// A purpose as written.
#[derive(Debug, Clone)]
pub struct PurposeDocument {
    /// Its code.
    pub code: Placed<PurposeCode>,
    /// What it says.
    pub purpose: Purpose,
}

/// Reads `purposes.toml`.
pub fn purposes(source: &Source, faults: &mut Faults) -> Vec<PurposeDocument> {
    let read = source.read(faults, |table, faults| Some(tables(table, "purpose", faults, purpose)));
    read.unwrap_or_default()
}

fn purpose(table: &mut Table<'_>, faults: &mut Faults) -> Option<PurposeDocument> {
    let code = table.required::<PurposeCode>("code", faults);
    let name = table.required::<Text>("name", faults);
    let legal_basis = words(table, "legal_basis", faults);
    let (code, name) = (code?, name?.value);
    Some(PurposeDocument { purpose: Purpose { code: code.value.clone(), name, legal_basis }, code })
}

/// What no agreement may ever grant, as written.
#[derive(Debug, Clone, Default)]
pub struct GuardrailsDocument {
    /// The longest term.
    pub max_term: Option<Placed<Term>>,
    /// The most requests a day.
    pub max_daily: Option<Placed<u64>>,
    /// Whether a clause with sensitive fields names its own legal ground.
    pub no_sensitive_without_basis: bool,
    /// Fields that are never granted.
    pub never: Vec<NeverDocument>,
}

/// Fields that some consumers, or all, are never granted.
#[derive(Debug, Clone)]
pub struct NeverDocument {
    /// `service:/pointer`.
    pub fields: Vec<Placed<String>>,
    /// Agency codes, or `*`.
    pub consumers: Vec<Placed<String>>,
}

/// A term such as `3 years` or `18 months`, in months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term(pub u32);

/// A text is not a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a term is a whole number of months or years, such as \"3 years\"")]
pub struct NotATerm;

impl std::str::FromStr for Term {
    type Err = NotATerm;

    fn from_str(text: &str) -> Result<Self, NotATerm> {
        /// No agreement between agencies runs for longer than this, in months.
        const LONGEST: u64 = 1_200;
        let (number, unit) = quantity::split(text).ok_or(NotATerm)?;
        let months = match unit {
            "month" | "months" => Some(number),
            "year" | "years" => number.checked_mul(12),
            _ => None,
        };
        let months = months.filter(|months| (1..=LONGEST).contains(months)).ok_or(NotATerm)?;
        u32::try_from(months).map(Self).map_err(|_| NotATerm)
    }
}

/// Reads `guardrails.toml`.
pub fn guardrails(source: &Source, faults: &mut Faults) -> GuardrailsDocument {
    let read = source.read(faults, |table, faults| {
        let max_term = table.optional_parsed("max_term", faults);
        let max_daily = table.optional("max_daily", faults);
        let sensitive = table.optional::<bool>("no_sensitive_without_basis", faults);
        let never = tables(table, "never", faults, never);
        let no_sensitive_without_basis = sensitive.is_some_and(|placed| placed.value);
        Some(GuardrailsDocument { max_term, max_daily, no_sensitive_without_basis, never })
    });
    read.unwrap_or_default()
}

fn never(table: &mut Table<'_>, faults: &mut Faults) -> Option<NeverDocument> {
    let fields = table.required::<Vec<Placed<String>>>("fields", faults);
    let consumers = table.required::<Vec<Placed<String>>>("consumers", faults);
    Some(NeverDocument { fields: fields?.value, consumers: consumers?.value })
}

/// One entry of the kill switch as written.
#[derive(Debug, Clone)]
pub struct SuspensionDocument {
    /// What is suspended.
    pub what: Suspended,
    /// Since when and why.
    pub suspension: Suspension,
}

/// What can be suspended.
#[derive(Debug, Clone)]
pub enum Suspended {
    /// An agency.
    Agency(Placed<AgencyId>),
    /// A certificate, by the SHA-256 of the whole certificate.
    Certificate(Placed<Hex>),
    /// An agreement.
    Agreement(Placed<AgreementId>),
    /// A purpose.
    Purpose(Placed<PurposeCode>),
}

/// Reads `suspensions.toml`.
pub fn suspensions(source: &Source, faults: &mut Faults) -> Vec<SuspensionDocument> {
    let read = source.read(faults, |table, faults| Some(tables(table, "suspend", faults, suspension)));
    read.unwrap_or_default()
}

fn suspension(table: &mut Table<'_>, faults: &mut Faults) -> Option<SuspensionDocument> {
    let place = table.place().clone();
    let before = faults.len();
    let named = [
        table.optional("agency", faults).map(Suspended::Agency),
        table.optional("certificate", faults).map(Suspended::Certificate),
        table.optional("agreement", faults).map(Suspended::Agreement),
        table.optional("purpose", faults).map(Suspended::Purpose),
    ];
    let well_read = faults.len() == before;
    let since = table.required::<Date>("since", faults);
    let reason = table.required::<Words>("reason", faults);
    let named: Vec<Suspended> = named.into_iter().flatten().collect();
    let Ok([what]) = <[Suspended; 1]>::try_from(named) else {
        if well_read {
            let message = "a suspension names one of: agency, certificate, agreement, purpose";
            faults
                .push(Fault::new(Code::SuspensionUnclear, message).at(place).label("names none, or several"));
        }
        return None;
    };
    Some(SuspensionDocument { what, suspension: Suspension { since: since?.value, reason: reason?.value.0 } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_counted_in_months() {
        assert_eq!("3 years".parse(), Ok(Term(36)));
        assert_eq!("18 months".parse(), Ok(Term(18)));
        for bad in ["", "3", "0 years", "3 days", "-3 years", "9999999999 years"] {
            assert_eq!(bad.parse::<Term>(), Err(NotATerm), "{bad}");
        }
    }
}
