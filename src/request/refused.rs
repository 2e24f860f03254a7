//! Why a request has no one meaning. Nothing of the request is echoed but header names, which are tokens, cut to length.

use std::fmt;

use http::HeaderName;

use crate::language::Text;

/// The most characters of a header's name that we repeat to anybody.
const NAME_SHOWN: usize = 64;

/// A request that could be read in more than one way, or that we do not serve at all. Each names its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ambiguous {
    /// Another version of HTTP than ALPN agreed on, or one older than 1.1.
    Version,
    /// A method outside GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.
    Method,
    /// The target breaks a rule of ours.
    Target(TargetRule),
    /// The authority is not exactly one of ours.
    Authority(AuthorityRule),
    /// The end of the body could be read in two ways.
    Framing(FramingRule),
    /// The caller asked for another protocol (RFC 9110 7.8): WebSocket, h2c, anything.
    Upgrade,
    /// A part of a document was asked for or sent (RFC 9110 14).
    Range,
    /// A precondition stands on a request that may change something; leaving it out would change what is asked (RFC 9110 13).
    Precondition,
    /// A header that must be there is not.
    HeaderMissing(&'static str),
    /// A header that must be single is not.
    HeaderRepeated(HeaderLabel),
    /// A header's value breaks a rule of ours.
    Header(&'static str, HeaderRule),
}

/// A header's name as we show it: lower case, and no longer than we wish to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderLabel(String);

/// What a target must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetRule {
    /// It begins with `/` (origin-form, RFC 9112 3.2.1); over HTTP/2 the scheme is `https`.
    Form,
    /// It has at most [`super::target::TARGET_MAX`] bytes.
    Length,
    /// Every `%` is followed by two hexadecimal digits.
    Escape,
    /// What is percent-encoded is UTF-8.
    Utf8,
    /// Every character, after decoding, is one that may stand there.
    Character,
    /// No segment is empty: no `//` and no `/` at the end.
    EmptySegment,
    /// No segment ends with a dot; so none is `.` or `..`.
    TrailingDot,
    /// The query is one or more `name=value`, joined by `&`.
    Parameter,
    /// No parameter's name occurs twice, in whatever case.
    ParameterRepeated,
    /// It is spelled as we would spell it: capital hexadecimal digits, and only what must be encoded is.
    Spelling,
}

/// What an authority must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityRule {
    /// A host and perhaps a port, and no more: no user, no trailing dot, no empty port.
    Form,
    /// `Host` and `:authority` say the same.
    Agreement,
    /// It is one of the names we answer to.
    Known,
    /// The TLS server name, if one was sent, says the same.
    ServerName,
}

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FramingRule {
    /// `Transfer-Encoding` is exactly `chunked`.
    Chunked,
    /// `Content-Length` does not stand beside `Transfer-Encoding`.
    Both,
    /// GET and HEAD bring no body.
    NoBody,
    /// HTTP/2 has no connection headers (RFC 9113 8.2.2).
    Http2,
}

/// What a header's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderRule {
    /// Visible ASCII, with single spaces at most inside.
    Visible,
    /// No longer than this many bytes.
    Length(usize),
    /// Decimal digits without leading zeros.
    Number,
    /// As its specification has it: a structured field of the right type, a list of tokens, the one value we know.
    Form,
    /// At most this many items.
    Count(usize),
    /// Every item is a JSON Pointer (RFC 6901).
    Pointer,
}

impl HeaderLabel {
    /// The name, cut to what we show.
    #[must_use]
    pub fn of(name: &HeaderName) -> Self {
        Self(name.as_str().chars().take(NAME_SHOWN).collect())
    }

    /// The name as shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ambiguous {
    /// The reason's code: the last part of the problem's type, the metric's label, the page in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Authority(_) => "authority",
            Self::HeaderMissing(_) => "header-missing",
            Self::HeaderRepeated(_) => "header-repeated",
            Self::Version
            | Self::Method
            | Self::Target(_)
            | Self::Framing(_)
            | Self::Upgrade
            | Self::Range
            | Self::Precondition
            | Self::Header(..) => "ambiguous-request",
        }
    }

    /// The problem's title.
    #[must_use]
    pub fn title(&self) -> Text {
        match self {
            Self::Authority(_) => Text::new("Yêu cầu gửi nhầm nơi", "Misdirected request"),
            Self::HeaderMissing(_) => Text::new("Thiếu trường tiêu đề", "Header missing"),
            Self::HeaderRepeated(_) => Text::new("Trường tiêu đề bị lặp", "Header repeated"),
            Self::Version
            | Self::Method
            | Self::Target(_)
            | Self::Framing(_)
            | Self::Upgrade
            | Self::Range
            | Self::Precondition
            | Self::Header(..) => Text::new("Yêu cầu không rõ nghĩa", "Ambiguous request"),
        }
    }

    /// The problem's detail: one sentence that names the header or the rule.
    #[must_use]
    pub fn text(&self) -> Text {
        let (vi, en) = self.words();
        Text::new(sentence(&vi), sentence(&en))
    }

    fn words(&self) -> (String, String) {
        match self {
            Self::Version => owned("chỉ nhận HTTP/1.1 và HTTP/2", "only HTTP/1.1 and HTTP/2 are served"),
            Self::Method => owned(
                "phương thức phải là GET, HEAD, POST, PUT, PATCH, DELETE hoặc OPTIONS",
                "the method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
            ),
            Self::Target(rule) => rule.words(),
            Self::Authority(rule) => rule.words(),
            Self::Framing(rule) => rule.words(),
            Self::Upgrade => owned("không hỗ trợ chuyển giao thức", "changing the protocol is not supported"),
            Self::Range => owned(
                "không hỗ trợ hỏi hoặc gửi một phần tài liệu (Range)",
                "asking for or sending a part of a document (Range) is not supported",
            ),
            Self::Precondition => owned(
                "không hỗ trợ điều kiện tiên quyết (If-…) ở yêu cầu có thể làm thay đổi dữ liệu",
                "preconditions (If-…) are not supported on requests that may change something",
            ),
            Self::HeaderMissing(name) => {
                (format!("thiếu trường tiêu đề `{name}`"), format!("the header `{name}` is missing"))
            }
            Self::HeaderRepeated(HeaderLabel(name)) => (
                format!("trường tiêu đề `{name}` chỉ được có một lần"),
                format!("the header `{name}` must occur once only"),
            ),
            Self::Header(name, rule) => {
                let (vi, en) = rule.words();
                (format!("trường tiêu đề `{name}` {vi}"), format!("the header `{name}` {en}"))
            }
        }
    }
}

impl TargetRule {
    fn words(self) -> (String, String) {
        let (vi, en) = match self {
            Self::Form => (
                "địa chỉ phải bắt đầu bằng `/`, giao thức là https",
                "the target must begin with `/`, by https",
            ),
            Self::Length => {
                ("địa chỉ không được dài quá 8192 byte", "the target must not be longer than 8192 bytes")
            }
            Self::Escape => (
                "sau mỗi dấu `%` trong địa chỉ phải có hai chữ số thập lục phân",
                "every `%` in the target must be followed by two hexadecimal digits",
            ),
            Self::Utf8 => (
                "phần mã hóa `%` trong địa chỉ phải là UTF-8",
                "what is percent-encoded in the target must be UTF-8",
            ),
            Self::Character => (
                "địa chỉ có ký tự không được phép ở vị trí đó",
                "the target has a character that may not stand where it does",
            ),
            Self::EmptySegment => {
                ("đường dẫn không được có đoạn rỗng", "the path must not have an empty segment")
            }
            Self::TrailingDot => (
                "không đoạn nào của đường dẫn được kết thúc bằng dấu chấm",
                "no segment of the path may end with a dot",
            ),
            Self::Parameter => (
                "phần truy vấn phải gồm các cặp `tên=giá trị` nối bằng `&`",
                "the query must be pairs `name=value` joined by `&`",
            ),
            Self::ParameterRepeated => (
                "mỗi tham số truy vấn chỉ được có một lần, không phân biệt hoa thường",
                "each query parameter must occur once only, whatever its case",
            ),
            Self::Spelling => (
                "địa chỉ phải viết ở dạng chuẩn: chỉ mã hóa `%` những gì bắt buộc, bằng chữ số thập lục phân viết hoa",
                "the target must be in canonical form: only what needs it is percent-encoded, in capital hexadecimal digits",
            ),
        };
        owned(vi, en)
    }
}

impl AuthorityRule {
    fn words(self) -> (String, String) {
        let (vi, en) = match self {
            Self::Form => (
                "tên máy chủ phải là một tên và có thể kèm cổng, không gì khác",
                "the authority must be a host and perhaps a port, and nothing else",
            ),
            Self::Agreement => {
                ("`Host` và `:authority` phải giống nhau", "`Host` and `:authority` must say the same")
            }
            Self::Known => ("cổng này không mang tên được gọi", "this gateway does not answer to that name"),
            Self::ServerName => (
                "tên máy chủ trong TLS (SNI) phải giống tên trong yêu cầu",
                "the TLS server name (SNI) must be the request's own",
            ),
        };
        owned(vi, en)
    }
}

impl FramingRule {
    fn words(self) -> (String, String) {
        let (vi, en) = match self {
            Self::Chunked => {
                ("`Transfer-Encoding` chỉ được là `chunked`", "`Transfer-Encoding` must be exactly `chunked`")
            }
            Self::Both => (
                "`Content-Length` không được đi cùng `Transfer-Encoding`",
                "`Content-Length` must not stand beside `Transfer-Encoding`",
            ),
            Self::NoBody => ("GET và HEAD không được kèm nội dung", "GET and HEAD must not bring a body"),
            Self::Http2 => (
                "HTTP/2 không có các trường tiêu đề của kết nối",
                "connection headers have no place in HTTP/2",
            ),
        };
        owned(vi, en)
    }
}

impl HeaderRule {
    fn words(self) -> (String, String) {
        match self {
            Self::Visible => owned(
                "chỉ được gồm ký tự ASCII nhìn thấy được và dấu cách đơn ở giữa",
                "must be visible ASCII, with single spaces at most inside",
            ),
            Self::Length(limit) => {
                (format!("không được dài quá {limit} byte"), format!("must not be longer than {limit} bytes"))
            }
            Self::Number => owned("phải là số thập phân", "must be a decimal number"),
            Self::Form => owned("sai khuôn dạng", "is not of the form its specification gives it"),
            Self::Count(limit) => {
                (format!("không được có quá {limit} mục"), format!("must not have more than {limit} items"))
            }
            Self::Pointer => owned("phải gồm các JSON Pointer", "must be a list of JSON Pointers"),
        }
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().1)
    }
}

impl std::error::Error for Ambiguous {}

fn owned(vi: &str, en: &str) -> (String, String) {
    (vi.to_owned(), en.to_owned())
}

fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_header_in_both_languages() {
        let missing = Ambiguous::HeaderMissing("host");
        assert_eq!(missing.code(), "header-missing");
        assert_eq!(
            missing.text(),
            Text::new("Thiếu trường tiêu đề `host`.", "The header `host` is missing.")
        );
        let rule = Ambiguous::Header("exchange-case", HeaderRule::Length(128));
        assert_eq!(rule.text().en, "The header `exchange-case` must not be longer than 128 bytes.");
        assert_eq!(rule.to_string(), "the header `exchange-case` must not be longer than 128 bytes");
    }

    #[test]
    fn a_long_header_name_is_not_repeated_whole() {
        let name: HeaderName = format!("exchange-{}", "x".repeat(500)).parse().unwrap();
        let refused = Ambiguous::HeaderRepeated(HeaderLabel::of(&name));
        assert!(refused.text().vi.chars().count() < 120);
    }
}
