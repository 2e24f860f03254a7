//! A client's certificate, read before anybody vouched for it: no bytes make the reader panic, and what it reads is of these
//! bytes alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::crypto::digest::sha256;
use phohien::identity::certificate;

fuzz_target!(|der: &[u8]| {
    let key = certificate::spki_of(der);
    let Ok(read) = certificate::read(der) else { return };
    assert_eq!(read.fingerprint, sha256(der));
    assert_eq!(Some(read.spki), key);
    assert!(read.serial.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
    for name in &read.agency_names {
        assert!(name.to_ascii_lowercase().starts_with(certificate::AGENCY_PREFIX), "{name}");
    }
    // Bytes behind a certificate would be signed by nobody.
    assert!(certificate::read(&[der, &[0]].concat()).is_err());
});
