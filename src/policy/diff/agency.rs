//! Who is recognized, by what, as what, and from where.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::id::AgencyId;
use crate::identity::registry::Agency;
use crate::identity::registry::Network;
use crate::identity::registry::Role;
use crate::identity::registry::SigningKey;
use crate::language::Text;
use crate::policy::policies::Policies;

use super::aspect::Aspect;
use super::change::Change;
use super::change::Effect;
use super::change::Subject;
use super::teller::Teller;
use super::teller::pairs;
use super::teller::same;

/// Every agency that came, went, or is recognized otherwise.
pub(super) fn between(old: &Policies, new: &Policies, changes: &mut Vec<Change>) {
    for (id, pair) in pairs(by_id(old), by_id(new)) {
        let mut teller = Teller::new(Subject::Agency(id.to_string()), changes);
        if let Some((was, is)) = teller.both(pair, weight, |agency| agency.name.clone()) {
            compare(&mut teller, was, is);
        }
    }
}

fn by_id(policies: &Policies) -> impl Iterator<Item = (&AgencyId, &Agency)> {
    policies.agencies().map(|agency| (&agency.id, agency.as_ref()))
}

/// What its coming means: an agency without a role may do nothing.
fn weight(agency: &Agency) -> Effect {
    Effect::of(!agency.roles.is_empty(), false)
}

fn compare(teller: &mut Teller<'_>, old: &Agency, new: &Agency) {
    // Taken apart so that no key is forgotten; `id` is the same.
    let Agency {
        id: _,
        name,
        formerly,
        roles,
        organization_identifier,
        spki_pins,
        issuing_ca,
        contacts,
        networks,
        signing_keys,
    } = old;
    teller.plain(Aspect::NAME, (name, &new.name), Clone::clone);
    let former = |agency: &Agency| -> Vec<String> {
        agency.formerly.iter().map(|former| format!("{} ({})", former.id, former.until)).collect()
    };
    if *formerly != new.formerly {
        teller.listed(Aspect::FORMERLY, (&former(old), &former(new)));
    }
    let named = |roles: &BTreeSet<Role>| -> Vec<&str> { roles.iter().map(|role| role_name(*role)).collect() };
    teller.grants(Aspect::ROLES, (&named(roles), &named(&new.roles)));
    teller.demand(Aspect::ORGANIZATION, (organization_identifier, &new.organization_identifier), same);
    teller.demand(Aspect::ISSUER, (issuing_ca, &new.issuing_ca), fingerprint);
    demanded(teller, Aspect::PINS, (&texts(spki_pins), &texts(&new.spki_pins)));
    teller.grants(Aspect::SIGNING_KEYS, (&keys(signing_keys), &keys(&new.signing_keys)));
    teller.untold(Aspect::CONTACTS, (contacts, &new.contacts));
    self::networks(teller, networks, &new.networks);
}

/// A list of which one must match, and which demands nothing when it is empty.
fn demanded(teller: &mut Teller<'_>, aspect: Aspect, (old, new): (&[String], &[String])) {
    teller.items(aspect, (old, new), |came, went| match (old.is_empty(), new.is_empty()) {
        (true, _) => Effect::Narrower,
        (_, true) => Effect::Wider,
        (false, false) => Effect::of(came, went),
    });
}

/// Networks, by the addresses they hold: one within another adds nothing.
fn networks(teller: &mut Teller<'_>, old: &[Network], new: &[Network]) {
    let texts = |networks: &[Network]| -> Vec<String> {
        networks.iter().map(|network| format!("{}/{}", network.address, network.prefix)).collect()
    };
    let outside = |some: &[Network], all: &[Network]| {
        let free = some.is_empty() && !all.is_empty();
        let held = |network: &Network| all.is_empty() || all.iter().any(|block| holds(block, network));
        free || !some.iter().all(held)
    };
    let effect = Effect::of(outside(new, old), outside(old, new));
    teller.items(Aspect::NETWORKS, (&texts(old), &texts(new)), |_, _| effect);
}

fn holds(block: &Network, inner: &Network) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32_u8),
        IpAddr::V6(address) => (address.to_bits(), 128_u8),
    };
    let ((block_bits, width), (inner_bits, inner_width)) = (bits(block.address), bits(inner.address));
    let head = |bits: u128| bits.checked_shr(u32::from(width.saturating_sub(block.prefix))).unwrap_or(0);
    width == inner_width && block.prefix <= inner.prefix && head(block_bits) == head(inner_bits)
}

fn texts(pins: &[Hash]) -> Vec<String> {
    pins.iter().map(|pin| hex(pin)).collect()
}

fn keys(keys: &[SigningKey]) -> Vec<String> {
    let key = |key: &SigningKey| {
        let SigningKey { id, algorithm, spki, from, until } = key;
        let (algorithm, hash) = (algorithm.as_str(), hex(&sha256(spki)));
        format!("{id} ({algorithm}, {from} – {until}, {hash})")
    };
    keys.iter().map(key).collect()
}

fn fingerprint(hash: &Hash) -> Text {
    same(&hex(hash))
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Exchange => "exchange",
        Role::Provide => "provide",
        Role::Audit => "audit",
        Role::Operate => "operate",
        Role::Witness => "witness",
    }
}
