//! Claims about the cut, on the province's own samples, on crooked answers, and on made-up ones against a naive filter.

mod attacks;
mod reference;
mod splits;

use proptest::prelude::*;
use serde_json::Value;

use super::chunks::Chunks;
use super::filter::{Cut, cut};
use super::keys::Known;
use super::keys::OPEN_KEYS_MAX;
use super::listener::{Listener, Piece};
use super::reader::DEPTH_MAX;
use super::released::Report;
use super::scan::KEY_MAX;
use super::undisclosable::{Flaw, Undisclosable};
use crate::language::Text;
use crate::policy::scope::{Class, Field, Node, Scope};

/// A scope over a catalogue of pointers, keeping those at or below one of `granted`.
fn scope(catalogue: &[&str], granted: &[&str]) -> Scope {
    let mut root = Node::default();
    for pointer in catalogue {
        let kept =
            granted.iter().any(|grant| *grant == *pointer || pointer.starts_with(&format!("{grant}/")));
        let mut node = &mut root;
        node.leads_to_kept |= kept;
        for token in pointer.split('/').skip(1) {
            node = match token {
                "*" => node.items.get_or_insert_default().as_mut(),
                name => node.members.entry(name.into()).or_default(),
            };
            node.leads_to_kept |= kept;
        }
        node.kept = kept;
        let name = Text::new(*pointer, *pointer);
        node.field = Some(Field { pointer: (*pointer).to_owned(), name, class: Class::Basic }.into());
    }
    Scope { root, hash: [0; 32], pointers: granted.iter().map(|grant| (*grant).to_owned()).collect() }
}

fn cut_text(json: &str, scope: &Scope) -> (String, Report) {
    let Cut { bytes, report } = cut(json.as_bytes(), scope).unwrap_or_else(|error| panic!("{error}: {json}"));
    (String::from_utf8(bytes).unwrap(), report)
}

/// Released and withheld of one pointer, if the report has it.
fn counts(report: &Report, pointer: &str) -> Option<(u64, u64)> {
    let field = report.fields.iter().find(|field| field.pointer == pointer)?;
    Some((field.released, field.withheld))
}

const DAN_CU: &str = include_str!("citizen.json");

const DAN_CU_FIELDS: &[&str] = &[
    "/_mau",
    "/MaGiaoDich",
    "/TrangThai",
    "/MoTa",
    "/CongDan/SoDinhDanh",
    "/CongDan/HoVaTen/Ho",
    "/CongDan/HoVaTen/ChuDem",
    "/CongDan/HoVaTen/Ten",
    "/CongDan/GioiTinh",
    "/CongDan/NgayThangNamSinh",
    "/CongDan/DanToc",
    "/CongDan/TonGiao",
    "/CongDan/TinhTrangHonNhan",
    "/CongDan/QuocTich",
    "/CongDan/QueQuan/MaTinh",
    "/CongDan/QueQuan/ChiTiet",
    "/CongDan/ThuongTru/MaTinh",
    "/CongDan/ThuongTru/MaXa",
    "/CongDan/ThuongTru/ChiTiet",
    "/CongDan/Cha",
    "/CongDan/Me",
    "/CongDan/VoChong",
    "/CongDan/VoChong/HoVaTen",
    "/CongDan/VoChong/SoDinhDanh",
    "/CongDan/ChuHo",
];

/// The clause of TT-2026-001.
const TT_001: &[&str] = &[
    "/MaGiaoDich",
    "/TrangThai",
    "/MoTa",
    "/CongDan/SoDinhDanh",
    "/CongDan/HoVaTen",
    "/CongDan/NgayThangNamSinh",
    "/CongDan/GioiTinh",
    "/CongDan/ThuongTru",
];

#[test]
fn one_stop_gets_name_birth_sex_and_residence_but_no_ethnicity_religion_or_relatives() {
    let (out, report) = cut_text(DAN_CU, &scope(DAN_CU_FIELDS, TT_001));
    assert_eq!(
        out,
        concat!(
            r#"{"MaGiaoDich":"01JDEMO0000000000000000001","TrangThai":"1","MoTa":"Thành công","#,
            r#""CongDan":{"SoDinhDanh":"099190000001","HoVaTen":{"Ho":"Nguyễn","ChuDem":"Thị","Ten":"Mẫu"},"#,
            r#""GioiTinh":"2","NgayThangNamSinh":"19900115","#,
            r#""ThuongTru":{"MaTinh":"33","MaXa":"99001","ChiTiet":"Số 1, phố Mẫu, phường Mẫu B"}}}"#
        )
    );
    assert_eq!(counts(&report, "/CongDan/HoVaTen/Ten"), Some((1, 0)));
    for pointer in [
        "/CongDan/DanToc",
        "/CongDan/TonGiao",
        "/CongDan/Cha",
        "/CongDan/VoChong",
        "/CongDan/VoChong/SoDinhDanh",
    ] {
        assert_eq!(counts(&report, pointer), Some((0, 1)), "{pointer}");
    }
    assert_eq!(report.uncatalogued, 0);
    assert!(report.released_any());
}

#[test]
fn the_ward_gets_the_marriage_without_the_ethnicity_of_either_side() {
    let json = r#"{"_mau":true,"ketQua":{"ma":"00","moTa":"Tìm thấy"},"suKien":[{"loai":"KET_HON","so":"12/2019",
 "ngayDangKy":"2019-05-20","coQuanDangKy":{"ma":"H31.99.01","ten":"UBND phường Mẫu B"},
 "benNam":{"hoTen":"Trần Văn Thử","soDinhDanh":"099088000013","danToc":"Kinh"},
 "benNu":{"hoTen":"Nguyễn Thị Mẫu","soDinhDanh":"099190000001","danToc":"Kinh"},
 "ghiChu":null}]}"#;
    let fields = &[
        "/ketQua/ma",
        "/ketQua/moTa",
        "/suKien/*/loai",
        "/suKien/*/so",
        "/suKien/*/ngayDangKy",
        "/suKien/*/coQuanDangKy/ma",
        "/suKien/*/coQuanDangKy/ten",
        "/suKien/*/benNam/hoTen",
        "/suKien/*/benNam/soDinhDanh",
        "/suKien/*/benNu/hoTen",
        "/suKien/*/benNu/soDinhDanh",
        "/suKien/*/ghiChu",
    ];
    let sensitive = ["/suKien/*/benNam/danToc", "/suKien/*/benNu/danToc"];
    let (out, report) = cut_text(json, &scope(&[fields.as_slice(), &sensitive].concat(), fields));
    assert_eq!(
        out,
        concat!(
            r#"{"ketQua":{"ma":"00","moTa":"Tìm thấy"},"suKien":[{"loai":"KET_HON","so":"12/2019","ngayDangKy":"2019-05-20","#,
            r#""coQuanDangKy":{"ma":"H31.99.01","ten":"UBND phường Mẫu B"},"#,
            r#""benNam":{"hoTen":"Trần Văn Thử","soDinhDanh":"099088000013"},"#,
            r#""benNu":{"hoTen":"Nguyễn Thị Mẫu","soDinhDanh":"099190000001"},"ghiChu":null}]}"#
        )
    );
    assert!(sensitive.iter().all(|pointer| counts(&report, pointer) == Some((0, 1))));
    assert_eq!(report.uncatalogued, 1, "`_mau` is in no catalogue here");
}

#[test]
fn a_land_transfer_learns_the_kind_of_each_restriction_and_no_more() {
    let json = r#"{"_mau":true,"success":true,"data":{"thuaDat":{"soHieuToBanDo":12,"soThuTuThua":345,"maXa":"99001",
 "dienTich":120.5,"kyHieuMucDichSuDung":"ODT","thoiHan":"Lâu dài"},
 "giayChungNhan":{"soPhatHanh":"ZZ 00000001","soVaoSo":"VP00001","ngayCap":"2025-08-15"},
 "chuSuDung":[{"hoTen":"Nguyễn Thị Mẫu","soGiayTo":"099190000001","diaChi":"Số 1, phố Mẫu"}],
 "hanChe":[{"loai":"THE_CHAP","toChuc":"Ngân hàng Mẫu","tuNgay":"2026-01-10"}]}}"#;
    let catalogue = [
        "/_mau",
        "/success",
        "/data/thuaDat/soHieuToBanDo",
        "/data/thuaDat/soThuTuThua",
        "/data/thuaDat/maXa",
        "/data/thuaDat/dienTich",
        "/data/thuaDat/kyHieuMucDichSuDung",
        "/data/thuaDat/thoiHan",
        "/data/giayChungNhan/soPhatHanh",
        "/data/giayChungNhan/soVaoSo",
        "/data/giayChungNhan/ngayCap",
        "/data/chuSuDung",
        "/data/chuSuDung/*/hoTen",
        "/data/chuSuDung/*/soGiayTo",
        "/data/chuSuDung/*/diaChi",
        "/data/hanChe/*/loai",
        "/data/hanChe/*/toChuc",
        "/data/hanChe/*/tuNgay",
    ];
    let granted = ["/success", "/data/thuaDat", "/data/giayChungNhan", "/data/hanChe/*/loai"];
    let (out, report) = cut_text(json, &scope(&catalogue, &granted));
    assert_eq!(
        out,
        concat!(
            r#"{"success":true,"data":{"thuaDat":{"soHieuToBanDo":12,"soThuTuThua":345,"maXa":"99001","dienTich":120.5,"#,
            r#""kyHieuMucDichSuDung":"ODT","thoiHan":"Lâu dài"},"giayChungNhan":{"soPhatHanh":"ZZ 00000001","#,
            r#""soVaoSo":"VP00001","ngayCap":"2025-08-15"},"hanChe":[{"loai":"THE_CHAP"}]}}"#
        )
    );
    assert_eq!(counts(&report, "/data/chuSuDung"), Some((0, 1)), "one person's data stayed");
    assert_eq!(counts(&report, "/data/chuSuDung/*/hoTen"), Some((0, 1)));
    assert_eq!(counts(&report, "/data/hanChe/*/toChuc"), Some((0, 1)));
}

#[test]
fn representatives_are_cut_alike_as_one_object_and_as_an_array() {
    let catalogue = ["/MainInformation/NAME", "/Representatives/FULL_NAME", "/Representatives/LEGAL_DOC_NO"];
    let scope = scope(&catalogue, &["/MainInformation/NAME", "/Representatives/FULL_NAME"]);
    let person = r#"{"FULL_NAME":"Lê Minh Giả","LEGAL_DOC_NO":"099085000021","POSITION":"Giám đốc"}"#;

    let (one, report) = cut_text(&format!(r#"{{"Representatives":{person}}}"#), &scope);
    assert_eq!(one, r#"{"Representatives":{"FULL_NAME":"Lê Minh Giả"}}"#);
    assert_eq!((counts(&report, "/Representatives/LEGAL_DOC_NO"), report.uncatalogued), (Some((0, 1)), 1));

    let (two, report) = cut_text(&format!(r#"{{"Representatives":[{person},{person}]}}"#), &scope);
    assert_eq!(two, r#"{"Representatives":[{"FULL_NAME":"Lê Minh Giả"},{"FULL_NAME":"Lê Minh Giả"}]}"#);
    assert_eq!(counts(&report, "/Representatives/FULL_NAME"), Some((2, 0)));
    assert_eq!((counts(&report, "/Representatives/LEGAL_DOC_NO"), report.uncatalogued), (Some((0, 2)), 2));
    assert_eq!(
        counts(&report, "/MainInformation/NAME"),
        None,
        "what is not in the answer is not in the report"
    );
}

#[test]
fn the_hospital_gets_the_card_and_not_the_person() {
    let json = r#"{"_mau":true,"maKetQua":"000","ghiChu":"Thẻ còn giá trị sử dụng","maThe":"DN4999900000001",
 "hoTen":"Nguyễn Thị Mẫu","ngaySinh":"15/01/1990","gioiTinh":"Nữ","diaChi":"Số 1, phố Mẫu",
 "maDKBD":"33999","gtTheTu":"01/01/2026","gtTheDen":"31/12/2026","maTheCu":null}"#;
    let granted = ["/maKetQua", "/ghiChu", "/maThe", "/gtTheTu", "/gtTheDen", "/maDKBD"];
    let person = ["/hoTen", "/ngaySinh", "/gioiTinh", "/diaChi", "/maTheCu"];
    let (out, report) = cut_text(json, &scope(&[granted.as_slice(), &person].concat(), &granted));
    assert_eq!(
        out,
        concat!(
            r#"{"maKetQua":"000","ghiChu":"Thẻ còn giá trị sử dụng","maThe":"DN4999900000001","maDKBD":"33999","#,
            r#""gtTheTu":"01/01/2026","gtTheDen":"31/12/2026"}"#
        )
    );
    assert!(person.iter().all(|pointer| counts(&report, pointer) == Some((0, 1))));
}

#[test]
fn numbers_and_strings_stay_byte_for_byte() {
    let scope = scope(&["/a"], &["/a"]);
    for kept in [
        "12345678901234567890",
        "1.10",
        "-0",
        "-0.0",
        "1E+002",
        "1e999999999",
        r#""\u0041\/\n""#,
        r#""é\ud83d\ude00""#,
    ] {
        assert_eq!(cut_text(&format!(" {{ \"a\" :\t{kept} }}\n"), &scope).0, format!(r#"{{"a":{kept}}}"#));
    }
}

#[test]
fn a_key_is_known_by_its_meaning_and_kept_in_its_spelling() {
    let scope = scope(&["/DanToc", "/Ten", "/😀"], &["/Ten", "/😀"]);
    let (out, report) = cut_text(r#"{"\u0044anToc":"01","T\u0065n":"Mẫu","\ud83d\uDE00":1}"#, &scope);
    assert_eq!(out, r#"{"T\u0065n":"Mẫu","\ud83d\uDE00":1}"#);
    assert_eq!(counts(&report, "/DanToc"), Some((0, 1)));
}

#[test]
fn a_member_the_catalogue_does_not_know_is_withheld_and_counted_but_not_named() {
    let (out, report) =
        cut_text(r#"{"a":{"b":1,"secret":{"x":[1,2]}},"new":[{}]}"#, &scope(&["/a/b"], &["/a"]));
    assert_eq!(out, r#"{"a":{"b":1}}"#);
    assert_eq!(report.uncatalogued, 2);
    assert!(!format!("{report:?}").contains("secret"));
}

#[test]
fn containers_on_the_way_stay_even_when_empty_and_an_array_keeps_its_length() {
    let scope = scope(&["/a/b/c", "/list/*/x", "/list/*/y"], &["/a/b/c", "/list/*/x"]);
    assert_eq!(cut_text(r#"{"a":{"b":{}},"list":[]}"#, &scope).0, r#"{"a":{"b":{}},"list":[]}"#);
    assert_eq!(cut_text(r#"{"list":[{"y":1},{"x":2},{}]}"#, &scope).0, r#"{"list":[{},{"x":2},{}]}"#);
}

#[test]
fn a_scalar_where_a_pointer_goes_deeper_is_withheld_and_leaves_null_only_in_an_array() {
    let scope = scope(&["/a/b", "/list/*/x"], &["/a/b", "/list/*/x"]);
    let (out, report) = cut_text(r#"{"a":"secret","list":["secret",{"x":1},null,[7]]}"#, &scope);
    assert_eq!(out, r#"{"list":[null,{"x":1},null,[null]]}"#);
    assert_eq!(report.uncatalogued, 3, "`null` is how a platform says that there is no such object");
}

#[test]
fn an_object_where_the_catalogue_has_a_scalar_gives_away_nothing() {
    let (out, report) = cut_text(r#"{"a":{"b":1}}"#, &scope(&["/a"], &["/a"]));
    assert_eq!((out.as_str(), report.uncatalogued), (r#"{"a":{}}"#, 1));
}

#[test]
fn a_star_is_never_a_key() {
    let (out, report) = cut_text(r#"{"list":{"*":{"x":1},"x":1}}"#, &scope(&["/list/*/x"], &["/list"]));
    assert_eq!((out.as_str(), report.uncatalogued), (r#"{"list":{}}"#, 2));
}

#[test]
fn an_answer_of_which_nothing_may_stay_is_withheld() {
    for json in ["\"secret\"", "7", "null"] {
        assert_eq!(flaw(json.as_bytes()), (Flaw::NothingGranted, 0), "{json}");
    }
    let nothing = cut(b"{\"a\":1}", &scope(&["/a"], &[]));
    assert_eq!(nothing, Err(Undisclosable { flaw: Flaw::NothingGranted, at: 0 }));
}

#[test]
fn a_scope_that_contradicts_itself_gives_away_nothing_below_what_it_withholds() {
    let kept = || Node { kept: true, leads_to_kept: true, ..Node::default() };
    let closed =
        Node { members: [("b".into(), kept())].into(), items: Some(Box::new(kept())), ..Node::default() };
    let members = [("a".into(), closed), ("c".into(), kept())].into();
    let root = Node { leads_to_kept: true, members, ..Node::default() };
    let scope = Scope { root, hash: [0; 32], pointers: Vec::new() };
    assert_eq!(cut_text(r#"{"a":{"b":1},"c":2}"#, &scope).0, r#"{"c":2}"#);
    assert_eq!(cut_text(r#"{"a":[1],"c":2}"#, &scope).0, r#"{"c":2}"#);
}

fn flaw(json: &[u8]) -> (Flaw, usize) {
    let Undisclosable { flaw, at } = cut(json, &scope(&["/a", "/s"], &["/a"])).unwrap_err();
    (flaw, at)
}

#[test]
fn a_key_that_occurs_twice_withholds_the_answer_even_where_nothing_is_kept() {
    assert_eq!(flaw(br#"{"a":1,"a":1}"#), (Flaw::DuplicateKey, 7));
    assert_eq!(flaw(br#"{"a":1,"\u0061":2}"#), (Flaw::DuplicateKey, 7));
    assert_eq!(flaw(br#"{"unknown":[{"x":1,"y":{"x":1},"x":1}]}"#), (Flaw::DuplicateKey, 31));
    assert!(cut(br#"{"a":1,"s":{"a":1},"x":[{"a":1},{"a":1}]}"#, &scope(&["/a"], &["/a"])).is_ok());
}

#[test]
fn a_key_that_occurs_twice_is_found_among_thousands() {
    let keys: Vec<String> = (0..5_000).map(|n| format!("\"k{n}\":{{\"k0\":0}}")).collect();
    let inner = keys.join(",");
    assert!(cut(format!("{{{inner}}}").as_bytes(), &scope(&["/a"], &["/a"])).is_ok());
    for repeated in ["k0", "k31", "k32", "k33", "k4999"] {
        assert_eq!(
            flaw(format!("{{{inner},\"{repeated}\":0}}").as_bytes()).0,
            Flaw::DuplicateKey,
            "{repeated}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_withhold_the_answer() {
    assert_eq!(flaw(b"{\"a\":\"\xff\"}"), (Flaw::NotUtf8, 6));
    assert_eq!(flaw(b"{\"a\":\"\xc0\xaf\"}"), (Flaw::NotUtf8, 6));
    assert_eq!(flaw(b"{\"a\":\"\xed\xa0\x80\"}"), (Flaw::NotUtf8, 6));
    assert_eq!(flaw(b"\xfe\xff\x00{\x00}"), (Flaw::NotUtf8, 0));
}

#[test]
fn a_byte_order_mark_withholds_the_answer() {
    assert_eq!(flaw(b"\xef\xbb\xbf{\"a\":1}"), (Flaw::ByteOrderMark, 0));
}

#[test]
fn whatever_follows_the_value_withholds_the_answer() {
    assert_eq!(flaw(b"{\"a\":1} x"), (Flaw::TrailingBytes, 8));
    assert_eq!(flaw(b"{\"a\":1}{\"a\":2}"), (Flaw::TrailingBytes, 7));
    assert_eq!(flaw(b"{}\0"), (Flaw::TrailingBytes, 2));
}

#[test]
fn the_sixty_fifth_level_withholds_the_answer() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(cut(nested(DEPTH_MAX).as_bytes(), &scope(&["/a"], &["/a"])).is_ok());
    assert_eq!(flaw(nested(DEPTH_MAX + 1).as_bytes()), (Flaw::TooDeep, DEPTH_MAX));
    assert_eq!(flaw(format!("{{\"x\":{}}}", nested(DEPTH_MAX)).as_bytes()).0, Flaw::TooDeep);
    assert_eq!(flaw("[".repeat(1_000_000).as_bytes()).0, Flaw::TooDeep);
}

#[test]
fn a_key_over_a_kibibyte_withholds_the_answer() {
    let keyed = |length| format!("{{\"{}\":1}}", "k".repeat(length));
    assert!(cut(keyed(KEY_MAX).as_bytes(), &scope(&["/a"], &["/a"])).is_ok());
    assert_eq!(flaw(keyed(KEY_MAX + 1).as_bytes()), (Flaw::KeyTooLong, 1));
}

#[test]
fn more_open_keys_than_are_remembered_withhold_the_answer() {
    let object = |count: usize, last: &str| {
        let keys: Vec<String> = (1..count).map(|n| format!("\"{n}\":0")).collect();
        format!("{{{},\"last\":{last}}}", keys.join(","))
    };
    let scope = scope(&["/a"], &["/a"]);
    assert!(cut(object(OPEN_KEYS_MAX, "0").as_bytes(), &scope).is_ok());
    let over = object(OPEN_KEYS_MAX / 2, &object(OPEN_KEYS_MAX / 2 + 1, "0"));
    assert_eq!(cut(over.as_bytes(), &scope).unwrap_err().flaw, Flaw::TooManyKeys);
    let closed = format!("[{0},{0}]", object(OPEN_KEYS_MAX, "0"));
    assert!(cut(closed.as_bytes(), &scope).is_ok(), "keys of closed objects are forgotten");
}

#[test]
fn numbers_that_are_not_finite_withhold_the_answer() {
    for json in ["[NaN]", "[nan]", "[Infinity]", "[inf]"] {
        assert_eq!(flaw(json.as_bytes()), (Flaw::NotFinite, 1), "{json}");
    }
    assert_eq!(flaw(b"[-Infinity]"), (Flaw::NotFinite, 2));
}

#[test]
fn a_malformed_number_withholds_the_answer() {
    for json in ["[01]", "[-]", "[-01]", "[+1]", "[.5]", "[1.]", "[1.e5]", "[1e]", "[1e+]", "[-a]"] {
        assert_eq!(flaw(json.as_bytes()).0, Flaw::BadNumber, "{json}");
    }
    let long = format!("[{}]", "1".repeat(1_025));
    assert_eq!(flaw(long.as_bytes()), (Flaw::NumberTooLong, 1));
}

#[test]
fn half_a_surrogate_pair_withholds_the_answer() {
    for json in [r#"["\ud83d"]"#, r#"["\ude00"]"#, r#"["\ud83dx"]"#, r#"["\ud83d\n"]"#, r#"["\ud83d\u0041"]"#]
    {
        assert_eq!(flaw(json.as_bytes()), (Flaw::LoneSurrogate, 2), "{json}");
    }
}

#[test]
fn an_unknown_escape_withholds_the_answer() {
    for json in [r#"["\x41"]"#, r#"["\'"]"#, r#"["\u12g4"]"#, r#"["\u+123"]"#, r#"["\U0041"]"#] {
        assert_eq!(flaw(json.as_bytes()).0, Flaw::BadEscape, "{json}");
    }
}

#[test]
fn a_bare_control_character_in_a_string_withholds_the_answer() {
    for byte in 0..0x20_u8 {
        assert_eq!(flaw(&[b'[', b'"', byte, b'"', b']']), (Flaw::ControlCharacter, 2), "{byte}");
    }
}

#[test]
fn an_empty_answer_is_withheld() {
    assert_eq!(flaw(b""), (Flaw::Empty, 0));
    assert_eq!(flaw(b" \r\n\t"), (Flaw::Empty, 0));
}

#[test]
fn every_beginning_of_an_answer_is_withheld() {
    let scope = scope(&["/a"], &["/a"]);
    let whole = r#" {"a":"\ud83d\ude00é\n","b":[true,false,null,{}],"c":{"d":[]}}"#;
    assert!(cut(whole.as_bytes(), &scope).is_ok());
    for end in 2..whole.len() {
        let error = cut(whole.as_bytes().get(..end).unwrap(), &scope).unwrap_err();
        assert!(matches!(error.flaw, Flaw::Truncated | Flaw::NotUtf8), "{end}: {error}");
    }
}

#[test]
fn what_only_lenient_readers_take_withholds_the_answer() {
    for json in [
        "{'a':1}",
        "{a:1}",
        "[1,]",
        "{\"a\":1,}",
        "[,1]",
        "[1 2]",
        "{\"a\" 1}",
        "{\"a\":}",
        "[1//c\n]",
        "[1/*c*/]",
        "[}",
        "{]",
        "[0x10]",
        "[True]",
        "[nul]",
        "[1}",
        "{\"a\":1]",
        "{1:1}",
        "[\u{a0}1]",
        "[1\u{c}]",
        "}",
        ":",
        ",",
        "[undefined]",
    ] {
        assert_eq!(flaw(json.as_bytes()).0, Flaw::Unexpected, "{json}");
    }
}

/// Keys that documents and scopes of the property tests have in common, each with its meaning.
const KEYS: &[(&str, &str)] =
    &[("a", "a"), ("\\u0062", "b"), ("c", "c"), ("D\\u00e2n", "Dân"), ("*", "*"), ("e\\/f", "e/f"), ("", "")];

#[derive(Debug, Clone)]
enum Doc {
    Scalar(String),
    Array(Vec<Doc>),
    /// Members by index into [`KEYS`], each once.
    Object(std::collections::BTreeMap<usize, Doc>),
}

impl Doc {
    /// The document with white space of two kinds, chosen by `space`.
    fn write(&self, space: &str, out: &mut String) {
        out.push_str(space);
        match self {
            Self::Scalar(raw) => out.push_str(raw),
            Self::Array(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    out.push_str(if place > 0 { "," } else { "" });
                    item.write(space, out);
                }
                out.push_str(space);
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (place, (key, value)) in members.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    out.push_str(&format!("{comma}{space}\"{}\"{space}:", KEYS[*key].0));
                    value.write(space, out);
                }
                out.push_str(space);
                out.push('}');
            }
        }
        out.push_str(space);
    }
}

fn docs() -> impl Strategy<Value = Doc> {
    let scalar = prop_oneof![
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
        "\"([ !#-\\[\\]-~àđẫ😀]|\\\\[nt\"\\\\/]|\\\\u00e[0-9]|\\\\ud83d\\\\ude0[0-9a-f]){0,12}\"",
        prop_oneof!["true", "false", "null"],
    ];
    scalar.prop_map(Doc::Scalar).prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Doc::Array),
            prop::collection::btree_map(0..KEYS.len(), inner, 0..6).prop_map(Doc::Object),
        ]
    })
}

fn nodes() -> impl Strategy<Value = Node> {
    let leaf = any::<bool>().prop_map(|kept| Node { kept, leads_to_kept: kept, ..Node::default() });
    leaf.prop_recursive(5, 60, 5, |inner| {
        let members = prop::collection::btree_map(0..KEYS.len(), inner.clone(), 0..6);
        (any::<bool>(), members, prop::option::of(inner)).prop_map(|(kept, members, items)| {
            let members: std::collections::BTreeMap<std::sync::Arc<str>, Node> =
                members.into_iter().map(|(key, node)| (KEYS[key].1.into(), node)).collect();
            let below = members.values().chain(&items).any(|node| node.leads_to_kept);
            Node { kept, leads_to_kept: kept || below, field: None, members, items: items.map(Box::new) }
        })
    })
}

/// What the cut should give, said as simply as possible and on values.
fn naive(value: &Value, node: &Node) -> Option<Value> {
    match value {
        Value::Object(members) => node.leads_to_kept.then(|| {
            let kept = |(key, value): (&String, &Value)| {
                Some((key.clone(), naive(value, node.members.get(key.as_str())?)?))
            };
            Value::Object(members.iter().filter_map(kept).collect())
        }),
        Value::Array(items) => node.leads_to_kept.then(|| {
            let place = node.items.as_deref().unwrap_or(node);
            Value::Array(items.iter().map(|item| naive(item, place).unwrap_or(Value::Null)).collect())
        }),
        scalar => node.kept.then(|| scalar.clone()),
    }
}

/// Hears the scalars.
#[derive(Debug, Default)]
struct Scalars(Vec<String>);

impl Listener for Scalars {
    fn likely_key(&self) -> Option<&[u8]> {
        None
    }

    fn pass_likely_key(&mut self) -> bool {
        false
    }

    fn likely_key_came(&mut self, _key: Piece<'_>) -> Known {
        Known::Not
    }

    fn key(&mut self, _key: Piece<'_>, _name: &[u8]) -> Known {
        Known::Not
    }

    fn begin(&mut self, _bracket: Piece<'_>, _array: bool) -> bool {
        true
    }

    fn end(&mut self, _bracket: Piece<'_>) {}

    fn scalar(&mut self, scalar: Piece<'_>) {
        self.0.push(String::from_utf8(scalar.written().to_vec()).unwrap());
    }

    fn text(&mut self, part: Piece<'_>, first: bool, _last: bool) {
        let written = std::str::from_utf8(part.written()).unwrap();
        if first { self.0.push(written.to_owned()) } else { self.0.last_mut().unwrap().push_str(written) }
    }

    fn pause(&mut self, _bytes: &[u8]) {}
}

fn scalars(json: &[u8]) -> Vec<String> {
    let mut chunks = Chunks::new(Scalars::default());
    chunks.feed(json).unwrap();
    chunks.finish().unwrap().0
}

proptest! {
    #[test]
    fn the_cut_keeps_what_a_naive_filter_keeps(doc in docs(), root in nodes(), space in "[ \n\t]{0,2}") {
        let mut json = String::new();
        doc.write(&space, &mut json);
        let scope = Scope { root, hash: [0; 32], pointers: Vec::new() };
        let expected = naive(&serde_json::from_str(&json).unwrap(), &scope.root);
        let cut = cut(json.as_bytes(), &scope);
        match (cut, expected) {
            (Ok(cut), Some(expected)) => {
                prop_assert_eq!(serde_json::from_slice::<Value>(&cut.bytes).unwrap(), expected);
            }
            (Err(error), None) => prop_assert_eq!(error.flaw, Flaw::NothingGranted),
            (cut, expected) => prop_assert!(false, "{:?} is not {:?}", cut, expected),
        }
    }

    #[test]
    fn every_kept_scalar_stands_in_the_answer_byte_for_byte_and_in_order(doc in docs(), root in nodes()) {
        let mut json = String::new();
        doc.write("", &mut json);
        let scope = Scope { root, hash: [0; 32], pointers: Vec::new() };
        if let Ok(cut) = cut(json.as_bytes(), &scope) {
            let mut sent = scalars(json.as_bytes()).into_iter();
            for kept in scalars(&cut.bytes).into_iter().filter(|raw| raw != "null") {
                prop_assert!(sent.any(|raw| raw == kept), "{} in {}", kept, json);
            }
        }
    }

    #[test]
    fn a_cut_answer_cut_again_is_unchanged(doc in docs(), root in nodes()) {
        let mut json = String::new();
        doc.write(" ", &mut json);
        let scope = Scope { root, hash: [0; 32], pointers: Vec::new() };
        if let Ok(first) = cut(json.as_bytes(), &scope) {
            let again = cut(&first.bytes, &scope).unwrap();
            prop_assert_eq!(again.bytes, first.bytes);
        }
    }

    #[test]
    fn whatever_is_disclosed_is_json_to_others_too(
        doc in docs(), byte in any::<u8>(), place in any::<prop::sample::Index>(), insert in any::<bool>(),
    ) {
        let mut json = String::new();
        doc.write("", &mut json);
        let mut crooked = json.into_bytes();
        let place = place.index(crooked.len());
        if insert { crooked.insert(place, byte) } else { crooked[place] = byte }
        let root = Node { kept: true, leads_to_kept: true, ..Node::default() };
        let scope = Scope { root, hash: [0; 32], pointers: Vec::new() };
        if let Ok(cut) = cut(&crooked, &scope) {
            let number_out_of_range = |error: &serde_json::Error| error.to_string().contains("out of range");
            for json in [&crooked, &cut.bytes] {
                let verdict = serde_json::from_slice::<Value>(json);
                prop_assert!(verdict.as_ref().err().is_none_or(number_out_of_range), "{:?}", verdict);
            }
        }
    }

    #[test]
    fn no_bytes_at_all_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = cut(&bytes, &scope(&["/a"], &["/a"]));
    }
}
