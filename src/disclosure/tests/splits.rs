//! Claims about answers that come in chunks: where they are cut makes no difference, and what came so far is never valid.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::super::filter::{Cut, Filter, cut};
use super::super::undisclosable::{Flaw, Undisclosable};
use super::{DAN_CU, DAN_CU_FIELDS, TT_001, docs, nodes, scope};
use crate::policy::scope::Scope;

/// Documents that are cut in awkward places, flawed in awkward places, or both.
const TRICKY: &[&str] = &[
    "",
    " ",
    "{}",
    "[]",
    " [ ] ",
    "null",
    "7",
    " 12.5e-3 ",
    "-",
    "-0",
    "-Infinity",
    "[-Infinit",
    "[NaN]",
    "[nan",
    "[na",
    "[n",
    "[nul]",
    "[null]",
    "[i",
    "[in]",
    "[inf]",
    "[I ",
    "[tru",
    "[true",
    "[truely]",
    "[falsch]",
    "\"text\"",
    "\"te\\u0041xt\" ",
    "\"",
    "\"\\",
    "\"\\u",
    "[1",
    "[1.",
    "[1.]",
    "[1e+",
    "[01]",
    "[0",
    "[0]x",
    "{\"a\":1} x",
    "{\"a\":1}{",
    "{\"a\":1}\u{0}",
    "\u{feff}{\"a\":1}",
    " \u{feff}{\"a\":1}",
    "{\"a\"",
    "{\"a",
    "{\"a\" :\t1 , \"s\" : [ 2 , 3 ] }\r\n",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u0061\":1,\"s\":{\"\\u0061\":1}}",
    "{\"u\":{\"x\":1,\"y\":[{\"x\":1},{\"x\":2}],\"x\":1}}",
    "{\"a\":\"\\ud83d\\ude00\",\"s\":\"\\ud83d\"}",
    "{\"a\":\"\\ud83d\\u0041\"}",
    "{\"a\":\"\\ud83d\\n\"}",
    "{\"a\":\"\\ud83d",
    "{\"a\":\"\\ud83d\\",
    "{\"a\":\"\\ud83d\\u",
    "{\"a\":\"\\ude00\"}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\\u00g0\"}",
    "{\"a\":\"\u{1}\"}",
    "{\"\\ud83d\\ude00\":1,\"Tên\":\"Nguyễn Thị Mẫu 😀\",\"a\":\"Đỗ😀\"}",
    "{\"list\":[{\"x\":1,\"y\":[1,2,{\"z\":3}]},7,null,\"secret\",[8,[9]],{\"x\":\"\\\"\"}]}",
    "{\"list\":{\"x\":1,\"y\":2}, \"a\" :true,\"b\":false}",
    "{\"a\":1,}",
    "[1,]",
    "[1,,2]",
    "{\"a\":}",
    "{\"a\":1]",
    "[1}",
    "]",
];

fn tricky_scope() -> Scope {
    let catalogue = ["/a", "/b", "/s", "/Tên", "/😀", "/list/*/x", "/list/*/y", "/list/x"];
    scope(&catalogue, &["/a", "/Tên", "/😀", "/list/*/x", "/list/x"])
}

/// The cut of an answer that comes in these chunks. Holds on its way that nothing valid comes before the end.
fn cut_chunks<'c>(chunks: impl IntoIterator<Item = &'c [u8]>, scope: &Scope) -> Result<Cut, Undisclosable> {
    let mut filter = Filter::new(scope);
    let mut bytes = Vec::new();
    for chunk in chunks {
        let before = bytes.clone();
        if let Err(flaw) = filter.feed(chunk, &mut bytes) {
            assert_eq!(bytes, before, "a chunk with a flaw gives nothing");
            assert_eq!(filter.feed(b"]}", &mut bytes), Err(flaw), "a flaw is for good");
            assert_eq!(filter.finish(&mut bytes), Err(flaw));
            assert_eq!(bytes, before);
            return Err(flaw);
        }
    }
    let unfinished = String::from_utf8_lossy(&bytes).into_owned();
    assert!(serde_json::from_str::<&RawValue>(&unfinished).is_err(), "{unfinished}");
    let report = filter.finish(&mut bytes)?;
    Ok(Cut { bytes, report })
}

fn halves(json: &[u8], place: usize) -> [&[u8]; 2] {
    let (head, tail) = json.split_at(place);
    [head, tail]
}

/// Holds for every way to cut an answer in two, and for chunks of a few sizes.
fn cuts_make_no_difference(json: &[u8], scope: &Scope) {
    let whole = cut(json, scope);
    let shown = String::from_utf8_lossy(json);
    for place in 0..=json.len() {
        assert_eq!(cut_chunks(halves(json, place), scope), whole, "{shown} cut at {place}");
    }
    for size in [1, 2, 3, 5, 8, 13, 64] {
        assert_eq!(cut_chunks(json.chunks(size), scope), whole, "{shown} in chunks of {size}");
    }
}

#[test]
fn where_a_tricky_answer_is_cut_makes_no_difference() {
    let scope = tricky_scope();
    for json in TRICKY {
        cuts_make_no_difference(json.as_bytes(), &scope);
        let short = json.len() < 40;
        for place in (0..=json.len()).filter(|_| short) {
            let [head, tail] = halves(json.as_bytes(), place);
            for second in 0..=tail.len() {
                let [middle, tail] = halves(tail, second);
                assert_eq!(
                    cut_chunks([head, middle, tail], &scope),
                    cut(json.as_bytes(), &scope),
                    "{json} {place} {second}"
                );
            }
        }
    }
}

#[test]
fn where_bytes_that_are_not_utf8_are_cut_makes_no_difference() {
    let scope = tricky_scope();
    for bad in [
        &b"\xff"[..],
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\xf4\x90\x80\x80",
        b"\xe1\xba",
        b"\x80",
        b"\xef\xbb",
    ] {
        for (before, after) in [
            ("", ""),
            ("{\"a\":\"", "\"}"),
            ("{\"", "\":1}"),
            ("{\"a\":1}", ""),
            ("[nu", "ll]"),
            ("[1", "]"),
            ("{\"a\"", ":1"),
        ] {
            cuts_make_no_difference(&[before.as_bytes(), bad, after.as_bytes()].concat(), &scope);
        }
    }
}

#[test]
fn where_a_record_is_cut_makes_no_difference() {
    let scope = scope(DAN_CU_FIELDS, TT_001);
    cuts_make_no_difference(DAN_CU.as_bytes(), &scope);
    cuts_make_no_difference(format!("[{DAN_CU},\n{DAN_CU}]").as_bytes(), &scope);
}

#[test]
fn where_the_bounds_of_keys_and_numbers_are_cut_makes_no_difference() {
    let scope = tricky_scope();
    for length in [1_000, 1_018, 1_019, 1_023, 1_024, 1_025, 1_030, 2_047, 2_048, 2_049, 5_000] {
        let key = "k".repeat(length);
        let number = "1".repeat(length);
        for json in [
            format!("{{\"{key}\":1}}"),
            format!("{{\"{key}\\ud83d\\ude00\":1}}"),
            format!("{{\"{key}\\ud83d\\ud83d\":1}}"),
            format!("{{\"{key}\\x\":1}}"),
            format!("{{\"{key}\u{1}\":1}}"),
            format!("{{\"{key}"),
            format!("{{\"a\":{number}}}"),
            format!("{{\"a\":{number}.x}}"),
            format!("{{\"a\":{number}"),
            format!("{{\"a\":\"{key}\\ud83d\\ude00{key}\"}}"),
            format!("{{\"a\":{}1}}", " ".repeat(length)),
        ] {
            let whole = cut(json.as_bytes(), &scope);
            for place in (0..12).chain(1_000..1_040).chain(2_040..2_060).filter(|place| *place <= json.len())
            {
                assert_eq!(
                    cut_chunks(halves(json.as_bytes(), place), &scope),
                    whole,
                    "{length} cut at {place}"
                );
            }
            for size in [1, 7, 1_024, 1_025, 2_048] {
                assert_eq!(
                    cut_chunks(json.as_bytes().chunks(size), &scope),
                    whole,
                    "{length} in chunks of {size}"
                );
            }
        }
    }
}

#[test]
fn an_answer_of_many_blocks_is_one_answer() {
    let scope = scope(DAN_CU_FIELDS, TT_001);
    let one = cut(DAN_CU.as_bytes(), &scope).unwrap();
    let records = [DAN_CU; 200].join(",");
    let many = cut(format!("[{records}]").as_bytes(), &scope).unwrap();
    let expected = vec![String::from_utf8(one.bytes).unwrap(); 200].join(",");
    assert_eq!(String::from_utf8(many.bytes).unwrap(), format!("[{expected}]"));
    for (many, one) in many.report.fields.iter().zip(&one.report.fields) {
        assert_eq!((many.released, many.withheld), (one.released * 200, one.withheld * 200));
    }
}

#[test]
fn the_first_flaw_is_the_one_that_is_told() {
    let flaw = |json: &[u8]| cut(json, &tricky_scope()).unwrap_err();
    assert_eq!(flaw(b"[01,\xff]"), Undisclosable { flaw: Flaw::BadNumber, at: 2 });
    assert_eq!(flaw(b"[1,\"\xff\",01]"), Undisclosable { flaw: Flaw::NotUtf8, at: 4 });
}

#[test]
fn a_string_longer_than_any_buffer_goes_through() {
    let scope = tricky_scope();
    let text = "Một câu dài \\u00e0 \\\\ ".repeat(5_000);
    let json = format!("{{\"b\":\"{text}\",\"a\":\"{text}\",\"s\":\"{text}\"}}");
    let kept = format!("{{\"a\":\"{text}\"}}");
    for size in [1_000, 4_096, 16_384, 65_536] {
        assert_eq!(cut_chunks(json.as_bytes().chunks(size), &scope).unwrap().bytes, kept.as_bytes());
    }
}

proptest! {
    #[test]
    fn where_any_answer_is_cut_makes_no_difference(
        doc in docs(), root in nodes(), space in "[ \n\t]{0,2}",
        byte in any::<u8>(), place in any::<prop::sample::Index>(), crooked in any::<bool>(),
        cuts in prop::collection::vec(1_usize..40, 1..8),
    ) {
        let mut json = String::new();
        doc.write(&space, &mut json);
        let mut json = json.into_bytes();
        if crooked {
            let place = place.index(json.len());
            json[place] = byte;
        }
        let scope = Scope { root, hash: [0; 32], pointers: Vec::new() };
        let mut rest = json.as_slice();
        let mut chunks = Vec::new();
        for size in cuts.iter().cycle() {
            let (chunk, after) = rest.split_at(rest.len().min(*size));
            chunks.push(chunk);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(cut_chunks(chunks, &scope), cut(&json, &scope));
    }
}
