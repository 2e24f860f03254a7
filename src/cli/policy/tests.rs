//! Signatures of parties, made and checked by our commands and by openssl.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::cli::demo::edit::copy;
use crate::cli::demo::world::lay;
use crate::cli::environment::Environment;
use crate::cli::run_with;
use crate::cli::terminal::Manner;
use crate::cli::terminal::Terminal;
use crate::cli::tests::Heard;
use crate::clock::Clock;
use crate::identity::development;
use crate::identity::development::Caller;
use crate::identity::development::Flaw;
use crate::identity::development::Plan;
use crate::language::Language;

const AGREEMENT: &str = "policies/agreements/TT-2026-001.toml";

/// The province's example with certificates for the parties of one agreement.
struct Desk(tempfile::TempDir);

impl Desk {
    /// A desk on which nothing is signed yet; the agreement names what it relies on.
    fn new() -> Self {
        let desk = Self::bare();
        let (exit, _, err) = desk.sign("G01.HYN");
        assert_eq!(exit, Exit::No, "{err}");
        let block: String = err
            .lines()
            .skip_while(|line| !line.starts_with("relies_on"))
            .take(5)
            .map(|line| format!("{line}\n"))
            .collect();
        desk.edit("[[permit]]", &format!("{block}\n[[permit]]"));
        desk
    }

    /// The same, with the agreement as the example has it.
    fn bare() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"), &desk.path("policies")).unwrap();
        let callers = [
            ("G01.HYN", "G01.HYN", Flaw::None),
            ("H31.01.01", "H31.01.01", Flaw::None),
            ("H31.99.01", "H31.99.01", Flaw::None),
            ("foreign", "H31.01.01", Flaw::Foreign),
            ("revoked", "H31.01.01", Flaw::Revoked),
        ];
        let callers = callers.map(|(name, code, flaw)| Caller::named(name, &[code], flaw)).into();
        let plan = Plan { server_names: vec!["localhost".to_owned()], callers };
        development::make(&desk.path("certs"), &plan).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn edit(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.path(AGREEMENT)).unwrap();
        assert!(text.contains(old));
        lay(&self.path(AGREEMENT), text.replacen(old, new, 1).as_bytes()).unwrap();
    }

    fn run(&self, line: &str) -> (Exit, String, String) {
        let folder = self.0.path().display().to_string();
        let words = line.split_whitespace().map(|word| word.replace("DESK", &folder).into()).collect();
        let (out, err) = (Heard::default(), Heard::default());
        let manner = Manner { language: Language::En, ..Manner::default() };
        let terminal = Terminal::over(manner, Box::new(out.clone()), Box::new(err.clone()));
        // Certificates and openssl live in real time.
        let exit = run_with(words, Environment::default(), terminal, Clock::system());
        (exit, out.text(), err.text())
    }

    fn sign(&self, by: &str) -> (Exit, String, String) {
        self.run(&format!(
            "phohien policy sign DESK/{AGREEMENT} --cert DESK/certs/agencies/{by}.pem --key DESK/certs/agencies/{by}.key"
        ))
    }

    fn verify(&self) -> (Exit, String) {
        let line = format!(
            "phohien policy verify DESK/{AGREEMENT} --anchors DESK/certs/ca.pem --crl DESK/certs/ca.crl.pem"
        );
        let (exit, out, err) = self.run(&line);
        (exit, out + &err)
    }

    fn both_sign(&self) {
        for party in ["G01.HYN", "H31.01.01"] {
            assert_eq!(self.sign(party).0, Exit::Yes, "{:?}", self.sign(party));
        }
    }

    fn signature(&self, agency: &str) -> PathBuf {
        self.path(&format!("policies/agreements/TT-2026-001.{agency}.p7s"))
    }

    fn openssl(&self, line: &str) -> bool {
        let output =
            Command::new("openssl").current_dir(self.0.path()).args(line.split(' ')).output().unwrap();
        output.status.success()
    }

    /// Puts a signature that openssl makes with some certificate under the name of an agency's.
    fn openssl_signs(&self, by: &str, agency: &str) {
        let out = self.signature(agency);
        let out = out.strip_prefix(self.0.path()).unwrap().display();
        let (cert, key) = (format!("certs/agencies/{by}.pem"), format!("certs/agencies/{by}.key"));
        let line =
            format!("cms -sign -binary -outform DER -in {AGREEMENT} -signer {cert} -inkey {key} -out {out}");
        assert!(self.openssl(&line), "{line}");
    }
}

#[test]
fn an_agreement_is_signed_by_its_parties_alone_and_only_once_it_names_what_it_relies_on() {
    let desk = Desk::new();
    assert_eq!(desk.verify().0, Exit::No);
    let (exit, _, err) = desk.sign("H31.99.01");
    assert!(exit == Exit::No && err.contains("neither provider nor consumer"), "{err}");
    assert_eq!(desk.sign("G01.HYN").0, Exit::Yes);
    let (exit, said) = desk.verify();
    assert!(exit == Exit::No && said.contains("the signature of H31.01.01 is missing"), "{said}");
    assert_eq!(desk.sign("H31.01.01").0, Exit::Yes);
    let (exit, said) = desk.verify();
    assert!(exit == Exit::Yes && said.contains("G01.HYN: signed at"), "{said}");
}

#[test]
fn signatures_over_a_text_that_names_nothing_it_relies_on_count_for_nothing() {
    let desk = Desk::bare();
    for party in ["G01.HYN", "H31.01.01"] {
        desk.openssl_signs(party, party);
    }
    let (exit, said) = desk.verify();
    assert!(exit == Exit::No && said.contains("does not name the hash of agencies/G01.HYN.toml"), "{said}");
}

#[test]
fn openssl_verifies_what_we_sign_and_we_verify_what_openssl_signs() {
    let desk = Desk::new();
    desk.both_sign();
    for agency in ["G01.HYN", "H31.01.01"] {
        let line = |content: &str| {
            format!(
                "cms -verify -binary -inform DER -in policies/agreements/TT-2026-001.{agency}.p7s -content {content} -CAfile certs/ca.pem -purpose any -out /dev/null"
            )
        };
        assert!(desk.openssl(&line(AGREEMENT)));
        assert!(!desk.openssl(&line("policies/agreements/TT-2026-002.toml")));
    }
    desk.openssl_signs("H31.01.01", "H31.01.01");
    assert_eq!(desk.verify().0, Exit::Yes, "{}", desk.verify().1);
}

#[test]
fn a_signature_over_other_bytes_or_by_a_certificate_that_does_not_speak_for_the_party_is_false() {
    let desk = Desk::new();
    desk.both_sign();
    for (by, why) in [
        ("H31.99.01", "was made by H31.99.01"),
        ("foreign", "is not accepted"),
        ("revoked", "is not accepted"),
    ] {
        desk.openssl_signs(by, "H31.01.01");
        let (exit, said) = desk.verify();
        assert!(exit == Exit::False && said.contains(why), "{by}: {said}");
    }
    desk.both_sign();
    desk.edit("[contacts]", "# one byte more\n[contacts]");
    let (exit, said) = desk.verify();
    assert!(exit == Exit::False && said.contains("is not one over this text"), "{said}");
}

#[test]
fn where_signatures_are_required_an_unsigned_agreement_answers_nothing_and_says_so() {
    let desk = Desk::new();
    let configuration = "require_signed_agreements = true\noperator = \"H31.02\"\norigin = \"gw1.example/1\"\npolicies = \"policies\"\nlog = \"log\"\nkeys = \"keys\"\ncerts = \"certs\"\n[signers]\nanchors = [\"ca.pem\"]\nrevocation = [\"ca.crl.pem\"]\n[contact]\nvi = \"a\"\nen = \"b\"\n[exchange]\nlisten = \"127.0.0.1:8443\"\nnames = [\"localhost\"]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nanchors = [\"ca.pem\"]\nrevocation = [\"ca.crl.pem\"]\n";
    lay(&desk.path("gateway.toml"), configuration.as_bytes()).unwrap();
    let explain = || {
        desk.run("phohien policy explain --config DESK/gateway.toml --agency H31.01.01 GET /dan-cu/cong-dan/099190000001 --purpose giai-quyet-tthc --case 1 --user a --at 2026-11-23T02:30:00Z")
    };
    let (exit, said, _) = explain();
    assert!(
        exit == Exit::No && said.contains("[agreement-not-in-force]") && said.contains("signed"),
        "{said}"
    );
    let (exit, said, err) = desk.run("phohien check DESK/gateway.toml");
    assert!(exit == Exit::Yes && said.contains("P0109"), "{said}{err}");
    assert_eq!(said.matches("answers nothing").count(), 7, "{said}");
    desk.both_sign();
    let (exit, said, err) = explain();
    assert_eq!(exit, Exit::Yes, "{said}{err}");
    let (_, said, _) = desk.run("phohien check DESK/gateway.toml");
    assert_eq!(said.matches("answers nothing").count(), 6, "{said}");
    // Without the requirement nobody asks for signatures.
    lay(&desk.path("gateway.toml"), configuration.replace("= true", "= false").as_bytes()).unwrap();
    std::fs::remove_file(desk.signature("G01.HYN")).unwrap();
    assert_eq!(explain().0, Exit::Yes);
}

#[test]
fn a_difference_tells_who_signed() {
    let desk = Desk::new();
    copy(&desk.path("policies"), &desk.path("before")).unwrap();
    desk.both_sign();
    let (exit, said, _) = desk.run("phohien policy diff DESK/before DESK/policies");
    assert!(
        exit == Exit::No && said.contains("Agreement TT-2026-001: signatures of more G01.HYN, H31.01.01"),
        "{said}"
    );
}

#[test]
fn what_the_parties_signed_for_cannot_be_exchanged_beside_their_signatures() {
    let desk = Desk::new();
    desk.both_sign();
    let service = desk.path("policies/services/dan-cu.toml");
    let text = std::fs::read_to_string(&service).unwrap();
    lay(&service, text.replace("class = \"sensitive\"", "class = \"basic\"").as_bytes()).unwrap();
    let (exit, _, err) = desk.run("phohien check DESK/policies");
    assert!(exit == Exit::Usage && err.contains("P0032"), "{err}");
}

#[test]
fn a_signature_that_would_count_for_nothing_is_a_fault() {
    for name in ["TT-2026-099.G01.HYN.p7s", "TT-2026-001.H31.99.01.p7s", "x.p7s"] {
        let desk = Desk::new();
        lay(&desk.path(&format!("policies/agreements/{name}")), b"x").unwrap();
        let (exit, _, err) = desk.run("phohien check DESK/policies");
        assert!(exit == Exit::Usage && err.contains("P0045"), "{name}: {err}");
    }
}
