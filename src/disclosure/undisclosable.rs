//! Why an answer cannot be disclosed, not even in part.

use std::fmt;

/// A flaw that withholds the whole answer. Says where it is, never what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undisclosable {
    /// What is wrong.
    pub flaw: Flaw,
    /// At which byte of the answer, counted from 0.
    pub at: usize,
}

/// What is wrong with an answer's JSON (RFC 8259), or with what would be left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// There is nothing, or nothing but white space.
    Empty,
    /// It begins with a byte order mark (RFC 8259 8.1).
    ByteOrderMark,
    /// It is not UTF-8.
    NotUtf8,
    /// It ends too early.
    Truncated,
    /// Something follows the value.
    TrailingBytes,
    /// A byte stands where JSON has no place for it.
    Unexpected,
    /// Containers are nested more than 64 deep.
    TooDeep,
    /// A key is longer than 1 KiB.
    KeyTooLong,
    /// The objects open at once have more than 65,536 keys.
    TooManyKeys,
    /// A key occurs twice in one object, perhaps spelled in two ways.
    DuplicateKey,
    /// A number is not written as JSON writes numbers.
    BadNumber,
    /// A number is longer than 1 KiB.
    NumberTooLong,
    /// `NaN` or `Infinity` stands for a number.
    NotFinite,
    /// A string has an escape that JSON does not know.
    BadEscape,
    /// An escaped surrogate has no partner.
    LoneSurrogate,
    /// A string has a control character that is not escaped.
    ControlCharacter,
    /// What names a person whom it must be counted by is longer than 1 KiB.
    PersonTooLong,
    /// A record is larger than what is held until whomever it names is counted.
    RecordTooLong,
    /// Nothing of the answer is granted, not even its outermost container.
    NothingGranted,
}

impl Flaw {
    fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "the answer is empty",
            Self::ByteOrderMark => "the answer begins with a byte order mark",
            Self::NotUtf8 => "the answer is not UTF-8",
            Self::Truncated => "the answer ends too early",
            Self::TrailingBytes => "something follows the answer's value",
            Self::Unexpected => "the answer is not JSON",
            Self::TooDeep => "the answer is nested too deeply",
            Self::KeyTooLong => "a key is too long",
            Self::TooManyKeys => "too many keys are open at once",
            Self::DuplicateKey => "a key occurs twice in one object",
            Self::BadNumber => "a number is malformed",
            Self::NumberTooLong => "a number is too long",
            Self::NotFinite => "a number is not finite",
            Self::BadEscape => "a string has an unknown escape",
            Self::LoneSurrogate => "a string has half a surrogate pair",
            Self::ControlCharacter => "a string has a bare control character",
            Self::PersonTooLong => "what names a person is too long",
            Self::RecordTooLong => "a record is too long to be held until its people are counted",
            Self::NothingGranted => "nothing of the answer is granted",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl fmt::Display for Undisclosable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at byte {}", self.flaw, self.at)
    }
}

impl std::error::Error for Undisclosable {}
