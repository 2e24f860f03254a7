//! What we stand on: under which licences, from where, and with which primitives. The rules are those of `.deny.toml`; the
//! facts are cargo's own, for this crate and for `fuzz/` if it is there.
#![cfg(test)]

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

#[test]
fn every_dependency_is_under_a_permissive_licence() {
    for manifest in manifests() {
        for package in packages(&manifest).iter().filter(|package| !is_ours(package)) {
            let licence = package["license"].as_str().unwrap_or("none");
            assert!(permitted(licence, &allowed()), "{} is under {licence}", package["name"]);
        }
    }
}

#[test]
fn no_dependency_brings_a_second_set_of_primitives() {
    let banned = banned();
    assert!(banned.iter().any(|name| name == "aws-lc-rs") && banned.iter().any(|name| name == "openssl"));
    for manifest in manifests() {
        let lock = std::fs::read_to_string(manifest.with_file_name("Cargo.lock")).unwrap();
        assert_eq!(banned_in(&lock, &banned), Vec::<String>::new(), "{}", manifest.display());
    }
}

#[test]
fn every_dependency_comes_from_the_default_registry() {
    for manifest in manifests() {
        for package in packages(&manifest) {
            let source = package["source"].as_str();
            let ours =
                source.is_none() && ["phohien", "phohien-fuzz"].contains(&package["name"].as_str().unwrap());
            assert!(ours || source.is_some_and(from_registry), "{} comes from {source:?}", package["name"]);
        }
    }
}

#[test]
fn a_licence_expression_is_read_as_spdx_means_it() {
    let allowed = ["MIT", "ISC"].map(str::to_owned);
    for good in
        ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "(MIT OR GPL-3.0) AND ISC", "MIT WITH LLVM-exception OR ISC"]
    {
        assert!(permitted(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR GPL-3.0) AND GPL-3.0",
        "GPL-3.0 AND MIT OR GPL-2.0",
        "(MIT",
    ] {
        assert!(!permitted(bad, &allowed), "{bad}");
    }
}

#[test]
fn a_banned_crate_in_a_lock_file_is_found() {
    let lock = "[[package]]\nname = \"openssl\"\nversion = \"1.0.0\"\n[[package]]\nname = \"openssl-probe\"\nversion = \"1.0.0\"";
    assert_eq!(banned_in(lock, &["openssl".to_owned()]), ["openssl"]);
}

/// The manifests we answer for.
fn manifests() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = [root.join("Cargo.toml"), root.join("fuzz").join("Cargo.toml")];
    all.into_iter().filter(|manifest| manifest.exists()).collect()
}

fn packages(manifest: &Path) -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--locked", "--format-version", "1", "--manifest-path"]).arg(manifest);
    // What is built for other systems is neither fetched nor judged.
    cargo.args([
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
        "--filter-platform",
        "aarch64-unknown-linux-gnu",
    ]);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn rules() -> toml::Table {
    include_str!("../.deny.toml").parse().unwrap()
}

fn allowed() -> Vec<String> {
    rules()["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn banned() -> Vec<String> {
    let deny = rules()["bans"]["deny"].as_array().unwrap().clone();
    deny.iter().map(|ban| ban["crate"].as_str().unwrap().to_owned()).collect()
}

fn banned_in(lock: &str, banned: &[String]) -> Vec<String> {
    let lock: toml::Table = lock.parse().unwrap();
    let names = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["name"].as_str().unwrap().to_owned());
    names.filter(|name| banned.contains(name)).collect()
}

/// Whether this is one of our manifests, and not a folder from elsewhere.
fn is_ours(package: &Value) -> bool {
    let path = Path::new(package["manifest_path"].as_str().unwrap());
    package["source"].is_null() && manifests().iter().any(|manifest| manifest == path)
}

fn from_registry(source: &str) -> bool {
    source.starts_with("registry+https://github.com/rust-lang/")
}

/// Whether an SPDX expression (or the older `A/B`) can be met with the allowed licences alone. `AND` binds tighter than `OR`.
fn permitted(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words, allowed) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any_of(words, allowed);
        return words.next_if_eq(&")").is_some() && met;
    }
    let name = words.next().unwrap_or_default();
    if words.next_if_eq(&"WITH").is_some() {
        // An exception only ever permits more.
        words.next();
    }
    allowed.iter().any(|allowed| allowed == name)
}
