//! What an agreement demands, aspect by aspect.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::AgreementId;
use crate::language::Text;
use crate::policy::calendar::shown;
use crate::policy::model::Agreement;
use crate::policy::model::Kind;
use crate::policy::model::Status;
use crate::policy::policies::Policies;
use crate::policy::signed::parties;
use crate::policy::signed::signature_name;

use super::access::stands;
use super::aspect::Aspect;
use super::change::Change;
use super::change::Effect;
use super::change::Subject;
use super::clause;
use super::limits;
use super::teller::Teller;
use super::teller::pairs;
use super::teller::same;
use super::teller::yes_or_no;

/// Every agreement that came, went or demands something else.
pub(super) fn between(old: &Policies, new: &Policies, changes: &mut Vec<Change>) {
    for (id, pair) in pairs(by_id(old), by_id(new)) {
        let mut teller = Teller::new(Subject::Agreement(id.clone()), changes);
        // One that answers nobody widens nothing. Only one of the sets has it where this is asked.
        let policies = if pair.0.is_some() { old } else { new };
        let weight = |agreement: &Agreement| Effect::of(stands(agreement, policies), false);
        if let Some((was, is)) = teller.both(pair, weight, summary) {
            compare(&mut teller, was, is);
            signatures(&mut teller, (was, old), (is, new));
            clause::between((was, old), (is, new), changes);
        }
    }
}

/// Who has signed, and whether that puts it into force or out of it.
fn signatures(
    teller: &mut Teller<'_>,
    (old, before): (&Agreement, &Policies),
    (new, after): (&Agreement, &Policies),
) {
    let signed = |agreement: &Agreement, policies: &Policies| -> Vec<String> {
        let there = |agency: &&AgencyId| policies.file(&signature_name(&agreement.id, agency)).is_some();
        parties(agreement).filter(there).map(ToString::to_string).collect()
    };
    teller.listed(Aspect::SIGNATURES, (&signed(old, before), &signed(new, after)));
    let [was, is] = [before, after].map(|policies| policies.unsigned(&old.id).is_some());
    teller.judged(Aspect::UNSIGNED, (&was, &is), yes_or_no, |was, _| Effect::of(*was, !*was));
}

fn by_id(policies: &Policies) -> impl Iterator<Item = (&AgreementId, &Agreement)> {
    policies.agreements().iter().map(|agreement| (&agreement.id, agreement.as_ref()))
}

fn compare(teller: &mut Teller<'_>, old: &Agreement, new: &Agreement) {
    // Taken apart so that no key is forgotten: `id` is the same; clauses, limits and hours have their own.
    let Agreement {
        id: _,
        version,
        status,
        kind,
        provider,
        consumers,
        service,
        purposes,
        legal_basis,
        from,
        until,
        security_confirmed,
        zone,
        permits: _,
        limits: _,
        hours: _,
        contacts,
        signed_requests,
        relies_on,
    } = old;
    teller.plain(Aspect::VERSION, (version, &new.version), same);
    teller.judged(Aspect::STATUS, (status, &new.status), status_words, |old, new| {
        let active = |status: &Status| *status == Status::Active;
        Effect::of(active(new), active(old))
    });
    teller.plain(Aspect::KIND, (kind, &new.kind), kind_words);
    teller.plain(Aspect::PROVIDER, (provider, &new.provider), same);
    teller.grants(Aspect::CONSUMERS, (consumers, &new.consumers));
    teller.judged(Aspect::SERVICE, (service, &new.service), same, |_, _| Effect::Both);
    teller.grants(Aspect::PURPOSES, (purposes, &new.purposes));
    teller.listed(Aspect::LEGAL_BASIS, (legal_basis, &new.legal_basis));
    teller.judged(Aspect::FROM, (from, &new.from), day, |old, new| Effect::of(new < old, new > old));
    teller.judged(Aspect::UNTIL, (until, &new.until), day, |old, new| Effect::of(new > old, new < old));
    teller.bound(Aspect::CONFIRMED, (security_confirmed, &new.security_confirmed), day);
    teller.judged(Aspect::ZONE, (zone, &new.zone), zone_words, |_, _| Effect::Both);
    teller.untold(Aspect::CONTACTS, (contacts, &new.contacts));
    teller.judged(Aspect::SIGNED, (signed_requests, &new.signed_requests), yes_or_no, |old, _| {
        Effect::of(*old, !*old)
    });
    let files = |agreement: &Agreement| -> Vec<String> {
        agreement.relies_on.iter().map(|(file, hash)| format!("{file} {}", hex(hash))).collect()
    };
    if *relies_on != new.relies_on {
        teller.listed(Aspect::RELIES_ON, (&files(old), &files(new)));
    }
    limits::hours(teller, &old.hours, &new.hours);
    limits::between(teller, &old.limits, &new.limits);
}

/// An agreement in one line, as it comes or goes.
fn summary(agreement: &Agreement) -> Text {
    let list = |items: &mut dyn Iterator<Item = String>| items.take(4).collect::<Vec<_>>().join(", ");
    let consumers = list(&mut agreement.consumers.iter().map(ToString::to_string));
    let purposes = list(&mut agreement.purposes.iter().map(ToString::to_string));
    let (service, status) = (&agreement.service, status_words(&agreement.status));
    let (from, until) = (shown(agreement.from), shown(agreement.until));
    Text::new(
        format!("{service} cho {consumers}, mục đích {purposes}, {from} đến {until}, {}", status.vi),
        format!("{service} for {consumers}, for {purposes}, {from} to {until}, {}", status.en),
    )
}

/// The reason is not repeated: it may name a person.
fn status_words(status: &Status) -> Text {
    match status {
        Status::Active => Text::new("có hiệu lực", "active"),
        Status::Suspended { since, .. } => {
            let since = shown(*since);
            Text::new(format!("tạm dừng từ {since}"), format!("suspended since {since}"))
        }
        Status::Ended { since, .. } => {
            let since = shown(*since);
            Text::new(format!("kết thúc từ {since}"), format!("ended on {since}"))
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the teller hands references")]
fn kind_words(kind: &Kind) -> Text {
    match kind {
        Kind::Automatic => Text::new("tự động", "automatic"),
        Kind::OnRequest => Text::new("theo yêu cầu", "on request"),
        Kind::Special => Text::new("đặc thù", "special"),
    }
}

fn zone_words(zone: &TimeZone) -> Text {
    same(zone.iana_name().unwrap_or("?"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the teller hands references")]
pub(super) fn day(day: &Date) -> Text {
    same(&shown(*day))
}
