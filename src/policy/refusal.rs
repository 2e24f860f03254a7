//! Why no agreement answers, and how that is said to people: reason, agreement, clause, legal ground, whom to ask.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use crate::clock::Timestamp;
use crate::id::AgreementId;
use crate::identity::registry::Agency;
use crate::language::Text;

use super::calendar::shown;
use super::model::{Agreement, Maintenance, Permit, Service, Suspension};
use super::scope::{Class, Field};

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
        ground: Box<Ground>,
    },
    /// The stated purpose is not the agreement's.
    PurposeNotCovered {
        /// The ground.
        ground: Box<Ground>,
    },
    /// The stated purpose is suspended.
    PurposeSuspended {
        /// Since when and why.
        suspension: Suspension,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The agreement is suspended.
    AgreementSuspended {
        /// Since when and why.
        suspension: Suspension,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The agreement's first day is still to come.
    NotYetInForce {
        /// When that day begins.
        begins: Option<Timestamp>,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The agreement is over.
    NoLongerInForce {
        /// Its last day.
        last: Date,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The security confirmation is over six months old.
    SecurityConfirmationLapsed {
        /// When it was given.
        confirmed: Date,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The call comes from outside the agency's networks.
    SourceNetwork {
        /// The ground.
        ground: Box<Ground>,
    },
    /// The agreement is closed at this hour.
    OutsideHours {
        /// When it opens.
        opens: Option<Timestamp>,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The request must be signed.
    SignatureRequired {
        /// The ground.
        ground: Box<Ground>,
    },
    /// A query parameter that the clause does not let through.
    ParameterNotGranted {
        /// Its name, if the service's file declares it; else it is not repeated.
        parameter: Option<String>,
        /// The ground.
        ground: Box<Ground>,
    },
    /// A field outside the scope was asked for.
    FieldNotGranted {
        /// The field, if the catalogue knows it; else it is not repeated.
        field: Option<Box<Field>>,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The request is larger than the operation takes.
    RequestTooLarge {
        /// The most bytes of a body.
        limit: u64,
        /// The ground.
        ground: Box<Ground>,
    },
    /// The platform is away as planned.
    Maintenance {
        /// From when until when, and why.
        window: Box<Maintenance>,
        /// The ground.
        ground: Box<Ground>,
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

/// The agreement, and as far as it was reached the clause, by which a request is refused.
#[derive(Debug, Clone)]
pub struct Ground {
    agreement: Arc<Agreement>,
    clause: Option<String>,
    legal: String,
    provider: Text,
    service: Text,
}

impl Ground {
    pub(super) fn new(
        agreement: &Arc<Agreement>,
        permit: Option<&Permit>,
        service: &Service,
        provider: Option<&Arc<Agency>>,
    ) -> Box<Self> {
        let id = agreement.provider.as_str();
        Box::new(Self {
            agreement: Arc::clone(agreement),
            clause: permit.map(|permit| permit.number.to_string()),
            legal: agreement.legal_basis.join("; "),
            provider: provider.map_or_else(|| Text::new(id, id), |agency| agency.name.clone()),
            service: service.name.clone(),
        })
    }

    /// The agreement.
    #[must_use]
    pub fn agreement(&self) -> &Arc<Agreement> {
        &self.agreement
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
            Self::NotYetInForce { .. } | Self::NoLongerInForce { .. } => "agreement-not-in-force",
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
        match self {
            Self::NoAgreement { .. } => Text::new(
                "Từ chối: không có thỏa thuận chia sẻ dữ liệu cho yêu cầu này. Liên hệ đơn vị vận hành cổng.",
                "Refused: there is no data-sharing agreement for this request. Contact the gateway's operator.",
            ),
            Self::CertificateSuspended { suspension, .. } => {
                suspended(suspension, "chứng thư số", "the certificate")
            }
            Self::AgencySuspended { suspension, .. } => {
                suspended(suspension, "cơ quan, đơn vị", "the agency")
            }
            Self::Missing { what, ground } => missing(what, ground),
            Self::PurposeNotCovered { ground } => purpose_not_covered(ground),
            Self::PurposeSuspended { suspension, ground } => {
                let id = &ground.agreement.id;
                let (vi, en) = (
                    format!("mục đích khai thác này theo thỏa thuận {id}"),
                    format!("this purpose under agreement {id}"),
                );
                suspended(suspension, &vi, &en)
            }
            Self::AgreementSuspended { suspension, ground } => {
                let id = &ground.agreement.id;
                suspended(suspension, &format!("thỏa thuận {id}"), &format!("agreement {id}"))
            }
            Self::NotYetInForce { ground, .. } => not_yet(&ground.agreement),
            Self::NoLongerInForce { last, ground } => over(&ground.agreement, *last),
            Self::SecurityConfirmationLapsed { ground, .. } => lapsed(&ground.agreement),
            Self::SourceNetwork { .. } => Text::new(
                "Từ chối: yêu cầu đến từ địa chỉ mạng ngoài danh sách đã đăng ký của cơ quan, đơn vị.",
                "Refused: the request comes from an address outside the networks that the agency registered.",
            ),
            Self::OutsideHours { opens, ground } => outside_hours(*opens, &ground.agreement),
            Self::SignatureRequired { ground } => signature_required(&ground.agreement),
            Self::ParameterNotGranted { parameter, ground } => {
                parameter_not_granted(parameter.as_deref(), ground)
            }
            Self::FieldNotGranted { field, ground } => field_not_granted(field.as_deref(), ground),
            Self::RequestTooLarge { limit, .. } => Text::new(
                format!("Từ chối: nội dung yêu cầu vượt quá {limit} byte."),
                format!("Refused: the request's body is over {limit} bytes."),
            ),
            Self::Maintenance { window, ground } => maintenance(window, ground),
        }
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

fn suspended(suspension: &Suspension, what_vi: &str, what_en: &str) -> Text {
    let since = shown(suspension.since);
    Text::new(
        format!("Từ chối: {what_vi} tạm dừng từ ngày {since}. Lý do: {}.", unstopped(&suspension.reason)),
        format!("Refused: {what_en} is suspended since {since}. Reason: {}.", unstopped(&suspension.reason)),
    )
}

/// A reason as it goes into a sentence of ours.
fn unstopped(reason: &str) -> &str {
    reason.trim_end_matches('.')
}

fn missing(what: &Needed, ground: &Ground) -> Text {
    let id = &ground.agreement.id;
    match what {
        Needed::Purpose => Text::new(
            "Thiếu mục đích khai thác (Exchange-Purpose). Mọi yêu cầu phải nêu mục đích khai thác.",
            "The purpose (Exchange-Purpose) is missing. Every request must state its purpose of use.",
        ),
        Needed::Case => Text::new(
            format!(
                "Thiếu mã hồ sơ (Exchange-Case). Yêu cầu dữ liệu cá nhân phải nêu mã hồ sơ làm căn cứ, theo thỏa thuận {id}."
            ),
            format!(
                "The case number (Exchange-Case) is missing. A request for personal data must name its case, by agreement {id}."
            ),
        ),
        Needed::User => Text::new(
            format!(
                "Thiếu người khai thác (Exchange-User). Thỏa thuận {id} yêu cầu nêu người trực tiếp khai thác."
            ),
            format!(
                "The end user (Exchange-User) is missing. Agreement {id} requires the person who asks to be named."
            ),
        ),
        Needed::Subject(name) => Text::new(
            format!("Thiếu tham số `{name}`: thỏa thuận {id} giới hạn số người được tra cứu trong ngày."),
            format!(
                "The parameter `{name}` is missing: agreement {id} bounds how many people are asked about a day."
            ),
        ),
    }
}

fn purpose_not_covered(ground: &Ground) -> Text {
    let (id, provider) = (&ground.agreement.id, &ground.provider);
    Text::new(
        format!(
            "Từ chối: mục đích khai thác không thuộc thỏa thuận {id}. Liên hệ đầu mối nghiệp vụ của {}.",
            provider.vi
        ),
        format!(
            "Refused: the purpose is not covered by agreement {id}. Contact the business contact of {}.",
            provider.en
        ),
    )
}

fn not_yet(agreement: &Agreement) -> Text {
    let (id, from) = (&agreement.id, shown(agreement.from));
    Text::new(
        format!("Từ chối: thỏa thuận {id} có hiệu lực từ ngày {from}."),
        format!("Refused: agreement {id} is in force from {from} on."),
    )
}

fn over(agreement: &Agreement, last: Date) -> Text {
    let (id, last) = (&agreement.id, shown(last));
    Text::new(
        format!("Từ chối: thỏa thuận {id} có hiệu lực đến hết ngày {last}."),
        format!("Refused: agreement {id} was in force until the end of {last}."),
    )
}

fn lapsed(agreement: &Agreement) -> Text {
    let id = &agreement.id;
    Text::new(
        format!("Từ chối: xác nhận an toàn thông tin đã quá sáu tháng; thỏa thuận {id} tạm dừng."),
        format!("Refused: the security confirmation is over six months old; agreement {id} is on hold."),
    )
}

fn outside_hours(opens: Option<Timestamp>, agreement: &Agreement) -> Text {
    let id = &agreement.id;
    let opens = opens.map(|opens| opens.to_zoned_datetime(agreement.zone.clone()));
    let (vi, en) = opens.map_or_else(Default::default, |opens| {
        let (time, day) = (opens.strftime("%H:%M").to_string(), shown(opens.date()));
        (
            format!(" Giờ khai thác tiếp theo từ {time} ngày {day}."),
            format!(" It opens again on {day} at {time}."),
        )
    });
    Text::new(
        format!("Từ chối: ngoài giờ khai thác theo thỏa thuận {id}.{vi}"),
        format!("Refused: outside the hours of agreement {id}.{en}"),
    )
}

fn signature_required(agreement: &Agreement) -> Text {
    let id = &agreement.id;
    Text::new(
        format!("Từ chối: thỏa thuận {id} yêu cầu ký số từng yêu cầu."),
        format!("Refused: agreement {id} requires every request to be signed."),
    )
}

fn parameter_not_granted(parameter: Option<&str>, ground: &Ground) -> Text {
    let id = &ground.agreement.id;
    let name = parameter.map(|name| format!(" `{name}`")).unwrap_or_default();
    let clause = Clause(ground);
    Text::new(
        format!("Từ chối: tham số{name} không được phép gửi theo thỏa thuận {id}{}.", clause.vi()),
        format!("Refused: the parameter{name} may not be sent under agreement {id}{}.", clause.en()),
    )
}

fn field_not_granted(field: Option<&Field>, ground: &Ground) -> Text {
    let id = &ground.agreement.id;
    let (name_vi, name_en) = match field {
        Some(Field { name, class, .. }) => {
            (format!("“{}”{}", name.vi, class_vi(*class)), format!("“{}”{}", name.en, class_en(*class)))
        }
        None => ("được yêu cầu".to_owned(), "asked for".to_owned()),
    };
    let clause = Clause(ground);
    Text::new(
        format!(
            "Từ chối: trường {name_vi} không thuộc phạm vi trường dữ liệu của thỏa thuận {id}{}.",
            clause.vi()
        ),
        format!("Refused: the field {name_en} is outside the field scope of agreement {id}{}.", clause.en()),
    )
}

fn class_vi(class: Class) -> &'static str {
    match class {
        Class::None => "",
        Class::Basic => " (dữ liệu cá nhân cơ bản)",
        Class::Sensitive => " (dữ liệu cá nhân nhạy cảm)",
    }
}

fn class_en(class: Class) -> &'static str {
    match class {
        Class::None => "",
        Class::Basic => " (basic personal data)",
        Class::Sensitive => " (sensitive personal data)",
    }
}

fn maintenance(window: &Maintenance, ground: &Ground) -> Text {
    let until = window.until.to_zoned_datetime(ground.agreement.zone.clone());
    let (time, day) = (until.strftime("%H:%M").to_string(), shown(until.date()));
    let (vi, en) = (&ground.service.vi, &ground.service.en);
    Text::new(
        format!("{vi} đang bảo trì theo kế hoạch. Cổng hoạt động bình thường. Thử lại từ {time} ngày {day}."),
        format!("{en} is away for planned maintenance. The gateway is well. Retry from {time} on {day}."),
    )
}

/// The clause as a sentence adds it.
struct Clause<'a>(&'a Ground);

impl Clause<'_> {
    fn vi(&self) -> String {
        self.0.clause.as_ref().map(|clause| format!(", điều khoản {clause}")).unwrap_or_default()
    }

    fn en(&self) -> String {
        self.0.clause.as_ref().map(|clause| format!(", clause {clause}")).unwrap_or_default()
    }
}
