//! The semantic difference: that nothing widens unsaid, that the way back is the way there, and what people read.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::diff::Change;
use super::super::diff::Effect;
use super::super::diff::between;
use super::super::diff::in_words;
use super::*;

/// Changes that somebody might make to the example: file, text, what stands there instead.
const EDITS: &[(&str, &str, &str)] = &[
    ("agreements/TT-2026-001.toml", "until = 2027-12-31", "until = 2028-06-30"),
    ("agreements/TT-2026-001.toml", "until = 2027-12-31", "until = 2026-12-31"),
    ("agreements/TT-2026-001.toml", "from = 2026-01-01", "from = 2026-12-01"),
    ("agreements/TT-2026-001.toml", "\"/CongDan/GioiTinh\",", "\"/CongDan/GioiTinh\", \"/CongDan/QueQuan\","),
    ("agreements/TT-2026-001.toml", "\"/CongDan/GioiTinh\",", ""),
    ("agreements/TT-2026-001.toml", "\"/CongDan/HoVaTen\"", "\"/CongDan/HoVaTen/Ten\""),
    (
        "agreements/TT-2026-001.toml",
        "consumers = [\"H31.01.01\"]",
        "consumers = [\"H31.01.01\", \"H31.99.01\"]",
    ),
    (
        "agreements/TT-2026-001.toml",
        "purposes = [\"giai-quyet-tthc\"]",
        "purposes = [\"giai-quyet-tthc\", \"xac-nhan-hon-nhan\"]",
    ),
    (
        "agreements/TT-2026-001.toml",
        "status = \"active\"",
        "status = \"suspended\"\nsince = 2026-11-01\nreason = \"Chờ ký lại\"",
    ),
    (
        "agreements/TT-2026-001.toml",
        "status = \"active\"",
        "status = \"ended\"\nsince = 2026-11-01\nreason = \"Hết\"",
    ),
    ("agreements/TT-2026-001.toml", "to = \"18:00\"", "to = \"20:00\""),
    ("agreements/TT-2026-001.toml", "days = \"mon-fri\"", "days = \"tue-sat\""),
    (
        "agreements/TT-2026-001.toml",
        "open = [{ days = \"mon-fri\", from = \"07:00\", to = \"18:00\" }]",
        "open = []",
    ),
    ("agreements/TT-2026-001.toml", "require = [\"case\", \"user\"]", "require = []"),
    ("agreements/TT-2026-001.toml", "query = [\"phienBan\"]", ""),
    ("agreements/TT-2026-001.toml", "security_confirmed = 2026-09-01", ""),
    ("agreements/TT-2026-001.toml", "security_confirmed = 2026-09-01", "security_confirmed = 2026-01-01"),
    ("agreements/TT-2026-001.toml", "zone = \"Asia/Ho_Chi_Minh\"", "zone = \"Asia/Tokyo\""),
    ("agreements/TT-2026-001.toml", "kind = \"on_request\"", "signed_requests = true\nkind = \"on_request\""),
    ("agreements/TT-2026-003.toml", "\"/suKien/*/ghiChu\"", "\"/suKien/*/ghiChu\", \"/_mau\""),
    ("agreements/TT-2026-003.toml", "\"/suKien/*/so\",", ""),
    ("agencies/H31.01.01.toml", "roles = ", "networks = [\"10.31.0.0/16\"]\nroles = "),
    ("agencies/H31.01.01.toml", "roles = ", "networks = [\"10.32.0.0/16\"]\nroles = "),
    (
        "services/dan-cu.toml",
        "timeouts = ",
        "maintenance = [{ from = 2026-11-23T00:00:00Z, until = 2026-11-24T05:00:00Z, reason = \"Nâng cấp\" }]\ntimeouts = ",
    ),
    (
        "services/dan-cu.toml",
        "{ pointer = \"/CongDan/HoVaTen/Ten\"",
        "{ pointer = \"/CongDan/HoVaTen/Khac\", class = \"basic\", name = { vi = \"Tên khác\", en = \"other name\" } },\n    { pointer = \"/CongDan/HoVaTen/Ten\"",
    ),
    (
        "services/dan-cu.toml",
        "path = { so_dinh_danh = \"12 digits\" }",
        "path = { so_dinh_danh = \"up to 12 digits\" }",
    ),
    ("guardrails.toml", "no_sensitive_without_basis = true", "no_sensitive_without_basis = false"),
    (
        "suspensions.toml",
        "# [[suspend]]",
        "[[suspend]]\nagency = \"H31.01.01\"\nsince = 2026-11-01\nreason = \"Lộ khóa\"",
    ),
    (
        "suspensions.toml",
        "# [[suspend]]",
        "[[suspend]]\npurpose = \"xac-nhan-hon-nhan\"\nsince = 2026-11-01\nreason = \"Rà soát\"",
    ),
    (
        "suspensions.toml",
        "# [[suspend]]",
        "[[suspend]]\nagreement = \"TT-2026-001\"\nsince = 2026-11-01\nreason = \"Rà soát\"",
    ),
];

/// The example with some of the changes, as far as they can be made one after the other.
fn edited(which: &[usize]) -> Option<Policies> {
    let mut files = files();
    for (name, old, new) in which.iter().map(|at| EDITS[*at]) {
        let (_, text) = files.iter_mut().find(|(found, _)| found == name).unwrap();
        *text = text.replacen(old, new, 1);
    }
    load(files).ok()
}

fn sets() -> impl Strategy<Value = Policies> {
    let which = prop::collection::vec(0..EDITS.len(), 0..4);
    which.prop_filter_map("the changes do not go together", |which| edited(&which))
}

static PROVINCE: LazyLock<Policies> = LazyLock::new(province);

/// Every agency, operation, purpose and field, at some times and from two places: what is granted.
fn granted(policies: &Policies) -> Vec<(String, Ask)> {
    let mut granted = Vec::new();
    let operations = [
        ("dan-cu", "GET /dan-cu/cong-dan/099190000001"),
        ("dan-cu", "GET /dan-cu/cong-dan/0991"),
        ("ho-tich", "GET /ho-tich/su-kien/099190000001"),
    ];
    // A working hour, an evening, a Saturday, and days before, near and behind the ends of terms.
    let times =
        [NOW, "2026-11-23T12:00:00Z", "2026-11-21T02:30:00Z", "2026-02-02T02:30:00Z", "2028-03-01T03:00:00Z"];
    for (service, operation) in operations {
        let fields = PROVINCE.service(service).unwrap().catalogue.iter().map(|field| field.pointer.clone());
        let fields: Vec<String> = fields.chain(["/CongDan/HoVaTen/Khac".to_owned()]).collect();
        for (agency, purpose) in ["H31.01.01", "H31.99.01"].iter().flat_map(|agency| {
            ["giai-quyet-tthc", "xac-nhan-hon-nhan"].iter().map(move |purpose| (*agency, *purpose))
        }) {
            for (time, source, named, query) in times.iter().flat_map(|time| {
                [
                    ("10.31.0.7", true, false),
                    ("192.0.2.1", true, false),
                    ("10.31.0.7", false, false),
                    ("10.31.0.7", true, true),
                ]
                .map(|(source, named, query)| (*time, source, named, query))
            }) {
                let base = ask(agency, operation, purpose).change(|ask| {
                    ask.now = at(time);
                    ask.source = Some(source.parse().unwrap());
                    (ask.case, ask.user) = (named, named);
                    ask.query = query.then(|| ("phienBan".to_owned(), "1".to_owned())).into_iter().collect();
                });
                // All fields of a grant are known at once; each is a grant of its own.
                let Ok(verdict) = base.of(policies) else { continue };
                let kept: Vec<String> = verdict.scope.kept().map(|field| field.pointer.clone()).collect();
                for field in fields.iter().filter(|field| kept.contains(field)) {
                    granted.push((format!("{base:?} {field}"), base.clone()));
                }
            }
        }
    }
    granted
}

/// Whether a change widens something that concerns an agency.
fn widens(change: &Change, agency: &str, policies: &Policies) -> bool {
    if !matches!(change.effect(), Effect::Wider | Effect::Both) {
        return false;
    }
    let told = change.json();
    let id = told["id"].as_str().unwrap_or_default();
    match told["about"].as_str().unwrap() {
        "access" => told["agencies"].as_array().unwrap().contains(&agency.into()),
        "agreement" => policies.agreements().iter().any(|it| {
            it.id.as_str() == id && it.consumers.iter().any(|consumer| consumer.as_str() == agency)
        }),
        "agency" => id == agency,
        _ => true,
    }
}

fn told(changes: Vec<Change>) -> Vec<String> {
    let mut told: Vec<String> = changes.iter().map(|change| change.json().to_string()).collect();
    told.sort();
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_set_that_grants_a_field_more_always_says_so(old in sets(), new in sets()) {
        let before: std::collections::BTreeSet<String> = granted(&old).into_iter().map(|(key, _)| key).collect();
        let changes = between(&old, &new);
        for (key, ask) in granted(&new) {
            let said = changes.iter().any(|change| widens(change, ask.agency.as_str(), &new));
            prop_assert!(before.contains(&key) || said, "{key}");
        }
    }

    #[test]
    fn the_way_back_is_the_way_there_with_gains_and_losses_swapped(old in sets(), new in sets()) {
        let there: Vec<Change> = between(&old, &new).into_iter().map(Change::mirrored).collect();
        prop_assert_eq!(told(there), told(between(&new, &old)));
    }

    #[test]
    fn nothing_differs_from_itself(set in sets()) {
        prop_assert_eq!(between(&set, &set), Vec::new());
    }
}

#[test]
fn every_edit_of_the_example_is_told_and_loads() {
    for (at, edit) in EDITS.iter().enumerate() {
        let set = edited(&[at]).unwrap_or_else(|| panic!("{edit:?} does not load"));
        let changes = between(&PROVINCE, &set);
        // The one that adds a field that the clause names already changes nothing.
        assert_eq!(changes.is_empty(), edit.2.contains("\"/_mau\""), "{edit:?}");
        for change in &changes {
            let text = change.text();
            assert!(!text.vi.is_empty() && !text.en.is_empty() && text.vi != text.en, "{change:?}");
            assert!(text.vi.ends_with('.') && text.en.ends_with('.') && text.vi.len() < 2_000, "{text:?}");
        }
    }
}

#[test]
fn how_a_file_is_written_makes_no_difference() {
    let other = with("agreements/TT-2026-001.toml", "version = 1", "# one\nversion    =  0x1");
    assert_ne!(other.hash(), PROVINCE.hash());
    assert_eq!(between(&PROVINCE, &other), Vec::new());
}

#[test]
fn who_gains_and_who_loses_what_is_said_in_words() {
    let words = |which: usize| in_words(&between(&PROVINCE, &edited(&[which]).unwrap()), 9);
    assert_eq!(
        words(3)[0].en,
        "H31.01.01 gains fields of dan-cu by GET /cong-dan/{so_dinh_danh}, for giai-quyet-tthc, from 01/01/2026 until 31/12/2027: /CongDan/QueQuan, /CongDan/QueQuan/ChiTiet, /CongDan/QueQuan/MaTinh (3 fields, 3 of basic personal data, 0 sensitive)."
    );
    assert!(words(6)[0].vi.starts_with("H31.99.01 được truy cập dan-cu bằng GET /cong-dan/{so_dinh_danh}"));
    assert_eq!(
        words(10).iter().map(|text| text.en.as_str()).collect::<Vec<_>>(),
        [
            "Agreement TT-2026-001: hours mon,tue,wed,thu,fri 07:00-18:00 → mon,tue,wed,thu,fri 07:00-20:00 (wider)."
        ]
    );
    let lost = words(27);
    assert!(
        lost.iter().any(|text| text.en == "Kill switch for H31.01.01: added, since 01/11/2026 (narrower).")
    );
    assert!(lost.iter().any(|text| text.en.starts_with("H31.01.01 loses access to dan-cu")), "{lost:?}");
}

#[test]
fn what_replaces_an_agreement_and_grants_the_same_takes_nobodys_access() {
    let changes = between(&PROVINCE, &load(files_of_a_successor()).unwrap());
    let told: Vec<_> = changes.iter().map(|change| change.text().en).collect();
    assert_eq!(
        told,
        [
            "Agreement TT-2026-010: added, dan-cu for H31.01.01, for giai-quyet-tthc, 01/01/2026 to 31/12/2027, active (wider).",
            "Agreement TT-2026-001: status active → ended on 01/10/2026 (narrower).",
        ]
    );
}

#[test]
fn a_longer_term_is_access_on_the_days_that_are_added() {
    let changes = between(&PROVINCE, &edited(&[0]).unwrap());
    let access = changes[0].json();
    assert_eq!((&access["from"], &access["until"]), (&"2028-01-01".into(), &"2028-06-30".into()));
    assert_eq!(access["whole"], true);
}

#[test]
fn neither_contacts_nor_reasons_are_repeated() {
    let person = "Nguyễn Văn Mẫu, 0999 000 001";
    let contact = with(
        "agreements/TT-2026-001.toml",
        "business = \"Đầu mối nghiệp vụ, nghiepvu@congan.hungyen.example\"",
        &format!("business = \"{person}\""),
    );
    let suspended = with(
        "agreements/TT-2026-001.toml",
        "status = \"active\"",
        &format!("status = \"suspended\"\nsince = 2026-10-01\nreason = \"Theo đề nghị của {person}\""),
    );
    for (changes, many) in [(between(&PROVINCE, &contact), 1), (between(&PROVINCE, &suspended), 2)] {
        assert_eq!(changes.len(), many, "{changes:?}");
        assert!(changes.iter().all(|change| !change.json().to_string().contains(person)));
    }
}

#[test]
fn a_list_is_cut_where_a_sentence_would_not_end() {
    let changes = between(&PROVINCE, &edited(&[8]).unwrap());
    assert!(changes[0].text().vi.contains("và"), "{:?}", changes[0].text());
    let words = in_words(&between(&PROVINCE, &edited(&[0, 6, 10]).unwrap()), 1);
    assert_eq!(words.len(), 2);
    assert!(words[1].en.starts_with("And ") && words[1].en.ends_with(" more changes."), "{:?}", words[1]);
}
