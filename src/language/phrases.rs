//! What is written in English where it is found, told in Vietnamese: phrase by phrase, with `{}` for what is taken over.

/// Phrases in both languages: `english | vietnamese`, line by line; of two that fit the first counts, so the more exact stand above.
#[derive(Debug, Clone, Copy)]
pub struct Phrases(&'static str);

impl Phrases {
    /// These lines.
    #[must_use]
    pub const fn new(lines: &'static str) -> Self {
        Self(lines)
    }

    /// Each phrase, English and Vietnamese.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.lines().filter_map(|line| line.split_once(" | "))
    }

    /// A text in Vietnamese, if it is one of these phrases; `word` says what is taken over, where that is a word of ours.
    #[must_use]
    pub fn said(&self, english: &str, word: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        self.pairs().find_map(|(from, to)| Some(filled(to, &taken(from, english)?, word)))
    }

    /// A text in Vietnamese, if it is one of these phrases to the letter.
    #[must_use]
    pub fn word(&self, english: &str) -> Option<String> {
        let mut whole = self.pairs().filter(|(from, _)| *from == english && !from.contains("{}"));
        whole.next().map(|(_, to)| to.to_owned())
    }
}

/// What stands in the places of `{}`, if the text is the phrase.
fn taken<'t>(phrase: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut pieces = phrase.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut taken = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        let at = if last { rest.len().checked_sub(piece.len())? } else { rest.find(piece)? };
        let (hole, behind) = (rest.get(..at)?, rest.get(at..)?);
        rest = behind.strip_prefix(piece)?;
        taken.push(hole);
    }
    rest.is_empty().then_some(taken)
}

/// Puts in what was taken, in Vietnamese where it is one of our words. `{_}` leaves one out; so do places that are not there.
fn filled(phrase: &str, taken: &[&str], word: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = phrase;
    for hole in taken {
        let place = ["{}", "{_}"].into_iter().filter_map(|mark| Some((rest.find(mark)?, mark))).min();
        let Some((at, mark)) = place else { break };
        text.push_str(rest.get(..at).unwrap_or_default());
        if mark == "{}" {
            text.push_str(&word(hole).unwrap_or_else(|| (*hole).to_owned()));
        }
        rest = rest.get(at + mark.len()..).unwrap_or_default();
    }
    text + rest
}
