mod folder;
mod hostile;
mod sealed;

use super::*;

use std::fs;
use std::path::Path;

use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::tlog::fsck::Judge as _;

fn said(leaf: &[u8]) -> Said {
    Judge::read(&mut Shapes::default(), leaf)
}

/// A time within a minute.
fn at(second: u64) -> String {
    format!("2026-11-23T02:30:{second:02}.000Z")
}

/// An exchange's id by its last digit.
fn id(last: u8) -> String {
    format!("0199a1c2-0000-7000-8000-00000000000{last}")
}

fn leaf(kind: &str, seq: u64, prev: Option<u8>, second: u64, exchange: u8) -> String {
    let prev = prev.map(|byte| format!(r#","prev":"{}""#, hex(&[byte; 32]))).unwrap_or_default();
    let (at, exchange) = (at(second), id(exchange));
    format!(
        r#"{{"agency":"H31","at":"{at}","exchange":"{exchange}","kind":"{kind}"{prev},"seq":{seq},"v":"phohien/1"}}"#
    )
}

/// What is found wrong with an entry, in English; its leaf hash is its index and one, over and over.
fn judged(judge: &mut Judge, index: u8, leaf: &str) -> Vec<String> {
    let said = said(leaf.as_bytes());
    let entry = Entry {
        index: u64::from(index),
        leaf: leaf.as_bytes(),
        annex: b"",
        said: &said,
        hash: [index + 1; 32],
    };
    judge.judge(&entry).into_iter().map(|finding| finding.what.en).collect()
}

#[test]
fn a_sound_chain_has_no_fault() {
    let mut judge = Judge::new();
    assert!(judged(&mut judge, 0, &leaf("exchange.opened", 1, None, 1, 1)).is_empty());
    assert!(judged(&mut judge, 1, &leaf("exchange.released", 2, Some(1), 1, 1)).is_empty());
    assert!(judged(&mut judge, 2, &leaf("exchange.aborted", 3, Some(2), 2, 1)).is_empty());
    assert!(judge.end().is_settled());
}

#[test]
fn a_gap_a_wrong_predecessor_and_a_time_that_goes_back_are_each_named() {
    let mut judge = Judge::new();
    judged(&mut judge, 0, &leaf("exchange.refused", 1, None, 5, 1));
    let faults = judged(&mut judge, 1, &leaf("exchange.refused", 3, Some(9), 4, 2));
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(faults[0], format!("the time goes back from {} to {}", at(5), at(4)));
}

#[test]
fn an_opened_exchange_without_an_outcome_and_a_second_outcome_are_named() {
    let mut judge = Judge::new();
    judged(&mut judge, 0, &leaf("exchange.opened", 1, None, 1, 1));
    judged(&mut judge, 1, &leaf("exchange.refused", 2, Some(1), 1, 2));
    let faults = judged(&mut judge, 2, &leaf("exchange.released", 3, Some(2), 1, 2));
    assert_eq!(faults, [format!("exchange {} has two outcomes", id(2))]);
    let unfinished = judge.end().unfinished;
    assert_eq!((unfinished.len(), unfinished[0].0), (1, 0));
    assert_eq!(unfinished[0].1.what.en, format!("exchange {} was opened and has no outcome", id(1)));
}

#[test]
fn an_outcome_that_names_no_exchange_is_named() {
    let nameless = leaf("exchange.released", 1, None, 1, 1).replace("exchange\":", "exchanges\":");
    assert_eq!(judged(&mut Judge::new(), 0, &nameless), ["`exchange` is missing, or not an exchange id"]);
}

#[test]
fn what_is_no_hash_names_an_object_that_is_missed() {
    let named = |members: &str| {
        let mut judge = Judge::new();
        judged(&mut judge, 0, &leaf("month.forgotten", 1, None, 1, 1).replace("\"exchange\"", members));
        judge.objects()
    };
    let nowhere = [([0; 32], 0)];
    assert_eq!(named("\"certificate\":{\"object\":\"AB\"},\"exchange\""), nowhere);
    assert_eq!(named("\"certificate\":{\"path\":\"\"},\"exchange\""), nowhere);
    assert_eq!(named("\"exchange\"").len(), 0);
    let token = leaf("time.anchored", 1, None, 1, 1).replace(",\"v\"", ",\"token\":\"none\",\"v\"");
    let mut judge = Judge::new();
    judged(&mut judge, 0, &token);
    assert_eq!(judge.objects(), nowhere);
}

#[test]
fn a_release_is_aborted_once_and_what_was_not_under_way_never() {
    let mut judge = Judge::new();
    judged(&mut judge, 0, &leaf("exchange.released", 1, None, 1, 1));
    assert!(judged(&mut judge, 1, &leaf("exchange.aborted", 2, Some(1), 1, 1)).is_empty());
    for (index, exchange, kind) in
        [(2, 1, "exchange.aborted"), (3, 2, "exchange.aborted"), (4, 3, "exchange.orphaned")]
    {
        let faults = judged(&mut judge, index, &leaf(kind, u64::from(index) + 1, Some(index), 1, exchange));
        assert_eq!(faults.len(), 1, "{kind} {faults:?}");
    }
}

#[test]
fn after_entries_that_were_missed_nobody_is_accused_of_what_they_may_have_said() {
    let mut judge = Judge::new();
    judged(&mut judge, 0, &leaf("exchange.opened", 1, None, 1, 1));
    judge.missed(1..3);
    assert!(judged(&mut judge, 3, &leaf("exchange.aborted", 4, Some(7), 1, 2)).is_empty());
    assert_eq!(judged(&mut judge, 4, &leaf("exchange.refused", 5, Some(7), 1, 3)).len(), 1, "what is known");
    assert_eq!(judged(&mut judge, 5, &leaf("exchange.refused", 2, Some(5), 1, 4)).len(), 1, "seq goes back");
    assert!(judge.snapshot("{}").is_empty(), "no account can be held against what was missed");
}

#[test]
fn every_kind_that_is_known_is_accepted_and_another_is_told_by_name() {
    const KINDS: [&str; 9] = [
        "log.opened",
        "keys.rotated",
        "audit.read",
        "node.ordered",
        "month.forgotten",
        "time.anchored",
        "refusals.summary",
        "news.from.tomorrow",
        "log.closed",
    ];
    let mut judge = Judge::new();
    for (index, kind) in (0..).zip(KINDS) {
        let prev = (index > 0).then_some(index);
        let faults = judged(&mut judge, index, &leaf(kind, u64::from(index) + 1, prev, 1, 1));
        assert!(faults.is_empty(), "{kind} {faults:?}");
    }
    let ended = judge.end();
    assert!(ended.is_settled());
    assert_eq!(ended.notes.len(), 1);
    assert!(ended.notes[0].en.contains("`news.from.tomorrow`") && ended.notes[0].en.contains("entry 7"));
}

#[test]
fn counts_are_taken_over_once_and_only_where_a_log_that_follows_another_begins() {
    let account = |agency: &str, day: &str, today: u64| {
        format!(r#"{{"agency":"{agency}","agreement":"TT-1","day":"{day}","month":3,"today":{today}}}"#)
    };
    let carried = |accounts: &str| format!(r#""accounts":[{accounts}],"#);
    let one = carried(&account("H31.05", "2026-11-26", 2));
    for (kinds, second, faults) in [
        (["keys.rotated", "quotas.carried", "quotas.carried"], account("H31.06", "2026-11-26", 3), 0),
        (["keys.rotated", "quotas.carried", "quotas.carried"], account("H31.05", "2026-11-26", 3), 1),
        (["keys.rotated", "quotas.carried", "quotas.carried"], account("H31.06", "2026-11-26", 4), 1),
        (["keys.rotated", "quotas.carried", "quotas.carried"], account("H31.06", "2026-11", 1), 1),
        (["keys.rotated", "node.stopped", "quotas.carried"], account("H31.06", "2026-11-26", 1), 1),
        (["node.stopped", "quotas.carried", "node.stopped"], account("H31.06", "2026-11-26", 1), 1),
    ] {
        let mut judge = Judge::new();
        let mut found = Vec::new();
        for (index, kind) in (0..).zip(["log.opened"].into_iter().chain(kinds)) {
            let members = match (kind, index) {
                ("quotas.carried", 2) => one.clone(),
                ("quotas.carried", _) => carried(&second),
                _ => String::new(),
            };
            let prev = (index > 0).then_some(index);
            let leaf = leaf(kind, u64::from(index) + 1, prev, 1, 1).replacen('{', &format!("{{{members}"), 1);
            found.extend(judged(&mut judge, index, &leaf));
        }
        assert_eq!(found.len(), faults, "{kinds:?} {second}: {found:?}");
        if faults == 0 {
            let said = r#"{"TT-1":{"H31.05":{"day":"2026-11-26","month":3,"today":2},"H31.06":{"day":"2026-11-26","month":3,"today":3}}}"#;
            for (charged, is_held) in [(said, true), (&said.replace(r#""today":2"#, r#""today":1"#), false)] {
                let state = format!(r#"{{"agencies":{{}},"charged":{charged},"undecided":{{}}}}"#);
                let wrong = judge.snapshot(&state);
                assert_eq!(
                    wrong.iter().any(|fault| fault.what.en.contains("`charged`")),
                    !is_held,
                    "{wrong:?}"
                );
            }
        }
    }
}

#[test]
fn every_object_that_an_entry_names_is_looked_for() {
    let object = |byte: u8| hex(&[byte; 32]);
    let (a, b, c, d) = (object(1), object(2), object(3), object(4));
    for (kind, members, named) in [
        ("exchange.refused", format!(r#""certificate":{{"issuer":"x","object":"{a}"}},"#), 1),
        ("audit.read", format!(r#""certificate":{{"issuer":"x","object":"{a}","path":"{b}"}},"#), 2),
        ("policy.changed", format!(r#""files":{{"a":"{a}","b":"{b}"}},"#), 2),
        (
            "policy.changed",
            format!(
                r#""anchors":["{a}"],"signers":[{{"agency":"H31","agreement":"TT-1","certificate":"{b}","path":"{c}","signature":"{d}"}}],"#
            ),
            4,
        ),
        ("policy.changed", format!(r#""listing":"{a}","signers_listing":"{b}","#), 2),
        (
            "month.forgotten",
            format!(
                r#""order":"{a}","signers":[{{"agency":"H31","certificate":"{b}","signature":"{c}","spki":"{d}"}}],"#
            ),
            3,
        ),
        ("time.anchored", format!(r#""token":"{a}","#), 1),
    ] {
        let mut judge = Judge::new();
        let text = leaf(kind, 1, None, 1, 1);
        let mut text: serde_json::Value = serde_json::from_str(&text).unwrap();
        let more: serde_json::Value =
            serde_json::from_str(&format!("{{{}}}", members.trim_end_matches(','))).unwrap();
        text.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(judged(&mut judge, 0, &text.to_string()).is_empty(), "{kind}");
        assert_eq!(judge.objects().len(), named, "{kind}");
    }
}

#[test]
fn a_list_of_signers_is_followed_as_one_of_files_is() {
    let object = |byte: u8| hex(&[byte; 32]);
    let mut judge = Judge::new();
    let text = leaf("policy.changed", 1, None, 1, 1);
    let mut text: serde_json::Value = serde_json::from_str(&text).unwrap();
    text["listing"] = object(1).into();
    text["signers_listing"] = object(2).into();
    assert!(judged(&mut judge, 0, &text.to_string()).is_empty());
    let mut lists = judge.lists();
    lists.sort();
    assert_eq!(lists, [([1; 32], 0), ([2; 32], 0)]);
    let signer = format!(
        r#"{{"agency":"H31","agreement":"TT-1","certificate":"{}","path":"{}","signature":"{}"}}"#,
        object(3),
        object(4),
        object(5)
    );
    let listed = |list: &str| Judge::listed(list.as_bytes());
    let mut named = listed(&format!("[{signer}]")).unwrap();
    named.sort();
    assert_eq!(named, [[3; 32], [4; 32], [5; 32]]);
    for none in [String::from("[]"), String::from("[{}]"), signer.replace("certificate", "x"), signer.clone()]
    {
        let none = if none.starts_with('[') {
            none
        } else {
            format!("[{none},{}]", signer.replace("signature", "x"))
        };
        assert_eq!(listed(&none), None, "{none}");
    }
}

#[test]
fn what_is_no_leaf_is_named() {
    for (text, faults) in [
        ("", 1),
        ("[]", 1),
        ("nonsense", 1),
        ("{}", 4),
        (r#"{"agency":7,"seq":1}"#, 4),
        (r#"{"agency":"H31","agency":"H32","seq":1}"#, 1),
    ] {
        assert_eq!(judged(&mut Judge::new(), 0, text).len(), faults, "{text}");
    }
    let odd = leaf("exchange.refused", 1, None, 1, 1);
    for (from, to) in [
        ("phohien/1", "phohien/2"),
        ("2026-11-23T02:30:01.000Z", "2026-11-23T02:30:01.000+"),
        ("0199a1c2-0000-7", "0199a1c2-0000-4"),
        ("0199a1c2-0000-7", "0199A1C2-0000-7"),
        ("\"seq\":1", "\"seq\":-1"),
    ] {
        assert_eq!(judged(&mut Judge::new(), 0, &odd.replace(from, to)).len(), 1, "{to}");
    }
}

#[test]
fn an_annex_stands_on_the_shelf_of_its_exchanges_month() {
    let said = |exchange: &str| {
        let hash = hex(&sha256(b"sealed"));
        said(format!(r#"{{"annex":"{hash}","exchange":"{exchange}"}}"#).as_bytes())
    };
    for (millis, month) in [
        (0_i64, "1970-01"),
        (951_782_400_000, "2000-02"),
        (951_868_799_999, "2000-02"),
        (951_868_800_000, "2000-03"),
        (1_793_491_199_999, "2026-10"),
        (1_793_491_200_000, "2026-11"),
        (1_798_761_599_999, "2026-12"),
        (4_107_542_400_000, "2100-03"),
        (253_402_207_199_999, "9999-12"),
    ] {
        let exchange = crate::id::ExchangeId::new(u64::try_from(millis).unwrap(), &[0; 10]).to_string();
        let Annexed::Yes { hash, shelf } = said(&exchange).annex else { panic!("{exchange}") };
        assert_eq!((hash, shelf.unwrap().as_str()), (sha256(b"sealed"), month));
        let time = jiff::Timestamp::from_millisecond(millis).unwrap();
        assert_eq!(time.strftime("%Y-%m").to_string(), month, "as the calendar's own code says");
    }
    assert!(matches!(said("x").annex, Annexed::Yes { shelf: None, .. }));
}

#[test]
fn exchanges_are_remembered_whatever_the_order_of_their_ids() {
    let mut exchanges = Exchanges::default();
    let agency = said(br#"{"agency":"H31"}"#).agency.unwrap();
    let id = |number: u64| {
        // Back and forth in time.
        let millis = 1_790_000_000_000 + (number * 7_919) % 1_000_003;
        leaf::Id::read(crate::id::ExchangeId::new(millis, &[(number % 251) as u8; 10]).to_string().as_bytes())
            .unwrap()
    };
    let mut step = |number, step| exchanges.step(id(number), step, number, agency, true);
    for number in 0..300_000 {
        assert_eq!(step(number, Step::Decide), None);
    }
    for number in (0..300_000).step_by(1_000) {
        assert_eq!(step(number, Step::Abort), None);
    }
    for number in (0..300_000).step_by(500) {
        assert_eq!(step(number, Step::Decide), Some(BadStanding::TwoOutcomes), "{number}");
        let again = (number % 1_000 == 0).then_some(BadStanding::AbortedTooLate);
        assert_eq!(step(number, Step::Abort), again, "{number}");
    }
}

#[test]
fn the_account_of_a_snapshot_is_held_against_the_entries() {
    let mut judge = Judge::new();
    judged(&mut judge, 0, &leaf("exchange.opened", 1, None, 1, 1));
    let policy = hex(&[7; 32]);
    let changed = leaf("policy.changed", 2, Some(1), 2, 1)
        .replace(&format!(r#""exchange":"{}","#, id(1)), "")
        .replace(r#""prev""#, &format!(r#""new":"{policy}","prev""#));
    assert_eq!(judged(&mut judge, 1, &changed), Vec::<String>::new());
    let state = format!(
        r#"{{"agencies":{{"H31":{{"prev":"{}","seq":2}}}},"at":"{}","policy":"{policy}","undecided":{{"{}":"H31"}}}}"#,
        hex(&[2; 32]),
        at(2),
        id(1)
    );
    assert!(judge.snapshot(&state).is_empty());
    for (from, to) in [
        ("\"seq\":2", "\"seq\":3"),
        ("\"prev\":\"02", "\"prev\":\"03"),
        ("{\"H31\"", "{\"H32\""),
        ("02:30:02", "02:30:03"),
        ("\"07", "\"08"),
        (id(1).as_str(), id(2).as_str()),
        (":\"H31\"}", ":\"H32\"}"),
        ("\"undecided\"", "\"decided\""),
    ] {
        assert_eq!(judge.snapshot(&state.replacen(from, to, 1)).len(), 1, "{to}");
    }
}

#[test]
fn what_a_snapshot_says_was_charged_is_held_against_the_leaves() {
    let mut judge = Judge::new();
    let days = ["2026-11-25", "2026-11-26", "2026-11-26", "2026-11-25"];
    for (index, day) in (0_u8..).zip(days) {
        let prev = index.checked_sub(1).map(|before| before + 1);
        let leaf = leaf("exchange.released", u64::from(index) + 1, prev, 1, index)
            .replace(r#","at""#, r#","agreement":{"id":"TT-1"},"at""#)
            .replace(r#","exchange""#, &format!(r#","charged":"{day}","exchange""#));
        assert_eq!(judged(&mut judge, index, &leaf), Vec::<String>::new());
    }
    let state = format!(
        r#"{{"agencies":{{"H31":{{"prev":"{}","seq":4}}}},"at":"{}","charged":{{"TT-1":{{"H31":{{"day":"2026-11-26","month":4,"today":2}}}}}},"undecided":{{}}}}"#,
        hex(&[4; 32]),
        at(1)
    );
    assert!(judge.snapshot(&state).is_empty());
    for (from, to) in [
        ("\"today\":2", "\"today\":3"),
        ("\"month\":4", "\"month\":3"),
        ("2026-11-26", "2026-11-27"),
        ("TT-1", "TT-2"),
        ("{\"H31\":{\"day", "{\"H32\":{\"day"),
        ("\"charged\"", "\"uncharged\""),
    ] {
        assert_eq!(judge.snapshot(&state.replacen(from, to, 1)).len(), 1, "{to}");
    }
}

#[test]
fn what_is_charged_without_a_day_or_an_agreement_is_named() {
    for (from, to) in
        [(r#""charged":"2026-11-26""#, r#""charged":20261126"#), (r#""id":"TT-1""#, r#""id":1"#)]
    {
        let leaf = leaf("exchange.released", 1, None, 1, 1)
            .replace(r#","at""#, r#","agreement":{"id":"TT-1"},"at""#)
            .replace(r#","exchange""#, r#","charged":"2026-11-26","exchange""#)
            .replace(from, to);
        let faults = judged(&mut Judge::new(), 0, &leaf);
        assert_eq!(faults, ["`charged` is not a day, or the entry names no agreement"]);
    }
}

#[test]
fn the_judge_shares_nothing_with_the_writer_but_the_hash() {
    const ALLOWED: [&str; 3] = ["crate::crypto::digest::", "crate::tlog::fsck", "crate::language::Text"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit/verify");
    let rooms = fs::read_dir(folder).unwrap().map(|room| room.unwrap().path());
    let rooms: Vec<_> = rooms.filter(|room| room.is_file()).collect();
    assert!(rooms.len() > 3, "found only {rooms:?}");
    for room in rooms {
        let (source, door) = (fs::read_to_string(&room).unwrap(), room.ends_with("mod.rs"));
        for line in source.lines().filter(|line| line.starts_with("use crate::") || line.contains("super::"))
        {
            let path = line.strip_prefix("use ").unwrap_or(line).trim_start();
            let in_tests = line == "    use super::*;";
            let within =
                in_tests || !door && path.starts_with("super::") && !path.starts_with("super::super");
            assert!(
                within
                    || ALLOWED.iter().any(|allowed| path.starts_with(allowed))
                    || path.contains("&super::"),
                "{line}"
            );
        }
    }
}

#[test]
fn behind_the_entry_that_closes_a_log_for_good_nothing_may_stand() {
    let mut judge = Judge::new();
    judged(&mut judge, 0, &leaf("exchange.opened", 1, None, 1, 1));
    assert!(judged(&mut judge, 1, &leaf("log.closed", 2, Some(1), 1, 2)).is_empty());
    for (index, kind) in [(2, "log.opened"), (3, "log.closed")] {
        let faults = judged(&mut judge, index, &leaf(kind, u64::from(index) + 1, Some(index), 1, 2));
        assert_eq!(faults, ["the log was closed for good by entry 1, behind which nothing may stand"]);
    }
    assert_eq!(judge.end().lost.len(), 1, "an exchange that it left open can have no outcome any more");
}
