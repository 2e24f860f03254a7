//! What the independent verifier names, and what it has no fault to find with.

use std::fs;

use super::fsck::Fault;
use super::fsck::Known;
use super::fsck::Report;
use super::*;

fn check(world: &World) -> Report {
    check_knowing(world, &[])
}

fn check_knowing(world: &World, known: &[Known]) -> Report {
    // As the auditor's module does: the leaf vouches for the annex.
    let vouched = |_, leaf: &[u8], annex: &[u8], _: &Hash| {
        let wrong = fsck::Finding::new("annex", "phụ lục đã bị sửa", "the annex was changed");
        if leaf.ends_with(annex) { Vec::new() } else { vec![wrong] }
    };
    let mut judge = fsck::Watched { judge: fsck::Nobody, look: vouched };
    fsck::verify(&world.path(), Some(&world.public()), known, &mut judge, &mut |_, _| {})
}

/// Indices that are named.
fn named_entries(report: &Report) -> Vec<u64> {
    let mut named: Vec<u64> = report.faults.iter().filter_map(|fault| fault.index).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// One log of seven entries: a batch of one, a batch of one, a batch of four, a batch of one.
fn small() -> World {
    let world = World::new();
    let log = world.open();
    append(&log, "first").unwrap();
    append_together(&world, &log, &["entry a", "entry b", "entry c", "entry d"]);
    append(&log, "last").unwrap();
    log.close();
    world
}

fn find(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).unwrap()
}

#[test]
fn a_sound_log_has_no_faults_and_its_root_is_the_writers() {
    let world = small();
    let mut told = Vec::new();
    let look = |index, leaf: &[u8], _: &[u8], hash: &Hash| {
        assert_eq!(merkle::leaf_hash(leaf), *hash);
        told.push(index);
        Vec::new()
    };
    let report = fsck::verify(
        &world.path(),
        Some(&world.public()),
        &[],
        &mut fsck::Watched { judge: fsck::Nobody, look },
        &mut |done, total| assert_eq!((done, total), (SEGMENT_BYTES_MIN, SEGMENT_BYTES_MIN)),
    );
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!((report.entries, report.frames, report.published), (7, 4, Some(7)));
    assert_eq!(told, (0..7).collect::<Vec<_>>());
    assert_eq!(report.root, Some(world.open().head().root));
    assert_eq!(report.origin.as_deref(), Some("gw.example/2026"));
}

/// Which entry of the frame the byte at `at` belongs to, counted from the frame's first.
fn entry_at(bytes: &[u8], start: usize, end: usize, at: usize) -> Option<u64> {
    let frame = frame::Frame::read(&bytes[start..end]).unwrap();
    let position = frame.entries().flatten().position(|stored| {
        let begin = start + stored.offset;
        (begin..begin + 40 + stored.leaf.len() + stored.annex.len()).contains(&at)
    });
    position.map(|position| position as u64)
}

#[test]
fn every_byte_of_a_small_log_counts() {
    let world = small();
    let original = std::fs::read(world.segment(0)).unwrap();
    let frames = world.frames();
    let firsts = [0, 1, 2, 6, 7];
    for (batch, (start, end)) in frames.iter().enumerate() {
        for at in *start..*end {
            world.damage(|bytes| {
                bytes.clone_from(&original);
                bytes[at] ^= 0x20;
            });
            let report = check(&world);
            let first = report.faults.first().and_then(|fault| fault.index);
            let of_batch = firsts[batch]..firsts[batch + 1];
            assert!(first.is_some_and(|index| of_batch.contains(&index)), "{at}: {:?}", report.faults);
            assert_eq!(report.faults[0].file, world.segment(0));
            if let Some(exact) = entry_at(&original, *start, *end, at) {
                assert_eq!(first, Some(firsts[batch] + exact), "{at}: {:?}", report.faults);
            }
        }
    }
    let end = frames.last().unwrap().1;
    for at in (end..original.len()).step_by(997) {
        world.damage(|bytes| {
            bytes.clone_from(&original);
            bytes[at] ^= 0x20;
        });
        let report = check(&world);
        assert!(report.is_sound() && report.notes[0].en.contains("torn"), "{at}: {report:?}");
    }
}

#[test]
fn every_byte_of_the_published_checkpoint_counts() {
    let world = small();
    let original = std::fs::read(world.checkpoint()).unwrap();
    for at in 0..original.len() {
        let mut flipped = original.clone();
        flipped[at] ^= 0x01;
        put(&world.checkpoint(), &flipped);
        let report = check(&world);
        assert!(report.faults.iter().any(|fault| fault.file == world.checkpoint()), "{at}: {report:?}");
    }
}

#[test]
fn a_changed_entry_is_named_and_told_from_a_changed_leaf_hash() {
    let world = small();
    let original = std::fs::read(world.segment(0)).unwrap();
    let (start, end) = world.frames()[2];
    let leaf = find(&original, b"entry c");
    // "4 xxxxxxxx entry c": the hash stands before the leaf's beginning.
    let hash = leaf - 11 - 1;
    for (at, index, word) in [(leaf, 4, "not those that were signed"), (hash, 4, "leaf hash kept beside")] {
        for resealed in [false, true] {
            world.damage(|bytes| {
                bytes.clone_from(&original);
                bytes[at] ^= 1;
                if resealed {
                    reseal(bytes, start, end);
                }
            });
            let report = check(&world);
            assert_eq!(report.faults[0].index, Some(index), "{report:?}");
            assert!(report.faults[0].what.en.contains(word), "{report:?}");
            assert_eq!(named_entries(&report), [4]);
            assert!(report.root.is_some(), "the rest of the log is still verified");
        }
    }
}

#[test]
fn an_entry_replaced_with_its_leaf_hash_and_checksums_is_caught_by_the_signed_root() {
    let world = small();
    let (start, end) = world.frames()[2];
    world.damage(|bytes| {
        let at = find(bytes, b"entry c");
        bytes[at..at + 7].copy_from_slice(b"entry X");
        let leaf = bytes[at - 11..at + 7].to_vec();
        bytes[at - 11 - 32..at - 11].copy_from_slice(&merkle::leaf_hash(&leaf));
        // The annex, too, so that nothing else tells.
        bytes[at + 7..at + 14].copy_from_slice(b"entry X");
        reseal(bytes, start, end);
    });
    let report = check(&world);
    assert_eq!(report.faults.len(), 1, "{report:?}");
    assert_eq!(report.faults[0].index, Some(2));
    assert!(report.faults[0].what.en.contains("entries 2 to 5"));
    assert_eq!(report.root, None);
}

#[test]
fn a_batch_with_indices_that_no_number_holds_is_a_fault() {
    for batch in [2, 3] {
        let world = small();
        let (start, end) = world.frames()[batch];
        world.damage(|bytes| {
            bytes[start + 8..start + 16].fill(0xff);
            reseal(bytes, start, end);
        });
        let report = check(&world);
        assert_eq!(
            report.faults.first().and_then(|fault| fault.index),
            Some([0, 1, 2, 6][batch]),
            "{report:?}"
        );
        assert!(report.faults.iter().any(|fault| fault.what.en.contains("no number holds")), "{report:?}");
    }
}

#[test]
fn a_batch_of_nothing_at_the_last_index_there_is_is_a_fault() {
    let world = small();
    let (start, end) = world.frames()[3];
    world.damage(|bytes| {
        bytes[start + 8..start + 16].fill(0xff);
        bytes[start + 16..start + 20].fill(0);
        reseal(bytes, start, end);
    });
    assert_eq!(named_entries(&check(&world)).first(), Some(&6));
}

#[test]
fn a_batch_that_is_out_of_its_order_and_counts_what_nobody_wrote_is_a_fault() {
    let world = small();
    let (start, _) = world.frames()[2];
    world.damage(|bytes| {
        bytes[start + 8..start + 16].fill(0);
        bytes[start + 16..start + 20].fill(0xff);
        let sum = crc32c::crc32c(&bytes[start..start + 60]);
        bytes[start + 60..start + 64].copy_from_slice(&sum.to_be_bytes());
    });
    let report = check(&world);
    assert!(report.faults.iter().any(|fault| fault.what.en.contains("out of order")), "{report:?}");
}

#[test]
fn entries_exchanged_within_their_batch_are_caught() {
    let world = small();
    let (start, end) = world.frames()[2];
    world.damage(|bytes| {
        let (a, b) = (find(bytes, b"entry a") - 11 - 40, find(bytes, b"entry b") - 11 - 40);
        let length = b - a;
        let (one, two) = (bytes[a..b].to_vec(), bytes[b..b + length].to_vec());
        bytes[a..b].copy_from_slice(&two);
        bytes[b..b + length].copy_from_slice(&one);
        reseal(bytes, start, end);
    });
    assert_eq!(check(&world).faults[0].index, Some(2));
}

#[test]
fn missing_and_exchanged_batches_are_named() {
    let world = small();
    let original = std::fs::read(world.segment(0)).unwrap();
    let frames = world.frames();
    let rebuilt = |order: &[usize]| {
        let mut bytes: Vec<u8> =
            order.iter().flat_map(|at| original[frames[*at].0..frames[*at].1].to_vec()).collect();
        bytes.resize(original.len(), 0);
        bytes
    };
    for (order, first, word) in [
        (vec![1, 2, 3], 0, "entries 0 to 0 are missing"),
        (vec![0, 1, 3], 2, "entries 2 to 5 are missing"),
        (vec![0, 1, 2], 6, "entries 6 to 6 are missing"),
        (vec![], 0, "entries 0 to 6 are missing"),
        (vec![0, 2, 1, 3], 1, "entries 1 to 1 are missing"),
        (vec![0, 1, 1, 2, 3], 1, "out of order"),
    ] {
        world.damage(|bytes| *bytes = rebuilt(&order));
        let report = check(&world);
        assert_eq!(report.faults[0].index, Some(first), "{order:?} {report:?}");
        assert!(report.faults[0].what.en.contains(word), "{order:?} {report:?}");
    }
}

#[test]
fn a_header_changed_with_its_checksums_breaks_the_chain() {
    let world = small();
    let (start, end) = world.frames()[1];
    world.damage(|bytes| {
        bytes[start + 40] ^= 1;
        reseal(bytes, start, end);
    });
    let report = check(&world);
    assert_eq!(named_entries(&report), [1, 2]);
    assert!(report.faults.iter().all(|fault| fault.what.en.contains("header of the batch before")));
}

#[test]
fn a_checkpoint_of_another_batch_is_told_by_its_size() {
    let world = small();
    let ((a, b), (c, d)) = (world.frames()[0], world.frames()[1]);
    world.damage(|bytes| {
        let length = u32::from_be_bytes(bytes[a + 24..a + 28].try_into().unwrap()) as usize;
        let note = bytes[b - 4 - length..b - 4].to_vec();
        bytes[d - 4 - length..d - 4].copy_from_slice(&note);
        reseal(bytes, c, d);
    });
    let report = check(&world);
    assert_eq!(named_entries(&report), [1]);
    assert_eq!(report.faults[0].what.en, "the checkpoint of its batch is of 1 entries, not 2");
    assert!(report.root.is_some(), "the next batch's root vouches for this entry, too");
}

#[test]
fn a_batch_whose_header_is_gone_is_read_all_the_same() {
    let world = small();
    let (start, _) = world.frames()[2];
    world.damage(|bytes| bytes[start..start + 64].fill(0));
    let report = check(&world);
    assert_eq!(named_entries(&report), [2]);
    assert_eq!((report.entries, report.faults.len()), (7, 1), "{report:?}");
    assert!(report.root.is_some());
}

#[test]
fn a_signature_by_another_key_is_named() {
    let world = small();
    let other =
        World { pkcs8: Ed25519Key::generate_pkcs8().unwrap(), folder: world.folder, disk: world.disk };
    let report = check(&other);
    assert_eq!(named_entries(&report), [0, 1, 2, 6]);
    assert!(report.faults.iter().all(|fault| fault.what.en.contains("did not sign")), "{report:?}");
}

#[test]
fn without_a_key_all_but_the_signatures_is_verified() {
    let world = small();
    let verify = || fsck::verify(&world.path(), None, &[], &mut fsck::Nobody, &mut |_, _| {});
    assert!(verify().is_sound());
    world.damage(|bytes| {
        let at = find(bytes, b"entry c");
        bytes[at] ^= 1;
    });
    assert_eq!(verify().faults[0].index, Some(4));
}

#[test]
fn a_log_cut_off_is_caught_by_its_published_checkpoint_or_by_a_head_kept_elsewhere() {
    let world = small();
    let log = world.open();
    let known = Known { size: 7, root: log.head().root };
    let before = Known { size: 2, root: SignedHead::clone(&log.head()).root };
    log.close();
    assert!(check_knowing(&world, &[known]).is_sound());
    assert_eq!(named_entries(&check_knowing(&world, &[before])), [1], "another root at an earlier size");
    let (start, _) = world.frames()[3];
    world.damage(|bytes| bytes[start..].fill(0));
    let report = check(&world);
    let [Fault { index, file, code, what }] = report.faults.as_slice() else { panic!("{report:?}") };
    assert_eq!((*index, file, *code), (Some(6), &world.checkpoint(), "log-shortened"));
    assert_eq!(what.en, "the published tree head has 7 entries, the log 6: entries 6 to 6 are missing");
    std::fs::remove_file(world.checkpoint()).unwrap();
    assert!(check(&world).is_sound(), "nothing in the folder can tell");
    assert_eq!(named_entries(&check_knowing(&world, &[known])), [6]);
}

#[test]
fn a_torn_tail_is_noted_and_is_no_fault_unless_it_was_published() {
    let world = small();
    let (start, end) = world.frames()[3];
    world.damage(|bytes| bytes[end - 20..].fill(0));
    assert_eq!(named_entries(&check(&world)), [6]);
    std::fs::remove_file(world.checkpoint()).unwrap();
    let report = check(&world);
    assert!(report.is_sound(), "{report:?}");
    assert!(report.notes.iter().any(|note| note.en.contains("torn last batch")));
    world.damage(|bytes| bytes[start..start + 100].fill(0));
    assert!(check(&world).is_sound());
}

#[test]
fn faults_in_two_places_are_both_named() {
    let world = small();
    world.damage(|bytes| {
        for text in [b"entry b", b"entry d"] {
            let at = find(bytes, text);
            bytes[at] ^= 1;
        }
        let at = find(bytes, b"last");
        bytes[at] ^= 1;
    });
    assert_eq!(named_entries(&check(&world)), [3, 5, 6]);
}

#[test]
fn a_folder_with_nothing_is_a_fault() {
    let world = World::new();
    assert!(!check(&world).is_sound());
    std::fs::create_dir_all(wal(&world.path())).unwrap();
    assert!(!check(&world).is_sound());
    world.open().close();
    let report = check(&world);
    assert!(report.is_sound() && report.published == Some(0), "{report:?}");
}

#[test]
fn a_missing_or_renamed_segment_is_named() {
    let world = World::new();
    let log = world.open();
    (0..20).for_each(|_| drop(append(&log, &"x".repeat(5000)).unwrap()));
    log.close();
    assert!(check(&world).is_sound());
    let mut firsts: Vec<u64> = Vec::new();
    let mut tree = merkle::Tree::default();
    for index in 0..20 {
        tree.push(merkle::leaf_hash(&log.read(index).unwrap().leaf));
        if world.segment(index).exists() {
            firsts.push(index);
        }
    }
    let (second, third) = (firsts[1], firsts[2]);
    let aside = world.path().join("aside");
    std::fs::rename(world.segment(second), &aside).unwrap();
    let report = check(&world);
    assert_eq!((report.faults[0].index, &report.faults[0].file), (Some(second), &world.segment(third)));
    std::fs::rename(&aside, world.segment(second + 1)).unwrap();
    assert_eq!(check(&world).faults[0].index, Some(second));
    std::fs::rename(world.segment(second + 1), wal(&world.path()).join("odd.seg")).unwrap();
    assert!(!check(&world).is_sound());
    std::fs::rename(wal(&world.path()).join("odd.seg"), world.segment(second)).unwrap();
    assert!(check(&world).is_sound());
    std::fs::remove_file(world.segment(third)).unwrap();
    std::fs::create_dir(world.segment(third)).unwrap();
    let report = check(&world);
    assert_eq!((report.faults[0].index, &report.faults[0].file), (Some(third), &world.segment(third)));
}

#[test]
fn garbage_behind_a_segment_that_another_follows_is_a_fault() {
    let world = World::new();
    let log = world.open();
    (0..20).for_each(|_| drop(append(&log, &"x".repeat(5000)).unwrap()));
    log.close();
    world.damage(|bytes| *bytes.last_mut().unwrap() = 1);
    let report = check(&world);
    assert_eq!((report.faults.len(), &report.faults[0].file), (1, &world.segment(0)), "{report:?}");
}

#[test]
fn a_log_in_use_is_verified_while_it_grows() {
    let world = World::new();
    let log = world.open();
    let writing = std::thread::spawn({
        let log = log.clone();
        move || (0..300).for_each(|n| drop(append(&log, &format!("{n} {}", "y".repeat(700))).unwrap()))
    });
    while !writing.is_finished() {
        let report = check(&world);
        assert!(report.is_sound(), "{report:?}");
    }
    writing.join().unwrap();
    assert_eq!(check(&world).entries, 300);
}

#[test]
fn the_verifier_names_nothing_of_the_writer_but_the_hash_and_the_public_key() {
    const ALLOWED: [&str; 8] = [
        "crate::crypto::digest::Hash",
        "crate::crypto::digest::Sha256",
        "crate::crypto::digest::hex",
        "crate::crypto::digest::sha256",
        "crate::crypto::lanes::sha256_each",
        "crate::crypto::verify::PublicKey",
        "crate::language::Text",
        "crate::tlog::note::VerifierKey",
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tlog/fsck");
    let (mut folders, mut rooms) = (vec![folder], Vec::new());
    while let Some(folder) = folders.pop() {
        let there = fs::read_dir(folder).unwrap().map(|room| room.unwrap().path());
        let (inner, files): (Vec<_>, Vec<_>) = there.partition(|room| room.is_dir());
        folders.extend(inner);
        rooms.extend(files);
    }
    assert!(rooms.len() > 20, "found only {rooms:?}");
    for room in rooms {
        let (source, door) = (fs::read_to_string(&room).unwrap(), room.ends_with("mod.rs"));
        let lines = source.lines().take_while(|line| *line != "#[cfg(test)]");
        for line in lines.filter(|line| !line.starts_with("//")) {
            let imported = line.strip_prefix("use ").map(|path| path.trim_end_matches(';'));
            // From a room, one step up is the verifier itself.
            let within = imported.filter(|path| !door && path.starts_with("super::"));
            assert!(imported.is_some() || !line.contains("crate::"), "{line}");
            assert_eq!(line.matches("super::").count(), usize::from(within.is_some()), "{line}");
            let Some(path) = imported.filter(|path| path.starts_with("crate::")) else { continue };
            assert!(ALLOWED.contains(&path), "{path}");
        }
    }
}
