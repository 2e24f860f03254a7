//! Faults in policy files, as a person sees them: each planted in the province's example.

use super::*;
use crate::diagnostic::code::Code;
use crate::diagnostic::fault::{Fault, Severity};

const AGREEMENT: &str = "agreements/TT-2026-001.toml";
const SERVICE: &str = "services/dan-cu.toml";

/// What a changed example shows: its faults without warnings.
fn shown(name: &str, old: &str, new: &str) -> String {
    shown_of(files_with(name, old, new))
}

fn shown_of(files: Vec<(String, String)>) -> String {
    let faults = load(files).expect_err("a fault was planted");
    assert!(faults.has_faults());
    faults.into_iter().filter(|fault| fault.severity() == Severity::Fault).collect::<Faults>().render(false)
}

/// The codes that a changed example shows.
fn codes(name: &str, old: &str, new: &str) -> Vec<Code> {
    let faults = load(files_with(name, old, new)).expect_err("a fault was planted");
    let untold: Vec<_> = faults.iter().flat_map(Fault::untold).collect();
    assert_eq!(untold, [""; 0], "nobody has said it in Vietnamese");
    faults.iter().filter(|fault| fault.severity() == Severity::Fault).map(|fault| fault.code()).collect()
}

#[test]
fn a_misspelt_field_is_shown_with_line_caret_and_the_field_that_was_meant() {
    let shown = shown(AGREEMENT, "\"/CongDan/GioiTinh\"", "\"/CongDan/GioiTin\"");
    assert_eq!(
        shown.trim_end(),
        "\
fault[P0006]: there is no catalogued field `/CongDan/GioiTin`
  --> agreements/TT-2026-001.toml:28:5
   |
28 |     \"/CongDan/GioiTin\",
   |     ^^^^^^^^^^^^^^^^^^ not known
   |
   = help: did you mean `/CongDan/GioiTinh`?"
    );
}

#[test]
fn two_agreements_that_would_both_answer_are_shown_together() {
    let mut files = files();
    let (_, old) = files.iter().find(|(name, _)| name == AGREEMENT).unwrap().clone();
    files.push(("agreements/TT-2026-010.toml".to_owned(), old.replace("TT-2026-001", "TT-2026-010")));
    let shown = shown_of(files);
    assert!(shown.starts_with(
        "fault[P0012]: `TT-2026-001` and `TT-2026-010` would both answer `GET /cong-dan/{so_dinh_danh}`"
    ));
    assert!(
        shown.contains("--> agreements/TT-2026-010.toml:3:6")
            && shown.contains("::: agreements/TT-2026-001.toml:3:6"),
        "{shown}"
    );
}

#[test]
fn granting_a_parent_is_granting_the_field_that_is_never_granted() {
    let shown = shown(AGREEMENT, "    \"/CongDan/GioiTinh\",\n", "    \"/CongDan\",\n");
    assert!(shown.contains("fault[P0014]: `/CongDan/TonGiao` is never granted to this consumer"), "{shown}");
    assert!(shown.contains("fault[P0014]: `/CongDan/DanToc` is never granted to this consumer"), "{shown}");
    assert!(shown.contains("28 |     \"/CongDan\",\n   |     ^^^^^^^^^^ grants it"), "{shown}");
    assert!(shown.contains("::: guardrails.toml:9:11"), "{shown}");
}

#[test]
fn a_guardrail_for_one_consumer_binds_that_one() {
    let never = "[[never]]\nfields = [\"dat-dai:/data/hanChe\"]\nconsumers = [\"WHO\"]\n\n[[never]]\nfields = [\"dan-cu:";
    let bound = |who: &str| {
        files_with("guardrails.toml", "[[never]]\nfields = [\"dan-cu:", &never.replace("WHO", who))
    };
    assert!(shown_of(bound("H31.01.01")).contains("`/data/hanChe/*/loai` is never granted"));
    assert!(load(bound("H31.05")).is_ok());
}

#[test]
fn each_planted_fault_has_its_code() {
    for (name, old, new, code) in [
        (AGREEMENT, "id = \"TT-2026-001\"", "id = \"TT-2026-009\"", Code::StemDiffers),
        (AGREEMENT, "H31.01.01", "H31.01.02", Code::UnknownAgency),
        (AGREEMENT, "H31.01.01", "H31.10", Code::RoleMissing),
        (AGREEMENT, "[\"H31.01.01\"]", "[]", Code::NothingPermitted),
        (AGREEMENT, "[\"H31.01.01\"]", "[\"H31.01.01\", \"H31.01.01\"]", Code::DuplicateId),
        (AGREEMENT, "service = \"dan-cu\"", "service = \"dancu\"", Code::UnknownService),
        (AGREEMENT, "provider = \"G01.HYN\"", "provider = \"H31.04\"", Code::ProviderDiffers),
        (AGREEMENT, "giai-quyet-tthc", "giai-quyet-thc", Code::UnknownPurpose),
        (AGREEMENT, "GET /cong-dan/{so_dinh_danh}", "GET /cong-dan/{so}", Code::UnknownOperation),
        (AGREEMENT, "\"/MoTa\"", "\"/CongDan/0\"", Code::BadPointer),
        (AGREEMENT, "phienBan", "phienban", Code::UnknownParameter),
        (AGREEMENT, "until = 2027-12-31", "until = 2025-12-31", Code::TermReversed),
        (AGREEMENT, "until = 2027-12-31", "until = 2029-01-01", Code::GuardrailTerm),
        (AGREEMENT, "daily = 20_000", "daily = 300_001", Code::GuardrailDaily),
        (AGREEMENT, "daily = 20_000", "daily = 0", Code::LimitZero),
        (AGREEMENT, "burst = 20", "burst = 0", Code::LimitZero),
        (AGREEMENT, "burst = 20", "burst = 101", Code::BurstTooLarge),
        (AGREEMENT, "daily = 20_000", "daily = 19", Code::BurstTooLarge),
        (AGREEMENT, "in_flight = 8", "in_flight = 0", Code::LimitZero),
        (AGREEMENT, "\"1 MiB\"", "\"0 B\"", Code::LimitZero),
        (AGREEMENT, "to = \"18:00\"", "to = \"07:00\"", Code::BadHours),
        (AGREEMENT, "days = \"mon-fri\"", "days = \"fri-mon\"", Code::BadHours),
        (AGREEMENT, "zone = \"Asia/Ho_Chi_Minh\"", "zone = \"Asia/Hanoi\"", Code::WrongValue),
        (AGREEMENT, "status = \"active\"", "status = \"suspended\"", Code::MissingKey),
        (AGREEMENT, "kind = \"on_request\"", "kind = \"on-request\"", Code::WrongValue),
        (AGREEMENT, "require = [\"case\", \"user\"]", "require = [\"case\", \"usr\"]", Code::WrongValue),
        (SERVICE, "provider = \"G01.HYN\"", "provider = \"H31.10\"", Code::RoleMissing),
        (SERVICE, "\"dung_rieng\"", "\"tuyet_mat\"", Code::StateSecret),
        (SERVICE, "http://127.0.0.1:18081", "ftp://127.0.0.1", Code::BadEndpoint),
        (SERVICE, "http://127.0.0.1:18081\"", "http://127.0.0.1:18081\", pin = \"aa\"", Code::WrongValue),
        (
            SERVICE,
            "http://127.0.0.1:18081\"",
            "http://127.0.0.1:18081\", anchors = \"a.pem\"",
            Code::BadEndpoint,
        ),
        (SERVICE, "http://127.0.0.1:18081\"", "http://127.0.0.1:18081\", weight = 0", Code::LimitZero),
        (SERVICE, "result_code = \"/TrangThai\"", "result_code = \"/trangThai\"", Code::UnknownField),
        (SERVICE, "answer = \"10 s\"", "answer = \"0 s\"", Code::LimitZero),
        (SERVICE, "answer = \"10 s\"", "answer = \"10 sec\"", Code::WrongValue),
        (
            SERVICE,
            "subject = { path = \"so_dinh_danh\" }",
            "subject = { path = \"so\" }",
            Code::UnknownParameter,
        ),
        (SERVICE, "\"12 digits\"", "\"12 letters\"", Code::WrongValue),
        (SERVICE, "path = { so_dinh_danh = ", "path = { so_dinh = ", Code::BadTemplate),
        (SERVICE, "POST /doi-chieu", "GET /cong-dan/{a}", Code::BadTemplate),
        (SERVICE, "pointer = \"/MoTa\"", "pointer = \"/MaGiaoDich\"", Code::DuplicateId),
        (SERVICE, "pointer = \"/MoTa\"", "pointer = \"/CongDan/*/x\"", Code::BadPointer),
        (SERVICE, "field = \"/CongDan/SoDinhDanh\"", "field = \"/CongDan/SoDinhDan\"", Code::UnknownField),
        ("agencies/H31.02.toml", "roles = [\"operate\"]", "roles = [\"operator\"]", Code::WrongValue),
        ("agencies/H31.05.toml", "H54.05", "H31.04", Code::DuplicateId),
        ("agencies/H31.05.toml", "roles = ", "networks = [\"10.0.0.1/8\"]\nroles = ", Code::WrongValue),
        ("guardrails.toml", "dan-cu:/CongDan/TonGiao", "dan-cu:/CongDan/TonGiaos", Code::UnknownField),
        ("guardrails.toml", "dan-cu:/CongDan/TonGiao", "dancu:/CongDan/TonGiao", Code::UnknownService),
        ("guardrails.toml", "consumers = [\"*\"]", "consumers = [\"H31.98\"]", Code::UnknownAgency),
        ("guardrails.toml", "\"3 years\"", "\"3 decades\"", Code::WrongValue),
        ("purposes.toml", "chuyen-nhuong-qsdd", "giai-quyet-tthc", Code::DuplicateId),
        (
            "agreements/TT-2026-002.toml",
            "sensitive_basis = [\"Luật Đất đai 31/2024/QH15\"]\n",
            "",
            Code::GuardrailSensitive,
        ),
        (
            "agreements/TT-2026-002.toml",
            "rate = { requests = 60, per = \"minute\" }",
            "",
            Code::GuardrailDaily,
        ),
        ("agreements/TT-2026-002.toml", "[limits]", "[limits]\nsubjects_per_day = 9", Code::NoSubjectPlace),
        ("agreements/TT-2026-005.toml", ", \"/CongDan/HoVaTen\"]", "]", Code::FilterOutsideScope),
    ] {
        let found = codes(name, old, new);
        assert!(found.contains(&code), "{name}: {new}: {found:?}");
    }
}

#[test]
fn a_merged_code_is_answered_with_the_one_it_became() {
    let shown = shown("agreements/TT-2026-005.toml", "\"H31.05\"", "\"H54.05\"");
    assert!(
        shown.contains("there is no agency `H54.05`") && shown.contains("merged into `H31.05`"),
        "{shown}"
    );
}

#[test]
fn faults_of_all_files_come_at_once_in_the_order_of_the_files() {
    let mut files = files_with(AGREEMENT, "kind = ", "kid = ");
    files.iter_mut().find(|(name, _)| name == SERVICE).unwrap().1 += "extra = 1\n";
    files.push(("agreement/TT-2026-009.toml".to_owned(), String::new()));
    files.retain(|(name, _)| name != "suspensions.toml");
    let faults = load(files).unwrap_err();
    let places: Vec<_> = faults
        .iter()
        .filter(|fault| fault.severity() == Severity::Fault)
        .map(|fault| (fault.code(), fault.place().map(|place| place.source().name().to_owned())))
        .collect();
    assert_eq!(
        places,
        [
            (Code::MissingFile, None),
            (Code::UnknownFile, Some("agreement/TT-2026-009.toml".to_owned())),
            (Code::MissingKey, Some(AGREEMENT.to_owned())),
            (Code::UnknownKey, Some(AGREEMENT.to_owned())),
            (Code::UnknownKey, Some(SERVICE.to_owned())),
        ]
    );
    assert!(faults.render(false).contains("did you mean the folder `agreements`?"));
}

#[test]
fn a_service_with_faults_does_not_make_its_agreements_faulty() {
    assert_eq!(codes(SERVICE, "version = 1", "version = \"1\""), [Code::WrongType]);
    assert_eq!(codes(SERVICE, "answer = \"10 s\"", "answer = \"0 s\""), [Code::LimitZero]);
}

#[test]
fn a_key_in_two_agencies_is_a_fault() {
    let pin = format!("\n[certificate]\nspki_pins = [\"{}\"]\n", "ab".repeat(32));
    let mut files = files();
    for name in ["agencies/H31.05.toml", "agencies/H31.07.toml"] {
        files.iter_mut().find(|(found, _)| found == name).unwrap().1 += &pin;
    }
    let shown = shown_of(files);
    assert!(shown.contains("fault[P0013]") && shown.contains("::: agencies/H31.05.toml"), "{shown}");
}

#[test]
fn a_signing_key_fits_its_algorithm_has_one_name_and_signs_for_one_agency() {
    let key = |id: &str, algorithm: &str, until: &str| {
        format!(
            "\n[[signing_keys]]\nid = \"{id}\"\nalgorithm = \"{algorithm}\"\npublic_key = \"MCowBQYDK2VwAyEAl3HqGw4t8GFAPaCFllZG6SJxRRLXq+uJDhPxonNveb0=\"\nfrom = 2026-01-01T00:00:00Z\nuntil = {until}\n"
        )
    };
    let with_keys = |keys: &[(&str, String)]| {
        let mut files = files();
        for (id, key) in keys {
            let name = format!("agencies/{id}.toml");
            files.iter_mut().find(|(found, _)| *found == name).unwrap().1 += key;
        }
        files
    };
    let good = key("a", "ed25519", "2028-01-01T00:00:00Z");
    let policies = load(with_keys(&[("H31.05", good.clone())])).unwrap();
    let finance = policies.agency(&"H31.05".parse().unwrap()).unwrap();
    assert!(finance.signing_key("a", at(NOW)).is_some());
    assert!(finance.signing_key("a", at("2028-01-01T00:00:00Z")).is_none());
    assert!(finance.signing_key("b", at(NOW)).is_none());
    for (keys, says) in [
        (
            vec![("H31.05", key("a", "rsa-pss-sha512", "2028-01-01T00:00:00Z"))],
            "fault[P0031]: this key signs by `ed25519`",
        ),
        (
            vec![("H31.05", good.clone()), ("H31.07", good.clone())],
            "fault[P0013]: this key would sign for two agencies",
        ),
        (
            vec![("H31.05", good.clone()), ("H31.05", good.clone())],
            "fault[P0002]: two keys of this agency have one name",
        ),
        (
            vec![("H31.05", key("a", "ed25519", "2025-01-01T00:00:00Z"))],
            "fault[P0021]: this key lapses before it is valid",
        ),
    ] {
        let shown = shown_of(with_keys(&keys));
        assert!(shown.contains(says), "{shown}");
    }
}

#[test]
fn a_suspension_of_something_unknown_is_a_fault_since_it_would_leave_open_what_was_to_be_shut() {
    let entry = |what: &str| format!("[[suspend]]\n{what}\nsince = 2026-11-20\nreason = \"Lý do\"\n#");
    let planted = |what: &str| codes("suspensions.toml", "#", &entry(what));
    assert_eq!(planted("agency = \"H31.98\""), [Code::UnknownAgency]);
    assert_eq!(planted("agreement = \"TT-2026-099\""), [Code::UnknownAgreement]);
    assert_eq!(planted("purpose = \"khac\""), [Code::UnknownPurpose]);
    assert_eq!(planted("agency = \"H31.05\"\npurpose = \"giai-quyet-tthc\""), [Code::SuspensionUnclear]);
    assert_eq!(planted(""), [Code::SuspensionUnclear]);
}

#[test]
fn what_depends_on_the_date_is_a_warning_at_any_date() {
    for (now, expected) in [
        ("2026-10-31T00:00:00Z", vec![Code::ConfirmationLapsed]),
        ("2026-11-01T17:00:00Z", vec![Code::ExpiresSoon, Code::ConfirmationLapsed]),
        ("2027-01-01T00:00:00Z", vec![Code::Lapsed, Code::ConfirmationLapsed]),
    ] {
        let policies = load_files(files(), at(now)).unwrap_or_else(|faults| panic!("{faults}"));
        let codes: Vec<Code> = policies.warnings().iter().map(|fault| fault.code()).collect();
        let without_soon: Vec<Code> =
            codes.into_iter().filter(|code| *code != Code::ConfirmationLapsesSoon).collect();
        assert_eq!(without_soon, expected, "{now}");
    }
    assert!(load_files(files(), at("2099-01-01T00:00:00Z")).is_ok());
}

#[test]
fn a_platform_in_clear_on_another_machine_is_warned_of() {
    let policies = with(SERVICE, "http://127.0.0.1:18081", "http://10.0.0.5:80/base/");
    assert!(policies.warnings().iter().any(|fault| fault.code() == Code::PlainHttp));
    let endpoint = &policies.service("dan-cu").unwrap().endpoints[0];
    assert_eq!((endpoint.host.as_str(), endpoint.port, endpoint.base.as_str()), ("10.0.0.5", 80, "/base"));
}

#[test]
fn vietnamese_in_pieces_is_refused() {
    let decomposed = "Sở Nội vụ".replace('ộ', "o\u{323}\u{302}");
    let shown = shown("agencies/H31.07.toml", "Sở Nội vụ", &decomposed);
    assert!(shown.contains("written composed (NFC)"), "{shown}");
}

#[test]
fn a_folder_with_a_stray_file_does_not_load() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files() {
        let path = dir.path().join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        copy(&path, text.as_bytes());
    }
    let load = || super::super::load::load(dir.path(), at(NOW));
    assert_eq!(load().unwrap().hash(), province().hash());
    copy(&dir.path().join("README.md"), b"for people");
    copy(&dir.path().join(".hidden"), b"for the editor");
    assert_eq!(load().unwrap().hash(), province().hash());
    copy(&dir.path().join("agreements/TT-2026-001.toml~"), b"a backup");
    assert!(load().unwrap_err().iter().any(|fault| fault.code() == Code::UnknownFile));
    fs::remove_file(dir.path().join("agreements/TT-2026-001.toml~")).unwrap();
    copy(&dir.path().join("purposes.toml"), b"\xff\xfe");
    assert!(load().unwrap_err().iter().any(|fault| fault.code() == Code::Unreadable));
}

#[test]
fn a_folder_that_is_not_there_is_a_fault() {
    let faults = super::super::load::load(Path::new("/khong/co"), at(NOW)).unwrap_err();
    assert!(faults.iter().any(|fault| fault.code() == Code::Unreadable));
}

/// Writes a file for a test.
fn copy(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn what_would_not_fit_into_a_log_entry_is_a_fault() {
    let long = format!("\"{}\"", "Nghị định ".repeat(1_200).trim());
    assert_eq!(codes(AGREEMENT, "\"Nghị định 278/2025/NĐ-CP\"", &long), [Code::EntryTooLarge]);
}

#[test]
fn a_confirmation_about_to_lapse_is_warned_of_sixty_days_ahead() {
    let soon = |now: &str| {
        let policies = load_files(files(), at(now)).unwrap();
        policies.warnings().iter().filter(|fault| fault.code() == Code::ConfirmationLapsesSoon).count()
    };
    // 1 March 2027 is the last day for six of the seven.
    assert_eq!((soon("2026-12-30T16:59:59Z"), soon("2026-12-30T17:00:00Z")), (0, 6));
}

#[test]
fn an_organization_identifier_in_two_agencies_is_a_fault() {
    let mut files = files();
    for name in ["agencies/H31.05.toml", "agencies/H31.07.toml"] {
        let text = &mut files.iter_mut().find(|(found, _)| found == name).unwrap().1;
        text.push_str("\n[certificate]\norganization_identifier = \"VATVN-99\"\n");
    }
    assert!(
        shown_of(files).contains("fault[P0013]: this organization identifier would speak for two agencies")
    );
}

#[test]
fn agreements_overlap_only_when_a_request_could_be_for_both() {
    let second = |from: &str, to: &str| {
        let mut files = files();
        let (_, old) = files.iter().find(|(name, _)| name == AGREEMENT).unwrap().clone();
        assert!(old.contains(from));
        let text = old.replace("TT-2026-001", "TT-2026-010").replacen(from, to, 1);
        files.push(("agreements/TT-2026-010.toml".to_owned(), text));
        load(files).err().map(|faults| faults.iter().any(|fault| fault.code() == Code::AgreementsOverlap))
    };
    let term = "valid = { from = 2026-01-01, until = 2027-12-31 }";
    assert_eq!(second(term, "valid = { from = 2027-12-31, until = 2028-12-31 }"), Some(true));
    assert_eq!(second(term, "valid = { from = 2028-01-01, until = 2028-12-31 }"), None);
    assert_eq!(second(term, "valid = { from = 2025-01-01, until = 2025-12-31 }"), None);
    assert_eq!(second("purposes = [\"giai-quyet-tthc\"]", "purposes = [\"xac-nhan-hon-nhan\"]"), None);
    assert_eq!(second("consumers = [\"H31.01.01\"]", "consumers = [\"H31.07\"]"), None);
    let ended = "status = \"ended\"\nsince = 2026-02-01\nreason = \"Thay\"";
    assert_eq!(second("status = \"active\"", ended), None);
}

#[test]
fn agreements_of_two_zones_overlap_where_one_begins_before_the_other_is_over() {
    // The first ends with 31 December 2027 in Hưng Yên; the second begins with the next day in a zone of its own.
    let second = |zone: &str| {
        let mut files = files();
        let (_, old) = files.iter().find(|(name, _)| name == AGREEMENT).unwrap().clone();
        let text = old
            .replace("TT-2026-001", "TT-2026-010")
            .replace("from = 2026-01-01, until = 2027-12-31", "from = 2028-01-01, until = 2028-12-31")
            .replace("security_confirmed = 2026-09-01", "security_confirmed = 2027-12-01")
            .replace("Asia/Ho_Chi_Minh", zone);
        files.push(("agreements/TT-2026-010.toml".to_owned(), text));
        load(files).err().map(|faults| faults.iter().any(|fault| fault.code() == Code::AgreementsOverlap))
    };
    assert_eq!(second("Pacific/Kiritimati"), Some(true));
    assert_eq!(second("Asia/Ho_Chi_Minh"), None);
    assert_eq!(second("America/New_York"), None);
}

/// Whatever is done to the files, they load or their faults can be shown.
mod damage {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let mut files = files();
        files.sort();
        files
    });

    /// Replaces a stretch of characters.
    fn damaged(text: &str, from: usize, length: usize, put: &str) -> String {
        let from = from % (text.chars().count() + 1);
        let kept: String = text.chars().take(from).collect();
        let rest: String = text.chars().skip(from + length).collect();
        kept + put + &rest
    }

    proptest! {
        #[test]
        fn damaged_files_are_shown_and_never_break_the_reader(
            which in any::<prop::sample::Index>(),
            from in any::<usize>(),
            length in 0_usize..40,
            put in "[\"\\[\\]{}=,.\n\r\t #a-z0-9đ\u{202e}\u{0}/*~-]{0,8}",
        ) {
            let mut files = FILES.clone();
            let index = which.index(files.len());
            files[index].1 = damaged(&files[index].1, from, length, &put);
            let shown = match load(files) {
                Ok(policies) => policies.warnings().render(false),
                Err(faults) => {
                    prop_assert!(faults.has_faults());
                    prop_assert!(serde_json::to_string(&faults).is_ok());
                    faults.render(true)
                }
            };
            let steers = shown.contains(['\u{202e}', '\u{0}']);
            prop_assert!(!steers, "{}", shown.escape_debug());
        }

        #[test]
        fn any_text_at_all_can_be_read_as_a_policy_file(text in "\\PC{0,200}", which in any::<prop::sample::Index>()) {
            let mut files = FILES.clone();
            let index = which.index(files.len());
            files[index].1 = text;
            if let Err(faults) = load(files) {
                prop_assert!(faults.has_faults() && !faults.render(false).is_empty());
            }
        }
    }
}
