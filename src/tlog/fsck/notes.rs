//! Signed checkpoints, read a second time from their description (C2SP checkpoint and signed-note).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::digest::Hash;
use crate::crypto::digest::sha256;
use crate::crypto::verify::PublicKey;
use crate::language::Text;
use crate::tlog::note::VerifierKey;

/// A signed tree head.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// Why a checkpoint does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadHead {
    NotUtf8,
    Unsigned,
    NotThreeLines,
    NoEnd,
    Line,
    Signature,
    OtherLog,
    NotSigned,
}

impl BadHead {
    pub(super) fn text(self) -> Text {
        match self {
            Self::NotUtf8 => Text::new("không phải UTF-8", "it is not UTF-8"),
            Self::Unsigned => Text::new("không có chữ ký", "it has no signatures"),
            Self::NotThreeLines => Text::new(
                "không phải là ba dòng nguồn gốc, số bản ghi và gốc",
                "it is not three lines of origin, size and root",
            ),
            Self::NoEnd => Text::new("không kết thúc bằng dấu xuống dòng", "it does not end in a line feed"),
            Self::Line => Text::new("có dòng chữ ký sai dạng", "a signature line is malformed"),
            Self::Signature => Text::new("chữ ký không đúng", "its signature does not verify"),
            Self::OtherLog => Text::new("thuộc một nhật ký khác", "it is of another log"),
            Self::NotSigned => Text::new("không do khóa của nhật ký này ký", "the log's key did not sign it"),
        }
    }
}

/// Reads a signed checkpoint, and verifies it if there is a key.
pub(super) fn head(note: &[u8], key: Option<&VerifierKey>) -> Result<Head, BadHead> {
    let note = std::str::from_utf8(note).map_err(|_| BadHead::NotUtf8)?;
    let (text, lines) = note.rsplit_once("\n\n").ok_or(BadHead::Unsigned)?;
    let head = three_lines(text).ok_or(BadHead::NotThreeLines)?;
    let lines = lines.strip_suffix('\n').ok_or(BadHead::NoEnd)?;
    let (mut verified, signed) = (key.is_none(), format!("{text}\n"));
    for line in lines.split('\n') {
        let (name, blob) = signature(line).ok_or(BadHead::Line)?;
        let Some(key) = key.filter(|key| key.name() == name && blob.starts_with(&key_id(key))) else {
            continue;
        };
        let bytes = blob.get(4..).unwrap_or_default();
        let holds = PublicKey::ed25519(*key.raw()).verify(signed.as_bytes(), bytes);
        holds.map_err(|_| BadHead::Signature)?;
        verified = true;
    }
    if key.is_some_and(|key| key.name() != head.origin) {
        return Err(BadHead::OtherLog);
    }
    if verified { Ok(head) } else { Err(BadHead::NotSigned) }
}

fn three_lines(text: &str) -> Option<Head> {
    let mut lines = text.split('\n');
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let number: u64 = size.parse().ok()?;
    let root = STANDARD.decode(root).ok()?.try_into().ok()?;
    let canonical = lines.next().is_none() && !origin.is_empty() && number.to_string() == size;
    canonical.then(|| Head { origin: origin.to_owned(), size: number, root })
}

fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    Some((name, STANDARD.decode(blob).ok()?))
}

fn key_id(key: &VerifierKey) -> [u8; 4] {
    let hash = sha256(&[key.name().as_bytes(), b"\n\x01", key.raw()].concat());
    hash.first_chunk().copied().unwrap_or_default()
}
