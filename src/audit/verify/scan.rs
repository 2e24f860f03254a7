//! JSON as a leaf may have it: one object without a space outside of texts, members sorted by name and none of them twice, whole
//! numbers only. Nothing is copied, and texts are passed over eight bytes at a time: every leaf of a log comes through here.

/// Objects and lists within each other, at most.
const DEPTH_MAX: u8 = 32;

/// Where something stands in a leaf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    begin: usize,
    end: usize,
}

impl Span {
    /// What stands there.
    pub(super) fn of(self, leaf: &[u8]) -> &[u8] {
        leaf.get(self.begin..self.end).unwrap_or_default()
    }

    /// What stands there, to be changed.
    pub(super) fn of_mut(self, leaf: &mut [u8]) -> &mut [u8] {
        leaf.get_mut(self.begin..self.end).unwrap_or_default()
    }
}

/// The value of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A text in which nothing is escaped, without its quotes.
    Text(Span),
    /// A whole number that is not below zero: its digits.
    Number(Span),
    Other,
}

impl Part {
    /// The text, if it is one in which nothing is escaped.
    pub(super) fn text(self) -> Option<Span> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// A member of an object, or of an object that is a member of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member<'a> {
    /// The name of the member in which it stands; none: it stands in the object itself.
    pub(super) within: Option<&'a [u8]>,
    pub(super) name: &'a [u8],
}

/// Reads an object, and hands on its members and theirs, each when it ends; nothing if it is not one.
pub(super) fn members<'a>(object: &'a [u8], mut take: impl FnMut(Member<'a>, Part)) -> Option<()> {
    let mut scan = Scan { bytes: object, at: 0, within: None };
    scan.object(0, &mut take)?;
    (scan.at == object.len()).then_some(())
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The member of the outermost object that is being read.
    within: Option<&'a [u8]>,
}

/// A name, and its first eight bytes as a number: most names differ there, and numbers are compared at once.
#[derive(Clone, Copy)]
struct Name<'a> {
    name: &'a [u8],
    begin: u64,
}

/// The first eight bytes of a name, zeros behind it, of the eight that stand where it begins; at the end of a leaf there may be fewer.
fn begin(name: &[u8], ahead: Option<u64>) -> u64 {
    let short = 8_u32.saturating_sub(name.len() as u32);
    let kept = u64::MAX.checked_shl(8 * short).unwrap_or(0);
    ahead.map_or_else(
        || {
            name.iter()
                .take(8)
                .zip(1..)
                .fold(0, |begin, (byte, at)| begin | u64::from(*byte) << (64 - 8 * at))
        },
        |ahead| ahead & kept,
    )
}

impl Name<'_> {
    fn is_before(&self, other: &Self) -> bool {
        if self.begin == other.begin { self.name < other.name } else { self.begin < other.begin }
    }
}

impl<'a> Scan<'a> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn is_next(&mut self, byte: u8) -> bool {
        let is = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is);
        is
    }

    fn object(&mut self, depth: u8, take: &mut impl FnMut(Member<'a>, Part)) -> Option<()> {
        self.expect(b'{')?;
        if self.is_next(b'}') {
            return Some(());
        }
        let mut before: Option<Name<'_>> = None;
        loop {
            self.expect(b'"')?;
            let name = self.name()?;
            if before.is_some_and(|before| !before.is_before(&name)) {
                return None;
            }
            before = Some(name);
            self.expect(b':')?;
            self.member(depth, name.name, take)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// The value of a member.
    fn member(&mut self, depth: u8, name: &'a [u8], take: &mut impl FnMut(Member<'a>, Part)) -> Option<()> {
        let within = self.within.filter(|_| depth > 0);
        if depth == 0 {
            self.within = Some(name);
        }
        let part = self.value(depth + 1, take)?;
        if depth < 2 {
            take(Member { within, name }, part);
        }
        Some(())
    }

    /// A name behind its opening quote; nothing if something in it is escaped.
    fn name(&mut self) -> Option<Name<'a>> {
        let ahead = self.bytes.get(self.at..)?.first_chunk().copied().map(u64::from_be_bytes);
        let Part::Text(name) = self.text(self.at)? else { return None };
        let name = self.bytes.get(name.begin..name.end)?;
        Some(Name { name, begin: begin(name, ahead) })
    }

    fn list(&mut self, depth: u8) -> Option<()> {
        self.expect(b'[')?;
        if self.is_next(b']') {
            return Some(());
        }
        loop {
            self.value(depth + 1, &mut |_, _| {})?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn value(&mut self, depth: u8, take: &mut impl FnMut(Member<'a>, Part)) -> Option<Part> {
        match self.bytes.get(self.at)? {
            b'"' => {
                self.at += 1;
                let begin = self.at;
                self.long();
                self.text(begin)
            }
            b'{' if depth < DEPTH_MAX => self.object(depth, take).map(|()| Part::Other),
            b'[' if depth < DEPTH_MAX => self.list(depth).map(|()| Part::Other),
            b'0'..=b'9' => self.number(),
            b'-' => {
                self.at += 1;
                self.number().map(|_| Part::Other)
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Option<Part> {
        let rest = self.bytes.get(self.at..)?;
        let word = [b"true".as_slice(), b"false", b"null"].into_iter().find(|word| rest.starts_with(word))?;
        self.at += word.len();
        Some(Part::Other)
    }

    /// A whole number; greater ones than 64 bits hold are none.
    fn number(&mut self) -> Option<Part> {
        let begin = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let digits = Span { begin, end: self.at };
        number(digits.of(self.bytes)).map(|_| Part::Number(digits))
    }

    /// The rest of a text that begins there, behind its opening quote.
    fn text(&mut self, begin: usize) -> Option<Part> {
        let mut escaped = false;
        loop {
            self.plain();
            match self.next()? {
                b'"' => {
                    let text = Span { begin, end: self.at - 1 };
                    return Some(if escaped { Part::Other } else { Part::Text(text) });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    /// Passes over bytes that stand for themselves, as long as there are thirty-two: a hash has twice as many.
    fn long(&mut self) {
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        while let Some((many, behind)) = rest.split_first_chunk::<32>() {
            let special =
                |byte: &u8| u8::from(*byte < 0x20) | u8::from(*byte == b'"') | u8::from(*byte == b'\\');
            if many.iter().fold(0, |any, byte| any | special(byte)) != 0 {
                return;
            }
            self.at += many.len();
            rest = behind;
        }
    }

    /// Passes over bytes that stand for themselves, as long as there are eight.
    fn plain(&mut self) {
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
            let special = special(u64::from_le_bytes(*eight));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
            rest = behind;
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.unit()? {
                0xdc00..0xe000 => None,
                0xd800..0xdc00 => {
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    (0xdc00..0xe000).contains(&self.unit()?).then_some(())
                }
                _ => Some(()),
            },
            _ => None,
        }
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + char::from(self.next()?).to_digit(16)?;
        }
        Some(unit)
    }
}

/// The number that digits are in their only spelling; nothing if 64 bits do not hold it.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    let canonical = !digits.is_empty() && (digits.len() == 1 || !digits.starts_with(b"0"));
    let add = |number: u64, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    if canonical { digits.iter().try_fold(0, add) } else { None }
}

/// The high bits of those of eight bytes that are a quote, a backslash or a control character; above the first of them there may
/// be others. A byte is zero, or below 0x20, if taking one, or 0x20, from it borrows.
fn special(eight: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero = |eight: u64| eight.wrapping_sub(ONES) & !eight;
    let (quote, backslash) = (eight ^ (ONES * 0x22), eight ^ (ONES * 0x5c));
    let control = eight.wrapping_sub(ONES * 0x20) & !eight;
    (zero(quote) | zero(backslash) | control) & (ONES * 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use serde_json::Value;

    /// What is read of a member.
    #[derive(Debug, PartialEq)]
    enum Told<'a> {
        Text(&'a str),
        Number(u64),
        Other,
    }

    impl<'a> Told<'a> {
        fn of(part: Part, text: &'a str) -> Self {
            let told = |span: Span| std::str::from_utf8(span.of(text.as_bytes())).unwrap();
            match part {
                Part::Text(span) => Told::Text(told(span)),
                Part::Number(span) => Told::Number(told(span).parse().unwrap()),
                Part::Other => Told::Other,
            }
        }
    }

    /// The members, by their path.
    fn read(text: &str) -> Option<Vec<(String, Told<'_>)>> {
        let mut read = Vec::new();
        members(text.as_bytes(), |Member { within, name }, part| {
            let path = within.into_iter().chain([name]).collect::<Vec<_>>().join(&b'/');
            read.push((String::from_utf8(path).unwrap(), Told::of(part, text)));
        })?;
        Some(read)
    }

    #[test]
    fn members_are_read_as_they_stand() {
        let text = r#"{"a":"ngườI","b":12,"c":{"d":[1,"x",{"e":1}],"e":{"f":1},"g":"h"},"e":"\"\u00e9\ud83d\ude00","f":[],"g":true,"h":-3}"#;
        let read = read(text).unwrap();
        let paths: Vec<&str> = read.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "c/d", "c/e", "c/g", "c", "e", "f", "g", "h"]);
        assert_eq!(read[0].1, Told::Text("ngườI"));
        assert_eq!(read[1].1, Told::Number(12));
        assert_eq!(read[4].1, Told::Text("h"));
        assert!(
            read.iter().enumerate().all(|(at, (_, part))| [0, 1, 4].contains(&at) || *part == Told::Other)
        );
    }

    #[test]
    fn a_member_without_a_name_does_not_pass_its_own_for_the_objects() {
        let mut read = Vec::new();
        let leaf = br#"{"":{"kind":"x"},"kind":"y"}"#;
        members(leaf, |member, part| read.push((member, part.text().map(|text| text.of(leaf))))).unwrap();
        let kinds: Vec<_> = read.iter().filter(|(member, _)| member.name == b"kind").collect();
        assert_eq!(kinds[0].0.within, Some(b"".as_slice()));
        assert_eq!(*kinds[1], (Member { within: None, name: b"kind" }, Some(b"y".as_slice())));
    }

    #[test]
    fn names_are_in_order_whatever_they_begin_with_and_wherever_they_stand() {
        for (one, other) in
            [("", "a"), ("a", "ab"), ("legal_ba", "legal_basis"), ("legal_basis", "legal_basit"), ("z", "é")]
        {
            for value in ["1", "\"a text that is long enough\""] {
                assert!(
                    read(&format!("{{\"{one}\":{value},\"{other}\":{value}}}")).is_some(),
                    "{one} {other}"
                );
                for before in [one, other] {
                    assert_eq!(
                        read(&format!("{{\"{other}\":{value},\"{before}\":{value}}}")),
                        None,
                        "{other} {before}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_a_leaf_may_not_have_is_refused() {
        for text in [
            "",
            "{",
            "{}x",
            "[]",
            "\"a\"",
            "{\"a\":1,}",
            "{\"a\" :1}",
            "{ }",
            "{\"b\":1,\"a\":1}",
            "{\"a\":\"thirty-two bytes are passed at once \u{1} and then\"}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":01}",
            "{\"a\":1.5}",
            "{\"a\":1e3}",
            "{\"a\":-}",
            "{\"a\":18446744073709551616}",
            "{\"a\":tru}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"long enough text \u{1}\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\\u12\"}",
            "{\"\\u0061\":1}",
            "{\"a\":[1,]}",
            "{\"a\":\"x",
            "{\"a\":{\"c\":1,\"b\":1}}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&deep(31)).is_some() && read(&deep(32)).is_none());
        assert!(read(&"[".repeat(100_000)).is_none());
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = proptest::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter);
        let plain = prop_oneof![
            any::<u32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            text.clone().prop_map(Value::from)
        ];
        plain.prop_recursive(3, 20, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[a-zé]{0,10}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// What is read of a member, as the description has it.
    fn expected(value: &Value) -> Told<'_> {
        let plain = |text: &&str| !text.chars().any(|char| char < ' ' || char == '"' || char == '\\');
        let text = value.as_str().filter(plain).map(Told::Text);
        text.or_else(|| value.as_u64().map(Told::Number)).unwrap_or(Told::Other)
    }

    proptest! {
        #[test]
        fn whatever_a_writer_writes_is_read(members in proptest::collection::btree_map("[a-zé]{0,10}", value(), 0..8)) {
            let text = Value::Object(members.clone().into_iter().collect()).to_string();
            let mut all = Vec::new();
            for (name, value) in &members {
                let inner = value.as_object().into_iter().flatten();
                all.extend(inner.map(|(inner, value)| (format!("{name}/{inner}"), expected(value))));
                all.push((name.clone(), expected(value)));
            }
            prop_assert_eq!(read(&text).unwrap(), all);
        }

        #[test]
        fn whatever_is_read_is_json(text in "[{}\\[\\]:,\"\\\\a0-9u\u{1}é ]{0,30}") {
            if members(text.as_bytes(), |_, _| {}).is_some() {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
            }
        }
    }
}
