//! Verifying a CMS signature.

use ::cms::cert::CertificateChoices;
use ::cms::content_info::ContentInfo;
use ::cms::signed_data::SignedData;
use ::cms::signed_data::SignerIdentifier;
use ::cms::signed_data::SignerInfo;
use ::der::Any;
use ::der::Decode as _;
use ::der::DecodeValue;
use ::der::Encode as _;
use ::der::Tagged;
use ::der::asn1::ObjectIdentifier;
use ::der::asn1::OctetString;
use x509_cert::Certificate;
use x509_cert::attr::Attributes;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::time::Time;

use super::CMS_BYTES_MAX;
use super::CONTENT_TYPE;
use super::CmsError;
use super::Content;
use super::MESSAGE_DIGEST;
use super::SIGNED_DATA;
use super::SIGNING_TIME;
use super::Signed;
use super::algorithm;
use super::algorithm::Digest;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;

/// The most certificates in one message: no chain is as long.
const CERTIFICATES_MAX: usize = 16;

const NOT_DER: CmsError = CmsError::Malformed("it is not DER");

/// Verifies a detached signature over `content`.
///
/// # Errors
/// See [`CmsError`].
pub fn verify_detached(message: &[u8], content: &[u8]) -> Result<Signed, CmsError> {
    let data = parse(message, Content::Data)?;
    if data.encap_content_info.econtent.is_some() {
        return Err(CmsError::Malformed("it holds what was signed: a detached signature is wanted"));
    }
    verify(&data, Content::Data, content, &[]).map(|(signed, _)| signed)
}

/// Opens a message that holds what was signed. `known` are certificates the signer's may be among if the message leaves it out.
/// The signed attributes come along: a time-stamp's must be looked at further.
///
/// # Errors
/// See [`CmsError`].
pub fn open_attached(
    message: &[u8],
    content: Content,
    known: &[Vec<u8>],
) -> Result<(Vec<u8>, Signed, Attributes), CmsError> {
    let data = parse(message, content)?;
    let inside = data.encap_content_info.econtent.as_ref();
    let inside = inside.and_then(|any| any.decode_as::<OctetString>().ok());
    let inside = inside.ok_or(CmsError::Malformed("it does not hold what was signed"))?.into_bytes();
    let (signed, attributes) = verify(&data, content, &inside, known)?;
    Ok((inside, signed, attributes))
}

fn parse(message: &[u8], content: Content) -> Result<SignedData, CmsError> {
    if message.len() > CMS_BYTES_MAX {
        return Err(CmsError::Malformed("it is too long"));
    }
    let info = ContentInfo::from_der(message).map_err(|_| NOT_DER)?;
    if info.content_type != SIGNED_DATA {
        return Err(CmsError::Malformed("it is not signed data"));
    }
    let data = info.content.decode_as::<SignedData>().map_err(|_| NOT_DER)?;
    if data.encap_content_info.econtent_type != content.oid() {
        return Err(CmsError::Malformed("what was signed is of another type"));
    }
    Ok(data)
}

fn verify(
    data: &SignedData,
    content: Content,
    bytes: &[u8],
    known: &[Vec<u8>],
) -> Result<(Signed, Attributes), CmsError> {
    let [signer] = data.signer_infos.0.as_slice() else {
        return Err(CmsError::Malformed("it has not one signer"));
    };
    let all = certificates(data, known)?;
    let theirs: Vec<_> = all.iter().filter(|it| is_of(it, &signer.sid)).collect();
    let [certificate] = theirs.as_slice() else {
        return Err(CmsError::Malformed("the signer's certificate is not in it, or in it twice"));
    };
    let attributes = signer.signed_attrs.as_ref();
    let attributes = attributes.ok_or(CmsError::Malformed("it has no signed attributes"))?;
    demand_content(signer, attributes, content, bytes)?;
    let signed = attributes.to_der().map_err(|_| NOT_DER)?;
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let digest = Digest::of(signer.digest_alg.oid)?;
    algorithm::verify(&signer.signature_algorithm, digest, key, &signed, signer.signature.as_bytes())?;
    let der = |certificate: &Certificate| certificate.to_der().map_err(|_| NOT_DER);
    let others = all.iter().filter(|other| other != certificate).map(der).collect::<Result<_, _>>()?;
    let spki = sha256(&key.to_der().map_err(|_| NOT_DER)?);
    let signing_time = signing_time(attributes)?;
    Ok((Signed { certificate: der(certificate)?, others, spki, signing_time }, attributes.clone()))
}

fn certificates(data: &SignedData, known: &[Vec<u8>]) -> Result<Vec<Certificate>, CmsError> {
    let inside = data.certificates.as_ref().map(|set| set.0.as_slice()).unwrap_or_default();
    if inside.len() > CERTIFICATES_MAX {
        return Err(CmsError::Malformed("it has too many certificates"));
    }
    let mut all = Vec::new();
    for choice in inside {
        match choice {
            CertificateChoices::Certificate(certificate) => all.push(certificate.clone()),
            CertificateChoices::Other(_) => return Err(CmsError::Malformed("a certificate is not X.509")),
        }
    }
    for known in known {
        let known = Certificate::from_der(known).map_err(|_| NOT_DER)?;
        if !all.contains(&known) {
            all.push(known);
        }
    }
    Ok(all)
}

fn is_of(certificate: &Certificate, signer: &SignerIdentifier) -> bool {
    let it = &certificate.tbs_certificate;
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            it.issuer == named.issuer && it.serial_number == named.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => {
            matches!(it.get::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *named)
        }
    }
}

/// The attributes bind the signature to the type and the digest of what was signed (RFC 5652 5.3).
fn demand_content(
    signer: &SignerInfo,
    attributes: &Attributes,
    content: Content,
    bytes: &[u8],
) -> Result<(), CmsError> {
    let stated: ObjectIdentifier = needed(attributes, CONTENT_TYPE)?;
    if stated != content.oid() {
        return Err(CmsError::Malformed("the attributes name another type of content"));
    }
    let stated: OctetString = needed(attributes, MESSAGE_DIGEST)?;
    let own = Digest::of(signer.digest_alg.oid)?.over(bytes);
    if stated.as_bytes() == own { Ok(()) } else { Err(CmsError::OtherContent) }
}

fn needed<T>(attributes: &Attributes, oid: ObjectIdentifier) -> Result<T, CmsError>
where
    T: for<'a> DecodeValue<'a> + Tagged + for<'a> ::der::Choice<'a>,
{
    let any = attribute(attributes, oid)?.ok_or(CmsError::Malformed("a signed attribute is missing"))?;
    any.decode_as::<T>().map_err(|_| NOT_DER)
}

/// The one value of an attribute; twice, or with two values, it is none.
pub(in crate::crypto) fn attribute(
    attributes: &Attributes,
    oid: ObjectIdentifier,
) -> Result<Option<&Any>, CmsError> {
    const TWICE: CmsError = CmsError::Malformed("a signed attribute is not there once with one value");
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let Some(first) = found.next() else { return Ok(None) };
    match (first.values.as_slice(), found.next()) {
        ([value], None) => Ok(Some(value)),
        _ => Err(TWICE),
    }
}

fn signing_time(attributes: &Attributes) -> Result<Option<Timestamp>, CmsError> {
    let Some(any) = attribute(attributes, SIGNING_TIME)? else { return Ok(None) };
    let time = any.to_der().and_then(|der| Time::from_der(&der)).map_err(|_| NOT_DER)?;
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_second(seconds).ok())
}
