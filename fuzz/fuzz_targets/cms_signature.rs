//! A detached signature as somebody hands it in: no bytes make the reader panic, and what verifies is over these bytes alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::crypto::cms::Content;
use phohien::crypto::cms::verify::open_attached;
use phohien::crypto::cms::verify::verify_detached;

/// What the signed seeds are over.
const SIGNED: &[u8] = b"order\n";

fuzz_target!(|message: &[u8]| {
    let _ = open_attached(message, Content::TimeStamp, &[]);
    assert!(verify_detached(message, b"something else").is_err());
    let Ok(signed) = verify_detached(message, SIGNED) else { return };
    assert!(!signed.certificate.is_empty());
    assert!(signed.chain().count() == 1 + signed.others.len());
    // Nothing may stand behind it.
    assert!(verify_detached(&[message, &[0]].concat(), SIGNED).is_err());
});
