//! `manifest.json`: what an evidence file holds, each file with its SHA-256 and length. A file that is not listed is an error.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::archive::Files;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;

/// The version of the evidence file: the manifest's `v`.
pub const FORMAT: &str = "phohien-evidence/1";

/// The manifest's own name.
pub const NAME: &str = "manifest.json";

/// The manifest. There is one way to write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    v: String,
    /// The log's origin.
    pub log: String,
    /// The exchanges this is evidence of, sorted.
    pub exchanges: BTreeSet<String>,
    files: BTreeMap<String, Listed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    bytes: u64,
    sha256: String,
}

/// Why the files are not what the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// There is none.
    #[error("there is no manifest.json")]
    Missing,
    /// It is not one of this version, or spelled in another way than it is written.
    #[error("manifest.json is not one of the form `phohien-evidence/1`")]
    Unreadable,
    /// A file is not what it says.
    #[error("the file `{0}` is not the one that manifest.json lists")]
    Changed(String),
    /// A file is listed and not there.
    #[error("the file `{0}` is listed in manifest.json and missing")]
    Absent(String),
    /// A file is there and not listed.
    #[error("the file `{0}` is not listed in manifest.json")]
    Unlisted(String),
}

impl Manifest {
    /// Lists files.
    #[must_use]
    pub fn of(log: &str, exchanges: BTreeSet<String>, files: &Files) -> Self {
        let listed = |bytes: &Vec<u8>| Listed { bytes: bytes.len() as u64, sha256: hex(&sha256(bytes)) };
        let files = files.iter().map(|(name, bytes)| (name.clone(), listed(bytes))).collect();
        Self { v: FORMAT.to_owned(), log: log.to_owned(), exchanges, files }
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Reads the manifest among the files and holds every one of them against it.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn check(files: &Files) -> Result<Self, ManifestError> {
        let bytes = files.get(NAME).ok_or(ManifestError::Missing)?;
        let manifest: Self = serde_json::from_slice(bytes).map_err(|_| ManifestError::Unreadable)?;
        // One spelling: no member twice, which another reader might take for the other.
        if manifest.v != FORMAT || manifest.text().as_bytes() != bytes {
            return Err(ManifestError::Unreadable);
        }
        for (name, listed) in &manifest.files {
            let bytes = files.get(name).ok_or_else(|| ManifestError::Absent(name.clone()))?;
            if listed.bytes != bytes.len() as u64 || listed.sha256 != hex(&sha256(bytes)) {
                return Err(ManifestError::Changed(name.clone()));
            }
        }
        let unlisted = files.keys().find(|name| *name != NAME && !manifest.files.contains_key(*name));
        unlisted.map_or(Ok(manifest.clone()), |name| Err(ManifestError::Unlisted(name.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> Files {
        let mut files = Files::from([("a".to_owned(), b"1".to_vec()), ("b".to_owned(), b"2".to_vec())]);
        let manifest = Manifest::of("gw1.example/2026", BTreeSet::from(["x".to_owned()]), &files);
        files.insert(NAME.to_owned(), manifest.text().into_bytes());
        files
    }

    fn with(change: impl FnOnce(&mut Files)) -> Result<Manifest, ManifestError> {
        let mut files = case();
        change(&mut files);
        Manifest::check(&files)
    }

    fn respelled(from: &str, to: &str) -> Result<Manifest, ManifestError> {
        with(|files| {
            let text = String::from_utf8(files[NAME].clone()).unwrap();
            assert!(text.contains(from), "{text}");
            files.insert(NAME.to_owned(), text.replacen(from, to, 1).into_bytes());
        })
    }

    #[test]
    fn every_file_is_the_listed_one_and_no_other_is_there() {
        assert_eq!(with(|_| {}).unwrap().log, "gw1.example/2026");
        let name = || "a".to_owned();
        assert_eq!(with(|files| drop(files.remove("a"))), Err(ManifestError::Absent(name())));
        assert_eq!(
            with(|files| drop(files.insert(name(), b"2".to_vec()))),
            Err(ManifestError::Changed(name()))
        );
        let more = with(|files| drop(files.insert("c".to_owned(), Vec::new())));
        assert_eq!(more, Err(ManifestError::Unlisted("c".to_owned())));
        assert_eq!(with(|files| drop(files.remove(NAME))), Err(ManifestError::Missing));
    }

    #[test]
    fn a_manifest_in_another_spelling_is_none() {
        for (from, to) in [
            ("phohien-evidence/1", "phohien-evidence/2"),
            ("{\n", "{"),
            ("\"x\"", "\"x\", \"x\""),
            ("\"bytes\": 1", "\"bytes\": 1, \"bytes\": 1"),
            ("\"log\"", "\"more\": 1, \"log\""),
        ] {
            assert_eq!(respelled(from, to), Err(ManifestError::Unreadable), "{from} -> {to}");
        }
    }
}
