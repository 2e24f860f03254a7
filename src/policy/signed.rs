//! Whether the parties signed an agreement: its exact bytes, which name the agency and service files it relies on, by certificates that
//! speak for exactly these agencies.
//!
//! A signature is as good as its certificate was when the signer says it signed, as the law has it; one that was revoked since is good for
//! nothing, since nobody vouches for the time a signer names. Pure: files, anchors, lists and time are passed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use crate::clock::Timestamp;
use crate::crypto::cms::CmsError;
use crate::crypto::cms::Signed;
use crate::crypto::cms::verify::verify_detached;
use crate::crypto::digest::Hash;
use crate::crypto::digest::sha256;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::id::AgencyId;
use crate::id::AgreementId;
use crate::identity::judgement::NotTaken;
use crate::identity::judgement::judge_signer;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::listener::certification::PathText;
use crate::listener::tls::Trust;

use super::model::Agreement;
use super::policies::Policies;
use super::signing::Signing;

/// How far a signer's clock may be ahead of ours: what is signed tomorrow was not signed.
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// Whom to believe that they sign for an agency.
#[derive(Debug, Clone, Copy)]
pub struct Signers<'a> {
    /// Who issues signers' certificates.
    pub trust: &'a Trust,
    /// Which were taken back.
    pub revoked: &'a Revocations,
    /// Now.
    pub now: Timestamp,
}

/// Why an agreement is not signed by its parties.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// A party did not sign.
    #[error("there is no signature of {0}")]
    Missing(AgencyId),
    /// A signature is false, or not one we read.
    #[error("the signature of {agency} is refused")]
    Signature {
        /// Whose it should be.
        agency: AgencyId,
        /// Why.
        #[source]
        source: CmsError,
    },
    /// A signature says no time, or one to come.
    #[error("the signature of {0} names no time of the past")]
    Undated(AgencyId),
    /// The signer's certificate is not believed.
    #[error("the certificate of the signature of {agency} is not one of an agency")]
    Signer {
        /// Whose it should be.
        agency: AgencyId,
        /// Why.
        #[source]
        source: NotTaken,
    },
    /// The signer's certificate is another agency's.
    #[error("the signature of {agency} was made by {found}")]
    OtherAgency {
        /// Whose it should be.
        agency: AgencyId,
        /// Whose it is.
        found: AgencyId,
    },
    /// The agreement does not name a file that it relies on.
    #[error("the agreement does not name `{0}`, on which it relies")]
    Unnamed(String),
    /// A file is not what the parties signed.
    #[error("`{0}` is not the file that the parties signed for")]
    Changed(String),
}

/// Who signed.
#[derive(Debug)]
pub struct Signatory {
    /// For which agency.
    pub agency: AgencyId,
    /// By which certificate, and when it says.
    pub signed: Signed,
    /// By what that certificate was taken.
    pub path: Option<Arc<PathText>>,
    /// SHA-256 of the signature's file.
    pub file: Hash,
}

/// The agencies that must sign an agreement: the provider, and every consumer.
pub fn parties(agreement: &Agreement) -> impl Iterator<Item = &AgencyId> {
    let consumers = agreement.consumers.iter().filter(|consumer| **consumer != agreement.provider);
    std::iter::once(&agreement.provider).chain(consumers)
}

/// The files that an agreement relies on: who its parties are, and what the service is.
#[must_use]
pub fn relied_on(agreement: &Agreement) -> Vec<String> {
    let agencies = parties(agreement).map(|agency| format!("agencies/{agency}.toml"));
    agencies.chain([format!("services/{}.toml", agreement.service)]).collect()
}

/// Judges the signatures of an agreement.
///
/// # Errors
/// The first thing that is missing or false.
pub fn judge(
    agreement: &Agreement,
    policies: &Policies,
    signers: Signers<'_>,
) -> Result<Vec<Signatory>, NotSigned> {
    check_relied_on(agreement, policies)?;
    parties(agreement).map(|agency| signatory(agreement, agency, policies, signers)).collect()
}

/// Every file that it relies on is named, and is the one that is there.
fn check_relied_on(agreement: &Agreement, policies: &Policies) -> Result<(), NotSigned> {
    for file in relied_on(agreement) {
        let Some(hash) = agreement.relies_on.get(&file) else { return Err(NotSigned::Unnamed(file)) };
        let bytes = policies.file(&file).ok_or_else(|| NotSigned::Changed(file.clone()))?;
        if sha256(bytes) != *hash {
            return Err(NotSigned::Changed(file));
        }
    }
    Ok(())
}

fn signatory(
    agreement: &Agreement,
    agency: &AgencyId,
    policies: &Policies,
    signers: Signers<'_>,
) -> Result<Signatory, NotSigned> {
    let missing = || NotSigned::Missing(agency.clone());
    let content = policies.file(&format!("agreements/{}.toml", agreement.id)).ok_or_else(missing)?;
    let signature = policies.file(&signature_name(&agreement.id, agency)).ok_or_else(missing)?;
    let signed = verify_detached(signature, content)
        .map_err(|source| NotSigned::Signature { agency: agency.clone(), source })?;
    let latest = signers.now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let at =
        signed.signing_time.filter(|at| *at <= latest).ok_or_else(|| NotSigned::Undated(agency.clone()))?;
    let chain: Vec<CertificateDer<'_>> = signed.chain().map(CertificateDer::from).collect();
    let taken = judge_signer(&chain, signers.trust, policies.registry(), signers.revoked, (at, signers.now))
        .map_err(|source| NotSigned::Signer { agency: agency.clone(), source })?;
    if taken.agency.id != *agency {
        return Err(NotSigned::OtherAgency { agency: agency.clone(), found: taken.agency.id.clone() });
    }
    let (path, file) = (signers.trust.path(&chain, at), sha256(signature));
    Ok(Signatory { agency: agency.clone(), signed, path, file })
}

/// The file of a signature, beside the agreement's: `agreements/TT-2026-001.G01.HYN.p7s`.
#[must_use]
pub fn signature_name(agreement: &AgreementId, agency: &AgencyId) -> String {
    format!("agreements/{agreement}.{agency}.p7s")
}

impl Policies {
    /// The same policies, with every agreement out of force that its parties have not signed.
    #[must_use]
    pub fn requiring_signatures(self, signers: Signers<'_>) -> Self {
        let (mut signing, mut unsigned) = (Signing::by(signers.trust), BTreeMap::new());
        for agreement in self.agreements() {
            match judge(agreement, &self, signers) {
                Ok(signatories) => signing.note(&agreement.id, signatories),
                Err(why) => drop(unsigned.insert(agreement.id.clone(), why)),
            }
        }
        self.without(unsigned, signing)
    }
}

impl NotSigned {
    /// What `check` says of an agreement that answers nothing for it.
    pub(super) fn warning(&self, agreement: &AgreementId) -> Fault {
        let message = format!("agreement `{agreement}` answers nothing: {}", self.text().en);
        let fault = Fault::warning(Code::NotSigned, message);
        fault.help("`phohien policy sign` signs it, `policy verify` tells more")
    }

    /// What people read.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Missing(agency) => Text::new(
                format!("thiếu chữ ký của {agency}"),
                format!("the signature of {agency} is missing"),
            ),
            Self::Signature { agency, .. } => Text::new(
                format!("chữ ký của {agency} không đúng với văn bản này"),
                format!("the signature of {agency} is not one over this text"),
            ),
            Self::Undated(agency) => Text::new(
                format!("chữ ký của {agency} không ghi thời điểm ký, hoặc ghi thời điểm chưa tới"),
                format!("the signature of {agency} names no time, or one to come"),
            ),
            Self::Signer { agency, .. } => Text::new(
                format!("chứng thư số trong chữ ký của {agency} không được chấp nhận"),
                format!("the certificate in the signature of {agency} is not accepted"),
            ),
            Self::OtherAgency { agency, found } => Text::new(
                format!("chữ ký đặt tên {agency} lại do {found} ký"),
                format!("the signature named for {agency} was made by {found}"),
            ),
            Self::Unnamed(file) => Text::new(
                format!("văn bản không nêu mã băm của {file}"),
                format!("the text does not name the hash of {file}"),
            ),
            Self::Changed(file) => Text::new(
                format!("{file} đã khác so với khi các bên ký"),
                format!("{file} is not what it was when the parties signed"),
            ),
        }
    }
}
