//! Why no agreement answers, and how that is said to people: reason, agreement, clause, legal ground, whom to ask.

mod words;

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::id::AgreementId;
use crate::identity::registry::Agency;
use crate::language::Text;

use super::model::{Agreement, Maintenance, Permit, Service, Suspension};
use super::scope::Field;

/// A request is refused by policy. Every variant but the first three names its ground.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// No agreement with that service, or no such service or operation for this caller: always the same.
    NoAgreement {
        /// The operator's contact.
        contact: Arc<str>,
    },
    /// The certificate is suspended.
    CertificateSuspended {
        /// Since when and why.
        suspension: Suspension,
        /// The operator's contact.
        contact: Arc<str>,
    },
    /// The agency is suspended.
    AgencySuspended {
        /// Since when and why.
        suspension: Suspension,
        /// The operator's contact.
        contact: Arc<str>,
    },
    /// Something must be named and is not.
    Missing {
        /// What.
        what: Needed,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The stated purpose is not the agreement's.
    PurposeNotCovered {
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The stated purpose is suspended.
    PurposeSuspended {
        /// Since when and why.
        suspension: Suspension,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The agreement is suspended.
    AgreementSuspended {
        /// Since when and why.
        suspension: Suspension,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The agreement's first day is still to come.
    NotYetInForce {
        /// When that day begins.
        begins: Option<Timestamp>,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The agreement is over.
    NoLongerInForce {
        /// Its last day.
        last: Date,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The security confirmation is over six months old.
    SecurityConfirmationLapsed {
        /// When it was given.
        confirmed: Date,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// Its parties have not signed the agreement, and the gateway requires that they did.
    NotSigned {
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The call comes from outside the agency's networks.
    SourceNetwork {
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The agreement is closed at this hour.
    OutsideHours {
        /// When it opens.
        opens: Option<Timestamp>,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The request must be signed.
    SignatureRequired {
        /// The ground.
        ground: Arc<Ground>,
    },
    /// A query parameter that the clause does not let through.
    ParameterNotGranted {
        /// Its name, if the service's file declares it; else it is not repeated.
        parameter: Option<String>,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// A field outside the scope was asked for.
    FieldNotGranted {
        /// The field, if the catalogue knows it; else it is not repeated.
        field: Option<Box<Field>>,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The request is larger than the operation takes.
    RequestTooLarge {
        /// The most bytes of a body.
        limit: u64,
        /// The ground.
        ground: Arc<Ground>,
    },
    /// The platform is away as planned.
    Maintenance {
        /// From when until when, and why.
        window: Box<Maintenance>,
        /// The ground.
        ground: Arc<Ground>,
    },
}

/// What a request must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// `Exchange-Purpose`.
    Purpose,
    /// `Exchange-Case`.
    Case,
    /// `Exchange-User`.
    User,
    /// The query parameter in which the data subject stands: without it the agreement's people could not be counted.
    Subject(String),
}

/// The agreement, and as far as it was reached the clause, by which a request is refused. Made when compiling, so that a refusal only points to it.
#[derive(Debug)]
pub struct Ground {
    agreement: Arc<Agreement>,
    clause: Option<String>,
    legal: String,
    provider: Arc<Agency>,
    service: Arc<Service>,
}

impl Ground {
    pub(super) fn new(
        agreement: &Arc<Agreement>,
        permit: Option<&Permit>,
        service: &Arc<Service>,
        provider: &Arc<Agency>,
    ) -> Self {
        Self {
            agreement: Arc::clone(agreement),
            clause: permit.map(|permit| permit.number.to_string()),
            legal: agreement.legal_basis.join("; "),
            provider: Arc::clone(provider),
            service: Arc::clone(service),
        }
    }

    /// The agreement.
    #[must_use]
    pub fn agreement(&self) -> &Arc<Agreement> {
        &self.agreement
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }
}

impl Refusal {
    /// The reason as the log, the problem document and the metrics call it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAgreement { .. } => "no-agreement",
            Self::CertificateSuspended { .. } => "certificate-suspended",
            Self::AgencySuspended { .. } => "agency-suspended",
            Self::Missing { .. } => "header-missing",
            Self::PurposeNotCovered { .. } => "purpose-not-covered",
            Self::PurposeSuspended { .. } | Self::AgreementSuspended { .. } => "agreement-suspended",
            Self::NotYetInForce { .. } | Self::NoLongerInForce { .. } | Self::NotSigned { .. } => {
                "agreement-not-in-force"
            }
            Self::SecurityConfirmationLapsed { .. } => "security-confirmation-lapsed",
            Self::SourceNetwork { .. } => "source-network",
            Self::OutsideHours { .. } => "outside-hours",
            Self::SignatureRequired { .. } => "signature-required",
            Self::ParameterNotGranted { .. } => "parameter-not-granted",
            Self::FieldNotGranted { .. } => "field-not-granted",
            Self::RequestTooLarge { .. } => "request-too-large",
            Self::Maintenance { .. } => "maintenance",
        }
    }

    /// The ground; none for what concerns no agreement.
    #[must_use]
    pub fn ground(&self) -> Option<&Ground> {
        match self {
            Self::NoAgreement { .. } | Self::CertificateSuspended { .. } | Self::AgencySuspended { .. } => {
                None
            }
            Self::Missing { ground, .. }
            | Self::PurposeNotCovered { ground }
            | Self::PurposeSuspended { ground, .. }
            | Self::AgreementSuspended { ground, .. }
            | Self::NotYetInForce { ground, .. }
            | Self::NoLongerInForce { ground, .. }
            | Self::SecurityConfirmationLapsed { ground, .. }
            | Self::NotSigned { ground }
            | Self::SourceNetwork { ground }
            | Self::OutsideHours { ground, .. }
            | Self::SignatureRequired { ground }
            | Self::ParameterNotGranted { ground, .. }
            | Self::FieldNotGranted { ground, .. }
            | Self::RequestTooLarge { ground, .. }
            | Self::Maintenance { ground, .. } => Some(ground),
        }
    }

    /// The agreement and its version.
    #[must_use]
    pub fn agreement(&self) -> Option<(&AgreementId, u32)> {
        self.ground().map(|ground| (&ground.agreement.id, ground.agreement.version))
    }

    /// The clause: the number of the agreement's `[[permit]]`.
    #[must_use]
    pub fn clause(&self) -> Option<&str> {
        self.ground().and_then(|ground| ground.clause.as_deref())
    }

    /// The agreement's legal basis, in one line.
    #[must_use]
    pub fn legal_ground(&self) -> Option<&str> {
        self.ground().map(|ground| ground.legal.as_str())
    }

    /// Whom to ask: about fields and purposes the business contact, about connections the technical one, about what is
    /// suspended or lapsed the one for security. Strangers are told the operator's.
    #[must_use]
    pub fn contact(&self) -> Option<&str> {
        let contacts = self.ground().map(|ground| &ground.agreement.contacts);
        match self {
            Self::NoAgreement { contact }
            | Self::CertificateSuspended { contact, .. }
            | Self::AgencySuspended { contact, .. } => Some(contact),
            Self::SourceNetwork { .. }
            | Self::SignatureRequired { .. }
            | Self::RequestTooLarge { .. }
            | Self::Maintenance { .. } => contacts.map(|contacts| contacts.technical.as_str()),
            Self::PurposeSuspended { .. }
            | Self::AgreementSuspended { .. }
            | Self::SecurityConfirmationLapsed { .. } => contacts.map(|contacts| contacts.security.as_str()),
            Self::Missing { .. }
            | Self::PurposeNotCovered { .. }
            | Self::NotYetInForce { .. }
            | Self::NoLongerInForce { .. }
            | Self::NotSigned { .. }
            | Self::OutsideHours { .. }
            | Self::ParameterNotGranted { .. }
            | Self::FieldNotGranted { .. } => contacts.map(|contacts| contacts.business.as_str()),
        }
    }

    /// The field that was asked for, if the catalogue knows it.
    #[must_use]
    pub fn field(&self) -> Option<&Field> {
        match self {
            Self::FieldNotGranted { field: Some(field), .. } => Some(field),
            _ => None,
        }
    }

    /// The header that is missing, if one is.
    #[must_use]
    pub fn header(&self) -> Option<&'static str> {
        match self {
            Self::Missing { what: Needed::Purpose, .. } => Some("Exchange-Purpose"),
            Self::Missing { what: Needed::Case, .. } => Some("Exchange-Case"),
            Self::Missing { what: Needed::User, .. } => Some("Exchange-User"),
            _ => None,
        }
    }

    /// What it names of the request: a field of the catalogue, a header, a parameter that the service declares.
    #[must_use]
    pub fn about(&self) -> Option<&str> {
        match self {
            Self::FieldNotGranted { field, .. } => field.as_deref().map(|field| field.pointer.as_str()),
            Self::ParameterNotGranted { parameter, .. } => parameter.as_deref(),
            Self::Missing { what: Needed::Subject(name), .. } => Some(name),
            _ => self.header(),
        }
    }

    /// When the same request would not be refused for this reason, if that is known.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::NotYetInForce { begins, .. } => *begins,
            Self::OutsideHours { opens, .. } => *opens,
            Self::Maintenance { window, .. } => Some(window.until),
            _ => None,
        }
    }

    /// What a clerk reads: what was refused, by which agreement, and what to do.
    #[must_use]
    pub fn text(&self) -> Text {
        words::of(self)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.agreement() {
            Some((id, _)) => write!(f, "refused by policy: {} under {id}", self.code()),
            None => write!(f, "refused by policy: {}", self.code()),
        }
    }
}

impl std::error::Error for Refusal {}
