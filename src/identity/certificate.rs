//! Reading a certificate: pure, total on any bytes, and strict. The handshake proved who signed it; here we learn what it says.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::Oid;
use x509_parser::oid_registry::asn1_rs::oid;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::listener::lists::significant;

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
    /// The serial number's bytes, without leading zeros: what revocation lists are searched for.
    pub serial_bytes: Vec<u8>,
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
        serial_bytes: significant(parsed.raw_serial()).to_vec(),
        spki: sha256(parsed.public_key().raw),
        fingerprint: sha256(der),
        not_before: time(parsed.validity().not_before)?,
        not_after: time(parsed.validity().not_after)?,
        organization_identifier: organization_identifier(&parsed)?,
        agency_names: agency_names(&parsed)?,
    })
}

/// SHA-256 of the SubjectPublicKeyInfo of any certificate (DER), such as an issuer's: what an agency's `issuing_ca` names.
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
    // A list of names that cannot be read to its end is no list: another reader might find a name in it.
    let names = parsed.subject_alternative_name().map_err(|_| Unreadable::Malformed)?;
    let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    let mut found = Vec::new();
    for name in names {
        match name {
            GeneralName::URI(uri) if is_agency(uri) => found.push((*uri).to_owned()),
            GeneralName::Invalid(..) => return Err(Unreadable::Malformed),
            _ => {}
        }
    }
    Ok(found)
}

/// The prefix is ASCII: no letter outside it is taken for one of its letters.
fn is_agency(uri: &str) -> bool {
    uri.get(..AGENCY_PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(AGENCY_PREFIX))
}

#[cfg(test)]
mod tests {
    use rcgen::CertificateParams;
    use rcgen::CustomExtension;
    use rcgen::DnType;
    use rcgen::ExtendedKeyUsagePurpose;
    use rcgen::KeyPair;
    use rcgen::SanType;

    use super::*;

    const SAN: &[u64] = &[2, 5, 29, 17];
    const EKU: &[u64] = &[2, 5, 29, 37];
    /// Context-specific tags of GeneralName (RFC 5280 4.2.1.6).
    const MAIL: u8 = 0x81;
    const DNS: u8 = 0x82;
    const URI: u8 = 0x86;

    fn signed(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    /// A certificate whose SAN holds these names, each a tag and bytes of our choosing.
    fn named(names: &[(u8, &[u8])]) -> Result<Vec<String>, Unreadable> {
        let list: Vec<u8> = names.iter().flat_map(|(tag, value)| der(*tag, value)).collect();
        let der = signed(|params| {
            params.custom_extensions.push(CustomExtension::from_oid_content(SAN, der(0x30, &list)));
        });
        read(&der).map(|certificate| certificate.agency_names)
    }

    fn der(tag: u8, value: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(value.len()).unwrap()], value].concat()
    }

    #[test]
    fn a_name_of_another_type_that_spells_an_agency_is_none() {
        for tag in [MAIL, DNS] {
            assert_eq!(named(&[(tag, b"urn:agency:H31.01.01")]), Ok(Vec::new()));
        }
        assert_eq!(named(&[(URI, b"urn:agency:H31.01.01")]), Ok(vec!["urn:agency:H31.01.01".into()]));
    }

    #[test]
    fn a_name_is_read_over_all_its_bytes() {
        let found =
            named(&[(URI, b"urn:agency:H31.01.01\0.evil"), (URI, "urn:agency:H31.01.01\u{e1}".as_bytes())]);
        assert_eq!(found.unwrap(), ["urn:agency:H31.01.01\0.evil", "urn:agency:H31.01.01\u{e1}"]);
        // The Kelvin sign and its like are not letters of the prefix, and a space before it makes another name.
        assert_eq!(
            named(&[(URI, "urn:\u{ff41}gency:H31".as_bytes()), (URI, b" urn:agency:H31")]),
            Ok(Vec::new())
        );
    }

    #[test]
    fn names_that_cannot_be_read_to_their_end_are_no_names() {
        assert_eq!(named(&[(URI, b"urn:agency:H31.01.01"), (URI, b"urn:\xff")]), Err(Unreadable::Malformed));
        let broken = signed(|params| {
            let list = [der(URI, b"urn:agency:H31.01.01"), vec![URI, 40, b'u']].concat();
            params.custom_extensions.push(CustomExtension::from_oid_content(SAN, der(0x30, &list)));
        });
        assert_eq!(read(&broken), Err(Unreadable::Malformed));
    }

    #[test]
    fn an_extension_that_occurs_twice_is_refused() {
        let twice = signed(|params| {
            params.subject_alt_names = vec![SanType::URI("urn:agency:H31.01.01".try_into().unwrap())];
            let list = der(0x30, &der(URI, b"urn:agency:H31.05"));
            params.custom_extensions.push(CustomExtension::from_oid_content(SAN, list));
        });
        assert_eq!(read(&twice), Err(Unreadable::DuplicateExtension));
    }

    #[test]
    fn a_key_usage_that_does_not_name_clients_is_refused() {
        let servers = signed(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
        let nobody = signed(|params| params.extended_key_usages = Vec::new());
        let any = signed(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]);
        for der in [servers, nobody, any] {
            assert_eq!(read(&der), Err(Unreadable::NotForClients));
        }
        let unread = signed(|params| {
            params.extended_key_usages = Vec::new();
            params.custom_extensions.push(CustomExtension::from_oid_content(EKU, vec![0x30, 9]));
        });
        assert_eq!(read(&unread), Err(Unreadable::Malformed));
    }

    #[test]
    fn an_organization_identifier_is_read_from_the_subject() {
        let with = |text: &str| {
            let kind = DnType::CustomDnType(vec![2, 5, 4, 97]);
            read(&signed(|params| params.distinguished_name.push(kind, text)))
                .unwrap()
                .organization_identifier
        };
        assert_eq!(with("VATVN-0100101234").as_deref(), Some("VATVN-0100101234"));
        assert_eq!(read(&signed(|_| {})).unwrap().organization_identifier, None);
    }

    #[test]
    fn what_follows_a_certificate_or_makes_it_huge_is_refused() {
        let der = signed(|_| {});
        assert!(read(&der).is_ok());
        assert_eq!(read(&[der.as_slice(), b"x"].concat()), Err(Unreadable::Malformed));
        assert_eq!(read(&vec![0x30; CERTIFICATE_MAX + 1]), Err(Unreadable::TooLarge));
    }
}
