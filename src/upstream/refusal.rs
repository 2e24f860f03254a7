//! What went wrong on the way to a platform and back: one fault, a code for the record, a sentence for people.

use std::io;

use crate::language::Text;
use crate::message::sign::SignFault;

/// The platform's hop failed. The gateway itself is well.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No trusted connection to any endpoint came about.
    #[error("the platform cannot be reached")]
    Unreachable(#[source] NoConnection),
    /// Connected, but the answer was not complete in time.
    #[error("{}", .0.sentence())]
    Timeout(Phase),
    /// What came is no complete answer with one meaning.
    #[error("the platform gave a broken answer")]
    Broken(#[source] BrokenAnswer),
    /// The answer's body is larger than this many bytes.
    #[error("the platform's answer is larger than {0} bytes")]
    TooLarge(u64),
}

/// What was being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The answer's head.
    Answer,
    /// The answer's last byte.
    Body,
}

impl Phase {
    fn sentence(self) -> &'static str {
        match self {
            Self::Answer => "the platform did not begin its answer in time",
            Self::Body => "the platform did not finish its answer in time",
        }
    }
}

/// Why there is no connection: the cause at the endpoint that was tried last.
#[derive(Debug, thiserror::Error)]
pub enum NoConnection {
    /// The service has no endpoint here.
    #[error("the service has no endpoint")]
    NoEndpoint,
    /// The address does not resolve, or nobody listens there.
    #[error("no connection to the endpoint")]
    Tcp(#[source] io::Error),
    /// TLS failed: another party than the one we trust answered, or it does not trust us.
    #[error("no TLS with the endpoint")]
    Tls(#[source] io::Error),
    /// The endpoint's public key is not the one that is pinned.
    #[error("the endpoint shows another public key than the pinned one")]
    Pin,
    /// It took longer than it may.
    #[error("the endpoint did not connect in time")]
    Late,
    /// The connection did not take HTTP up.
    #[error("no HTTP with the endpoint")]
    Http(#[source] hyper::Error),
    /// What we state in the request cannot be signed.
    #[error("the request cannot be signed")]
    Unsigned(#[source] SignFault),
    /// The request has no address that can be written down.
    #[error("the request's path cannot be sent")]
    Path,
}

/// Why an answer is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BrokenAnswer {
    /// The connection ended or failed before the answer was complete, or its bytes are not HTTP.
    #[error("the answer is not complete HTTP")]
    Http(#[source] hyper::Error),
    /// It has both `Content-Length` and `Transfer-Encoding`, so it could be understood in two ways (RFC 9112 6.3).
    #[error("the answer has two lengths")]
    TwoLengths,
    /// Its `Content-Length` is repeated or is no plain number.
    #[error("the answer's length is ambiguous")]
    Length,
    /// Its `Transfer-Encoding` is not exactly `chunked`.
    #[error("the answer's transfer coding is not `chunked`")]
    TransferCoding,
    /// Without TLS, only the connection's end would say where its body ends: nobody can tell that from a cut.
    #[error("nothing tells the answer's end from a cut")]
    NoEnd,
    /// It changes the protocol, which was not asked for.
    #[error("the answer switches protocols")]
    Upgrade,
}

impl Fault {
    /// The reason as the record, the problem document and the metrics name it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "platform-unreachable",
            Self::Timeout(_) => "platform-timeout",
            Self::Broken(_) => "platform-broken",
            Self::TooLarge(_) => "answer-too-large",
        }
    }

    /// What is said to people about the service of this name: first of all that the gateway is well and the source is not.
    #[must_use]
    pub fn text(&self, service: &Text) -> Text {
        let (vi, en) = match self {
            Self::Unreachable(_) => (
                "nguồn không phản hồi: không kết nối được tới",
                "the source does not respond: no connection to",
            ),
            Self::Timeout(_) => (
                "nguồn không phản hồi: quá thời gian chờ",
                "the source does not respond: no answer in time from",
            ),
            Self::Broken(_) => ("nguồn phản hồi không hợp lệ:", "the source failed: broken answer from"),
            Self::TooLarge(_) => {
                ("nguồn trả lời vượt dung lượng cho phép:", "the source failed: answer too large from")
            }
        };
        Text::new(
            format!("Cổng bình thường, {vi} {}.", service.vi),
            format!("The gateway is working; {en} {}.", service.en),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_says_that_the_gateway_is_well_and_names_the_source() {
        let service = Text::new("Nền tảng dữ liệu đất đai", "the land data platform");
        for (fault, code) in [
            (Fault::Unreachable(NoConnection::Late), "platform-unreachable"),
            (Fault::Timeout(Phase::Answer), "platform-timeout"),
            (Fault::Broken(BrokenAnswer::NoEnd), "platform-broken"),
            (Fault::TooLarge(7), "answer-too-large"),
        ] {
            let text = fault.text(&service);
            assert_eq!(fault.code(), code);
            assert!(
                text.vi.starts_with("Cổng bình thường, nguồn") && text.vi.contains(&service.vi),
                "{}",
                text.vi
            );
            assert!(
                text.en.starts_with("The gateway is working") && text.en.contains(&service.en),
                "{}",
                text.en
            );
        }
    }

    #[test]
    fn silence_and_refusal_both_say_that_the_source_does_not_respond() {
        for fault in [Fault::Unreachable(NoConnection::Late), Fault::Timeout(Phase::Body)] {
            assert!(fault.text(&Text::default()).vi.starts_with("Cổng bình thường, nguồn không phản hồi"));
        }
    }
}
