//! Headers that a client reads before it trusts anybody: no bytes make them panic, and what is read is written again as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::message::digest;
use phohien::message::params::{SignatureInput, signature_bytes};
use phohien::message::receipt::Receipt;

fuzz_target!(|text: &str| {
    if let Ok(receipt) = Receipt::parse(text) {
        assert_eq!(receipt.write().as_deref(), Ok(text));
    }
    if let Ok(hash) = digest::parse(text) {
        assert_eq!(digest::parse(&digest::content_digest_of(&hash)), Ok(hash));
    }
    if let Ok(input) = SignatureInput::parse(text, "phohien") {
        let written = format!("phohien={}", input.serialized());
        assert_eq!(SignatureInput::parse(&written, "phohien"), Ok(input));
    }
    let _bytes = signature_bytes(text, "phohien");
});
