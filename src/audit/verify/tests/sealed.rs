//! The whole verifier on folders whose first entries stand in bundles alone.

use std::path::PathBuf;

use super::folder::Folder;
use super::folder::Layout;
use super::folder::Script;
use super::folder::packed;
use super::folder::sized;
use super::folder::snapshot;
use super::*;

use crate::tlog::fsck::Known;
use crate::tlog::fsck::Report;

/// Bundles 0 and 1 are sealed; segments begin within the second, and hold its end, too.
const LAYOUT: Layout = Layout { sealed: 2, begun: 300, batch: 25, segment: 4 };

fn check(folder: &Folder) -> Report {
    check_knowing(folder, &[])
}

fn check_knowing(folder: &Folder, known: &[Known]) -> Report {
    let mut judge = Judge::new();
    let mut report = fsck::verify(&folder.path(""), Some(&folder.key()), known, &mut judge, &mut |_, _| {});
    let ended = judge.end();
    assert!(ended.notes.is_empty() && ended.lost.is_empty());
    report.notes.extend(ended.notes);
    report
}

/// For the reader of a failed test.
fn told(report: &Report) -> String {
    let fault =
        |fault: &fsck::Fault| format!("\n  {:?} {}: {}", fault.index, fault.file.display(), fault.what.en);
    let notes = report.notes.iter().map(|note| format!("\n  {}", note.en));
    report.faults.iter().map(fault).chain(notes).collect()
}

fn small() -> (Script, Folder) {
    let script = Script::of(530);
    let folder = Folder::of(&script, LAYOUT);
    (script, folder)
}

/// Code, index and file of every fault.
fn faults(folder: &Folder, report: &Report) -> Vec<(&'static str, Option<u64>, String)> {
    let place = folder.path("");
    let name = |file: &PathBuf| file.strip_prefix(&place).unwrap().display().to_string();
    report.faults.iter().map(|fault| (fault.code, fault.index, name(&fault.file))).collect()
}

#[test]
fn a_sealed_log_is_sound_whatever_stands_in_segments_too() {
    let script = Script::of(530);
    for (sealed, begun) in
        [(0, 0), (1, 0), (2, 0), (1, 200), (1, 256), (2, 256), (2, 300), (2, 511), (2, 512)]
    {
        let folder = Folder::of(&script, Layout { sealed, begun, ..LAYOUT });
        let report = check_knowing(&folder, &[folder.known()]);
        assert!(report.is_sound() && report.notes.is_empty(), "{sealed} {begun} {}", told(&report));
        assert_eq!((report.entries, report.root, report.bundles), (530, Some(folder.root), sealed));
        let ours = folder
            .files()
            .into_iter()
            .filter(|file| !file.starts_with("objects") && !file.starts_with("heads"));
        let bytes: usize = ours.filter(|file| file != "checkpoint").map(|file| folder.get(&file).len()).sum();
        assert_eq!(report.bytes, bytes as u64, "every byte was read once");
    }
}

/// One change to the folder of [`small`], and what must be found: code, entry and file of the first fault, of `all` in number.
type Case = (&'static str, fn(&Script, &Folder), &'static str, Option<u64>, &'static str, usize);

fn change(folder: &Folder, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = folder.get(name);
    change(&mut bytes);
    folder.put(name, &bytes);
}

/// The leaf at an index, with one byte of it changed: the last letter of `phohien`.
fn changed(script: &Script, index: usize) -> Vec<u8> {
    let text = String::from_utf8(script.entries[index].leaf.clone()).unwrap();
    text.replace("phohien/1", "phohiem/1").into_bytes()
}

fn reseal(folder: &Folder, number: u64, leaves: &[&[u8]]) {
    folder.put(&format!("tile/entries/{number:03}.gz"), &packed(leaves.iter().copied()));
}

fn leaves(script: &Script, number: usize) -> Vec<&[u8]> {
    script.entries[number * 256..(number + 1) * 256].iter().map(|entry| entry.leaf.as_slice()).collect()
}

const CASES: [Case; 23] = [
    (
        "an entry is changed in its bundle",
        |script, folder| {
            let (other, mut leaves) = (changed(script, 20), leaves(script, 0));
            leaves[20] = &other;
            reseal(folder, 0, &leaves);
        },
        "entry-changed",
        Some(20),
        "tile/entries/000.gz",
        1,
    ),
    (
        "a leaf hash is changed in its tile",
        |_, folder| change(folder, "tile/0/000", |bytes| bytes[20 * 32] ^= 1),
        "leaf-hash-changed",
        Some(20),
        "tile/0/000",
        1,
    ),
    (
        "one entry and another's leaf hash are changed",
        |script, folder| {
            let (other, mut leaves) = (changed(script, 20), leaves(script, 0));
            leaves[20] = &other;
            reseal(folder, 0, &leaves);
            change(folder, "tile/0/000", |bytes| bytes[21 * 32] ^= 1);
        },
        "entry-changed",
        Some(20),
        "tile/entries/000.gz",
        2,
    ),
    (
        "an entry that stands in a segment, too, is changed in its bundle",
        |script, folder| {
            let (other, mut leaves) = (changed(script, 400), leaves(script, 1));
            leaves[400 - 256] = &other;
            reseal(folder, 1, &leaves);
        },
        "bundle-differs",
        Some(400),
        "tile/entries/001.gz",
        1,
    ),
    (
        "a bundle is cut",
        |_, folder| change(folder, "tile/entries/000.gz", |bytes| bytes.truncate(bytes.len() / 2)),
        "bundle-stream",
        None,
        "tile/entries/000.gz",
        1,
    ),
    (
        "a bundle has an entry less",
        |script, folder| reseal(folder, 0, &leaves(script, 0)[..255]),
        "entries-illegible",
        Some(255),
        "tile/entries/000.gz",
        1,
    ),
    (
        "a bundle has an entry more",
        |script, folder| {
            let mut leaves = leaves(script, 0);
            leaves.push(b"more");
            reseal(folder, 0, &leaves);
        },
        "bundle-idle-bytes",
        Some(0),
        "tile/entries/000.gz",
        1,
    ),
    (
        "bytes stand behind a bundle",
        |_, folder| change(folder, "tile/entries/000.gz", |bytes| bytes.push(0)),
        "bundle-trailing",
        Some(0),
        "tile/entries/000.gz",
        1,
    ),
    (
        "a bundle is missing",
        |_, folder| folder.remove("tile/entries/000.gz"),
        "bundle-missing",
        Some(0),
        "tile/entries/000.gz",
        1,
    ),
    ("a tile is missing", |_, folder| folder.remove("tile/0/000"), "tile-missing", Some(0), "tile/0/000", 1),
    (
        "a tile is cut",
        |_, folder| change(folder, "tile/0/000", |bytes| bytes.truncate(8160)),
        "tile-length",
        Some(0),
        "tile/0/000",
        1,
    ),
    (
        "bundle and tile are missing",
        |_, folder| {
            folder.remove("tile/entries/000.gz");
            folder.remove("tile/0/000");
        },
        "bundle-missing",
        Some(0),
        "tile/entries/000.gz",
        1,
    ),
    (
        "annexes are missing",
        |_, folder| folder.remove("annex/2026-10/000"),
        "annex-missing",
        Some(8),
        "annex/2026-10/000",
        4,
    ),
    (
        "an annex is changed",
        |_, folder| change(folder, "annex/2026-10/000", |bytes| bytes[8 * 2 + 2] ^= 1),
        "annex-changed",
        Some(8),
        "annex/2026-10/000",
        1,
    ),
    (
        "an annex stands where none belongs",
        |_, folder| {
            let annexes: Vec<&[u8]> =
                (0..256).map(|at| if at == 5 { b"mine".as_slice() } else { b"" }).collect();
            folder.put("annex/2026-09/000", &sized(annexes.into_iter()));
        },
        "annex-unnamed",
        Some(5),
        "annex/2026-09/000",
        1,
    ),
    (
        "a file of annexes holds none",
        |_, folder| folder.put("annex/2026-09/000", &[0; 512]),
        "annexes-empty",
        Some(0),
        "annex/2026-09/000",
        1,
    ),
    (
        "a file of annexes is cut",
        |_, folder| change(folder, "annex/2026-10/000", |bytes| bytes.truncate(bytes.len() - 1)),
        "annexes-illegible",
        Some(255),
        "annex/2026-10/000",
        1,
    ),
    (
        "a file of annexes is too long",
        |_, folder| change(folder, "annex/2026-10/000", |bytes| bytes.push(0)),
        "annexes-idle-bytes",
        Some(0),
        "annex/2026-10/000",
        1,
    ),
    (
        "an object is missing",
        |script, folder| folder.remove(&format!("objects/{}", hex(&sha256(&script.objects[0])))),
        "object-missing",
        Some(1),
        "objects/OBJECT",
        1,
    ),
    (
        "an object is changed",
        |script, folder| {
            change(folder, &format!("objects/{}", hex(&sha256(&script.objects[0]))), |bytes| bytes[0] ^= 1);
        },
        "object-changed",
        Some(1),
        "objects/OBJECT",
        1,
    ),
    (
        "a snapshot says another state, under its own hash",
        |_, folder| {
            let name = "heads/00000000000000000300";
            let text = String::from_utf8(folder.get(name)).unwrap();
            let line = text.lines().next().unwrap().replace("\"seq\":3", "\"seq\":4");
            folder.put(name, snapshot(&line).as_bytes());
        },
        "snapshot-state",
        Some(299),
        "heads/00000000000000000300",
        1,
    ),
    (
        "a snapshot is of entries that are not there",
        |_, folder| {
            let text = String::from_utf8(folder.get("heads/00000000000000000300")).unwrap();
            let line = text.lines().next().unwrap().replace("\"size\":300", "\"size\":600");
            folder.put("heads/00000000000000000600", snapshot(&line).as_bytes());
        },
        "log-shortened",
        Some(530),
        "heads/00000000000000000600",
        1,
    ),
    (
        "a bundle is of entries that are not there",
        |script, folder| reseal(folder, 2, &leaves(script, 1)),
        "sealed-beyond-end",
        Some(530),
        "tile/entries/002.gz",
        1,
    ),
];

#[test]
fn every_fault_of_what_is_sealed_is_named_by_entry_and_file() {
    let script = Script::of(530);
    for (case, damage, code, index, file, all) in CASES {
        let folder = Folder::of(&script, LAYOUT);
        damage(&script, &folder);
        let report = check_knowing(&folder, &[folder.known()]);
        let found = faults(&folder, &report);
        let object = format!("objects/{}", hex(&sha256(&script.objects[0])));
        let file = if file.ends_with("OBJECT") { &object } else { file };
        assert_eq!(found.len(), all, "{case}: {}", told(&report));
        assert_eq!((found[0].0, found[0].2.as_str()), (code, file), "{case}: {}", told(&report));
        assert!(index.is_none() || found[0].1 == index, "{case}: {}", told(&report));
        let in_both = |fault: &fsck::Fault| !fault.what.vi.is_empty() && fault.what.vi != fault.what.en;
        assert!(report.faults.iter().all(in_both), "{case}");
    }
}

#[test]
fn what_a_list_among_the_objects_names_is_there_as_named_or_the_entry_is_faulty() {
    let texts = [b"a service".to_vec(), b"another".to_vec()];
    let names: Vec<String> = texts.iter().map(|text| hex(&sha256(text))).collect();
    let object = |name: &str| format!("objects/{name}");
    let list = serde_json::json!({ "services/1.toml": names[0], "services/2.toml": names[1] }).to_string();
    let (good, wrong) = (list.as_str(), list.replace(&names[0], "none"));
    let tried = |list: &str, damage: &dyn Fn(&Folder), found: &[(&str, Option<u64>, String)]| {
        let mut script = Script::of(20);
        let listing =
            serde_json::json!({ "new": names[0], "files": {}, "listing": hex(&sha256(list.as_bytes())) });
        script.add("H31.02", "policy.changed", None, listing, b"");
        script.objects.extend(texts.iter().cloned().chain([list.as_bytes().to_vec()]));
        let folder = Folder::of(&script, Layout { sealed: 0, begun: 0, ..LAYOUT });
        damage(&folder);
        let report = check_knowing(&folder, &[folder.known()]);
        assert_eq!(faults(&folder, &report), found, "{}", told(&report));
        let idle = report.notes.iter().any(|note| note.en.contains("named by no entry"));
        assert_eq!(idle, list != good, "{}", told(&report));
    };
    tried(&list, &|_| {}, &[]);
    let missing = ("object-missing", Some(20), object(&names[0]));
    tried(&list, &|folder| folder.remove(&object(&names[0])), &[missing]);
    let other = ("object-changed", Some(20), object(&names[1]));
    tried(&list, &|folder| change(folder, &object(&names[1]), |bytes| bytes[0] ^= 1), &[other]);
    for list in [&wrong, "[]"] {
        let none = ("object-no-list", Some(20), object(&hex(&sha256(list.as_bytes()))));
        tried(list, &|_| {}, &[none]);
    }
}

#[test]
fn a_bundle_and_its_tile_rewritten_together_are_exposed_by_the_signed_root() {
    let (script, folder) = small();
    let (other, mut leaves) = (changed(&script, 20), leaves(&script, 0));
    leaves[20] = &other;
    reseal(&folder, 0, &leaves);
    change(&folder, "tile/0/000", |bytes| {
        bytes[20 * 32..21 * 32].copy_from_slice(&crate::tlog::merkle::leaf_hash(&other));
    });
    let report = check(&folder);
    assert!(!report.is_sound() && report.root.is_none(), "{}", told(&report));
}

#[test]
fn a_log_that_its_signer_cut_or_rewrote_is_exposed_by_a_head_kept_elsewhere() {
    let (script, folder) = small();
    let known = [folder.known()];
    let cut = folder.rewritten(&Script::of(520), LAYOUT);
    let mut other = Script::of(530);
    other.entries[20].leaf = changed(&script, 20);
    let forked = folder.rewritten(&other, LAYOUT);
    for (rewritten, code) in [(cut, "log-shortened"), (forked, "log-rewritten")] {
        let alone = faults(&rewritten, &check(&rewritten));
        assert!(!alone.iter().any(|(found, ..)| *found == code), "by itself nothing tells: {alone:?}");
        let report = check_knowing(&rewritten, &known);
        assert!(report.faults.iter().any(|fault| fault.code == code), "{code}: {}", told(&report));
    }
}

#[test]
fn tiles_above_the_first_level_are_held_against_the_tree_below_them() {
    let layout = Layout { sealed: 257, begun: 65_700, batch: 1_000, segment: 4 };
    let script = Script::of(66_000);
    let folder = Folder::of(&script, layout);
    let known = [folder.known()];
    let report = check_knowing(&folder, &known);
    assert!(report.is_sound() && report.bundles == 257, "{}", told(&report));
    let tile = folder.get("tile/1/000");
    folder.poke("tile/1/000", 5 * 32, tile[5 * 32] ^ 1);
    let report = check_knowing(&folder, &known);
    let expected = ("tile-changed", Some(5 * 256), "tile/1/000".to_owned());
    assert_eq!(faults(&folder, &report), [expected], "{}", told(&report));
    folder.remove("tile/1/000");
    let report = check_knowing(&folder, &known);
    let expected = ("tile-missing", Some(0), "tile/1/000".to_owned());
    assert_eq!(faults(&folder, &report), [expected], "{}", told(&report));
    folder.put("tile/1/000", &tile);
    let (other, mut leaves) = (changed(&script, 200 * 256 + 3), leaves(&script, 200));
    leaves[3] = &other;
    reseal(&folder, 200, &leaves);
    let report = check_knowing(&folder, &known);
    let expected = ("entry-changed", Some(200 * 256 + 3), "tile/entries/200.gz".to_owned());
    assert_eq!(faults(&folder, &report), [expected], "{}", told(&report));
}

#[test]
fn what_does_not_belong_is_noted_and_is_no_fault() {
    let (_, folder) = small();
    for name in
        ["notes.txt", "tile/9/000", "tile/0/000.p/3", "annex/readme", "heads/old", "objects/x.tmp", "wal/x"]
    {
        folder.put(name, b"x");
    }
    let report = check(&folder);
    assert!(report.is_sound() && report.notes.len() == 7, "{}", told(&report));
}

#[test]
fn what_is_sealed_but_not_finished_is_noted_as_long_as_segments_hold_its_entries() {
    let script = Script::of(530);
    for name in ["tile/0/001", "tile/entries/001.gz", "annex/2026-11/001"] {
        let folder = Folder::of(&script, Layout { begun: 256, ..LAYOUT });
        folder.remove(name);
        let report = check(&folder);
        assert!(report.is_sound() && report.notes.len() == 1, "{name} {}", told(&report));
        assert!(report.notes[0].en.contains("1 bundles are not sealed yet"), "{}", told(&report));
    }
}

#[test]
fn a_segment_in_the_middle_that_is_gone_is_named_although_bundles_hold_its_entries() {
    let script = Script::of(530);
    let folder = Folder::of(&script, Layout { begun: 0, ..LAYOUT });
    folder.remove("wal/00000000000000000100.seg");
    let report = check_knowing(&folder, &[folder.known()]);
    let expected = ("segment-missing", Some(100), "wal/00000000000000000200.seg".to_owned());
    assert_eq!(faults(&folder, &report), [expected], "{}", told(&report));
    assert_eq!(report.root, Some(folder.root), "nothing is lost");
}

/// A folder in which every file kind is small, and what it unpacks to.
fn tiny() -> Folder {
    Folder::of(&Script::of(268), Layout { sealed: 1, begun: 250, batch: 5, segment: 2 })
}

/// Which entries a file may be blamed for: those that stand in it.
fn entries_in(file: &str) -> std::ops::Range<u64> {
    match file {
        "wal/00000000000000000250.seg" => 250..260,
        "wal/00000000000000000260.seg" => 260..268,
        _ => 0..268,
    }
}

/// Flips one bit of every `step`th byte of every file and verifies; whatever is not found must mean nothing.
fn flip_every(step: usize, phase: usize) {
    let folder = tiny();
    let known = [folder.known()];
    for file in folder.files() {
        let original = folder.get(&file);
        for at in (phase..original.len()).step_by(step) {
            let flipped = original[at] ^ (1 << (at % 8));
            folder.poke(&file, at, flipped);
            judge_flip(&folder, &known, &file, &original, at);
            folder.poke(&file, at, original[at]);
        }
    }
    assert!(check_knowing(&folder, &known).is_sound());
}

fn judge_flip(folder: &Folder, known: &[Known], file: &str, original: &[u8], at: usize) {
    let report = check_knowing(folder, known);
    if report.is_sound() {
        let nothing = means_nothing(file, original, &folder.get(file), at, &report);
        return assert!(nothing, "{file} {at}: nothing was found");
    }
    let found = faults(folder, &report);
    let named = found.iter().any(|(_, index, named)| {
        named == file && index.is_none_or(|index| entries_in(file).contains(&index))
    });
    assert!(named, "{file} {at}: {}", told(&report));
    let strangers = found.iter().filter(|(_, _, named)| named != file).count();
    assert_eq!(strangers, 0, "{file} {at}: others were blamed: {}", told(&report));
}

/// Bits that mean nothing: zeros behind the last batch of the last segment, which may be a torn batch and are noted; and of a
/// compressed bundle those with which it still unpacks to the same bytes under the same checksum.
fn means_nothing(file: &str, original: &[u8], flipped: &[u8], at: usize, report: &Report) -> bool {
    if file.ends_with(".gz") {
        let unpacked = |bytes: &[u8]| {
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut out)
                .map(|_| out)
                .unwrap()
        };
        return unpacked(original) == unpacked(flipped);
    }
    let used = original.iter().rposition(|byte| *byte != 0).unwrap();
    file == "wal/00000000000000000260.seg" && at > used && report.notes[0].en.contains("torn last batch")
}

/// How far from one flipped byte to the next, in bytes, where nobody says: what a build without optimisation does in seconds. Odd, so
/// that every kind of field in a file is met sooner or later.
const STEP: usize = 29;

#[test]
fn every_byte_of_every_file_counts() {
    let step = step();
    std::thread::scope(|scope| {
        for phase in 0..2 {
            scope.spawn(move || flip_every(2 * step, phase * step));
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "how much to try is for who runs the tests to say")]
fn step() -> usize {
    std::env::var("FLIP_STEP").map_or(STEP, |step| step.parse().unwrap())
}
