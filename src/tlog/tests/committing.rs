//! What the committer promises: order, durability before answers, one frame a batch, and what failures do.

use super::*;

#[test]
fn an_appended_entry_is_in_the_tree_under_the_head_it_is_given() {
    let world = World::new();
    let log = world.open();
    assert_eq!((log.size(), log.head().root), (0, merkle::empty_root()));
    for index in 0..5 {
        let placed = append(&log, "case").unwrap();
        assert_eq!((placed.index, placed.head.size), (index, index + 1));
        assert_eq!(merkle::leaf_hash(&placed.leaf), placed.leaf_hash);
        assert_eq!(log.read(index).unwrap(), Entry { leaf: placed.leaf.to_vec(), annex: b"case".to_vec() });
        assert_eq!(*log.head(), *placed.head);
    }
    assert_eq!(verify_all(&world, &log), 5);
}

#[test]
fn a_log_on_the_machines_own_disk_is_there_again_when_opened_again() {
    let world = World::new();
    let open = || {
        let disk = Arc::new(disk::OsDisk);
        open(world.settings(), disk, world.key(), Clock::system(), Chain::default()).unwrap().0
    };
    let log = open();
    (0..20).for_each(|n| drop(append(&log, &format!("{n} {}", "x".repeat(5000))).unwrap()));
    log.close();
    assert_eq!(verify_all(&world, &open()), 20);
}

#[test]
fn what_arrives_while_a_batch_syncs_is_one_batch_in_the_order_of_arrival() {
    let world = World::new();
    let log = world.open();
    let before = world.disk.seen();
    world.disk.order(|orders| orders.hold_sync = true);
    let first = log.reserve().unwrap().append(b"first".to_vec());
    world.disk.until(|orders| orders.syncs > before.syncs);
    let rest: Vec<_> =
        (0..64).map(|n| log.reserve().unwrap().append(format!("{n:02}").into_bytes())).collect();
    assert_eq!(log.size(), 0, "nothing is shown before it is durable");
    world.disk.order(|orders| orders.hold_sync = false);
    assert_eq!(first.wait().unwrap().index, 0);
    let placed: Vec<_> = rest.into_iter().map(|pending| pending.wait().unwrap()).collect();
    for (n, entry) in placed.iter().enumerate() {
        assert!(entry.leaf.ends_with(format!("{n:02}").as_bytes()));
        assert!(Arc::ptr_eq(&entry.head, &placed[0].head), "one head for the batch");
        let (leaf, head) = (merkle::leaf_hash(&entry.leaf), &entry.head);
        assert_eq!(verify_inclusion(&leaf, entry.index, head.size, &entry.path(), &head.root), Ok(()));
    }
    let seen = world.disk.seen();
    assert_eq!((seen.writes - before.writes, seen.syncs - before.syncs), (2, 2));
    assert_eq!(verify_all(&world, &log), 65);
}

#[test]
fn sixty_four_writers_each_get_their_own_place() {
    let world = World::new();
    let log = world.open();
    let writers: Vec<_> = (0..64)
        .map(|n| {
            let log = log.clone();
            std::thread::spawn(move || {
                (0..8).map(|k| append(&log, &format!("{n} {k}")).unwrap().index).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut indices: Vec<u64> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    indices.sort_unstable();
    assert_eq!(indices, (0..512).collect::<Vec<_>>());
    log.close();
    assert_eq!(verify_all(&world, &log), 512);
    assert_eq!(reader::scan(&world.path()).map(Result::unwrap).count(), 512);
}

#[tokio::test]
async fn tasks_await_their_entries() {
    let world = World::new();
    let log = world.open();
    let pending: Vec<_> = (0..10).map(|_| log.reserve().unwrap().append(b"task".to_vec())).collect();
    for (index, pending) in (0..).zip(pending) {
        assert_eq!(pending.await.unwrap().index, index);
    }
}

#[test]
fn a_pending_that_is_dropped_is_appended_all_the_same() {
    let world = World::new();
    let log = world.open();
    drop(log.reserve().unwrap().append(b"forgotten".to_vec()));
    assert_eq!(append(&log, "next").unwrap().index, 1);
    assert_eq!(log.read(0).unwrap().annex, b"forgotten");
}

#[test]
fn a_full_queue_is_said_at_once_and_a_dropped_place_is_free_again() {
    let world = World::new();
    let log = world.open();
    let mut places: Vec<_> = (0..256).map(|_| log.reserve().unwrap()).collect();
    assert_eq!(log.reserve().err(), Some(Unavailable::Busy));
    assert_eq!(log.availability(), Ok(()));
    drop(places.pop());
    assert!(log.reserve().is_ok());
}

#[test]
fn an_entry_over_its_cap_is_refused_to_its_waiter_and_leaves_no_trace() {
    let world = World::new();
    let log = world.open();
    let long = "x".repeat(LEAF_BYTES_MAX + 1);
    assert!(matches!(append(&log, &long), Err(Unavailable::Refused(_))));
    assert!(matches!(append(&log, &"x".repeat(ANNEX_BYTES_MAX + 1)), Err(Unavailable::Refused(_))));
    assert!(matches!(append(&log, "odd"), Err(Unavailable::Refused(_))));
    assert_eq!(append(&log, &"x".repeat(ANNEX_BYTES_MAX)).unwrap().index, 0);
    log.close();
    assert_eq!(verify_all(&world, &world.open()), 1);
}

#[test]
fn segments_follow_each_other_and_are_replayed_as_one_log() {
    let world = World::new();
    let log = world.open();
    for n in 0..40 {
        append(&log, &format!("{n} {}", "x".repeat(5000))).unwrap();
    }
    log.close();
    assert!(std::fs::read_dir(wal(&world.path())).unwrap().count() > 6);
    let (log, found) = world.try_open().unwrap();
    assert_eq!(found, Recovered { size: 40, published: Some(40), torn: None });
    assert_eq!(verify_all(&world, &log), 40);
    assert_eq!(append(&log, "more").unwrap().index, 40);
}

#[test]
fn a_failed_sync_poisons_the_log_for_good_and_is_never_tried_again() {
    let world = World::new();
    let log = world.open();
    append(&log, "good").unwrap();
    let kept = log.reserve().unwrap();
    world.disk.order(|orders| orders.fail_sync = true);
    assert_eq!(append(&log, "lost").err(), Some(Unavailable::Poisoned));
    world.disk.order(|orders| orders.fail_sync = false);
    let before = world.disk.seen();
    assert_eq!(log.reserve().err(), Some(Unavailable::Poisoned));
    assert_eq!(kept.append(b"late".to_vec()).wait().err(), Some(Unavailable::Poisoned));
    assert_eq!((log.availability(), log.size()), (Err(Unavailable::Poisoned), 1));
    log.close();
    let after = world.disk.seen();
    let writing = |seen: &failing::Orders| (seen.writes, seen.syncs, seen.published);
    assert_eq!(writing(&after), writing(&before));
    assert_eq!(log.inclusion(0, 2), None, "what is not durable is not proven");
}

#[test]
fn a_failed_write_poisons_and_the_next_start_drops_what_arrived_of_it() {
    let world = World::new();
    let log = world.open();
    append(&log, "good").unwrap();
    world.disk.order(|orders| orders.fail_write = true);
    assert_eq!(append(&log, "half").err(), Some(Unavailable::Poisoned));
    log.close();
    world.disk.order(|orders| orders.fail_write = false);
    let (log, found) = world.try_open().unwrap();
    assert_eq!((found.size, found.torn.unwrap().first), (1, 1));
    assert_eq!(append(&log, "again").unwrap().index, 1);
    assert_eq!(verify_all(&world, &log), 2);
}

#[test]
fn a_segment_whose_name_may_not_be_durable_poisons() {
    let world = World::new();
    let log = world.open();
    world.disk.until(|orders| orders.spares == 1);
    world.disk.order(|orders| orders.fail_folder_sync = true);
    // The checkpoint may be published meanwhile, and would meet the order first: it is given again until it is met.
    let refused = (0..40).find_map(|_| {
        world.disk.order(|orders| orders.fail_folder_sync = true);
        append(&log, &"x".repeat(5000)).err()
    });
    assert_eq!(refused, Some(Unavailable::Poisoned));
}

#[test]
fn the_last_entry_stands_behind_what_a_place_still_held_appends() {
    let world = World::new();
    let log = world.open();
    let kept = log.reserve().unwrap();
    let closing = std::thread::spawn({
        let log = log.clone();
        move || log.close_with(b"last".to_vec())
    });
    while log.availability().is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(kept.append(b"late".to_vec()).wait().unwrap().index, 0);
    assert_eq!(closing.join().unwrap().unwrap().index, 1);
    assert!(log.close_with(b"again".to_vec()).is_err(), "it is closed");
}

#[test]
fn a_process_out_of_descriptors_is_refused_the_next_segment_until_it_has_some_and_poisons_nothing() {
    let world = World::new();
    let log = world.open();
    world.disk.until(|orders| orders.spares == 1);
    world.disk.order(|orders| orders.no_descriptors = true);
    let refused = (0..40).find_map(|_| append(&log, &"x".repeat(5000)).err());
    assert_eq!(refused, Some(Unavailable::NoRoom));
    assert_eq!(append(&log, "again").err(), Some(Unavailable::NoRoom));
    world.disk.order(|orders| orders.no_descriptors = false);
    let placed = append(&log, "descriptors again").unwrap();
    log.close();
    assert_eq!(verify_all(&world, &world.open()), placed.index + 1);
}

#[test]
fn a_sequencer_that_panics_poisons_and_everybody_is_answered() {
    let world = World::new();
    let log = world.open();
    let kept = log.reserve().unwrap();
    assert_eq!(append(&log, "panic").err(), Some(Unavailable::Poisoned));
    assert_eq!(kept.append(b"late".to_vec()).wait().err(), Some(Unavailable::Poisoned));
    log.close();
}

#[test]
fn without_room_for_a_spare_the_log_refuses_until_there_is_and_loses_nothing() {
    let world = World::new();
    let log = world.open();
    world.disk.until(|orders| orders.spares == 1);
    let mut places: Vec<_> = (0..40).map(|_| log.reserve().unwrap()).collect();
    world.disk.order(|orders| orders.full = true);
    let mut placed = Vec::new();
    let refused = loop {
        match places.pop().unwrap().append(vec![b'x'; 5000]).wait() {
            Ok(entry) => placed.push(entry.index),
            Err(why) => break why,
        }
    };
    assert_eq!(refused, Unavailable::NoRoom);
    assert!(placed.len() > 6, "the room that was left was used: {}", placed.len());
    assert_eq!(log.reserve().err(), Some(Unavailable::NoRoom));
    assert_eq!(places.pop().unwrap().append(vec![b'x'; 10]).wait().err(), Some(Unavailable::NoRoom));
    drop(places);
    // It keeps trying by itself.
    let tries = world.disk.seen().refused_spares;
    world.disk.until(|orders| orders.refused_spares > tries);
    world.disk.order(|orders| orders.full = false);
    world.disk.until(|orders| orders.spares == 2);
    while log.availability().is_err() {
        std::thread::yield_now();
    }
    placed.push(append(&log, "room again").unwrap().index);
    assert_eq!(placed, (0..placed.len() as u64).collect::<Vec<_>>());
    log.close();
    assert_eq!(verify_all(&world, &world.open()), placed.len() as u64);
}

#[test]
fn the_spare_that_fails_is_said_at_once_though_the_segment_has_room() {
    let world = World::new();
    world.disk.order(|orders| orders.full = true);
    let log = world.open();
    world.disk.until(|orders| orders.refused_spares > 1);
    assert_eq!(log.reserve().err(), Some(Unavailable::NoRoom));
    log.close();
}

#[test]
fn the_checkpoint_is_published_by_itself_and_at_the_end() {
    let world = World::new();
    let log = world.open();
    append(&log, "one").unwrap();
    world.disk.until(|orders| orders.published > 0);
    append(&log, "two").unwrap();
    log.close();
    let note = std::fs::read(world.checkpoint()).unwrap();
    assert_eq!(SignedHead::open(&note, &world.public()).unwrap(), *log.head());
    assert_eq!(log.size(), 2);
}

#[test]
fn a_closed_log_takes_nothing_but_what_had_a_place_and_frees_its_folder() {
    let world = World::new();
    let log = world.open();
    let place = log.reserve().unwrap();
    let closing = std::thread::spawn({
        let log = log.clone();
        move || log.close()
    });
    while log.availability().is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(log.reserve().err(), Some(Unavailable::Closed));
    assert_eq!(place.append(b"last".to_vec()).wait().unwrap().index, 0);
    closing.join().unwrap();
    log.close();
    assert_eq!(log.availability(), Err(Unavailable::Closed));
    assert_eq!(world.open().size(), 1);
}

#[test]
fn a_log_is_opened_by_one_at_a_time() {
    let world = World::new();
    let log = world.open();
    assert!(matches!(world.try_open(), Err(OpenError::InUse { .. })));
    log.close();
    world.open().close();
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let world = World::new();
    for settings in [
        Settings { segment_bytes: SEGMENT_BYTES_MIN - 1, ..world.settings() },
        Settings { queue: 0, ..world.settings() },
        Settings { queue: QUEUE_MAX + 1, ..world.settings() },
    ] {
        let opened =
            open(settings, Arc::new(world.disk.clone()), world.key(), Clock::system(), Chain::default());
        assert!(matches!(opened, Err(OpenError::Settings(_))));
    }
}

#[test]
fn a_reader_follows_a_log_that_is_being_written() {
    let world = World::new();
    let log = world.open();
    let writing = std::thread::spawn({
        let log = log.clone();
        move || (0..400).for_each(|n| drop(append(&log, &format!("{n} {}", "y".repeat(700))).unwrap()))
    });
    let mut most = 0;
    while !writing.is_finished() {
        let told = log.size();
        let read: Vec<_> = reader::scan(&world.path()).map(Result::unwrap).collect();
        assert!(read.len() as u64 >= told, "what was acknowledged before is read");
        read.iter().enumerate().for_each(|(at, (index, ..))| assert_eq!(at as u64, *index));
        most = most.max(read.len());
    }
    writing.join().unwrap();
    assert!(most <= 400);
    let read: Vec<_> = reader::scan(&world.path()).map(Result::unwrap).collect();
    assert_eq!(read.len(), 400);
    for (index, entry, leaf_hash) in read {
        assert_eq!((log.read(index).unwrap(), merkle::leaf_hash(&entry.leaf)), (entry, leaf_hash));
    }
}
