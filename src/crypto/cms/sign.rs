//! Making a detached CMS signature, as `openssl cms -sign -binary -outform DER` does.

use ::cms::cert::CertificateChoices;
use ::cms::cert::IssuerAndSerialNumber;
use ::cms::content_info::CmsVersion;
use ::cms::content_info::ContentInfo;
use ::cms::signed_data::CertificateSet;
use ::cms::signed_data::EncapsulatedContentInfo;
use ::cms::signed_data::SignedData;
use ::cms::signed_data::SignerIdentifier;
use ::cms::signed_data::SignerInfo;
use ::cms::signed_data::SignerInfos;
use ::der::Any;
use ::der::Decode as _;
use ::der::Encode as _;
use ::der::asn1::ObjectIdentifier;
use ::der::asn1::OctetString;
use ::der::asn1::SetOfVec;
use ::der::asn1::UtcTime;
use ring::rand::SystemRandom;
use ring::signature;
use ring::signature::EcdsaKeyPair;
use ring::signature::RsaKeyPair;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::attr::Attributes;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::CONTENT_TYPE;
use super::CmsError;
use super::Content;
use super::MESSAGE_DIGEST;
use super::SIGNED_DATA;
use super::SIGNING_TIME;
use super::algorithm::ECDSA_SHA256;
use super::algorithm::RSA_SHA256;
use super::algorithm::SHA256;
use super::verify::verify_detached;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;

const UNMAKEABLE: CmsError = CmsError::Malformed("it cannot be written as DER");

/// A private key with its certificate. Prints nothing of the key.
pub struct CmsSigner {
    key: Key,
    certificate: Certificate,
    /// What goes along: the authorities between it and an anchor.
    others: Vec<Certificate>,
    random: SystemRandom,
}

enum Key {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl CmsSigner {
    /// Takes a key (PKCS #8, DER: ECDSA P-256, or RSA from 2048 bits) and its certificate (DER).
    ///
    /// # Errors
    /// The key is of another kind, or the certificate cannot be read.
    pub fn new(pkcs8: &[u8], certificate: &[u8]) -> Result<Self, CmsError> {
        let random = SystemRandom::new();
        let p256 = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &random);
        let key = match p256 {
            Ok(key) => Key::P256(key),
            Err(_) => Key::Rsa(
                RsaKeyPair::from_pkcs8(pkcs8)
                    .map_err(|_| CmsError::Key("it is neither ECDSA P-256 nor RSA (PKCS #8)"))?,
            ),
        };
        let certificate = Certificate::from_der(certificate)
            .map_err(|_| CmsError::Malformed("the certificate is not DER"))?;
        Ok(Self { key, certificate, others: Vec::new(), random })
    }

    /// The same with the certificates (DER) between the signer's and an anchor, for whoever builds the chain.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn with_others(mut self, others: &[impl AsRef<[u8]>]) -> Result<Self, CmsError> {
        let read = |der: &[u8]| {
            Certificate::from_der(der).map_err(|_| CmsError::Malformed("the certificate is not DER"))
        };
        self.others = others.iter().map(|der| read(der.as_ref())).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// A detached signature (DER) over `content`.
    ///
    /// # Errors
    /// The key is not the certificate's.
    pub fn sign_detached(&self, content: &[u8], at: Timestamp) -> Result<Vec<u8>, CmsError> {
        let attributes = attributes(content, at).ok_or(UNMAKEABLE)?;
        let signature = self.signature(&attributes.to_der().map_err(|_| UNMAKEABLE)?)?;
        let message = self.message(attributes, signature).ok_or(UNMAKEABLE)?;
        // The key may be another certificate's: then nobody could verify this.
        verify_detached(&message, content).map_err(|_| CmsError::Key("it is not that of the certificate"))?;
        Ok(message)
    }

    fn signature(&self, attributes: &[u8]) -> Result<Vec<u8>, CmsError> {
        const FAILED: CmsError = CmsError::Key("it cannot sign");
        match &self.key {
            Key::P256(key) => {
                let signature = key.sign(&self.random, attributes).map_err(|_| FAILED)?;
                Ok(signature.as_ref().to_vec())
            }
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let padding = &signature::RSA_PKCS1_SHA256;
                key.sign(padding, &self.random, attributes, &mut signature).map_err(|_| FAILED)?;
                Ok(signature)
            }
        }
    }

    fn message(&self, attributes: Attributes, signature: Vec<u8>) -> Option<Vec<u8>> {
        let it = &self.certificate.tbs_certificate;
        let named =
            IssuerAndSerialNumber { issuer: it.issuer.clone(), serial_number: it.serial_number.clone() };
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(named),
            digest_alg: plain(SHA256),
            signed_attrs: Some(attributes),
            signature_algorithm: match self.key {
                Key::P256(_) => plain(ECDSA_SHA256),
                Key::Rsa(_) => AlgorithmIdentifierOwned { oid: RSA_SHA256, parameters: Some(Any::null()) },
            },
            signature: OctetString::new(signature).ok()?,
            unsigned_attrs: None,
        };
        let all = std::iter::once(&self.certificate).chain(&self.others).cloned();
        let certificates: Vec<_> = all.map(CertificateChoices::Certificate).collect();
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![plain(SHA256)]).ok()?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: Content::Data.oid(),
                econtent: None,
            },
            certificates: Some(CertificateSet::try_from(certificates).ok()?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![signer]).ok()?,
        };
        ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data).ok()? }.to_der().ok()
    }
}

impl std::fmt::Debug for CmsSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CmsSigner(..)")
    }
}

fn plain(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: None }
}

fn attributes(content: &[u8], at: Timestamp) -> Option<Attributes> {
    let seconds = u64::try_from(at.as_second()).ok()?;
    let time = UtcTime::from_unix_duration(std::time::Duration::from_secs(seconds)).ok()?;
    let digest = OctetString::new(sha256(content)).ok()?;
    let one = |oid, value: Any| Some(Attribute { oid, values: SetOfVec::try_from(vec![value]).ok()? });
    let all = vec![
        one(CONTENT_TYPE, Any::encode_from(&Content::Data.oid()).ok()?)?,
        one(SIGNING_TIME, Any::encode_from(&time).ok()?)?,
        one(MESSAGE_DIGEST, Any::encode_from(&digest).ok()?)?,
    ];
    SetOfVec::try_from(all).ok()
}
