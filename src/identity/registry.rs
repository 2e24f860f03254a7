//! The agencies we know, as the policies name them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::id::AgencyId;
use crate::language::Text;

/// What an agency may be to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Asks for data.
    Exchange,
    /// Stands behind a platform.
    Provide,
    /// Reads the log.
    Audit,
    /// Runs the gateway.
    Operate,
    /// Cosigns the log.
    Witness,
}

/// A code the agency had before a merger. History keeps it; it authenticates nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerId {
    /// The old code.
    pub id: AgencyId,
    /// The last day on which it was in use.
    pub until: Date,
}

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contacts {
    /// About what may be shared.
    pub business: String,
    /// About connections.
    pub technical: String,
    /// About incidents.
    pub security: String,
}

/// A block of source addresses (RFC 4632).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The block's first address.
    pub address: IpAddr,
    /// How many leading bits are fixed.
    pub prefix: u8,
}

/// By which algorithm a key signs requests, by its name in the HTTP Signature Algorithms Registry (RFC 9421 6.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// `ed25519`.
    Ed25519,
    /// `ecdsa-p256-sha256`: the signature is raw `r || s`.
    EcdsaP256,
    /// `rsa-pss-sha512`, with a key of 2048 bits or more.
    RsaPss,
}

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ed25519, Self::EcdsaP256, Self::RsaPss];

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-p256-sha256",
            Self::RsaPss => "rsa-pss-sha512",
        }
    }
}

/// A key by which an agency signs its requests. Such keys are the registry's, never a message's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// What signatures call it by `keyid`; one of the agency's keys has this name.
    pub id: String,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    /// The public key: a SubjectPublicKeyInfo (DER) that fits the algorithm.
    pub spki: Vec<u8>,
    /// From this moment on.
    pub from: Timestamp,
    /// Up to, not including, this one.
    pub until: Timestamp,
}

impl SigningKey {
    /// Whether what it signs counts at a time.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

/// One agency. Every selector that is given must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Its code.
    pub id: AgencyId,
    /// Its name.
    pub name: Text,
    /// Codes it had before.
    pub formerly: Vec<FormerId>,
    /// What it may be.
    pub roles: BTreeSet<Role>,
    /// The organizationIdentifier its certificates carry, if that is demanded.
    pub organization_identifier: Option<String>,
    /// Public keys its certificates may hold (SHA-256 of the SPKI); empty: any.
    pub spki_pins: Vec<Hash>,
    /// Public key of the CA that must have issued its certificates (SHA-256 of the SPKI); none: any of our anchors.
    pub issuing_ca: Option<Hash>,
    /// Whom to ask.
    pub contacts: Contacts,
    /// Where its calls must come from; empty: anywhere.
    pub networks: Vec<Network>,
    /// The keys by which it signs requests.
    pub signing_keys: Vec<SigningKey>,
}

impl Agency {
    /// The key that signatures call by this name, if it is valid at this time.
    #[must_use]
    pub fn signing_key(&self, id: &str, now: Timestamp) -> Option<&SigningKey> {
        self.signing_keys.iter().find(|key| key.id == id && key.is_valid(now))
    }
}

/// All agencies, by code. No code names two of them, neither today's nor a former one.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    agencies: HashMap<AgencyId, Arc<Agency>>,
    // Invariant: the same agencies, sorted by code.
    sorted: Vec<Arc<Agency>>,
    former: BTreeMap<AgencyId, AgencyId>,
}

/// A code that names two agencies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code {code} names both {first} and {second}")]
pub struct Overlap {
    /// The code.
    pub code: AgencyId,
    /// One of them.
    pub first: AgencyId,
    /// The other.
    pub second: AgencyId,
}

impl Registry {
    /// Registers agencies.
    ///
    /// # Errors
    /// Every code that names two of them.
    pub fn new(agencies: Vec<Arc<Agency>>) -> Result<Self, Vec<Overlap>> {
        let mut owners: BTreeMap<AgencyId, AgencyId> = BTreeMap::new();
        let mut overlaps = Vec::new();
        for agency in &agencies {
            let codes = std::iter::once(&agency.id).chain(agency.formerly.iter().map(|former| &former.id));
            for code in codes {
                if let Some(first) = owners.insert(code.clone(), agency.id.clone()) {
                    overlaps.push(Overlap { code: code.clone(), first, second: agency.id.clone() });
                }
            }
        }
        if !overlaps.is_empty() {
            return Err(overlaps);
        }
        owners.retain(|code, owner| code != owner);
        let mut sorted = agencies;
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let agencies = sorted.iter().map(|agency| (agency.id.clone(), Arc::clone(agency))).collect();
        Ok(Self { agencies, sorted, former: owners })
    }

    /// The agency of a code of today.
    #[must_use]
    pub fn get(&self, id: &AgencyId) -> Option<&Arc<Agency>> {
        self.agencies.get(id)
    }

    /// The agency that had a code before.
    #[must_use]
    pub fn by_former(&self, id: &AgencyId) -> Option<&Arc<Agency>> {
        self.agencies.get(self.former.get(id)?)
    }

    /// All agencies, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agency>> {
        self.sorted.iter()
    }
}
