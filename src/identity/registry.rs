//! The agencies we know, as the policies name them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::civil::Date;

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
}
