//! What a reload changes, in words.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::settings::ExchangeSettings;
use crate::config::settings::Settings;
use crate::config::settings::SocketSettings;
use crate::language::Text;
use crate::policy::Policies;
use crate::policy::diff;

/// Changes that are told one by one: about as many as an entry has room for.
const TOLD_MAX: usize = 20;

/// What another policy set changes: what is given and taken, or, where that is nothing, which files are written otherwise.
pub(super) fn of_policies(old: &Policies, new: &Policies) -> Text {
    told(&diff::between(old, new), old, new)
}

/// The same where the kill switch alone is another.
pub(super) fn of_switch(old: &Policies, new: &Policies) -> Text {
    told(&diff::between_switches(old, new), old, new)
}

/// Which agreements answer by other signatures than before: those whose parties are no longer believed to have signed, and those who now are.
pub(super) fn of_signing(old: &Policies, new: &Policies) -> Option<Text> {
    let (mut vi, mut en) = (Vec::new(), Vec::new());
    for id in new.agreements().iter().map(|agreement| &agreement.id) {
        match (old.unsigned(id), new.unsigned(id)) {
            (None, Some(why)) => {
                let why = why.text();
                vi.push(format!("thỏa thuận {id} chưa đủ chữ ký: {}", why.vi));
                en.push(format!("agreement {id} is not signed: {}", why.en));
            }
            (Some(_), None) => {
                vi.push(format!("thỏa thuận {id} đã đủ chữ ký"));
                en.push(format!("agreement {id} is signed now"));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
    vi.truncate(TOLD_MAX);
    en.truncate(TOLD_MAX);
    (!vi.is_empty()).then(|| Text::new(vi.join("\n"), en.join("\n")))
}

fn told(changes: &[diff::Change], old: &Policies, new: &Policies) -> Text {
    let told = diff::in_words(changes, TOLD_MAX);
    if told.is_empty() {
        return of_files(old, new);
    }
    let (vi, en): (Vec<_>, Vec<_>) = told.into_iter().map(|text| (text.vi, text.en)).unzip();
    Text::new(vi.join("\n"), en.join("\n"))
}

fn of_files(old: &Policies, new: &Policies) -> Text {
    let (old, new) = (by_name(old), by_name(new));
    let added: Vec<_> = new.keys().filter(|name| !old.contains_key(*name)).copied().collect();
    let removed: Vec<_> = old.keys().filter(|name| !new.contains_key(*name)).copied().collect();
    let changed = new.iter().filter(|(name, bytes)| old.get(*name).is_some_and(|before| before != *bytes));
    let changed: Vec<_> = changed.map(|(name, _)| *name).collect();
    let (mut vi, mut en) = (Vec::new(), Vec::new());
    for (in_vi, in_en, names) in
        [("thêm", "added", added), ("sửa", "changed", changed), ("bỏ", "removed", removed)]
    {
        for name in names {
            vi.push(format!("{in_vi} {name}"));
            en.push(format!("{in_en} {name}"));
        }
    }
    Text::new(vi.join("\n"), en.join("\n"))
}

fn by_name(policies: &Policies) -> BTreeMap<&str, &[u8]> {
    policies.files().iter().map(|(name, bytes)| (name.as_str(), &**bytes)).collect()
}

/// The keys of the configuration that differ: those that a reload takes, and those that wait for the next start. Taken apart to the last
/// member: a key that is added does not compile until it stands in one of the two.
pub(super) fn of_settings(old: &Settings, new: &Settings) -> (Vec<&'static str>, Vec<&'static str>) {
    let Settings {
        // The file's own hash says nothing of what differs in it, and the files in `certs` have words of their own.
        file: _,
        certs: _,
        contact,
        policies,
        platform_anchors,
        caps,
        exchange,
        desk,
        operator,
        keys,
        log,
        index,
        answers,
        metrics,
        witnesses,
        anchor,
        shared,
        signers,
        require_signed_agreements,
    } = old;
    let desks = desk.as_ref().zip(new.desk.as_ref());
    let now = [
        ("contact", *contact == new.contact),
        ("policies", *policies == new.policies),
        ("platform_anchors", *platform_anchors == new.platform_anchors),
        ("limits", *caps == new.caps),
        ("signers", *signers == new.signers),
        ("exchange", reloadable(exchange) == reloadable(&new.exchange)),
        ("desk", desks.is_none_or(|(old, new)| old.names == new.names)),
    ];
    let later = [
        ("operator", *operator == new.operator),
        ("keys", *keys == new.keys),
        ("log", *log == new.log),
        ("index", *index == new.index),
        ("answers", *answers == new.answers),
        ("metrics", *metrics == new.metrics),
        ("witness", *witnesses == new.witnesses),
        ("anchor", *anchor == new.anchor),
        ("limits.shared", *shared == new.shared),
        ("require_signed_agreements", *require_signed_agreements == new.require_signed_agreements),
        ("exchange", is_fixed(&exchange.socket, &new.exchange.socket)),
        ("desk", desks.map_or(desk.is_some() == new.desk.is_some(), |(old, new)| is_fixed(old, new))),
    ];
    (differing(&now), differing(&later))
}

fn differing(all: &[(&'static str, bool)]) -> Vec<&'static str> {
    all.iter().filter(|(_, same)| !same).map(|(key, _)| *key).collect()
}

/// What a reload takes of the exchange's socket. The files have words of their own.
fn reloadable(exchange: &ExchangeSettings) -> (&[String], Duration) {
    (&exchange.socket.names, exchange.body_timeout)
}

/// Whether all is the same that is bound or counted from the start.
fn is_fixed(old: &SocketSettings, new: &SocketSettings) -> bool {
    let reloaded = SocketSettings {
        names: old.names.clone(),
        certificate: old.certificate.clone(),
        key: old.key.clone(),
        anchors: old.anchors.clone(),
        crls: old.crls.clone(),
        ..new.clone()
    };
    reloaded == *old
}
