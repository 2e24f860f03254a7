//! The tree against those of others: `ct-merkle` and `tlog_tiles` compute the same roots and proofs, and the proofs that transparency-dev
//! made to be accepted or refused are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use serde_json::Value;
use sha2::Sha256;

use super::*;
use crate::crypto::digest::sha256;

/// The vectors of transparency-dev/merkle (Apache-2.0), as the crate `sigstore-merkle` 0.15.1 ships them, one a line.
const PROOFS: &str = include_str!("proofs.jsonl");

/// The hashes that `tlog_tiles` has stored.
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

/// The same leaves in our tree, in that of `ct-merkle`, and in that of `tlog_tiles`.
struct Trees {
    ours: merkle::Tree,
    binary: MemoryBackedTree<Sha256, Vec<u8>>,
    tiled: Stored,
}

impl Trees {
    fn of(leaves: &[Vec<u8>]) -> Self {
        let mut trees = Self {
            ours: merkle::Tree::default(),
            binary: MemoryBackedTree::new(),
            tiled: Stored(Vec::new()),
        };
        for (index, leaf) in (0..).zip(leaves) {
            trees.ours.push(merkle::leaf_hash(leaf));
            trees.binary.push(leaf.clone());
            let hashes = tlog_tiles::stored_hashes(index, leaf, &trees.tiled).unwrap();
            trees.tiled.0.extend(hashes);
        }
        trees
    }
}

fn plain(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| hash.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn roots_and_proofs_are_those_of_two_other_implementations(
        leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..600),
        at in any::<prop::sample::Index>(),
        smaller in any::<prop::sample::Index>(),
    ) {
        let trees = Trees::of(&leaves);
        let size = leaves.len() as u64;
        let (index, old) = (at.index(leaves.len()), smaller.index(leaves.len()));
        let root = trees.ours.root(size).unwrap();
        let theirs = trees.binary.root();
        prop_assert_eq!(root.as_slice(), theirs.as_bytes().as_slice());
        prop_assert_eq!(root, tlog_tiles::tree_hash(size, &trees.tiled).unwrap().0);

        let path = trees.ours.inclusion(index as u64, size).unwrap();
        let binary = trees.binary.prove_inclusion(index);
        prop_assert_eq!(path.concat(), binary.as_bytes());
        prop_assert_eq!(&path, &plain(&tlog_tiles::prove_record(size, index as u64, &trees.tiled).unwrap()));
        prop_assert!(trees.binary.root().verify_inclusion(&leaves[index], index as u64, &binary).is_ok());

        let old = old as u64 + 1;
        let path = trees.ours.consistency(old, size).unwrap();
        let tiled = tlog_tiles::prove_tree(size, old, &trees.tiled).unwrap();
        prop_assert_eq!(&path, &plain(&tiled));
        let (before, now) = (tlog_tiles::Hash(trees.ours.root(old).unwrap()), tlog_tiles::Hash(root));
        prop_assert!(tlog_tiles::check_tree(&tiled, size, now, old, before).is_ok());
        let binary = trees.binary.prove_consistency(usize::try_from(size - old).unwrap());
        prop_assert_eq!(path.concat(), binary.as_bytes());
    }

    #[test]
    fn a_proof_with_a_changed_bit_is_refused_by_us_and_by_the_others(
        count in 2..300_u64,
        at in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let leaves: Vec<_> = (0..count).map(|n| n.to_string().into_bytes()).collect();
        let trees = Trees::of(&leaves);
        let (index, root) = (at.index(leaves.len()) as u64, trees.ours.root(count).unwrap());
        let (leaf, path) = (trees.ours.leaf(index).unwrap(), trees.ours.inclusion(index, count).unwrap());
        let mut bytes = path.concat();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (changed, _) = bytes.as_chunks::<32>();
        prop_assert!(verify_inclusion(&leaf, index, count, changed, &root).is_err());
        let theirs: Vec<_> = changed.iter().map(|hash| tlog_tiles::Hash(*hash)).collect();
        let hash = tlog_tiles::Hash;
        prop_assert!(tlog_tiles::check_record(&theirs, count, hash(root), index, hash(leaf)).is_err());
    }
}

/// A hash as the vectors write it. What is too short to be one only stands for another hash; nothing stands for none.
fn hash(text: &Value) -> Option<Hash> {
    let bytes = text.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap();
    let placeholder = (!bytes.is_empty()).then(|| sha256(&bytes));
    bytes.try_into().ok().or(placeholder)
}

/// A proof; nothing if one of its parts can be no hash.
fn proof(vector: &Value) -> Option<Vec<Hash>> {
    let parts = vector["proof"].as_array().cloned().unwrap_or_default();
    parts.iter().map(|part| STANDARD.decode(part.as_str().unwrap()).ok()?.try_into().ok()).collect()
}

fn inclusion_holds(vector: &Value) -> Option<bool> {
    let (index, size) = (vector["leafIdx"].as_u64()?, vector["treeSize"].as_u64()?);
    let (leaf, root) = (hash(&vector["leafHash"])?, hash(&vector["root"])?);
    Some(verify_inclusion(&leaf, index, size, &proof(vector)?, &root).is_ok())
}

fn consistency_holds(vector: &Value) -> Option<bool> {
    let (old, new) = (vector["size1"].as_u64()?, vector["size2"].as_u64()?);
    let (old_root, new_root) = (hash(&vector["root1"])?, hash(&vector["root2"])?);
    Some(verify_consistency(old, new, &old_root, &new_root, &proof(vector)?).is_ok())
}

#[test]
fn the_proofs_that_others_made_to_be_refused_are_and_the_others_hold() {
    let mut counted = [0, 0];
    for line in PROOFS.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let name = vector["case"].as_str().unwrap();
        let holds = if name.starts_with("inclusion/") {
            inclusion_holds(&vector)
        } else {
            consistency_holds(&vector)
        };
        let wanted = !vector["wantErr"].as_bool().unwrap();
        assert_eq!(holds.unwrap_or(false), wanted, "{name}: {line}");
        counted[usize::from(wanted)] += 1;
    }
    assert_eq!(counted, [182, 13], "refused, held");
}
