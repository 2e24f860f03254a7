//! Whether two operators ordered it: both signatures over the very bytes of the order, by certificates of an agency that operates.

use rustls::pki_types::CertificateDer;

use crate::audit::index::Month;
use crate::clock::Timestamp;
use crate::crypto::cms::CmsError;
use crate::crypto::cms::Signed;
use crate::crypto::cms::verify::verify_detached;
use crate::id::AgencyId;
use crate::id::Origin;
use crate::identity::judgement::NotOperator;
use crate::identity::judgement::judge_operator;
use crate::identity::registry::Registry;
use crate::identity::revocation::Revocations;
use crate::language::Text;
use crate::listener::tls::Trust;
use crate::policy::model::Suspensions;

use super::order::NotAnOrder;
use super::order::Order;

/// How many sign: neither alone can destroy a month.
pub const SIGNERS: usize = 2;

/// How long a month must be over: exchanges that began in it have ended, and clocks that go wrong have been seen.
const OVER_FOR: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Whom to believe that they operate.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// Who issues operators' certificates.
    pub trust: &'a Trust,
    /// Which agencies operate.
    pub registry: &'a Registry,
    /// Which certificates were taken back.
    pub revoked: &'a Revocations,
    /// Which certificates and agencies are held up.
    pub suspended: &'a Suspensions,
    /// The log the order must be about.
    pub origin: &'a Origin,
    /// Now.
    pub now: Timestamp,
}

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum NotApproved {
    /// It is no order.
    #[error("the order cannot be read")]
    Order(#[from] NotAnOrder),
    /// It is about another log.
    #[error("the order is about the log `{0}`")]
    OtherLog(String),
    /// The month is not over, or was not a day ago.
    #[error("the month {0} has not been over for a day")]
    NotOver(Month),
    /// It needs two signatures, neither fewer nor more.
    #[error("there are {0} signatures where two must stand")]
    Count(usize),
    /// A signature is refused.
    #[error("signature {number} is refused")]
    Signature {
        /// Which, from 1.
        number: usize,
        /// Why.
        #[source]
        source: CmsError,
    },
    /// A signer is no operator.
    #[error("the certificate of signature {number} is not an operator's")]
    Signer {
        /// Which, from 1.
        number: usize,
        /// Why.
        #[source]
        source: NotOperator,
    },
    /// A signer's certificate or agency is suspended.
    #[error("the certificate of signature {0}, or its agency, is suspended")]
    Suspended(usize),
    /// Both are of one key.
    #[error("both signatures are of one key: two persons must sign")]
    OneKey,
}

impl NotApproved {
    /// The code by which machines know it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Order(_) => "no-order",
            Self::OtherLog(_) => "other-log",
            Self::NotOver(_) => "month-not-over",
            Self::Count(_) => "two-signatures",
            Self::Signature { .. } => "signature-false",
            Self::Signer { .. } | Self::Suspended(_) => "no-operator",
            Self::OneKey => "one-signer",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Order(_) => Text::new(
                "Tệp lệnh không đúng dạng. Hãy lập bằng `phohien audit forget THÁNG --order-only`.",
                "The file is no order. Draw it up with `phohien audit forget MONTH --order-only`.",
            ),
            Self::OtherLog(_) => {
                Text::new("Lệnh này là của nhật ký khác.", "The order is about another log.")
            }
            Self::NotOver(_) => Text::new(
                "Tháng này chưa kết thúc được một ngày: chưa thể quên.",
                "The month has not been over for a day: it cannot be forgotten yet.",
            ),
            Self::Count(_) => Text::new(
                "Lệnh phải có đúng hai chữ ký của hai người vận hành.",
                "The order needs two signatures, of two operators.",
            ),
            Self::Signature { .. } => {
                Text::new("Một chữ ký không đúng với lệnh này.", "A signature is not one over this order.")
            }
            Self::Signer { .. } => Text::new(
                "Một chứng thư số không phải của người vận hành: phải do tổ chức đã nêu cấp, còn hiệu lực, và thuộc cơ quan có vai trò operate.",
                "A certificate is not an operator's: it must be of the named authority, in force, and of an agency with the role operate.",
            ),
            Self::Suspended(_) => Text::new(
                "Một chứng thư số của người ký, hoặc cơ quan của người đó, đang bị tạm dừng.",
                "A signer's certificate, or that signer's agency, is suspended.",
            ),
            Self::OneKey => Text::new(
                "Hai chữ ký là của cùng một khóa: phải có hai người ký.",
                "Both signatures are of one key: two persons must sign.",
            ),
        }
    }
}

/// One who signed.
#[derive(Debug)]
pub struct Signatory {
    /// For which agency.
    pub agency: AgencyId,
    /// By which certificate.
    pub signed: Signed,
    /// The signature (CMS, DER).
    pub signature: Vec<u8>,
}

/// An order that two operators signed. Only [`approve`] makes one.
///
/// ```compile_fail,E0451
/// fn forge() -> phohien::audit::forget::Approved { phohien::audit::forget::Approved { order: loop {}, month: loop {}, signers: loop {} } }
/// ```
#[derive(Debug)]
pub struct Approved {
    order: Order,
    month: Month,
    signers: Vec<Signatory>,
}

impl Approved {
    /// The order.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Its month.
    #[must_use]
    pub fn month(&self) -> Month {
        self.month
    }

    /// Who signed.
    #[must_use]
    pub fn signers(&self) -> &[Signatory] {
        &self.signers
    }
}

/// Approves an order, or says what is missing.
///
/// # Errors
/// See [`NotApproved`].
pub fn approve(order: &[u8], signatures: &[Vec<u8>], grounds: Grounds<'_>) -> Result<Approved, NotApproved> {
    let read = Order::parse(order)?;
    if read.origin() != grounds.origin.as_str() {
        return Err(NotApproved::OtherLog(read.origin().escape_default().to_string()));
    }
    let month = read.month()?;
    if month >= month_of(grounds.now.saturating_sub(OVER_FOR).unwrap_or(Timestamp::MIN)) {
        return Err(NotApproved::NotOver(month));
    }
    if signatures.len() != SIGNERS {
        return Err(NotApproved::Count(signatures.len()));
    }
    let mut signers = Vec::new();
    for (number, signature) in (1..).zip(signatures) {
        signers.push(signatory(number, order, signature, grounds)?);
    }
    let keys: std::collections::BTreeSet<_> = signers.iter().map(|signer| signer.signed.spki).collect();
    if keys.len() < SIGNERS { Err(NotApproved::OneKey) } else { Ok(Approved { order: read, month, signers }) }
}

/// The month (UTC) of a time.
fn month_of(time: Timestamp) -> Month {
    Month::of_millis(u64::try_from(time.as_millisecond()).unwrap_or_default())
}

fn signatory(
    number: usize,
    order: &[u8],
    signature: &[u8],
    grounds: Grounds<'_>,
) -> Result<Signatory, NotApproved> {
    let signed =
        verify_detached(signature, order).map_err(|source| NotApproved::Signature { number, source })?;
    let chain: Vec<CertificateDer<'_>> = signed.chain().map(CertificateDer::from).collect();
    let Grounds { trust, registry, revoked, suspended, now, .. } = grounds;
    let taken = judge_operator(&chain, trust, registry, revoked, now)
        .map_err(|source| NotApproved::Signer { number, source })?;
    if suspended.certificates.contains_key(&taken.certificate.fingerprint)
        || suspended.agencies.contains_key(&taken.agency.id)
    {
        return Err(NotApproved::Suspended(number));
    }
    Ok(Signatory { agency: taken.agency.id.clone(), signed, signature: signature.to_vec() })
}
