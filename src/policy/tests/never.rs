//! Properties of every decision.

use std::sync::LazyLock;

use jiff::ToSpan;
use proptest::prelude::*;

use super::super::calendar::{confirmation_holds_until, today};
use super::super::model::{Agreement, Status};
use super::*;

static PROVINCE: LazyLock<Policies> = LazyLock::new(province);

fn asks() -> impl Strategy<Value = Ask> {
    let agencies = prop::sample::select(vec![
        "H31.01.01",
        "H31.05",
        "H31.06.11",
        "H31.07",
        "H31.99.01",
        "H31.10",
        "H99",
    ]);
    let operations = prop::sample::select(vec![
        "GET /dan-cu/cong-dan/099190000001",
        "HEAD /dan-cu/cong-dan/099190000001",
        "POST /dan-cu/doi-chieu",
        "GET /dat-dai/thua-dat/99001/12/345",
        "GET /ho-tich/su-kien/099190000001",
        "GET /an-sinh/the-bhyt/DN4999900000001",
        "GET /doanh-nghiep/doanh-nghiep/9900000017",
        "GET /khong-co/x",
    ]);
    let purposes = prop::sample::select(vec![
        "giai-quyet-tthc",
        "chuyen-nhuong-qsdd",
        "xac-nhan-hon-nhan",
        "kham-chua-benh-bhyt",
        "dang-ky-doanh-nghiep",
        "chinh-sach-nguoi-co-cong",
        "khac",
    ]);
    let fields = prop::option::of(prop::collection::vec(
        prop::sample::select(vec![
            "/CongDan",
            "/CongDan/HoVaTen",
            "/CongDan/TonGiao",
            "/maThe",
            "/suKien/*/benNam",
            "/MaGiaoDich",
            "/x",
        ]),
        0..3,
    ));
    let hours = 0..(24 * 365 * 3_i64);
    (agencies, operations, purposes, fields, hours, any::<(bool, bool)>()).prop_map(
        |(agency, operation, purpose, fields, hour, (case, user))| {
            ask(agency, operation, purpose).change(|ask| {
                ask.fields = fields.map(|fields| fields.into_iter().map(str::to_owned).collect());
                ask.now = at("2025-12-01T00:00:00Z").saturating_add(hour.hours()).unwrap();
                (ask.case, ask.user) = (case, user);
            })
        },
    )
}

fn is_in_force(agreement: &Agreement, now: Timestamp) -> bool {
    let today = today(&agreement.zone, now);
    agreement.status == Status::Active
        && (agreement.from..=agreement.until).contains(&today)
        && agreement.security_confirmed.is_none_or(|day| today <= confirmation_holds_until(day))
}

proptest! {
    #[test]
    fn nothing_is_granted_without_an_agreement_in_force_that_says_so(ask in asks()) {
        let policies = &*PROVINCE;
        if let Ok(verdict) = ask.of(policies) {
            let agreement = &verdict.agreement;
            prop_assert!(is_in_force(agreement, ask.now));
            prop_assert!(agreement.consumers.contains(&ask.agency));
            prop_assert_eq!(agreement.service.as_str(), ask.service.as_str());
            prop_assert_eq!(Some(verdict.purpose.as_str()), ask.purpose.as_deref());
            prop_assert!(verdict.permit.operations.contains(&verdict.operation.name()));
            prop_assert!(!verdict.permit.requires_case || ask.case);
            prop_assert!(!verdict.permit.requires_user || ask.user);
        }
    }

    #[test]
    fn a_wish_never_widens_a_scope(ask in asks()) {
        let policies = &*PROVINCE;
        if let Ok(verdict) = ask.of(policies) {
            for field in verdict.scope.kept() {
                prop_assert!(verdict.permit.scope.kept().any(|granted| granted == field));
            }
        }
    }

    #[test]
    fn the_same_facts_are_decided_the_same(ask in asks()) {
        let policies = &*PROVINCE;
        prop_assert_eq!(ask.answer(policies), ask.answer(policies));
    }
}
