//! Proof files (C2SP tlog-proof v1): one entry's place in a log, verifiable without the log.
//!
//! `c2sp.org/tlog-proof@v1 LF [extra <base64> LF] index <n> LF`, one hash a line, a blank line, the signed checkpoint.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::CheckpointError;
use super::checkpoint::SignedHead;
use super::checkpoint::base64_hash;
use super::checkpoint::decimal;
use super::merkle::Unproven;
use super::merkle::verify_inclusion;
use super::note::NOTE_BYTES_MAX;
use super::note::VerifierKey;
use crate::crypto::digest::Hash;

/// The first line.
const MAGIC: &str = "c2sp.org/tlog-proof@v1";

/// The longest path there can be: one hash for each level of a tree of 2^63 leaves.
const PATH_MAX: usize = 63;

/// The longest proof file we read, in bytes: the note's bound, and as much again for path and extra data.
const PROOF_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX;

/// Why a proof file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not the format.
    #[error("the proof file is malformed: {0}")]
    Malformed(&'static str),
    /// Its checkpoint is refused.
    #[error("the proof's checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from the leaf to the checkpoint's root.
    #[error(transparent)]
    Unproven(#[from] Unproven),
}

/// A proof file. Its text is `Display`; nothing in it is trusted before [`Proof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What an application adds; empty is none. Not covered by the proof.
    pub extra: Option<Vec<u8>>,
    /// Which leaf.
    pub index: u64,
    /// The inclusion path, leaf side first.
    pub path: Vec<Hash>,
    /// The signed checkpoint, with whatever cosignatures it carries.
    pub note: String,
}

impl Proof {
    /// Reads a proof file, in its only spelling.
    ///
    /// # Errors
    /// It is not in the format, or too long.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        const WRONG: fn(&'static str) -> ProofError = ProofError::Malformed;
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(WRONG("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| WRONG("it is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(WRONG("it has no blank line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(MAGIC) {
            return Err(WRONG("the first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|l| l.strip_prefix("extra "));
        let extra =
            extra.map(|data| STANDARD.decode(data)).transpose().map_err(|_| WRONG("the extra data"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(WRONG("the index"))?;
        let path: Option<Vec<Hash>> = lines.map(base64_hash).collect();
        let path = path.filter(|path| path.len() <= PATH_MAX).ok_or(WRONG("the path"))?;
        Ok(Self { extra, index, path, note: note.to_owned() })
    }

    /// Verifies that the log of this key signed a tree that holds the leaf at the index, and says which tree.
    ///
    /// # Errors
    /// The checkpoint is refused, or the path does not lead to it.
    pub fn verify(&self, leaf_hash: &Hash, key: &VerifierKey) -> Result<SignedHead, ProofError> {
        let head = SignedHead::open(self.note.as_bytes(), key)?;
        verify_inclusion(leaf_hash, self.index, head.size, &self.path, &head.root)?;
        Ok(head)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sign::Ed25519Key;
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::merkle::Tree;
    use crate::tlog::merkle::leaf_hash;
    use crate::tlog::note::NoteError;
    use crate::tlog::note::Signer;

    fn signer() -> Signer {
        let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        Signer::new(&"gw.example/2026".parse().unwrap(), key)
    }

    fn proof(signer: &Signer, index: u64, size: u64) -> (Proof, Hash) {
        let mut tree = Tree::default();
        (0..size).for_each(|leaf| tree.push(leaf_hash(&leaf.to_be_bytes())));
        let checkpoint =
            Checkpoint { origin: "gw.example/2026".parse().unwrap(), size, root: tree.root(size).unwrap() };
        let note = SignedHead::sign(checkpoint, signer).note;
        let path = tree.inclusion(index, size).unwrap();
        (Proof { extra: None, index, path, note }, tree.leaf(index).unwrap())
    }

    #[test]
    fn a_written_proof_reads_back_and_verifies() {
        let signer = signer();
        for (index, size, extra) in
            [(0, 1, None), (3, 7, Some(b"more".to_vec())), (6, 7, Some(vec![])), (64, 130, None)]
        {
            let (mut proof, leaf) = proof(&signer, index, size);
            proof.extra = extra;
            let read = Proof::parse(proof.to_string().as_bytes()).unwrap();
            assert_eq!(read, proof);
            assert_eq!(read.verify(&leaf, signer.public()).unwrap().size, size);
            assert_eq!(read.verify(&[9; 32], signer.public()), Err(ProofError::Unproven(Unproven)));
        }
    }

    #[test]
    fn a_proof_under_another_key_is_refused() {
        let (proof, leaf) = proof(&signer(), 3, 7);
        let stranger = signer();
        let unknown = ProofError::Checkpoint(CheckpointError::Note(NoteError::Unknown));
        assert_eq!(proof.verify(&leaf, stranger.public()), Err(unknown));
    }

    #[test]
    fn malformed_proofs_are_refused() {
        let (proof, _) = proof(&signer(), 3, 7);
        let text = proof.to_string();
        for bad in [
            text.replace("@v1", "@v2"),
            text.replace("index 3", "index 03"),
            text.replace("index 3\n", ""),
            text.replace("index 3", "extra \nindex"),
            text.replace("index 3\n", "index 3\nAAAA\n"),
            text.replace("index 3\n", &format!("index 3\n{}\n", STANDARD.encode([0; 32])).repeat(70)),
            text.replace("\n\n", "\n"),
            text.replace("index 3", "extra !\nindex 3"),
        ] {
            assert!(matches!(Proof::parse(bad.as_bytes()), Err(ProofError::Malformed(_))), "{bad}");
        }
    }
}
