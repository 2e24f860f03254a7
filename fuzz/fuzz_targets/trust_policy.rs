//! A trust policy as a party writes it: no bytes make the reader panic, and none that it takes trust a head that nobody signed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phohien::tlog::trust::TrustPolicy;

const NOTE: &[u8] =
    "gw.example/2026\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n\u{2014} gw.example/2026 AAAAAAA=\n"
        .as_bytes();

fuzz_target!(|bytes: &[u8]| {
    let Ok(policy) = TrustPolicy::parse(bytes) else { return };
    assert!(policy.open(NOTE).is_err());
    let mut logs: Vec<_> = policy.logs().iter().map(|key| *key.raw()).collect();
    logs.sort();
    logs.dedup();
    assert_eq!(logs.len(), policy.logs().len());
    assert!(!policy.demands_witnesses() || !policy.witnesses().is_empty());
    // Comments and empty lines change nothing; a second quorum is none.
    assert_eq!(TrustPolicy::parse(&[b"# so\n\n", bytes].concat()).as_ref(), Ok(&policy));
    assert!(TrustPolicy::parse(&[bytes, b"\nquorum none\n"].concat()).is_err());
});
