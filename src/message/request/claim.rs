//! The signature that a caller's request claims to have: read, and held against what it must cover. Whose key it is, is asked elsewhere.

use http::HeaderMap;
use sfv::BareItem;
use sfv::Dictionary;
use sfv::ListEntry;
use sfv::Parser;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::Sha256;
use crate::message::base::signature_base;
use crate::message::facts::RequestSignature;
use crate::message::params::Component;
use crate::message::params::SignatureInput;
use crate::message::params::signature_bytes;
use crate::message::sign::SignatureHeaders;
use crate::message::unsigned::Unsigned;

use super::ALWAYS;
use super::Head;
use super::WITH_BODY;

/// How far a caller's clock may be from ours, in seconds: what machines with a time server of any kind keep well within.
pub const WINDOW_SECONDS: i64 = 60;

/// The longest `Signature-Input` and `Signature`, in bytes: both are kept beside the record. The second holds RSA with 8192 bits.
const INPUT_MAX: usize = 1 << 10;
const SIGNATURE_MAX: usize = 1_536;

/// How long a nonce may be, in bytes: chance that does not repeat begins with sixteen digits.
const NONCE_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// The one signature that a request claims to have; nothing of it is verified yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its label.
    pub label: String,
    /// Its bytes.
    pub signature: Vec<u8>,
    /// The two headers, as sent.
    pub headers: SignatureHeaders,
    input: SignatureInput,
}

/// A request's own signature as it was sent, whether it counts or not: what its answer covers, too (RFC 9421 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    label: String,
    signature: Vec<u8>,
    fields: Vec<(String, String)>,
}

impl Sent {
    /// The signature of a request, if it has one that can be read and nothing is covered that is not there.
    #[must_use]
    pub fn of(head: &Head<'_>) -> Option<Self> {
        let claim = Claim::of(head.headers).ok()??;
        let covered = claim.input.components().iter().filter(|component| !component.name().starts_with('@'));
        let fields: Option<_> =
            covered.map(|field| Some((field.name().to_owned(), head.value(field)?))).collect();
        Some(Self { fields: fields?, label: claim.label, signature: claim.signature })
    }

    /// The same as a fact of the request.
    #[must_use]
    pub fn fact(&self) -> RequestSignature<'_> {
        RequestSignature { label: &self.label, signature: &self.signature, fields: &self.fields }
    }
}

/// What a claim says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// By which key.
    pub keyid: String,
    /// What no other request of this key has.
    pub nonce: String,
    /// By which algorithm, if it says so.
    pub alg: Option<String>,
}

impl Claim {
    /// Reads the signature headers; none if there are none.
    ///
    /// # Errors
    /// They cannot be read, or there is more than one signature: whichever was looked at, another could be meant.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Unsigned> {
        let (input, signature) = (only(headers, "signature-input")?, only(headers, "signature")?);
        let (input, signature) = match (input, signature) {
            (None, None) => return Ok(None),
            (Some(input), Some(signature)) => (input, signature),
            (Some(_), None) | (None, Some(_)) => return Err(Unsigned::NotOne),
        };
        if input.len() > INPUT_MAX || signature.len() > SIGNATURE_MAX {
            return Err(Unsigned::Unreadable);
        }
        let label = label_of(input)?;
        if label_of(signature)? != label {
            return Err(Unsigned::NotOne);
        }
        let bytes = signature_bytes(signature, &label).map_err(|_| Unsigned::Unreadable)?;
        let read = SignatureInput::parse(input, &label).map_err(|_| Unsigned::Component)?;
        let headers = SignatureHeaders { input: input.to_owned(), signature: signature.to_owned() };
        Ok(Some(Self { label, signature: bytes, headers, input: read }))
    }

    /// What it says of itself, if it covers what it must and was made now.
    ///
    /// # Errors
    /// It covers less, says less, or was made at another time.
    pub fn stated(&self, head: &Head<'_>, has_body: bool, now: Timestamp) -> Result<Stated, Unsigned> {
        let with_body: &[&str] = if has_body { &WITH_BODY } else { &[] };
        let demanded = ALWAYS.into_iter().chain(with_body.iter().copied()).chain(head.stated());
        for name in demanded {
            if !self.input.components().contains(&Component::own(name)) {
                return Err(Unsigned::NotCovered(name.to_owned()));
            }
        }
        let stated = self.parameters(now)?;
        let age = now.as_second().saturating_sub(stated.created);
        if (-WINDOW_SECONDS..=WINDOW_SECONDS).contains(&age) { Ok(stated) } else { Err(Unsigned::NotNow) }
    }

    /// The bytes that must have been signed.
    ///
    /// # Errors
    /// Something is covered that the request does not have, or twice.
    pub fn base(&self, head: &Head<'_>) -> Result<String, Unsigned> {
        let lines = head.lines(self.input.components()).ok_or(Unsigned::Component)?;
        signature_base(&lines, &self.input).map_err(|_| Unsigned::Component)
    }

    fn parameters(&self, now: Timestamp) -> Result<Stated, Unsigned> {
        let (mut created, mut keyid, mut nonce, mut alg) = (None, None, None, None);
        for (name, value) in self.input.parameters() {
            match (name.as_str(), value) {
                ("created", BareItem::Integer(seconds)) => created = Some((*seconds).into()),
                ("keyid", BareItem::String(text)) => keyid = Some(text.as_str().to_owned()),
                ("nonce", BareItem::String(text)) => nonce = Some(text.as_str().to_owned()),
                ("alg", BareItem::String(text)) => alg = Some(text.as_str().to_owned()),
                ("tag", BareItem::String(_)) => {}
                ("expires", BareItem::Integer(seconds)) if i64::from(*seconds) > now.as_second() => {}
                ("created", _) => return Err(Unsigned::Parameter("created")),
                ("keyid", _) => return Err(Unsigned::Parameter("keyid")),
                ("nonce", _) => return Err(Unsigned::Parameter("nonce")),
                ("alg", _) => return Err(Unsigned::Parameter("alg")),
                ("expires", _) => return Err(Unsigned::Parameter("expires")),
                _ => return Err(Unsigned::Unreadable),
            }
        }
        let missing = Unsigned::Parameter;
        Ok(Stated {
            created: created.ok_or(missing("created"))?,
            keyid: keyid.ok_or(missing("keyid"))?,
            nonce: nonce
                .filter(|nonce: &String| NONCE_BYTES.contains(&nonce.len()))
                .ok_or(missing("nonce"))?,
            alg,
        })
    }
}

impl Stated {
    /// By what a request is known again: the hash of key and nonce.
    #[must_use]
    pub fn once(&self) -> Hash {
        let mut hasher = Sha256::new();
        for text in ["phohien-nonce/1", &self.keyid, &self.nonce] {
            hasher.update(text.as_bytes());
            // Stands in neither: a structured string is visible ASCII (RFC 9651 3.3.3).
            hasher.update(b"\n");
        }
        hasher.finish()
    }
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Unsigned> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => line.to_str().map(Some).map_err(|_| Unsigned::Unreadable),
        (Some(_), Some(_)) => Err(Unsigned::NotOne),
    }
}

/// The one label in a header. Of a label that stands there twice some read the first and some the last, so that it must be alone.
fn label_of(header: &str) -> Result<String, Unsigned> {
    let members: Dictionary = Parser::new(header).parse().map_err(|_| Unsigned::Unreadable)?;
    let mut labels = members.iter().map(|(label, entry)| (label.as_str().to_owned(), is_one(entry)));
    match (labels.next(), labels.next()) {
        (Some((label, true)), None) if !has_comma(header) => Ok(label),
        _ => Err(Unsigned::NotOne),
    }
}

/// Whether a comma stands outside of strings: a dictionary with a single member has none.
fn has_comma(header: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    header.bytes().any(|byte| {
        let ends = byte == b'"' && !escaped;
        quoted ^= ends;
        escaped = quoted && byte == b'\\' && !escaped;
        byte == b',' && !quoted
    })
}

fn is_one(entry: &ListEntry) -> bool {
    match entry {
        ListEntry::InnerList(_) => true,
        ListEntry::Item(item) => matches!(item.bare_item, BareItem::ByteSequence(_)),
    }
}
