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
    the_paper_is_made_for_what_was_refused_and_for_nothing_else(&made);
    the_questions_of_officers_are_answered_from_the_log(&made);
}

/// Objects that a command prints.
fn objects(told: &Output) -> Vec<Value> {
    let said = String::from_utf8_lossy(&told.stdout);
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn the_paper_is_made_for_what_was_refused_and_for_nothing_else(made: &Path) {
    let list =
        |outcome| objects(&phohien(&["audit", "list", "--log", "log", "--outcome", outcome, "--json"], made));
    let paper = |row: &Value, language: &str| {
        let id = row["exchange"].as_str().unwrap();
        phohien(&["audit", "refusal", id, "--log", "log", "--keys", "keys", "--lang", language], made)
    };
    let refused = list("refused");
    let ward =
        refused.iter().find(|row| row["reason"] == "field-not-granted" && row["agency"] == "H31.99.01");
    let told = paper(ward.unwrap(), "vi");
    let page = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(0));
    for part in [
        "Kính gửi: UBND phường Mẫu B",
        "Dân tộc bên nam",
        "Thỏa thuận TT-2026-003",
        "điều khoản 1",
        "Luật Hộ tịch 60/2014/QH13",
        "nghiepvu@stp.hungyen.example",
        "demo.hungyen.example/2026",
        "<svg class=\"qr\"",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    // A certificate that speaks for nobody is told nothing particular, on paper too.
    let stranger = refused.iter().find(|row| row["reason"] == "no-agreement").unwrap();
    let page = String::from_utf8(paper(stranger, "en").stdout).unwrap();
    assert!(page.contains("there is no data-sharing agreement") && !page.contains("TT-2026"), "{page}");
    let released = list("released");
    let told = paper(&released[0], "en");
    assert_eq!((told.status.code(), told.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&told.stderr).contains("did not refuse"));
}

fn the_questions_of_officers_are_answered_from_the_log(made: &Path) {
    let log = ["--since", "1h", "--log", "log", "--keys", "keys"];
    let ask = |words: &[&str]| phohien(&[words, &log, &["--json"]].concat(), made);
    // The policies that decided decide the same again, but for what nobody recorded.
    let same = ask(&["policy", "replay", "policies"]);
    let told = objects(&same);
    assert_eq!(same.status.code(), Some(0), "{told:?}");
    let summary = &told.last().unwrap()["summary"];
    for turn in ["refused", "narrowed", "granted", "refused-otherwise"] {
        assert_eq!(summary[turn]["exchanges"], 0, "{told:#?}");
    }
    // Without the keys what stands in annexes is not known, and said to be.
    let blind = phohien(&["policy", "replay", "policies", "--since", "1h", "--log", "log", "--json"], made);
    let told = objects(&blind);
    assert!(told.last().unwrap()["summary"]["unknown"]["exchanges"].as_u64() > Some(0), "{told:#?}");
    let unused = objects(&ask(&["policy", "unused", "--policies", "policies"]));
    let grants: Vec<_> = unused.iter().filter(|object| object["about"] == "grant").collect();
    assert!(grants.iter().any(|grant| grant["agreement"] == "TT-2026-005"), "{unused:#?}");
    assert!(grants.iter().all(|grant| grant["agreement"] != "TT-2026-001"), "{unused:#?}");
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
