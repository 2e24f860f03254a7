//! The target: decoded, checked, written again; what does not come out as it went in is refused.

use super::encoding::{PARAMETER, SEGMENT};
use super::refused::{Ambiguous, TargetRule};

/// The longest target, in bytes: what RFC 9112 3 asks every server to take, and a multiple of what templates need.
pub const TARGET_MAX: usize = 8 * 1024;

/// A target with one meaning.
///
/// Invariant: [`Target::canonical_text`] is the text it was read from, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    segments: Vec<String>,
    query: Vec<(String, String)>,
    /// Which of them are a name alone, by their number.
    flags: Vec<usize>,
}

/// The first segment of addresses at which the gateway itself answers with receipts: there a parameter may be a name alone.
const OWN: &str = "receipts";

/// Reads a target in origin-form (RFC 9112 3.2.1): path and query, as sent.
///
/// The rules, each refused by its own [`TargetRule`]:
/// - it begins with `/` and has at most [`TARGET_MAX`] bytes;
/// - path segments are not empty and do not end with a dot (so none is `.` or `..`); they hold unreserved characters, `!$&'()*+,=:@`, and
///   percent-encoded Latin letters beyond ASCII. Nothing of ASCII is percent-encoded in a path;
/// - the query is `name=value` joined by `&` (at the gateway's own receipts a name may stand alone), in which everything but unreserved characters is percent-encoded, `+` too; control
///   characters, `%` and `\` have no place in it, however encoded; no name occurs twice;
/// - hexadecimal digits are capitals, and nothing is percent-encoded without need.
///
/// ```
/// use phohien::request::target::canonical;
///
/// assert!(canonical("/dan-cu/cong-dan/099190000001?hoTen=Nguy%E1%BB%85n%20An").is_ok());
/// for twice_readable in ["/dan-cu/%2e%2e/x", "/dan-cu/a%2Fb", "/dan-cu//x", "/dan-cu/a;b", "/dan-cu?a=1&a=2"] {
///     assert!(canonical(twice_readable).is_err());
/// }
/// ```
///
/// # Errors
/// The first rule that the target breaks.
pub fn canonical(text: &str) -> Result<Target, Ambiguous> {
    let target = parse(text).map_err(Ambiguous::Target)?;
    if target.canonical_text() == text { Ok(target) } else { Err(Ambiguous::Target(TargetRule::Spelling)) }
}

/// A value as the query has it: in our one spelling.
#[must_use]
pub fn query_value(text: &str) -> String {
    let mut out = String::new();
    PARAMETER.encode_onto(text, &mut out);
    out
}

impl Target {
    /// The path's segments, decoded. None for `/`.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// The query's parameters, decoded, in order.
    #[must_use]
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The path, written from the segments.
    #[must_use]
    pub fn path_text(&self) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            out.push('/');
            SEGMENT.encode_onto(segment, &mut out);
        }
        if out.is_empty() { "/".to_owned() } else { out }
    }

    /// The query without `?`, written from the parameters; none if there are none.
    #[must_use]
    pub fn query_text(&self) -> Option<String> {
        let mut out = String::new();
        for (number, (name, value)) in self.query.iter().enumerate() {
            out.push_str(if out.is_empty() { "" } else { "&" });
            PARAMETER.encode_onto(name, &mut out);
            if !self.flags.contains(&number) {
                out.push('=');
                PARAMETER.encode_onto(value, &mut out);
            }
        }
        (!self.query.is_empty()).then_some(out)
    }

    /// The whole target, written from its parts.
    #[must_use]
    pub fn canonical_text(&self) -> String {
        let path = self.path_text();
        self.query_text().map_or(path.clone(), |query| format!("{path}?{query}"))
    }
}

fn parse(text: &str) -> Result<Target, TargetRule> {
    if text.len() > TARGET_MAX {
        return Err(TargetRule::Length);
    }
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    let segments = segments(path)?;
    // What goes to a platform has one spelling; what the gateway answers itself goes nowhere.
    let own = segments.first().is_some_and(|first| first == OWN);
    let (query, flags) = query.map_or(Ok(Default::default()), |query| parameters(query, own))?;
    Ok(Target { segments, query, flags })
}

fn segments(path: &str) -> Result<Vec<String>, TargetRule> {
    match path.strip_prefix('/').ok_or(TargetRule::Form)? {
        "" => Ok(Vec::new()),
        rest => rest.split('/').map(segment).collect(),
    }
}

fn segment(text: &str) -> Result<String, TargetRule> {
    let decoded = SEGMENT.decode(text)?;
    match decoded.chars().last() {
        None => Err(TargetRule::EmptySegment),
        Some('.') => Err(TargetRule::TrailingDot),
        Some(_) => Ok(decoded),
    }
}

/// Names and values, and which are a name alone.
type Parameters = (Vec<(String, String)>, Vec<usize>);

fn parameters(query: &str, own: bool) -> Result<Parameters, TargetRule> {
    let mut seen = std::collections::BTreeSet::new();
    let (mut out, mut flags) = (Vec::new(), Vec::new());
    for (number, pair) in query.split('&').enumerate() {
        let (name, value) = parameter(pair, own)?;
        if !seen.insert(name.to_lowercase()) {
            return Err(TargetRule::ParameterRepeated);
        }
        flags.extend(value.is_none().then_some(number));
        out.push((name, value.unwrap_or_default()));
    }
    Ok((out, flags))
}

fn parameter(pair: &str, own: bool) -> Result<(String, Option<String>), TargetRule> {
    match pair.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((PARAMETER.decode(name)?, Some(PARAMETER.decode(value)?)))
        }
        None if own && !pair.is_empty() => Ok((PARAMETER.decode(pair)?, None)),
        Some(_) | None => Err(TargetRule::Parameter),
    }
}
