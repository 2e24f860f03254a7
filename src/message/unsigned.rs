//! Why a request's signature is not taken for one: each reason in a caller's words, since it is the caller that has to mend it.

use crate::language::Text;

/// Why a request does not count as signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// The headers cannot be read, or are too long.
    #[error("the signature headers cannot be read")]
    Unreadable,
    /// There is more than one signature, or none in one of the two headers.
    #[error("there is not exactly one signature")]
    NotOne,
    /// Something that must be covered is not.
    #[error("the signature does not cover `{0}`")]
    NotCovered(String),
    /// Something is covered that the request does not have, or that cannot be read in one way.
    #[error("the signature covers what the request does not have")]
    Component,
    /// A parameter is missing or wrong.
    #[error("the signature's parameter `{0}` is missing or wrong")]
    Parameter(&'static str),
    /// It was made too long ago, or is not to be made yet.
    #[error("the signature was not made now")]
    NotNow,
    /// The registry has no such key of this agency that is valid now.
    #[error("the agency has no such key that is valid now")]
    Key,
    /// It is another algorithm than the key's.
    #[error("the signature's algorithm is not the key's")]
    Algorithm,
    /// It is not this key's over this request.
    #[error("the signature is not that key's over this request")]
    Forged,
    /// A request with the same nonce came before.
    #[error("the signature came before")]
    Replayed,
    /// Whether it came before is not known: the store that several gateways share is lost.
    #[error("whether the signature came before is not known")]
    Unshared,
    /// More signed requests than can be told apart.
    #[error("too many signed requests at once")]
    TooMany,
}

impl Unsigned {
    /// The reason in words.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Unreadable => Text::new(
                "Không đọc được Signature-Input và Signature theo RFC 9421.",
                "Signature-Input and Signature cannot be read as RFC 9421 writes them.",
            ),
            Self::NotOne => Text::new("Phải có đúng một chữ ký số.", "There must be exactly one signature."),
            Self::NotCovered(name) => Text::new(
                format!("Chữ ký số chưa bao gồm {name}."),
                format!("The signature does not cover {name}."),
            ),
            Self::Component => Text::new(
                "Chữ ký số bao gồm thành phần mà yêu cầu không có hoặc cổng không hỗ trợ.",
                "The signature covers a component that the request does not have or the gateway does not support.",
            ),
            Self::Parameter(name) => Text::new(
                format!("Tham số {name} của chữ ký số bị thiếu hoặc không hợp lệ."),
                format!("The signature's parameter {name} is missing or not valid."),
            ),
            Self::NotNow => Text::new(
                "Thời điểm ký lệch quá 60 giây so với đồng hồ của cổng.",
                "The time of signing is more than 60 seconds from the gateway's clock.",
            ),
            Self::Key => Text::new(
                "Cơ quan chưa đăng ký khóa ký này, hoặc khóa chưa đến hạn hay đã hết hạn.",
                "The agency has not registered this key, or the key is not valid yet or any more.",
            ),
            Self::Algorithm => Text::new(
                "Thuật toán ký không đúng với khóa đã đăng ký.",
                "The algorithm is not that of the registered key.",
            ),
            Self::Forged => Text::new(
                "Chữ ký số không đúng với yêu cầu này và khóa đã đăng ký.",
                "The signature is not the registered key's over this request.",
            ),
            Self::Replayed => Text::new(
                "Chữ ký số này đã được dùng: mỗi yêu cầu cần một nonce mới.",
                "This signature was used before: each request needs a new nonce.",
            ),
            Self::Unshared => Text::new(
                "Tạm thời không xác nhận được với các cổng khác rằng chữ ký này chưa được dùng. Hãy thử lại.",
                "The other gateways cannot be asked for the moment whether this signature was used. Try again.",
            ),
            Self::TooMany => Text::new(
                "Quá nhiều yêu cầu đã ký trong một phút.",
                "Too many signed requests in one minute.",
            ),
        }
    }
}
