//! The seven agreements, and the refusals of the demo's story.

use super::super::scope::Class;
use super::*;
use crate::language::Language;
use crate::policy::explain;
use crate::policy::explain::Answer;

const SUBJECT: &str = "099190000001";

#[test]
fn the_provinces_example_has_no_fault_and_warns_of_what_lapses() {
    let policies = super::super::load::load(&folder(), at(NOW)).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(policies.agencies().count(), 11);
    assert_eq!(policies.services().count(), 5);
    assert_eq!(policies.agreements().len(), 7);
    assert_eq!(policies.hash(), province().hash());
    let warned: Vec<_> =
        policies.warnings().iter().map(|fault| (fault.code().as_str(), fault.message())).collect();
    assert_eq!(
        warned,
        [
            ("P0102", "agreement `TT-2026-004` expires in 38 days"),
            ("P0103", "the security confirmation of `TT-2026-006` held until 2026-09-01: all is refused")
        ]
    );
}

#[test]
fn a_set_that_several_threads_read_is_the_one_that_a_single_one_would_read() {
    let (_, one) = files().into_iter().find(|(name, _)| name == "agencies/H31.07.toml").unwrap();
    let agency = |number: usize| {
        let id = format!("Z99.{number:04}");
        (format!("agencies/{id}.toml"), one.replace("H31.07", &id))
    };
    let many: Vec<_> = files().into_iter().chain((0..2_000).map(agency)).collect();
    let policies = load(many.clone()).unwrap();
    assert_eq!(policies.agencies().count(), 2_011);
    assert!(policies.agencies().is_sorted_by_key(|agency| agency.id.clone()));
    assert_eq!(citizen().answer(&policies), "TT-2026-001");
    let mut faulty = many;
    for (name, text) in faulty.iter_mut().filter(|(name, _)| name.ends_with("99.toml")) {
        *text = text.replace("roles = ", &format!("rolls = [] # {name}\nroles = "));
    }
    let faults = load(faulty).unwrap_err();
    let places: Vec<_> =
        faults.iter().filter_map(|fault| fault.place()).map(|place| place.source().name()).collect();
    assert!(places.iter().filter(|name| name.starts_with("agencies/Z99")).count() == 20, "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn each_agreement_answers_its_own_consumer_and_nobody_else() {
    let policies = province();
    let asks = [
        ("H31.01.01", format!("GET /dan-cu/cong-dan/{SUBJECT}"), "giai-quyet-tthc", "TT-2026-001"),
        ("H31.01.01", "GET /dat-dai/thua-dat/99001/12/345".to_owned(), "chuyen-nhuong-qsdd", "TT-2026-002"),
        ("H31.99.01", format!("GET /ho-tich/su-kien/{SUBJECT}"), "xac-nhan-hon-nhan", "TT-2026-003"),
        (
            "H31.06.11",
            "GET /an-sinh/the-bhyt/DN4999900000001".to_owned(),
            "kham-chua-benh-bhyt",
            "TT-2026-004",
        ),
        ("H31.05", "POST /dan-cu/doi-chieu".to_owned(), "dang-ky-doanh-nghiep", "TT-2026-005"),
        ("H31.05", "GET /dat-dai/thua-dat/99001".to_owned(), "xay-dung-bang-gia-dat", "TT-2026-007"),
        (
            "H31.07",
            "GET /an-sinh/the-bhyt/DN4999900000001".to_owned(),
            "chinh-sach-nguoi-co-cong",
            "security-confirmation-lapsed",
        ),
    ];
    for (consumer, operation, purpose, expected) in &asks {
        for agency in policies.agencies().map(|agency| agency.id.as_str()) {
            let answer = ask(agency, operation, purpose).answer(&policies);
            let same_service = |(other, path, ..): &(&str, String, &str, &str)| {
                *other == agency && path.split('/').nth(1) == operation.split('/').nth(1)
            };
            let right = if agency == *consumer {
                *expected
            } else if asks.iter().any(same_service) && operation.contains("the-bhyt") {
                "purpose-not-covered"
            } else {
                "no-agreement"
            };
            assert_eq!(answer, right, "{agency} {operation}");
        }
    }
}

#[test]
fn a_grant_names_clause_scope_and_subject() {
    let verdict = citizen().of(&province()).unwrap();
    assert_eq!(verdict.permit.number, 1);
    assert_eq!(verdict.subject.as_deref(), Some(SUBJECT));
    assert_eq!(verdict.operation.name(), "GET /cong-dan/{so_dinh_danh}");
    let kept: Vec<&str> = verdict.scope.kept().map(|field| field.pointer.as_str()).collect();
    assert!(kept.contains(&"/CongDan/HoVaTen/Ten") && kept.contains(&"/CongDan/ThuongTru/MaXa"));
    for never in ["DanToc", "TonGiao", "Cha", "Me", "VoChong", "QueQuan"] {
        assert!(!kept.iter().any(|pointer| pointer.contains(never)), "{never}");
    }
}

#[test]
fn head_is_granted_where_get_is_and_another_method_is_not() {
    let policies = province();
    let by = |method: Method| citizen().change(|ask| ask.method = method).answer(&policies);
    assert_eq!(by(Method::HEAD), "TT-2026-001");
    assert_eq!(by(Method::POST), "no-agreement");
    let head_of_post = ask("H31.05", "HEAD /dan-cu/doi-chieu", "dang-ky-doanh-nghiep");
    assert_eq!(head_of_post.answer(&policies), "no-agreement");
}

#[test]
fn a_ward_without_a_case_number_is_told_what_is_missing() {
    let ward = ask("H31.99.01", "GET /ho-tich/su-kien/099190000001", "xac-nhan-hon-nhan");
    let refusal = ward.change(|ask| ask.case = false).of(&province()).unwrap_err();
    assert_eq!((refusal.code(), refusal.header()), ("header-missing", Some("Exchange-Case")));
    assert!(refusal.text().vi.starts_with("Thiếu mã hồ sơ"));
    assert!(refusal.text().en.starts_with("The case number"));
}

#[test]
fn a_field_outside_the_scope_is_refused_by_name_class_clause_and_contact() {
    let refusal =
        citizen().change(|ask| ask.fields = wish(&["/CongDan/TonGiao"])).of(&province()).unwrap_err();
    assert_eq!(refusal.code(), "field-not-granted");
    assert_eq!(refusal.field().unwrap().class, Class::Sensitive);
    assert_eq!(refusal.agreement().unwrap().0.as_str(), "TT-2026-001");
    assert_eq!(refusal.clause(), Some("1"));
    assert!(refusal.contact().unwrap().contains("nghiepvu@congan"));
    assert!(refusal.legal_ground().unwrap().contains("278/2025"));
    assert_eq!(
        refusal.text().vi,
        "Từ chối: trường “Tôn giáo” (dữ liệu cá nhân nhạy cảm) không thuộc phạm vi trường dữ liệu của thỏa thuận \
         TT-2026-001, điều khoản 1."
    );
    assert_eq!(
        refusal.text().en,
        "Refused: the field “religion” (sensitive personal data) is outside the field scope of agreement TT-2026-001, \
         clause 1."
    );
}

#[test]
fn a_field_that_is_not_catalogued_is_refused_without_being_repeated() {
    let refusal = citizen().change(|ask| ask.fields = wish(&["/CongDan/BiMat"])).of(&province()).unwrap_err();
    assert_eq!(refusal.code(), "field-not-granted");
    assert!(refusal.field().is_none());
    assert!(!refusal.text().vi.contains("BiMat") && !refusal.text().en.contains("BiMat"));
}

#[test]
fn a_narrower_wish_narrows_the_scope() {
    let verdict = citizen().change(|ask| ask.fields = wish(&["/CongDan/HoVaTen"])).of(&province()).unwrap();
    assert!(verdict.scope.kept().all(|field| field.pointer.starts_with("/CongDan/HoVaTen")));
    assert_ne!(verdict.scope.hash, verdict.permit.scope.hash);
}

#[test]
fn a_stranger_always_gets_the_same_answer() {
    let policies = province();
    let seen = |ask: Ask| {
        let refusal = ask.of(&policies).unwrap_err();
        assert!(
            refusal.agreement().is_none() && refusal.clause().is_none() && refusal.legal_ground().is_none()
        );
        (refusal.code(), refusal.text(), refusal.contact().map(str::to_owned), refusal.retry_at())
    };
    let first = seen(ask("H31.07", "GET /dan-cu/cong-dan/099190000001", "giai-quyet-tthc"));
    assert_eq!(first.0, "no-agreement");
    for operation in
        ["GET /khong-co/a", "GET /dan-cu/khong-co", "GET /dan-cu/cong-dan/1", "DELETE /DAN-CU/x", "GET /"]
    {
        for purpose in ["giai-quyet-tthc", "khong-co"] {
            assert_eq!(seen(ask("H31.07", operation, purpose)), first, "{operation}");
        }
    }
    assert_eq!(seen(ask("H99.99", "GET /dan-cu/cong-dan/099190000001", "giai-quyet-tthc")), first);
}

#[test]
fn the_texts_are_composed_and_paired() {
    let policies = province();
    let refusals = [
        citizen().change(|ask| ask.purpose = Some("khac".to_owned())),
        citizen().change(|ask| ask.purpose = None),
        citizen().change(|ask| ask.user = false),
        citizen().change(|ask| ask.now = at("2026-11-22T02:30:00Z")),
        citizen().change(|ask| ask.now = at("2028-01-03T02:30:00Z")),
        citizen().change(|ask| ask.now = at("2025-12-31T02:30:00Z")),
        citizen().change(|ask| ask.query = vec![("x".to_owned(), String::new())]),
        citizen().change(|ask| ask.length = Some(1 << 20)),
        ask("H31.07", "GET /an-sinh/the-bhyt/DN4999900000001", "chinh-sach-nguoi-co-cong"),
        ask("H31.07", "GET /dan-cu/x", "chinh-sach-nguoi-co-cong"),
    ];
    for refused in refusals {
        let text = refused.of(&policies).unwrap_err().text();
        assert!(!text.vi.is_empty() && !text.en.is_empty() && text.vi != text.en);
        assert!(!text.vi.chars().any(|letter| ('\u{300}'..='\u{36f}').contains(&letter)), "{}", text.vi);
        assert!(text.vi.ends_with('.') && text.en.ends_with('.'));
    }
}

#[test]
fn an_explanation_tells_each_step_and_where_it_ended() {
    let policies = province();
    let lapsed = ask("H31.07", "GET /an-sinh/the-bhyt/DN4999900000001", "chinh-sach-nguoi-co-cong");
    let explanation = explain(&lapsed.facts(), &policies, lapsed.now);
    let answers: Vec<Answer> = explanation.steps().map(|(_, answer)| answer).collect();
    assert_eq!(answers[..5], [Answer::Yes, Answer::Yes, Answer::Yes, Answer::No, Answer::NotReached]);
    assert!(explanation.to_string().contains("no   the agreement is in force"));
    assert!(
        explanation.to_string().contains("agreement TT-2026-006 is on hold. [security-confirmation-lapsed]")
    );
    assert!(explanation.in_language(Language::Vi).contains("thỏa thuận TT-2026-006 tạm dừng"));

    let granted = citizen();
    let explanation = explain(&granted.facts(), &policies, granted.now);
    assert!(explanation.outcome().is_ok());
    assert!(explanation.steps().all(|(_, answer)| answer == Answer::Yes));
    assert!(explanation.to_string().contains("Allowed by agreement TT-2026-001 (version 1), clause 1."));
}
