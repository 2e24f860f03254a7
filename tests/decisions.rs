//! Every decision is the one that the text of the rules says: the product beside a decider written from that text, over the files as
//! written. The fuzz target `decision` throws the same dice.
#![cfg(test)]

#[path = "decisions/agree.rs"]
mod agree;
#[path = "decisions/chance.rs"]
mod chance;
#[path = "decisions/reference.rs"]
mod reference;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use reference::Answer;

/// Every way a decision can end.
const ENDS: [&str; 17] = [
    "granted",
    "certificate-suspended",
    "agency-suspended",
    "no-agreement",
    "purpose-not-covered",
    "agreement-not-in-force",
    "agreement-suspended",
    "security-confirmation-lapsed",
    "source-network",
    "outside-hours",
    "header-missing",
    "signature-required",
    "parameter-not-granted",
    "field-not-granted",
    "request-too-large",
    "maintenance",
    "overlapping agreements are not loaded",
];

fn end(answer: &Answer) -> &'static str {
    match answer {
        Answer::Granted { .. } => "granted",
        Answer::Refused { reason, .. } => reason,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_decision_is_the_one_that_the_text_of_the_rules_says(bytes in prop::collection::vec(any::<u8>(), 0..420)) {
        agree::hold(&bytes);
    }
}

/// The seeds of the fuzz target, by name.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decision");
    let mut seeds = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        seeds.push((entry.file_name().to_str().unwrap().to_owned(), fs::read(entry.path()).unwrap()));
    }
    seeds
}

#[test]
fn the_seeds_come_to_every_end_that_a_decision_can_have() {
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, bytes) in seeds() {
        match agree::hold(&bytes) {
            Some(answers) => answers.iter().for_each(|answer| *ends.entry(end(answer)).or_default() += 1),
            None => *ends.entry("overlapping agreements are not loaded").or_default() += 1,
        }
    }
    let missed: Vec<_> = ENDS.iter().filter(|end| !ends.contains_key(*end)).collect();
    assert!(missed.is_empty(), "no seed ends so: {missed:?} of {ends:?}");
}

/// What the reference may name: the documents as written, the words they are made of, and nothing that decides.
const ALLOWED: [&str; 4] = [
    "phohien::clock::Timestamp",
    "phohien::identity::registry::Network",
    "phohien::policy::document::",
    "phohien::policy::template::Part",
];

/// Of the model the plain words that documents hold.
const WORDS: [&str; 3] = ["ParameterKind", "Status", "SubjectPlace"];

fn is_allowed(line: &str) -> bool {
    let named = line.trim_start_matches("use ").trim_end_matches(';');
    let word = named.strip_prefix("phohien::policy::model::").is_some_and(|word| WORDS.contains(&word));
    named.starts_with("std::") || word || ALLOWED.iter().any(|allowed| named.starts_with(allowed))
}

#[test]
fn the_reference_shares_nothing_with_what_it_is_held_against() {
    let text = include_str!("decisions/reference.rs");
    let uses: Vec<&str> = text.lines().filter(|line| line.starts_with("use ")).collect();
    assert!(uses.len() > 10, "{uses:?}");
    for line in &uses {
        assert!(is_allowed(line), "{line}");
    }
    // Nor by a path that no `use` names.
    assert_eq!(
        text.matches("phohien::").count(),
        uses.iter().filter(|line| line.contains("phohien::")).count()
    );
    for planted in [
        "use phohien::policy::scope::Scope;",
        "use phohien::policy::judge::judge;",
        "use phohien::policy::model::Operation;",
    ] {
        assert!(!is_allowed(planted), "{planted}");
    }
}
