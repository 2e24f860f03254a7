//! What a reload changes, in words.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::settings::Settings;
use crate::config::settings::SocketSettings;
use crate::language::Text;
use crate::policy::Policies;
use crate::policy::diff;

/// Changes that are told one by one: about as many as an entry has room for.
const TOLD_MAX: usize = 20;

/// What another policy set changes: what is given and taken, or, where that is nothing, which files are written otherwise.
pub(super) fn of_policies(old: &Policies, new: &Policies) -> Text {
    let told = diff::in_words(&diff::between(old, new), TOLD_MAX);
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

/// The keys of the configuration that differ: those that a reload takes, and those that wait for the next start.
pub(super) fn of_settings(old: &Settings, new: &Settings) -> (Vec<&'static str>, Vec<&'static str>) {
    let (caps, refusals) = (&old.caps, old.caps.refusals_per_minute == new.caps.refusals_per_minute);
    let same_caps = refusals
        && (caps.agency, caps.service, caps.gateway) == (new.caps.agency, new.caps.service, new.caps.gateway);
    let now = [
        ("contact", old.contact == new.contact),
        ("policies", old.policies == new.policies),
        ("platform_anchors", old.platform_anchors == new.platform_anchors),
        ("limits", same_caps),
        ("exchange", reloadable(old) == reloadable(new)),
        ("desk", old.desk.as_ref().zip(new.desk.as_ref()).is_none_or(|(old, new)| old.names == new.names)),
    ];
    let later = [
        ("operator", old.operator == new.operator),
        ("keys", old.keys == new.keys),
        ("log", old.log == new.log),
        ("index", old.index == new.index),
        ("answers", old.answers == new.answers),
        ("metrics", old.metrics == new.metrics),
        ("witnesses", old.witnesses == new.witnesses),
        ("anchor", old.anchor == new.anchor),
        ("limits.shared", old.shared == new.shared),
        ("signers", old.signers == new.signers),
        ("require_signed_agreements", old.require_signed_agreements == new.require_signed_agreements),
        ("exchange", is_fixed(&old.exchange.socket, &new.exchange.socket)),
        ("desk", is_desk_fixed(old, new)),
    ];
    (differing(&now), differing(&later))
}

fn differing(all: &[(&'static str, bool)]) -> Vec<&'static str> {
    all.iter().filter(|(_, same)| !same).map(|(key, _)| *key).collect()
}

/// What a reload takes of the exchange's socket. The files have words of their own.
fn reloadable(settings: &Settings) -> (&[String], Duration) {
    (&settings.exchange.socket.names, settings.exchange.body_timeout)
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

fn is_desk_fixed(old: &Settings, new: &Settings) -> bool {
    match (&old.desk, &new.desk) {
        (Some(old), Some(new)) => is_fixed(old, new),
        (old, new) => old.is_some() == new.is_some(),
    }
}
