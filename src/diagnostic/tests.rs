//! What a person sees: line, caret, suggestion.

use jiff::civil::{Date, date};

use super::code::Code;
use super::fault::{Fault, Faults, Severity};
use super::quantity::Size;
use super::source::{Placed, Source};
use super::table::Table;
use crate::id::AgencyId;
use crate::language::Language;

/// Reads a small form with every kind of getter.
fn form(table: &mut Table<'_>, faults: &mut Faults) -> Option<(Placed<AgencyId>, Option<Placed<u64>>)> {
    let id = table.required("id", faults);
    let daily = table.optional::<u64>("daily", faults);
    let _ = table.optional::<Date>("until", faults);
    let _ = table.optional::<Size>("response", faults);
    let _ = table.list::<String>("fields", faults);
    let _ = table
        .take("limits")
        .and_then(|value| value.table(faults, |limits, faults| limits.required::<u64>("burst", faults)));
    Some((id?, daily))
}

fn faults_of(text: &str) -> Faults {
    let mut faults = Faults::new();
    Source::new("forms/a.toml", text).read(&mut faults, form);
    faults
}

fn codes(faults: &Faults) -> Vec<Code> {
    faults.iter().map(Fault::code).collect()
}

#[test]
fn a_misspelt_key_is_shown_with_line_caret_and_what_was_meant() {
    let shown = faults_of("id = \"H31\"\ndaly = 3\n").render(false);
    assert_eq!(
        shown.trim_end(),
        "\
fault[F0003]: the file has a key `daly` that nobody knows
 --> forms/a.toml:2:1
  |
2 | daly = 3
  | ^^^^ unknown key
  |
  = help: did you mean `daily`?"
    );
}

#[test]
fn all_faults_of_a_file_come_at_once() {
    let faults = faults_of(
        "daily = -1\nuntil = \"2026-01-01\"\nresponse = \"1 MB\"\nfields = [1, \"a\"]\nfoo = 1\n[limits]\n",
    );
    assert_eq!(
        codes(&faults),
        [
            Code::MissingKey,
            Code::WrongType,
            Code::WrongType,
            Code::WrongValue,
            Code::WrongType,
            Code::MissingKey,
            Code::UnknownKey
        ]
    );
}

#[test]
fn a_missing_key_of_a_table_is_shown_at_its_header() {
    let shown = faults_of("id = \"H31\"\n\n[limits]\nburst = true\n").render(false);
    assert!(shown.contains("4 | burst = true\n  |         ^^^^ this is true or false"), "{shown}");
    let shown = faults_of("id = \"H31\"\n\n[limits]\n").render(false);
    assert!(shown.contains("3 | [limits]\n  | ^^^^^^^^ `burst` is required here"), "{shown}");
}

#[test]
fn a_key_given_twice_is_shown_and_the_rest_is_still_read() {
    let faults = faults_of("id = \"H31\"\nid = \"H32\"\ndaly = 1\n");
    assert_eq!(codes(&faults), [Code::DuplicateKey, Code::UnknownKey]);
    assert!(faults.render(false).contains("2 | id = \"H32\"\n  | ^^ second time here"));
}

#[test]
fn a_syntax_error_is_shown_and_nothing_is_called_missing_because_of_it() {
    let faults = faults_of("daily = = 3\nfoo = 1\nid = \n");
    assert!(faults.has_faults());
    assert!(
        codes(&faults).contains(&Code::Syntax) && !codes(&faults).contains(&Code::MissingKey),
        "{faults}"
    );
    assert!(codes(&faults).contains(&Code::UnknownKey), "{faults}");
}

#[test]
fn a_name_that_is_none_says_what_would_be() {
    let shown = faults_of("id = \"h31\"\n").render(false);
    assert!(shown.contains("`h31` is not an agency identifier"), "{shown}");
    assert!(shown.contains("1 | id = \"h31\"\n  |      ^^^^^ not accepted"), "{shown}");
}

#[test]
fn text_from_the_file_cannot_steer_the_terminal() {
    let shown = faults_of("id = \"H31\"\n\"\\u001b[31m\\u202e\" = 1\n").render(false);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
}

#[test]
fn a_fault_is_told_in_vietnamese_with_the_title_of_its_code() {
    let shown = faults_of("id = \"H31\"\ndaly = 3\n").render_in(false, Language::Vi);
    assert_eq!(
        shown.trim_end(),
        "\
lỗi[F0003]: tệp có khóa lạ `daly`
 --> forms/a.toml:2:1
  |
2 | daly = 3
  | ^^^^ khóa lạ
  |
  = gợi ý: có phải `daily`?
  = ghi chú: khóa không có trong mẫu"
    );
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let faults = faults_of("id = 1\n");
    assert!(!faults.render(false).contains('\u{1b}'));
    assert!(faults.render(true).contains('\u{1b}'));
}

#[test]
fn the_json_form_has_line_and_column() {
    let json = serde_json::to_value(faults_of("id = \"H31\"\n  daly = 3\n")).unwrap();
    assert_eq!(json[0]["code"], "F0003");
    assert_eq!(
        (&json[0]["line"], &json[0]["column"], &json[0]["end_column"]),
        (&2.into(), &3.into(), &7.into())
    );
    assert_eq!(json[0]["help"], "did you mean `daily`?");
}

#[test]
fn a_warning_alone_is_no_fault() {
    let mut faults = Faults::new();
    let place = Source::new("a.toml", "x = 1").place(0..1);
    faults.push(Fault::warning(Code::Lapsed, "over since 2026-01-01").at(place));
    assert!(!faults.is_empty() && !faults.has_faults());
    assert_eq!(faults.iter().next().unwrap().severity(), Severity::Warning);
    assert!(faults.render(false).starts_with("warning[P0101]: over since"));
}

#[test]
fn two_files_are_shown_in_one_fault() {
    let (a, b) = (Source::new("a.toml", "id = 1\n"), Source::new("b.toml", "\nid = 1\n"));
    let fault = Fault::new(Code::DuplicateId, "`1` is used twice")
        .at(b.place(1..3))
        .also(a.place(0..2), "first here");
    let shown = Faults::from_iter([fault]).render(false);
    assert!(shown.contains("--> b.toml:2:1") && shown.contains("::: a.toml:1:1"), "{shown}");
}

#[test]
fn a_date_is_a_day_without_a_time() {
    let mut faults = Faults::new();
    let source = Source::new("a.toml", "a = 2026-01-31\nb = 2026-01-31T00:00:00Z\n");
    let read = source.read(&mut faults, |table, faults| {
        Some((table.required::<Date>("a", faults), table.required::<Date>("b", faults)))
    });
    let (a, b) = read.unwrap();
    assert_eq!(a.unwrap().value, date(2026, 1, 31));
    assert!(b.is_none() && faults.has_faults());
}
