//! Telling one salt: a party that holds the data can then show that a leaf committed to it, and nobody else can guess anything.

use serde::Serialize;
use serde_json::Value;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::ExchangeId;
use crate::tlog::merkle::leaf_hash;
use crate::tlog::reader::ReadError;

use super::commitment::Label;
use super::commitment::commit;
use super::evidence::reading::Found;
use super::evidence::reading::Lookup;
use super::evidence::reading::Reading;
use super::months::MonthKeyError;
use super::months::MonthKeys;

/// One salt, told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disclosure {
    /// The entry that commits.
    pub index: u64,
    /// Its leaf hash.
    #[serde(skip)]
    pub leaf: Hash,
    /// Which of its commitments.
    pub label: &'static str,
    /// The commitment in the leaf, hexadecimal.
    pub commitment: String,
    /// The salt, hexadecimal.
    #[serde(serialize_with = "as_hex")]
    pub salt: Hash,
}

fn as_hex<S: serde::Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(hash))
}

/// Why a salt is not told.
#[derive(Debug, thiserror::Error)]
pub enum NotDisclosed {
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// There is no such exchange.
    #[error("the log has no exchange {0}")]
    NotFound(ExchangeId),
    /// No entry of it commits to that.
    #[error("no entry of the exchange commits to `{0}`")]
    NotCommitted(&'static str),
    /// The month's key is gone.
    #[error("the key of the exchange's month is gone: its salts can no longer be told")]
    Forgotten,
    /// The month's key cannot be read.
    #[error(transparent)]
    Key(#[from] MonthKeyError),
    /// With this salt the withheld fields could be guessed: it is the provider's alone.
    #[error("the salt of `reply` is for the provider alone, which has to be named")]
    ProviderAlone,
    /// Another agency provides the service.
    #[error("another agency than {named} provided the service of the exchange")]
    OtherProvider {
        /// The one that was named.
        named: AgencyId,
    },
}

/// The salts under one label of an exchange, for each of its entries that commits under it. `provider` is who asks for `reply`.
///
/// # Errors
/// See [`NotDisclosed`].
pub fn disclose(
    lookup: Lookup<'_>,
    months: &MonthKeys,
    id: ExchangeId,
    label: Label,
    provider: Option<&AgencyId>,
) -> Result<Vec<Disclosure>, NotDisclosed> {
    let reading = Reading::of(lookup, &[id].into(), u64::MAX)?;
    if reading.entries.is_empty() {
        return Err(NotDisclosed::NotFound(id));
    }
    let mut told = Vec::new();
    for entry in &reading.entries {
        let provided = reading.provider(lookup.log, &entry.json());
        demand_provider(label, provider, provided.as_deref())?;
        told.extend(of_entry(months, id, entry, label)?);
    }
    if told.is_empty() { Err(NotDisclosed::NotCommitted(label.as_str())) } else { Ok(told) }
}

/// The platform's bytes hold what was withheld from the caller.
pub(super) fn demand_provider(
    label: Label,
    named: Option<&AgencyId>,
    provided: Option<&str>,
) -> Result<(), NotDisclosed> {
    match (label, named) {
        (Label::Reply, None) => Err(NotDisclosed::ProviderAlone),
        (Label::Reply, Some(named)) if provided.is_some_and(|provider| provider != named.as_str()) => {
            Err(NotDisclosed::OtherProvider { named: named.clone() })
        }
        _ => Ok(()),
    }
}

/// The salt of one entry's commitment; none where it has none under that label.
pub(super) fn of_entry(
    months: &MonthKeys,
    id: ExchangeId,
    found: &Found,
    label: Label,
) -> Result<Option<Disclosure>, NotDisclosed> {
    let json = found.json();
    let Some(commitment) = committed(&json, label) else { return Ok(None) };
    let key = months.kept(id)?.ok_or(NotDisclosed::Forgotten)?;
    let (leaf, salt) = (leaf_hash(&found.entry.leaf), key.salt(id, label));
    let (index, label) = (found.index, label.as_str());
    Ok(Some(Disclosure { index, leaf, label, commitment: commitment.to_owned(), salt }))
}

/// What a leaf commits to under a label, hexadecimal.
pub(super) fn committed(leaf: &Value, label: Label) -> Option<&str> {
    leaf.get("commitments")?.get(label.as_str())?.as_str()
}

impl Disclosure {
    /// Whether these are the bytes that the leaf committed to.
    #[must_use]
    pub fn is_of(&self, label: Label, data: &[u8]) -> bool {
        hex(&commit(label, &self.salt, data)) == self.commitment
    }
}
