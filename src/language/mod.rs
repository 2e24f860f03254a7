//! What people read: Vietnamese first, English beside it.

pub mod causes;
pub mod phrases;

use std::fmt;

/// A language in which we speak to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Vietnamese: the default, and what is taken when in doubt.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// The tag of RFC 5646: `vi` or `en`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The one a caller prefers by `Accept-Language` (RFC 9110 12.5.4); Vietnamese unless English is weighed higher.
    #[must_use]
    pub fn accepted(header: Option<&str>) -> Self {
        let Some(header) = header else { return Self::Vi };
        let weight =
            |tag: &str| header.split(',').filter_map(|range| weight_of(range, tag)).fold(0.0, f32::max);
        if weight("en") > weight("vi") { Self::En } else { Self::Vi }
    }
}

fn weight_of(range: &str, tag: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    let primary = parts.next()?.split('-').next()?;
    let quality = parts.find_map(|part| part.strip_prefix("q="));
    primary.eq_ignore_ascii_case(tag).then(|| quality.map_or(1.0, |q| q.parse().unwrap_or(0.0)))
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// Vietnamese, NFC.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Pairs two texts.
    pub fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }

    /// A number as each language groups it: `20.000`, `20,000`.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self::new(grouped(number, '.'), grouped(number, ','))
    }

    /// The text in one language.
    #[must_use]
    pub fn to(&self, language: Language) -> &str {
        match language {
            Language::Vi => &self.vi,
            Language::En => &self.en,
        }
    }
}

fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_is_spoken_unless_english_is_preferred() {
        for (header, language) in [
            (None, Language::Vi),
            (Some("en"), Language::En),
            (Some("en-GB,en;q=0.9,vi;q=0.8"), Language::En),
            (Some("vi,en;q=0.5"), Language::Vi),
            (Some("fr"), Language::Vi),
            (Some("en;q=nonsense"), Language::Vi),
        ] {
            assert_eq!(Language::accepted(header), language, "{header:?}");
        }
    }

    #[test]
    fn large_numbers_are_grouped_as_each_language_does() {
        assert_eq!(Text::number(1_234_567), Text::new("1.234.567", "1,234,567"));
        assert_eq!(Text::number(1_000), Text::new("1.000", "1,000"));
        assert_eq!(Text::number(999), Text::new("999", "999"));
    }
}
