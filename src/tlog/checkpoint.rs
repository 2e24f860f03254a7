//! Checkpoints (C2SP tlog-checkpoint v1.0.0): what a log signs. Three lines: origin, size, root; no extension lines.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::note;
use super::note::Note;
use super::note::NoteError;
use super::note::Signer;
use super::note::VerifierKey;
use crate::crypto::digest::Hash;
use crate::id::Origin;

/// Why a text is not a checkpoint of the log that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not three lines of origin, size and root.
    #[error("the checkpoint is malformed: {0}")]
    Malformed(&'static str),
    /// Another log's checkpoint under a key of this name.
    #[error("the checkpoint is of another origin than the key that signed it")]
    Origin,
}

/// A tree head: whose, how many leaves, which root. Its text is `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a checkpoint, in its only spelling.
    ///
    /// # Errors
    /// It is not three lines of origin, decimal size and base64 root.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        const WRONG: fn(&'static str) -> CheckpointError = CheckpointError::Malformed;
        let lines = text.strip_suffix('\n').ok_or(WRONG("it does not end in a line feed"))?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(WRONG("it has not three lines"));
        };
        let origin = origin.parse().map_err(|_| WRONG("the origin"))?;
        let size = decimal(size).ok_or(WRONG("the size"))?;
        let root = base64_hash(root).ok_or(WRONG("the root"))?;
        Ok(Self { origin, size, root })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))
    }
}

/// A decimal number without leading zeros or signs.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash in canonical base64.
pub(super) fn base64_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// A tree head with its log's signature: what every waiter of one batch shares, and what a receipt quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// The log.
    pub origin: Origin,
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The log's Ed25519 signature over the checkpoint text that the three above make.
    pub signature: [u8; 64],
    /// The signed note, whole.
    pub note: String,
}

impl SignedHead {
    /// Signs a checkpoint.
    #[must_use]
    pub fn sign(checkpoint: Checkpoint, signer: &Signer) -> Self {
        let (note, signature) = signer.sign(&checkpoint.to_string());
        let Checkpoint { origin, size, root } = checkpoint;
        Self { origin, size, root, signature, note }
    }

    /// Reads a signed checkpoint and verifies it under the log's key; the origin must be the key's name.
    ///
    /// # Errors
    /// It is malformed, of another log, or not signed by the key.
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let parsed = Note::parse(note)?;
        let verified = parsed.verify(&[key])?;
        let Checkpoint { origin, size, root } = Checkpoint::parse(verified.text)?;
        let Some((_, signature)) = verified.signatures.first() else { return Err(NoteError::Unknown.into()) };
        if origin.as_str() != key.name() {
            return Err(CheckpointError::Origin);
        }
        // Invariant: `note` is UTF-8, since it was parsed as a note.
        Ok(Self {
            origin,
            size,
            root,
            signature: *signature,
            note: String::from_utf8_lossy(note).into_owned(),
        })
    }

    /// The signed note with the log's own signature alone, whatever else this one carries.
    #[must_use]
    pub fn own_note(&self, key: &VerifierKey) -> String {
        let line = note::signature_line(key.signatory(), &self.signature);
        format!("{}\n{line}", self.checkpoint())
    }

    /// The tree head without the signature.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.size, root: self.root }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::Ed25519Key;

    fn signer(origin: &str) -> Signer {
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        Signer::new(&origin.parse().unwrap(), key)
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "gw.example/2026".parse().unwrap(), size: 130, root: [7; 32] }
    }

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let text = checkpoint().to_string();
        assert_eq!(text, "gw.example/2026\n130\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n");
        assert_eq!(Checkpoint::parse(&text).unwrap(), checkpoint());
        for bad in [
            text.trim_end().to_owned(),
            text.replace("130", "0130"),
            text.replace("130", "+130"),
            text.replace("130", "-1"),
            text.replace("130", ""),
            text.replace("130", "18446744073709551616"),
            text.replace("Bwc=", "Bwd="),
            text.replace("Bwc=", "Bwc"),
            text.replace("gw.example/2026", "gw example/2026"),
            text.replace("gw.example/2026", ""),
            format!("{text}extension\n"),
            format!("{text}\n"),
        ] {
            assert!(matches!(Checkpoint::parse(&bad), Err(CheckpointError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn a_signed_head_opens_under_its_key_and_says_what_was_signed() {
        let signer = signer("gw.example/2026");
        let head = SignedHead::sign(checkpoint(), &signer);
        let opened = SignedHead::open(head.note.as_bytes(), signer.public()).unwrap();
        assert_eq!(opened, head);
        assert_eq!(opened.checkpoint(), checkpoint());
    }

    #[test]
    fn a_head_whose_origin_is_not_its_signers_name_is_refused() {
        let signer = signer("another.example/2026");
        let head = SignedHead::sign(checkpoint(), &signer);
        assert_eq!(SignedHead::open(head.note.as_bytes(), signer.public()), Err(CheckpointError::Origin));
    }
}
