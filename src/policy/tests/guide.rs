//! The guide's examples are one policy set, and show every key.

use std::collections::BTreeSet;

use super::*;

/// The fenced TOML blocks of the guide, each beginning with its file's name in a comment.
pub(super) fn blocks() -> Vec<(String, String)> {
    let guide = fs::read_to_string(folder().join("README.md")).unwrap();
    let fenced = guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let named = |text: String| {
        let first = text.lines().next().unwrap().to_owned();
        (first.strip_prefix("# ").unwrap().to_owned(), text)
    };
    fenced.map(named).collect()
}

#[test]
fn the_guides_examples_compile_as_one_policy_set() {
    let policies = load(blocks()).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(policies.warnings().is_empty(), "{}", policies.warnings());
    let granted = ask("H31.01", "GET /vi-du/nguoi/099190000001", "vi-du").change(|ask| {
        ask.signed = true;
        ask.query = vec![("ten".to_owned(), "Mẫu".to_owned())];
    });
    assert_eq!(granted.answer(&policies), "TT-2026-100");
}

/// Every key that the readers know, found in their source.
pub(super) fn known_keys() -> BTreeSet<String> {
    let sources = [
        include_str!("../document/mod.rs"),
        include_str!("../document/agency.rs"),
        include_str!("../document/service.rs"),
        include_str!("../document/signing_key.rs"),
        include_str!("../document/agreement.rs"),
        include_str!("../document/rules.rs"),
    ];
    let getters =
        ["required", "required::<", "optional", "optional::<", "need", "list", "list::<", "parsed", "take"];
    let mut keys = BTreeSet::new();
    for line in sources.iter().flat_map(|source| source.lines().take_while(|line| *line != "#[cfg(test)]")) {
        for key in line.split('"').skip(1).step_by(2) {
            let is_key = getters
                .iter()
                .any(|getter| line.contains(&format!(".{getter}")) || line.contains("_parsed("))
                || line.contains("tables(table, ")
                || line.contains("words(table, ")
                || line.contains("parameter(table, ")
                || line.contains("place(\"");
            if is_key
                && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            {
                keys.insert(key.to_owned());
            }
        }
    }
    // What a text for people has in each language is read beside the other kinds of values.
    keys.extend(["vi", "en"].map(str::to_owned));
    keys
}

#[test]
fn the_guide_shows_every_key() {
    let written: String = blocks().into_iter().map(|(_, text)| text).collect();
    let keys = known_keys();
    for key in &keys {
        let shown = written.contains(&format!("{key} = ")) || written.contains(&format!("[{key}]"));
        let shown = shown || written.contains(&format!("[[{key}]]"));
        assert!(shown, "the guide does not show the key `{key}`");
    }
    assert!(keys.len() > 60, "only {} keys were found in the readers", keys.len());
}
