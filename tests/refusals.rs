//! Refusals: each reason with its status, its words, whom to ask, and its record; strangers learn nothing; limits are summed up.

#[cfg(test)]
mod world;

use std::time::Duration;

use http::HeaderMap;

use world::CENTRE;
use world::ELSEWHERE;
use world::HOSPITAL;
use world::PERSON;
use world::STRANGER;
use world::SUSPENDED;
use world::World;
use world::client;
use world::kinds;
use world::lookup_path;
use world::replace;

/// Agency, path, headers; then status, reason, agreement, and whom to ask.
type Case = (
    &'static str,
    String,
    Vec<(&'static str, &'static str)>,
    u16,
    &'static str,
    Option<&'static str>,
    &'static str,
);

#[cfg(test)]
fn cases() -> Vec<Case> {
    let path = lookup_path;
    let purpose = |code| vec![("exchange-purpose", code)];
    let asking = |query: &str| format!("{}?{query}", path());
    vec![
        (CENTRE, path(), vec![], 400, "header-missing", Some("TT-01"), "TT-01"),
        (CENTRE, path(), purpose("khong-co"), 403, "purpose-not-covered", Some("TT-01"), "TT-01"),
        (CENTRE, path(), purpose("tam-dung"), 403, "agreement-suspended", Some("TT-05"), "TT-05"),
        (CENTRE, path(), purpose("ket-thuc"), 403, "agreement-not-in-force", Some("TT-06"), "TT-06"),
        (CENTRE, path(), purpose("het-han"), 403, "agreement-not-in-force", Some("TT-07"), "TT-07"),
        (CENTRE, path(), purpose("chua-den-han"), 403, "agreement-not-in-force", Some("TT-12"), "TT-12"),
        (
            CENTRE,
            path(),
            purpose("chua-xac-nhan"),
            403,
            "security-confirmation-lapsed",
            Some("TT-10"),
            "TT-10",
        ),
        (CENTRE, path(), purpose("ky-so"), 403, "signature-required", Some("TT-11"), "TT-11"),
        (CENTRE, path(), purpose("ho-so"), 400, "header-missing", Some("TT-08"), "TT-08"),
        (CENTRE, asking("la=1"), purpose("tra-cuu"), 403, "parameter-not-granted", Some("TT-01"), "TT-01"),
        (CENTRE, asking("dao=00"), purpose("tra-cuu"), 403, "parameter-not-granted", Some("TT-01"), "TT-01"),
        (ELSEWHERE, path(), purpose("tra-cuu"), 403, "source-network", Some("TT-01"), "TT-01"),
        (SUSPENDED, path(), purpose("tra-cuu"), 403, "agency-suspended", None, "H31.02"),
        (STRANGER, path(), purpose("tra-cuu"), 403, "no-agreement", None, "vận hành"),
    ]
}

#[tokio::test]
async fn every_refusal_of_policy_tells_its_reason_its_agreement_and_whom_to_ask_in_both_languages() {
    let world = World::start().await;
    for (agency, path, headers, status, reason, agreement, contact) in cases() {
        let vi = world.get(agency, &path, &headers).await;
        let en = world.get(agency, &path, &[headers, vec![("accept-language", "en")]].concat()).await;
        for (answered, language) in [(&vi, "vi"), (&en, "en")] {
            assert_eq!((answered.status, answered.reason().as_str()), (status, reason), "{answered:?}");
            assert_eq!(answered.header("content-type"), "application/problem+json");
            assert_eq!(answered.header("content-language"), language);
            let problem = answered.json();
            assert_eq!(problem["status"], status);
            assert_eq!(problem["exchange"], answered.header("exchange-id"));
            assert_eq!(
                (problem["hop"].as_str(), problem["stage"].as_str()),
                (Some("gateway"), Some("policy"))
            );
            assert_eq!(problem["agreement"].as_str(), agreement, "{problem}");
            assert!(problem["contact"].as_str().unwrap().contains(contact), "{problem}");
            let [leaf] = <[_; 1]>::try_from(world.leaves_of(answered.header("exchange-id"))).unwrap();
            assert_eq!((&leaf["kind"], &leaf["reason"]), (&"exchange.refused".into(), &reason.into()));
            assert_eq!((&leaf["agency"], &leaf["status"]), (&agency.into(), &status.into()));
            assert_eq!(leaf["agreement"]["id"].as_str(), agreement);
        }
        let (vi, en) = (vi.json(), en.json());
        assert_ne!((&vi["title"], &vi["detail"]), (&en["title"], &en["detail"]));
        assert!(en["detail"].as_str().unwrap().starts_with("Refused") || status == 400, "{en}");
    }
    assert_eq!(world.platform.seen().len(), 0, "a refused request reached the platform");
    // One without a meaning never came to the policies; it was judged under the same set all the same.
    let ambiguous = world.get(CENTRE, &lookup_path(), &[("range", "bytes=0-1")]).await;
    assert_eq!(ambiguous.reason(), "ambiguous-request");
    let leaves = world.end().await;
    let put = leaves.iter().find(|leaf| leaf["kind"] == "policy.changed").unwrap();
    for refused in leaves.iter().filter(|leaf| leaf["kind"] == "exchange.refused") {
        assert_eq!(refused["policy"], put["new"], "{refused}");
    }
}

#[tokio::test]
async fn what_is_closed_tonight_is_open_in_the_morning() {
    let world = World::start().await;
    let ask = async || world.get(CENTRE, &lookup_path(), &[("exchange-purpose", "gio-hanh-chinh")]).await;
    assert_eq!(ask().await.status, 200);
    // From 09:30 to 18:00, to the minute.
    world.clock.advance(Duration::from_secs(8 * 3_600 + 30 * 60));
    let evening = ask().await;
    assert_eq!((evening.status, evening.reason().as_str()), (403, "outside-hours"));
    assert!(evening.json()["detail"].as_str().unwrap().contains("07:00"), "{evening:?}");
    world.clock.advance(Duration::from_secs(13 * 3_600));
    assert_eq!(ask().await.status, 200);
    world.end().await;
}

/// What of an answer must not differ for a stranger: all but the exchange's own name, receipt, digest and signature.
#[cfg(test)]
fn constant_part(answered: &client::Answered) -> (u16, Vec<(String, String)>, String) {
    let own =
        ["exchange-id", "exchange-receipt", "link", "content-digest", "signature", "signature-input", "date"];
    let lines = |headers: &HeaderMap| {
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .map(
                |(name, value)| {
                    if own.contains(&name.as_str()) { (name, String::new()) } else { (name, value) }
                },
            )
            .collect();
        lines.sort();
        lines
    };
    let body = String::from_utf8(answered.body.to_vec()).unwrap();
    (answered.status, lines(&answered.headers), body.replace(answered.header("exchange-id"), ""))
}

#[tokio::test]
async fn a_stranger_is_told_the_same_whether_a_service_exists_or_not() {
    let world = World::start().await;
    let mut told = Vec::new();
    for (who, path) in [
        (STRANGER, lookup_path()),
        (STRANGER, format!("/cham/cong-dan/{PERSON}")),
        (STRANGER, format!("/khong-co/cong-dan/{PERSON}")),
        (STRANGER, "/mau/khong-co".to_owned()),
        (STRANGER, "/mau".to_owned()),
        (STRANGER, "/".to_owned()),
        // An agency that has an agreement is a stranger to every service but that one.
        (ELSEWHERE, format!("/cham/cong-dan/{PERSON}")),
        (ELSEWHERE, format!("/khong-co/cong-dan/{PERSON}")),
    ] {
        for headers in [vec![], vec![("exchange-purpose", "tra-cuu")], vec![("exchange-fields", "\"/X\"")]] {
            let answered = world.get(who, &path, &headers).await;
            let [leaf] = <[_; 1]>::try_from(world.leaves_of(answered.header("exchange-id"))).unwrap();
            for silent in ["service", "operation", "agreement", "purpose"] {
                assert!(leaf.get(silent).is_none(), "a stranger's leaf says `{silent}`: {leaf}");
            }
            told.push((constant_part(&answered), path.clone()));
        }
    }
    let (first, _) = &told[0];
    assert_eq!(first.0, 403);
    for (other, path) in &told {
        assert_eq!(other, first, "{path} is told apart");
    }
    world.end().await;
}

#[tokio::test]
async fn a_rate_limit_refuses_with_what_is_left_without_a_receipt_and_others_pass() {
    let world = World::start().await;
    let ask = async || world.get(CENTRE, &lookup_path(), &[("exchange-purpose", "gioi-han")]).await;
    for left in ["1", "0"] {
        let allowed = ask().await;
        assert_eq!(allowed.status, 200);
        assert!(allowed.header("ratelimit").contains(&format!(";r={left}")), "{allowed:?}");
        assert_eq!(allowed.header("ratelimit-policy"), "\"rate\";q=2;w=86400");
    }
    for _ in 0..3 {
        let limited = ask().await;
        assert_eq!((limited.status, limited.reason().as_str()), (429, "rate"));
        assert_eq!(limited.header("ratelimit-policy"), "\"rate\";q=2;w=86400");
        assert!(limited.header("ratelimit").starts_with("\"rate\";r=0;t="), "{limited:?}");
        let wait: u64 = limited.header("retry-after").parse().unwrap();
        assert!((1..=43_200).contains(&wait), "{wait}");
        assert_eq!(limited.json()["retry_after"], wait);
        assert_eq!(limited.json()["agreement"], "TT-03");
        assert!(!limited.headers.contains_key("exchange-receipt"));
        assert!(!limited.headers.contains_key("link"));
    }
    assert_eq!(world.lookup(HOSPITAL).await.status, 200);
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    assert_eq!(world.platform.seen().len(), 4);
    let leaves = world.end().await;
    let summaries: Vec<_> = leaves.iter().filter(|leaf| leaf["kind"] == "refusals.summary").collect();
    let counted: u64 = summaries.iter().map(|leaf| leaf["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, 3, "{summaries:?}");
    assert!(
        summaries.iter().all(|leaf| leaf["agency"] == CENTRE && leaf["reason"] == "rate"),
        "{summaries:?}"
    );
    assert!(!kinds(&leaves).contains(&"exchange.refused"));
}

#[tokio::test]
async fn a_day_has_so_many_requests_and_so_many_people_and_a_new_day_has_them_again() {
    let world = World::start().await;
    let ask = async |person: &str| {
        world.get(CENTRE, &format!("/mau/cong-dan/{person}"), &[("exchange-purpose", "moi-ngay")]).await
    };
    assert_eq!(ask(PERSON).await.status, 200);
    let another = ask("099190000002").await;
    assert_eq!((another.status, another.reason().as_str()), (429, "people-quota"));
    assert_eq!(ask(PERSON).await.status, 200, "the refused request was not charged");
    let third = ask(PERSON).await;
    assert_eq!((third.status, third.reason().as_str()), (429, "daily-quota"));
    world.clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(ask("099190000002").await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn beyond_an_agencys_budget_refusals_are_summed_up_and_what_was_opened_still_gets_its_outcome() {
    let mut world = World::build("").await;
    replace(&world.configuration(), "refusals_per_minute = 1000", "refusals_per_minute = 1");
    world.open().await;
    let mut receipts = 0;
    for _ in 0..4 {
        let refused = world.get(CENTRE, &lookup_path(), &[("exchange-purpose", "tam-dung")]).await;
        assert_eq!((refused.status, refused.reason().as_str()), (403, "agreement-suspended"));
        receipts += usize::from(refused.headers.contains_key("exchange-receipt"));
    }
    // The minute may turn once between two of them.
    assert!((1..=2).contains(&receipts), "{receipts}");
    for _ in 0..4 {
        let failed = world.post(CENTRE, "/vang/doi-chieu", &[("exchange-purpose", "doi-chieu")], "{}").await;
        assert_eq!((failed.status, failed.reason().as_str()), (502, "platform-unreachable"));
        assert!(
            failed.headers.contains_key("exchange-receipt"),
            "a platform's failure is no refusal: {failed:?}"
        );
    }
    let leaves = world.end().await;
    let count = |kind: &str| kinds(&leaves).iter().filter(|found| **found == kind).count();
    assert_eq!((count("exchange.opened"), count("exchange.failed")), (4, 4));
    let summed: u64 = leaves
        .iter()
        .filter(|leaf| leaf["kind"] == "refusals.summary")
        .map(|leaf| leaf["count"].as_u64().unwrap())
        .sum();
    assert_eq!(summed, 4 - receipts as u64);
}
