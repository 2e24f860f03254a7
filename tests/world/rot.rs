//! What can rot in a log's folder, byte by byte, and what is said of it. The formats are read here a third time, as their modules describe
//! them.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::child::Child;
use super::machine::path;

/// One byte that is changed, and what must be said of it.
#[derive(Debug, Clone)]
pub struct Rot {
    /// What kind of byte it is.
    pub what: &'static str,
    pub file: PathBuf,
    pub at: usize,
    /// The entries of which one must be named, if it is an entry that suffers.
    pub entries: Option<Range<u64>>,
}

/// Where one batch stands in its segment: the format as `src/tlog/frame.rs` describes it, read a third time.
#[derive(Debug, Clone)]
pub struct Batch {
    start: usize,
    entries: Range<u64>,
    body: usize,
    note: usize,
}

const HEADER: usize = 64;
const ENTRY_HEADER: usize = 40;

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The batches of a segment, and where they end.
pub fn batches(bytes: &[u8]) -> (Vec<Batch>, usize) {
    let (mut at, mut batches) = (0, Vec::new());
    while bytes.get(at) == Some(&0x89) {
        let header = &bytes[at..at + HEADER];
        let (first, count) = (number(&header[8..16]) as u64, number(&header[16..20]) as u64);
        let (body, note) = (number(&header[20..24]), number(&header[24..28]));
        batches.push(Batch { start: at, entries: first..first + count, body, note });
        at += HEADER + body + note + 4;
    }
    (batches, at)
}

impl Batch {
    /// A byte of every kind, with the entries that may be blamed.
    fn bytes(&self, segment: &[u8]) -> Vec<(&'static str, usize, Range<u64>)> {
        let mut bytes: Vec<_> = [
            ("the magic", 3),
            ("the first index", 15),
            ("the number of entries", 19),
            ("the length of the body", 23),
            ("the length of the note", 27),
            ("the hash of the header before", 40),
            ("the header's checksum", 62),
        ]
        .map(|(what, at)| (what, self.start + at, self.entries.clone()))
        .into();
        let mut at = self.start + HEADER;
        for index in self.entries.clone() {
            let (leaf, annex) = (number(&segment[at..at + 4]), number(&segment[at + 4..at + 8]));
            let inside = at + ENTRY_HEADER;
            let entry = index..index + 1;
            let kinds = [
                ("the length of a leaf", at + 3, 4),
                ("the length of an annex", at + 7, 4),
                ("a leaf's hash", at + 20, 32),
                ("a leaf", inside + leaf / 2, leaf),
                ("an annex", inside + leaf + annex / 2, annex),
            ];
            let there = kinds.into_iter().filter(|(_, _, length)| *length > 0);
            bytes.extend(there.map(|(what, at, _)| (what, at, entry.clone())));
            at = inside + leaf + annex;
        }
        let (note, trailer) = (self.start + HEADER + self.body, self.start + HEADER + self.body + self.note);
        let kinds = [
            ("a checkpoint's text", note + 2),
            ("a checkpoint's signature", trailer - 9),
            ("the trailer", trailer + 1),
        ];
        bytes.extend(kinds.map(|(what, at)| (what, at, self.entries.clone())));
        bytes
    }
}

/// What can rot in the segments: the first batch, one in the middle and the last of each.
pub fn in_segments(log: &Path) -> Vec<Rot> {
    let mut rots = Vec::new();
    for file in
        files(&log.join("wal")).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "seg"))
    {
        let bytes = std::fs::read(&file).unwrap();
        let (batches, _) = batches(&bytes);
        let mut chosen = vec![0, batches.len() / 2, batches.len().saturating_sub(1)];
        chosen.dedup();
        for batch in chosen.into_iter().filter_map(|at| batches.get(at)) {
            let of_batch = batch.bytes(&bytes).into_iter();
            rots.extend(of_batch.map(|(what, at, entries)| Rot {
                what,
                file: file.clone(),
                at,
                entries: Some(entries),
            }));
        }
    }
    rots
}

/// What can rot in what was sealed: the first and the last full bundle, their tiles and annexes, and every snapshot.
pub fn in_sealed(log: &Path) -> Vec<Rot> {
    let bundles = files(&log.join("tile/entries"));
    let chosen = [bundles.first(), bundles.last()].map(|file| file.expect("a bundle is sealed").clone());
    let mut rots = Vec::new();
    for bundle in chosen {
        let number = bundle.file_stem().unwrap().to_owned();
        let first = number.to_str().unwrap().parse::<u64>().unwrap() * 256;
        let mut add = |what, file: &Path, at| {
            rots.push(Rot { what, file: file.to_owned(), at, entries: Some(first..first + 256) });
        };
        let length = std::fs::read(&bundle).unwrap().len();
        add("a bundle's packing", &bundle, 1);
        add("a bundle's stream", &bundle, length / 2);
        add("a bundle's checksum", &bundle, length - 7);
        add("a bundle's length", &bundle, length - 2);
        let tile = log.join("tile/0").join(&number);
        add("a tile's first hash", &tile, 5);
        add("a tile's last hash", &tile, 8_191);
        for shelf in files(&log.join("annex")) {
            let annexes = shelf.join(&number);
            let Ok(bytes) = std::fs::read(&annexes) else { continue };
            let there = bytes.iter().position(|byte| *byte != 0).expect("an annex");
            add("the length of a sealed annex", &annexes, there);
            add("a sealed annex", &annexes, there + 20);
            add("the last byte of the annexes", &annexes, bytes.len() - 1);
        }
    }
    for snapshot in files(&log.join("heads")) {
        let length = std::fs::read(&snapshot).unwrap().len();
        for (what, at) in [("a snapshot", length / 2), ("a snapshot's checksum", length - 9)] {
            rots.push(Rot { what, file: snapshot.clone(), at, entries: None });
        }
    }
    rots
}

/// Every part of the published checkpoint.
pub fn in_checkpoint(log: &Path) -> Vec<Rot> {
    let file = log.join("checkpoint");
    let text = String::from_utf8(std::fs::read(&file).unwrap()).unwrap();
    let lines: Vec<usize> = [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let kinds = [
        ("the origin", lines[0] + 1),
        ("the size", lines[1]),
        ("the root", lines[2] + 5),
        ("the empty line", lines[3]),
        ("the signer's name", lines[4] + 5),
        ("the signature", text.len() - 9),
        ("the last line feed", text.len() - 1),
    ];
    kinds.map(|(what, at)| Rot { what, file: file.clone(), at, entries: None }).into()
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub fn put(file: &Path, bytes: &[u8]) {
    std::fs::File::create(file).unwrap().write_all(bytes).unwrap();
}

/// What `audit verify` says of the folder, and its exit code.
pub fn verify(log: &Path) -> (Value, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    let output = command.args(["--json", "audit", "verify", path(log)]).output().unwrap();
    (serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}")), output.status.code())
}

/// The same where the gateway need not read the byte to start: then it loses nothing, names the place when it comes to it, or has
/// made the file anew from the segments.
pub fn rots_aside(rot: &Rot, log: &Path, configuration: &Path) {
    let (whole, _) = verify(log);
    let (sound, report) = rotten(rot, log);
    assert!(names(&report, rot), "{rot:?}: {report}");
    match Child::try_serve(configuration) {
        // A tile disagrees with what stands behind it; which of the two rotted, the verifier has told.
        Err(said) => {
            let told = said.contains("a tile before it was changed") && said.contains("audit verify");
            assert!(told || said.contains(path(&rot.file)), "{rot:?}: {said}");
        }
        Ok(gateway) => {
            gateway.kill();
            let (report, code) = verify(log);
            assert!(report["entries"].as_u64() > whole["entries"].as_u64(), "{rot:?}: {report}");
            assert!(code == Some(0) || names(&report, rot), "{rot:?}: {report}");
        }
    }
    // A snapshot that is not among the newest is gone by now.
    if rot.file.exists() {
        put(&rot.file, &sound);
    }
}

/// Changes the byte: what the file held before, and what the verifier says now.
fn rotten(rot: &Rot, log: &Path) -> (Vec<u8>, Value) {
    let sound = std::fs::read(&rot.file).unwrap();
    let mut bytes = sound.clone();
    bytes[rot.at] ^= 0x04;
    put(&rot.file, &bytes);
    let (report, code) = verify(log);
    assert_eq!((code, &report["sound"]), (Some(4), &Value::Bool(false)), "{rot:?}: {report}");
    (sound, report)
}

/// Whether a fault names the file, and an entry that suffers.
fn names(report: &Value, rot: &Rot) -> bool {
    report["faults"].as_array().unwrap().iter().any(|fault| {
        let index = fault["index"].as_u64();
        let entry =
            rot.entries.as_ref().is_none_or(|entries| index.is_some_and(|index| entries.contains(&index)));
        entry && fault["file"].as_str() == rot.file.to_str()
    })
}

/// Changes the byte, asks the verifier and the gateway, and mends it.
pub fn rots(rot: &Rot, log: &Path, configuration: &Path) {
    let (sound, report) = rotten(rot, log);
    let first = &report["faults"][0];
    assert_eq!(first["file"].as_str(), rot.file.to_str(), "{rot:?}: {report}");
    if let Some(entries) = &rot.entries {
        assert!(first["index"].as_u64().is_some_and(|index| entries.contains(&index)), "{rot:?}: {report}");
    }
    let said = Child::try_serve(configuration).expect_err("it starts on a rotten log");
    assert!(said.contains(path(&rot.file)), "{rot:?}: {said}");
    if let Some(entries) = &rot.entries {
        assert!(entries.clone().any(|index| said.contains(&format!("bản ghi {index},"))), "{rot:?}: {said}");
    }
    put(&rot.file, &sound);
}
