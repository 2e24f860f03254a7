//! What is sealed: when, in which files, and that nobody who reads notices.

use std::collections::BTreeSet;
use std::fs;

use super::heads::Snapshot;
use super::tile::Kind;
use super::tile::TilePath;
use super::*;

/// A closed log of so many entries, one batch each 200.
fn sealed(world: &World, count: usize) -> Vec<Vec<u8>> {
    let log = world.open();
    let mut leaves = Vec::new();
    for start in (0..count).step_by(200) {
        let texts = start..count.min(start + 200);
        let batch: Vec<_> = texts
            .map(|n| log.reserve().unwrap().append(format!("entry {n} {}", "x".repeat(n % 7)).into()))
            .collect();
        leaves.extend(batch.into_iter().map(|pending| pending.wait().unwrap().leaf.to_vec()));
    }
    log.close();
    leaves
}

fn files(world: &World) -> BTreeSet<String> {
    fn walk(folder: &Path, name: &str, into: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &name, into);
            } else {
                into.insert(name);
            }
        }
    }
    let mut all = BTreeSet::new();
    for part in ["tile", "annex"].map(|part| (part, world.path().join(part))) {
        if part.1.exists() {
            walk(&part.1, part.0, &mut all);
        }
    }
    all
}

#[test]
fn only_full_tiles_are_sealed_and_what_they_hold_is_what_was_appended() {
    let world = World::new();
    let leaves = sealed(&world, 700);
    let expected = [
        "tile/0/000",
        "tile/0/001",
        "tile/entries/000.gz",
        "tile/entries/001.gz",
        "annex/shelf-0/000",
        "annex/shelf-0/001",
        "annex/shelf-1/000",
        "annex/shelf-1/001",
    ];
    assert_eq!(files(&world), expected.map(str::to_owned).into());
    let hashes: Vec<u8> = leaves[256..512].iter().flat_map(|leaf| merkle::leaf_hash(leaf)).collect();
    assert_eq!(fs::read(world.path().join("tile/0/001")).unwrap(), hashes);
    let packed = fs::read(world.path().join("tile/entries/001.gz")).unwrap();
    let bundle = bundle::unpack(&packed).unwrap();
    assert_eq!(bundle::decode(&bundle).unwrap(), leaves[256..512].iter().collect::<Vec<_>>());
    let annexes = |shelf: usize| {
        let bytes = fs::read(world.path().join(format!("annex/shelf-{shelf}/001"))).unwrap();
        bundle::decode(&bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    for (n, (even, odd)) in (256..).zip(annexes(0).into_iter().zip(annexes(1))) {
        let annex = format!("entry {n} {}", "x".repeat(n % 7)).into_bytes();
        let expected = if annex.len() % 2 == 0 { (annex, vec![]) } else { (vec![], annex) };
        assert_eq!((even, odd), expected);
    }
}

#[test]
fn the_newest_entries_are_read_at_once_as_they_are_one_by_one_until_one_is_sealed() {
    let world = World::new();
    let log = world.open();
    for texts in [0..150, 150..300] {
        let batch: Vec<_> =
            texts.map(|n| log.reserve().unwrap().append(format!("entry {n}").into())).collect();
        batch.into_iter().for_each(|pending| drop(pending.wait().unwrap()));
    }
    let at_once = log.newest(7, 300).unwrap().unwrap();
    let one_by_one = (7..300).map(|index| {
        let entry = log.read(index).unwrap();
        let hash = merkle::leaf_hash(&entry.leaf);
        (index, entry, hash)
    });
    assert!(at_once.into_iter().eq(one_by_one));
    assert!(matches!(log.newest(7, 301), Err(ReadError::Beyond { .. })));
    log.publish(Chain::shelf);
    assert!(log.newest(255, 300).unwrap().is_none());
    assert_eq!(log.newest(256, 300).unwrap().unwrap().len(), 44);
}

#[test]
fn a_tile_of_the_next_level_is_sealed_when_it_is_full_and_proofs_of_every_size_hold() {
    let world = World::new();
    let count = 65_536 + 300;
    let log = world.open();
    for start in (0..count).step_by(256) {
        let texts = start..count.min(start + 256);
        let batch: Vec<_> = texts.map(|n| log.reserve().unwrap().append(n.to_string().into())).collect();
        batch.into_iter().for_each(|pending| drop(pending.wait().unwrap()));
    }
    log.close();
    assert!(files(&world).contains("tile/1/000") && !files(&world).contains("tile/2/000"));
    let (log, mut tree) = (world.open(), merkle::Tree::default());
    for item in reader::scan(&world.path()) {
        tree.push(item.unwrap().2);
    }
    let head = log.head();
    assert_eq!(tree.root(head.size), Some(head.root));
    for index in [0, 1, 255, 256, 257, 9_999, 65_279, 65_535, 65_536, 65_700, 65_835] {
        assert_eq!(log.inclusion(index, head.size), tree.inclusion(index, head.size), "{index}");
        assert_eq!(log.inclusion(index, index + 1), tree.inclusion(index, index + 1), "{index}");
        assert_eq!(log.consistency(index, head.size), tree.consistency(index, head.size), "{index}");
        assert_eq!(log.root(index), tree.root(index));
        assert_eq!(merkle::leaf_hash(&log.read(index).unwrap().leaf), tree.leaf(index).unwrap());
    }
    for tile in TilePath::of_tree(head.size).filter(|tile| tile.kind() != Kind::Entries) {
        let Kind::Hashes(level) = tile.kind() else { continue };
        let first = tile.number() * 256;
        let hashes =
            (first..first + u64::from(tile.width())).map(|at| tree.node(8 * u32::from(level), at).unwrap());
        assert_eq!(log.tile(tile).unwrap().unwrap(), hashes.collect::<Vec<_>>().concat(), "{tile}");
    }
}

#[test]
fn tiles_and_bundles_are_served_full_and_partial_by_truncation_and_no_further_than_the_head() {
    let world = World::new();
    let leaves = sealed(&world, 700);
    let log = world.open();
    let bundle = |from: usize, to: usize| bundle::encode(leaves[from..to].iter().map(Vec::as_slice));
    let hashes = |from: usize, to: usize| {
        leaves[from..to].iter().flat_map(|leaf| merkle::leaf_hash(leaf)).collect::<Vec<u8>>()
    };
    for (path, from, to) in [
        ("000", 0, 256),
        ("001", 256, 512),
        ("001.p/7", 256, 263),
        ("002.p/188", 512, 700),
        ("002.p/1", 512, 513),
    ] {
        let tile = |kind: &str| log.tile(format!("tile/{kind}/{path}").parse().unwrap()).unwrap();
        assert_eq!(tile("0"), Some(hashes(from, to)), "{path}");
        assert_eq!(tile("entries"), Some(bundle(from, to)), "{path}");
    }
    for absent in [
        "0/002",
        "0/002.p/189",
        "0/003.p/1",
        "entries/002",
        "entries/002.p/189",
        "1/000",
        "1/000.p/3",
        "5/000",
    ] {
        assert_eq!(log.tile(format!("tile/{absent}").parse().unwrap()).unwrap(), None, "{absent}");
    }
    let row =
        [0, 1].map(|n| tiles::Expanded::of(hashes(256 * n, 256 * n + 256).as_chunks().0.to_vec()).top());
    assert_eq!(log.tile("tile/1/000.p/2".parse().unwrap()).unwrap(), Some(row.concat()));
}

#[test]
fn a_sealed_file_that_was_changed_is_named_and_never_believed() {
    let world = World::new();
    sealed(&world, 700);
    let log = world.open();
    while log.sealed() < 512 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    for (name, index) in [("tile/0/000", 0), ("tile/entries/000.gz", 3), ("annex/shelf-1/001", 256)] {
        let file = world.path().join(name);
        let original = fs::read(&file).unwrap();
        let mut bytes = original.clone();
        let at = bytes.len() - 9;
        bytes[at] ^= 1;
        put(&file, &bytes);
        match log.read(if name.ends_with("001") { 300 } else { index }) {
            Err(ReadError::Damaged { file: named, .. }) => assert_eq!(named, file),
            // A changed byte of an annex is for those to notice who know its hash.
            Ok(_) if name.starts_with("annex") => {}
            other => panic!("{name}: {other:?}"),
        }
        put(&file, &original);
        assert!(log.read(index).is_ok());
        assert!(log.read(511).is_ok(), "another bundle: the one read last is kept");
    }
}

#[test]
fn a_shelf_that_was_cleared_takes_its_annexes_along_and_nothing_else() {
    let world = World::new();
    sealed(&world, 300);
    let log = world.open();
    while log.sealed() < 256 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    fs::remove_dir_all(world.path().join("annex/shelf-1")).unwrap();
    for index in 0..256 {
        let entry = log.read(index).unwrap();
        assert!(entry.annex.len().is_multiple_of(2) && !entry.leaf.is_empty());
    }
}

/// The first indices of the segments that are there.
fn segments(world: &World) -> Vec<u64> {
    let names = fs::read_dir(wal(&world.path())).unwrap().map(|file| file.unwrap().file_name());
    let mut firsts: Vec<u64> = names
        .filter_map(|name| match segment::name(name.to_str().unwrap()) {
            segment::Name::Segment(first) => Some(first),
            _ => None,
        })
        .collect();
    firsts.sort_unstable();
    firsts
}

/// A closed log whose first segments are gone.
fn without_first_segments() -> (World, u64) {
    let world = World::new();
    sealed(&world, 3_000);
    let firsts = segments(&world);
    assert!(firsts[0] > 512 && firsts.len() < 4, "{firsts:?}");
    (world, firsts[0])
}

fn snapshots(world: &World) -> Vec<PathBuf> {
    let mut all: Vec<_> =
        fs::read_dir(world.path().join("heads")).unwrap().map(|file| file.unwrap().path()).collect();
    all.sort();
    all
}

fn verifier_is_content(world: &World) {
    let report = fsck::verify(&world.path(), Some(&world.public()), &[], &mut fsck::Nobody, &mut |_, _| {});
    assert!(report.is_sound(), "{:?}", report.faults);
}

#[test]
fn segments_that_nothing_needs_are_removed_and_nobody_misses_them() {
    let (world, first) = without_first_segments();
    assert_eq!(reader::scan(&world.path()).map(Result::unwrap).count(), 3_000);
    for from in [0, 1, 255, 256, first - 1, first, first + 1, 2_999, 3_000] {
        let read: Vec<_> = reader::scan_from(&world.path(), from).map(|item| item.unwrap().0).collect();
        assert_eq!(read, (from..3_000).collect::<Vec<_>>());
    }
    verifier_is_content(&world);
    let told: Arc<Mutex<Told>> = Arc::default();
    let chain = Chain { told: Arc::clone(&told) };
    let disk = Arc::new(world.disk.clone());
    let (log, found) = open(world.settings(), disk, world.key(), Clock::system(), chain).unwrap();
    assert_eq!(found, Recovered { size: 3_000, published: Some(3_000), torn: None });
    assert!(told.lock().unwrap().before > 512, "the snapshot spares the sequencer what is before it");
    assert_eq!(append(&log, "more").unwrap().index, 3_000);
    assert_eq!(verify_all(&world, &log), 3_001);
    log.close();
    verifier_is_content(&world);
}

#[test]
fn a_segment_stays_as_long_as_its_entries_cannot_be_sealed() {
    let world = World::new();
    fs::create_dir_all(world.path().join("annex")).unwrap();
    // Where a file stands in place of their folder, no annexes are put aside, and so nothing is sealed.
    put(&world.path().join("annex/shelf-0"), b"no folder");
    sealed(&world, 3_000);
    assert!(!snapshots(&world).is_empty(), "a snapshot spares nobody the entries before it");
    assert_eq!(segments(&world)[0], 0);
    assert_eq!(reader::scan(&world.path()).map(Result::unwrap).count(), 3_000);
}

#[test]
fn a_log_with_a_snapshot_less_or_none_is_opened_from_what_is_left() {
    let (world, _) = without_first_segments();
    while let Some(newest) = snapshots(&world).pop() {
        fs::remove_file(newest).unwrap();
        let log = world.open();
        assert_eq!(log.size(), 3_000);
        assert_eq!(
            merkle::leaf_hash(&log.read(7).unwrap().leaf),
            reader::scan_from(&world.path(), 7).next().unwrap().unwrap().2
        );
        log.close();
    }
    let log = world.open();
    assert_eq!(append(&log, "chained to the one before").unwrap().index, 3_000);
    log.close();
}

#[test]
fn a_changed_snapshot_gives_way_and_one_of_another_log_is_refused() {
    let (world, _) = without_first_segments();
    let newest = snapshots(&world).pop().unwrap();
    let original = fs::read_to_string(&newest).unwrap();
    put(&newest, original.replacen("size", "sice", 1).as_bytes());
    world.open().close();
    let root = original.split_once("\"root\":\"").unwrap().1.get(..64).unwrap().to_owned();
    let line = format!("{}\n", original.lines().next().unwrap().replacen(&root, &"00".repeat(32), 1));
    put(&newest, format!("{line}{}\n", hex(&crate::crypto::digest::sha256(line.as_bytes()))).as_bytes());
    match world.try_open() {
        Err(OpenError::Damaged { file, .. }) => assert_eq!(file, newest),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_snapshot_before_the_first_segment_serves_if_the_tiles_have_its_root() {
    let (world, _) = without_first_segments();
    snapshots(&world).into_iter().for_each(|file| fs::remove_file(file).unwrap());
    let mut tree = merkle::Tree::default();
    reader::scan(&world.path()).take(256).for_each(|item| tree.push(item.unwrap().2));
    let (root, last) = (tree.root(256).unwrap(), tree.leaf(255).unwrap());
    let state = serde_json::json!({ "last": hex(&last), "size": 256 });
    for (root, opens) in [([7; 32], false), (root, true)] {
        let snapshot = Snapshot { size: 256, previous: [0; 32], root, state: state.clone() };
        heads::write(&world.disk, &world.path(), &snapshot).unwrap();
        let report =
            fsck::verify(&world.path(), Some(&world.public()), &[], &mut fsck::Nobody, &mut |_, _| {});
        assert_eq!(report.is_sound(), opens, "{:?}", report.faults);
        match world.try_open() {
            Ok((log, _)) if opens => log.close(),
            Err(OpenError::Damaged { index: 256, file, .. }) if !opens => {
                assert_eq!(file, heads::file(&world.path(), 256));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_missing_below_the_first_segment_is_damage_with_its_file() {
    let (world, first) = without_first_segments();
    for (missing, when_opened) in [
        (tile::hashes_file(&world.path(), 0, 0), true),
        (tile::hashes_file(&world.path(), 0, first / 256), true),
        (tile::entries_file(&world.path(), 1), false),
    ] {
        let kept = fs::read(&missing).unwrap();
        fs::remove_file(&missing).unwrap();
        match world.try_open() {
            Err(OpenError::Damaged { file, .. }) if when_opened => assert_eq!(file, missing),
            Ok((log, _)) if !when_opened => {
                assert!(matches!(log.read(256), Err(ReadError::Disk { file, .. }) if file == missing));
                log.close();
            }
            other => panic!("{missing:?}: {other:?}"),
        }
        put(&missing, &kept);
    }
    assert_eq!(verify_all(&world, &world.open()), 3_000);
}

#[test]
fn a_tile_that_was_changed_below_the_first_segment_stops_the_opening() {
    let (world, _) = without_first_segments();
    let file = tile::hashes_file(&world.path(), 0, 0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[77] ^= 1;
    put(&file, &bytes);
    assert!(matches!(world.try_open(), Err(OpenError::Damaged { .. })));
}

#[test]
fn without_any_segment_a_log_that_had_some_is_not_begun_again() {
    let (world, _) = without_first_segments();
    fs::remove_dir_all(wal(&world.path())).unwrap();
    fs::remove_file(world.checkpoint()).unwrap();
    assert!(matches!(world.try_open(), Err(OpenError::Damaged { .. })));
}

#[test]
fn a_reader_follows_while_segments_are_sealed_and_removed() {
    let world = World::new();
    let log = world.open();
    let writing = std::thread::spawn({
        let log = log.clone();
        move || {
            let mut count: u64 = 0;
            // Sealing comes once a second: a few times is enough.
            while log.sealed() < 15_000 {
                let batch: Vec<_> =
                    (0..50).map(|n| log.reserve().unwrap().append(vec![b'y'; 100 + n])).collect();
                for pending in batch {
                    count = pending.wait().unwrap().index + 1;
                }
            }
            count
        }
    });
    while !writing.is_finished() {
        let told = log.size();
        let read: Vec<_> = reader::scan(&world.path()).map(Result::unwrap).collect();
        assert!(read.len() as u64 >= told, "what was acknowledged before is read");
        read.iter().enumerate().for_each(|(at, (index, ..))| assert_eq!(at as u64, *index));
    }
    assert_eq!(reader::scan(&world.path()).map(Result::unwrap).count() as u64, writing.join().unwrap());
}

#[test]
fn a_log_is_written_out_as_another_client_of_the_format_reads_it() {
    let (world, _) = without_first_segments();
    let into = world.folder.path().join("plain");
    let mut told = Vec::new();
    let size = export::export(&world.path(), &into, &mut |done, all| told.push((done, all))).unwrap();
    assert_eq!((size, told.last()), (3_000, Some(&(3_000, 3_000))));
    let log = world.open();
    for tile in TilePath::of_tree(size) {
        let bytes = fs::read(into.join(tile.to_string())).unwrap();
        assert_eq!(Some(bytes), log.tile(tile).unwrap(), "{tile}");
    }
    let mut count = 0;
    for tile in tlog_tiles::Tile::new_tiles(8, 0, size) {
        let file = into.join(tile.path().replacen("tile/8/", "tile/", 1));
        assert_eq!(fs::read(file).unwrap().len() as u32, 32 * tile.width());
        count += 1;
    }
    assert_eq!(count, 12 + 1);
    assert_eq!(fs::read(into.join("checkpoint")).unwrap(), fs::read(world.checkpoint()).unwrap());
    let again = export::export(&world.path(), &into, &mut |_, _| {});
    assert!(matches!(again, Err(export::ExportError::Write { .. })), "nothing is written over");
}

#[test]
fn entries_that_do_not_lead_to_the_checkpoint_are_not_written_out_under_it() {
    let world = World::new();
    sealed(&world, 300);
    let note = fs::read_to_string(world.checkpoint()).unwrap();
    let root = note.lines().nth(2).unwrap();
    put(&world.checkpoint(), note.replacen(root, &note_of_zeros(), 1).as_bytes());
    let into = world.folder.path().join("plain");
    let exported = export::export(&world.path(), &into, &mut |_, _| {});
    assert!(matches!(exported, Err(export::ExportError::Unproven)));
    assert!(!into.join("checkpoint").exists());
}

fn note_of_zeros() -> String {
    format!("{}=", "A".repeat(43))
}
