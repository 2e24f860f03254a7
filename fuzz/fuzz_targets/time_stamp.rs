//! What a time-stamping authority answers, and a token in an evidence file: no bytes make the reader panic, and no answer fits a request
//! whose nonce it cannot have known.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::crypto::tsp::NONCE_BYTES;
use phohien::crypto::tsp::Request;
use phohien::crypto::tsp::Stamp;

fuzz_target!(|bytes: &[u8]| {
    let request = Request::over(b"a head\n", [0xa5; NONCE_BYTES]);
    assert!(request.answered(bytes).is_err());
    let Ok(stamp) = Stamp::open(bytes) else { return };
    assert!(stamp.demand_authority(&[]).is_err());
    assert!(Stamp::open(&[bytes, &[0]].concat()).is_err());
});
