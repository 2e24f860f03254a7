//! The annex: what tells, and may one day have to be forgotten. Sealed under the month's key, bound to its exchange.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::crypto::CryptoError;
use crate::crypto::digest::hex;
use crate::id::ExchangeId;
use crate::message::sign::SignatureHeaders;
use crate::policy::Grant;
use crate::request::Request;

use super::months::MonthKey;
use super::people::People;

/// The longest list of fields asked for that is told, in bytes: a caller may send eight times as much, and the annex has an end. The agreement's
/// scope, which the leaf names, was the most that it could get.
const FIELDS_MAX: usize = 2 << 10;

/// Bytes of a field in that list beside itself.
const LISTED: usize = 3;

/// Bytes of an annex before it is sealed, about: a text that grows is copied.
const PLAIN_BYTES: usize = 1 << 10;

/// What the sealed annex of an exchange says. Absent members were not known.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Annex {
    /// The case-file number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The caller's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The end user at the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The data subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The fields that were asked for by name; absent where all of the scope were, and where the list is over 2 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// The provider's own result code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Fields that left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<FieldCount>,
    /// Fields that were there and did not leave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<FieldCount>,
    /// Members the catalogue does not know; withheld, never named.
    #[serde(skip_serializing_if = "is_zero")]
    pub uncatalogued: u64,
    /// Milliseconds spent: at the platform until its head, and its body; in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hops: Option<Hops>,
    /// SHA-256 of a streamed answer, as far as it went, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What was left of the narrowest limit, as the caller was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<String>,
    /// Whom it counts towards the quota of people with, day by day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<People>,
    /// Of a signed request: the hash of key and nonce, hexadecimal, by which it is known again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Its signature headers, as they were sent: whoever has the request verifies by them that the agency signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureHeaders>,
    /// Of a reading at the desk: by what it was narrowed down, beside case, user and subject.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub asked: BTreeMap<&'static str, String>,
}

/// One catalogued field and how many items of it.
#[derive(Debug, Clone, Serialize)]
pub struct FieldCount {
    /// Its pointer.
    pub pointer: String,
    /// `none`, `basic` or `sensitive`.
    pub class: &'static str,
    /// How many.
    pub count: u64,
}

/// Milliseconds per hop.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Hops {
    /// Until the platform's head.
    pub head_ms: u64,
    /// Until its last byte after that.
    pub body_ms: u64,
}

fn is_short(fields: &[String]) -> bool {
    fields.iter().map(|field| field.len() + LISTED).sum::<usize>() <= FIELDS_MAX
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Annex {
    /// What a request tells.
    #[must_use]
    pub fn of_request(request: &Request, source: std::net::SocketAddr) -> Self {
        Self {
            case: request.case().map(str::to_owned),
            user: request.user().map(str::to_owned),
            source: Some(source.ip().to_string()),
            fields: request.fields().filter(|fields| is_short(fields)).map(<[String]>::to_vec),
            nonce: request.attested().map(|attested| hex(attested.once())),
            signature: request.attested().map(|attested| attested.headers().clone()),
            ..Self::default()
        }
    }

    /// What a granted request tells.
    #[must_use]
    pub fn of_grant(grant: &Grant) -> Self {
        Self {
            subject: grant.subject().map(str::to_owned),
            ..Self::of_request(grant.request(), grant.peer().source())
        }
    }

    /// Seals the annex to its exchange.
    ///
    /// # Errors
    /// No randomness for the nonce.
    pub fn seal(&self, exchange: ExchangeId, key: &MonthKey) -> Result<Vec<u8>, CryptoError> {
        let mut plain = Vec::with_capacity(PLAIN_BYTES);
        if serde_json::to_writer(&mut plain, self).is_err() {
            plain.clear();
        }
        key.sealing.seal(exchange.as_bytes(), &plain)
    }
}
