//! Why nobody was recognized: a code for the log, a sentence for the operator, a text for people.

use crate::clock::Timestamp;
use crate::id::AgencyId;
use crate::language::Text;

use super::certificate::Unreadable;

/// Why a certificate that verified speaks for no agency of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognized {
    /// It cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable(#[from] Unreadable),
    /// It names no agency, or several.
    #[error("the certificate names {0} agencies where exactly one must stand")]
    NotOneAgency(usize),
    /// The name is not spelled as agency names are. Escaped and cut.
    #[error("`{0}` is not the one spelling of an agency's name")]
    Spelling(String),
    /// The agency's code was replaced in a merger.
    #[error("the code {old} was replaced: its holder is {now} today")]
    FormerCode {
        /// The code in the certificate.
        old: AgencyId,
        /// Whose it is now.
        now: AgencyId,
    },
    /// No such agency is registered.
    #[error("agency {0} is not registered")]
    Unknown(AgencyId),
    /// The agency does not exchange data.
    #[error("agency {0} is not registered for exchange")]
    NoRole(AgencyId),
    /// A selector of the agency does not match.
    #[error("the certificate of {agency} does not match the registered {selector}")]
    Selector {
        /// The agency.
        agency: AgencyId,
        /// Which selector.
        selector: &'static str,
    },
    /// The certificate is not valid at this moment.
    #[error("the certificate is valid from {not_before} to {not_after}, and it is {now}")]
    OutOfTime {
        /// First moment.
        not_before: Timestamp,
        /// Last moment.
        not_after: Timestamp,
        /// The time of the request.
        now: Timestamp,
    },
    /// It was revoked since the handshake.
    #[error("the certificate is revoked")]
    Revoked,
    /// Nobody can say whether it is revoked.
    #[error("the issuer's revocation list is missing or past its next update")]
    RevocationUnknown,
    /// What the socket trusts has changed since the handshake.
    #[error("the certificate no longer verifies to what the socket trusts now")]
    Untrusted,
}

impl Unrecognized {
    /// The reason's code, as the log and `certs check` name it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "certificate-unreadable",
            Self::NotOneAgency(_) => "agency-names",
            Self::Spelling(_) => "agency-spelling",
            Self::FormerCode { .. } => "former-code",
            Self::Unknown(_) => "agency-unknown",
            Self::NoRole(_) => "agency-role",
            Self::Selector { .. } => "certificate-selector",
            Self::OutOfTime { .. } => "certificate-out-of-time",
            Self::Revoked => "certificate-revoked",
            Self::RevocationUnknown => "revocation-unknown",
            Self::Untrusted => "certificate-untrusted",
        }
    }

    /// What a person who may ask why is told; a stranger is told less.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Unreadable(_) => {
                Text::new("Chứng thư số không đọc được.", "The certificate cannot be read.")
            }
            Self::NotOneAgency(count) => Text::new(
                format!("Chứng thư số phải nêu đúng một cơ quan, đơn vị; chứng thư số này nêu {count}."),
                format!("A certificate must name exactly one agency; this one names {count}."),
            ),
            Self::Spelling(name) => Text::new(
                format!("Mã định danh trong chứng thư số viết sai quy cách: “{name}”."),
                format!("The agency's name in the certificate is not spelled as it must be: “{name}”."),
            ),
            Self::FormerCode { old, now } => Text::new(
                format!("Mã {old} đã được thay bằng {now}; dùng chứng thư số của {now}."),
                format!("The code {old} was replaced by {now}; use a certificate of {now}."),
            ),
            Self::Unknown(id) => {
                Text::new(format!("Cơ quan {id} chưa đăng ký."), format!("Agency {id} is not registered."))
            }
            Self::NoRole(id) => Text::new(
                format!("Cơ quan {id} chưa đăng ký trao đổi dữ liệu."),
                format!("Agency {id} is not registered for exchange."),
            ),
            Self::Selector { agency, selector } => Text::new(
                format!("Chứng thư số không khớp đăng ký của {agency}: {}.", in_vietnamese(selector)),
                format!("The certificate does not match the registration of {agency}: {selector}."),
            ),
            Self::OutOfTime { .. } => Text::new(
                "Chứng thư số hết hạn hoặc chưa đến hạn.",
                "The certificate has expired, or is not valid yet.",
            ),
            Self::Revoked => Text::new("Chứng thư số bị thu hồi.", "The certificate is revoked."),
            Self::RevocationUnknown => Text::new(
                "Không kiểm tra được danh sách thu hồi (CRL) của tổ chức cấp chứng thư số.",
                "The issuer's revocation list (CRL) is missing or past its next update.",
            ),
            Self::Untrusted => Text::new(
                "Tổ chức cấp chứng thư số này không còn được tin cậy.",
                "The authority that issued the certificate is no longer trusted.",
            ),
        }
    }
}

fn in_vietnamese(selector: &str) -> &str {
    match selector {
        "public key" => "khóa công khai",
        "issuing authority" => "tổ chức cấp chứng thư số",
        other => other,
    }
}
