//! Each step of the decision: that it refuses, and that it is asked before the next.

use super::*;

/// A policy set in which one request can break every step: the one-stop centre's, with networks, signatures and a
/// maintenance window.
fn strict() -> Policies {
    let mut files = files();
    let mut replace = |name: &str, old: &str, new: &str| {
        let (_, text) = files.iter_mut().find(|(found, _)| found == name).unwrap();
        assert!(text.contains(old), "`{old}` is not in {name}");
        *text = text.replacen(old, new, 1);
    };
    replace("agencies/H31.01.01.toml", "roles = ", "networks = [\"10.31.0.0/16\"]\nroles = ");
    replace("agreements/TT-2026-001.toml", "kind = ", "signed_requests = true\nkind = ");
    replace(
        "services/dan-cu.toml",
        "timeouts = ",
        "maintenance = [{ from = 2026-11-23T00:00:00Z, until = 2026-11-23T05:00:00Z, reason = \"Nâng cấp\" }]\ntimeouts = ",
    );
    load(files).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A request that breaks as many steps as one can at once.
fn hopeless() -> Ask {
    ask("H31.01.01", "GET /dan-cu/cong-dan/1", "khac").change(|ask| {
        ask.source = Some("192.0.2.1".parse().unwrap());
        ask.case = false;
        ask.user = false;
        ask.query = vec![("loc".to_owned(), "1".to_owned())];
        ask.fields = wish(&["/CongDan/TonGiao"]);
        ask.length = Some(1 << 30);
        // A Saturday after the agreement's end.
        ask.now = at("2028-01-01T02:30:00Z");
    })
}

#[test]
fn every_step_refuses_and_is_asked_in_its_turn() {
    let policies = strict();
    let mut ask = hopeless();
    let mut refused_then = |expected: &str, repair: &dyn Fn(&mut Ask)| {
        assert_eq!(ask.answer(&policies), expected);
        repair(&mut ask);
    };
    refused_then("no-agreement", &|ask| {
        ask.segments = vec!["cong-dan".to_owned(), "099190000001".to_owned()]
    });
    refused_then("purpose-not-covered", &|ask| ask.purpose = Some("giai-quyet-tthc".to_owned()));
    refused_then("agreement-not-in-force", &|ask| ask.now = at("2026-11-22T02:30:00Z"));
    refused_then("source-network", &|ask| ask.source = Some("::ffff:10.31.9.9".parse().unwrap()));
    refused_then("outside-hours", &|ask| ask.now = at(NOW));
    refused_then("header-missing", &|ask| ask.case = true);
    refused_then("header-missing", &|ask| ask.user = true);
    refused_then("signature-required", &|ask| ask.signed = true);
    refused_then("parameter-not-granted", &|ask| ask.query.clear());
    refused_then("field-not-granted", &|ask| ask.fields = None);
    refused_then("request-too-large", &|ask| ask.length = Some(0));
    refused_then("maintenance", &|ask| ask.now = at("2026-11-23T05:00:00Z"));
    refused_then("TT-2026-001", &|_| ());
}

#[test]
fn the_kill_switch_comes_before_everything() {
    let fingerprint = "ab".repeat(32);
    let suspend = |what: &str| {
        let entry = format!("\n[[suspend]]\n{what}\nsince = 2026-11-20\nreason = \"Nghi ngờ lộ khóa.\"\n");
        let mut files = files();
        files.iter_mut().find(|(name, _)| name == "suspensions.toml").unwrap().1.push_str(&entry);
        load(files).unwrap_or_else(|faults| panic!("{faults}"))
    };
    let certificate = suspend(&format!("certificate = \"{fingerprint}\""));
    let with_it = hopeless().change(|ask| ask.certificate = Some([0xab; 32]));
    assert_eq!(with_it.answer(&certificate), "certificate-suspended");
    assert_eq!(citizen().answer(&certificate), "TT-2026-001");
    assert_eq!(hopeless().answer(&suspend("agency = \"H31.01.01\"")), "agency-suspended");
    assert_eq!(citizen().answer(&suspend("agreement = \"TT-2026-001\"")), "agreement-suspended");
    assert_eq!(citizen().answer(&suspend("agreement = \"TT-2026-002\"")), "TT-2026-001");
    let purpose = citizen().of(&suspend("purpose = \"giai-quyet-tthc\"")).unwrap_err();
    assert_eq!(purpose.code(), "agreement-suspended");
    assert!(
        purpose.text().vi.contains("từ ngày 20/11/2026. Lý do: Nghi ngờ lộ khóa."),
        "{}",
        purpose.text().vi
    );
}

#[test]
fn an_agreement_counts_both_its_first_and_its_last_day_in_its_own_zone() {
    let policies = with(
        "agreements/TT-2026-001.toml",
        "[hours]\nopen = [{ days = \"mon-fri\", from = \"07:00\", to = \"18:00\" }]",
        "",
    );
    let policies_of = |now: &str| citizen().change(|ask| ask.now = at(now)).answer(&policies);
    assert_eq!(policies_of("2025-12-31T16:59:59.999Z"), "agreement-not-in-force");
    assert_eq!(policies_of("2025-12-31T17:00:00Z"), "TT-2026-001");
    let late = load(
        files_with(
            "agreements/TT-2026-001.toml",
            "security_confirmed = 2026-09-01",
            "security_confirmed = 2027-09-01",
        )
        .into_iter()
        .map(|(name, text)| {
            (
                name,
                text.replace(
                    "open = [{ days = \"mon-fri\", from = \"07:00\", to = \"18:00\" }]",
                    "open = []",
                ),
            )
        })
        .collect(),
    )
    .unwrap();
    let answer = |now: &str| citizen().change(|ask| ask.now = at(now)).answer(&late);
    assert_eq!(answer("2027-12-31T16:59:59.999Z"), "TT-2026-001");
    assert_eq!(answer("2027-12-31T17:00:00Z"), "agreement-not-in-force");
}

#[test]
fn a_security_confirmation_holds_through_the_same_day_six_months_later() {
    let policies = province();
    let on = |now: &str| citizen().change(|ask| ask.now = at(now)).answer(&policies);
    assert_eq!(on("2027-03-01T02:30:00Z"), "TT-2026-001");
    assert_eq!(on("2027-03-02T02:30:00Z"), "security-confirmation-lapsed");
}

#[test]
fn a_suspended_or_ended_agreement_says_so() {
    let status = |text: &str| with("agreements/TT-2026-001.toml", "status = \"active\"", text);
    let suspended = status("status = \"suspended\"\nsince = 2026-10-01\nreason = \"Chờ ký lại\"");
    assert_eq!(citizen().answer(&suspended), "agreement-suspended");
    let ended = status("status = \"ended\"\nsince = 2026-10-01\nreason = \"Thay bằng văn bản mới\"");
    let refusal = citizen().of(&ended).unwrap_err();
    assert_eq!(refusal.code(), "agreement-not-in-force");
    assert!(refusal.text().vi.contains("đến hết ngày 01/10/2026"));
}

#[test]
fn the_agreement_that_replaces_an_ended_one_answers() {
    assert_eq!(citizen().answer(&load(files_of_a_successor()).unwrap()), "TT-2026-010");
}

#[test]
fn an_outside_hours_refusal_says_when_it_opens() {
    let sunday = citizen().change(|ask| ask.now = at("2026-11-22T02:30:00Z")).of(&province()).unwrap_err();
    assert_eq!(sunday.retry_at(), Some(at("2026-11-23T00:00:00Z")));
    assert!(
        sunday.text().vi.contains("Giờ khai thác tiếp theo từ 07:00 ngày 23/11/2026."),
        "{}",
        sunday.text().vi
    );
}

#[test]
fn a_declared_parameter_that_the_clause_does_not_name_is_refused_by_name_and_an_unknown_one_is_not_repeated()
{
    let policies = with("agreements/TT-2026-001.toml", "query = [\"phienBan\"]", "");
    let sent = |name: &str| citizen().change(|ask| ask.query = vec![(name.to_owned(), "1".to_owned())]);
    let refusal = sent("phienBan").of(&policies).unwrap_err();
    assert_eq!(refusal.code(), "parameter-not-granted");
    assert!(refusal.text().en.contains("`phienBan`"));
    let refusal = sent("bimat").of(&policies).unwrap_err();
    assert_eq!(refusal.code(), "parameter-not-granted");
    assert!(!refusal.text().en.contains("bimat"));
    assert_eq!(sent("phienBan").answer(&province()), "TT-2026-001");
}

#[test]
fn where_people_are_counted_by_a_parameter_it_cannot_be_left_out() {
    let mut files = files_with(
        "services/dan-cu.toml",
        "query = [{ name = \"phienBan\" }]\nsubject = { path = \"so_dinh_danh\" }",
        "query = [{ name = \"phienBan\" }]\nsubject = { query = \"phienBan\" }",
    );
    files.sort();
    let policies = load(files).unwrap();
    assert_eq!(citizen().answer(&policies), "header-missing");
    let named = citizen().change(|ask| ask.query = vec![("phienBan".to_owned(), "7".to_owned())]);
    assert_eq!(named.of(&policies).unwrap().subject.as_deref(), Some("7"));
    // An identifier goes into the record: one that would fill it is none.
    let long = citizen().change(|ask| ask.query = vec![("phienBan".to_owned(), "7".repeat(129))]);
    assert_eq!(long.answer(&policies), "parameter-not-granted");
}
