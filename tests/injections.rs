//! The system refuses what the gateway asks of the disk, or kills it there: at writes, syncs and renames, by `strace`.
//!
//! Whatever fails, nothing that was acknowledged is lost; where a record may not be durable nothing more is exchanged.

#[cfg(test)]
mod world;

use std::path::Path;
use std::process::Command;

use tokio::task::block_in_place;

use world::CENTRE;
use world::PATIENCE;
use world::World;
use world::child::Child;
use world::load::CALLERS;
use world::load::Load;
use world::load::hold_against_log;
use world::load::nothing_is_exchanged;
use world::machine::path;
use world::machine::skipped;
use world::replace;

/// The length of segments where a fault aims at one: it is not full before it is met.
const LONG: &str = "log_segment = \"1 MiB\"";
/// Where it aims at what happens when one is full.
const SHORT: &str = "log_segment = \"64 KiB\"";

/// How often a start may meet a fault that is meant for what follows it.
const STARTS_MAX: usize = 5;

/// What must come of a fault.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// The log takes nothing more: 503, and no platform hears of anything.
    Poisoned,
    /// The process is dead.
    Killed,
    /// It goes on.
    GoesOn,
    /// It does not start.
    NotStarted,
}

/// The file that a fault aims at, in the log's folder, `NEXT` being the number of the bundle that is sealed next; this is the segment that
/// is written.
const SEGMENT: Option<&str> = None;

/// Each fault: the file, the system call, what is injected, and what must come of it. `when` counts in each thread.
const FAULTS: [(Option<&str>, &str, &str, Outcome); 21] = [
    (SEGMENT, "fdatasync", "error=EIO:when=3", Outcome::Poisoned),
    (SEGMENT, "fdatasync", "error=ENOSPC:when=9", Outcome::Poisoned),
    (SEGMENT, "fdatasync", "signal=KILL:when=3", Outcome::Killed),
    (SEGMENT, "pwrite64", "error=EIO:when=2", Outcome::Poisoned),
    (SEGMENT, "pwrite64", "error=ENOSPC:when=5+", Outcome::Poisoned),
    (SEGMENT, "pwrite64", "signal=KILL:when=4", Outcome::Killed),
    (Some("wal/spare"), "rename", "error=EIO:when=1", Outcome::Poisoned),
    (Some("wal/spare"), "rename", "signal=KILL:when=2", Outcome::Killed),
    (Some("wal/tail.tmp"), "rename", "error=EIO:when=1", Outcome::NotStarted),
    (Some("wal/tail.tmp"), "fdatasync", "error=EIO:when=1", Outcome::NotStarted),
    (Some("wal"), "fsync", "error=EIO:when=1", Outcome::NotStarted),
    // The first of the committer's thread is not refused: the thread that opens has one of its own.
    (Some("wal"), "fsync", "error=EIO:when=2", Outcome::Poisoned),
    (Some("checkpoint.tmp"), "fdatasync", "error=EIO:when=1+", Outcome::GoesOn),
    (Some("checkpoint.tmp"), "rename", "error=EIO:when=1+", Outcome::GoesOn),
    (Some("checkpoint.tmp"), "rename", "signal=KILL:when=1", Outcome::Killed),
    (Some("tile/entries/NEXT.gz.tmp"), "fdatasync", "error=EIO:when=1", Outcome::GoesOn),
    (Some("tile/0/NEXT.tmp"), "rename", "error=EIO:when=1", Outcome::GoesOn),
    (Some("tile/0/NEXT.tmp"), "rename", "signal=KILL:when=1", Outcome::Killed),
    (Some("tile/0/NEXT.tmp"), "pwrite64", "error=ENOSPC:when=1", Outcome::GoesOn),
    (Some("tile/entries"), "fsync", "error=EIO:when=1", Outcome::GoesOn),
    (Some("heads"), "fsync", "error=EIO:when=1", Outcome::GoesOn),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_system_refuses_what_was_acknowledged_is_in_the_log() {
    if !can_trace() {
        return skipped("strace cannot trace a process here");
    }
    let mut world = World::build(SHORT).await;
    let log = world.folder().join("log");
    drop(world.serve());
    for fault in FAULTS {
        println!("{fault:?}");
        let length = if fault.0 == SEGMENT { LONG } else { SHORT };
        replace(&world.configuration(), SHORT, length);
        world = meets(world, &log, fault).await;
        replace(&world.configuration(), length, SHORT);
        // A start without a fault, on what is left.
        let gateway = world.serve();
        assert_eq!(world.lookup(CENTRE).await.status, 200, "{fault:?}");
        gateway.kill();
        assert_eq!(verified(&log), Some(0), "{fault:?}");
    }
    let (answers, found, proven) = hold_against_log(&world, &log);
    println!("answers {answers}, found {found}, proven {proven}");
    assert_eq!((answers, answers), (found, proven));
}

/// Lets the gateway meet a fault under load.
#[cfg(test)]
async fn meets(mut world: World, log: &Path, fault: (Option<&str>, &str, &str, Outcome)) -> World {
    let (file, call, injected, outcome) = fault;
    let file = file.map_or_else(|| newest_segment(log), |file| file.replace("NEXT", &next_in(log, file)));
    let file = log.join(file);
    let (calls, inject) = (format!("trace={call}"), format!("inject={call}:{injected}"));
    let strace = ["-P", path(&file), "-e", &calls, "-e", &inject];
    let trace = world.folder().join("trace");
    let mut starts = 0;
    let gateway = loop {
        let started = block_in_place(|| Child::serve_tampered(&strace, &trace, &world.configuration()));
        match (started, outcome) {
            (Err(said), Outcome::NotStarted) => {
                assert!(said.contains(path(log)), "{fault:?}: {said}");
                return world;
            }
            // The segment was full at the start already, and the fault was met there.
            (Err(_), _) if fault.0.is_some() && starts < STARTS_MAX => go_on(&mut world).await,
            (started, _) => break started.unwrap_or_else(|said| panic!("{fault:?}: {said}")),
        }
        starts += 1;
    };
    world.look_at(gateway.address);
    let (load, calling) = Load::begin(world);
    match outcome {
        Outcome::Poisoned => {
            let mut unavailable = load.unavailable.subscribe();
            let all = unavailable.wait_for(|unavailable| *unavailable >= CALLERS);
            tokio::time::timeout(PATIENCE, all).await.unwrap_or_else(|_| panic!("{fault:?}")).unwrap();
            nothing_is_exchanged(&load.world).await;
            block_in_place(|| gateway.kill());
        }
        Outcome::Killed => {
            let ended = gateway.ended().await;
            assert!(!ended.success(), "{fault:?}: {ended}");
        }
        Outcome::GoesOn => {
            let met = async {
                while !std::fs::read_to_string(&trace).unwrap().contains("INJECTED") {
                    load.more(1).await;
                }
            };
            tokio::time::timeout(PATIENCE, met).await.unwrap_or_else(|_| panic!("never met: {fault:?}"));
            load.more(20).await;
            block_in_place(|| gateway.kill());
        }
        Outcome::NotStarted => panic!("it starts: {fault:?}"),
    }
    load.end(calling).await
}

/// Some answers without a fault: the segment is another, or not full.
#[cfg(test)]
async fn go_on(world: &mut World) {
    let gateway = world.serve();
    for _ in 0..5 {
        assert_eq!(world.lookup(CENTRE).await.status, 200);
    }
    gateway.kill();
}

#[cfg(test)]
fn newest_segment(log: &Path) -> String {
    let names = std::fs::read_dir(log.join("wal")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let newest = names.filter(|name| name.ends_with(".seg")).max();
    format!("wal/{}", newest.unwrap())
}

/// The number that the next file has in the folder of this one: a bundle may be there whose tile is not, where the last gateway was killed.
#[cfg(test)]
fn next_in(log: &Path, file: &str) -> String {
    let folder = log.join(file).parent().unwrap().to_owned();
    let names = std::fs::read_dir(folder).into_iter().flatten();
    let sealed = names.filter(|name| name.as_ref().unwrap().path().extension().is_none_or(|end| end == "gz"));
    format!("{:03}", sealed.count())
}

/// What `audit verify` says of the folder.
#[cfg(test)]
fn verified(log: &Path) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phohien"));
    let output = command.args(["audit", "verify", path(log)]).output().unwrap();
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stdout));
    }
    output.status.code()
}

#[cfg(test)]
fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    tried.is_ok_and(|output| output.status.success())
}
