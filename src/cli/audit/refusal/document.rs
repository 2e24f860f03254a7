//! What a written refusal says, before it is a page. All texts are as they came: the page escapes them.

use serde_json::Value;
use serde_json::json;

use super::advice;
use crate::cli::policy::past::Exchange;
use crate::clock::Timestamp;
use crate::clock::rfc3339_millis;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::gateway::titles::title;
use crate::id::AgencyId;
use crate::language::Text;
use crate::policy::Policies;
use crate::policy::replay::refusal;

/// A written refusal.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    /// Its number; none: left to be filled in.
    pub(super) number: Option<String>,
    /// Where it is issued.
    pub(super) city: Option<String>,
    /// The day it is issued.
    pub(super) today: Timestamp,
    /// Who issues it: who provides the data, else who operates the gateway.
    pub(super) issuer: Text,
    /// Who operates the gateway.
    pub(super) operator: Text,
    /// To whom.
    pub(super) agency: Text,
    /// Its code.
    pub(super) code: String,
    /// Of which service and operation, if that may be said.
    pub(super) asked: Option<Text>,
    /// For what, if a purpose of the catalogue was stated.
    pub(super) purpose: Option<Text>,
    /// When it was refused.
    pub(super) at: Option<Timestamp>,
    /// Why.
    pub(super) reason: String,
    /// Why, in words.
    pub(super) words: Text,
    /// By which agreement: number, version, clause.
    pub(super) agreement: Option<(String, Option<u64>, Option<u64>)>,
    /// On which legal ground.
    pub(super) grounds: Vec<String>,
    /// Whether and when to try again.
    pub(super) again: Text,
    /// Whom to ask.
    pub(super) contact: Option<String>,
    /// The exchange.
    pub(super) exchange: String,
    /// The log.
    pub(super) origin: String,
    /// The entry.
    pub(super) index: u64,
    /// Its leaf hash.
    pub(super) leaf: Hash,
}

impl Document {
    /// What the record of a refusal tells, in the words of a policy set where there is one.
    pub(super) fn of(exchange: &Exchange, policies: Option<&Policies>) -> Self {
        let seen = &exchange.seen;
        let code = seen.text("agency").unwrap_or_default().to_owned();
        let reason = seen.text("reason").unwrap_or_default().to_owned();
        let past = exchange.past();
        let refused = past.as_ref().zip(policies).and_then(|(past, policies)| refusal(past, policies));
        let agreement = seen.agreement().map(str::to_owned);
        let held = agreement.as_deref().zip(policies).and_then(|(id, policies)| {
            policies.agreements().iter().find(|agreement| agreement.id.as_str() == id)
        });
        let operator = policies.and_then(Policies::operator).map(|agency| agency.name.clone());
        let operator =
            operator.unwrap_or_else(|| Text::new("Đơn vị vận hành cổng", "The gateway's operator"));
        let provider = held.and_then(|agreement| policies?.agency(&agreement.provider));
        let contact = refused.as_ref().and_then(|refused| refused.contact().map(str::to_owned));
        let version = seen.leaf.get("agreement").and_then(|agreement| agreement.get("version")?.as_u64());
        Self {
            issuer: provider.map_or_else(|| operator.clone(), |agency| agency.name.clone()),
            agency: named(&code, policies),
            asked: asked(exchange, policies),
            purpose: seen.text("purpose").map(|code| purpose(code, policies)),
            at: seen.at(),
            words: refused.as_ref().map_or_else(|| title(&reason), crate::policy::Refusal::text),
            again: advice::of(&reason, refused.as_ref().and_then(crate::policy::Refusal::retry_at)),
            contact: contact.or_else(|| held.map(|agreement| agreement.contacts.business.clone())),
            agreement: agreement.map(|id| (id, version, seen.clause())),
            grounds: grounds(&seen.leaf),
            exchange: seen.text("exchange").unwrap_or_default().to_owned(),
            index: seen.index,
            operator,
            code,
            reason,
            ..Self::default()
        }
    }

    /// What a machine needs to find the entry again and to hold it against the log.
    pub(super) fn to_verify(&self) -> String {
        let (exchange, origin, index, leaf) = (&self.exchange, &self.origin, self.index, hex(&self.leaf));
        format!("phohien-refusal/1\nexchange {exchange}\norigin {origin}\nindex {index}\nleaf {leaf}\n")
    }

    pub(super) fn json(&self) -> Value {
        let both = |text: &Text| json!({ "vi": text.vi, "en": text.en });
        json!({
            "number": self.number, "city": self.city, "issuer": both(&self.issuer), "operator": both(&self.operator),
            "agency": { "id": self.code, "name": both(&self.agency) },
            "asked": self.asked.as_ref().map(both), "purpose": self.purpose.as_ref().map(both),
            "at": self.at.map(rfc3339_millis), "reason": self.reason, "text": both(&self.words),
            "agreement": self.agreement.as_ref().map(|(id, version, clause)| {
                json!({ "id": id, "version": version, "clause": clause })
            }),
            "legal_basis": self.grounds, "again": both(&self.again), "contact": self.contact,
            "exchange": self.exchange, "origin": self.origin, "index": self.index, "leaf": hex(&self.leaf),
        })
    }
}

fn named(code: &str, policies: Option<&Policies>) -> Text {
    let id: Option<AgencyId> = code.parse().ok();
    let found = policies.zip(id).and_then(|(policies, id)| {
        policies.agency(&id).or_else(|| policies.successor(&id)).map(|agency| agency.name.clone())
    });
    found.unwrap_or_else(|| Text::new(code, code))
}

fn purpose(code: &str, policies: Option<&Policies>) -> Text {
    let found = policies
        .and_then(|policies| policies.purposes().values().find(|purpose| purpose.code.as_str() == code));
    let name = found.map_or_else(Text::default, |purpose| purpose.name.clone());
    Text::new(format!("{} ({code})", name.vi).trim_start(), format!("{} ({code})", name.en).trim_start())
}

fn asked(exchange: &Exchange, policies: Option<&Policies>) -> Option<Text> {
    let service = exchange.seen.text("service")?;
    let operation = exchange.seen.text("operation").unwrap_or_default();
    let found = policies.and_then(|policies| policies.service(service));
    let name = found.map_or_else(Text::default, |service| service.name.clone());
    let (vi, en) =
        (format!("{} ({service}), {operation}", name.vi), format!("{} ({service}), {operation}", name.en));
    Some(Text::new(vi.trim_start(), en.trim_start()))
}

fn grounds(leaf: &Value) -> Vec<String> {
    let grounds = leaf.get("legal_basis").and_then(Value::as_array);
    grounds.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
