//! Replaying the past: that it decides as requests are decided, and says so where it cannot know.

use super::super::replay::Past;
use super::super::replay::Replayed;
use super::super::replay::Unknown;
use super::super::replay::replay;
use super::*;

/// The citizen was looked up by the one-stop centre, and everything of it is known.
fn citizen_was_looked_up() -> Past {
    Past {
        agency: "H31.01.01".parse().unwrap(),
        at: at(NOW),
        certificate: None,
        source: Some("10.31.0.7".parse().unwrap()),
        operation: Some(("dan-cu".to_owned(), "GET /cong-dan/{so_dinh_danh}".to_owned())),
        purpose: Some(Some("giai-quyet-tthc".to_owned())),
        case: Some(true),
        user: Some(true),
        signed: Some(false),
        subject: Some("099190000001".to_owned()),
        fields: Some(None),
        parameter: None,
        released: vec!["/CongDan/HoVaTen/Ten".to_owned(), "/CongDan/GioiTinh".to_owned()],
        refused: None,
    }
}

fn told(past: &Past, policies: &Policies) -> String {
    match replay(past, policies) {
        Replayed::Same => "same".to_owned(),
        Replayed::Refused(refusal) => format!("refused {}", refusal.code()),
        Replayed::Narrowed(fields) => format!("narrowed {}", fields.join(" ")),
        Replayed::Granted(verdict) => format!("granted {}", verdict.agreement.id),
        Replayed::Otherwise(refusal) => format!("otherwise {}", refusal.code()),
        Replayed::Unknown(what) => format!("unknown {}", what.code()),
    }
}

const AGREEMENT: &str = "agreements/TT-2026-001.toml";

#[test]
fn the_same_policies_decide_the_same() {
    assert_eq!(told(&citizen_was_looked_up(), &province()), "same");
}

#[test]
fn a_tightened_set_refuses_or_narrows_what_passed() {
    let past = citizen_was_looked_up();
    let ended = "status = \"ended\"\nsince = 2026-11-01\nreason = \"Hết\"";
    for (name, old, new, expected) in [
        (AGREEMENT, "\"/CongDan/GioiTinh\",", "", "narrowed /CongDan/GioiTinh"),
        (AGREEMENT, "status = \"active\"", ended, "refused agreement-not-in-force"),
        (AGREEMENT, "from = \"07:00\"", "from = \"13:00\"", "refused outside-hours"),
        (
            AGREEMENT,
            "purposes = [\"giai-quyet-tthc\"]",
            "purposes = [\"xac-nhan-hon-nhan\"]",
            "refused purpose-not-covered",
        ),
        (AGREEMENT, "kind = ", "signed_requests = true\nkind = ", "refused signature-required"),
        (
            "agencies/H31.01.01.toml",
            "roles = ",
            "networks = [\"10.99.0.0/16\"]\nroles = ",
            "refused source-network",
        ),
        ("services/dan-cu.toml", "\"12 digits\"", "\"up to 11 digits\"", "refused no-agreement"),
    ] {
        assert_eq!(told(&past, &with(name, old, new)), expected, "{new}");
    }
}

#[test]
fn what_was_asked_by_name_is_refused_where_what_was_not_is_narrowed() {
    let mut past = citizen_was_looked_up();
    past.fields = Some(wish(&["/CongDan/GioiTinh"]));
    let policies = with(AGREEMENT, "\"/CongDan/GioiTinh\",", "");
    assert_eq!(told(&past, &policies), "refused field-not-granted");
}

#[test]
fn what_is_not_recorded_matters_only_where_it_would_have() {
    let mut past = citizen_was_looked_up();
    (past.case, past.user, past.source, past.signed, past.fields) = (None, None, None, None, None);
    assert_eq!(told(&past, &province()), "unknown details");
    let free = with(AGREEMENT, "require = [\"case\", \"user\"]", "");
    assert_eq!(told(&past, &free), "same");
    let nowhere = with("agencies/H31.01.01.toml", "roles = ", "networks = [\"10.99.0.0/16\"]\nroles = ");
    let mut elsewhere = citizen_was_looked_up();
    elsewhere.source = None;
    assert_eq!(told(&elsewhere, &nowhere), "unknown details");
    past.purpose = None;
    assert_eq!(told(&past, &free), "unknown purpose");
    past.operation = None;
    assert_eq!(told(&past, &free), "unknown request");
    assert_eq!(Unknown::Size.code(), "size");
}

#[test]
fn what_was_refused_is_granted_by_a_wider_set_or_refused_for_another_reason() {
    let mut past = citizen_was_looked_up();
    past.refused = Some("header-missing".to_owned());
    past.case = Some(false);
    past.released.clear();
    assert_eq!(told(&past, &province()), "same");
    let wider = with(AGREEMENT, "require = [\"case\", \"user\"]", "require = [\"user\"]");
    assert_eq!(told(&past, &wider), "granted TT-2026-001");
    let closed = with(AGREEMENT, "from = \"07:00\"", "from = \"13:00\"");
    assert_eq!(told(&past, &closed), "otherwise outside-hours");
    past.refused = Some("request-too-large".to_owned());
    assert_eq!(told(&past, &wider), "unknown size");
}

#[test]
fn what_was_refused_for_something_that_is_not_recorded_is_never_called_granted() {
    let mut past = citizen_was_looked_up();
    past.released.clear();
    past.refused = Some("field-not-granted".to_owned());
    past.fields = None;
    assert_eq!(told(&past, &province()), "unknown details");
    past.fields = Some(wish(&["/CongDan/TonGiao"]));
    assert_eq!(told(&past, &province()), "same");
    past.refused = Some("parameter-not-granted".to_owned());
    past.fields = Some(None);
    assert_eq!(told(&past, &province()), "unknown details");
    past.parameter = Some("loc".to_owned());
    assert_eq!(told(&past, &province()), "same");
}

#[test]
fn a_code_that_was_merged_away_is_judged_as_the_agency_that_has_it_now() {
    let mut past = citizen_was_looked_up();
    past.agency = "H54.05".parse().unwrap();
    past.operation = Some(("dan-cu".to_owned(), "POST /doi-chieu".to_owned()));
    past.purpose = Some(Some("dang-ky-doanh-nghiep".to_owned()));
    past.released.clear();
    assert_eq!(told(&past, &province()), "same");
}
