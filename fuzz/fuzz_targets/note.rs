//! Signed notes, checkpoints and verifier keys from anywhere: what is read is written as it was, and no key verifies what it
//! did not sign.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phohien::crypto::sign::Ed25519Key;
use phohien::tlog::checkpoint::Checkpoint;
use phohien::tlog::checkpoint::SignedHead;
use phohien::tlog::note::Note;
use phohien::tlog::note::NoteError;
use phohien::tlog::note::Signer;
use phohien::tlog::note::VerifierKey;

/// A key made for this run: no input is signed by it.
static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let key = Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
    Signer::new(&"gw.example/2026".parse().unwrap(), key)
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        signed(bytes, &note);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
        let head = SignedHead::sign(checkpoint.clone(), &SIGNER);
        let opened = SignedHead::open(head.note.as_bytes(), SIGNER.public());
        assert_eq!(opened.is_ok(), checkpoint.origin.as_str() == SIGNER.public().name());
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
});

/// A note that was taken apart, as it is and signed by us too.
fn signed(bytes: &[u8], note: &Note<'_>) {
    let text = note.unverified_text();
    assert!(text.ends_with('\n') && bytes.starts_with(text.as_bytes()));
    assert!(note.verify(&[SIGNER.public()]).is_err());
    let (ours, signature) = SIGNER.sign(text);
    let line = ours.strip_prefix(text).unwrap().strip_prefix('\n').unwrap();
    let both = [bytes, line.as_bytes()].concat();
    // It may have become too long.
    let Ok(both) = Note::parse(&both) else { return };
    match both.verify(&[SIGNER.public()]) {
        Ok(verified) => {
            assert_eq!((verified.text, verified.signatures), (text, vec![(SIGNER.public(), signature)]));
        }
        // It may have had our key's name on a line, or too many lines.
        Err(error) => assert!(matches!(error, NoteError::Forged | NoteError::Malformed(_))),
    }
}
