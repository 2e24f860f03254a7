//! Why there is no answer, told to a clerk. A gateway that turns a certificate away has said no; one that is not there has said nothing.

use std::io;

use rustls::AlertDescription;
use rustls::CertificateError;

use super::wire::Told;
use crate::cli::exit::Exit;
use crate::cli::exit::Failure;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The address's name cannot stand in a certificate.
    #[error("the gateway's name cannot be in a certificate")]
    Name,
    /// No connection.
    #[error("the gateway is not reached")]
    Unreachable(#[source] io::Error),
    /// The TLS handshake failed, or an alert ended the connection.
    #[error("the TLS connection was refused")]
    Tls(#[source] rustls::Error),
    /// The request cannot be put into HTTP.
    #[error("the request cannot be sent")]
    Unsendable(#[source] http::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    /// No answer in time.
    #[error("no answer in time")]
    Slow,
    /// An answer beyond what is held.
    #[error("the answer is too large")]
    TooLarge,
}

impl Unanswered {
    /// An HTTP error after the handshake, or the TLS alert that caused it.
    pub(super) fn after_handshake(told: &Told, error: hyper::Error) -> Self {
        told.get().map_or(Self::Broken(error), |alert| Self::Tls(alert.clone()))
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        let (exit, code, vi, en) = match &unanswered {
            Unanswered::Tls(rustls::Error::AlertReceived(alert)) => refused_by_alert(*alert),
            Unanswered::Tls(rustls::Error::InvalidCertificate(error)) => their_certificate(error),
            Unanswered::Tls(_) => (
                Exit::CouldNot,
                "handshake-failed",
                "Không lập được kết nối TLS với cổng. Hãy kiểm tra địa chỉ và cổng mạng.",
                "No TLS connection to the gateway could be made. Check the address and the port.",
            ),
            Unanswered::Name => (
                Exit::Usage,
                "usage",
                "Tên cổng trong địa chỉ không hợp lệ.",
                "The gateway's name in the address is not valid.",
            ),
            Unanswered::Unreachable(_) => (
                Exit::CouldNot,
                "gateway-unreachable",
                "Không kết nối được tới cổng. Hãy kiểm tra địa chỉ, mạng, và hỏi đơn vị vận hành.",
                "The gateway cannot be reached. Check the address and the network, and ask the operator.",
            ),
            Unanswered::Unsendable(_) => (
                Exit::Usage,
                "usage",
                "Yêu cầu không gửi được theo HTTP.",
                "The request cannot be put into HTTP.",
            ),
            Unanswered::Broken(_) => (
                Exit::CouldNot,
                "connection-broken",
                "Cổng đóng kết nối trước khi trả lời xong. Có thể thử lại; nếu lặp lại, hỏi đơn vị vận hành.",
                "The gateway closed the connection before the answer was whole. Retry; if it stays so, ask the operator.",
            ),
            Unanswered::Slow => (
                Exit::CouldNot,
                "timeout",
                "Cổng không trả lời kịp. Có thể thử lại, hoặc chờ lâu hơn bằng --timeout.",
                "The gateway did not answer in time. Retry, or wait longer with --timeout.",
            ),
            Unanswered::TooLarge => {
                (Exit::CouldNot, "answer-too-large", "Câu trả lời quá lớn.", "The answer is too large.")
            }
        };
        Failure::new(exit, code, vi, en).because(unanswered)
    }
}

type Words = (Exit, &'static str, &'static str, &'static str);

/// What the gateway's alert (RFC 8446 6.2) means for who called.
fn refused_by_alert(alert: AlertDescription) -> Words {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => (
            Exit::No,
            "certificate-required",
            "Cổng từ chối: chưa trình chứng thư số. Hãy nêu chứng thư số và khóa riêng của cơ quan.",
            "Refused by the gateway: no certificate was shown. Name the agency's certificate and private key.",
        ),
        AlertDescription::CertificateExpired => (
            Exit::No,
            "certificate-expired",
            "Cổng từ chối: chứng thư số đã hết hạn. Hãy xin cấp chứng thư số mới.",
            "Refused by the gateway: the certificate has expired. Apply for a new one.",
        ),
        AlertDescription::CertificateRevoked => (
            Exit::No,
            "certificate-revoked",
            "Cổng từ chối: chứng thư số đã bị thu hồi. Hãy hỏi tổ chức cấp chứng thư số; không dùng lại khóa này.",
            "Refused by the gateway: the certificate was revoked. Ask the certificate authority; do not use this key again.",
        ),
        AlertDescription::UnknownCA => (
            Exit::No,
            "certificate-unknown-authority",
            "Cổng từ chối: chứng thư số do tổ chức mà cổng không công nhận cấp. Hãy dùng chứng thư số được cấp để kết nối cổng.",
            "Refused by the gateway: it does not accept the authority that issued the certificate. Use the one issued for this gateway.",
        ),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => (
            Exit::No,
            "certificate-refused",
            "Cổng từ chối chứng thư số này. Hãy kiểm tra bằng `phohien certs check` hoặc hỏi đơn vị vận hành.",
            "The gateway refused this certificate. Check it with `phohien certs check`, or ask the operator.",
        ),
        AlertDescription::UnrecognisedName => (
            Exit::No,
            "authority",
            "Cổng từ chối: tên trong địa chỉ không phải tên của cổng này.",
            "Refused by the gateway: the name in the address is not one of its own.",
        ),
        _ => (
            Exit::No,
            "handshake-refused",
            "Cổng từ chối kết nối TLS. Hãy gửi mã lỗi dưới đây cho đơn vị vận hành.",
            "The gateway refused the TLS connection. Tell the operator the cause below.",
        ),
    }
}

/// Why we do not take the gateway for what it says it is.
fn their_certificate(error: &CertificateError) -> Words {
    match error {
        CertificateError::UnknownIssuer => (
            Exit::CouldNot,
            "gateway-unknown-authority",
            "Chứng thư số của cổng không do tổ chức trong --cacert cấp. KHÔNG gửi gì; hãy kiểm tra địa chỉ và tệp --cacert.",
            "The gateway's certificate is not from the authority of --cacert. NOTHING was sent; check the address and that file.",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            Exit::CouldNot,
            "gateway-other-name",
            "Chứng thư số của cổng không mang tên trong địa chỉ. KHÔNG gửi gì; hãy kiểm tra địa chỉ.",
            "The gateway's certificate is not for the name in the address. NOTHING was sent; check the address.",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            Exit::CouldNot,
            "gateway-certificate-expired",
            "Chứng thư số của cổng đã hết hạn. KHÔNG gửi gì; hãy báo đơn vị vận hành, và kiểm tra đồng hồ máy này.",
            "The gateway's certificate has expired. NOTHING was sent; tell the operator, and check this machine's clock.",
        ),
        _ => (
            Exit::CouldNot,
            "gateway-not-proven",
            "Cổng không chứng minh được mình. KHÔNG gửi gì; hãy báo đơn vị vận hành.",
            "The gateway could not prove who it is. NOTHING was sent; tell the operator.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn told(error: rustls::Error) -> (Exit, &'static str, String) {
        let failure = Failure::from(Unanswered::Tls(error));
        (failure.exit(), failure.code(), failure.render(Language::Vi, false))
    }

    #[test]
    fn a_certificate_that_is_turned_away_is_a_no_in_a_clerks_words() {
        for (alert, code, word) in [
            (AlertDescription::CertificateRequired, "certificate-required", "chưa trình"),
            (AlertDescription::CertificateExpired, "certificate-expired", "hết hạn"),
            (AlertDescription::CertificateRevoked, "certificate-revoked", "thu hồi"),
            (AlertDescription::UnknownCA, "certificate-unknown-authority", "không công nhận"),
            (AlertDescription::CertificateUnknown, "certificate-refused", "certs check"),
            (AlertDescription::from(200), "handshake-refused", "từ chối"),
        ] {
            let (exit, told_code, text) = told(rustls::Error::AlertReceived(alert));
            assert_eq!((exit, told_code), (Exit::No, code));
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_gateway_that_does_not_prove_itself_is_no_answer_at_all() {
        let (exit, code, text) = told(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert_eq!((exit, code), (Exit::CouldNot, "gateway-unknown-authority"));
        assert!(text.contains("KHÔNG gửi gì"), "{text}");
    }
}
