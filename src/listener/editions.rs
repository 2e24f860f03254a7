//! Which edition of each authority's revocation list was in force: a list that is older than one that was makes what was revoked since
//! good again, and does not come into force.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::crypto::digest::unhex;
use crate::diagnostic::fault::shown;
use crate::language::Text;

/// One edition of a list, as its authority numbers and dates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The authority's distinguished name, for people.
    pub issuer: String,
    /// CRLNumber (RFC 5280 5.2.3), in decimal digits.
    pub number: Option<String>,
    /// When it was issued.
    pub this_update: Timestamp,
}

/// A list is older than one that was in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub struct Older {
    /// What lies on the disk.
    pub found: Edition,
    /// What was in force.
    pub was: Edition,
}

impl Older {
    /// What is wrong, and what to do, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let issuer = shown(&self.found.issuer);
        let (found, was) = (self.found.text(), self.was.text());
        Text::new(
            format!(
                "danh sách thu hồi của `{issuer}` cũ hơn danh sách đã có hiệu lực: đang có {}, trước đó đã áp dụng {}. Hãy đặt danh sách mới nhất của tổ chức đó",
                found.vi, was.vi
            ),
            format!(
                "the revocation list of `{issuer}` is older than the one that was in force: {} is on the disk, {} was in force. Put the authority's newest list there",
                found.en, was.en
            ),
        )
    }
}

impl Edition {
    /// Whether this one was made before `other`: it has the lower number, or was issued earlier, or has no number where the other has one.
    fn is_before(&self, other: &Self) -> bool {
        let by_number = match (&self.number, &other.number) {
            (Some(mine), Some(other)) => order(mine) < order(other),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        by_number || self.this_update < other.this_update
    }

    fn text(&self) -> Text {
        let (issued, number) = (self.this_update, self.number.as_deref().map(shown));
        let number = number.map_or(Text::new("không số", "no number"), |number| {
            Text::new(format!("số {number}"), format!("number {number}"))
        });
        Text::new(format!("{} ({issued:.0})", number.vi), format!("{} (issued {issued:.0})", number.en))
    }
}

/// Numbers in decimal digits without leading zeros, in their order.
pub(super) fn order(number: &str) -> (usize, &str) {
    (number.len(), number)
}

/// Editions by authority: SHA-256 of its distinguished name (DER).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editions(BTreeMap<Hash, Edition>);

impl Editions {
    /// These.
    pub fn of<'a>(lists: impl IntoIterator<Item = (&'a Hash, &'a Edition)>) -> Self {
        Self(lists.into_iter().map(|(issuer, edition)| (*issuer, edition.clone())).collect())
    }

    /// Whether these may follow those that were in force. An authority that is not among those had no list; one that is not among these
    /// speaks for nobody any more.
    ///
    /// # Errors
    /// One is older than it was.
    pub fn follow(&self, was: &Self) -> Result<(), Box<Older>> {
        let both = self.0.iter().filter_map(|(issuer, found)| Some((found, was.0.get(issuer)?)));
        match both.into_iter().find(|(found, was)| found.is_before(was)) {
            Some((found, was)) => Err(Box::new(Older { found: found.clone(), was: was.clone() })),
            None => Ok(()),
        }
    }

    /// Whether there is an edition of every authority that those had one of.
    #[must_use]
    pub fn cover(&self, those: &Self) -> bool {
        those.0.keys().all(|issuer| self.0.contains_key(issuer))
    }

    /// Takes these over. Whether anything is new in them.
    pub fn take(&mut self, these: Self) -> bool {
        let before = self.clone();
        self.0.extend(these.0);
        *self != before
    }

    /// As they are kept: lines of JSON, for people and programs.
    #[must_use]
    pub fn written(&self) -> String {
        let line = |(issuer, edition): (&Hash, &Edition)| Line {
            authority: hex(issuer),
            issuer: edition.issuer.clone(),
            number: edition.number.clone(),
            this_update: edition.this_update.to_string(),
        };
        let lines = self.0.iter().map(line).filter_map(|line| serde_json::to_string(&line).ok());
        lines.map(|line| line + "\n").collect()
    }

    /// Reads what was kept; none if it is anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let line = |line| {
            let Line { authority, issuer, number, this_update } = serde_json::from_str(line).ok()?;
            Some((unhex(&authority)?, Edition { issuer, number, this_update: this_update.parse().ok()? }))
        };
        text.lines().map(line).collect::<Option<_>>().map(Self)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// SHA-256 of the authority's distinguished name.
    authority: String,
    issuer: String,
    number: Option<String>,
    this_update: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(number: Option<&str>, second: i64) -> Edition {
        let this_update = Timestamp::from_second(1_790_000_000 + second).unwrap();
        Edition { issuer: "CN=CA".to_owned(), number: number.map(str::to_owned), this_update }
    }

    fn editions(edition: Edition) -> Editions {
        Editions::of([(&[7; 32], &edition)])
    }

    #[test]
    fn a_lower_number_an_earlier_issue_or_a_number_that_is_gone_does_not_follow() {
        let was = editions(edition(Some("99"), 0));
        for (number, second, follows) in [
            (Some("99"), 0, true),
            (Some("100"), 60, true),
            (Some("99"), 60, true),
            (Some("98"), 60, false),
            (Some("9"), 60, false),
            (Some("100"), -60, false),
            (None, 60, false),
        ] {
            let now = editions(edition(number, second));
            assert_eq!(now.follow(&was).is_ok(), follows, "{number:?} {second}");
        }
        // Where no number was, the time decides.
        let was = editions(edition(None, 0));
        assert!(editions(edition(None, 1)).follow(&was).is_ok());
        assert!(editions(edition(Some("1"), 1)).follow(&was).is_ok());
        assert!(editions(edition(None, -1)).follow(&was).is_err());
    }

    #[test]
    fn another_authority_is_not_held_against_this_one() {
        let mut was = editions(edition(Some("5"), 0));
        let other = Editions::of([(&[8; 32], &edition(Some("1"), -9))]);
        assert_eq!(other.follow(&was), Ok(()));
        assert!(was.take(other.clone()) && !was.take(other.clone()));
        assert_eq!(was.0.len(), 2);
        assert!(was.cover(&other) && !other.cover(&was));
    }

    #[test]
    fn what_is_older_says_so_in_both_languages_with_numbers_and_times() {
        let (found, was) = (edition(Some("4"), -60), edition(Some("5"), 0));
        let Text { vi, en } = editions(found).follow(&editions(was)).unwrap_err().text();
        assert!(
            vi.contains("`CN=CA`") && vi.contains("số 4 (2026-09-21T14:12:20Z)") && vi.contains("số 5"),
            "{vi}"
        );
        assert!(en.contains("number 4 (issued 2026-09-21T14:12:20Z)") && en.contains("number 5"), "{en}");
    }

    #[test]
    fn what_was_kept_is_read_as_it_was_written_and_nothing_else_is() {
        let mut all = editions(edition(Some("5"), 0));
        all.take(Editions::of([(&[8; 32], &edition(None, 1))]));
        assert_eq!(Editions::read(&all.written()), Some(all.clone()));
        assert_eq!(Editions::read(""), Some(Editions::default()));
        for bad in
            ["x", "{}", &all.written().replace("authority", "autority"), &all.written().replace("0707", "07")]
        {
            assert_eq!(Editions::read(bad), None, "{bad}");
        }
    }
}
