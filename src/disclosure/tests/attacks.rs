//! Answers by which a platform, or whoever writes into its data, might get a withheld field past the filter. Each is tried
//! with the filter new and with the filter used to the kind of object.

use super::super::filter::cut;
use super::super::undisclosable::Flaw;
use super::{counts, cut_text, scope};
use crate::policy::scope::Scope;

const SECRET: &str = "bí mật";

/// Cuts an object alone, behind another of its kind, and before one, and shows what is left of it.
fn left_of(object: &str, usual: &str, scope: &Scope) -> [String; 3] {
    let alone = cut_text(object, scope).0;
    let usual_left = cut_text(usual, scope).0;
    let behind = cut_text(&format!("[{usual},{usual},{object}]"), scope).0;
    let before = cut_text(&format!("[{object},{usual}]"), scope).0;
    let behind = behind
        .strip_prefix(&format!("[{usual_left},{usual_left},"))
        .unwrap()
        .strip_suffix(']')
        .unwrap()
        .to_owned();
    let before =
        before.strip_prefix('[').unwrap().strip_suffix(&format!(",{usual_left}]")).unwrap().to_owned();
    [alone, behind, before]
}

/// A key with some of its characters escaped, as the bits of `which` say, with lower or upper hexadecimal digits.
fn spelled(key: &str, which: u32, upper: bool) -> String {
    let unit = |unit: &u16| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
    let escaped = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(unit).collect::<String>();
    key.chars()
        .enumerate()
        .map(|(nth, c)| if which >> nth & 1 == 1 { escaped(c) } else { c.to_string() })
        .collect()
}

#[test]
fn no_spelling_of_a_withheld_key_gets_its_value_through() {
    let scope = scope(&["/Tên", "/Đạo", "/o/😀k"], &["/Tên"]);
    let usual = format!(r#"{{"Tên":"Mẫu","Đạo":"{SECRET}","o":{{"😀k":"{SECRET}"}}}}"#);
    for which in 0..8 {
        for upper in [false, true] {
            let (religion, inner) = (spelled("Đạo", which, upper), spelled("😀k", which, upper));
            let object = format!(r#"{{"{religion}":"{SECRET}","Tên":"Mẫu","o":{{"{inner}":"{SECRET}"}}}}"#);
            assert_eq!(left_of(&object, &usual, &scope), [r#"{"Tên":"Mẫu"}"#; 3], "{object}");
            let (_, report) = cut_text(&object, &scope);
            assert_eq!(
                (counts(&report, "/Đạo"), counts(&report, "/o/😀k"), report.uncatalogued),
                (Some((0, 1)), Some((0, 1)), 0)
            );
        }
    }
}

#[test]
fn every_spelling_of_a_kept_key_is_kept_as_it_is_spelled() {
    let scope = scope(&["/Tên", "/x"], &["/Tên"]);
    for which in 0..8 {
        let object = format!(r#"{{"x":1,"{}":"Mẫu"}}"#, spelled("Tên", which, true));
        let expected = format!(r#"{{"{}":"Mẫu"}}"#, spelled("Tên", which, true));
        assert_eq!(left_of(&object, r#"{"x":1,"Tên":2}"#, &scope), [expected.as_str(); 3]);
    }
}

#[test]
fn what_only_looks_like_a_kept_key_is_withheld() {
    let scope = scope(
        &["/Tên", "/abcdefgh", "/abcdefghijklmnop", "/abcdefghijklmnopq", "/a/b"],
        &["/Tên", "/abcdefgh", "/abcdefghijklmnop", "/abcdefghijklmnopq", "/a/b"],
    );
    let usual = r#"{"Tên":1,"abcdefgh":2,"abcdefghijklmnop":3,"abcdefghijklmnopq":4,"a":{"b":5}}"#;
    for key in [
        "Te\u{302}n",
        "tên",
        "TÊN",
        "Tên ",
        " Tên",
        "Tên\\u0000",
        "Tê",
        "Tênn",
        "",
        "*",
        "/Tên",
        "a/b",
        "a~1b",
        "Tên\\\"",
        "\\\"Tên",
        "abcdefgX",
        "Xbcdefgh",
        "abcdefghi",
        "abcdefghXjklmnop",
        "abcdefghijklmnoX",
        "abcdefghijklmnopX",
        "abcdefghXjklmnopq",
    ] {
        let object = format!(r#"{{"{key}":"{SECRET}"}}"#);
        assert_eq!(left_of(&object, usual, &scope), ["{}"; 3], "{key}");
    }
}

#[test]
fn a_second_spelling_of_a_key_withholds_the_answer_however_many_keys_there_are() {
    let pointers: Vec<String> = (0..100).map(|n| format!("/khoá{n}")).collect();
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    let scope = scope(&pointers, &pointers[..50]);
    let members: Vec<String> = (0..100).map(|n| format!("\"khoá{n}\":{n}")).collect();
    let usual = format!("{{{}}}", members.join(","));
    assert!(cut(format!("[{usual},{usual}]").as_bytes(), &scope).is_ok());
    for n in 0..100 {
        for which in [0, 1, 0b1111] {
            let again = spelled(&format!("khoá{n}"), which, false);
            let doubled = format!("[{usual},{{{},\"{again}\":1}}]", members.join(","));
            assert_eq!(cut(doubled.as_bytes(), &scope).unwrap_err().flaw, Flaw::DuplicateKey, "{again}");
            let doubled = format!("[{usual},{{\"{again}\":1,{}}}]", members.join(","));
            assert_eq!(cut(doubled.as_bytes(), &scope).unwrap_err().flaw, Flaw::DuplicateKey, "{again}");
        }
    }
}

#[test]
fn a_catalogued_name_that_cannot_be_written_plainly_is_known_all_the_same() {
    let scope = scope(&["/a\"b", "/c\\d", "/e\nf", "/g"], &["/a\"b", "/e\nf", "/g"]);
    let usual = r#"{"a\"b":1,"c\\d":2,"e\nf":3,"g":4}"#;
    let object = r#"{"a\u0022b":1,"c\u005cd":2,"e\u000af":3,"g":4}"#;
    let left = r#"{"a\u0022b":1,"e\u000af":3,"g":4}"#;
    assert_eq!(left_of(object, usual, &scope), [left; 3]);
    let doubled = r#"[{"a\"b":1},{"a\"b":1,"a\u0022b":1}]"#;
    assert_eq!(cut(doubled.as_bytes(), &scope).unwrap_err().flaw, Flaw::DuplicateKey);
}

#[test]
fn what_is_withheld_is_judged_as_strictly_as_what_is_kept() {
    let scope = scope(&["/a/x", "/s", "/t/x"], &["/a/x"]);
    let bad: &[(&[u8], Flaw)] = &[
        (br#"{"x":1,"x":2}"#, Flaw::DuplicateKey),
        (br#"[{"y":{"z":1,"\u007a":2}}]"#, Flaw::DuplicateKey),
        (b"[01]", Flaw::BadNumber),
        (b"-", Flaw::BadNumber),
        (b"NaN", Flaw::NotFinite),
        (b"{\"x\":[-inf]}", Flaw::NotFinite),
        (b"tru", Flaw::Unexpected),
        (b"[1,]", Flaw::Unexpected),
        (b"{\"x\" 1}", Flaw::Unexpected),
        (b"[1}", Flaw::Unexpected),
        (b"{\"x\":1]", Flaw::Unexpected),
        (br#"["\ud800"]"#, Flaw::LoneSurrogate),
        (br#"{"\udc00":1}"#, Flaw::LoneSurrogate),
        (br#""\q""#, Flaw::BadEscape),
        (b"\"\t\"", Flaw::ControlCharacter),
        (b"{\"\x01\":1}", Flaw::ControlCharacter),
        (b"[\"\xc3\"]", Flaw::NotUtf8),
        (b"{\"\xff\":1}", Flaw::NotUtf8),
        (b"\xef\xbb\xbf1", Flaw::Unexpected),
    ];
    for place in ["a", "s", "t", "unknown"] {
        for (value, flaw) in bad {
            let object = [format!("{{\"{place}\":").as_bytes(), value, b"}"].concat();
            let usual: &[u8] = br#"{"a":{"x":1},"s":1,"t":{"x":2},"unknown":{"x":3}}"#;
            assert_eq!(cut(&object, &scope).unwrap_err().flaw, *flaw, "{}", String::from_utf8_lossy(&object));
            let behind = [b"[", usual, b",", &object, b"]"].concat();
            assert_eq!(cut(&behind, &scope).unwrap_err().flaw, *flaw, "{}", String::from_utf8_lossy(&behind));
        }
    }
}

#[test]
fn what_stands_behind_something_unknown_is_cut_as_ever() {
    let scope = scope(&["/a", "/b", "/list/*/a", "/list/*/b"], &["/a", "/list/*/a"]);
    let unknown = r#"{"a":1,"list":[{"a":2},[[{"b":{}}]],"}",null],"\u0061a":{"b":[]}}"#;
    let object = format!(
        r#"{{"u":{unknown},"a":3,"v":[{unknown},{unknown}],"list":[{{"w":{unknown},"a":4,"b":5}},{{"a":6}}],"b":7}}"#
    );
    let (left, report) = cut_text(&object, &scope);
    assert_eq!(left, r#"{"a":3,"list":[{"a":4},{"a":6}]}"#);
    assert_eq!(
        (counts(&report, "/a"), counts(&report, "/b"), counts(&report, "/list/*/a"), report.uncatalogued),
        (Some((1, 0)), Some((0, 1)), Some((2, 0)), 3)
    );
}
