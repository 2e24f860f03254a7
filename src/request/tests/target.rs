//! The target's rules, and that what is accepted has one spelling.

use proptest::prelude::*;

use crate::request::refused::{Ambiguous, TargetRule};
use crate::request::target::{TARGET_MAX, canonical};

fn rule(text: &str) -> TargetRule {
    match canonical(text) {
        Err(Ambiguous::Target(rule)) => rule,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_canonical_target_is_taken_apart_and_kept_as_sent() {
    let text = "/dan-cu/cong-dan/%C4%90%E1%BB%97?hoTen=Tr%E1%BA%A7n%20An&ngay=2026-01-01T00%3A00&a%5B%5D=&so=12%2F2026";
    let target = canonical(text).unwrap();
    assert_eq!(target.canonical_text(), text);
    assert_eq!(target.segments(), ["dan-cu", "cong-dan", "Đỗ"]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected =
        [pair("hoTen", "Trần An"), pair("ngay", "2026-01-01T00:00"), pair("a[]", ""), pair("so", "12/2026")];
    assert_eq!(target.query(), expected);
    assert_eq!(canonical("/").unwrap().segments(), [""; 0]);
    assert_eq!(canonical("/a:b@c,d=e!$&'()*+").unwrap().segments(), ["a:b@c,d=e!$&'()*+"]);
}

#[test]
fn only_origin_form_is_read_cve_2026_26205() {
    for text in ["", "*", "a", "https://gw/a", "gw:443", "?a=1", "#"] {
        assert_eq!(rule(text), TargetRule::Form, "{text}");
    }
    assert_eq!(rule("//evil.example/a"), TargetRule::EmptySegment);
}

#[test]
fn dot_segments_are_refused_however_written_cve_2019_9901_and_x_road() {
    for text in
        ["/a/..", "/a/../b", "/./a", "/...", "/a/...", "/a./b", "/a.", "/a/%2e%2e/b", "/a/.%2E/b", "/%2E"]
    {
        assert_eq!(rule(text), TargetRule::TrailingDot, "{text}");
    }
    assert_eq!(rule("/a/%252e%252e/b"), TargetRule::Character);
    assert_eq!(rule("/a/..;/b"), TargetRule::Character);
}

#[test]
fn encoded_separators_are_refused_cve_2021_29492() {
    for text in
        ["/a%2fb", "/a%2Fb", "/a%5cb", "/a%5Cb", "/a\\b", "/a%3Fb", "/a%23b", "/a%3Bb", "/a%252Fb", "/a%25"]
    {
        assert_eq!(rule(text), TargetRule::Character, "{text}");
    }
}

#[test]
fn control_characters_and_nul_are_refused_cve_2019_9900() {
    for text in [
        "/a%00",
        "/a%00.json",
        "/a%0D%0Ab",
        "/a\u{7f}",
        "/a%7F",
        "/a\tb",
        "/a b",
        "/a%20b",
        "/a?b=%00",
        "/a?b=%0A",
    ] {
        assert_eq!(rule(text), TargetRule::Character, "{text}");
    }
}

#[test]
fn path_parameters_are_refused() {
    assert_eq!(rule("/a;jsessionid=1/b"), TargetRule::Character);
    assert_eq!(rule("/a;"), TargetRule::Character);
}

#[test]
fn a_fragment_is_refused_cve_2021_32779_and_cve_2023_45539() {
    assert_eq!(rule("/a#b"), TargetRule::Character);
    assert_eq!(rule("/a?b=c#d"), TargetRule::Spelling);
}

#[test]
fn empty_segments_are_refused() {
    for text in ["//", "/a//b", "/a/", "/a/?b=1"] {
        assert_eq!(rule(text), TargetRule::EmptySegment, "{text}");
    }
}

#[test]
fn overlong_and_broken_utf_8_is_refused() {
    for text in ["/%C0%AE", "/%C0%AF", "/%E0%80%AF", "/%ED%A0%80", "/%FF", "/%C3", "/a?b=%F5%80%80%80"] {
        assert_eq!(rule(text), TargetRule::Utf8, "{text}");
    }
    for text in ["/%", "/%4", "/%GG", "/%u002e", "/a?b=%", "/%+1"] {
        assert_eq!(rule(text), TargetRule::Escape, "{text}");
    }
}

#[test]
fn a_second_spelling_is_refused() {
    for text in
        ["/%61", "/%c4%90", "/Đ", "/a%2Db", "/a%2Cb", "/a?b=%61", "/a?b=%c4%90", "/a?b=Đ", "/a?b%7E=1"]
    {
        assert!(canonical(text).is_err(), "{text}");
    }
    assert_eq!(rule("/%c4%90"), TargetRule::Spelling);
}

#[test]
fn a_letter_has_one_encoding_and_look_alikes_have_none() {
    for (what, text) in [
        ("combining mark", "/e%CC%81"),
        ("full-width slash", "/a%EF%BC%8Fb"),
        ("one dot leader", "/%E2%80%A4"),
        ("right-to-left override", "/%E2%80%AEa"),
        ("zero width space", "/a%E2%80%8B"),
        ("kelvin sign", "/%E2%84%AA"),
        ("multiplication sign", "/%C3%97"),
        ("in the query too", "/a?b=%E2%80%AE"),
    ] {
        assert_eq!(rule(text), TargetRule::Character, "{what}");
    }
}

#[test]
fn a_plus_in_the_query_is_neither_a_plus_nor_a_space() {
    assert_eq!(rule("/a?b=c+d"), TargetRule::Spelling);
    assert_eq!(canonical("/a?b=c%2Bd").unwrap().query()[0].1, "c+d");
}

#[test]
fn a_query_is_pairs_and_no_name_comes_twice_cve_2020_25017() {
    for text in ["/a?", "/a?b", "/a?=c", "/a?b=1&", "/a?&b=1", "/a?b=1&&c=2"] {
        assert_eq!(rule(text), TargetRule::Parameter, "{text}");
    }
    for text in ["/a?b=1&b=2", "/a?b=1&c=2&B=3"] {
        assert_eq!(rule(text), TargetRule::ParameterRepeated, "{text}");
    }
    for text in ["/a?b=1;c=2", "/a?b=1=2", "/a?b=1?2", "/a?b=1/2", "/a?b=\"", "/a?b=<"] {
        assert_eq!(rule(text), TargetRule::Spelling, "{text}");
    }
    for text in ["/a?b=%25", "/a?b=%252e", "/a?b=%5C"] {
        assert_eq!(rule(text), TargetRule::Character, "{text}");
    }
}

#[test]
fn a_target_is_bounded() {
    let longest = format!("/{}", "a".repeat(TARGET_MAX - 1));
    assert!(canonical(&longest).is_ok());
    assert_eq!(rule(&format!("{longest}a")), TargetRule::Length);
}

/// Targets that are nearly right: the pieces that matter, in any order.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/"),
        Just("."),
        Just(".."),
        Just("a"),
        Just("Z9"),
        Just("-"),
        Just("~"),
        Just("%"),
        Just("%2F"),
        Just("%2f"),
        Just("%2E"),
        Just("%25"),
        Just("%41"),
        Just("%C4%90"),
        Just("%c4%90"),
        Just("%C0%AE"),
        Just("%20"),
        Just("?"),
        Just("&"),
        Just("="),
        Just("+"),
        Just(";"),
        Just("#"),
        Just("Đ"),
        Just("%00"),
        Just("\\"),
        Just("b=c"),
        Just(":"),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn holds_what_a_target_promises(text: &str) {
    let Ok(target) = canonical(text) else { return };
    assert_eq!(target.canonical_text(), text);
    assert_eq!(canonical(&target.canonical_text()).unwrap(), target);
    let path = target.path_text();
    assert!(text.is_ascii() && !text.contains(['#', '\\', ' ']));
    assert!(!path.contains("//") && !path.contains("%2F") && !path.contains("%5C") && !path.contains(';'));
    for segment in target.segments() {
        assert!(!segment.ends_with('.') && !segment.contains(['/', '\\', '%', '\0']));
    }
}

#[test]
fn a_name_stands_alone_only_where_the_gateway_itself_answers() {
    holds_what_a_target_promises("/receipts/x?witnessed&since=1");
    let target = canonical("/receipts/x?witnessed&since=1").unwrap();
    assert_eq!(
        target.query(),
        [("witnessed", ""), ("since", "1")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    assert_ne!(canonical("/receipts/x?witnessed="), canonical("/receipts/x?witnessed"));
    for refused in
        ["/dan-cu/x?witnessed", "/x/receipts?witnessed", "/receipts/x?", "/receipts/x?a&", "/receipts?a&a=1"]
    {
        assert!(canonical(refused).is_err(), "{refused}");
    }
}

proptest! {
    #[test]
    fn what_is_accepted_is_what_is_written_again(text in nearly()) {
        holds_what_a_target_promises(&text);
    }

    #[test]
    fn no_text_at_all_breaks_the_promises(text in ".{0,40}") {
        holds_what_a_target_promises(&text);
    }

    #[test]
    fn every_segment_and_parameter_of_our_letters_can_be_sent(
        segment in "[A-Za-z0-9ĂÂĐÊÔƠƯăâđêôơưàảãáạẽễửỹỵ:@]{1,12}",
        value in "[ -$&-\\[\\]-~ĂÂĐÊÔƠƯăâđêôơưàảãáạẽễửỹỵ]{0,12}",
    ) {
        let text = format!("/{}?q={}", encoded(&segment, b"-._~:@"), encoded(&value, b"-._~"));
        let target = canonical(&text).unwrap();
        prop_assert_eq!(target.segments(), [segment]);
        prop_assert_eq!(target.query(), [("q".to_owned(), value)]);
    }
}

/// An encoder of its own, so that the one under test is not held against itself.
fn encoded(text: &str, plain: &[u8]) -> String {
    let one = |byte: u8| match byte.is_ascii_alphanumeric() || plain.contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}
