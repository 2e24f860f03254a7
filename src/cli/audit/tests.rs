use super::*;

use std::path::Path;
use std::sync::Arc;

use crate::audit::annex::Annex;
use crate::audit::begin::Beginning;
use crate::audit::begin::begin;
use crate::audit::record::Exchange;
use crate::audit::record::Record;
use crate::audit::recorder::Recorder;
use crate::audit::small::append;
use crate::cli::tests::run_line;
use crate::clock::Clock;
use crate::crypto::digest::hex;
use crate::crypto::digest::sha256;
use crate::crypto::sign::Ed25519Key;
use crate::id::ExchangeId;
use crate::tlog;
use crate::tlog::disk::OsDisk;
use crate::tlog::note::VerifierKey;

const NOW: &str = "2026-11-23T02:30:00Z";

/// A gateway's folders: a log that a recorder wrote, with its keys beside it.
struct Node {
    place: tempfile::TempDir,
}

impl Node {
    /// A log with three entries of a beginning and then one refusal each of `agencies`, with an annex each.
    fn with(agencies: &[&str]) -> Self {
        let node = Self { place: tempfile::tempdir().unwrap() };
        node.again(agencies);
        node
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A start, entries, and a stop.
    fn again(&self, agencies: &[&str]) {
        let recorder = self.recorder();
        for (number, agency) in (1..).zip(agencies) {
            refuse(&recorder, number, agency);
        }
        recorder.log().close();
    }

    fn recorder(&self) -> Recorder {
        let file = self.path("keys/log.key");
        let key = crate::crypto::keyfile::read_or_make(&file, || {
            Ed25519Key::generate_pkcs8().map_err(std::io::Error::other)
        });
        let key = Ed25519Key::from_pkcs8(&key.unwrap()).unwrap();
        let origin: crate::id::Origin = "gw1.example/2026".parse().unwrap();
        let vkey = VerifierKey::new(&origin, key.public_raw()).to_string();
        crate::cli::client::heads::replace(&self.path("log.vkey"), vkey.as_bytes()).unwrap();
        let beginning = Beginning {
            log: tlog::Settings {
                folder: self.path("log"),
                origin,
                segment_bytes: tlog::SEGMENT_BYTES_MIN,
                queue: 64,
            },
            key,
            months: self.path("keys/months"),
            operator: "H31.02".parse().unwrap(),
            clock: Clock::by_hand(NOW.parse().unwrap()),
            answer_keys: Vec::new(),
            signing: None,
            policy: [7; 32],
            policy_files: Vec::new(),
            policy_clock: None,
            index: None,
        };
        std::fs::create_dir_all(self.path("log")).unwrap();
        begin(beginning, Arc::new(OsDisk)).unwrap().0
    }

    fn run(&self, command: &str) -> (Exit, String, String) {
        let replaced = command
            .replace("LOG", &self.path("log").display().to_string())
            .replace("CONFIG", &self.configuration().display().to_string());
        run_line(&format!("phohien --lang en {replaced}"))
    }

    /// As much of a configuration as commands need that look at folders.
    fn configuration(&self) -> PathBuf {
        let file = self.path("gateway.toml");
        crate::cli::client::heads::replace(&file, b"log = \"log\"\nkeys = \"keys\"\n").unwrap();
        file
    }

    /// The one segment.
    fn segment(&self) -> PathBuf {
        let mut segments: Vec<PathBuf> =
            std::fs::read_dir(self.path("log/wal")).unwrap().map(|entry| entry.unwrap().path()).collect();
        segments.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
        segments.sort();
        segments.remove(0)
    }
}

fn id(number: u64) -> ExchangeId {
    let at: crate::clock::Timestamp = NOW.parse().unwrap();
    ExchangeId::new(u64::try_from(at.as_millisecond()).unwrap() + number, &[0; 10])
}

fn refuse(recorder: &Recorder, number: u64, agency: &str) {
    let annex = Annex { case: Some(format!("case-{number}")), ..Annex::default() };
    let sealed = annex.seal(id(number), &recorder.months().of(id(number)).unwrap()).unwrap();
    let exchange = Exchange { annex: Some(hex(&sha256(&sealed))), ..Exchange::default() };
    let record = Record::Refused { exchange, status: 429, stage: "limits", reason: "rate" };
    append(recorder, agency, id(number), &record, sealed);
}

/// Changes the first `from` in a file to `to`, byte for byte.
fn change(file: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    crate::cli::client::heads::replace(file, &bytes).unwrap();
}

#[test]
fn exchanges_are_found_by_what_leaves_say_and_by_what_annexes_say() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    let keys = node.path("keys").display().to_string();
    let (exit, out, _) = node.run("audit list --log LOG --agency H31.03 --json");
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, line["exchange"].as_str()), (Exit::Yes, Some(id(2).to_string().as_str())));
    let (_, out, err) = node.run(&format!("audit list --log LOG --case case-1 --keys {keys}"));
    assert!(out.contains("H31.01.01") && !out.contains("H31.03") && err.is_empty(), "{out}{err}");
    let (exit, out, err) = node.run("audit list --log LOG --case case-1 --keys no/such/keys");
    assert!(exit == Exit::Yes && out.is_empty() && err.contains("2 annexes were not searched"), "{out}{err}");
}

#[test]
fn an_exchange_is_shown_with_its_annex_only_when_asked() {
    let node = Node::with(&["H31.01.01"]);
    let keys = node.path("keys").display().to_string();
    let (exit, out, _) = node.run(&format!("audit show {} --log LOG", id(1)));
    assert!(
        exit == Exit::Yes && out.contains("refused a request of H31.01.01") && !out.contains("case-1"),
        "{out}"
    );
    let (_, out, _) = node.run(&format!("audit show {} --log LOG --annex --keys {keys}", id(1)));
    assert!(out.contains("Case: case-1"), "{out}");
    assert_eq!(node.run(&format!("audit show {} --log LOG", id(9))).0, Exit::No);
}

#[test]
fn a_sound_log_is_sound_and_says_what_cannot_be_known() {
    let node = Node::with(&["H31.01.01", "H31.03", "H31.01.01"]);
    let (exit, out, err) = node.run("audit verify LOG");
    assert_eq!((exit, err.as_str()), (Exit::Yes, ""), "{out}");
    assert!(out.lines().next().unwrap().contains("self-consistency only"), "{out}");
    assert!(out.contains("No fault was found.") && out.contains("What cannot be known"), "{out}");
}

#[test]
fn a_key_named_beside_the_folder_does_not_come_from_elsewhere() {
    let node = Node::with(&[]);
    let beside = node.path("log.vkey").display().to_string();
    assert!(node.run(&format!("audit verify LOG --vkey {beside}")).1.contains("self-consistency only"));
    std::fs::copy(&beside, node.path("mine.vkey")).unwrap();
    let mine = node.path("mine.vkey").display().to_string();
    assert!(
        node.run(&format!("audit verify LOG --vkey {mine}")).1.starts_with("The key comes from elsewhere")
    );
}

#[test]
fn a_changed_entry_is_named_by_index_and_file_and_ends_with_four() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    change(&node.segment(), "\"agency\":\"H31.03\"", "\"agency\":\"H31.07\"");
    let (exit, out, _) = node.run("audit verify LOG");
    assert!(exit == Exit::False && out.contains("✗ entry 4 (") && out.contains(".seg"), "{out}");
    let (exit, out, _) = node.run("audit verify LOG --json");
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (exit, object["sound"].as_bool(), object["faults"][0]["index"].as_u64()),
        (Exit::False, Some(false), Some(4))
    );
    assert_eq!(
        node.run("audit list --log LOG").0,
        Exit::False,
        "a damaged log is not listed as if it were whole"
    );
}

#[test]
fn a_log_that_was_begun_anew_with_the_same_key_is_exposed_by_a_head_held_elsewhere() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    let (kept, empty) = (node.path("kept"), node.path("other"));
    std::fs::copy(node.path("log/checkpoint"), &kept).unwrap();
    std::fs::rename(node.path("log"), &empty).unwrap();
    node.again(&["H31.01.01"]);
    assert_eq!(node.run("audit verify LOG").0, Exit::Yes);
    let (exit, out, _) = node.run(&format!("audit verify LOG --known {}", kept.display()));
    assert!(exit == Exit::False && out.contains("known from elsewhere"), "{out}");
}

#[test]
fn an_exchange_that_a_gateway_forgot_at_its_start_is_a_fault_and_one_under_way_is_not() {
    let node = Node::with(&[]);
    let recorder = node.recorder();
    append(&recorder, "H31.01.01", id(1), &Record::Opened(Exchange::default()), Vec::new());
    let (exit, out, _) = node.run("audit verify LOG");
    assert!(exit == Exit::Yes && out.contains("may be under way"), "{out}");
    let started = Record::NodeStarted {
        version: "0",
        policy: String::new(),
        torn: None,
        unwitnessed: true,
        signers: Vec::new(),
        policy_clock: None,
    };
    recorder.note(&started).unwrap();
    assert_eq!(node.run("audit verify LOG").0, Exit::Yes, "the start may still be settling what was open");
    refuse(&recorder, 2, "H31.03");
    let (exit, out, _) = node.run("audit verify LOG");
    assert!(exit == Exit::False && out.contains("has no outcome"), "{out}");
}

/// The indices of a list for machines.
fn listed(out: &str) -> Vec<u64> {
    let lines = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| line["index"].as_u64().unwrap()).collect()
}

#[test]
fn the_index_and_the_log_itself_give_the_same_answers() {
    let node = Node::with(&["H31.01.01", "H31.03", "H31.01.01", "H31.05", "H31.03"]);
    let keys = node.path("keys").display().to_string();
    for asked in [
        "",
        "--all",
        "--agency H31.03",
        "--case case-3",
        "--case case-3 --agency H31.03",
        "--outcome refused --reason rate --status 429 --stage limits",
        "--outcome released",
        "--since 2026-11-24",
        "--all --until 2026-11-23",
        "--all --last 3",
        "--all --limit 2 --after 1",
    ] {
        let by_log = node.run(&format!("audit list --json --log LOG --keys {keys} {asked}"));
        let by_index = node.run(&format!("audit list --json --config CONFIG {asked}"));
        assert_eq!((by_index.0, listed(&by_index.1)), (by_log.0, listed(&by_log.1)), "{asked}");
    }
    assert!(node.path("index/index.sqlite").is_file() && node.path("keys/subjects/2026.key").is_file());
}

#[test]
fn a_list_goes_on_where_a_page_ended_while_the_log_grows() {
    let node = Node::with(&["H31.01.01", "H31.03", "H31.05"]);
    let (_, out, err) = node.run("audit list --json --config CONFIG --limit 2");
    assert_eq!(listed(&out), [3, 4]);
    assert!(err.contains("go on with `--after 4`"), "{err}");
    node.again(&["H31.07"]);
    let (_, out, err) = node.run("audit list --json --config CONFIG --limit 9 --after 4");
    assert!(listed(&out).len() == 2 && err.is_empty(), "{out}{err}");
}

#[test]
fn what_is_shown_is_read_from_the_log_and_proven_and_not_believed_of_the_index() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    let (exit, out, _) = node.run(&format!("audit show {} --config CONFIG", id(2)));
    assert!(
        exit == Exit::Yes && out.contains("a request of H31.03") && out.contains("✓ Read from the log"),
        "{out}"
    );
    let (_, out, _) = node.run(&format!("audit show {} --config CONFIG --annex --json", id(2)));
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((object["proven"].as_bool(), object["annex"]["case"].as_str()), (Some(true), Some("case-2")));
    let index = rusqlite::Connection::open(node.path("index/index.sqlite")).unwrap();
    index.execute("UPDATE words SET text = 'H31.99' WHERE text = 'H31.03'", []).unwrap();
    let (_, out, _) = node.run(&format!("audit show {} --config CONFIG", id(2)));
    assert!(out.contains("H31.03") && !out.contains("H31.99"), "{out}");
    change(&node.segment(), "\"agency\":\"H31.03\"", "\"agency\":\"H31.07\"");
    assert_eq!(node.run(&format!("audit show {} --config CONFIG", id(1))).0, Exit::False);
}

#[test]
fn an_index_of_another_log_or_of_another_past_is_refused_with_what_to_do() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    assert_eq!(node.run("audit list --config CONFIG").0, Exit::Yes);
    std::fs::rename(node.path("log"), node.path("other")).unwrap();
    node.again(&["H31.01.01"]);
    let (exit, _, err) = node.run("audit list --config CONFIG");
    assert!(exit == Exit::CouldNot && err.contains("audit reindex") && err.contains("entry 5"), "{err}");
    node.again(&["H31.01.01", "H31.03", "H31.05"]);
    let (exit, _, err) = node.run("audit list --config CONFIG");
    assert!(exit == Exit::CouldNot && err.contains("has otherwise"), "{err}");
}

#[test]
fn entries_are_counted_by_what_is_asked_the_same_from_the_index_and_from_the_log() {
    let node = Node::with(&["H31.01.01", "H31.03", "H31.01.01"]);
    for asked in ["", "--by agency", "--by agency,outcome,day --all", "--by hour --reason rate", "--by month"]
    {
        let by_log = node.run(&format!("audit count --json --log LOG {asked}"));
        let by_index = node.run(&format!("audit count --json --config CONFIG {asked}"));
        assert_eq!((by_log.0, &by_log.1), (Exit::Yes, &by_index.1), "{asked}");
    }
    let (_, out, _) = node.run("audit count --json --config CONFIG --by agency,outcome,day,hour,month");
    assert!(out.starts_with(r#"{"agency":"H31.01.01","day":"2026-11-23","entries":2,"events":2,"hour":"2026-11-23 09:00","month":"2026-11","outcome":"refused"}"#), "{out}");
    let (_, out, _) = node.run("audit count --config CONFIG --by agency");
    assert!(out.contains("H31.01.01  2") && out.lines().last().unwrap().starts_with("total"), "{out}");
    let (_, out, _) = node.run("audit count --config CONFIG --by case --json");
    assert_eq!(out.lines().count(), 3, "{out}");
}

#[test]
fn the_tail_is_the_newest_entries() {
    let node = Node::with(&["H31.01.01", "H31.03", "H31.05"]);
    for place in ["--log LOG", "--config CONFIG"] {
        let (exit, out, _) = node.run(&format!("audit tail --json --last 2 {place}"));
        assert_eq!((exit, listed(&out)), (Exit::Yes, vec![4, 5]), "{place}");
    }
}

#[test]
fn an_export_holds_every_row_and_has_its_name_only_once_it_is_whole() {
    let node = Node::with(&["H31.01.01", "H31.03", "H31.05"]);
    for format in ["jsonl", "csv", "parquet"] {
        let file = node.path(&format!("out.{format}"));
        let command = format!("audit export --config CONFIG --format {format} -o {}", file.display());
        let (exit, out, err) = node.run(&command);
        assert!(exit == Exit::Yes && out == "3 entries were written.\n", "{format}: {out}{err}");
        assert!(std::fs::metadata(&file).unwrap().len() > 100);
    }
    let lines = std::fs::read_to_string(node.path("out.jsonl")).unwrap();
    assert_eq!(lines, node.run("audit list --config CONFIG --json").1);
    change(&node.segment(), "\"agency\":\"H31.03\"", "\"agency\":\"H31.07\"");
    let half = node.path("half.csv").display().to_string();
    assert_eq!(node.run(&format!("audit export --log LOG --format csv -o {half}")).0, Exit::False);
    assert!(!node.path("half.csv").exists() && !node.path("half.csv.unfinished").exists());
}

#[test]
fn an_index_is_built_again_from_what_is_not_forgotten() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    let (_, out, _) = node.run("audit list --json --config CONFIG --case case-2");
    assert_eq!(listed(&out), [4]);
    std::fs::remove_file(node.path("keys/months/2026-11.key")).unwrap();
    let (exit, out, _) = node.run("audit reindex --config CONFIG");
    assert!(exit == Exit::Yes && out.contains("from 5 entries"), "{out}");
    assert!(out.contains("2 annexes could not be read"), "{out}");
    let (_, out, err) = node.run("audit list --json --config CONFIG --case case-2");
    assert!(out.is_empty() && err.contains("2 annexes were not searched"), "{out}{err}");
    let (_, out, _) = node.run("audit list --json --config CONFIG");
    assert_eq!(listed(&out), [3, 4]);
}

#[test]
fn an_index_of_another_past_is_built_again_by_reindex() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    node.run("audit list --config CONFIG");
    std::fs::rename(node.path("log"), node.path("other")).unwrap();
    node.again(&["H31.05"]);
    assert_eq!(node.run("audit list --config CONFIG").0, Exit::CouldNot);
    assert_eq!(node.run("audit reindex --config CONFIG").0, Exit::Yes);
    let (_, out, _) = node.run("audit list --config CONFIG");
    assert!(out.contains("H31.05") && !out.contains("H31.03"), "{out}");
}

#[test]
fn the_log_itself_is_exported_as_plain_tiles_into_a_new_folder_only() {
    let node = Node::with(&["H31.01.01", "H31.03"]);
    let into = node.path("tiles");
    let command = format!("audit export --log LOG --tiles {}", into.display());
    let (exit, out, err) = node.run(&command);
    assert!(exit == Exit::Yes && out == "5 entries were written.\n", "{out}{err}");
    assert!(into.join("checkpoint").is_file() && into.join("tile/0/000.p/5").is_file());
    assert_eq!(node.run(&command).0, Exit::CouldNot);
    assert_eq!(node.run("audit export --log LOG").0, Exit::Usage);
}
