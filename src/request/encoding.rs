//! Percent-encoding with one spelling (RFC 3986 2.1, taken strictly).

use super::refused::TargetRule;

/// Which characters may stand somewhere in a target, and how each is spelled there. No character has two spellings.
pub(super) struct Alphabet {
    /// Bytes that stand for themselves, and must.
    plain: fn(u8) -> bool,
    /// Further characters, which must be percent-encoded.
    encoded: fn(char) -> bool,
}

/// Path segments: `pchar` of RFC 3986 3.3 but `;`, which some platforms cut a segment at. Nothing of ASCII may be encoded, so
/// there is no `%2F`, `%5C`, `%2E`, `%25` or `%00` to be read twice.
pub(super) const SEGMENT: Alphabet = Alphabet { plain: is_segment_byte, encoded: is_latin_letter };

/// Names and values of the query: only unreserved characters stand for themselves, as most libraries write them. So `+` is never a
/// plus here and a space there. `%25` and `%5C` are refused: decoded twice, or on another system, they would become something else.
pub(super) const PARAMETER: Alphabet = Alphabet { plain: is_unreserved, encoded: is_parameter_character };

impl Alphabet {
    /// Decodes. Whether the spelling was ours shows only when the result is encoded again.
    pub(super) fn decode(&self, text: &str) -> Result<String, TargetRule> {
        let decoded = String::from_utf8(percent_decode(text)?).map_err(|_| TargetRule::Utf8)?;
        let may_stand = |char: char| self.is_plain(char) || (self.encoded)(char);
        if decoded.chars().all(may_stand) { Ok(decoded) } else { Err(TargetRule::Character) }
    }

    /// Encodes in our one spelling.
    pub(super) fn encode_onto(&self, decoded: &str, out: &mut String) {
        for byte in decoded.bytes() {
            if (self.plain)(byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }

    fn is_plain(&self, char: char) -> bool {
        u8::try_from(char).is_ok_and(self.plain)
    }
}

fn percent_decode(text: &str) -> Result<Vec<u8>, TargetRule> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' { hex_digit(bytes.next())? << 4 | hex_digit(bytes.next())? } else { byte });
    }
    Ok(out)
}

fn hex_digit(byte: Option<u8>) -> Result<u8, TargetRule> {
    let digit = byte.and_then(|byte| char::from(byte).to_digit(16)).ok_or(TargetRule::Escape)?;
    u8::try_from(digit).map_err(|_| TargetRule::Escape)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_segment_byte(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@')
}

fn is_parameter_character(char: char) -> bool {
    is_latin_letter(char) || (matches!(char, ' '..='~') && !matches!(char, '%' | '\\'))
}

/// Latin letters beyond ASCII, all of Vietnamese among them, in the blocks that have no two encodings of one letter: every one is
/// its own NFC. Combining marks (a second spelling of the same letter), direction marks and look-alikes of `/` or `.` are outside.
fn is_latin_letter(char: char) -> bool {
    matches!(char, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') && char.is_alphabetic()
}
