//! Quantities with their unit, as people write them: `1 MiB`, `5 s`.

use std::str::FromStr;
use std::time::Duration;

/// A number of bytes, written with its unit: `512 B`, `64 KiB`, `1 MiB`, `2 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NotAQuantity {
    text: String,
    expected: &'static str,
}

impl FromStr for Size {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let wrong = || NotAQuantity {
            text: text.escape_debug().to_string(),
            expected: "a size: a whole number and one of B, KiB, MiB, GiB, such as \"1 MiB\"",
        };
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let bytes: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(wrong()),
        };
        number.checked_mul(bytes).map(Self).ok_or_else(wrong)
    }
}

/// Reads a duration such as `500 ms`, `5 s`, `10 min`, `6 h`, `30 d`; the units may be spelled out.
///
/// # Errors
/// When the text is not a whole number and a unit.
pub fn duration(text: &str) -> Result<Duration, NotAQuantity> {
    let wrong = || NotAQuantity {
        text: text.escape_debug().to_string(),
        expected: "a duration: a whole number and one of ms, s, min, h, d, such as \"5 s\"",
    };
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let millis: u64 = match unit {
        "ms" => 1,
        "s" | "second" | "seconds" => 1_000,
        "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(wrong)
}

/// Splits `"20_000 KiB"` into number and unit.
pub(crate) fn split(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.split_once(' ')?;
    let digits: String = number.chars().filter(|&c| c != '_').collect();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().map(|number| (number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_binary_unit() {
        assert_eq!("1 MiB".parse(), Ok(Size(1 << 20)));
        assert_eq!("20_000 B".parse(), Ok(Size(20_000)));
        for bad in ["", "1", "1MiB", "1 MB", "-1 B", "+1 B", "99999999999 GiB", "1  B"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("500 ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1 minute"), Ok(Duration::from_secs(60)));
        for bad in ["5", "5s", "five s", "5 w", "1.5 s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
