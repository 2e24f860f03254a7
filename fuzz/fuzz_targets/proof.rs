//! A proof file as a citizen may hand it in: what is read is written as it was, and it proves nothing by itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::id::Origin;
use phohien::tlog::merkle::leaf_hash;
use phohien::tlog::merkle::verify_inclusion;
use phohien::tlog::note::VerifierKey;
use phohien::tlog::proof::Proof;

fuzz_target!(|bytes: &[u8]| {
    let Ok(proof) = Proof::parse(bytes) else { return };
    assert_eq!(proof.to_string().as_bytes(), bytes);
    let (leaf, origin) = (leaf_hash(b"an entry"), "gw.example/2026".parse::<Origin>().unwrap());
    assert!(proof.verify(&leaf, &VerifierKey::new(&origin, [9; 32])).is_err());
    for size in [0, 1, proof.index, proof.index.saturating_add(1), u64::MAX] {
        assert!(verify_inclusion(&leaf, proof.index, size, &proof.path, &[0; 32]).is_err());
    }
});
