//! A change of what is in force, as the log tells it before anybody is judged by it: what the new entry names is kept first, and the
//! entry is durable before the change takes effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::crypto::digest::Hash;
use crate::crypto::digest::hex;
use crate::language::Language;
use crate::language::Text;
use crate::policy::signing::Signature;
use crate::policy::signing::Signing;

use super::facts::AgreementSigner;
use super::facts::Words;
use super::record::Record;
use super::recorder::Recorder;
use super::recorder::Unrecorded;
use super::recorder::unmakeable;

/// Bytes of names and hashes, of files and then of signers, that stand in the entry itself: half of the largest leaf. Those of a larger
/// set are kept as lists of their own, which the entry names.
const NAMED_BYTES_MAX: usize = 8 << 10;

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
    /// Who signed the agreements, where they must be signed.
    pub signing: Option<&'a Signing>,
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
    let mut named = Named { recorder, left: NAMED_BYTES_MAX };
    let files = keep(recorder, change.files.iter().map(|(name, bytes)| (name, &**bytes)))?;
    let (files, listing) = named.here_or_listed(files)?;
    let beside = keep(recorder, change.beside.iter().map(|(name, bytes)| (name, bytes.as_slice())))?;
    let (anchors, signers) = signing(recorder, change.signing)?;
    let (signers, signers_listing) = named.here_or_listed(signers)?;
    let (old, new, changed) = (recorder.directory().policy(), hex(&change.policy), words(&change.words));
    let record = Record::PolicyChanged {
        old,
        new,
        files,
        listing,
        beside,
        anchors,
        signers,
        signers_listing,
        changed,
    };
    Ok(record)
}

/// What an entry names, and how much room is left for it.
struct Named<'a> {
    recorder: &'a Recorder,
    left: usize,
}

impl Named<'_> {
    /// What stands in the entry; or, if there is no room, nothing, and the hash of the list that is kept instead.
    fn here_or_listed<T: Serialize + Default>(&mut self, all: T) -> Result<(T, Option<String>), Unrecorded> {
        let list = serde_json::to_vec(&all).map_err(unmakeable)?;
        match self.left.checked_sub(list.len()) {
            Some(left) => {
                self.left = left;
                Ok((all, None))
            }
            None => Ok((T::default(), Some(hex(&self.recorder.keep(&list)?)))),
        }
    }
}

/// The authorities by which signatures are believed, and who signed: all of it is kept, the signatures with the policy files.
fn signing(
    recorder: &Recorder,
    signing: Option<&Signing>,
) -> Result<(Vec<String>, Vec<AgreementSigner>), Unrecorded> {
    let Some(signing) = signing else { return Ok((Vec::new(), Vec::new())) };
    keep_signing(recorder, signing)?;
    Ok((signing.named(), signing.signatures().iter().map(signer).collect()))
}

/// Keeps the certificates of the authorities, of those who signed, and what these were taken by.
pub(super) fn keep_signing(recorder: &Recorder, signing: &Signing) -> Result<(), Unrecorded> {
    signing.objects().try_for_each(|bytes| recorder.keep(bytes).map(drop))
}

fn signer(signature: &Signature) -> AgreementSigner {
    AgreementSigner {
        agreement: signature.agreement.clone(),
        agency: signature.agency.clone(),
        certificate: hex(&signature.certificate),
        path: signature.path.as_ref().map(|path| hex(path)),
        signature: hex(&signature.signature),
    }
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
        Change {
            policy: [7; 32],
            files,
            words,
            beside: vec![("ca.crl.pem".to_owned(), b"list".to_vec())],
            signing: None,
        }
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
    fn those_who_signed_stand_in_the_entry_or_too_many_of_them_in_a_list_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder(folder.path());
        for (count, here) in [(3, 3), (2_000, 0)] {
            let signing = Signing::of_many(count);
            let change = Change { signing: Some(&signing), ..change(&[], Text::default()) };
            recorder.change(&change).unwrap();
            let leaf = last(folder.path());
            let listed = leaf["signers_listing"].as_str().map(|name| {
                let list = std::fs::read(folder.path().join("log/objects").join(name)).unwrap();
                serde_json::from_slice::<serde_json::Value>(&list).unwrap()
            });
            let all = listed.as_ref().unwrap_or(&leaf["signers"]).as_array().unwrap();
            assert_eq!(leaf["signers"].as_array().map_or(0, Vec::len), here);
            assert_eq!(all.len(), usize::try_from(count).unwrap());
            for signer in all {
                let certificate = signer["certificate"].as_str().unwrap();
                assert!(folder.path().join("log/objects").join(certificate).is_file(), "{signer}");
            }
        }
    }

    #[test]
    fn a_log_that_takes_nothing_takes_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder(folder.path());
        recorder.log().close();
        assert!(recorder.change(&change(&[], Text::default())).is_err());
    }
}
