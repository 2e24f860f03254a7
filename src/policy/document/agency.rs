//! `agencies/<id>.toml`.

use std::net::IpAddr;
use std::str::FromStr;

use jiff::civil::Date;

use super::signing_key::{self, SigningKeyDocument};
use super::{Hex, contacts, tables};
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::{Placed, Source};
use crate::diagnostic::table::Table;
use crate::diagnostic::value::{FromValue, Value, Words};
use crate::id::AgencyId;
use crate::identity::registry::{Contacts, Network, Role};
use crate::language::Text;

/// An agency as written.
#[derive(Debug, Clone)]
pub struct AgencyDocument {
    /// Its code.
    pub id: Placed<AgencyId>,
    /// Its name.
    pub name: Text,
    /// Codes it had before, and until when.
    pub formerly: Vec<(Placed<AgencyId>, Date)>,
    /// What it may be.
    pub roles: Vec<Placed<Role>>,
    /// What its certificates must show besides its name.
    pub certificate: Selectors,
    /// Whom to ask.
    pub contacts: Contacts,
    /// Where its calls come from.
    pub networks: Vec<Placed<Network>>,
    /// The keys by which it signs requests.
    pub signing_keys: Vec<SigningKeyDocument>,
}

/// What an agency's certificates must show besides the SAN URI `urn:agency:<id>`, which is always demanded.
#[derive(Debug, Clone, Default)]
pub struct Selectors {
    /// The subject's organizationIdentifier.
    pub organization_identifier: Option<Placed<String>>,
    /// The SPKI of the CA that issues them.
    pub issuing_ca: Option<Placed<Hex>>,
    /// The SPKIs they may hold.
    pub spki_pins: Vec<Placed<Hex>>,
}

/// Reads an agency's file.
pub fn read(source: &Source, faults: &mut Faults) -> Option<AgencyDocument> {
    source.read(faults, |table, faults| {
        let id = table.required("id", faults);
        let name = table.required::<Text>("name", faults);
        let formerly = tables(table, "formerly", faults, former);
        let roles = table.required::<Vec<Placed<Role>>>("roles", faults);
        let certificate = selectors(table, faults);
        let contacts = contacts(table, faults);
        let networks = table.list("networks", faults);
        let signing_keys = tables(table, "signing_keys", faults, signing_key::read);
        Some(AgencyDocument {
            id: id?,
            name: name?.value,
            formerly,
            roles: roles?.value,
            certificate,
            contacts: contacts?,
            networks,
            signing_keys,
        })
    })
}

fn former(table: &mut Table<'_>, faults: &mut Faults) -> Option<(Placed<AgencyId>, Date)> {
    let id = table.required("id", faults);
    let until = table.required::<Date>("until", faults);
    Some((id?, until?.value))
}

fn selectors(table: &mut Table<'_>, faults: &mut Faults) -> Selectors {
    let value = table.take("certificate");
    let read = value.and_then(|value| {
        value.table(faults, |table, faults| {
            let organization = table.optional::<Words>("organization_identifier", faults);
            Some(Selectors {
                organization_identifier: organization.map(|placed| placed.map(|words| words.0)),
                issuing_ca: table.optional_parsed("issuing_ca", faults),
                spki_pins: table.list("spki_pins", faults),
            })
        })
    });
    read.unwrap_or_default()
}

impl<'a> FromValue<'a> for Hex {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.parse(faults).map(|placed| placed.value)
    }
}

impl<'a> FromValue<'a> for Role {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        let words = [
            ("exchange", Self::Exchange),
            ("provide", Self::Provide),
            ("audit", Self::Audit),
            ("operate", Self::Operate),
            ("witness", Self::Witness),
        ];
        value.one_of(&words, faults)
    }
}

impl<'a> FromValue<'a> for Network {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.parse::<Block>(faults).map(|placed| placed.value.0)
    }
}

/// A network as written, such as `10.31.0.0/16`.
struct Block(Network);

/// A text is not a network.
#[derive(Debug, thiserror::Error)]
#[error(
    "a network is an address, a slash and how many leading bits are fixed, the others being zero, such as `10.31.0.0/16`"
)]
struct NotANetwork;

impl FromStr for Block {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').ok_or(NotANetwork)?;
        let plain =
            !prefix.is_empty() && prefix.len() <= 3 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().ok().filter(|_| plain).ok_or(NotANetwork)?;
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let free_bits_are_zero = match address {
            IpAddr::V4(address) => free_bits(u128::from(address.to_bits()), 32, prefix),
            IpAddr::V6(address) => free_bits(address.to_bits(), 128, prefix),
        };
        if free_bits_are_zero { Ok(Self(Network { address, prefix })) } else { Err(NotANetwork) }
    }
}

fn free_bits(bits: u128, width: u8, prefix: u8) -> bool {
    let Some(free) = width.checked_sub(prefix) else { return false };
    let mask = 1u128.checked_shl(u32::from(free)).map_or(u128::MAX, |power| power - 1);
    bits & mask == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_no_stray_bits() {
        for good in ["10.31.0.0/16", "0.0.0.0/0", "10.1.2.3/32", "::/0", "fd00::/8"] {
            assert!(good.parse::<Block>().is_ok(), "{good}");
        }
        for bad in
            ["10.31.0.1/16", "10.31.0.0", "10.31.0.0/33", "10.31.0.0/+8", "fd00::/129", "10.1/16", "a/8"]
        {
            assert!(bad.parse::<Block>().is_err(), "{bad}");
        }
    }
}
