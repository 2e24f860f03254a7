//! Policy files as written: every key, with its place, before anything is compared with anything else.
//!
//! | file | read by |
//! |---|---|
//! | `agencies/<id>.toml` | [`agency::read`] |
//! | `services/<id>.toml` | [`service::read`] |
//! | `agreements/<id>.toml` | [`agreement::read`] |
//! | `purposes.toml`, `guardrails.toml`, `suspensions.toml` | [`rules`] |

pub mod agency;
pub mod agreement;
pub mod rules;
pub mod service;
pub mod signing_key;

use crate::crypto::digest::Hash;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Placed;
use crate::diagnostic::table::Table;
use crate::diagnostic::value::Words;
use crate::identity::registry::Contacts;

/// A SHA-256 value in 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hex(pub Hash);

/// A text is not a SHA-256 value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 value is written as 64 lower-case hexadecimal digits")]
pub struct NotHex;

impl std::str::FromStr for Hex {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        let lower = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes = text.as_bytes().chunks_exact(2).map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        bytes.filter(|_| lower).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NotHex)
    }
}

/// Reads the three contacts.
fn contacts(table: &mut Table<'_>, faults: &mut Faults) -> Option<Contacts> {
    let value = table.need("contacts", faults)?;
    value.table(faults, |table, faults| {
        let business = table.required::<Words>("business", faults);
        let technical = table.required::<Words>("technical", faults);
        let security = table.required::<Words>("security", faults);
        Some(Contacts {
            business: business?.value.0,
            technical: technical?.value.0,
            security: security?.value.0,
        })
    })
}

/// Reads a list of texts for people.
fn words(table: &mut Table<'_>, key: &'static str, faults: &mut Faults) -> Vec<String> {
    plain(table.list::<Words>(key, faults)).into_iter().map(|words| words.0).collect()
}

/// Forgets where things stand.
fn plain<T>(list: Vec<Placed<T>>) -> Vec<T> {
    list.into_iter().map(|placed| placed.value).collect()
}

/// Reads each table of a list; those with faults are left out.
fn tables<'a, T>(
    table: &mut Table<'a>,
    key: &'static str,
    faults: &mut Faults,
    read: impl Fn(&mut Table<'a>, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let items = table.take(key).and_then(|value| value.items(faults)).unwrap_or_default();
    items.iter().filter_map(|item| item.table(faults, &read)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let good = "00ff".repeat(16);
        assert_eq!(good.parse::<Hex>().unwrap().0[..2], [0x00, 0xff]);
        for bad in [good.to_uppercase(), good.replacen("00", "0", 1), format!("{good}00"), "đ".repeat(32)] {
            assert_eq!(bad.parse::<Hex>(), Err(NotHex), "{bad}");
        }
    }
}
