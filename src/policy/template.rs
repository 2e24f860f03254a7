//! Path templates of operations: `GET /cong-dan/{so_dinh_danh}`, each parameter with the values it takes.

use http::Method;

use super::model::{Operation, ParameterKind, Segment};

/// The longest text a path parameter may be declared to take, in bytes: no identifier we know is longer, and paths are
/// at most 8 KiB.
pub const PARAMETER_MAX: usize = 128;

/// A method and a path template as written, before its parameters have types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The method.
    pub method: Method,
    /// The template, beginning with a slash.
    pub path: String,
    /// Its segments.
    pub segments: Vec<Part>,
}

/// One segment as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// This very text.
    Literal(String),
    /// A parameter's name.
    Parameter(String),
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// No method and path.
    #[error(
        "an operation is written as a method, a space and a path, such as `GET /cong-dan/{{so_dinh_danh}}`"
    )]
    Shape,
    /// Another method.
    #[error("an operation's method is GET, POST, PUT, PATCH or DELETE; HEAD is granted with GET")]
    Method,
    /// A segment that is neither.
    #[error(
        "a path segment is letters, digits, `-`, `.` and `_` (not only dots), or one parameter in braces; this is neither: `{0}`"
    )]
    Segment(String),
    /// A parameter twice.
    #[error("the parameter `{0}` is in the path twice")]
    Twice(String),
}

impl std::str::FromStr for Template {
    type Err = BadTemplate;

    fn from_str(text: &str) -> Result<Self, BadTemplate> {
        let (method, path) = text.split_once(' ').ok_or(BadTemplate::Shape)?;
        let rest = path.strip_prefix('/').ok_or(BadTemplate::Shape)?;
        let segments = rest.split('/').map(part).collect::<Result<Vec<_>, _>>()?;
        if let Some(name) = repeated(&segments) {
            return Err(BadTemplate::Twice(name.to_owned()));
        }
        Ok(Self { method: method_of(method)?, path: path.to_owned(), segments })
    }
}

fn method_of(text: &str) -> Result<Method, BadTemplate> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    known.into_iter().find(|method| method.as_str() == text).ok_or(BadTemplate::Method)
}

fn part(text: &str) -> Result<Part, BadTemplate> {
    let parameter = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let name_ok = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match parameter {
        Some(name) if name_ok(name) => Ok(Part::Parameter(name.to_owned())),
        None if is_token(text, PARAMETER_MAX) => Ok(Part::Literal(text.to_owned())),
        Some(_) | None => Err(BadTemplate::Segment(text.escape_debug().to_string())),
    }
}

fn repeated(parts: &[Part]) -> Option<&str> {
    let mut seen = std::collections::BTreeSet::new();
    parts.iter().find_map(|part| match part {
        Part::Parameter(name) => (!seen.insert(name)).then_some(name.as_str()),
        Part::Literal(_) => None,
    })
}

impl std::str::FromStr for ParameterKind {
    type Err = BadKind;

    /// Reads `12 digits`, `up to 6 digits`, `up to 15 characters`.
    fn from_str(text: &str) -> Result<Self, BadKind> {
        let (up_to, rest) = match text.strip_prefix("up to ") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (number, what) = rest.split_once(' ').ok_or(BadKind)?;
        let length =
            number.parse().ok().filter(|length| (1..=PARAMETER_MAX).contains(length)).ok_or(BadKind)?;
        match (up_to, what) {
            (false, "digits") => Ok(Self::Digits(length)),
            (true, "digits") => Ok(Self::DigitsUpTo(length)),
            (true, "characters") => Ok(Self::Token(length)),
            _ => Err(BadKind),
        }
    }
}

/// A text does not say what values a path parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a path parameter is `12 digits`, `up to 6 digits` or `up to 15 characters` (at most {PARAMETER_MAX})"
)]
pub struct BadKind;

impl ParameterKind {
    /// Whether it takes a value.
    #[must_use]
    pub fn takes(&self, value: &str) -> bool {
        let digits = || value.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::Digits(length) => value.len() == *length && digits(),
            Self::DigitsUpTo(length) => (1..=*length).contains(&value.len()) && digits(),
            Self::Token(length) => is_token(value, *length),
        }
    }

    /// Whether there is a value that both take.
    fn meets(&self, other: &Self) -> bool {
        // `(shortest, longest)` in digits: every kind takes digits of each length between them.
        let lengths = |kind: &Self| match kind {
            Self::Digits(length) => (*length, *length),
            Self::DigitsUpTo(length) | Self::Token(length) => (1, *length),
        };
        let ((a_min, a_max), (b_min, b_max)) = (lengths(self), lengths(other));
        a_min <= b_max && b_min <= a_max
    }
}

/// Letters, digits, `-`, `.` and `_`; not only dots, which a path reads as "here" and "up".
fn is_token(text: &str, longest: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (1..=longest).contains(&text.len()) && text.bytes().all(allowed) && text.bytes().any(|byte| byte != b'.')
}

impl Operation {
    /// Whether a request is for this operation. HEAD is granted where GET is.
    #[must_use]
    pub fn answers(&self, method: &Method, segments: &[String]) -> bool {
        let asked = if method == Method::HEAD { &Method::GET } else { method };
        *asked == self.method
            && segments.len() == self.segments.len()
            && self.segments.iter().zip(segments).all(|(segment, text)| segment.takes(text))
    }

    /// The value of a path parameter in segments that [`Operation::answers`] accepted.
    #[must_use]
    pub fn path_value<'a>(&self, name: &str, segments: &'a [String]) -> Option<&'a str> {
        let is_it =
            |segment: &Segment| matches!(segment, Segment::Parameter { name: found, .. } if found == name);
        let place = self.segments.iter().position(is_it)?;
        segments.get(place).map(String::as_str)
    }

    /// Whether some request is for both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.method == other.method
            && self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|(a, b)| a.meets(b))
    }
}

impl Segment {
    fn takes(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == text,
            Self::Parameter { kind, .. } => kind.takes(text),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(text), segment) | (segment, Self::Literal(text)) => segment.takes(text),
            (Self::Parameter { kind: a, .. }, Self::Parameter { kind: b, .. }) => a.meets(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_a_method_and_a_path() {
        let template: Template = "GET /thua-dat/{maXa}/{soTo}".parse().unwrap();
        assert_eq!(template.method, Method::GET);
        assert_eq!(template.segments.len(), 3);
        for bad in [
            "",
            "/a",
            "GET a",
            "get /a",
            "HEAD /a",
            "GET /a//b",
            "GET /..",
            "GET /{a}/{a}",
            "GET /{a}b",
            "GET /%61",
        ] {
            assert!(bad.parse::<Template>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_parameter_takes_only_what_it_declares() {
        let kind = |text: &str| text.parse::<ParameterKind>().unwrap();
        assert!(kind("12 digits").takes("099190000001"));
        for bad in ["", "09919000000", "0991900000012", "09919000000a", "٠٩٩١٩٠"] {
            assert!(!kind("12 digits").takes(bad), "{bad}");
        }
        assert!(kind("up to 6 digits").takes("7") && !kind("up to 6 digits").takes("1234567"));
        for bad in ["", ".", "..", "a/b", "a b", "é", "1234567890123456"] {
            assert!(!kind("up to 15 characters").takes(bad), "{bad}");
        }
        for bad in ["12", "0 digits", "12 characters", "up to 999 digits", "-1 digits"] {
            assert!(bad.parse::<ParameterKind>().is_err(), "{bad}");
        }
    }

    #[test]
    fn kinds_that_share_a_value_meet() {
        use ParameterKind::{Digits, DigitsUpTo, Token};
        for (a, b, meet) in [
            (Digits(3), Digits(3), true),
            (Digits(3), Digits(4), false),
            (Digits(3), DigitsUpTo(2), false),
            (DigitsUpTo(2), Token(9), true),
            (Digits(12), Token(9), false),
        ] {
            assert_eq!((a.meets(&b), b.meets(&a)), (meet, meet), "{a:?} {b:?}");
        }
    }
}
