//! What a refused caller is told, in Vietnamese and English: without a capital and a full stop, which `refused` adds where a sentence is
//! needed.

use super::refused::{Ambiguous, AuthorityRule, FramingRule, HeaderRule, TargetRule};

impl Ambiguous {
    pub(super) fn words(&self) -> (String, String) {
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
            Self::HeaderRepeated(name) => (
                format!("trường tiêu đề `{}` chỉ được có một lần", name.as_str()),
                format!("the header `{}` must occur once only", name.as_str()),
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

fn owned(vi: &str, en: &str) -> (String, String) {
    (vi.to_owned(), en.to_owned())
}
