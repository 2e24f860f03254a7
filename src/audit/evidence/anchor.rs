//! The anchor in an evidence file: a head of the log that an authority stamped with its time, and the way from it to the case's head.

use serde_json::Value;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::digest::Hash;
use crate::id::Origin;
use crate::tlog::checkpoint::Checkpoint;

/// The text that was stamped: the three lines of the head, as the log signs them.
pub const CHECKPOINT: &str = "anchor/checkpoint.txt";
/// The token (DER).
pub const TOKEN: &str = "anchor/token.der";
/// The consistency path from the stamped head to the case's.
pub const CONSISTENCY: &str = "anchor/consistency.txt";

/// The most hashes of a path: one for each level of a tree of 2^63 leaves, and one.
const PATH_MAX: usize = 64;

/// What a `time.anchored` leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    /// How many entries the stamped head has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The token's name among the objects: its SHA-256, hexadecimal.
    pub token: String,
}

impl Anchored {
    /// Reads a leaf.
    #[must_use]
    pub fn read(leaf: &Value) -> Option<Self> {
        let text = |name: &str| leaf.get(name).and_then(Value::as_str);
        let root = STANDARD.decode(text("root")?).ok()?.try_into().ok()?;
        let anchored = text("kind")? == "time.anchored";
        anchored.then_some(Self { size: leaf.get("size")?.as_u64()?, root, token: text("token")?.to_owned() })
    }

    /// The head that was stamped.
    #[must_use]
    pub fn checkpoint(&self, origin: &Origin) -> Checkpoint {
        Checkpoint { origin: origin.clone(), size: self.size, root: self.root }
    }
}

/// `old <size> LF new <size> LF` and one hash a line.
#[must_use]
pub fn consistency_text(old: u64, new: u64, path: &[Hash]) -> String {
    let path: String = path.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
    format!("old {old}\nnew {new}\n{path}")
}

/// Reads it, in its only spelling.
#[must_use]
pub fn read_consistency(text: &[u8]) -> Option<(u64, u64, Vec<Hash>)> {
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    let old = lines.next()?.strip_prefix("old ")?.parse().ok()?;
    let new = lines.next()?.strip_prefix("new ")?.parse().ok()?;
    let hash = |line: &str| STANDARD.decode(line).ok()?.try_into().ok();
    let path = lines.take(PATH_MAX + 1).map(hash).collect::<Option<Vec<Hash>>>()?;
    (consistency_text(old, new, &path).as_bytes() == text).then_some((old, new, path))
}
