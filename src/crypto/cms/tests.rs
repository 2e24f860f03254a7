use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::crypto::cms::sign::CmsSigner;
use crate::crypto::cms::verify::verify_detached;
use crate::crypto::keyfile::write_new;

const ORDER: &[u8] = "quên tháng 2026-10\n".as_bytes();

/// Keys and certificates as openssl makes them, in a folder of their own.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        write_new(&desk.path("order"), ORDER).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn openssl(&self, line: &str) -> bool {
        run(self.0.path(), line)
    }

    /// A key of a kind, its PKCS #8 and its certificate, both PEM and DER.
    fn make(&self, name: &str, kind: &str) {
        assert!(self.openssl(&format!("genpkey {kind} -out {name}.key")), "{kind}");
        assert!(self.openssl(&format!(
            "req -new -x509 -key {name}.key -subj /CN={name} -days 30 -out {name}.pem -sha256"
        )));
        assert!(self.openssl(&format!("x509 -in {name}.pem -outform DER -out {name}.der")));
        assert!(self.openssl(&format!("pkcs8 -topk8 -nocrypt -in {name}.key -outform DER -out {name}.p8")));
    }

    /// What openssl signs.
    fn sign(&self, name: &str, options: &str) -> Vec<u8> {
        let line = format!(
            "cms -sign -binary -outform DER -in order -signer {name}.pem -inkey {name}.key -out {name}.p7s {options}"
        );
        assert!(self.openssl(&line), "{line}");
        self.read(&format!("{name}.p7s"))
    }
}

fn run(folder: &Path, line: &str) -> bool {
    let output = Command::new("openssl").current_dir(folder).args(line.split(' ')).output().unwrap();
    output.status.success()
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";
const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";

#[test]
fn what_openssl_signs_is_verified_and_over_other_bytes_refused() {
    let desk = Desk::new();
    for (name, kind) in [("p256", P256), ("p384", P384), ("rsa", RSA)] {
        desk.make(name, kind);
        let mut ways = vec!["", "-md sha384", "-keyid"];
        if name == "rsa" {
            ways.extend([
                "-md sha512",
                "-keyopt rsa_padding_mode:pss",
                "-md sha384 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest",
            ]);
        }
        for way in ways {
            let message = desk.sign(name, way);
            let pss_of_longest_salt = way == "-keyopt rsa_padding_mode:pss";
            let verified = verify_detached(&message, ORDER);
            if pss_of_longest_salt {
                assert!(matches!(verified, Err(CmsError::Algorithm(_))), "{way}: {verified:?}");
                continue;
            }
            let signed = verified.unwrap_or_else(|fault| panic!("{name} {way}: {fault}"));
            assert_eq!(signed.certificate, desk.read(&format!("{name}.der")), "{name} {way}");
            assert!(signed.signing_time.is_some() && signed.others.is_empty());
            assert_eq!(verify_detached(&message, b"another"), Err(CmsError::OtherContent), "{name} {way}");
        }
    }
}

#[test]
fn what_we_sign_is_verified_by_openssl_and_over_other_bytes_refused() {
    let desk = Desk::new();
    write_new(&desk.path("other"), b"another").unwrap();
    for (name, kind) in [("p256", P256), ("rsa", RSA)] {
        desk.make(name, kind);
        let signer =
            CmsSigner::new(&desk.read(&format!("{name}.p8")), &desk.read(&format!("{name}.der"))).unwrap();
        let message = signer.sign_detached(ORDER, "2026-11-26T02:00:00Z".parse().unwrap()).unwrap();
        write_new(&desk.path(&format!("{name}.ours")), &message).unwrap();
        let check = |content: &str| {
            desk.openssl(&format!(
                "cms -verify -binary -inform DER -in {name}.ours -content {content} -CAfile {name}.pem -purpose any -out seen"
            ))
        };
        assert!(check("order") && !check("other"), "{name}");
        assert_eq!(
            verify_detached(&message, ORDER).unwrap().signing_time.unwrap().to_string(),
            "2026-11-26T02:00:00Z"
        );
    }
}

#[test]
fn a_key_that_is_not_the_certificates_signs_nothing() {
    let desk = Desk::new();
    desk.make("one", P256);
    desk.make("two", P256);
    let signer = CmsSigner::new(&desk.read("one.p8"), &desk.read("two.der")).unwrap();
    assert!(matches!(signer.sign_detached(ORDER, Timestamp::UNIX_EPOCH), Err(CmsError::Key(_))));
    desk.make("p384", P384);
    assert!(matches!(CmsSigner::new(&desk.read("p384.p8"), &desk.read("p384.der")), Err(CmsError::Key(_))));
}

#[test]
fn a_signature_that_is_not_as_we_read_it_is_refused() {
    let desk = Desk::new();
    desk.make("one", P256);
    desk.make("two", RSA);
    for (options, why) in [
        ("-noattr", "no signed attributes"),
        ("-nodetach", "holds what was signed"),
        ("-nocerts", "is not in it"),
        ("-signer two.pem -inkey two.key", "not one signer"),
    ] {
        let fault = verify_detached(&desk.sign("one", options), ORDER).unwrap_err();
        assert!(fault.to_string().contains(why), "{options}: {fault}");
    }
    let fault = verify_detached(&desk.sign("two", "-md sha1"), ORDER).unwrap_err();
    assert!(matches!(fault, CmsError::Algorithm(_)), "{fault}");
    assert!(verify_detached(b"", ORDER).is_err() && verify_detached(&vec![0x30; 1 << 20], ORDER).is_err());
}

#[test]
fn a_signature_with_any_one_byte_changed_is_not_that_of_another_content_or_certificate() {
    let desk = Desk::new();
    desk.make("one", P256);
    let good = desk.sign("one", "");
    let signed = verify_detached(&good, ORDER).unwrap();
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        // A few bytes say nothing that is relied on, such as the version; whatever still verifies is by the same key.
        if let Ok(other) = verify_detached(&changed, ORDER) {
            assert_eq!(other.spki, signed.spki, "byte {at}");
        }
    }
}
