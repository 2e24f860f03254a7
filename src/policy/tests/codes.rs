//! Every code of a policy file's fault is really given, for a fault planted in the province's example, and its caret stands on what is
//! wrong.

use super::*;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::policy::compile::compile;
use crate::policy::policies::PolicyFile;

const AGREEMENT: &str = "agreements/TT-2026-001.toml";
const OTHER: &str = "agreements/TT-2026-002.toml";
const SERVICE: &str = "services/dan-cu.toml";
const CONSUMER: &str = "agencies/H31.01.01.toml";
const GUARDRAILS: &str = "guardrails.toml";
const SUSPENSIONS: &str = "suspensions.toml";

/// The first line of a file: where what it lacks is shown.
const FIRST_LINE: &str = "#:schema";

/// A code, a file, what is exchanged in it for what, and what the caret stands on.
type Planted = (Code, &'static str, &'static str, &'static str, &'static str);

const KEY: &str = "\n[[signing_keys]]\nid = \"a\"\nalgorithm = \"ecdsa-p256-sha256\"\npublic_key = \"MCowBQYDK2VwAyEAl3HqGw4t8GFAPaCFllZG6SJxRRLXq+uJDhPxonNveb0=\"\nfrom = 2026-01-01T00:00:00Z\nuntil = 2028-01-01T00:00:00Z\n\n[contacts]";

const PLANTED: &[Planted] = &[
    (Code::Syntax, AGREEMENT, "version = 1", "version = = 1", "="),
    (Code::DuplicateKey, AGREEMENT, "version = 1", "version = 1\nversion = 2", "version"),
    (Code::UnknownKey, AGREEMENT, "version = 1", "version = 1\nvarsion = 1", "varsion"),
    (Code::MissingKey, AGREEMENT, "version = 1", "", FIRST_LINE),
    (Code::WrongType, AGREEMENT, "version = 1", "version = \"1\"", "\"1\""),
    (Code::WrongValue, AGREEMENT, "\"on_request\"", "\"on-request\"", "\"on-request\""),
    (Code::StemDiffers, AGREEMENT, "id = \"TT-2026-001\"", "id = \"TT-2026-009\"", "\"TT-2026-009\""),
    (Code::DuplicateId, SERVICE, "pointer = \"/MoTa\"", "pointer = \"/MaGiaoDich\"", "\"/MaGiaoDich\""),
    (Code::UnknownAgency, AGREEMENT, "[\"H31.01.01\"]", "[\"H31.01.02\"]", "\"H31.01.02\""),
    (Code::UnknownService, AGREEMENT, "service = \"dan-cu\"", "service = \"dancu\"", "\"dancu\""),
    (
        Code::UnknownOperation,
        AGREEMENT,
        "[\"GET /cong-dan/{so_dinh_danh}\"]",
        "[\"GET /cong-dan\"]",
        "\"GET /cong-dan\"",
    ),
    (Code::UnknownField, AGREEMENT, "\"/MoTa\"", "\"/MoTaa\"", "\"/MoTaa\""),
    (Code::UnknownPurpose, AGREEMENT, "\"giai-quyet-tthc\"", "\"giai-quyet\"", "\"giai-quyet\""),
    (Code::BadPointer, AGREEMENT, "\"/MoTa\"", "\"/MoTa/0\"", "\"/MoTa/0\""),
    (Code::BadTemplate, SERVICE, "POST /doi-chieu", "GET /cong-dan/{a}", "\"GET /cong-dan/{a}\""),
    (Code::UnknownParameter, AGREEMENT, "\"phienBan\"", "\"phienban\"", "\"phienban\""),
    (Code::RoleMissing, AGREEMENT, "[\"H31.01.01\"]", "[\"H31.10\"]", "\"H31.10\""),
    (
        Code::AgreementsOverlap,
        AGREEMENT,
        "[limits]",
        "[[permit]]\noperations = [\"GET /cong-dan/{so_dinh_danh}\"]\nfields = [\"/MoTa\"]\n\n[limits]",
        "\"GET /cong-dan/{so_dinh_danh}\"",
    ),
    (
        Code::SelectorsOverlap,
        CONSUMER,
        "\n[contacts]",
        "\n[certificate]\nspki_pins = [\"1111111111111111111111111111111111111111111111111111111111111111\", \"1111111111111111111111111111111111111111111111111111111111111111\"]\n\n[contacts]",
        "\"1111",
    ),
    (
        Code::GuardrailNever,
        AGREEMENT,
        "\"/CongDan/GioiTinh\"",
        "\"/CongDan/TonGiao\"",
        "\"/CongDan/TonGiao\"",
    ),
    (Code::GuardrailTerm, AGREEMENT, "until = 2027-12-31", "until = 2029-01-01", "2029-01-01"),
    (
        Code::GuardrailSensitive,
        OTHER,
        "sensitive_basis = [\"Luật Đất đai 31/2024/QH15\"]\n",
        "",
        "\"/data/hanChe/*/loai\"",
    ),
    (Code::GuardrailDaily, AGREEMENT, "daily = 20_000", "daily = 300_001", "300_001"),
    (Code::NoSubjectPlace, OTHER, "[limits]", "[limits]\nsubjects_per_day = 9", "9"),
    (Code::LimitZero, AGREEMENT, "in_flight = 8", "in_flight = 0", "0"),
    (Code::BurstTooLarge, AGREEMENT, "burst = 20", "burst = 101", "101"),
    (Code::TermReversed, AGREEMENT, "until = 2027-12-31", "until = 2025-12-31", "2025-12-31"),
    (Code::BadHours, AGREEMENT, "\"mon-fri\"", "\"fri-mon\"", "\"fri-mon\""),
    (Code::FilterOutsideScope, "agreements/TT-2026-005.toml", ", \"/CongDan/HoVaTen\"]", "]", "\"/HoVaTen\""),
    (Code::NothingPermitted, AGREEMENT, "purposes = [\"giai-quyet-tthc\"]", "purposes = []", "[]"),
    (Code::ProviderDiffers, AGREEMENT, "\"G01.HYN\"", "\"H31.04\"", "\"H31.04\""),
    (Code::BadEndpoint, SERVICE, "\"http://127.0.0.1:18081\"", "\"ftp://127.0.0.1\"", "\"ftp://127.0.0.1\""),
    (Code::StateSecret, SERVICE, "\"dung_rieng\"", "\"tuyet_mat\"", "\"tuyet_mat\""),
    (
        Code::SuspensionUnclear,
        SUSPENSIONS,
        FIRST_LINE,
        "[[suspend]]\nsince = 2026-11-20\nreason = \"Lý do\"\n#:schema",
        "[[suspend]]",
    ),
    (
        Code::UnknownAgreement,
        SUSPENSIONS,
        FIRST_LINE,
        "[[suspend]]\nagreement = \"TT-2026-099\"\nsince = 2026-11-20\nreason = \"Lý do\"\n#:schema",
        "\"TT-2026-099\"",
    ),
    (Code::BadSigningKey, CONSUMER, "\n[contacts]", KEY, "\"ecdsa-p256-sha256\""),
    (
        Code::ReliedFileDiffers,
        AGREEMENT,
        "version = 1",
        "version = 1\nrelies_on = [{ file = \"services/dan-cu.toml\", sha256 = \"1111111111111111111111111111111111111111111111111111111111111111\" }]",
        "\"1111111111111111111111111111111111111111111111111111111111111111\"",
    ),
    (
        Code::NeverOpens,
        AGREEMENT,
        "valid = { from = 2026-01-01, until = 2027-12-31 }",
        "valid = { from = 2026-11-28, until = 2026-11-29 }",
        "\"mon-fri\"",
    ),
    (
        Code::ConfirmedTooEarly,
        AGREEMENT,
        "security_confirmed = 2026-09-01",
        "security_confirmed = 2025-06-30",
        "2025-06-30",
    ),
    (
        Code::SubjectNotSent,
        "agreements/TT-2026-005.toml",
        "body = [\"/SoDinhDanh\", \"/HoVaTen\"]\n\n[limits]",
        "body = [\"/HoVaTen\"]\n\n[limits]\nsubjects_per_day = 9",
        "[[permit]]",
    ),
    (
        Code::WithoutEffect,
        SERVICE,
        "name = \"POST /doi-chieu\"",
        "name = \"POST /doi-chieu\"\nstream_limit = \"1 GiB\"",
        "\"1 GiB\"",
    ),
    (Code::ExpiresSoon, "agreements/TT-2026-004.toml", "version = 1", "version = 2", "2026-12-31"),
    (Code::Lapsed, AGREEMENT, "until = 2027-12-31", "until = 2026-11-22", "2026-11-22"),
    (
        Code::ConfirmationLapsed,
        AGREEMENT,
        "security_confirmed = 2026-09-01",
        "security_confirmed = 2026-05-22",
        "2026-05-22",
    ),
    (
        Code::ConfirmationLapsesSoon,
        AGREEMENT,
        "security_confirmed = 2026-09-01",
        "security_confirmed = 2026-06-01",
        "2026-06-01",
    ),
    (
        Code::PlainHttp,
        SERVICE,
        "\"http://127.0.0.1:18081\"",
        "\"http://10.0.0.5:80\"",
        "\"http://10.0.0.5:80\"",
    ),
    (
        Code::Suspended,
        SUSPENSIONS,
        FIRST_LINE,
        "[[suspend]]\npurpose = \"giai-quyet-tthc\"\nsince = 2026-11-20\nreason = \"Lý do\"\n#:schema",
        "\"giai-quyet-tthc\"",
    ),
    (Code::NoSigningKey, AGREEMENT, "version = 1", "version = 1\nsigned_requests = true", "\"H31.01.01\""),
];

/// The faults and warnings of a set.
fn all(files: Vec<(String, String)>) -> Vec<Fault> {
    match load(files) {
        Ok(policies) => policies.warnings().clone().into_iter().collect(),
        Err(faults) => faults.into_iter().collect(),
    }
}

#[test]
fn each_planted_fault_is_shown_where_it_is() {
    for (code, file, old, new, caret) in PLANTED {
        let found = all(files_with(file, old, new));
        let there = found.iter().any(|fault| {
            let place = fault.place().filter(|_| fault.code() == *code);
            let text = place.and_then(|place| place.source().text().get(place.range()));
            text.is_some_and(|text| text.starts_with(caret))
        });
        assert!(there, "{code} at `{caret}` is not among {}", Faults::from_iter(found.clone()));
    }
}

/// Faults that need more than one exchange: of whole files, or of a file's name.
fn planted_otherwise() -> Vec<(Code, Vec<Fault>)> {
    let mut long = files();
    let pointers = format!("\"{}\"", "Nghị định ".repeat(1_200).trim());
    let (_, text) = long.iter_mut().find(|(name, _)| name == AGREEMENT).unwrap();
    *text = text.replacen("\"Nghị định 278/2025/NĐ-CP\"", &pointers, 1);
    let mut reserved = files();
    let (name, text) = reserved.iter_mut().find(|(name, _)| name == SERVICE).unwrap();
    *name = "services/receipts.toml".to_owned();
    *text = text.replacen("id = \"dan-cu\"", "id = \"receipts\"", 1);
    let stray = files().into_iter().chain([("agreement/TT-2026-009.toml".to_owned(), "a = 1".to_owned())]);
    let missing = files().into_iter().filter(|(name, _)| name != GUARDRAILS);
    let to_bytes = |(name, text): (String, String)| (name, text.into_bytes().into());
    let mut bytes: Vec<PolicyFile> = files().into_iter().map(to_bytes).collect();
    bytes.push(("agencies/H31.98.toml".to_owned(), [0xff, 0xfe].as_slice().into()));
    vec![
        (Code::EntryTooLarge, all(long)),
        (Code::ReservedName, all(reserved)),
        (Code::UnknownFile, all(stray.collect())),
        (Code::MissingFile, all(missing.collect())),
        (Code::Unreadable, compile(bytes, at(NOW)).unwrap_err().into_iter().collect()),
    ]
}

#[test]
fn each_fault_of_a_whole_file_is_shown_too() {
    for (code, found) in planted_otherwise() {
        assert!(found.iter().any(|fault| fault.code() == code), "{code}");
    }
}

#[test]
fn every_planted_fault_is_told_in_vietnamese_to_its_last_word() {
    let planted = PLANTED.iter().flat_map(|(_, file, old, new, _)| all(files_with(file, old, new)));
    let otherwise = planted_otherwise().into_iter().flat_map(|(_, found)| found);
    // What the reader of TOML says of a file that is none is its own.
    for fault in planted.chain(otherwise).filter(|fault| fault.code() != Code::Syntax) {
        assert_eq!(fault.untold(), [""; 0], "{}", fault.code());
    }
}

/// Faults of other files are shown to be given where those files are read.
fn is_of_policy_files(code: Code) -> bool {
    let number = |code: &str| code.strip_prefix('P').and_then(|number| number.parse::<u32>().ok());
    match number(code.as_str()) {
        Some(number) => number <= 44 || (101..=108).contains(&number),
        None => code.as_str().starts_with('F'),
    }
}

#[test]
fn every_code_is_planted_somewhere() {
    let otherwise: Vec<Code> = planted_otherwise().into_iter().map(|(code, _)| code).collect();
    let is_planted =
        |code: &Code| PLANTED.iter().any(|(planted, ..)| planted == code) || otherwise.contains(code);
    let missed: Vec<_> =
        Code::ALL.iter().filter(|code| is_of_policy_files(**code) && !is_planted(code)).collect();
    assert!(missed.is_empty(), "no fault gives {missed:?}");
}
