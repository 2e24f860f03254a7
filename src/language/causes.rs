//! Causes in Vietnamese. An error says in English what was refused, and so does each below it; here stands what each says. One that is
//! missing is told in English: whoever adds one adds it here, and a test looks.

use super::Language;
use super::phrases::Phrases;

const CAUSES: Phrases = Phrases::new(include_str!("causes.vi.txt"));

/// A cause in a language; where it is several, one below the other, they stand behind each other with colons between.
#[must_use]
pub fn told(english: &str, language: Language) -> String {
    match language {
        Language::Vi => said(english).unwrap_or_else(|| english.to_owned()),
        Language::En => english.to_owned(),
    }
}

/// A cause in Vietnamese, if all of it or its beginning is known.
#[must_use]
pub fn said(english: &str) -> Option<String> {
    one(english).or_else(|| {
        english.match_indices(": ").find_map(|(at, colon)| {
            let (first, below) = (english.get(..at)?, english.get(at + colon.len()..)?);
            Some(format!("{}: {}", one(first)?, told(below, Language::Vi)))
        })
    })
}

fn one(english: &str) -> Option<String> {
    // What is taken over may be a phrase itself: what is wrong, behind where it stands.
    CAUSES.said(english, &|hole| CAUSES.said(hole, &|inner| CAUSES.word(inner)))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::path::Path;
    use std::path::PathBuf;

    use super::*;

    /// Every source file of the crate, with its text.
    pub(crate) fn sources() -> Vec<(PathBuf, String)> {
        let (mut all, mut folders) = (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    all.push((path.clone(), fs::read_to_string(&path).unwrap()));
                }
            }
        }
        all
    }

    /// The literal that a text begins with, its holes emptied.
    pub(crate) fn literal(text: &str) -> Option<String> {
        let mut chars = text.trim_start().strip_prefix('"')?.chars().peekable();
        let (mut said, mut depth) = (String::new(), 0);
        loop {
            match chars.next()? {
                '"' => return Some(said),
                '\\' => match chars.next()? {
                    '\n' => while chars.next_if(|char| char.is_whitespace()).is_some() {},
                    escaped => said.push(escaped),
                },
                // A brace that stands for itself is written twice.
                brace @ ('{' | '}') if chars.next_if_eq(&brace).is_some() => said.push(brace),
                '{' => {
                    depth += 1;
                    said.push('{');
                }
                '}' => {
                    depth -= 1;
                    said.push('}');
                }
                char if depth == 0 => said.push(char),
                _ => {}
            }
        }
    }

    #[test]
    fn what_every_error_says_is_said_in_vietnamese_too() {
        // What every error of the crate says, with `{}` for what is put in.
        let texts = sources().into_iter().map(|(_, text)| text);
        let all: Vec<_> = texts
            .flat_map(|text| {
                text.split(concat!("#[err", "or(")).skip(1).filter_map(literal).collect::<Vec<_>>()
            })
            .collect();
        assert!(all.len() > 300, "found only {}", all.len());
        let known: std::collections::BTreeSet<&str> = CAUSES.pairs().map(|(from, _)| from).collect();
        let missing: Vec<_> =
            all.iter().filter(|said| *said != "{}" && !known.contains(said.as_str())).collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn why_a_step_of_the_evidence_failed_is_said_in_vietnamese_too() {
        let of_evidence = |(path, _): &(PathBuf, String)| path.to_string_lossy().contains("/audit/evidence/");
        let mut found = 0;
        for (path, text) in sources().into_iter().filter(of_evidence) {
            let text = text.split("mod tests {").next().unwrap_or_default();
            for cause in
                ["Err(", "ok_or("].iter().flat_map(|call| text.split(call).skip(1)).filter_map(literal)
            {
                found += 1;
                assert!(said(&cause).is_some(), "{}: {cause}", path.display());
            }
        }
        assert!(found > 10, "found only {found}");
    }

    #[test]
    fn phrases_have_as_many_places_in_both_languages_and_stand_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (from, to) in CAUSES.pairs() {
            assert_eq!(from.matches("{}").count(), to.matches("{}").count(), "{from}");
            assert!(seen.insert(from) && from != to, "{from}");
        }
    }

    #[test]
    fn a_chain_of_causes_is_told_link_by_link_and_what_nobody_knows_stays_as_it_is() {
        let chain = "the proof's checkpoint is refused: the signed note is malformed: it is not UTF-8";
        let told = super::told(chain, Language::Vi);
        assert_eq!(
            told,
            "điểm chốt trong bằng chứng không được chấp nhận: văn bản ký không đúng quy cách: không phải UTF-8"
        );
        assert_eq!(super::told(chain, Language::En), chain);
        assert_eq!(super::told("the log cannot be read: flux", Language::Vi), "không đọc được nhật ký: flux");
        assert_eq!(super::told("flux", Language::Vi), "flux");
        let name = "`a` is not the one spelling of an agency's name";
        assert_eq!(super::told(name, Language::Vi), "`a` không phải cách viết duy nhất của mã cơ quan");
    }
}
