//! Reading a certificate: pure, total on any bytes, and strict. The handshake proved who signed it; here we learn what it says.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::Oid;
use x509_parser::oid_registry::asn1_rs::oid;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

/// What every agency's name in a certificate begins with, compared case-insensitively.
pub const AGENCY_PREFIX: &str = "urn:agency:";

/// organizationIdentifier (X.520 6.4.4).
const ORGANIZATION_IDENTIFIER: Oid<'static> = oid!(2.5.4.97);

/// Bytes of a certificate we read at all: real ones have one or two thousand.
const CERTIFICATE_MAX: usize = 16 << 10;

/// What we read of a client certificate. All text in it is untrusted: escape it before showing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The issuer's distinguished name (RFC 4514).
    pub issuer: String,
    /// SHA-256 of the issuer's distinguished name (DER): what revocation lists are found by.
    pub issuer_name: Hash,
    /// The serial number, lower-case hexadecimal.
    pub serial: String,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub spki: Hash,
    /// SHA-256 of the whole certificate.
    pub fingerprint: Hash,
    /// First moment of validity.
    pub not_before: Timestamp,
    /// Last moment of validity.
    pub not_after: Timestamp,
    /// The subject's organizationIdentifier, if any.
    pub organization_identifier: Option<String>,
    /// Every SAN URI that begins `urn:agency:`, compared case-insensitively, exactly as spelled.
    pub agency_names: Vec<String>,
}

/// Why a certificate cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is over 16 KiB.
    #[error("the certificate is larger than any real one")]
    TooLarge,
    /// It is not the DER of a certificate, or something follows it.
    #[error("the certificate is not well-formed")]
    Malformed,
    /// An extension occurs twice (RFC 5280 4.2 forbids it).
    #[error("the certificate has an extension twice")]
    DuplicateExtension,
    /// Its extended key usage does not allow client authentication.
    #[error("the certificate is not for client authentication")]
    NotForClients,
    /// It has two organizationIdentifiers, or one that is no text.
    #[error("the certificate's organizationIdentifier is not one text")]
    OrganizationIdentifier,
    /// Its validity is no time.
    #[error("the certificate's validity is out of range")]
    Validity,
}

/// Reads a certificate (DER).
///
/// # Errors
/// See [`Unreadable`].
pub fn read(der: &[u8]) -> Result<Certificate, Unreadable> {
    if der.len() > CERTIFICATE_MAX {
        return Err(Unreadable::TooLarge);
    }
    let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| Unreadable::Malformed)?;
    if !rest.is_empty() {
        return Err(Unreadable::Malformed);
    }
    parsed.extensions_map().map_err(|_| Unreadable::DuplicateExtension)?;
    demand_client_use(&parsed)?;
    Ok(Certificate {
        issuer: parsed.issuer().to_string(),
        issuer_name: sha256(parsed.issuer().as_raw()),
        serial: hex(parsed.raw_serial()),
        spki: sha256(parsed.public_key().raw),
        fingerprint: sha256(der),
        not_before: time(parsed.validity().not_before)?,
        not_after: time(parsed.validity().not_after)?,
        organization_identifier: organization_identifier(&parsed)?,
        agency_names: agency_names(&parsed)?,
    })
}

/// SHA-256 of the SubjectPublicKeyInfo of any certificate (DER), such as an issuer's.
#[must_use]
pub fn spki_of(der: &[u8]) -> Option<Hash> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    Some(sha256(parsed.public_key().raw))
}

/// An extended key usage must be there and name client authentication (RFC 5280 4.2.1.12).
fn demand_client_use(parsed: &X509Certificate<'_>) -> Result<(), Unreadable> {
    let usage = parsed.extended_key_usage().map_err(|_| Unreadable::Malformed)?;
    let allowed = usage.is_some_and(|usage| usage.value.client_auth);
    if allowed { Ok(()) } else { Err(Unreadable::NotForClients) }
}

fn time(time: ASN1Time) -> Result<Timestamp, Unreadable> {
    Timestamp::from_second(time.timestamp()).map_err(|_| Unreadable::Validity)
}

fn organization_identifier(parsed: &X509Certificate<'_>) -> Result<Option<String>, Unreadable> {
    let mut found = parsed
        .subject()
        .iter_attributes()
        .filter(|attribute| *attribute.attr_type() == ORGANIZATION_IDENTIFIER);
    let Some(first) = found.next() else { return Ok(None) };
    let text = first.as_str().map_err(|_| Unreadable::OrganizationIdentifier)?;
    if found.next().is_some() { Err(Unreadable::OrganizationIdentifier) } else { Ok(Some(text.to_owned())) }
}

/// Type and value are compared over whole bytes: a DNS name that spells a URI is no URI, and nothing ends at a NUL.
fn agency_names(parsed: &X509Certificate<'_>) -> Result<Vec<String>, Unreadable> {
    let mut names = Vec::new();
    for extension in parsed.extensions() {
        let ParsedExtension::SubjectAlternativeName(alternatives) = extension.parsed_extension() else {
            continue;
        };
        for name in &alternatives.general_names {
            match name {
                GeneralName::URI(uri) if is_agency(uri) => names.push((*uri).to_owned()),
                GeneralName::Invalid(..) => return Err(Unreadable::Malformed),
                _ => {}
            }
        }
    }
    Ok(names)
}

fn is_agency(uri: &str) -> bool {
    uri.get(..AGENCY_PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(AGENCY_PREFIX))
}
