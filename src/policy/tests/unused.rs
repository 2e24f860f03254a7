//! What nobody used and nobody needed.

use super::super::unused::Uses;
use super::*;

const OPERATION: &str = "GET /cong-dan/{so_dinh_danh}";

#[test]
fn a_grant_that_was_used_is_not_spare_and_a_field_that_went_out_is_needed() {
    let policies = province();
    let mut uses = Uses::default();
    let all = policies.agreements().iter().find(|it| it.id.as_str() == "TT-2026-001").unwrap();
    let kept: Vec<String> = all.permits[0].scope.kept().map(|field| field.pointer.clone()).collect();
    uses.note("TT-2026-001", "H31.01.01", OPERATION, Some(vec!["/CongDan/GioiTinh".to_owned()]));
    let spare = uses.spare(&policies);
    let of = |id: &str| spare.iter().find(|spare| spare.reach.agreement.id.as_str() == id);
    let first = of("TT-2026-001").unwrap();
    assert_eq!((first.exchanges, first.fields.len()), (1, kept.len() - 1));
    assert!(first.fields.iter().all(|field| field.pointer != "/CongDan/GioiTinh"));
    assert_eq!(of("TT-2026-002").unwrap().exchanges, 0);
    assert_eq!(spare.len(), 7);

    uses.note("TT-2026-001", "H31.01.01", OPERATION, Some(kept));
    assert_eq!(uses.spare(&policies).len(), 6);
}

#[test]
fn what_cannot_be_told_any_more_is_not_called_needless() {
    let policies = province();
    let mut uses = Uses::default();
    uses.note("TT-2026-001", "H31.01.01", OPERATION, None);
    let spare = uses.spare(&policies);
    let first = spare.iter().find(|spare| spare.reach.agreement.id.as_str() == "TT-2026-001").unwrap();
    assert_eq!((first.exchanges, first.untold, first.fields.len()), (1, 1, 0));
}

#[test]
fn what_an_agency_used_under_a_code_it_had_before_counts_as_its_own() {
    let policies = province();
    let mut uses = Uses::default();
    uses.note("TT-2026-005", "H54.05", "POST /doi-chieu", Some(Vec::new()));
    let spare = uses.spare(&policies);
    let merged = spare.iter().find(|spare| spare.reach.agreement.id.as_str() == "TT-2026-005").unwrap();
    assert_eq!(merged.exchanges, 1);
}
