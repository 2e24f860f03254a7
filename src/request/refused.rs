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

    /// Whether two readers may see the message end in two places. In HTTP/2 none can.
    #[must_use]
    pub fn leaves_its_end_in_doubt(&self) -> bool {
        match self {
            Self::Framing(rule) => *rule != FramingRule::Http2,
            Self::Header(name, _) => matches!(*name, "content-length" | "transfer-encoding"),
            _ => false,
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
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().1)
    }
}

impl std::error::Error for Ambiguous {}

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
