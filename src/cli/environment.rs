//! The one place that reads the environment.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::language::Language;

/// What the process was started with, beside its arguments.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `PHOHIEN_CONFIG`: the configuration, unless `--config` names one.
    pub config: Option<PathBuf>,
    /// `PHOHIEN_LOG`: which events the program tells of itself (`tracing` directives); not the audit log.
    pub events: Option<String>,
    /// The language of `LC_ALL`, `LC_MESSAGES` or `LANG`; Vietnamese when unsure.
    pub language: Language,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// Whether standard output is a terminal.
    pub output_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub error_is_terminal: bool,
}

impl Environment {
    /// Reads the process's environment.
    #[must_use]
    pub fn read() -> Self {
        Self {
            output_is_terminal: std::io::stdout().is_terminal(),
            error_is_terminal: std::io::stderr().is_terminal(),
            ..Self::of(variable)
        }
    }

    /// The same of any source of variables. A variable that is empty counts as not set.
    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let text = |name| given(name).and_then(|value| value.into_string().ok());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(text);
        Self {
            config: given("PHOHIEN_CONFIG").map(PathBuf::from),
            events: text("PHOHIEN_LOG"),
            language: of_locale(locale.as_deref()),
            no_color: given("NO_COLOR").is_some(),
            output_is_terminal: false,
            error_is_terminal: false,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The language of a locale such as `en_GB.UTF-8`.
fn of_locale(locale: Option<&str>) -> Language {
    match locale.and_then(|locale| locale.split(['_', '.', '@']).next()) {
        Some("en") => Language::En,
        Some(_) | None => Language::Vi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Environment {
        Environment::of(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn vietnamese_is_spoken_when_the_locale_is_unsure() {
        for (locale, language) in [
            ("en_GB.UTF-8", Language::En),
            ("en", Language::En),
            ("vi_VN.UTF-8", Language::Vi),
            ("C.UTF-8", Language::Vi),
            ("", Language::Vi),
            ("enx", Language::Vi),
        ] {
            assert_eq!(with(&[("LANG", locale)]).language, language, "{locale}");
        }
    }

    #[test]
    fn the_wider_locale_variable_wins_and_an_empty_one_does_not_count() {
        assert_eq!(with(&[("LANG", "en_GB"), ("LC_ALL", "vi_VN")]).language, Language::Vi);
        assert_eq!(with(&[("LANG", "en_GB"), ("LC_ALL", "")]).language, Language::En);
        assert!(!with(&[("NO_COLOR", "")]).no_color && with(&[("NO_COLOR", "1")]).no_color);
    }
}
