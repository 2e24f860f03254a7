//! Witnesses (C2SP tlog-witness v1.0.0, `add-checkpoint`): another party that sees a log only grow, and says so. Pure, but for
//! the witness's own memory, which asks a [`Disk`](super::disk::Disk) as the log does.
//!
//! A witness keeps of every log it knows one thing: the newest head it has cosigned. It cosigns a larger one that is proven to
//! hold the old one, and nothing else, so that a log that shows two histories gets its cosignature on one of them at most.
//!
//! | room | whose | what it does |
//! |---|---|---|
//! | here | both | the request, and what is refused: [`decide`] is the whole judgement |
//! | [`memory`] | the witness's | check and keep in one, before anybody is answered; [`Witness`] |
//! | [`asking`] | the log's | what an answer says of one's own log |
//! | [`kept`] | the log's | the cosignatures one was given, beside the log |

pub mod asking;
pub mod kept;
pub mod memory;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::base64_hash;
use super::checkpoint::decimal;
use super::merkle::empty_root;
use super::merkle::verify_consistency;
use super::note;
use super::note::NOTE_BYTES_MAX;
use super::note::Note;
use super::note::VerifierKey;
use crate::crypto::digest::Hash;

pub use memory::Memory;
pub use memory::Witness;

/// The longest consistency proof (C2SP tlog-witness, add-checkpoint).
pub const PROOF_LINES_MAX: usize = 63;

/// The longest request we read, in bytes: the longest note, and 63 hashes with the first line before it.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 64 * 45;

/// The path below a witness's address.
pub const PATH: &str = "/add-checkpoint";

/// The media type of the size in an answer of 409.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// Why a witness does not cosign. Statuses are those of C2SP tlog-witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not the format, or an old size above the new one.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// A log that this witness does not know.
    #[error("the checkpoint is of a log that this witness does not know")]
    UnknownOrigin,
    /// None of the log's keys signed, or one did not verify.
    #[error("no key that this witness knows of that log signed the checkpoint")]
    Untrusted,
    /// The old size is not that of the newest head this witness has cosigned.
    #[error("the newest head that this witness has cosigned has {size} entries")]
    Conflict {
        /// That size.
        size: u64,
    },
    /// Another root for the size this witness has cosigned: the log shows two histories.
    #[error("this witness has cosigned another root of the same size")]
    Fork,
    /// The proof does not lead from the one to the other.
    #[error("the consistency proof does not lead from the head this witness has cosigned to this one")]
    Unproven,
}

impl Refusal {
    /// Its HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Untrusted => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict { .. } | Self::Fork => 409,
            Self::Unproven => 422,
        }
    }
}

/// The body of `add-checkpoint`. Its text is `Display`; nothing in it is trusted before [`Submission::open`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The size from which the proof leads.
    pub old: u64,
    /// The consistency proof (RFC 6962 2.1.2).
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub note: String,
}

impl Request {
    /// Reads a request, in its only spelling.
    ///
    /// # Errors
    /// It is not in the format, or too long.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        const WRONG: fn(&'static str) -> Refusal = Refusal::Malformed;
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(WRONG("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| WRONG("it is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(WRONG("it has no blank line"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(WRONG("the old size"))?;
        let proof: Option<Vec<Hash>> = lines.map(base64_hash).collect();
        let proof = proof.ok_or(WRONG("the consistency proof"))?;
        if proof.len() > PROOF_LINES_MAX {
            return Err(WRONG("the consistency proof is too long"));
        }
        Ok(Self { old, proof, note: note.to_owned() })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// What a witness remembers of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Head {
    /// Of a log of which nothing was seen yet.
    #[must_use]
    pub fn unseen() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

/// The logs a witness knows: by origin, which is their keys' name.
#[derive(Debug, Clone, Default)]
pub struct Logs(BTreeMap<String, Vec<VerifierKey>>);

impl Logs {
    /// Takes the keys that somebody vouched for.
    #[must_use]
    pub fn new(keys: Vec<VerifierKey>) -> Self {
        let mut logs = BTreeMap::<String, Vec<VerifierKey>>::new();
        for key in keys {
            logs.entry(key.name().to_owned()).or_default().push(key);
        }
        Self(logs)
    }

    /// Their origins.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A checkpoint that a log this witness knows has signed, and the proof that came with it. Only this module makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    origin: String,
    old: u64,
    proof: Vec<Hash>,
    head: Head,
    text: String,
    /// The text with the verified signatures alone: what strangers signed beside them is not kept.
    note: String,
}

impl Submission {
    /// Whose signature it is, and of which head.
    ///
    /// # Errors
    /// The log is not known, did not sign, or the checkpoint is malformed.
    pub fn open(request: &Request, logs: &Logs) -> Result<Self, Refusal> {
        let Request { old, proof, note } = request;
        let note = Note::parse(note.as_bytes()).map_err(|_| Refusal::Malformed("the checkpoint's note"))?;
        let (origin, head) =
            head_of(note.unverified_text()).ok_or(Refusal::Malformed("the checkpoint's text"))?;
        let keys = logs.0.get(origin).ok_or(Refusal::UnknownOrigin)?;
        let keys: Vec<&VerifierKey> = keys.iter().collect();
        let verified = note.verify(&keys).map_err(|_| Refusal::Untrusted)?;
        let lines = verified.signatures.iter();
        let lines = lines.map(|(key, signature)| note::signature_line(key.signatory(), signature));
        Ok(Self {
            origin: origin.to_owned(),
            old: *old,
            proof: proof.clone(),
            head,
            text: verified.text.to_owned(),
            note: format!("{}\n{}", verified.text, lines.collect::<String>()),
        })
    }

    /// Whose.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Which head.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }
}

/// Origin, size and root of a checkpoint's text. Ours has three lines; other logs may add lines of their own
/// (C2SP tlog-checkpoint, extension lines), about which a cosignature says nothing.
fn head_of(text: &str) -> Option<(&str, Head)> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let (origin, size, root) = (lines.next()?, decimal(lines.next()?)?, base64_hash(lines.next()?)?);
    (!origin.is_empty() && lines.all(|line| !line.is_empty())).then_some((origin, Head { size, root }))
}

/// Whether a log of which `last` was cosigned may have this head cosigned, in the order of C2SP tlog-witness: what to remember
/// from now on.
///
/// # Errors
/// See [`Refusal`].
pub fn decide(last: &Head, submission: &Submission) -> Result<Head, Refusal> {
    let Submission { old, head, proof, .. } = submission;
    if *old > head.size {
        return Err(Refusal::Malformed("the old size is above the checkpoint's"));
    }
    if *old != last.size {
        return Err(Refusal::Conflict { size: last.size });
    }
    if head.size == last.size && head.root != last.root {
        return Err(Refusal::Fork);
    }
    verify_consistency(last.size, head.size, &last.root, &head.root, proof)
        .map(|()| *head)
        .map_err(|_| Refusal::Unproven)
}
