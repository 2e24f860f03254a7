//! What an exchange that is open writes, whatever becomes of it.

use std::sync::Arc;

use super::*;
use crate::audit::begin::Beginning;
use crate::audit::begin::begin;
use crate::audit::outcome::Answer;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::crypto::sign::Ed25519Key;
use crate::tlog;
use crate::tlog::disk::OsDisk;

/// A recorder with a log in a folder.
pub(in crate::audit) fn recorder(folder: &std::path::Path) -> Recorder {
    let log = tlog::Settings {
        folder: folder.join("log"),
        origin: "test.example/log".parse().unwrap(),
        segment_bytes: tlog::SEGMENT_BYTES_MIN,
        queue: 16,
    };
    let beginning = Beginning {
        log,
        key: Ed25519Key::from_pkcs8(&Ed25519Key::generate_pkcs8().unwrap()).unwrap(),
        months: folder.join("months"),
        operator: "H31.02".parse().unwrap(),
        clock: Clock::by_hand(Timestamp::from_second(1_795_401_000).unwrap()),
        answer_keys: Vec::new(),
        signing: None,
        policy: [0; 32],
        policy_files: Vec::new(),
        policy_clock: None,
        index: None,
    };
    begin(beginning, Arc::new(OsDisk)).unwrap().0
}

fn kinds_and_reasons(folder: &std::path::Path) -> Vec<(String, String)> {
    let text = |leaf: &serde_json::Value, name: &str| leaf[name].as_str().unwrap_or_default().to_owned();
    tlog::reader::scan(&folder.join("log"))
        .map(|entry| serde_json::from_slice(&entry.unwrap().1.leaf).unwrap())
        .map(|leaf: serde_json::Value| (text(&leaf, "kind"), text(&leaf, "reason")))
        .filter(|(kind, _)| kind.starts_with("exchange."))
        .collect()
}

#[test]
fn a_task_that_panics_leaves_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let open = recorder.open(ExchangeId::new(1_795_401_000_000, &[1; 10]), &[7; 32]).unwrap();
    let task = std::thread::spawn(move || {
        let _open = open;
        panic!("a stage broke");
    });
    assert!(task.join().is_err());
    recorder.log().close();
    let expected = ("exchange.failed".to_owned(), INTERRUPTED.to_owned());
    assert_eq!(kinds_and_reasons(folder.path()), [expected]);
}

/// An outcome whose entry is over every cap.
#[derive(Debug)]
struct Endless(Answer);

impl Outcome for Endless {
    fn agency(&self) -> Option<&AgencyId> {
        None
    }

    fn facts(&self) -> Facts {
        Facts { legal_basis: vec!["x".repeat(tlog::LEAF_BYTES_MAX)], ..Facts::default() }
    }

    fn annex(&self) -> Annex {
        Annex::default()
    }

    fn verdict(&self) -> Verdict<'_> {
        Verdict::Released { scope: [0; 32], fields: Vec::new().into() }
    }

    fn answer(&self) -> &Answer {
        &self.0
    }

    fn conclude(self) -> (Answer, Option<crate::limits::in_flight::Slot>) {
        (self.0, None)
    }
}

#[tokio::test]
async fn an_outcome_too_long_to_be_written_is_not_told_and_leaves_a_bare_record() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let open = recorder.open(ExchangeId::new(1_795_401_000_000, &[1; 10]), &[7; 32]).unwrap();
    let answer = Answer { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body: Bytes::new() };
    let refused = open.commit(Endless(answer)).await;
    assert!(matches!(refused, Err(Unrecorded::Log(Unavailable::Refused(_)))), "{refused:?}");
    recorder.log().close();
    let expected = ("exchange.failed".to_owned(), UNWRITTEN.to_owned());
    assert_eq!(kinds_and_reasons(folder.path()), [expected]);
}

#[test]
fn summaries_are_durable_when_they_were_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let before = recorder.log().size();
    recorder.tally(None, "handshake");
    recorder.tally(Some(&"H31.05".parse().unwrap()), "rate");
    recorder.flush_tallies();
    assert_eq!(recorder.log().size(), before + 2);
}

#[test]
fn an_entry_still_being_written_is_no_receipt_yet_and_hides_none_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    let operator = recorder.operator().clone();
    let durable = recorder.proven_of_agency(&operator, 0, 9).unwrap();
    assert!(!durable.is_empty());
    let (id, size) = (ExchangeId::new(1_795_401_000_000, &[1; 10]), recorder.log().size());
    // What the committer notes before it writes, and what a failed write leaves behind.
    recorder.directory().note_unwritten(size, &operator, id);
    assert_eq!(recorder.proven_of_agency(&operator, 0, 9).unwrap(), durable);
    assert!(recorder.proven_of_exchange(id, &operator).unwrap().is_empty());
}

#[test]
fn a_log_that_is_closed_refuses_the_next_exchange_before_anything_is_forwarded() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(folder.path());
    recorder.log().close();
    let refused = recorder.open(ExchangeId::new(1_795_401_000_000, &[1; 10]), &[7; 32]);
    assert!(matches!(refused, Err(Unrecorded::Log(tlog::Unavailable::Closed))));
}
