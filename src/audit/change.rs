//! A change of what is in force, as the log tells it before anybody is judged by it: what the new entry names is kept first, and the
//! entry is durable before the change takes effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::language::Language;
use crate::language::Text;

use super::record::Record;
use super::record::Words;
use super::recorder::Recorder;
use super::recorder::Unrecorded;
use super::recorder::unmakeable;

/// Bytes of names and hashes of files that stand in the entry itself: half of the largest leaf. Those of a larger set are kept as a list
/// of their own, which the entry names.
const FILES_BYTES_MAX: usize = 8 << 10;

/// Bytes of words in one language. What changed can be told from the files too, which are kept.
const WORDS_BYTES_MAX: usize = 2_000;

/// What is put into force.
#[derive(Debug)]
pub struct Change<'a> {
    /// The hash of the policies.
    pub policy: Hash,
    /// Their files.
    pub files: &'a [(String, Arc<[u8]>)],
    /// What changed; empty: nothing is said.
    pub words: Text,
    /// Other files that were replaced and that anybody may read: certificates, authorities, revocation lists.
    pub beside: Vec<(String, Vec<u8>)>,
}

impl Recorder {
    /// Records a change of what is in force, and returns once that is durable: only then may it take effect. Blocks until then.
    ///
    /// # Errors
    /// The log takes nothing now: what was in force stays.
    pub fn change(&self, change: &Change<'_>) -> Result<(), Unrecorded> {
        self.availability()?;
        self.write(&record(self, change)?).map(drop)
    }

    /// Keeps the files of a change that is to come, so that recording it waits for the disk but once. A large set takes a while.
    ///
    /// # Errors
    /// The disk failed.
    pub fn keep_files(&self, files: &[(String, Arc<[u8]>)]) -> Result<(), Unrecorded> {
        files.iter().try_for_each(|(_, bytes)| self.keep(bytes).map(drop))
    }
}

/// Keeps the files, then names them: a name in the log never points to bytes that are not there.
pub(super) fn record(recorder: &Recorder, change: &Change<'_>) -> Result<Record, Unrecorded> {
    let mut files = keep(recorder, change.files.iter().map(|(name, bytes)| (name, &**bytes)))?;
    let list = serde_json::to_vec(&files).map_err(unmakeable)?;
    let mut listing = None;
    if list.len() > FILES_BYTES_MAX {
        listing = Some(hex(&recorder.keep(&list)?));
        files.clear();
    }
    let beside = keep(recorder, change.beside.iter().map(|(name, bytes)| (name, bytes.as_slice())))?;
    let (old, new) = (recorder.directory().policy(), hex(&change.policy));
    Ok(Record::PolicyChanged { old, new, files, listing, beside, changed: words(&change.words) })
}

fn keep<'a>(
    recorder: &Recorder,
    files: impl Iterator<Item = (&'a String, &'a [u8])>,
) -> Result<BTreeMap<String, String>, Unrecorded> {
    files.map(|(name, bytes)| Ok((name.clone(), hex(&recorder.keep(bytes)?)))).collect()
}

fn words(text: &Text) -> Option<Words> {
    let more = Text::new(
        "… còn nữa: so hai bộ tệp bằng `phohien policy diff`",
        "… and more: `phohien policy diff` compares the two sets",
    );
    let cut = |language| cut(text.to(language), more.to(language));
    (*text != Text::default()).then(|| Words { vi: cut(Language::Vi), en: cut(Language::En) })
}

/// Whole lines, as many as there is room for.
fn cut(text: &str, more: &str) -> String {
    if text.len() <= WORDS_BYTES_MAX {
        return text.to_owned();
    }
    let room = WORDS_BYTES_MAX.saturating_sub(more.len());
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        if kept.len() + line.len() > room {
            break;
        }
        kept.push_str(line);
    }
    kept + more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::open::tests::recorder;
    use crate::tlog::reader::scan;

    fn last(folder: &std::path::Path) -> serde_json::Value {
        let entry = scan(&folder.join("log")).last().unwrap().unwrap().1;
        serde_json::from_slice(&entry.leaf).unwrap()
    }

    fn change(files: &[(String, Arc<[u8]>)], words: Text) -> Change<'_> {
        Change { policy: [7; 32], files, words, beside: vec![("ca.crl.pem".to_owned(), b"list".to_vec())] }
    }

    #[test]
    fn whatever_the_entry_names_is_kept_and_a_large_set_is_named_by_its_list() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder(folder.path());
        let many: Vec<(String, Arc<[u8]>)> = (0..2_000_u32)
            .map(|at| (format!("agreements/TT-{at}.toml"), at.to_be_bytes().as_slice().into()))
            .collect();
        let long = Text::new("đổi\n".repeat(5_000), "changed\n".repeat(5_000));
        recorder.change(&change(&many, long)).unwrap();
        let leaf = last(folder.path());
        assert_eq!(
            (leaf["kind"].as_str(), leaf["new"].as_str()),
            (Some("policy.changed"), Some(&*"07".repeat(32)))
        );
        let object = |name: &serde_json::Value| {
            std::fs::read(folder.path().join("log/objects").join(name.as_str().unwrap())).unwrap()
        };
        let list: BTreeMap<String, String> = serde_json::from_slice(&object(&leaf["listing"])).unwrap();
        assert_eq!((list.len(), leaf["files"].as_object().unwrap().len()), (2_000, 0));
        assert_eq!(object(&leaf["beside"]["ca.crl.pem"]), b"list");
        assert!(leaf["changed"]["vi"].as_str().unwrap().ends_with("`phohien policy diff`"));
    }

    #[test]
    fn a_log_that_takes_nothing_takes_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder(folder.path());
        recorder.log().close();
        assert!(recorder.change(&change(&[], Text::default())).is_err());
    }
}
