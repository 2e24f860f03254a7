//! Names. Each is parsed once, at the door, into a type that cannot be wrong; inside there is nothing left to check.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

/// The longest agency identifier, in characters (Decision 20/2020/QD-TTg).
const AGENCY_ID_MAX: usize = 35;

/// The longest name of a service, agreement, purpose or key that we accept, in bytes: it must fit a log entry many times over.
const NAME_MAX: usize = 64;

/// Why a text is not the name it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NotAName {
    text: String,
    expected: &'static str,
}

impl NotAName {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(NAME_MAX).flat_map(char::escape_default).collect(), expected }
    }

    /// What would have been accepted, for a help line.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAName;

            fn from_str(text: &str) -> Result<Self, NotAName> {
                if $check(text) { Ok(Self(text.into())) } else { Err(NotAName::new(text, $expected)) }
            }
        }

        // A text and the name it is are equal, ordered and hashed alike: a map can be asked by either.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

name!(
    /// An agency's electronic identifier (Decision 20/2020/QD-TTg), such as `H31.01.01`.
    AgencyId,
    "an agency identifier: a capital letter, two digits, then groups of capitals and digits after dots, such as `H31.01.01`",
    is_agency_id
);
name!(
    /// A platform service, such as `dan-cu`; also the first segment of its addresses at the gateway.
    ServiceId,
    "a service name: lower-case letters, digits and single hyphens, such as `dan-cu`",
    is_kebab
);
name!(
    /// A purpose of use, such as `giai-quyet-tthc`.
    PurposeCode,
    "a purpose code: lower-case letters, digits and single hyphens, such as `giai-quyet-tthc`",
    is_kebab
);
name!(
    /// A data-sharing agreement, such as `TT-2026-001`.
    AgreementId,
    "an agreement number: letters, digits and single hyphens, such as `TT-2026-001`",
    is_agreement_id
);
name!(
    /// A log's origin, which is also its key's name: a schema-less address such as `gw1.hungyen.example/2026`.
    Origin,
    "an origin: visible ASCII without spaces or `+`, such as `gw1.hungyen.example/2026`",
    is_origin
);

fn is_agency_id(text: &str) -> bool {
    let mut groups = text.split('.');
    let head = groups.next().unwrap_or_default().as_bytes();
    let head_ok = matches!(head, [letter, a, b] if letter.is_ascii_uppercase() && a.is_ascii_digit() && b.is_ascii_digit());
    let group_ok = |group: &str| {
        !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    text.len() <= AGENCY_ID_MAX && head_ok && groups.all(group_ok)
}

fn is_hyphenated(text: &str, allowed: impl Fn(u8) -> bool + Copy) -> bool {
    text.len() <= NAME_MAX && text.split('-').all(|part| !part.is_empty() && part.bytes().all(allowed))
}

fn is_kebab(text: &str) -> bool {
    is_hyphenated(text, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_agreement_id(text: &str) -> bool {
    is_hyphenated(text, |byte| byte.is_ascii_alphanumeric())
}

fn is_origin(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+')
}

/// One exchange: a version 7 UUID (RFC 9562 5.7), so that ids sort by time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(Uuid);

impl ExchangeId {
    /// Makes an id of the time (milliseconds since 1970, UTC) and ten random bytes.
    #[must_use]
    pub fn new(unix_millis: u64, random: &[u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, random).into_uuid())
    }

    /// The id of sixteen bytes, if they are one.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let id = Uuid::from_bytes(bytes);
        (id.get_version_num() == 7).then_some(Self(id))
    }

    /// The sixteen bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Milliseconds since 1970, UTC, at which this id was made.
    #[must_use]
    pub fn unix_millis(&self) -> u64 {
        let [a, b, c, d, e, f, ..] = *self.0.as_bytes();
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
}

impl FromStr for ExchangeId {
    type Err = NotAName;

    /// Takes only the canonical form, so that one exchange has one name.
    fn from_str(text: &str) -> Result<Self, NotAName> {
        let wrong = || NotAName::new(text, "an exchange id: a version 7 UUID in lower case");
        let id = Uuid::try_parse(text).map_err(|_| wrong())?;
        let canonical = id.get_version_num() == 7 && id.hyphenated().to_string() == text;
        if canonical { Ok(Self(id)) } else { Err(wrong()) }
    }
}

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl serde::Serialize for ExchangeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A public key's name: the SHA-256 of its SubjectPublicKeyInfo, in unpadded base64url.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize)]
pub struct KeyId(String);

impl KeyId {
    /// Names a key by the SHA-256 of its SubjectPublicKeyInfo (DER).
    #[must_use]
    pub fn of_spki_hash(sha256: &[u8; 32]) -> Self {
        use base64::Engine as _;
        Self(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agency_id_has_one_spelling() {
        for good in ["H31", "H31.01.01", "G12.BHXH.HYN", "H54.05"] {
            assert_eq!(good.parse::<AgencyId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "h31",
            "H3",
            "H31.",
            "H31..01",
            "H31.01 ",
            "H31.á",
            "H31-01",
            "A23456789012.4567890123456789012345678",
        ] {
            assert!(bad.parse::<AgencyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn kebab_names_refuse_what_a_path_could_read_twice() {
        assert!("dan-cu".parse::<ServiceId>().is_ok());
        for bad in ["", "-a", "a-", "a--b", "A", "a.b", "a/b", "a%2e", "."] {
            assert!(bad.parse::<ServiceId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_exchange_id_tells_its_time_and_has_one_spelling() {
        let id = ExchangeId::new(1_790_000_000_123, &[7; 10]);
        assert_eq!(id.unix_millis(), 1_790_000_000_123);
        let text = id.to_string();
        assert_eq!(text.parse::<ExchangeId>().unwrap(), id);
        assert!(text.to_uppercase().parse::<ExchangeId>().is_err());
        assert!(text.replace('-', "").parse::<ExchangeId>().is_err());
    }
}
