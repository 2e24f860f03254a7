//! What strangers send a witness, and what a witness answers: a request that is read is written as it was, and neither it nor any
//! answer proves what nobody signed.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phohien::clock::Timestamp;
use phohien::crypto::sign::Ed25519Key;
use phohien::tlog::cosignature::Cosigner;
use phohien::tlog::cosignature::CosignerKey;
use phohien::tlog::cosignature::of_answer;
use phohien::tlog::merkle::empty_root;
use phohien::tlog::note::Signer;
use phohien::tlog::witness::Head;
use phohien::tlog::witness::Logs;
use phohien::tlog::witness::Refusal;
use phohien::tlog::witness::Request;
use phohien::tlog::witness::Submission;
use phohien::tlog::witness::asking::Heard;
use phohien::tlog::witness::asking::Standing;
use phohien::tlog::witness::asking::judge;

/// Keys made for this run: no input is signed by them.
static LOG: LazyLock<Signer> = LazyLock::new(|| Signer::new(&"gw.example/2026".parse().unwrap(), key()));
static WITNESS: LazyLock<Cosigner> = LazyLock::new(|| Cosigner::new(&"w.example/1".parse().unwrap(), key()));

fn key() -> Ed25519Key {
    Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap()
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = Request::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
        let opened = Submission::open(&request, &Logs::new(vec![LOG.public().clone()]));
        assert!(
            matches!(opened, Err(Refusal::Malformed(_) | Refusal::UnknownOrigin | Refusal::Untrusted)),
            "{opened:?}"
        );
    }
    let text = format!("gw.example/2026\n0\n{}", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert!(of_answer(bytes, &text, WITNESS.public()).is_err());
    let head = Head { size: 0, root: empty_root() };
    for status in [200, 403, 404, 409, 422] {
        let heard = Heard { status, media_type: Some("text/x.tlog.size"), body: bytes };
        let standing = judge(&head, &text, 0, &heard, WITNESS.public(), Timestamp::UNIX_EPOCH);
        assert!(!matches!(standing, Standing::Cosigned(_)), "{standing:?}");
    }
    if let Some(key) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<CosignerKey>().ok()) {
        assert_eq!(key.to_string().as_bytes(), bytes);
    }
});
