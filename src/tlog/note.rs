//! Signed notes (C2SP signed-note v1.0.0): a text and the lines of those who signed it.
//!
//! `text LF 1*(U+2014 SP name SP base64(key id || signature) LF)`. The text ends in a line feed; the note is split at its
//! last blank line. A line of a name and key id we do not know is ignored; one we know must verify, or the note is refused.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::crypto::sign::Ed25519Key;
use crate::crypto::verify::PublicKey;
use crate::id::Origin;

/// The longest note we read, in bytes: sixteen signatures of the largest kind the format foresees (nearly 5 kB each) fit.
pub const NOTE_BYTES_MAX: usize = 128 * 1024;

/// How many signatures we read beside one of each known key, so that strangers' lines cost nothing.
pub const FURTHER_SIGNATURES_MAX: usize = 16;

/// The signature type of Ed25519 (C2SP signed-note, Signature types).
const ED25519: u8 = 0x01;

/// What every signature line begins with: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// Why a note or a verifier key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the format at all.
    #[error("the signed note is malformed: {0}")]
    Malformed(&'static str),
    /// A line under a known key does not verify.
    #[error("a signature under a known key does not verify")]
    Forged,
    /// Nobody we know signed.
    #[error("no known key signed the note")]
    Unknown,
    /// The text of a verifier key is not one.
    #[error("not a verifier key: {0}")]
    Key(&'static str),
}

/// The public key of a log, by the name under which it signs.
pub type VerifierKey = NamedKey<ED25519>;

/// Who signed, by what stands in a signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    /// The name.
    pub name: String,
    /// The first four bytes of SHA-256(name LF type key).
    pub id: [u8; 4],
}

impl Signatory {
    /// Whether a signature line is under this name and id.
    pub(super) fn stands_in(&self, line: &Line<'_>) -> bool {
        self.name == line.name && self.id == line.id
    }
}

/// A public key of 32 bytes whose signatures are of this type, with the name it signs under; as text
/// `name+hex8(key id)+base64(type || key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey<const TYPE: u8> {
    // Invariant: its id is that of the name, the type and the key.
    signatory: Signatory,
    raw: [u8; 32],
}

impl<const TYPE: u8> NamedKey<TYPE> {
    /// Names a key.
    #[must_use]
    pub fn new(name: &Origin, raw: [u8; 32]) -> Self {
        Self::named(name.as_str(), raw)
    }

    fn named(name: &str, raw: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[TYPE], &raw].concat());
        Self { signatory: Signatory { name: name.to_owned(), id: [a, b, c, d] }, raw }
    }

    /// What stands in its signature lines.
    #[must_use]
    pub fn signatory(&self) -> &Signatory {
        &self.signatory
    }

    /// The name that stands there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.signatory.name
    }

    /// The id that does.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.signatory.id
    }

    /// The 32 raw bytes of the public key.
    #[must_use]
    pub fn raw(&self) -> &[u8; 32] {
        &self.raw
    }

    pub(super) fn knows(&self, line: &Line<'_>) -> bool {
        self.signatory.stands_in(line)
    }

    /// Whether it signed a message.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), NoteError> {
        PublicKey::ed25519(self.raw).verify(message, signature).map_err(|_| NoteError::Forged)
    }
}

impl<const TYPE: u8> FromStr for NamedKey<TYPE> {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::Key("no `+`"))?;
        let (id, key) = rest.split_once('+').ok_or(NoteError::Key("only one `+`"))?;
        if !is_name(name) {
            return Err(NoteError::Key("the name is empty or has spaces"));
        }
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key("the key is not in base64"))?;
        let raw: [u8; 32] = match key.split_first() {
            Some((own, raw)) if *own == TYPE => {
                raw.try_into().map_err(|_| NoteError::Key("the key is not of 32 bytes"))?
            }
            _ => return Err(NoteError::Key("the key is of another type than this one has to be")),
        };
        let named = Self::named(name, raw);
        if id != hex(&named.signatory.id) {
            return Err(NoteError::Key("the key id is not that of the name and the key"));
        }
        Ok(named)
    }
}

impl<const TYPE: u8> fmt::Display for NamedKey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [[TYPE].as_slice(), &self.raw].concat();
        write!(f, "{}+{}+{}", self.signatory.name, hex(&self.signatory.id), STANDARD.encode(key))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// One signature line: dash, name, and base64 of key id and signature.
pub(super) fn signature_line(Signatory { name, id }: &Signatory, signature: &[u8]) -> String {
    format!("{LINE_START}{name} {}\n", STANDARD.encode([id.as_slice(), signature].concat()))
}

/// A private key with the name it signs under.
#[derive(Debug)]
pub struct Signer {
    key: Ed25519Key,
    public: VerifierKey,
}

impl Signer {
    /// Signs as a log signs: under its origin.
    #[must_use]
    pub fn new(origin: &Origin, key: Ed25519Key) -> Self {
        let public = VerifierKey::new(origin, key.public_raw());
        Self { key, public }
    }

    /// What verifies its notes.
    #[must_use]
    pub fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// The note over `text`, which must end in a line feed, and the bare signature in it.
    #[must_use]
    pub fn sign(&self, text: &str) -> (String, [u8; 64]) {
        let signature = self.key.sign(text.as_bytes());
        let line = signature_line(self.public.signatory(), &signature);
        (format!("{text}\n{line}"), signature)
    }
}

/// A note taken apart. Nothing in it is trusted before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
}

/// A signature line taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) id: [u8; 4],
    pub(super) signature: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Takes a note apart.
    ///
    /// # Errors
    /// It is not in the format, or too long.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed("it is too long"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Malformed("it has control characters"));
        }
        let (text, lines) =
            note.rsplit_once("\n\n").ok_or(NoteError::Malformed("it has no blank line before signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed("it does not end in a line feed"))?;
        let lines = lines.split('\n').map(Line::parse).collect::<Result<_, _>>()?;
        // The line feed that ends the text is the first of the two that were split at.
        let text = note.get(..=text.len()).ok_or(NoteError::Malformed("it has no text"))?;
        Ok(Self { text, lines })
    }

    /// The text before anybody's signature was checked.
    #[must_use]
    pub fn unverified_text(&self) -> &'a str {
        self.text
    }

    /// Its signature lines, in order.
    pub(super) fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// The text, once every line of a known key verified and there is at least one; with each verified key and signature.
    ///
    /// # Errors
    /// A known key's line fails, no known key signed, or there are too many other lines.
    pub fn verify<'k>(&self, known: &[&'k VerifierKey]) -> Result<Verified<'a, 'k>, NoteError> {
        let (mut signatures, mut further) = (Vec::<(&VerifierKey, [u8; 64])>::new(), 0);
        for line in &self.lines {
            let key = known.iter().find(|key| key.knows(line));
            let fresh = key.filter(|key| signatures.iter().all(|(seen, _)| seen != *key));
            further += usize::from(fresh.is_none());
            if further > FURTHER_SIGNATURES_MAX {
                return Err(NoteError::Malformed("it has too many signatures"));
            }
            let Some(key) = key else { continue };
            let signature = line.verified(key, self.text)?;
            if fresh.is_some() {
                signatures.push((key, signature));
            }
        }
        if signatures.is_empty() {
            Err(NoteError::Unknown)
        } else {
            Ok(Verified { text: self.text, signatures })
        }
    }
}

/// A note's text and who of those we know signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a, 'k> {
    /// What was signed.
    pub text: &'a str,
    /// Each known signer once, with the signature.
    pub signatures: Vec<(&'k VerifierKey, [u8; 64])>,
}

impl<'a> Line<'a> {
    pub(super) fn parse(line: &'a str) -> Result<Self, NoteError> {
        const WRONG: NoteError = NoteError::Malformed("a signature line is not dash, name and base64");
        let (name, blob) =
            line.strip_prefix(LINE_START).and_then(|rest| rest.split_once(' ')).ok_or(WRONG)?;
        let blob = STANDARD.decode(blob).map_err(|_| WRONG)?;
        match blob.split_first_chunk::<4>() {
            Some((id, signature)) if is_name(name) && !signature.is_empty() => {
                Ok(Self { name, id: *id, signature: signature.to_vec() })
            }
            _ => Err(WRONG),
        }
    }

    fn verified(&self, key: &VerifierKey, text: &str) -> Result<[u8; 64], NoteError> {
        let signature: [u8; 64] = self.signature.as_slice().try_into().map_err(|_| NoteError::Forged)?;
        key.verify(text.as_bytes(), &signature).map(|()| signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in the documentation of Go's `golang.org/x/mod/sumdb/note`: another implementation's key and signature.
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer() -> Signer {
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        Signer::new(&"gw.example/2026".parse().unwrap(), key)
    }

    fn refusal(note: &str, key: &VerifierKey) -> Option<NoteError> {
        Note::parse(note.as_bytes()).and_then(|parsed| parsed.verify(&[key]).map(|_| ())).err()
    }

    #[test]
    fn a_note_of_another_implementation_verifies_and_its_key_keeps_its_spelling() {
        let key: VerifierKey = GO_KEY.parse().unwrap();
        assert_eq!(key.to_string(), GO_KEY);
        let note = Note::parse(GO_NOTE.as_bytes()).unwrap();
        let verified = note.verify(&[&key]).unwrap();
        assert!(verified.text.ends_with("problem is.\n"));
        assert_eq!(verified.signatures.len(), 1);
    }

    #[test]
    fn a_signed_note_verifies_under_its_own_key_only() {
        let (ours, other) = (signer(), signer());
        let (note, signature) = ours.sign("a\n");
        assert_eq!(
            Note::parse(note.as_bytes()).unwrap().verify(&[ours.public()]).unwrap().signatures,
            [(ours.public(), signature)]
        );
        assert_eq!(refusal(&note, other.public()), Some(NoteError::Unknown));
        assert_eq!(refusal(&note.replacen('a', "b", 1), ours.public()), Some(NoteError::Forged));
    }

    #[test]
    fn the_text_may_hold_blank_lines_and_is_split_at_the_last() {
        let ours = signer();
        let (note, _) = ours.sign("a\n\nb\n");
        assert_eq!(Note::parse(note.as_bytes()).unwrap().unverified_text(), "a\n\nb\n");
        assert_eq!(refusal(&note, ours.public()), None);
    }

    #[test]
    fn malformed_notes_are_refused() {
        let ours = signer();
        let (note, _) = ours.sign("a\n");
        let lineless = note.split_once("\u{2014}").unwrap().0;
        for bad in [
            String::new(),
            "\n".to_owned(),
            "\n\n".to_owned(),
            lineless.to_owned(),
            note.trim_end().to_owned(),
            format!("{note}\n"),
            note.replace('\n', "\r\n"),
            note.replace("a\n", "a\t\n"),
            note.replace('\u{2014}', "-"),
            note.replace("gw.example/2026", ""),
            note.replace("gw.example/2026", "gw+example/2026"),
            note.replace("gw.example/2026 ", "gw.example/2026  "),
            note.replace("=\n", "\n"),
            note.replace("=\n", "==\n"),
            format!("{note}\u{2014} x AAAAAA==\n"),
            "a".repeat(NOTE_BYTES_MAX) + &note,
        ] {
            assert!(
                matches!(refusal(&bad, ours.public()), Some(NoteError::Malformed(_))),
                "{:?}",
                bad.get(..40)
            );
        }
        assert!(Note::parse(b"a\xff\n\n").is_err());
    }

    #[test]
    fn base64_has_one_spelling() {
        // 68 bytes end in `xyz=`-like padding whose unused bits must be zero.
        let ours = signer();
        let (note, _) = ours.sign("a\n");
        let (before, pad) = note.split_at(note.trim_end().trim_end_matches('=').len());
        let last = before.chars().last().unwrap();
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".chars() {
            let spelt = format!("{}{other}{pad}", before.strip_suffix(last).unwrap());
            assert_eq!(refusal(&spelt, ours.public()).is_none(), other == last, "{other}");
        }
    }

    #[test]
    fn unknown_lines_are_ignored_up_to_a_number_and_a_failing_known_line_is_not() {
        let ours = signer();
        let (note, _) = ours.sign("a\n");
        let stranger = "\u{2014} witness AAAAAAA=\n";
        assert_eq!(
            refusal(&format!("{note}{}", stranger.repeat(FURTHER_SIGNATURES_MAX)), ours.public()),
            None
        );
        let crowd = format!("{note}{}", stranger.repeat(FURTHER_SIGNATURES_MAX + 1));
        assert!(matches!(refusal(&crowd, ours.public()), Some(NoteError::Malformed(_))));
        let forged = format!(
            "\u{2014} gw.example/2026 {}\n",
            STANDARD.encode([ours.public().id().as_slice(), &[7; 64]].concat())
        );
        assert_eq!(refusal(&format!("{note}{forged}"), ours.public()), Some(NoteError::Forged));
        let same_name_other_id = "\u{2014} gw.example/2026 AAAAAAA=\n";
        assert_eq!(refusal(&format!("{note}{same_name_other_id}"), ours.public()), None);
    }

    #[test]
    fn a_damaged_verifier_key_is_refused() {
        for bad in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpcPQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        ] {
            assert!(matches!(bad.parse::<VerifierKey>(), Err(NoteError::Key(_))), "{bad}");
        }
    }
}
