//! What opening a log accepts and drops, and what it refuses, by entry and file.

use super::*;

const LEAVES: [&str; 4] = ["one", "two", "three", "four"];

fn damaged_at(world: &World) -> Option<u64> {
    match world.try_open() {
        Err(OpenError::Damaged { index, file, .. }) => {
            assert_eq!(file, world.segment(0));
            Some(index)
        }
        Ok((log, found)) => {
            assert_eq!(log.size(), found.size);
            None
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_log_opens_as_it_was_closed_and_its_sequencer_is_told_everything_again() {
    let world = World::unpublished(&LEAVES);
    let told: Arc<Mutex<Told>> = Arc::default();
    let clock = Clock::system();
    let chain = Chain { told: Arc::clone(&told) };
    let (log, found) =
        open(world.settings(), Arc::new(world.disk.clone()), world.key(), clock, chain).unwrap();
    assert_eq!(found, Recovered { size: 4, published: None, torn: None });
    assert_eq!(told.lock().unwrap().size(), 4);
    assert_eq!(append(&log, "five").unwrap().index, 4);
    assert_eq!(verify_all(&world, &log), 5);
}

#[test]
fn a_last_batch_cut_at_any_byte_is_dropped_whole_and_said() {
    let world = World::unpublished(&LEAVES);
    let original = std::fs::read(world.segment(0)).unwrap();
    let (start, end) = *world.frames().last().unwrap();
    for cut in start..end {
        world.damage(|bytes| {
            bytes.clone_from(&original);
            bytes[cut..].fill(0);
        });
        let whole = cut == end - 1 && original[cut] == 0;
        let (log, found) = world.try_open().unwrap();
        let kept = original[start..cut].iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        let torn = (kept > 0 && !whole).then_some(Torn { first: 3, bytes: kept });
        assert_eq!((found.size, found.torn), (if whole { 4 } else { 3 }, torn), "{cut}");
        assert_eq!(append(&log, "again").unwrap().index, found.size);
        log.close();
        std::fs::remove_file(world.checkpoint()).unwrap();
        // Nothing of the torn batch is left behind in the fresh segment.
        world
            .damage(|bytes| assert!(bytes[world.frames().last().unwrap().1..].iter().all(|byte| *byte == 0)));
    }
}

#[test]
fn a_last_batch_whose_first_bytes_never_arrived_is_dropped() {
    let world = World::unpublished(&LEAVES);
    let original = std::fs::read(world.segment(0)).unwrap();
    let (start, end) = *world.frames().last().unwrap();
    for missing in start..end - 1 {
        world.damage(|bytes| {
            bytes.clone_from(&original);
            bytes[start..=missing].fill(0);
        });
        let (log, found) = world.try_open().unwrap();
        assert_eq!((found.size, found.torn.unwrap().first), (3, 3), "{missing}");
        log.close();
        std::fs::remove_file(world.checkpoint()).unwrap();
    }
}

#[test]
fn a_last_batch_with_any_byte_changed_is_dropped_if_it_was_not_published_and_refused_if_it_was() {
    let world = World::unpublished(&LEAVES);
    let original = std::fs::read(world.segment(0)).unwrap();
    let (start, end) = *world.frames().last().unwrap();
    let log = world.open();
    let checkpoint = log.head().note.clone();
    log.close();
    for at in start..end {
        let damage = || {
            world.damage(|bytes| {
                bytes.clone_from(&original);
                bytes[at] ^= 0x10;
            });
        };
        let _ = std::fs::remove_file(world.checkpoint());
        damage();
        assert_eq!(world.try_open().map(|(log, found)| (log.close(), found.size).1).unwrap(), 3, "{at}");
        damage();
        put(&world.checkpoint(), checkpoint.as_bytes());
        assert_eq!(damaged_at(&world), Some(3), "{at}");
    }
}

#[test]
fn damage_in_any_earlier_batch_is_refused_with_its_index() {
    let world = World::unpublished(&LEAVES);
    let original = std::fs::read(world.segment(0)).unwrap();
    for (index, (start, end)) in world.frames().into_iter().enumerate().take(3) {
        for at in start..end {
            world.damage(|bytes| {
                bytes.clone_from(&original);
                bytes[at] ^= 0x10;
            });
            assert_eq!(damaged_at(&world), Some(index as u64), "{at}");
        }
        world.damage(|bytes| {
            bytes.clone_from(&original);
            bytes[start..end].fill(0);
        });
        assert_eq!(damaged_at(&world), Some(index as u64));
    }
}

#[test]
fn the_entry_that_was_changed_is_named_within_its_batch() {
    let world = World::new();
    let log = world.open();
    append_together(&world, &log, &["entry 0", "entry 1", "entry 2", "entry 3", "entry 4"]);
    append(&log, "after").unwrap();
    log.close();
    world.damage(|bytes| {
        let at = bytes.windows(7).position(|window| window == b"entry 3").unwrap();
        bytes[at] = b'E';
    });
    assert_eq!(damaged_at(&world), Some(4));
    let read: Vec<_> = reader::scan(&world.path()).collect();
    assert!(matches!(read.last(), Some(Err(ReadError::Damaged { .. }))));
    assert!(matches!(log.read(4), Err(ReadError::Damaged { index: 4, .. })));
    assert!(log.read(3).is_ok());
}

#[test]
fn batches_that_change_places_or_vanish_are_refused() {
    let world = World::unpublished(&["aaa", "bbb", "ccc", "ddd"]);
    let original = std::fs::read(world.segment(0)).unwrap();
    let frames = world.frames();
    let without = |gone: usize| {
        let mut bytes: Vec<u8> = Vec::new();
        for (_, (start, end)) in frames.iter().enumerate().filter(|(at, _)| *at != gone) {
            bytes.extend_from_slice(&original[*start..*end]);
        }
        bytes.resize(original.len(), 0);
        bytes
    };
    for gone in 0..3 {
        world.damage(|bytes| *bytes = without(gone));
        assert_eq!(damaged_at(&world), Some(gone as u64));
    }
    let ((a, b), (c, d)) = (frames[1], frames[2]);
    let swapped = [&original[..a], &original[c..d], &original[a..b], &original[d..]].concat();
    world.damage(|bytes| *bytes = swapped);
    assert_eq!(damaged_at(&world), Some(1));
}

#[test]
fn a_header_changed_with_its_checksums_is_refused() {
    let world = World::unpublished(&LEAVES);
    let original = std::fs::read(world.segment(0)).unwrap();
    let (start, end) = world.frames()[1];
    for (at, words) in
        [(start + 40, "does not follow"), (start + 15, "another batch"), (start + 19, "lengths")]
    {
        world.damage(|bytes| {
            bytes.clone_from(&original);
            bytes[at] ^= 2;
            reseal(bytes, start, end);
        });
        match world.try_open() {
            Err(OpenError::Damaged { index, what, .. }) => {
                assert!(what.contains(words), "{what}");
                assert!(index == 1 || words == "lengths" && index == 2);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn two_broken_batches_at_the_end_are_damage_since_the_first_was_synced() {
    let world = World::unpublished(&LEAVES);
    let frames = world.frames();
    world.damage(|bytes| {
        bytes[frames[2].1 - 1] ^= 1;
        bytes[frames[3].1 - 1] ^= 1;
    });
    assert_eq!(damaged_at(&world), Some(2));
}

#[test]
fn a_missing_segment_is_a_gap_with_its_first_index() {
    let world = World::new();
    let log = world.open();
    (0..40).for_each(|_| drop(append(&log, &"x".repeat(5000)).unwrap()));
    log.close();
    let mut firsts: Vec<_> = std::fs::read_dir(wal(&world.path()))
        .unwrap()
        .filter_map(|file| match segment::name(file.unwrap().file_name().to_str().unwrap()) {
            segment::Name::Segment(first) => Some(first),
            _ => None,
        })
        .collect();
    firsts.sort_unstable();
    std::fs::remove_file(world.segment(firsts[2])).unwrap();
    match world.try_open() {
        Err(OpenError::Damaged { index, file, what }) => {
            assert_eq!((index, file), (firsts[2], world.segment(firsts[3])));
            assert!(what.ends_with("are missing"), "{what}");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(reader::scan(&world.path()).last(), Some(Err(ReadError::Damaged { index, .. })) if index == firsts[2])
    );
}

#[test]
fn garbage_after_a_segment_that_another_follows_is_damage() {
    let world = World::new();
    let log = world.open();
    (0..20).for_each(|_| drop(append(&log, &"x".repeat(5000)).unwrap()));
    log.close();
    world.damage(|bytes| *bytes.last_mut().unwrap() = 1);
    assert!(damaged_at(&world).is_some_and(|index| index > 0));
}

#[test]
fn a_published_checkpoint_that_is_larger_other_or_not_ours_is_refused() {
    let world = World::new();
    let log = world.open();
    LEAVES.iter().for_each(|leaf| drop(append(&log, leaf).unwrap()));
    log.close();
    let head = log.head();
    let signer = Signer::new(&World::origin(), world.key());
    let publish = |note: &str| {
        put(&world.checkpoint(), note.as_bytes());
    };
    let signed = |size, root| SignedHead::sign(Checkpoint { size, root, ..head.checkpoint() }, &signer).note;
    let refused = |note: &str| {
        publish(note);
        matches!(world.try_open(), Err(OpenError::Damaged { file, .. }) if file.ends_with("checkpoint"))
    };
    assert!(refused(&signed(5, head.root)));
    assert!(refused(&signed(3, head.root)));
    assert!(refused(&head.note.replacen('4', "5", 1)));
    assert!(refused(""));
    publish(&head.note);
    assert_eq!(verify_all(&world, &world.open()), 4);
}

#[test]
fn another_key_or_origin_does_not_open_the_log() {
    let world = World::unpublished(&LEAVES);
    let other =
        World { pkcs8: Ed25519Key::generate_pkcs8().unwrap(), folder: world.folder, disk: world.disk };
    assert_eq!(damaged_at(&other), Some(3));
    let settings = Settings { origin: "gw.example/2027".parse().unwrap(), ..other.settings() };
    let opened = open(settings, Arc::new(other.disk.clone()), other.key(), Clock::system(), Chain::default());
    assert!(matches!(opened, Err(OpenError::Damaged { index: 0, .. })));
}

#[test]
fn an_entry_that_the_sequencer_does_not_accept_stops_the_opening() {
    struct Refuses(u64);
    impl Sequencer for Refuses {
        type Draft = ();
        fn finish(&mut self, _: u64, _: Timestamp, (): ()) -> Entry {
            Entry::default()
        }
        fn observe(&mut self, index: u64, _: &Entry, _: &Hash) -> Result<(), String> {
            if index == self.0 { Err("not of this chain".to_owned()) } else { Ok(()) }
        }
        fn shelf(_: &Entry) -> String {
            String::new()
        }
        fn snapshot(&self) -> Value {
            Value::Null
        }
        fn restore(&mut self, _: &Value) -> Result<(), String> {
            Ok(())
        }
    }
    let world = World::unpublished(&LEAVES);
    let opened =
        open(world.settings(), Arc::new(world.disk.clone()), world.key(), Clock::system(), Refuses(2));
    assert!(matches!(opened, Err(OpenError::Damaged { index: 2, what, .. }) if what == "not of this chain"));
}

#[test]
fn leftovers_of_an_earlier_run_are_removed_and_strange_segments_refused() {
    let world = World::unpublished(&LEAVES);
    let make = |name: &str| put(&wal(&world.path()).join(name), b"");
    make("tail.tmp");
    make("notes.txt");
    world.open().close();
    assert!(!wal(&world.path()).join("tail.tmp").exists());
    assert!(wal(&world.path()).join("notes.txt").exists());
    make("1.seg");
    assert!(matches!(world.try_open(), Err(OpenError::Damaged { .. })));
}
