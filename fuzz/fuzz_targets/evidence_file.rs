//! An evidence file as anybody may hand it to a court: whatever the bytes, the judge ends, and without the log's key nothing is true.
//! Bytes that are no zip are packed into one first, a file for each line, so that what lies behind the zip is reached too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::audit::evidence::archive;
use phohien::audit::evidence::archive::Files;
use phohien::audit::evidence::manifest;
use phohien::audit::evidence::manifest::Manifest;
use phohien::audit::evidence::verify::Believed;
use phohien::audit::evidence::verify::verify;
use phohien::tlog::note::VerifierKey;
use phohien::tlog::trust::TrustPolicy;

fuzz_target!(|bytes: &[u8]| {
    let key = VerifierKey::new(&"gw.example/2026".parse().unwrap(), [9; 32]);
    let trust = TrustPolicy::of_logs(vec![key]);
    assert!(!verify(bytes, Believed::of(&trust)).is_true());
    match archive::unpack(bytes) {
        Ok(files) => {
            // What was read can be written, and is read as the same.
            let packed = archive::pack(&files).unwrap();
            assert_eq!(archive::unpack(&packed).unwrap(), files);
        }
        Err(_) => {
            let Ok(packed) = archive::pack(&scattered(bytes)) else { return };
            assert!(!verify(&packed, Believed::of(&trust)).is_true());
        }
    }
});

/// `name=content` a line, under a manifest that fits.
fn scattered(bytes: &[u8]) -> Files {
    let mut files = Files::new();
    for line in bytes.split(|byte| *byte == b'\n').take(50) {
        let mut parts = line.splitn(2, |byte| *byte == b'=');
        if let (Some(name), Some(content)) = (parts.next(), parts.next()) {
            files.insert(String::from_utf8_lossy(name).into_owned(), content.to_vec());
        }
    }
    let manifest = Manifest::of("gw.example/2026", Default::default(), &files);
    files.insert(manifest::NAME.to_owned(), manifest.text().into_bytes());
    files
}
