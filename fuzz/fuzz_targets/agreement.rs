//! An agreement as somebody may write it, among files that are right: it is compiled, or every fault of it can be shown, and
//! a decision on it can be explained.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phohien::clock::Timestamp;
use phohien::diagnostic::fault::Faults;
use phohien::id::AgencyId;
use phohien::language::Language;
use phohien::policy::explain;
use phohien::policy::judge::Facts;
use phohien::policy::load_files;
use phohien::policy::policies::Policies;

/// The file that is made up.
const AGREEMENT: &str = "agreements/TT-2026-001.toml";

/// The files around it, as few as the agreements of the example need.
const FILES: [(&str, &str); 7] = [
    ("purposes.toml", include_str!("../../policies/purposes.toml")),
    ("guardrails.toml", "max_term = \"3 years\"\nmax_daily = 300_000\nno_sensitive_without_basis = true\n"),
    ("suspensions.toml", include_str!("../../policies/suspensions.toml")),
    ("agencies/G01.HYN.toml", include_str!("../../policies/agencies/G01.HYN.toml")),
    ("agencies/H31.01.01.toml", include_str!("../../policies/agencies/H31.01.01.toml")),
    ("agencies/H31.02.toml", include_str!("../../policies/agencies/H31.02.toml")),
    ("services/dan-cu.toml", include_str!("../../policies/services/dan-cu.toml")),
];

/// Monday, 23 November 2026, 09:30 in Hưng Yên, in milliseconds since 1970.
const NOW: i64 = 1_795_401_000_000;

static CONSUMER: LazyLock<AgencyId> = LazyLock::new(|| "H31.01.01".parse().unwrap());

fuzz_target!(|text: &str| {
    let now = Timestamp::from_millisecond(NOW).unwrap();
    let files = FILES.into_iter().chain([(AGREEMENT, text)]);
    match load_files(files.map(|(name, text)| (name.to_owned(), text.to_owned())).collect(), now) {
        Ok(policies) => decide(&policies, now),
        Err(faults) => {
            assert!(faults.has_faults());
            show(&faults);
        }
    }
});

/// Shows every fault as a terminal does, and as a program reads it.
fn show(faults: &Faults) {
    for language in [Language::Vi, Language::En] {
        assert_eq!(faults.render_in(false, language).is_empty(), faults.is_empty());
    }
    assert!(serde_json::to_string(faults).is_ok());
    for fault in faults.iter() {
        let Some(place) = fault.place() else { continue };
        assert!(place.source().text().get(place.range()).is_some(), "{}", fault.message());
    }
}

/// Asks a question that the agreement may answer, on its terms.
fn decide(policies: &Policies, now: Timestamp) {
    show(policies.warnings());
    let segments = ["cong-dan", "099190000001"].map(str::to_owned);
    let facts = Facts {
        agency: &CONSUMER,
        certificate: None,
        source: None,
        method: &"GET".parse().unwrap(),
        service: "dan-cu",
        segments: &segments,
        query: &[],
        purpose: Some("giai-quyet-tthc"),
        names_case: true,
        names_user: true,
        fields: None,
        signed: true,
        content_length: None,
    };
    for moment in [now, Timestamp::MIN, Timestamp::MAX] {
        let explanation = explain(&facts, policies, moment);
        for language in [Language::Vi, Language::En] {
            assert!(!explanation.in_language(language).is_empty());
        }
    }
}
