//! The power of a real file system is cut under load: ext4 on a loop device, shut down by the system so that nothing more reaches it.
//! What was answered before is in the log for good.
//!
//! Only root can do this. Where a test cannot run it says so, and fails if `CI` is `true`. `POWER_CUTS=200` makes a long run.

#[cfg(test)]
mod world;

use std::path::Path;

use tokio::task::block_in_place;

use world::CENTRE;
use world::PATIENCE;
use world::World;
use world::child::Child;
use world::load::CALLERS;
use world::load::Load;
use world::load::hold_against_log;
use world::load::nothing_is_exchanged;
use world::machine::Image;
use world::machine::number;
use world::machine::path;
use world::machine::run;
use world::machine::skipped;

/// How often the power is cut.
const CUTS: usize = 12;
/// Answers to wait for before each cut.
const BETWEEN: usize = 40;

/// Shuts a mounted ext4 down without writing its journal back (EXT4_IOC_SHUTDOWN with NOLOGFLUSH): what the file system holds in memory
/// is lost, as when the power goes. A script, since this crate has no `unsafe`.
#[cfg(test)]
const CUT: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";

#[cfg(test)]
fn cut_power(disk: &Path) {
    run("python3", &["-c", CUT, path(disk)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_a_power_cut_is_found_and_proven_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let image = Image::make(folder.path());
    let Some(mount) = image.mount().await else {
        return skipped("nobody but root can mount a file system in a file");
    };
    let log = image.folder.join("log");
    let mut world = World::build_with(folder, &log, "log_segment = \"64 KiB\"").await;
    let configuration = world.configuration();
    let mut gateway = world.serve_on(&mount, &log);
    // Long enough for the first tree head to be published, and a segment to follow the first.
    for _ in 0..40 {
        assert_eq!(world.lookup(CENTRE).await.status, 200);
    }
    let (load, calling) = Load::begin(world);
    for cut in 1..=number("POWER_CUTS", CUTS) {
        load.more(BETWEEN + cut % 7).await;
        let mut unavailable = load.unavailable.subscribe();
        let before = *unavailable.borrow_and_update();
        block_in_place(|| cut_power(&gateway.sees(&image.folder)));
        let refused = unavailable.wait_for(|unavailable| *unavailable >= before + CALLERS);
        tokio::time::timeout(PATIENCE, refused).await.expect("a caller is not told").unwrap();
        if cut == 1 {
            nothing_is_exchanged(&load.world).await;
        }
        block_in_place(|| gateway.kill());
        image.check().await;
        gateway = block_in_place(|| Child::serve_on(&mount, &configuration));
        load.world.receipts.look_in(&gateway.sees(&log));
        block_in_place(|| load.world.verify());
        load.go_on_at(gateway.address);
    }
    let world = load.end(calling).await;
    let (answers, found, proven) = hold_against_log(&world, &gateway.sees(&log));
    println!("answers {answers}, found {found}, proven {proven}");
    assert!(answers >= CUTS * BETWEEN, "{answers}");
    assert_eq!((answers, answers), (found, proven));
    gateway.kill();
}
