//! The order of the `mod` lines in `src/lib.rs` is the order of the data, and these tests hold it, with the other rules of
//! the house that a compiler does not know. Each rule is tried twice: on a planted fault, which it must find, and on `src`.
#![cfg(test)]

#[path = "layering/rules.rs"]
mod rules;
#[path = "layering/scan.rs"]
mod scan;

use std::fs;
use std::path::Path;

use rules::File;

/// Applies a rule to every source file and shows all faults at once.
fn hold(rule: impl Fn(&File<'_>) -> Vec<String>) {
    let mut sources = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "src", &mut sources);
    assert!(sources.len() > 20, "found only {} files: is this the source folder?", sources.len());
    let faults: Vec<_> = sources.iter().flat_map(|(path, text)| rule(&File::new(path, text))).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn collect(folder: &Path, name: &str, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &name, sources);
        } else if name.ends_with(".rs") {
            sources.push((name, fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

fn house() -> Vec<String> {
    rules::order(include_str!("../src/lib.rs"))
}

/// A house of three rooms for planted faults.
fn small_house() -> Vec<String> {
    rules::order("pub mod id; // mod hidden;\npub mod policy;\npub mod gateway;")
}

/// Whether a rule finds a fault in a planted text.
fn finds(rule: impl Fn(&File<'_>) -> Vec<String>, path: &str, text: &str) -> bool {
    !rule(&File::new(path, text)).is_empty()
}

#[test]
fn a_module_names_only_modules_listed_above_it() {
    hold(|file| rules::upward(file, &house()));
}

#[test]
fn an_upward_import_is_found_however_it_is_spelled() {
    let rule = |file: &File<'_>| rules::upward(file, &small_house());
    for (path, text) in [
        ("src/policy/mod.rs", "use crate::gateway::Answer;"),
        ("src/policy/mod.rs", "pub(crate) use crate::gateway;"),
        ("src/policy/mod.rs", "fn f() -> crate::gateway::Answer { x }"),
        ("src/policy/mod.rs", "fn f() { \"// \"; crate::gateway::f() }"),
        ("src/policy/mod.rs", "use super::gateway;"),
        ("src/policy/mod.rs", "mod tests { use super::super::gateway; }"),
        ("src/policy/scope.rs", "use super::super::gateway::Answer;"),
        ("src/policy/scope.rs", "use self::super::super::gateway;"),
        ("src/id.rs", "mod tests { use crate::policy::Grant; }"),
        ("src/id.rs", "use crate::unlisted;"),
        ("src/unlisted.rs", "use crate::id::Id;"),
    ] {
        assert!(finds(rule, path, text), "{path}: {text}");
    }
}

#[test]
fn what_points_down_or_is_only_written_about_is_let_pass() {
    let rule = |file: &File<'_>| rules::upward(file, &small_house());
    for (path, text) in [
        ("src/policy/mod.rs", "use crate::id::Id; use crate::policy::scope;"),
        (
            "src/policy/mod.rs",
            "//! See [`crate::gateway`].\n/* crate::gateway */ const S: &str = \"crate::gateway\";",
        ),
        ("src/policy/mod.rs", "mod tests { use super::*; use super::gateway_of; }"),
        ("src/policy/scope.rs", "use super::gateway_of; pub(crate) fn f() {}"),
        ("src/main.rs", "use phohien::gateway;"),
    ] {
        assert!(!finds(rule, path, text), "{path}: {text}");
    }
}

#[test]
fn the_formatter_is_told_to_leave_the_order_of_the_rooms_alone() {
    let settings = include_str!("../.rustfmt.toml");
    assert!(settings.lines().any(|line| line.trim() == "reorder_modules = false"));
}

#[test]
fn the_crates_modules_are_imported_one_by_one() {
    hold(rules::braced);
}

#[test]
fn a_braced_import_of_modules_is_found() {
    assert!(finds(rules::braced, "src/policy/mod.rs", "use crate::{id, clock};"));
    assert!(finds(rules::braced, "src/policy/mod.rs", "use super::{id, clock};"));
    assert!(!finds(rules::braced, "src/policy/mod.rs", "use crate::id::{AgencyId, ServiceId};"));
}

#[test]
fn the_crate_root_reexports_nothing() {
    hold(rules::reexports);
}

#[test]
fn a_reexport_at_the_root_is_found() {
    assert!(finds(rules::reexports, "src/lib.rs", "pub mod id;\npub use id::AgencyId;"));
    assert!(!finds(rules::reexports, "src/policy/mod.rs", "pub use scope::Scope;"));
}

#[test]
fn every_imported_name_is_written_down() {
    hold(rules::globs);
}

#[test]
fn a_glob_import_is_found_unless_a_test_takes_its_own_module() {
    for text in
        ["use std::io::*;", "use std::io::{self, *};", "use super::*;", "mod tests { use crate::id::*; }"]
    {
        assert!(finds(rules::globs, "src/policy/mod.rs", text), "{text}");
    }
    assert!(!finds(rules::globs, "src/policy/mod.rs", "mod tests { use super::*; } fn f() { a * b }"));
    assert!(!finds(rules::globs, "src/policy/tests.rs", "use super::*; use proptest::prelude::*;"));
    assert!(finds(rules::globs, "src/policy/mod.rs", "use proptest::prelude::*;"));
}

#[test]
fn ring_is_named_in_crypto_alone() {
    hold(rules::primitives);
}

#[test]
fn ring_outside_crypto_is_found() {
    for text in ["use ring::digest;", "fn f() { ring::rand::f() }", "use ring as r;", "extern crate ring;"] {
        assert!(finds(rules::primitives, "src/tlog/mod.rs", text), "{text}");
        assert!(!finds(rules::primitives, "src/crypto/sign.rs", text), "{text}");
    }
    assert!(!finds(rules::primitives, "src/tlog/mod.rs", "// ring::digest\nlet ring = string;"));
}

#[test]
fn an_independent_reader_that_names_the_writer_is_found() {
    let rule = |file: &File<'_>| rules::confined(file, &["crypto::digest"]);
    for text in [
        "use crate::tlog::committer::Frame;",
        "use super::committer::Frame;",
        "fn f() { super::super::id::f() }",
        "use crate::crypto;",
    ] {
        assert!(finds(rule, "src/tlog/fsck.rs", text), "{text}");
    }
    let fine = "use crate::crypto::digest::Hash; use crate::tlog::fsck::Fault; mod tests { use super::super::committer; }";
    assert!(!finds(rule, "src/tlog/fsck.rs", fine));
}

#[test]
fn every_function_fits_a_screen() {
    hold(rules::tall_functions);
}

#[test]
fn a_tall_function_is_found_and_a_test_may_be_tall() {
    let body = "  x();\n".repeat(60);
    let tall = format!("const fn f<T>(a: [u8; 3]) -> T\nwhere T: Copy {{\n{body}}}");
    assert!(finds(rules::tall_functions, "src/id.rs", &tall));
    assert!(!finds(rules::tall_functions, "src/id.rs", &format!("mod tests {{ {tall} }}")));
    let many = format!("trait T {{ fn f(); }}\n{}", "fn f() { x }\n".repeat(100));
    assert!(!finds(rules::tall_functions, "src/id.rs", &many));
}

#[test]
fn every_file_is_a_room_one_can_keep_in_mind() {
    hold(rules::long_files);
}

#[test]
fn a_long_file_is_found_and_its_tests_are_not_counted() {
    let lines = "const A: u8 = 1;\n".repeat(300);
    assert!(finds(rules::long_files, "src/id.rs", &format!("{lines}{lines}")));
    assert!(!finds(rules::long_files, "src/id.rs", &format!("{lines}mod tests {{\n{lines}}}")));
    assert!(!finds(rules::long_files, "src/policy/tests.rs", &format!("{lines}{lines}")));
}
