//! The demonstration, as a newcomer runs it: the program itself, in an empty folder.
#![cfg(test)]

use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;

fn phohien(words: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    command.args(words).current_dir(folder).env_remove("PHOHIEN_CONFIG").output().unwrap()
}

#[test]
fn the_story_comes_true_in_both_languages_and_its_folder_can_be_judged_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    for language in ["vi", "en"] {
        let told =
            phohien(&["demo", "--once", "--json", "--lang", language, "--dir", language], folder.path());
        let said = String::from_utf8(told.stdout).unwrap();
        let steps: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let astray: Vec<_> = steps.iter().filter(|step| step["as_told"] != true).collect();
        assert!(astray.is_empty() && told.status.code() == Some(0), "{astray:#?}\n{:?}", told.stderr);
        assert!(steps.len() > 15);
    }
    let made = folder.path().join("en");
    assert_eq!(phohien(&["audit", "verify", "log"], &made).status.code(), Some(0));
    assert_eq!(phohien(&["audit", "verify", "log-edited"], &made).status.code(), Some(4));
    assert_eq!(phohien(&["check", "gateway.toml"], &made).status.code(), Some(0));
}

#[test]
fn the_log_of_a_demonstration_says_that_a_clock_was_set_and_keeps_the_machines_time() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(phohien(&["demo", "--once", "--dir", "d"], folder.path()).status.code(), Some(0));
    let entries = phohien::tlog::reader::scan(&folder.path().join("d/log"));
    let leaves: Vec<Value> =
        entries.map(|entry| serde_json::from_slice(&entry.unwrap().1.leaf).unwrap()).collect();
    let started = leaves.iter().find(|leaf| leaf["kind"] == "node.started").unwrap();
    assert!(started["policy_clock"].as_str().unwrap().starts_with("2026-11-23T02:30:"), "{started}");
    assert_ne!(started["at"], started["policy_clock"]);
    assert!(leaves.iter().any(|leaf| leaf["kind"] == "node.stopped"));
}

#[test]
fn a_folder_that_holds_something_is_refused_as_wrong_usage_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("thesis")).unwrap();
    let refused = phohien(&["demo", "--once", "--lang", "en", "--dir", "."], folder.path());
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("is not empty"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_story_told_once_without_a_folder_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_phohien"))
        .args(["demo", "--once"])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stdout));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
