//! What people and machines see of a command: nothing but the result on standard output, everything else on standard error.

use std::fmt;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::language::Language;
use crate::language::Text;

use super::exit::Failure;
use super::progress::Progress;

/// How something stands out, where colours are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// Somebody should look.
    Caution,
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
}

impl Paint {
    /// The code of Select Graphic Rendition (ECMA-48 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Caution => "33",
            Self::Strong => "1",
            Self::Faint => "2",
        }
    }
}

/// What a command was told about its output.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// In which language to speak.
    pub language: Language,
    /// Whether to colour the result.
    pub color: bool,
    /// Whether to colour what goes to standard error.
    pub error_color: bool,
    /// Whether a machine reads: objects, one a line.
    pub json: bool,
    /// Whether progress may be shown: standard error is a terminal and no machine reads.
    pub progress: bool,
}

/// Standard output and standard error, as one command uses them.
pub struct Terminal {
    manner: Manner,
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Terminal {
    /// The process's own streams.
    #[must_use]
    pub fn new(manner: Manner) -> Self {
        Self::over(manner, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Any two streams.
    #[must_use]
    pub fn over(manner: Manner, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self { manner, out, err }
    }

    /// The language spoken.
    #[must_use]
    pub fn language(&self) -> Language {
        self.manner.language
    }

    /// Whether a machine reads.
    #[must_use]
    pub fn json(&self) -> bool {
        self.manner.json
    }

    /// Whether the result is coloured.
    #[must_use]
    pub fn color(&self) -> bool {
        self.manner.color
    }

    /// One of two texts, by the language spoken.
    #[must_use]
    pub fn pick<'a>(&self, vi: &'a str, en: &'a str) -> &'a str {
        match self.manner.language {
            Language::Vi => vi,
            Language::En => en,
        }
    }

    /// A text, coloured where colours are shown. The text must be [`shown`] already if it comes from outside.
    #[must_use]
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        if self.manner.color { format!("\x1b[{}m{text}\x1b[0m", paint.code()) } else { text.to_owned() }
    }

    /// One line of the result.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{text}")?)
    }

    /// One line of the result in the language spoken.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn say(&mut self, vi: &str, en: &str) -> Result<(), Failure> {
        let text = self.pick(vi, en).to_owned();
        self.line(&text)
    }

    /// A text of the result in the language spoken.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn tell(&mut self, text: &Text) -> Result<(), Failure> {
        self.say(&text.vi, &text.en)
    }

    /// Bytes of the result, as they are.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes)?;
        Ok(self.out.flush()?)
    }

    /// One object of the result, on a line of its own.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn object(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(io::Error::from)?;
        self.line(&text)
    }

    /// A line beside the result, in the language spoken; it is lost if nobody can read it.
    pub fn note(&mut self, vi: &str, en: &str) {
        let text = self.pick(vi, en).to_owned();
        let _unread = writeln!(self.err, "{text}");
    }

    /// Progress of long work with a known number of steps.
    #[must_use]
    pub fn progress(&self, clock: &Clock, total: u64) -> Progress {
        Progress::new(clock.clone(), total, self.manner.progress, self.manner.language)
    }

    /// Tells a failure, on standard error.
    pub fn fail(&mut self, failure: &Failure) {
        if failure.is_silent() {
            return;
        }
        let Manner { language, error_color, json, .. } = self.manner;
        let text = if json {
            format!("{}\n", failure.json(language))
        } else {
            failure.render(language, error_color)
        };
        let _unread = self.err.write_all(text.as_bytes());
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("manner", &self.manner).finish_non_exhaustive()
    }
}

/// Text from outside as one line of a terminal may show it: whatever moves the cursor, turns the direction or cannot be seen is escaped.
#[must_use]
pub fn shown(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same for text of several lines: line feeds and tabs stay.
#[must_use]
pub fn shown_lines(text: &str) -> String {
    escaped(text, |char| matches!(char, '\n' | '\t'))
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if !stays(char) && deceives(char) {
            out.extend(char.escape_unicode());
        } else {
            out.push(char);
        }
    }
    out
}

/// Characters that a terminal obeys or hides: controls, direction marks (Unicode 9.0 UAX 9), line separators, joiners, tags, the
/// interlinear annotation and the byte order mark.
fn deceives(char: char) -> bool {
    let hidden = matches!(char,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    char.is_control() || hidden
}

/// A time as people here read it: `dd/MM/yyyy HH:mm:ss`, GMT+7.
#[must_use]
pub fn local(time: Timestamp) -> String {
    const HOURS: i8 = 7;
    let zoned = time.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(HOURS)));
    zoned.strftime("%d/%m/%Y %H:%M:%S").to_string()
}

/// A count as people read it: `1.234.567` in Vietnamese, `1,234,567` in English.
#[must_use]
pub fn count(number: u64, language: Language) -> String {
    Text::number(number).to(language).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_direction_is_escaped() {
        for (text, safe) in [
            ("\x1b[2Jgone", "\\u{1b}[2Jgone"),
            ("a\nb\tc\rd", "a\\u{a}b\\u{9}c\\u{d}d"),
            ("H31\u{202e}10", "H31\\u{202e}10"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(shown(text), safe);
        }
    }

    #[test]
    fn vietnamese_is_shown_as_it_is_composed_or_not() {
        for text in ["Phố Hiến, tỉnh Hưng Yên: “từ chối”", "Pho\u{302}\u{301}"] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown_lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
    }

    #[test]
    fn times_and_counts_are_written_as_people_here_read_them() {
        assert_eq!(local("2026-11-23T02:30:00Z".parse().unwrap()), "23/11/2026 09:30:00");
        assert_eq!(local("2026-12-31T17:00:00Z".parse().unwrap()), "01/01/2027 00:00:00");
        assert_eq!(count(1_234_567, Language::Vi), "1.234.567");
        assert_eq!((count(123, Language::En), count(1_000, Language::En)), ("123".into(), "1,000".into()));
    }

    #[test]
    fn colour_is_only_where_it_was_asked_for() {
        let plain = Terminal::over(Manner::default(), Box::new(io::sink()), Box::new(io::sink()));
        assert_eq!(plain.paint(Paint::Bad, "x"), "x");
        let colored = Manner { color: true, ..Manner::default() };
        let colored = Terminal::over(colored, Box::new(io::sink()), Box::new(io::sink()));
        assert_eq!(colored.paint(Paint::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
