//! What a leaf may say of an exchange: catalogue names only. An unknown service, purpose or field is never copied from a request.

use std::sync::Arc;

use serde::Serialize;

use crate::crypto::digest::hex;
use crate::id::AgencyId;
use crate::id::AgreementId;
use crate::identity::Certificate;
use crate::identity::Peer;
use crate::listener::certification::PathText;
use crate::policy::Grant;
use crate::policy::Refusal;
use crate::policy::Refused;
use crate::request::Request;

/// Who, what, on which ground; nothing about a person.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Facts {
    /// No agency was recognized: the entry stands in the operator's chain.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unauthenticated: bool,
    /// The caller's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFacts>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Method and path template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The agreement, its version and clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementFacts>,
    /// The hash of the policies that decided, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The purpose's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The agreement's legal basis.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub legal_basis: Vec<String>,
    /// The registered key by which the agency signed the request, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The calendar day towards whose quotas this counts; none: it counts towards none ([`crate::limits::quota`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged: Option<String>,
    /// What a refusal names: a field of the catalogue, a header, a parameter that the service declares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// A certificate, named so that it can be found again: it is kept in the log's `objects`.
#[derive(Debug, Clone, Serialize)]
pub struct CertificateFacts {
    issuer: String,
    serial: String,
    spki: String,
    /// SHA-256 of the certificate: its object's name.
    object: String,
    /// SHA-256 of the text by which it was taken, which is kept too: the authorities above it and the revocation lists of then.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// An agreement and the clause that answered.
#[derive(Debug, Clone, Serialize)]
pub struct AgreementFacts {
    /// Its number.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// The permit, from 1; none where no single one was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<usize>,
}

/// What people read, in both languages.
#[derive(Debug, Clone, Serialize)]
pub struct Words {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// One party's signature over an agreement that is in force. What it names by SHA-256 is kept in `objects`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgreementSigner {
    /// The agreement.
    pub agreement: AgreementId,
    /// The party.
    pub agency: AgencyId,
    /// The certificate by which it signed.
    pub certificate: String,
    /// By what that was taken: the authorities above it and their revocation lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The detached signature.
    pub signature: String,
}

/// The scope of a grant.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeFacts {
    /// Hexadecimal hash of the pointers.
    pub hash: String,
    /// The pointers the grant names.
    pub fields: Vec<String>,
}

impl Facts {
    /// What a refusal under an agreement tells: the agreement, and of the request what catalogue and agreement know. One that is
    /// under none tells nothing but who asked.
    #[must_use]
    pub fn of_refusal(refused: &Refused<Refusal>) -> Self {
        let reason = &refused.reason;
        let peer = refused.peer.as_ref().map(Self::of_peer).unwrap_or_default();
        let Some(ground) = reason.ground() else { return peer };
        let agreement = ground.agreement();
        let request = refused.request.as_ref();
        let operation = request.and_then(|request| {
            let mut operations = ground.service().operations.iter();
            operations.find(|operation| operation.answers(request.method(), request.segments()))
        });
        let stated = request.and_then(Request::purpose);
        let known = agreement.purposes.iter().find(|purpose| stated == Some(purpose.as_str()));
        Self {
            service: Some(agreement.service.to_string()),
            operation: operation.map(|operation| operation.name()),
            agreement: Some(AgreementFacts {
                id: agreement.id.to_string(),
                version: agreement.version,
                clause: reason.clause().and_then(|clause| clause.parse().ok()),
            }),
            purpose: known.map(ToString::to_string),
            legal_basis: agreement.legal_basis.clone(),
            about: reason.about().map(str::to_owned),
            ..peer
        }
    }

    /// What a recognized caller's certificate tells.
    #[must_use]
    pub fn of_peer(peer: &Peer) -> Self {
        Self { certificate: Some(CertificateFacts::of(peer.certificate(), peer.path())), ..Self::default() }
    }

    /// What is known once a grant is there.
    #[must_use]
    pub fn of_grant(grant: &Grant) -> Self {
        Self {
            service: Some(grant.service().id.to_string()),
            operation: Some(grant.operation().name()),
            agreement: Some(AgreementFacts {
                id: grant.agreement().id.to_string(),
                version: grant.agreement().version,
                clause: Some(grant.permit().number),
            }),
            policy: Some(hex(grant.policy_hash())),
            purpose: Some(grant.purpose().to_string()),
            legal_basis: grant.agreement().legal_basis.clone(),
            signed_by: grant.request().attested().map(|attested| attested.key().to_owned()),
            ..Self::of_peer(grant.peer())
        }
    }
}

impl CertificateFacts {
    /// Names a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate, path: Option<&Arc<PathText>>) -> Self {
        Self {
            issuer: certificate.issuer.clone(),
            serial: certificate.serial.clone(),
            spki: hex(&certificate.spki),
            object: hex(&certificate.fingerprint),
            path: path.map(|path| hex(path.hash())),
        }
    }
}
