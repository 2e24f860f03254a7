//! What an escaped string means (RFC 8259 7). Takes only strings that the scanner let pass.

/// The characters of a string that the scanner took, given without its quotes.
pub(super) fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        rest = unescape_one(escaped, &mut out);
    }
    out.push_str(rest);
    out
}

/// Takes one escape, its backslash already gone; returns what follows it.
fn unescape_one<'a>(escaped: &'a str, out: &mut String) -> &'a str {
    let mut rest = escaped.chars();
    match rest.next() {
        Some('u') => return unescape_unit(rest.as_str(), out),
        Some('b') => out.push('\u{8}'),
        Some('f') => out.push('\u{c}'),
        Some('n') => out.push('\n'),
        Some('r') => out.push('\r'),
        Some('t') => out.push('\t'),
        Some(itself) => out.push(itself),
        None => {}
    }
    rest.as_str()
}

fn unescape_unit<'a>(digits: &'a str, out: &mut String) -> &'a str {
    let unit = |text: &str| text.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let Some(first) = unit(digits) else { return digits };
    let after = digits.get(4..).unwrap_or_default();
    if let Some(character) = char::from_u32(first.into()) {
        out.push(character);
        return after;
    }
    // Invariant: the scanner let no lone surrogate pass, so its partner follows.
    let second = after.strip_prefix("\\u").and_then(unit).unwrap_or_default();
    out.extend(char::decode_utf16([first, second]).filter_map(Result::ok));
    after.get(6..).unwrap_or_default()
}
