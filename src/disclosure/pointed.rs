//! The scalars at one JSON Pointer (RFC 6901) of an answer: the provider's own result code, and the people it is about.
//! Pointers mean here what they mean in the field catalogue: `*` is any item, and an array is transparent between tokens.

use super::chunks::Chunks;
use super::keys::Known;
use super::listener::{Listener, Piece};
use super::reader::text_of;
use super::undisclosable::Flaw;
use super::undisclosable::Undisclosable;

/// The longest result code that is recorded, in bytes. A longer text is a message, and might tell of a person.
const RESULT_CODE_MAX: usize = 64;

/// The quotes around a string.
const QUOTES: usize = 2;

/// Bytes of one that is escaped (RFC 8259 7).
const ESCAPED: usize = 6;

/// The longest text that may name a person, in bytes: some twenty times a citizen's number with everything around it.
const PERSON_MAX: usize = 1 << 10;

/// Bytes of an answer in which its result code is looked for. Platforms tell it first, or behind a page of data; whoever streams has more.
const CODE_WITHIN: u64 = 1 << 20;

/// The provider's own result code: the first scalar at `pointer`, if it is at most 64 bytes long and not `null`.
/// None also where the answer is not JSON; [`cut`](super::filter::cut) tells why.
#[must_use]
pub fn result_code(json: &[u8], pointer: &str) -> Option<String> {
    let code = scalars_at(json, pointer).into_iter().next()?;
    (code.len() <= RESULT_CODE_MAX).then_some(code)
}

/// The data subjects' identifiers: every scalar at `pointer` but `null` and empty strings, in the answer's order, repeats
/// included. Empty where the answer is not JSON.
#[must_use]
pub fn subject_in(json: &[u8], pointer: &str) -> Vec<String> {
    scalars_at(json, pointer).into_iter().filter(|subject| !subject.is_empty()).collect()
}

fn scalars_at(json: &[u8], pointer: &str) -> Vec<String> {
    let Some(tokens) = tokens_of(pointer) else { return Vec::new() };
    let mut chunks = Chunks::new(Search::new(tokens, usize::MAX));
    let read = chunks.feed(json).and_then(|()| chunks.finish());
    read.map(|search| search.found).unwrap_or_default()
}

/// Looks for the result code of an answer that comes in chunks, as [`result_code`] does in a whole one, but only near its beginning.
#[derive(Debug)]
pub struct Code {
    /// None once there is nothing more to be found.
    search: Option<Chunks<Search>>,
    looked_at: u64,
    found: Option<String>,
}

impl Code {
    /// Looks at this pointer, if there is one.
    #[must_use]
    pub fn at(pointer: Option<&str>) -> Self {
        let tokens = pointer.and_then(tokens_of);
        let search = tokens.map(|tokens| Chunks::new(Search::new(tokens, ESCAPED * RESULT_CODE_MAX)));
        Self { search, looked_at: 0, found: None }
    }

    /// The answer goes on.
    pub fn feed(&mut self, chunk: &[u8]) {
        let Some(search) = &mut self.search else { return };
        let unread = search.feed(chunk).is_err();
        let heard = search.listener();
        self.looked_at = self.looked_at.saturating_add(chunk.len() as u64);
        let has_found = heard.has_found();
        self.found = heard.found.drain(..).next().filter(|code| code.len() <= RESULT_CODE_MAX);
        if unread || has_found || self.looked_at >= CODE_WITHIN {
            self.search = None;
        }
    }

    /// What was found.
    #[must_use]
    pub fn found(self) -> Option<String> {
        self.found
    }
}

/// The tokens of a pointer, unescaped; none if it is no pointer.
fn tokens_of(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let tokens = pointer.strip_prefix('/')?.split('/');
    Some(tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}

/// How many of the pointer's tokens led to a place; none if the pointer does not lead there.
type Matched = Option<usize>;

/// Looks for the scalars at a pointer.
#[derive(Debug)]
pub(super) struct Search {
    tokens: Vec<String>,
    frames: Vec<Matched>,
    member: Option<Matched>,
    /// What was read so far of a string that is looked for.
    string: Option<Vec<u8>>,
    found: Vec<String>,
    /// The longest text that is taken, in bytes as they are written; of a longer one it is only noted that it was there.
    longest: usize,
    overlong: bool,
}

impl Listener for Search {
    fn likely_key(&self) -> Option<&[u8]> {
        None
    }

    fn pass_likely_key(&mut self) -> bool {
        false
    }

    fn likely_key_came(&mut self, _key: Piece<'_>) -> Known {
        Known::Not
    }

    fn key(&mut self, _key: Piece<'_>, name: &[u8]) -> Known {
        self.member = Some(self.member_at(name));
        Known::Not
    }

    fn begin(&mut self, _bracket: Piece<'_>, _array: bool) -> bool {
        let matched = self.next();
        self.frames.push(matched);
        matched.is_some()
    }

    fn end(&mut self, _bracket: Piece<'_>) {
        self.frames.pop();
    }

    fn scalar(&mut self, scalar: Piece<'_>) {
        if !self.is_looked_for() || scalar.written() == b"null" {
            return;
        }
        self.overlong |= scalar.written().len() > self.longest;
        self.found.push(String::from_utf8_lossy(scalar.written()).into_owned());
    }

    fn text(&mut self, part: Piece<'_>, first: bool, last: bool) {
        if first {
            self.string = self.is_looked_for().then(Vec::new);
        }
        let Some(string) = &mut self.string else { return };
        if string.len() + part.written().len() > self.longest.saturating_add(QUOTES) {
            (self.overlong, self.string) = (true, None);
            return;
        }
        string.extend_from_slice(part.written());
        if last {
            self.found.push(text_of(string));
        }
    }

    fn pause(&mut self, _bytes: &[u8]) {}
}

impl Search {
    /// Looks for people at this pointer; none if it is no pointer.
    pub(super) fn for_people(pointer: &str) -> Option<Self> {
        Some(Self::new(tokens_of(pointer)?, PERSON_MAX))
    }

    fn new(tokens: Vec<String>, longest: usize) -> Self {
        Self {
            tokens,
            frames: Vec::new(),
            member: None,
            string: None,
            found: Vec::new(),
            longest,
            overlong: false,
        }
    }

    fn has_found(&self) -> bool {
        self.overlong || !self.found.is_empty()
    }

    /// Those whom it has found since it was last asked.
    ///
    /// # Errors
    /// Somebody is named at such length that nobody can be counted by it.
    pub(super) fn named(&mut self) -> Result<Vec<String>, Undisclosable> {
        if self.overlong {
            return Err(Undisclosable { flaw: Flaw::PersonTooLong, at: 0 });
        }
        let found = std::mem::take(&mut self.found);
        Ok(found.into_iter().filter(|subject| !subject.is_empty()).collect())
    }

    fn is_looked_for(&mut self) -> bool {
        self.next() == Some(self.tokens.len())
    }

    /// Whether something may be found at the place of the value that comes now, or in it.
    pub(super) fn leads_here(&self) -> bool {
        self.here().is_some()
    }

    fn next(&mut self) -> Matched {
        let here = self.here();
        self.member = None;
        here
    }

    fn here(&self) -> Matched {
        match (self.member, self.frames.last()) {
            (Some(member), _) => member,
            (None, Some(array)) => array.map(|count| count + usize::from(self.is_items(count))),
            (None, None) => Some(0),
        }
    }

    fn member_at(&self, name: &[u8]) -> Matched {
        let count = (*self.frames.last()?)?;
        let is_next = self.tokens.get(count).is_some_and(|token| token.as_bytes() == name);
        (is_next && name != b"*").then_some(count + 1)
    }

    fn is_items(&self, place: usize) -> bool {
        self.tokens.get(place).is_some_and(|token| token == "*")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_same_however_an_answer_is_cut() {
        let json = r#"[{"ma":"00","a":{"so":"1"}},{"a":[{"so":"2"},{"so":3}]},{"a":{"so":null}},{"a":{"so":""}},{"\u0061":{"s\u006f":"\u0034"}}]"#;
        for size in 1..=json.len() {
            let mut code = Code::at(Some("/ma"));
            json.as_bytes().chunks(size).for_each(|chunk| code.feed(chunk));
            assert_eq!(code.found(), result_code(json.as_bytes(), "/ma"), "{size}");
        }
        assert_eq!(subject_in(json.as_bytes(), "/a/so"), ["1", "2", "3", "4"]);
    }

    #[test]
    fn a_text_without_end_is_neither_held_nor_counted_by_its_beginning() {
        let mut people = Chunks::new(Search::for_people("/so").unwrap());
        let mut code = Code::at(Some("/so"));
        let begin = format!("{{\"so\":\"{}", "9".repeat(PERSON_MAX));
        people.feed(begin.as_bytes()).unwrap();
        assert_eq!(people.listener().named(), Ok(Vec::new()));
        code.feed(begin.as_bytes());
        people.feed(b"999").unwrap();
        let too_long = people.listener().named().unwrap_err();
        assert_eq!(too_long.flaw, Flaw::PersonTooLong);
        assert_eq!(code.found(), None);
    }

    #[test]
    fn a_code_is_looked_for_near_the_beginning_alone() {
        let mut code = Code::at(Some("/ma"));
        code.feed(format!("{{\"x\":\"{}\",", "0".repeat(1 << 20)).as_bytes());
        code.feed(b"\"ma\":\"00\"}");
        assert_eq!(code.found(), None);
    }

    #[test]
    fn the_result_code_is_a_short_scalar_of_whatever_kind() {
        for (json, pointer, code) in [
            (r#"{"maKetQua":"004"}"#, "/maKetQua", Some("004")),
            (r#"{"ketQua":{"ma":"00"}}"#, "/ketQua/ma", Some("00")),
            (r#"{"success":true}"#, "/success", Some("true")),
            (r#"{"code":-7}"#, "/code", Some("-7")),
            (r#"{"\u0063ode":"\u0037"}"#, "/code", Some("7")),
            (r#"{"a/b":{"c~d":1}}"#, "/a~1b/c~0d", Some("1")),
            (r#"{"code":null}"#, "/code", None),
            (r#"{"code":{"x":1}}"#, "/code", None),
            (r#"{"other":{"code":1}}"#, "/code", None),
            (r#"{"code":1"#, "/code", None),
            (r#"{"code":1}"#, "code", None),
        ] {
            assert_eq!(result_code(json.as_bytes(), pointer).as_deref(), code, "{json} {pointer}");
        }
        let long = |count| format!(r#"{{"code":"{}"}}"#, "x".repeat(count));
        assert!(result_code(long(64).as_bytes(), "/code").is_some());
        assert!(result_code(long(65).as_bytes(), "/code").is_none(), "a message is not a code");
    }

    #[test]
    fn every_subject_is_found_in_one_object_or_an_array_of_them() {
        let one = br#"{"Representatives":{"LEGAL_DOC_NO":"099085000021"}}"#;
        let many = br#"{"Representatives":[{"LEGAL_DOC_NO":"099085000021"},{"LEGAL_DOC_NO":99},{"LEGAL_DOC_NO":""},null]}"#;
        let pointer = "/Representatives/LEGAL_DOC_NO";
        assert_eq!(subject_in(one, pointer), ["099085000021"]);
        assert_eq!(subject_in(many, pointer), ["099085000021", "99"]);
        assert_eq!(subject_in(br#"{"suKien":[{"so":"1"},{"so":"2"}]}"#, "/suKien/*/so"), ["1", "2"]);
        assert!(
            subject_in(br#"{"suKien":{"*":{"so":"1"}}}"#, "/suKien/*/so").is_empty(),
            "`*` is never a key"
        );
    }
}
