//! Revocation lists (RFC 5280 5) as files: read whole and judged before anything trusts them, one per issuer, the newest.
//!
//! The handshake's verifier looks at the first list of an issuer alone, and so does the check on every request: both are given
//! what [`newest`] chose, so that they cannot differ.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::Oid;
use x509_parser::oid_registry::asn1_rs::oid;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::sha256;

use super::editions::Edition;
use super::editions::order;

/// issuingDistributionPoint (RFC 5280 5.2.5): the list tells only a part.
const PART: Oid<'static> = oid!(2.5.29.28);
/// deltaCRLIndicator (RFC 5280 5.2.4): the list tells only what changed.
const DELTA: Oid<'static> = oid!(2.5.29.27);

/// Why revocation lists cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read as PEM")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// A file holds no list that can be read.
    #[error("`{0}` holds no revocation list with a date of the next one")]
    Malformed(PathBuf),
    /// A list tells only a part, or only changes: what it leaves out would pass.
    #[error("`{0}` holds a revocation list that is not complete")]
    Partial(PathBuf),
    /// Two lists of one issuer of which neither is newer.
    #[error("`{0}` is a second revocation list of the same issuer, and neither is newer: keep one")]
    Second(PathBuf),
    /// Revocation is on without a list: the verifier would take that for off.
    #[error("no revocation list is named: say that revocation is off, or name one")]
    None,
}

/// One list that can be used.
#[derive(Debug, Clone)]
pub struct RevocationList {
    /// Its bytes.
    pub der: CertificateRevocationListDer<'static>,
    /// SHA-256 of the issuer's distinguished name (DER).
    pub issuer: Hash,
    /// The serial numbers on it, without leading zero bytes.
    pub serials: HashSet<Vec<u8>>,
    /// When the next one is due: after it, nobody can say.
    pub next_update: Timestamp,
    /// Which one of its issuer's it is.
    pub edition: Edition,
}

/// Reads lists (PEM) and keeps the newest of each issuer, by CRLNumber (RFC 5280 5.2.3). Their signatures are verified by
/// every handshake.
///
/// # Errors
/// See [`RevocationError`]. No list at all is an error too.
pub fn newest(files: &[PathBuf]) -> Result<Vec<RevocationList>, RevocationError> {
    let mut kept: BTreeMap<Hash, RevocationList> = BTreeMap::new();
    for path in files {
        for list in read_file(path)? {
            match kept.get(&list.issuer) {
                Some(other) if !differ(&list, other) => return Err(RevocationError::Second(path.clone())),
                Some(other) if is_newer(other, &list) => {}
                Some(_) | None => drop(kept.insert(list.issuer, list)),
            }
        }
    }
    if kept.is_empty() { Err(RevocationError::None) } else { Ok(kept.into_values().collect()) }
}

/// A serial number without leading zero bytes, so that one number has one spelling.
#[must_use]
pub fn significant(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

fn read_file(path: &Path) -> Result<Vec<RevocationList>, RevocationError> {
    let unreadable = |source| RevocationError::Unreadable { path: path.to_owned(), source };
    let lists: Vec<_> = CertificateRevocationListDer::pem_file_iter(path)
        .map_err(unreadable)?
        .map(|der| read(der.map_err(unreadable)?, path))
        .collect::<Result<_, _>>()?;
    if lists.is_empty() { Err(RevocationError::Malformed(path.to_owned())) } else { Ok(lists) }
}

fn read(der: CertificateRevocationListDer<'static>, path: &Path) -> Result<RevocationList, RevocationError> {
    let malformed = || RevocationError::Malformed(path.to_owned());
    let (rest, parsed) = CertificateRevocationList::from_der(der.as_ref()).map_err(|_| malformed())?;
    if !rest.is_empty() {
        return Err(malformed());
    }
    if parsed.extensions().iter().any(|extension| [PART, DELTA].contains(&extension.oid)) {
        return Err(RevocationError::Partial(path.to_owned()));
    }
    let next = parsed.next_update().ok_or_else(malformed)?;
    let serials =
        parsed.iter_revoked_certificates().map(|revoked| significant(revoked.raw_serial()).to_vec());
    Ok(RevocationList {
        issuer: sha256(parsed.issuer().as_raw()),
        serials: serials.collect(),
        next_update: Timestamp::from_second(next.timestamp()).map_err(|_| malformed())?,
        edition: Edition {
            issuer: parsed.issuer().to_string(),
            number: number(&parsed),
            this_update: Timestamp::from_second(parsed.last_update().timestamp()).map_err(|_| malformed())?,
        },
        der: der.clone(),
    })
}

fn number(parsed: &CertificateRevocationList<'_>) -> Option<String> {
    parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::CRLNumber(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Whether one of two lists is newer: both have a number, and not the same.
fn differ(one: &RevocationList, other: &RevocationList) -> bool {
    let numbers = one.edition.number.as_ref().zip(other.edition.number.as_ref());
    numbers.is_some_and(|(one, other)| one != other)
}

/// Whether the first list's number is the larger.
fn is_newer(first: &RevocationList, second: &RevocationList) -> bool {
    first.edition.number.as_deref().map(order) > second.edition.number.as_deref().map(order)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use rcgen::CertificateParams;
    use rcgen::CertificateRevocationListParams;
    use rcgen::CertifiedIssuer;
    use rcgen::CrlDistributionPoint;
    use rcgen::CrlIssuingDistributionPoint;
    use rcgen::IsCa;
    use rcgen::KeyIdMethod;
    use rcgen::KeyPair;
    use rcgen::KeyUsagePurpose;
    use rcgen::RevokedCertParams;
    use rcgen::SerialNumber;
    use rcgen::date_time_ymd;

    use super::*;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn authority(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn list(authority: &Authority, number: u64, serial: u64, part: bool) -> String {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let point = CrlDistributionPoint { uris: vec!["http://ca.example/part.crl".into()] };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2027, 1, 1),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: part
                .then_some(CrlIssuingDistributionPoint { distribution_point: point, scope: None }),
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(authority).unwrap().pem().unwrap()
    }

    fn chosen(files: &[&str]) -> Result<Vec<RevocationList>, RevocationError> {
        let folder = tempfile::tempdir().unwrap();
        let write = |(at, text): (usize, &&str)| {
            let path = folder.path().join(at.to_string());
            File::create_new(&path).unwrap().write_all(text.as_bytes()).unwrap();
            path
        };
        newest(&files.iter().enumerate().map(write).collect::<Vec<_>>())
    }

    #[test]
    fn of_one_issuers_lists_the_newest_number_counts_whatever_their_order() {
        let (one, other) = (authority("one"), authority("other"));
        // 256 is more than 255 though its first byte is less.
        let (old, new) = (list(&one, 255, 7, false), list(&one, 256, 8, false));
        let others = list(&other, 1, 9, false);
        for files in [[&old, &new, &others], [&new, &others, &old]] {
            let lists = chosen(&files.map(String::as_str)).unwrap();
            let mut serials: Vec<_> = lists.iter().flat_map(|list| list.serials.clone()).collect();
            serials.sort();
            assert_eq!(serials, [vec![8], vec![9]]);
        }
        let together = format!("{old}{new}");
        assert_eq!(chosen(&[&together]).unwrap().len(), 1);
    }

    #[test]
    fn two_lists_of_which_neither_is_newer_are_refused() {
        let one = authority("one");
        let files = [list(&one, 5, 7, false), list(&one, 5, 8, false)];
        assert!(matches!(chosen(&[&files[0], &files[1]]), Err(RevocationError::Second(_))));
    }

    #[test]
    fn a_list_of_a_part_is_refused() {
        assert!(matches!(chosen(&[&list(&authority("one"), 1, 7, true)]), Err(RevocationError::Partial(_))));
    }

    #[test]
    fn a_file_without_a_list_and_no_file_at_all_are_errors() {
        let other = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
        for text in ["", "no PEM", other] {
            assert!(matches!(chosen(&[text]), Err(RevocationError::Malformed(_))), "{text}");
        }
        assert!(matches!(chosen(&[]), Err(RevocationError::None)));
        assert!(matches!(
            newest(&[PathBuf::from("/there/is/no.crl")]),
            Err(RevocationError::Unreadable { .. })
        ));
    }

    #[test]
    fn a_serial_number_has_one_spelling() {
        assert_eq!(significant(&[0, 0x8a, 0]), [0x8a, 0]);
        assert_eq!(significant(&[0]), [0; 0]);
    }
}
