//! Who signed what is in force, as the log names it: so that whoever has the log and the authorities' certificates can verify years later
//! which agency signed which text, by which certificate, and that the certificate was good.

use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(test)]
use crate::crypto::cms::Signed;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::id::AgencyId;
use crate::id::AgreementId;
use crate::listener::tls::Trust;

use super::signed::Signatory;

/// The signatures that were required and found good, and whom that was believed from.
#[derive(Debug, Default)]
pub struct Signing {
    anchors: Vec<Hash>,
    signatures: Vec<Signature>,
    /// Certificates, and by what they were taken. The signatures themselves are policy files.
    objects: BTreeMap<Hash, Arc<[u8]>>,
}

/// One party's signature over one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Over which.
    pub agreement: AgreementId,
    /// Whose.
    pub agency: AgencyId,
    /// SHA-256 of the signer's certificate.
    pub certificate: Hash,
    /// SHA-256 of what that was taken by: the text of a [`crate::listener::certification::CertificationPath`].
    pub path: Option<Hash>,
    /// SHA-256 of the detached signature.
    pub signature: Hash,
}

impl Signing {
    /// Nothing signed yet, by the word of these authorities.
    pub(super) fn by(trust: &Trust) -> Self {
        let mut signing = Self::default();
        signing.anchors = trust.anchors().iter().map(|anchor| signing.keep(anchor)).collect();
        signing
    }

    /// Notes who signed an agreement.
    pub(super) fn note(&mut self, agreement: &AgreementId, signatories: Vec<Signatory>) {
        for Signatory { agency, signed, path, file } in signatories {
            let certificate = self.keep(&signed.certificate);
            let path = path.map(|path| self.keep(path.as_bytes()));
            let agreement = agreement.clone();
            self.signatures.push(Signature { agreement, agency, certificate, path, signature: file });
        }
    }

    /// So many signatures, which nobody made.
    #[cfg(test)]
    pub(crate) fn of_many(count: u32) -> Self {
        let mut signing = Self::default();
        for number in 0..count {
            let signed = Signed {
                certificate: number.to_be_bytes().to_vec(),
                others: Vec::new(),
                spki: [0; 32],
                signing_time: None,
            };
            let agency = "H31".parse().unwrap();
            let one = Signatory { agency, signed, path: None, file: [7; 32] };
            signing.note(&format!("TT-{number}").parse().unwrap(), vec![one]);
        }
        signing
    }

    fn keep(&mut self, bytes: &[u8]) -> Hash {
        let hash = sha256(bytes);
        self.objects.entry(hash).or_insert_with(|| bytes.into());
        hash
    }

    /// The SHA-256 of each authority's certificate by which signatures are believed, hexadecimal, as the log names them.
    #[must_use]
    pub fn named(&self) -> Vec<String> {
        self.anchors.iter().map(|hash| hex(hash)).collect()
    }

    /// The signatures, by agreement.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// What they refer to and no policy file is.
    pub fn objects(&self) -> impl Iterator<Item = &[u8]> {
        self.objects.values().map(|bytes| &**bytes)
    }
}
