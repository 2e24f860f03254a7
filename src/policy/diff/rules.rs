//! Purposes, guardrails and the kill switch.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Placed;
use crate::diagnostic::source::Source;
use crate::language::Text;
use crate::policy::calendar::shown;
use crate::policy::document::rules::GuardrailsDocument;
use crate::policy::document::rules::NeverDocument;
use crate::policy::document::rules::guardrails as read;
use crate::policy::model::Purpose;
use crate::policy::model::Suspension;
use crate::policy::model::Suspensions;
use crate::policy::policies::Policies;

use super::agreement::day;
use super::aspect::Aspect;
use super::change::Change;
use super::change::Effect;
use super::change::Subject;
use super::limits::number;
use super::teller::Teller;
use super::teller::pairs;
use super::teller::yes_or_no;

pub(super) fn between(old: &Policies, new: &Policies, changes: &mut Vec<Change>) {
    purposes(old, new, changes);
    guardrails(written(old), written(new), changes);
    suspensions(old, new, changes);
}

/// What is suspended, and what no longer is.
pub(super) fn suspensions(old: &Policies, new: &Policies, changes: &mut Vec<Change>) {
    let Suspensions { agencies, certificates, agreements, purposes } = old.suspensions();
    let after = new.suspensions();
    suspended("agency", agencies, &after.agencies, changes);
    suspended("agreement", agreements, &after.agreements, changes);
    suspended("purpose", purposes, &after.purposes, changes);
    let named = |map: &BTreeMap<Hash, Suspension>| -> BTreeMap<String, Suspension> {
        map.iter().map(|(hash, suspension)| (hex(hash), suspension.clone())).collect()
    };
    suspended("certificate", &named(certificates), &named(&after.certificates), changes);
}

/// A purpose alone opens nothing: agreements do.
fn purposes(old: &Policies, new: &Policies, changes: &mut Vec<Change>) {
    for (code, pair) in pairs(old.purposes().iter(), new.purposes().iter()) {
        let mut teller = Teller::new(Subject::Purpose(code.to_string()), changes);
        if let Some((was, is)) = teller.both(pair, |_| Effect::Neither, |purpose| purpose.name.clone()) {
            let Purpose { code: _, name, legal_basis } = was;
            teller.plain(Aspect::NAME, (name, &is.name), Clone::clone);
            teller.listed(Aspect::LEGAL_BASIS, (legal_basis, &is.legal_basis));
        }
    }
}

/// The guardrails as their file says them: a compiled set no longer needs them.
fn written(policies: &Policies) -> GuardrailsDocument {
    const FILE: &str = "guardrails.toml";
    let file = policies.files().iter().find(|(name, _)| name == FILE);
    let text = file.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    // It was read without a fault when the set was compiled.
    read(&Source::new(FILE, text), &mut Faults::new())
}

/// Guardrails grant nothing; looser ones let agreements load that grant more.
fn guardrails(old: GuardrailsDocument, new: GuardrailsDocument, changes: &mut Vec<Change>) {
    let GuardrailsDocument { max_term, max_daily, no_sensitive_without_basis, never } = old;
    let mut teller = Teller::new(Subject::Guardrails, changes);
    let [was, is] = [max_term, new.max_term].map(|max| max.map(|term| term.value.0));
    teller.bound(Aspect::MAX_TERM, (&was, &is), |months| {
        Text::new(format!("{months} tháng"), format!("{months} months"))
    });
    let [was, is] = [max_daily, new.max_daily].map(|max| max.map(|max| max.value));
    teller.bound(Aspect::MAX_DAILY, (&was, &is), number);
    let basis = (&no_sensitive_without_basis, &new.no_sensitive_without_basis);
    teller.judged(Aspect::NEEDS_BASIS, basis, yes_or_no, |old, _| Effect::of(*old, !*old));
    teller.bars(Aspect::NEVER, (&barred(&never), &barred(&new.never)));
}

/// Each field that is barred, with the agency from which.
fn barred(never: &[NeverDocument]) -> Vec<String> {
    let mut barred = Vec::new();
    for NeverDocument { fields, consumers } in never {
        for field in fields {
            let from = |consumer: &Placed<String>| format!("{} ({})", field.value, consumer.value);
            barred.extend(consumers.iter().map(from));
        }
    }
    barred
}

fn suspended<K: Ord + Display>(
    kind: &'static str,
    old: &BTreeMap<K, Suspension>,
    new: &BTreeMap<K, Suspension>,
    changes: &mut Vec<Change>,
) {
    for (id, pair) in pairs(old.iter(), new.iter()) {
        let mut teller = Teller::new(Subject::Suspension(kind, id.to_string()), changes);
        if let Some((was, is)) = teller.both(pair, |_| Effect::Narrower, began) {
            let Suspension { since, reason } = was;
            teller.plain(Aspect::SINCE, (since, &is.since), day);
            teller.untold(Aspect::REASON, (reason, &is.reason));
        }
    }
}

fn began(suspension: &Suspension) -> Text {
    let day = shown(suspension.since);
    Text::new(format!("từ {day}"), format!("since {day}"))
}
