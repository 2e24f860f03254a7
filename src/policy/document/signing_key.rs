//! `[[signing_keys]]` of an agency: the keys by which it signs requests.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::crypto::verify::PublicKey;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Faults};
use crate::diagnostic::source::Placed;
use crate::diagnostic::table::Table;
use crate::diagnostic::value::{FromValue, Value};
use crate::identity::registry::SigningAlgorithm;

/// The shortest RSA key that is taken, in bits: as everywhere else, and what the primitives verify with.
const RSA_BITS_MIN: usize = 2048;

/// The longest, in bits: what the primitives verify with.
const RSA_BITS_MAX: usize = 8192;

/// The longest name of a key, in bytes: a signature states it with every request.
const ID_MAX: usize = 128;

/// A key as written.
#[derive(Debug, Clone)]
pub struct SigningKeyDocument {
    /// What signatures call it.
    pub id: Placed<KeyName>,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    /// The public key.
    pub public_key: Placed<Spki>,
    /// From this moment on.
    pub from: Placed<Timestamp>,
    /// Up to, not including, this one.
    pub until: Placed<Timestamp>,
}

/// Reads one key.
pub(super) fn read(table: &mut Table<'_>, faults: &mut Faults) -> Option<SigningKeyDocument> {
    let id = table.required_parsed("id", faults);
    let algorithm = table.required::<SigningAlgorithm>("algorithm", faults);
    let public_key = table.required_parsed::<Spki>("public_key", faults);
    let from = table.required("from", faults);
    let until = table.required("until", faults);
    let (algorithm, public_key) = (algorithm?, public_key?);
    if public_key.value.algorithm != algorithm.value {
        let (is, said) = (public_key.value.algorithm.as_str(), algorithm.value.as_str());
        let message = format!("this key signs by `{is}`, not by `{said}`");
        let fault = Fault::new(Code::BadSigningKey, message).at(algorithm.place.clone());
        faults.push(fault.label("another algorithm").also(public_key.place, "the key").suggest(Some(is)));
        return None;
    }
    Some(SigningKeyDocument { id: id?, algorithm: algorithm.value, public_key, from: from?, until: until? })
}

impl<'a> FromValue<'a> for SigningAlgorithm {
    fn from_value(value: &Value<'a>, faults: &mut Faults) -> Option<Self> {
        value.one_of(&Self::ALL.map(|algorithm| (algorithm.as_str(), algorithm)), faults)
    }
}

/// The name of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(pub String);

/// A text is not the name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name is at most {ID_MAX} visible ASCII characters without quotes and backslashes")]
pub struct NotAKeyName;

impl FromStr for KeyName {
    type Err = NotAKeyName;

    fn from_str(text: &str) -> Result<Self, NotAKeyName> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        let good = (1..=ID_MAX).contains(&text.len()) && text.bytes().all(allowed);
        if good { Ok(Self(text.to_owned())) } else { Err(NotAKeyName) }
    }
}

/// A public key, and by which algorithm it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spki {
    /// The SubjectPublicKeyInfo (DER).
    pub der: Vec<u8>,
    /// What such a key signs by.
    pub algorithm: SigningAlgorithm,
}

/// A text is not a public key that we can verify with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a public key is a SubjectPublicKeyInfo of Ed25519, ECDSA P-256, or RSA from {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, in Base64 or PEM, as `openssl pkey -pubout` writes it"
)]
pub struct NotASpki;

impl FromStr for Spki {
    type Err = NotASpki;

    fn from_str(text: &str) -> Result<Self, NotASpki> {
        let der = STANDARD.decode(unarmoured(text)).map_err(|_| NotASpki)?;
        let algorithm = algorithm(&der).ok_or(NotASpki)?;
        Ok(Self { der, algorithm })
    }
}

/// The Base64 of a PEM text on one line, or the text as it is.
fn unarmoured(text: &str) -> String {
    let body = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----");
    let body = body.and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"));
    body.map_or_else(|| text.to_owned(), |body| body.lines().map(str::trim).collect())
}

fn algorithm(der: &[u8]) -> Option<SigningAlgorithm> {
    match PublicKey::from_spki(der).map(|key| key.algorithm()) {
        Ok(name) => SigningAlgorithm::ALL.into_iter().find(|algorithm| algorithm.as_str() == name),
        Err(_) => is_rsa(der).then_some(SigningAlgorithm::RsaPss),
    }
}

fn is_rsa(der: &[u8]) -> bool {
    let Ok(([], spki)) = SubjectPublicKeyInfo::from_der(der) else { return false };
    let Ok(public_key::PublicKey::RSA(key)) = spki.parsed() else { return false };
    (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&key.key_size())
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEat04pkVTyGg1SzRPNvG4EukMXrz4eqbWv5QqzKMO0T3vqHOz8wzsQs7ko64viTBokq4s409c0664MtdQxbQWLw==";
    const ED25519: &str = "MCowBQYDK2VwAyEAl3HqGw4t8GFAPaCFllZG6SJxRRLXq+uJDhPxonNveb0=";
    const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv7LxwOUx1SpmevLqqm4CQkqIv1O7z8tuBxPAJ7ougTx5LxMWRj/Defuigm3Sujjic9Zdwclyc3DOhhZ00uV9dz0ex70KMB+I9c+Z9eR5knM/THHA9YXLIWi8a9u+joQFLgpPk92Qs16p79Qmr8xQSOxR2h5ZPIZV+UjfknkGnKrCr6wUy9X5tWgbXLjX2mv34Kp/0QrB+qc1tblJUXeU+6/UdarEzavcZbakX+woMIwW4tOAuahjW3gKSMmdt3gWriMS8ZpJGomHkmx6kyfHho+bqjo8peUdSBWzP8J3VAbpMnCnw96I1xXav4oubKFjksq+MJD1+cTlch+pSFlaZQIDAQAB";
    const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDM2KZXqcTXcrxNPhnQbxcgIrs9S0ltEcFdE+k+KjG9fF+3mqanx7/QVAVBJ0Yjz+/efroUghabKKCUFA1fUYcp7EM02DfyoHt21+DPfHG7mhVhcMqwVARS++R7pg66DIKT+DXAy5mm47iXx4sHfYdXGdYzz1OIf8kP1xQ9dLAw6wIDAQAB";

    #[test]
    fn a_key_tells_its_algorithm_and_a_short_one_is_none() {
        for (text, algorithm) in [
            (ED25519, SigningAlgorithm::Ed25519),
            (P256, SigningAlgorithm::EcdsaP256),
            (RSA_2048, SigningAlgorithm::RsaPss),
        ] {
            assert_eq!(text.parse::<Spki>().map(|key| key.algorithm), Ok(algorithm));
        }
        for bad in ["", "AAAA", RSA_1024, &ED25519.replace("b0=", "b0"), &format!("{P256}AAAA")] {
            assert_eq!(bad.parse::<Spki>(), Err(NotASpki), "{bad}");
        }
    }

    #[test]
    fn a_key_in_pem_is_the_same_key() {
        let (first, rest) = P256.split_at(64);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{rest}\n-----END PUBLIC KEY-----\n");
        assert_eq!(pem.parse::<Spki>(), P256.parse::<Spki>());
        assert!(pem.replace("PUBLIC", "PRIVATE").parse::<Spki>().is_err());
    }

    #[test]
    fn a_keys_name_fits_a_signatures_parameter() {
        assert!("khoa-2026/1".parse::<KeyName>().is_ok());
        for bad in ["", "hai từ", "a b", "a\"", "a\\", &"a".repeat(129)] {
            assert_eq!(bad.parse::<KeyName>(), Err(NotAKeyName), "{bad}");
        }
    }
}
